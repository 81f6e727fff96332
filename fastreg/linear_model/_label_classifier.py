"""What classifiers share that regress on labels coded as -1 and 1."""

import numpy as np
from numpy.typing import ArrayLike
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import compute_sample_weight
from sklearn.utils.validation import check_is_fitted

from fastreg._typing import MatrixLike
from fastreg._validation import check_class_weight, explained
from fastreg.linear_model._base import LinearClassifierMixin, LinearModel


class LabelClassifier(LinearClassifierMixin, LinearModel):
    """Base of the classifiers that fit one column of -1 and 1 for each class; not public.

    Two classes share a column, and so does each label of a multilabel y.
    """

    def predict(self, X: MatrixLike) -> np.ndarray:
        """Predict the class of each sample.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
            The second where y was an indicator of several labels.
        """
        check_is_fitted(self)
        if not self._is_multilabel:
            return super().predict(X)
        return self._binarizer.inverse_transform(np.where(self.decision_function(X) > 0, 1.0, -1.0))

    def _code_labels(self, y):
        """The labels as columns of -1.0 and 1.0 (n_samples, n_targets); sets `classes_`."""
        binarizer = LabelBinarizer(neg_label=-1, pos_label=1)
        with explained("y", "Pass a label for each sample, or an indicator matrix of labels."):
            Y = binarizer.fit_transform(y)
        self._binarizer, self.classes_ = binarizer, binarizer.classes_
        return Y.astype(np.float64)

    @property
    def _is_multilabel(self):
        return self._binarizer.y_type_.startswith("multilabel")

    def _label_weights(self, y, sample_weight: ArrayLike | None):
        """Weights of samples times those of their classes; None where all are 1."""
        check_class_weight(self.class_weight)
        if not self.class_weight:  # None, or a dict that names no class
            return sample_weight
        with explained("class_weight", "Name labels that are in y."):
            weights = compute_sample_weight(self.class_weight, y)
        return weights if sample_weight is None else weights * sample_weight

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
