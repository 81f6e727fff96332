"""What the path engine holds of one alpha: a solution, an iterate on its way, a point
on the working set."""

from dataclasses import dataclass

import numpy as np

from fastreg._kernels.penalty import Penalty
from fastreg._kernels.support import support


@dataclass
class Solution:
    """What one alpha gave: W (T, p), its duality gap, sweeps spent, ||Y - W A'||^2, and
    whether the gap is below the tolerance."""

    W: np.ndarray
    gap: float
    gap_tol: float
    n_iter: int
    squared_residual: float

    @property
    def support(self):
        """The columns with a coefficient."""
        return support(self.W)

    @property
    def converged(self):
        return self.gap <= self.gap_tol


@dataclass(eq=False)
class Iterate:
    """One alpha on its way: W (T, p), its exact gradient, and what it took so far."""

    penalty: Penalty
    W: np.ndarray
    C: np.ndarray | None = None
    squared_residual: float = np.inf
    gap: float = np.inf
    n_iter: float = 0.0
    moved: bool = True
    best_gap: float = np.inf
    n_idle: int = 0
    is_last: bool = False  # where the last penalty ended


@dataclass
class Point:
    """The solution at l1 on the working set: w and its gradient c (T, k), ||R||^2."""

    l1: float
    w: np.ndarray
    c: np.ndarray
    squared_residual: float

    def towards(self, other, l1):
        """The point at l1 on the line to another.

        Between two kinks of the path it is on the path. Elsewhere it still keeps the
        gradient within its limits, as both ends do; w and c^T w are off by the second
        order.
        """
        share = (self.l1 - l1) / (self.l1 - other.l1)
        step, change = other.w - self.w, other.c - self.c
        squared_residual = (1 - share) * self.squared_residual + share * other.squared_residual
        squared_residual += share * (1 - share) * float(np.vdot(step, change))
        return Point(l1, self.w + share * step, self.c + share * change, squared_residual)
