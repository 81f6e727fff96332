"""Ridge regression."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from fastreg._typing import MatrixLike
from fastreg._validation import check_fit_input, unchanged_on_error
from fastreg.linear_model._base import LinearRegressor
from fastreg.linear_model._base_ridge import BaseRidge
from fastreg.linear_model._ridge_streaming import RidgeStreaming


class Ridge(RidgeStreaming, BaseRidge, LinearRegressor):
    r"""Linear regression with an L2 penalty.

    Minimises, over coefficients :math:`w` and an unpenalised intercept :math:`b`,

    .. math:: \sum_i s_i (y_i - x_i'w - b)^2 + \alpha \|w\|_2^2

    with :math:`s_i` the sample weights, which are used as they are: doubling all
    of them is halving alpha.

    Parameters
    ----------
    alpha : float or array-like of shape (n_targets,), default=1.0
        Strength of the penalty, at least 0; an array holds one for each target.
    fit_intercept : bool, default=True
        Fit an intercept. X is not copied for it.
    copy_X : bool, default=True
        X is never written to, so both values leave it as it was.
    max_iter : int or None, default=None
        Bound on the iterations of an iterative solver; None stands for 1000 epochs
        of "sag", "saga" and "sgd", and leaves it to SciPy for the others.
    tol : float, default=1e-4
        When an iterative solver stops. "sparse_cg": the residual of the normal
        equations is at most `tol` times their right-hand side. "lsqr": SciPy's atol
        and btol. "lbfgs": no projected gradient is larger. "sag", "saga": no
        coefficient moved by more than `tol` of the largest in an epoch. "sgd": the
        duality gap is at most `tol` times the squared norm of the centred y. The closed
        forms are exact whatever it is.
    solver : str, default="auto"
        - "auto" chooses by the shape of X, its sparsity and condition: `solver_`
          says what.
        - "cholesky" solves a system as large as the smaller side of X, and goes over
          to "svd" with a warning where that is ill-conditioned. The default for dense
          X, and for sparse X of up to 512 features.
        - "eigen" does so by eigenvalues: one decomposition for many alphas.
        - "svd" works on the singular values of X, slowly and with all digits.
        - "sparse_cg" (conjugate gradients) and "lsqr" need products with X only. The
          first is the default for sparse X of more features.
        - "sag" and "saga" take a step for each row drawn at random. Features should
          be on one scale.
        - "sgd" averages steps of halving length, for all targets side by side.
        - "lbfgs" is for ``positive=True`` only, and its default.

        All take dense and sparse X, with an intercept; none densifies sparse X as a
        whole.
    positive : bool, default=False
        Keep coefficients from being negative.
    random_state : int, RandomState instance or None, default=None
        Draws the rows of "sag", "saga" and "sgd". An int makes fits repeatable.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients, in the dtype of X.
    intercept_ : float or ndarray of shape (n_targets,)
        0.0 if ``fit_intercept=False``.
    dual_gap_ : float or ndarray of shape (n_targets,)
        :math:`\|A'r - \alpha w\|^2 / 2 \alpha` with A the centred, weighted X and
        r the residual, in float64: it bounds how far half the objective is from the
        smallest possible. With ``alpha=0``, :math:`\|A'r\|^2`.
    n_iter_ : ndarray of shape (n_targets,)
        Iterations, epochs of "sag", "saga" and "sgd"; 1 for the closed forms.
    solver_ : str
        The solver that was used.
    n_samples_seen_ : int
        Rows held, after `partial_fit` or `merge`.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        Where X has string column names.

    Raises
    ------
    TypeError, ValueError
        For a parameter, X, y or sample_weight that cannot be used; the
        estimator is left as it was.

    Warns
    -----
    LinAlgWarning
        If the system is so ill-conditioned that "svd" took over.
    ConvergenceWarning
        If an iterative solver stopped before it reached `tol`.
    DiagnosticWarning
        If columns of X are constant.

    References
    ----------
    .. [1] Hoerl, Kennard: Ridge regression: biased estimation for nonorthogonal
       problems, 1970.
    .. [2] Schmidt, Le Roux, Bach: Minimizing finite sums with the stochastic
       average gradient, 2013.
    .. [3] Defazio, Bach, Lacoste-Julien: SAGA, a fast incremental gradient method,
       2014.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from fastreg import Ridge
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = Ridge(alpha=0.1).fit(X, y)
    >>> print(model.coef_.round(1))
    [   1.3 -207.2  489.7  301.8  -83.5  -70.8 -188.7  115.7  443.8   86.7]
    >>> model.solver_
    'cholesky'
    """

    def __init__(
        self,
        alpha: float | ArrayLike = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = None,
        tol: float = 1e-4,
        solver: str = "auto",
        positive: bool = False,
        random_state: int | np.random.RandomState | None = None,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.solver = solver
        self.positive = positive
        self.random_state = random_state

    def fit(self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            float32 and float64 arrays in either order are used where they lie.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights, at least 0.

        Returns
        -------
        self : object
        """
        with unchanged_on_error(self):
            self._check_parameters()
            X, y = check_fit_input(self, X, y)
            self._fit(X, y, sample_weight, stacklevel=3)
            self._end_stream()
        return self
