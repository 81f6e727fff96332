"""(K + alpha I)^-1 from a tridiagonal decomposition."""

import numpy as np
import pytest
from fastreg._kernels.tridiagonal import Tridiagonal

ALPHAS = [0.1, 3.0, 1e4]


@pytest.mark.parametrize("n", [1, 2, 3, 31, 32, 33, 129])
def test_inverse(n):
    rng = np.random.default_rng(n)
    A, V = rng.standard_normal((n, 2 * n)), rng.standard_normal((3, n))
    K = A @ A.T
    parts = Tridiagonal(K.copy(), 1)
    T = np.diag(parts.diagonal)
    T += np.diag(parts.off_diagonal, 1) + np.diag(parts.off_diagonal, -1)
    np.testing.assert_allclose(parts.Q @ T @ parts.Q.T, K, atol=1e-12 * np.trace(K))
    np.testing.assert_allclose(parts.Q @ parts.Q.T, np.eye(n), atol=1e-13)
    for alpha, diagonal in zip(ALPHAS, parts.inverse_diagonals(ALPHAS, 1), strict=True):
        inverse = np.linalg.inv(K + alpha * np.eye(n))
        np.testing.assert_allclose(diagonal, np.diagonal(inverse), rtol=1e-10)
        np.testing.assert_allclose(parts.solve(alpha, V @ parts.Q) @ parts.Q.T, V @ inverse)


def test_threads_change_no_bit():
    A = np.random.default_rng(0).standard_normal((200, 300))
    one, two = (Tridiagonal(A @ A.T, n_threads) for n_threads in (1, 2))
    np.testing.assert_array_equal(one.Q, two.Q)
    np.testing.assert_array_equal(
        one.inverse_diagonals(ALPHAS, 1), two.inverse_diagonals(ALPHAS, 2)
    )


def test_what_is_not_positive():
    parts = Tridiagonal(np.diag([1.0, 0.0, 2.0]), 1)
    assert parts.solve(0.0, np.ones((1, 3))) is None
    assert np.isnan(parts.inverse_diagonals([0.0, -1.0], 1)).all()
    nothing = Tridiagonal(np.zeros((2, 2)), 1)
    assert nothing.solve(0.0, np.ones((1, 2))) is None
    np.testing.assert_array_equal(nothing.inverse_diagonals([0.5], 1), [[2.0, 2.0]])
