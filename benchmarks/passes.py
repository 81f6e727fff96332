"""fastreg's passes over X, and the time of one: the limit to close in on."""

from dataclasses import dataclass

import numpy as np

from benchmarks.limits import Work
from benchmarks.peers import MAX_ITER
from benchmarks.timing import quiet, sample
from fastreg._engine import ridge
from fastreg._engine.design import Design
from fastreg._engine.path import PathEngine, forms_gram
from fastreg._engine.penalties import elastic_net_penalty
from fastreg._engine.problem import LeastSquaresProblem
from fastreg._engine.threads import fit_threads, n_threads_for


@dataclass
class Passes:
    """How many passes a fit took, the seconds of one gradient pass, and the work."""

    count: float
    seconds: float
    work: Work


def of_path(problem, alphas, tol, *, fit_intercept):
    """Passes of the engine on lasso problems, run as the estimators run it."""
    with quiet(), fit_threads():
        design = Design(problem.X, problem.y, fit_intercept=fit_intercept)
        engine = PathEngine(LeastSquaresProblem(design), tol=tol, max_iter=MAX_ITER)
        W = np.zeros((1, design.n_features))
        penalties = [elastic_net_penalty(alpha, 1.0, design.total_weight) for alpha in alphas]
        for _ in engine.path(penalties, W):
            pass
        flops = _gram_flops(design) if forms_gram(design.n_features, False) else 0.0
        return _passes(problem, design, flops)


def of_ridge(problem, alpha, tol):
    """Passes of the ridge that `solver="auto"` chooses."""
    with quiet(), fit_threads():
        design = Design(problem.X, problem.y)
        alphas = np.full(len(design.targets), alpha)
        solver = ridge.choose_solver(
            *problem.X.shape, alphas, sparse=design.is_sparse, positive=False
        )
        ridge.solve(design, alphas, solver, tol=tol, max_iter=None)
        return _passes(problem, design, _gram_flops(design))


def _gram_flops(design):
    """Operations of X'X or XX', the smaller; none is formed of sparse X."""
    if design.is_sparse:
        return 0.0
    n, p = design.n_samples, design.n_features
    return float(n * p * min(n, p))


def _passes(problem, design, flops):
    work = Work(design.n_passes * problem.nbytes, flops, problem.X.dtype)
    return Passes(design.n_passes, _pass_seconds(design), work)


def _pass_seconds(design):
    n_threads = n_threads_for(design.work, design.work_of_fit)

    def one_pass():
        design.matrix.dots(design.targets, n_threads)

    return float(np.median([sample(one_pass, 3) for _ in range(5)]))
