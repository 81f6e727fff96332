"""`fastreg.set_config()` and its like: options of the whole package."""

from __future__ import annotations

from contextlib import contextmanager

from fastreg._engine import moment_cache
from fastreg._engine.moment_cache import MomentCacheInfo
from fastreg._engine.options import options, options_block, set_options
from fastreg._validation import check_number


def get_config() -> dict:
    """Return the options that hold in this thread now.

    Returns
    -------
    dict
        A copy: writing to it changes nothing. See :func:`set_config` for the options.

    Examples
    --------
    >>> import fastreg
    >>> fastreg.get_config()
    {'moment_cache_mb': 64}
    """
    return options()


def set_config(*, moment_cache_mb: float | None = None) -> None:
    """Set options for all threads of this process.

    Inside a :func:`config_context` of this thread, they hold until it ends.

    Parameters
    ----------
    moment_cache_mb : float, default=None
        How many megabytes (2**20 bytes) of moments are kept between fits, at least 0;
        64 at the start. What is kept beyond it is dropped at once, so 0 switches the
        cache off and empties it. None changes nothing.

    Raises
    ------
    TypeError, ValueError
        For a value that cannot be used; nothing is changed.

    See Also
    --------
    config_context : The same for a block of code.
    moment_cache_info : What the cache holds, and how often it helped.

    Notes
    -----
    Each process has its own options and its own cache. Results don't depend on them.

    Examples
    --------
    >>> import fastreg
    >>> fastreg.set_config(moment_cache_mb=256)
    >>> fastreg.get_config()
    {'moment_cache_mb': 256}
    >>> fastreg.set_config(moment_cache_mb=64)
    """
    set_options(_checked(moment_cache_mb=moment_cache_mb))
    moment_cache.trim(moment_cache.max_bytes())


@contextmanager
def config_context(*, moment_cache_mb: float | None = None):
    """Set options for a block of code, in this thread only.

    Threads and processes that the block starts have the options of the process: use
    :func:`set_config` for these.

    Parameters
    ----------
    moment_cache_mb : float, default=None
        As in :func:`set_config`. The cache is one for all threads: a smaller bound
        empties it of what is beyond, for good. None changes nothing.

    Raises
    ------
    TypeError, ValueError
        For a value that cannot be used; nothing is changed.

    Examples
    --------
    >>> import fastreg
    >>> with fastreg.config_context(moment_cache_mb=0):
    ...     fastreg.get_config()
    {'moment_cache_mb': 0}
    >>> fastreg.get_config()
    {'moment_cache_mb': 64}
    """
    with options_block(_checked(moment_cache_mb=moment_cache_mb)):
        moment_cache.trim(moment_cache.max_bytes())
        yield


def moment_cache_info() -> MomentCacheInfo:
    """Return what the cache of moments holds, and how often it helped.

    Returns
    -------
    MomentCacheInfo
        A named tuple: ``hits`` and ``misses`` count look-ups since the process
        started (a fit on one target makes two, one of column statistics and one of
        the Gram matrix); ``bytes`` and ``entries`` say what is kept now. Fits for
        which the cache would not pay make no look-up.

    Examples
    --------
    >>> import numpy as np
    >>> import fastreg
    >>> X = np.random.default_rng(0).standard_normal((2000, 40))
    >>> before = fastreg.moment_cache_info()
    >>> for alpha in (0.1, 0.2, 0.3):
    ...     model = fastreg.Lasso(alpha).fit(X, X[:, 0])
    >>> after = fastreg.moment_cache_info()
    >>> after.hits - before.hits, after.misses - before.misses
    (4, 2)
    """
    return moment_cache.info()


def _checked(**changes):
    changes = {name: value for name, value in changes.items() if value is not None}
    if "moment_cache_mb" in changes:
        check_number("moment_cache_mb", changes["moment_cache_mb"], low=0)
    return changes
