"""Who is let into a working set, and who has to leave it."""

import numpy as np

from fastreg._engine.working_set import WorkingSet
from fastreg._kernels.support import mark_support

# A working set grows by up to this part of the columns in use, for alphas that go down to
# FULL_GROWTH of the last one; or by so many.
GROWTH = 0.6
FULL_GROWTH = 0.6
MIN_GROWTH = 128
# One without room for a Gram, whose columns are swept, grows by up to this multiple of them.
SWEPT_GROWTH = 4
# How much faster than before the gradient may go on, for features to be let in.
ENTRY_MARGIN = 0.1
# A set that is full keeps who is in use, and of the others those that are nearest to it, up
# to this part of its room.
KEPT = 0.9


class Admission:
    """Chooses the columns of a working set, for iterates that share it.

    Parameters
    ----------
    design : Design
    capacity : int
        The columns that a working set has room for.
    working_set : WorkingSet or None
        One to go on with.
    """

    def __init__(self, design, capacity, working_set=None):
        self.design = design
        self.capacity = capacity
        self.working_set = working_set
        self.n_trimmed = 0  # how often columns had to leave

    def expectation(self, it, l1, last, before):
        """What to compare with l1, to tell the features that are likely to enter before it:
        a part of l1, and the gradient expected there, or None for that of now.

        The gradient goes on as it went between the last two solutions, a little faster: the
        path is piecewise linear. (Larsson, Wallin 2022, who take its direction from the
        Hessian.) Without two solutions to tell by it is the strong rule (Tibshirani et
        al. 2012).
        """
        if last is None or not 0 < l1 < last.penalty.l1:
            return 1.0, None
        ahead = last.penalty.l1 / l1 - 1
        goes_on = before is not None and last.penalty.l1 < before.penalty.l1
        if not (goes_on and it.is_last):
            return max(1 - ahead, 0.5), None
        share = (last.penalty.l1 - l1) / (before.penalty.l1 - last.penalty.l1)
        return max(1 - ENTRY_MARGIN * ahead, 0.5), last.C + share * (last.C - before.C)

    def violators(self, iterates, last, level, expected=None):
        """The columns whose gradient, or the one expected, is most above `level` times what
        the penalty holds back; their number is bounded by that of the columns in use."""
        ratio, in_use = np.zeros(self.design.n_features), self._in_use(iterates)
        for it in iterates:
            if it.C is not None:
                l1 = iterates[-1].penalty.l1 if iterates[-1].C is None else it.penalty.l1
                C = it.C if expected is None else expected
                it.penalty.raise_dual_norms(it.W, C, l1 or 1.0, ratio)
        found = np.flatnonzero(ratio > (level if l1 else 0.0))
        known = in_use.copy()
        if self.working_set is not None:
            known[self.working_set.columns] = True
        found = found[~known[found] & (self.design.sq_norm[found] > 0)]
        n_in_use = np.count_nonzero(in_use)
        limit = max(MIN_GROWTH, int(_growth(iterates, last) * n_in_use))
        room = self.capacity - n_in_use
        # better the worst of them here than all of them elsewhere; there, more cost no more each
        fits = room >= MIN_GROWTH // 2
        limit = min(limit, room) if fits else max(limit, SWEPT_GROWTH * n_in_use)
        return np.sort(_largest(found, ratio, limit))

    def wanted(self, iterates, violators):
        """The columns in use and the violators."""
        wanted = self._in_use(iterates)
        wanted[violators] = True
        return np.flatnonzero(wanted)

    def extend(self, iterates, violators):
        """Bring all columns in use and the violators into the working set, if it has room."""
        wanted = self.wanted(iterates, violators)
        if len(wanted) > self.capacity:
            return False
        if self.working_set is None:
            self.working_set = WorkingSet(self.design, self.capacity)
        missing = self.working_set.missing(wanted)
        if len(self.working_set) + len(missing) > self.capacity:
            self.working_set.keep(self._worth_keeping(iterates[0], wanted))
            self.n_trimmed += 1
            missing = self.working_set.missing(wanted)
        if len(missing):
            self.working_set.add(missing)
        return True

    def _worth_keeping(self, it, wanted):
        """`wanted`, and those of the working set whose gradient is nearest to its limit."""
        room = int(KEPT * self.capacity) - len(wanted)
        if room <= 0 or it.C is None:
            return wanted
        others = self.working_set.columns[~self.working_set.are_among(wanted)]
        ratio = it.penalty.dual_norms(it.W, it.C)
        return np.concatenate([wanted, _largest(others, ratio, room)])

    def _in_use(self, iterates):
        """Which columns have a coefficient, or no penalty."""
        in_use = np.zeros(self.design.n_features, dtype=np.uint8)
        for it in iterates:
            mark_support(it.W, in_use)
            in_use[it.penalty.unpenalised()] = True
        return in_use.view(bool)


def _growth(iterates, last):
    """GROWTH for the furthest alphas, less for those that are nearer to the last one."""
    l1 = iterates[-1].penalty.l1
    if last is None or len(iterates) == 1 or not 0 < l1 < last.penalty.l1:
        return GROWTH
    nearness = np.log(last.penalty.l1 / l1) / -np.log(FULL_GROWTH)
    return GROWTH * min(nearness, 1.0)


def _largest(columns, ratio, n):
    """The n columns with the largest ratio, or all of them."""
    if len(columns) <= n:
        return columns
    return columns[np.argpartition(-ratio[columns], n)[:n]]
