"""MultiTaskLasso and MultiTaskElasticNet: targets that share their features."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from fastreg._typing import MatrixLike
from fastreg.linear_model._coordinate_descent import CoordinateDescentRegressor


class MultiTaskElasticNet(CoordinateDescentRegressor):
    r"""Linear regression of several targets that choose their features together.

    Minimises, over coefficients :math:`W` (n_targets, n_features) and unpenalised
    intercepts :math:`b`,

    .. math::

        \frac{1}{2 N} \sum_i s_i \|y_i - W x_i - b\|_2^2
        + \alpha \rho \sum_j \|w_j\|_2 + \frac{\alpha (1 - \rho)}{2} \|W\|_F^2

    with :math:`w_j` the coefficients of feature j for all targets, :math:`\rho` =
    `l1_ratio`, :math:`s_i` the sample weights and :math:`N` their sum. A feature has
    coefficients for all targets or for none.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, at least 0.
    l1_ratio : float, default=0.5
        Share of the penalty that selects features, from 0 (ridge) to 1.
    fit_intercept : bool, default=True
        Fit intercepts. X is not copied for them.
    copy_X : bool, default=True
        X is never written to, so both values leave it as it was.
    max_iter : int or None, default=1000
        Bound on the sweeps of coordinate descent; None stands for 1000.
    tol : float, default=1e-4
        The fit stops when the duality gap is at most `tol` times the weighted
        variance of y, summed over targets.
    warm_start : bool, default=False
        Start from the last fit's `coef_`.
    random_state : int, RandomState instance or None, default=None
        Picks the features when `selection` is "random".
    selection : {"cyclic", "random"}, default="cyclic"
        Order in which coordinate descent visits the features.
    penalty_factor : float or array-like of shape (n_features,), default=None
        Multiplies the whole penalty of each feature, and is at least 0; None stands for
        1. With 0 a feature is never penalised. Factors are not rescaled.

    Attributes
    ----------
    coef_ : ndarray of shape (n_targets, n_features)
        Coefficients, in the dtype of X.
    sparse_coef_ : sparse matrix of shape (n_targets, n_features)
        `coef_` in CSR format.
    intercept_ : ndarray of shape (n_targets,)
        0.0 if ``fit_intercept=False``.
    dual_gap_ : float
        Duality gap of the solution, float64: an upper bound on how far its
        objective is from the smallest possible. With ``alpha=0`` there is none,
        and this is the squared norm of the gradient, over N.
    eps_ : float
        The gap that was asked for, times N: `tol` times the weighted sum of
        squares of the centred y, as in scikit-learn.
    n_iter_ : int
        Sweeps of coordinate descent; a sweep over a working set counts by its
        share of the columns.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        Where X has string column names.

    Raises
    ------
    TypeError, ValueError
        For a parameter, X, y or sample_weight that cannot be used, a y of one
        dimension among them; the estimator is left as it was.

    Warns
    -----
    ConvergenceWarning
        If `max_iter` sweeps or rounding left the gap above the tolerance.
    DiagnosticWarning
        If alpha is so large that every coefficient is zero, or columns of X are constant.

    References
    ----------
    .. [1] Yuan, Lin: Model selection and estimation in regression with grouped
       variables, 2006.
    .. [2] Obozinski, Taskar, Jordan: Joint covariate selection and joint subspace
       selection for multiple classification problems, 2010.
    .. [3] Ndiaye, Fercoq, Gramfort, Salmon: Gap safe screening rules for sparse
       multi-task and multi-class models, 2015.

    Examples
    --------
    >>> from sklearn.datasets import load_linnerud
    >>> from fastreg import MultiTaskElasticNet
    >>> X, Y = load_linnerud(return_X_y=True)
    >>> model = MultiTaskElasticNet(alpha=10, tol=1e-8).fit(X, Y)
    >>> print(model.coef_.round(3))
    [[-0.106 -0.233  0.085]
     [-0.03  -0.045  0.026]
     [ 0.001  0.041 -0.028]]
    >>> bool(model.dual_gap_ <= 1e-8 * Y.var(axis=0).sum())
    True
    """

    # What the penalty leaves no choice of.
    precompute = False
    positive = False
    lower = upper = None
    _keeps_single_target = True

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
        selection: str = "cyclic",
        penalty_factor: float | ArrayLike | None = None,
    ):
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.random_state = random_state
        self.selection = selection
        self.penalty_factor = penalty_factor

    def fit(self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            float32 and float64 arrays in either order are used where they lie.
        y : array-like of shape (n_samples, n_targets)
            Targets, fitted together.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights, at least 0; their scale has no effect.

        Returns
        -------
        self : object
        """
        self._fit_checked(X, y, sample_weight)
        return self

    def _target_groups(self, n_targets):
        return [slice(None)]

    def _check_target(self, y):
        if y.ndim == 1:
            single = type(self).__name__.removeprefix("MultiTask")
            raise ValueError(
                f"For mono-task outputs, use {single}: y has shape {y.shape}, a multi-task "
                "model needs (n_samples, n_targets)."
            )

    def _set_certificate(self, solutions, total_weight):
        super()._set_certificate(solutions, total_weight)
        self.eps_ = solutions[0].gap_tol

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.single_output = False
        return tags


class MultiTaskLasso(MultiTaskElasticNet):
    r"""Lasso of several targets that choose their features together.

    Minimises, over coefficients :math:`W` (n_targets, n_features) and unpenalised
    intercepts :math:`b`,

    .. math::

        \frac{1}{2 N} \sum_i s_i \|y_i - W x_i - b\|_2^2 + \alpha \sum_j \|w_j\|_2

    with :math:`w_j` the coefficients of feature j for all targets, :math:`s_i` the
    sample weights and :math:`N` their sum. This is :class:`MultiTaskElasticNet` with
    ``l1_ratio=1``; parameters, attributes, errors and warnings are the same.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, at least 0.
    fit_intercept, copy_X, max_iter, tol : as in MultiTaskElasticNet
        See :class:`MultiTaskElasticNet`.
    warm_start, random_state, selection, penalty_factor : as in MultiTaskElasticNet
        See :class:`MultiTaskElasticNet`.

    Attributes
    ----------
    coef_, sparse_coef_, intercept_, dual_gap_, eps_, n_iter_, n_features_in_, feature_names_in_
        As in :class:`MultiTaskElasticNet`.

    References
    ----------
    .. [1] Obozinski, Taskar, Jordan: Joint covariate selection and joint subspace
       selection for multiple classification problems, 2010.

    Examples
    --------
    >>> from fastreg import MultiTaskLasso
    >>> model = MultiTaskLasso(alpha=0.1).fit([[0, 1], [1, 0], [2, 3]], [[0, 0], [1, 1], [2, 3]])
    >>> print(model.coef_.round(3))
    [[0.864 0.046]
     [1.15  0.23 ]]
    """

    l1_ratio = 1.0

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
        selection: str = "cyclic",
        penalty_factor: float | ArrayLike | None = None,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.random_state = random_state
        self.selection = selection
        self.penalty_factor = penalty_factor
