"""celer: a working-set lasso in Cython; stops on the duality gap."""

from celer import Lasso, celer_path

# on small alphas it stops above its tolerance: the loosest that is accurate is raced
TOLERANCES = (1e-6, 1e-7, 1e-8, 1e-10)
MAX_ITER = 1000  # outer iterations, each of many sweeps


def lasso(X, y, alpha, tol):
    """One fit with an intercept."""
    model = Lasso(alpha=alpha, tol=tol, max_iter=MAX_ITER).fit(X, y)
    return model.coef_, model.intercept_


def path(X, y, alphas, tol):
    """Coefficients along a path, without an intercept."""
    return celer_path(X, y, "lasso", alphas=alphas, tol=tol, max_iter=MAX_ITER)[1]
