"""Classification by stochastic gradient descent."""

from __future__ import annotations

from typing import Self

import joblib
import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.utils import column_or_1d, compute_class_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets

from fastreg._engine.sgd import CLASSIFICATION_LOSSES, DEFAULT_EPSILON
from fastreg._labels import classes_of, codes_of
from fastreg._typing import MatrixLike
from fastreg._validation import (
    check_class_weight,
    check_number,
    check_partial_classes,
    explained,
    unchanged_on_error,
)
from fastreg.linear_model._base import LinearClassifierMixin
from fastreg.linear_model._sgd import BaseSGD


def _gives_probabilities(estimator):
    if estimator.loss not in ("log_loss", "modified_huber"):
        raise AttributeError(
            f"probability estimates are not available for loss={estimator.loss!r}: use "
            "'log_loss' or 'modified_huber'."
        )
    return True


class SGDClassifier(LinearClassifierMixin, BaseSGD):
    r"""Linear classification by stochastic gradient descent: support vectors, logistic and others.

    Minimises, over coefficients :math:`w` and an intercept :math:`b` that is not penalised,

    .. math:: \frac{1}{n} \sum_i s_i L(y_i, x_i'w + b) + \alpha R(w)

    by steps along the gradient at one row, or at a batch of them. Of more
    than two classes each is told from the rest on its own, side by side. L is the loss
    with y of -1 and 1, :math:`s_i` are
    the sample weights times those of the classes and R is :math:`\tfrac{1}{2} \|w\|_2^2`,
    :math:`\|w\|_1` or a mix of both. Columns of about the same scale are
    needed: put a StandardScaler before it.

    Parameters
    ----------
    loss : str, default="hinge"
        L, with z = y p:

        - "hinge": max(0, 1 - z), a linear support vector machine.
        - "squared_hinge": the square of that.
        - "perceptron": max(0, -z).
        - "log_loss": log(1 + exp(-z)), logistic regression.
        - "modified_huber": max(0, 1 - z)^2 for z >= -1, -4 z below.
        - "squared_error", "huber", "epsilon_insensitive" and
          "squared_epsilon_insensitive": those of :class:`SGDRegressor`, on -1 and 1.
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
    n_jobs : int or None, default=None
        Bound on the threads for several classes; None leaves the choice to the solver.
        The result doesn't depend on it.
    random_state : int, RandomState instance or None, default=None
        For the order of the rows and the split of `early_stopping`.
    learning_rate : str, default="optimal"
        The rate of update t:

        - "constant": `eta0`.
        - "optimal": 1 / (alpha (t0 + t - 1)), with t0 such that the first rate is
          alpha^(-1/4), about the size of a coefficient (Bottou's heuristic [2]_).
        - "invscaling": eta0 / t^power_t.
        - "adaptive": `eta0`, divided by 5 where training would end, down to 1e-6.
        - "one_cycle": up to `eta0` in the first 30 % of the updates of `max_iter` epochs,
          from a 25th of it, then down to 4e-6 of it, along cosines [3]_. For `fit` only.
        - "pa1" and "pa2", for loss="hinge": passive-aggressive steps [4]_,
          min(eta0, L / ||x||^2) and L / (||x||^2 + 1 / (2 eta0)).
    eta0 : float, default=0.01
        The rate that `learning_rate` starts from, above 0.
    power_t : float, default=0.5
        The exponent of "invscaling".
    early_stopping : bool, default=False
        Judge progress by the accuracy on rows kept from training, with `tol` and
        `n_iter_no_change`: on X_val and y_val given to `fit`, or on a random part of X.
    validation_fraction : float, default=0.1
        That part, between 0 and 1, of each class alike.
    n_iter_no_change : int, default=5
        Epochs without a gain that end training.
    class_weight : dict, "balanced" or None, default=None
        Weights {label: weight}, 1 for labels that aren't named; "balanced" makes them
        n_samples / (n_classes * samples of the class).
    warm_start : bool, default=False
        Start `fit` from the last coefficients instead of zeros.
    average : bool or int, default=False
        Use the mean of the coefficients over all updates, or from update `average` on [5]_.
    batch_size : int, default=1
        Rows in a step; their gradients are averaged.

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients, in the dtype of X; the first shape for two classes.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Zeros if ``fit_intercept=False``.
    classes_ : ndarray of shape (n_classes,)
    n_iter_ : int
        Epochs; of several classes the most.
    t_ : int
        The number of updates, plus 1.
    loss_curve_ : ndarray of shape (n_epochs,) or (n_classes, n_epochs)
        The objective of each epoch: the mean loss at the coefficients before each update,
        and the penalty at the end. NaN where a class had ended before. `partial_fit`
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
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from fastreg import SGDClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> sgd = SGDClassifier(loss="log_loss", alpha=0.01, random_state=0)
    >>> model = make_pipeline(StandardScaler(), sgd).fit(X, y)
    >>> print(model.predict(X[:3]), model.predict_proba(X[:3]).shape)
    [0 0 0] (3, 2)
    """

    loss_functions = CLASSIFICATION_LOSSES
    _splitter = StratifiedShuffleSplit
    _has_labels = True
    _loss_of_passive_steps = "hinge"

    def __init__(
        self,
        loss: str = "hinge",
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
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        learning_rate: str = "optimal",
        eta0: float = 0.01,
        power_t: float = 0.5,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        class_weight: dict | str | None = None,
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
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
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
        y : array-like of shape (n_samples,)
            Class labels.
        coef_init : array-like of the shape of `coef_`, default=None
            Coefficients to start from.
        intercept_init : array-like of the shape of `intercept_`, default=None
            Intercepts to start from.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights, at least 0; they are multiplied with those of the classes.
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
        self,
        X: MatrixLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch on these rows, from where the last call ended.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Class labels.
        classes : array-like of shape (n_classes,), default=None
            All classes that will ever come; needed by the first call.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights, at least 0.

        Returns
        -------
        self : object
        """
        with unchanged_on_error(self):
            self._check_parameters(partial=True)
            first = not hasattr(self, "classes_")
            self._set_classes(check_partial_classes(classes, getattr(self, "classes_", None)))
            self._go_on(X, y, sample_weight, first=first)
        return self

    @available_if(_gives_probabilities)
    def predict_proba(self, X: MatrixLike) -> np.ndarray:
        """Probabilities of the classes, for ``loss="log_loss"`` and ``"modified_huber"``.

        A score s stands for 1 / (1 + exp(-s)), or for (min(max(s, -1), 1) + 1) / 2 with
        "modified_huber" [1]_. Of several classes they are scaled to sum to 1 [2]_, and are
        equal where all of them are 0.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.

        References
        ----------
        .. [1] Zhang: Statistical behavior and consistency of classification methods based on
           convex risk minimization, 2004.
        .. [2] Zadrozny, Elkan: Transforming classifier scores into accurate multiclass
           probability estimates, 2002.
        """
        scores = self.decision_function(X)
        single = expit(scores) if self.loss == "log_loss" else (np.clip(scores, -1, 1) + 1) / 2
        if scores.ndim == 1:
            return np.stack([1 - single, single], axis=1)
        total = single.sum(axis=1, keepdims=True)
        equal = np.full_like(single, 1 / single.shape[1])
        return np.divide(single, total, out=equal, where=total > 0)

    @available_if(_gives_probabilities)
    def predict_log_proba(self, X: MatrixLike) -> np.ndarray:
        """Logarithms of `predict_proba`; minus infinity where that is 0.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        return np.log(self.predict_proba(X))

    # ---- classes ------------------------------------------------------------

    def _check_data(self, X, y, reset):
        X, y = super()._check_data(X, y, reset)
        if y.dtype.kind not in "iub":  # these are labels whatever they are
            with explained("y", "Pass labels of one kind: whole numbers, or strings."):
                check_classification_targets(y)
        return X, y

    def _start(self, y):
        self._set_classes(classes_of(y))

    def _check_parameters(self, *, partial=False):
        super()._check_parameters(partial=partial)
        if self.n_jobs is not None:
            check_number("n_jobs", self.n_jobs, integer=True)
        check_class_weight(self.class_weight)
        if isinstance(self.class_weight, str) and partial:
            raise ValueError(
                "class_weight 'balanced' is not supported for partial_fit. In order to use "
                "'balanced' weights, use compute_class_weight('balanced', classes=classes, y=y). "
                "In place of y you can use a large enough sample of the full training set target "
                "to properly estimate the class frequency distributions. Pass the resulting "
                "weights as the class_weight parameter."
            )

    def _set_classes(self, classes):
        if len(classes) < 2:
            raise ValueError(
                "The number of classes has to be greater than one; got 1 class: pass labels of "
                "at least two classes."
            )
        self.classes_ = classes

    def _codes(self, y, name):
        """Places of the labels in `classes_`, as float64 (n_samples, 1)."""
        codes = codes_of(y, self.classes_)
        unknown = self.classes_[np.minimum(codes, len(self.classes_) - 1)] != y
        if unknown.any():
            raise ValueError(
                f"{name} holds the label {y[unknown][:1].tolist()[0]!r}, which is not among the "
                f"classes {self.classes_.tolist()}: pass labels of these."
            )
        return codes.astype(np.float64)[:, None]

    def _validation_targets(self, y_val):
        return self._codes(column_or_1d(y_val), "y_val")

    def _problems(self, y):
        codes = self._codes(y, "y")
        weights = np.ones(len(self.classes_))
        if self.class_weight is not None:
            weights = compute_class_weight(self.class_weight, classes=self.classes_, y=y)
        threads = None if self.n_jobs is None else joblib.effective_n_jobs(self.n_jobs)
        classes, pairs = range(len(weights)), [(1.0, weight) for weight in weights]
        if len(weights) == 2:
            classes, pairs = [1], [tuple(weights)]
        return codes, (classes, pairs, threads)
