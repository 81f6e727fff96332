"""Ridge with coefficients that are not negative, by SciPy's L-BFGS-B."""

import numpy as np
from scipy.optimize import minimize

from fastreg._engine.ridge_closed import cholesky
from fastreg._engine.ridge_solution import RidgeSolution, certificate, gradient

# Up to this many features the objective is computed from the Gram matrix.
GRAM_FEATURES = 1000
# Tries to solve for the positive coefficients exactly, each without those that turned negative.
MAX_FACES = 10
EPS = np.finfo(np.float64).eps


def lbfgs(design, alpha, tol, max_iter):
    """Each target by itself, until no projected gradient is above `tol`.

    Nor, in coordinates of unit curvature, above `tol` times the target's norm: that means
    something in whatever units X and y are.
    """
    W = np.zeros((len(alpha), design.n_features))
    n_iter, converged = np.zeros(len(alpha), dtype=np.int32), np.zeros(len(alpha), dtype=bool)
    smooth = _least_squares(design)
    for t, value in enumerate(alpha):
        # coordinates of equal curvature, as far as the diagonal can tell
        scale = np.sqrt(design.sq_norm + value)
        scale[scale == 0] = 1.0

        def objective(u, t=t, value=value, scale=scale):
            w = u / scale
            loss, slope = smooth(w, t)
            return loss + 0.5 * value * (w @ w), (slope + value * w) / scale

        result = minimize(
            objective,
            np.zeros(design.n_features),
            jac=True,
            method="L-BFGS-B",
            bounds=[(0.0, np.inf)] * design.n_features,
            options={
                "gtol": tol * min(1 / scale.max(), np.sqrt(design.squared_norms[t])),
                "ftol": EPS,
            }
            | _limit(max_iter),
        )
        W[t] = result.x / scale
        n_iter[t] = result.nit
        converged[t] = result.success
    W[:, design.sq_norm == 0] = 0.0
    gap = certificate(W, alpha, gradient(design, W), positive=True)
    if max_iter is None:  # not where a user wants to see what so many iterations give
        W, gap = _polished(design, W, alpha, gap)
        converged |= gap <= EPS * design.squared_norms
    return RidgeSolution(W, "lbfgs", gap, n_iter, bool(converged.all()))


def _polished(design, W, alpha, gap):
    """W with its positive coefficients solved for exactly, where that makes the gap smaller."""
    trial = W.copy()
    for t, value in enumerate(alpha):
        support = np.flatnonzero(W[t])
        for _ in range(MAX_FACES):
            if not 0 < len(support) <= GRAM_FEATURES:
                break
            right = design.correlation[t : t + 1, support]
            solution = cholesky(design.gram(support), np.array([value]), right, overwrite=True)
            if solution.solution is None:
                break
            trial[t] = 0.0
            trial[t, support] = np.maximum(solution.solution[0], 0.0)
            if (solution.solution[0] > 0).all():
                break
            support = support[solution.solution[0] > 0]
    trial_gap = certificate(trial, alpha, gradient(design, trial), positive=True)
    better = trial_gap < gap
    return np.where(better[:, np.newaxis], trial, W), np.where(better, trial_gap, gap)


def _limit(max_iter):
    return {} if max_iter is None else {"maxiter": max_iter}


def forms_gram(n_samples, n_features):
    """Whether the objective comes from the Gram of all features."""
    return n_features <= min(n_samples, GRAM_FEATURES)


def _least_squares(design):
    """f(w, t): half the squared residual but for a constant, and its gradient."""
    gram, correlation = design.known_gram, design.correlation
    if gram is None and forms_gram(design.n_samples, design.n_features):
        gram = design.all_gram()
    if gram is not None:

        def from_moments(w, t):
            image = gram @ w
            return 0.5 * (w @ image) - correlation[t] @ w, image - correlation[t]

        return from_moments

    def from_rows(w, t):
        residual = design.residual(w[np.newaxis], design.targets[t : t + 1])
        return 0.5 * np.vdot(residual, residual), -design.dots(residual)[0]

    return from_rows
