"""Ridge regression."""

from __future__ import annotations

import warnings
from typing import Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike
from scipy.linalg import LinAlgWarning
from sklearn.exceptions import ConvergenceWarning

from fastreg._engine import ridge
from fastreg._engine.design import Design
from fastreg._engine.threads import fit_threads
from fastreg._typing import MatrixLike
from fastreg._validation import (
    as_numbers,
    check_finite,
    check_fit_input,
    check_flag,
    check_number,
    check_option,
    check_sample_weight,
    n_targets_of,
    unchanged_on_error,
)
from fastreg.linear_model._base import LinearRegressor, warn_constant_columns
from fastreg.linear_model._ridge_streaming import RidgeStreaming

BUILT_SOLVERS = {"auto", "cholesky", "svd", "sparse_cg"}
# scikit-learn's, for which there is nothing here yet
PLANNED_SOLVERS = {"lsqr", "sag", "saga", "lbfgs"}


class Ridge(RidgeStreaming, LinearRegressor):
    r"""Linear regression with an L2 penalty.

    Minimises, over coefficients :math:`w` and an unpenalised intercept :math:`b`,

    .. math:: \sum_i s_i (y_i - x_i'w - b)^2 + \alpha \|w\|_2^2

    with :math:`s_i` the sample weights, which are used as they are: doubling all
    of them is halving alpha.

    Parameters
    ----------
    alpha : float or array-like of shape (n_targets,), default=1.0
        Strength of the penalty, at least 0; an array holds one for each target.
    fit_intercept : bool, default=True
        Fit an intercept. X is not copied for it.
    copy_X : bool, default=True
        X is never written to, so both values leave it as it was.
    max_iter : int or None, default=None
        Bound on the iterations of "sparse_cg"; None leaves it to SciPy.
    tol : float, default=1e-4
        "sparse_cg" stops when the residual of the normal equations is at most
        `tol` times their right-hand side. No effect on the closed forms.
    solver : {"auto", "cholesky", "svd", "sparse_cg"}, default="auto"
        "cholesky" solves a system as large as the smaller side of X, and goes
        over to "svd" with a warning where that is ill-conditioned. "sparse_cg"
        takes sparse and dense X and never densifies. "auto" is "sparse_cg" for
        sparse X and "cholesky" for dense X.
    positive : bool, default=False
        True is not built yet; ``ElasticNet(l1_ratio=0, positive=True)`` is.
    random_state : int, RandomState instance or None, default=None
        For stochastic solvers; those built so far draw no random numbers.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients, in the dtype of X.
    intercept_ : float or ndarray of shape (n_targets,)
        0.0 if ``fit_intercept=False``.
    dual_gap_ : float or ndarray of shape (n_targets,)
        :math:`\|A'r - \alpha w\|^2 / 2 \alpha` with A the centred, weighted X and
        r the residual, computed from X in float64: it bounds how far half the
        objective is from the smallest possible. With ``alpha=0``,
        :math:`\|A'r\|^2`.
    n_iter_ : ndarray of shape (n_targets,)
        Iterations of "sparse_cg"; 1 for the closed forms.
    solver_ : str
        The solver that was used.
    n_samples_seen_ : int
        Rows held, after `partial_fit` or `merge`.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        Where X has string column names.

    Raises
    ------
    TypeError, ValueError
        For a parameter, X, y or sample_weight that cannot be used; the
        estimator is left as it was.
    NotImplementedError
        For a solver of scikit-learn's that is not built yet.

    Warns
    -----
    LinAlgWarning
        If the system is so ill-conditioned that "svd" took over.
    ConvergenceWarning
        If "sparse_cg" reached `max_iter`.
    DiagnosticWarning
        If columns of X are constant.

    References
    ----------
    .. [1] Hoerl, Kennard: Ridge regression: biased estimation for nonorthogonal
       problems, 1970.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from fastreg import Ridge
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = Ridge(alpha=0.1).fit(X, y)
    >>> print(model.coef_.round(1))
    [   1.3 -207.2  489.7  301.8  -83.5  -70.8 -188.7  115.7  443.8   86.7]
    >>> model.solver_
    'cholesky'
    """

    def __init__(
        self,
        alpha: float | ArrayLike = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = None,
        tol: float = 1e-4,
        solver: str = "auto",
        positive: bool = False,
        random_state: int | np.random.RandomState | None = None,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.solver = solver
        self.positive = positive
        self.random_state = random_state

    def fit(self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            float32 and float64 arrays in either order are used where they lie.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights, at least 0.

        Returns
        -------
        self : object
        """
        with unchanged_on_error(self):
            self._check_parameters()
            X, y = check_fit_input(self, X, y)
            sample_weight = check_sample_weight(sample_weight, X.shape[0])
            alpha = self._alphas(n_targets_of(y))
            with fit_threads():
                solver = self._choose(sp.issparse(X))
                design = Design(
                    X,
                    y,
                    sample_weight=sample_weight,
                    fit_intercept=self.fit_intercept,
                    keep_moments=ridge.forms_gram(*X.shape, solver),
                )
                check_finite(self, design, X, y)
                solution = ridge.solve(design, alpha, solver, tol=self.tol, max_iter=self.max_iter)
                self._set_solution(design, solution.W, y.shape[1:], X.dtype)
            self.dual_gap_ = solution.gap[0] if len(solution.gap) == 1 else solution.gap
            self.n_iter_ = solution.n_iter
            self.solver_ = solution.solver
            warn_constant_columns(design, self._feature_names, stacklevel=2)
            self._warn(solver, solution)
            self._end_stream()
        return self

    def _check_parameters(self):
        check_number("tol", self.tol, low=0)
        if self.max_iter is not None:
            check_number("max_iter", self.max_iter, low=1, integer=True)
        for name in ("fit_intercept", "copy_X", "positive"):
            check_flag(name, getattr(self, name))
        check_option("solver", self.solver, BUILT_SOLVERS | PLANNED_SOLVERS)
        if self.solver in PLANNED_SOLVERS:
            raise NotImplementedError(
                f"solver={self.solver!r} is not built yet: use one of {sorted(BUILT_SOLVERS)}."
            )
        if self.positive:
            raise NotImplementedError(
                "Ridge with positive=True is not built yet: use "
                "ElasticNet(alpha=alpha / n_samples, l1_ratio=0, positive=True)."
            )

    def _alphas(self, n_targets):
        if np.ndim(self.alpha) == 0:
            check_number("alpha", self.alpha, low=0)
            return np.full(n_targets, float(self.alpha))
        alpha = as_numbers("alpha", self.alpha).ravel()
        for k, value in enumerate(alpha):
            check_number(f"alpha[{k}]", value, low=0)
        if len(alpha) not in (1, n_targets):
            raise ValueError(
                "Number of targets and number of penalties do not correspond: "
                f"y has {n_targets} target(s), alpha has {len(alpha)} values. Pass one alpha, "
                "or one for each target."
            )
        return np.broadcast_to(alpha, n_targets).copy()

    def _choose(self, is_sparse):
        if self.solver == "auto":
            return "sparse_cg" if is_sparse else "cholesky"
        if is_sparse and self.solver != "sparse_cg":
            raise TypeError(
                f"solver={self.solver!r} does not take sparse X: use 'sparse_cg' or 'auto', "
                "or X.toarray()."
            )
        return self.solver

    def _warn(self, solver, solution):
        if solution.solver != solver:
            warnings.warn(
                f"Ill-conditioned system (reciprocal condition {solution.rcond:.1e}): solved by "
                "singular values instead, which is slower. Raise alpha, scale the columns of X, "
                "drop duplicate ones, or pass solver='svd'.",
                LinAlgWarning,
                stacklevel=3,
            )
        if not solution.converged:
            warnings.warn(
                f"sparse_cg did not converge in {solution.n_iter.max()} iterations; duality gap "
                f"{solution.gap.max():.3e}. Raise max_iter, tol or alpha, or scale X.",
                ConvergenceWarning,
                stacklevel=3,
            )
