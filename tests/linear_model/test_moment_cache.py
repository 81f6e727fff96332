"""Fits share moments by content, and no bit of a result depends on that."""

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fastreg
from fastreg import ElasticNet, Lasso, Ridge, config_context, set_config
from fastreg._engine import moment_cache

N, P = 3000, 40
ALPHAS = [0.01, 0.03, 0.1, 0.3]


def make(layout="c", dtype=np.float64, n_targets=None):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N, P)) + rng.uniform(-2, 2, P)
    if layout == "csc":
        X[rng.random((N, P)) < 0.4] = 0
    shape = (P,) if n_targets is None else (P, n_targets)
    y = X @ rng.uniform(-1, 1, shape) + rng.standard_normal((N, *shape[1:])) + 5
    X = X.astype(dtype)
    X = sp.csc_matrix(X) if layout == "csc" else np.array(X, order=layout.upper())
    return X, y.astype(dtype)


@pytest.fixture(autouse=True)
def empty_cache():
    set_config(moment_cache_mb=0)
    set_config(moment_cache_mb=64)


@pytest.fixture
def counted():
    """Hits and misses of the look-ups since the last call."""
    seen = [fastreg.moment_cache_info()]

    def count():
        seen.append(fastreg.moment_cache_info())
        return seen[-1].hits - seen[-2].hits, seen[-1].misses - seen[-2].misses

    return count


def result(model, X, y, **fit_params):
    model = type(model)(**model.get_params()).fit(X, y, **fit_params)
    return model.coef_, model.intercept_, model.dual_gap_, model.n_iter_


def assert_same_bits(one, other):
    for mine, theirs in zip(one, other, strict=True):
        assert_array_equal(mine, theirs, strict=True)


MODELS = [
    Lasso(0.05),
    Lasso(0.05, fit_intercept=False),
    Lasso(1e-4, positive=True, tol=1e-8),
    ElasticNet(0.05, selection="random", random_state=0),
    Ridge(2.0),
    Ridge(2.0, fit_intercept=False),
]


@pytest.mark.parametrize("model", MODELS, ids=str)
@pytest.mark.parametrize("layout", ["c", "f", "csc"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("weighted", [False, True])
def test_on_off_hit_and_missed_give_the_same_bits(model, layout, dtype, weighted, counted):
    X, y = make(layout, dtype)
    if isinstance(model, Ridge) and layout == "csc":
        pytest.skip("Ridge forms no Gram of sparse X")
    weights = np.random.default_rng(1).uniform(0, 2, N) if weighted else None
    with config_context(moment_cache_mb=0):
        off = result(model, X, y, sample_weight=weights)
        assert counted() == (0, 0)
    missed = result(model, X, y, sample_weight=weights)
    assert counted() == (0, 2)
    hit = result(model, deepcopy(X), y.copy(), sample_weight=weights)
    assert counted() == (2, 0)
    assert_same_bits(missed, off)
    assert_same_bits(hit, off)


@pytest.mark.parametrize("model", [Lasso(0.05), Ridge([1.0, 1.0, 3.0])], ids=str)
def test_several_targets(model, counted):
    X, Y = make(n_targets=3)
    with config_context(moment_cache_mb=0):
        off = result(model, X, Y)
    assert_same_bits(result(model, X, Y), off)
    assert counted() == (0, 3)
    assert_same_bits(result(model, X, Y), off)
    assert counted() == (3, 0)


def test_a_wide_lasso_with_precompute(counted):
    X, y = np.random.default_rng(0).standard_normal((400, 300)), np.arange(400.0)
    Lasso(5.0).fit(X, y)
    assert counted() == (0, 0)  # working sets: there is no whole Gram
    with config_context(moment_cache_mb=0):
        off = result(Lasso(5.0, precompute=True), X, y)
    for _ in range(2):
        assert_same_bits(result(Lasso(5.0, precompute=True), X, y), off)
    assert counted() == (2, 2)


@pytest.mark.parametrize("model", [Ridge(solver="svd"), Ridge(solver="sparse_cg")], ids=str)
def test_fits_without_a_gram_don_t_look_up(model, counted):
    X, y = make()
    model.fit(X, y)
    Lasso(precompute=np.eye(P), fit_intercept=False).fit(*np.linalg.qr(X)[:1], y)
    model = Ridge().fit(X[:30], y[:30])
    assert counted() == (0, 0)


def scores(estimator, grid, X, y, **kwargs):
    search = GridSearchCV(estimator, grid, cv=5, **kwargs).fit(X, y)
    names = [name for name in search.cv_results_ if "_score" in name and "time" not in name]
    return [search.cv_results_[name] for name in names]


def test_grid_search(counted):
    X, y = make()
    with config_context(moment_cache_mb=0):
        off = scores(Lasso(), {"alpha": ALPHAS}, X, y)
    counted()
    on = scores(Lasso(), {"alpha": ALPHAS}, X, y)
    folds = 5 + 1  # and the refit on everything
    assert counted() == (2 * 5 * (len(ALPHAS) - 1), 2 * folds)
    assert_same_bits(on, off)
    # l1_ratio and tol don't matter to moments; nor does the model
    scores(ElasticNet(tol=1e-3), {"l1_ratio": [0.2, 0.8]}, X, y)
    scores(Ridge(), {"alpha": [1.0, 10.0]}, X, y)
    assert counted()[1] == 0


def test_grid_search_behind_a_scaler(counted):
    """The scaler gives new arrays for each candidate; their content is the same."""
    X, y = make()
    model, grid = make_pipeline(StandardScaler(), Lasso()), {"lasso__alpha": ALPHAS}
    with config_context(moment_cache_mb=0):
        off = scores(model, grid, X, y)
    counted()
    assert_same_bits(scores(model, grid, X, y), off)
    assert counted() == (2 * 5 * (len(ALPHAS) - 1), 2 * 6)


def test_grid_search_in_threads(counted):
    import joblib

    X, y = make()
    off = scores(Lasso(), {"alpha": ALPHAS}, X, y)
    set_config(moment_cache_mb=0)
    set_config(moment_cache_mb=64)
    counted()
    with joblib.parallel_backend("threading"):
        assert_same_bits(scores(Lasso(), {"alpha": ALPHAS}, X, y, n_jobs=4), off)
    assert counted() == (2 * 5 * (len(ALPHAS) - 1), 2 * 6)


def test_many_threads_many_data():
    X, y = make()
    data = [X[k:] for k in range(4)]
    set_config(moment_cache_mb=1024 / (1 << 20) * 45)  # room for three Grams of four
    with config_context(moment_cache_mb=0):
        off = [result(Lasso(0.05), Z, y[: len(Z)]) for Z in data]

    def work(_):
        for Z, wanted in zip(data, off, strict=True):
            assert_same_bits(result(Lasso(0.05), Z, y[: len(Z)]), wanted)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(12)))


def test_what_is_another_content(counted):
    X, y = make()
    w = np.random.default_rng(1).uniform(0.5, 2, N)

    def misses(X, y, sample_weight=None, model=None):
        (model or Lasso(0.05)).fit(X, y, sample_weight)
        return counted()[1]

    assert misses(X, y) == 2
    assert misses(X, y) == 0
    assert misses(X, y + 1e-6 * w) == 1  # statistics hold X'y, the Gram is the same
    assert misses(X, y, w) == 2
    assert misses(X, y, w[::-1]) == 2
    assert misses(X, y, 2 * w) == 0  # a Lasso's weights are normalised
    assert misses(X, y, w, Ridge()) == 2
    assert misses(X, y, model=Lasso(fit_intercept=False)) == 2
    assert misses(np.asfortranarray(X), y) == 2
    assert misses(X.astype(np.float32), y) == 2
    assert misses(X[:, ::-1].copy(), y) == 2
    assert misses(sp.csc_matrix(X), y) == 2
    wider = np.zeros((N, P + 3))
    wider[:, 1 : 1 + P] = X
    assert misses(wider[:, 1 : 1 + P], y) == 0


def test_x_changed_in_place(counted):
    X, y = make()
    Lasso(0.05).fit(X, y)
    X[N // 2, 7] = np.nextafter(X[N // 2, 7], 10)
    counted()
    with config_context(moment_cache_mb=0):
        off = result(Lasso(0.05), X, y)
    assert_same_bits(result(Lasso(0.05), X, y), off)
    assert counted() == (0, 2)


def test_x_is_not_kept_alive():
    for layout in ("c", "f", "csc"):
        X, y = make(layout)
        parts = [weakref.ref(part) for part in (X, y, getattr(X, "data", X))[:2]]
        Lasso(0.05).fit(X, y)
        assert fastreg.moment_cache_info().entries
        del X, y
        gc.collect()
        assert [part() for part in parts] == [None, None]


def test_a_cached_gram_stays_as_it_is():
    """Solvers that overwrite a Gram of their own must not write to this one."""
    X, y = make()
    for _ in range(2):
        assert_same_bits(result(Ridge(1.0), X, y), result(Ridge(1.0), X, y))
    with config_context(moment_cache_mb=0):
        off = result(Ridge(3.0), X, y)
    assert_same_bits(result(Ridge(3.0), X, y), off)


def test_evicted_and_switched_off(counted):
    X, y = make()
    gram, statistics = 8 * P * P, 8 * 3 * P
    set_config(moment_cache_mb=(4 * gram + statistics) / moment_cache.MEGABYTE)
    for k in range(10):
        Lasso(0.05).fit(X + k, y)
        info = fastreg.moment_cache_info()
        assert info.bytes <= 4 * gram + statistics
    assert info.entries == 6  # of 20: three fits
    counted()
    Lasso(0.05).fit(X + 9, y)
    Lasso(0.05).fit(X, y)
    assert counted() == (2, 2)
    with config_context(moment_cache_mb=0):
        assert fastreg.moment_cache_info()[2:] == (0, 0)
        Lasso(0.05).fit(X, y)
    assert counted() == (0, 0)


def test_not_finite_data_raise_each_time():
    X, y = make()
    X[5, 5] = np.nan
    for _ in range(2):
        with pytest.raises(ValueError, match="NaN"):
            Lasso().fit(X, y)
        with pytest.raises(ValueError, match="NaN"):
            Ridge().fit(X, y)


def test_a_forked_child_uses_and_fills_its_own(run_python):
    script = """
import multiprocessing, numpy as np, fastreg
rng = np.random.default_rng(0)
X = rng.standard_normal((3000, 40))
wanted = fastreg.Lasso(0.01).fit(X, X[:, 0]).coef_

def child(queue):
    hit = fastreg.Lasso(0.01).fit(X, X[:, 0]).coef_
    fastreg.Lasso(0.01).fit(X + 1, X[:, 0])
    queue.put((hit, fastreg.moment_cache_info()))

context = multiprocessing.get_context("fork")
queue = context.Queue()
process = context.Process(target=child, args=(queue,))
process.start()
got, info = queue.get(timeout=30)
process.join(30)
assert (got == wanted).all()
print(info.hits, info.misses, fastreg.moment_cache_info().misses)
"""
    assert run_python(script) == "2 4 2"
