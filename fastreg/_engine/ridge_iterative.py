"""Ridge by SciPy's Krylov solvers: products with A only, so sparse A stays sparse."""

import numpy as np
from scipy import linalg
from scipy.sparse.linalg import LinearOperator, cg, lsqr

from fastreg._engine.ridge_solution import RidgeSolution, certificate, gradient, unit_of

# Features that the preconditioner of conjugate gradients treats together, at most, ...
HEAD_FEATURES = 512
# ... each with so many times the squared norm of the mean feature, and more than alpha, ...
HEAD_SHARE = 4.0
# ... and their Gram matrix costs no more than so many passes over sparse X.
HEAD_PASSES = 8
# Below these reciprocal condition numbers the block's inverse is not used, or not in float32.
MIN_RCOND = 1e-10
MIN_RCOND_FLOAT32 = 1e-4
# Times that conjugate gradients on the rows of wide A go on for the coefficients' sake.
MAX_ROUNDS = 4
EPS = np.finfo(np.float64).eps
# A residual below this part of the right side moves nothing: its square gets to zero, by which
# conjugate gradients with tol=0 would divide.
VANISHED = 1e-100
# LSQR's reasons to stop that are no convergence: the condition, twice, and the iterations.
LSQR_GAVE_UP = (3, 6, 7)


def conjugate_gradients(design, alpha, tol, max_iter):
    """(A'A + alpha I) w = A'y for each target, to a residual of `tol` times A'y.

    Wide A goes by rows where there is a penalty. Without one, y may be out of reach of AA';
    nor is there a preconditioner then: it would decide which of many minimisers is found.
    """
    preconditioner = _Preconditioner(design)
    W, converged = np.zeros(design.correlation.shape), True
    n_iter = np.zeros(len(alpha), dtype=np.int32)
    for t, value in enumerate(alpha):
        if value > 0 and design.n_features > design.n_samples:
            W[t], n_iter[t], done = _by_rows(design, t, value, tol, max_iter)
        else:
            W[t], n_iter[t], done = _cg(
                lambda w, value=value: value * w + _gram_product(design, w),
                design.correlation[t],
                tol,
                max_iter,
                M=None if value == 0 else preconditioner(value),
            )
        converged &= done
    return _solution(design, W, alpha, "sparse_cg", n_iter, converged)


def _by_rows(design, t, alpha, tol, max_iter):
    """w = A'v with (AA' + alpha I) v = y, again as long as the w is not that good."""
    v, rtol, left, n_iter = None, tol, max_iter, 0
    for _ in range(MAX_ROUNDS):
        v, count, done = _cg(
            lambda v: alpha * v + _row_gram_product(design, v),
            design.targets[t],
            rtol,
            left,
            x0=v,
        )
        n_iter += count
        w = design.dots(v[np.newaxis])[0]
        size, allowed = _residual_size(design, w, t, alpha, tol)
        left = None if max_iter is None else max_iter - n_iter
        if not done or not size > allowed or rtol < EPS or left == 0:
            break
        rtol *= 0.5 * allowed / size
    else:
        done = False
    return w, n_iter, done


def _residual_size(design, w, t, alpha, tol):
    """||A'(y - A w) - alpha w||, and what it may be: tol ||A'y||, both in some unit."""
    left = design.dots(design.residual(w[np.newaxis], design.targets[t : t + 1]))[0] - alpha * w
    unit = unit_of(design.correlation[t])
    return np.linalg.norm(left / unit), tol * np.linalg.norm(design.correlation[t] / unit)


def _cg(multiply, right, tol, max_iter, x0=None, M=None):
    """SciPy's conjugate gradients: the solution, iterations, and whether they converged."""
    k, size, n_iter = len(right), unit_of(right), 0

    def count(_):
        nonlocal n_iter
        n_iter += 1

    x, info = cg(
        LinearOperator((k, k), lambda x: multiply(x.ravel()), dtype=np.float64),
        right / size,
        x0=None if x0 is None else x0 / size,
        rtol=tol,
        atol=VANISHED,
        maxiter=max_iter,
        M=M,
        callback=count,
    )
    return x * size, n_iter, info == 0 and tol > 0


def _gram_product(design, w):
    """A'A w."""
    return design.dots(_product(design, w))[0]


def _row_gram_product(design, v):
    """AA' v."""
    return _product(design, design.dots(v.reshape(1, -1)))[0]


class _Preconditioner:
    """Of A'A + alpha I: the inverse of its diagonal, and of the block of the few features
    of by far the largest norm, where there are some (common words among rare ones).

    The block's is in units of the diagonal, and float32 where that is accurate enough to be
    positive definite (not with near duplicates): it is read in each iteration.
    """

    def __init__(self, design):
        self.design, self.alpha = design, None

    def __call__(self, alpha):
        """As SciPy wants it; alpha is above 0."""
        if alpha != self.alpha:
            self.alpha, self.scale = alpha, 1.0 / np.sqrt(self.design.sq_norm + alpha)
            self.head = _head(self.design, alpha)
            self.block = self._block() if len(self.head) else None
            self.scale /= self.scale.min()  # only ratios matter, and float32 ends early
        p = self.design.n_features
        return LinearOperator((p, p), self._apply, dtype=np.float64)

    def _block(self):
        """One triangle of the block's inverse; None where it has too few digits."""
        block = self.design.gram(self.head).T
        block.flat[:: len(block) + 1] += self.alpha
        scale = self.scale[self.head]
        block *= scale
        block *= scale[:, np.newaxis]
        norm = linalg.lapack.dlange("1", block)
        factor, failed = linalg.lapack.dpotrf(block, lower=True, overwrite_a=True)
        rcond = 0.0 if failed else float(linalg.lapack.dpocon(factor, norm, uplo="L")[0])
        if rcond < MIN_RCOND:
            return None
        inverse = linalg.lapack.dpotri(factor, lower=True, overwrite_c=True)[0]
        return inverse.astype(np.float32) if rcond > MIN_RCOND_FLOAT32 else inverse

    def _apply(self, x):
        result = self.scale * x.ravel()
        if self.block is not None:
            part = result[self.head].astype(self.block.dtype)
            (multiply,) = linalg.get_blas_funcs(["symv"], [self.block])
            result[self.head] = multiply(1.0, self.block, part, lower=True)
        result *= self.scale
        return result


def _head(design, alpha):
    """The features of that block, by falling norm."""
    norms = design.sq_norm
    if not design.is_sparse or design.n_features <= HEAD_FEATURES:
        return np.empty(0, dtype=np.intp)
    largest = np.argpartition(-norms, HEAD_FEATURES)[:HEAD_FEATURES]
    largest = largest[np.argsort(-norms[largest], kind="stable")]
    enough = norms[largest] > max(alpha, HEAD_SHARE * norms.mean())
    # pairs of nonzeros in one row, were they spread evenly
    nonzeros = np.cumsum(np.diff(design.X.indptr)[largest])
    cheap = nonzeros**2 / design.n_samples <= HEAD_PASSES * design.work
    return np.ascontiguousarray(largest[enough & cheap])


def least_squares_qr(design, alpha, tol, max_iter):
    """LSQR (Paige and Saunders 1982): as conjugate gradients, without squaring A.

    SciPy's stops early where A or y is tiny: both are taken in units of their size.
    """
    n, p = design.n_samples, design.n_features
    unit = float(np.sqrt(design.sq_norm.sum())) or 1.0
    A = LinearOperator(
        (n, p),
        matvec=lambda w: _product(design, w / unit)[0],
        rmatvec=lambda v: design.dots(v.reshape(1, n))[0] / unit,
        dtype=np.float64,
    )
    W, converged = np.zeros((len(alpha), p)), True
    n_iter = np.zeros(len(alpha), dtype=np.int32)
    for t, target in enumerate(design.targets):
        size = unit_of(target)
        w, reason, n_iter[t] = lsqr(
            A, target / size, damp=np.sqrt(alpha[t]) / unit, atol=tol, btol=tol, iter_lim=max_iter
        )[:3]
        W[t] = w / unit * size
        converged &= reason not in LSQR_GAVE_UP
    return _solution(design, W, alpha, "lsqr", n_iter, converged)


def _product(design, w):
    """A w as an array (1, n)."""
    return design.residual_of(np.arange(design.n_features), -w.reshape(1, -1))


def _solution(design, W, alpha, solver, n_iter, converged):
    gap = certificate(W, alpha, gradient(design, W))
    return RidgeSolution(W, solver, gap, n_iter, converged)
