"""What the perceptrons share: the course of a fit."""

from __future__ import annotations

import copy
import math
import warnings

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from fastreg._engine import quasi_newton, threads
from fastreg._engine.perceptron import Data, apply_head, linear_outputs, mean_of
from fastreg._engine.row_order import for_rows
from fastreg._engine.threads import fit_threads
from fastreg._engine.training import Training, train
from fastreg._progress import progress
from fastreg._validation import (
    check_finite_rows,
    check_sample_weight,
    check_total_weight,
    explained,
    narrow_indices,
    takes_plain_rows,
    unchanged_on_error,
)
from fastreg.neural_network import _parameters
from fastreg.neural_network._held_out import hold_out
from fastreg.neural_network._members import (
    data_of,
    fitted_models,
    members_of,
    set_means,
    set_minimum,
)

_FLOATS = (np.dtype(np.float64), np.dtype(np.float32))


def is_stochastic(estimator):
    """Whether partial_fit is there: not for "lbfgs"."""
    if estimator.solver == "lbfgs":
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. "
            f"{estimator.solver} is not stochastic."
        )
    return True


class BasePerceptron(BaseEstimator):
    """Subclasses say what y is: `_encode`, `_decide`, `_default_score`."""

    def _fit(self, X, y, sample_weight, *, incremental=False):
        with unchanged_on_error(self):
            _parameters.check_parameters(self, incremental=incremental)
            fitted = fitted_models(self)
            resumes = bool(fitted) and (self.warm_start or incremental)
            X, y = self._validate(X, y, reset=not resumes)
            weights = check_sample_weight(sample_weight, X.shape[0])
            dtype = fitted[0]._model.dtype if resumes else X.dtype
            targets, n_outputs, head, loss_options = self._encode(
                y, dtype, keeps=self.warm_start or incremental
            )
            weights = self._weigh_classes(y, weights)
            if not self.bootstrap:  # which draws by them, and trains on rows that count alike
                check_total_weight(weights)
            _parameters.check_epsilons(self, dtype)
            data = Data(X, targets, weights, *loss_options)
            shape = _parameters.shape_of(self, X.shape[1], n_outputs, head)
            self.n_outputs_, self.n_layers_ = n_outputs, len(shape.widths)
            self.out_activation_ = head
            with explained("random_state", "Pass None, a whole number or a RandomState."):
                random_state = check_random_state(self.random_state)
            with fit_threads():
                members = members_of(
                    self, shape, dtype, random_state, sparse=sp.issparse(X), resumes=resumes
                )
                if self.solver == "lbfgs":
                    self._minimise(members, data)
                else:
                    self._train(members, data, y, random_state, incremental=incremental)
            if not all(member.model.is_finite() for member in members):
                raise ValueError(
                    "Solver produced non-finite parameter weights. The input data may contain "
                    "large values and need to be preprocessed."
                )
        return self

    def _validate(self, X, y, *, reset):
        if not takes_plain_rows(self, X, y, reset=reset):
            X, y = validate_data(
                self,
                X,
                y,
                accept_sparse="csr",
                multi_output=True,
                y_numeric=self._y_numeric,
                dtype=_FLOATS,
                reset=reset,
                ensure_all_finite=False,
            )
        check_finite_rows(self, X)
        return _kernel_layout(X), y

    def _weigh_classes(self, y, weights):
        return weights

    # ---- L-BFGS --------------------------------------------------------

    def _minimise(self, members, data):
        regularisation = _parameters.regularisation_of(self, members[0].model.shape.n_linear)

        def minimise(member):
            return quasi_newton.minimise(
                member.model,
                data_of(member, data, bootstrap=self.bootstrap),
                regularisation,
                max_iter=self.max_iter,
                max_calls=self.max_fun,
                tol=self.tol,
                report=_print_iteration if self.verbose else None,
            )

        work = members[0].model.parameters.size * len(data.samples) * self.max_iter
        n_workers = threads.n_workers_for(None, len(members), work)
        results = list(threads.map_in_threads(minimise, members, n_workers))
        for member in members:
            member.publish()
        set_minimum(self, members, results)
        for _, n_iter, message in results:
            if message is not None:
                warnings.warn(
                    f"lbfgs failed to converge after {n_iter} iterations: {message}. Raise "
                    "max_iter or max_fun, or scale X.",
                    ConvergenceWarning,
                    stacklevel=4,
                )
                break

    # ---- mini-batches --------------------------------------------------

    def _train(self, members, data, labels, random_state, *, incremental):
        shape = members[0].model.shape
        regularisation = _parameters.regularisation_of(self, shape.n_linear)
        self._refuse_sparse_noise(data.X, regularisation)
        noisy = regularisation.input_noise or any(regularisation.dropout)
        keys = [_key(member.random_state) if noisy else 0 for member in members]
        held_out = self._hold_out(data, labels, random_state, incremental)
        if held_out is not None:
            first = members[0]
            held_out.check_scorer(first.estimator, first.model, new=first.history.best is None)
        batch_size = self._batch_size(len(data.samples), any(shape.batch_norm))
        course = _parameters.course_of(self, batch_size, incremental=incremental)
        trainings = [
            self._training(member, data, regularisation, course, held_out, key)
            for member, key in zip(members, keys, strict=True)
        ]
        early_stopping = bool(self.early_stopping)  # a callback may change it
        self.stop_reason_ = self._run(members, trainings)
        for member, training in zip(members, trainings, strict=True):
            reason = training.reason or self.stop_reason_
            goes_back = reason == "patience" or not incremental
            if early_stopping and member.history.best is not None and goes_back:
                member.model.restore(member.history.best)
            member.estimator.stop_reason_ = reason
        self._show(members, trainings)
        if early_stopping and members[0].estimator is not self:
            self.best_validation_score_ = held_out.score(self)
        # none yet where the first epoch was interrupted
        if early_stopping and self.validation_scores_ and np.isnan(self.validation_scores_).all():
            warnings.warn(
                "Every validation score was NaN, so that no epoch was the best one: hold out more "
                "rows, or choose another scoring.",
                stacklevel=4,
            )
        if self.stop_reason_ == "max_epochs" and not incremental:
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the "
                "optimization hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _training(self, member, data, regularisation, course, held_out, key):
        """The training of one model; its optimiser goes on from where it was."""
        owner, model = member.estimator, member.model
        optimisation = _parameters.optimisation_of(self, model)
        if course.goes_on and owner._optimisation is not None:
            optimisation.continue_from(copy.deepcopy(owner._optimisation), model)
        owner._optimisation = optimisation
        judged = held_out is not None
        return Training(
            model,
            data_of(member, data, bootstrap=self.bootstrap),
            regularisation,
            optimisation,
            course,
            member.history,
            member.random_state,
            evaluate=(lambda: held_out.judge(owner, model)) if judged else None,
            work_of_evaluation=held_out.work(owner, model) if judged else 0,
            stops_on_score=bool(self.early_stopping),
            key=key,
        )

    def _run(self, members, trainings):
        """Train to the end; return why it ended."""
        total, shows_bar = trainings[0].course.max_epochs, self.verbose == 1
        try:
            for epoch in progress(train(trainings), total, type(self).__name__, shows_bar):
                if self.verbose > 1:
                    _print_epoch(epoch)
                if self.callbacks and self._call_back(members, trainings, epoch):
                    for training in trainings:
                        if training.n_epochs == epoch.number:
                            training.reason = "callback"
                    return "callback"
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=5)
            if not all(member.model.is_finite() for member in members):
                raise
            return "interrupt"
        longest = max(training.n_epochs for training in trainings)
        reasons = [training.reason for training in trainings if training.n_epochs == longest]
        # "patience" only where all have run out of it
        return next((reason for reason in reasons if reason != "patience"), "patience")

    def _call_back(self, members, trainings, epoch):
        """Whether a callback asks to stop; each sees a model that predicts."""
        self._show(members, trainings)
        answers = [callback(self, epoch) for callback in self.callbacks]  # all are called
        with explained("The answer of a callback", "Return True to stop, or nothing."):
            return any(answers)

    def _show(self, members, trainings):
        """Set the attributes of a fit as it is now."""
        for member, training in zip(members, trainings, strict=True):
            member.publish()
            member.set_history(training.n_epochs)
        set_means(self, members)

    def _batch_size(self, n_samples, batch_norm):
        size = min(200, n_samples) if isinstance(self.batch_size, str) else self.batch_size
        if size > n_samples:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be "
                "clipped",
                stacklevel=5,
            )
            size = n_samples
        if size == 1 and batch_norm:
            raise ValueError(
                f"batch_norm needs more than one row in a batch, got batch_size={size} and "
                f"n_samples={n_samples}: pass more rows, raise batch_size, or set "
                "batch_norm=False."
            )
        return size

    def _refuse_sparse_noise(self, X, regularisation):
        if not sp.issparse(X):
            return
        for name, value in (
            ("input_noise", regularisation.input_noise),
            ("dropout of the input", regularisation.dropout[0]),
        ):
            if value:
                raise ValueError(f"{name} needs dense X: set it to 0, or pass X.toarray().")

    def _hold_out(self, data, labels, random_state, incremental):
        """Rows to judge by, or None; those taken from the training rows leave `data`."""
        if self.validation_data is None and not self.early_stopping:
            return None
        if incremental and not isinstance(self.validation_data, tuple | list):
            raise ValueError(
                "partial_fit does not support early_stopping=True without rows of its own, since "
                "scores of different rows cannot be compared: pass validation_data=(X, y), or "
                "early_stopping=False."
            )
        return hold_out(self, data, labels, random_state)

    # ---- prediction ----------------------------------------------------

    def _outputs(self, X):
        """What the network says: means, rates or probabilities (n_samples, n_outputs)."""
        fitted = vars(self)
        if "coefs_" not in fitted and "estimators_" not in fitted:
            check_is_fitted(self)
        plain = (
            type(X) is np.ndarray
            and X.ndim == 2
            and X.dtype in _FLOATS
            and X.size > 0
            and "feature_names_in_" not in fitted
            and X.shape[1] == fitted["n_features_in_"]
        )
        if plain:
            with np.errstate(all="ignore"):
                outputs, total = self._forward(X), X.sum()
            # a relu hides an infinity in X from the output
            if math.isfinite(total) and math.isfinite(outputs.sum()):
                return outputs
        X = validate_data(self, X, accept_sparse=["csr", "csc"], dtype=_FLOATS, reset=False)
        return self._forward(X)

    def _forward(self, X):
        fitted = vars(self)
        if "estimators_" in fitted:
            return mean_of(model._forward(X) for model in fitted["estimators_"])
        outputs = linear_outputs(X, self.coefs_, self.intercepts_, self._model.shape.activations)
        return apply_head(self.out_activation_, outputs)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _key(random_state):
    """A place in the streams of masks and noise."""
    return int(random_state.randint(0, 2**63, dtype=np.int64))


def _print_iteration(number, loss):
    print(f"Iteration {number}, loss = {loss:.8f}")


def _print_epoch(epoch):
    _print_iteration(epoch.number, epoch.loss)
    if epoch.validation_score is not None:
        print(f"Validation score: {epoch.validation_score:f}")


def _kernel_layout(X):
    """X as the kernels read it: sorted CSR with 32-bit indices, or dense rows as
    `for_rows` gives them."""
    if not sp.issparse(X):
        return for_rows(X)
    if not X.has_sorted_indices:
        X = X.sorted_indices()
    parts = (X.data, X.indices, X.indptr)
    if not all(part.flags.c_contiguous for part in parts):
        X = sp.csr_array(tuple(map(np.ascontiguousarray, parts)), shape=X.shape)
    return narrow_indices(X, "call partial_fit on fewer rows at a time")
