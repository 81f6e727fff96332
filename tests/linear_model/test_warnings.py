"""What a fit says in plain words, and whom it says it to."""

import re
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning

from fastreg import DiagnosticWarning, ElasticNet, Lasso, Ridge, enet_path, lasso_path


@pytest.fixture(autouse=True)
def show_all():
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        yield


def caught(function, *args, **kwargs):
    with warnings.catch_warnings(record=True) as record:
        warnings.simplefilter("always")
        function(*args, **kwargs)
    return record


def only(record, category):
    assert [w.category for w in record] == [category]
    # the user's line, neither fastreg's nor further up
    assert record[0].filename == __file__
    assert record[0].lineno == caught.__code__.co_firstlineno + 3
    return str(record[0].message)


@pytest.fixture
def collinear():
    rng = np.random.RandomState(0)
    X = np.cumsum(rng.standard_normal((80, 40)), axis=1)
    return X, X @ rng.standard_normal(40) + rng.standard_normal(80)


def numbers(text):
    match = re.search(r"gap reached: (\S+), wanted: (\S+)\.(\s|$)", text)
    assert match, text
    return float(match[1]), float(match[2])


@pytest.mark.parametrize("convert", [np.asarray, np.asfortranarray, sp.csc_matrix])
def test_healthy_fits_are_silent(convert, regression):
    X, y, weights = regression()
    X = convert(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for model in (Lasso(0.05), ElasticNet(0.05), Ridge(), Lasso(0.05, precompute=True)):
            model.fit(X, y).predict(X)
            model.fit(X, y, sample_weight=weights)
        lasso_path(X, y, alphas=5)


def test_convergence_warning_says_how_far_it_got(collinear):
    X, y = collinear
    model = ElasticNet(1e-4, max_iter=3, tol=1e-8)
    text = only(caught(model.fit, X, y), ConvergenceWarning)
    reached, wanted = numbers(text)
    assert reached == pytest.approx(model.dual_gap_, rel=1e-3)
    assert wanted == pytest.approx(1e-8 * y.var(), rel=1e-3)
    assert reached > wanted
    for remedy in ("max_iter (now 3)", "tol (now 1e-08)", "scale", "alpha"):
        assert remedy in text
    assert model.n_iter_ == 3


def test_rounding_is_not_blamed_on_max_iter():
    """Orthogonal columns: a second sweep moves nothing, and the gap is what rounding left."""
    X = np.vstack([np.eye(3), -np.eye(3)]) / 3
    y = X @ [0.1, 0.7, 1 / 3] + 0.1
    model = Lasso(0.001, tol=1e-300)
    text = only(caught(model.fit, X, y), ConvergenceWarning)
    assert "tol (now 1e-300)" in text
    assert "Raise max_iter" not in text
    assert model.n_iter_ < 10


@pytest.mark.parametrize("path", [lasso_path, enet_path])
def test_a_path_says_which_alphas(path, collinear):
    X, y = collinear
    # cyclic ones of the lasso are followed from kink to kink, without a sweep
    options = {"max_iter": 3, "tol": 1e-8, "selection": "random", "random_state": 0}
    text = only(caught(path, X, y, alphas=6, **options), ConvergenceWarning)
    assert re.search(r"At \d of 6 alphas", text)
    numbers(text)


def test_ridge_says_so_too(collinear):
    X, y = collinear
    model = Ridge(1e-3, solver="sparse_cg", max_iter=2)
    text = only(caught(model.fit, X, y), ConvergenceWarning)
    assert "2 iterations" in text
    assert f"{model.dual_gap_:.3e}" in text
    assert "max_iter" in text


@pytest.mark.parametrize("convert", [np.asarray, np.asfortranarray, sp.csc_matrix])
@pytest.mark.parametrize("cls", [Lasso, ElasticNet])
def test_alpha_at_alpha_max(cls, convert, regression):
    X, y, _ = regression()
    largest = np.abs((X - X.mean(axis=0)).T @ (y - y.mean())).max() / len(y)
    largest /= cls().l1_ratio
    text = only(caught(cls(1.01 * largest).fit, convert(X), y), DiagnosticWarning)
    assert f"alpha={1.01 * largest:g}" in text
    assert f"alpha_max={largest:g}" in text
    assert "smaller alpha" in text
    assert not caught(cls(0.99 * largest).fit, convert(X), y)


def test_alpha_at_alpha_max_of_several_targets():
    """Targets are fitted one by one: alpha_max is the largest of theirs."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((50, 4))
    y = rng.standard_normal(50)
    Y = np.column_stack([y, y])
    largest = np.abs((X - X.mean(axis=0)).T @ (y - y.mean())).max() / 50
    model = Lasso(1.1 * largest)
    text = only(caught(model.fit, X, Y), DiagnosticWarning)
    assert not model.coef_.any()
    assert f"alpha_max={largest:g}" in text


def test_alpha_at_alpha_max_with_positive(regression):
    X, y, _ = regression()
    slope = (X - X.mean(axis=0)).T @ (y - y.mean()) / len(y)
    largest = slope.max()
    text = only(caught(Lasso(1.01 * largest, positive=True).fit, X, y), DiagnosticWarning)
    assert f"alpha_max={largest:g}" in text


@pytest.mark.parametrize("convert", [np.asarray, np.asfortranarray, sp.csc_matrix])
@pytest.mark.parametrize("model", [Lasso(0.05), ElasticNet(0.05), Ridge()], ids=repr)
def test_constant_columns_are_named(model, convert, regression):
    X, y, weights = regression()
    X[:, 4], X[:, 7] = 0.1, 0
    # an empty column of a sparse X is no news
    count, columns = ("1 of 12", "(4)") if convert is sp.csc_matrix else ("2 of 12", "(4, 7)")
    for sample_weight in (None, weights):
        text = only(
            caught(model.fit, convert(X), y, sample_weight=sample_weight), DiagnosticWarning
        )
        assert count in text
        assert columns in text
        assert not model.coef_[[4, 7]].any()


def test_constant_columns_where_the_weights_are_not_zero(regression):
    X, y, weights = regression()
    weights[:5] = 0
    X[:, 4] = 1 / 3
    X[:5, 4] = np.arange(5)
    for convert in (np.asarray, np.asfortranarray, sp.csc_matrix):
        text = only(
            caught(Lasso(0.05).fit, convert(X), y, sample_weight=weights), DiagnosticWarning
        )
        assert "(4)" in text


def test_constant_columns_of_frames_by_name(regression):
    pd = pytest.importorskip("pandas")
    X, y, _ = regression()
    frame = pd.DataFrame(X, columns=[f"feature {j}" for j in range(12)]).assign(rooms=3.0)
    text = only(caught(Lasso(0.05).fit, frame, y), DiagnosticWarning)
    assert "(rooms)" in text


def test_many_constant_columns_are_not_all_listed():
    X = np.ones((9, 50))
    X[:, 0] = np.arange(9)
    text = only(caught(Lasso(0.05).fit, X, np.arange(9.0)), DiagnosticWarning)
    assert "49 of 50" in text
    assert "(1, 2, 3, 4, 5, ...)" in text


def test_without_intercept_a_constant_column_is_one_like_any(regression):
    X, y, _ = regression()
    X[:, 4] = 1.0
    assert not caught(Lasso(0.05, fit_intercept=False).fit, X, y)


def test_alpha_zero(regression):
    X, y, _ = regression()
    record = caught(Lasso(0).fit, X, y)
    assert any("LinearRegression" in str(w.message) and w.filename == __file__ for w in record)


@pytest.mark.parametrize("path", [lasso_path, enet_path])
def test_deprecated_parameters_of_a_path(path, regression):
    X, y, _ = regression()
    assert "n_alphas" in only(caught(path, X, y, n_alphas=3), FutureWarning)
    assert "alphas=None" in only(caught(path, X, y, alphas=None), FutureWarning)


def test_a_gram_that_is_not_used_is_the_user_s_line(regression):
    X, y, _ = regression()
    text = only(caught(Lasso(0.05, precompute=X.T @ X).fit, X, y), UserWarning)
    assert "recomputing" in text


@pytest.mark.filterwarnings("error")
def test_a_warning_made_an_error_leaves_the_estimator(collinear):
    X, y = collinear
    model = Lasso(0.5).fit(X[:, ::4], X[:, 0])
    before = dict(vars(model))
    model.alpha, model.max_iter, model.tol = 1e-4, 2, 1e-9
    before.update(alpha=1e-4, max_iter=2, tol=1e-9)
    warnings.simplefilter("error")
    with pytest.raises(ConvergenceWarning):
        model.fit(X, y)
    assert vars(model) == before
