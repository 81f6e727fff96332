"""Single ridge fits, each library with the solver it chooses itself."""

from functools import partial

import numpy as np
import scipy.sparse as sp

from benchmarks import passes, problems
from benchmarks.accuracy import relative_difference, ridge_gap
from benchmarks.jobs import Apart, compete
from benchmarks.rows import skipped

FAMILY = "ridge"
ALPHA = 1.0
# closed forms should leave rounding only; conjugate gradients stop at `CG_TOL`
GAP_DENSE, GAP_SPARSE = 1e-12, 1e-6
CG_TOL = 1e-6
# how far coefficients of two closed forms may be apart
COEF_APART = 1e-8
# Many targets are random mixtures of the columns; the gap is judged for the first few.
JUDGED_TARGETS = 3


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
    many = (50000, 200, 50), 1.5
    if quick:
        shapes, many = {(20000, 100): None, (300, 1500): None}, ((5000, 100, 20), None)
    for shape, target in shapes.items():
        for order in problems.orders(quick):
            yield partial(problems.dense, *shape, order=order, quick=quick), target
    for order in problems.orders(quick):
        yield partial(_many_targets, *many[0], order=order, quick=quick), many[1]
    for order in problems.orders(quick):
        yield partial(problems.golub, order=order, quick=quick), 1.0
    yield partial(problems.debian, quick=quick), 1.5


def _many_targets(n, p, n_targets, *, order, quick):
    problem = problems.dense(n, p, order=order, quick=quick)
    rng = np.random.default_rng(0)
    problem.y = problem.X @ rng.standard_normal((p, n_targets))
    problem.y += rng.standard_normal(problem.y.shape)
    problem.name += f", {n_targets} targets"
    return problem


def _rows(problem, target, settings):
    X, y = problem.X, problem.y
    sparse = sp.issparse(X)
    return compete(
        FAMILY,
        problem,
        f"alpha={ALPHA:g}",
        lambda peer, tol: partial(peer.ridge, X, y, ALPHA, tol),
        lambda result: _gap(X, y, *result),
        settings,
        tol=CG_TOL,
        tolerance=GAP_SPARSE if sparse else GAP_DENSE,
        targets={"sklearn": target},
        passes=lambda: passes.of_ridge(problem, ALPHA, CG_TOL),
        apart=None if sparse else _apart,
    )


def _gap(X, y, coef, intercept):
    """The largest relative gap of the targets that are judged."""
    targets = y.reshape(len(y), -1)[:, :JUDGED_TARGETS].T
    coefs, intercepts = np.atleast_2d(coef), np.ravel(intercept)
    return max(
        ridge_gap(X, target, ALPHA, intercepts[t], coefs[t]) for t, target in enumerate(targets)
    )


def _apart(ours, theirs):
    return Apart("coefficients", relative_difference(ours[0], theirs[0]), COEF_APART)
