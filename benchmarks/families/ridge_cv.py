"""RidgeCV: leave-one-out and folds, as scikit-learn chooses among the same alphas."""

from functools import partial

import numpy as np

import fastreg
from benchmarks import problems
from benchmarks.accuracy import relative_difference, ridge_gap
from benchmarks.jobs import Apart, compete
from benchmarks.limits import gram_work
from benchmarks.rows import skipped

FAMILY = "ridge_cv"
N_FOLDS = 5
ALPHAS = np.geomspace(1e-3, 1e3, 20)
# closed forms: what is left is rounding
GAP, COEF_APART = 1e-12, 1e-8


def run(settings):
    """Tall data, each row or each fold left out, and wide data; both orders."""
    for shape, n_folds, target in _plan(settings.quick):
        for order in "FC":
            problem = problems.dense(*shape, order=order, quick=settings.quick)
            yield from _rows(problem, n_folds, target, settings)


def _plan(quick):
    if quick:
        return [((4000, 60), None, None), ((4000, 60), N_FOLDS, None), ((150, 600), None, None)]
    return [
        ((40000, 150), None, 10),
        ((200000, 200), None, 15),
        ((40000, 150), N_FOLDS, 25),
        ((1000, 5000), None, 1.5),
    ]


def _rows(problem, n_folds, target, settings):
    case = f"RidgeCV, {'leave-one-out' if n_folds is None else f'{n_folds} folds'}, "
    case += f"{len(ALPHAS)} alphas"
    if not hasattr(fastreg, "RidgeCV"):
        yield skipped(FAMILY, f"{problem.name}, {case}", "this fastreg has no RidgeCV")
        return
    X, y = problem.X, problem.y
    yield from compete(
        FAMILY,
        problem,
        case,
        lambda peer, tol: partial(peer.ridge_cv, X, y, ALPHAS, n_folds),
        lambda result: ridge_gap(X, y, result.alpha, result.intercept, result.coef),
        settings,
        tol=GAP,
        targets={"sklearn": target},
        work=lambda: gram_work(problem, products=1 if n_folds else 3),
        apart=_apart,
    )


def _apart(ours, theirs):
    if ours.alpha != theirs.alpha:
        return Apart("alphas", abs(ours.alpha / theirs.alpha - 1), 0.0)
    return Apart("coefficients", relative_difference(ours.coef, theirs.coef), COEF_APART)
