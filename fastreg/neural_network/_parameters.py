"""Checks of the perceptrons' parameters, and their forms for the engine."""

from collections.abc import Iterable
from numbers import Integral, Real

import numpy as np
from sklearn.metrics import get_scorer_names

from fastreg._engine.initialisation import INITIALISERS
from fastreg._engine.optimisers import Optimisation
from fastreg._engine.perceptron import Regularisation, Shape
from fastreg._engine.schedules import SCHEDULES, Schedule
from fastreg._engine.training import Course
from fastreg._progress import check_verbose
from fastreg._validation import check_flag, check_number, check_option

SOLVERS = ["lbfgs", "sgd", "adam", "adamw", "rmsprop"]
ACTIVATIONS = [
    "identity",
    "logistic",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
]
# name: range, as check_number takes it
_NUMBERS = {
    "learning_rate_init": {"low": 0, "strict": True},
    "power_t": {"low": 0},
    "max_iter": {"low": 1, "integer": True},
    "n_models": {"low": 1, "integer": True},
    "tol": {"low": 0},
    "momentum": {"low": 0, "high": 1},
    "validation_fraction": {"low": 0},
    "beta_1": {"low": 0},
    "beta_2": {"low": 0},
    "epsilon": {"low": 0, "strict": True},
    "max_fun": {"low": 1, "integer": True},
    "rho": {"low": 0},
    "warmup": {"low": 0},
    "batch_norm_momentum": {"low": 0, "high": 1, "strict": True},
    "batch_norm_epsilon": {"low": 0, "strict": True},
    "input_noise": {"low": 0},
}
_BELOW_ONE = ("validation_fraction", "beta_1", "beta_2", "rho")
_NUMBERS_OR_NONE = {
    "weight_decay": {"low": 0},
    "max_norm": {"low": 0, "strict": True},
    "clip_norm": {"low": 0, "strict": True},
    "min_delta": {"low": 0},
    "max_time": {"low": 0, "strict": True},
}
_FLAGS = ("shuffle", "warm_start", "nesterovs_momentum", "early_stopping", "bootstrap")


def check_parameters(estimator, *, incremental=False):
    """Raise for the first parameter that cannot be used, by partial_fit if `incremental`."""
    for name, limits in _NUMBERS.items():
        check_number(name, getattr(estimator, name), **limits)
    for name in _BELOW_ONE:
        _check_below_one(name, getattr(estimator, name))
    for name, limits in _NUMBERS_OR_NONE.items():
        if getattr(estimator, name) is not None:
            check_number(name, getattr(estimator, name), **limits)
    for name in _FLAGS:
        check_flag(name, getattr(estimator, name))
    check_option("solver", estimator.solver, SOLVERS)
    check_option("learning_rate", estimator.learning_rate, SCHEDULES)
    check_option("initialization", estimator.initialization, ["auto", *INITIALISERS])
    check_verbose(estimator.verbose)
    if not isinstance(estimator.batch_size, str) or estimator.batch_size != "auto":
        check_number("batch_size", estimator.batch_size, low=1, integer=True)
    _check_patience("n_iter_no_change", estimator.n_iter_no_change)
    if estimator.patience is not None:
        _check_patience("patience", estimator.patience)
    _check_callbacks(estimator.callbacks)
    _check_scoring(estimator)
    _check_bootstrap(estimator, incremental)
    _check_solver_options(estimator)


def _check_below_one(name, value):
    if value >= 1:
        raise ValueError(f"{name} must be below 1, got {value!r}: choose one in [0, 1).")


def _check_patience(name, value):
    if not (isinstance(value, Real) and value == np.inf):
        check_number(name, value, low=1, integer=True)


def _check_callbacks(callbacks):
    if callbacks is None:
        return
    if not isinstance(callbacks, list | tuple):
        raise TypeError(
            f"callbacks must be a list of functions, got {callbacks!r}: pass a list or None."
        )
    for callback in callbacks:
        if not callable(callback):
            raise TypeError(f"callbacks must be a list of functions, got {callback!r} in it.")


def _check_scoring(estimator):
    scoring = estimator.scoring
    if scoring is None:
        return
    if not callable(scoring) and not isinstance(scoring, str):
        raise TypeError(
            f"scoring must be None, a string or a function, got {scoring!r}: pass one of these."
        )
    if isinstance(scoring, str) and scoring != "loss" and scoring not in get_scorer_names():
        raise ValueError(
            f"scoring must be 'loss' or one of sklearn.metrics.get_scorer_names(), got "
            f"{scoring!r}: choose one of these."
        )
    judged = estimator.early_stopping or estimator.validation_data is not None
    if not judged and estimator.solver != "lbfgs":
        raise ValueError(
            f"scoring={scoring!r} is a score of held-out rows and there are none: set "
            "early_stopping=True, pass validation_data, or leave scoring at None."
        )


def _check_bootstrap(estimator, incremental):
    if estimator.bootstrap and estimator.n_models == 1:
        raise ValueError(
            "bootstrap=True is for several models, got n_models=1: raise n_models, or set "
            "bootstrap=False."
        )
    if estimator.bootstrap and incremental:
        raise ValueError(
            "bootstrap=True draws from all rows at once and partial_fit has some: call fit, or "
            "set bootstrap=False."
        )


def _check_solver_options(estimator):
    """Raise for what the solver has no use for, rather than leave it without effect."""
    if estimator.solver == "lbfgs":
        if estimator.learning_rate in ("cosine", "one_cycle", "plateau"):
            raise ValueError(
                f"solver='lbfgs' has no learning rate, got {estimator.learning_rate!r}: use "
                "'adam', or leave learning_rate at its default."
            )
        unused = ("l1", "dropout", "batch_norm", "input_noise", "max_norm", "clip_norm")
        unused += ("weight_decay", "warmup", "max_time", "validation_data", "scoring", "callbacks")
        unused += ("patience", "min_delta")
        for name in unused:
            if not _is_off(getattr(estimator, name)):
                raise ValueError(
                    f"solver='lbfgs' takes all rows at once and has no {name}: use 'adam', or "
                    f"leave {name} at its default."
                )


def _is_off(value):
    """Whether a parameter is None, 0 or False, or a list of these."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    values = value if isinstance(value, list | tuple) else [value]
    return all(v is None or (isinstance(v, Real) and v == 0) for v in values)


def check_epsilons(estimator, dtype):
    """Raise where a number that keeps others from 0 is 0 itself in the network's type."""
    # batch norm adds its own in double, and divides by the root in this type
    inverse = 1 / float(np.finfo(dtype).max)
    for name, least in (
        ("epsilon", float(np.finfo(dtype).tiny)),
        ("batch_norm_epsilon", inverse * inverse),
    ):
        value = getattr(estimator, name)
        if value < least:
            raise ValueError(
                f"{name}={value!r} is next to 0 in {np.dtype(dtype).name}: choose {least:.3g} at "
                "least."
            )


def _is_sequence(value):
    """Whether this holds one value for each layer; an array of no dimension doesn't."""
    return isinstance(value, Iterable) and not isinstance(value, str) and np.ndim(value) > 0


def hidden_widths(estimator):
    """Units of each hidden layer."""
    sizes = estimator.hidden_layer_sizes
    sizes = list(sizes) if _is_sequence(sizes) else [sizes]
    for size in sizes:
        if not isinstance(size, Integral) or isinstance(size, bool):
            raise TypeError(
                f"hidden_layer_sizes must hold integers, got {size!r} in "
                f"{estimator.hidden_layer_sizes!r}: pass one for each hidden layer."
            )
        if size <= 0:
            raise ValueError(
                f"hidden_layer_sizes must be > 0, got {sizes}: pass the units of each layer."
            )
        if size > np.iinfo(np.int32).max:
            raise ValueError("hidden_layer_sizes must be below 2**31: choose fewer units.")
    return tuple(int(size) for size in sizes)


def for_layers(name, value, n, what):
    """One number for each of n layers, from one for all or a list."""
    if isinstance(value, Real) and not isinstance(value, bool | np.bool_):
        return (value,) * n
    if not _is_sequence(value):
        raise TypeError(
            f"{name} must be a number, or one for {what}, got {value!r}: pass one of the two."
        )
    values = tuple(value)
    if len(values) != n:
        raise ValueError(
            f"{name} has {len(values)} values for {n} layers: pass one for {what}, or a number."
        )
    return values


def _rates(name, values):
    for value in values:
        check_number(name, value, low=0)
        _check_below_one(name, value)
    return tuple(float(value) for value in values)


def shape_of(estimator, n_features, n_outputs, output_activation):
    """The network's `Shape`."""
    hidden = hidden_widths(estimator)
    if not _is_sequence(estimator.activation):
        check_option("activation", estimator.activation, ACTIVATIONS)
        activations = (estimator.activation,) * len(hidden)
    else:
        activations = tuple(estimator.activation)
        if len(activations) != len(hidden):
            raise ValueError(
                f"activation has {len(activations)} names for {len(hidden)} hidden layers: pass "
                "one for each, or one name."
            )
    for name in activations:
        check_option("activation", name, ACTIVATIONS)
    if isinstance(estimator.batch_norm, bool | np.bool_):
        batch_norm = (bool(estimator.batch_norm),) * len(hidden)
    else:
        batch_norm = for_layers(
            "batch_norm", estimator.batch_norm, len(hidden), "each hidden layer"
        )
        for flag in batch_norm:
            check_flag("batch_norm", flag)
    return Shape((n_features, *hidden, n_outputs), activations, output_activation, batch_norm)


def regularisation_of(estimator, n_linear):
    """The network's `Regularisation`."""
    penalties = {}
    for name in ("alpha", "l1"):
        values = for_layers(name, getattr(estimator, name), n_linear, "each layer of weights")
        for value in values:
            check_number(name, value, low=0)
        penalties[name] = np.array(values, dtype=np.float64)
    dropout = estimator.dropout
    if isinstance(dropout, Real) and not isinstance(dropout, bool | np.bool_):
        dropout = (0.0,) + (dropout,) * (n_linear - 1)
    else:
        dropout = for_layers("dropout", dropout, n_linear, "the input and each hidden layer")
    return Regularisation(
        penalties["alpha"],
        penalties["l1"],
        _rates("dropout", dropout),
        float(estimator.input_noise),
        float(estimator.max_norm or 0),
        float(estimator.clip_norm or 0),
        float(estimator.batch_norm_momentum),
    )


def patience_of(estimator):
    """Epochs without progress that are borne."""
    return estimator.n_iter_no_change if estimator.patience is None else estimator.patience


def course_of(estimator, batch_size, *, incremental):
    """The training's `Course`."""
    return Course(
        batch_size=batch_size,
        max_epochs=1 if incremental else estimator.max_iter,
        shuffle=bool(estimator.shuffle),
        patience=patience_of(estimator),
        min_delta=estimator.tol if estimator.min_delta is None else estimator.min_delta,
        max_seconds=np.inf if estimator.max_time is None else estimator.max_time,
        goes_on=incremental,
    )


def optimisation_of(estimator, model):
    """A fresh `Optimisation`."""
    # scikit-learn's schedules are for "sgd" alone, as its documentation says
    name = estimator.learning_rate
    if estimator.solver != "sgd" and name in ("invscaling", "adaptive"):
        name = "constant"
    patience = patience_of(estimator)
    decay = estimator.weight_decay
    if decay is None:
        decay = 0.01 if estimator.solver == "adamw" else 0.0
    schedule = Schedule(
        name,
        estimator.learning_rate_init,
        power_t=estimator.power_t,
        max_epochs=estimator.max_iter,
        warmup=estimator.warmup,
        patience=max(1, int(min(patience, 10**9)) // 2),
    )
    return Optimisation(
        estimator.solver,
        model,
        schedule,
        momentum=estimator.momentum,
        nesterov=bool(estimator.nesterovs_momentum),
        beta_1=estimator.beta_1,
        beta_2=estimator.beta_2,
        epsilon=estimator.epsilon,
        rho=estimator.rho,
        weight_decay=decay,
    )
