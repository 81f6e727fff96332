"""Checks of parameters and data, before any work and cheap on arrays.

Everything that is not a plain float array goes through scikit-learn's public
`validate_data`. A plain float array needs only a few comparisons: whether it is
finite comes out of the first pass over it (`Design.is_finite`).
"""

import math
import sys
import warnings
from contextlib import contextmanager
from numbers import Integral, Real

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import DataConversionWarning
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import (
    check_array,
    check_is_fitted,
    check_X_y,
    validate_data,
)

from fastreg._engine.design import has_unit_stride
from fastreg._engine.threads import n_threads_for
from fastreg._kernels.finite import all_finite, all_finite_in_threads

_DATA_REMEDY = (
    "Pass real numbers: X of shape (n_samples, n_features), dense or sparse, and y of shape "
    "(n_samples,) or (n_samples, n_targets), with one entry for each row of X."
)
_CLASS_REMEDY = (
    "Pass real numbers X of shape (n_samples, n_features), dense or sparse, and a label for each "
    "row of X, or an indicator matrix of shape (n_samples, n_labels)."
)
# operations of a network's fit with each number of X, at least
_WORK_OF_NUMBER = 64
_FLOATS = (np.dtype(np.float64), np.dtype(np.float32))
_FIT_CHECKS = {
    "accept_sparse": "csc",
    "dtype": [np.float64, np.float32],
    "multi_output": True,
    "y_numeric": True,
}


@contextmanager
def unchanged_on_error(estimator):
    """Leave `estimator` as it was when the block raises."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def user_stacklevel():
    """The stacklevel, for a warning that the caller gives, of the line that called fastreg."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_globals["__name__"].startswith("fastreg."):
        frame, level = frame.f_back, level + 1
    return level


# ---- parameters ------------------------------------------------------------


def check_number(name, value, *, low=None, high=None, integer=False, strict=False):
    """Raise unless `value` is a number in [low, high]; (low, high] where `strict`."""
    kind, label = (Integral, "an integer") if integer else (Real, "a number")
    plain = type(value) is int or (type(value) is float and not integer)
    if not plain and (isinstance(value, bool | np.bool_) or not isinstance(value, kind)):
        raise TypeError(
            f"{name} must be {label}{_range(low, high, strict)}, got {value!r} "
            f"of type {type(value).__name__}: pass {label}."
        )
    too_low = low is not None and (value <= low if strict else value < low)
    if too_low or (high is not None and value > high) or not abs(value) <= sys.float_info.max:
        raise ValueError(
            f"{name} must be {label}{_range(low, high, strict)}, got {value!r}: "
            f"choose one in that range."
        )


def _range(low, high, strict):
    if low is None:
        return ""
    if high is None:
        return f" {'>' if strict else '>='} {low}"
    return f" in {'(' if strict else '['}{low}, {high}]"


def check_flag(name, value):
    """Raise unless `value` is True or False."""
    if value is not True and value is not False and not isinstance(value, np.bool_):
        raise TypeError(f"{name} must be True or False, got {value!r}: pass one of the two.")


def check_option(name, value, options):
    """Raise unless `value` is one of `options`."""
    if not isinstance(value, str):
        raise TypeError(
            f"{name} must be one of {sorted(options)}, got {value!r} "
            f"of type {type(value).__name__}: pass a string."
        )
    if value not in options:
        raise ValueError(f"{name} must be one of {sorted(options)}, got {value!r}.")


def check_alphas(alphas, *, strict=False):
    """Raise unless these are finite numbers of at least 0, or above 0 where `strict`."""
    if isinstance(alphas, str) or np.ndim(alphas) == 0 or len(alphas) == 0:
        raise TypeError(f"alphas must be a number of alphas or a list of them, got {alphas!r}.")
    for k, alpha in enumerate(alphas):
        if not isinstance(alpha, Real) or isinstance(alpha, bool | np.bool_):
            raise TypeError(
                f"alphas[{k}] must be an instance of float, not {type(alpha).__name__}: "
                "pass numbers."
            )
        too_small = not alpha > 0 if strict else not alpha >= 0
        if too_small or not alpha < np.inf:
            raise ValueError(
                f"alphas[{k}] == {alpha}, must be {'>' if strict else '>='} 0.0"
                f"{' and finite' * (alpha == np.inf)}."
            )


def check_class_weight(class_weight):
    """Raise unless this is None, "balanced" or a dict of a weight for each label."""
    if class_weight is None or isinstance(class_weight, dict):
        for label, weight in (class_weight or {}).items():
            check_number(f"class_weight[{label!r}]", weight, low=0)
    elif not isinstance(class_weight, str) or class_weight != "balanced":
        raise (ValueError if isinstance(class_weight, str) else TypeError)(
            f"class_weight must be None, 'balanced' or a dict, got {class_weight!r}: "
            "pass one of these."
        )


def check_partial_classes(classes, known):
    """All classes that calls of partial_fit will ever see, sorted.

    `classes` is what this call was given, `known` what an earlier one was, or None.
    """
    if classes is None and known is None:
        raise ValueError(
            "classes must be passed on the first call to partial_fit: all classes that will "
            "ever come."
        )
    if classes is None:
        return known
    given = unique_labels(classes)
    if known is not None and not np.array_equal(known, given):
        raise ValueError(
            f"`classes={classes!r}` is not the same as on last call to partial_fit, was: "
            f"{known.tolist()}. Pass the same, or none; fit starts anew."
        )
    return given


# ---- data ------------------------------------------------------------------


def n_targets_of(y):
    """Targets of a y (n_samples,) or (n_samples, n_targets)."""
    return 1 if y.ndim == 1 else y.shape[1]


@contextmanager
def explained(what, remedy):
    """Say what cannot be used, and what to do, with an error of the block's."""
    try:
        yield
    except (ValueError, TypeError) as error:
        kind = ValueError if isinstance(error, ValueError) else TypeError
        sentence = str(error).strip()
        if not sentence.endswith((".", ":", "?", "!")):
            sentence += "."
        raise kind(f"{what} cannot be used: {sentence} {remedy}") from error


def as_numbers(name, value, **checks):
    """`value` as a finite float64 array."""
    with explained(name, "Pass finite real numbers."):
        return check_array(
            value, dtype=np.float64, ensure_2d=False, allow_nd=True, input_name=name, **checks
        )


def check_fit_input(estimator, X, y):
    """X and y as the kernels take them; sets `n_features_in_` and feature names.

    Dense X stays where it is unless neither of its axes has unit stride; sparse X
    becomes CSC. Plain arrays are not yet known to be finite: see `check_finite`.
    """
    if _are_plain(X, y):
        _remember_unnamed(estimator, X)
    else:
        with explained("X or y", _DATA_REMEDY):
            _refuse_sparse_target(y)
            X, y = validate_data(estimator, X, y, **_FIT_CHECKS)
            _check_target(y)
    return solver_layout(X), np.asarray(y)


def check_chunk(estimator, X, y, *, first):
    """X (an array of any real dtype, or CSR) and y of some rows of a stream.

    X is not read and not converted, so that it can be a memory map: see `check_finite`.
    The first chunk sets `n_features_in_` and feature names, later ones must have them.
    """
    if not first and _are_plain(X, y) and _is_expected(estimator, X):
        return X, y
    checks = {**_FIT_CHECKS, "accept_sparse": "csr", "dtype": "numeric"}
    with explained("X or y", _DATA_REMEDY):
        _refuse_sparse_target(y)
        X, y = validate_data(estimator, X, y, reset=first, ensure_all_finite=False, **checks)
        y = np.asarray(y)
        _check_target(y)
    return X, y


def takes_plain_rows(estimator, X, y, *, reset):
    """Whether X is a plain float array and y has a finite number for each row, as networks
    take them: all that `validate_data` would find out, but whether X is finite."""
    plain = (
        _is_plain(X, 2)
        and type(y) is np.ndarray
        and y.shape == X.shape[:1]
        and (y.dtype.kind in "biu" or (y.dtype in _FLOATS and np.isfinite(y).all()))
        and (reset or _is_expected(estimator, X))
    )
    if plain and reset:
        _remember_unnamed(estimator, X)
    return plain


def check_finite_rows(estimator, X):
    """Refuse NaN and infinities in X, which is read by all threads of a long fit."""
    numbers = X.data if sp.issparse(X) else X
    if numbers.flags.c_contiguous or numbers.flags.f_contiguous:
        # a fit does more than this with each number
        n_threads = n_threads_for(numbers.size, _WORK_OF_NUMBER * numbers.size)
        if all_finite_in_threads(numbers, n_threads):
            return
    assert_all_finite(numbers, estimator_name=type(estimator).__name__, input_name="X")


def check_classifier_input(estimator, X, y):
    """X as the kernels take it, and labels y (n_samples,) or an indicator of several."""
    with explained("X or y", _CLASS_REMEDY):
        _refuse_sparse_target(y)
        X, y = validate_data(estimator, X, y, **_FIT_CHECKS | {"y_numeric": False})
        y = without_axis(y)
        check_classification_targets(y)
    return solver_layout(X), y


def without_axis(y):
    """y, of shape (n_samples,) where it has a single column: with a warning, as scikit-learn."""
    if y.ndim != 2 or y.shape[1] != 1:
        return y
    warnings.warn(
        "A column-vector y was passed when a 1d array was expected. Please change the shape of y "
        "to (n_samples,), for example using ravel().",
        DataConversionWarning,
        stacklevel=user_stacklevel(),
    )
    return y.ravel()


def check_path_input(X, y):
    """The same for a function that has no estimator."""
    if not _are_plain(X, y):
        with explained("X or y", _DATA_REMEDY):
            _refuse_sparse_target(y)
            X, y = check_X_y(X, y, **_FIT_CHECKS)
            _check_target(y)
    return solver_layout(X), np.asarray(y)


def _refuse_sparse_target(y):
    if sp.issparse(y):
        raise TypeError("y is a sparse matrix: pass a dense array, y.toarray().")


def _check_target(y):
    if y.ndim > 2 or y.size == 0:
        raise ValueError(f"y has shape {y.shape}.")
    if y.dtype.kind not in "fiub":
        raise TypeError(f"y has dtype {y.dtype}.")


def _remember_unnamed(estimator, X):
    """X is what the estimator is fitted to, and has no names of features."""
    estimator.n_features_in_ = X.shape[1]
    vars(estimator).pop("feature_names_in_", None)


def _is_expected(estimator, X):
    """Whether an array has as many features as the estimator was fitted to, without names."""
    fitted = vars(estimator)
    return "feature_names_in_" not in fitted and X.shape[1] == fitted["n_features_in_"]


def _are_plain(X, y):
    return _is_plain(X, 2) and _is_plain(y, None) and X.shape[0] == y.shape[0]


def _is_plain(array, ndim):
    return (
        type(array) is np.ndarray
        and array.dtype in _FLOATS
        and (array.ndim == ndim if ndim else array.ndim in (1, 2))
        and array.size > 0
    )


def solver_layout(X):
    """X with a layout that the kernels read; a copy only where there is no other way."""
    if sp.issparse(X):
        X = X.tocsc()
        if not X.has_canonical_format:
            X = X.copy()
            X.sum_duplicates()
        return narrow_indices(X, "fit on fewer rows")
    return X if has_unit_stride(X) else np.ascontiguousarray(X)


def narrow_indices(X, remedy):
    """CSC or CSR X with the 32-bit indices that kernels read."""
    if X.indices.dtype == X.indptr.dtype == np.intc:
        return X
    if max(X.nnz, *X.shape) > np.iinfo(np.intc).max:
        raise ValueError(
            f"X holds {X.nnz} nonzeros in shape {X.shape}, more than 32-bit indices count: "
            f"{remedy}."
        )
    parts = (X.data, X.indices.astype(np.intc), X.indptr.astype(np.intc))
    return (sp.csc_array if X.format == "csc" else sp.csr_array)(parts, shape=X.shape)


def check_finite(estimator, design, X, y):
    """Raise for a NaN or infinity in X or y, which the first pass has noticed."""
    y_is_finite = all_finite(design.squared_norms)
    if design.is_finite and y_is_finite:
        return
    owner = type(estimator).__name__ if estimator is not None else ""
    for name, array, good in (("y", y, y_is_finite), ("X", X, design.is_finite)):
        if not good:
            # finite numbers whose squares overflow get through: solvers notice
            with np.errstate(all="ignore"):
                check_array(
                    array,
                    accept_sparse=True,
                    ensure_2d=False,
                    allow_nd=True,
                    input_name=name,
                    estimator=owner,
                )


def check_sample_weight(sample_weight, n_samples, *, all_zero=False):
    """Weights as a float64 array, or None where they are None; `all_zero` allows that."""
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Real):
        check_number("sample_weight", sample_weight, low=0, strict=True)
        return np.full(n_samples, sample_weight, dtype=np.float64)
    weights = as_numbers("sample_weight", sample_weight, order="C")
    if weights.shape != (n_samples,):
        what = "" if weights.ndim == 1 else "Sample weights must be 1D array or scalar: "
        raise ValueError(
            f"{what}sample_weight has shape {weights.shape}, X has {n_samples} samples: "
            f"pass one weight for each sample, shape ({n_samples},)."
        )
    lowest = weights.min()
    if lowest < 0:
        raise ValueError(
            f"sample_weight must not be negative, got {lowest} at index "
            f"{int(weights.argmin())}: use 0 to leave a sample out."
        )
    if not all_zero and not weights.any():
        raise ValueError("sample_weight is zero for every sample: give at least one some weight.")
    return weights


def check_total_weight(weights):
    """Weights whose sum, and its reciprocal, are numbers; or None."""
    if weights is None:
        return None
    with np.errstate(over="ignore"):
        total = weights.sum()
    if not np.finfo(np.float64).tiny <= total < math.inf:
        raise ValueError(
            f"sample_weight, times class_weight, sums to {total:.3g}, which is too "
            f"{'large' if total > 1 else 'small'} to divide by: divide the weights by their mean."
        )
    return weights


def predict_linear(estimator, X):
    """X @ coef_.T + intercept_, validated; a plain array costs a few comparisons."""
    fitted = vars(estimator)
    if "coef_" not in fitted:
        check_is_fitted(estimator)
    plain = _is_plain(X, 2) or (sp.issparse(X) and X.ndim == 2 and X.dtype in _FLOATS)
    if plain and "feature_names_in_" not in fitted and X.shape[1] == fitted["n_features_in_"]:
        with np.errstate(all="ignore"):
            result = X @ estimator.coef_.T + estimator.intercept_
        # a NaN or infinity in X cannot leave the result finite
        if np.isfinite(result.sum()):
            return result
    X = validate_data(estimator, X, accept_sparse=["csr", "csc", "coo"], reset=False)
    return X @ estimator.coef_.T + estimator.intercept_
