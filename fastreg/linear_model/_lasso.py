"""Lasso and ElasticNet."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.metadata_routing import UNUSED

from fastreg._typing import MatrixLike
from fastreg.linear_model._coordinate_descent import CoordinateDescentRegressor
from fastreg.linear_model._streaming import StreamingMixin


class ElasticNet(StreamingMixin, CoordinateDescentRegressor):
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
        self._fit_checked(X, y, sample_weight, check_input)
        self._end_stream()
        return self


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
    coef_, sparse_coef_, intercept_, dual_gap_, n_iter_
        As in :class:`ElasticNet`.
    n_samples_seen_, n_features_in_, feature_names_in_
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
