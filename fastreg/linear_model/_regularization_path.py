"""regularization_path: the models for a whole grid of alphas, with intercepts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from fastreg._engine.degrees_of_freedom import degrees_of_freedom
from fastreg._engine.design import Design
from fastreg._engine.penalties import alpha_grid
from fastreg._engine.threads import fit_threads
from fastreg._progress import check_verbose
from fastreg._typing import MatrixLike
from fastreg._validation import (
    check_finite,
    check_fit_input,
    check_flag,
    check_number,
    n_targets_of,
    predict_linear,
)
from fastreg.linear_model._base import LinearRegressor, check_solution, warn_constant_columns
from fastreg.linear_model._paths import (
    check_alphas,
    check_grid,
    check_path_target,
    path_engine,
    path_steps,
    solver_options,
    warn_path,
)
from fastreg.linear_model._penalty_parameters import penalty_options


@dataclass(frozen=True, eq=False, repr=False)
class RegularizationPath:
    """The models of a grid of alphas, as :func:`regularization_path` fits them.

    Between two alphas of the grid coefficients are interpolated linearly in alpha. The
    lasso's are piecewise linear in alpha (Efron et al. 2004), so this is exact where no
    feature enters or leaves in between; elsewhere, and for ``l1_ratio < 1``, it is as
    close as the grid is fine.

    Parameters
    ----------
    alphas : ndarray of shape (n_alphas,)
        In decreasing order.
    coefs : ndarray of shape (n_features, n_alphas) or (n_targets, n_features, n_alphas)
        In the dtype of X.
    intercepts : ndarray of shape (n_alphas,) or (n_targets, n_alphas)
        Zeros if ``fit_intercept=False``.
    dual_gaps : ndarray of shape (n_alphas,)
        float64, over n_samples: how far each objective is from its minimum at most.
    n_iters : ndarray of shape (n_alphas,)
        Sweeps of coordinate descent.
    r2 : ndarray of shape (n_alphas,)
        Share of the (weighted) variance of y that the model explains on the data it was
        fitted to, over all targets together. 0 where y is constant.
    n_features_used : ndarray of shape (n_alphas,)
        Features with a coefficient that is not zero, for any target.
    degrees_of_freedom : ndarray of shape (n_alphas,)
        Trace of the derivative of the fitted values by y, without the intercept. For the
        lasso it is `n_features_used` (Zou, Hastie, Tibshirani 2007), but no more than
        n_samples, less one with an intercept; for the elastic net
        the sum of :math:`d / (d + N \\alpha (1 - \\rho))` over the eigenvalues d of the
        active columns' Gram matrix (Tibshirani, Taylor 2012), for several targets that
        of blocks (Vaiter et al. 2012).
    l1_ratio : float
    feature_names : ndarray of shape (n_features,) or None
        Where X had string column names.

    References
    ----------
    .. [1] Efron, Hastie, Johnstone, Tibshirani: Least angle regression, 2004.
    .. [2] Zou, Hastie, Tibshirani: On the "degrees of freedom" of the lasso, 2007.
    .. [3] Tibshirani, Taylor: Degrees of freedom in lasso problems, 2012.
    .. [4] Vaiter, Deledalle, Peyré, Fadili, Dossal: The degrees of freedom of the group
       lasso, 2012.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from fastreg import regularization_path
    >>> X, y = load_diabetes(return_X_y=True)
    >>> path = regularization_path(X, y, alphas=50, tol=1e-8)
    >>> path
    RegularizationPath(50 alphas from 2.15 to 0.00215, 10 of 10 features, R2 up to 0.518)
    >>> print(path.coef_at(1.0).round(1))
    [  0.    0.  366.3  11.6   0.    0.    0.    0.  306.2   0. ]
    >>> path.predict(X).shape
    (442, 50)
    """

    alphas: np.ndarray
    coefs: np.ndarray
    intercepts: np.ndarray
    dual_gaps: np.ndarray
    n_iters: np.ndarray
    r2: np.ndarray
    n_features_used: np.ndarray
    degrees_of_freedom: np.ndarray
    l1_ratio: float
    feature_names: np.ndarray | None = None

    def __repr__(self):
        return (
            f"RegularizationPath({len(self.alphas)} alphas from {self.alphas[0]:.3g} to "
            f"{self.alphas[-1]:.3g}, {self.n_features_used.max()} of {self.coefs.shape[-2]} "
            f"features, R2 up to {self.r2.max():.3g})"
        )

    def coef_at(self, alpha: float) -> np.ndarray:
        """Coefficients at `alpha`, interpolated linearly between the grid's.

        Parameters
        ----------
        alpha : float
            Between the smallest and the largest of `alphas`.

        Returns
        -------
        ndarray of shape (n_features,) or (n_targets, n_features)

        Raises
        ------
        TypeError, ValueError
            If alpha is not a number in that range.
        """
        return self._interpolate(self.coefs, alpha)

    def intercept_at(self, alpha: float) -> float | np.ndarray:
        """Intercept at `alpha`, interpolated as the coefficients are.

        Parameters
        ----------
        alpha : float
            Between the smallest and the largest of `alphas`.

        Returns
        -------
        float or ndarray of shape (n_targets,)
        """
        return self._interpolate(self.intercepts, alpha)

    def _interpolate(self, values, alpha):
        check_number("alpha", alpha, low=0)
        largest, smallest = self.alphas[0], self.alphas[-1]
        if not smallest <= alpha <= largest:
            raise ValueError(
                f"alpha={alpha:g} is outside the path, which has alphas from {largest:g} down "
                f"to {smallest:g}: choose one in between, or fit the path with alphas that "
                "reach further."
            )
        k = int(np.searchsorted(-self.alphas, -alpha))  # the first that is not above alpha
        below, above = self.alphas[k], self.alphas[max(k - 1, 0)]
        if alpha == below:
            return values[..., k] + 0  # a copy
        share = float((alpha - below) / (above - below))
        return share * values[..., k - 1] + (1.0 - share) * values[..., k]

    def predict(self, X: MatrixLike, alpha: float | None = None) -> np.ndarray:
        """Predict with the models of all alphas, or with that of one.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        alpha : float or None, default=None
            None predicts for every alpha of the grid.

        Returns
        -------
        ndarray
            Of shape (n_samples, n_alphas) or (n_samples, n_targets, n_alphas) for
            all alphas; (n_samples,) or (n_samples, n_targets) for one.
        """
        coefs, intercepts = self.coefs, self.intercepts
        if alpha is not None:
            coefs = self.coef_at(alpha)[..., np.newaxis]
            intercepts = np.asarray(self.intercept_at(alpha))[..., np.newaxis]
        model = _LinearModels(self.feature_names)
        model.n_features_in_ = coefs.shape[-2]
        # one row of coefficients for each target and alpha
        model.coef_ = np.moveaxis(coefs, -1, -2).reshape(-1, coefs.shape[-2])
        model.intercept_ = intercepts.ravel()
        predicted = predict_linear(model, X)
        predicted = predicted.reshape(len(predicted), *intercepts.shape)
        return predicted if alpha is None else predicted[..., 0]


class _LinearModels(LinearRegressor):
    """Stands for the models of a path where X is checked."""

    def __init__(self, feature_names=None):
        if feature_names is not None:
            self.feature_names_in_ = feature_names


def regularization_path(
    X: MatrixLike,
    y: ArrayLike,
    *,
    l1_ratio: float = 1.0,
    eps: float = 1e-3,
    alphas: int | ArrayLike = 100,
    fit_intercept: bool = True,
    sample_weight: ArrayLike | None = None,
    tol: float = 1e-4,
    max_iter: int = 1000,
    positive: bool = False,
    max_features: int | None = None,
    min_deviance_gain: float | None = None,
    selection: str = "cyclic",
    random_state: int | np.random.RandomState | None = None,
    verbose: bool | int = False,
    penalty_factor: float | ArrayLike | None = None,
    lower: float | ArrayLike | None = None,
    upper: float | ArrayLike | None = None,
) -> RegularizationPath:
    r"""Fit the lasso or elastic net for a whole grid of alphas, with intercepts.

    For one target, minimises for each alpha

    .. math::

        \frac{1}{2 N} \sum_i s_i (y_i - x_i'w - b)^2
        + \alpha \rho \|w\|_1 + \frac{\alpha (1 - \rho)}{2} \|w\|_2^2

    with :math:`\rho` = `l1_ratio`, :math:`s_i` the weights scaled to sum to
    :math:`N` = n_samples. For several targets the norm :math:`\|w\|_1` is the sum over
    features of the Euclidean norm over targets, as in :class:`MultiTaskElasticNet`.
    Each alpha starts from the solution of the one before.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
        Never copied or written to, in either order.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
    l1_ratio : float, default=1.0
        Share of the L1 penalty, from 0 to 1; 0 needs `alphas` as values.
    eps : float, default=1e-3
        Smallest alpha of an automatic grid, as a share of the largest, which is the
        smallest at which every coefficient is zero.
    alphas : int or array-like, default=100
        How many alphas on an automatic grid, or the alphas themselves.
    fit_intercept : bool, default=True
        Fit intercepts. X is not copied for them.
    sample_weight : float or array-like of shape (n_samples,), default=None
        Weights, at least 0; their scale has no effect.
    tol : float, default=1e-4
        Each alpha stops when its duality gap is at most
        ``tol * sum(s * (y - mean(y))**2) / N``.
    max_iter : int, default=1000
        Bound on the sweeps of coordinate descent at one alpha.
    positive : bool, default=False
        Keep coefficients at or above zero; for one target only.
    max_features : int or None, default=None
        End before the first alpha that uses more features than this.
    min_deviance_gain : float or None, default=None
        End with the first alpha that raises `r2` by less than this; those up to the
        first that uses a feature don't count.
    selection : {"cyclic", "random"}, default="cyclic"
        Order in which coordinate descent visits the coordinates.
    random_state : int, RandomState instance or None, default=None
        Picks the coordinates when `selection` is "random".
    verbose : bool or int, default=False
        Show progress: a bar where tqdm is installed, a line for each alpha otherwise.
    penalty_factor : float or array-like of shape (n_features,), default=None
        Multiplies the whole penalty of each feature; 0 leaves one unpenalised.
    lower, upper : float or array-like of shape (n_features,), default=None
        Bounds of the coefficients, at most and at least 0; for one target only.

    Returns
    -------
    RegularizationPath
        Coefficients, intercepts, gaps and more for each alpha; predicts at any alpha.

    Raises
    ------
    TypeError, ValueError
        For a parameter or data that cannot be used, or if the largest alpha already
        uses more than `max_features`.

    Warns
    -----
    ConvergenceWarning
        If some alpha stopped above the tolerance.
    DiagnosticWarning
        If columns of X are constant.

    References
    ----------
    .. [1] Friedman, Hastie, Tibshirani: Regularization paths for generalized linear
       models via coordinate descent, 2010.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from fastreg import regularization_path
    >>> X, y = load_diabetes(return_X_y=True)
    >>> path = regularization_path(X, y, max_features=4, tol=1e-8)
    >>> print(path.n_features_used[[0, 1, -1]], path.r2[-1].round(2))
    [0 2 4] 0.48
    >>> path.predict(X[:3], alpha=1.0).round(1)
    array([181.1, 112. , 169.3])
    """
    check_number("l1_ratio", l1_ratio, low=0, high=1)
    alphas = check_alphas(alphas)
    if isinstance(alphas, int):
        check_grid(l1_ratio, eps)
    check_flag("fit_intercept", fit_intercept)
    check_flag("positive", positive)
    check_verbose(verbose)
    _check_limits(max_features, min_deviance_gain)
    options = solver_options(
        {"tol": tol, "max_iter": max_iter, "selection": selection, "random_state": random_state}
    )
    names = _LinearModels()
    X, y = check_fit_input(names, X, y)
    weights = check_path_target(y, positive, sample_weight)
    given = {"penalty_factor": penalty_factor, "lower": lower, "upper": upper}
    limits = penalty_options({**given, "positive": positive}, X.shape[1], n_targets_of(y))
    names = getattr(names, "feature_names_in_", None)
    with fit_threads():
        n_alphas = alphas if isinstance(alphas, int) else len(alphas)
        design = Design(
            X,
            y,
            sample_weight=weights,
            fit_intercept=fit_intercept,
            expected_passes=2 * n_alphas + 2,
        )
        check_finite(None, design, X, y)
        warn_constant_columns(design, names, stacklevel=2)
        if isinstance(alphas, int):
            alphas = alpha_grid(design, l1_ratio, eps=eps, n_alphas=alphas, **limits)
        engine = path_engine(design, options)
        W = np.zeros((len(design.targets), design.n_features))
        table = PathTable(design, variation_of(design, y, weights), len(alphas), X.dtype)
        for step in path_steps(engine, alphas, l1_ratio, W, limits, verbose):
            if table.exceeds(step, max_features):
                break
            table.add(engine, *step)
            if min_deviance_gain is not None and table.gain() < min_deviance_gain:
                break
    warn_path(table.alphas, table.solutions, design.total_weight, options, stacklevel=2)
    return table.path(y.ndim == 1, l1_ratio, names)


def _check_limits(max_features, min_deviance_gain):
    if max_features is not None:
        check_number("max_features", max_features, low=1, integer=True)
    if min_deviance_gain is not None:
        check_number("min_deviance_gain", min_deviance_gain, low=0, high=1)


def variation_of(design, y, weights):
    """Weighted sum of squares of y around its mean, whether an intercept is fitted or not."""
    if design.fit_intercept:
        return float(design.squared_norms.sum())
    Y = np.asarray(y, dtype=np.float64).reshape(len(y), -1)
    squares = (Y - np.average(Y, axis=0, weights=weights)) ** 2
    return float(squares.sum() if weights is None else weights @ squares.sum(axis=1))


class PathTable:
    """What a path has come to so far, a column for each alpha."""

    def __init__(self, design, variation, n_alphas, dtype):
        n_targets = len(design.targets)
        self.design = design
        self.variation = variation
        self.coefs = np.empty((n_alphas, n_targets, design.n_features), dtype=dtype)
        self.intercepts = np.empty((n_targets, n_alphas), dtype=dtype)
        self.alphas, self.solutions, self.r2, self.n_used, self.df = [], [], [], [], []

    def exceeds(self, step, max_features):
        """Whether a step uses more than `max_features`; an error if it is the first."""
        alpha, _, solution = step
        if max_features is None:
            return False
        n_used = len(solution.support)
        if n_used <= max_features:
            return False
        if not self.alphas:
            raise ValueError(
                f"max_features={max_features} leaves no path: the largest alpha, {alpha:g}, "
                f"already uses {n_used} features. Begin with a larger alpha."
            )
        return True

    def add(self, engine, alpha, penalty, solution):
        k, W = len(self.alphas), solution.W
        intercept = self.design.intercept(W)
        check_solution(self.design, W, intercept)
        self.coefs[k] = self.design.coefficients(W)
        self.intercepts[:, k] = intercept
        self.alphas.append(alpha)
        used = solution.support
        self.n_used.append(len(used))
        self.df.append(degrees_of_freedom(engine, W, used, penalty))
        explained = 1.0 - solution.squared_residual / self.variation if self.variation > 0 else 0.0
        self.r2.append(explained)
        self.solutions.append(replace(solution, W=None))

    def gain(self):
        """How much the last alpha has added to R2; infinite while there is little to compare."""
        if len(self.r2) < 2 or self.n_used[-2] == 0:
            return np.inf
        return self.r2[-1] - self.r2[-2]

    def path(self, single_target, l1_ratio, feature_names):
        """The path as the user gets it."""
        k = len(self.alphas)
        coefs, intercepts = self.coefs, self.intercepts
        if k < len(coefs):  # it ended early: don't hold on to the rest
            coefs, intercepts = coefs[:k].copy(), intercepts[:, :k].copy()
        coefs = np.moveaxis(coefs, 0, -1)
        gaps = np.array([solution.gap for solution in self.solutions])
        return RegularizationPath(
            alphas=np.array(self.alphas),
            coefs=coefs[0] if single_target else coefs,
            intercepts=intercepts[0] if single_target else intercepts,
            dual_gaps=gaps / self.design.total_weight,
            n_iters=np.array([solution.n_iter for solution in self.solutions]),
            r2=np.array(self.r2),
            n_features_used=np.array(self.n_used),
            degrees_of_freedom=np.array(self.df),
            l1_ratio=float(l1_ratio),
            feature_names=feature_names,
        )
