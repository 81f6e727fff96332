"""Cross-validated lassos: LassoCV, and GridSearchCV over single fits."""

from functools import partial

import numpy as np

import fastreg
from benchmarks import problems
from benchmarks.accuracy import lasso_gap, relative_difference
from benchmarks.jobs import Apart, compete
from benchmarks.limits import Work, gram_work
from benchmarks.rows import skipped

FAMILY = "cv"
N_FOLDS = 5
# scikit-learn's default, and what the single fits of a search are asked for
CV_TOL, SEARCH_TOL = 1e-4, 1e-6
# Two answers within the tolerance may be this far apart in their held-out scores.
CV_APART, SEARCH_APART = 2e-2, 1e-3


def run(settings):
    """Tall, wide and real data in both orders; then a grid search."""
    for make, n_alphas, target in _plan(settings.quick):
        try:
            problem = make()
        except problems.MissingDataError as error:
            yield skipped(FAMILY, f"{make.func.__name__}, LassoCV", error)
            continue
        yield from _lasso_cv(problem, n_alphas, target, settings)
    shape, n_alphas = ((3000, 60), 5) if settings.quick else ((30000, 150), 20)
    for order in "FC":
        problem = problems.dense(*shape, order=order, quick=settings.quick)
        yield from _grid_search(problem, n_alphas, settings)


def _plan(quick):
    tall, wide = ((20000, 60), (200, 800)) if quick else ((100000, 200), (1000, 5000))
    n_alphas = 20 if quick else 100
    for order in "FC":
        yield partial(problems.dense, *tall, order=order, quick=quick), n_alphas, 10
    for order in "FC":
        yield partial(problems.dense, *wide, order=order, quick=quick), n_alphas, 12
    for order in "FC":
        yield partial(problems.golub, order=order, quick=quick), n_alphas, 10


def _lasso_cv(problem, n_alphas, target, settings):
    case = f"LassoCV, {N_FOLDS} folds, {n_alphas} alphas"
    if not hasattr(fastreg, "LassoCV"):
        yield skipped(FAMILY, f"{problem.name}, {case}", "this fastreg has no LassoCV")
        return
    X, y = problem.X, problem.y
    yield from compete(
        FAMILY,
        problem,
        case,
        lambda peer, tol: partial(peer.lasso_cv, X, y, n_alphas, N_FOLDS, tol),
        partial(_final_gap, X, y),
        settings,
        tol=CV_TOL,
        targets={"sklearn": target},
        work=lambda: _work(problem),
        apart=partial(_apart, "held-out errors", CV_APART),
    )


def _grid_search(problem, n_alphas, settings):
    X, y = problem.X, problem.y
    alphas = problem.alpha_max() * np.geomspace(0.5, 1e-3, n_alphas)
    return compete(
        FAMILY,
        problem,
        f"GridSearchCV(Lasso), {N_FOLDS} folds, {n_alphas} alphas",
        lambda peer, tol: partial(peer.grid_search, X, y, alphas, N_FOLDS, tol),
        partial(_final_gap, X, y),
        settings,
        tol=SEARCH_TOL,
        targets={"sklearn": 6},
        work=lambda: _work(problem),
        apart=partial(_apart, "held-out scores", SEARCH_APART),
    )


def _work(problem):
    """One Gram where X is tall, one reading where it is wide."""
    n, p = problem.X.shape
    return gram_work(problem) if n > p else Work(bytes=problem.nbytes)


def _final_gap(X, y, result):
    """The gap of the fit on everything with the alpha that was chosen."""
    return lasso_gap(X, y, result.alpha, result.intercept, result.coef)


def _apart(what, limit, ours, theirs):
    return Apart(what, relative_difference(ours.held_out, theirs.held_out), limit)
