"""Degrees of freedom of a fit: the trace of the map from y to the fitted values.

With A's active columns, their penalty's Hessian H at W and G = A'A, a small change of y
changes the fitted values by A (G + H)^-1 A'. Its trace is an unbiased estimate of the
degrees of freedom (Stein 1981; Zou, Hastie, Tibshirani 2007 for the lasso;
Tibshirani, Taylor 2012 for the elastic net; Vaiter et al. 2012 for blocks).
"""

import numpy as np
from scipy import linalg

from fastreg._engine.ridge import row_gram

# Eigenvalues below this share of the largest count as zero.
RANK_EPS = 1e-12


def degrees_of_freedom(engine, W, penalty):
    """The trace at W (T, p), where `engine` has ended under `penalty`; no intercept in it.

    One task: the number of active columns for the lasso, and the sum of
    d / (d + l2) over the eigenvalues d of G where there is an L2 part.
    """
    active = np.flatnonzero(W.any(axis=0))
    n_tasks, k = len(W), len(active)
    if k == 0 or (penalty.l2 == 0 and n_tasks == 1):
        return float(k)
    design = engine.design
    if n_tasks == 1 and k > design.n_samples and not design.is_sparse:
        # AA' has the same eigenvalues but zeros, and is smaller
        return _trace(row_gram(design, active), penalty.l2 * np.eye(design.n_samples))
    gram = _active_gram(engine, active)
    return _trace(np.kron(gram, np.eye(n_tasks)), _hessian(W[:, active], penalty))


def _active_gram(engine, active):
    """G of the columns `active`, without a pass over X where the engine has formed it."""
    if engine.problem.gram is not None:
        return engine.problem.gram[np.ix_(active, active)]
    if engine.cache is not None:
        position = np.full(engine.design.n_features, -1)
        position[engine.cache.known] = np.arange(len(engine.cache.known))
        chosen = position[active]
        if (chosen >= 0).all():
            return engine.cache.gram[np.ix_(chosen, chosen)]
    return engine.design.gram(active)


def _hessian(W, penalty):
    """The Hessian of sum_j l1 ||w_j|| + l2/2 ||w_j||^2, a block (T, T) for each w_j."""
    n_tasks, k = W.shape
    H = penalty.l2 * np.eye(k * n_tasks)
    if n_tasks > 1 and penalty.l1 > 0:
        for j, w in enumerate(W.T):
            norm = np.linalg.norm(w)
            u = w / norm
            block = slice(j * n_tasks, (j + 1) * n_tasks)
            H[block, block] += penalty.l1 / norm * (np.eye(n_tasks) - np.outer(u, u))
    return H


def _trace(G, H):
    """tr(G (G + H)^-1) = m - tr(H (G + H)^-1); both (m, m) and positive semidefinite."""
    M = G + H
    factor, info = linalg.lapack.dpotrf(M.T, lower=True, overwrite_a=True)
    if info == 0:
        inverse, info = linalg.lapack.dpotri(factor, lower=True, overwrite_c=True)
    if info == 0:
        # symmetric; LAPACK fills the lower triangle only
        trace = len(G) - 2 * np.vdot(np.tril(inverse, -1), H) - inverse.diagonal() @ H.diagonal()
    else:
        d, V = linalg.eigh(G + H)
        kept = d > RANK_EPS * d[-1]
        V = V[:, kept]
        trace = np.einsum("ij,ij->j", V, G @ V) @ (1 / d[kept])
    return float(np.clip(trace, 0.0, len(G)))
