"""Cases that once went wrong without a word."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from fastreg import Lasso, Ridge, lasso_path, regularization_path
from fastreg._engine import path


@pytest.fixture
def problem():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((30, 5))
    return X, X @ [1, -2, 3, -1, 0.5]


def test_a_negative_start_is_no_solution_where_positive(problem):
    X, y = problem
    model = Lasso(alpha=0.1, warm_start=True).fit(X, y)
    model.set_params(positive=True).fit(X, y)
    cold = Lasso(alpha=0.1, positive=True).fit(X, y)
    assert model.coef_.min() >= 0
    assert_allclose(model.coef_, cold.coef_, atol=1e-2)
    assert lasso_path(X, y, positive=True, coef_init=-np.ones(5), alphas=3)[1].min() >= 0


def test_targets_far_from_zero():
    """What rounding leaves of their mean is outside the row space of a sparse X."""
    rng = np.random.RandomState(0)
    X = rng.poisson(1, (60, 200)) * 1e3
    y = X[:, :5].sum(axis=1) / 1e3 + rng.standard_normal(60)
    near = Ridge(1e-3, tol=1e-8).fit(sp.csr_matrix(X), y)
    far = Ridge(1e-3, tol=1e-8).fit(sp.csr_matrix(X), y + 1.7e9)
    assert_allclose(far.coef_, near.coef_, atol=1e-4 * np.abs(near.coef_).max())


def test_first_working_sets_leave_sweeps_for_the_rest():
    """Groups of near-copies: the first sets are nearly unpenalised least squares."""
    rng = np.random.RandomState(0)
    Z = rng.standard_normal((100, 50))
    X = Z[:, rng.randint(0, 50, 3000)] + 0.1 * rng.standard_normal((100, 3000))
    y = Z[:, :5].sum(axis=1) + 0.5 * rng.standard_normal(100)
    alpha = 1e-2 * np.abs((X - X.mean(axis=0)).T @ (y - y.mean())).max() / 100
    model = Lasso(alpha).fit(X, y)
    assert model.dual_gap_ <= 1e-4 * y.var()


def test_duplicates_in_a_working_set():
    """Squares of a binary column are that column: 285 products, some of them equal."""
    X, y = load_diabetes(return_X_y=True)
    X = PolynomialFeatures(3, include_bias=False).fit_transform(StandardScaler().fit_transform(X))
    X = StandardScaler().fit_transform(X[:353])
    for alpha in (0.5, 0.2338):
        model = Lasso(alpha, max_iter=100_000).fit(X, y[:353])
        assert model.dual_gap_ <= 1e-4 * y[:353].var()


def test_columns_on_other_scales_are_not_ill_conditioned(problem):
    X, y = problem
    scale = np.array([1e-6, 1e-3, 1, 1e3, 1e6])
    model = Ridge(1e-18).fit(X * scale, y)
    assert model.solver_ == "cholesky"
    assert_allclose(model.coef_ * scale, [1, -2, 3, -1, 0.5], rtol=1e-6)


def test_lasso_path_takes_check_input(problem):
    X, y = problem
    assert_allclose(lasso_path(X, y, alphas=3, check_input=False)[1], lasso_path(X, y, alphas=3)[1])
    with pytest.raises(ValueError, match="l1_ratio"):
        lasso_path(X, y, alphas=3, l1_ratio=0.5)


def test_a_feature_enters_though_its_gradient_was_expected_to_fall(monkeypatch):
    """The first feature is stopped by its bound, and the fall that it caused with it."""
    monkeypatch.setattr(path, "ALL_FEATURES", 0)
    X = np.array([[1.0, 0.2], [0.0, np.sqrt(0.96)]]) * np.sqrt(2)
    y = np.array([1.0, 0.04 / np.sqrt(0.96)]) * np.sqrt(2)
    fitted = regularization_path(
        X, y, alphas=[1.0, 0.5, 0.13], upper=[0.5, np.inf], fit_intercept=False, tol=1e-10
    )
    assert_allclose(fitted.coefs[:, 1], [0.5, 0], atol=1e-8)
    assert_allclose(fitted.coefs[:, 2], [0.5, 0.01], atol=1e-8)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_without_a_tolerance_rounding_ends_a_path():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((60, 400))
    y = X[:, :4].sum(axis=1) + rng.standard_normal(60)
    fitted = regularization_path(X, y, alphas=3, eps=0.01, tol=0, max_iter=100_000)
    assert fitted.n_iters.max() < 100_000
    assert fitted.dual_gaps.max() <= 1e-13 * y.var()
