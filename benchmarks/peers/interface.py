"""What a peer with scikit-learn's interface does, for any package that has it."""

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import GridSearchCV, KFold

from benchmarks.peers import MAX_ITER


@dataclass
class CVResult:
    """The alpha chosen, the fit with it on everything, and how each alpha did.

    `held_out` (n_alphas,) are means over all held-out rows: squared errors, or R2 for a
    grid search.
    """

    alpha: float
    coef: np.ndarray
    intercept: float
    held_out: np.ndarray


class SklearnInterface:
    """The functions of a peer, made from `package`'s Lasso, LassoCV, Ridge and lasso_path."""

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

    def lasso_cv(self, X, y, n_alphas, n_folds, tol):
        """LassoCV on contiguous folds."""
        model = self.package.LassoCV(alphas=n_alphas, cv=n_folds, tol=tol, max_iter=MAX_ITER)
        model.fit(X, y)
        sizes = np.array([len(rows) for _, rows in KFold(n_folds).split(y)])
        held_out = model.mse_path_ @ (sizes / len(y))
        return CVResult(model.alpha_, model.coef_, model.intercept_, held_out)

    def ridge_cv(self, X, y, alphas, n_folds):
        """RidgeCV: leave-one-out where n_folds is None; its score stands for held-out errors."""
        model = self.package.RidgeCV(alphas, cv=n_folds).fit(X, y)
        return CVResult(model.alpha_, model.coef_, model.intercept_, np.array([model.best_score_]))

    def grid_search(self, X, y, alphas, n_folds, tol):
        """scikit-learn's GridSearchCV over `package`'s Lasso."""
        model = self.package.Lasso(tol=tol, max_iter=MAX_ITER)
        search = GridSearchCV(model, {"alpha": alphas}, cv=n_folds, error_score="raise").fit(X, y)
        best = search.best_estimator_
        scores = search.cv_results_["mean_test_score"]
        return CVResult(best.alpha, best.coef_, best.intercept_, scores)

    def linear_model(self, coef, intercept, X, y):
        """A Lasso with these coefficients."""
        model = self.package.Lasso(alpha=1e-6, tol=1.0).fit(X, y)
        model.coef_, model.intercept_ = coef, intercept
        return model

    def sgd(self, X, y, name, parameters):
        """A fitted SGDRegressor or SGDClassifier."""
        return getattr(self.package, name)(**parameters).fit(X, y)
