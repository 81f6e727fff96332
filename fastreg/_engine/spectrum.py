"""One decomposition of A, from which ridge is solved for any number of alphas.

Of the smaller side: A'A = V diag(d) V' (p x p), or AA' = Q T Q' (n x n) with T tridiagonal,
which all alphas can do with and costs half of what eigenvectors do (Elden 1984). Where the
smallest alpha and the smallest eigenvalue are too small a share of the largest, squaring A
has lost digits, and singular values of a triangular factor of A, made block by block, take
over.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy import linalg

from fastreg._engine.blocks import column_blocks, row_gram
from fastreg._engine.design import Design
from fastreg._engine.ridge_solution import certificate, gradient, unit_of
from fastreg._engine.ridge_svd import kept_values, row_factor, triangular_factor
from fastreg._engine.threads import n_threads_for
from fastreg._kernels.tridiagonal import Tridiagonal

EPS = np.finfo(np.float64).eps
# An eigenvalue is rounded by eps times the largest: with less than this share of that, it
# and alpha together keep fewer than eight digits.
MIN_SHARE = 1e-8
# Below this share, solutions are refined by what X itself says of their residual.
REFINED_SHARE = 1e-4
# CSC columns whose mean outweighs their spread by more are centred before they are multiplied.
CANCELLATION_LIMIT = 1e4


@dataclass(frozen=True)
class Spectrum:
    """What the solutions for all alphas have in common.

    Attributes
    ----------
    solver : str
        "eigen" or "svd": how it was found.
    rcond : float
        The smallest alpha and square together, as a share of the largest square.
    largest : float
        The largest squared singular value of A.
    """

    solver: str
    rcond: float
    largest: float


@dataclass(frozen=True)
class ColumnSpectrum(Spectrum):
    """Of A'A: squares (r,) are eigenvalues, those that count as zero zero, vectors (p, r)
    are V, projections (T, r) are Y'A V."""

    squares: np.ndarray
    vectors: np.ndarray
    projections: np.ndarray

    def shrinkage(self, alphas):
        """1 / (d + alpha) for each alpha and d, zero where that would divide by zero."""
        return _shrinkage(self.squares, alphas)

    def coefficients(self, alphas):
        """The solutions (n_alphas, T, p)."""
        return (self.shrinkage(alphas)[:, np.newaxis] * self.projections) @ self.vectors.T

    def correction(self, alphas, rows):
        """(A'A + alpha_t I)^-1 applied to each row (T, p)."""
        return ((rows @ self.vectors) * self.shrinkage(alphas)) @ self.vectors.T


@dataclass(frozen=True)
class RowSpectrum(Spectrum):
    """Of AA' over the m rows that have weight.

    With an intercept, q, the square roots of the weights, is in the null space of AA'.
    Which vectors lie there, rounding cannot tell where there are several: so
    K = AA' + `lift` q q' / q'q is decomposed.
    """

    lift: float
    rows: np.ndarray
    design: Design

    def dual(self, alphas, V):
        """(K + alpha I)^-1 v of each row of V, (T, m) or (n_alphas, T, m), for each alpha."""
        raise NotImplementedError

    def inverse_diagonals(self, alphas):
        """The diagonal of (K + alpha I)^-1 for each alpha, (n_alphas, m)."""
        raise NotImplementedError

    @property
    def targets(self):
        """Y' of these rows (T, m)."""
        return self.design.targets[:, self.rows]

    def coefficients(self, alphas):
        """The solutions (n_alphas, T, p), in one pass over X; three where they are refined."""
        alphas = np.asarray(alphas)
        C = self.dual(alphas, self.targets)
        W = self._back(C)
        if self.rcond < REFINED_SHARE:
            # corrected seminormal equations (Bjorck 1987)
            targets = np.tile(self.design.targets, (len(alphas), 1))
            R = self.design.residual(W.reshape(len(targets), -1), targets)[:, self.rows]
            R = R.reshape(C.shape) - alphas[:, np.newaxis, np.newaxis] * C
            W += self._back(self.dual(alphas, R))
        return W

    def _back(self, C):
        """C A for C (n_alphas, T, m)."""
        full = np.zeros((C.shape[0] * C.shape[1], self.design.n_samples))
        full[:, self.rows] = C.reshape(len(full), -1)
        return self.design.dots(full).reshape(*C.shape[:2], -1)


@dataclass(frozen=True)
class RowVectors(RowSpectrum):
    """By K's eigenvalues, squares (m,), and eigenvectors, vectors (m, m)."""

    squares: np.ndarray
    vectors: np.ndarray

    def dual(self, alphas, V):
        factor = _shrinkage(self.squares, alphas)[:, np.newaxis]
        return (factor * (V @ self.vectors)) @ self.vectors.T

    def inverse_diagonals(self, alphas):
        return _shrinkage(self.squares, alphas) @ np.square(self.vectors).T


@dataclass(frozen=True)
class RowTridiagonal(RowSpectrum):
    """By K = Q T Q'."""

    parts: Tridiagonal

    def dual(self, alphas, V):
        projections = V @ self.parts.Q
        C = np.zeros((len(alphas), *projections.shape[-2:]))
        C[:] = projections
        for k, alpha in enumerate(alphas):
            solution = self.parts.solve(alpha, C[k])
            C[k] = 0.0 if solution is None else solution  # no penalty, and nothing in K
        return C @ self.parts.Q.T

    def inverse_diagonals(self, alphas):
        n_threads = n_threads_for(len(alphas) * len(self.rows) ** 2)
        return self.parts.inverse_diagonals(alphas, n_threads)


def _shrinkage(squares, alphas):
    sums = squares + np.asarray(alphas)[:, np.newaxis]
    return np.divide(1.0, sums, out=np.zeros_like(sums), where=sums > 0)


def decompose(
    design, smallest_alpha, mode="eigen", *, by_rows=None, row_products=None, vectors=False
):
    """The spectrum of a Design; mode is "svd", or "eigen" as long as that is accurate.

    by_rows chooses the side, by default the smaller one; row_products() gives AA' over the
    rows that have weight, where it is known; `vectors` asks for eigenvectors of that, too.
    """
    by_rows = design.n_samples <= design.n_features if by_rows is None else by_rows
    if mode == "eigen":
        if by_rows:
            spectrum = _row_eigen(design, smallest_alpha, row_products, vectors)
        else:
            spectrum = _column_eigen(design, smallest_alpha)
        if spectrum is not None:
            return spectrum
    design = design.on_rows  # one made of moments counts its training rows only
    # with few rows for each column, all of U tells how close a row is to being fitted exactly
    by_rows = by_rows or len(design.weighted_rows()) <= 2 * design.n_features
    return (_row_singular if by_rows else _column_singular)(design, smallest_alpha)


def solve(design, spectrum, alpha):
    """The solutions W (T, p) for the alpha (T,) of each target, and their duality gaps."""
    values, which = np.unique(alpha, return_inverse=True)
    W = spectrum.coefficients(values)[which, np.arange(len(alpha))]
    C = gradient(design, W)
    gap = certificate(W, alpha, C)
    if isinstance(spectrum, RowSpectrum) or spectrum.rcond > REFINED_SHARE:
        return W, gap
    refined = W + spectrum.correction(alpha, C - alpha[:, np.newaxis] * W)
    refined_gap = certificate(refined, alpha, gradient(design, refined))
    better = refined_gap < gap
    return np.where(better[:, np.newaxis], refined, W), np.where(better, refined_gap, gap)


def _column_eigen(design, smallest_alpha):
    gram = design.known_gram if design.known_gram is not None else design.all_gram()
    digits = design.gram_eps / EPS if design.known_gram is not None else 1.0
    squares, V = np.linalg.eigh(gram)
    share = _share(squares, smallest_alpha)
    if not share > MIN_SHARE * digits:
        return None
    squares = np.maximum(squares, 0.0)
    return ColumnSpectrum("eigen", share, squares[-1], squares, V, design.correlation @ V)


def _row_eigen(design, smallest_alpha, row_products, vectors):
    rows = design.weighted_rows()
    K = products_of_rows(design, rows) if row_products is None else row_products()
    lift = 0.0
    if design.fit_intercept:
        q = _unit_root(design, rows)
        lift = float(linalg.norm(K.ravel())) / np.sqrt(len(K))  # of a vector: no square overflows
        K += np.outer(lift * q, q)
    if vectors:
        squares, U = np.linalg.eigh(K)
        parts = RowVectors, np.maximum(squares, 0.0), U
    else:
        tridiagonal = Tridiagonal(K, n_threads_for(len(K) ** 3 / 8))
        squares = _extremes(tridiagonal)
        parts = RowTridiagonal, tridiagonal
    share = _share(squares, smallest_alpha)
    if not share > MIN_SHARE:
        return None
    kind, *parts = parts
    return kind("eigen", share, max(squares[-1], 0.0), lift, rows, design, *parts)


def _extremes(tridiagonal):
    """The smallest eigenvalue and the largest."""
    d, e = tridiagonal.diagonal, tridiagonal.off_diagonal
    unit = unit_of(np.concatenate([d, e]))  # LAPACK squares elements
    return unit * np.concatenate(
        [
            linalg.eigvalsh_tridiagonal(d / unit, e / unit, select="i", select_range=(k, k))
            for k in (0, len(d) - 1)
        ]
    )


def _column_singular(design, smallest_alpha):
    R, Z = row_factor(design)
    U, s, Vt = linalg.svd(R, full_matrices=False)
    squares = _squares(s, design)
    share = _share(squares, smallest_alpha)
    projections = (Z @ U) * np.sqrt(squares)
    return ColumnSpectrum("svd", share, squares.max(initial=0.0), squares, Vt.T, projections)


def _row_singular(design, smallest_alpha):
    """U from the triangular factor of A', a block of A's columns at a time."""
    rows = design.weighted_rows()
    m = len(rows)
    R = triangular_factor((block[rows].T for block in column_blocks(design)), m)
    lift = 0.0
    if design.fit_intercept:
        lift = float(np.square(R).sum()) / m
        R = np.vstack([R, np.sqrt(lift) * _unit_root(design, rows)])
    U, s, _ = linalg.svd(R.T)
    squares = np.append(_squares(s, design), np.zeros(m - len(s)))
    share = _share(squares, smallest_alpha)
    return RowVectors("svd", share, squares.max(initial=0.0), lift, rows, design, squares, U)


def _share(squares, alpha):
    largest, smallest = squares.max(initial=0.0), squares.min() if len(squares) else 0.0
    return float((max(smallest, 0.0) + alpha) / largest) if largest > 0 else 1.0


def _squares(singular_values, design):
    return np.where(kept_values(singular_values, design), singular_values, 0.0) ** 2


def _unit_root(design, rows):
    """The square roots of the weights, scaled to length 1."""
    if design.scale is None:
        return np.full(len(rows), 1 / np.sqrt(len(rows)))
    return design.scale[rows] / np.sqrt(design.total_weight)


# ---- products of rows; sparse X stays so ---------------------------------------------


def products_of_rows(design, rows):
    """AA' over these rows (m, m)."""
    if not design.is_sparse:
        K = row_gram(design)
        return K if len(rows) == len(K) else K[np.ix_(rows, rows)]
    X, mean, centred = SparseRows(design).parts(rows)
    # (X - 1 m')(X - 1 m')' multiplied out, on columns where that cancels little
    K = (X @ X.T).toarray()
    offset = X @ mean
    K -= offset + offset[:, np.newaxis] - mean @ mean
    K += centred @ centred.T
    if design.scale is not None:
        K *= design.scale[rows]
        K *= design.scale[rows][:, np.newaxis]
    return K


class SparseRows:
    """Rows of a sparse X as (X - 1 m') diag(column scale)^-1, not weighted.

    Few columns have a mean so large that centring afterwards would cancel: they are
    dense and centred before.
    """

    def __init__(self, design):
        self.X, self.mean = design.X, design.mean
        scale = 1.0 if design.column_scale is None else design.column_scale
        self.scale = np.broadcast_to(scale, design.n_features)
        spread = design.sq_norm * self.scale**2
        large = design.total_weight * self.mean**2 > CANCELLATION_LIMIT * spread
        self.dense, self.sparse = np.flatnonzero(large), np.flatnonzero(~large)

    def parts(self, rows):
        """Sparse columns as CSR, their means, and the dense columns, all scaled."""
        X = self.X[rows]
        dense = (X[:, self.dense].toarray() - self.mean[self.dense]) / self.scale[self.dense]
        if len(self.dense):
            X = X[:, self.sparse]
        X = sp.csr_array(X, dtype=np.float64)
        X.data /= self.scale[self.sparse][X.indices]
        return X, self.mean[self.sparse] / self.scale[self.sparse], dense


class RowProducts:
    """(X - 1 m') diag(column scale)^-1 V for some rows at a time; V is (p, k)."""

    def __init__(self, design, V):
        self.design, self.V = design, V
        self.sparse_rows = SparseRows(design) if design.is_sparse else None
        if self.sparse_rows is None and design.column_scale is not None:
            self.V = V / design.column_scale[:, np.newaxis]

    def of(self, rows):
        """The product (m, k) for these rows, a slice or an array."""
        if self.sparse_rows is None:
            return (self.design.X[rows] - self.design.mean) @ self.V
        X, mean, dense = self.sparse_rows.parts(rows)
        V = self.V[self.sparse_rows.sparse]
        return X @ V - mean @ V + dense @ self.V[self.sparse_rows.dense]
