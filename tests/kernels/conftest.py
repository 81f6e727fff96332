"""Matrices of every kind beside the NumPy array they stand for."""

from dataclasses import dataclass

import numpy as np
import pytest
import scipy.sparse as sp
from fastreg._kernels.csc import Csc
from fastreg._kernels.dense import Dense

DENSE_KINDS = ["c", "f", "c slice", "f slice"]
SPARSE_KINDS = ["csc", "csc full"]


@dataclass
class Case:
    """A matrix kind, A = diag(q) (X - 1 m') as a NumPy array, and what A is made of."""

    matrix: object
    A: np.ndarray
    X: np.ndarray  # the stored numbers, as float64
    scale: np.ndarray | None
    weights: np.ndarray
    mean: np.ndarray

    def tolerance(self, *norms):
        """What rounding may do to A_j'v; X's share is for columns that centring cancels."""
        columns = np.linalg.norm(self.A, axis=0) + 1e-2 * np.abs(self.X).max(axis=0)
        return 1e-10 * columns * np.prod(norms)


def stored(kind, shape, dtype, rng):
    """An array or CSC matrix of this kind, and the same numbers as a float64 array."""
    n, p = shape
    X = rng.standard_normal((n, p)) + rng.uniform(-3, 3, p)
    if kind in SPARSE_KINDS:
        X[rng.random((n, p)) < 0.7] = 0
        if kind == "csc full":
            # no zeros and a mean far above the spread: held as dense centred columns
            X[:, ::2] = 1e3 + rng.standard_normal(X[:, ::2].shape)
        X = sp.csc_matrix(X.astype(dtype))
        return X, X.toarray().astype(np.float64)
    if kind == "c slice":
        big = np.full((n, p + 5), np.nan, dtype)
        X, big[:, 2 : 2 + p] = big[:, 2 : 2 + p], X
    elif kind == "f slice":
        big = np.full((n + 5, p), np.nan, dtype, order="F")
        X, big[2 : 2 + n] = big[2 : 2 + n], X
    else:
        X = np.array(X, dtype=dtype, order=kind.upper())
    return X, np.asarray(X, dtype=np.float64)


def make_case(kind, shape, dtype, weighted, centred, seed=0):
    rng = np.random.RandomState(seed)
    X, numbers = stored(kind, shape, dtype, rng)
    n, p = shape
    weights = rng.uniform(0.1, 3, n) if weighted else np.ones(n)
    scale = np.sqrt(weights) if weighted else None
    exact = numbers.astype(np.longdouble)
    mean = (weights @ exact / weights.sum()) if centred else np.zeros(p)
    A = (np.sqrt(weights)[:, None] * (exact - mean)).astype(np.float64)
    mean = np.asarray(mean, dtype=np.float64)
    if kind in DENSE_KINDS:
        matrix = Dense(X, mean, scale)
    else:
        matrix = Csc(X)
        matrix.center(mean, scale, weights.sum(), np.square(A).sum(axis=0))
    return Case(matrix, A, numbers, scale, weights, mean)


@pytest.fixture(scope="module", params=["float32", "float64"])
def dtype(request):
    return request.param


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "weighted"])
def weighted(request):
    return request.param


@pytest.fixture(scope="module", params=[False, True], ids=["raw", "centred"])
def centred(request):
    return request.param


@pytest.fixture(scope="module", params=[*DENSE_KINDS, *SPARSE_KINDS])
def kind(request):
    return request.param


# Module scope: built once for all tests of a module. Every kind of column at
# (40, 13); one row, one column, and shapes that need several tiles (of rows, of
# columns, of the Gram matrix) weighted and centred.
SHAPES = {
    (40, 13): [(False, False), (False, True), (True, False), (True, True)],
    (1, 4): [(True, True)],
    (7, 1): [(True, True)],
    (9000, 6): [(True, True)],
    (30, 1100): [(True, True)],
}


@pytest.fixture(
    scope="module",
    params=[(shape, *options) for shape, both in SHAPES.items() for options in both],
    ids=lambda p: f"{p[0]}{' weighted' * p[1]}{' centred' * p[2]}",
)
def case(request, kind, dtype):
    return make_case(kind, request.param[0], dtype, *request.param[1:])


@pytest.fixture(scope="module")
def small_case(kind, dtype, weighted, centred):
    return make_case(kind, (40, 13), dtype, weighted, centred)
