"""The Cholesky factor in tiles, against its definition and LAPACK's."""

import numpy as np
import pytest
from fastreg._kernels.cholesky import factor_lower
from scipy import linalg

SIZES = [1, 2, 300, 640, 641, 960, 1000]  # one tile, and up to four, the last one narrow


def system(n, seed=0):
    A = np.random.default_rng(seed).standard_normal((n, n + 5))
    return np.asfortranarray(A @ A.T + np.eye(n))


@pytest.mark.parametrize("n", SIZES)
def test_factor(n):
    S = system(n)
    L = S.copy(order="F")
    assert factor_lower(L, 1)
    np.testing.assert_array_equal(np.triu(L, 1), np.triu(S, 1))  # that triangle is not touched
    L = np.tril(L)
    np.testing.assert_allclose(L @ L.T, S, rtol=0, atol=1e-14 * n * np.abs(S).max())
    np.testing.assert_allclose(L, linalg.cholesky(S, lower=True), rtol=0, atol=1e-9)


@pytest.mark.parametrize("n", SIZES)
def test_threads_give_the_same_bits(n):
    one, three = system(n), system(n)
    assert factor_lower(one, 1)
    assert factor_lower(three, 3)
    np.testing.assert_array_equal(one, three)


@pytest.mark.parametrize("at", [0, 100, 639, 700, 999])
def test_not_positive_definite(at):
    S = system(1000)
    S[at, at] = -1.0
    assert not factor_lower(S, 2)
