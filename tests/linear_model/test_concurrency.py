"""Threads, processes and Ctrl-C around a fit."""

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import joblib
import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal
from threadpoolctl import threadpool_info, threadpool_limits

import fastreg
from fastreg import ElasticNet, Lasso, LassoCV, MultiTaskLasso, Ridge, lasso_path
from fastreg._engine import threads
from fastreg._kernels import worker


def problems():
    """Large enough that passes, Grams and descents are shared between threads."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((6000, 300))
    y = X[:, :20] @ rng.standard_normal(20) + rng.standard_normal(6000)
    sparse = sp.random(20_000, 900, density=0.05, random_state=0, format="csc")
    target = sparse[:, :9] @ np.ones(9) + 0.1 * rng.standard_normal(20_000)
    return [
        (Lasso(0.01), X, y),
        (Lasso(0.01), np.asfortranarray(X), y),
        (ElasticNet(0.01, selection="random", random_state=0), X.astype(np.float32), y),
        (Lasso(0.0005), sparse, target),
        (MultiTaskLasso(0.01), X, np.column_stack([y, X[:, 0]])),
        (Ridge(1.0), X, y),
        (Ridge(1.0, solver="svd"), X[:, :100], y),
        (Ridge(1.0), sparse, target),
        (Ridge(1.0), np.ascontiguousarray(X[:500].T), y[:300]),
        (LassoCV(alphas=5, n_jobs=-1), X[:, :100], y),
        (LassoCV(alphas=5, eps=0.1, cv=3), X, y),
    ]


@pytest.fixture(scope="module", autouse=True)
def threads_for_all_work():
    """Small fits get threads as well, or there would be nothing to test here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threads, "WAKING_WORK", 1)
        yield


@pytest.fixture(scope="module")
def cases():
    return problems()


@pytest.fixture(scope="module")
def serial(cases):
    with threadpool_limits(1):
        return [fit(case) for case in cases]


def fit(case):
    model, X, y = case
    model = type(model)(**model.get_params()).fit(X, y)
    return model.coef_, model.intercept_, model.dual_gap_, model.n_iter_


def assert_same_bits(fits, others):
    for one, other in zip(fits, others, strict=True):
        for mine, theirs in zip(one, other, strict=True):
            assert_array_equal(mine, theirs)


@pytest.mark.parametrize("n_threads", [2, 3])
def test_threads_don_t_change_the_bits(cases, serial, n_threads):
    with threadpool_limits(n_threads):
        assert_same_bits(serial, [fit(case) for case in cases])


def test_workers_share_the_cores(cases):
    """Their OpenMP threads together are no more than one fit may use."""
    seen = []

    def look(_):
        seen.append(threads.available_threads())
        time.sleep(0.01)

    with threadpool_limits(1):
        assert threads.n_workers_for(4, 5, 1 << 30) == 1
    with fit_threads_of(8):
        assert threads.n_workers_for(3, 5, 0) == 3
        assert threads.n_workers_for(None, 5, 0) == 1  # too little to wake threads for
        assert threads.n_workers_for(None, 5, 1 << 30) == 5
        assert threads.n_workers_for(-1, 2, 1 << 30) == 2
        with joblib.parallel_config(n_jobs=3):
            assert threads.n_workers_for(None, 5, 0) == 3
        assert list(threads.map_in_threads(look, range(6), 3)) == [None] * 6
        assert seen[:4] == [2] * 4
        assert set(seen[4:]) <= {2, 4, 8}  # by how many are still at work
        assert threads.available_threads() == 8


def test_workers_without_work_leave_their_cores_to_the_others():
    crew, shares = worker.Crew(n_threads=8, n_workers=3, n_items=5), []
    for _ in range(5):
        shares.append(crew.share())
        crew.done()
    assert shares == [2, 2, 2, 4, 8]
    assert worker.share() is None  # this thread is none of them


@contextmanager
def fit_threads_of(n_cores):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threads, "_cpu_count", lambda: n_cores)
        patch.setattr(threads._openmp, "max_threads", lambda: n_cores)
        patch.setattr(joblib, "effective_n_jobs", _effective_n_jobs(n_cores))
        yield


def _effective_n_jobs(n_cores):
    original = joblib.effective_n_jobs
    return lambda n_jobs=-1: n_cores if n_jobs == -1 else original(n_jobs)


def test_the_first_error_of_a_worker_ends_the_others():
    started = []

    def run(item):
        started.append(item)
        if item == 1:
            raise RuntimeError("no")
        for _ in range(1000):
            worker.check_stopped()
            time.sleep(0.002)
        return item

    with pytest.raises(RuntimeError, match="no"):
        for _ in threads.map_in_threads(run, [1, *range(2, 30)], 2):
            pass
    assert len(started) < 5


def test_omp_num_threads_does_not_change_the_bits(run_python):
    script = """
import hashlib, numpy as np
from fastreg import Lasso, Ridge
from fastreg._engine import threads
threads.WAKING_WORK = 1
rng = np.random.RandomState(0)
X = rng.standard_normal((6000, 300))
y = X[:, :20].sum(axis=1) + rng.standard_normal(6000)
digest = hashlib.sha256()
for X in (X, np.asfortranarray(X)):
    for model in (Lasso(0.01), Ridge()):
        digest.update(model.fit(X, y).coef_.tobytes() + np.float64(model.dual_gap_).tobytes())
print(digest.hexdigest())
"""
    one, two = (run_python(script, env={"OMP_NUM_THREADS": n}.items()) for n in ("1", "2"))
    assert one == two


def test_fits_in_many_threads_are_the_serial_ones(cases, serial):
    with ThreadPoolExecutor(8) as pool:
        for fits in pool.map(lambda _: [fit(case) for case in cases], range(8)):
            assert_same_bits(serial, fits)


def test_paths_in_many_threads(cases):
    _, X, y = cases[0]
    wanted = lasso_path(X, y, alphas=5)[1]
    with ThreadPoolExecutor(8) as pool:
        for got in pool.map(lambda _: lasso_path(X, y, alphas=5)[1], range(8)):
            assert_array_equal(got, wanted)


def blas_threads():
    return [(i["filepath"], i["num_threads"]) for i in threadpool_info() if i["user_api"] == "blas"]


def test_the_blas_gets_its_threads_back(cases):
    """After a fit, after one that raised, and after fits that overlapped."""
    before = blas_threads()
    fit(cases[0])
    assert blas_threads() == before
    with pytest.raises(ValueError, match="NaN"):
        Lasso().fit(np.full((5, 2), np.nan), np.arange(5.0))
    assert blas_threads() == before
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(fit, [cases[1]] * 16))
    assert blas_threads() == before


def test_a_forked_child_can_fit(run_python):
    """libgomp's threads don't survive a fork: a child must not wait for them."""
    script = """
import multiprocessing, numpy as np
from fastreg import Lasso, Ridge
from fastreg._engine import threads
threads.WAKING_WORK = 1
rng = np.random.RandomState(0)
X = rng.standard_normal((20_000, 100))
y = X[:, 0] + rng.standard_normal(20_000)

def fits():
    return [model.fit(X, y).coef_ for model in (Lasso(0.01), Ridge())]

def child(queue):
    queue.put(fits())

wanted = fits()
context = multiprocessing.get_context("fork")
for _ in range(2):
    queue = context.Queue()
    process = context.Process(target=child, args=(queue,))
    process.start()
    got = queue.get(timeout=30)
    process.join(30)
    assert all((a == b).all() for a, b in zip(got, wanted))
    assert all((a == b).all() for a, b in zip(fits(), wanted))  # and the parent still fits
print("ok")
"""
    env = {"OMP_NUM_THREADS": "2"}.items()
    assert run_python(script, timeout=90, env=env) == "ok"


ENDLESS = {
    # ill-conditioned beyond any tolerance: these would run for hours
    "gram": (
        "X = np.cumsum(rng.standard_normal((400, 250)), axis=1); model = Lasso(1e-13, **forever)"
    ),
    "columns": (
        "X = np.asfortranarray(np.cumsum(rng.standard_normal((3000, 300)), axis=1)); "
        "path.ALL_FEATURES = problem.SMALL_X = 0; problem.GRAM_BYTES = 8; "
        "problem.GRAM_SHARE = 0.0; "
        "model = Lasso(1e-13, **forever)"
    ),
    "blocks": (
        "X = np.cumsum(rng.standard_normal((3000, 300)), axis=1); "
        "path.ALL_FEATURES = problem.SMALL_X = 0; problem.GRAM_BYTES = 8; "
        "problem.GRAM_SHARE = 0.0; "
        "model = Lasso(1e-13, **forever)"
    ),
    "sparse": (
        "X = sp.csc_matrix(np.cumsum(rng.standard_normal((400, 250)), axis=1)); "
        "model = Lasso(1e-13, **forever)"
    ),
}
# in workers, which get no signals themselves
for way in ("gram", "sparse"):
    setup, _ = ENDLESS[way].split("model =")
    ENDLESS[f"cross-validation, {way}"] = (
        setup + "model = fastreg.LassoCV(alphas=[1e-13], n_jobs=2, **forever)"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("way", ENDLESS)
def test_ctrl_c_stops_a_long_fit(way):
    """Promptly, and the estimator is as it was."""
    script = f"""
import warnings; warnings.simplefilter("ignore")
import signal; signal.signal(signal.SIGINT, signal.default_int_handler)
import numpy as np, scipy.sparse as sp
import fastreg
from fastreg import Lasso
from fastreg._engine import path, problem
forever = dict(tol=0.0, max_iter=2**31 - 1)
rng = np.random.RandomState(0)
{ENDLESS[way]}
y = rng.standard_normal(X.shape[0])
before = dict(vars(model))
print("fitting", flush=True)
try:
    model.fit(X, y)
except KeyboardInterrupt:
    print("unchanged" if vars(model) == before else "changed")
else:
    print("ended by itself", model.n_iter_)
"""
    root = str(Path(fastreg.__file__).parents[1])
    process = subprocess.Popen(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {root!r})\n{script}"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "fitting\n"
        time.sleep(0.7)  # into the kernels
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=5)
    finally:
        process.kill()
    assert output.strip() == "unchanged"
