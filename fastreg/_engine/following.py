"""Where the path is followed from kink to kink: see the kernel `homotopy`."""

from dataclasses import dataclass

import numpy as np

from fastreg._kernels.homotopy import Homotopy

# Supports up to which that is cheaper than descents. It saves passes, as alphas far ahead cost
# no more than near ones; where these read few nonzeros, in units of the root of their number,
# but for small supports.
SMALL_ACTIVE, MAX_ACTIVE = 250, 2000
ACTIVE_OF_NONZEROS = 0.2
# of a limit, relative to it
ROUNDING = 1e-14


@dataclass(frozen=True)
class Start:
    """A point (W, gradient C) at l1; None stands for the largest l1 with W = 0."""

    l1: float | None
    W: np.ndarray
    C: np.ndarray
    is_solution: bool = True  # or off the path there


class Follower:
    """Follows the paths of lassos with one target, as long as supports stay small.

    Parameters
    ----------
    problem : LeastSquaresProblem
    is_random : bool
        Whether coordinates are to be picked at random: then none is followed.
    """

    def __init__(self, problem, is_random):
        self.goes_on = len(problem.correlation) == 1 and not is_random
        self.max_active = MAX_ACTIVE
        if problem.design.is_sparse:
            of_nonzeros = int(ACTIVE_OF_NONZEROS * np.sqrt(problem.design.work))
            self.max_active = max(SMALL_ACTIVE, min(MAX_ACTIVE, of_nonzeros))

    def follows(self, penalty):
        """Whether the path under it is linear from kink to kink, all of them at zero."""
        return (
            self.goes_on
            and penalty.l2 == 0
            and not penalty.bounded
            and len(penalty.unpenalised()) == 0
        )

    def start(self, it, last):
        """Where to start for iterates, the first of which is `it`, where a path is; or None."""
        if not self.follows(it.penalty):
            return None
        if it.is_last:
            is_below = it.penalty.l1 <= last.penalty.l1
            return Start(last.penalty.l1, it.W, it.C) if is_below else None
        return None if it.W.any() else Start(None, it.W, it.C)

    def follow(self, start, iterates, columns, gram, factor):
        """Coefficients (m, k) on `columns` for the first m iterates, from `start` on."""
        penalty = iterates[0].penalty.take(columns)
        w, c = start.W[:, columns], start.C[:, columns]
        l1 = start.l1
        if l1 is None:
            # what alpha_max times the weights misses by rounding makes no coefficient
            largest = penalty.dual_norms(w, c).max(initial=0.0)
            l1 = largest if largest > (1 + ROUNDING) * penalty.l1 else penalty.l1
        l1s = np.array([it.penalty.l1 for it in iterates])
        homotopy = Homotopy(gram, factor, penalty, w[0], c[0], l1)
        found = homotopy.follow(l1s, self.max_active)
        if homotopy.any_held and not start.is_solution:
            found = found[:0]  # a column that depends on the support cannot get to the path
        self.goes_on = len(found) == len(iterates)
        return found
