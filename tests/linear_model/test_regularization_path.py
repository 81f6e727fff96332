"""regularization_path: single fits in a row, and what is known of each."""

import dataclasses
import pickle
import sys
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score

from fastreg import (
    DiagnosticWarning,
    ElasticNet,
    MultiTaskElasticNet,
    enet_path,
    regularization_path,
)
from fastreg._engine import degrees_of_freedom as df_module
from fastreg._engine.penalties import elastic_net_penalty

TIGHT = {"tol": 1e-13, "max_iter": 100_000}
FORMS = {"c": np.ascontiguousarray, "f": np.asfortranarray, "csc": sp.csc_matrix}
ALPHAS = [1.0, 0.5, 0.3]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", [(60, 12), (30, 300)], ids=str)
@pytest.mark.parametrize("n_targets", [None, 1, 2])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_a_path_is_single_fits(form, shape, n_targets, fit_intercept, regression):
    X, y, weights = regression(*shape, n_targets=n_targets)
    X = FORMS[form](X)
    path = regularization_path(
        X,
        y,
        l1_ratio=0.8,
        alphas=ALPHAS[::-1],
        sample_weight=weights,
        fit_intercept=fit_intercept,
        **TIGHT,
    )
    assert_array_equal(path.alphas, ALPHAS)
    assert path.l1_ratio == 0.8
    cls = ElasticNet if n_targets is None else MultiTaskElasticNet
    for k, alpha in enumerate(ALPHAS):
        single = cls(alpha, l1_ratio=0.8, fit_intercept=fit_intercept, **TIGHT)
        single.fit(X, y, sample_weight=weights)
        assert_allclose(path.coefs[..., k], single.coef_, atol=2e-5)
        assert_allclose(path.intercepts[..., k], single.intercept_, atol=2e-5)
        used = np.atleast_2d(single.coef_).any(axis=0)
        assert path.n_features_used[k] == used.sum() > 0
        assert_allclose(path.predict(X)[..., k], single.predict(X), atol=1e-4)
        assert path.dual_gaps[k] <= 1e-13 * (y.var(axis=0).sum() + (y**2).sum())
        score = r2_score(
            y, single.predict(X), sample_weight=weights, multioutput="variance_weighted"
        )
        assert path.r2[k] == pytest.approx(score, abs=1e-6)


@pytest.mark.parametrize("n_targets", [None, 2])
def test_without_intercept_it_is_enet_path(n_targets, regression):
    X, y, weights = regression(n_targets=n_targets)
    options = {"l1_ratio": 0.5, "alphas": 7, "sample_weight": weights}
    path = regularization_path(X, y, fit_intercept=False, **options)
    alphas, coefs, gaps, n_iters = enet_path(X, y, return_n_iter=True, **options)
    assert_array_equal(path.alphas, alphas)
    assert_array_equal(path.coefs, coefs)
    assert_array_equal(path.dual_gaps, gaps)
    assert_array_equal(path.n_iters, n_iters)
    assert not path.intercepts.any()


def test_the_automatic_grid_knows_the_intercept(regression):
    X, y, _ = regression()
    path = regularization_path(X, y, eps=0.01)
    largest = np.abs((X - X.mean(axis=0)).T @ (y - y.mean())).max() / len(y)
    assert len(path.alphas) == 100
    assert path.alphas[[0, -1]] == pytest.approx([largest, 0.01 * largest])
    assert path.n_features_used[0] == path.r2[0] == path.degrees_of_freedom[0] == 0
    assert path.n_features_used[1] > 0
    assert (np.diff(path.r2) > -1e-4).all()


@given(
    seed=st.integers(0, 2**31),
    n=st.sampled_from([1, 2, 9, 30]),
    p=st.sampled_from([1, 3, 40]),
    kind=st.sampled_from(
        ["plain", "constant", "duplicate", "zero weights", "scales", "constant y"]
    ),
    form=st.sampled_from(list(FORMS)),
    l1_ratio=st.sampled_from([0.1, 1.0]),
)
@settings(max_examples=60)
def test_gaps_of_edge_cases(seed, n, p, kind, form, l1_ratio, elastic_net_gap):
    rng = np.random.RandomState(seed)
    X, y, weights = rng.standard_normal((n, p)), rng.standard_normal(n), None
    if kind == "constant":
        X[:, 0] = 2.5
    elif kind == "duplicate":
        X[:, -1] = X[:, 0]
    elif kind == "zero weights":
        weights = (np.arange(n) % 2 == 0) * 1.0
    elif kind == "scales":
        X *= 10.0 ** rng.uniform(-8, 8, p)
    elif kind == "constant y":
        y[:] = 0.1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = regularization_path(
            FORMS[form](X), y, l1_ratio=l1_ratio, alphas=4, sample_weight=weights, eps=0.05
        )
    for k, alpha in enumerate(path.alphas):
        gap, size = elastic_net_gap(
            X, y, path.coefs[:, k], alpha=alpha, l1_ratio=l1_ratio, sample_weight=weights
        )
        assert path.dual_gaps[k] == pytest.approx(gap, abs=1e-8 * size + 1e-20)
    assert np.isfinite(path.degrees_of_freedom).all()
    assert (path.degrees_of_freedom <= path.n_features_used + 1e-9).all()
    assert (path.r2 <= 1 + 1e-12).all()
    assert (path.r2 >= -1e-3).all()


# ---- degrees of freedom ---------------------------------------------------------


def slope_of_the_fit(X, y, alpha, weights, **options):
    """Trace of the derivative of the fitted values by y, by central differences."""
    h, total = 1e-4, 0.0
    shape = y.shape
    for i in np.ndindex(shape):
        fits = []
        for sign in (-1, 1):
            moved = y.copy()
            moved[i] += sign * h
            path = regularization_path(
                X,
                moved,
                alphas=[alpha],
                sample_weight=weights,
                tol=1e-15,
                max_iter=10**6,
                **options,
            )
            fits.append(path.predict(X)[(*i, 0)])
        total += (fits[1] - fits[0]) / (2 * h)
    return total - (shape[1] if len(shape) > 1 else 1)  # the intercepts


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
@pytest.mark.parametrize(("shape", "n_targets"), [((15, 5), None), ((15, 5), 2), ((6, 12), None)])
def test_degrees_of_freedom_are_the_slope_of_the_fit(
    shape, n_targets, l1_ratio, weighted, regression
):
    X, y, weights = regression(*shape, n_targets=n_targets, density=1.0, seed=1)
    weights = weights if weighted else None
    path = regularization_path(
        X, y, l1_ratio=l1_ratio, alphas=[0.15], sample_weight=weights, **TIGHT
    )
    wanted = slope_of_the_fit(X, y, 0.15, weights, l1_ratio=l1_ratio)
    assert 1 < wanted < 12
    assert path.degrees_of_freedom[0] == pytest.approx(wanted, rel=1e-3)


def test_degrees_of_freedom_of_the_lasso_count_features(regression):
    X, y, _ = regression(40, 300)
    path = regularization_path(X, y, alphas=10, tol=1e-3)
    assert_array_equal(path.degrees_of_freedom, np.minimum(path.n_features_used, 39))
    # by descent, as with bounds: where a path is followed, its solutions are exact
    path = regularization_path(X, y, alphas=10, tol=1e-2, lower=-1e9)
    assert path.n_features_used[-1] > 39  # more than a solution needs, at this tol
    assert_array_equal(path.degrees_of_freedom, np.minimum(path.n_features_used, 39))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", [(60, 12), (20, 30), (30, 400)], ids=str)
def test_degrees_of_freedom_of_the_elastic_net(shape, form, regression, centred_problem):
    """The Gram of the active set, from whichever place the engine has it."""
    X, y, weights = regression(*shape)
    weights *= len(y) / weights.sum()
    path = regularization_path(
        FORMS[form](X), y, l1_ratio=0.2, alphas=[1.0, 0.2, 0.02], sample_weight=weights
    )
    A = centred_problem(X, y, weights, True)[0].astype(float)
    for k, alpha in enumerate(path.alphas):
        d = np.linalg.svd(A[:, path.coefs[:, k] != 0], compute_uv=False) ** 2
        wanted = (d / (d + len(y) * alpha * 0.8)).sum()
        assert path.degrees_of_freedom[k] == pytest.approx(wanted, rel=1e-9)
    assert path.n_features_used[-1] > min(shape) / 2


@pytest.mark.parametrize("l2", [0.0, 0.3])
@pytest.mark.parametrize("n_tasks", [2, 5])
def test_the_trace_of_blocks_is_that_of_the_whole_system(n_tasks, l2):
    """All tasks and features in one matrix, as the formula reads."""
    rng = np.random.RandomState(0)
    A, W = rng.standard_normal((9, 6)), rng.standard_normal((n_tasks, 6))
    G, l1 = A.T @ A, 0.7
    H = np.zeros((6, n_tasks, 6, n_tasks))
    for j, w in enumerate(W.T):
        norm = np.linalg.norm(w)
        H[j, :, j] = l1 / norm * (np.eye(n_tasks) - np.outer(w, w) / norm**2)
        H[j, :, j] += l2 * np.eye(n_tasks)
    H = H.reshape(6 * n_tasks, -1)
    whole = np.kron(G, np.eye(n_tasks))
    wanted = np.trace(np.linalg.solve(whole + H, whole))
    penalty = elastic_net_penalty(1.0, 1.0, l1)
    if l2:
        penalty = elastic_net_penalty(l1 + l2, l1 / (l1 + l2), 1.0)
    assert (penalty.l1, penalty.l2) == pytest.approx((l1, l2))
    assert df_module._trace_of_blocks(G, W, *penalty.strengths(np.arange(len(G)))) == pytest.approx(
        wanted
    )


def test_a_gram_that_cholesky_cannot_take():
    v = np.array([[1.0, 2.0, 0.0]])
    inverse = df_module._inverse(v.T @ v, np.zeros(3))
    assert_allclose(inverse, np.linalg.pinv(v.T @ v), atol=1e-12)


@pytest.mark.parametrize("n_targets", [None, 2])
def test_degrees_of_freedom_without_a_penalty(n_targets, regression):
    """Least squares: no more than the rank, however many columns are in use."""
    X, y, _ = regression(10, 30, n_targets=n_targets)
    path = regularization_path(X, y, alphas=[0.0], max_iter=50, tol=1e-2)
    assert path.degrees_of_freedom[0] == 9 * (n_targets or 1)


# ---- in between -----------------------------------------------------------------


@pytest.mark.parametrize("n_targets", [None, 2])
def test_interpolation(n_targets, regression):
    X, y, _ = regression(n_targets=n_targets)
    path = regularization_path(X, y, alphas=[1.0, 0.5, 0.25])
    for k, alpha in enumerate(path.alphas):
        assert_array_equal(path.coef_at(alpha), path.coefs[..., k])
        assert_array_equal(path.intercept_at(alpha), path.intercepts[..., k])
    middle = (path.coefs[..., 1] + 3 * path.coefs[..., 0]) / 4
    assert_allclose(path.coef_at(0.875), middle)
    assert_allclose(
        path.predict(X, 0.875), X @ path.coef_at(0.875).T + path.intercept_at(0.875), atol=1e-12
    )
    path.coef_at(1.0)[...] = 7  # a copy
    assert not (path.coefs == 7).any()


def test_the_lasso_is_linear_between_its_knots(regression):
    X, y, _ = regression()
    path = regularization_path(X, y, alphas=[0.11, 0.1], **TIGHT)
    assert ((path.coefs[:, 0] != 0) == (path.coefs[:, 1] != 0)).all()
    exact = ElasticNet(0.104, l1_ratio=1.0, **TIGHT).fit(X, y)
    assert_allclose(path.coef_at(0.104), exact.coef_, atol=1e-5)
    assert_allclose(path.intercept_at(0.104), exact.intercept_, atol=1e-5)


@pytest.mark.parametrize("method", ["coef_at", "intercept_at"])
@pytest.mark.parametrize("alpha", [1.1, 0.1, 0.0, -1.0, np.nan, "1", None, [0.5], True])
def test_alphas_that_are_not_on_the_path(method, alpha, regression):
    X, y, _ = regression()
    path = regularization_path(X, y, alphas=[1.0, 0.5])
    with pytest.raises((ValueError, TypeError), match="alpha"):
        getattr(path, method)(alpha)
    if alpha is not None:
        with pytest.raises((ValueError, TypeError), match="alpha"):
            path.predict(X, alpha)


def test_equal_alphas():
    """The grid of a constant target: all of it is the smallest number there is."""
    X = np.random.RandomState(0).standard_normal((9, 3))
    path = regularization_path(X, np.full(9, 4.0), alphas=5)
    assert len(set(path.alphas)) == 1
    assert_array_equal(path.coef_at(path.alphas[0]), np.zeros(3))
    assert path.intercept_at(path.alphas[0]) == 4
    assert_array_equal(path.r2, np.zeros(5))


# ---- predict ----------------------------------------------------------------------


@pytest.mark.parametrize("n_targets", [None, 1, 3])
@pytest.mark.parametrize("form", [*FORMS.values(), sp.csr_array, np.ndarray.tolist])
def test_predict(n_targets, form, regression):
    X, y, _ = regression(n_targets=n_targets)
    path = regularization_path(X, y, alphas=4)
    every = path.predict(form(X))
    assert every.shape == (*y.shape, 4)
    for k, alpha in enumerate(path.alphas):
        one = path.predict(form(X), alpha)
        assert one.shape == y.shape
        assert_allclose(one, every[..., k], atol=1e-12)
        wanted = X @ path.coefs[..., k].T + path.intercepts[..., k]
        assert_allclose(one, wanted, atol=1e-12)


def test_predict_checks_x(regression):
    X, y, _ = regression()
    path = regularization_path(X, y, alphas=4)
    with pytest.raises(ValueError, match="12 features"):
        path.predict(X[:, 1:])
    X[3, 2] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        path.predict(X)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames(library, regression):
    frames = pytest.importorskip(library)
    X, y, _ = regression()
    names = [f"x{j}" for j in range(12)]
    frame = frames.DataFrame(dict(zip(names, X.T, strict=True)))
    path = regularization_path(frame, y, alphas=4)
    assert list(path.feature_names) == names
    assert_allclose(path.predict(frame), path.predict(frame)[:, :4])
    with pytest.raises(ValueError, match="feature names should match"):
        path.predict(frame[names[::-1]])
    assert regularization_path(X, y, alphas=4).feature_names is None


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtypes(dtype, regression):
    X, y, _ = regression()
    X, y = X.astype(dtype), y.astype(dtype)
    path = regularization_path(X, y, alphas=3, l1_ratio=0.9)
    for array in (path.coefs, path.intercepts, path.coef_at(path.alphas[1:].mean())):
        assert array.dtype == dtype
    assert path.predict(X).dtype == dtype
    for array in (path.alphas, path.dual_gaps, path.r2, path.degrees_of_freedom):
        assert array.dtype == np.float64
    for array in (path.n_iters, path.n_features_used):
        assert array.dtype.kind == "i"


# ---- ends -------------------------------------------------------------------------


def test_max_features(regression):
    X, y, _ = regression()
    whole = regularization_path(X, y)
    path = regularization_path(X, y, max_features=3)
    k = len(path.alphas)
    assert k == np.argmax(whole.n_features_used > 3)
    for name in ("alphas", "coefs", "intercepts", "dual_gaps", "r2", "degrees_of_freedom"):
        assert_array_equal(getattr(path, name), getattr(whole, name)[..., :k])
    assert path.coefs.base is None or path.coefs.base.size == path.coefs.size
    with pytest.raises(ValueError, match=r"max_features=3 .* alpha, 0.01,"):
        regularization_path(X, y, alphas=[0.01], max_features=3)


def test_min_deviance_gain(regression):
    X, y, _ = regression()
    whole = regularization_path(X, y)
    path = regularization_path(X, y, min_deviance_gain=1e-3)
    k = len(path.alphas)
    assert 5 < k < 100
    assert_array_equal(path.coefs, whole.coefs[:, :k])
    gains = np.diff(path.r2)[whole.n_features_used[: k - 1] > 0]
    assert (gains[:-1] >= 1e-3).all()
    assert gains[-1] < 1e-3


def test_alphas_before_the_first_feature_don_t_end_it(regression):
    X, y, _ = regression()
    path = regularization_path(X, y, alphas=[100.0, 90.0, 80.0, 0.1], min_deviance_gain=0.01)
    assert len(path.alphas) == 4


# ---- the object, the warnings ---------------------------------------------------


def test_the_object(regression):
    X, y, _ = regression()
    path = regularization_path(X, y, alphas=4)
    assert repr(path).startswith("RegularizationPath(4 alphas from ")
    assert len(repr(path)) < 120
    again = pickle.loads(pickle.dumps(path))
    for field in dataclasses.fields(path):
        assert_array_equal(getattr(again, field.name), getattr(path, field.name))
    assert_array_equal(again.predict(X), path.predict(X))
    with pytest.raises(dataclasses.FrozenInstanceError):
        path.alphas = None


def test_it_holds_no_data(regression):
    X, y, _ = regression(3000, 12)
    assert len(pickle.dumps(regularization_path(X, y, alphas=4))) < 5000


def test_inputs_are_left_alone(regression):
    X, y, weights = regression()
    before = X.copy(), y.copy(), weights.copy()
    for array in (X, y, weights):
        array.flags.writeable = False
    regularization_path(X, y, alphas=4, sample_weight=weights)
    for array, kept in zip((X, y, weights), before, strict=True):
        assert_array_equal(array, kept)


def test_verbose(regression, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)  # as if it were not installed
    X, y, _ = regression()
    path = regularization_path(X, y, alphas=4, verbose=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert f"{path.n_features_used[2]} features" in lines[2]
    assert f"alpha {path.alphas[2]:.4g}" in lines[2]
    regularization_path(X, y, alphas=4)
    assert capsys.readouterr().out == ""


def test_warnings_point_here(regression):
    X, y, _ = regression()
    X[:, 4] = 1.0
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        regularization_path(X, y, alphas=6, l1_ratio=0.5, tol=1e-12, max_iter=1)
    assert [w.category for w in caught] == [DiagnosticWarning, ConvergenceWarning]
    line = test_warnings_point_here.__code__.co_firstlineno + 5
    for warning in caught:
        assert (warning.filename, warning.lineno) == (__file__, line)
    assert "of 6 alphas" in str(caught[1].message)


def test_positive(regression):
    X, y, _ = regression()
    path = regularization_path(X, y, alphas=5, positive=True, **TIGHT)
    assert (path.coefs >= 0).all()
    single = ElasticNet(path.alphas[3], l1_ratio=1.0, positive=True, **TIGHT).fit(X, y)
    assert_allclose(path.coefs[:, 3], single.coef_, atol=1e-5)


def test_squares_that_overflow_are_told(regression):
    X, y, _ = regression()
    with pytest.raises(ValueError, match="X overflow"):
        regularization_path(X * 1e200, y, alphas=[1.0])
