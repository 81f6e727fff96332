"""warm_start, precompute, selection, copy_X, check_input, several targets."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal

from fastreg import DiagnosticWarning, ElasticNet, Lasso

TIGHT = {"tol": 1e-12, "max_iter": 100_000}
FORMS = {"c": np.ascontiguousarray, "f": np.asfortranarray, "csc": sp.csc_matrix}


@pytest.fixture(params=FORMS)
def form(request):
    return FORMS[request.param]


@pytest.fixture(params=[(60, 12), (40, 350)], ids=["few", "many columns"])
def data(request, regression):
    X, y, _ = regression(*request.param)
    return X, y


def test_warm_start_continues(form, data):
    X, y = form(data[0]), data[1]
    model = Lasso(0.05, warm_start=True, **TIGHT).fit(X, y)
    first, coef = model.n_iter_, model.coef_
    kept = coef.copy()
    model.fit(X, y)
    assert model.n_iter_ <= 1 < first
    assert_array_equal(coef, kept)  # a start is not written to
    model.set_params(alpha=0.04).fit(X, y)
    cold = Lasso(0.04, **TIGHT).fit(X, y)
    assert_allclose(model.coef_, cold.coef_, atol=1e-5)


def test_without_warm_start_a_refit_repeats_the_fit(form, data):
    X, y = form(data[0]), data[1]
    model = Lasso(0.05).fit(X, y)
    first, n_iter = model.coef_, model.n_iter_
    assert_array_equal(model.fit(X, y).coef_, first)
    assert model.n_iter_ == n_iter


def test_warm_start_of_another_shape_is_refused(data):
    X, y = data
    model = Lasso(0.05, warm_start=True).fit(X, y)
    coef = model.coef_
    with pytest.raises(ValueError, match="warm_start"):
        model.fit(X[:, 1:], y)
    assert model.coef_ is coef
    assert model.n_features_in_ == X.shape[1]


@pytest.mark.parametrize("weighted", [False, True])
def test_precompute_changes_nothing_but_the_work(form, data, weighted, centred_problem):
    X, y = data
    weights = np.random.RandomState(0).uniform(0.2, 2, len(y)) if weighted else None
    if weighted:
        weights *= len(y) / weights.sum()
    X = X - np.average(X, axis=0, weights=weights)
    gram = centred_problem(X, y, weights, True)[0].astype(float)
    gram = gram.T @ gram
    fits = [
        ElasticNet(0.05, precompute=precompute, **TIGHT)
        .fit(form(X), y, sample_weight=weights)
        .coef_
        for precompute in (False, True, gram, gram.tolist())
    ]
    for coef in fits[1:]:
        assert_allclose(coef, fits[0], atol=1e-5)


def test_precompute_of_x_that_is_not_centred_warns(data):
    X, y = data
    model = Lasso(0.05, precompute=X.T @ X, **TIGHT)
    with pytest.warns(UserWarning, match="Gram matrix was provided but X was centered"):
        model.fit(X + 1, y)
    assert_allclose(model.coef_, Lasso(0.05, **TIGHT).fit(X + 1, y).coef_, atol=1e-5)


def test_random_selection(form, data):
    X, y = form(data[0]), data[1]
    cyclic = Lasso(0.05, **TIGHT).fit(X, y)
    fits = [
        Lasso(0.05, selection="random", random_state=seed, **TIGHT).fit(X, y).coef_
        for seed in (0, 0, 1, np.random.RandomState(0))
    ]
    for coef in fits:
        assert_allclose(coef, cyclic.coef_, atol=1e-5)
    assert_array_equal(fits[0], fits[1])
    assert_array_equal(fits[0], fits[3])
    loose = [
        Lasso(0.001, selection="random", random_state=seed, tol=1e-3).fit(X, y).coef_
        for seed in (0, 1)
    ]
    assert (loose[0] != loose[1]).any()


def test_targets_are_fitted_one_by_one(form, regression):
    for shape in ((60, 12), (40, 350)):
        X, Y, weights = regression(*shape, n_targets=3)
        X = form(X)
        model = ElasticNet(0.1, **TIGHT).fit(X, Y, sample_weight=weights)
        assert model.coef_.shape == (3, shape[1])
        assert len(model.n_iter_) == len(model.dual_gap_) == 3
        for t in range(3):
            single = ElasticNet(0.1, **TIGHT).fit(X, Y[:, t], sample_weight=weights)
            assert_allclose(model.coef_[t], single.coef_, atol=1e-5)
            assert_allclose(model.intercept_[t], single.intercept_, atol=1e-5)
        assert model.predict(X).shape == (shape[0], 3)


def test_check_input_false(form, data):
    X, y = form(data[0]), data[1]
    checked = Lasso(0.05).fit(X, y)
    assert_array_equal(Lasso(0.05).fit(X, y, check_input=False).coef_, checked.coef_)


def test_max_iter_none_stands_for_1000(data):
    X, y = data
    coefs = [Lasso(0.05, max_iter=max_iter).fit(X, y).coef_ for max_iter in (None, 1000)]
    assert_array_equal(*coefs)


def test_lasso_is_the_elastic_net_at_one(form, data):
    X, y = form(data[0]), data[1]
    assert_array_equal(Lasso(0.05).fit(X, y).coef_, ElasticNet(0.05, l1_ratio=1.0).fit(X, y).coef_)


def test_l1_ratio_zero_is_ridge(data):
    from fastreg import Ridge

    X, y = data
    net = ElasticNet(0.5, l1_ratio=0, **TIGHT).fit(X, y)
    assert_allclose(net.coef_, Ridge(0.5 * len(y)).fit(X, y).coef_, atol=1e-5)


@pytest.mark.parametrize("cls", [Lasso, ElasticNet])
def test_a_constant_target(cls, form):
    X = np.random.RandomState(0).standard_normal((20, 4))
    model = cls().fit(form(X), np.full(20, 7.5))
    assert not model.coef_.any()
    assert model.intercept_ == 7.5
    assert model.dual_gap_ == 0


def test_one_sample():
    with pytest.warns(DiagnosticWarning, match="constant"):
        model = Lasso().fit([[1.0, 2.0]], [3.0])
    assert not model.coef_.any()
    assert model.predict([[5.0, 5.0]]) == pytest.approx(3.0)
