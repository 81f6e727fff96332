"""Ridge by the singular values of A: right where the Gram matrix has lost digits.

They come from a triangular factor made block by block, so that A is never held as a
whole. For p > n it is the factor of A': w = A'v with v from AA' = R'R, and steps of
refinement against A itself bring back what squaring lost (Bjorck 1987).
"""

import numpy as np
from scipy import linalg

from fastreg._engine.blocks import column_blocks, row_blocks

EPS = np.finfo(np.float64).eps
# Refinement of wide problems ends after so many steps, or where one gains less than this.
MAX_REFINEMENTS = 5
MIN_GAIN = 0.5


def singular_values(design, alpha):
    """W (T, p) for alpha (T,); of smallest norm where alpha is zero."""
    if design.n_features > design.n_samples:
        return _wide(design, alpha)
    return _tall(design, alpha)


def _tall(design, alpha):
    R, Z = row_factor(design)
    u, s, vt = linalg.svd(R, full_matrices=False, overwrite_a=True)
    kept = kept_values(s, design)
    factor = s[kept] / (s[kept] ** 2 + alpha[:, np.newaxis])
    return ((Z @ u[:, kept]) * factor) @ vt[kept]


def _wide(design, alpha):
    R = triangular_factor((block.T for block in column_blocks(design)), design.n_samples)
    _, s, vt = linalg.svd(R, full_matrices=False, overwrite_a=True)
    kept = kept_values(s, design)
    vt, factor = vt[kept], 1.0 / (s[kept] ** 2 + alpha[:, np.newaxis])
    W, V = np.zeros((len(alpha), design.n_features)), np.zeros_like(design.targets)
    left, size = design.targets, np.inf
    for _ in range(1 + MAX_REFINEMENTS):
        step = ((left @ vt.T) * factor) @ vt
        W_new, V_new = W + design.dots(step), V + step
        left = design.residual(W_new, design.targets) - alpha[:, np.newaxis] * V_new
        before, size = size, np.linalg.norm(left @ vt.T)
        if not size < before:
            break
        W, V = W_new, V_new
        if size > MIN_GAIN * before:
            break
    return W


def row_factor(design):
    """R (k, p) and Z (T, k) of [A Y'] = Q [R Z'], with p >= k: least squares of Z on R."""
    p, targets = design.n_features, design.targets
    R = triangular_factor(
        (np.hstack([block, targets[:, rows].T]) for rows, block in row_blocks(design)),
        p + len(targets),
    )
    k = min(p, len(R))
    return R[:k, :p], R[:k, p:].T


def triangular_factor(blocks, width):
    """R of a QR factorisation of the blocks (k, width) on top of each other."""
    R = np.empty((0, width))
    for block in blocks:
        R = linalg.qr(np.vstack([R, block]), mode="r", overwrite_a=True)[0][:width]
    return R


def kept_values(s, design):
    """Which singular values are more than rounding."""
    size = max(design.n_samples, design.n_features)
    return s > max(size * EPS * s.max(initial=0.0), np.finfo(np.float64).tiny)
