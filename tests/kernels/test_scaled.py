"""A matrix with scaled columns does what the NumPy array with scaled columns does."""

import numpy as np
import pytest
from fastreg._kernels.csc import Csc
from fastreg._kernels.descent import descend
from fastreg._kernels.penalty import Penalty
from fastreg._kernels.scaled import Scaled
from fastreg._kernels.smooth import LeastSquares


@pytest.fixture
def scaled(small_case):
    factor = np.random.RandomState(7).uniform(0.1, 5, small_case.A.shape[1])
    return Scaled(small_case.matrix, factor), small_case.A * factor


def assert_close(got, wanted):
    np.testing.assert_allclose(got, wanted, rtol=1e-7, atol=1e-7 * np.abs(wanted).max())


def test_dots_and_subtract(scaled):
    matrix, A = scaled
    rng = np.random.RandomState(0)
    V = rng.standard_normal((2, len(A)))
    assert_close(matrix.dots(V, 1), V @ A)
    idx = np.array([1, 4, 9])
    D = rng.standard_normal((2, 3))
    R = V.copy()
    matrix.subtract(idx, D, R, 1)
    assert_close(R, V - D @ A[:, idx].T)


def test_gram_and_gather(scaled):
    matrix, A = scaled
    a, b = np.array([0, 2, 3, 7]), np.array([5, 1])
    assert_close(matrix.gram(a, None, 1), A[:, a].T @ A[:, a])
    assert_close(matrix.gram(a, b, 1), A[:, a].T @ A[:, b])
    try:
        block = matrix.gather(a, 1)
    except AttributeError:  # sparse X is never densified
        return
    assert_close(block, A[:, a])
    assert block.flags.f_contiguous


def test_descent_on_its_columns(scaled):
    """dot, axpy, the residual's norm and its shift: at the optimum the gradient is small."""
    matrix, A = scaled
    if not matrix.has_columns:
        pytest.skip("descent on columns needs Fortran order")
    y = np.random.RandomState(1).standard_normal((1, len(A)))
    q = np.linalg.svd(A, full_matrices=False)[0]
    y = (q @ (q.T @ y[0]))[np.newaxis]  # as centred targets: orthogonal to the weights' roots
    w, R = np.zeros((1, A.shape[1])), y.copy()
    smooth = LeastSquares(matrix, np.arange(A.shape[1]), np.square(A).sum(axis=0), R)
    descend(smooth, Penalty(0.1, 0.0), w, 10_000, 0.0, 1e-12, None)
    smooth.settle()
    assert_close(R, y - w @ A.T)
    if np.linalg.cond(A / np.linalg.norm(A, axis=0)) > 100:
        return  # the optimum is too far for plain descent
    gradient = (R @ A)[0]
    assert np.abs(gradient).max() <= 0.1 * (1 + 1e-6)
    active = w[0] != 0
    assert active.any()
    assert_close(gradient[active], 0.1 * np.sign(w[0, active]))


def test_one_factor_for_each_column(small_case):
    with pytest.raises(ValueError, match="one factor"):
        Scaled(small_case.matrix, np.ones(2))


def test_it_knows_a_sparse_matrix_too(small_case):
    assert Scaled(small_case.matrix, np.ones(13)).has_columns == (
        isinstance(small_case.matrix, Csc) or small_case.matrix.has_columns
    )
