"""The classes that labels stand for."""

import numpy as np
from sklearn.utils.multiclass import type_of_target

# Whole numbers that span at most so many values, or one for each sample, are counted.
COUNTED_SPAN = 1 << 10


def classes_of(y):
    """The distinct labels, sorted: `np.unique`, without sorting where they are small whole numbers.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)

    Returns
    -------
    ndarray of shape (n_classes,)
        In y's type.
    """
    if not _are_whole(y):
        return np.unique(y)
    low, high = int(y.min()), int(y.max())
    if high - low >= max(COUNTED_SPAN, len(y)) or high > np.iinfo(np.intp).max:
        return np.unique(y)
    counts = np.bincount(y.astype(np.intp, copy=False) - low)
    return (np.flatnonzero(counts) + low).astype(y.dtype)


def codes_of(y, classes):
    """The place of each label among sorted classes: `np.searchsorted`, by a table where these
    are small whole numbers.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    classes : ndarray of shape (n_classes,)

    Returns
    -------
    ndarray of shape (n_samples,), intp
        The place of some class, or n_classes, for a label that is none.
    """
    counted = _are_whole(y) and _are_whole(classes)
    if counted:
        low, high = int(classes[0]), int(classes[-1])
        counted = high - low < COUNTED_SPAN and high < np.iinfo(np.intp).max
    if not counted:
        return np.searchsorted(classes, y).astype(np.intp, copy=False)
    table = np.searchsorted(classes.astype(np.intp), np.arange(low, high + 1))
    places = y.astype(np.intp)  # a copy
    np.clip(places, low, high, out=places)
    places -= low
    return table.take(places)


def kind_of(y):
    """What `type_of_target` says of labels; "multiclass" for any vector of whole numbers that
    span so little that a class comes twice or more on average.

    Parameters
    ----------
    y : ndarray

    Returns
    -------
    str
    """
    if y.ndim == 1 and _are_whole(y) and 2 * (int(y.max()) - int(y.min()) + 1) <= len(y):
        return "multiclass"
    return type_of_target(y, input_name="y")


def _are_whole(labels):
    return labels.dtype.kind in "biu" and len(labels) > 0
