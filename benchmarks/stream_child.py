"""Fits of a file in this process; prints times, and the most anonymous memory it had.

    python -m benchmarks.stream_child FOLDER N P ROUNDS

Pages of a memory map that lie in memory are the system's to drop: they are not
anonymous (RssFile of /proc/self/status, not RssAnon).
"""

import json
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np

from benchmarks.memory_child import read_status
from fastreg import Lasso, Ridge
from fastreg._engine.design import Design
from fastreg._engine.threads import fit_threads

INTERVAL_SECONDS = 0.002
READ_BYTES = 1 << 23
CHUNK_ROWS = 20_000
GRAM_BYTES = 1 << 29
ALPHA = 1.0


class AnonymousMemory(threading.Thread):
    """Samples RssAnon from a thread of its own until it is stopped."""

    def __init__(self):
        super().__init__(daemon=True)
        self.peak, self.samples = 0, 0
        self.stopped = threading.Event()

    def run(self):
        """Sample."""
        while not self.stopped.wait(INTERVAL_SECONDS):
            self.peak = max(self.peak, read_status("RssAnon"))
            self.samples += 1


def main(folder, n, p, rounds):
    """Print the JSON that `benchmarks.families.stream` reads."""
    warnings.simplefilter("ignore")
    Ridge().partial_fit(np.eye(3), [1.0, 2, 3])
    Lasso().partial_fit(np.eye(3), [1.0, 2, 3])
    before, memory = read_status("RssAnon"), AnonymousMemory()
    memory.start()
    found = [measure(Path(folder), n, p) for _ in range(rounds)]
    memory.stopped.set()
    memory.join()
    times, differences = zip(*found, strict=True)
    result = {name: [line[name] for line in times] for name in times[0]}
    result |= {"difference": max(differences), "anon_before": before}
    print(json.dumps(result | {"anon": memory.peak, "samples": memory.samples}))


def measure(folder, n, p):
    """Seconds of each contestant, and how far two of them differ."""
    X, y = open_problem(folder, n, p)
    ridge, by_numpy = Ridge(ALPHA), ByHand()
    times = {
        "read": timed(read, folder / "X"),
        "Ridge": timed(ridge.partial_fit, X, y),
        "gram": gram_seconds(X, y),
        "Lasso": timed(Lasso(0.1).partial_fit, X, y),
        "numpy": timed(by_numpy.fit, X, y),
    }
    difference = np.abs(ridge.coef_ - by_numpy.coef).max() / np.abs(by_numpy.coef).max()
    return times, float(difference)


def open_problem(folder, n, p):
    """Memory maps that nothing has touched yet."""
    X = np.memmap(folder / "X", dtype=np.float64, mode="r", shape=(n, p))
    return X, np.memmap(folder / "y", dtype=np.float64, mode="r", shape=n)


def timed(call, *arguments):
    """Seconds that a call takes."""
    start = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - start


def read(path):
    """The whole file into one buffer, again and again."""
    buffer = bytearray(READ_BYTES)
    with path.open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass


def gram_seconds(X, y):
    """What the Gram kernel would take for all of X, by its rate on the first rows."""
    rows = min(len(X), GRAM_BYTES // (8 * X.shape[1]))
    with fit_threads():
        design = Design(X[:rows], y[:rows])
        seconds = timed(design.gram, np.arange(X.shape[1]))
    return seconds * len(X) / rows


class ByHand:
    """Ridge from X'X as one would add it up in NumPy; means are small here."""

    def fit(self, X, y):
        """Set `coef`."""
        n, p = X.shape
        gram, c, sums, total = np.zeros((p, p)), np.zeros(p), np.zeros(p), 0.0
        for start in range(0, n, CHUNK_ROWS):
            A, b = X[start : start + CHUNK_ROWS], y[start : start + CHUNK_ROWS]
            gram += A.T @ A
            c += A.T @ b
            sums += A.sum(axis=0)
            total += b.sum()
        gram -= np.outer(sums, sums / n)
        c -= sums * (total / n)
        self.coef = np.linalg.solve(gram + ALPHA * np.eye(p), c)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
