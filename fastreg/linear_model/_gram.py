"""The `precompute` parameter: whose Gram matrix is used."""

import warnings

import numpy as np
from sklearn.utils.validation import check_array

from fastreg._validation import explained


def check_precompute(precompute, *, options=()):
    """Raise unless `precompute` is a bool, one of `options`, or may be a Gram matrix."""
    if isinstance(precompute, bool | np.bool_) or hasattr(precompute, "__array__"):
        return
    if isinstance(precompute, list | tuple) or (
        isinstance(precompute, str) and precompute in options
    ):
        return
    allowed = ", ".join(["True", "False", *(repr(option) for option in options)])
    raise ValueError(
        f"precompute must be {allowed} or an array of shape (n_features, n_features), "
        f"got {precompute!r}."
    )


def precomputed_gram(precompute, design, *, check=True):
    """The user's Gram matrix as `LeastSquaresProblem` takes it, or None."""
    if isinstance(precompute, bool | np.bool_ | str) or design.is_sparse:
        return None
    p = design.n_features
    with explained("precompute", "Pass the Gram matrix of X."):
        G = check_array(precompute, dtype=[np.float64, np.float32], input_name="precompute")
    if G.shape != (p, p):
        raise ValueError(
            f"precompute has shape {G.shape}, X has {p} features: "
            f"pass the Gram matrix of X, shape ({p}, {p})."
        )
    scale = np.sqrt(design.sq_norm / design.total_weight)
    if np.any(np.abs(design.mean) > 1e-8 + 1e-5 * scale):
        warnings.warn(
            "Gram matrix was provided but X was centered to fit intercept: recomputing Gram "
            "matrix. Center X first, or leave precompute=False.",
            UserWarning,
            stacklevel=5,
        )
        return None
    if check:
        _check_gram(G, design)
    return G


def _check_gram(G, design):
    """Compare up to eight columns of G with X's own."""
    p = design.n_features
    columns = np.unique(np.linspace(0, p - 1, min(p, 8)).astype(np.intp))
    own = design.gram(np.arange(p), columns)
    norms = np.sqrt(design.sq_norm)
    scale = np.outer(norms, norms[columns])
    # sums of n products, in the precision that G came in
    single = np.float32 in (G.dtype, design.X.dtype)
    error = np.abs(G[:, columns] - own)
    tolerance = (1e-4 if single else 1e-7) * scale
    i, k = np.unravel_index(np.argmax(error - tolerance), error.shape)
    if error[i, k] > tolerance[i, k]:
        raise ValueError(
            "Gram matrix passed as precompute did not pass validation: at "
            f"[{i}, {columns[k]}] it is {G[i, columns[k]]:g}, the product of these columns of X "
            f"is {own[i, k]:g}. Pass X.T @ X of the centered and weighted X."
        )
