"""Regression by stochastic gradient descent."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.model_selection import ShuffleSplit

from fastreg._engine.sgd import DEFAULT_EPSILON, REGRESSION_LOSSES
from fastreg._typing import MatrixLike
from fastreg._validation import as_numbers, unchanged_on_error, without_axis
from fastreg.linear_model._base import LinearRegressorMixin
from fastreg.linear_model._sgd import BaseSGD


class SGDRegressor(LinearRegressorMixin, BaseSGD):
    r"""Linear regression by stochastic gradient descent.

    Minimises, over coefficients :math:`w` and an intercept :math:`b` that is not penalised,

    .. math:: \frac{1}{n} \sum_i s_i L(y_i, x_i'w + b) + \alpha R(w)

    by steps along the gradient at one row, or at a batch of them. Several
    targets are fitted each on its own, side by side. L is the loss, :math:`s_i` are
    the sample weights and R is :math:`\tfrac{1}{2} \|w\|_2^2`,
    :math:`\|w\|_1` or a mix of both. Columns of about the same scale are
    needed: put a StandardScaler before it.

    Parameters
    ----------
    loss : str, default="squared_error"
        L, with r = y - p:

        - "squared_error": r^2 / 2.
        - "huber": r^2 / 2 up to `epsilon`, linear beyond.
        - "epsilon_insensitive": max(0, abs(r) - epsilon).
        - "squared_epsilon_insensitive": the square of that.
    penalty : {"l2", "l1", "elasticnet"} or None, default="l2"
        R: the squares, the absolute values, or both of them in the parts `l1_ratio`.
        The L1 part is taken off such that coefficients become zero [1]_.
    alpha : float, default=0.0001
        Strength of the penalty, at least 0; also the decay of the "optimal" rate.
    l1_ratio : float or None, default=0.15
        Part of the L1 norm in "elasticnet", between 0 and 1. The other penalties don't use it.
    fit_intercept : bool, default=True
        Fit an intercept. With sparse X it takes steps of a hundredth.
    max_iter : int, default=1000
        Bound on the epochs, the passes over the rows, of `fit`.
    tol : float or None, default=1e-3
        Training ends when the objective (with `early_stopping` the score) has gained less
        than this in `n_iter_no_change` epochs in a row; None runs all `max_iter` epochs.
        "one_cycle" is ended by the score only.
    shuffle : bool, default=True
        Take the rows in a new random order in each epoch.
    verbose : int, default=0
        Above 0, say after each epoch what the objective is.
    epsilon : float, default=0.1
        The distance in "huber", "epsilon_insensitive" and "squared_epsilon_insensitive".
    random_state : int, RandomState instance or None, default=None
        For the order of the rows and the split of `early_stopping`.
    learning_rate : str, default="invscaling"
        The rate of update t:

        - "constant": `eta0`.
        - "optimal": 1 / (alpha (t0 + t - 1)), with t0 such that the first rate is
          alpha^(-1/4), about the size of a coefficient (Bottou's heuristic [2]_).
        - "invscaling": eta0 / t^power_t.
        - "adaptive": `eta0`, divided by 5 where training would end, down to 1e-6.
        - "one_cycle": up to `eta0` in the first 30 % of the updates of `max_iter` epochs,
          from a 25th of it, then down to 4e-6 of it, along cosines [3]_. For `fit` only.
        - "pa1" and "pa2", for loss="epsilon_insensitive": passive-aggressive steps [4]_,
          min(eta0, L / ||x||^2) and L / (||x||^2 + 1 / (2 eta0)).
    eta0 : float, default=0.01
        The rate that `learning_rate` starts from, above 0.
    power_t : float, default=0.25
        The exponent of "invscaling".
    early_stopping : bool, default=False
        Judge progress by the R^2 on rows kept from training, with `tol` and
        `n_iter_no_change`: on X_val and y_val given to `fit`, or on a random part of X.
    validation_fraction : float, default=0.1
        That part, between 0 and 1.
    n_iter_no_change : int, default=5
        Epochs without a gain that end training.
    warm_start : bool, default=False
        Start `fit` from the last coefficients instead of zeros.
    average : bool or int, default=False
        Use the mean of the coefficients over all updates, or from update `average` on [5]_.
    batch_size : int, default=1
        Rows in a step; their gradients are averaged.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients, in the dtype of X.
    intercept_ : ndarray of shape (1,) or (n_targets,)
        Zeros if ``fit_intercept=False``.
    n_iter_ : int
        Epochs; of several targets the most.
    t_ : int
        The number of updates, plus 1.
    loss_curve_ : ndarray of shape (n_epochs,) or (n_targets, n_epochs)
        The objective of each epoch: the mean loss at the coefficients before each update,
        and the penalty at the end. NaN where a target had ended before. `partial_fit`
        leaves that of its own epoch.
    validation_scores_ : ndarray of the shape of `loss_curve_`
        Scores of each epoch, with `early_stopping`.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        Where X has string column names.

    Raises
    ------
    TypeError, ValueError
        For a parameter or data that cannot be used, and where numbers overflow in
        training; the estimator is left as it was.

    Warns
    -----
    ConvergenceWarning
        If `fit` reached `max_iter` and `tol` is not None.

    References
    ----------
    .. [1] Tsuruoka, Tsujii, Ananiadou: Stochastic gradient descent training for
       L1-regularized log-linear models with cumulative penalty, 2009.
    .. [2] Bottou: Stochastic gradient descent tricks, 2012.
    .. [3] Smith: A disciplined approach to neural network hyper-parameters, 2018.
    .. [4] Crammer, Dekel, Keshet, Shalev-Shwartz, Singer: Online passive-aggressive
       algorithms, 2006.
    .. [5] Polyak, Juditsky: Acceleration of stochastic approximation by averaging, 1992.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from fastreg import SGDRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> sgd = SGDRegressor(learning_rate="one_cycle", max_iter=30, random_state=0)
    >>> model = make_pipeline(StandardScaler(), sgd).fit(X, y)
    >>> round(model.score(X, y), 3)
    0.516
    >>> sgd.n_iter_, sgd.t_
    (30, 13261)
    """

    loss_functions = REGRESSION_LOSSES
    _splitter = ShuffleSplit
    _has_labels = False
    _checks_of_y: ClassVar = {"multi_output": True, "y_numeric": True}
    _loss_of_passive_steps = "epsilon_insensitive"

    def __init__(
        self,
        loss: str = "squared_error",
        *,
        penalty: str | None = "l2",
        alpha: float = 0.0001,
        l1_ratio: float | None = 0.15,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        epsilon: float = DEFAULT_EPSILON,
        random_state: int | np.random.RandomState | None = None,
        learning_rate: str = "invscaling",
        eta0: float = 0.01,
        power_t: float = 0.25,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        warm_start: bool = False,
        average: bool | int = False,
        batch_size: int = 1,
    ):
        self.loss = loss
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.epsilon = epsilon
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.average = average
        self.batch_size = batch_size

    def fit(
        self,
        X: MatrixLike,
        y: ArrayLike,
        coef_init: ArrayLike | None = None,
        intercept_init: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: MatrixLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            float32 and float64 are used where they lie; sparse X as CSR.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        coef_init : array-like of shape (n_features,) or (n_targets, n_features), default=None
            Coefficients to start from.
        intercept_init : array-like of shape (1,) or (n_targets,), default=None
            Intercepts to start from.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights, at least 0.
        X_val, y_val : of n_val rows, default=None
            A validation set for `early_stopping`; without it a part of X and y is one.
        sample_weight_val : float or array-like of shape (n_val,), default=None
            Weights of the validation set.

        Returns
        -------
        self : object
        """
        with unchanged_on_error(self):
            self._fit(
                X,
                y,
                (coef_init, intercept_init),
                sample_weight,
                (X_val, y_val, sample_weight_val),
            )
        return self

    def partial_fit(
        self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train for one epoch on these rows, from where the last call ended.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights, at least 0.

        Returns
        -------
        self : object
        """
        with unchanged_on_error(self):
            self._check_parameters(partial=True)
            self._go_on(X, y, sample_weight, first=not hasattr(self, "coef_"))
        return self

    def _targets(self, y):
        y = without_axis(y)
        return y.astype(np.float64, copy=False).reshape(len(y), -1)

    def _validation_targets(self, y_val):
        return self._targets(as_numbers("y_val", y_val))

    def _problems(self, y):
        Y = self._targets(y)
        n_targets = Y.shape[1]
        return Y, (range(n_targets), [(1.0, 1.0)] * n_targets, None)
