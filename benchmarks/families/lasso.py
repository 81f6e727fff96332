"""Single fits of the lasso, with an intercept, at an equal duality gap."""

from functools import partial

import numpy as np

from benchmarks import passes, problems
from benchmarks.accuracy import lasso_gap
from benchmarks.jobs import compete

FAMILY = "lasso"
TOL = 1e-6


def run(settings):
    """Wide, tall, sparse and small problems; dense ones in both orders."""
    for make, cases in _plan(settings.quick):
        problem = make()
        for divisor, target in cases.items():
            yield from _rows(problem, divisor, target, settings)


def _plan(quick):
    wide, tall, sparse = ((1000, 10000), (100000, 300), (20000, 40000))
    if quick:
        wide, tall, sparse = ((200, 1500), (20000, 60), (3000, 6000))
    for order in "FC":
        yield partial(problems.dense, *wide, order=order, quick=quick), {10: 4, 100: 6}
    yield partial(problems.dense, *wide, order="C", dtype=np.float32, quick=quick), {10: None}
    for order in "FC":
        yield partial(problems.dense, *tall, order=order, quick=quick), {10: 2.5}
    square = (600, 600) if quick else (3000, 3000)
    for order in "FC":
        yield partial(problems.dense, *square, order=order, quick=quick), {10: None, 100: None}
    yield partial(problems.diabetes, quick=quick), {100: None}
    yield partial(problems.sparse, *sparse, quick=quick), {10: 25, 100: 12}
    for order in "FC":
        yield partial(problems.dense, 200, 50, order=order), {10: 2}


def _rows(problem, divisor, target, settings):
    alpha = problem.alpha_max() / divisor
    X, y = problem.X, problem.y
    return compete(
        FAMILY,
        problem,
        f"/{divisor}",
        lambda peer, tol: partial(peer.lasso, X, y, alpha, tol),
        lambda result: lasso_gap(X, y, alpha, result[1], result[0]),
        settings,
        tol=TOL,
        targets={"sklearn": target},
        passes=lambda: passes.of_path(problem, [alpha], TOL, fit_intercept=True),
    )
