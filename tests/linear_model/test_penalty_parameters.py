"""penalty_factor, lower and upper: against substitutions, SciPy and the KKT conditions."""

import copy
import re
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import lsq_linear, minimize

from fastreg import ElasticNet, Lasso, enet_path, lasso_path

TIGHT = {"tol": 1e-12, "max_iter": 100_000}
INF = np.inf


def objective(model, X, y, sample_weight=None):
    """The objective of a fitted ElasticNet, from its parameters."""
    s = np.ones(len(X)) if sample_weight is None else sample_weight
    f, w = np.broadcast_to(model.penalty_factor, X.shape[1:]), model.coef_
    r = y - X @ w - model.intercept_
    value = s @ r**2 / (2 * s.sum()) + model.alpha * model.l1_ratio * f @ np.abs(w)
    return value + model.alpha * (1 - model.l1_ratio) / 2 * f @ w**2


def smallest(X, y, alpha, l1_ratio, f, lower, upper, s):
    """The smallest objective, by L-BFGS-B on the positive and the negative parts of w."""
    X, y = X - s @ X / s.sum(), y - s @ y / s.sum()
    p, l1, l2 = X.shape[1], alpha * l1_ratio * f, alpha * (1 - l1_ratio) * f

    def value_and_slope(v):
        w = v[:p] - v[p:]
        r = y - X @ w
        g = l2 * w - X.T @ (s * r) / s.sum()
        value = s @ r**2 / (2 * s.sum()) + l1 @ (v[:p] + v[p:]) + l2 @ w**2 / 2
        return value, np.append(l1 + g, l1 - g)

    parts = [(0, bound) for bound in upper] + [(0, -bound) for bound in lower]
    options = {"maxiter": 1500, "maxfun": 3000, "ftol": 1e-15, "gtol": 1e-10}
    return minimize(
        value_and_slope, np.zeros(2 * p), jac=True, bounds=parts, method="L-BFGS-B", options=options
    ).fun


@pytest.mark.parametrize("fit_intercept", [False, True])
def test_factors_of_the_lasso_rescale_the_columns(regression, fit_intercept):
    X, y, weights = regression()
    f = np.linspace(0.2, 4, X.shape[1])
    options = {"alpha": 0.1, "fit_intercept": fit_intercept, **TIGHT}
    ours = Lasso(penalty_factor=f, **options).fit(X, y, weights)
    rescaled = Lasso(**options).fit(X / f, y, weights)
    assert_allclose(ours.coef_, rescaled.coef_ / f, atol=1e-6)
    assert ours.dual_gap_ == pytest.approx(rescaled.dual_gap_, abs=1e-11 * y.var())


def test_one_factor_for_all_multiplies_alpha(regression):
    X, y, _ = regression()
    ours = ElasticNet(alpha=0.1, penalty_factor=3.0, **TIGHT).fit(X, y)
    assert_allclose(ours.coef_, ElasticNet(alpha=0.3, **TIGHT).fit(X, y).coef_, atol=1e-9)


@pytest.mark.parametrize("shape", [(40, 8), (10, 30), (25, 300)])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("alpha", [0.02, 0.3])
def test_the_objective_is_the_smallest(shape, l1_ratio, alpha):
    rng = np.random.RandomState(0)
    n, p = shape
    X, weights = rng.standard_normal(shape), rng.uniform(0.2, 2, n)
    y = X[:, :5] @ [3, -2, 1, 1, -1] + rng.standard_normal(n) + 5
    f = rng.choice([0.5, 1, 3], p)
    f[:3] = 0
    lower, upper = rng.choice([-INF, -0.5, 0], p), rng.choice([INF, 0.3, 0], p)
    model = ElasticNet(
        alpha=alpha,
        l1_ratio=l1_ratio,
        penalty_factor=f,
        lower=lower,
        upper=upper,
        tol=1e-9,
        max_iter=50_000,
    ).fit(X, y, weights)
    assert (model.coef_ >= lower).all()
    assert (model.coef_ <= upper).all()
    best = smallest(X, y, alpha, l1_ratio, f, lower, upper, weights)
    ours = objective(model, X, y, weights)
    assert ours <= best + 1e-9 * y.var()
    assert ours - model.dual_gap_ <= best + 1e-12 * y.var()


def test_without_a_penalty_bounds_are_those_of_least_squares(regression):
    X, y, _ = regression()
    lower, upper = np.full(12, -0.5), np.linspace(0, 1, 12)
    for factor, alpha in ((None, 0.0), (np.zeros(12), 0.5)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            model = Lasso(
                alpha, penalty_factor=factor, lower=lower, upper=upper, fit_intercept=False, **TIGHT
            ).fit(X, y)
        best = lsq_linear(X, y, (lower, upper), tol=1e-14).x
        assert_allclose(model.coef_, best, atol=1e-6)


def test_all_factors_zero_is_alpha_zero(regression):
    X, y, _ = regression()
    with pytest.warns(UserWarning, match="penalty_factor=0 for all features"):
        ours = ElasticNet(0.3, penalty_factor=0, **TIGHT).fit(X, y)
    with pytest.warns(UserWarning, match="alpha=0"):
        plain = ElasticNet(0, **TIGHT).fit(X, y)
    assert_array_equal(ours.coef_, plain.coef_)
    assert ours.dual_gap_ == plain.dual_gap_


def test_positive_is_lower_zero(regression):
    X, y, weights = regression()
    for upper in (None, 0.4):
        one = ElasticNet(0.05, positive=True, upper=upper, **TIGHT).fit(X, y, weights)
        other = ElasticNet(0.05, lower=0, upper=upper, **TIGHT).fit(X, y, weights)
        assert_allclose(one.coef_, other.coef_, atol=1e-7)
        assert (one.coef_ >= 0).all()
        assert upper is None or one.coef_.max() == upper


def test_bounds_that_do_not_bind_change_nothing(regression):
    X, y, _ = regression()
    plain = ElasticNet(0.05, **TIGHT).fit(X, y)
    bounded = ElasticNet(0.05, lower=-100, upper=100, penalty_factor=1, **TIGHT).fit(X, y)
    assert_allclose(bounded.coef_, plain.coef_, atol=1e-7)


@st.composite
def hard_problems(draw):
    rng = np.random.RandomState(draw(st.integers(0, 2**31 - 1)))
    n, p = draw(st.integers(1, 25)), draw(st.integers(1, 60))
    X = rng.standard_normal((n, p)) * 10.0 ** rng.randint(-2, 3, p)
    if p > 2:
        X[:, rng.randint(p)] = draw(st.sampled_from([0.0, 1.0]))  # a constant column
        X[:, 0] = X[:, 1]
    y = rng.standard_normal(n) * 10.0 ** draw(st.integers(-3, 3))
    f = rng.choice([0.0, 0.3, 1.0, 5.0], p, p=[0.1, 0.3, 0.3, 0.3])
    size = np.abs(y).max() / np.abs(X).max(axis=0).clip(0.01)
    lower = -size * rng.choice([0.0, 0.1, INF], p)
    upper = size * rng.choice([0.0, 0.05, INF], p)
    l1_ratio = draw(st.sampled_from([0.3, 1.0]))
    alpha = np.abs(X.T @ (y - y.mean())).max() / n * draw(st.sampled_from([0.003, 0.1, 0.7]))
    return X, y, f, lower, upper, l1_ratio, max(alpha, 1e-9)


@settings(max_examples=100)
@given(hard_problems())
def test_the_gap_is_certified_on_hard_problems(problem):
    """The gap ends below tol, and no move along a coordinate gains more than it."""
    X, y, f, lower, upper, l1_ratio, alpha = problem
    f[-1] = max(f[-1], 0.3)
    model = ElasticNet(
        alpha, l1_ratio=l1_ratio, penalty_factor=f, lower=lower, upper=upper,
        tol=1e-8, max_iter=20_000,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y)
    assert model.dual_gap_ <= 1e-8 * y.var()
    w, n = model.coef_, len(X)
    assert ((lower <= w) & (w <= upper)).all()
    A = X - X.mean(axis=0)
    r = y - y.mean() - A @ w
    l1, l2 = alpha * l1_ratio * f, alpha * (1 - l1_ratio) * f
    for j in np.flatnonzero(np.ptp(X, axis=0) > 0):
        curvature = A[:, j] @ A[:, j] / n
        z = A[:, j] @ r / n + curvature * w[j]
        best = np.sign(z) * max(abs(z) - l1[j], 0) / (curvature + l2[j])
        best = np.clip(best, lower[j], upper[j])

        def value(v, j=j, curvature=curvature, z=z):
            return curvature / 2 * v * v - z * v + l1[j] * abs(v) + l2[j] / 2 * v * v

        assert value(w[j]) - value(best) <= model.dual_gap_ + 1e-12 * y.var()


@pytest.mark.parametrize("n_features", [12, 300])
def test_sparse_dense_and_several_targets_agree(regression, n_features):
    X, Y, weights = regression(p=n_features, n_targets=2)
    f = np.tile([0.5, 1, 2], n_features // 3)
    f[:2] = 0
    options = {"penalty_factor": f, "lower": -0.3, "upper": np.tile([INF, 0.2], n_features // 2)}
    model = ElasticNet(0.1, l1_ratio=0.9, tol=1e-10, max_iter=50_000, **options)
    both = model.fit(X, Y, weights).coef_.copy()
    for t in range(2):
        assert_allclose(model.fit(X, Y[:, t], weights).coef_, both[t], atol=1e-5)
    assert_allclose(model.fit(sp.csc_matrix(X), Y, weights).coef_, both, atol=1e-5)
    assert_allclose(model.fit(np.asfortranarray(X), Y, weights).coef_, both, atol=1e-5)
    assert_allclose(model.fit(X.astype(np.float32), Y, weights).coef_, both, atol=1e-3)


def test_weights_are_repeated_rows(regression):
    X, y, _ = regression(n=30)
    counts = np.random.RandomState(0).randint(0, 4, 30)
    f = np.arange(12) / 4.0
    model = ElasticNet(0.1, penalty_factor=f, lower=-0.2, **TIGHT)
    weighted = model.fit(X, y, counts).coef_.copy()
    repeated = model.fit(np.repeat(X, counts, axis=0), np.repeat(y, counts)).coef_
    assert_allclose(weighted, repeated, atol=1e-6)


def test_a_warm_start_is_moved_within_the_bounds(regression):
    X, y, _ = regression()
    model = Lasso(0.01, warm_start=True, **TIGHT).fit(X, y)
    assert np.abs(model.coef_).max() > 0.5
    model.set_params(lower=-0.1, upper=0.2).fit(X, y)
    cold = Lasso(0.01, lower=-0.1, upper=0.2, **TIGHT).fit(X, y)
    assert model.coef_.max() == 0.2
    assert model.coef_.min() == -0.1
    assert_allclose(model.coef_, cold.coef_, atol=1e-7)


@pytest.mark.parametrize("precompute", [False, True, "gram", "float32 gram"])
def test_a_given_gram_gives_the_same(regression, precompute):
    X, y, _ = regression()
    X = X - X.mean(axis=0)
    f = np.r_[0, 0, np.ones(10)]
    wanted = ElasticNet(0.1, penalty_factor=f, upper=0.5, **TIGHT).fit(X, y).coef_
    if isinstance(precompute, str):
        precompute = (X.T @ X).astype(np.float32 if "32" in precompute else np.float64)
    model = ElasticNet(0.1, penalty_factor=f, upper=0.5, precompute=precompute, **TIGHT)
    assert_allclose(model.fit(X, y).coef_, wanted, atol=1e-6)


@pytest.mark.parametrize("n_targets", [None, 2])
def test_paths_take_factors(regression, n_targets):
    X, y, _ = regression(n_targets=n_targets)
    f = np.r_[0, 0, np.linspace(0.5, 2, 10)]
    alphas, coefs, gaps = enet_path(
        X, y, l1_ratio=0.8, alphas=12, penalty_factor=f, tol=1e-10, max_iter=50_000
    )
    assert (gaps <= 1e-10 * (y**2).sum() / len(y)).all()
    # the grid starts where only the unpenalised features are in
    entered = coefs.any(axis=0) if n_targets else coefs != 0
    assert entered[:2].all()
    assert not entered[2:, 0].any()
    assert entered[2:, 1].any()
    if n_targets is None:
        model = ElasticNet(
            alphas[6], l1_ratio=0.8, penalty_factor=f, fit_intercept=False, **TIGHT
        ).fit(X, y)
        assert_allclose(coefs[:, 6], model.coef_, atol=1e-4)


def test_paths_take_bounds(regression):
    X, y, _ = regression()
    lower, upper = np.full(12, -0.2), np.r_[np.zeros(6), np.full(6, 0.7)]
    _, coefs, gaps = lasso_path(X, y, alphas=8, lower=lower, upper=upper, tol=1e-9)
    assert (gaps <= 1e-9 * (y**2).mean()).all()
    assert (coefs >= lower[:, None]).all()
    assert (coefs <= upper[:, None]).all()
    assert not coefs[:, 0].any()
    assert coefs[:, 1].any()


BAD = {
    "negative factor": ({"penalty_factor": [1, -0.5, 1]}, "penalty_factor", "feature 1"),
    "infinite factor": ({"penalty_factor": [1, 1, INF]}, "penalty_factor", "feature 2"),
    "NaN factor": ({"penalty_factor": [np.nan, 1, 1]}, "penalty_factor", "feature 0"),
    "too many factors": ({"penalty_factor": np.ones(4)}, "penalty_factor", "(3,)"),
    "factors in two dimensions": ({"penalty_factor": np.ones((1, 3))}, "penalty_factor", "(3,)"),
    "text for a factor": ({"penalty_factor": "a"}, "penalty_factor", "number"),
    "True for a bound": ({"lower": True}, "lower", "number"),
    "complex bound": ({"upper": 1j}, "upper", "number"),
    "ragged factors": ({"penalty_factor": [1, [2], 3]}, "penalty_factor", "number"),
    "positive lower": ({"lower": [0, 0, 0.1]}, "lower", "feature 2"),
    "NaN lower": ({"lower": [0, np.nan, 0]}, "lower", "feature 1"),
    "negative upper": ({"upper": -1.0}, "upper", "feature 0"),
    "NaN upper": ({"upper": [0, np.nan, 0]}, "upper", "feature 1"),
    "too few bounds": ({"upper": [1.0]}, "upper", "(3,)"),
    "positive and lower": ({"positive": True, "lower": -1.0}, "positive", "lower"),
    "positive and lower 0": ({"positive": True, "lower": 0.0}, "positive", "lower"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_parameters_are_named(case):
    options, name, detail = BAD[case]
    rng = np.random.RandomState(0)
    X, y = rng.standard_normal((9, 3)), rng.standard_normal(9)
    model = ElasticNet(0.1).fit(X, y).set_params(**options)
    before = copy.deepcopy(vars(model))
    wanted = f"(?s)(?=.*{name}).*{re.escape(detail)}"
    with pytest.raises((ValueError, TypeError), match=wanted):
        model.fit(2 * X, y)
    assert_array_equal(model.coef_, before["coef_"])
    assert set(vars(model)) == set(before)
    with pytest.raises((ValueError, TypeError), match=wanted):
        enet_path(X, y, alphas=3, **options)


def test_paths_of_several_targets_refuse_bounds(regression):
    X, y, _ = regression(n_targets=2)
    for name in ("lower", "upper"):
        with pytest.raises(ValueError, match=f"{name} needs a single target"):
            enet_path(X, y, alphas=3, **{name: 0.0})


def test_parameters_are_left_alone(regression):
    X, y, _ = regression()
    options = {"penalty_factor": np.ones(12), "lower": np.full(12, -0.1), "upper": [0.1] * 12}
    model = Lasso(0.1, **copy.deepcopy(options)).fit(X, y)
    for name, value in options.items():
        assert_array_equal(getattr(model, name), value)


@pytest.mark.parametrize("tol", [1e-4, 1e-10, 0.0])
def test_a_polynomial_trend_is_fitted_and_the_fit_ends(tol):
    """Unpenalised columns that are dependent but for rounding, on scales of 1e6 and 1e12."""
    rng = np.random.RandomState(0)
    X, t = rng.standard_normal((100, 300)), np.linspace(1e6, 1e6 + 1, 100)
    X[:, 0], X[:, 1], X[:, 2] = t, t**2, t + 1e-4 * rng.standard_normal(100)
    y = 3 * t + X[:, 5] + 0.1 * rng.standard_normal(100)
    f = np.r_[np.zeros(3), np.ones(297)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if tol == 0 else "error")
        model = Lasso(0.05, penalty_factor=f, tol=tol, max_iter=20_000).fit(X, y)
    assert model.dual_gap_ <= max(tol, 1e-6) * y.var()
    assert np.argmax(np.abs(model.coef_[3:])) == 2
    assert np.abs(X @ model.coef_ + model.intercept_ - y).max() < 0.5


def test_a_factor_may_be_huge(regression):
    X, y, _ = regression()
    f = np.r_[1e308, np.ones(11)]
    model = ElasticNet(0.05, penalty_factor=f, **TIGHT).fit(X, y)
    left_out = ElasticNet(
        0.05, upper=np.r_[0, np.full(11, INF)], lower=np.r_[0, np.full(11, -INF)], **TIGHT
    ).fit(X, y)
    assert model.coef_[0] == 0
    assert_allclose(model.coef_, left_out.coef_, atol=1e-7)
