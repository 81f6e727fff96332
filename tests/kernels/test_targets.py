"""Targets are centred, turned over and scaled."""

import numpy as np
import pytest
from fastreg._kernels.targets import center_targets
from hypothesis import given, settings
from hypothesis import strategies as st


def centred(Y, w, heaviest, n_threads=1, scale=None):
    return center_targets(Y, w, scale, float(w.sum()), heaviest, n_threads)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 5000),
    st.integers(1, 5),
    st.sampled_from("CF"),
    st.sampled_from([0.0, 1.0, 1e8, -1e12]),
    st.booleans(),
    st.integers(0, 2**31 - 1),
)
def test_rows_means_and_norms(n, n_targets, order, offset, weighted, seed):
    rng = np.random.RandomState(seed)
    Y = np.asarray(rng.standard_normal((n, n_targets)) + offset, order=order)
    w = rng.uniform(0.5, 2, n) if weighted else np.ones(n)
    scale = np.sqrt(w) if weighted else None
    rows, mean, rest, squared_norms = centred(Y, w, int(np.argmax(w)), scale=scale)
    above = Y.astype(np.longdouble) - Y[0]  # exact
    wanted_mean = (w[:, None] * above).sum(axis=0) / w.sum(dtype=np.longdouble)
    spread = 1 + np.abs(above).max()
    assert (np.abs(mean.astype(np.longdouble) - Y[0] + rest - wanted_mean) <= 1e-14 * spread).all()
    wanted = ((above - wanted_mean) * np.sqrt(w)[:, None]).T
    assert (np.abs(rows - wanted) <= 1e-14 * spread).all()
    np.testing.assert_allclose(squared_norms, (rows**2).sum(axis=1), rtol=1e-12)


def test_a_constant_target_has_nothing_left():
    rows, mean, rest, squared_norms = centred(np.full((7, 1), 0.1), np.ones(7), 0)
    assert not rows.any()
    assert mean[0] == 0.1
    assert rest[0] == squared_norms[0] == 0


def test_without_centring_rows_are_the_targets():
    Y = np.random.RandomState(0).standard_normal((50, 3))[::2, ::-1]
    rows, mean, rest, _ = centred(Y, np.ones(25), -1)
    np.testing.assert_array_equal(rows, Y.T)
    assert not mean.any()
    assert not rest.any()


@pytest.mark.parametrize("order", ["C", "F"])
def test_threads_change_nothing(order):
    Y = np.asarray(np.random.RandomState(0).standard_normal((9000, 7)), order=order)
    one, four = (centred(Y, np.ones(9000), 0, n_threads) for n_threads in (1, 4))
    for a, b in zip(one, four, strict=True):
        np.testing.assert_array_equal(a, b)
