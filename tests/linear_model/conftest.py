"""Oracles in NumPy, made without fastreg, and the Hypothesis profile."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

import fastreg
from fastreg._engine import folds, path

settings.register_profile(
    "fastreg",
    derandomize=True,  # the same examples on every run
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("fastreg")


def centred(X, y, sample_weight, fit_intercept):
    """A and Y (n, T) in extended precision: weighted, centred by weighted means."""
    X = X.toarray() if hasattr(X, "toarray") else np.asarray(X)
    X = X.astype(np.longdouble)
    y = np.asarray(y).astype(np.longdouble).reshape(len(X), -1)
    w = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight)
    w = w.astype(np.longdouble)
    if fit_intercept:
        constant = np.ptp(X[w > 0], axis=0) == 0
        X = X - w @ X / w.sum()
        X[:, constant] = 0  # and not what rounding left of them
        y = y - w @ y / w.sum()
    root = np.sqrt(w)[:, None]
    return root * X, root * y


@pytest.fixture(scope="session")
def centred_problem():
    return centred


@pytest.fixture(scope="session")
def elastic_net_gap():
    """The duality gap of coefficients (p,) or (T, p), over N, and ||yc||^2 / N.

    Several targets share the penalty: its L1 part is the sum of the columns' norms.
    """

    def gap(X, y, coef, *, alpha, l1_ratio, sample_weight=None, fit_intercept=True, positive=False):
        A, Y = centred(X, y, sample_weight, fit_intercept)
        W = np.asarray(coef).astype(np.longdouble).reshape(Y.shape[1], -1).T
        N = len(A) if sample_weight is None else np.asarray(sample_weight, np.longdouble).sum()
        l1 = np.longdouble(alpha) * l1_ratio * N
        l2 = np.longdouble(alpha) * (1 - np.longdouble(l1_ratio)) * N
        R = Y - A @ W
        C = A.T @ R

        def norm(B):  # of each feature's block
            return np.sqrt((B * B).sum(axis=1))

        value = (R * R).sum() / 2 + l1 * norm(W).sum() + l2 / 2 * (W * W).sum()
        if positive:
            assert (W >= 0).all()
        above = (lambda B: norm(np.maximum(B, 0))) if positive else norm
        gaps = []
        if l1 > 0:
            # dual point: the residual of the problem with sqrt(l2) I appended, scaled
            rr, yr = (R * R).sum() + l2 * (W * W).sum(), (Y * R).sum()
            largest = above(C - l2 * W).max()
            s = max(yr / rr, 0) if rr > 0 else np.longdouble(1)
            s = min(s, l1 / largest) if largest > 0 else s
            gaps.append(value - s * yr + s * s * rr / 2)
        if l2 > 0:
            conjugate = (np.maximum(above(C) - l1, 0) ** 2).sum() / (2 * l2)
            gaps.append(value - (Y * R).sum() + (R * R).sum() / 2 + conjugate)
        return float(min(gaps) / N), float((Y * Y).sum() / N)

    return gap


@pytest.fixture(scope="session")
def run_python():
    """Run a script in a process of its own, with this fastreg; returns its output."""

    def run(script, *, timeout=60, env=()):
        root = str(Path(fastreg.__file__).parents[1])
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONPATH": root, **dict(env)},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run


@pytest.fixture(scope="session")
def regression():
    """A well-posed sparse regression: X (n, p), y, weights."""

    def make(n=60, p=12, *, seed=0, n_targets=None, density=0.6):
        rng = np.random.RandomState(seed)
        X = rng.standard_normal((n, p)) * (rng.random((n, p)) < density) + rng.uniform(-1, 1, p)
        shape = (p,) if n_targets is None else (p, n_targets)
        w = rng.uniform(-2, 2, shape) * (rng.random(shape) < 0.6)
        y = X @ w + 0.3 * rng.standard_normal((n, *shape[1:])) + 2
        return X, y, rng.uniform(0.2, 2, n)

    return make


@pytest.fixture(params=["moments", "designs"])
def way(request, monkeypatch):
    """Cross-validation of small problems the two ways: with moments, and as if X were wide."""
    if request.param == "designs":
        monkeypatch.setattr(path, "ALL_FEATURES", 0)
        monkeypatch.setattr(folds, "TALL_FEATURES", 0)
    return request.param
