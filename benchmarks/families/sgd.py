"""Epochs of stochastic gradient descent, at the objective that scikit-learn's epochs reach."""

from dataclasses import replace
from functools import partial

import numpy as np

from benchmarks import problems
from benchmarks.accuracy import relative_difference
from benchmarks.jobs import compete
from benchmarks.limits import Work
from benchmarks.peers import sklearn as reference
from benchmarks.rows import Row, skipped
from benchmarks.timing import Spread, quiet, race
from fastreg._engine import sgd
from fastreg._engine.threads import fit_threads

FAMILY = "sgd"
# Other draws of the rows' order end this near, relative to the objective.
TOLERANCE = 0.02
ALPHA = 1e-4
N_CLASSES = 10
EPOCH = {"max_iter": 1, "tol": None, "alpha": ALPHA, "random_state": 0}
# the default rate starts so high that one epoch ends anywhere
CALM = {"learning_rate": "invscaling", "eta0": 0.02}
# estimator, its parameters beside EPOCH, and whether the figure is for it
JOBS = [
    ("SGDRegressor", {"eta0": 1e-3}, True),
    ("SGDClassifier", {"loss": "log_loss", **CALM}, True),
    ("SGDClassifier", {"loss": "hinge", **CALM}, False),
    ("SGDRegressor", {"eta0": 1e-3, "average": True}, False),
    ("SGDRegressor", {"eta0": 1e-3, "penalty": "l1"}, False),
]


def run(settings):
    """One epoch of dense and sparse rows; then classes on two threads."""
    shape = (20000, 100) if settings.quick else (200000, 100)
    for order in problems.orders(settings.quick):
        yield from _epochs(
            _scaled(problems.dense(*shape, order=order, quick=settings.quick)), settings
        )
    try:
        debian = problems.debian(quick=settings.quick)
    except problems.MissingDataError as error:
        yield skipped(FAMILY, "debian", error)
    else:
        yield from _epochs(_scaled(replace(debian, X=debian.X.tocsr())), settings)
    yield _threads(settings)


def _scaled(problem):
    return replace(problem, y=problem.y / problem.y.std())


def _epochs(problem, settings):
    for name, parameters, wanted in JOBS:
        parameters = {**parameters, **EPOCH}
        y = problem.y if name == "SGDRegressor" else (problem.y > 0).astype(int)
        with quiet():
            best = _objective(problem.X, y, reference.sgd(problem.X, y, name, parameters))
        shown = ", ".join(f"{k}={v}" for k, v in parameters.items() if k not in EPOCH)
        yield from compete(
            FAMILY,
            problem,
            f"{name}, {shown}, one epoch",
            lambda peer, _, y=y, name=name, own=parameters: partial(
                peer.sgd, problem.X, y, name, own
            ),
            lambda model, y=y, best=best: max(0.0, _objective(problem.X, y, model) / best - 1),
            settings,
            tol=TOLERANCE,
            targets={"sklearn": 1.5 if wanted else None},
            work=lambda: Work(bytes=problem.nbytes),
        )


def _objective(X, y, model):
    """What the model minimises, by NumPy."""
    w = model.coef_.ravel().astype(np.float64)
    p = X @ w + model.intercept_[0]
    if model.loss == "squared_error":
        loss = (y - p) ** 2 / 2
    else:
        z = np.where(y > 0, p, -p)
        loss = np.logaddexp(0, -z) if model.loss == "log_loss" else np.maximum(0, 1 - z)
    penalty = abs(w).sum() if model.penalty == "l1" else w @ w / 2
    return loss.mean() + ALPHA * penalty


def _threads(settings):
    """Classes against the rest on two threads and on one, with the same bits."""
    n = 10000 if settings.quick else 100000
    problem = problems.dense(n, 100, order="C")
    cuts = np.quantile(problem.y, np.arange(1, N_CLASSES) / N_CLASSES)
    codes = np.digitize(problem.y, cuts).astype(np.float64)[:, None]
    samples = sgd.make_samples(problem.X, codes, None, labels=True)
    options = sgd.Options(
        loss=sgd.make_loss(sgd.CLASSIFICATION_LOSSES, "log_loss", 0.1),
        alpha=ALPHA,
        l1_ratio=0.0,
        learning_rate="optimal",
        eta0=0.01,
        power_t=0.5,
        fit_intercept=True,
        average_from=0,
        batch_size=1,
        max_iter=2,
        tol=None,
        n_iter_no_change=5,
        seed=0,
    )

    def fit(threads):
        state = sgd.State(np.zeros((N_CLASSES, 100)), np.zeros(N_CLASSES))
        pairs = [(1.0, 1.0)] * N_CLASSES
        classes, order = range(N_CLASSES), np.arange(n)
        sgd.fit(
            samples, order, state, options, classes=classes, class_weights=pairs, threads=threads
        )
        return state.coef

    with fit_threads():
        times, results = race({threads: partial(fit, threads) for threads in (1, 2)}, settings)
    row = Row(
        FAMILY,
        f"{problem.name}, {N_CLASSES} classes, two epochs, 2 threads",
        measured=Spread.of(times[2]),
        reference=Spread.of(times[1]),
        reference_name="1 thread",
        value=Spread.ratios(times[1], times[2]),
        accuracy={"2 threads": relative_difference(results[2], results[1])},
        tolerance=0.0,
    )
    row.at_least = None if settings.quick else 1.5
    if (results[1] != results[2]).any():
        row.value, row.reason = None, "results differ"
    return row
