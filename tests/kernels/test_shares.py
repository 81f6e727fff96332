"""Shares of threads that are not equally fast."""

import pytest
from fastreg._kernels.shares import Shares
from hypothesis import assume, given
from hypothesis import strategies as st

speeds = st.lists(st.floats(0.5, 2), min_size=1, max_size=8)


def run(sizes, speeds, fixed):
    """Seconds that threads wait for the slowest one, and those that it takes; each has its part
    of `fixed` work and its share of 1."""
    seconds = [
        (fixed / len(sizes) + size) / speed for size, speed in zip(sizes, speeds, strict=True)
    ]
    return [max(seconds) - s for s in seconds], max(seconds)


@given(speeds)
def test_threads_come_to_wait_for_nobody(speeds):
    shares = Shares(len(speeds), 1)
    for _ in range(200):
        shares.learn(*run(shares.sizes, speeds, 0))
    waited, seconds = run(shares.sizes, speeds, 0)
    assert max(waited) < 0.01 * seconds
    assert sum(shares.sizes) == pytest.approx(1)


@given(speeds, st.floats(0.1, 10), st.floats(0.7, 1.4))
def test_shares_make_up_for_fixed_work_as_far_as_they_go(speeds, fixed, error):
    # also where the fraction is not quite known
    shares = Shares(len(speeds), 1 / (1 + fixed * error))
    for _ in range(300):
        shares.learn(*run(shares.sizes, speeds, fixed))
    _, before = run([1 / len(speeds)] * len(speeds), speeds, fixed)
    waited, seconds = run(shares.sizes, speeds, fixed)
    assert seconds <= before * 1.001
    assert max(waited) < 0.02 * seconds or min(shares.sizes) < 0.11 / len(speeds)


@given(speeds, st.sampled_from([1, 2, 4, 8, 16]))
def test_whole_parts_come_to_rest(speeds, parts):
    shares = Shares(len(speeds), 1, parts)
    for _ in range(200):
        shares.learn(*run(shares.sizes, speeds, 0))
    sizes = shares.sizes
    assert sum(sizes) == pytest.approx(1)
    assert all(size * parts == round(size * parts) for size in sizes)
    if len(speeds) == 2 and parts == 16:
        assume(abs(speeds[0] / sum(speeds) * parts % 1 - 0.5) > 0.01)  # neither up nor down
        for _ in range(20):
            shares.learn(*run(shares.sizes, speeds, 0))
            assert shares.sizes == sizes
        _, equal = run([1 / len(speeds)] * len(speeds), speeds, 0)
        assert run(sizes, speeds, 0)[1] <= equal


def test_equal_threads_keep_equal_shares():
    shares = Shares(3, 0.5)
    for wait in (0, 1e-3):
        shares.learn([wait] * 3, 1)
        assert shares.sizes == pytest.approx([1 / 3] * 3)


def test_a_moment_s_disturbance_moves_little():
    shares = Shares(2, 1)
    shares.learn([99, 0], 100)
    assert shares.sizes == pytest.approx([0.525, 0.475])


def test_what_is_not_shared_teaches_nothing():
    shares = Shares(2, 0)
    shares.learn([0.5, 0], 1)
    assert shares.sizes == [0.5, 0.5]
    with pytest.raises(ValueError, match="argument 2"):
        shares.learn([0.5], 1)
