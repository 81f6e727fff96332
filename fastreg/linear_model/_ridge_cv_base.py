"""What RidgeCV and RidgeClassifierCV share: leave-one-out, splits, and the choice of alpha."""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np
import scipy.sparse as sp
from scipy.linalg import LinAlgWarning
from sklearn import get_config
from sklearn.base import is_classifier
from sklearn.metrics import get_scorer
from sklearn.model_selection import check_cv
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from fastreg._engine.design import Design
from fastreg._engine.leave_one_out import LeaveOneOut, predictions, squared_losses
from fastreg._engine.ridge_folds import RidgeFolds
from fastreg._engine.spectrum import solve
from fastreg._engine.splits import as_splits
from fastreg._engine.standardized_leave_one_out import StandardizedLeaveOneOut
from fastreg._engine.threads import fit_threads
from fastreg._validation import (
    check_alphas,
    check_finite,
    check_flag,
    check_number,
    check_option,
    check_sample_weight,
    unchanged_on_error,
)
from fastreg.linear_model._base import LinearModel, warn_constant_columns
from fastreg.linear_model._ridge_scores import (
    Scoring,
    as_scorer,
    loss_of,
    r2_of_errors,
    routed_scorer,
    warn_undefined_r2,
)
from fastreg.linear_model._selection import (
    Choice,
    check_n_splits,
    check_rule,
    check_trained,
    mean_over_splits,
    refuse_metadata,
)

# Bytes of predictions that a scorer gets to see, at a time.
PREDICTION_BYTES = 1 << 26


class CrossValidatedRidge(LinearModel):
    """Base of the ridge models that choose alpha; not public.

    A class says how y becomes the targets Y of a regression (`_check_data`), what a scorer
    gets in a model's place (`_predicted`, `_fitted_model`), and its score by default.
    """

    # what only RidgeCV has as a parameter
    gcv_mode = None
    alpha_per_target = False
    _default_scoring: str
    _way = "The fit"

    def fit(self, X, y, sample_weight=None, **params):
        with unchanged_on_error(self):
            self._check_parameters()
            X, y, Y = self._check_data(X, y)
            weights = self._weights(y, check_sample_weight(sample_weight, X.shape[0]))
            if weights is not None and np.ptp(weights) == 0 and weights[0] == 1:
                weights = None
            given = sample_weight is not None or weights is not None
            score_params, split_params = self._route(weights if given else None, params)
            vars(self).pop("cv_results_", None)
            with fit_threads():
                if self.cv is None:
                    self._fit_leave_one_out(X, y, Y, weights, score_params)
                else:
                    self._fit_splits(X, y, Y, weights, score_params, split_params)
        return self

    # ---- checks ----------------------------------------------------------------

    def _check_parameters(self):
        strict = self.cv is None
        if np.ndim(self.alphas) == 0:
            check_number("alphas", self.alphas, low=0, strict=strict)
        elif len(self.alphas) == 0:
            raise ValueError("alphas is empty: pass at least one number.")
        else:
            check_alphas(self.alphas, strict=strict)
        for name in ("fit_intercept", "store_cv_results", "alpha_per_target", "standardize"):
            check_flag(name, getattr(self, name))
        if self.gcv_mode is not None:
            check_option("gcv_mode", self.gcv_mode, {"auto", "svd", "eigen"})
        check_rule(self.selection_rule, self.max_loss_increase)
        if self.scoring is not None:
            as_scorer(self)
        if self.cv is not None:
            for name in ("store_cv_results", "alpha_per_target"):
                if getattr(self, name):
                    raise ValueError(
                        f"cv!=None and {name}=True are incompatible: leave cv=None, or {name} "
                        "at its default."
                    )
        elif self.scoring is not None and self.selection_rule == "1se":
            raise ValueError(
                "selection_rule='1se' needs the spread over rows, and a scorer gives one number "
                "for all rows that were left out: leave scoring=None, or pass cv."
            )

    @property
    def _alphas(self):
        return np.atleast_1d(np.asarray(self.alphas, dtype=np.float64))

    def _route(self, sample_weight, params):
        """What the scorer and the splitter are passed."""
        if sample_weight is not None:
            params = {**params, "sample_weight": sample_weight}
        if get_config()["enable_metadata_routing"]:
            routed = process_routing(self, "fit", **params)
            return routed.scorer.score, routed.splitter.split
        weighted = {name: params.pop(name) for name in ["sample_weight"] if name in params}
        refuse_metadata(self, params)
        return weighted, {}

    def get_metadata_routing(self) -> MetadataRouter:
        """How metadata is routed: `sample_weight` to fit, the rest to scorer and splitter.

        Returns
        -------
        sklearn.utils.metadata_routing.MetadataRouter
        """
        routes = MethodMapping()
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(
                scorer=routed_scorer(self, self._default_scoring),
                method_mapping=routes.add(caller="fit", callee="score"),
            )
            .add(
                splitter=self.cv,
                method_mapping=MethodMapping().add(caller="fit", callee="split"),
            )
        )

    # ---- leave-one-out ------------------------------------------------------------

    def _fit_leave_one_out(self, X, y, Y, weights, score_params):
        n_weighted = len(Y) if weights is None else np.count_nonzero(weights)
        if n_weighted < 1 + self.fit_intercept:
            raise ValueError(
                f"Leave-one-out needs at least two samples that have weight, got n_samples="
                f"{n_weighted}: pass more rows, or fit_intercept=False."
            )
        mode = "svd" if self.gcv_mode == "svd" else "eigen"
        if mode == "svd" and sp.issparse(X):
            warnings.warn(
                "The 'svd' mode is not supported for sparse X, we fallback to gcv_mode='eigen', "
                "which turns to singular values where eigenvalues are not accurate enough.",
                FutureWarning,
                stacklevel=4,
            )
            mode = "eigen"
        with np.errstate(all="ignore"):
            design = Design(
                X,
                Y,
                sample_weight=weights,
                fit_intercept=self.fit_intercept,
                expected_passes=len(self._alphas) + 4,
                column_scale="deviation" if self.standardize else None,
            )
            self._check_sums(design, X, y)
            kind = StandardizedLeaveOneOut if self.standardize else LeaveOneOut
            leave_one_out = kind(design, Y, self._alphas, mode)
            n_units = Y.shape[1] if self.alpha_per_target else 1
            store = None
            if self.store_cv_results:
                store = np.empty((*Y.shape, len(self._alphas)), dtype=X.dtype)
            if self.scoring is None:
                sums = squared_losses(leave_one_out, per_target=n_units > 1, store=store)
                share = sums.count / len(Y)
                scores, loss, error = -sums.mean * share, sums.mean, sums.standard_error
            else:
                scores = self._scores_of_predictions(leave_one_out, y, Y, score_params, store)
                loss = np.column_stack(list(map(self._loss, scores.T)))
                error = None
        self._choose(loss, error, scores, one_per_target=n_units > 1)
        alpha = np.broadcast_to(self.alpha_, Y.shape[1]).astype(np.float64)
        with np.errstate(all="ignore"):
            W, gap = solve(design, leave_one_out.spectrum, alpha)
        self._finish(design, W, gap, leave_one_out.spectrum, mode, y, X.dtype)
        if store is not None:
            keeps_axis = y.ndim == 2 or is_classifier(self)
            self.cv_results_ = store if keeps_axis else store[:, 0]

    def _scores_of_predictions(self, leave_one_out, y, Y, score_params, store):
        """Scores (n_alphas, T or 1), for as many alphas at a time as memory allows."""
        scorer, n_alphas = Scoring(as_scorer(self)), len(self._alphas)
        step = n_alphas if store is not None else max(1, PREDICTION_BYTES // Y.nbytes)
        scores = []
        for start in range(0, n_alphas, step):
            chosen = slice(start, min(start + step, n_alphas))
            out = np.empty((*Y.shape, chosen.stop - start))
            predictions(leave_one_out, chosen, out)
            if store is not None:
                store[...] = out
            for k in range(out.shape[2]):
                scores.append(self._scores(scorer, out[:, :, k], y, score_params))
        scorer.warn()
        return np.array(scores)

    def _scores(self, scorer, predicted, y, params):
        """A score, or one for each target."""
        model = self._predicted()
        if self.alpha_per_target and y.ndim == 2:
            pairs = zip(predicted.T, y.T, strict=True)
            return [scorer(model, p, target, params) for p, target in pairs]
        predicted = predicted[:, 0] if y.ndim == 1 and predicted.shape[1] == 1 else predicted
        return [scorer(model, np.ascontiguousarray(predicted), y, params)]

    # ---- splits ---------------------------------------------------------------------

    def _fit_splits(self, X, y, Y, weights, score_params, split_params):
        cv = check_cv(self.cv, y, classifier=is_classifier(self))
        splits = as_splits(cv.split(X, y, **split_params), X.shape[0])
        check_n_splits(len(splits), self.selection_rule)
        check_trained(splits, weights)
        with np.errstate(all="ignore"):
            folds = RidgeFolds(
                X,
                Y,
                splits,
                self._alphas,
                sample_weight=weights,
                fit_intercept=self.fit_intercept,
                standardize=self.standardize,
            )
        self._check_sums(folds.full, X, y)
        scores = self._scores_of_splits(folds, X, y, Y, weights, score_params)
        mean, error = mean_over_splits(scores, axis=0)
        error = None if error is None else error[:, np.newaxis]
        self._choose(self._loss(mean)[:, np.newaxis], error, mean[:, np.newaxis])
        with np.errstate(all="ignore"):
            W, gap, spectrum = folds.solve(np.full(Y.shape[1], self.alpha_))
        self._finish(folds.full, W, gap, spectrum, "eigen", y, X.dtype)

    def _scores_of_splits(self, folds, X, y, Y, weights, params):
        """Scores (n_splits, n_alphas)."""
        own_weights = params.get("sample_weight") is weights and len(params) <= 1
        if not is_classifier(self) and own_weights and self.scoring in (None, "r2"):
            warn_undefined_r2(folds.folds.splits)
            return np.array(list(folds.map(partial(_r2_of_split, Y, weights))))
        if self.scoring is None or isinstance(self.scoring, str):
            scorer = Scoring(get_scorer(self.scoring or self._default_scoring))
            score = partial(self._scores_of_decisions, scorer, X, y, params)
        else:
            scorer = Scoring(as_scorer(self))
            score = partial(self._scores_of_models, scorer, X, y, params)
        scores = np.array(list(folds.map(score)))
        scorer.warn()
        return scores

    def _scores_of_decisions(self, scorer, X, y, params, split, W, design, _):
        """Of one split, by scikit-learn's own scorers, which look at predictions only."""
        W = design.coefficients(W)
        n_alphas, n_targets, p = W.shape
        predicted = X[split.test] @ W.reshape(-1, p).T
        predicted = predicted.reshape(-1, n_alphas, n_targets)
        model, own = self._predicted(), _rows_of(params, split.test, len(y))
        scores = []
        for k in range(n_alphas):
            P = predicted[:, k] + (design.target_mean - W[k] @ design.mean)
            P = P[:, 0] if y.ndim == 1 and n_targets == 1 else P
            scores.append(scorer(model, P, y[split.test], own))
        return scores

    def _scores_of_models(self, scorer, X, y, params, split, W, design, _):
        """Of one split, by any callable, which may look at the model and at X."""
        rows, own = X[split.test], _rows_of(params, split.test, len(y))
        scores = []
        for alpha, coef in zip(self._alphas, W, strict=True):
            model = self._fitted_model(alpha)
            model.fit_intercept = self.fit_intercept
            model.n_features_in_ = X.shape[1]
            model._set_solution(design, coef, self._target_shape(y), X.dtype)
            scores.append(scorer(model, rows, y[split.test], own))
        return scores

    # ---- both -----------------------------------------------------------------------

    def _check_sums(self, design, X, y):
        check_finite(self, design, X, y)
        if not (design.is_finite and np.isfinite(design.squared_norms.sum())):
            raise ValueError(
                "Sums are not finite: the squares of X or y overflow. Rescale them, with "
                "StandardScaler for example."
            )

    def _loss(self, scores):
        scoring = self._default_scoring if self.scoring is None else self.scoring
        scoring = scoring if isinstance(scoring, str) else None
        return loss_of(scores, scoring, self.max_loss_increase)

    def _choose(self, loss, error, scores, one_per_target=False):
        """Set alpha_ and what goes with it, from losses and scores (n_alphas, T or 1)."""
        alphas = self._alphas
        choices = [
            Choice.of_means(
                loss[:, t],
                None if error is None else error[:, t],
                rule=self.selection_rule,
                max_increase=self.max_loss_increase,
                strongest_first=np.argsort(-alphas, kind="stable"),
            )
            for t in range(loss.shape[1])
        ]
        no_error = error is None
        chosen = {
            "alpha_": [alphas[c.chosen] for c in choices],
            "alpha_min_": [alphas[c.smallest] for c in choices],
            "alpha_1se_": [np.nan if no_error else alphas[c.one_se] for c in choices],
            "best_score_": [scores[c.chosen, t] for t, c in enumerate(choices)],
        }
        for name, values in chosen.items():
            setattr(self, name, np.array(values) if one_per_target else float(values[0]))

    def _finish(self, design, W, gap, spectrum, mode, y, dtype):
        self._set_solution(design, W, self._target_shape(y), dtype)
        self.dual_gap_ = gap if len(gap) > 1 else gap[0]
        warn_constant_columns(design, self._feature_names, stacklevel=5)
        if spectrum.solver != mode:
            warnings.warn(
                f"Ill-conditioned system (reciprocal condition {spectrum.rcond:.1e}): solved by "
                "singular values instead of eigenvalues, which is slower. Raise the smallest "
                "alpha, scale the columns of X, or drop duplicate ones.",
                LinAlgWarning,
                stacklevel=5,
            )


def _r2_of_split(Y, weights, split, W, design, held_out):
    counts = np.ones(len(split.test)) if weights is None else weights[split.test]
    return r2_of_errors(held_out.squared_errors(W, design), Y[split.test], counts)


def _rows_of(params, rows, n_samples):
    """Parameters of a scorer, those with an entry for each sample for some rows."""
    return {
        name: np.asarray(value)[rows] if np.ndim(value) > 0 and len(value) == n_samples else value
        for name, value in params.items()
    }
