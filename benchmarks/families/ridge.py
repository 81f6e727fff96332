"""Single ridge fits, each library with the solver it chooses itself."""

from functools import partial

import scipy.sparse as sp

from benchmarks import passes, problems
from benchmarks.accuracy import ridge_gap
from benchmarks.jobs import compete
from benchmarks.rows import skipped

FAMILY = "ridge"
ALPHA = 1.0
# closed forms should leave rounding only; conjugate gradients stop at `CG_TOL`
GAP_DENSE, GAP_SPARSE = 1e-12, 1e-6
CG_TOL = 1e-6


def run(settings):
    """Tall, wide and sparse problems, dense ones in both orders."""
    for make, target in _plan(settings.quick):
        try:
            problem = make()
        except problems.MissingDataError as error:
            yield skipped(FAMILY, make.func.__name__, error)
            continue
        yield from _rows(problem, target, settings)


def _plan(quick):
    shapes = {(200000, 200): 1.7, (100000, 500): 1.5, (2000, 10000): 1.2}
    if quick:
        shapes = {(20000, 100): None, (300, 1500): None}
    for shape, target in shapes.items():
        for order in "FC":
            yield partial(problems.dense, *shape, order=order, quick=quick), target
    yield partial(problems.debian, quick=quick), 1.5


def _rows(problem, target, settings):
    X, y = problem.X, problem.y
    sparse = sp.issparse(X)
    return compete(
        FAMILY,
        problem,
        f"alpha={ALPHA:g}",
        lambda peer, tol: partial(peer.ridge, X, y, ALPHA, tol),
        lambda result: ridge_gap(X, y, ALPHA, result[1], result[0]),
        settings,
        tol=CG_TOL,
        tolerance=GAP_SPARSE if sparse else GAP_DENSE,
        targets={"sklearn": target},
        passes=lambda: passes.of_ridge(problem, ALPHA, CG_TOL),
    )
