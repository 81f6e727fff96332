"""`class_weight` as a weight for each row."""

import numpy as np
from sklearn.utils.class_weight import compute_sample_weight

from fastreg._labels import codes_of
from fastreg._validation import check_class_weight


def weights_of_classes(class_weight, y, classes):
    """What `class_weight` says of each row.

    Parameters
    ----------
    class_weight : dict, "balanced" or list of these
        A list for an indicator y, with one for each column, whose weights are multiplied.
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
    classes : ndarray
        All classes, some of which may not be among these rows.

    Returns
    -------
    ndarray of shape (n_samples,)
    """
    columns = [y] if y.ndim == 1 else list((y != 0).astype(int).T)
    if y.ndim == 1:
        if isinstance(class_weight, list):
            raise ValueError(
                "class_weight is a list, which is for an indicator matrix y, and y has one label "
                "a row: pass a dict."
            )
        by_column, classes = [class_weight], [classes]
    else:
        by_column = _for_columns(class_weight, len(columns))
        classes = [np.array([0, 1])] * len(columns)
    weights = np.ones(len(y))
    for one, labels, known in zip(by_column, columns, classes, strict=True):
        check_class_weight(one)
        if one is not None:
            weights *= _of_labels(one, labels, known)
    return weights


def _for_columns(class_weight, n_columns):
    if isinstance(class_weight, str):
        return [class_weight] * n_columns
    if not isinstance(class_weight, list) or len(class_weight) != n_columns:
        raise ValueError(
            f"class_weight={class_weight!r} does not fit an indicator matrix y of {n_columns} "
            f"columns: pass a list of {n_columns} dicts, or 'balanced'."
        )
    return class_weight


def _of_labels(class_weight, labels, classes):
    if isinstance(class_weight, str):
        return compute_sample_weight(class_weight, labels)
    classes_as_they_are = classes.tolist()
    unknown = [label for label in class_weight if label not in classes_as_they_are]
    # as in scikit-learn, labels that don't occur may be there beside all that do
    if unknown and any(label not in class_weight for label in classes_as_they_are):
        raise ValueError(
            f"class_weight has a weight for {unknown[0]!r}, which is not among the classes "
            f"{classes_as_they_are}: name these."
        )
    table = np.array([class_weight.get(label, 1.0) for label in classes_as_they_are])
    return table[codes_of(labels, classes)].astype(np.float64)
