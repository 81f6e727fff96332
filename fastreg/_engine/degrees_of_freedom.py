"""Degrees of freedom of a fit: the trace of the map from y to the fitted values.

With A's active columns, their penalty's Hessian H at W and G = A'A (for each of the
tasks), a small change of y changes the fitted values by A (G + H)^-1 A'. The trace of
that is an unbiased estimate of the degrees of freedom (Stein 1981; Zou, Hastie,
Tibshirani 2007 for the lasso; Tibshirani, Taylor 2012 for the elastic net; Vaiter et
al. 2012 for blocks).
"""

import numpy as np
from scipy import linalg

from fastreg._engine.blocks import row_gram


def degrees_of_freedom(engine, W, active, penalty):
    """The trace at W (T, p), with coefficients on `active`, where `engine` has ended under
    `penalty`; no intercept in it.

    One task: the number of active columns for the lasso, and the sum of
    d / (d + l2) over the eigenvalues d of G where there is an L2 part.
    """
    design = engine.design
    if penalty.bounded:  # a coefficient at its bound doesn't follow y
        low, high = penalty.bounds(active)
        active = active[(low < W[0, active]) & (W[0, active] < high)]
    l1, l2 = penalty.strengths(active)
    n_tasks, k = len(W), len(active)
    if k == 0 or (penalty.l2 == 0 and (n_tasks == 1 or penalty.l1 == 0)):
        # a loose tolerance or no penalty leaves more columns than they span dimensions
        return float(n_tasks * min(k, design.n_samples - design.fit_intercept))
    if n_tasks > 1:
        return _trace_of_blocks(_active_gram(engine, active), W[:, active], l1, l2)
    if k > design.n_samples and not design.is_sparse and penalty.factor is None:
        # AA' has the same eigenvalues but zeros, and is smaller
        return _trace(row_gram(design, active), l2[:1])
    return _trace(_active_gram(engine, active), l2)


def _active_gram(engine, active):
    """G of the columns `active`, without a pass over X where the engine has formed it."""
    if engine.problem.gram is not None:
        return engine.problem.gram[np.ix_(active, active)]
    if engine.working_set is not None and engine.working_set.contains(active):
        positions = engine.working_set.positions(active)
        return engine.working_set.gram[np.ix_(positions, positions)]
    return engine.design.gram(active)


def _trace(G, l2):
    """tr(G (G + D)^-1) = k - tr(D (G + D)^-1) with D = diag(l2).

    The diagonal of the inverse is that of M'M with M the inverse of Cholesky's factor.
    """
    factor, info = _cholesky(G, l2)
    if info == 0:
        inverse_factor, info = linalg.lapack.dtrtri(factor, lower=True, overwrite_c=True)
    if info == 0:
        diagonal = np.einsum("ij,ij->j", inverse_factor, inverse_factor)
    else:
        diagonal = _inverse(G, l2).diagonal()
    return float(np.clip(len(G) - np.sum(l2 * diagonal), 0.0, len(G)))


def _trace_of_blocks(G, W, l1, l2):
    """The same for T tasks, by matrices of the size of G whatever T is.

    The Hessian of l1 ||w_j|| + l2/2 ||w_j||^2 is (c_j + l2) I - c_j u_j u_j' with
    c_j = l1 / ||w_j|| and u_j = w_j / ||w_j||. So the system is N = G + diag(c + l2) for
    each task, less a matrix of rank k, whose inverse is Woodbury's.
    """
    n_tasks, k = W.shape
    norm = np.sqrt((W * W).sum(axis=0))
    c, U = l1 / norm, W / norm
    diagonal = c + l2
    inverse = _inverse(G, diagonal)
    K = np.sqrt(np.outer(c, c)) * (U.T @ U)
    inner = inverse - (inverse * diagonal) @ inverse  # N^-1 G N^-1
    small = np.eye(k) - K * inverse
    try:
        update = np.trace(linalg.solve(small, K * inner, assume_a="sym"))
    except linalg.LinAlgError:
        update = np.trace(linalg.pinvh(small) @ (K * inner))
    trace = n_tasks * (k - diagonal @ inverse.diagonal()) + update
    return float(np.clip(trace, 0.0, n_tasks * k))


def _inverse(G, diagonal):
    """(G + diag(diagonal))^-1, symmetric; the pseudoinverse where Cholesky's fails."""
    factor, info = _cholesky(G, diagonal)
    if info == 0:
        inverse, info = linalg.lapack.dpotri(factor, lower=True, overwrite_c=True)
    if info != 0:
        return linalg.pinvh(G + np.diag(np.broadcast_to(diagonal, len(G))))
    return np.tril(inverse) + np.tril(inverse, -1).T


def _cholesky(G, diagonal):
    """The lower factor of G + diag(diagonal), zero above, and LAPACK's info."""
    N = np.array(G, order="F")
    N.flat[:: len(N) + 1] += diagonal
    return linalg.lapack.dpotrf(N, lower=True, overwrite_a=True)
