"""A fit is a minimiser: gap and optimality conditions, recomputed without fastreg."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning

from fastreg import ElasticNet, MultiTaskElasticNet

LAYOUTS = ["c", "f", "slice", "strided", "csc", "csr"]


ONE_TARGET = st.none()  # y of one dimension


@st.composite
def problems(draw, n_targets=ONE_TARGET):
    """Shapes, scales, densities and weights that a solver meets in the field."""
    rng = np.random.RandomState(draw(st.integers(0, 2**31)))
    n = draw(st.sampled_from([1, 2, 3, 8, 30, 120]))
    p = draw(st.sampled_from([1, 2, 5, 30, 90, 300]))
    X = rng.standard_normal((n, p))
    X[rng.random((n, p)) > draw(st.sampled_from([0.05, 0.4, 1.0]))] = 0
    X += draw(st.sampled_from([0.0, 1.0, 30.0]))
    if draw(st.booleans()):
        X *= 10.0 ** rng.uniform(-8, 8, p)
    kind = draw(st.sampled_from(["plain", "constant", "duplicate", "zero"]))
    j = rng.randint(p)
    if kind == "constant":
        X[:, j] = 3.25
    elif kind == "duplicate":
        X[:, j] = X[:, 0]
    elif kind == "zero":
        X[:, j] = 0
    shape = (n,) if (T := draw(n_targets)) is None else (n, T)
    y = rng.standard_normal(shape) * 10.0 ** draw(st.integers(-3, 3))
    y += draw(st.sampled_from([0, 5]))
    weights = None
    if draw(st.booleans()):
        weights = rng.uniform(0, 3, n) * (rng.random(n) < 0.8)
        weights[rng.randint(n)] = 1.0
    dtype = draw(st.sampled_from(["float64", "float32"]))
    return stored(X.astype(dtype), draw(st.sampled_from(LAYOUTS))), y.astype(dtype), weights


def stored(X, layout):
    if layout == "csc":
        return sp.csc_matrix(X)
    if layout == "csr":
        return sp.csr_array(X)
    if layout == "slice":
        big = np.full((X.shape[0] + 2, X.shape[1] + 3), np.nan, dtype=X.dtype)
        big[1:-1, 2:-1] = X
        return big[1:-1, 2:-1]
    if layout == "strided":
        return np.repeat(X, 2, axis=1)[:, ::2]
    return np.array(X, order=layout.upper())


@st.composite
def penalties(draw):
    return {
        "l1_ratio": draw(st.sampled_from([0.0, 0.1, 0.5, 0.95, 1.0])),
        "positive": draw(st.booleans()),
        "fit_intercept": draw(st.booleans()),
    }


def alpha_scale(A, Y, weights):
    """Largest ||A_j'Y|| over N: about alpha_max."""
    N = len(A) if weights is None else weights.sum()
    return float(np.sqrt(((A.T @ Y) ** 2).sum(axis=1)).max() / N)


SHARES = st.sampled_from([1e-3, 0.03, 0.3, 0.9])
TOLS = st.sampled_from([1e-3, 1e-6])


@given(problem=problems(), penalty=penalties(), share=SHARES, tol=TOLS)
def test_the_gap_is_what_tol_asks_for(
    problem, penalty, share, tol, elastic_net_gap, centred_problem
):
    check_the_gap(ElasticNet, problem, penalty, share, tol, elastic_net_gap, centred_problem)


@given(
    problem=problems(n_targets=st.sampled_from([1, 2, 9])),
    penalty=penalties(),
    share=SHARES,
    tol=TOLS,
)
@settings(max_examples=80)
def test_the_gap_of_targets_fitted_together(
    problem, penalty, share, tol, elastic_net_gap, centred_problem
):
    del penalty["positive"]
    check_the_gap(
        MultiTaskElasticNet, problem, penalty, share, tol, elastic_net_gap, centred_problem
    )


def check_the_gap(cls, problem, penalty, share, tol, elastic_net_gap, centred_problem):
    """The gap reported is that of the coefficients, and below `tol` unless a warning says so."""
    X, y, weights = problem
    A, Y = centred_problem(X, y, weights, penalty["fit_intercept"])
    alpha = share * alpha_scale(A, Y, weights)
    alpha = alpha if alpha > 0 else 1.0
    model = cls(alpha, tol=tol, max_iter=5000, **penalty)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y, sample_weight=weights)
    exact = model
    if X.dtype == np.float32:
        # coef_ is rounded to float32 after the gap was taken: see it before
        exact = cls(alpha, tol=tol, max_iter=5000, **penalty)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exact.fit(X.astype(np.float64), y, sample_weight=weights)
    gap, size = elastic_net_gap(X, y, exact.coef_, alpha=alpha, sample_weight=weights, **penalty)
    reached = not any(issubclass(w.category, ConvergenceWarning) for w in caught)
    assert isinstance(model.dual_gap_, float | np.float64)
    assert model.dual_gap_ >= 0
    assert reached == (model.dual_gap_ <= tol * size * (1 + 1e-6) + 1e-300)
    slack = 0.2 * tol * size + 1e-12 * (size + abs(gap)) + 1e-300
    assert abs(gap - exact.dual_gap_) <= slack
    if reached:
        # products of float32 are rounded otherwise: both get there, by ways of their own
        assert abs(model.dual_gap_ - exact.dual_gap_) <= tol * size + slack
        assert gap <= (1 if exact is model else 2) * tol * size + slack


@given(problem=problems(), penalty=penalties())
def test_the_intercept_is_optimal(problem, penalty):
    """The weighted residuals sum to zero: no other intercept is better."""
    X, y, weights = problem
    penalty["fit_intercept"] = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = ElasticNet(0.1, max_iter=50, **penalty).fit(X, y, sample_weight=weights)
    dense = (X.toarray() if sp.issparse(X) else X).astype(np.float64)
    w = np.ones(len(y)) if weights is None else weights
    residual = y - dense @ model.coef_.astype(np.float64) - model.intercept_
    size = np.abs(dense) @ np.abs(model.coef_.astype(np.float64)) + np.abs(y)
    assert abs(w @ residual) <= np.finfo(X.dtype).eps * 50 * (w @ size)


@pytest.mark.parametrize("layout", ["c", "f", "csc"])
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("shape", [(80, 20), (25, 60), (40, 400)], ids=str)
def test_optimality_conditions(shape, l1_ratio, positive, layout, centred_problem):
    """x_j'r - l2 w_j is l1 sign(w_j) where w_j is not zero, within [-l1, l1] elsewhere."""
    rng = np.random.RandomState(3)
    X = rng.standard_normal(shape) * (rng.random(shape) < 0.7) + 0.5
    y = X[:, :5] @ [3, -2, 1, 1, -1] + rng.standard_normal(shape[0])
    weights = rng.uniform(0.5, 2, shape[0])
    model = ElasticNet(0.05, l1_ratio=l1_ratio, positive=positive, tol=1e-14, max_iter=100_000).fit(
        stored(X, layout), y, sample_weight=weights
    )
    A, Y = centred_problem(X, y, weights, True)
    N, w = weights.sum(), model.coef_
    slope = (A.T @ (Y[:, 0] - A @ w) / N - 0.05 * (1 - l1_ratio) * w).astype(float)
    l1, slack = 0.05 * l1_ratio, 1e-5
    used = w != 0
    assert used.any()
    np.testing.assert_allclose(slope[used], l1 * np.sign(w[used]), atol=slack)
    assert (slope[~used] <= l1 + slack).all()
    if not positive:
        assert (slope[~used] >= -l1 - slack).all()
    else:
        assert (w >= 0).all()


@pytest.mark.parametrize("layout", ["c", "f", "csc"])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("shape", [(80, 20), (25, 60), (40, 400)], ids=str)
def test_optimality_conditions_of_blocks(shape, l1_ratio, layout, centred_problem):
    """c_j = X_j'R - l2 w_j is l1 w_j / ||w_j|| where w_j is not zero, ||c_j|| <= l1 elsewhere."""
    rng = np.random.RandomState(3)
    X = rng.standard_normal(shape) * (rng.random(shape) < 0.7) + 0.5
    Y = X[:, :5] @ rng.uniform(-3, 3, (5, 3)) + rng.standard_normal((shape[0], 3))
    weights = rng.uniform(0.5, 2, shape[0])
    alpha = 0.2
    model = MultiTaskElasticNet(alpha, l1_ratio=l1_ratio, tol=1e-14, max_iter=100_000)
    model.fit(stored(X, layout), Y, sample_weight=weights)
    A, centred = centred_problem(X, Y, weights, True)
    W = model.coef_.T
    slope = A.T @ (centred - A @ W) / weights.sum() - alpha * (1 - l1_ratio) * W
    norm = np.sqrt((W**2).sum(axis=1, keepdims=True))
    l1, slack, used = alpha * l1_ratio, 1e-5, norm[:, 0] > 0
    assert used.any()
    assert (W[used] != 0).all()
    np.testing.assert_allclose(slope[used].astype(float), l1 * W[used] / norm[used], atol=slack)
    assert (np.sqrt((slope[~used] ** 2).sum(axis=1)) <= l1 + slack).all()


def test_float32_gets_the_solution_of_its_numbers(elastic_net_gap):
    """State is float64: float32 data at a tight tol converges as float64 data does."""
    rng = np.random.RandomState(4)
    X = (rng.standard_normal((200, 40)) + 5).astype(np.float32)
    y = (X[:, 0] - X[:, 1] + 0.1 * rng.standard_normal(200)).astype(np.float32)
    for order in "CF":
        single = ElasticNet(0.01, tol=1e-12, max_iter=20_000).fit(np.array(X, order=order), y)
        double = ElasticNet(0.01, tol=1e-12, max_iter=20_000).fit(X.astype(np.float64), y)
        np.testing.assert_array_equal(single.coef_, double.coef_.astype(np.float32))
        assert single.dual_gap_ <= 1e-12 * y.astype(np.float64).var()


def test_a_column_with_mean_1e8_and_spread_1():
    rng = np.random.RandomState(5)
    X = rng.standard_normal((100, 3))
    y = X @ [1.0, 2, -1] + 0.1 * rng.standard_normal(100)
    far = X + np.array([1e8, 0, -1e8])
    wanted = ElasticNet(0.01, tol=1e-12).fit(far - far.mean(axis=0), y)
    for layout in ("c", "f", "csc"):
        model = ElasticNet(0.01, tol=1e-12).fit(stored(far, layout), y)
        np.testing.assert_allclose(model.coef_, wanted.coef_, rtol=1e-6)
        np.testing.assert_allclose(
            model.predict(far), wanted.predict(far - far.mean(axis=0)), atol=1e-5
        )


@pytest.mark.parametrize("positive", [False, True])
def test_alpha_zero_is_least_squares(positive, regression):
    from scipy.optimize import nnls

    X, y, _ = regression(density=1.0)
    model = ElasticNet(0, positive=positive, tol=1e-14, max_iter=20_000)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    assert any("alpha=0" in str(w.message) for w in caught)
    A, Y = X - X.mean(axis=0), y - y.mean()
    wanted = nnls(A, Y)[0] if positive else np.linalg.lstsq(A, Y)[0]
    np.testing.assert_allclose(model.coef_, wanted, atol=1e-6)
    slope = A.T @ (Y - A @ model.coef_)
    if positive:  # what pushes a zero below zero is no way down
        slope = np.where(model.coef_ > 0, slope, np.maximum(slope, 0))
    assert model.dual_gap_ == pytest.approx(slope @ slope / len(y), abs=1e-12)
    assert not any(issubclass(w.category, ConvergenceWarning) for w in caught)


def test_a_rounded_gram_is_no_proof(elastic_net_gap):
    """A given Gram matrix that is off in the eighth digit passes; the gap must still be X's."""
    rng = np.random.RandomState(6)
    X = rng.standard_normal((100, 20))
    X -= X.mean(axis=0)
    y = X @ rng.standard_normal(20) * 10
    y -= y.mean()
    gram = (X.T @ X).astype(np.float32).astype(np.float64)
    options = {"alpha": 1e-4, "l1_ratio": 0.5}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = ElasticNet(precompute=gram, tol=1e-14, max_iter=5000, **options).fit(X, y)
    gap, size = elastic_net_gap(X, y, model.coef_, **options)
    warned = any(issubclass(w.category, ConvergenceWarning) for w in caught)
    assert warned or gap <= 1.2e-14 * size + 1e-15 * size
