"""What all linear models share: what a fit leaves, prediction, and words for warnings."""

import warnings

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, ClassifierMixin, MultiOutputMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning

from fastreg._typing import MatrixLike
from fastreg._validation import all_finite, predict_linear
from fastreg.exceptions import DiagnosticWarning


class LinearModel(BaseEstimator):
    """Base of the linear models: what a fit leaves, and tags; not public."""

    # A single target in a y of two dimensions keeps its dimension in coef_.
    _keeps_single_target = False
    # What an error blames for coefficients that are not finite.
    _way = "Coordinate descent iterations"

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _set_solution(self, design, W, n_targets_shape, dtype):
        """Set coef_ and intercept_ from W (T, p) in the dtype of X."""
        intercept = design.intercept(W)
        check_solution(design, W, intercept, self._way)
        coef = design.coefficients(W)
        if coef is W and dtype == np.float64:  # what was checked
            coef = coef.copy()
        else:
            with np.errstate(over="ignore"):
                coef, intercept = coef.astype(dtype), intercept.astype(dtype)
            if not (np.isfinite(coef).all() and np.isfinite(intercept).all()):
                raise ValueError(
                    f"Coefficients are too large for {np.dtype(dtype)}, the dtype of X: pass X as "
                    "float64, or rescale it, with StandardScaler for example."
                )
        self.coef_ = coef if len(coef) > 1 or self._keeps_single_target else coef[0]
        if not self.fit_intercept:
            self.intercept_ = 0.0
        else:
            self.intercept_ = intercept[0] if n_targets_shape == () else intercept

    def _linear_predictor(self, X):
        """X @ coef_.T + intercept_."""
        return predict_linear(self, X)

    @property
    def _feature_names(self):
        return getattr(self, "feature_names_in_", None)


class LinearRegressorMixin(MultiOutputMixin, RegressorMixin):
    """What linear regressors have beside one that has `_linear_predictor`; not public."""

    def predict(self, X: MatrixLike) -> np.ndarray:
        """Predict with the linear model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
        """
        return self._linear_predictor(X)


class LinearRegressor(LinearRegressorMixin, LinearModel):
    """Base of the linear regressors; not public."""


class LinearClassifierMixin(ClassifierMixin):
    """What linear classifiers have beside one that has `_linear_predictor`; not public."""

    def decision_function(self, X: MatrixLike) -> np.ndarray:
        """Signed scores: the larger, the more likely the class.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes one score, positive for ``classes_[1]``.
        """
        scores = self._linear_predictor(X)
        return scores.ravel() if scores.ndim == 2 and scores.shape[1] == 1 else scores

    def predict(self, X: MatrixLike) -> np.ndarray:
        """Predict the class of each sample.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        scores = self.decision_function(X)
        if scores.ndim == 1:  # of one class, whatever the score
            return self.classes_[(scores > 0) * (len(self.classes_) - 1)]
        return self.classes_[scores.argmax(axis=1)]


def check_solution(design, W, intercept, way=LinearModel._way):
    """Raise where finite numbers have overflowed on the way to a solution."""
    if not (design.is_finite and all_finite(W) and all_finite(intercept)):
        raise ValueError(
            f"{way} resulted in non-finite parameter values: "
            "the squares of X overflow. Rescale X, with StandardScaler for example."
        )


def sparse_coef(coef):
    """`coef` (p,) or (T, p) as a CSR matrix of two dimensions."""
    return sp.csr_matrix(np.atleast_2d(coef))


def warn_constant_columns(design, feature_names, stacklevel):
    """Say which columns cannot have a coefficient, if any.

    Empty columns of a sparse X are no surprise: words that these rows don't have.
    """
    if not design.fit_intercept or design.sq_norm.all():
        return
    constant = design.sq_norm == 0
    if design.is_sparse:
        constant &= design.mean != 0
    constant = np.flatnonzero(constant)
    if len(constant) == 0:
        return
    names = constant if feature_names is None else feature_names[constant]
    shown = ", ".join(str(name) for name in names[:5]) + (", ..." if len(names) > 5 else "")
    warnings.warn(
        f"{len(constant)} of {design.n_features} columns of X are constant ({shown}): with an "
        "intercept their coefficients are zero. Drop them, with VarianceThreshold for example.",
        DiagnosticWarning,
        stacklevel=stacklevel + 1,
    )


def warn_no_convergence(solutions, total_weight, tol, max_iter, what, stacklevel):
    """Say how far the fit got and what to change, where a gap is above its tolerance."""
    worst = max(solutions, key=lambda solution: solution.gap - solution.gap_tol)
    if worst.converged:
        return
    if worst.n_iter < max_iter:
        remedy = f"Rounding allows no better: raise tol (now {tol:g}), or rescale X"
    else:
        remedy = (
            f"Raise max_iter (now {max_iter}) or tol (now {tol:g}), scale the columns of X, "
            "or raise alpha"
        )
    warnings.warn(
        "Objective did not converge. You might want to increase the number of iterations. "
        f"{what}Duality gap reached: {worst.gap / total_weight:.3e}, wanted: "
        f"{worst.gap_tol / total_weight:.3e}. {remedy}.",
        ConvergenceWarning,
        stacklevel=stacklevel + 1,
    )


def warn_rounded_gap(rounding, wanted, tol, stacklevel):
    """Say where moments without rows cannot prove that a gap is at most `wanted`."""
    if rounding <= 0.1 * wanted:
        return
    warnings.warn(
        f"The rounding of the moments may add {rounding:.1e} to the duality gap, and tol={tol:g} "
        f"asks for {wanted:.1e}: dual_gap_ is no proof of that. Raise tol, scale the columns of X, "
        "or use fit on the rows.",
        ConvergenceWarning,
        stacklevel=stacklevel + 1,
    )
