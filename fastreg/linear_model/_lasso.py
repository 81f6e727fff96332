"""Lasso and ElasticNet."""

from __future__ import annotations

import warnings
from typing import Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state
from sklearn.utils.metadata_routing import UNUSED

from fastreg._engine.design import Design
from fastreg._engine.path import PathEngine, alpha_max, elastic_net_penalty
from fastreg._engine.problem import LeastSquaresProblem
from fastreg._engine.threads import fit_threads
from fastreg._typing import MatrixLike
from fastreg._validation import (
    check_finite,
    check_fit_input,
    check_flag,
    check_number,
    check_option,
    check_sample_weight,
    solver_layout,
    unchanged_on_error,
)
from fastreg.exceptions import DiagnosticWarning
from fastreg.linear_model._base import (
    LinearRegressor,
    sparse_coef,
    warn_constant_columns,
    warn_no_convergence,
)
from fastreg.linear_model._gram import check_precompute, precomputed_gram
from fastreg.linear_model._paths import enet_path
from fastreg.linear_model._penalty_parameters import penalty_options


class ElasticNet(LinearRegressor):
    r"""Linear regression with a combined L1 and L2 penalty.

    Minimises, over coefficients :math:`w` and an unpenalised intercept :math:`b`,

    .. math::

        \frac{1}{2 N} \sum_i s_i (y_i - x_i'w - b)^2
        + \alpha \rho \|w\|_1 + \frac{\alpha (1 - \rho)}{2} \|w\|_2^2

    with :math:`\rho` = `l1_ratio`, :math:`s_i` the sample weights and :math:`N` their sum.
    With penalty factors :math:`|w_j|` and :math:`w_j^2` are multiplied by :math:`f_j`.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, at least 0. With 0 this is least squares, which
        coordinate descent solves slowly.
    l1_ratio : float, default=0.5
        Share of the L1 penalty, from 0 (ridge) to 1 (lasso).
    fit_intercept : bool, default=True
        Fit an intercept. X is not copied for it.
    precompute : bool or array-like of shape (n_features, n_features), default=False
        ``False`` leaves the choice to the solver: it forms as much of the Gram
        matrix as pays. ``True`` forms all of it. An array is the Gram matrix of
        X after centring and weighting. Sparse X ignores an array, as in
        scikit-learn.
    max_iter : int or None, default=1000
        Bound on the sweeps of coordinate descent; None stands for 1000.
    copy_X : bool, default=True
        X is never written to, so both values leave it as it was.
    tol : float, default=1e-4
        The fit stops when the duality gap is at most
        ``tol * sum(s * (y - mean(y))**2) / N``.
    warm_start : bool, default=False
        Start from the last fit's `coef_`.
    positive : bool, default=False
        Keep coefficients at or above zero.
    random_state : int, RandomState instance or None, default=None
        Picks the coordinates when `selection` is "random".
    selection : {"cyclic", "random"}, default="cyclic"
        Order in which coordinate descent visits the coordinates.
    penalty_factor : float or array-like of shape (n_features,), default=None
        :math:`f_j \ge 0`, multiplies the whole penalty of feature j; None stands for 1.
        With 0 a feature is never penalised; 0 for all is ``alpha=0``. Factors are not
        rescaled.
    lower, upper : float or array-like of shape (n_features,), default=None
        Bounds of the coefficients, ``lower <= 0 <= upper``; infinite ones and None
        stand for no bound. `positive` is the case ``lower=0``.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients, in the dtype of X.
    sparse_coef_ : sparse matrix of shape (1, n_features) or (n_targets, n_features)
        `coef_` in CSR format.
    intercept_ : float or ndarray of shape (n_targets,)
        0.0 if ``fit_intercept=False``.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Duality gap of the solution, float64: an upper bound on how far its
        objective is from the smallest possible. With ``alpha=0`` there is none,
        and this is the squared norm of the gradient, over N.
    n_iter_ : int or list of int
        Sweeps of coordinate descent, for each target; a sweep over a working set
        counts by its share of the columns.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        Where X has string column names.

    Raises
    ------
    TypeError, ValueError
        For a parameter, X, y or sample_weight that cannot be used; the
        estimator is left as it was.

    Warns
    -----
    ConvergenceWarning
        If `max_iter` sweeps or rounding left the gap above the tolerance.
    DiagnosticWarning
        If alpha is so large that every coefficient is zero, or columns of X are constant.

    References
    ----------
    .. [1] Zou, Hastie: Regularization and variable selection via the elastic net, 2005.
    .. [2] Friedman, Hastie, Tibshirani: Regularization paths for generalized linear
       models via coordinate descent, 2010.
    .. [3] Fercoq, Gramfort, Salmon: Mind the duality gap: safer rules for the Lasso, 2015.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from fastreg import ElasticNet
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = ElasticNet(alpha=0.01, l1_ratio=0.9).fit(X, y)
    >>> print(model.coef_.round(1))
    [  15.6 -134.7  394.4  249.4  -15.2  -59.3 -177.2  117.7  337.9  107.8]
    >>> bool(model.dual_gap_ <= 1e-4 * y.var())
    True
    """

    # check_input is for callers that validate themselves, not for pipelines
    __metadata_request__fit = {"check_input": UNUSED}  # noqa: RUF012

    path = staticmethod(enet_path)

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        precompute: bool | ArrayLike = False,
        max_iter: int | None = 1000,
        copy_X: bool = True,
        tol: float = 1e-4,
        warm_start: bool = False,
        positive: bool = False,
        random_state: int | np.random.RandomState | None = None,
        selection: str = "cyclic",
        penalty_factor: float | ArrayLike | None = None,
        lower: float | ArrayLike | None = None,
        upper: float | ArrayLike | None = None,
    ):
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.copy_X = copy_X
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
        self.penalty_factor = penalty_factor
        self.lower = lower
        self.upper = upper

    def fit(
        self,
        X: MatrixLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        check_input: bool = True,
    ) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            float32 and float64 arrays in either order are used where they lie.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets; several are fitted one by one, sharing the work on X.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights, at least 0; their scale has no effect.
        check_input : bool, default=True
            False skips the checks of X, y and weights: X must then be a float
            array or CSC matrix.

        Returns
        -------
        self : object
        """
        with unchanged_on_error(self):
            self._check_parameters()
            if check_input:
                X, y = check_fit_input(self, X, y)
                sample_weight = check_sample_weight(sample_weight, X.shape[0])
            else:
                X, y = solver_layout(X), np.asarray(y)
            limits = penalty_options(self, X.shape[1])
            unpenalised = limits["factor"] is not None and not limits["factor"].any()
            if self.alpha == 0 or unpenalised:
                what = "penalty_factor=0 for all features" if unpenalised else "alpha=0"
                warnings.warn(
                    f"With {what}, this algorithm does not converge well. You are advised to "
                    "use the LinearRegression estimator.",
                    stacklevel=2,
                )
            if np.ndim(sample_weight) == 0:
                sample_weight = None  # one weight for all has no effect
            if sample_weight is not None:
                sample_weight = sample_weight * (X.shape[0] / sample_weight.sum())
            with fit_threads():
                self._fit(X, y, sample_weight, check_input, limits)
        return self

    def _check_parameters(self):
        check_number("alpha", self.alpha, low=0)
        check_number("l1_ratio", self.l1_ratio, low=0, high=1)
        check_number("tol", self.tol, low=0)
        if self.max_iter is not None:
            check_number("max_iter", self.max_iter, low=1, integer=True)
        for name in ("fit_intercept", "copy_X", "warm_start", "positive"):
            check_flag(name, getattr(self, name))
        check_option("selection", self.selection, {"cyclic", "random"})
        check_precompute(self.precompute)

    def _fit(self, X, y, sample_weight, check_input, limits):
        design = Design(X, y, sample_weight=sample_weight, fit_intercept=self.fit_intercept)
        if check_input:
            check_finite(self, design, X, y)
        warn_constant_columns(design, self._feature_names, stacklevel=4)
        gram = precomputed_gram(self.precompute, design, check=check_input)
        W = self._start(len(design.targets), design.n_features)
        max_iter = 1000 if self.max_iter is None else self.max_iter
        random = self.selection == "random"
        rng = check_random_state(self.random_state) if random else None
        penalty = elastic_net_penalty(
            self.alpha, self.l1_ratio, design.total_weight, positive=self.positive, **limits
        )
        solutions, working_set = [], None
        for t in range(len(W)):
            engine = PathEngine(
                LeastSquaresProblem(design, slice(t, t + 1), gram),
                tol=self.tol,
                max_iter=max_iter,
                rng=rng,
                whole_gram=self.precompute is True,
                working_set=working_set,
            )
            solutions.append(engine.solve(penalty, W[t : t + 1]))
            working_set = engine.working_set
            gram = engine.problem.gram if gram is None else gram
        self._set_solution(design, W, y.shape[1:], X.dtype)
        gaps = np.array([solution.gap for solution in solutions]) / design.total_weight
        n_iter = [solution.n_iter for solution in solutions]
        self.dual_gap_ = gaps[0] if len(gaps) == 1 else gaps
        self.n_iter_ = n_iter[0] if len(n_iter) == 1 else n_iter
        self._warn_all_zero(design, penalty, limits)
        warn_no_convergence(solutions, design.total_weight, self.tol, max_iter, "", stacklevel=4)

    def _start(self, n_targets, n_features):
        coef = getattr(self, "coef_", None) if self.warm_start else None
        if coef is None:
            return np.zeros((n_targets, n_features))
        W = np.array(coef, dtype=np.float64, ndmin=2, order="C")
        if W.shape != (n_targets, n_features):
            raise ValueError(
                f"coef_ of the last fit has shape {np.shape(coef)}, which warm_start cannot use "
                f"for {n_targets} target(s) and {n_features} features: set warm_start=False."
            )
        return W

    def _warn_all_zero(self, design, penalty, limits):
        if penalty.l1 == 0 or self.coef_.any() or not design.targets.any():
            return
        options = {"positive": self.positive, "joint": False, **limits}
        largest = alpha_max(design, self.l1_ratio, **options)
        if self.alpha >= largest > 0:
            warnings.warn(
                f"alpha={self.alpha:g} is at or above alpha_max={largest:g}, from where on every "
                "coefficient is zero and the model predicts a constant: choose a smaller alpha.",
                DiagnosticWarning,
                stacklevel=4,
            )

    @property
    def sparse_coef_(self) -> sp.csr_matrix:
        """`coef_` in CSR format, of shape (n_targets, n_features)."""
        return sparse_coef(self.coef_)


class Lasso(ElasticNet):
    r"""Linear regression with an L1 penalty.

    Minimises, over coefficients :math:`w` and an unpenalised intercept :math:`b`,

    .. math::

        \frac{1}{2 N} \sum_i s_i (y_i - x_i'w - b)^2 + \alpha \|w\|_1

    with :math:`s_i` the sample weights and :math:`N` their sum. This is
    :class:`ElasticNet` with ``l1_ratio=1``; parameters, attributes, errors and
    warnings are the same.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, at least 0.
    fit_intercept, precompute, copy_X, max_iter, tol : as in ElasticNet
        See :class:`ElasticNet`.
    warm_start, positive, random_state, selection : as in ElasticNet
        See :class:`ElasticNet`.
    penalty_factor, lower, upper : as in ElasticNet
        See :class:`ElasticNet`.

    Attributes
    ----------
    coef_, sparse_coef_, intercept_, dual_gap_, n_iter_, n_features_in_, feature_names_in_
        As in :class:`ElasticNet`.

    References
    ----------
    .. [1] Tibshirani: Regression shrinkage and selection via the lasso, 1996.

    Examples
    --------
    >>> from fastreg import Lasso
    >>> model = Lasso(alpha=0.1).fit([[0, 0], [1, 1], [2, 2]], [0, 1, 2])
    >>> print(model.coef_, round(float(model.intercept_), 2))
    [0.85 0.  ] 0.15
    """

    l1_ratio = 1.0

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        precompute: bool | ArrayLike = False,
        copy_X: bool = True,
        max_iter: int | None = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        positive: bool = False,
        random_state: int | np.random.RandomState | None = None,
        selection: str = "cyclic",
        penalty_factor: float | ArrayLike | None = None,
        lower: float | ArrayLike | None = None,
        upper: float | ArrayLike | None = None,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
        self.penalty_factor = penalty_factor
        self.lower = lower
        self.upper = upper
