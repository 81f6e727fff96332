"""Rows of SAG and SAGA: dense and sparse ones take the same steps."""

import numpy as np
import pytest
import scipy.sparse as sp
from fastreg._kernels.sag import CentredDenseRows, CentredSparseRows, descend


def problem(dtype=np.float64, seed=0):
    rng = np.random.RandomState(seed)
    X = (rng.standard_normal((30, 6)) * (rng.random((30, 6)) < 0.5)).astype(dtype)
    X[:, 1] = 0
    return X, rng.uniform(-0.5, 0.5, 6), rng.uniform(0.5, 2, 30), rng.standard_normal(30)


def steps(rows, saga, epochs, seed=1, alpha=0.1):
    *_, weights, targets = problem()
    chosen = np.arange(3, 30)
    step = 0.2 / rows.largest_norm(weights)
    result = descend(rows, weights, targets, chosen, alpha, step, saga, 0.0, epochs, seed)
    assert result == (epochs, False)
    return rows.coefficients


@pytest.mark.parametrize("saga", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sparse_rows_take_the_steps_of_dense_ones(saga, dtype):
    X, mean, *_ = problem(dtype)
    dense = steps(CentredDenseRows(X, mean), saga, 5)
    np.testing.assert_array_equal(
        steps(CentredDenseRows(np.asfortranarray(X), mean), saga, 5), dense
    )
    np.testing.assert_allclose(
        steps(CentredSparseRows(sp.csr_matrix(X), mean), saga, 5), dense, rtol=1e-9
    )


@pytest.mark.parametrize("saga", [False, True])
def test_steps_are_those_of_the_paper(saga):
    """One epoch by hand, with the rows that the kernel draws found by their effect."""
    X, mean, weights, targets = problem()
    A = X - mean
    rows = CentredDenseRows(X, mean)
    step, alpha, w, G = 0.2 / rows.largest_norm(weights), 0.1, np.zeros(6), np.zeros(6)
    # a single row: every draw is this one, and its gradient the average
    chosen = np.array([4])
    slope = 0.0
    for epoch in range(1, 4):
        rows = CentredDenseRows(X, mean)
        descend(rows, weights, targets, chosen, alpha, step, saga, 0.0, epoch, 0)
        new = weights[4] * (A[4] @ w) - targets[4]
        G += (new - slope) * A[4]
        slope = new
        w = (1 - step * alpha) * w - step * G
        np.testing.assert_allclose(rows.coefficients, w, rtol=1e-12)


def test_largest_norm():
    X, mean, weights, _ = problem()
    wanted = (weights * np.square(X - mean).sum(axis=1)).max()
    for rows in (CentredDenseRows(X, mean), CentredSparseRows(sp.csr_matrix(X), mean)):
        assert rows.largest_norm(weights) == pytest.approx(wanted)


def test_a_factor_that_vanishes_is_multiplied_out():
    X, mean, *_ = problem()
    dense = steps(CentredDenseRows(X, mean), True, 3, alpha=40.0)
    sparse = steps(CentredSparseRows(sp.csr_matrix(X), mean), True, 3, alpha=40.0)
    assert np.isfinite(dense).all()
    np.testing.assert_allclose(sparse, dense, rtol=1e-9)
