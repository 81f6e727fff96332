"""How time grows with rows, columns, alphas, folds, the batch and threads."""

from functools import partial

import numpy as np

from benchmarks import peers, problems
from benchmarks.families import mlp
from benchmarks.peers.fastreg import forget_moments
from benchmarks.rows import Row
from benchmarks.scales import slope_of
from benchmarks.timing import Spread, limited, race

FAMILY = "scaling"
TOL = 1e-4


def run(settings):
    """Rows of a series one by one, then its slope."""
    for axis, series in _plan(settings).items():
        for name, points in series.items():
            yield from _series(axis, name, points, settings)


def _plan(settings):
    """{what grows: {job: {how far: call}}}"""
    quick = settings.quick
    rows = _doubled(2000, 3 if quick else 6)
    columns = _doubled(25, 3 if quick else 5)
    wide = _doubled(500, 3 if quick else 5)
    tall = problems.dense(10000 if quick else 40000, 50 if quick else 100, order="C")
    network = (64, (64, 64), 10)
    return {
        "rows n": {
            "Lasso, 100 columns": {n: partial(_lasso, n, 100) for n in rows},
            "RidgeCV leave-one-out, 100 columns": {n: partial(_ridge_cv, n, 100) for n in rows},
        },
        "columns p": {
            "Lasso, 20000 rows": {p: partial(_lasso, 20000, p) for p in columns},
            "Lasso, 500 rows": {p: partial(_lasso, 500, p) for p in wide},
        },
        "alphas": {
            "lasso_path": {k: partial(_path, tall, k) for k in _doubled(10, 3 if quick else 5)},
            "LassoCV, 5 folds": {
                k: partial(_cv, tall, k, 5) for k in _doubled(10, 3 if quick else 5)
            },
        },
        "folds": {"LassoCV, 50 alphas": {k: partial(_cv, tall, 50, k) for k in (2, 5, 10, 20)}},
        "batch": {
            "epoch of 64-64-64-10": {
                size: partial(_epoch, (*network, size), quick) for size in _doubled(16, 5)
            }
        },
        "threads": {
            "LassoCV, 5 folds": {k: partial(_threads, tall, k) for k in _counts(settings.threads)},
            "Lasso, 20000 x 400": {
                k: partial(_threads_of_fit, quick, k) for k in _counts(settings.threads)
            },
        },
    }


def _doubled(start, count):
    return [start * 2**k for k in range(count)]


def _counts(threads):
    return [k for k in (1, 2, 4, 8, 16, 32, 64) if k <= threads]


def _series(axis, name, points, settings):
    at, seconds = [], []
    for far, make in points.items():
        times, _ = race({"fastreg": make()}, settings)
        row = Row(FAMILY, f"{name} against {axis}: {far}", measured=Spread.of(times["fastreg"]))
        row.axis, row.at = axis, float(far)
        at.append(row.at)
        seconds.append(row.measured.median)
        yield row
    if len(at) > 1:
        slope = slope_of(at, seconds)
        yield Row(
            FAMILY,
            f"{name} against {axis}",
            value=Spread(slope, slope, slope),
            value_kind="slope",
            axis=axis,
        )


def _lasso(n, p):
    problem = problems.dense(n, p, order="C")
    alpha = problem.alpha_max() / 10
    return partial(peers.load("fastreg").lasso, problem.X, problem.y, alpha, TOL)


def _ridge_cv(n, p):
    problem = problems.dense(n, p, order="C")
    alphas = np.geomspace(1e-3, 1e3, 20)
    return partial(peers.load("fastreg").ridge_cv, problem.X, problem.y, alphas, None)


def _path(problem, n_alphas):
    largest = problem.alpha_max()
    alphas = np.geomspace(largest, largest / 1000, n_alphas)

    def call():
        forget_moments()
        return peers.load("fastreg").path(problem.X, problem.y, alphas, TOL)

    return call


def _cv(problem, n_alphas, n_folds):
    return partial(peers.load("fastreg").lasso_cv, problem.X, problem.y, n_alphas, n_folds, TOL)


def _epoch(network, quick):
    problem = mlp.make_problem(network, quick)
    options = mlp.options_of(network)
    return peers.load("fastreg").mlp_epochs(problem.X, problem.y, options)


def _threads(problem, n_threads):
    return limited(_cv(problem, 50, 5), n_threads)


def _threads_of_fit(quick, n_threads):
    return limited(_lasso(4000 if quick else 20000, 400), n_threads)
