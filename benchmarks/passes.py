"""fastreg's passes over X, and the time of one: the limit to close in on."""

from dataclasses import dataclass

import numpy as np

from benchmarks.peers import MAX_ITER
from benchmarks.timing import quiet, sample
from fastreg._engine import ridge
from fastreg._engine.design import Design
from fastreg._engine.path import PathEngine
from fastreg._engine.penalties import elastic_net_penalty
from fastreg._engine.problem import LeastSquaresProblem
from fastreg._engine.threads import fit_threads, n_threads_for


@dataclass
class Passes:
    """How many passes a fit took, and the seconds of one gradient pass."""

    count: float
    seconds: float


def of_path(problem, alphas, tol, *, fit_intercept):
    """Passes of the engine on lasso problems, run as the estimators run it."""
    with quiet(), fit_threads():
        design = Design(problem.X, problem.y, fit_intercept=fit_intercept)
        engine = PathEngine(LeastSquaresProblem(design), tol=tol, max_iter=MAX_ITER)
        W = np.zeros((1, design.n_features))
        penalties = [elastic_net_penalty(alpha, 1.0, design.total_weight) for alpha in alphas]
        for _ in engine.path(penalties, W):
            pass
        return Passes(design.n_passes, _pass_seconds(design))


def of_ridge(problem, alpha, tol):
    """Passes of the ridge that `solver="auto"` chooses."""
    with quiet(), fit_threads():
        design = Design(problem.X, problem.y)
        alphas = np.full(len(design.targets), alpha)
        solver = ridge.choose_solver(
            *problem.X.shape, alphas, sparse=design.is_sparse, positive=False
        )
        ridge.solve(design, alphas, solver, tol=tol, max_iter=None)
        return Passes(design.n_passes, _pass_seconds(design))


def _pass_seconds(design):
    n_threads = n_threads_for(design.work, design.work_of_fit)

    def one_pass():
        design.matrix.dots(design.targets, n_threads)

    return float(np.median([sample(one_pass, 3) for _ in range(5)]))
