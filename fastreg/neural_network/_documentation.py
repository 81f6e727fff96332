"""The part of the perceptrons' documentation that they share."""

import inspect

_COMMON = """
hidden_layer_sizes : int or sequence of int, default=(100,)
    Units of each hidden layer; () for a linear model.
activation : str or sequence of str, default="relu"
    Of the hidden layers, one name or one for each: "identity", "logistic", "tanh",
    "relu", "leaky_relu" (0.01 z below 0), "elu", "selu", "gelu" (by tanh), "silu".
solver : {"adam", "adamw", "sgd", "rmsprop", "lbfgs"}, default="adam"
    "lbfgs" takes all rows at once and suits small data; the others take mini-batches.
    "adamw" is "adam" with a `weight_decay` of 0.01 unless that is given.
alpha : float or sequence of float, default=0.0001
    Strength of the L2 penalty on the weights, or one for each layer of weights.
batch_size : int or "auto", default="auto"
    Rows of a mini-batch; "auto" is min(200, n_samples).
learning_rate : {"constant", "invscaling", "adaptive", "cosine", "one_cycle", "plateau"}, \
        default="constant"
    "invscaling" divides by (samples seen + 1)^`power_t` after each epoch and "adaptive" by
    5 instead of stopping early, both for "sgd" alone, as in scikit-learn. "cosine" falls to
    0 over `max_iter` epochs; "one_cycle" rises from a 25th for 30% of them, then falls;
    "plateau" halves after half of the patience without progress.
learning_rate_init : float, default=0.001
    The first rate; the largest of "one_cycle".
power_t : float, default=0.5
    Of "invscaling".
max_iter : int, default=200
    Epochs, or iterations of "lbfgs", at most.
shuffle : bool, default=True
    Take the rows in a new order in each epoch.
random_state : int, RandomState instance or None, default=None
    Of first weights, held-out rows, orders and masks. Without dropout or noise the same
    numbers are drawn as in scikit-learn.
tol : float, default=1e-4
    What counts as progress in an epoch; the tolerance of the gradient for "lbfgs".
verbose : bool or int, default=False
    1 shows a bar where tqdm is installed, more than 1 a line for each epoch; "lbfgs" has a
    line for each iteration.
warm_start : bool, default=False
    Start from the weights of the last fit.
momentum : float, default=0.9
    Of "sgd", from 0 to 1.
nesterovs_momentum : bool, default=True
    Nesterov's momentum for "sgd".
early_stopping : bool, default=False
    Judge epochs by a score on held-out rows, stop when it no longer improves, and go back
    to the best weights.
validation_fraction : float, default=0.1
    Share of the rows that is held out where `validation_data` is None.
beta_1, beta_2 : float, default=0.9, 0.999
    Decay of the running means of "adam" and "adamw", in [0, 1).
epsilon : float, default=1e-8
    Keeps "adam", "adamw" and "rmsprop" from dividing by 0.
n_iter_no_change : int or inf, default=10
    Epochs without progress that are borne.
max_fun : int, default=15000
    Evaluations for "lbfgs", at most.
dropout : float or sequence of float, default=0.0
    Share of units that is silent in each step of training, in [0, 1): one rate for all
    hidden layers, or a sequence for the input and each hidden layer [1]_.
batch_norm : bool or sequence of bool, default=False
    Normalise each unit's input over the batch [2]_, in all hidden layers or by layer. After
    the fit it is part of `coefs_` and `intercepts_`. A last batch of less than half the
    rows joins its neighbour.
batch_norm_momentum : float, default=0.1
    Weight of a batch in the running statistics; the first batches are averaged.
batch_norm_epsilon : float, default=1e-5
    Added to variances.
l1 : float or sequence of float, default=0.0
    Strength of the L1 penalty, as `alpha`. Each step ends with its proximal operator, so
    that weights become exactly zero.
weight_decay : float or None, default=None
    Share of the weights, times the rate, that each step takes away beside the gradient
    [3]_. None is 0.01 for "adamw" and 0 for others.
max_norm : float or None, default=None
    Bound on the norm of the weights into each unit.
clip_norm : float or None, default=None
    Bound on the norm of a step's whole gradient.
input_noise : float, default=0.0
    Standard deviation of noise that is added to X in training.
initialization : str, default="auto"
    "glorot", "he" or "lecun" with "_uniform" or "_normal"; "auto" is scikit-learn's
    Glorot for its activations, LeCun for "selu" and He for the others.
rho : float, default=0.9
    Decay of the running mean of "rmsprop", in [0, 1).
warmup : float, default=0.0
    Epochs in which the rate rises from 0.
validation_data : None, tuple or splitter, default=None
    Held-out rows: (X, y), (X, y, sample_weight), or a splitter whose first split is used.
    They are scored in every epoch, also without `early_stopping`.
scoring : str, callable or None, default=None
    A scorer of held-out rows, or "loss" for minus the loss on them; None is accuracy or R2.
patience, min_delta : default=None
    Where given, used for `n_iter_no_change` and `tol`.
max_time : float or None, default=None
    Seconds after which no further epoch is begun.
callbacks : sequence of callables or None, default=None
    Each is called as ``callback(model, epoch)`` after every epoch, with a model that
    predicts and an object with `number`, `loss`, `validation_score`, `validation_loss`,
    `learning_rate` and `seconds`. One that returns a true value stops the training.
n_models : int, default=1
    Models with seeds of their own that are trained side by side; predictions are means of
    theirs. `estimators_` holds them.
bootstrap : bool, default=False
    Let each of several models learn from as many rows as there are, drawn with replacement,
    with probabilities in proportion to their weights [4]_. For `fit` only.
"""

_ATTRIBUTES = """
coefs_ : list of ndarray
    Weights of each layer, (inputs, outputs), in the dtype of X; not with `n_models` > 1.
intercepts_ : list of ndarray
    Intercepts of each layer; not with `n_models` > 1.
estimators_ : list of estimators
    With `n_models` > 1 the models, each as an estimator of its own with all attributes. Those
    here that tell of losses and scores are then means over the models that trained in
    an epoch, except for `best_validation_score_`.
seeds_ : ndarray of shape (n_models,)
    With `n_models` > 1 the `random_state` of each, drawn from that of the estimator.
loss_ : float
    The last epoch's mean loss, penalties included; of several models the mean over each
    one's last.
best_loss_ : float or None
    The smallest; None with `early_stopping`.
loss_curve_ : list of float
    The mean loss of each epoch, while it was trained.
validation_scores_ : list of float or None
    The score on held-out rows after each epoch.
validation_loss_curve_ : list of float or None
    The loss on held-out rows after each epoch, without penalties.
best_validation_score_ : float or None
    The largest score, with `early_stopping`; the score of the mean prediction of several
    models, each at its best epoch.
best_epoch_ : int
    The epoch of the smallest loss or largest score, counted from 1; not with `n_models` > 1.
stop_reason_ : str
    "patience", "max_epochs", "max_time", "callback" or "interrupt"; of several models that of
    those that were trained longest, "patience" only where all of these have run out of it.
n_iter_ : int
    Epochs of the last fit, of several models the most.
t_ : int
    Rows seen, of several models the most.
n_layers_ : int
    Layers, input and output included.
n_outputs_ : int
    Outputs.
out_activation_ : str
    Of the output: "identity", "exp", "logistic" or "softmax".
n_features_in_ : int
feature_names_in_ : ndarray of shape (n_features,)
    Where X has string column names.
"""

_NOTES = """
Raises
------
TypeError, ValueError
    For a parameter or data that cannot be used; the estimator is left as it was.

Warns
-----
ConvergenceWarning
    If `max_iter` was reached before training stopped by itself.
UserWarning
    If the user interrupted training; the model is usable.

Notes
-----
An epoch is one call of a kernel. Results don't depend on the number of threads.

References
----------
.. [1] Srivastava et al.: Dropout, 2014.
.. [2] Ioffe, Szegedy: Batch normalization, 2015.
.. [3] Loshchilov, Hutter: Decoupled weight decay regularization, 2017.
.. [4] Breiman: Bagging predictors, 1996.
"""


def documented(cls):
    """Put the shared parts in place of {common}, {attributes} and {notes}."""
    text = cls.__doc__ or ""
    parts = {"common": _COMMON, "attributes": _ATTRIBUTES, "notes": _NOTES}
    for name, part in parts.items():
        lines = inspect.cleandoc(part).replace("\n", "\n    ")
        text = text.replace("{" + name + "}", lines)
    cls.__doc__ = text
    return cls
