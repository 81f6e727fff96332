"""When X is turned into C order for solvers that visit single rows."""

import numpy as np
import pytest

from fastreg._engine import row_order
from fastreg._engine.row_order import for_rows


@pytest.fixture
def matrix():
    return np.random.RandomState(0).standard_normal((6, 4))


def test_fortran_order_is_turned(matrix):
    turned = for_rows(np.asfortranarray(matrix))
    assert turned.flags.c_contiguous
    np.testing.assert_array_equal(turned, matrix)


def test_rows_that_lie_together_stay_where_they_are(matrix):
    for view in (matrix, matrix[::2], matrix[:, 1:3], matrix[:1], matrix[:, :1]):
        assert for_rows(view) is view


def test_large_x_stays_where_it_is(matrix, monkeypatch):
    monkeypatch.setattr(row_order, "MAX_TURNED_BYTES", matrix.nbytes - 1)
    by_columns = np.asfortranarray(matrix)
    assert for_rows(by_columns) is by_columns


def test_fields_of_packed_records_are_copied():
    records = np.zeros(5, dtype=[("pad", "u1"), ("x", "f8", (3,))])
    copy = for_rows(records["x"])
    assert copy.flags.aligned
    assert copy.flags.c_contiguous
