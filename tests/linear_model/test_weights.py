"""What a sample weight means: repetition, and absence."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose

from fastreg import ElasticNet, Lasso, Ridge, enet_path, lasso_path

TIGHT = {"tol": 1e-13, "max_iter": 100_000}
MODELS = {
    "lasso": (Lasso, {"alpha": 0.05, **TIGHT}),
    "elastic net": (ElasticNet, {"alpha": 0.05, "l1_ratio": 0.3, **TIGHT}),
    "positive": (ElasticNet, {"alpha": 0.05, "positive": True, **TIGHT}),
    "ridge": (Ridge, {"alpha": 0.5, "tol": 1e-13}),
    "ridge svd": (Ridge, {"alpha": 0.5, "solver": "svd"}),
    "ridge cg": (Ridge, {"alpha": 0.5, "tol": 1e-13, "solver": "sparse_cg"}),
}
FORMS = {"c": np.ascontiguousarray, "f": np.asfortranarray, "csc": sp.csc_matrix}


@pytest.fixture(
    params=[m + " " + f for m in MODELS for f in FORMS if (m, f) != ("ridge svd", "csc")]
)
def fit(request):
    name, form = request.param.rsplit(" ", 1)
    cls, options = MODELS[name]

    def fit(X, y, weights=None, **more):
        return cls(**{**options, **more}).fit(FORMS[form](X), y, sample_weight=weights)

    return fit


def same(one, other):
    assert one.coef_.any()
    assert_allclose(one.coef_, other.coef_, atol=1e-6)
    assert_allclose(one.intercept_, other.intercept_, atol=1e-6)


@pytest.mark.parametrize("fit_intercept", [False, True])
def test_integer_weights_are_repetition(fit, fit_intercept, regression):
    X, y, _ = regression()
    weights = np.random.RandomState(1).randint(0, 4, len(y))
    repeated = fit(
        np.repeat(X, weights, axis=0), np.repeat(y, weights), fit_intercept=fit_intercept
    )
    same(fit(X, y, weights, fit_intercept=fit_intercept), repeated)


def test_zero_weights_are_removal(fit, regression):
    X, y, weights = regression()
    weights[::3] = 0
    X, y = X.copy(), y.copy()
    X[::3] *= 1000
    y[::3] = 1e5
    kept = weights > 0
    same(fit(X, y, weights), fit(X[kept], y[kept], weights[kept]))


def test_a_scalar_weight_is_that_weight_for_all(fit, regression):
    X, y, _ = regression()
    same(fit(X, y, 2.5), fit(X, y, np.full(len(y), 2.5)))
    same(fit(X, y, 3), fit(X, y, [3] * len(y)))


def test_ridge_doubling_weights_is_halving_alpha(regression):
    X, y, weights = regression()
    one = Ridge(1.0).fit(X, y, sample_weight=2 * weights)
    same(one, Ridge(0.5).fit(X, y, sample_weight=weights))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("path", [lasso_path, enet_path])
def test_paths_honour_weights(path, form, regression):
    """scikit-learn's lasso_path drops them on dense X."""
    X, y, _ = regression()
    weights = np.random.RandomState(2).randint(0, 4, len(y))
    options = {"alphas": [0.5, 0.1, 0.02], **TIGHT}
    got = path(FORMS[form](X), y, sample_weight=weights, **options)[1]
    wanted = path(np.repeat(X, weights, axis=0), np.repeat(y, weights), **options)[1]
    assert_allclose(got, wanted, atol=1e-6)
    assert np.abs(got - path(X, y, **options)[1]).max() > 1e-3


def test_automatic_alphas_know_the_weights(regression):
    X, y, _ = regression()
    weights = np.random.RandomState(2).randint(0, 4, len(y))
    weighted = lasso_path(X, y, alphas=3, sample_weight=weights)[0]
    repeated = lasso_path(np.repeat(X, weights, axis=0), np.repeat(y, weights), alphas=3)[0]
    assert_allclose(weighted, repeated)


def test_weights_of_one_sample(fit, regression):
    """All weight on one row: nothing but the intercept can be learnt."""
    X, y, _ = regression()
    weights = np.zeros(len(y))
    weights[5] = 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = fit(X, y, weights)
    assert_allclose(model.coef_, 0, atol=1e-9)
    assert model.intercept_ == pytest.approx(y[5])


def test_weights_with_gaps_between_them(fit, regression):
    X, y, weights = regression()
    gaps = np.repeat(weights, 2)[::2]
    assert not gaps.flags.c_contiguous
    np.testing.assert_array_equal(fit(X, y, gaps).coef_, fit(X, y, weights).coef_)
