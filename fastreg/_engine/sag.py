"""Ridge by stochastic average gradients, SAG and SAGA, on rows of X."""

import numpy as np

from fastreg._engine.ridge_solution import RidgeSolution, certificate, gradient
from fastreg._engine.row_order import for_rows
from fastreg._kernels.sag import CentredDenseRows, CentredSparseRows, descend

MAX_EPOCHS = 1000
# One step shrinks coefficients by no more than this share.
MAX_SHRINKING = 0.9


def stochastic_average(design, alpha, solver, tol, max_iter, seed):
    """Solve for each target with `solver` "sag" or "saga", up to `max_iter` epochs.

    Sparse X is held by rows too while this runs.
    """
    if design.is_sparse:
        kind, X = CentredSparseRows, design.X.tocsr()
    else:
        kind, X = CentredDenseRows, for_rows(design.X)
    root = np.ones(design.n_samples) if design.scale is None else design.scale
    weights = np.square(root)
    chosen = np.flatnonzero(weights)
    W = np.zeros((len(alpha), design.n_features))
    n_iter, converged = np.ones(len(alpha), dtype=np.int32), True
    largest = kind(X, design.mean).largest_norm(weights)
    if largest > 0:
        for t, value in enumerate(alpha):
            rows = kind(X, design.mean)
            mean_alpha = value / len(chosen)
            step = _step(solver, largest, mean_alpha, len(chosen))
            n_iter[t], done = descend(
                rows,
                weights,
                root * design.targets[t],
                chosen,
                mean_alpha,
                step,
                solver == "saga",
                tol,
                MAX_EPOCHS if max_iter is None else max_iter,
                seed,
            )
            W[t] = rows.coefficients
            converged &= done
    gap = certificate(W, alpha, gradient(design, W))
    return RidgeSolution(W, solver, gap, n_iter, converged)


def _step(solver, largest, alpha, n_rows):
    """1/L for SAG, as its authors use it; for SAGA what its proof asks for.

    L is the largest curvature of a row with its share `alpha` of the penalty.
    """
    curvature = largest + alpha
    if solver == "saga":
        step = 1.0 / (2 * curvature + min(2 * n_rows * alpha, curvature))
    else:
        step = 1.0 / curvature
    return min(step, MAX_SHRINKING / alpha) if alpha > 0 else step
