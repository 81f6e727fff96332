"""Penalties by alpha: the one that belongs to it, the alphas of a grid, and the largest."""

import numpy as np

from fastreg._engine.problem import LeastSquaresProblem, gram_budget
from fastreg._engine.unpenalised import Unpenalised
from fastreg._kernels.penalty import Penalty


def alpha_max(design, l1_ratio, *, positive=False, joint=True, factor=None, lower=None, upper=None):
    """The smallest alpha at which all penalised coefficients are zero.

    Targets share one penalty where `joint`; otherwise they are fitted one by one.
    The unpenalised features are fitted first.
    """
    penalty = Penalty(1.0, 0.0, positive, factor=factor, lower=lower, upper=upper)
    parts = [slice(None)] if joint else [slice(t, t + 1) for t in range(len(design.squared_norms))]
    largest = max(_largest_norm(LeastSquaresProblem(design, part), penalty) for part in parts)
    return largest / (design.total_weight * l1_ratio)


def _largest_norm(problem, penalty):
    C, zeros = problem.correlation, np.zeros_like(problem.correlation)
    free = penalty.unpenalised()
    if len(free) == C.shape[1]:
        return 0.0
    if len(free):
        unpenalised = Unpenalised(problem, penalty, gram_budget(problem.design.nbytes))
        precision = 1e-12 * problem.squared_norm
        C, _ = unpenalised.fit(zeros.copy(), C.copy(), problem.squared_norm, precision)
    norms = penalty.dual_norms(zeros, C)
    norms[free] = 0.0
    return float(norms.max())


def alpha_grid(design, l1_ratio, *, eps, n_alphas, **penalty):
    """`n_alphas` values from alpha_max down to eps * alpha_max, evenly in their log.

    `penalty` are the options of `alpha_max`.
    """
    largest = alpha_max(design, l1_ratio, **penalty)
    resolution = np.finfo(np.float64).resolution
    if largest <= resolution:
        return np.full(n_alphas, resolution)
    return np.geomspace(largest, largest * eps, num=n_alphas)


def elastic_net_penalty(
    alpha, l1_ratio, total_weight, *, positive=False, factor=None, lower=None, upper=None
):
    """The penalty of N alpha sum_j f_j (l1_ratio |w_j| + (1 - l1_ratio)/2 w_j^2)."""
    if factor is not None:
        largest = float(factor.max())
        if largest == 0:
            alpha, factor = 0.0, None  # nothing is penalised
        elif largest * alpha * total_weight > 1e300:
            factor = np.minimum(factor, 1e300 / (alpha * total_weight))  # as good as infinite
    return Penalty(
        alpha * l1_ratio * total_weight,
        alpha * (1.0 - l1_ratio) * total_weight,
        positive,
        factor=factor,
        lower=lower,
        upper=upper,
    )
