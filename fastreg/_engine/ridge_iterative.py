"""Ridge by SciPy's Krylov solvers: products with A only, so sparse A stays sparse."""

import numpy as np
from scipy.sparse.linalg import LinearOperator, cg, lsqr

from fastreg._engine.ridge_solution import RidgeSolution, certificate, gradient

# LSQR's reasons to stop that are no convergence: the condition, twice, and the iterations.
LSQR_GAVE_UP = (3, 6, 7)


def conjugate_gradients(design, alpha, tol, max_iter):
    """(A'A + alpha I) w = A'y for each target; for wide A, w = A'v and (AA' + alpha I) v = y.

    Preconditioned by the diagonal, where that doesn't change the answer: without a
    penalty it would decide which of many minimisers is found.
    """
    wide = design.n_features > design.n_samples
    right = design.targets if wide else design.correlation
    multiply = _row_gram_product if wide else _gram_product
    X, converged = np.zeros(right.shape), True
    n_iter = np.zeros(len(alpha), dtype=np.int32)
    for t, value in enumerate(alpha):

        def count(_, t=t):
            n_iter[t] += 1

        k, size = right.shape[1], _size(right[t])
        X[t], info = cg(
            LinearOperator(
                (k, k), lambda x, a=value: a * x.ravel() + multiply(design, x), dtype=np.float64
            ),
            right[t] / size,
            rtol=tol,
            maxiter=max_iter,
            M=None if wide or value == 0 else _inverse_diagonal(design, value),
            callback=count,
        )
        X[t] *= size
        converged &= info == 0
    W = design.dots(X) if wide else X
    return _solution(design, W, alpha, "sparse_cg", n_iter, converged)


def _gram_product(design, w):
    """A'A w."""
    return design.dots(_product(design, w))[0]


def _row_gram_product(design, v):
    """AA' v."""
    return _product(design, design.dots(v.reshape(1, -1)))[0]


def _inverse_diagonal(design, alpha):
    inverse = 1.0 / (design.sq_norm + alpha)
    p = design.n_features
    return LinearOperator((p, p), lambda x: inverse * x.ravel(), dtype=np.float64)


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
        size = _size(target)
        w, reason, n_iter[t] = lsqr(
            A, target / size, damp=np.sqrt(alpha[t]) / unit, atol=tol, btol=tol, iter_lim=max_iter
        )[:3]
        W[t] = w / unit * size
        converged &= reason not in LSQR_GAVE_UP
    return _solution(design, W, alpha, "lsqr", n_iter, converged)


def _size(vector):
    """The power of 2 below its largest element: squares of tiny ones would count as zero."""
    return float(np.ldexp(1.0, np.frexp(np.abs(vector).max())[1] - 1))


def _product(design, w):
    """A w as an array (1, n)."""
    return design.residual_of(np.arange(design.n_features), -w.reshape(1, -1))


def _solution(design, W, alpha, solver, n_iter, converged):
    gap = certificate(W, alpha, gradient(design, W))
    return RidgeSolution(W, solver, gap, n_iter, converged)
