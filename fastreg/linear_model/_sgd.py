"""What the estimators fitted by stochastic gradient descent share: the frame of a fit."""

import math
import warnings
from typing import ClassVar

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from fastreg._engine import sgd
from fastreg._engine.threads import fit_threads
from fastreg._progress import check_verbose
from fastreg._validation import (
    as_numbers,
    check_flag,
    check_number,
    check_option,
    check_sample_weight,
    predict_linear,
)

PENALTIES = {"l2", "l1", "elasticnet"}
L1_RATIOS = {"l2": 0.0, "l1": 1.0}
INT32_MAX = np.iinfo(np.int32).max


class BaseSGD(BaseEstimator):
    """Base of SGDRegressor and SGDClassifier; not public.

    They differ in which y they take, in the problems that they make of it (`_problems`: Y for
    the kernels, and targets or classes, a pair of class weights for each, a bound on threads),
    and in how a validation set is drawn.
    """

    loss_functions: dict
    _splitter: type  # draws the validation set
    _has_labels: bool
    _loss_of_passive_steps: str
    _checks_of_y: ClassVar[dict] = {}

    def sparsify(self):
        """Hold `coef_` as a SciPy CSR matrix, which saves memory where most of it is zero.

        Returns
        -------
        self : object
        """
        check_is_fitted(self)
        self.coef_ = sp.csr_matrix(np.atleast_2d(self._dense_coef()))
        return self

    def densify(self):
        """Hold `coef_` as an array again.

        Returns
        -------
        self : object
        """
        check_is_fitted(self)
        self.coef_ = self._dense_coef()
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # ---- parameters ---------------------------------------------------------

    def _check_parameters(self, *, partial=False):
        if self.early_stopping and partial:
            raise ValueError(
                "early_stopping should be False with partial_fit, which trains for one epoch: "
                "score the model between calls instead."
            )
        check_option("loss", self.loss, self.loss_functions)
        if self.penalty is not None:
            check_option("penalty", self.penalty, PENALTIES)
        check_option("learning_rate", self.learning_rate, sgd.SCHEDULES)
        for name in ("alpha", "epsilon"):
            check_number(name, getattr(self, name), low=0)
        check_number("eta0", self.eta0, low=0, strict=True)
        check_number("power_t", self.power_t)
        if self.l1_ratio is not None:
            check_number("l1_ratio", self.l1_ratio, low=0, high=1)
        if self.tol is not None:
            check_number("tol", self.tol, low=0)
        for name in ("max_iter", "n_iter_no_change", "batch_size"):
            check_number(name, getattr(self, name), low=1, integer=True)
        for name in ("fit_intercept", "shuffle", "early_stopping", "warm_start"):
            check_flag(name, getattr(self, name))
        check_number("validation_fraction", self.validation_fraction, low=0, high=1, strict=True)
        if self.validation_fraction == 1:
            raise ValueError("validation_fraction must be below 1, got 1: leave rows to train on.")
        check_verbose(self.verbose)
        if not isinstance(self.average, bool | np.bool_):
            check_number("average", self.average, low=1, integer=True)
        self._check_combinations(partial)

    def _check_combinations(self, partial):
        if self.penalty == "elasticnet" and self.l1_ratio is None:
            raise ValueError(
                "l1_ratio must be set when penalty is 'elasticnet': pass a number in [0, 1]."
            )
        rate = self.learning_rate
        if rate == "optimal" and self.alpha == 0:
            raise ValueError(
                "alpha must be > 0 since learning_rate is 'optimal', which is computed from it: "
                "pass an alpha, or another learning_rate."
            )
        if rate in ("pa1", "pa2") and self.loss != self._loss_of_passive_steps:
            raise ValueError(
                f"learning_rate={rate!r} only works with "
                f"loss={self._loss_of_passive_steps!r}: choose that, or another learning_rate."
            )
        if rate in ("pa1", "pa2") and self.batch_size != 1:
            raise ValueError(
                f"learning_rate={rate!r} is made for one row at a time: use batch_size=1."
            )
        if rate == "one_cycle" and partial:
            raise ValueError(
                "learning_rate='one_cycle' is planned over max_iter epochs, and partial_fit has "
                "no end to plan for: use fit, or another learning_rate."
            )

    def _options(self, rng, max_iter):
        return sgd.Options(
            loss=sgd.make_loss(self.loss_functions, self.loss, self.epsilon),
            alpha=self.alpha,
            l1_ratio=None if self.penalty is None else L1_RATIOS.get(self.penalty, self.l1_ratio),
            learning_rate=self.learning_rate,
            eta0=self.eta0,
            power_t=self.power_t,
            fit_intercept=self.fit_intercept,
            average_from=int(self.average),
            batch_size=self.batch_size,
            max_iter=max_iter,
            tol=self.tol,
            n_iter_no_change=self.n_iter_no_change,
            seed=int(rng.randint(INT32_MAX)) if self.shuffle else None,
            verbose=self.verbose,
        )

    # ---- the frame of a fit -------------------------------------------------

    def _fit(self, X, y, init, sample_weight, validation):
        """Fit from `init`, coefficients and intercepts or None; called by `fit`."""
        self._check_parameters()
        X, y = self._check_data(X, y, reset=True)
        self._start(y)
        Y, problems = self._problems(y)
        state = self._new_state((len(problems[0]), X.shape[1]), *init)
        self._train((X, Y), sample_weight, state, problems, self.max_iter, validation)
        self._warn(stacklevel=4)

    def _go_on(self, X, y, sample_weight, *, first):
        """An epoch on these rows, from where the last call ended unless this is the first."""
        X, y = self._check_data(X, y, reset=first)
        Y, problems = self._problems(y)
        shape = (len(problems[0]), X.shape[1])
        state = self._new_state(shape, None, None) if first else self._last_state()
        if state.coef.shape != shape:
            raise ValueError(
                f"y has {shape[0]} target(s), and the rows before had {len(state.coef)}: pass "
                "the same targets, or call fit."
            )
        self._train((X, Y), sample_weight, state, problems, 1)

    def _check_data(self, X, y, reset):
        return validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            dtype=[np.float64, np.float32],
            ensure_all_finite=False,  # training finds out
            reset=reset,
            **self._checks_of_y,
        )

    def _start(self, y):
        """Learn from y what `fit` starts over."""

    # ---- where training starts ----------------------------------------------

    def _new_state(self, shape, coef_init, intercept_init):
        """Zeros, the arrays given, or with `warm_start` the last fit's; shape is (K, p)."""
        names = ["Provided coef_init", "Provided intercept_init"]
        if self.warm_start and hasattr(self, "coef_"):
            if coef_init is None:
                names[0], coef_init = "The last fit's coef_", self._dense_coef()
            if intercept_init is None:
                names[1], intercept_init = "The last fit's intercept_", self.intercept_
        state = sgd.State(
            _initial(names[0], coef_init, shape), _initial(names[1], intercept_init, shape[:1])
        )
        if self.average:
            state.start_average()
        return state

    def _last_state(self):
        """Where the last call of partial_fit or fit ended."""
        state = vars(self).get("_averaged_state") if self.average else None
        if state is not None:
            return state.copy()
        coef = np.array(self._dense_coef(), dtype=np.float64, ndmin=2)
        state = sgd.State(coef, np.array(self.intercept_, dtype=np.float64, ndmin=1), self.t_)
        if self.average:
            state.start_average()
        return state

    def _dense_coef(self):
        if not sp.issparse(self.coef_):
            return self.coef_
        coef = self.coef_.toarray()
        return coef if self._has_labels or len(coef) > 1 else coef[0]

    # ---- training -----------------------------------------------------------

    def _train(self, data, sample_weight, state, problems, max_iter, validation=(None, None, None)):
        """Train from `state` on data (X, Y) and set the fitted attributes."""
        X, Y = data
        classes, class_weights, threads = problems
        sample_weight = check_sample_weight(sample_weight, X.shape[0])
        if self.learning_rate in ("pa1", "pa2"):
            X = _without_duplicates(X)
        samples = sgd.make_samples(X, Y, sample_weight, labels=self._has_labels)
        order, validations = self._validation_sets(
            samples, data, sample_weight, len(classes), validation
        )
        options = self._options(check_random_state(self.random_state), max_iter)
        with fit_threads():
            solution = sgd.fit(
                samples,
                order,
                state,
                options,
                classes=classes,
                class_weights=class_weights,
                validations=validations,
                threads=threads,
            )
        if solution.failed or not _fits(solution.state, X.dtype):
            self._explain_failure(X, validation[0], solution.n_iter)
        self._set_solution(solution, X.dtype, validations is not None)

    def _validation_sets(self, samples, data, sample_weight, n_problems, validation):
        """Rows to train on in order, and what scores the problems: a part of X, or X_val."""
        X_val, y_val, weight_val = validation
        every_row = np.arange(data[0].shape[0], dtype=np.intp)
        if X_val is not None or y_val is not None or weight_val is not None:
            if not self.early_stopping:
                raise ValueError(
                    "X_val and y_val are given and early_stopping is False: set "
                    "early_stopping=True to use them, or leave them out."
                )
            X_val, Y_val = self._check_validation_data(X_val, y_val, data[1])
            weight_val = check_sample_weight(weight_val, X_val.shape[0])
            samples = sgd.make_samples(X_val, Y_val, weight_val, labels=self._has_labels)
            chosen, targets, sample_weight = np.arange(len(Y_val)), Y_val, weight_val
        elif self.early_stopping:
            split = self._splitter(
                test_size=self.validation_fraction, random_state=self.random_state
            )
            every_row, chosen = next(split.split(np.zeros((len(every_row), 1)), data[1][:, 0]))
            every_row, targets = np.sort(every_row), data[1]
        else:
            return every_row, None
        if sample_weight is not None and not sample_weight[chosen].any():
            raise ValueError(
                "The sample weights for validation set are all zero, consider using a different "
                "random state."
            )
        validations = sgd.make_validations(
            samples, chosen, targets, sample_weight, n_problems, labels=self._has_labels
        )
        return every_row, validations

    def _check_validation_data(self, X_val, y_val, Y):
        if X_val is None or y_val is None:
            missing = "X_val" if X_val is None else "y_val"
            raise ValueError(f"{missing} is missing: pass both X_val and y_val, or neither.")
        X_val = validate_data(
            self,
            X_val,
            accept_sparse="csr",
            dtype=[np.float64, np.float32],
            ensure_all_finite=False,
            reset=False,
        )
        Y_val = self._validation_targets(y_val)
        if Y_val.shape != (X_val.shape[0], Y.shape[1]):
            raise ValueError(
                f"X_val has {X_val.shape[0]} rows and y_val the shape {np.shape(y_val)}: pass "
                f"{Y.shape[1]} target(s) for each row."
            )
        return X_val, Y_val

    def _explain_failure(self, X, X_val, n_iter):
        """Raise for numbers that are not finite: in X, or those that training made."""
        for name, array in (("X", X), ("X_val", X_val)):
            if array is not None:
                check_array(array, accept_sparse=True, input_name=name, estimator=self)
        raise ValueError(
            f"Floating-point under-/overflow occurred at epoch #{n_iter}. Scaling input data with "
            "StandardScaler or MinMaxScaler might help. So might a smaller eta0 (now "
            f"{self.eta0:g})."
        )

    def _set_solution(self, solution, dtype, validated):
        state = solution.state
        coef, intercept = state.result(int(self.average))
        coef = coef.astype(dtype)
        self.coef_ = coef if self._has_labels or len(coef) > 1 else coef[0]
        self.intercept_ = intercept.astype(dtype)
        self.t_, self.n_iter_ = state.t, solution.n_iter
        vars(self).pop("_averaged_state", None)
        if self.average:
            self._averaged_state = state
        self.loss_curve_ = _one_or_all(solution.objectives)
        vars(self).pop("validation_scores_", None)
        if validated:
            self.validation_scores_ = _one_or_all(solution.validation_scores)

    def _warn(self, stacklevel):
        """What fit has to say at its end."""
        planned = self.learning_rate == "one_cycle"
        if self.tol is not None and self.n_iter_ == self.max_iter and not planned:
            warnings.warn(
                "Maximum number of iteration reached before convergence. Consider increasing "
                f"max_iter to improve the fit. It is {self.max_iter}; tol=None says that this "
                "many are wanted.",
                ConvergenceWarning,
                stacklevel=stacklevel,
            )
        if self.power_t < 0:
            warnings.warn(
                "Negative values for `power_t` are deprecated: the rate grows with them. Pass a "
                "number of at least 0.",
                FutureWarning,
                stacklevel=stacklevel,
            )

    # ---- prediction ---------------------------------------------------------

    def _linear_predictor(self, X):
        """X @ coef_.T + intercept_, also where coef_ is sparse."""
        check_is_fitted(self)
        if not sp.issparse(self.coef_):
            return predict_linear(self, X)
        X = validate_data(self, X, accept_sparse=["csr", "csc", "coo"], reset=False)
        scores = X @ self.coef_.T
        scores = (scores.toarray() if sp.issparse(scores) else scores) + self.intercept_
        return scores[:, 0] if scores.shape[1] == 1 else scores


def _initial(name, values, shape):
    """`values` as a new float64 array of `shape`; zeros where they are None."""
    if values is None:
        return np.zeros(shape)
    values = as_numbers(name, np.atleast_1d(values))
    if values.shape != shape and (shape[0] > 1 or values.size != math.prod(shape)):
        raise ValueError(
            f"{name} does not match dataset: it has shape {values.shape}, where {shape} is "
            "wanted. Pass one of that shape, or none; warm_start=False starts anew."
        )
    return np.array(values, order="C").reshape(shape)


def _fits(state, dtype):
    largest = np.finfo(dtype).max
    return all(np.abs(values).max() <= largest for values in (state.coef, state.intercept))


def _without_duplicates(X):
    """X, copied only where entries of a sparse row are split into several."""
    if sp.issparse(X) and not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return X


def _one_or_all(curves):
    """A curve (n_iter,), or (K, n_iter) for several problems."""
    return curves[0] if len(curves) == 1 else curves
