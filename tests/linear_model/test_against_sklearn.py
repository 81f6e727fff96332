"""The same solutions, shapes and dtypes as scikit-learn's, at a tight tolerance."""

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.linear_model as sk
from numpy.testing import assert_allclose

import fastreg

TIGHT = {"tol": 1e-12, "max_iter": 100_000}
FORMATS = {"dense": np.asarray, "fortran": np.asfortranarray, "sparse": sp.csc_matrix}
MODELS = {
    "lasso": ("Lasso", {"alpha": 0.05}),
    "elastic net": ("ElasticNet", {"alpha": 0.05, "l1_ratio": 0.4}),
    "positive": ("ElasticNet", {"alpha": 0.05, "l1_ratio": 0.7, "positive": True}),
    "random": ("Lasso", {"alpha": 0.05, "selection": "random", "random_state": 0}),
    "precompute": ("Lasso", {"alpha": 0.05, "precompute": True}),
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_coordinate_descent(model, form, fit_intercept, weighted, regression):
    X, y, weights = regression()
    name, options = MODELS[model]
    options = {**options, **TIGHT, "fit_intercept": fit_intercept}
    weights = weights if weighted else None
    ours = getattr(fastreg, name)(**options).fit(FORMATS[form](X), y, sample_weight=weights)
    theirs = getattr(sk, name)(**options).fit(FORMATS[form](X), y, sample_weight=weights)
    assert np.count_nonzero(theirs.coef_)
    assert_allclose(ours.coef_, theirs.coef_, atol=2e-6)
    assert_allclose(ours.intercept_, theirs.intercept_, atol=2e-6)
    assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-5)
    assert ours.score(X, y) == pytest.approx(theirs.score(X, y), abs=1e-6)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("alpha", [0.5, 50.0])
def test_ridge(form, fit_intercept, alpha, regression):
    X, y, weights = regression(n_targets=2)
    options = {"alpha": alpha, "fit_intercept": fit_intercept, "tol": 1e-13}
    ours = fastreg.Ridge(**options).fit(FORMATS[form](X), y, sample_weight=weights)
    theirs = sk.Ridge(**options).fit(np.asarray(X), y, sample_weight=weights)
    assert_allclose(ours.coef_, theirs.coef_, atol=1e-9)
    assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-9)
    assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-8)


NAMES = ["Lasso", "ElasticNet", "MultiTaskLasso", "MultiTaskElasticNet", "Ridge"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
@pytest.mark.parametrize("y_shape", [(60,), (60, 1), (60, 3)], ids=str)
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_shapes_and_dtypes(name, dtype, y_shape, fit_intercept, regression):
    if name.startswith("MultiTask") and len(y_shape) == 1:
        pytest.skip("a multi-task model has no y of one dimension")
    X, _, _ = regression()
    X = (4 * X).astype(dtype)
    y = np.random.RandomState(0).standard_normal(y_shape)
    if dtype == "float32":
        y = y.astype(dtype)
    fits = [
        getattr(package, name)(0.01, fit_intercept=fit_intercept).fit(X, y)
        for package in (fastreg, sk)
    ]
    ours, theirs = fits
    for attribute in ("coef_", "intercept_"):
        mine, other = getattr(ours, attribute), getattr(theirs, attribute)
        assert np.shape(mine) == np.shape(other), attribute
        if isinstance(other, np.ndarray | np.generic):
            assert mine.dtype == other.dtype, attribute
        else:
            assert type(mine) is type(other), attribute
    assert ours.predict(X).shape == theirs.predict(X).shape
    assert ours.predict(X).dtype == theirs.predict(X).dtype
    if name != "Ridge":
        assert np.shape(ours.dual_gap_) == np.shape(theirs.dual_gap_)
        assert np.shape(ours.n_iter_) == np.shape(theirs.n_iter_)
        assert ours.sparse_coef_.shape == theirs.sparse_coef_.shape
        assert_allclose(ours.sparse_coef_.toarray(), np.atleast_2d(ours.coef_))
        assert sp.issparse(ours.sparse_coef_)


@pytest.mark.parametrize("name", NAMES)
def test_parameters_and_defaults(name):
    """Ours are scikit-learn's, no more and no less."""
    ours, theirs = getattr(fastreg, name)(), getattr(sk, name)()
    assert ours.get_params() == theirs.get_params()


@pytest.mark.parametrize("name", ["lasso_path", "enet_path"])
def test_path_signature(name):
    import inspect

    ours = inspect.signature(getattr(fastreg, name)).parameters
    theirs = inspect.signature(getattr(sk, name)).parameters
    assert list(ours) == list(theirs)
    for key, parameter in theirs.items():
        assert ours[key].default == parameter.default, key
        assert ours[key].kind == parameter.kind, key


@pytest.mark.parametrize("n_targets", [None, 3])
@pytest.mark.parametrize("name", ["lasso_path", "enet_path"])
@pytest.mark.parametrize("form", FORMATS)
def test_paths(name, n_targets, form, regression):
    X, y, _ = regression(n_targets=n_targets)
    X, y = X - X.mean(axis=0), y - y.mean(axis=0)
    if form == "sparse" and n_targets:
        pytest.skip("scikit-learn has no multi-task descent on sparse X")
    X = FORMATS[form](X)
    grids = []
    for package in (fastreg, sk):
        alphas, coefs, gaps = getattr(package, name)(X, y, alphas=8, eps=1e-2, **TIGHT)
        assert coefs.shape == (*np.shape(y)[1:], 12, 8)
        assert gaps.shape == (8,)
        grids.append((alphas, coefs))
    assert_allclose(grids[0][0], grids[1][0])
    assert_allclose(grids[0][1], grids[1][1], atol=2e-6)


def test_multi_task_path_on_sparse_x_equals_dense(regression):
    X, y, _ = regression(n_targets=3)
    dense = fastreg.enet_path(X, y, alphas=[0.5, 0.1], **TIGHT)[1]
    sparse = fastreg.enet_path(sp.csr_matrix(X), y, alphas=[0.5, 0.1], **TIGHT)[1]
    assert_allclose(sparse, dense, atol=2e-6)


def test_positive_path(regression):
    X, y, _ = regression()
    ours = fastreg.lasso_path(X, y, alphas=5, positive=True, **TIGHT)
    theirs = sk.lasso_path(X, y, alphas=5, positive=True, **TIGHT)
    assert_allclose(ours[0], theirs[0])
    assert_allclose(ours[1], theirs[1], atol=2e-6)
    assert (ours[1] >= 0).all()


def test_dual_gap_is_scikit_learn_s(regression):
    """The same quantity in the same unit, at the same coefficients."""
    X, y, _ = regression()
    options = {"alpha": 0.05, "tol": 1e-3, "max_iter": 100}
    theirs = sk.Lasso(**options).fit(X, y)
    path = fastreg.lasso_path(
        X - X.mean(axis=0), y - y.mean(), alphas=[0.05], coef_init=theirs.coef_, tol=1.0
    )
    assert_allclose(path[1][:, 0], theirs.coef_)  # tol=1: nothing to do
    assert path[2][0] == pytest.approx(theirs.dual_gap_, rel=1e-6)


def test_scaling_all_weights_changes_nothing_in_the_elastic_net(regression):
    X, y, weights = regression()
    one = fastreg.Lasso(0.05, **TIGHT).fit(X, y, sample_weight=weights)
    other = fastreg.Lasso(0.05, **TIGHT).fit(X, y, sample_weight=1e6 * weights)
    assert_allclose(one.coef_, other.coef_, rtol=1e-9)
    assert one.dual_gap_ <= 1e-12 * np.average(
        (y - np.average(y, weights=weights)) ** 2, weights=weights
    )
