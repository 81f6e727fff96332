"""What the estimators fitted by coordinate descent share: the frame of a fit."""

import warnings

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from fastreg._engine.design import Design
from fastreg._engine.path import PathEngine, forms_gram
from fastreg._engine.penalties import alpha_max, elastic_net_penalty
from fastreg._engine.problem import LeastSquaresProblem
from fastreg._engine.threads import fit_threads
from fastreg._engine.unpenalised import are_dependent
from fastreg._validation import (
    check_finite,
    check_fit_input,
    check_flag,
    check_number,
    check_option,
    check_sample_weight,
    n_targets_of,
    solver_layout,
    unchanged_on_error,
)
from fastreg.exceptions import DiagnosticWarning
from fastreg.linear_model._base import (
    LinearRegressor,
    sparse_coef,
    warn_constant_columns,
    warn_no_convergence,
    warn_rounded_gap,
)
from fastreg.linear_model._gram import check_precompute, precomputed_gram
from fastreg.linear_model._paths import enet_path
from fastreg.linear_model._penalty_parameters import penalty_options


class CoordinateDescentRegressor(LinearRegressor):
    """Base of ElasticNet and MultiTaskElasticNet; not public.

    They differ in which targets are fitted together, and in which y they take.
    """

    path = staticmethod(enet_path)

    def _target_groups(self, n_targets):
        """Targets that share a penalty, one group after the other."""
        return [slice(t, t + 1) for t in range(n_targets)]

    def _n_joint_targets(self, n_targets):
        """How many targets share a penalty."""
        return len(range(n_targets)[self._target_groups(n_targets)[0]])

    def _check_target(self, y):
        """Raise for a y that this estimator cannot fit; here every one will do."""

    def _fit_checked(self, X, y, sample_weight, check_input=True):
        """What `fit` does; its warnings point at the caller of `fit`."""
        with unchanged_on_error(self):
            self._check_parameters()
            if check_input:
                X, y = check_fit_input(self, X, y)
                sample_weight = check_sample_weight(sample_weight, X.shape[0])
            else:
                X, y = solver_layout(X), np.asarray(y)
            self._check_target(y)
            limits = penalty_options(self, X.shape[1], self._n_joint_targets(n_targets_of(y)))
            self._warn_unpenalised(limits, stacklevel=3)
            if sample_weight is not None:  # one weight for all has no effect
                each = np.ndim(sample_weight) > 0
                sample_weight = sample_weight * (len(y) / sample_weight.sum()) if each else None
            with fit_threads():
                self._fit(X, y, sample_weight, check_input, limits)

    def _warn_unpenalised(self, limits, stacklevel):
        unpenalised = limits["factor"] is not None and not limits["factor"].any()
        if self.alpha == 0 or unpenalised:
            what = "penalty_factor=0 for all features" if unpenalised else "alpha=0"
            warnings.warn(
                f"With {what}, this algorithm does not converge well. You are advised to "
                "use the LinearRegression estimator.",
                stacklevel=stacklevel + 1,
            )

    def _check_parameters(self):
        check_number("alpha", self.alpha, low=0)
        check_number("l1_ratio", self.l1_ratio, low=0, high=1)
        check_number("tol", self.tol, low=0)
        if self.max_iter is not None:
            check_number("max_iter", self.max_iter, low=1, integer=True)
        for name in ("fit_intercept", "copy_X", "warm_start", "positive"):
            check_flag(name, getattr(self, name))
        check_option("selection", self.selection, {"cyclic", "random"})
        check_precompute(self.precompute)

    def _fit(self, X, y, sample_weight, check_input, limits):
        whole_gram = self.precompute is True
        given_gram = not isinstance(self.precompute, bool | np.bool_)
        design = Design(
            X,
            y,
            sample_weight=sample_weight,
            fit_intercept=self.fit_intercept,
            keep_moments=not given_gram and forms_gram(X.shape[1], whole_gram),
        )
        if check_input:
            check_finite(self, design, X, y)
        warn_constant_columns(design, self._feature_names, stacklevel=4)
        gram = precomputed_gram(self.precompute, design, check=check_input)
        self._solve(design, gram, limits, y.shape[1:], X.dtype, stacklevel=5)

    def _solve(self, design, gram, limits, targets_shape, dtype, stacklevel):
        """Solve for every target and set what that gives."""
        W = self._start(len(design.squared_norms), design.n_features)
        max_iter = 1000 if self.max_iter is None else self.max_iter
        random = self.selection == "random"
        rng = check_random_state(self.random_state) if random else None
        penalty = elastic_net_penalty(self.alpha, self.l1_ratio, design.total_weight, **limits)
        solutions, working_set = [], None
        for targets in self._target_groups(len(W)):
            engine = PathEngine(
                LeastSquaresProblem(design, targets, gram),
                tol=self.tol,
                max_iter=max_iter,
                rng=rng,
                whole_gram=self.precompute is True,
                working_set=working_set,
            )
            solutions.append(engine.solve(penalty, W[targets]))
            working_set = engine.working_set
            if gram is None and design.known_gram is None:
                gram = engine.problem.gram
        self._set_solution(design, W, targets_shape, dtype)
        self._set_certificate(solutions, design.total_weight)
        self._warn_all_zero(design, penalty, limits, stacklevel)
        warn_no_convergence(
            solutions, design.total_weight, self.tol, max_iter, "", stacklevel=stacklevel
        )
        return solutions

    # ---- from moments: see StreamingMixin -----------------------------------------

    def _check_stream(self, n_features, n_targets):
        """Raise for parameters that moments without rows cannot serve."""
        if not isinstance(self.precompute, bool | np.bool_):
            raise ValueError(
                "precompute is an array, and the Gram matrix of a stream is that of all its rows: "
                "pass precompute=False."
            )
        penalty_options(self, n_features, self._n_joint_targets(n_targets))

    def _solve_stream(self, design, targets_shape, dtype):
        n_targets = len(design.squared_norms)
        limits = penalty_options(self, design.n_features, self._n_joint_targets(n_targets))
        self._warn_unpenalised(limits, stacklevel=4)
        warn_constant_columns(design, self._feature_names, stacklevel=4)
        if limits["factor"] is not None and are_dependent(
            design.known_gram, np.flatnonzero(limits["factor"] == 0)
        ):
            warnings.warn(
                "The features with penalty_factor=0 depend on each other as far as their moments "
                "can tell. Unless they do so exactly, dual_gap_ is no proof: drop some of them, "
                "penalise them, or use fit on the rows.",
                ConvergenceWarning,
                stacklevel=4,
            )
        solutions = self._solve(design, None, limits, targets_shape, dtype, stacklevel=5)
        if not all(solution.converged for solution in solutions):
            return  # as was said
        for targets, solution in zip(self._target_groups(n_targets), solutions, strict=True):
            rounding = LeastSquaresProblem(design, targets).rounding(solution.W)
            total = design.total_weight
            warn_rounded_gap(rounding / total, solution.gap_tol / total, self.tol, stacklevel=4)

    def _set_certificate(self, solutions, total_weight):
        gaps = [solution.gap / total_weight for solution in solutions]
        n_iter = [solution.n_iter for solution in solutions]
        self.dual_gap_ = np.float64(gaps[0]) if len(gaps) == 1 else np.array(gaps)
        self.n_iter_ = n_iter[0] if len(n_iter) == 1 else n_iter

    def _start(self, n_targets, n_features):
        coef = getattr(self, "coef_", None) if self.warm_start else None
        if coef is None:
            return np.zeros((n_targets, n_features))
        W = np.array(coef, dtype=np.float64, ndmin=2, order="C")
        if W.shape != (n_targets, n_features):
            raise ValueError(
                f"coef_ of the last fit has shape {np.shape(coef)}, which warm_start cannot use "
                f"for {n_targets} target(s) and {n_features} features: set warm_start=False."
            )
        return W

    def _warn_all_zero(self, design, penalty, limits, stacklevel):
        if penalty.l1 == 0 or self.coef_.any() or not design.squared_norms.any():
            return
        joint = len(self._target_groups(len(design.squared_norms))) == 1
        largest = alpha_max(design, self.l1_ratio, joint=joint, **limits)
        if self.alpha >= largest > 0:
            warnings.warn(
                f"alpha={self.alpha:g} is at or above alpha_max={largest:g}, from where on every "
                "coefficient is zero and the model predicts a constant: choose a smaller alpha.",
                DiagnosticWarning,
                stacklevel=stacklevel + 1,
            )

    @property
    def sparse_coef_(self) -> sp.csr_matrix:
        """`coef_` in CSR format, of shape (n_targets, n_features)."""
        return sparse_coef(self.coef_)
