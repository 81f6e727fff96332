"""What LassoCV, ElasticNetCV and their multi-task forms share."""

from __future__ import annotations

import warnings
from numbers import Integral
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn import get_config
from sklearn.model_selection import check_cv
from sklearn.utils import check_random_state
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.validation import column_or_1d

from fastreg._engine.folds import Solver, cross_validate, full_path, make_folds
from fastreg._engine.penalties import alpha_grid, elastic_net_penalty
from fastreg._engine.splits import as_splits
from fastreg._engine.threads import fit_threads
from fastreg._progress import check_verbose, progress
from fastreg._typing import MatrixLike
from fastreg._validation import (
    check_alphas,
    check_finite,
    check_fit_input,
    check_flag,
    check_number,
    check_option,
    check_sample_weight,
    unchanged_on_error,
)
from fastreg.exceptions import DiagnosticWarning
from fastreg.linear_model._base import (
    LinearRegressor,
    warn_constant_columns,
    warn_no_convergence,
)
from fastreg.linear_model._gram import check_precompute, precomputed_gram
from fastreg.linear_model._penalty_parameters import limits_within, penalty_options
from fastreg.linear_model._regularization_path import PathTable, variation_of
from fastreg.linear_model._selection import (
    check_n_splits,
    check_rule,
    check_trained,
    choose_path,
    refuse_metadata,
)

# l1_ratio=0 has no alpha where all coefficients are zero; its grid is that of this one.
GRID_L1_RATIO = 1e-3


class CrossValidated(LinearRegressor):
    """Base of the models that choose alpha by cross-validation; not public."""

    # what only some of them have as a parameter
    l1_ratio = 1.0
    precompute = "auto"
    positive = False
    lower = upper = None
    _multitask = False

    def __init__(
        self,
        *,
        eps,
        alphas,
        fit_intercept,
        max_iter,
        tol,
        copy_X,
        cv,
        verbose,
        n_jobs,
        random_state,
        selection,
        selection_rule,
        max_loss_increase,
        standardize,
        penalty_factor,
    ):
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.copy_X = copy_X
        self.cv = cv
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.selection = selection
        self.selection_rule = selection_rule
        self.max_loss_increase = max_loss_increase
        self.standardize = standardize
        self.penalty_factor = penalty_factor

    def fit(
        self,
        X: MatrixLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        **params,
    ) -> Self:
        """Choose alpha (and l1_ratio) by cross-validation, and fit on all rows.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            float32 and float64 arrays in either order are used where they lie.
        y : array-like of shape (n_samples,), or (n_samples, n_targets) for multi-task
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights, at least 0, for training and for the held-out errors; their scale
            has no effect. The mean over splits is not weighted, as in scikit-learn.
        **params
            For the splitter, such as `groups`, where metadata routing is enabled.

        Returns
        -------
        self : object
        """
        with unchanged_on_error(self):
            self._check_parameters()
            split_params = self._split_params(sample_weight, params)
            X, y = check_fit_input(self, X, y)
            y = self._check_target(y)
            limits = penalty_options(self, X.shape[1], y.shape[1])
            sample_weight = check_sample_weight(sample_weight, X.shape[0])
            if sample_weight is not None:
                sample_weight = sample_weight * (X.shape[0] / sample_weight.sum())
                if np.ptp(sample_weight) == 0:
                    sample_weight = None  # one weight for all has no effect
            pairs = check_cv(self.cv).split(X, y, **split_params)
            splits = as_splits(pairs, X.shape[0])
            check_n_splits(len(splits), self.selection_rule)
            check_trained(splits, sample_weight)
            with fit_threads():
                self._fit(X, y, sample_weight, splits, limits)
        return self

    # ---- checks ----------------------------------------------------------------

    def _check_parameters(self):
        for k, l1_ratio in enumerate(np.atleast_1d(self.l1_ratio)):
            name = f"l1_ratio[{k}]" if np.ndim(self.l1_ratio) else "l1_ratio"
            check_number(name, l1_ratio, low=0, high=1)
        if np.size(self.l1_ratio) == 0:
            raise ValueError("l1_ratio is empty: pass a number or a list of numbers in [0, 1].")
        check_number("eps", self.eps, low=0, high=1, strict=True)
        check_number("tol", self.tol, low=0)
        check_number("max_iter", self.max_iter, low=1, integer=True)
        self._check_alphas()
        for name in ("fit_intercept", "copy_X", "positive", "standardize"):
            check_flag(name, getattr(self, name))
        check_verbose(self.verbose)
        if self.n_jobs is not None:
            check_number("n_jobs", self.n_jobs, integer=True)
            if self.n_jobs == 0:
                raise ValueError("n_jobs must not be 0: pass None, a number of threads, or -1.")
        check_option("selection", self.selection, {"cyclic", "random"})
        check_rule(self.selection_rule, self.max_loss_increase)
        check_precompute(self.precompute, options=("auto",))
        if self.standardize and not isinstance(self.precompute, bool | np.bool_ | str):
            raise ValueError(
                "With standardize=True a Gram matrix of X cannot be used: pass precompute='auto'."
            )

    def _check_alphas(self):
        if isinstance(self.alphas, Integral):
            check_number("alphas", self.alphas, low=1, integer=True)
            return
        check_alphas(self.alphas)

    def _check_target(self, y):
        """y as (n_samples, n_targets) float64, after its shape was checked."""
        name = type(self).__name__
        if self._multitask:
            if y.ndim == 1:
                raise ValueError(
                    f"For mono-task outputs, use {name.removeprefix('MultiTask')}: y has shape "
                    f"{y.shape}, {name} needs (n_samples, n_targets)."
                )
        elif y.ndim > 1 and y.shape[1] > 1:
            raise ValueError(
                f"For multi-task outputs, use MultiTask{name}: y has shape {y.shape}, "
                f"{name} needs (n_samples,)."
            )
        else:
            y = column_or_1d(y, warn=True)
        return np.asarray(y, dtype=np.float64).reshape(len(y), -1)

    def _split_params(self, sample_weight, params):
        if get_config()["enable_metadata_routing"]:
            routed = process_routing(self, "fit", sample_weight=sample_weight, **params)
            return routed.splitter.split
        refuse_metadata(self, params)
        return {}

    def get_metadata_routing(self) -> MetadataRouter:
        """How metadata is routed: `sample_weight` to fit, the rest to the splitter.

        Returns
        -------
        sklearn.utils.metadata_routing.MetadataRouter
        """
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(
                splitter=check_cv(self.cv),
                method_mapping=MethodMapping().add(caller="fit", callee="split"),
            )
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.single_output = not self._multitask
        tags.target_tags.multi_output = self._multitask
        return tags

    # ---- the fit -----------------------------------------------------------------

    def _folds(self, X, y, sample_weight, splits, n_alphas):
        """Folds and the design of all rows; an error where these are not finite."""
        with np.errstate(all="ignore"):
            folds = make_folds(
                X,
                y,
                splits,
                whole_gram=self.precompute is True,
                sample_weight=sample_weight,
                fit_intercept=self.fit_intercept,
                standardize=self.standardize,
                n_alphas=n_alphas,
            )
            full = folds.full()
        check_finite(self, full, X, y)
        self._refuse_overflow(full.is_finite and np.isfinite(full.squared_norms.sum()))
        return folds, full

    def _fit(self, X, y, sample_weight, splits, limits):
        l1_ratios = np.atleast_1d(self.l1_ratio)
        n_alphas = self.alphas if isinstance(self.alphas, Integral) else len(self.alphas)
        folds, full = self._folds(X, y, sample_weight, splits, n_alphas * len(l1_ratios))
        warn_constant_columns(full, self._feature_names, stacklevel=4)
        gram = precomputed_gram(self.precompute, full)
        grids = [self._grid(full, l1_ratio, limits) for l1_ratio in l1_ratios]
        self._warn_grids(l1_ratios, grids, limits)
        solver = self._solver(l1_ratios, grids, len(splits), limits)
        table = PathTable(full, variation_of(full, y, sample_weight), n_alphas, X.dtype)

        best = 0  # the path on all rows is that of the only l1_ratio, or of the best one

        def record(engine, penalty, solution):
            table.add(engine, grids[best][len(table.alphas)], penalty, solution)

        errors, shortfall = cross_validate(
            folds,
            full,
            solver,
            record=record,
            gram=gram,
            n_jobs=self.n_jobs,
            watch=self._watch(len(splits)),
        )
        self._refuse_overflow(np.isfinite(errors).all())
        best, choice = choose_path(
            errors, rule=self.selection_rule, max_increase=self.max_loss_increase
        )
        if len(grids) > 1:
            full_path(full, solver, best, record, gram)
        self._set_choice(l1_ratios, grids, errors, best, choice)
        self._set_path(table.path(not self._multitask, l1_ratios[best], self._feature_names))
        self._warn_no_convergence(shortfall, errors, table.solutions, full.total_weight)

    @staticmethod
    def _refuse_overflow(is_finite):
        if not is_finite:
            raise ValueError(
                "Sums are not finite: the squares of X or y overflow. Rescale them, with "
                "StandardScaler for example."
            )

    def _grid(self, full, l1_ratio, limits):
        if not isinstance(self.alphas, Integral):
            return np.sort(np.asarray(self.alphas, dtype=np.float64))[::-1]
        return alpha_grid(
            full,
            l1_ratio or GRID_L1_RATIO,
            eps=self.eps,
            n_alphas=self.alphas,
            **limits_within(full, limits),
        )

    def _warn_grids(self, l1_ratios, grids, limits):
        if limits["factor"] is not None and not limits["factor"].any():
            warnings.warn(
                "With penalty_factor=0 for all features every alpha gives the same model, that of "
                "least squares: use LinearRegression, or a factor above 0.",
                DiagnosticWarning,
                stacklevel=4,
            )
        for l1_ratio, grid in zip(l1_ratios, grids, strict=True):
            if l1_ratio == 0 and isinstance(self.alphas, Integral):
                warnings.warn(
                    "With l1_ratio=0 no alpha makes every coefficient zero, so the grid of alphas "
                    f"is that of l1_ratio={GRID_L1_RATIO:g}, {grid[0]:.4g} to {grid[-1]:.4g}: "
                    "pass alphas to choose another.",
                    DiagnosticWarning,
                    stacklevel=4,
                )

    def _solver(self, l1_ratios, grids, n_splits, limits):
        def penalties(design, number):
            rest = (l1_ratios[number], design.total_weight)
            inside = limits_within(design, limits)
            return [elastic_net_penalty(alpha, *rest, **inside) for alpha in grids[number]]

        seeds = None
        if self.selection == "random":
            rng = check_random_state(self.random_state)
            seeds = rng.randint(np.iinfo(np.int32).max, size=(len(grids), n_splits + 1))
        return Solver(
            penalties=penalties,
            n_paths=len(grids),
            tol=self.tol,
            max_iter=self.max_iter,
            seeds=seeds,
            whole_gram=self.precompute is True,
        )

    def _watch(self, n_splits):
        def describe(result):
            return f"smallest mean squared error {result[0].min():.6g}"

        return lambda results: progress(results, n_splits, "split", self.verbose, describe)

    def _set_choice(self, l1_ratios, grids, errors, best, choice):
        grid = grids[best]
        self.mse_path_ = np.squeeze(np.moveaxis(errors, 2, 1))
        shared = len(grids) == 1 or not isinstance(self.alphas, Integral)
        self.alphas_ = grids[0] if shared else np.array(grids)
        self.alpha_ = grid[choice.chosen]
        self.alpha_min_ = grid[choice.smallest]
        self.alpha_1se_ = np.nan if choice.one_se is None else grid[choice.one_se]
        if "l1_ratio" in self.get_params():
            self.l1_ratio_ = l1_ratios[best]

    def _set_path(self, path):
        self.path_ = path
        k = int(np.flatnonzero(path.alphas == self.alpha_)[0])
        self.coef_ = path.coefs[..., k].copy()
        self.intercept_ = path.intercepts[..., k] + 0 if self.fit_intercept else 0.0
        self.dual_gap_ = path.dual_gaps[k]
        self.n_iter_ = int(path.n_iters[k])

    def _warn_no_convergence(self, shortfall, errors, solutions, total_weight):
        what = f"At {shortfall.n_failed} of the {errors.size} fits on training rows. "
        warn_no_convergence([shortfall], 1.0, self.tol, self.max_iter, what, stacklevel=4)
        warn_no_convergence(
            solutions, total_weight, self.tol, self.max_iter, "On all rows. ", stacklevel=4
        )
