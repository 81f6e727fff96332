"""Small problems, and the engine's thresholds lowered so that they go every way."""

import numpy as np
import pytest
import scipy.sparse as sp

from fastreg._engine import admission, path, problem, threads

LAYOUTS = ["c", "f", "csc"]


@pytest.fixture(params=LAYOUTS)
def layout(request):
    return request.param


@pytest.fixture(scope="session")
def as_layout():
    """X as a C-ordered, F-ordered or CSC matrix of some dtype."""

    def convert(X, layout, dtype=np.float64):
        if layout == "csc":
            return sp.csc_matrix(X.astype(dtype))
        return np.array(X, dtype=dtype, order=layout.upper())

    return convert


@pytest.fixture
def share_all_work(monkeypatch):
    """Let the smallest pass have as many threads as there are."""
    monkeypatch.setattr(threads, "WORK_PER_THREAD", 1)
    monkeypatch.setattr(threads, "WAKING_WORK", 1)


@pytest.fixture
def small_budget(monkeypatch):
    """A working set from the start, and `budget` bytes for Gram matrices and blocks."""

    def limit(budget, growth=8):
        monkeypatch.setattr(path, "ALL_FEATURES", 0)
        monkeypatch.setattr(path, "SWEPT_BYTES", 0)
        monkeypatch.setattr(admission, "MIN_GROWTH", growth)
        monkeypatch.setattr(problem, "GRAM_BYTES", budget)
        monkeypatch.setattr(problem, "SMALL_X", 0)
        monkeypatch.setattr(problem, "GRAM_SHARE", 0.0)

    return limit
