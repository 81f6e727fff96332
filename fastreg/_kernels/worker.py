"""What a Python thread that works for a fit knows: its share of cores, and when to stop.

Signals reach the main thread only; it sets the event that the kernels of the others
look at.
"""

import threading

_worker = threading.local()


class StoppedError(Exception):
    """Raised in a worker whose result nobody waits for any more."""


class Crew:
    """Workers that share some cores. Those who find nothing left to do leave theirs to the
    others.
    """

    def __init__(self, n_threads, n_workers, n_items):
        self.n_threads, self.n_workers, self.n_left = n_threads, n_workers, n_items
        self.stop = threading.Event()
        self._lock = threading.Lock()

    def done(self):
        """One of the items is done with."""
        with self._lock:
            self.n_left -= 1

    def share(self):
        """The OpenMP threads of each worker that is busy."""
        return max(1, self.n_threads // max(1, min(self.n_workers, self.n_left)))


def start(crew):
    """Make this thread a worker of `crew`, until its event is set."""
    _worker.crew = crew


def share():
    """This worker's OpenMP threads; None in a thread that is no worker."""
    crew = getattr(_worker, "crew", None)
    return None if crew is None else crew.share()


def check_stopped():
    """Raise StoppedError in a worker that should stop."""
    crew = getattr(_worker, "crew", None)
    if crew is not None and crew.stop.is_set():
        raise StoppedError
