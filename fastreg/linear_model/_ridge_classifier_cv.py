"""RidgeClassifierCV."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from numpy.typing import ArrayLike

from fastreg._typing import MatrixLike
from fastreg._validation import check_class_weight, check_classifier_input
from fastreg.linear_model._label_classifier import LabelClassifier
from fastreg.linear_model._ridge_classifier import RidgeClassifier
from fastreg.linear_model._ridge_cv_base import CrossValidatedRidge
from fastreg.linear_model._ridge_scores import PredictedLabels


class RidgeClassifierCV(CrossValidatedRidge, LabelClassifier):
    r"""Ridge classifier with alpha chosen by leave-one-out or other cross-validation.

    Ridge regression on one column of -1 and 1 for each class (a single one for two classes),
    as :class:`RidgeCV` does it: with t the column of a class, each minimises

    .. math:: \sum_i s_i (t_i - x_i'w - b)^2 + \alpha \|w\|_2^2 .

    All classes share alpha. A sample gets the class with the largest prediction.

    Parameters
    ----------
    alphas : float or array-like of shape (n_alphas,), default=(0.1, 1.0, 10.0)
        The alphas to choose from: above 0, or at least 0 with `cv`.
    fit_intercept : bool, default=True
        Fit an intercept. X is not copied for it.
    scoring : str, callable or None, default=None
        A scorer ``scorer(estimator, X, y)`` or its name in scikit-learn. None is the squared
        error of the columns where rows are left out one by one, and accuracy with `cv`.
    cv : int, splitter, iterable or None, default=None
        None leaves out one row at a time. Otherwise as in scikit-learn: an int is the
        number of stratified folds, an iterable yields (train, test) row numbers.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class, by label; "balanced" weighs each inversely to its frequency in
        all rows. They multiply `sample_weight`.
    store_cv_results : bool, default=False
        Keep `cv_results_`. For ``cv=None`` only.
    selection_rule, max_loss_increase, standardize : as in RidgeCV
        See :class:`RidgeCV`; the loss of accuracy is the share of errors.

    Attributes
    ----------
    alpha_, alpha_min_, alpha_1se_, best_score_ : float
        As in :class:`RidgeCV`.
    cv_results_ : ndarray of shape (n_samples, n_targets, n_alphas)
        With `store_cv_results`: as in :class:`RidgeCV`, for each column.
    classes_ : ndarray of shape (n_classes,)
        The labels.
    coef_ : ndarray of shape (n_features,) or (n_classes, n_features)
        The first for two classes.
    intercept_ : float or ndarray of shape (n_targets,)
        0.0 if ``fit_intercept=False``.
    dual_gap_ : float or ndarray of shape (n_targets,)
        As in :class:`RidgeCV`.
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

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from fastreg import RidgeClassifierCV
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = RidgeClassifierCV(alphas=[1e-2, 1e-1, 1.0], standardize=True, cv=5).fit(X, y)
    >>> round(model.score(X, y), 3)
    0.965
    """

    _default_scoring = "accuracy"

    def __init__(
        self,
        alphas: float | ArrayLike = (0.1, 1.0, 10.0),
        *,
        fit_intercept: bool = True,
        scoring: str | Callable | None = None,
        cv=None,
        class_weight: dict | str | None = None,
        store_cv_results: bool = False,
        selection_rule: str = "min",
        max_loss_increase: float | None = None,
        standardize: bool = False,
    ):
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.scoring = scoring
        self.cv = cv
        self.class_weight = class_weight
        self.store_cv_results = store_cv_results
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
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Labels, or an indicator matrix of several labels.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights, at least 0, as in :class:`RidgeCV`.
        **params
            For the scorer and the splitter, such as `groups`, where metadata routing is
            enabled.

        Returns
        -------
        self : object
        """
        return super().fit(X, y, sample_weight, **params)

    def _check_parameters(self):
        super()._check_parameters()
        check_class_weight(self.class_weight)

    def _check_data(self, X, y):
        X, y = check_classifier_input(self, X, y)
        return X, y, self._code_labels(y)

    def _weights(self, y, sample_weight):
        return self._label_weights(y, sample_weight)

    def _target_shape(self, _):
        return (len(self.classes_),)

    def _predicted(self):
        return PredictedLabels().fit(self._binarizer)

    def _fitted_model(self, alpha):
        model = RidgeClassifier(alpha, fit_intercept=self.fit_intercept)
        model._binarizer, model.classes_ = self._binarizer, self.classes_
        return model
