"""Fits of a file by partial_fit: anonymous memory throughout, and the rate it is read at."""

import shutil
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.accuracy import refusal
from benchmarks.children import ChildFailedError, run_python
from benchmarks.rows import Row, skipped
from benchmarks.timing import Spread

FAMILY = "stream"
SHAPE, QUICK_SHAPE = (2_500_000, 200), (200_000, 100)
ANON_BYTES = 500e6
# of coefficients, beside the normal equations formed in NumPy
TOLERANCE = 1e-8
BLOCK_ROWS = 10_000
ROUNDS = 3


def run(settings):
    """Write the file to `settings.folder`, measure in a fresh process, remove it."""
    shape = QUICK_SHAPE if settings.quick else SHAPE
    n_bytes = 8 * shape[0] * (shape[1] + 1)
    case = f"memory map, {shape[0]} x {shape[1]} ({n_bytes / 1e9:.1f} GB)"
    with tempfile.TemporaryDirectory(prefix="fastreg-", dir=settings.folder) as folder:
        free = shutil.disk_usage(folder).free
        if free < 1.2 * n_bytes:
            reason = f"{folder} has {free / 1e9:.1f} GB left: name another with --folder"
            yield skipped(FAMILY, case, reason)
            return
        write_problem(Path(folder), *shape)
        try:
            found = run_python("-m", "benchmarks.stream_child", folder, *shape, ROUNDS)
        except ChildFailedError as error:
            yield skipped(FAMILY, case, error)
            return
    yield _memory_row(case, found, settings)
    yield from _rate_rows(case, found, n_bytes)


def write_problem(folder, n, p):
    """Files X and y of float64, block by block."""
    rng = np.random.default_rng(0)
    coef = rng.standard_normal(p)
    with (folder / "X").open("wb") as X_file, (folder / "y").open("wb") as y_file:
        for start in range(0, n, BLOCK_ROWS):
            X = rng.standard_normal((min(BLOCK_ROWS, n - start), p))
            X_file.write(X)
            y_file.write(X @ coef + rng.standard_normal(len(X)) + 3)


def _memory_row(case, found, settings):
    return Row(
        FAMILY,
        f"{case}: anonymous memory of the process",
        measured=Spread.of([found["anon"]]),
        reference=Spread.of([ANON_BYTES]),
        reference_name="allowed",
        unit="B",
        value=Spread.of([found["anon"] / ANON_BYTES]),
        value_kind="share",
        at_most=None if settings.quick else 1.0,
        reason=f"{found['anon_before'] / 1e6:.0f} MB of it before the first chunk; "
        f"{found['samples']} samples",
    )


def _rate_rows(case, found, n_bytes):
    accuracy = {"fastreg": found["difference"]}
    for model in ("Ridge", "Lasso"):
        for name, words in (
            ("read", "a plain read"),
            ("gram", "its Gram kernel alone"),
            ("numpy", "NumPy's X'X by chunks"),
        ):
            if model == "Lasso" and name != "gram":
                continue
            row = Row(
                FAMILY,
                f"{case}: {model}.partial_fit",
                measured=Spread.of(found[model]),
                reference=Spread.of(found[name]),
                reference_name=words,
            )
            if model == "Ridge":
                row.accuracy, row.tolerance = accuracy, TOLERANCE
                row.reason = refusal(accuracy.keys(), accuracy.values(), TOLERANCE)
            if row.reason is None:
                row.value = Spread.ratios(found[name], found[model])
                row.reason = ", ".join(
                    f"{label} {n_bytes / np.median(found[key]) / 1e9:.2f} GB/s"
                    for label, key in ((model, model), (words, name))
                )
            yield row
