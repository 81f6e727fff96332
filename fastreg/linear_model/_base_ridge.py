"""What Ridge and RidgeClassifier share: parameters, the fit of a numeric y, warnings."""

import warnings
from typing import ClassVar

import numpy as np
import scipy.sparse as sp
from scipy.linalg import LinAlgWarning
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from fastreg._engine import ridge
from fastreg._engine.design import Design
from fastreg._engine.threads import fit_threads
from fastreg._validation import (
    as_numbers,
    check_finite,
    check_flag,
    check_number,
    check_option,
    check_sample_weight,
    n_targets_of,
)
from fastreg.linear_model._base import LinearModel, warn_constant_columns


class BaseRidge(LinearModel):
    """Base of the ridge models of one alpha, or one for each target; not public."""

    _way = "The fit"
    _flags: ClassVar = ("fit_intercept", "copy_X", "positive")

    def _check_parameters(self):
        check_number("tol", self.tol, low=0)
        if self.max_iter is not None:
            check_number("max_iter", self.max_iter, low=1, integer=True)
        for name in self._flags:
            check_flag(name, getattr(self, name))
        check_option("solver", self.solver, {"auto", *ridge.SOLVERS})
        if self.positive and self.solver not in ("auto", "lbfgs"):
            raise ValueError(
                f"solver={self.solver!r} does not support positive fitting: with positive=True "
                "only 'lbfgs' solver can be used. Pass it, or 'auto', or positive=False."
            )
        if self.solver == "lbfgs" and not self.positive:
            raise ValueError(
                "'lbfgs' solver can be used only when positive=True: pass another solver, or "
                "positive=True."
            )

    def _alphas(self, n_targets):
        if np.ndim(self.alpha) == 0:
            check_number("alpha", self.alpha, low=0)
            return np.full(n_targets, float(self.alpha))
        alpha = as_numbers("alpha", self.alpha).ravel()
        for k, value in enumerate(alpha):
            check_number(f"alpha[{k}]", value, low=0)
        if len(alpha) not in (1, n_targets):
            raise ValueError(
                "Number of targets and number of penalties do not correspond: "
                f"{len(alpha)} != {n_targets}. Pass one alpha, or one for each target of y."
            )
        return np.broadcast_to(alpha, n_targets).copy()

    def _fit(self, X, y, sample_weight, stacklevel):
        """Fit X, y of a layout for kernels; `stacklevel` as for a warning given here."""
        sample_weight = check_sample_weight(sample_weight, X.shape[0])
        alpha = self._alphas(n_targets_of(y))
        solver = self._choose(X, alpha)
        with fit_threads(), np.errstate(all="ignore"):  # what is not finite, checks notice
            design = Design(
                X,
                y,
                sample_weight=sample_weight,
                fit_intercept=self.fit_intercept,
                expected_passes=ridge.expected_passes(solver),
                keep_moments=ridge.forms_gram(*X.shape, solver),
            )
            check_finite(self, design, X, y)
            solution = ridge.solve(
                design, alpha, solver, tol=self.tol, max_iter=self.max_iter, seed=self._seed(solver)
            )
            self._set_solution(design, solution.W, y.shape[1:], X.dtype)
        self._set_certificate(solution)
        warn_constant_columns(design, self._feature_names, stacklevel)
        self._warn(solver, solution, stacklevel + 1)

    def _choose(self, X, alpha):
        if self.solver != "auto":
            return self.solver
        return ridge.choose_solver(
            *X.shape, alpha, sparse=sp.issparse(X), positive=bool(self.positive)
        )

    def _seed(self, solver):
        if solver not in ridge.STOCHASTIC:
            return 0
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

    def _set_certificate(self, solution):
        self.dual_gap_ = solution.gap[0] if len(solution.gap) == 1 else solution.gap
        self.n_iter_ = np.ones(len(solution.gap), dtype=np.int32)  # of a closed form
        if solution.n_iter is not None:
            self.n_iter_ = np.maximum(solution.n_iter, 1)
        self.solver_ = solution.solver

    def _warn(self, solver, solution, stacklevel):
        if solution.solver != solver:
            warnings.warn(
                f"Ill-conditioned system (reciprocal condition {solution.rcond:.1e}): solved by "
                "singular values instead, which is slower. Raise alpha, scale the columns of X, "
                "drop duplicate ones, or pass solver='svd'.",
                LinAlgWarning,
                stacklevel,
            )
        self._warn_no_convergence(solution, stacklevel + 1)

    def _warn_no_convergence(self, solution, stacklevel):
        if solution.converged:
            return
        name = "The lbfgs solver" if solution.solver == "lbfgs" else solution.solver
        warnings.warn(
            f"{name} did not converge after {solution.n_iter.max()} iterations. Duality gap "
            f"reached: {solution.gap.max():.3e}. Raise max_iter (now {self.max_iter}), tol "
            f"(now {self.tol:g}) or alpha, or scale the columns of X.",
            ConvergenceWarning,
            stacklevel,
        )
