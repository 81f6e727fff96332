"""The path from kink to kink meets the optimality conditions at every alpha."""

import numpy as np
import pytest
from fastreg._kernels.homotopy import Homotopy
from fastreg._kernels.inverse_factor import InverseFactor
from fastreg._kernels.penalty import Penalty, duality_gap
from hypothesis import given, settings
from hypothesis import strategies as st


def problem(seed, n, k, correlation=0.0):
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((n, k)) + correlation * rng.standard_normal((n, 1))
    y = A[:, :3].sum(axis=1) + rng.standard_normal(n)
    return A, y


def gap_at(A, y, w, l1, factor=None):
    residual = y - A @ w
    C = (A.T @ residual)[np.newaxis]
    penalty = Penalty(l1, 0.0, factor=factor)
    return duality_gap(penalty, w[np.newaxis], C, residual @ residual) / (y @ y)


def follow(A, y, l1s, *, start=None, l1=None, factor=None, max_active=10_000, kept=None):
    """From zero, or from a solution (w, l1); `factor` are the penalty's."""
    w = np.zeros(A.shape[1]) if start is None else start
    c = A.T @ (y - A @ w)
    if l1 is None:
        l1 = np.abs(c if factor is None else c / factor).max()
    kept = InverseFactor(A.shape[1]) if kept is None else kept
    homotopy = Homotopy(A.T @ A, kept, Penalty(1.0, 0.0, factor=factor), w, c, l1)
    return homotopy.follow(np.asarray(l1s, dtype=float), max_active), homotopy.n_kinks


def grid(A, y, n_alphas=12, least=1e-3, factor=None):
    c = A.T @ y
    return np.geomspace(1, least, n_alphas) * np.abs(c if factor is None else c / factor).max()


@given(
    seed=st.integers(0, 10**6),
    n=st.integers(2, 30),
    k=st.integers(1, 40),
    correlation=st.sampled_from([0.0, 1.0, 5.0]),
    weighted=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_every_solution_is_optimal(seed, n, k, correlation, weighted):
    A, y = problem(seed, n, k, correlation)
    factor = np.random.default_rng(seed).uniform(0.3, 3, k) if weighted else None
    l1s = grid(A, y, factor=factor)
    W, _ = follow(A, y, l1s, factor=factor)
    assert len(W) == len(l1s)
    for w, l1 in zip(W, l1s, strict=True):
        assert gap_at(A, y, w, l1, factor) < 1e-11


@pytest.mark.parametrize("k", [40, 400], ids=["all watched", "those near"])
def test_in_pieces_as_at_once(k):
    """From one solution to the next, with one factor; among many only some are watched."""
    A, y = problem(0, 120, k)
    l1s = grid(A, y, 9)
    at_once, n_kinks = follow(A, y, l1s)
    assert n_kinks > 40
    kept, w, l1 = InverseFactor(k), None, None
    for i in range(0, 9, 3):
        W, _ = follow(A, y, l1s[i : i + 3], start=w, l1=l1, kept=kept)
        np.testing.assert_allclose(W, at_once[i : i + 3], atol=1e-9)
        w, l1 = W[-1], l1s[i + 2]


@pytest.mark.parametrize("seed", range(8))
def test_a_start_that_is_off_the_path(seed):
    """Coefficients that are wrong, missing, or of the wrong sign are no hindrance."""
    A, y = problem(seed, 50, 30)
    l1s = grid(A, y, 5, least=0.03)
    rng = np.random.default_rng(seed)
    wanted, _ = follow(A, y, l1s)
    w = wanted[0] + 0.1 * rng.standard_normal(30) * (rng.random(30) < 0.5)
    W, _ = follow(A, y, l1s[1:], start=w, l1=l1s[0])
    np.testing.assert_allclose(W, wanted[1:], atol=1e-9)


def test_columns_that_nobody_looked_at_are_found_again():
    """Strongly correlated columns break the strong rule, which says who is near."""
    A, y = problem(3, 400, 300, correlation=3.0)
    A[:, 1::2] -= 1.5 * A[:, ::2]
    l1s = grid(A, y, 30, least=1e-2)
    W, _ = follow(A, y, l1s)
    gaps = [gap_at(A, y, w, l1) for w, l1 in zip(W, l1s, strict=True)]
    assert gaps[-1] < 1e-10
    assert np.median(gaps) < 1e-10


def test_duplicates_and_zero_columns_stay_out():
    A, y = problem(1, 30, 6)
    doubled = np.column_stack([A, A[:, 0], np.zeros(30), A[:, 1]])
    l1s = grid(A, y)
    W, _ = follow(doubled, y, l1s)
    assert len(W) == len(l1s)
    assert not W[:, 7].any()
    for w, l1 in zip(W, l1s, strict=True):
        assert gap_at(doubled, y, w, l1) < 1e-12


def test_it_ends_where_supports_are_too_large():
    A, y = problem(2, 60, 40)
    l1s = grid(A, y)
    everything, _ = follow(A, y, l1s)
    some, _ = follow(A, y, l1s, max_active=10)
    assert 0 < len(some) < len(l1s)
    np.testing.assert_array_equal(some, everything[: len(some)])
    sizes = np.count_nonzero(everything, axis=1)
    assert sizes[len(some) - 1] <= 11 < sizes[-1]


def test_above_the_first_kink_all_are_zero():
    A, y = problem(4, 20, 5)
    largest = np.abs(A.T @ y).max()
    W, n_kinks = follow(A, y, [2 * largest, 1.5 * largest, 0.9 * largest], l1=3 * largest)
    assert not W[:2].any()
    assert np.count_nonzero(W[2]) >= 1
    assert n_kinks >= 1


def test_the_same_alpha_again():
    A, y = problem(5, 20, 5)
    l1 = 0.3 * np.abs(A.T @ y).max()
    W, _ = follow(A, y, [l1, l1])
    again, _ = follow(A, y, [l1], start=W[0], l1=l1)
    np.testing.assert_allclose(W[0], W[1])
    np.testing.assert_allclose(again[0], W[0], atol=1e-12)


@pytest.mark.parametrize("least", [0.3, 1e-2, 1e-4])
@pytest.mark.parametrize("seed", range(6))
def test_columns_that_were_missing(seed, least):
    """From the solution without some of them: it gets to that with all, or tells that a column
    depends on the support, as one that was missing does where as many as rows are in use."""
    A, y = problem(seed, 20, 60)
    l1 = least * np.abs(A.T @ y).max()
    some, _ = follow(A[:, :30], y, [l1])
    start = np.concatenate([some[0], np.zeros(30)])
    homotopy = Homotopy(
        A.T @ A, InverseFactor(60), Penalty(1.0, 0.0), start, A.T @ (y - A @ start), l1
    )
    W = homotopy.follow(np.array([l1]), 100)
    told = homotopy.any_held or len(W) == 0
    assert told or gap_at(A, y, W[0], l1) < 1e-11
    if np.count_nonzero(some) < 15:
        assert not told
