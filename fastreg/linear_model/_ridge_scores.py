"""Scores of held-out predictions of ridge: scorers, and what they are given."""

import numbers
import warnings

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import check_scoring, get_scorer

from fastreg._validation import user_stacklevel
from fastreg.linear_model._label_classifier import LabelClassifier

# Scores that are 1 at best: their loss is what is missing.
BOUNDED_BY_ONE = {"r2", "explained_variance", "accuracy", "balanced_accuracy"}


class PredictedTargets(RegressorMixin, BaseEstimator):
    """A regressor for scorers whose X holds the predictions already."""

    def predict(self, X):
        """X itself."""
        return X


class PredictedLabels(LabelClassifier):
    """A classifier for scorers whose X holds the decisions already."""

    def fit(self, binarizer):
        """Take over how labels were coded."""
        self._binarizer, self.classes_ = binarizer, binarizer.classes_
        return self

    def decision_function(self, X):
        """X itself."""
        return X.ravel() if X.ndim == 2 and X.shape[1] == 1 else X


def as_scorer(estimator):
    """The scorer that `estimator.scoring` stands for."""
    return check_scoring(estimator, scoring=estimator.scoring)


def routed_scorer(estimator, default):
    """The same where metadata is routed: the default one asks for sample weights."""
    if estimator.scoring is None:
        return get_scorer(default).set_score_request(sample_weight=True)
    return as_scorer(estimator)


class Scoring:
    """A scorer as a function (model, X, y, params) that returns a float.

    Scores are not weighted where the scorer cannot; `warn` says so, once for all.
    """

    def __init__(self, scorer):
        self.scorer, self.weighted = scorer, True

    def __call__(self, model, X, y, params):
        try:
            value = self.scorer(model, X, y, **params)
        except TypeError as error:
            if "unexpected keyword argument 'sample_weight'" not in str(error):
                raise
            self.weighted = False
            rest = {name: param for name, param in params.items() if name != "sample_weight"}
            value = self.scorer(model, X, y, **rest)
        if isinstance(value, numbers.Real) or (isinstance(value, np.ndarray) and value.ndim == 0):
            return float(value)
        raise ValueError(
            f"scoring must return one number, got {value!r} of type {type(value).__name__}: "
            "pass a scorer that does, scorer(estimator, X, y)."
        )

    def warn(self):
        """Say that scores are not weighted, where that was asked for."""
        if not self.weighted:
            warnings.warn(
                f"The scoring {self.scorer} does not support sample_weight: its scores are not "
                "weighted. Use one that takes sample_weight.",
                UserWarning,
                stacklevel=user_stacklevel(),
            )


def warn_undefined_r2(splits):
    """Say that a split has too few rows to test on, if one has."""
    if any(len(split.test) < 2 for split in splits):
        warnings.warn(
            "R^2 score is not well-defined with less than two samples.",
            UndefinedMetricWarning,
            stacklevel=user_stacklevel(),
        )


def loss_of(scores, scoring, max_increase):
    """What the rules make small, from scores (n_alphas,) that are better the larger.

    Where a share of it matters, it is a loss that is zero at best.
    """
    if np.isnan(scores).any():
        warnings.warn(
            "One or more of the test scores are non-finite, and count as the worst: use larger "
            "test sets, or another scoring.",
            UserWarning,
            stacklevel=user_stacklevel(),
        )
    loss = np.where(np.isnan(scores), np.inf, -scores)
    if max_increase is None:
        return loss
    loss = loss + (scoring in BOUNDED_BY_ONE)
    if loss.min() < 0:
        raise ValueError(
            f"max_loss_increase needs a score that is a loss with its sign turned, and scoring="
            f"{scoring!r} gave {-loss.min():g}: pass scoring='neg_mean_squared_error', or "
            "selection_rule='1se'."
        )
    return loss


def r2_of_errors(mse, Y, weights):
    """R2 (k,), averaged over targets, from weighted mean squared errors (k, T) on rows Y (m, T).

    NaN for a single row. A target that is constant there scores 1 where it is met exactly,
    0 otherwise.
    """
    if len(Y) < 2:
        return np.full(len(mse), np.nan)
    variance = np.average(
        (Y - np.average(Y, axis=0, weights=weights)) ** 2, axis=0, weights=weights
    )
    constant = np.ptp(Y[weights > 0], axis=0) == 0
    r2 = 1 - mse / np.where(constant, 1.0, variance)
    r2[:, constant] = mse[:, constant] == 0
    return r2.mean(axis=1)
