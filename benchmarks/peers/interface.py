"""What a peer with scikit-learn's interface does, for any package that has it."""

from benchmarks.peers import MAX_ITER


class SklearnInterface:
    """The functions of a peer, made from `package`'s Lasso, Ridge and lasso_path."""

    def __init__(self, package):
        self.package = package

    def lasso(self, X, y, alpha, tol):
        """One fit with an intercept."""
        model = self.package.Lasso(alpha=alpha, tol=tol, max_iter=MAX_ITER).fit(X, y)
        return model.coef_, model.intercept_

    def path(self, X, y, alphas, tol):
        """Coefficients along a path, without an intercept."""
        return self.package.lasso_path(X, y, alphas=alphas, tol=tol, max_iter=MAX_ITER)[1]

    def ridge(self, X, y, alpha, tol):
        """The solver that the package chooses."""
        model = self.package.Ridge(alpha=alpha, tol=tol).fit(X, y)
        return model.coef_, model.intercept_

    def linear_model(self, coef, intercept, X, y):
        """A Lasso with these coefficients."""
        model = self.package.Lasso(alpha=1e-6, tol=1.0).fit(X, y)
        model.coef_, model.intercept_ = coef, intercept
        return model
