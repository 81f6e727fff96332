"""The path engine: least squares under a penalty, for one alpha or many.

Design
------
A path goes some alphas at a time, from the solution of the last one:

1. a working set: the columns in use, those that are expected to enter, and from
   the second round on those that violate optimality most. Its growth is bounded.
   With few columns it is all of them;
2. on the working set, through the Gram matrix of all columns that ever were in one, where
   that is cheaper than the columns themselves: a lasso's path is followed from kink to
   kink while supports are small (`Follower`); else coordinate descent, at the last of
   these alphas first, then between it and where the path was (`_descend_between`).
   Without a Gram, for one alpha at a time, descent on the columns with a residual, or
   block by block where X is in C order and the set is too large to gather (`Descents`);
3. one pass over X for the gradients of everything at all these alphas: their duality
   gaps, and the next violators.

The gradient that starts step 2 always comes from step 3, so errors of a Gram
matrix cannot accumulate: it only predicts how the gradient moves.

No solver walks down a column of C-ordered X, and X is never copied: the extra
memory is `path_budget` for what is kept, scratch of a similar size, a few vectors,
and the result. Rejected: one loop over
all columns with a residual (a pass over X a sweep, and a cache line an element
in C order); a copy in Fortran order (twice the memory); a pass for each alpha (it
reads memory where a pass for ten of them multiplies).
"""

from math import ceil, isqrt

import numpy as np

from fastreg._engine.admission import Admission
from fastreg._engine.descents import Descents, descend_on_gram
from fastreg._engine.factors import Factors
from fastreg._engine.following import Follower, Start
from fastreg._engine.iterates import Iterate, Point, Solution
from fastreg._engine.lookahead import Lookahead
from fastreg._engine.problem import LeastSquaresProblem, path_budget
from fastreg._engine.unpenalised import Unpenalised
from fastreg._kernels.descent import descend
from fastreg._kernels.factor import FaceFactor
from fastreg._kernels.inverse_factor import InverseFactor
from fastreg._kernels.penalty import Penalty, duality_gap
from fastreg._kernels.support import support

# Up to this many features all are in the working set, and their Gram is formed.
ALL_FEATURES = 256
# Sweeps over a working set before the next is chosen: few while columns still want
# to enter, or the first sets would spend all of max_iter; then many, and a pass over
# X afterwards takes the rounding out of the gradient.
GROWING_SWEEPS = 50
SETTLED_SWEEPS = 500
# Rounds without a better gap that end a fit with unpenalised features, or with a gap
# that is below this part of ||Y||^2.
IDLE_ROUNDS = 20
ROUNDING_GAP = 1e-13
# How often columns may have to leave the working set while alphas are followed.
FOLLOWED_TRIMS = 4
# One alpha from nothing starts with sweeps over all columns of X up to so many bytes, with up
# to so many columns for each row, this part of which want to be in use; with as many sweeps
# as a Gram costs, of which it is one for so many columns.
SWEPT_BYTES = 1 << 24
SWEPT_WIDTH = 1.5
SWEPT_SHARE = 0.75
MIN_SWEEPS = 10
SWEEPS_OF_A_GRAM = 8
# A point between two solutions counts as one up to this part of the tolerance.
ON_THE_LINE = 0.8
# So many columns have a Gram however few rows there are: a set that is trimmed has to be
# found again.
MIN_GRAM = 256
# With so many columns in the working set for each row, a step on the face comes before sweeps.
STEPPED_WIDTH = 0.7


class PathEngine:
    """Solves one problem for penalties given one after the other, each from the last.

    Parameters
    ----------
    problem : LeastSquaresProblem
    tol : float
        The duality gap wanted, in units of ||Y||^2, and the largest relative
        move of a last sweep.
    max_iter : int
        Sweeps allowed for each penalty; one over a working set counts by its share
        of the columns.
    rng : numpy.random.RandomState or None
        Picks coordinates at random; None visits them in cyclic order.
    whole_gram : bool
        Form the Gram of all features whatever their number.
    working_set : WorkingSet or None
        One shared with problems on the same design.
    """

    def __init__(
        self,
        problem: LeastSquaresProblem,
        *,
        tol,
        max_iter,
        rng=None,
        whole_gram=False,
        working_set=None,
    ):
        self.problem = problem
        self.design = problem.design
        self.tol = tol
        self.gap_tol = tol * problem.squared_norm
        self.max_iter = max_iter
        self.rng = rng
        n, p = self.design.n_samples, self.design.n_features
        self.budget = path_budget(self.design)
        self.all_features = forms_gram(p, whole_gram) or problem.gram is not None
        if self.all_features and problem.gram is None:
            problem.gram = self.design.all_gram()
        self.factors = Factors(p)  # of all features, once there is a second penalty
        capacity = min(p, isqrt(self.budget // 8), self._useful_gram(n, p))
        self.admission = Admission(self.design, capacity, working_set)
        self.descents = Descents(self.design, self.budget)
        self.lookahead = Lookahead(self.design, self.budget, self.all_features)
        self.follower = Follower(problem, rng is not None)
        self._unpenalised = None
        self._last = None  # where the last penalty ended
        self._before = None  # and the one that it started from

    @property
    def working_set(self):
        return self.admission.working_set

    def _useful_gram(self, n, p):
        # A move costs k through the Gram, on contiguous memory; on columns every
        # visit costs a dot, and for sparse ones each element a jump in memory.
        if self.design.is_sparse:
            return int(64 + 64 * self.design.work / p)
        return max(4 * n, MIN_GRAM)

    def solve(self, penalty: Penalty, W) -> Solution:
        """Minimise from W (T, p), which is overwritten with the solution."""
        solution = next(self.path([penalty], W))
        W[:] = solution.W
        solution.W = W
        return solution

    def path(self, penalties, W):
        """Solutions for penalties from the strongest to the weakest, each from the last.

        W (T, p) is where the first one starts; it is left as it is, and each Solution
        has its own.
        """
        penalties = list(penalties)
        while penalties:
            n_together = self._n_together(penalties, len(W))
            iterates = self._solve_together(penalties[:n_together], W)
            for iterate in iterates:
                yield self._solution(iterate)
            self._before, self._last = self._last, iterates[-1]
            W = self._last.W
            penalties = penalties[n_together:]

    def _solution(self, it):
        n_iter = min(ceil(it.n_iter), self.max_iter)
        return Solution(it.W, it.gap, self.gap_tol, n_iter, it.squared_residual)

    def _n_together(self, penalties, n_tasks):
        """How many of the penalties to solve with shared passes."""
        if len(penalties) == 1:
            return 1
        last = self._last.penalty if self._last else None
        follows = self.follower.follows(penalties[0])
        n_working = len(self.working_set) if self.working_set else 0
        return self.lookahead.n_together(penalties, last, n_tasks, follows, n_working)

    # ---- rounds --------------------------------------------------------------------

    def _solve_together(self, penalties, W):
        """Iterates for some penalties near each other, each from its neighbour."""
        iterates = [self._first_iterate(penalties[0], W)]
        iterates += [Iterate(penalty, W) for penalty in penalties[1:]]
        start = None
        if len(penalties) > 1 or self._last is not None:
            start = self.follower.start(iterates[0], self._last)
        if len(penalties) == 1 and start is None:
            self._finish_alone(iterates[0], *self._expectation(iterates[0], penalties[0].l1))
            return iterates
        if self.all_features:
            if start is not None:
                self._follow_all(start, iterates)
        else:
            self._solve_on_working_set(iterates, start)
        for k, it in enumerate(iterates):
            if it.C is None:  # its turn did not come
                self._start_from(iterates[k - 1], it)
            self._finish_alone(it)
        return iterates

    def _expectation(self, it, l1):
        if self.all_features:
            return 1.0, None
        return self.admission.expectation(it, l1, self._last, self._before)

    def _solve_on_working_set(self, iterates, start):
        """Rounds for all of them, until their gaps are small enough or there is no room."""
        level, expected = self._expectation(iterates[0], iterates[-1].penalty.l1)
        open_iterates, n_trimmed, is_first = iterates, self.admission.n_trimmed, True
        starts = [] if start is None else [start]
        while open_iterates:
            violators = self.admission.violators(open_iterates, self._last, level, expected)
            has_room = self.admission.extend(open_iterates, violators)
            if not has_room or len(self.working_set) == 0:
                return
            # on the set of the last round it would get to the same place; and where sets have no
            # room for all, only descent is sure to get ahead
            is_new = is_first or len(violators) > 0
            keeps_all = self.admission.n_trimmed - n_trimmed <= FOLLOWED_TRIMS
            may_follow = is_new and keeps_all and self.follower.goes_on
            if not may_follow or not any(self._follow(each, open_iterates) for each in starts):
                self._descend_along(open_iterates)
            is_first = False
            if expected is not None:  # who really violates may not be in the set yet
                open_iterates[0].moved = True
            self._update_gradients(open_iterates)
            open_iterates = [it for it in open_iterates if self._is_open(it)]
            level, expected = 1.0, None
            if starts and open_iterates:
                starts = self._next_starts(starts[-1], iterates, open_iterates[0])

    def _next_starts(self, start, iterates, first):
        """From where to follow in the next round: from the first open iterate, which is off the
        path by what was missing only, or else from the last that is solved."""
        if first is not iterates[0]:
            solved = iterates[iterates.index(first) - 1]
            start = Start(solved.penalty.l1, solved.W, solved.C)
        return [Start(first.penalty.l1, first.W, first.C, is_solution=False), start]

    def _follow(self, start, iterates):
        """Bring all iterates to their solutions on the working set, from kink to kink; false
        where that does not get so far."""
        working_set, columns = self.working_set, self.working_set.columns
        factor = working_set.factors.of(InverseFactor)
        found = self.follower.follow(start, iterates, columns, working_set.gram, factor)
        if len(found) < len(iterates):
            return False
        W = np.zeros((len(iterates), *start.W.shape))
        W[:, 0, columns] = found
        n_iter = self.design.share(columns) * found.any(axis=1)
        for k, it in enumerate(iterates):
            it.W, it.moved = W[k], True
            it.n_iter += n_iter[k]
        return True

    def _follow_all(self, start, iterates):
        """The same on the Gram of all features, as far as it gets, with gradients."""
        factor = self.factors.of(InverseFactor)
        found = self.follower.follow(start, iterates, slice(None), self.problem.gram, factor)
        for it, w in zip(iterates, found, strict=False):
            it.W, it.n_iter = w[np.newaxis], float(w.any())
            self._set_gradient(it, *self.problem.gradient(it.W, self.gap_tol))

    def _first_iterate(self, penalty, W):
        """At W, without a pass where the last penalty ended."""
        last, it = self._last, Iterate(penalty, W.copy())
        penalty.project(it.W)  # made feasible
        if last is not None:
            same = W is last.W and not penalty.bounded
            it.is_last = same or np.array_equal(it.W, last.W)
        if it.is_last:
            self._start_from(last, it)
        else:
            self._set_gradient(it, *self.problem.gradient(it.W, self.gap_tol))
        return it

    def _start_from(self, other, it):
        """Let `it` take over where `other` is."""
        it.W = other.W.copy()
        self._set_gradient(it, other.C.copy(), other.squared_residual)

    def _gradient(self, W):
        """A'R and ||R||^2 at W, reading as little as is needed for it."""
        working_set = self.working_set
        if working_set is None or not working_set.contains(support(W)):
            return self.problem.gradient(W, self.gap_tol)
        C, squared_residuals = self.problem.gradients(W[:, working_set.columns], working_set)
        return C, float(squared_residuals.sum())

    def _set_gradient(self, it, C, squared_residual):
        """The gradient, ||R||^2 and gap at W, once its unpenalised columns are fitted."""
        any_unpenalised = len(it.penalty.unpenalised()) > 0
        if any_unpenalised:
            if self._unpenalised is None or not self._unpenalised.serves(it.penalty):
                self._unpenalised = Unpenalised(self.problem, it.penalty, self.budget)
            C, squared_residual = self._unpenalised.fit(it.W, C, squared_residual, self.gap_tol)
        it.C, it.squared_residual = C, squared_residual
        it.gap = duality_gap(it.penalty, it.W, C, squared_residual)
        # large coefficients without a penalty move by their rounding for ever, and all
        # do where no tolerance stops them
        if any_unpenalised or it.gap <= ROUNDING_GAP * self.problem.squared_norm:
            it.n_idle += 1
        if it.gap < 0.999 * it.best_gap:
            it.best_gap, it.n_idle = it.gap, 0

    def _is_open(self, it):
        # nothing moved: at the limit of rounding another round would do the same
        return (
            not it.gap <= self.gap_tol
            and it.moved
            and it.n_iter < self.max_iter
            and it.n_idle < IDLE_ROUNDS
            and np.isfinite(it.gap)
        )

    def _update_gradients(self, iterates):
        """Gradients and gaps at all W, from one pass over X."""
        columns = self.working_set.columns
        w = np.concatenate([it.W[:, columns] for it in iterates])
        C, squared_residuals = self.problem.gradients(w, self.working_set)
        n_tasks = len(iterates[0].W)
        for k, it in enumerate(iterates):
            rows = slice(k * n_tasks, (k + 1) * n_tasks)
            self._set_gradient(it, C[rows], float(squared_residuals[rows].sum()))

    def _descend_along(self, iterates):
        """Descend on the working set, each from its own gradient; or, where only the first
        has one, from there to the last and then between these two."""
        if iterates[-1].C is not None:
            for it in iterates:
                self._descend_from(it, self._on_working_set(it))
            return
        left, between = self._on_working_set(iterates[0]), list(iterates)
        if self._last is None:
            left = self._descend_from(between.pop(0), left)
        else:  # it is the solution there
            left.l1 = self._last.penalty.l1
        right = self._descend_from(between.pop(), left)
        self._descend_between(left, right, between)

    def _descend_between(self, left, right, iterates):
        """Solutions between two points: on the line between them, as long as that is
        near enough to the path, or by descent from it."""
        if not iterates:
            return
        half = len(iterates) // 2
        middle = iterates[half]
        point = left.towards(right, middle.penalty.l1)
        penalty = middle.penalty.take(self.working_set.columns)
        gap = duality_gap(penalty, point.w, point.c, point.squared_residual)
        if gap <= ON_THE_LINE * self.gap_tol:
            for it in iterates:  # a sweep takes out what only one of both ends has
                self._descend_from(it, left.towards(right, it.penalty.l1), 1)
            return
        point = self._descend_from(middle, point)
        self._descend_between(left, point, iterates[:half])
        self._descend_between(point, right, iterates[half + 1 :])

    def _descend_from(self, it, point, round_sweeps=SETTLED_SWEEPS):
        """The point that descent on the working set gets to."""
        sweeps = self.max_iter - it.n_iter
        options = (sweeps, round_sweeps, 0.5 * self.gap_tol, 1.0, self._seed())
        swept, moved, reached = self._descend_gram(it, point, options)
        it.n_iter += swept
        it.moved = moved or it.C is None
        return reached

    def _finish_alone(self, it, level=1.0, expected=None):
        """Rounds for one alpha, until its gap is small enough or sweeps are spent."""
        growing = self._last is None or not it.penalty.l1 <= self._last.penalty.l1
        if self._last is None and self._is_open(it) and self._sweeps_first(it):
            self._sweep_all(it)
        while self._is_open(it):
            violators = None
            if not self.all_features:
                violators = self.admission.violators([it], self._last, level, expected)
            self._descend_alone(it, violators, growing or level == 1.0)
            if expected is not None:  # who really violates may not be in the set yet
                it.moved = True
            level, expected = 1.0, None
            if it.moved:
                self._set_gradient(it, *self._gradient(it.W))

    def _sweeps_first(self, it):
        """Whether sweeps over all columns may be cheaper than a Gram: X fits into the cache,
        most columns want to be in use, and there are rows enough to tell them apart."""
        n, p = self.design.n_samples, self.design.n_features
        if self.all_features or self.design.is_sparse or p > SWEPT_WIDTH * n:
            return False
        if 8 * n * p > min(SWEPT_BYTES, self.budget):
            return False
        wanted = it.penalty.dual_norms(it.W, it.C) > it.penalty.l1
        return wanted.mean() >= SWEPT_SHARE

    def _sweep_all(self, it):
        """Sweeps with a residual, as many as take the time of a Gram: easy problems need no
        more, and others have lost little."""
        columns = np.arange(self.design.n_features)
        n_sweeps = int(min(self.max_iter, max(MIN_SWEEPS, len(columns) / SWEEPS_OF_A_GRAM)))
        options = (n_sweeps, n_sweeps, self.gap_tol, max(self.tol, 1e-3), self._seed())
        R = self.design.residual(it.W, self.problem.targets)
        swept, it.moved = self.descents.on_gathered(it.penalty, it.W, columns, R, options)
        it.n_iter += swept
        if it.moved:
            self._set_gradient(it, self.design.dots(R), float(np.vdot(R, R)))

    def _descend_alone(self, it, violators, growing):
        sweeps = self.max_iter - it.n_iter
        if self.all_features:
            options = (int(sweeps), self.gap_tol, self.tol, self._seed())
            swept, it.moved, _ = descend_on_gram(
                self.problem.gram,
                self.factors.of(FaceFactor) if self._last is not None else None,
                self._unpenalised,
                it.penalty,
                it.W,
                it.C,
                it.squared_residual,
                descend,
                options,
            )
            it.n_iter += swept
            return
        # As precise as the gap of everything deserves: later rounds start closer.
        gap_tol, update_tol = max(0.5 * self.gap_tol, 0.05 * it.gap), max(self.tol, 1e-3)
        if len(violators) == 0:
            gap_tol = 0.5 * self.gap_tol
        if gap_tol < self.gap_tol:
            update_tol = self.tol
        round_sweeps = GROWING_SWEEPS if growing and len(violators) else SETTLED_SWEEPS
        options = (sweeps, round_sweeps, gap_tol, update_tol, self._seed())
        if self.admission.extend([it], violators):
            swept, it.moved, _ = self._descend_gram(it, self._on_working_set(it), options)
        else:
            self.admission.working_set = None
            columns = self.admission.wanted([it], violators)
            R = self.design.residual(it.W, self.problem.targets)
            descents, in_place = self.descents, self.design.matrix.has_columns
            way = descents.on_columns if in_place else descents.on_blocks
            swept, it.moved = way(it.penalty, it.W, columns, R, options)
        it.n_iter += swept

    def _seed(self):
        return None if self.rng is None else int(self.rng.randint(np.iinfo(np.int32).max))

    # ---- on the working set --------------------------------------------------------

    def _on_working_set(self, it):
        """The iterate on the columns of the working set."""
        columns = self.working_set.columns
        w, c = (np.ascontiguousarray(part[:, columns]) for part in (it.W, it.C))
        return Point(it.penalty.l1, w, c, it.squared_residual)

    def _descend_gram(self, it, point, options):
        """Descend from a point on all columns of the working set: none of this reads X.

        Sweeps, whether any moved, and the point that `it` is then at.
        """
        working_set, w, c = self.working_set, point.w.copy(), point.c.copy()
        swept, moved, squared_residual = descend_on_gram(
            working_set.gram,
            self._kept_factor(),
            self._unpenalised,
            it.penalty.take(working_set.columns),
            w,
            c,
            point.squared_residual,
            self.descents.sweep,
            options,
        )
        it.W = np.zeros(it.W.shape)
        it.W[:, working_set.columns] = w
        return swept, moved, Point(it.penalty.l1, w, c, squared_residual)

    def _kept_factor(self):
        """What lets descent begin with a step on the face: along a path, as the face is nearly
        known, and where columns are so many that sweeps converge slowly."""
        wide = len(self.working_set) > STEPPED_WIDTH * self.design.n_samples
        keeps = wide or self._last is not None
        return self.working_set.factors.of(FaceFactor) if keeps else None


def forms_gram(n_features, whole_gram):
    """Whether `PathEngine` forms the Gram of all features where it is given none."""
    return whole_gram or n_features <= ALL_FEATURES
