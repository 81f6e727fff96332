"""One fit in this process; prints the memory it took beyond X and the result.

    python -m benchmarks.memory_child LIBRARY ESTIMATOR KIND N P

X is filled block by block where it lies, so that making it leaves no peak behind.
"""

import importlib
import json
import sys
import warnings
from pathlib import Path

import numpy as np
import scipy.sparse as sp

NONZEROS_PER_COLUMN = 1000


def main(library, estimator, kind, n, p):
    """Print {"extra": bytes, "X": bytes, "reset": whether the peak could be reset}."""
    warnings.simplefilter("ignore")
    module = importlib.import_module("fastreg" if library == "fastreg" else "sklearn.linear_model")
    X = make_matrix(kind, n, p)
    y = make_target(X)
    parameters = fit_parameters(estimator, X, y)
    model = getattr(module, estimator)(**parameters)
    warm_up(model, kind)
    reset = reset_peak()
    before, peak_before = read_status("VmRSS"), read_status("VmHWM")
    model.fit(X, y)
    start = before if reset else max(before, peak_before)
    extra = read_status("VmHWM") - start - model.coef_.nbytes
    print(json.dumps({"extra": max(extra, 0), "X": size(X), "reset": reset}))


def make_matrix(kind, n, p):
    """Random X, "C" or "F" ordered, or "CSC"."""
    rng = np.random.default_rng(0)
    if kind == "CSC":
        return make_sparse(rng, n, p)
    lines = np.empty((n, p) if kind == "C" else (p, n))
    for line in lines:
        rng.standard_normal(out=line)
    return lines if kind == "C" else lines.T


def make_sparse(rng, n, p):
    """One nonzero in each of equal strata of the rows: sorted and without duplicates."""
    k = min(n, NONZEROS_PER_COLUMN)
    stride = n // k
    data, indices = np.empty(k * p), np.empty(k * p, dtype=np.intc)
    strata = np.arange(k, dtype=np.intc) * stride
    for j in range(p):
        column = slice(j * k, (j + 1) * k)
        rng.standard_normal(out=data[column])
        indices[column] = strata + rng.integers(stride, size=k, dtype=np.intc)
    return sp.csc_matrix((data, indices, np.arange(p + 1, dtype=np.intc) * k), shape=(n, p))


def make_target(X):
    """y with ten true features and noise."""
    coef = np.zeros(X.shape[1])
    coef[:: max(1, X.shape[1] // 10)] = 1.0
    return X @ coef + np.random.default_rng(1).standard_normal(X.shape[0])


def fit_parameters(estimator, X, y):
    """alpha_max / 10 for the l1 penalties, 1 for ridge."""
    if estimator == "Ridge":
        return {"alpha": 1.0}
    return {"alpha": float(np.abs(X.T @ (y - y.mean())).max()) / len(y) / 10, "tol": 1e-6}


def warm_up(model, kind):
    """A tiny fit, so that modules loaded on first use don't count."""
    small = make_matrix(kind, 60, 10)
    model.fit(small, make_target(small))


def size(X):
    """Bytes of X."""
    if sp.issparse(X):
        return X.data.nbytes + X.indices.nbytes + X.indptr.nbytes
    return X.nbytes


def reset_peak():
    """Set the peak to what is in use now; False where the system doesn't let us."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def read_status(name):
    """A figure of this process in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/self/status has no {name}")


if __name__ == "__main__":
    main(*sys.argv[1:4], *map(int, sys.argv[4:]))
