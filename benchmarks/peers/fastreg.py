"""fastreg itself."""

from benchmarks.peers import MAX_ITER
from fastreg import Lasso, Ridge, lasso_path


def lasso(X, y, alpha, tol):
    """One fit with an intercept."""
    model = Lasso(alpha=alpha, tol=tol, max_iter=MAX_ITER).fit(X, y)
    return model.coef_, model.intercept_


def path(X, y, alphas, tol):
    """Coefficients along a path, without an intercept."""
    return lasso_path(X, y, alphas=alphas, tol=tol, max_iter=MAX_ITER)[1]


def ridge(X, y, alpha, tol):
    """The solver that fastreg chooses."""
    model = Ridge(alpha=alpha, tol=tol).fit(X, y)
    return model.coef_, model.intercept_


def linear_model(coef, intercept, X, y):
    """A Lasso with these coefficients."""
    model = Lasso(alpha=1e-6, tol=1.0).fit(X, y)
    model.coef_, model.intercept_ = coef, intercept
    return model
