"""Classification by ridge regression on coded labels."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from fastreg._typing import MatrixLike
from fastreg._validation import check_classifier_input, check_sample_weight, unchanged_on_error
from fastreg.linear_model._base_ridge import BaseRidge
from fastreg.linear_model._label_classifier import LabelClassifier


class RidgeClassifier(LabelClassifier, BaseRidge):
    r"""Classifier that fits :class:`Ridge` to labels coded as -1 and 1.

    For each class k, over coefficients :math:`w_k` and intercepts :math:`b_k`,

    .. math:: \sum_i s_i (Y_{ik} - x_i'w_k - b_k)^2 + \alpha \|w_k\|_2^2

    is minimised, with :math:`Y_{ik}` 1 where sample i is of class k and -1
    elsewhere. All classes share the work on X. The class with the largest score is
    predicted. Two classes have one column, and so has each label of a multilabel y.

    Parameters
    ----------
    alpha : float or array-like of shape (n_targets,), default=1.0
        Strength of the penalty, at least 0; an array holds one for each column.
    fit_intercept, copy_X, max_iter, tol : as in Ridge
    class_weight : dict or "balanced", default=None
        Weights of classes, as ``{label: weight}``; labels that are not named have 1.
        "balanced" gives all classes the same weight in sum. They multiply
        `sample_weight`.
    solver, positive, random_state : as in Ridge

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients, in the dtype of X; of one dimension for two classes.
    intercept_ : float or ndarray of shape (n_targets,)
        0.0 if ``fit_intercept=False``.
    dual_gap_, n_iter_, solver_, n_features_in_, feature_names_in_ : as in Ridge

    Raises
    ------
    TypeError, ValueError
        For a parameter, X, y or sample_weight that cannot be used; the estimator is
        left as it was.

    Warns
    -----
    LinAlgWarning, ConvergenceWarning, DiagnosticWarning
        As :class:`Ridge`.

    See Also
    --------
    Ridge : The regression behind it.

    References
    ----------
    .. [1] Rifkin, Yeo, Poggio: Regularized least-squares classification, 2003.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from fastreg import RidgeClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = RidgeClassifier().fit(X, y)
    >>> print(round(model.score(X, y), 3))
    0.853
    >>> model.predict(X[:3])
    array([0, 0, 0])
    """

    def __init__(
        self,
        alpha: float | ArrayLike = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = None,
        tol: float = 1e-4,
        class_weight: dict | str | None = None,
        solver: str = "auto",
        positive: bool = False,
        random_state: int | np.random.RandomState | None = None,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.class_weight = class_weight
        self.solver = solver
        self.positive = positive
        self.random_state = random_state

    def fit(self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            float32 and float64 arrays in either order are used where they lie.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Labels of any type, or an indicator matrix of several labels.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights, at least 0.

        Returns
        -------
        self : object
        """
        with unchanged_on_error(self):
            self._check_parameters()
            X, y = check_classifier_input(self, X, y)
            sample_weight = check_sample_weight(sample_weight, X.shape[0])
            weights = self._label_weights(y, sample_weight)
            self._fit(X, self._code_labels(y), weights, stacklevel=3)
        return self
