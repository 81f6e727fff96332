"""Whether numbers are finite."""

import numpy as np
import pytest
from fastreg._kernels.finite import all_finite


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 7, 23])
def test_one_bad_number_is_found(bad, place):
    a = np.zeros(24)
    a[place] = bad
    for shaped in (a, a.reshape(4, 6), a.reshape(6, 4).T):
        assert not all_finite(shaped)


def test_the_largest_numbers_are_finite():
    largest = np.finfo(np.float64).max
    assert all_finite(np.full((3, 2), largest))
    assert all_finite(np.array([-largest, 5e-324]))
    assert all_finite(np.empty((0, 3)))
