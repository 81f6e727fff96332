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

from fastreg._engine import quasi_newton
from fastreg._engine.design import has_whole_strides
from fastreg._engine.early_stopping import History
from fastreg._engine.initialisation import initialise
from fastreg._engine.perceptron import Data, Perceptron, apply_head, linear_outputs
from fastreg._engine.threads import fit_threads
from fastreg._engine.training import Training
from fastreg._progress import progress
from fastreg._validation import check_sample_weight, narrow_indices, unchanged_on_error
from fastreg.neural_network import _parameters
from fastreg.neural_network._held_out import HeldOut, hold_out

_FLOATS = (np.dtype(np.float64), np.dtype(np.float32))
# attributes that a fit by L-BFGS doesn't have
_OF_EPOCHS = (
    "loss_curve_",
    "validation_scores_",
    "validation_loss_curve_",
    "best_loss_",
    "best_validation_score_",
    "best_epoch_",
    "stop_reason_",
)


def is_stochastic(estimator):
    """Whether partial_fit is there: not for "lbfgs"."""
    if estimator.solver == "lbfgs":
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. "
            f"{estimator.solver} is not stochastic."
        )
    return True


class BasePerceptron(BaseEstimator):
    """Subclasses say what y is: `_encode`, `_default_score`, `_loss_options`."""

    def _fit(self, X, y, sample_weight, *, incremental=False):
        with unchanged_on_error(self):
            _parameters.check_parameters(self)
            starts = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
            X, y = self._validate(X, y, reset=starts)
            weights = check_sample_weight(sample_weight, X.shape[0])
            dtype = X.dtype if starts else self._model.dtype
            targets, n_outputs, head, loss_options = self._encode(
                y, dtype, keeps=self.warm_start or incremental
            )
            data = Data(X, targets, self._weigh_classes(y, weights), *loss_options)
            random_state = check_random_state(self.random_state)
            with fit_threads():
                model, history = self._prepare(X, n_outputs, head, random_state, starts)
                if self.solver == "lbfgs":
                    self._minimise(model, data)
                else:
                    self._train(model, history, data, y, random_state, incremental=incremental)
            if not np.isfinite(model.parameters).all():
                raise ValueError(
                    "Solver produced non-finite parameter weights. The input data may contain "
                    "large values and need to be preprocessed."
                )
        return self

    def _validate(self, X, y, *, reset):
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            multi_output=True,
            y_numeric=self._y_numeric,
            dtype=_FLOATS,
            reset=reset,
        )
        return _kernel_layout(X), y

    def _weigh_classes(self, y, weights):
        return weights

    # ---- the model -----------------------------------------------------

    def _prepare(self, X, n_outputs, output_activation, random_state, starts):
        """The model to train, new or a copy of the one there is, and its history."""
        shape = _parameters.shape_of(self, X.shape[1], n_outputs, output_activation)
        if starts:
            model = Perceptron(shape, X.dtype, epsilon=self.batch_norm_epsilon)
            initialise(model, self.initialization, random_state)
            self.n_iter_, self.t_ = 0, 0
            self._optimisation, history = None, History()
        else:
            model, history = copy.deepcopy((self._model, self._history))
            if model.shape != shape:
                raise ValueError(
                    f"The network that is there has layers {model.shape.widths}, activations "
                    f"{model.shape.activations}, output {model.shape.output_activation} and "
                    f"batch_norm {model.shape.batch_norm}; the parameters ask for {shape.widths}, "
                    f"{shape.activations}, {shape.output_activation} and {shape.batch_norm}: set "
                    "warm_start=False and call fit."
                )
            model.take(self.coefs_, self.intercepts_)
            model.epsilon = self.batch_norm_epsilon
        self.n_outputs_, self.n_layers_ = n_outputs, len(shape.widths)
        self.out_activation_ = output_activation
        self._publish(model)
        return model, history

    def _publish(self, model):
        self._model = model
        self.coefs_, self.intercepts_ = model.weights()

    # ---- L-BFGS --------------------------------------------------------

    def _minimise(self, model, data):
        regularisation = _parameters.regularisation_of(self, model.shape.n_linear)
        self.loss_, self.n_iter_, message = quasi_newton.minimise(
            model,
            data,
            regularisation,
            max_iter=self.max_iter,
            max_calls=self.max_fun,
            tol=self.tol,
        )
        self._history, self._optimisation = History(), None
        for name in _OF_EPOCHS:
            vars(self).pop(name, None)
        self._publish(model)
        if message is not None:
            warnings.warn(
                f"lbfgs failed to converge after {self.n_iter_} iterations: {message}. Raise "
                "max_iter or max_fun, or scale X.",
                ConvergenceWarning,
                stacklevel=4,
            )

    # ---- mini-batches --------------------------------------------------

    def _train(self, model, history, data, labels, random_state, *, incremental):
        regularisation = _parameters.regularisation_of(self, model.shape.n_linear)
        self._refuse_sparse_noise(data.X, regularisation)
        key = 0
        if regularisation.input_noise or any(regularisation.dropout):
            key = int(random_state.randint(0, 2**63, dtype=np.int64))
        held_out = self._hold_out(data, labels, random_state, incremental)
        batch_size = self._batch_size(len(data.samples))
        if batch_size == 1 < len(data.samples) and any(model.shape.batch_norm):
            raise ValueError(
                "batch_norm needs more than one row in a batch, got batch_size=1: raise "
                "batch_size, or set batch_norm=False."
            )
        if incremental and self._optimisation is not None:
            optimisation = copy.deepcopy(self._optimisation)
        else:
            optimisation = _parameters.optimisation_of(self, model.parameters)
        course = _parameters.course_of(self, len(data.samples), batch_size, incremental=incremental)
        training = Training(
            model,
            data,
            regularisation,
            optimisation,
            course,
            history,
            random_state,
            evaluate=None if held_out is None else lambda: self._evaluate(model, held_out),
            stops_on_score=bool(self.early_stopping),
            key=key,
        )
        self._optimisation, self._history = optimisation, history
        self.stop_reason_ = self._run(training, model)
        stopped = self.stop_reason_ == "patience"
        if self.early_stopping and history.best is not None and (stopped or not incremental):
            model.restore(history.best)
        self._publish(model)
        self._set_history(history)
        self.n_iter_ = training.n_epochs
        if self.stop_reason_ == "max_epochs" and not incremental:
            warnings.warn(
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the "
                "optimization hasn't converged yet.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _run(self, training, model):
        """Train to the end; return why it ended."""
        total, shows_bar = training.course.max_epochs, self.verbose == 1
        try:
            for epoch in progress(training, total, type(self).__name__, shows_bar):
                if self.verbose > 1:
                    self._print(epoch)
                self.loss_ = epoch.loss
                if self.callbacks and self._call_back(model, training, epoch):
                    return "callback"
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=5)
            if not np.isfinite(model.parameters).all():
                raise
            self.loss_ = training.history.loss_curve[-1] if training.n_epochs else np.inf
            return "interrupt"
        return training.reason

    def _print(self, epoch):
        print(f"Iteration {epoch.number}, loss = {epoch.loss:.8f}")
        if epoch.validation_score is not None:
            print(f"Validation score: {epoch.validation_score:f}")

    def _call_back(self, model, training, epoch):
        """Whether a callback asks to stop; each sees a model that predicts."""
        self._publish(model)
        self._set_history(training.history)
        self.n_iter_ = training.n_epochs
        answers = [callback(self, epoch) for callback in self.callbacks]  # all are called
        return any(answers)

    def _set_history(self, history):
        self.t_ = history.n_samples_seen
        self.loss_curve_ = history.loss_curve
        self.best_epoch_ = history.best_epoch
        watched = bool(history.validation_scores) or self.early_stopping
        self.validation_scores_ = history.validation_scores if watched else None
        self.validation_loss_curve_ = history.validation_losses if watched else None
        self.best_loss_ = None if self.early_stopping else history.best_loss
        self.best_validation_score_ = history.best_score if self.early_stopping else None

    def _batch_size(self, n_samples):
        if isinstance(self.batch_size, str):
            return min(200, n_samples)
        if self.batch_size > n_samples:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be "
                "clipped",
                stacklevel=5,
            )
        return min(self.batch_size, n_samples)

    def _refuse_sparse_noise(self, X, regularisation):
        if not sp.issparse(X):
            return
        for name, value in (
            ("input_noise", regularisation.input_noise),
            ("dropout of the input", regularisation.dropout[0]),
        ):
            if value:
                raise ValueError(f"{name} needs dense X: set it to 0, or pass X.toarray().")

    # ---- held-out rows -------------------------------------------------

    def _hold_out(self, data, labels, random_state, incremental):
        """Rows to judge by, or None; those taken from the training rows leave `data`."""
        if self.validation_data is None and not self.early_stopping:
            return None
        if incremental and not isinstance(self.validation_data, tuple | list):
            raise ValueError(
                "partial_fit does not support early_stopping=True without rows of its own: "
                "pass validation_data=(X, y), or early_stopping=False."
            )
        return hold_out(self, data, labels, random_state)

    def _evaluate(self, model, held_out: HeldOut):
        """Score and loss of the model as it is now."""
        coefs, intercepts = model.weights()
        outputs = linear_outputs(held_out.data.X, coefs, intercepts, model.shape.activations)
        loss = held_out.data.loss_at(outputs)
        if self.scoring == "loss":
            return (-loss if np.isfinite(loss) else np.nan), loss
        if self.scoring is not None:
            return held_out.custom_score(self, model), loss
        apply_head(self.out_activation_, outputs)
        if not np.isfinite(outputs).all():
            return np.nan, loss
        predicted = self._decide(outputs)
        score = self._default_score(
            held_out.labels, predicted, sample_weight=held_out.data.sample_weight
        )
        return float(score), loss

    # ---- prediction ----------------------------------------------------

    def _outputs(self, X):
        """What the network says: means, rates or probabilities (n_samples, n_outputs)."""
        fitted = vars(self)
        if "coefs_" not in fitted:
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
        X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        return self._forward(X)

    def _forward(self, X):
        outputs = linear_outputs(X, self.coefs_, self.intercepts_, self._model.shape.activations)
        return apply_head(self.out_activation_, outputs)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _kernel_layout(X):
    """X as the kernels read it: sorted CSR with 32-bit indices, or any array in steps of
    whole numbers."""
    if not sp.issparse(X):
        return X if has_whole_strides(X) else np.ascontiguousarray(X)
    if not X.has_sorted_indices:
        X = X.sorted_indices()
    parts = (X.data, X.indices, X.indptr)
    if not all(part.flags.c_contiguous for part in parts):
        X = sp.csr_array(tuple(map(np.ascontiguousarray, parts)), shape=X.shape)
    return narrow_indices(X, "call partial_fit on fewer rows at a time")
