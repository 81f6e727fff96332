"""RidgeCV."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from fastreg._typing import MatrixLike
from fastreg._validation import check_fit_input
from fastreg.linear_model._base import LinearRegressor
from fastreg.linear_model._ridge import Ridge
from fastreg.linear_model._ridge_cv_base import CrossValidatedRidge
from fastreg.linear_model._ridge_scores import PredictedTargets


class RidgeCV(CrossValidatedRidge, LinearRegressor):
    r"""Ridge regression with alpha chosen by leave-one-out or other cross-validation.

    The problem is that of :class:`Ridge`,

    .. math:: \sum_i s_i (y_i - x_i'w - b)^2 + \alpha \|w\|_2^2 .

    By default each row is left out once. The errors are exact and come, for all alphas,
    from one decomposition [1]_: with :math:`H = A (A'A + \alpha I)^{-1} A'` of the centred,
    weighted X and :math:`r` the residual of the fit on all rows, the error of row i is
    :math:`r_i / (1 - h_{ii} - s_i / \sum_k s_k)`. With `cv`, all alphas of a split come from
    one decomposition of its training rows.

    Parameters
    ----------
    alphas : float or array-like of shape (n_alphas,), default=(0.1, 1.0, 10.0)
        The alphas to choose from: above 0, or at least 0 with `cv`.
    fit_intercept : bool, default=True
        Fit an intercept. X is not copied for it.
    scoring : str, callable or None, default=None
        A scorer ``scorer(estimator, X, y)`` or its name in scikit-learn. None is the squared
        error where rows are left out one by one, and R2 with `cv`. A scorer that is called for
        leave-one-out sees the predictions of all rows at once.
    cv : int, splitter, iterable or None, default=None
        None leaves out one row at a time. Otherwise as in scikit-learn: an int is the
        number of folds, an iterable yields (train, test) row numbers.
    gcv_mode : {"auto", "eigen", "svd"} or None, default=None
        Decomposition for leave-one-out. "eigen", which "auto" and None stand for: that of A'A
        or AA', whichever is smaller, and "svd" where that is not accurate enough. "svd":
        singular values from a triangular factor of X. Sparse X takes "eigen".
    store_cv_results : bool, default=False
        Keep `cv_results_`. For ``cv=None`` only.
    alpha_per_target : bool, default=False
        Choose an alpha for each target. For ``cv=None`` only.
    selection_rule : {"min", "1se"}, default="min"
        "min" chooses the alpha with the best mean score, "1se" the largest alpha whose mean
        score is within one standard error of that: over rows for leave-one-out without
        `scoring`, over splits with `cv`.
    max_loss_increase : float or None, default=None
        Choose the largest alpha whose loss is at most ``1 + max_loss_increase`` times the
        smallest. The loss is the mean squared error for leave-one-out, and 1 - R2 with `cv`;
        of a scorer it is the score with its sign turned.
    standardize : bool, default=False
        Divide each column by its weighted standard deviation, taken from the training rows
        of each split, and from all rows for the final fit; about zero where
        ``fit_intercept=False``. Constant columns are left alone. Coefficients are those
        of X as it was given. alphas are on the standardised scale.

    Attributes
    ----------
    alpha_ : float or ndarray of shape (n_targets,)
        The alpha chosen, one for each target with `alpha_per_target`.
    alpha_min_, alpha_1se_ : float or ndarray of shape (n_targets,)
        The alphas that the two rules choose; `alpha_1se_` is NaN where there is no standard
        error.
    best_score_ : float or ndarray of shape (n_targets,)
        The mean score at `alpha_`: minus the mean of :math:`s_i e_i^2` for leave-one-out
        without `scoring`.
    cv_results_ : ndarray of shape (n_samples, n_alphas) or (n_samples, n_targets, n_alphas)
        With `store_cv_results`: :math:`s_i e_i^2` without `scoring`, predictions of the rows
        left out with it, in the dtype of X.
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients of the fit on all rows at `alpha_`, in the dtype of X.
    intercept_ : float or ndarray of shape (n_targets,)
        0.0 if ``fit_intercept=False``.
    dual_gap_ : float or ndarray of shape (n_targets,)
        Duality gap of that fit, computed from X in float64: see :class:`Ridge`.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        Where X has string column names.

    Raises
    ------
    TypeError, ValueError
        For a parameter, data or splits that cannot be used; the estimator is left as it was.

    Warns
    -----
    LinAlgWarning
        If the system is so ill-conditioned that singular values took over.
    DiagnosticWarning
        If columns of X are constant.

    References
    ----------
    .. [1] Golub, Heath, Wahba: Generalized cross-validation as a method for choosing a good
       ridge parameter, 1979.
    .. [2] Allen: The relationship between variable selection and data augmentation and a
       method for prediction, 1974.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from fastreg import RidgeCV
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = RidgeCV(alphas=[1e-3, 1e-2, 1e-1, 1.0]).fit(X, y)
    >>> model.alpha_
    0.01
    >>> RidgeCV(alphas=[1e-3, 1e-2, 1e-1, 1.0], cv=5, selection_rule="1se").fit(X, y).alpha_
    0.1
    """

    _default_scoring = "r2"

    def __init__(
        self,
        alphas: float | ArrayLike = (0.1, 1.0, 10.0),
        *,
        fit_intercept: bool = True,
        scoring: str | Callable | None = None,
        cv=None,
        gcv_mode: str | None = None,
        store_cv_results: bool = False,
        alpha_per_target: bool = False,
        selection_rule: str = "min",
        max_loss_increase: float | None = None,
        standardize: bool = False,
    ):
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.scoring = scoring
        self.cv = cv
        self.gcv_mode = gcv_mode
        self.store_cv_results = store_cv_results
        self.alpha_per_target = alpha_per_target
        self.selection_rule = selection_rule
        self.max_loss_increase = max_loss_increase
        self.standardize = standardize

    def fit(
        self,
        X: MatrixLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        **params,
    ) -> Self:
        """Choose alpha, and fit on all rows.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            float32 and float64 arrays in either order are used where they lie.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights, at least 0, as in :class:`Ridge`; scorers get them too. The mean over
            splits is not weighted, as in scikit-learn.
        **params
            For the scorer and the splitter, such as `groups`, where metadata routing is
            enabled.

        Returns
        -------
        self : object
        """
        return super().fit(X, y, sample_weight, **params)

    def _check_data(self, X, y):
        X, y = check_fit_input(self, X, y)
        return X, y, np.asarray(y, dtype=np.float64).reshape(len(y), -1)

    def _weights(self, _, sample_weight):
        return sample_weight

    def _target_shape(self, y):
        return y.shape[1:]

    def _predicted(self):
        return PredictedTargets()

    def _fitted_model(self, alpha):
        return Ridge(alpha, fit_intercept=self.fit_intercept)
