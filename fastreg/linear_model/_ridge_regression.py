"""Ridge as a function."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fastreg._typing import MatrixLike
from fastreg._validation import check_flag, check_number, check_path_input, solver_layout
from fastreg.linear_model._ridge import Ridge


def ridge_regression(
    X: MatrixLike,
    y: ArrayLike,
    alpha: float | ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    solver: str = "auto",
    max_iter: int | None = None,
    tol: float = 1e-4,
    verbose: int = 0,
    positive: bool = False,
    random_state: int | np.random.RandomState | None = None,
    return_n_iter: bool = False,
    return_intercept: bool = False,
    check_input: bool = True,
):
    r"""Coefficients of ridge regression, without an intercept unless asked for.

    Minimises, as :class:`Ridge`,

    .. math:: \sum_i s_i (y_i - x_i'w)^2 + \alpha \|w\|_2^2 .

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
    alpha : float or array-like of shape (n_targets,)
        Strength of the penalty, at least 0; an array holds one for each target.
    sample_weight : float or array-like of shape (n_samples,), default=None
        Weights, at least 0.
    solver, max_iter, tol, positive, random_state : as in Ridge
    verbose : int, default=0
        Above 0, print the solver, its iterations and the largest duality gap.
    return_n_iter : bool, default=False
        Return `n_iter` too.
    return_intercept : bool, default=False
        Fit an intercept and return it too. "auto" is "sag" then, and other solvers
        are refused, as in scikit-learn; :class:`Ridge` has one with any solver.
    check_input : bool, default=True
        False takes X and y for arrays that :class:`Ridge` would take as they are.

    Returns
    -------
    coef : ndarray of shape (n_features,) or (n_targets, n_features)
        In the dtype of X.
    n_iter : ndarray of shape (n_targets,)
        As `n_iter_` of :class:`Ridge`. Only with ``return_n_iter=True``.
    intercept : float or ndarray of shape (n_targets,)
        Only with ``return_intercept=True``.

    Raises
    ------
    TypeError, ValueError, NotImplementedError
        As :class:`Ridge`, and for an intercept from a solver other than "sag".

    References
    ----------
    .. [1] Hoerl, Kennard: Ridge regression: biased estimation for nonorthogonal
       problems, 1970.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from fastreg import ridge_regression
    >>> X, y = load_diabetes(return_X_y=True)
    >>> coef, intercept = ridge_regression(X, y, 1.0, return_intercept=True, random_state=0)
    >>> print(round(float(intercept), 1))
    152.1
    """
    check_number("verbose", verbose, low=0, integer=True)
    for name, value in (
        ("return_n_iter", return_n_iter),
        ("return_intercept", return_intercept),
        ("check_input", check_input),
    ):
        check_flag(name, value)
    if return_intercept:
        if solver not in ("auto", "sag"):
            raise ValueError(
                "In Ridge, only 'sag' solver gives ridge_regression an intercept: pass "
                "solver='sag' or 'auto', or fit the class Ridge."
            )
        solver = solver if positive else "sag"
    model = Ridge(
        alpha,
        fit_intercept=bool(return_intercept),
        max_iter=max_iter,
        tol=tol,
        solver=solver,
        positive=positive,
        random_state=random_state,
    )
    model._check_parameters()
    X, y = check_path_input(X, y) if check_input else (solver_layout(X), np.asarray(y))
    model._fit(X, y, sample_weight, stacklevel=3)
    if verbose:
        gap = np.max(model.dual_gap_)
        print(f"{model.solver_}: {model.n_iter_.max()} iterations, duality gap {gap:.3e}")
    results = [model.coef_]
    if return_n_iter:
        results.append(model.n_iter_)
    if return_intercept:
        intercept = np.ravel(model.intercept_)
        results.append(intercept[0] if len(intercept) == 1 else intercept)
    return results[0] if len(results) == 1 else tuple(results)
