"""Shares of threads that are not equally fast."""

import pytest
from fastreg._kernels.shares import Shares
from hypothesis import given
from hypothesis import strategies as st

speeds = st.lists(st.floats(0.5, 2), min_size=1, max_size=8)


def waits(sizes, speeds, fixed):
    """Seconds that threads wait for the slowest one, and those that it takes; each has `fixed`
    work and its share of 1."""
    seconds = [
        (fixed / len(sizes) + size) / speed for size, speed in zip(sizes, speeds, strict=True)
    ]
    return [max(seconds) - s for s in seconds], max(seconds)


@given(speeds)
def test_threads_come_to_wait_for_nobody(speeds):
    shares = Shares(len(speeds), 1)
    for _ in range(300):
        shares.correct(*waits(shares.sizes, speeds, 0))
    waited, seconds = waits(shares.sizes, speeds, 0)
    assert max(waited) < 0.02 * seconds
    assert sum(shares.sizes) == pytest.approx(1)


@given(speeds, st.floats(0.1, 10))
def test_shares_make_up_for_fixed_work_as_far_as_they_go(speeds, fixed):
    shares = Shares(len(speeds), 1 / (1 + fixed))
    _, before = waits(shares.sizes, speeds, fixed)
    for _ in range(300):
        shares.correct(*waits(shares.sizes, speeds, fixed))
    waited, seconds = waits(shares.sizes, speeds, fixed)
    least = 0.1 / len(speeds)
    assert seconds <= before * 1.001
    assert max(waited) < 0.05 * seconds or min(shares.sizes) < 1.2 * least
    assert min(shares.sizes) > 0.9 * least


def test_equal_threads_keep_equal_shares():
    shares = Shares(3, 0.5)
    for wait in (0, 1e-3):
        shares.correct([wait] * 3, 1)
        assert shares.sizes == pytest.approx([1 / 3] * 3)


def test_a_moment_s_disturbance_moves_little():
    shares = Shares(2, 0.5)
    shares.correct([100, 0], 100)
    assert shares.sizes == pytest.approx([0.525, 0.475])


def test_no_work_teaches_nothing():
    shares = Shares(2, 0)
    shares.correct([1, 0], 1)
    shares.correct([1, 0], 0)
    assert shares.sizes == [0.5, 0.5]
