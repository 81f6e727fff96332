"""The cache of moments: what it keeps, what it drops, and threads."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from fastreg._engine import moment_cache
from fastreg._engine.moment_cache import MomentCache


def numbers(n=10):
    return np.arange(float(n))


def test_hits_and_misses():
    cache = MomentCache()
    first = cache.get("a", numbers, lambda: 1000)
    assert cache.get("a", lambda: 1 / 0, lambda: 1000) is first
    assert not first.flags.writeable
    cache.get("b", numbers, lambda: 1000)
    assert cache.info() == (1, 2, 160, 2)


def test_the_least_recently_used_goes_first():
    cache = MomentCache()
    for key in "abcab":  # c is the oldest use
        cache.get(key, numbers, lambda: 240)
    cache.get("d", numbers, lambda: 240)
    hits = cache.info().hits
    for key in "abd":
        cache.get(key, lambda: 1 / 0, lambda: 240)
    assert cache.info() == (hits + 3, 4, 240, 3)
    with pytest.raises(ZeroDivisionError):
        cache.get("c", lambda: 1 / 0, lambda: 240)


def test_too_large_is_not_kept_and_drops_nothing():
    cache = MomentCache()
    cache.get("a", numbers, lambda: 100)
    cache.get("b", lambda: numbers(50), lambda: 100)
    assert cache.info() == (0, 2, 80, 1)


def test_a_bound_that_shrinks_meanwhile():
    cache, bound = MomentCache(), [1000]

    def shrink():
        bound[0] = 0
        return numbers()

    assert len(cache.get("a", shrink, lambda: bound[0])) == 10
    assert cache.info().entries == 0


def test_trim():
    cache = MomentCache()
    for key in "abc":
        cache.get(key, numbers, lambda: 1000)
    cache.trim(170)
    assert cache.info()[2:] == (160, 2)
    cache.trim(0)
    assert cache.info()[2:] == (0, 0)


def test_an_error_leaves_nothing_behind():
    cache = MomentCache()
    with pytest.raises(ZeroDivisionError):
        cache.get("a", lambda: 1 / 0, lambda: 1000)
    assert len(cache.get("a", numbers, lambda: 1000)) == 10


def test_threads_that_miss_at_once_compute_once():
    cache, entered, go = MomentCache(), threading.Event(), threading.Event()
    calls = []

    def compute():
        calls.append(1)
        entered.set()
        assert go.wait(10)
        return numbers()

    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(cache.get, "a", compute, lambda: 1000) for _ in range(8)]
        assert entered.wait(10)
        # another key is not held up
        assert len(cache.get("b", numbers, lambda: 1000)) == 10
        go.set()
        first = found[0].result(10)
        assert all(future.result(10) is first for future in found)
    assert len(calls) == 1
    assert cache.info() == (7, 2, 160, 2)


def test_the_next_thread_takes_over_after_an_error():
    cache, entered, go = MomentCache(), threading.Event(), threading.Event()

    def fail():
        entered.set()
        assert go.wait(10)
        raise MemoryError

    with ThreadPoolExecutor(2) as pool:
        failing = pool.submit(cache.get, "a", fail, lambda: 1000)
        assert entered.wait(10)
        waiting = pool.submit(cache.get, "a", numbers, lambda: 1000)
        go.set()
        assert len(waiting.result(10)) == 10
        assert isinstance(failing.exception(10), MemoryError)


def test_many_threads_and_evictions():
    cache = MomentCache()

    def work(seed):
        for k in np.random.default_rng(seed).integers(6, size=300):
            array = cache.get(int(k), lambda k=k: np.full(10, float(k)), lambda: 240)
            assert (array == k).all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    hits, misses, n_bytes, entries = cache.info()
    assert hits + misses == 8 * 300
    assert n_bytes == 80 * entries <= 240


def test_after_a_fork_nobody_waits_for_threads_that_are_gone():
    cache, entered, go = MomentCache(), threading.Event(), threading.Event()

    def slow():
        entered.set()
        assert go.wait(10)
        return numbers()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(cache.get, "a", slow, lambda: 1000)
        assert entered.wait(10)
        cache.before_fork()
        cache.after_fork_in_child()
        assert len(cache.get("a", numbers, lambda: 1000)) == 10
        go.set()


def test_where_it_pays():
    assert moment_cache.pays(100_000, 100)
    assert not moment_cache.pays(100_000, moment_cache.MIN_FEATURES - 1)
    assert not moment_cache.pays(moment_cache.MIN_WORK - 1, 100)
    # 16 of 64 MB
    assert moment_cache.pays(10**8, 1448)
    assert not moment_cache.pays(10**8, 1449)
