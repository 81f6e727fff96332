"""The classes of labels are those of np.unique, in the same type."""

import numpy as np
import pytest

from fastreg._labels import classes_of


@pytest.mark.parametrize(
    "y",
    [
        np.array([True, False, True]),
        np.array([True, True]),
        np.array([3, -2, 3, 7]),
        np.array([-128, 127, 0], dtype=np.int8),
        np.array([255, 0], dtype=np.uint8),
        np.array([2**63, 2**63 + 2], dtype=np.uint64),
        np.array([-(2**63), 2**63 - 1]),
        np.array([0, 5000]),
        np.arange(0, 10_000, 5),
        np.array([], dtype=int),
        np.array([0.5, -1.0, 0.5]),
        np.array(["b", "a", "b"]),
        np.array(["b", "a", "b"], dtype=object),
    ],
    ids=str,
)
def test_classes_are_the_distinct_labels(y):
    classes, wanted = classes_of(y), np.unique(y)
    assert classes.dtype == wanted.dtype
    np.testing.assert_array_equal(classes, wanted)
