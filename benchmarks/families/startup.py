"""Import time, and the first fit after it, each in a fresh process."""

from benchmarks.children import run_python
from benchmarks.rows import Row
from benchmarks.timing import Spread

FAMILY = "startup"
IMPORT_AT_MOST = 1.3
FIRST_FIT_AT_MOST = 2e-3

TIMED_IMPORT = """
import time
start = time.perf_counter()
import {modules}
print(time.perf_counter() - start)
"""
NEEDED = (
    "sklearn.base, sklearn.utils.validation, sklearn.exceptions, "
    "scipy.sparse, scipy.linalg, joblib, threadpoolctl"
)
FITS = """
import json, time
import numpy as np
from fastreg import {estimator}
rng = np.random.default_rng(0)
X = rng.standard_normal((200, 50))
y = X[:, 0] + rng.standard_normal(200)
times = []
for _ in range(2):
    start = time.perf_counter()
    {estimator}(alpha=0.1).fit(X, y)
    times.append(time.perf_counter() - start)
print(json.dumps(times))
"""


def run(settings):
    """Import beside what scikit-learn's modules alone take; first fit beside the second."""
    rounds = 1 if settings.quick else max(3, min(settings.rounds, 11))
    yield _import_row(rounds)
    for estimator in ("Lasso",) if settings.quick else ("Lasso", "Ridge"):
        yield _first_fit_row(estimator, rounds)


def _import_seconds(modules):
    return run_python("-c", TIMED_IMPORT.format(modules=modules))


def _import_row(rounds):
    if rounds > 1:  # warm-up: files come from disk
        _import_seconds("fastreg")
        _import_seconds(NEEDED)
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(_import_seconds("fastreg"))
        theirs.append(_import_seconds(NEEDED))
    return Row(
        FAMILY,
        "import fastreg",
        measured=Spread.of(ours),
        reference=Spread.of(theirs),
        reference_name="modules it needs",
        value=Spread.ratios(ours, theirs),
        at_most=IMPORT_AT_MOST,
    )


def _first_fit_row(estimator, rounds):
    pairs = [run_python("-c", FITS.format(estimator=estimator)) for _ in range(rounds)]
    first, second = zip(*pairs, strict=True)
    return Row(
        FAMILY,
        f"first {estimator} fit, 200 x 50",
        measured=Spread.of(first),
        reference=Spread.of(second),
        reference_name="second fit",
        value=Spread.of([a - b for a, b in pairs]),
        value_kind="s",
        at_most=FIRST_FIT_AT_MOST,
    )
