"""Ridge: 1/2 ||Y - W A'||^2 + alpha_t/2 ||w_t||^2 for each target t, by many solvers.

"cholesky" and "eigen" work on the Gram matrix of A's smaller side. Where that is
ill-conditioned, squaring A has lost digits, and the singular values of A itself take
over ("svd"). "sparse_cg", "lsqr" and "lbfgs" need products with A only, so that sparse
A stays sparse; "sag", "saga" and "sgd" read it row by row.
"""

import numpy as np

from fastreg._engine import ridge_positive
from fastreg._engine.ridge_closed import closed_form
from fastreg._engine.ridge_iterative import conjugate_gradients, least_squares_qr
from fastreg._engine.ridge_sgd import stochastic_gradient
from fastreg._engine.ridge_solution import RidgeSolution, certificate, gradient
from fastreg._engine.ridge_svd import singular_values
from fastreg._engine.sag import stochastic_average

CLOSED_FORMS = ("cholesky", "eigen")
STOCHASTIC = ("sag", "saga", "sgd")
SOLVERS = (*CLOSED_FORMS, "svd", "sparse_cg", "lsqr", "lbfgs", *STOCHASTIC)
# From so many different alphas on, one eigendecomposition is cheaper than a factor each.
MANY_ALPHAS = 24
# Sparse X with at most so many features: its Gram matrix costs less than iterations.
SPARSE_GRAM_FEATURES = 512


def choose_solver(n_samples, n_features, alpha, *, sparse, positive):
    """What "auto" stands for; "cholesky" looks at the condition itself."""
    if positive:
        return "lbfgs"
    if sparse and n_features > min(n_samples, SPARSE_GRAM_FEATURES):
        return "sparse_cg"
    return "eigen" if len(np.unique(alpha)) >= MANY_ALPHAS else "cholesky"


def solve(design, alpha, solver, *, tol, max_iter, seed=0) -> RidgeSolution:
    """Solve for all targets, alpha (T,), with one of `SOLVERS`."""
    solution = _solve(design, alpha, solver, tol, max_iter, seed)
    solution.W[:, design.sq_norm == 0] = 0.0  # what rounding gave a constant column
    return solution


def _solve(design, alpha, solver, tol, max_iter, seed):
    if solver == "sgd":
        return stochastic_gradient(design, alpha, tol, max_iter, seed)
    if solver in STOCHASTIC:
        return stochastic_average(design, alpha, solver, tol, max_iter, seed)
    if solver in ITERATIVE:
        return ITERATIVE[solver](design, alpha, tol, max_iter)
    rcond = None
    if solver in CLOSED_FORMS:
        solution = closed_form(design, alpha, solver, tol)
        if solution.W is not None:
            return solution
        rcond = solution.rcond
    W = singular_values(design, alpha)
    return RidgeSolution(W, "svd", certificate(W, alpha, gradient(design, W)), rcond=rcond)


def expected_passes(solver):
    """About how often `solver` reads X, for `Design`."""
    return 100 if solver in ITERATIVE else 4


def forms_gram(n_samples, n_features, solver):
    """Whether `solver` forms the Gram of all features."""
    if solver == "lbfgs":
        return ridge_positive.forms_gram(n_samples, n_features)
    return solver in CLOSED_FORMS and n_features <= n_samples


ITERATIVE = {
    "sparse_cg": conjugate_gradients,
    "lsqr": least_squares_qr,
    "lbfgs": ridge_positive.lbfgs,
}
