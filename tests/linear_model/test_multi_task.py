"""MultiTaskLasso and MultiTaskElasticNet: targets that share their features.

Optimality is in test_optimality.py, where every coordinate descent has its place.
"""

import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn
import sklearn.linear_model as sk
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastreg import (
    DiagnosticWarning,
    ElasticNet,
    Lasso,
    MultiTaskElasticNet,
    MultiTaskLasso,
    Ridge,
    enet_path,
)

TIGHT = {"tol": 1e-14, "max_iter": 100_000}
FORMS = {
    "c": np.ascontiguousarray,
    "f": np.asfortranarray,
    "csc": sp.csc_matrix,
}


@pytest.fixture(params=FORMS)
def form(request):
    return FORMS[request.param]


@pytest.fixture(params=[(60, 12), (40, 300)], ids=["few", "many columns"])
def data(request, regression):
    return regression(*request.param, n_targets=3)


@pytest.mark.parametrize("cls", [MultiTaskLasso, MultiTaskElasticNet])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_scikit_learn_s_solution(cls, fit_intercept, data, form):
    """Dense, as not every scikit-learn that we support takes sparse X or weights here."""
    X, Y, _ = data
    options = {"alpha": 0.6, "fit_intercept": fit_intercept, **TIGHT}
    ours = cls(**options).fit(form(X), Y)
    theirs = getattr(sk, cls.__name__)(**options).fit(X, Y)
    used = theirs.coef_.any(axis=0)
    assert used.any()
    assert_array_equal(ours.coef_.any(axis=0), used)
    assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)
    assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-5)
    assert_allclose(ours.eps_, theirs.eps_)
    assert ours.predict(form(X)).shape == Y.shape


@pytest.mark.parametrize("fit_intercept", [False, True])
def test_integer_weights_are_repetition(fit_intercept, data, form):
    X, Y, _ = data
    weights = np.random.RandomState(1).randint(0, 4, len(Y))
    model = MultiTaskElasticNet(0.6, fit_intercept=fit_intercept, **TIGHT)
    repeated = clone(model).fit(form(np.repeat(X, weights, axis=0)), np.repeat(Y, weights, axis=0))
    model.fit(form(X), Y, sample_weight=weights)
    assert model.coef_.any()
    assert_allclose(model.coef_, repeated.coef_, atol=1e-5)
    assert_allclose(model.intercept_, repeated.intercept_, atol=1e-5)
    assert_allclose(model.fit(X, Y, 2.5).coef_, model.fit(X, Y).coef_)


def test_one_target_is_the_single_task_model(data, form):
    X, Y, weights = data
    multi = MultiTaskElasticNet(0.1, **TIGHT).fit(form(X), Y[:, :1], weights)
    single = ElasticNet(0.1, **TIGHT).fit(form(X), Y[:, 0], weights)
    assert multi.coef_.shape == (1, X.shape[1])
    assert multi.intercept_.shape == (1,)
    assert_array_equal(multi.coef_[0], single.coef_)
    assert multi.dual_gap_ == single.dual_gap_


def test_it_is_the_path_s_problem(data):
    X, Y, weights = data
    _, coefs, gaps = enet_path(X, Y, alphas=[0.1], sample_weight=weights, **TIGHT)
    model = MultiTaskElasticNet(0.1, fit_intercept=False, **TIGHT).fit(X, Y, weights)
    assert_array_equal(model.coef_, coefs[..., 0])
    assert model.dual_gap_ == gaps[0]


@pytest.mark.parametrize("form", [sp.csr_array, sp.coo_matrix, sp.lil_matrix])
def test_other_sparse_formats(form, data):
    X, Y, weights = data
    dense = MultiTaskLasso(0.6, **TIGHT).fit(X, Y, weights)
    sparse = MultiTaskLasso(0.6, **TIGHT).fit(form(X), Y, weights)
    assert_allclose(sparse.coef_, dense.coef_, atol=1e-5)


def test_fitted_types(data, form):
    X, Y, _ = data
    model = MultiTaskLasso(0.1).fit(form(X), Y)
    assert type(model.n_iter_) is int
    assert isinstance(model.dual_gap_, float)
    assert model.intercept_.shape == (3,)
    assert model.sparse_coef_.shape == (3, X.shape[1])
    assert model.fit(form(X.astype(np.float32)), Y).coef_.dtype == np.float32
    assert model.set_params(fit_intercept=False).fit(form(X), Y).intercept_ == 0.0


def test_l1_ratio_zero_is_ridge(data):
    X, Y, _ = data
    net = MultiTaskElasticNet(0.5, l1_ratio=0, **TIGHT).fit(X, Y)
    assert_allclose(net.coef_, Ridge(0.5 * len(Y)).fit(X, Y).coef_, atol=1e-5)


def test_warm_start_continues(data, form):
    X, Y, _ = data
    model = MultiTaskLasso(0.05, warm_start=True, **TIGHT).fit(form(X), Y)
    first, coef = model.n_iter_, model.coef_
    model.fit(form(X), Y)
    assert model.n_iter_ <= 1 < first
    assert_allclose(model.coef_, coef, atol=1e-6)
    with pytest.raises(ValueError, match="warm_start"):
        model.fit(form(X), Y[:, :2])
    assert model.coef_.shape == coef.shape


def test_random_selection(data):
    X, Y, _ = data
    cyclic = MultiTaskLasso(0.1, **TIGHT).fit(X, Y)
    options = {"selection": "random", **TIGHT}
    fits = [MultiTaskLasso(0.1, random_state=s, **options).fit(X, Y).coef_ for s in (0, 0, 1)]
    assert_array_equal(fits[0], fits[1])
    for coef in fits:
        assert_allclose(coef, cyclic.coef_, atol=1e-5)


@pytest.mark.parametrize(
    ("cls", "single"), [(MultiTaskLasso, "Lasso"), (MultiTaskElasticNet, "ElasticNet")]
)
def test_one_dimension_is_refused(cls, single, data):
    X, Y, _ = data
    model = cls().fit(X, Y)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=f"For mono-task outputs, use {single}:"):
        model.fit(X[:, 1:], Y[:, 0])
    assert vars(model) == before


def test_alpha_max_is_that_of_the_blocks(data):
    X, Y, _ = data
    C = (X - X.mean(axis=0)).T @ (Y - Y.mean(axis=0)) / len(Y)
    largest = np.sqrt((C**2).sum(axis=1)).max()
    with pytest.warns(DiagnosticWarning, match=f"alpha_max={largest:g}"):
        assert not MultiTaskLasso(1.0001 * largest).fit(X, Y).coef_.any()
    assert MultiTaskLasso(0.999 * largest, **TIGHT).fit(X, Y).coef_.any()


def test_edge_shapes():
    rng = np.random.RandomState(0)
    for n, p, T in [(1, 1, 1), (1, 5, 3), (2, 1, 2), (5, 40, 12)]:
        X, Y = rng.standard_normal((n, p)), rng.standard_normal((n, T))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = MultiTaskLasso(0.01).fit(X, Y)
        assert model.coef_.shape == (T, p)
        assert model.dual_gap_ <= 1e-4 * Y.var(axis=0).sum() + 1e-300
    model = MultiTaskLasso().fit(rng.standard_normal((9, 3)), np.full((9, 2), 7.5))
    assert not model.coef_.any()
    assert_array_equal(model.intercept_, [7.5, 7.5])


def test_in_a_user_s_hands(regression):
    X, Y, weights = regression(n_targets=3)
    model = MultiTaskLasso(0.1).fit(X, Y)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
    pipe = make_pipeline(StandardScaler(), MultiTaskLasso())
    search = GridSearchCV(pipe, {"multitasklasso__alpha": [0.1, 100.0]}, cv=3).fit(X, Y)
    assert search.best_params_ == {"multitasklasso__alpha": 0.1}
    with sklearn.config_context(enable_metadata_routing=True):
        routed = make_pipeline(MultiTaskLasso(0.1).set_fit_request(sample_weight=True))
        routed.fit(X, Y, sample_weight=weights)
    assert_array_equal(routed[-1].coef_, clone(model).fit(X, Y, weights).coef_)


def test_targets_one_by_one_choose_otherwise(data):
    """What the joint penalty is for: a feature enters for all targets or for none."""
    X, Y, _ = data
    joint = MultiTaskLasso(0.3, **TIGHT).fit(X, Y).coef_ != 0
    single = Lasso(0.3, **TIGHT).fit(X, Y).coef_ != 0
    assert_array_equal(joint.any(axis=0), joint.all(axis=0))
    assert (single.any(axis=0) != single.all(axis=0)).any()
