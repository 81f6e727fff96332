"""Whole lasso paths, without an intercept on centred data, at an equal duality gap."""

from functools import partial

import numpy as np

from benchmarks import passes, problems
from benchmarks.accuracy import path_gap
from benchmarks.jobs import compete
from benchmarks.rows import skipped

FAMILY = "path"
TOL = 1e-6


def run(settings):
    """Real and simulated data, dense ones in both orders."""
    for make, n_alphas, divisor, targets in _plan(settings.quick):
        try:
            problem = make()
        except problems.MissingDataError as error:
            yield skipped(FAMILY, make.func.__name__, error)
            continue
        yield from _rows(problem, n_alphas, divisor, targets, settings)


def _plan(quick):
    wide, tall = ((200, 800), (20000, 60)) if quick else ((1000, 5000), (100000, 200))
    for order in "FC":
        make = partial(problems.golub, order=order, quick=quick)
        yield make, 20 if quick else 100, 10 if quick else 100, {"sklearn": 12}
    for order in "FC":
        make = partial(problems.dense, *wide, order=order, center=True, quick=quick)
        targets = {"sklearn": 20, "adelie": 1, "glmnet": 1}
        yield make, 20 if quick else 100, 10 if quick else 100, targets
    targets = {"sklearn": 30, "adelie": 2, "glmnet": 2}
    yield partial(problems.debian, quick=quick), 10 if quick else 50, 10 if quick else 100, targets
    for order in "FC":
        shipped = problems.diabetes if quick else problems.digits
        yield partial(shipped, order=order, quick=quick), 100, 100, None
    for order in "FC":
        make = partial(problems.dense, *tall, order=order, center=True, quick=quick)
        yield make, 100, 1000, {"sklearn": 1.3}


def _rows(problem, n_alphas, divisor, targets, settings):
    largest = problem.alpha_max(fit_intercept=False)
    alphas = np.geomspace(largest, largest / divisor, n_alphas)
    X, y = problem.X, problem.y
    return compete(
        FAMILY,
        problem,
        f"{n_alphas} alphas to /{divisor}",
        lambda peer, tol: partial(peer.path, X, y, alphas, tol),
        lambda coefs: path_gap(X, y, alphas, coefs),
        settings,
        tol=TOL,
        targets=targets,
        passes=lambda: passes.of_path(problem, alphas, TOL, fit_intercept=False),
    )
