"""Ridge: 1/2 ||Y - W A'||^2 + alpha_t/2 ||w_t||^2 for each target t, by many solvers.

"cholesky" and "eigen" work on the Gram matrix of A's smaller side. Where that is
ill-conditioned, squaring A has lost digits, and the singular values of A itself take
over ("svd"). "sparse_cg" needs products with A only, so that sparse A stays sparse.
"""

from fastreg._engine.blocks import column_blocks, row_blocks, row_gram
from fastreg._engine.ridge_closed import MIN_RCOND, closed_form, solve_moments
from fastreg._engine.ridge_iterative import conjugate_gradients
from fastreg._engine.ridge_solution import RidgeSolution, certificate, gradient
from fastreg._engine.ridge_svd import singular_values

__all__ = [
    "MIN_RCOND",
    "RidgeSolution",
    "certificate",
    "column_blocks",
    "forms_gram",
    "row_blocks",
    "row_gram",
    "solve",
    "solve_moments",
]

CLOSED_FORMS = ("cholesky", "eigen")


def solve(design, alpha, solver, *, tol, max_iter) -> RidgeSolution:
    """Solve for all targets; alpha is (T,)."""
    if solver == "sparse_cg":
        return conjugate_gradients(design, alpha, tol, max_iter)
    rcond = None
    if solver in CLOSED_FORMS:
        solution = closed_form(design, alpha, solver, tol)
        if solution.W is not None:
            return solution
        rcond = solution.rcond
    W = singular_values(design, alpha)
    return RidgeSolution(W, "svd", certificate(W, alpha, gradient(design, W)), rcond=rcond)


def forms_gram(n_samples, n_features, solver):
    """Whether `solver` forms the Gram of all features."""
    return solver in CLOSED_FORMS and n_features <= n_samples
