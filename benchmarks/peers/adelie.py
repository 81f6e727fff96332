"""adelie: group elastic nets in C++; stops on the size of a coordinate's step."""

import adelie
import numpy as np
import scipy.sparse as sp

from benchmarks import peers

# not a duality gap: the loosest of these with which the gap is small enough is raced
TOLERANCES = tuple(10.0**-k for k in range(7, 17))
MAX_ITER = 1_000_000
PATH_LENGTH = 10  # alphas on the way to a single one


def lasso(X, y, alpha, tol):
    """One fit with an intercept, by a short path to it: from zero it is far slower."""
    largest = np.abs(X.T @ (y - y.mean())).max() / len(y)
    alphas = np.geomspace(largest, alpha, PATH_LENGTH) if alpha < largest else [alpha]
    state = _fit(X, y, alphas, tol, intercept=True)
    return state.betas.toarray()[-1], state.intercepts[-1]


def path(X, y, alphas, tol):
    """Coefficients along a path, without an intercept."""
    return _fit(X, y, alphas, tol, intercept=False).betas.toarray().T


def _fit(X, y, alphas, tol, *, intercept):
    if X.dtype == np.float32:
        raise ValueError("not raced on float32, where it stalls above the tolerance")
    n_threads = peers.pinned_threads()
    if sp.issparse(X):
        X = adelie.matrix.sparse(X, method="naive", n_threads=n_threads)
    return adelie.grpnet(
        X=X,
        glm=adelie.glm.gaussian(y=y, dtype=np.float64),
        lmda_path=np.asarray(alphas),
        intercept=intercept,
        tol=tol,
        max_iters=MAX_ITER,
        early_exit=False,
        progress_bar=False,
        n_threads=n_threads,
    )
