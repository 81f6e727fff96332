"""Ridge from the moments of a stream."""

import warnings

import numpy as np
from scipy.linalg import LinAlgWarning

from fastreg._engine import ridge_positive
from fastreg._engine.ridge_closed import rounding_of_gap, solve_moments
from fastreg.linear_model._base import warn_constant_columns, warn_rounded_gap
from fastreg.linear_model._streaming import StreamingMixin

# Solvers that need no rows.
SOLVERS = ("auto", "cholesky", "eigen")
SOLVERS_POSITIVE = ("auto", "lbfgs")


class RidgeStreaming(StreamingMixin):
    """What Ridge adds to `StreamingMixin`; not public."""

    def _check_stream(self, n_features, n_targets):
        self._alphas(n_targets)

    def _serves_streams(self):
        if self.solver not in (SOLVERS_POSITIVE if self.positive else SOLVERS):
            raise ValueError(
                f"solver={self.solver!r} works on rows, and partial_fit keeps only their moments: "
                "pass solver='auto'."
            )
        return True

    def _solve_stream(self, design, targets_shape, dtype):
        alpha = self._alphas(len(design.squared_norms))
        if self.positive:
            wanted = "lbfgs"
            solution = ridge_positive.lbfgs(design, alpha, self.tol, self.max_iter)
        else:
            wanted = "cholesky" if self.solver == "auto" else self.solver
            solution = solve_moments(design.moments, alpha, wanted)
        self._set_solution(design, solution.W, targets_shape, dtype)
        self._set_certificate(solution)
        warn_constant_columns(design, self._feature_names, stacklevel=4)
        if solution.solver != wanted:
            warnings.warn(
                f"Ill-conditioned system (reciprocal condition {solution.rcond:.1e}): solved by "
                "eigenvalues, those that are rounding counting as zero. Raise alpha, scale the "
                "columns of X, drop duplicate ones, or use fit on the rows, which loses fewer "
                "digits.",
                LinAlgWarning,
                stacklevel=4,
            )
        self._warn_no_convergence(solution, stacklevel=5)
        rounding = rounding_of_gap(design.moments, solution.W, alpha)
        allowed = self.tol * design.squared_norms
        worst = int(np.argmax(np.where(alpha > 0, rounding - 0.1 * allowed, -np.inf)))
        if alpha[worst] > 0:
            warn_rounded_gap(rounding[worst], allowed[worst], self.tol, stacklevel=4)
