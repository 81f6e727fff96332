"""Moments that outlive a fit, found again by the content of the data.

A grid search fits each candidate on the same rows, in new arrays each time. What
these fits have in common depends on X, the weights and the targets alone: column
statistics, A'y and the Gram matrix. They are kept here under a hash of those, the
least recently used going first when the bound on the bytes is reached.

A result never depends on what is kept: a hit gives the bits that computing again
would give, and which way a solver goes is decided without asking. Nothing here
refers to the user's arrays.
"""

import os
import threading
from collections import OrderedDict
from typing import NamedTuple

import scipy.sparse as sp

from fastreg._engine.options import option
from fastreg._kernels.content_hash import content_hash

MEGABYTE = 1 << 20
# Below, a hash of X takes more than a fifth of what it may save.
MIN_FEATURES = 32
# Below this many elements of X, looking up takes as long as computing.
MIN_WORK = 1 << 16
# A Gram matrix with a larger share of the bound leaves no room for the other folds'.
LARGEST_SHARE = 0.25


class MomentCacheInfo(NamedTuple):
    """Look-ups that found an array and that did not, bytes and arrays kept."""

    hits: int
    misses: int
    bytes: int
    entries: int


class MomentCache:
    """Read-only arrays by key, up to a number of bytes; safe to share by threads."""

    def __init__(self):
        self._lock = threading.Lock()
        self._arrays = OrderedDict()  # the least recently used first
        self._pending = {}  # an event for each key that a thread is computing
        self._bytes = self._hits = self._misses = 0

    def get(self, key, compute, max_bytes):
        """The array under `key`, or else what `compute()` gives, kept for the next time.

        `max_bytes()` is the bound on what is kept. Threads that miss the same key at
        once wait for the first of them.
        """
        while True:
            with self._lock:
                if key in self._arrays:
                    self._hits += 1
                    self._arrays.move_to_end(key)
                    return self._arrays[key]
                computed = self._pending.get(key)
                if computed is None:
                    self._misses += 1
                    computed = self._pending[key] = threading.Event()
                    break
            computed.wait()
        try:
            array = compute()
            array.flags.writeable = False
            with self._lock:
                limit = max_bytes()  # not before: it may have changed meanwhile
                if array.nbytes <= limit:
                    self._arrays[key] = array
                    self._bytes += array.nbytes
                    self._trim(limit)
            return array
        finally:
            with self._lock:
                self._pending.pop(key, None)
            computed.set()

    def trim(self, limit):
        """Drop the least recently used arrays until no more than `limit` bytes are kept."""
        with self._lock:
            self._trim(limit)

    def _trim(self, limit):
        while self._bytes > limit:
            _, array = self._arrays.popitem(last=False)
            self._bytes -= array.nbytes

    def info(self):
        """Counts since the process started, and what is kept now."""
        with self._lock:
            return MomentCacheInfo(self._hits, self._misses, self._bytes, len(self._arrays))

    def before_fork(self):
        """Let no other thread be in the middle of a change."""
        self._lock.acquire()

    def after_fork_in_parent(self):
        """Let them go on."""
        self._lock.release()

    def after_fork_in_child(self):
        """The threads that were computing don't exist here: nobody shall wait for them."""
        self._pending.clear()
        self._lock.release()


_cache = MomentCache()
info, trim = _cache.info, _cache.trim

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_cache.before_fork,
        after_in_parent=_cache.after_fork_in_parent,
        after_in_child=_cache.after_fork_in_child,
    )


def max_bytes():
    """The bound that holds in this thread now."""
    return int(option("moment_cache_mb") * MEGABYTE)


class Moments:
    """The kept moments of one X, weights and centring.

    Parameters
    ----------
    X : ndarray or CSC matrix
    sample_weight : ndarray or None
    fit_intercept : bool
    n_threads : int
        For reading X.
    """

    def __init__(self, X, sample_weight, fit_intercept, n_threads):
        if sp.issparse(X):
            parts, order = (X.data, X.indices, X.indptr), "csc"
        else:
            parts, order = (X,), "F" if X.strides[0] == X.itemsize else "C"
        digests = tuple(content_hash(part, n_threads) for part in parts)
        weights = None if sample_weight is None else content_hash(sample_weight)
        self._key = (digests, X.shape, X.dtype.str, order, weights, fit_intercept)

    def get(self, kind, compute, *arrays):
        """The array of this kind, which depends on `arrays` too; read-only."""
        more = tuple((array.shape, content_hash(array)) for array in arrays)
        return _cache.get((kind, *self._key, *more), compute, max_bytes)


class NoMoments:
    """Stands for `Moments` where keeping them doesn't pay: computes each time."""

    def get(self, kind, compute, *arrays):
        """What `compute()` gives."""
        return compute()


def pays(work, n_features):
    """Whether a fit that reads `work` elements and forms the whole Gram should ask here."""
    return (
        work >= MIN_WORK
        and n_features >= MIN_FEATURES
        and 8 * n_features**2 <= LARGEST_SHARE * max_bytes()
    )
