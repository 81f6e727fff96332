"""Stochastic gradient descent at NumPy level: what is trained, from where, for how long.

A fit is a list of problems, one for each target or class, on the same rows in the same
order. One kernel call runs many of their epochs; only `verbose` asks for one at a time.
"""

import math
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from fastreg._engine.row_order import for_rows
from fastreg._engine.threads import n_threads_for
from fastreg._kernels import loss as losses
from fastreg._kernels import schedule as schedules
from fastreg._kernels.rows import CsrRows, DenseRows
from fastreg._kernels.sgd import Problem, Samples, Stopping, Validation, train
from fastreg._kernels.weights import Weights
from fastreg._progress import progress

DEFAULT_EPSILON = 0.1
# Name of a loss: its class, and the default of its parameter.
REGRESSION_LOSSES = {
    "squared_error": (losses.SquaredError,),
    "huber": (losses.Huber, DEFAULT_EPSILON),
    "epsilon_insensitive": (losses.EpsilonInsensitive, DEFAULT_EPSILON),
    "squared_epsilon_insensitive": (losses.SquaredEpsilonInsensitive, DEFAULT_EPSILON),
}
CLASSIFICATION_LOSSES = {
    "hinge": (losses.Hinge, 1.0),
    "squared_hinge": (losses.SquaredHinge,),
    "perceptron": (losses.Hinge, 0.0),
    "log_loss": (losses.LogLoss,),
    "modified_huber": (losses.ModifiedHuber,),
    **REGRESSION_LOSSES,
}
SCHEDULES = {"constant", "optimal", "invscaling", "adaptive", "pa1", "pa2", "one_cycle"}
# Intercepts move this much less with sparse rows: they move with every row, and a
# coefficient only with those that have an entry for it.
SPARSE_INTERCEPT_RATE = 0.01
# Numbers between the coefficients of two problems: threads must not share cache lines.
GAP = 16
# Epochs that are sure to come, for the choice of threads.
SURE_EPOCHS = 5
# Epochs of one kernel call, which makes room for their objectives: max_iter may be huge.
EPOCHS_AT_ONCE = 1000
# What kernels count with; no fit lives to see so many updates.
LARGEST = np.iinfo(np.intp).max


@dataclass
class Options:
    """What is minimised, and how."""

    loss: losses.Loss
    alpha: float
    l1_ratio: float | None  # None where there is no penalty
    learning_rate: str
    eta0: float
    power_t: float
    fit_intercept: bool
    average_from: int  # the first update that is averaged; 0 for none
    batch_size: int
    max_iter: int
    tol: float | None
    n_iter_no_change: int
    seed: int | None  # None leaves the rows in their order
    verbose: int = 0
    sparse_intercept_rate: float = SPARSE_INTERCEPT_RATE


@dataclass
class State:
    """Coefficients (K, p) and intercepts (K,) in float64, and the number of the next update."""

    coef: np.ndarray
    intercept: np.ndarray
    t: int = 1
    average_coef: np.ndarray | None = None
    average_intercept: np.ndarray | None = None
    n_averaged: np.ndarray | None = None  # updates in the average of each problem

    def start_average(self):
        """An average of no updates yet."""
        self.average_coef = np.zeros_like(self.coef)
        self.average_intercept = np.zeros_like(self.intercept)
        self.n_averaged = np.zeros(len(self.coef))

    def result(self, average_from):
        """Coefficients and intercepts: of a problem that ended before its average began, the last.

        The average counts from update `average_from` on; 0 stands for never.
        """
        if not 0 < average_from < self.t:
            return self.coef, self.intercept
        averaged = self.n_averaged > 0
        return (
            np.where(averaged[:, None], self.average_coef, self.coef),
            np.where(averaged, self.average_intercept, self.intercept),
        )

    def copy(self):
        """The same with arrays of its own."""
        return deepcopy(self)


@dataclass
class Solution:
    """The state after training, and how it went."""

    state: State
    n_iter: int
    objectives: np.ndarray  # (K, n_iter), NaN after a problem's last epoch
    validation_scores: np.ndarray
    failed: bool  # some number overflowed, or X holds one that is not finite


def make_loss(table, name, epsilon):
    """The loss of that name, with `epsilon` where it has one."""
    kind, *default = table[name]
    if name in REGRESSION_LOSSES and default:
        return kind(epsilon)
    return kind(*default)


def make_samples(X, y, sample_weight, *, labels):
    """Rows of X, C-ordered or not, dense or CSR, with targets (n, T) or codes of classes (n, 1)."""
    rows = CsrRows(X) if sp.issparse(X) else DenseRows(for_rows(X))
    return Samples(rows, np.ascontiguousarray(y, dtype=np.float64), sample_weight, labels)


def make_validations(samples, chosen, y, sample_weight, n_problems, *, labels):
    """How to score each problem on the rows `chosen`: by accuracy, or by R^2."""
    weight = np.ones(len(chosen)) if sample_weight is None else sample_weight[chosen]
    total = weight.sum()
    if labels:
        scales = [(0.0, 1.0 / total)] * n_problems
    else:
        centred = y[chosen] - weight @ y[chosen] / total
        squares = weight @ (centred * centred)
        # a constant target has no R^2; its squared errors do as well
        scales = [(1.0, 1.0 / each if each > 0 else 1.0) for each in squares]
    return [Validation(samples, chosen, base, factor) for base, factor in scales]


def _make_schedule(options, n_updates):
    name, eta0 = options.learning_rate, options.eta0
    if name == "optimal":
        return schedules.Optimal(options.alpha)
    if name == "invscaling":
        return schedules.InverseScaling(eta0, options.power_t)
    if name == "one_cycle":
        return schedules.OneCycle(eta0, n_updates * options.max_iter)
    if name in ("pa1", "pa2"):
        return schedules.PassiveAggressive(eta0, name == "pa2")
    return schedules.Schedule(eta0)  # "adaptive" changes it by the epoch


def _make_stopping(options, validated):
    # a cycle is planned to its end: its training loss rises on the way
    never = options.tol is None or (options.learning_rate == "one_cycle" and not validated)
    tol = -math.inf if never else options.tol
    adaptive = options.learning_rate == "adaptive"
    return Stopping(tol, min(options.n_iter_no_change, LARGEST), options.eta0, adaptive)


def fit(samples, order, state, options, *, classes, class_weights, validations=None, threads=None):
    """Train from `state`, whose arrays are written to, on the rows in `order`.

    Parameters
    ----------
    samples : Samples
    order : ndarray of shape (n_train,), intp
        Numbers of the rows to train on.
    state : State
    options : Options
    classes : sequence of K int
        The target of each problem, or its class.
    class_weights : sequence of K pairs
        Weights of the rows of other classes and of this one.
    validations : list of K Validation or None
    threads : int or None
        A bound on the number of threads.

    Returns
    -------
    Solution
    """
    n_updates = -(-len(order) // options.batch_size)
    pieces = {
        "loss": options.loss,
        "schedule": _make_schedule(options, n_updates),
        "stopping": _make_stopping(options, validations is not None),
        "l1": options.alpha * options.l1_ratio if options.l1_ratio is not None else 0.0,
        "l2": options.alpha * (1 - options.l1_ratio) if options.l1_ratio is not None else 0.0,
        "batch_size": min(options.batch_size, len(order)),
        "average_from": min(options.average_from, LARGEST),
        "t": state.t,
        "intercept_rate": _intercept_rate(options, samples.rows.is_sparse),
    }
    coef, totals = _apart(state.coef), None
    if options.average_from:
        totals = (
            _apart(state.average_coef * state.n_averaged[:, None]),
            state.average_intercept * state.n_averaged,
        )
    problems = [
        Problem(
            samples,
            Weights(
                coef[i],
                state.intercept[i],
                sparse=samples.rows.is_sparse,
                l1=pieces["l1"] > 0,
                total=None if totals is None else totals[0][i],
                intercept_total=0.0 if totals is None else totals[1][i],
            ),
            validation=None if validations is None else validations[i],
            k=k,
            class_weights=class_weights[i],
            **pieces,
        )
        for i, k in enumerate(classes)
    ]
    n_threads = _n_threads(samples.rows, len(order), len(problems), options.max_iter)
    n_threads = n_threads if threads is None else min(n_threads, threads)
    _run(problems, order, options, state.t - 1, n_threads)
    state.coef[:] = coef
    return _solution(problems, state, totals, n_updates, options.average_from)


def _apart(rows):
    """A copy whose rows have a gap between them."""
    copy = np.empty((rows.shape[0], rows.shape[1] + GAP))[:, : rows.shape[1]]
    copy[:] = rows
    return copy


def _intercept_rate(options, sparse):
    if not options.fit_intercept:
        return 0.0
    return options.sparse_intercept_rate if sparse else 1.0


def _n_threads(rows, n_train, n_problems, max_iter):
    work = n_train * rows.row_work * n_problems
    return min(n_problems, n_threads_for(work, work * min(max_iter, SURE_EPOCHS)))


def _run(problems, order, options, first_epoch, n_threads):
    """One call for many epochs, or one for each where they are to be shown."""

    def epochs(at_once):
        for epoch in range(0, options.max_iter, at_once):
            n_epochs = min(at_once, options.max_iter - epoch)
            train(problems, order, options.seed, first_epoch + epoch, n_epochs, n_threads)
            yield problems
            if all(problem.finished for problem in problems):
                return

    if options.verbose:
        shown = progress(epochs(1), options.max_iter, "Epochs", options.verbose, _describe)
    else:
        shown = epochs(EPOCHS_AT_ONCE)
    for _ in shown:
        pass


def _describe(problems):
    text = f"objective {np.mean([problem.objectives[-1] for problem in problems]):.6g}"
    if problems[0].is_validated:
        scores = [problem.validation_scores[-1] for problem in problems]
        text += f", validation score {np.mean(scores):.6g}"
    return text


def _solution(problems, state, totals, n_updates, average_from):
    n_iter = max(problem.n_epochs for problem in problems)
    for i, problem in enumerate(problems):
        state.intercept[i], intercept_total = problem.intercepts
        if totals is not None:
            end = state.t + problem.n_epochs * n_updates
            state.n_averaged[i] += max(0, end - max(state.t, average_from))
            n = max(1, state.n_averaged[i])
            state.average_coef[i] = totals[0][i] / n
            state.average_intercept[i] = intercept_total / n
    state.t += n_iter * n_updates
    return Solution(
        state,
        n_iter,
        _padded([problem.objectives for problem in problems], n_iter),
        _padded([problem.validation_scores for problem in problems], n_iter),
        any(problem.failed for problem in problems),
    )


def _padded(lists, length):
    padded = np.full((len(lists), length), np.nan)
    for row, values in zip(padded, lists, strict=True):
        row[: len(values)] = values
    return padded
