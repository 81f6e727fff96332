"""penalty_factor, lower and upper of the models that cross-validate."""

import copy

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import KFold, RepeatedKFold, ShuffleSplit
from sklearn.preprocessing import StandardScaler

import fastreg
from fastreg import (
    DiagnosticWarning,
    ElasticNet,
    ElasticNetCV,
    Lasso,
    LassoCV,
    MultiTaskElasticNet,
    MultiTaskElasticNetCV,
    MultiTaskLassoCV,
)
from fastreg.linear_model._penalty_parameters import limits_within

TIGHT = {"tol": 1e-11, "max_iter": 50_000}
INF = np.inf

P = 12
FACTOR = np.r_[0, 0, np.linspace(0.3, 3, P - 2)]
LOWER = np.where(np.arange(P) % 3 == 0, -0.4, -INF)
UPPER = np.where(np.arange(P) % 4 == 1, 0.3, INF)
LOWER[5] = UPPER[5] = 0.0
CASES = {
    "factors": {"penalty_factor": np.maximum(FACTOR, 0.2)},
    "free features": {"penalty_factor": FACTOR},
    "bounds": {"lower": LOWER, "upper": UPPER},
    "left out": {"lower": np.where(FACTOR > 2, 0, -INF), "upper": np.where(FACTOR > 2, 0, INF)},
    "all": {"penalty_factor": FACTOR, "lower": LOWER, "upper": UPPER},
    "positive": {"penalty_factor": FACTOR, "positive": True, "upper": 0.5},
}


def scaled(options, scale):
    """The options for columns that were divided by `scale`."""
    bounds = {name: options[name] * scale for name in ("lower", "upper") if name in options}
    return {**options, **bounds}


def errors_by_hand(model, X, y, weights, cv, options, standardize=False):
    """mse_path_ for one l1_ratio, from ElasticNet on the training rows of each split."""
    single = MultiTaskElasticNet if y.ndim == 2 else ElasticNet
    errors = np.empty((len(model.alphas_), cv.get_n_splits(X)))
    for f, (train, test) in enumerate(cv.split(X)):
        A, own = X, options
        if standardize:
            scaler = StandardScaler().fit(X[train], sample_weight=weights[train])
            A, own = scaler.transform(X), scaled(options, scaler.scale_)
        for k, alpha in enumerate(model.alphas_):
            fit = single(alpha, l1_ratio=getattr(model, "l1_ratio", 1.0), **own, **TIGHT)
            fit.fit(A[train], y[train], weights[train])
            squares = (y[test] - fit.predict(A[test])).reshape(len(test), -1) ** 2
            errors[k, f] = np.average(squares.mean(axis=1), weights=weights[test])
    return errors


def within(coef, options):
    return (coef >= options.get("lower", -INF)).all() and (coef <= options.get("upper", INF)).all()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_errors_are_those_of_fits_by_hand(regression, way, case, kind):
    X, y, weights = regression(50, P)
    options, cv = CASES[case], KFold(3)
    given = sp.csc_matrix(X) if kind == "sparse" else X
    model = ElasticNetCV(l1_ratio=0.8, alphas=4, eps=0.02, cv=cv, **options, **TIGHT)
    model.fit(given, y, weights)
    wanted = errors_by_hand(model, X, y, weights, cv, options)
    assert_allclose(model.mse_path_, wanted, rtol=1e-5)
    final = ElasticNet(model.alpha_, l1_ratio=0.8, **options, **TIGHT).fit(X, y, weights)
    assert_allclose(model.coef_, final.coef_, atol=1e-5)
    assert model.intercept_ == pytest.approx(final.intercept_, abs=1e-5)
    assert model.dual_gap_ <= 1e-11 * y.var() * 3
    assert within(model.coef_, options)
    # the grid begins where the last penalised feature leaves
    path, free = model.path_.coefs, options.get("penalty_factor", np.ones(P)) == 0
    assert_allclose(path[~free, 0], 0, atol=1e-9)
    assert path[~free, 1].any()


@pytest.mark.parametrize("case", ["free features", "all"])
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_wide(regression, case, kind):
    """Working sets in every split, each on X with zero weights."""
    X, y, weights = regression(40, 25 * P, seed=3, density=0.2)
    if kind == "sparse":
        X = X * (np.abs(X) > 0.8)
    given = sp.csr_matrix(X) if kind == "sparse" else X
    options = {
        name: np.tile(value, 25) if name != "penalty_factor" else np.r_[value, np.ones(24 * P)]
        for name, value in CASES[case].items()
    }
    model = LassoCV(alphas=3, eps=0.1, cv=KFold(3), **options, **TIGHT).fit(given, y, weights)
    wanted = errors_by_hand(model, X, y, weights, KFold(3), options)
    assert_allclose(model.mse_path_, wanted, rtol=1e-4)
    assert within(model.coef_, options)


@pytest.mark.parametrize("cv", [ShuffleSplit(3, random_state=0), RepeatedKFold(n_splits=3)])
def test_moments_that_were_subtracted(regression, way, cv):
    """Their Gram is no proof, so the gradient of unpenalised features comes from X."""
    X, y, weights = regression(60, P)
    cv.random_state = 0
    options = CASES["all"]
    model = LassoCV(alphas=3, eps=0.05, cv=cv, **options, **TIGHT).fit(X, y, weights)
    assert_allclose(model.mse_path_, errors_by_hand(model, X, y, weights, cv, options), rtol=1e-5)


@pytest.mark.parametrize("case", ["free features", "all"])
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_standardize_scales_bounds_and_no_factors(regression, way, case, kind):
    X, y, weights = regression(50, P)
    scales = 10.0 ** np.linspace(-3, 3, P)
    X, options = X * scales, scaled(CASES[case], 1 / scales)
    given = sp.csc_matrix(X) if kind == "sparse" else X
    model = ElasticNetCV(
        l1_ratio=0.7, alphas=3, eps=0.05, cv=3, standardize=True, **options, **TIGHT
    ).fit(given, y, weights)
    wanted = errors_by_hand(model, X, y, weights, KFold(3), options, standardize=True)
    assert_allclose(model.mse_path_, wanted, rtol=1e-5)
    assert within(model.coef_, options)
    scaler = StandardScaler().fit(X, sample_weight=weights)
    final = ElasticNet(model.alpha_, l1_ratio=0.7, **scaled(options, scaler.scale_), **TIGHT)
    final.fit(scaler.transform(X), y, weights)
    assert_allclose(model.coef_ * scaler.scale_, final.coef_, atol=1e-5)
    grid = ElasticNetCV(
        l1_ratio=0.7, alphas=3, eps=0.05, cv=3, **scaled(options, scaler.scale_)
    ).fit(scaler.transform(X), y, weights)
    assert_allclose(model.alphas_, grid.alphas_, rtol=1e-9)


def test_bounds_on_standardised_columns_hold_after_division():
    rng = np.random.RandomState(0)

    class Scaled:
        column_scale = np.exp(rng.uniform(-30, 30, 3000))

    limits = {
        "factor": None,
        "lower": -np.exp(rng.uniform(-20, 20, 3000)),
        "upper": np.append(np.exp(rng.uniform(-20, 20, 2998)), [0.0, INF]),
    }
    inside = limits_within(Scaled(), limits)
    for name in ("lower", "upper"):
        back = inside[name] / Scaled.column_scale
        assert (np.abs(back) <= np.abs(limits[name])).all()
        assert_allclose(back, limits[name], rtol=1e-15)
    assert inside["upper"][-2:].tolist() == [0.0, INF]


@pytest.mark.parametrize("name", ["MultiTaskLassoCV", "MultiTaskElasticNetCV"])
@pytest.mark.parametrize("standardize", [False, True])
def test_multi_task(regression, way, name, standardize):
    X, Y, weights = regression(50, P, n_targets=2)
    options = {"penalty_factor": FACTOR}
    model = getattr(fastreg, name)(
        alphas=4, eps=0.02, cv=3, standardize=standardize, **options, **TIGHT
    )
    model.fit(X, Y, weights)
    wanted = errors_by_hand(model, X, Y, weights, KFold(3), options, standardize)
    assert_allclose(model.mse_path_, wanted, rtol=1e-5)
    assert model.path_.coefs[:, :2, 0].all()
    assert not model.path_.coefs[:, 2:, 0].any()
    assert "lower" not in model.get_params()


def test_several_l1_ratios(regression, way):
    X, y, weights = regression(50, P)
    options = CASES["all"]
    both = ElasticNetCV(l1_ratio=[0.4, 1.0], alphas=4, cv=3, **options, **TIGHT)
    both.fit(X, y, weights)
    for k, l1_ratio in enumerate(both.l1_ratio):
        one = ElasticNetCV(l1_ratio=l1_ratio, alphas=4, cv=3, **options, **TIGHT)
        one.fit(X, y, weights)
        assert_allclose(both.alphas_[k], one.alphas_)
        assert_allclose(both.mse_path_[k], one.mse_path_, rtol=1e-6)


def test_an_unpenalised_feature_that_is_constant_in_a_training_set(regression, way):
    X, y, _ = regression(60, P)
    X[:, 1], X[:, 3], X[20:, 0] = 3e5, 0.1, 0.7
    factor = np.ones(P)
    factor[[0, 1, 2]] = 0
    model = LassoCV(alphas=4, eps=0.05, cv=3, penalty_factor=factor, **TIGHT).fit(X, y)
    assert model.coef_[1] == model.coef_[3] == 0
    weights = np.ones(60)
    wanted = errors_by_hand(model, X, y, weights, KFold(3), {"penalty_factor": factor})
    assert_allclose(model.mse_path_, wanted, rtol=1e-5)


def test_unpenalised_features_that_depend_on_each_other(regression, way):
    X, y, _ = regression(60, P)
    X[:, 1] = -2 * X[:, 0]
    tight = {**TIGHT, "tol": 1e-13}  # a gap of 1e-11 leaves 3e-6 to predictions
    model = LassoCV(alphas=4, eps=0.05, cv=3, penalty_factor=FACTOR, **tight).fit(X, y)
    factor = FACTOR.copy()
    left_out = np.where(np.arange(P) == 1, 0, INF)
    without = LassoCV(
        alphas=4, eps=0.05, cv=3, penalty_factor=factor, lower=-left_out, upper=left_out, **tight
    ).fit(X, y)
    assert_allclose(model.mse_path_, without.mse_path_, rtol=1e-6)


def test_nothing_is_penalised(regression, way):
    X, y, _ = regression(60, P)
    model = LassoCV(alphas=[1.0, 0.1], cv=3, penalty_factor=0, **TIGHT)
    with pytest.warns(DiagnosticWarning, match="penalty_factor=0 for all features"):
        model.fit(X, y)
    best = np.linalg.lstsq(np.c_[np.ones(60), X], y)[0]
    assert_allclose(np.r_[model.intercept_, model.coef_], best, atol=1e-4)
    assert model.alpha_ == 1.0
    with pytest.warns(DiagnosticWarning, match="penalty_factor=0 for all features"):
        automatic = LassoCV(alphas=3, cv=3, penalty_factor=np.zeros(P), **TIGHT).fit(X, y)
    assert_allclose(automatic.coef_, model.coef_, atol=1e-4)


def test_bounds_leave_nothing(regression, way):
    X, y, _ = regression(60, P)
    model = LassoCV(alphas=3, cv=3, lower=0, upper=0).fit(X, y)
    assert not model.coef_.any()
    assert model.intercept_ == pytest.approx(y.mean())


def test_threads_change_no_bit(regression, way):
    X, y, weights = regression(50, P)
    models = [
        ElasticNetCV(alphas=5, cv=3, n_jobs=n_jobs, standardize=True, **CASES["all"])
        for n_jobs in (1, 3)
    ]
    one, three = (model.fit(X, y, weights) for model in models)
    assert_array_equal(one.mse_path_, three.mse_path_)
    assert_array_equal(one.path_.coefs, three.path_.coefs)


BAD = {
    "negative factor": ({"penalty_factor": [1, -0.5, 1]}, "penalty_factor .* feature 1"),
    "wrong shape": ({"penalty_factor": np.ones(4)}, "penalty_factor has shape"),
    "positive lower": ({"lower": [0, 0, 0.1]}, "lower .* feature 2"),
    "NaN upper": ({"upper": [0, np.nan, 0]}, "upper .* feature 1"),
    "text": ({"upper": "wide"}, "upper"),
    "two lower bounds": ({"lower": -1.0, "positive": True}, "positive=True stands for lower=0"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("name", ["LassoCV", "ElasticNetCV"])
def test_bad_parameters_are_named(name, case):
    options, words = BAD[case]
    rng = np.random.RandomState(0)
    X, y = rng.standard_normal((20, 3)), rng.standard_normal(20)
    model = getattr(fastreg, name)(alphas=3).fit(X, y).set_params(**options)
    before = copy.copy(vars(model))
    with pytest.raises((ValueError, TypeError), match=words):
        model.fit(2 * X, y)
    assert vars(model) == before


@pytest.mark.parametrize("model", [MultiTaskLassoCV, MultiTaskElasticNetCV])
def test_bad_factors_of_several_targets(model):
    rng = np.random.RandomState(0)
    X, Y = rng.standard_normal((20, 3)), rng.standard_normal((20, 2))
    with pytest.raises(ValueError, match="penalty_factor must be finite"):
        model(penalty_factor=[1, INF, 1]).fit(X, Y)


def test_none_is_no_limit(regression, way):
    X, y, _ = regression(50, P)
    plain = LassoCV(alphas=5, cv=3).fit(X, y)
    limits = {"penalty_factor": 1.0, "lower": -INF, "upper": np.full(P, INF)}
    same = LassoCV(alphas=5, cv=3, **limits).fit(X, y)
    assert_array_equal(same.mse_path_, plain.mse_path_)
    assert_array_equal(same.coef_, plain.coef_)
    assert_allclose(Lasso(plain.alpha_, **TIGHT).fit(X, y).coef_, plain.coef_, atol=0.02)
