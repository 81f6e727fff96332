"""Multi-layer perceptron for numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import column_or_1d

from fastreg._typing import MatrixLike
from fastreg._validation import check_number, check_option
from fastreg.neural_network._base import BasePerceptron, is_stochastic
from fastreg.neural_network._documentation import documented

_LOSSES = {
    "squared_error": "squared",
    "absolute_error": "absolute",
    "huber": "huber",
    "quantile": "quantile",
    "poisson": "poisson",
}


@documented
class MLPRegressor(RegressorMixin, BasePerceptron):
    r"""Multi-layer perceptron for numbers.

    Minimises, over the weights :math:`W_k` and intercepts of the network :math:`f`,

    .. math:: \frac{1}{\sum_i s_i} \Big( \sum_i s_i \, \ell(y_i, f(x_i))
              + \frac{\alpha}{2} \sum_k \|W_k\|_2^2 + l_1 \sum_k \|W_k\|_1 \Big)

    with :math:`\ell` the loss, summed over the columns of y, and :math:`s_i` the sample
    weights, by mini-batches or L-BFGS.

    Parameters
    ----------
    loss : str, default="squared_error"
        "squared_error", half the squared error; "absolute_error"; "huber", half the squared
        error up to `delta` and linear beyond; "quantile", the pinball loss of `quantile`;
        "poisson", half the Poisson deviance, with a logarithmic link and y at least 0.
    {common}
    delta : float, default=1.0
        Where "huber" becomes linear, in units of y; more than 0.
    quantile : float, default=0.5
        The quantile that "quantile" estimates, between 0 and 1.

    Attributes
    ----------
    {attributes}

    {notes}

    See Also
    --------
    MLPClassifier : The same for classes.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.preprocessing import StandardScaler, scale
    >>> from fastreg.neural_network import MLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> X, y = scale(X), scale(y)
    >>> model = MLPRegressor(solver="lbfgs", alpha=30, max_iter=2000, random_state=0)
    >>> model = model.fit(X[:300], y[:300])
    >>> model.score(X[300:], y[300:]) > 0.4
    True
    """

    _y_numeric = True

    def __init__(
        self,
        loss: str = "squared_error",
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
        delta: float = 1.0,
        quantile: float = 0.5,
    ):
        self.loss = loss
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
        self.delta = delta
        self.quantile = quantile

    def fit(self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            float32 and float64 arrays in any layout are used where they lie; the weights
            have their dtype. Rows of C-ordered arrays are read fastest.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights, at least 0.

        Returns
        -------
        self : object
        """
        return self._fit(X, y, sample_weight)

    @available_if(is_stochastic)
    def partial_fit(
        self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train for one epoch on these rows, from where training stopped.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : float or array-like of shape (n_samples,), default=None

        Returns
        -------
        self : object
        """
        return self._fit(X, y, sample_weight, incremental=True)

    def predict(self, X: MatrixLike) -> np.ndarray:
        """Predict.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        return self._decide(self._outputs(X))

    # ---- what y is -----------------------------------------------------

    def _encode(self, y, dtype, *, keeps, whole=True):
        """Targets, outputs, output activation and loss; regression remembers nothing of y."""
        check_option("loss", self.loss, _LOSSES)
        check_number("delta", self.delta, low=0, strict=True)
        check_number("quantile", self.quantile, low=0, high=1)
        parameter = {"huber": self.delta, "quantile": self.quantile}.get(self.loss, 0.0)
        if sp.issparse(y):
            raise TypeError("y is a sparse matrix: pass a dense array, y.toarray().")
        with np.errstate(over="ignore"):
            targets = np.asarray(y, dtype=dtype)
        if not np.isfinite(targets).all():
            raise ValueError(f"y is too large for {dtype}: scale y, or pass X in float64.")
        if targets.ndim == 2 and targets.shape[1] == 1:
            column_or_1d(targets, warn=True)
        if targets.ndim == 1:
            targets = targets[:, None]
        if self.loss == "poisson" and targets.min() < 0:
            raise ValueError(
                f"loss='poisson' needs y >= 0, got {targets.min()}: choose another loss."
            )
        head = "exp" if self.loss == "poisson" else "identity"
        return targets, targets.shape[1], head, (_LOSSES[self.loss], parameter)

    def _decide(self, outputs):
        return outputs.ravel() if outputs.shape[1] == 1 else outputs

    _default_score = staticmethod(r2_score)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
