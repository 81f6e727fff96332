"""The classes that labels stand for."""

import numpy as np

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
    if y.dtype.kind not in "biu" or len(y) == 0:
        return np.unique(y)
    low, high = int(y.min()), int(y.max())
    if high - low >= max(COUNTED_SPAN, len(y)) or high > np.iinfo(np.intp).max:
        return np.unique(y)
    counts = np.bincount(y.astype(np.intp, copy=False) - low)
    return (np.flatnonzero(counts) + low).astype(y.dtype)
