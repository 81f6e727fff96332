"""skglm: datafits and penalties in Numba; stops on the violation of optimality."""

import numpy as np
from skglm import Lasso

# not a duality gap: the loosest of these with which the gap is small enough is raced
TOLERANCES = tuple(10.0**-k for k in range(2, 13))
MAX_ITER = 1000  # outer iterations


def lasso(X, y, alpha, tol):
    """One fit with an intercept."""
    if X.dtype == np.float32:
        raise ValueError("not raced on float32, where it stalls above the tolerance")
    model = Lasso(alpha=alpha, tol=tol, max_iter=MAX_ITER).fit(X, y)
    return model.coef_, model.intercept_


def path(X, y, alphas, tol):
    """Coefficients along a path, without an intercept."""
    return Lasso(tol=tol, max_iter=MAX_ITER, fit_intercept=False).path(X, y, alphas)[1]
