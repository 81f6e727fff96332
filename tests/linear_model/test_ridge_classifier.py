"""RidgeClassifier is Ridge on coded labels."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_iris

from fastreg import Ridge, RidgeClassifier, RidgeClassifierCV


@pytest.fixture
def iris():
    X, y = load_iris(return_X_y=True)
    return X, np.array(["setosa", "versicolor", "virginica"])[y]


@pytest.mark.parametrize("form", [np.array, sp.csr_matrix])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_a_column_for_each_class(form, fit_intercept, iris):
    X, y = iris
    model = RidgeClassifier(2.0, fit_intercept=fit_intercept).fit(form(X), y)
    Y = np.where(y[:, np.newaxis] == np.unique(y), 1.0, -1.0)
    wanted = Ridge(2.0, fit_intercept=fit_intercept).fit(X, Y)
    assert_allclose(model.coef_, wanted.coef_, atol=1e-10)
    assert_allclose(model.decision_function(form(X)), wanted.predict(X), atol=1e-10)
    assert_array_equal(model.predict(X), model.classes_[wanted.predict(X).argmax(axis=1)])
    assert model.dual_gap_.shape == (3,)


def test_two_classes_share_a_column(iris):
    X, y = iris[0][50:], iris[1][50:]
    model = RidgeClassifier().fit(X, y)
    wanted = Ridge().fit(X, np.where(y == "virginica", 1.0, -1.0))
    assert_allclose(model.coef_, wanted.coef_)
    assert model.intercept_.shape == (1,)
    scores = model.decision_function(X)
    assert scores.shape == (len(X),)
    assert_array_equal(model.predict(X), np.where(scores > 0, "virginica", "versicolor"))


def test_several_labels(iris):
    X, y = iris
    Y = np.column_stack([y == "setosa", y != "virginica", X[:, 0] > 6]).astype(int)
    model = RidgeClassifier().fit(X, Y)
    predicted = model.predict(X)
    assert predicted.shape == Y.shape
    assert_array_equal(predicted, model.decision_function(X) > 0)
    assert (predicted == Y).mean() > 0.85


def test_weights_of_classes_multiply_those_of_samples(iris):
    X, y = iris
    weights = np.random.RandomState(0).uniform(0.5, 2, len(y))
    class_weight = {"setosa": 3.0, "virginica": 0.5}
    model = RidgeClassifier(class_weight=class_weight).fit(X, y, sample_weight=weights)
    factor = np.select([y == "setosa", y == "virginica"], [3.0, 0.5], 1.0)
    wanted = RidgeClassifier().fit(X, y, sample_weight=weights * factor)
    assert_array_equal(model.coef_, wanted.coef_)
    few = np.r_[0:50, 50:60, 100:130]
    balanced = RidgeClassifier(class_weight="balanced").fit(X[few], y[few])
    factor = np.select([few < 50, few < 100], [30 / 50, 30 / 10], 1.0)
    wanted = RidgeClassifier().fit(X[few], y[few], sample_weight=factor)
    assert_allclose(balanced.coef_, wanted.coef_)


@pytest.mark.parametrize(
    ("parameters", "y", "kind", "words"),
    [
        ({"class_weight": "even"}, None, ValueError, "class_weight.*balanced"),
        ({"class_weight": 2}, None, TypeError, "class_weight.*dict"),
        ({"class_weight": {"setosa": -1}}, None, ValueError, "class_weight.*setosa"),
        ({}, np.linspace(0, 1, 150), ValueError, "y cannot be used.*label"),
        ({}, np.full(150, np.nan), ValueError, "NaN"),
        ({"alpha": [1.0, 2.0]}, None, ValueError, "penalties.*2 != 3"),
    ],
)
def test_what_cannot_be_used(parameters, y, kind, words, iris):
    model = RidgeClassifier(**parameters)
    with pytest.raises(kind, match=words):
        model.fit(iris[0], iris[1] if y is None else y)
    assert vars(model) == model.get_params()


@pytest.mark.parametrize("estimator", [RidgeClassifier(), RidgeClassifierCV()])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_a_single_class_is_predicted(estimator, fit_intercept):
    X = np.random.RandomState(0).standard_normal((10, 3))
    model = clone(estimator).set_params(fit_intercept=fit_intercept).fit(X, ["one"] * 10)
    assert set(model.predict(np.vstack([X, -X]))) == {"one"}
