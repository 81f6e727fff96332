"""How many alphas of a path are solved together, with shared passes over X."""

from itertools import takewhile

# Alphas that share a pass: so many, and none below this part of the last one,
LOOKAHEAD = 16
LOOKAHEAD_RATIO = 0.7
# or this one where X has so few elements that what surrounds a pass costs more than the pass,
SHORT_PASS, SHORT_LOOKAHEAD_RATIO = 1 << 20, 0.5
# but for what fills up those whose residuals dense X is multiplied with at a time.
SIDE_BY_SIDE = 4
# Alphas that are followed together where there is no pass to share.
FOLLOWED_TOGETHER = 64
# Elements that a descent on a working set of k columns touches, in units of k^2.
DESCENT_WORK = 20


class Lookahead:
    """Chooses the alphas that go together.

    Parameters
    ----------
    design : Design
    budget : int
        Bytes that their residuals and gradients may take.
    all_features : bool
        Whether there is a Gram of all features: then no pass is needed.
    """

    def __init__(self, design, budget, all_features):
        self.design = design
        self.budget = budget
        self.all_features = all_features

    def n_together(self, penalties, last, n_tasks, follows, n_working):
        """How many of the penalties come next.

        Parameters
        ----------
        penalties : list of Penalty
            From the strongest to the weakest.
        last : Penalty or None
            Where the path is.
        n_tasks : int
        follows : bool
            Whether they are followed from kink to kink: then they cost a pass only.
        n_working : int
            Columns of the working set.
        """
        if penalties[0].l1 == 0:
            return 1
        last_l1 = (last or penalties[0]).l1
        l1s = [penalty.l1 for penalty in penalties[:FOLLOWED_TOGETHER]]
        n_below = sum(1 for _ in takewhile(lambda l1: 0 < l1 <= last_l1, l1s))
        if self.all_features:
            return max(1, n_below) if follows else 1
        room = self.budget // (16 * n_tasks * (self.design.n_samples + self.design.n_features))
        worthwhile = LOOKAHEAD if follows else self._n_worthwhile(n_working)
        return max(1, min(self._n_near(l1s, last_l1, n_below), worthwhile, room))

    def _n_near(self, l1s, last_l1, n_below):
        """How many are near enough to the last one for its gradient to tell who enters."""
        is_short = self.design.work < SHORT_PASS
        nearest = last_l1 * (SHORT_LOOKAHEAD_RATIO if is_short else LOOKAHEAD_RATIO)
        n_near = sum(l1 >= nearest for l1 in l1s[:n_below])
        if n_near > SIDE_BY_SIDE and not self.design.is_sparse:
            n_near = min(SIDE_BY_SIDE * round(n_near / SIDE_BY_SIDE), n_below)
        return n_near

    def _n_worthwhile(self, n_working):
        """Many where a pass costs more than descents that have to be done again."""
        if n_working == 0:
            return LOOKAHEAD
        return max(2, min(LOOKAHEAD, 8 * self.design.work // (DESCENT_WORK * n_working**2)))
