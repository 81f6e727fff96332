"""The path engine: least squares under a penalty, for one alpha or many.

Design
------
A path goes some alphas at a time, from the solution of the last one:

1. a working set: the columns in use, those that are expected to enter, and from
   the second round on those that violate optimality most. Its growth is bounded.
   With few columns it is all of them;
2. coordinate descent on the working set, at the last of these alphas first, then between
   it and where the path was (`_descend_between`), through the Gram matrix of all columns
   that ever were in one (`_descend_gram`), where that is cheaper than the columns
   themselves. Otherwise, for one alpha at a time, on the columns with a
   residual (`_descend_columns`), or block by block where X is in C order and the set
   is too large to gather (`_descend_blocks`);
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

from dataclasses import replace
from math import ceil

import numpy as np

from fastreg._engine.iterates import Iterate, Point, Solution
from fastreg._engine.problem import LeastSquaresProblem, path_budget
from fastreg._engine.unpenalised import Elimination, Unpenalised
from fastreg._engine.working_set import WorkingSet
from fastreg._kernels.dense import Dense
from fastreg._kernels.descent import descend
from fastreg._kernels.factor import FaceFactor
from fastreg._kernels.penalty import Penalty, duality_gap
from fastreg._kernels.smooth import Gram, LeastSquares
from fastreg._kernels.support import mark_support, support

# Up to this many features all are in the working set, and their Gram is formed.
ALL_FEATURES = 256
# A working set grows by up to this part of the columns in use, or by so many.
GROWTH = 0.6
MIN_GROWTH = 128
# Sweeps over a working set before the next is chosen: few while columns still want
# to enter, or the first sets would spend all of max_iter; then many, and a pass over
# X afterwards takes the rounding out of the gradient.
GROWING_SWEEPS = 50
SETTLED_SWEEPS = 500
# Rounds without a better gap that end a fit with unpenalised features, or with a gap
# that is below this part of ||Y||^2.
IDLE_ROUNDS = 20
ROUNDING_GAP = 1e-13
# Sweeps over one block of gathered columns before the next is gathered.
BLOCK_SWEEPS = 5
# Alphas that share a pass: so many, and none below this part of the last one.
LOOKAHEAD = 16
LOOKAHEAD_RATIO = 0.6
# One alpha from nothing starts with sweeps over all columns of X up to so many bytes, with up
# to so many columns for each row, this part of which want to be in use; with as many sweeps
# as a Gram costs, of which it is one for so many columns.
SWEPT_BYTES = 1 << 24
SWEPT_WIDTH = 1.5
SWEPT_SHARE = 0.75
MIN_SWEEPS = 10
SWEEPS_OF_A_GRAM = 8
# How much faster than before the gradient may go on, for features to be let in.
ENTRY_MARGIN = 0.1
# A point between two solutions counts as one up to this part of the tolerance.
ON_THE_LINE = 0.8
# So many columns have a Gram however few rows there are: a set that is trimmed has to be
# found again.
MIN_GRAM = 256
# Elements that a descent on a working set of k columns touches, in units of k^2.
DESCENT_WORK = 20
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
        self.factor = None  # of all features, once there is a second penalty
        self.max_gram = min(p, int(np.sqrt(self.budget / 8)), self._useful_gram(n, p))
        self.working_set = working_set
        self._unpenalised = None
        self._last = None  # where the last penalty ended
        self._before = None  # and the one that it started from

    def _useful_gram(self, n, p):
        # A move costs k through the Gram, on contiguous memory; on columns every
        # visit costs a dot, and for sparse ones each element a jump in memory.
        if self.design.is_sparse:
            return int(64 + 64 * self.design.work / p)
        return max(2 * n, MIN_GRAM)

    def solve(self, penalty: Penalty, W) -> Solution:
        """Minimise from W (T, p), which is overwritten with the solution."""
        solution = next(self.path([penalty], W))
        W[:] = solution.W
        return replace(solution, W=W)

    def path(self, penalties, W):
        """Solutions for penalties from the strongest to the weakest, each from the last.

        W (T, p) is where the first one starts; it is left as it is, and each Solution
        has its own.
        """
        penalties = list(penalties)
        while penalties:
            n_together = self._lookahead(penalties, len(W))
            iterates = self._solve_together(penalties[:n_together], W)
            for iterate in iterates:
                yield self._solution(iterate)
            self._before, self._last = self._last, iterates[-1]
            W = self._last.W
            penalties = penalties[n_together:]

    def _solution(self, it):
        n_iter = min(ceil(it.n_iter), self.max_iter)
        return Solution(it.W, it.gap, self.gap_tol, n_iter, it.squared_residual)

    def _lookahead(self, penalties, n_tasks):
        """How many of the penalties to solve with shared passes."""
        if self.all_features or penalties[0].l1 == 0:
            return 1
        last = self._last.penalty.l1 if self._last else penalties[0].l1
        near = [LOOKAHEAD_RATIO * last <= penalty.l1 <= last for penalty in penalties]
        room = self.budget // (16 * n_tasks * (self.design.n_samples + self.design.n_features))
        n_near = near.index(False) if False in near else len(near)
        return max(1, min(n_near, self._worthwhile_lookahead(), room))

    def _worthwhile_lookahead(self):
        """Many where a pass costs more than descents that have to be done again."""
        if not self.working_set:
            return LOOKAHEAD
        descent = DESCENT_WORK * len(self.working_set) ** 2
        return max(2, min(LOOKAHEAD, 8 * self.design.work // descent))

    # ---- rounds --------------------------------------------------------------------

    def _solve_together(self, penalties, W):
        """Iterates for some penalties near each other, each from its neighbour."""
        iterates = [self._first_iterate(penalties[0], W)]
        iterates += [Iterate(penalty, W) for penalty in penalties[1:]]
        if len(penalties) == 1:
            entry = () if self.all_features else self._entry(iterates[0], penalties[0].l1)
            self._finish_alone(iterates[0], *entry)
            return iterates
        level, expected = self._entry(iterates[0], penalties[-1].l1)
        open_iterates = iterates
        while open_iterates:
            violators = self._violators(open_iterates, level, expected)
            if not self._extend(open_iterates, violators) or len(self.working_set) == 0:
                break
            self._descend_along(open_iterates)
            if expected is not None:  # who really violates may not be in the set yet
                open_iterates[0].moved = True
            self._update_gradients(open_iterates)
            open_iterates = [it for it in open_iterates if self._is_open(it)]
            level, expected = 1.0, None
        for k, it in enumerate(iterates):
            if it.C is None:  # the working set had no room before its turn came
                self._start_from(iterates[k - 1], it)
            self._finish_alone(it)
        return iterates

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

    def _entry(self, it, l1):
        """What to compare with l1, to tell the features that are likely to enter before it:
        a part of l1, and the gradient expected there, or None for that of now.

        The gradient goes on as it went, a little faster: the path is piecewise linear.
        (Larsson, Wallin 2022, who take its direction from the Hessian.) Without two
        solutions to tell by it is the strong rule (Tibshirani et al. 2012).
        """
        last, before = self._last, self._before
        if last is None or not 0 < l1 < last.penalty.l1:
            return 1.0, None
        ahead = last.penalty.l1 / l1 - 1
        goes_on = before is not None and last.penalty.l1 < before.penalty.l1
        if not (goes_on and it.is_last):
            return max(1 - ahead, 0.5), None
        share = (last.penalty.l1 - l1) / (before.penalty.l1 - last.penalty.l1)
        return max(1 - ENTRY_MARGIN * ahead, 0.5), last.C + share * (last.C - before.C)

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
            violators = None if self.all_features else self._violators([it], level, expected)
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
        swept, it.moved = self._descend_gathered(it.penalty, it.W, columns, R, options)
        it.n_iter += swept
        if it.moved:
            self._set_gradient(it, self.design.dots(R), float(np.vdot(R, R)))

    def _descend_alone(self, it, violators, growing):
        sweeps = self.max_iter - it.n_iter
        if self.all_features:
            if self.factor is None and self._last is not None:
                self.factor = FaceFactor(self.design.n_features)
            options = (int(sweeps), self.gap_tol, self.tol, self._seed())
            swept, it.moved, _ = self._descend_on(
                self.problem.gram,
                self.factor,
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
        if self._extend([it], violators):
            swept, it.moved, _ = self._descend_gram(it, self._on_working_set(it), options)
        else:
            self.working_set = None
            columns = self._wanted([it], violators)
            R = self.design.residual(it.W, self.problem.targets)
            way = self._descend_columns if self.design.matrix.has_columns else self._descend_blocks
            swept, it.moved = way(it.penalty, it.W, columns, R, options)
        it.n_iter += swept

    def _sweep(self, smooth, penalty, w, max_sweeps, round_sweeps, *rest):
        """Descend; the sweeps of part of the columns count by that part."""
        if w.shape[1] == 0:
            return 0.0, False  # no column wants to be in use
        share = self.design.share(w[0])
        allowed = min(round_sweeps, ceil(max_sweeps / share))
        n_sweeps, moved = descend(smooth, penalty, w, allowed, *rest)
        return n_sweeps * share, moved

    def _seed(self):
        return None if self.rng is None else int(self.rng.randint(np.iinfo(np.int32).max))

    # ---- working sets --------------------------------------------------------------

    def _violators(self, iterates, level, expected=None):
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
        limit = max(MIN_GROWTH, int(self._growth(iterates) * n_in_use))
        room = self.max_gram - n_in_use
        if room >= MIN_GROWTH // 2:  # better the worst of them here than all of them elsewhere
            limit = min(limit, room)
        if len(found) > limit:
            found = found[np.argpartition(-ratio[found], limit)[:limit]]
            found.sort()
        return found

    def _growth(self, iterates):
        """GROWTH for a full lookahead, less for alphas that are nearer to the last one."""
        last = iterates[-1].penalty.l1
        if self._last is None or len(iterates) == 1 or not 0 < last < self._last.penalty.l1:
            return GROWTH
        nearness = np.log(self._last.penalty.l1 / last) / -np.log(LOOKAHEAD_RATIO)
        return GROWTH * min(nearness, 1.0)

    def _in_use(self, iterates):
        """Which columns have a coefficient, or no penalty."""
        in_use = np.zeros(self.design.n_features, dtype=np.uint8)
        for it in iterates:
            mark_support(it.W, in_use)
            in_use[it.penalty.unpenalised()] = True
        return in_use.view(bool)

    def _wanted(self, iterates, violators):
        """The columns in use and the violators."""
        wanted = self._in_use(iterates)
        wanted[violators] = True
        return np.flatnonzero(wanted)

    def _extend(self, iterates, violators):
        """Bring all columns in use and the violators into the working set, if it has room."""
        wanted = self._wanted(iterates, violators)
        if len(wanted) > self.max_gram:
            return False
        if self.working_set is None:
            self.working_set = WorkingSet(self.design, self.max_gram)
        missing = self.working_set.missing(wanted)
        if len(self.working_set) + len(missing) > self.max_gram:
            self.working_set.keep(wanted)
            missing = self.working_set.missing(wanted)
        if len(missing):
            self.working_set.add(missing)
        return True

    # ---- ways to descend on a working set ------------------------------------------

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
        penalty, start = it.penalty.take(working_set.columns), (w, c, point.squared_residual)
        swept, moved, squared_residual = self._descend_on(
            working_set.gram, self._kept_factor(), penalty, *start, self._sweep, options
        )
        it.W = np.zeros(it.W.shape)
        it.W[:, working_set.columns] = w
        return swept, moved, Point(it.penalty.l1, w, c, squared_residual)

    def _kept_factor(self):
        """What lets descent begin with a step on the face: along a path, as the face is nearly
        known, and where columns are so many that sweeps converge slowly."""
        wide = len(self.working_set) > STEPPED_WIDTH * self.design.n_samples
        return self.working_set.factor if wide or self._last is not None else None

    def _descend_on(self, gram, factor, penalty, w, c, squared_residual, run, options):
        """`run` on a Gram matrix from w with gradient c, both moved; sweeps, whether any
        moved, and ||R||^2. Unpenalised columns without bounds are moved along."""
        inner = penalty.unpenalised()
        if len(inner) == 0 or self._unpenalised.is_bounded:
            smooth = Gram(gram, c, w, squared_residual)
            swept, moved = run(smooth, penalty, w, *options, factor)
            return swept, moved, smooth.current_squared_residual(w)
        others = np.delete(np.arange(len(gram)), inner)
        if len(others) == 0:
            return 0, False, squared_residual
        elimination = Elimination(gram, inner)
        w_others, c_others = (np.ascontiguousarray(part[:, others]) for part in (w, c))
        before = w_others.copy()
        smooth = Gram(elimination.block(others), c_others, w_others, squared_residual)
        swept, moved = run(smooth, penalty.take(others), w_others, *options)
        step = w_others - before
        w[:, others] = w_others
        c -= step @ gram[others]
        elimination.correct(w, c, step, others)
        return swept, moved, smooth.current_squared_residual(w_others)

    def _descend_columns(self, penalty, W, columns, R, options):
        return self._descend_matrix(penalty, W, self.design.matrix, columns, columns, R, options)

    def _descend_matrix(self, penalty, W, matrix, idx, columns, R, options):
        w = np.ascontiguousarray(W[:, columns])
        smooth = LeastSquares(matrix, idx, self.design.sq_norm[columns], R)
        swept = self._sweep(smooth, penalty.take(columns), w, *options)
        smooth.settle()
        W[:, columns] = w
        return swept

    def _descend_gathered(self, penalty, W, columns, R, options):
        matrix = Dense(self.design.gather(columns))
        return self._descend_matrix(
            penalty, W, matrix, np.arange(len(columns)), columns, R, options
        )

    def _descend_blocks(self, penalty, W, columns, R, options):
        width = max(1, self.budget // (16 * self.design.n_samples))
        max_sweeps, round_sweeps, *rest = options
        if len(columns) > width:
            round_sweeps = BLOCK_SWEEPS
        options = (max_sweeps, round_sweeps, *rest)
        n_sweeps, any_moved = 0, False
        for start in range(0, len(columns), width):
            chosen = columns[start : start + width]
            swept, moved = self._descend_gathered(penalty, W, chosen, R, options)
            n_sweeps, any_moved = n_sweeps + swept, any_moved or moved
        return n_sweeps, any_moved


def forms_gram(n_features, whole_gram):
    """Whether `PathEngine` forms the Gram of all features where it is given none."""
    return whole_gram or n_features <= ALL_FEATURES
