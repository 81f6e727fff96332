"""How many threads a piece of work gets, and one BLAS thread inside a fit.

All parallelism is OpenMP over tiles; the BLAS runs on one thread meanwhile. Its
setting is global to the process, so fits that overlap share one limit: the
first sets it, the last restores it.
"""

import ctypes
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from itertools import product

import joblib
import scipy.linalg.cython_blas  # noqa: F401  (loads the BLAS that the kernels call)
from threadpoolctl import ThreadpoolController

from fastreg._kernels import threads as _openmp
from fastreg._kernels import worker

# A pass is shared when each thread gets this many elements of it ...
WORK_PER_THREAD = 1 << 18
# ... and all passes of the fit together touch this many: waking a thread that sleeps
# takes up to milliseconds, and only the first pass pays for it.
WAKING_WORK = 1 << 24

_blas_libraries = ThreadpoolController().select(user_api="blas").lib_controllers


def _thread_functions(library):
    """Functions that get and set the number of threads of one BLAS library.

    OpenBLAS's own where it has them: threadpoolctl (from 3.8 on) heeds one Python
    thread at a time and ignores the others, and here fits of all threads count.
    """
    dynlib = ctypes.CDLL(library.filepath) if library.internal_api == "openblas" else None
    for prefix, suffix in product(("", "scipy_"), ("", "64_", "_64")):
        get = getattr(dynlib, f"{prefix}openblas_get_num_threads{suffix}", None)
        set_threads = getattr(dynlib, f"{prefix}openblas_set_num_threads{suffix}", None)
        if get is not None and set_threads is not None:
            addresses = (ctypes.cast(each, ctypes.c_void_p).value for each in (get, set_threads))
            threads = _openmp.LibraryThreads(*addresses)
            return threads.get, threads.set
    return library.get_num_threads, library.set_num_threads


_blas_threads = [_thread_functions(library) for library in _blas_libraries]
_lock = threading.Lock()
_active_fits = 0
_blas_threads_before = []


@cache
def _cpu_count():
    """Cores this process may use: affinity and cgroup limits included."""
    return joblib.cpu_count()


def available_threads():
    """Threads a kernel may use now: cores, `OMP_NUM_THREADS`, threadpoolctl's limits,
    shared between the fits that run at this moment, and between the workers of one."""
    share = worker.share()
    if share is not None:
        return share  # the limits are those of the thread that started it
    return max(1, min(_openmp.max_threads(), _cpu_count() // max(_active_fits, 1)))


def n_threads_for(work, work_of_fit=0):
    """Threads for a pass that touches `work` of a fit's elements; 1 when that is too few."""
    if work < 2 * WORK_PER_THREAD or max(work, work_of_fit) < WAKING_WORK:
        return 1
    return min(available_threads(), int(work // WORK_PER_THREAD))


def n_workers_for(n_jobs, n_items, work_of_item):
    """Python threads for `n_items` independent parts of a fit; n_jobs as in joblib.

    None leaves the choice to us, unless joblib's context makes it.
    """
    n_jobs = joblib.effective_n_jobs(n_jobs) if n_jobs is not None else _default_jobs(work_of_item)
    return max(1, min(n_jobs, n_items, available_threads()))


def _default_jobs(work_of_item):
    wanted = joblib.effective_n_jobs(None)
    if wanted > 1:
        return wanted
    return available_threads() if work_of_item >= WAKING_WORK else 1


def map_in_threads(function, items, n_workers):
    """Yield function(item) for each item, in order, from threads that share this fit's cores.

    What is left undone is given up when one of them raises or the caller is interrupted.
    """
    if n_workers == 1:
        yield from map(function, items)
        return
    items = list(items)
    crew = worker.Crew(available_threads(), n_workers, len(items))

    def run(item):
        try:
            return function(item)
        finally:
            crew.done()

    pool = ThreadPoolExecutor(n_workers, "fastreg", worker.start, (crew,))
    try:
        yield from pool.map(run, items)
    finally:
        crew.stop.set()
        pool.shutdown(cancel_futures=True)


@contextmanager
def fit_threads():
    """Hold the BLAS at one thread while a fit runs; count the fits that run."""
    global _active_fits, _blas_threads_before  # noqa: PLW0603
    with _lock:
        _active_fits += 1
        if _active_fits == 1:
            _blas_threads_before = [get() for get, _ in _blas_threads]
            for _, set_threads in _blas_threads:
                set_threads(1)
    try:
        yield
    finally:
        with _lock:
            _active_fits -= 1
            if _active_fits == 0:
                _restore_blas()


def _restore_blas():
    for (_, set_threads), n_threads in zip(_blas_threads, _blas_threads_before, strict=True):
        set_threads(n_threads)


def _before_fork():
    # libgomp's threads don't survive a fork and its locks do: without this a
    # child hangs in its first parallel region.
    _lock.acquire()
    _openmp.pause_threads()


def _after_fork_in_child():
    # The parent's other threads, and their fits, don't exist here.
    global _active_fits  # noqa: PLW0603
    if _active_fits:
        _active_fits = 0
        _restore_blas()
    _lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_lock.release,
        after_in_child=_after_fork_in_child,
    )


def blas_description():
    """One line for each BLAS library that is loaded."""
    return [
        f"{library.internal_api} {library.version} ({library.filepath})"
        for library in _blas_libraries
    ]
