"""Leave-one-out errors against a fit without each row."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose

from fastreg._engine import leave_one_out
from fastreg._engine.design import Design
from fastreg._engine.leave_one_out import LeaveOneOut, predictions, squared_losses
from fastreg._engine.spectrum import decompose, solve
from fastreg._engine.standardized_leave_one_out import StandardizedLeaveOneOut

ALPHAS = np.array([10.0, 0.01, 1.0])
SHAPES = {"tall": (30, 5), "wide": (9, 24), "square": (14, 14), "nearly square": (17, 13)}
KINDS = {False: LeaveOneOut, True: StandardizedLeaveOneOut}


def refitted(X, Y, weights, alpha, fit_intercept, standardize=False):
    """What is predicted of each row by the others, from least squares on an augmented system."""
    predicted = np.empty(Y.shape)
    for i in range(len(X)):
        s = weights.copy()
        s[i] = 0
        kept = s > 0
        mean, target_mean = (fit_intercept * (s @ v) / s.sum() for v in (X, Y))
        scale = np.ones(X.shape[1])
        if standardize:
            varies = np.ptp(X[kept], axis=0) > 0 if fit_intercept else X[kept].any(axis=0)
            scale = np.sqrt(s @ (X - mean) ** 2 / s.sum())
            scale[~varies] = 1.0
        root = np.sqrt(s[kept])[:, np.newaxis]
        p = X.shape[1]
        A = np.vstack([root * (X[kept] - mean) / scale, np.sqrt(alpha) * np.eye(p)])
        B = np.vstack([root * (Y[kept] - target_mean), np.zeros((p, Y.shape[1]))])
        W = np.linalg.lstsq(A, B, rcond=None)[0]
        predicted[i] = target_mean + (X[i] - mean) / scale @ W
    return predicted


def hard_problem(shape, *, zeros, seed=0):
    """Columns that are equal, constant, of large mean and scale, and zero but for a row."""
    rng = np.random.RandomState(seed)
    n, p = shape
    X = rng.standard_normal((n, p)) * (rng.random((n, p)) < 0.7)
    X[:, 1] = X[:, 2]
    X[:, 3] = 5.0
    X[:, 0] = 1e4 + 10 * rng.standard_normal(n)
    X[:, 4] = 0.0
    X[3, 4] = 2.0
    weights = rng.uniform(0.2, 2, n)
    if zeros:
        weights[::4] = 0.0
    return X, rng.standard_normal((n, 2)) + 1e3, weights


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("mode", ["eigen", "svd"])
@pytest.mark.parametrize("form", [np.array, sp.csc_array])
def test_predictions_of_refits(shape, fit_intercept, zeros, mode, form):
    X, Y, weights = hard_problem(SHAPES[shape], zeros=zeros)
    design = Design(form(X), Y, sample_weight=weights, fit_intercept=fit_intercept)
    out = np.empty((*Y.shape, len(ALPHAS)))
    predictions(LeaveOneOut(design, Y, ALPHAS, mode), slice(None), out)
    for k, alpha in enumerate(ALPHAS):
        wanted = refitted(X, Y, weights, alpha, fit_intercept)
        assert_allclose(out[:, :, k], wanted, rtol=1e-9, atol=1e-7)


@pytest.mark.parametrize("shape", ["tall", "wide", "square"])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("form", [np.array, sp.csc_array])
def test_standardized_predictions_of_refits(shape, fit_intercept, form):
    """The deviations too are those of the other rows."""
    X, Y, weights = hard_problem(SHAPES[shape], zeros=False)
    design = Design(
        form(X), Y, sample_weight=weights, fit_intercept=fit_intercept, column_scale="deviation"
    )
    out = np.empty((*Y.shape, len(ALPHAS)))
    predictions(StandardizedLeaveOneOut(design, Y, ALPHAS, "eigen"), slice(None), out)
    for k, alpha in enumerate(ALPHAS):
        wanted = refitted(X, Y, weights, alpha, fit_intercept, standardize=True)
        assert_allclose(out[:, :, k], wanted, rtol=1e-7, atol=1e-6)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("shape", ["tall", "wide"])
def test_blocks_and_threads_change_nothing(shape, standardize, monkeypatch):
    """Rows in many blocks, on one thread and on two."""
    X, Y, weights = hard_problem((200, 6) if shape == "tall" else (70, 90), zeros=True)
    scale = "deviation" if standardize else None

    def losses(n_workers):
        monkeypatch.setattr(leave_one_out, "n_workers_for", lambda *_: n_workers)
        design = Design(X, Y, sample_weight=weights, column_scale=scale)
        found = KINDS[standardize](design, Y, ALPHAS, "eigen")
        store = np.empty((*Y.shape, len(ALPHAS)))
        return squared_losses(found, per_target=False, store=store), store

    whole, _ = losses(1)
    monkeypatch.setattr(leave_one_out, "BLOCK_ELEMENTS", 1)
    monkeypatch.setattr(leave_one_out, "BLOCK_ROWS", 16)
    one, store = losses(1)
    two, _ = losses(2)
    assert np.array_equal(one.mean, two.mean)
    assert np.array_equal(one.deviation, two.deviation)
    assert one.count == np.count_nonzero(weights)
    assert_allclose(one.mean, whole.mean, rtol=1e-9)
    rows = store[weights > 0].mean(axis=1)
    assert_allclose(one.mean[:, 0], rows.mean(axis=0))
    error = rows.std(axis=0, ddof=1) / np.sqrt(len(rows))
    assert_allclose(one.standard_error[:, 0], error)


@pytest.mark.parametrize("shape", [(40, 6), (6, 40)])
def test_ill_conditioned_turns_to_singular_values(shape):
    """Eigenvalues of A'A know half the digits; both sides are right at a condition of 1e8."""
    rng = np.random.RandomState(0)
    U, _ = np.linalg.qr(rng.standard_normal((shape[0], min(shape))))
    V, _ = np.linalg.qr(rng.standard_normal((shape[1], min(shape))))
    X = (U * np.geomspace(1, 1e-8, min(shape))) @ V.T
    Y = (X @ rng.standard_normal(shape[1]))[:, np.newaxis] + 1e-3 * rng.standard_normal(
        (shape[0], 1)
    )
    alphas = np.array([1e-12, 1e-10])
    design = Design(X, Y, fit_intercept=False)
    found = LeaveOneOut(design, Y, alphas, "eigen")
    assert found.spectrum.solver == "svd"
    out = np.empty((*Y.shape, 2))
    predictions(found, slice(None), out)
    for k, alpha in enumerate(alphas):
        wanted = refitted(X, Y, np.ones(len(X)), alpha, False)
        assert_allclose(out[:, :, k], wanted, rtol=1e-6, atol=1e-7)
    assert decompose(design, 1e-2).solver == "eigen"


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("mode", ["eigen", "svd"])
def test_solutions_have_small_gaps(shape, mode):
    X, Y, weights = hard_problem(SHAPES[shape], zeros=True)
    design = Design(X, Y, sample_weight=weights)
    alpha = np.array([0.5, 20.0])
    W, gap = solve(design, decompose(design, 0.5, mode), alpha)
    A = np.sqrt(weights)[:, np.newaxis] * (X - np.average(X, axis=0, weights=weights))
    B = np.sqrt(weights)[:, np.newaxis] * (Y - np.average(Y, axis=0, weights=weights))
    for t in range(2):
        wanted = np.linalg.solve(A.T @ A + alpha[t] * np.eye(X.shape[1]), A.T @ B[:, t])
        assert_allclose(W[t], wanted, rtol=1e-8, atol=1e-10)
    assert (gap < 1e-18 * design.squared_norms * design.sq_norm.sum()).all()
