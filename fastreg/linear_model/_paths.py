"""lasso_path and enet_path."""

from __future__ import annotations

import warnings
from dataclasses import replace
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state

from fastreg._engine.design import Design
from fastreg._engine.path import PathEngine
from fastreg._engine.penalties import alpha_grid, elastic_net_penalty
from fastreg._engine.problem import LeastSquaresProblem
from fastreg._engine.threads import fit_threads
from fastreg._progress import check_verbose, progress
from fastreg._typing import MatrixLike
from fastreg._validation import (
    as_numbers,
    check_finite,
    check_flag,
    check_number,
    check_option,
    check_path_input,
    check_sample_weight,
    n_targets_of,
    solver_layout,
)
from fastreg.linear_model._base import warn_no_convergence
from fastreg.linear_model._gram import check_precompute, precomputed_gram
from fastreg.linear_model._penalty_parameters import penalty_options

# What enet_path takes beside its named parameters, with the defaults.
_SOLVER_PARAMETERS = {
    "tol": 1e-4,
    "max_iter": 1000,
    "random_state": None,
    "selection": "cyclic",
    "sample_weight": None,
    "penalty_factor": None,
    "lower": None,
    "upper": None,
}


def lasso_path(
    X: MatrixLike,
    y: ArrayLike,
    *,
    eps: float = 1e-3,
    n_alphas: int | str = "deprecated",
    alphas: int | ArrayLike = "warn",
    precompute: str | bool | ArrayLike = "auto",
    Xy: ArrayLike | None = None,
    copy_X: bool = True,
    coef_init: ArrayLike | None = None,
    verbose: bool | int = False,
    return_n_iter: bool = False,
    positive: bool = False,
    **params,
) -> tuple:
    r"""Lasso coefficients along a path of alphas, without intercept.

    For one target, minimises for each alpha

    .. math:: \frac{1}{2 N} \sum_i s_i (y_i - x_i'w)^2 + \alpha \|w\|_1

    with :math:`s_i` the weights scaled to sum to :math:`N` = n_samples. This is
    :func:`enet_path` with ``l1_ratio=1``; see there for several targets, for what the
    parameters mean, what is returned, and the errors.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
    eps, n_alphas, alphas, precompute, Xy, copy_X, coef_init : as in enet_path
    verbose, return_n_iter, positive, **params : as in enet_path

    Returns
    -------
    alphas, coefs, dual_gaps
        As of :func:`enet_path`, with `n_iters` where ``return_n_iter=True``.

    References
    ----------
    .. [1] Tibshirani: Regression shrinkage and selection via the lasso, 1996.
    .. [2] Friedman, Hastie, Tibshirani: Regularization paths for generalized linear
       models via coordinate descent, 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from fastreg import lasso_path
    >>> X = np.array([[1, 2, 3.1], [2.3, 5.4, 4.3]]).T
    >>> y = np.array([1, 2, 3.1])
    >>> alphas, coefs, gaps = lasso_path(X, y, alphas=[5.0, 1.0, 0.5], tol=1e-10)
    >>> print(coefs.round(3))
    [[0.    0.    0.469]
     [0.216 0.443 0.237]]
    """
    if "l1_ratio" in params:
        raise ValueError(
            "Unexpected parameters in params: ['l1_ratio']. lasso_path is enet_path with "
            "l1_ratio=1: call enet_path for another."
        )
    return _path(
        X,
        y,
        l1_ratio=1.0,
        check_input=params.pop("check_input", True),
        eps=eps,
        n_alphas=n_alphas,
        alphas=alphas,
        precompute=precompute,
        Xy=Xy,
        copy_X=copy_X,
        coef_init=coef_init,
        verbose=verbose,
        return_n_iter=return_n_iter,
        positive=positive,
        **params,
    )


def enet_path(
    X: MatrixLike,
    y: ArrayLike,
    *,
    l1_ratio: float = 0.5,
    eps: float = 1e-3,
    n_alphas: int | str = "deprecated",
    alphas: int | ArrayLike = "warn",
    precompute: str | bool | ArrayLike = "auto",
    Xy: ArrayLike | None = None,
    copy_X: bool = True,
    coef_init: ArrayLike | None = None,
    verbose: bool | int = False,
    return_n_iter: bool = False,
    positive: bool = False,
    check_input: bool = True,
    **params,
) -> tuple:
    r"""Elastic-net coefficients along a path of alphas, without intercept.

    For one target, minimises for each alpha

    .. math::

        \frac{1}{2 N} \sum_i s_i (y_i - x_i'w)^2
        + \alpha \rho \|w\|_1 + \frac{\alpha (1 - \rho)}{2} \|w\|_2^2

    with :math:`\rho` = `l1_ratio`, :math:`s_i` the weights scaled to sum to
    :math:`N` = n_samples. For several targets the norm :math:`\|w\|_1` is the sum over
    features of the Euclidean norm over targets, so that a feature enters for all
    targets at once.

    Parameters
    ----------
    X : array-like or sparse matrix of shape (n_samples, n_features)
        Never copied or written to, in either order.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
    l1_ratio : float, default=0.5
        Share of the L1 penalty, from 0 to 1; 0 needs `alphas` as values.
    eps : float, default=1e-3
        Smallest alpha of an automatic grid, as a share of the largest, at most 1.
    n_alphas : int
        Deprecated as in scikit-learn 1.9: use `alphas`.
    alphas : int or array-like, default=100
        How many alphas on an automatic grid, or the alphas themselves.
    precompute : "auto", bool or array-like of shape (n_features, n_features)
        "auto" and False leave the choice to the solver, True forms the whole
        Gram matrix, an array is the Gram matrix of X (with weights in it).
    Xy : array-like of shape (n_features,) or (n_features, n_targets), default=None
        X'y. It comes with the first pass over X anyway; a given one is compared.
    copy_X : bool, default=True
        X is never written to, so both values leave it as it was.
    coef_init : array-like of shape (n_features,) or (n_targets, n_features), default=None
        Where to start the first alpha.
    verbose : bool or int, default=False
        Show progress: a bar where tqdm is installed, a line for each alpha otherwise.
    return_n_iter : bool, default=False
        Return sweeps as well.
    positive : bool, default=False
        Keep coefficients at or above zero; for one target only.
    check_input : bool, default=True
        False skips the checks of X and y.
    **params
        `tol` (1e-4), `max_iter` (1000), `selection` ("cyclic"), `random_state`,
        `sample_weight`, `penalty_factor`, `lower` and `upper`, as in
        :class:`ElasticNet`; bounds for one target only.

    Returns
    -------
    alphas : ndarray of shape (n_alphas,)
        In decreasing order.
    coefs : ndarray of shape (n_features, n_alphas) or (n_targets, n_features, n_alphas)
    dual_gaps : ndarray of shape (n_alphas,)
        float64, over n_samples.
    n_iters : list of int
        Sweeps for each alpha, if `return_n_iter`.

    Raises
    ------
    TypeError, ValueError
        For a parameter or data that cannot be used.

    Warns
    -----
    ConvergenceWarning
        If some alpha stopped above the tolerance.

    References
    ----------
    .. [1] Zou, Hastie: Regularization and variable selection via the elastic net, 2005.
    .. [2] Friedman, Hastie, Tibshirani: Regularization paths for generalized linear
       models via coordinate descent, 2010.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from fastreg import enet_path
    >>> X, y = load_diabetes(return_X_y=True)
    >>> alphas, coefs, gaps = enet_path(X, y - y.mean(), l1_ratio=0.8, alphas=5)
    >>> coefs.shape
    (10, 5)
    >>> print((coefs != 0).sum(axis=0))
    [ 0  9  9 10 10]
    """
    return _path(
        X,
        y,
        l1_ratio=l1_ratio,
        check_input=check_input,
        eps=eps,
        n_alphas=n_alphas,
        alphas=alphas,
        precompute=precompute,
        Xy=Xy,
        copy_X=copy_X,
        coef_init=coef_init,
        verbose=verbose,
        return_n_iter=return_n_iter,
        positive=positive,
        **params,
    )


def _path(
    X,
    y,
    *,
    l1_ratio,
    eps,
    n_alphas,
    alphas,
    precompute,
    Xy,
    coef_init,
    verbose,
    return_n_iter,
    positive,
    check_input,
    copy_X,
    **params,
):
    """enet_path's work; warnings point two calls up, at the caller of either path."""
    alphas = _resolve_alphas(n_alphas, alphas)
    check_number("l1_ratio", l1_ratio, low=0, high=1)
    if isinstance(alphas, int):
        check_grid(l1_ratio, eps)
    check_verbose(verbose)
    check_precompute(precompute, options=("auto",))
    flags = {"copy_X": copy_X, "return_n_iter": return_n_iter, "check_input": check_input}
    for name, value in {**flags, "positive": positive}.items():
        check_flag(name, value)
    options = solver_options(params)
    X, y = check_path_input(X, y) if check_input else (solver_layout(X), np.asarray(y))
    weights = check_path_target(y, positive, options["sample_weight"])
    limits = penalty_options({**options, "positive": positive}, X.shape[1], n_targets_of(y))
    with fit_threads():
        n_alphas = alphas if isinstance(alphas, int) else len(alphas)
        design = Design(
            X, y, sample_weight=weights, fit_intercept=False, expected_passes=2 * n_alphas + 2
        )
        if check_input:
            check_finite(None, design, X, y)
        _compare_correlation(Xy, design)
        W = _start(coef_init, design)
        gram = precomputed_gram(precompute, design, check=check_input)
        if isinstance(alphas, int):
            alphas = alpha_grid(design, l1_ratio, eps=eps, n_alphas=alphas, **limits)
        engine = path_engine(design, options, gram=gram, whole_gram=precompute is True)
        coefs = np.empty((len(alphas), *W.shape), dtype=X.dtype)
        solutions = []
        for k, (_, _, solution) in enumerate(
            path_steps(engine, alphas, l1_ratio, W, limits, verbose)
        ):
            coefs[k] = solution.W
            solutions.append(replace(solution, W=None))
    return _result(alphas, np.moveaxis(coefs, 0, -1), solutions, design, options, y, return_n_iter)


def path_engine(design, options, *, gram=None, whole_gram=False):
    """The engine for all targets of `design`, with `solver_options`."""
    return PathEngine(
        LeastSquaresProblem(design, gram=gram),
        tol=options["tol"],
        max_iter=options["max_iter"],
        rng=options["rng"],
        whole_gram=whole_gram,
    )


def path_steps(engine, alphas, l1_ratio, W, limits, verbose):
    """Yield (alpha, penalty, solution) from the largest of `alphas` on, starting at W.

    `limits` are what `elastic_net_penalty` takes beside the strength.
    """
    total_weight = engine.design.total_weight
    penalties = [elastic_net_penalty(alpha, l1_ratio, total_weight, **limits) for alpha in alphas]

    def describe(step):
        alpha, _, solution = step
        return (
            f"alpha {alpha:.4g}, {len(solution.support)} features, "
            f"gap {solution.gap / total_weight:.2e}, {solution.n_iter} sweeps"
        )

    steps = zip(alphas, penalties, engine.path(penalties, W), strict=True)
    return progress(steps, len(alphas), "path", verbose, describe)


def warn_path(alphas, solutions, total_weight, options, stacklevel):
    """One warning for all alphas that have not converged."""
    failed = [alpha for alpha, s in zip(alphas, solutions, strict=True) if not s.converged]
    what = f"At {len(failed)} of {len(alphas)} alphas, the largest {max(failed, default=0):.4g}. "
    warn_no_convergence(
        solutions, total_weight, options["tol"], options["max_iter"], what, stacklevel + 1
    )


def _result(alphas, coefs, solutions, design, options, y, return_n_iter):
    """What a path returns, and the warning that belongs to it."""
    warn_path(alphas, solutions, design.total_weight, options, stacklevel=4)
    if y.ndim == 1:
        coefs = coefs[0]
    gaps = np.array([solution.gap for solution in solutions]) / design.total_weight
    if return_n_iter:
        return alphas, coefs, gaps, [solution.n_iter for solution in solutions]
    return alphas, coefs, gaps


def check_path_target(y, positive, sample_weight):
    """Raise for a y that has too many targets; the weights, scaled to sum to n_samples."""
    if y.ndim > 1 and positive:
        raise ValueError(f"positive=True needs a single target: y has shape {y.shape}.")
    weights = check_sample_weight(sample_weight, len(y))
    return None if weights is None else weights * (len(y) / weights.sum())


def _resolve_alphas(n_alphas, alphas):
    """An int or a decreasing array of alphas, from parameters old and new."""
    if not (isinstance(n_alphas, str) and n_alphas == "deprecated"):
        warnings.warn(
            "'n_alphas' was deprecated in 1.9 and will be removed in 1.11, as in scikit-learn: "
            "pass the number as alphas.",
            FutureWarning,
            stacklevel=4,
        )
        check_number("n_alphas", n_alphas, low=1, integer=True)
        return int(n_alphas)
    if isinstance(alphas, str) and alphas == "warn":
        return 100
    if alphas is None:
        warnings.warn(
            "'alphas=None' is deprecated and will be removed in 1.11, as in scikit-learn: "
            "pass alphas=100.",
            FutureWarning,
            stacklevel=4,
        )
        return 100
    return check_alphas(alphas)


def check_alphas(alphas):
    """A number of alphas, or the alphas themselves in decreasing order."""
    if isinstance(alphas, Integral):
        check_number("alphas", alphas, low=1, integer=True)
        return int(alphas)
    values = as_numbers("alphas", alphas)
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(f"alphas must be a number or a list of numbers, got {alphas!r}.")
    for k, alpha in enumerate(values):
        check_number(f"alphas[{k}]", alpha, low=0)
    return np.sort(values)[::-1]


def check_grid(l1_ratio, eps):
    check_number("eps", eps, low=0, high=1, strict=True)
    if l1_ratio == 0:
        raise ValueError(
            "Automatic alpha grid generation is not supported for l1_ratio=0. Please supply "
            "a grid by providing your estimator with the appropriate `alphas=` argument."
        )


def solver_options(params):
    """Solver parameters with their defaults, checked, and the rng."""
    unknown = set(params) - set(_SOLVER_PARAMETERS)
    if unknown:
        raise ValueError(
            f"Unexpected parameters in params: {sorted(unknown)}. "
            f"Beside its own, a path takes {sorted(_SOLVER_PARAMETERS)}."
        )
    options = {**_SOLVER_PARAMETERS, **params}
    check_number("tol", options["tol"], low=0)
    check_number("max_iter", options["max_iter"], low=1, integer=True)
    check_option("selection", options["selection"], {"cyclic", "random"})
    random = options["selection"] == "random"
    options["rng"] = check_random_state(options["random_state"]) if random else None
    return options


def _start(coef_init, design):
    shape = (len(design.targets), design.n_features)
    if coef_init is None:
        return np.zeros(shape)
    W = np.array(as_numbers("coef_init", coef_init), ndmin=2, order="C")
    if W.shape != shape:
        wanted = shape[1:] if shape[0] == 1 else shape
        raise ValueError(
            f"coef_init has shape {np.shape(coef_init)}, expected {wanted}: "
            "one coefficient for each feature of X (and target of y)."
        )
    return W


def _compare_correlation(Xy, design):
    if Xy is None:
        return
    Xy = as_numbers("Xy", Xy)
    own = design.correlation.T
    if Xy.shape not in (own.shape, own[:, 0].shape):
        raise ValueError(
            f"Xy has shape {Xy.shape}, expected {own.shape[: 1 + (own.shape[1] > 1)]}: "
            "pass X.T @ y, or leave it out."
        )
    scale = np.sqrt(np.outer(design.sq_norm, (design.targets**2).sum(axis=1)))
    error = np.abs(Xy.reshape(own.shape) - own)
    if np.any(error > 1e-4 * scale):
        j = int(np.argmax((error - 1e-4 * scale).max(axis=1)))
        raise ValueError(f"Xy is not X.T @ y: it differs at feature {j}. Leave it out.")
