"""Cross-validation: training sets as designs, and paths over them.

Design
------
X is never copied or indexed by training rows. Two ways:

* `MomentFolds`, for dense X with few features or many rows for each: one pass gives the
  moments of groups of rows that the splits treat alike. A training set is a merge of
  groups; for a partition into K folds that takes about 3K merges (prefixes and
  suffixes) and no subtraction. Splits that make too many groups (shuffled or repeated ones,
  leave-one-out) subtract what they leave out from the moments of everything, where
  each column keeps enough digits, and are computed by themselves otherwise;
* `DesignFolds`, otherwise: a Design on all of X, with zero weights on what is not
  trained on.

Folds run in threads. Each is computed alike whatever their number, so results have the
same bits.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from fastreg._engine import path
from fastreg._engine.design import Design
from fastreg._engine.held_out import HeldOut
from fastreg._engine.moments import MomentsDesign, moments_of_rows, no_moments
from fastreg._engine.problem import GRAM_SHARE, LeastSquaresProblem
from fastreg._engine.splits import group_rows
from fastreg._engine.threads import map_in_threads, n_workers_for
from fastreg._kernels.worker import check_stopped

# X is tall, so that one Gram matrix is cheaper than the passes of all folds, with this
# many rows for each feature and at most this many features.
TALL_RATIO = 16
TALL_FEATURES = 512
# Bytes for the moments of groups, their prefixes and suffixes, where X is small.
MOMENT_BYTES = 1 << 26
# Elements that a step of a path works on: on fewer, threads would wait for each other's
# Python between steps longer than they gain (1.25 times slower for 50 features, 1.1 for 300).
SHORT_STEP = 1 << 17
# Sweeps at one alpha, typically: what a fold is likely to cost.
TYPICAL_SWEEPS = 10


class DesignFolds:
    """Training sets as Designs on all of X, weighted by how often a row is trained on.

    Parameters
    ----------
    X, Y : ndarray or CSC matrix, and ndarray of shape (n_samples, n_targets)
    splits : list of Split
    sample_weight : ndarray of shape (n_samples,) or None
    fit_intercept, standardize : bool
    n_alphas : int
        Along all paths of a fold, to choose threads by.
    """

    def __init__(
        self, X, Y, splits, *, sample_weight, fit_intercept, standardize=False, n_alphas=100
    ):
        self.X, self.Y, self.splits = X, Y, splits
        self.sample_weight = sample_weight
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.n_alphas = n_alphas
        self.work_of_step = X.size if isinstance(X, np.ndarray) else X.nnz
        self.work = 2 * n_alphas * self.work_of_step

    def full(self):
        """The design of all rows."""
        return self._design(self.sample_weight)

    def fold(self, k):
        """The training design of split k, and what it holds out."""
        counts = self.splits[k].train_counts(len(self.Y))
        return self._design(self._weights(counts)), self._held_out(k)

    def _weights(self, counts):
        return counts * (1.0 if self.sample_weight is None else self.sample_weight)

    def _design(self, weights, column_scale=None):
        if column_scale is None and self.standardize:
            column_scale = "deviation"
        return Design(
            self.X,
            self.Y,
            sample_weight=weights,
            fit_intercept=self.fit_intercept,
            expected_passes=2 * self.n_alphas + 2,
            column_scale=column_scale,
        )

    def _held_out(self, k, moments=None):
        rows, counts = self.splits[k].test_rows()
        weights = None if self.sample_weight is None else self.sample_weight[rows]
        if counts is not None:
            weights = counts * (1.0 if weights is None else weights)
        return HeldOut(self.X, self.Y, rows, weights, moments)


class MomentFolds(DesignFolds):
    """Training sets made of moments, for dense X; the parameters are the same."""

    def __init__(self, X, Y, splits, **options):
        super().__init__(X, Y, splits, **options)
        n, p = X.shape
        self.work = TYPICAL_SWEEPS * self.n_alphas * p * p
        self.groups = group_rows(splits, n)
        budget = max(MOMENT_BYTES, GRAM_SHARE * X.nbytes)
        if self.groups is not None and 3 * len(self.groups.rows) * 8 * p * p > budget:
            self.groups = None
        if self.groups is None:  # each fold takes a pass over rows
            self.total = self._moments(np.arange(n))
            return
        self.work_of_step = p * p
        self.group_moments = [self._moments(rows) for rows in self.groups.rows]
        self.is_partition = self.groups.is_partition
        if not self.is_partition:
            self.total = self._merge(np.ones(len(self.group_moments)))
            return
        self.prefixes, self.suffixes = [no_moments(p, Y.shape[1])], [no_moments(p, Y.shape[1])]
        for moments in self.group_moments:
            self.prefixes.append(self.prefixes[-1].merge(moments))
        for moments in self.group_moments[:0:-1]:
            self.suffixes.append(moments.merge(self.suffixes[-1]))
        self.suffixes.reverse()
        self.total = self.prefixes.pop()

    def full(self):
        return self._on_moments(self.total, len(self.Y), self.sample_weight)

    def fold(self, k):
        counts = self.splits[k].train_counts(len(self.Y))
        if self.groups is None:
            training, held_out = self._subtracted(k, counts)
        else:
            training, held_out = self._merged(k)
        design = self._on_moments(training, np.count_nonzero(counts), self._weights(counts))
        return design, self._held_out(k, held_out)

    def _on_moments(self, moments, n_samples, weights):
        return MomentsDesign(
            moments,
            n_samples,
            fit_intercept=self.fit_intercept,
            standardize=self.standardize,
            build=lambda column_scale: self._design(weights, column_scale),
        )

    def _moments(self, rows, counts=None):
        weights = None if self.sample_weight is None else self.sample_weight[rows]
        if counts is not None and counts.max(initial=1) > 1:
            weights = counts * (1.0 if weights is None else weights)
        return moments_of_rows(self.X, self.Y, rows, weights, self.fit_intercept)

    def _merged(self, k):
        """Moments of training and held-out rows, from those of groups."""
        if self.is_partition:
            return self.prefixes[k].merge(self.suffixes[k]), self.group_moments[k]
        return (
            self._merge(self.groups.train_counts[k]),
            self._merge(self.groups.test_counts[k]),
        )

    def _merge(self, counts):
        merged = no_moments(self.X.shape[1], self.Y.shape[1])
        for count, moments in zip(counts, self.group_moments, strict=True):
            if count:
                merged = merged.merge(moments.times(int(count)))
        return merged

    def _subtracted(self, k, counts):
        """The same from all rows less those that are left out."""
        left_out, trained = np.flatnonzero(counts == 0), np.flatnonzero(counts)
        held_out, test_counts = self.splits[k].test_rows()
        test = None
        training = None
        if counts.max() == 1 and len(left_out) < len(trained):
            part = self._moments(left_out)
            training = self.total.subtract(part)
            if test_counts is None and np.array_equal(left_out, held_out):
                test = part
        if training is None:
            training = self._moments(trained, counts[trained])
        if test is None and len(held_out) > self.X.shape[1]:
            test = self._moments(held_out, test_counts)
        return training, test


def make_folds(X, Y, splits, *, whole_gram=False, **options):
    """The folds that suit X; whole_gram asks for moments whatever its width."""
    n, p = X.shape
    few = p <= path.ALL_FEATURES or (p <= TALL_FEATURES and n >= TALL_RATIO * p)
    moments = isinstance(X, np.ndarray) and (whole_gram or few)
    return (MomentFolds if moments else DesignFolds)(X, Y, splits, **options)


# ---- paths -----------------------------------------------------------------------


@dataclass(frozen=True)
class Solver:
    """What a PathEngine needs beside its problem, and how penalties are made.

    penalties(design, path) gives those of path number `path`, strongest first;
    seeds (n_paths, n_splits + 1) or None pick the coordinates, the last column for
    the fit on all rows.
    """

    penalties: Callable
    n_paths: int
    tol: float
    max_iter: int
    seeds: np.ndarray | None = None
    whole_gram: bool = False

    def solutions(self, problem, number, job, working_set=None):
        """The engine of one path, its penalties, and its solutions as they come."""
        rng = None
        if self.seeds is not None:
            rng = np.random.RandomState(self.seeds[number, job])
        engine = path.PathEngine(
            problem,
            tol=self.tol,
            max_iter=self.max_iter,
            rng=rng,
            whole_gram=self.whole_gram,
            working_set=working_set,
        )
        W = np.zeros((len(problem.correlation), problem.design.n_features))
        penalties = self.penalties(problem.design, number)
        return engine, penalties, engine.path(penalties, W)


@dataclass
class Shortfall:
    """How many solutions stopped above the tolerance, and the worst of them."""

    n_failed: int = 0
    gap: float = 0.0
    gap_tol: float = 0.0
    n_iter: int = 0

    @property
    def converged(self):
        return self.n_failed == 0

    def add(self, solution, total_weight):
        if not solution.converged:
            gap, gap_tol = solution.gap / total_weight, solution.gap_tol / total_weight
            self.merge(Shortfall(1, gap, gap_tol, solution.n_iter))

    def merge(self, other):
        if other.n_failed and not self.gap - self.gap_tol > other.gap - other.gap_tol:
            self.gap, self.gap_tol, self.n_iter = other.gap, other.gap_tol, other.n_iter
        self.n_failed += other.n_failed


def cross_validate(folds, full, solver, *, record, gram=None, n_jobs=None, watch=None):
    """Held-out errors of every path on every split; where there is one path, that on all rows.

    Parameters
    ----------
    folds : DesignFolds
    full : Design or MomentsDesign
        Of all rows.
    solver : Solver
    record : callable
        What `full_path` does with each solution.
    gram : ndarray or None
        A'A of all rows where it is known.
    n_jobs : int or None
    watch : callable or None
        Passes on the results of splits, in order, as they are done.

    Returns
    -------
    errors : ndarray of shape (n_paths, n_splits, n_alphas)
    shortfall : Shortfall
        Of the solutions on training rows.
    """
    n_splits = len(folds.splits)
    # the longest first: the workers finish closer together
    jobs = ([n_splits] if solver.n_paths == 1 else []) + list(range(n_splits))

    def run(job):
        with np.errstate(all="ignore"):
            if job == n_splits:
                return full_path(full, solver, 0, record, gram)
            return _fold_errors(folds, job, solver)

    errors, shortfall = [], Shortfall()
    n_workers = n_workers_for(n_jobs, len(jobs), folds.work)
    if folds.work_of_step < SHORT_STEP:
        n_workers = 1
    with closing(map_in_threads(run, jobs, n_workers)) as results:
        split_results = (result for result in results if result is not None)
        for fold_errors, fold_shortfall in (watch or iter)(split_results):
            errors.append(fold_errors)
            shortfall.merge(fold_shortfall)
    return np.stack(errors, axis=1), shortfall


def full_path(full, solver, number, record, gram=None):
    """Path `number` on all rows: record(engine, penalty, solution) for each alpha."""
    problem = LeastSquaresProblem(full, gram=gram)
    engine, penalties, solutions = solver.solutions(problem, number, -1)
    for penalty, solution in zip(penalties, solutions, strict=True):
        check_stopped()
        record(engine, penalty, solution)


def _fold_errors(folds, k, solver):
    """Errors (n_paths, n_alphas) of split k, and the shortfall of its solutions."""
    design, held_out = folds.fold(k)
    problem = LeastSquaresProblem(design)
    errors, shortfall, working_set = [], Shortfall(), None
    size = held_out.batch_size(len(problem.correlation))
    for number in range(solver.n_paths):
        engine, _, solutions = solver.solutions(problem, number, k, working_set)
        errors.append([])
        batch = []
        for solution in solutions:
            check_stopped()
            shortfall.add(solution, design.total_weight)
            batch.append(solution.W)
            if len(batch) == size:
                errors[-1].append(held_out.errors(batch, design))
                batch = []
        if batch:
            errors[-1].append(held_out.errors(batch, design))
        working_set = engine.working_set
    return np.array([np.concatenate(parts) for parts in errors]), shortfall
