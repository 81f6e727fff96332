"""What every ridge solver returns, and the certificate that goes with it."""

from dataclasses import dataclass

import numpy as np


@dataclass
class RidgeSolution:
    """W (T, p), the solver that found it, and the duality gap of each target.

    `n_iter` (T,) is None for solvers that don't count, `rcond` the worst reciprocal
    condition number that a closed form met.
    """

    W: np.ndarray
    solver: str
    gap: np.ndarray
    n_iter: np.ndarray | None = None
    converged: bool = True
    rcond: float | None = None


def certificate(W, alpha, C, *, positive=False):
    """The duality gap for each target at W (T, p) with C = A'r, of half the objective.

    ||C - alpha w||^2 / (2 alpha); with `positive`, coordinates with a negative gradient
    add what their coefficient is away from zero. Without a penalty there is no dual:
    the squared norm of the (projected) gradient is returned.
    """
    alpha = alpha[:, np.newaxis]
    terms = np.square(C - alpha * W)
    if positive:
        # 2 alpha (alpha/2 w^2 + max(c, 0)^2 / (2 alpha) - w c), term by term
        held = alpha * W * (alpha * W - 2 * C)
        held = np.where(alpha > 0, held, np.where(W > 0, np.square(C), 0.0))
        terms = np.where(C < 0, held, terms)
    return gap_of_gradient(terms.sum(axis=1), alpha[:, 0])


def gap_of_gradient(squared_norm, alpha):
    """The gap (T,) where the penalised objective's gradient has these squared norms."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(alpha > 0, squared_norm / (2 * alpha), squared_norm)


def gradient(design, W):
    """A'R from X itself: the residual of a closed form is what its rounding left.

    From the moments where there is no X any more.
    """
    if not design.has_rows:
        return design.correlation - W @ design.known_gram
    return design.dots(design.residual(W, design.targets))


def unit_of(vector):
    """The power of 2 below its largest element: squares of tiny ones would count as zero."""
    return float(np.ldexp(1.0, np.frexp(np.abs(vector).max())[1] - 1))
