"""Ridge against least squares on the augmented system, whatever the solver."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.linalg import LinAlgWarning
from sklearn.exceptions import ConvergenceWarning

from fastreg import Ridge, ridge_regression
from fastreg._engine import ridge

SOLVERS = ["auto", "cholesky", "eigen", "svd", "sparse_cg", "lsqr"]
EXACT = ["auto", "cholesky", "eigen", "svd"]
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
    if dtype == "float64" and solver in EXACT:
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
    assert model.solver_ == ("sparse_cg" if shape == "wide" else "cholesky")


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


@pytest.mark.parametrize("alpha", [0.1, 1e4, 1e7])
@pytest.mark.parametrize("solver", ["cholesky", "eigen", "lsqr"])
@pytest.mark.parametrize("shape", SHAPES)
def test_columns_of_many_scales(shape, solver, alpha, centred_problem):
    """Directions of X that are small beside its largest count: alpha is smaller still."""
    rng = np.random.RandomState(4)
    n, p = SHAPES[shape]
    X = rng.standard_normal((n, p)) * 10.0 ** np.linspace(-5, 5, p)
    y = rng.standard_normal(n)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LinAlgWarning)
        model = Ridge(alpha, solver=solver, tol=1e-15, max_iter=10_000).fit(X, y)
    A, Y = centred_problem(X, y, None, True)
    expected = augmented(A, Y, alpha)[0]
    assert_allclose(model.coef_, expected, atol=1e-7 * np.abs(expected).max())


@pytest.mark.parametrize("solver", ["cholesky", "eigen", "svd", "sparse_cg", "lsqr"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("scale", [1e-150, 1e-100, 1e-6, 1e6, 1e100, 1e149])
def test_the_unit_of_x_makes_no_difference(scale, shape, solver, regression):
    X, y, _ = regression(*SHAPES[shape])
    options = {"solver": solver, "tol": 1e-12, "max_iter": 1000}
    expected = Ridge(1.0, **options).fit(X, y).coef_
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = Ridge(scale**2, **options).fit(X * scale, y)
    assert_allclose(model.coef_ * scale, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("scale", [1e-100, 1e-6, 1e6, 1e100])
@pytest.mark.parametrize("alpha", [0.0, 1.0])
@pytest.mark.parametrize("solver", ["lbfgs", "sag", "saga"])
def test_tol_means_the_same_in_any_unit_of_x(solver, alpha, scale, regression):
    X, y, _ = regression(density=1.0)
    options = {"solver": solver, "positive": solver == "lbfgs", "random_state": 0, "tol": 1e-8}
    expected = Ridge(alpha, **options).fit(X, y).coef_
    model = Ridge(alpha * scale**2, **options).fit(X * scale, y)
    assert_allclose(model.coef_ * scale, expected, atol=1e-3 * np.abs(expected).max())


@pytest.mark.parametrize("solver", ["cholesky", "svd", "sparse_cg", "lsqr"])
@pytest.mark.parametrize("scale", [1e-200, 1e150])
def test_the_unit_of_y_makes_no_difference(solver, scale, regression):
    X, y, _ = regression()
    options = {"solver": solver, "tol": 1e-12}
    model = Ridge(**options).fit(X, y * scale)
    assert_allclose(model.coef_ / scale, Ridge(**options).fit(X, y).coef_, rtol=1e-7, atol=1e-9)


def test_coefficients_too_large_for_float32(regression):
    X, y, _ = regression(density=1.0)
    X = (X * 1e-35).astype(np.float32)
    with pytest.raises(ValueError, match=r"too large for float32.*pass X as float64"):
        Ridge(1e-75).fit(X, 1e5 * y)
    Ridge(1e-75).fit(X.astype(np.float64), 1e5 * y)


def test_sgd_without_a_penalty_on_a_tiny_x(regression):
    """The squared gradient is tiny whatever the coefficients are."""
    X, y, _ = regression()
    with pytest.warns(ConvergenceWarning, match="sgd did not converge"):
        Ridge(0, solver="sgd", random_state=0, max_iter=20).fit(X * 1e-100, y)


@pytest.mark.parametrize("solver", sorted(set(ridge.SOLVERS) - {"lbfgs"}))
def test_squares_that_overflow_are_told_once(solver, regression):
    X, y, _ = regression()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=r"^The fit .*squares of X overflow"):
            Ridge(solver=solver).fit(X * 1e160, y)


def test_alpha_per_target_is_a_fit_each(regression):
    X, Y, _ = regression(n_targets=3)
    alpha = [0.0, 1.0, 100.0]
    together = Ridge(alpha).fit(X, Y)
    for t, value in enumerate(alpha):
        single = Ridge(value).fit(X, Y[:, t])
        assert_allclose(together.coef_[t], single.coef_, atol=1e-10)
        assert_allclose(together.intercept_[t], single.intercept_, atol=1e-10)
    assert_allclose(Ridge(np.array([2.0])).fit(X, Y).coef_, Ridge(2.0).fit(X, Y).coef_)


@pytest.mark.parametrize("solver", ["sag", "saga"])
@pytest.mark.parametrize("form", [np.array, np.asfortranarray, sp.csr_matrix, sp.csc_array])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_stochastic_solvers(solver, form, weighted, fit_intercept, regression, centred_problem):
    X, y, weights = regression(60, 5, n_targets=2)
    weights[:7] = 0.0
    weights = weights if weighted else None
    alpha = np.array([1.0, 20.0])
    options = {"fit_intercept": fit_intercept, "tol": 1e-9, "random_state": 3}
    model = Ridge(alpha, solver=solver, **options).fit(form(X), y, sample_weight=weights)
    A, Y = centred_problem(X, y, weights, fit_intercept)
    assert_allclose(model.coef_, augmented(A, Y, alpha), rtol=1e-5, atol=1e-6)
    assert (model.dual_gap_ < 1e-8).all()
    assert (model.n_iter_ > 1).all()
    again = Ridge(alpha, solver=solver, **options).fit(form(X), y, sample_weight=weights)
    assert (again.coef_ == model.coef_).all()
    options["random_state"] = 4
    other = Ridge(alpha, solver=solver, **options).fit(form(X), y, sample_weight=weights)
    assert (other.coef_ != model.coef_).any()


@pytest.mark.parametrize("solver", ["sag", "saga"])
@pytest.mark.parametrize("alpha", [0.0, 1e-12, 1e12, 1e300])
def test_stochastic_solvers_at_the_ends_of_alpha(solver, alpha, centred_problem):
    rng = np.random.RandomState(0)
    X, y = rng.standard_normal((40, 3)), rng.standard_normal(40)
    model = Ridge(alpha, solver=solver, tol=1e-10, random_state=0).fit(X, y)
    A, Y = centred_problem(X, y, None, True)
    assert_allclose(model.coef_, augmented(A, Y, min(alpha, 1e20))[0], rtol=1e-6, atol=1e-15)


@pytest.mark.parametrize("solver", ["sag", "saga", "lsqr", "sparse_cg"])
def test_x_of_zeros_and_a_constant_y(solver):
    X = np.zeros((5, 3))
    model = Ridge(solver=solver, fit_intercept=False).fit(X, np.arange(5.0))
    assert (model.coef_ == 0).all()
    model = Ridge(solver=solver).fit(np.eye(5), np.ones(5))
    assert_allclose(model.coef_, 0, atol=1e-15)
    assert model.intercept_ == pytest.approx(1)


@settings(max_examples=50)
@given(
    seed=st.integers(0, 2**31),
    n=st.sampled_from([1, 2, 8, 40]),
    p=st.sampled_from([1, 3, 20, 60]),
    alpha=st.sampled_from([0.0, 1e-2, 1.0, 100.0]),
    fit_intercept=st.booleans(),
    sparse=st.booleans(),
)
def test_positive_is_optimal(seed, n, p, alpha, fit_intercept, sparse, centred_problem):
    """No coefficient is negative, and none could move to lower the objective."""
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, p)) * 10.0 ** rng.uniform(-1, 1, p)
    y, weights = rng.standard_normal(n), rng.uniform(0.1, 2, n)
    model = Ridge(alpha, positive=True, fit_intercept=fit_intercept, tol=1e-9)
    model.fit(sp.csc_array(X) if sparse else X, y, sample_weight=weights)
    assert model.solver_ == "lbfgs"
    assert (model.coef_ >= 0).all()
    A, Y = centred_problem(X, y, weights, fit_intercept)
    A, Y = A.astype(float), Y.astype(float)
    C = (Y[:, 0] - A @ model.coef_) @ A - alpha * model.coef_
    projected = np.where(model.coef_ > 0, C, np.maximum(C, 0))
    assert np.linalg.norm(projected) <= 1e-5 * np.linalg.norm(A) * np.linalg.norm(Y) + 1e-12
    if alpha > 0:
        assert model.dual_gap_ <= 1e-8 * np.linalg.norm(Y) ** 2 + 1e-20


def test_dual_gap_of_positive(regression, centred_problem):
    """Half the objective and its dual, where coefficients are not optimal."""
    X, y, weights = regression()
    model = Ridge(3.0, positive=True, max_iter=2)
    with pytest.warns(ConvergenceWarning, match="lbfgs solver did not converge"):
        model.fit(X, y, sample_weight=weights)
    A, Y = centred_problem(X, y, weights, True)
    r = Y[:, 0] - A @ model.coef_
    half = (r @ r + 3 * model.coef_ @ model.coef_) / 2
    dual = r @ Y[:, 0] - r @ r / 2 - np.square(np.maximum(r @ A, 0)).sum() / 6
    assert model.dual_gap_ == pytest.approx(float(half - dual), rel=1e-8)
    assert model.dual_gap_ > 1e-8


@pytest.mark.parametrize("convert", [np.asarray, np.asfortranarray, sp.csr_array, sp.csc_array])
def test_averaged_steps_get_to_the_certificate(regression, convert):
    X, y, weights = regression()
    weights[:3] = 0
    Y = np.column_stack([y, y[::-1] + 3])
    exact = Ridge([5.0, 20.0]).fit(X, Y, sample_weight=weights)
    model = Ridge([5.0, 20.0], solver="sgd", tol=1e-5, random_state=0)
    model.fit(convert(X), Y, sample_weight=weights)
    centred = Y - np.average(Y, axis=0, weights=weights)
    assert (model.dual_gap_ <= 1e-5 * (weights @ centred**2)).all()
    np.testing.assert_allclose(model.coef_, exact.coef_, atol=0.02 * np.abs(exact.coef_).max())
    again = Ridge([5.0, 20.0], solver="sgd", tol=1e-5, random_state=0)
    again.fit(convert(X), Y, sample_weight=weights)
    np.testing.assert_array_equal(model.coef_, again.coef_)
    with pytest.warns(ConvergenceWarning, match="sgd did not converge after 2 iter"):
        model.set_params(max_iter=2).fit(convert(X), Y, sample_weight=weights)


@pytest.mark.parametrize("solver", ["cholesky", "eigen", "svd", "sag", "saga"])
def test_positive_names_its_solver(solver, regression):
    X, y, _ = regression()
    with pytest.raises(ValueError, match=r"positive.*lbfgs"):
        Ridge(solver=solver, positive=True).fit(X, y)
    with pytest.raises(ValueError, match=r"positive=True"):
        Ridge(solver="lbfgs").fit(X, y)


@pytest.mark.parametrize("solver", ["cholesky", "eigen", "svd", "lsqr"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_direct_solvers_take_sparse_x(solver, shape, dtype, regression, centred_problem):
    X, y, weights = regression(*SHAPES[shape])
    X[:, 2] += 1e3 * (X[:, 2] != 0)
    X = sp.csc_array(X.astype(dtype))
    model = Ridge(0.5, solver=solver, tol=1e-14).fit(X, y, sample_weight=weights)
    A, Y = centred_problem(X, y, weights, True)
    assert_allclose(model.coef_, augmented(A, Y, 0.5)[0], atol=1e-8 if dtype == "float64" else 1e-4)


def test_singular_sparse_x_warns_and_is_right(centred_problem):
    rng = np.random.RandomState(0)
    X = sp.random(30, 8, density=0.5, random_state=rng, format="csc").toarray()
    X[:, 3] = X[:, 0]
    y = rng.standard_normal(30)
    with pytest.warns(LinAlgWarning, match="singular values"):
        model = Ridge(0).fit(sp.csc_array(X), y)
    A, Y = centred_problem(X, y, None, True)
    assert_allclose(model.coef_, augmented(A, Y, 0.0)[0], atol=1e-10)


def test_many_alphas_share_an_eigendecomposition(regression):
    X, Y, _ = regression(n_targets=30)
    alpha = np.logspace(-2, 3, 30)
    model = Ridge(alpha).fit(X, Y)
    assert model.solver_ == "eigen"
    assert_allclose(model.coef_, Ridge(alpha, solver="cholesky").fit(X, Y).coef_, atol=1e-10)


def test_n_iter(regression):
    X, Y, _ = regression(n_targets=2)
    assert list(Ridge().fit(X, Y).n_iter_) == [1, 1]
    for solver in ("sag", "saga", "lsqr", "sparse_cg"):
        with pytest.warns(ConvergenceWarning, match=f"{solver} did not converge after 3 iter"):
            model = Ridge(solver=solver, max_iter=3, tol=1e-12).fit(X, Y)
        assert list(model.n_iter_) == [3, 3]


def test_a_mean_of_1e8():
    rng = np.random.RandomState(5)
    X = rng.standard_normal((80, 3))
    y = X @ [1.0, 2, -1] + 0.1 * rng.standard_normal(80)
    far = X + np.array([1e8, 0, -1e8])
    wanted = Ridge(0.1).fit(far - far.mean(axis=0), y).coef_
    for convert in (np.ascontiguousarray, np.asfortranarray, sp.csc_matrix):
        assert_allclose(Ridge(0.1, tol=1e-12).fit(convert(far), y).coef_, wanted, rtol=1e-7)


@pytest.mark.parametrize("n_targets", [None, 2])
@pytest.mark.parametrize("check_input", [True, False])
def test_ridge_regression(n_targets, check_input, regression):
    X, y, weights = regression(n_targets=n_targets)
    options = {"sample_weight": weights, "check_input": check_input}
    model = Ridge(2.0, fit_intercept=False).fit(X, y, sample_weight=weights)
    assert_allclose(ridge_regression(X, y, 2.0, **options), model.coef_)
    coef, n_iter = ridge_regression(X, y, 2.0, solver="lsqr", return_n_iter=True, **options)
    assert_allclose(coef, model.coef_, atol=1e-3)
    assert n_iter.shape == (n_targets or 1,)
    coef, n_iter, intercept = ridge_regression(
        X, y, 2.0, tol=1e-8, random_state=0, return_n_iter=True, return_intercept=True, **options
    )
    model = Ridge(2.0).fit(X, y, sample_weight=weights)
    assert_allclose(coef, model.coef_, atol=1e-5)
    assert_allclose(intercept, model.intercept_, atol=1e-5)
    assert np.shape(intercept) == np.shape(model.intercept_)


def test_ridge_regression_tells_what_it_did(regression, capsys):
    X, y, _ = regression()
    ridge_regression(X, y, 2.0, verbose=1, solver="lsqr")
    assert "lsqr" in capsys.readouterr().out
    ridge_regression(X, y, 2.0)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("shape", [(8, 3), (3, 8)])
def test_conjugate_gradients_without_a_tolerance_end_at_the_solution(shape):
    """They go on from a residual that is zero to the last bit, and warn."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X, y = rng.standard_normal(shape), rng.standard_normal(shape[0])
        with pytest.warns(ConvergenceWarning, match="sparse_cg"):
            model = Ridge(solver="sparse_cg", tol=0, fit_intercept=False).fit(X, y)
        assert_allclose(model.coef_, augmented(X, y[:, np.newaxis], 1.0)[0], atol=1e-12)
