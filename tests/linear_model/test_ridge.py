"""Ridge against least squares on the augmented system, whatever the solver."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.linalg import LinAlgWarning
from sklearn.exceptions import ConvergenceWarning

from fastreg import Ridge

SOLVERS = ["auto", "cholesky", "svd", "sparse_cg"]
SHAPES = {"tall": (60, 12), "wide": (12, 60), "square": (20, 20)}


def augmented(A, Y, alpha):
    """Least squares of [Y; 0] on [A; sqrt(alpha) I]; of smallest norm for alpha=0."""
    A, Y = A.astype(np.float64), Y.astype(np.float64)
    p = A.shape[1]
    alpha = np.broadcast_to(alpha, Y.shape[1])
    W = [
        np.linalg.lstsq(
            np.vstack([A, np.sqrt(a) * np.eye(p)]), np.append(Y[:, t], np.zeros(p)), rcond=1e-12
        )[0]
        for t, a in enumerate(alpha)
    ]
    return np.array(W)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_targets", [None, 3])
def test_closed_form(
    solver, shape, fit_intercept, weighted, n_targets, regression, centred_problem
):
    X, y, weights = regression(*SHAPES[shape], n_targets=n_targets)
    weights = weights if weighted else None
    alpha = 0.7 if n_targets is None else np.array([0.1, 1.0, 10.0])
    A, Y = centred_problem(X, y, weights, fit_intercept)
    wanted = augmented(A, Y, alpha).reshape(*np.shape(y)[1:], -1)
    for order in "CF":
        model = Ridge(alpha, solver=solver, fit_intercept=fit_intercept, tol=1e-13)
        model.fit(np.array(X, order=order), y, sample_weight=weights)
        assert_allclose(model.coef_, wanted, atol=1e-8)
        intercept = 0.0
        if fit_intercept:
            means = [np.average(v, axis=0, weights=weights) for v in (X, y)]
            intercept = means[1] - means[0] @ wanted.T
        assert_allclose(model.intercept_, intercept, atol=1e-8)
        assert model.solver_ == {"auto": "cholesky"}.get(solver, solver)


@given(
    seed=st.integers(0, 2**31),
    n=st.sampled_from([1, 2, 5, 40]),
    p=st.sampled_from([1, 3, 40, 90]),
    alpha=st.sampled_from([1e-3, 1.0, 1e4]),
    scale=st.sampled_from([0, 2, 6]),
    solver=st.sampled_from(SOLVERS),
    dtype=st.sampled_from(["float32", "float64"]),
)
def test_dual_gap_is_the_certificate(seed, n, p, alpha, scale, solver, dtype, centred_problem):
    """||A'r - alpha w||^2 / (2 alpha), and it is small."""
    rng = np.random.RandomState(seed)
    X = (rng.standard_normal((n, p)) * 10.0 ** rng.uniform(-scale, scale, p)).astype(dtype)
    y, weights = rng.standard_normal(n), rng.uniform(0.1, 2, n)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = Ridge(alpha, solver=solver, tol=1e-10).fit(X, y, sample_weight=weights)
    assert model.dual_gap_ >= 0
    assert np.isfinite(model.coef_).all()
    if dtype == "float64" and solver != "sparse_cg":
        A, Y = centred_problem(X, y, weights, True)
        C = (Y[:, 0] - A @ model.coef_) @ A
        gap = float(np.square(C - alpha * model.coef_).sum() / (2 * alpha))
        # both are what rounding left of zero, as a backward stable solver leaves it
        norm = float(np.linalg.norm(A))
        rounding = 1e-13 * norm * float(np.linalg.norm(Y) + norm * np.linalg.norm(model.coef_))
        assert np.sqrt(2 * alpha * max(gap, model.dual_gap_)) <= rounding + 1e-300


def test_dual_gap_far_from_the_solution(regression, centred_problem):
    """Stopped early, the gap is as large as it should be."""
    X, y, weights = regression(n_targets=2)
    model = Ridge([0.5, 5.0], solver="sparse_cg", max_iter=2, tol=1e-12)
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        model.fit(X, y, sample_weight=weights)
    A, Y = centred_problem(X, y, weights, True)
    C = (Y.T - model.coef_ @ A.T) @ A
    gap = np.square(C - np.array([[0.5], [5.0]]) * model.coef_).sum(axis=1) / [1.0, 10.0]
    assert_allclose(model.dual_gap_, gap.astype(float), rtol=1e-6)
    assert (model.dual_gap_ > 1e-6).all()
    assert (model.n_iter_ == 2).all()


@pytest.mark.parametrize("form", [sp.csc_matrix, sp.csr_array, sp.coo_matrix])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_sparse(form, shape, fit_intercept, regression, centred_problem):
    X, y, weights = regression(*SHAPES[shape], n_targets=2)
    model = Ridge(0.5, tol=1e-14, fit_intercept=fit_intercept)
    model.fit(form(X), y, sample_weight=weights)
    A, Y = centred_problem(X, y, weights, fit_intercept)
    assert_allclose(model.coef_, augmented(A, Y, 0.5), atol=1e-8)
    assert model.solver_ == "sparse_cg"


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("solver", ["auto", "svd"])
def test_alpha_zero_is_least_squares_of_smallest_norm(
    shape, solver, fit_intercept, order, regression, centred_problem
):
    X, y, _ = regression(*SHAPES[shape], density=1.0, seed=1)
    with warnings.catch_warnings():
        # wide X, or a square one with an intercept, is singular
        warnings.simplefilter("ignore", LinAlgWarning)
        model = Ridge(0, solver=solver, fit_intercept=fit_intercept)
        model.fit(np.array(X, order=order), y)
    A, Y = centred_problem(X, y, None, fit_intercept)
    assert_allclose(model.coef_, augmented(A, Y, 0.0)[0], rtol=1e-6, atol=1e-7)
    C = ((Y[:, 0] - A @ model.coef_) @ A).astype(float)
    assert model.dual_gap_ == pytest.approx(C @ C, abs=1e-16)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(40, 10), (30, 50)], ids=str)
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_rank_deficient_x_warns_and_is_right(shape, order, fit_intercept, centred_problem):
    rng = np.random.RandomState(2)
    X = rng.standard_normal((shape[0], 4)) @ rng.standard_normal((4, shape[1]))
    X[:, 3] = X[:, 0]
    y = rng.standard_normal(shape[0])
    model = Ridge(0, fit_intercept=fit_intercept)
    with pytest.warns(LinAlgWarning, match=r"singular values.*alpha"):
        model.fit(np.array(X, order=order), y)
    A, Y = centred_problem(X, y, None, fit_intercept)
    assert_allclose(model.coef_, augmented(A, Y, 0.0)[0], atol=1e-8)
    assert model.solver_ == "svd"


def test_a_tiny_alpha_beside_large_columns(centred_problem):
    """Ill-conditioned: squaring A would have lost what alpha adds."""
    rng = np.random.RandomState(3)
    X = rng.standard_normal((50, 6))
    X[:, 5] = X[:, 0] + 1e-6 * rng.standard_normal(50)
    y = X[:, 0] + rng.standard_normal(50)
    with pytest.warns(LinAlgWarning):
        model = Ridge(1e-10).fit(X, y)
    A, Y = centred_problem(X, y, None, True)
    assert_allclose(model.coef_, augmented(A, Y, 1e-10)[0], rtol=1e-5)


def test_alpha_per_target_is_a_fit_each(regression):
    X, Y, _ = regression(n_targets=3)
    alpha = [0.0, 1.0, 100.0]
    together = Ridge(alpha).fit(X, Y)
    for t, value in enumerate(alpha):
        single = Ridge(value).fit(X, Y[:, t])
        assert_allclose(together.coef_[t], single.coef_, atol=1e-10)
        assert_allclose(together.intercept_[t], single.intercept_, atol=1e-10)
    assert_allclose(Ridge(np.array([2.0])).fit(X, Y).coef_, Ridge(2.0).fit(X, Y).coef_)


@pytest.mark.parametrize("solver", ["lsqr", "sag", "saga", "lbfgs"])
def test_planned_solvers_name_those_that_work(solver, regression):
    X, y, _ = regression()
    with pytest.raises(NotImplementedError, match=r"cholesky.*sparse_cg.*svd") as caught:
        Ridge(solver=solver, positive=solver == "lbfgs").fit(X, y)
    assert solver in str(caught.value)


def test_positive_names_what_does_it(regression):
    X, y, _ = regression()
    with pytest.raises(NotImplementedError, match=r"positive.*ElasticNet"):
        Ridge(positive=True).fit(X, y)


@pytest.mark.parametrize("solver", ["cholesky", "svd"])
def test_sparse_x_names_its_solver(solver, regression):
    X, y, _ = regression()
    with pytest.raises(TypeError, match=r"solver.*sparse_cg"):
        Ridge(solver=solver).fit(sp.csc_matrix(X), y)


def test_n_iter_of_the_closed_forms(regression):
    X, Y, _ = regression(n_targets=2)
    assert Ridge().fit(X, Y).n_iter_ is None


def test_a_mean_of_1e8():
    rng = np.random.RandomState(5)
    X = rng.standard_normal((80, 3))
    y = X @ [1.0, 2, -1] + 0.1 * rng.standard_normal(80)
    far = X + np.array([1e8, 0, -1e8])
    wanted = Ridge(0.1).fit(far - far.mean(axis=0), y).coef_
    for convert in (np.ascontiguousarray, np.asfortranarray, sp.csc_matrix):
        assert_allclose(Ridge(0.1, tol=1e-12).fit(convert(far), y).coef_, wanted, rtol=1e-7)
