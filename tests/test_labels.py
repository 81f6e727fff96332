"""The classes of labels are those of np.unique, in the same type, and codes their places."""

import warnings

import numpy as np
import pytest
from sklearn.utils.multiclass import type_of_target

from fastreg._labels import classes_of, codes_of, kind_of

LABELS = pytest.mark.parametrize(
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


@LABELS
def test_classes_are_the_distinct_labels(y):
    classes, wanted = classes_of(y), np.unique(y)
    assert classes.dtype == wanted.dtype
    np.testing.assert_array_equal(classes, wanted)


@LABELS
def test_codes_are_the_places_of_labels(y):
    classes = np.unique(y)
    codes = codes_of(y, classes)
    assert codes.dtype == np.intp
    np.testing.assert_array_equal(codes, np.searchsorted(classes, y))


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint64, np.float64])
def test_a_label_that_is_no_class_has_the_code_of_another(dtype):
    classes = np.array([2, 5, 9], dtype=np.int64)
    y = np.array([0, 2, 3, 5, 9, 10, 100], dtype=dtype)
    codes = np.minimum(codes_of(y, classes), len(classes) - 1)
    np.testing.assert_array_equal(classes[codes] == y, np.isin(y, classes))


@LABELS
def test_kinds_are_those_of_scikit_learn(y):
    y = np.repeat(y, 3)
    wanted = type_of_target(y) if len(y) else "binary"
    kind = kind_of(y)
    if kind == "multiclass" and wanted == "binary":
        assert len(np.unique(y)) <= 2
    else:
        assert kind == wanted


@pytest.mark.parametrize("n_classes", [2, 15, 16, 29, 30])
def test_warnings_of_kinds_are_those_of_scikit_learn(n_classes):
    """Some of its versions warn of a class for nearly each row."""
    y, messages = np.arange(30) % n_classes, []
    for kind in (kind_of, type_of_target):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            kind(y)
        messages.append([str(warning.message) for warning in caught])
    assert messages[0] == messages[1]
