"""In a user's hands: clone, pickle, pipelines, searches, frames, routing, HTML."""

import copy
import pickle
import warnings

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from fastreg import ElasticNet, Lasso, LassoCV, Ridge

MODELS = [
    Lasso(0.1),
    ElasticNet(0.1, l1_ratio=0.3, tol=1e-6),
    Ridge([0.5]),
    LassoCV(alphas=4, cv=3),
]


@pytest.fixture(params=MODELS, ids=lambda model: type(model).__name__)
def model(request):
    return clone(request.param)


@pytest.fixture(scope="module")
def data():
    return load_diabetes(return_X_y=True)


def test_clone_copies_parameters_only(model, data):
    fitted = model.fit(*data)
    again = clone(fitted)
    assert not hasattr(again, "coef_")
    assert again.get_params() == fitted.get_params()


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_is_the_fit(model, data, duplicate):
    X, y = data
    again = duplicate(model.fit(X, y))
    assert vars(again).keys() == vars(model).keys()
    assert_array_equal(again.coef_, model.coef_)
    assert_array_equal(again.predict(X), model.predict(X))
    assert_array_equal(again.fit(X, y).coef_, model.coef_)


def test_a_fit_holds_no_data(model, data):
    """What is pickled is the model, not X."""
    X, y = np.repeat(data[0], 20, axis=0), np.repeat(data[1], 20)
    assert len(pickle.dumps(model.fit(X, y))) < 5000


def test_pipeline(model, data):
    X, y = data
    pipe = make_pipeline(PolynomialFeatures(2), StandardScaler(), model).fit(X, y)
    assert pipe.score(X, y) > 0.4
    assert pipe[-1].n_features_in_ == 66


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_grid_search(data, n_jobs):
    X, y = data
    pipe = make_pipeline(StandardScaler(), ElasticNet())
    grid = {"elasticnet__alpha": [0.01, 1.0], "elasticnet__l1_ratio": [0.2, 0.9]}
    ours = GridSearchCV(pipe, grid, cv=3, n_jobs=n_jobs).fit(X, y)
    theirs = make_pipeline(StandardScaler(), sklearn.linear_model.ElasticNet())
    theirs = GridSearchCV(theirs, grid, cv=3).fit(X, y)
    assert ours.best_params_ == theirs.best_params_
    key = "mean_test_score"
    assert_allclose(ours.cv_results_[key], theirs.cv_results_[key], atol=1e-3)


def test_cross_validation_on_threads(data):
    from joblib import parallel_backend

    serial = cross_val_score(Lasso(0.1), *data, cv=4)
    with parallel_backend("threading"):
        threaded = cross_val_score(Lasso(0.1), *data, cv=4, n_jobs=4)
    assert_array_equal(serial, threaded)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames(model, data, library):
    frames = pytest.importorskip(library)
    X, y = data
    names = [f"x{j}" for j in range(X.shape[1])]
    frame = frames.DataFrame(dict(zip(names, X.T, strict=True)))
    target = frames.Series("target", y) if library == "polars" else frames.Series(y)
    plain = clone(model).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(frame, target)
        predicted = model.predict(frame)
    assert list(model.feature_names_in_) == names
    assert_allclose(model.coef_, plain.coef_, atol=1e-8)
    assert_allclose(predicted, plain.predict(X), atol=1e-8)
    with pytest.warns(UserWarning, match="valid feature names"):
        model.predict(X)
    with pytest.warns(UserWarning, match="fitted without feature names"):
        plain.predict(frame)
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[names[::-1]])
    # a fit on arrays forgets the names
    model.fit(X, y)
    assert not hasattr(model, "feature_names_in_")


def test_frames_of_float32_and_int():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": np.arange(6, dtype=np.float32), "b": [1, 0, 2, 0, 3, 0]})
    frame32 = frame.astype(np.float32)
    assert Lasso(0.1).fit(frame32, frame["a"]).coef_.dtype == np.float32
    assert Lasso(0.1).fit(frame, frame["a"]).coef_.dtype == np.float64


def test_metadata_routing(model, data):
    X, y = data
    weights = np.random.RandomState(0).uniform(0, 2, len(y))
    with sklearn.config_context(enable_metadata_routing=True):
        model.set_fit_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipe = make_pipeline(scaler, model).fit(X, y, sample_weight=weights)
    direct = clone(model).fit(StandardScaler().fit_transform(X), y, sample_weight=weights)
    assert_array_equal(pipe[-1].coef_, direct.coef_)
    assert (pipe[-1].coef_ != clone(model).fit(StandardScaler().fit_transform(X), y).coef_).any()


def test_check_input_is_not_routed():
    with sklearn.config_context(enable_metadata_routing=True):
        requests = Lasso().get_metadata_routing().fit.requests
    assert list(requests) == ["sample_weight"]


def test_representations(model, data):
    assert type(model).__name__ in repr(model)
    for state in (model, model.fit(*data), make_pipeline(StandardScaler(), model)):
        assert "sk-" in state._repr_html_()


def test_set_output_of_a_pipeline(model, data):
    pytest.importorskip("pandas")
    pipe = make_pipeline(StandardScaler(), model).set_output(transform="pandas")
    pipe.fit(*data)
    assert pipe[-1].feature_names_in_[0] == "x0"
    assert pipe.predict(data[0]).shape == data[1].shape


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_predict_of_one_row(model, data, dtype):
    X, y = data[0].astype(dtype), data[1].astype(dtype)
    model.fit(X, y)
    assert model.coef_.dtype == dtype
    row = model.predict(X[:1])
    assert row.shape == (1,)
    assert row.dtype == dtype
    assert_allclose(row, model.predict(X)[:1], rtol=1e-5)
    assert_allclose(model.predict(X.tolist()), model.predict(X), rtol=1e-4)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.filterwarnings("error")  # the error is ours, not a warning of NumPy's
def test_predict_refuses_what_is_not_finite(model, data, bad):
    X, y = data[0].copy(), data[1]
    model.fit(X, y)
    model.coef_[2] = 0.0  # a zero coefficient hides nothing
    X[4, 2] = bad
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        model.predict(X)


def test_predict_refuses_other_widths(model, data):
    model.fit(*data)
    with pytest.raises(ValueError, match="features"):
        model.predict(data[0][:, 1:])
    with pytest.raises(ValueError, match="2D"):
        model.predict(data[0][0])


def test_predict_before_fit(model, data):
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        model.predict(data[0])
