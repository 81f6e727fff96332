"""LassoCV, ElasticNetCV, MultiTaskLassoCV and MultiTaskElasticNetCV."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fastreg.linear_model._cv_base import CrossValidated
from fastreg.linear_model._paths import enet_path, lasso_path


class ElasticNetCV(CrossValidated):
    r"""Elastic net with alpha and l1_ratio chosen by cross-validation.

    The problem is that of :class:`ElasticNet`,

    .. math::

        \frac{1}{2 N} \sum_i s_i (y_i - x_i'w - b)^2
        + \alpha \rho \|w\|_1 + \frac{\alpha (1 - \rho)}{2} \|w\|_2^2 ,

    solved along a path of alphas on the training rows of each split. The alpha (and
    :math:`\rho` = `l1_ratio`) with the smallest mean squared error on the rows held out,
    averaged over splits, is used for a fit on all rows.

    Parameters
    ----------
    l1_ratio : float or array-like, default=0.5
        Share of the L1 penalty, from 0 (ridge) to 1 (lasso). Of several values the one
        with the smallest mean error is chosen. With 0 the automatic grid is that of
        ``l1_ratio=0.001``, and a `DiagnosticWarning` says so.
    eps : float, default=1e-3
        Smallest alpha of an automatic grid, as a share of the largest, at most 1.
    alphas : int or array-like, default=100
        How many alphas on an automatic grid, or the alphas themselves. The grid is that
        of all rows, in every split.
    fit_intercept : bool, default=True
        Fit an intercept. X is not copied for it.
    precompute : "auto", bool or array-like of shape (n_features, n_features), default="auto"
        "auto" and False leave the choice to the solver, True forms the whole Gram
        matrix. An array is the Gram matrix of all rows of X, centred and weighted, and
        is used for the fit on all rows; splits form their own.
    max_iter : int, default=1000
        Bound on the sweeps of coordinate descent for each alpha.
    tol : float, default=1e-4
        Every fit stops when its duality gap is at most ``tol`` times the weighted
        variance of y in its rows.
    copy_X : bool, default=True
        X is never written to, so both values leave it as it was.
    cv : int, splitter or iterable, default=None
        As in scikit-learn: None is 5-fold, an int the number of folds, an iterable
        yields (train, test) row numbers. Splits may overlap or leave rows out; a row
        that is there twice counts twice.
    verbose : bool or int, default=0
        Show progress: a bar where tqdm is installed, a line for each split otherwise.
    n_jobs : int or None, default=None
        Threads that splits are shared between, -1 for all cores, at most the cores
        there are. None chooses, unless joblib's context does; 1 takes one split after
        the other, as it is done where steps are too short for threads. Results are the
        same, bit for bit.
    positive : bool, default=False
        Keep coefficients at or above zero.
    random_state : int, RandomState instance or None, default=None
        Picks the coordinates when `selection` is "random".
    selection : {"cyclic", "random"}, default="cyclic"
        Order in which coordinate descent visits the coordinates.
    selection_rule : {"min", "1se"}, default="min"
        "min" chooses the alpha with the smallest mean error over splits, "1se" the
        largest alpha whose mean error is within one standard error of that.
    max_loss_increase : float or None, default=None
        Choose the largest alpha whose mean error is at most ``1 + max_loss_increase``
        times the smallest: 0.05 gives up 5 % for fewer features.
    standardize : bool, default=False
        Divide each column by its weighted standard deviation, taken from the training
        rows of each split, and from all rows for the final fit; about zero where
        ``fit_intercept=False``. Constant columns are left alone. Coefficients are those
        of X as it was given. alphas are on the standardised scale.
    penalty_factor : float or array-like of shape (n_features,), default=None
        As in :class:`ElasticNet`: multiplies the whole penalty of each feature, 0 leaves one
        unpenalised. With ``standardize=True`` factors multiply the penalty of the
        standardised coefficients.
    lower, upper : float or array-like of shape (n_features,), default=None
        Bounds of `coef_`, ``lower <= 0 <= upper``, in every split too. They are for X as it
        was given, with ``standardize=True`` as well.

    Attributes
    ----------
    alpha_ : float
        The alpha chosen.
    alpha_min_, alpha_1se_ : float
        The alphas that the two rules choose at that l1_ratio; `alpha_1se_` is NaN with a
        single split.
    l1_ratio_ : float
        The l1_ratio chosen.
    coef_ : ndarray of shape (n_features,)
        Coefficients of the fit on all rows at `alpha_`, in the dtype of X.
    intercept_ : float
        0.0 if ``fit_intercept=False``.
    mse_path_ : ndarray of shape (n_l1_ratio, n_alphas, n_splits)
        Weighted mean squared errors of the held-out rows; axes of length one are left out.
    alphas_ : ndarray of shape (n_alphas,) or (n_l1_ratio, n_alphas)
        In decreasing order; two axes for several l1_ratio with grids of their own.
    path_ : RegularizationPath
        The fits on all rows at every alpha of the chosen l1_ratio.
    dual_gap_ : float
        Duality gap of the fit at `alpha_`, float64: see :class:`ElasticNet`.
    n_iter_ : int
        Sweeps of coordinate descent at `alpha_`.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        Where X has string column names.

    Raises
    ------
    TypeError, ValueError
        For a parameter, data or splits that cannot be used; the estimator is left as it was.

    Warns
    -----
    ConvergenceWarning
        If `max_iter` sweeps or rounding left a gap above the tolerance: once for all
        splits, once for the fit on all rows.
    DiagnosticWarning
        If columns of X are constant, `penalty_factor` is 0 for all of them, or l1_ratio is 0
        and `alphas` an int.

    References
    ----------
    .. [1] Friedman, Hastie, Tibshirani: Regularization paths for generalized linear
       models via coordinate descent, 2010.
    .. [2] Breiman, Friedman, Olshen, Stone: Classification and regression trees, 1984,
       for the rule of one standard error.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from fastreg import ElasticNetCV
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = ElasticNetCV(l1_ratio=[0.5, 0.9, 1.0], alphas=20).fit(X, y)
    >>> model.mse_path_.shape
    (3, 20, 5)
    >>> print(model.l1_ratio_, round(float(model.alpha_), 4))
    1.0 0.0031
    """

    path = staticmethod(enet_path)

    def __init__(
        self,
        *,
        l1_ratio: float | ArrayLike = 0.5,
        eps: float = 1e-3,
        alphas: int | ArrayLike = 100,
        fit_intercept: bool = True,
        precompute: str | bool | ArrayLike = "auto",
        max_iter: int = 1000,
        tol: float = 1e-4,
        cv=None,
        copy_X: bool = True,
        verbose: bool | int = 0,
        n_jobs: int | None = None,
        positive: bool = False,
        random_state: int | np.random.RandomState | None = None,
        selection: str = "cyclic",
        selection_rule: str = "min",
        max_loss_increase: float | None = None,
        standardize: bool = False,
        penalty_factor: float | ArrayLike | None = None,
        lower: float | ArrayLike | None = None,
        upper: float | ArrayLike | None = None,
    ):
        super().__init__(
            eps=eps,
            alphas=alphas,
            fit_intercept=fit_intercept,
            max_iter=max_iter,
            tol=tol,
            copy_X=copy_X,
            cv=cv,
            verbose=verbose,
            n_jobs=n_jobs,
            random_state=random_state,
            selection=selection,
            selection_rule=selection_rule,
            max_loss_increase=max_loss_increase,
            standardize=standardize,
            penalty_factor=penalty_factor,
        )
        self.l1_ratio = l1_ratio
        self.precompute = precompute
        self.positive = positive
        self.lower = lower
        self.upper = upper


class LassoCV(CrossValidated):
    r"""Lasso with alpha chosen by cross-validation.

    The problem is that of :class:`Lasso`,

    .. math::

        \frac{1}{2 N} \sum_i s_i (y_i - x_i'w - b)^2 + \alpha \|w\|_1 ,

    and this is :class:`ElasticNetCV` with ``l1_ratio=1``; parameters, attributes, errors
    and warnings are the same, but there is no `l1_ratio_`.

    Parameters
    ----------
    eps, alphas, fit_intercept, precompute, max_iter, tol, copy_X, cv : as in ElasticNetCV
        See :class:`ElasticNetCV`.
    verbose, n_jobs, positive, random_state, selection : as in ElasticNetCV
        See :class:`ElasticNetCV`.
    selection_rule, max_loss_increase, standardize : as in ElasticNetCV
        See :class:`ElasticNetCV`.
    penalty_factor, lower, upper : as in ElasticNetCV
        See :class:`ElasticNetCV`.

    Attributes
    ----------
    alpha_, alpha_min_, alpha_1se_, coef_, intercept_, mse_path_, alphas_
        As in :class:`ElasticNetCV`.
    path_, dual_gap_, n_iter_, n_features_in_, feature_names_in_
        As in :class:`ElasticNetCV`.

    References
    ----------
    .. [1] Tibshirani: Regression shrinkage and selection via the lasso, 1996.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from fastreg import LassoCV
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = LassoCV(selection_rule="1se").fit(X, y)
    >>> print((model.coef_ != 0).sum(), "of", X.shape[1], "features")
    6 of 10 features
    >>> bool(model.alpha_ > model.alpha_min_)
    True
    """

    path = staticmethod(lasso_path)

    def __init__(
        self,
        *,
        eps: float = 1e-3,
        alphas: int | ArrayLike = 100,
        fit_intercept: bool = True,
        precompute: str | bool | ArrayLike = "auto",
        max_iter: int = 1000,
        tol: float = 1e-4,
        copy_X: bool = True,
        cv=None,
        verbose: bool | int = False,
        n_jobs: int | None = None,
        positive: bool = False,
        random_state: int | np.random.RandomState | None = None,
        selection: str = "cyclic",
        selection_rule: str = "min",
        max_loss_increase: float | None = None,
        standardize: bool = False,
        penalty_factor: float | ArrayLike | None = None,
        lower: float | ArrayLike | None = None,
        upper: float | ArrayLike | None = None,
    ):
        super().__init__(
            eps=eps,
            alphas=alphas,
            fit_intercept=fit_intercept,
            max_iter=max_iter,
            tol=tol,
            copy_X=copy_X,
            cv=cv,
            verbose=verbose,
            n_jobs=n_jobs,
            random_state=random_state,
            selection=selection,
            selection_rule=selection_rule,
            max_loss_increase=max_loss_increase,
            standardize=standardize,
            penalty_factor=penalty_factor,
        )
        self.precompute = precompute
        self.positive = positive
        self.lower = lower
        self.upper = upper


class MultiTaskElasticNetCV(CrossValidated):
    r"""Multi-task elastic net with its strength chosen by cross-validation.

    Minimises, over coefficients :math:`W` (n_targets, n_features) and intercepts
    :math:`b`,

    .. math::

        \frac{1}{2 N} \sum_i s_i \|y_i - W x_i - b\|^2
        + \alpha \rho \sum_j \|w_j\| + \frac{\alpha (1 - \rho)}{2} \sum_j \|w_j\|^2 ,

    with :math:`\|w_j\|` the Euclidean norm of feature :math:`j`'s coefficients over the
    targets, so that a feature enters for all targets at once. Held-out errors are averaged
    over targets. The rest is as in :class:`ElasticNetCV`.

    Parameters
    ----------
    l1_ratio : float or array-like, default=0.5
        See :class:`ElasticNetCV`.
    eps, alphas, fit_intercept, max_iter, tol, copy_X, cv : as in ElasticNetCV
        See :class:`ElasticNetCV`.
    verbose, n_jobs, random_state, selection : as in ElasticNetCV
        See :class:`ElasticNetCV`.
    selection_rule, max_loss_increase, standardize, penalty_factor : as in ElasticNetCV
        See :class:`ElasticNetCV`.

    Attributes
    ----------
    coef_ : ndarray of shape (n_targets, n_features)
    intercept_ : ndarray of shape (n_targets,)
        0.0 if ``fit_intercept=False``.
    others
        As in :class:`ElasticNetCV`.

    References
    ----------
    .. [1] Obozinski, Taskar, Jordan: Joint covariate selection and joint subspace
       selection for multiple classification problems, 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import MultiTaskElasticNetCV
    >>> rng = np.random.RandomState(0)
    >>> X = rng.standard_normal((60, 8))
    >>> Y = X[:, :2] @ [[1.0, 2.0], [-1.0, 1.0]] + 0.1 * rng.standard_normal((60, 2))
    >>> model = MultiTaskElasticNetCV(l1_ratio=0.9, max_loss_increase=0.5).fit(X, Y)
    >>> print((model.coef_ != 0).astype(int))
    [[1 1 0 0 0 0 0 0]
     [1 1 0 0 0 0 0 0]]
    """

    _multitask = True
    path = staticmethod(enet_path)

    def __init__(
        self,
        *,
        l1_ratio: float | ArrayLike = 0.5,
        eps: float = 1e-3,
        alphas: int | ArrayLike = 100,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float = 1e-4,
        cv=None,
        copy_X: bool = True,
        verbose: bool | int = 0,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        selection: str = "cyclic",
        selection_rule: str = "min",
        max_loss_increase: float | None = None,
        standardize: bool = False,
        penalty_factor: float | ArrayLike | None = None,
    ):
        super().__init__(
            eps=eps,
            alphas=alphas,
            fit_intercept=fit_intercept,
            max_iter=max_iter,
            tol=tol,
            copy_X=copy_X,
            cv=cv,
            verbose=verbose,
            n_jobs=n_jobs,
            random_state=random_state,
            selection=selection,
            selection_rule=selection_rule,
            max_loss_increase=max_loss_increase,
            standardize=standardize,
            penalty_factor=penalty_factor,
        )
        self.l1_ratio = l1_ratio


class MultiTaskLassoCV(CrossValidated):
    r"""Multi-task lasso with its strength chosen by cross-validation.

    Minimises, over coefficients :math:`W` (n_targets, n_features) and intercepts
    :math:`b`,

    .. math::

        \frac{1}{2 N} \sum_i s_i \|y_i - W x_i - b\|^2 + \alpha \sum_j \|w_j\| ,

    with :math:`\|w_j\|` the Euclidean norm of feature :math:`j`'s coefficients over the
    targets, so that a feature enters for all targets at once. Held-out errors are averaged
    over targets. The rest is as in :class:`LassoCV`.

    Parameters
    ----------
    eps, alphas, fit_intercept, max_iter, tol, copy_X, cv : as in LassoCV
        See :class:`LassoCV`.
    verbose, n_jobs, random_state, selection : as in LassoCV
        See :class:`LassoCV`.
    selection_rule, max_loss_increase, standardize, penalty_factor : as in LassoCV
        See :class:`LassoCV`.

    Attributes
    ----------
    coef_ : ndarray of shape (n_targets, n_features)
    intercept_ : ndarray of shape (n_targets,)
        0.0 if ``fit_intercept=False``.
    others
        As in :class:`LassoCV`.

    References
    ----------
    .. [1] Obozinski, Taskar, Jordan: Joint covariate selection and joint subspace
       selection for multiple classification problems, 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import MultiTaskLassoCV
    >>> rng = np.random.RandomState(0)
    >>> X = rng.standard_normal((60, 8))
    >>> Y = X[:, :2] @ [[1.0, 2.0], [-1.0, 1.0]] + 0.1 * rng.standard_normal((60, 2))
    >>> model = MultiTaskLassoCV(max_loss_increase=0.5).fit(X, Y)
    >>> print((model.coef_ != 0).astype(int))
    [[1 1 0 0 0 0 0 0]
     [1 1 0 0 0 0 0 0]]
    """

    _multitask = True
    path = staticmethod(lasso_path)

    def __init__(
        self,
        *,
        eps: float = 1e-3,
        alphas: int | ArrayLike = 100,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float = 1e-4,
        copy_X: bool = True,
        cv=None,
        verbose: bool | int = False,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        selection: str = "cyclic",
        selection_rule: str = "min",
        max_loss_increase: float | None = None,
        standardize: bool = False,
        penalty_factor: float | ArrayLike | None = None,
    ):
        super().__init__(
            eps=eps,
            alphas=alphas,
            fit_intercept=fit_intercept,
            max_iter=max_iter,
            tol=tol,
            copy_X=copy_X,
            cv=cv,
            verbose=verbose,
            n_jobs=n_jobs,
            random_state=random_state,
            selection=selection,
            selection_rule=selection_rule,
            max_loss_increase=max_loss_increase,
            standardize=standardize,
            penalty_factor=penalty_factor,
        )
