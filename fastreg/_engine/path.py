"""The path engine: least squares under a penalty, for one alpha or many.

Design
------
For each alpha, from the solution of the last one:

1. a working set: the columns in use, those that the strong rule expects to enter
   and, from the second round on, those that violate optimality most. It at most
   doubles each time. With few columns it is all of them;
2. coordinate descent on the working set, through the Gram matrix of all columns
   that ever were in one, where that is cheaper than the columns themselves: on
   the block of it that is active (`_descend_gram`). Otherwise on the columns with
   a residual (`_descend_columns`), or block by block where X is in C order and the
   set is too large to gather (`_descend_blocks`);
3. one pass over X for the gradient of everything: the duality gap, and the next
   violators.

The gradient that starts step 2 always comes from step 3, so errors of a Gram
matrix cannot accumulate: it only predicts how the gradient moves.

No solver walks down a column of C-ordered X, and X is never copied: the extra
memory is `gram_budget` for what is kept, scratch of a similar size, a few vectors,
and the result. Rejected: one loop over
all columns with a residual (a pass over X a sweep, and a cache line an element
in C order); a copy in Fortran order (twice the memory).
"""

from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from fastreg._engine.problem import BATCH, GramCache, LeastSquaresProblem, gram_budget
from fastreg._kernels.dense import Dense
from fastreg._kernels.descent import descend
from fastreg._kernels.factor import FaceFactor
from fastreg._kernels.penalty import Penalty, duality_gap
from fastreg._kernels.smooth import Gram, LeastSquares

# Up to this many features all are in the working set, and their Gram is formed.
ALL_FEATURES = 256
# A working set grows by at least this many columns.
MIN_GROWTH = 64
# Sweeps over a working set before the next is chosen: few while columns still want
# to enter, or the first sets would spend all of max_iter; then many, and a pass over
# X afterwards takes the rounding out of the gradient.
GROWING_SWEEPS = 50
SETTLED_SWEEPS = 500
# Sweeps over one block of gathered columns before the next is gathered.
BLOCK_SWEEPS = 5


@dataclass
class Solution:
    """What one alpha gave: W (T, p), its duality gap, sweeps spent, and whether
    the gap is below the tolerance."""

    W: np.ndarray
    gap: float
    gap_tol: float
    n_iter: int

    @property
    def converged(self):
        return self.gap <= self.gap_tol


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
    cache : GramCache or None
        A cache shared with problems on the same design.
    """

    def __init__(
        self, problem: LeastSquaresProblem, *, tol, max_iter, rng=None, whole_gram=False, cache=None
    ):
        self.problem = problem
        self.design = problem.design
        self.tol = tol
        self.gap_tol = tol * problem.squared_norm
        self.max_iter = max_iter
        self.rng = rng
        n, p = self.design.n_samples, self.design.n_features
        self.budget = gram_budget(self.design.nbytes)
        self.all_features = whole_gram or p <= ALL_FEATURES or (problem.gram is not None)
        if self.all_features and problem.gram is None:
            problem.gram = self.design.gram(np.arange(p))
        self.max_gram = min(p, int(np.sqrt(self.budget / 8)), self._useful_gram(n, p))
        self.cache = cache
        self._factor = None if cache is None else FaceFactor(self.max_gram)
        self._last = None  # W, its gradient and ||R||^2 where the last penalty ended
        self._last_l1 = np.inf

    def _useful_gram(self, n, p):
        # A move costs k through the Gram, on contiguous memory; on columns every
        # visit costs a dot, and for sparse ones each element a jump in memory.
        if self.design.is_sparse:
            return int(64 + 64 * self.design.work / p)
        return 2 * n

    def solve(self, penalty: Penalty, W) -> Solution:
        """Minimise from W (T, p), which is overwritten with the solution."""
        if penalty.positive:
            np.maximum(W, 0.0, out=W)  # a start need not be feasible
        C, squared_residual = self._start(W)
        gap = duality_gap(penalty, W, C, squared_residual)
        n_iter = 0
        # the strong rule (Tibshirani et al. 2012): who is likely to enter at this alpha
        threshold = min(max(2 * penalty.l1 - self._last_l1, 0.5 * penalty.l1), penalty.l1)
        while gap > self.gap_tol and n_iter < self.max_iter:
            n_sweeps, moved = self._descend(
                penalty, W, C, squared_residual, gap, self.max_iter - n_iter, threshold
            )
            n_iter += n_sweeps
            threshold = penalty.l1
            if not moved:
                break  # at the limit of rounding: another round would do the same
            C, squared_residual = self.problem.gradient(W, self.gap_tol)
            gap = duality_gap(penalty, W, C, squared_residual)
            if not np.isfinite(gap):
                break
        self._last, self._last_l1 = (W.copy(), C, squared_residual), penalty.l1
        return Solution(W, gap, self.gap_tol, min(ceil(n_iter), self.max_iter))

    def path(self, penalties, W):
        """Solutions for penalties from the strongest to the weakest, each from the last.

        W (T, p) is where the first one starts; it is overwritten. Each Solution has
        its own W.
        """
        for penalty in penalties:
            solution = self.solve(penalty, W)
            yield replace(solution, W=W.copy())

    def _start(self, W):
        """The gradient and ||R||^2 at W, without a pass where the last penalty ended."""
        if self._last is not None and np.array_equal(W, self._last[0]):
            return self._last[1], self._last[2]
        return self.problem.gradient(W, self.gap_tol)

    def _descend(self, penalty, W, C, squared_residual, gap, max_sweeps, threshold):
        if self.all_features:
            gram = self.problem.gram
            smooth = Gram(gram, C, W, squared_residual)
            return descend(smooth, penalty, W, max_sweeps, self.gap_tol, self.tol, self._seed())
        support = np.flatnonzero(W.any(axis=0))
        violators = self._violators(penalty, W, C, support, threshold)
        # As precise as the gap of everything deserves: later rounds start closer.
        gap_tol = max(0.5 * self.gap_tol, 0.05 * gap)
        if len(violators) == 0:
            gap_tol = 0.5 * self.gap_tol
        update_tol = self.tol if gap_tol < self.gap_tol else max(self.tol, 1e-3)
        # along a path the strong rule rarely misses, and the set is all but settled
        growing = len(violators) > 0 and not threshold < penalty.l1 <= self._last_l1 < np.inf
        round_sweeps = GROWING_SWEEPS if growing else SETTLED_SWEEPS
        options = (max_sweeps, round_sweeps, gap_tol, update_tol, self._seed())
        if len(support) + len(violators) <= self.max_gram:
            self._extend_cache(support, violators)
            return self._descend_gram(penalty, W, C, squared_residual, options)
        self.cache = None
        columns = np.union1d(support, violators)
        R = self.design.residual(W, self.problem.targets)
        if self.design.matrix.has_columns:
            return self._descend_columns(
                penalty, W, self.design.matrix, columns, columns, R, options
            )
        return self._descend_blocks(penalty, W, columns, R, options)

    def _sweep(self, smooth, penalty, w, max_sweeps, round_sweeps, *rest):
        """Descend; the sweeps of part of the columns count by that part."""
        share = self.design.share(w[0])
        allowed = min(round_sweeps, ceil(max_sweeps / share))
        n_sweeps, moved = descend(smooth, penalty, w, allowed, *rest)
        return n_sweeps * share, moved

    def _seed(self):
        return None if self.rng is None else int(self.rng.randint(np.iinfo(np.int32).max))

    def _violators(self, penalty, W, C, support, threshold):
        """Columns to add, most violating first; at most as many as are in use."""
        norm = self._dual_norm(penalty, W, C)
        found = np.flatnonzero(norm > threshold)
        known = np.zeros(len(norm), dtype=bool)
        known[support] = True
        if self.cache is not None:
            known[self.cache.known] = True
        found = found[~known[found] & (self.design.sq_norm[found] > 0)]
        limit = max(MIN_GROWTH, len(support))
        if len(found) > limit:
            found = found[np.argpartition(-norm[found], limit)[:limit]]
            found.sort()
        return found

    @staticmethod
    def _dual_norm(penalty, W, C):
        C = C - penalty.l2 * W if penalty.l2 else C
        if len(C) > 1:
            return np.sqrt(np.einsum("ij,ij->j", C, C))
        return C[0].copy() if penalty.positive else np.abs(C[0])

    # ---- ways to descend on a working set ------------------------------------------

    def _extend_cache(self, support, violators):
        if self.cache is None:
            self.cache = GramCache(self.design, self.max_gram)
            self._factor = FaceFactor(self.max_gram)
        missing = np.setdiff1d(np.union1d(support, violators), self.cache.known)
        if len(self.cache.known) + len(missing) > self.max_gram:
            wanted = np.isin(self.cache.known, support)
            self.cache.keep(np.flatnonzero(wanted))
            self._factor.clear()
        if len(missing):
            self.cache.add(missing)

    def _descend_gram(self, penalty, W, C, squared_residual, options):
        """Descend on all columns of the cache: none of this reads X."""
        known = self.cache.known
        w, c = np.ascontiguousarray(W[:, known]), np.ascontiguousarray(C[:, known])
        smooth = Gram(self.cache.gram, c, w, squared_residual)
        swept = self._sweep(smooth, penalty, w, *options, self._factor)
        W[:, known] = w
        return swept

    def _descend_columns(self, penalty, W, matrix, idx, columns, R, options):
        w = np.ascontiguousarray(W[:, columns])
        smooth = LeastSquares(matrix, idx, self.design.sq_norm[columns], R)
        swept = self._sweep(smooth, penalty, w, *options)
        smooth.settle()
        W[:, columns] = w
        return swept

    def _descend_blocks(self, penalty, W, columns, R, options):
        width = max(1, self.budget // (16 * self.design.n_samples))
        max_sweeps, round_sweeps, *rest = options
        if len(columns) > width:
            round_sweeps = BLOCK_SWEEPS
        n_sweeps, any_moved = 0, False
        for start in range(0, len(columns), width):
            chosen = columns[start : start + width]
            matrix = Dense(self.design.gather(chosen))
            own = np.arange(len(chosen))
            swept, moved = self._descend_columns(
                penalty, W, matrix, own, chosen, R, (max_sweeps, round_sweeps, *rest)
            )
            n_sweeps, any_moved = n_sweeps + swept, any_moved or moved
        return n_sweeps, any_moved


def alpha_max(design, l1_ratio, *, positive=False, joint=True):
    """The smallest alpha at which all coefficients are zero.

    Targets share one penalty where `joint`; otherwise they are fitted one by one.
    """
    C = design.correlation
    if positive:
        largest = max(0.0, float(C.max()))
    elif not joint:
        largest = float(np.abs(C).max())
    else:
        largest = float(np.sqrt(np.einsum("ij,ij->j", C, C).max()))
    return largest / (design.total_weight * l1_ratio)


def alpha_grid(design, l1_ratio, *, eps, n_alphas, positive=False):
    """`n_alphas` values from alpha_max down to eps * alpha_max, evenly in their log."""
    largest = alpha_max(design, l1_ratio, positive=positive)
    resolution = np.finfo(np.float64).resolution
    if largest <= resolution:
        return np.full(n_alphas, resolution)
    return np.geomspace(largest, largest * eps, num=n_alphas)


def elastic_net_penalty(alpha, l1_ratio, total_weight, *, positive=False):
    """The penalty of N alpha (l1_ratio ||w||_1 + (1 - l1_ratio)/2 ||w||^2)."""
    return Penalty(
        alpha * l1_ratio * total_weight, alpha * (1.0 - l1_ratio) * total_weight, positive
    )
