"""Ridge in closed form: 1/2 ||Y - W A'||^2 + alpha_t/2 ||w_t||^2 for each target t.

Moments and Cholesky on the smaller side: G = A'A (p x p), or K = AA' (n x n) with
w = A'a. Where that system is ill-conditioned, squaring A has lost digits, and the
singular values of a triangular factor of A are used instead. Sparse A: conjugate
gradients, so that A is never densified.
"""

from dataclasses import dataclass

import numpy as np
from scipy import linalg
from scipy.sparse.linalg import LinearOperator, cg

from fastreg._engine.problem import gram_budget
from fastreg._engine.threads import n_threads_for
from fastreg._kernels.dense import Dense

# Below this reciprocal condition number Cholesky's answer keeps too few digits.
MIN_RCOND = 1e-10
# Singular values below this share of the largest count as zero.
SINGULAR_RCOND = 1e-15


@dataclass
class RidgeSolution:
    """W (T, p), the solver that found it, iterations and gap for each target."""

    W: np.ndarray
    solver: str
    n_iter: np.ndarray
    gap: np.ndarray
    converged: bool = True
    rcond: float | None = None


def solve(design, alpha, solver, *, tol, max_iter) -> RidgeSolution:
    """Solve for all targets; alpha is (T,), solver one of cholesky, svd, sparse_cg."""
    if solver == "sparse_cg":
        return _conjugate_gradients(design, alpha, tol, max_iter)
    rcond = None
    if solver == "cholesky":
        W, rcond = _cholesky(design, alpha)
        if W is None:
            solver = "svd"
    if solver == "svd":
        W = _svd(design, alpha)
    gap = certificate(W, alpha, _gradient(design, W))
    return RidgeSolution(W, solver, np.ones(len(W), dtype=np.int32), gap, rcond=rcond)


def forms_gram(n_samples, n_features, solver):
    """Whether `solver` forms the Gram of all features."""
    return solver == "cholesky" and n_features <= n_samples


def certificate(W, alpha, C):
    """The duality gap for each target: ||C - alpha w||^2 / (2 alpha) with C = A'r.

    Without a penalty there is no dual; ||C||^2 is returned.
    """
    squared = np.square(C - alpha[:, np.newaxis] * W).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(alpha > 0, squared / (2 * alpha), squared)


def _gradient(design, W):
    """A'R from X itself: the residual of a closed form is what its rounding left."""
    return design.dots(design.residual(W, design.targets))


# ---- Cholesky ----------------------------------------------------------------


def _cholesky(design, alpha):
    """W and the worst reciprocal condition, W being None where that is too small."""
    n, p = design.n_samples, design.n_features
    wide = p > n
    gram = row_gram(design) if wide else design.all_gram()
    if not np.isfinite(gram).all():
        return np.full((len(alpha), p), np.nan), None
    right = design.targets if wide else design.correlation
    solution = np.empty((len(alpha), len(gram)))
    worst = np.inf
    values = np.unique(alpha)
    for value in values:
        rows = np.flatnonzero(alpha == value)
        last = value == values[-1]
        system = gram if last and gram.flags.writeable else gram.copy()
        solution_rows, rcond = _solve_positive_definite(system, value, right[rows])
        worst = min(worst, rcond)
        if rcond < MIN_RCOND:
            return None, worst
        solution[rows] = solution_rows
    return (design.dots(solution) if wide else solution), worst


def _solve_positive_definite(system, alpha, right):
    """(system + alpha I)^-1 applied to each row of `right`, and the reciprocal condition.

    `system` is overwritten.
    """
    system = system.T  # Fortran order for LAPACK; it is symmetric
    system.flat[:: len(system) + 1] += alpha
    # a unit diagonal: columns on other scales are not ill-conditioned
    diagonal = system.diagonal()
    scale = 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    system *= scale
    system *= scale[:, np.newaxis]
    norm = linalg.lapack.dlange("1", system)
    factor, info = linalg.lapack.dpotrf(system, lower=True, overwrite_a=True, clean=False)
    if info != 0:
        return None, 0.0
    rcond, _ = linalg.lapack.dpocon(factor, norm, uplo="L")
    solution, _ = linalg.lapack.dpotrs(factor, scale[:, np.newaxis] * right.T, lower=True)
    return solution.T * scale, float(rcond)


def row_gram(design, columns=None):
    """AA' (n x n) of all columns or some, in blocks that stay within the memory budget."""
    n = design.n_samples
    rows = np.arange(n)
    K = np.zeros((n, n))
    for block in column_blocks(design, columns):
        transposed = Dense(block.T)  # its columns are A's rows
        K += transposed.gram(rows, None, n_threads_for(n * n * block.shape[1] / 8))
    return K


def column_blocks(design, columns=None):
    """A's columns, all or some, in blocks (n, k), centred, weighted, float64."""
    columns = np.arange(design.n_features) if columns is None else columns
    n, p = design.n_samples, len(columns)
    width = max(1, min(p, gram_budget(design.nbytes) // (16 * n)))
    for start in range(0, p, width):
        yield design.gather(columns[start : start + width])


def row_blocks(design):
    """A in blocks of rows (k, p), centred, weighted, float64, with their range."""
    n, p = design.n_samples, design.n_features
    height = max(1, min(n, max(p, gram_budget(design.nbytes) // (16 * p))))
    for start in range(0, n, height):
        stop = min(start + height, n)
        block = design.X[start:stop]
        block = (block.toarray() if design.is_sparse else block) - design.mean
        if design.column_scale is not None:
            block /= design.column_scale
        if design.scale is not None:
            block *= design.scale[start:stop, np.newaxis]
        yield start, stop, block


# ---- singular values ------------------------------------------------------------


def _svd(design, alpha):
    """W through the singular values of A, from a triangular factor made block by block."""
    n, p = design.n_samples, design.n_features
    if p > n:
        # A' = QR with Q as large as X: through Q, and not through AA' and A', an
        # ill-conditioned A loses no more digits than it must
        Q, R = linalg.qr(design.gather(np.arange(p)).T, mode="economic", overwrite_a=True)
        u, s, vt = linalg.svd(R)
        return ((design.targets @ vt.T) * _shrink(s, alpha)) @ (Q @ u).T
    R, Z = triangular_factor(design)
    u, s, vt = linalg.svd(R, full_matrices=False)
    return ((Z @ u) * _shrink(s, alpha)) @ vt


def triangular_factor(design):
    """R and Z of [A Y'] = Q [R Z']: least squares of Z on R, block by block."""
    p, T = design.n_features, len(design.targets)
    R = np.empty((0, p + T))
    for start, stop, block in row_blocks(design):
        rows = np.hstack([block, design.targets[:, start:stop].T])
        R = linalg.qr(np.vstack([R, rows]), mode="r", overwrite_a=True)[0][: p + T]
    k = min(p, len(R))
    return R[:k, :p], R[:k, p:].T


def _shrink(s, alpha):
    """s / (s^2 + alpha) for each target, zero for zero singular values."""
    kept = s > SINGULAR_RCOND * max(s.max(initial=0.0), np.finfo(np.float64).tiny)
    factor = np.zeros((len(alpha), len(s)))
    sk = s[kept]
    factor[:, kept] = sk / (sk**2 + alpha[:, np.newaxis])
    return factor


# ---- conjugate gradients -----------------------------------------------------------


def _conjugate_gradients(design, alpha, tol, max_iter):
    """(A'A + alpha I) w = A'y for each target, preconditioned by the diagonal."""
    p = design.n_features
    zero = np.zeros((1, design.n_samples))
    W = np.zeros((len(alpha), p))
    n_iter = np.zeros(len(alpha), dtype=np.int32)
    converged = True
    for t, value in enumerate(alpha):

        def multiply(w, value=value):
            minus_Aw = design.residual(w.reshape(1, p), zero)
            return value * w.ravel() - design.dots(minus_Aw)[0]

        def count(_, t=t):
            n_iter[t] += 1

        diagonal = design.sq_norm + value
        inverse = np.divide(1.0, diagonal, out=np.ones(p), where=diagonal > 0)
        W[t], info = cg(
            LinearOperator((p, p), matvec=multiply, dtype=np.float64),
            design.correlation[t],
            rtol=tol,
            maxiter=max_iter,
            M=LinearOperator((p, p), matvec=lambda v, d=inverse: d * v, dtype=np.float64),
            callback=count,
        )
        converged &= info == 0
    W[:, design.sq_norm == 0] = 0.0  # what rounding gave a constant column
    gap = certificate(W, alpha, _gradient(design, W))
    return RidgeSolution(W, "sparse_cg", np.maximum(n_iter, 1), gap, converged)
