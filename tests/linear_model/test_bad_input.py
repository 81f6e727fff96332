"""Bad input: a ValueError or TypeError that names it, before any work, and nothing changed."""

import copy
import re
import warnings
from functools import partial

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal

from fastreg import (
    ElasticNet,
    Lasso,
    MultiTaskLasso,
    Ridge,
    enet_path,
    lasso_path,
    regularization_path,
)

RNG = np.random.RandomState(0)
X, Y = RNG.standard_normal((12, 3)), RNG.standard_normal(12)


def with_entry(array, value, at=(4, 1)):
    array = array.copy()
    array[at[: array.ndim]] = value
    return array


# What is given in place of X, y or sample_weight; the name the message must have.
DATA = {
    "NaN in X": ("X", with_entry(X, np.nan)),
    "infinity in X": ("X", with_entry(X, np.inf)),
    "NaN in the first row of X": ("X", with_entry(X, np.nan, (0, 2))),
    "NaN in float32 X": ("X", with_entry(X, np.nan).astype(np.float32)),
    "NaN in Fortran X": ("X", np.asfortranarray(with_entry(X, np.nan))),
    "NaN in sparse X": ("X", sp.csc_matrix(with_entry(X, np.nan))),
    "infinity in sparse X": ("X", sp.csr_matrix(with_entry(X, -np.inf))),
    "NaN in a list": ("X", with_entry(X, np.nan).tolist()),
    "no rows": ("X", X[:0]),
    "no columns": ("X", X[:, :0]),
    "1-d X": ("X", X[:, 0]),
    "3-d X": ("X", X[:, :, None]),
    "a number for X": ("X", 3.0),
    "complex X": ("X", X + 1j),
    "strings in X": ("X", np.full((12, 3), "a")),
    "None for X": ("X", None),
    "fewer rows": ("X", X[:-1]),
    "NaN in y": ("y", with_entry(Y, np.nan)),
    "infinity in y": ("y", with_entry(Y, np.inf)),
    "NaN in one target": ("y", with_entry(np.column_stack([Y, Y]), np.nan)),
    "complex y": ("y", Y + 1j),
    "strings in y": ("y", np.full(12, "a")),
    "longer y": ("y", np.append(Y, 1.0)),
    "shorter y": ("y", Y[:-1]),
    "empty y": ("y", Y[:0]),
    "no targets": ("y", np.empty((12, 0))),
    "3-d y": ("y", Y[:, None, None]),
    "sparse y": ("y", sp.csc_matrix(Y[:, None])),
    "None for y": ("y", None),
    "NaN weight": ("sample_weight", with_entry(np.ones(12), np.nan)),
    "infinite weight": ("sample_weight", with_entry(np.ones(12), np.inf)),
    "negative weight": ("sample_weight", with_entry(np.ones(12), -1)),
    "no weight at all": ("sample_weight", np.zeros(12)),
    "too many weights": ("sample_weight", np.ones(13)),
    "2-d weights": ("sample_weight", np.ones((12, 1))),
    "strings for weights": ("sample_weight", ["a"] * 12),
    "complex weights": ("sample_weight", np.ones(12) + 1j),
    "a negative number for weights": ("sample_weight", -1.0),
    "zero for weights": ("sample_weight", 0.0),
    "NaN for weights": ("sample_weight", np.nan),
}
NUMBER = {
    "a string": "1",
    "None": None,
    "NaN": np.nan,
    "infinity": np.inf,
    "negative": -1.0,
    "a bool": True,
    "complex": 1j,
    "an array": np.array([0.5, 0.5]),
}
BAD_PARAMETERS = [
    *((cls, "alpha", NUMBER[k]) for cls in (Lasso, ElasticNet) for k in NUMBER),
    *((Ridge, "alpha", value) for k, value in NUMBER.items() if k != "an array"),
    *((ElasticNet, "l1_ratio", value) for value in [*NUMBER.values(), 1.1, -1e-9]),
    *((cls, "tol", v) for cls in (Lasso, ElasticNet, Ridge) for v in NUMBER.values()),
    *(
        (cls, "max_iter", value)
        for cls in (Lasso, ElasticNet, Ridge)
        for value in (0, -5, 10.0, 1e3, "10", True, np.nan)
    ),
    *(
        (cls, name, value)
        for cls in (Lasso, ElasticNet, Ridge)
        for name in ("fit_intercept", "copy_X", "positive")
        for value in (None, 1, "yes")
    ),
    *((MultiTaskLasso, "alpha", value) for value in NUMBER.values()),
    *((Lasso, "warm_start", value) for value in (None, 1, "yes")),
    *((cls, "selection", v) for cls in (Lasso, ElasticNet) for v in ("CYCLIC", None, 1, "")),
    *((Ridge, "solver", value) for value in ("lars", None, 1, "")),
    *((Lasso, "precompute", value) for value in ("auto", "yes", None, 2, np.eye(2), np.eye(4))),
    (Lasso, "precompute", np.full((3, 3), np.nan)),
    (Lasso, "precompute", [["a"] * 3] * 3),
    (Lasso, "precompute", np.ones((3, 3, 3))),
    *((Ridge, "alpha", value) for value in ([1.0, 2.0], [-1.0], [np.nan], ["a"], [1j], [])),
]


@pytest.fixture(params=[Lasso, ElasticNet, MultiTaskLasso, Ridge], ids=lambda cls: cls.__name__)
def cls(request):
    return request.param


@pytest.fixture(autouse=True)
def no_solver(monkeypatch):
    """Whatever is wrong is found before a solver starts."""

    def start(*args, **kwargs):
        raise AssertionError("work was begun")

    monkeypatch.setattr("fastreg.linear_model._coordinate_descent.PathEngine", start)
    monkeypatch.setattr("fastreg.linear_model._paths.PathEngine", start)
    monkeypatch.setattr("fastreg.linear_model._base_ridge.ridge.solve", start)


def refused(function, *args, **kwargs):
    """The message of the error that `function` raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises((ValueError, TypeError)) as caught:
            function(*args, **kwargs)
    return str(caught.value)


def names(text, name):
    """Whether a message has the parameter in it, and more than that."""
    return re.search(rf"\b{name}\b", text) and len(text) > len(name) + 10


def as_fitted(cls):
    """An estimator with a fit that must survive; made by hand, as solvers are barred."""
    model = cls()
    model.coef_, model.intercept_ = np.ones(5), 2.0
    model.n_features_in_ = 5
    model.feature_names_in_ = np.array(list("abcde"), dtype=object)
    return model


def fit_tasks(X, y, sample_weight):
    """MultiTaskLasso on y twice, where it is a target that can be doubled."""
    if isinstance(y, np.ndarray) and y.ndim == 1:
        y = np.column_stack([y, y])
    MultiTaskLasso().fit(X, y, sample_weight)


FITS = {
    "lasso": Lasso().fit,
    "tasks": fit_tasks,
    "ridge": Ridge().fit,
    "path": partial(enet_path, alphas=3),
    "regularization path": partial(regularization_path, alphas=3),
}


def given(case, cls=Lasso):
    name, value = DATA[case]
    y = np.column_stack([Y, Y]) if cls is MultiTaskLasso else Y
    return {"X": X, "y": y, "sample_weight": np.ones(12), name: value}


@pytest.mark.parametrize("fitted", [False, True], ids=["new", "fitted"])
@pytest.mark.parametrize("case", DATA)
def test_data(cls, case, fitted):
    model = as_fitted(cls) if fitted else cls()
    before = dict(vars(model))
    refused(model.fit, **given(case, cls))
    assert vars(model) == before
    assert not fitted or (model.coef_ == 1).all()


@pytest.mark.parametrize("path", [lasso_path, enet_path])
@pytest.mark.parametrize("case", DATA)
def test_data_of_a_path(path, case):
    refused(path, **given(case), alphas=3)


@pytest.mark.parametrize("fit", FITS.values(), ids=FITS)
@pytest.mark.parametrize("case", DATA)
def test_the_message_names_the_data(fit, case):
    text = refused(fit, **given(case))
    assert names(text, DATA[case][0]), text


@pytest.mark.parametrize("fit", FITS.values(), ids=FITS)
@pytest.mark.parametrize("case", [case for case in DATA if case.startswith(("NaN", "inf"))])
def test_no_warning_stands_in_for_the_error(fit, case):
    """Where warnings are errors, the one about a NaN is still ours and not NumPy's."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=r"(?i)nan|inf"):
            fit(**given(case))


@pytest.mark.parametrize(("cls", "name", "value"), BAD_PARAMETERS)
@pytest.mark.parametrize("fitted", [False, True], ids=["new", "fitted"])
def test_parameters(cls, name, value, fitted):
    model = as_fitted(cls) if fitted else cls()
    model.set_params(**{name: value})
    before = dict(vars(model))
    centred = X - X.mean(axis=0)  # so that a Gram matrix would be used
    text = refused(model.fit, centred, Y)
    assert "mono-task" not in text
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[key] is before[key] for key in before)
    assert names(text, name), text


def test_bad_parameters_come_before_bad_data():
    """They cost nothing to check, so no pass over X precedes them."""
    with pytest.raises(ValueError, match="alpha"):
        Lasso(-1).fit(with_entry(X, np.nan), Y)


def test_a_wrong_gram_is_noticed():
    centred = X - X.mean(axis=0)
    gram = centred.T @ centred
    for wrong in (2 * gram, with_entry(gram, 9, (0, 2)), gram + 1e-3):
        assert names(refused(Lasso(precompute=wrong).fit, centred, Y), "precompute")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("l1_ratio", value) for value in [*NUMBER.values(), 1.1, 0.0]),
        *((name, value) for name in ("tol", "min_deviance_gain") for value in (-1.0, "a", 1j)),
        *(("eps", value) for value in [*NUMBER.values(), 0.0, 1.5]),
        *(
            (name, value)
            for name in ("max_iter", "max_features")
            for value in (0, 10.0, "10", True)
        ),
        *(("alphas", value) for value in (0, 0.5, True, None, [], [[1.0]], ["a"], [-1.0], "warn")),
        *(("selection", value) for value in ("CYCLIC", None)),
        *((name, value) for name in ("positive", "fit_intercept") for value in (None, 1)),
        *(("verbose", value) for value in (None, -1)),
        ("min_deviance_gain", 1.5),
    ],
)
def test_parameters_of_a_regularization_path(name, value):
    text = refused(regularization_path, X, Y, **{"alphas": 3, name: value})
    assert names(text, name), text


GOOD_GRAM = X.T @ X


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("l1_ratio", value) for value in [*NUMBER.values(), 1.1]),
        *(("tol", value) for value in NUMBER.values()),
        *(("eps", value) for value in [*NUMBER.values(), 0.0, 1.5]),
        *(("max_iter", value) for value in (0, 10.0, "10", True)),
        *(("alphas", value) for value in (0, -1, 0.5, True, [], [[1.0]], ["a"], [1j], [-1.0])),
        *(("alphas", value) for value in ([np.nan], [np.inf], "many")),
        *(("n_alphas", value) for value in (0, 2.0, None)),
        *(("selection", value) for value in ("CYCLIC", None)),
        *(("precompute", value) for value in ("yes", None, 2, np.eye(2), 2 * GOOD_GRAM)),
        *(("coef_init", value) for value in (np.ones(2), np.ones((3, 1)), np.ones((2, 3)), 1.0)),
        *(("coef_init", value) for value in ([np.nan, 0, 0], [np.inf, 0, 0], ["a"] * 3, [1j] * 3)),
        *(("Xy", value) for value in (np.ones(2), np.ones((3, 2)), X.T @ Y + 1, ["a"] * 3)),
        *(("Xy", value) for value in ([np.nan] * 3,)),
        *(("verbose", value) for value in (None, -1, "yes", 0.5)),
        *(("positive", value) for value in (None, 1)),
        *(("check_input", value) for value in (None, 1)),
        *(("return_n_iter", value) for value in (None, 1)),
        *(("copy_X", value) for value in (None, 1)),
        ("unknown", 1),
        ("fit_intercept", True),
    ],
)
def test_parameters_of_a_path(name, value):
    text = refused(enet_path, X, Y, **{"alphas": 3, name: value})
    assert names(text, name), text


def test_an_automatic_grid_needs_an_l1_part():
    assert names(refused(enet_path, X, Y, l1_ratio=0, alphas=3), "l1_ratio")


def test_positive_needs_one_target():
    for path in (lasso_path, regularization_path):
        text = refused(path, X, np.column_stack([Y, Y]), positive=True, alphas=[0.1])
        assert names(text, "positive")


@pytest.mark.parametrize("convert", [np.asarray, np.asfortranarray, sp.csc_matrix])
def test_squares_that_overflow_are_told(cls, convert, monkeypatch):
    monkeypatch.undo()  # solvers may start here
    model = cls()
    before = dict(vars(model))
    y = np.column_stack([Y, Y]) if cls is MultiTaskLasso else Y
    assert names(refused(model.fit, convert(X * 1e200), y), "X")
    assert vars(model) == before


def test_arguments_are_left_as_they_were():
    """An error leaves X and y alone as well."""
    bad = with_entry(X, np.nan)
    kept = copy.deepcopy(bad)
    with pytest.raises(ValueError, match="NaN"):
        Lasso(copy_X=False).fit(bad, Y)
    assert_array_equal(bad, kept)
