"""Columns in use, and gaps, where most coordinates are passed over many at a time."""

import numpy as np
import pytest
from fastreg._kernels.penalty import Penalty, duality_gap
from fastreg._kernels.support import mark_support, support


@pytest.mark.parametrize("p", [0, 1, 31, 32, 33, 64, 200])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 1.0])
def test_support_is_where_a_task_has_a_coefficient(p, share):
    rng = np.random.default_rng(p)
    W = rng.normal(size=(3, p)) * (rng.random((3, p)) < share)
    np.testing.assert_array_equal(support(W), np.flatnonzero(W.any(axis=0)))
    np.testing.assert_array_equal(support(np.asfortranarray(W)), support(W))
    used = np.zeros(p, dtype=np.uint8)
    used[:1] = 1
    mark_support(W, used)
    np.testing.assert_array_equal(used[1:], W.any(axis=0)[1:])
    assert used[:1].all()


@pytest.mark.parametrize(("value", "counts"), [(-0.0, False), (np.nan, True), (5e-324, True)])
def test_support_of_odd_numbers(value, counts):
    for j in (0, 31, 32, 50, 69):
        W = np.zeros((1, 70))
        W[0, j] = value
        assert len(support(W)) == counts


@pytest.mark.parametrize("l2", [0.0, 0.3])
@pytest.mark.parametrize("p", [1, 31, 32, 33, 200])
def test_the_gap_is_that_of_factors_of_one(p, l2):
    """With factors each coordinate is looked at by itself."""
    rng = np.random.default_rng(p)
    for share in (0.0, 0.05, 1.0):
        w = rng.normal(size=(1, p)) * (rng.random(p) < share)
        c = rng.normal(size=(1, p))
        for l1 in (0.5, 2.0, 4.0):
            gap = duality_gap(Penalty(l1, l2), w, c, 3.0)
            one_by_one = duality_gap(Penalty(l1, l2, factor=np.ones(p)), w, c, 3.0)
            assert gap == one_by_one


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_no_gap_hides_a_gradient_that_is_not_finite(bad):
    for j in (0, 31, 40, 63, 99):
        c = np.full((1, 100), 0.1)
        c[0, j] = bad
        assert not np.isfinite(duality_gap(Penalty(1.0, 0.0), np.zeros((1, 100)), c, 1.0))
