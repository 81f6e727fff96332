"""Ridge by SciPy's Krylov solvers: products with A only, so sparse A stays sparse."""

import numpy as np
from scipy.sparse.linalg import LinearOperator, cg

from fastreg._engine.ridge_solution import RidgeSolution, certificate, gradient


def conjugate_gradients(design, alpha, tol, max_iter):
    """(A'A + alpha I) w = A'y for each target, preconditioned by the diagonal."""
    p = design.n_features
    zero = np.zeros((1, design.n_samples))
    W = np.zeros((len(alpha), p))
    converged = True
    n_iter = np.zeros(len(alpha), dtype=np.int32)
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
    gap = certificate(W, alpha, gradient(design, W))
    return RidgeSolution(W, "sparse_cg", gap, n_iter, converged)
