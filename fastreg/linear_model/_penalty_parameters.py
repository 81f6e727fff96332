"""The parameters `penalty_factor`, `lower` and `upper`: a number or one for each feature."""

from collections.abc import Mapping
from functools import partial

import numpy as np

from fastreg._validation import explained


def penalty_options(parameters, n_features, n_targets=1):
    """`positive`, `factor`, `lower` and `upper` as `elastic_net_penalty` takes them, checked.

    Parameters
    ----------
    parameters : estimator or mapping
        Where `penalty_factor`, `lower`, `upper` and `positive` are found.
    n_features : int
    n_targets : int, default=1
        Targets that share one penalty: bounds are for one.

    Returns
    -------
    dict
        `positive` as it is; arrays (n_features,), or None where the default is meant.

    Raises
    ------
    TypeError, ValueError
        For a shape, a number or a combination that cannot be used.
    """
    is_mapping = isinstance(parameters, Mapping)
    given = parameters.__getitem__ if is_mapping else partial(getattr, parameters)

    def read(name):
        value = given(name)
        return None if value is None else _one_each(name, value, n_features)

    positive = given("positive")
    factor, lower, upper = read("penalty_factor"), read("lower"), read("upper")
    if factor is not None:
        _refuse(
            "penalty_factor",
            factor,
            ~(np.isfinite(factor) & (factor >= 0)),
            "must be finite and at least 0",
            "use 0 for a feature that is never penalised, and lower=0 with upper=0 for one that "
            "is left out",
        )
    if positive and lower is not None:
        raise ValueError(
            "positive=True stands for lower=0, and lower was given too: pass one of the two."
        )
    for name, bound, wrong in (
        ("lower", lower, lambda bound: bound > 0),
        ("upper", upper, lambda bound: bound < 0),
    ):
        if bound is None:
            continue
        side = "at most" if name == "lower" else "at least"
        _refuse(
            name, bound, wrong(bound), f"must be {side} 0", "a coefficient of 0 must be allowed"
        )
        if n_targets > 1:
            raise ValueError(
                f"{name} needs a single target, and y has {n_targets}: fit them one by one, "
                f"or leave {name}=None."
            )
    return {
        "positive": positive,
        "factor": None if factor is None or (factor == 1).all() else factor,
        "lower": None if lower is None or (lower == -np.inf).all() else lower,
        "upper": None if upper is None or (upper == np.inf).all() else upper,
    }


def limits_within(design, limits):
    """What `penalty_options` gave, for the coefficients of a design's own columns.

    Bounds are for the coefficients of X. Where columns are standardised they are rounded
    towards zero, so that dividing again ends within them.
    """
    scale = design.column_scale
    if scale is None:
        return limits
    scaled = dict(limits)
    for name in ("lower", "upper"):
        if limits[name] is not None:
            bound = limits[name] * scale
            outside = np.abs(bound / scale) > np.abs(limits[name])
            scaled[name] = np.where(outside, np.nextafter(bound, 0.0), bound)
    return scaled


def _one_each(name, value, n_features):
    """A new float64 array (n_features,) of the number or numbers in `value`."""
    with explained(name, "Pass a number, or an array with one for each feature."):
        array = np.asarray(value)
        if array.dtype.kind not in "iuf" and not (array.dtype == object and array.ndim == 1):
            raise TypeError(f"it is {value!r}.")
        array = array.astype(np.float64)
    if array.ndim and array.shape != (n_features,):
        raise ValueError(
            f"{name} has shape {array.shape}, X has {n_features} features: "
            f"pass a number, or one for each feature, shape ({n_features},)."
        )
    array = np.array(np.broadcast_to(array, (n_features,)))
    _refuse(name, array, np.isnan(array), "must not be NaN", "pass a number")
    return array


def _refuse(name, array, wrong, rule, remedy):
    """Raise for the first entry that is `wrong`."""
    if wrong.any():
        j = int(wrong.argmax())
        raise ValueError(f"{name} {rule}, got {array[j]} for feature {j}: {remedy}.")
