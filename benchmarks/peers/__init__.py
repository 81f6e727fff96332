"""Libraries that race, one file each.

A peer is a module with some of these functions; what it lacks is not raced:

    lasso(X, y, alpha, tol)    -> (coef, intercept), with an intercept
    path(X, y, alphas, tol)    -> coefs (n_features, n_alphas), without
    ridge(X, y, alpha, tol)    -> (coef, intercept), with an intercept
    lasso_cv(X, y, n_alphas, n_folds, tol)   -> CVResult, with an intercept, the folds
        contiguous and the alphas evenly in their log to alpha_max / 1000
    grid_search(X, y, alphas, n_folds, tol)  -> CVResult
    linear_model(coef, intercept, X, y) -> a fitted model for predict
    sgd(X, y, name, parameters)   -> a fitted SGDRegressor or SGDClassifier
    mlp_classifier(X, y, options), mlp_regressor(X, y, options) -> a fitted network
    mlp_epochs(X, y, options)     -> a call that trains a classifier on data that lie where
        the library wants them, and returns it: coefs_, intercepts_, predict_proba

`tol` is the duality gap wanted, relative to ||y - mean(y)||^2, except for `ridge`,
where it is the tolerance of an iterative solver. A peer that stops on something
else names values for its own `tol` in TOLERANCES, loosest first.
"""

from importlib import import_module

from threadpoolctl import threadpool_limits

NAMES = ("sklearn", "celer", "skglm", "adelie", "glmnet", "torch", "jax")
# Sweeps enough for every tolerance here.
MAX_ITER = 1_000_000


class PeerMissingError(RuntimeError):
    """A library cannot race here, for the reason given."""


def load(name):
    """The peer's module, or PeerMissingError."""
    try:
        return import_module(f"benchmarks.peers.{name}")
    except ModuleNotFoundError as error:
        if error.name == f"benchmarks.peers.{name}":
            raise PeerMissingError(f"{name}: there is no peer file for it yet") from None
        raise PeerMissingError(f"{name}: not installed (no module {error.name})") from None
    except ImportError as error:
        raise PeerMissingError(f"{name}: does not import ({error})") from None


_pinned = 1


def pin_threads(n_threads):
    """Hold every BLAS and OpenMP library loaded so far at `n_threads`."""
    global _pinned  # noqa: PLW0603
    _pinned = n_threads
    return threadpool_limits(limits=n_threads)


def pinned_threads():
    """The number for libraries that take it as an argument."""
    return _pinned
