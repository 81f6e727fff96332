"""What a Python thread that works for a fit knows: its share of cores, and when to stop.

Signals reach the main thread only; it sets the event that the kernels of the others
look at.
"""

import threading

_worker = threading.local()


class StoppedError(Exception):
    """Raised in a worker whose result nobody waits for any more."""


def start(share, stop):
    """Make this thread a worker with `share` OpenMP threads, until `stop` is set."""
    _worker.share, _worker.stop = share, stop


def share():
    """This worker's OpenMP threads; None in a thread that is no worker."""
    return getattr(_worker, "share", None)


def check_stopped():
    """Raise StoppedError in a worker that should stop."""
    stop = getattr(_worker, "stop", None)
    if stop is not None and stop.is_set():
        raise StoppedError
