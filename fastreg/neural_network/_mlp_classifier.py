"""Multi-layer perceptron for classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels
from sklearn.utils.validation import column_or_1d

from fastreg._labels import classes_of, codes_of, kind_of
from fastreg._typing import MatrixLike
from fastreg._validation import (
    check_number,
    check_partial_classes,
    unchanged_on_error,
)
from fastreg.neural_network._base import BasePerceptron, is_stochastic
from fastreg.neural_network._class_weight import weights_of_classes
from fastreg.neural_network._documentation import documented


@documented
class MLPClassifier(ClassifierMixin, BasePerceptron):
    r"""Multi-layer perceptron for classes.

    Minimises, over the weights :math:`W_k` and intercepts of the network :math:`f`,

    .. math:: \frac{1}{\sum_i s_i} \Big( \sum_i s_i \, \ell(y_i, f(x_i))
              + \frac{\alpha}{2} \sum_k \|W_k\|_2^2 + l_1 \sum_k \|W_k\|_1 \Big)

    with :math:`\ell` the log-loss and :math:`s_i` the sample weights, by mini-batches or
    L-BFGS. The output follows from y: one probability for two classes, a distribution over
    three classes and more, one probability for each label of an indicator matrix.

    Parameters
    ----------
    {common}
    class_weight : dict, list of dicts, "balanced" or None, default=None
        Weights of classes, which multiply the sample weights; for an indicator matrix a
        list with one dict for each column. "balanced" is not for `partial_fit`.
    label_smoothing : float, default=0.0
        Share of each target, in [0, 1), that is spread evenly over all classes.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Classes or labels.
    {attributes}

    {notes}

    See Also
    --------
    MLPRegressor : The same for numbers.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.model_selection import train_test_split
    >>> from fastreg.neural_network import MLPClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)
    >>> model = MLPClassifier(
    ...     (64,), batch_norm=True, dropout=0.2, learning_rate="one_cycle",
    ...     learning_rate_init=0.01, early_stopping=True, max_iter=30, n_iter_no_change=30,
    ...     random_state=0, batch_size=64,
    ... )
    >>> import warnings
    >>> with warnings.catch_warnings():  # 30 epochs are the plan here, not a limit
    ...     warnings.simplefilter("ignore")
    ...     model = model.fit(X_train, y_train)
    >>> model.score(X_test, y_test) > 0.95
    True
    """

    _y_numeric = False

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str | Sequence[str] = "relu",
        *,
        solver: str = "adam",
        alpha: float | Sequence[float] = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        dropout: float | Sequence[float] = 0.0,
        batch_norm: bool | Sequence[bool] = False,
        batch_norm_momentum: float = 0.1,
        batch_norm_epsilon: float = 1e-5,
        l1: float | Sequence[float] = 0.0,
        weight_decay: float | None = None,
        max_norm: float | None = None,
        clip_norm: float | None = None,
        input_noise: float = 0.0,
        initialization: str = "auto",
        rho: float = 0.9,
        warmup: float = 0.0,
        validation_data: Any = None,
        scoring: str | Callable | None = None,
        patience: float | None = None,
        min_delta: float | None = None,
        max_time: float | None = None,
        callbacks: Sequence[Callable] | None = None,
        n_models: int = 1,
        bootstrap: bool = False,
        class_weight: dict | list | str | None = None,
        label_smoothing: float = 0.0,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.batch_norm_momentum = batch_norm_momentum
        self.batch_norm_epsilon = batch_norm_epsilon
        self.l1 = l1
        self.weight_decay = weight_decay
        self.max_norm = max_norm
        self.clip_norm = clip_norm
        self.input_noise = input_noise
        self.initialization = initialization
        self.rho = rho
        self.warmup = warmup
        self.validation_data = validation_data
        self.scoring = scoring
        self.patience = patience
        self.min_delta = min_delta
        self.max_time = max_time
        self.callbacks = callbacks
        self.n_models = n_models
        self.bootstrap = bootstrap
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing

    def fit(self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            float32 and float64 arrays in any layout are used where they lie; the weights
            have their dtype. Rows of C-ordered arrays are read fastest.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Classes, or an indicator matrix.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights, at least 0.

        Returns
        -------
        self : object
        """
        return self._fit(X, y, sample_weight)

    @available_if(is_stochastic)
    def partial_fit(
        self,
        X: MatrixLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch on these rows, from where training stopped.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
        sample_weight : float or array-like of shape (n_samples,), default=None
        classes : array-like of shape (n_classes,), default=None
            All classes there will be; the first call needs them.

        Returns
        -------
        self : object
        """
        known = getattr(self, "classes_", None)
        classes = check_partial_classes(classes, known)
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' needs all rows at once: pass a dict of weights, as "
                "compute_class_weight returns them."
            )
        with unchanged_on_error(self):
            if known is None:
                kind = type_of_target(y)
                labels = np.arange(np.shape(y)[1]) if kind.startswith("multilabel") else classes
                self._start_classes(kind, labels)
            return self._fit(X, y, sample_weight, incremental=True)

    def predict(self, X: MatrixLike) -> np.ndarray:
        """Predict classes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        """
        return self._decide(self._outputs(X))

    def predict_proba(self, X: MatrixLike) -> np.ndarray:
        """Predict probabilities.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Columns as in `classes_`; for an indicator matrix, of each label alone.
        """
        outputs = self._outputs(X)
        if self._kind != "binary":
            return outputs
        if len(self.classes_) == 1:
            return np.ones_like(outputs)
        return np.hstack([1 - outputs, outputs])

    def predict_log_proba(self, X: MatrixLike) -> np.ndarray:
        """Predict logarithms of probabilities.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    # ---- what y is -----------------------------------------------------

    def _start_classes(self, kind, classes):
        """Remember the classes and whether y is "binary", "multiclass" or "multilabel"."""
        if kind.startswith("multilabel"):
            kind = "multilabel"
        else:
            kind = "multiclass" if len(classes) > 2 else "binary"
        self._kind, self.classes_ = kind, classes

    def _encode(self, y, dtype, *, keeps, whole=True):
        """Targets, outputs, output activation and loss; `keeps` classes that are there,
        of which `whole` says that all must occur where training is resumed."""
        check_number("label_smoothing", self.label_smoothing, low=0)
        if self.label_smoothing >= 1:
            raise ValueError(
                f"label_smoothing must be below 1, got {self.label_smoothing}: choose a small one."
            )
        y = y.toarray() if sp.issparse(y) else y
        kind = kind_of(y)
        if kind not in ("binary", "multiclass", "multilabel-indicator"):
            check_classification_targets(y)  # says what is wrong with others
            raise ValueError(
                f"y is {kind}, which is several problems at once: fit a model for each column, "
                "with MultiOutputClassifier say."
            )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if keeps and hasattr(self, "classes_"):
            if kind.startswith("multilabel") != (self._kind == "multilabel"):
                raise ValueError(
                    f"y is {kind}, and the model was fitted to {self._kind} y: pass y of the same "
                    "kind, or call fit with warm_start=False."
                )
            self._check_classes(y, whole)
        else:
            labels = np.arange(y.shape[1]) if kind.startswith("multilabel") else classes_of(y)
            self._start_classes(kind, labels)
        loss, n_classes = ("logistic_loss", self.label_smoothing), len(self.classes_)
        if self._kind == "multiclass":
            targets = codes_of(y, self.classes_)
            return targets, n_classes, "softmax", ("softmax", self.label_smoothing)
        if self._kind == "multilabel":
            return (y != 0).astype(dtype), n_classes, "logistic", loss
        targets = (y == self.classes_[-1]) & (n_classes == 2)
        return targets.astype(dtype)[:, np.newaxis], 1, "logistic", loss

    def _check_classes(self, y, whole):
        classes = unique_labels(y)
        if self.warm_start and whole and set(classes) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {self.classes_}, `y` has {classes}"
            )
        if len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. "
                f"'y' has {classes}."
            )

    def _weigh_classes(self, y, weights):
        if self.class_weight is None:
            return weights
        y = y.toarray() if sp.issparse(y) else y
        y = y if self._kind == "multilabel" else y.ravel()
        of_classes = weights_of_classes(self.class_weight, y, self.classes_)
        weights = of_classes if weights is None else weights * of_classes
        if not weights.any():
            raise ValueError(
                "class_weight leaves every row without weight: give a class that occurs more "
                "than 0."
            )
        return weights

    def _decide(self, outputs):
        if self.out_activation_ == "softmax":
            return self.classes_[outputs.argmax(axis=1)]
        if self._kind == "multilabel":
            return (outputs > 0.5).astype(int)
        classes = self.classes_
        return classes[np.minimum(outputs.ravel() > 0.5, len(classes) - 1).astype(np.intp)]

    _default_score = staticmethod(accuracy_score)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
