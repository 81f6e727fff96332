"""One coordinate at a time: `dot` and `axpy` of every kind, through the descent."""

import numpy as np
import pytest
from fastreg._kernels.dense import Dense
from fastreg._kernels.descent import descend
from fastreg._kernels.penalty import Penalty, duality_gap
from fastreg._kernels.smooth import Gram, LeastSquares


def targets_of(case, n_tasks, seed=5):
    """Targets orthogonal to q, as those of a fit with an intercept are."""
    Y = np.random.RandomState(seed).standard_normal((n_tasks, len(case.A)))
    q = np.ones(len(case.A)) if case.scale is None else case.scale
    return Y - np.outer(Y @ q, q) / (q @ q)


def columns_problem(case, Y, idx):
    R = Y.copy()
    curvature = np.ascontiguousarray(np.square(case.A[:, idx]).sum(axis=0))
    return LeastSquares(case.matrix, idx, curvature, R), R


@pytest.mark.parametrize("n_tasks", [1, 3])
def test_a_sweep_keeps_the_residual(small_case, n_tasks):
    """After any sweep and `settle`, R = Y - W A'."""
    case = small_case
    if not case.matrix.has_columns:
        with pytest.raises(ValueError, match="Fortran order"):
            columns_problem(case, targets_of(case, 1), np.arange(3))
        return
    Y = targets_of(case, n_tasks)
    idx = np.array([0, 2, 3, 7, 8, 12])
    smooth, R = columns_problem(case, Y, idx)
    W = np.zeros((n_tasks, len(idx)))
    n_sweeps = descend(smooth, Penalty(0.5, 0.1), W, 3, 0.0, 0.0)[0]
    smooth.settle()
    assert n_sweeps == 3
    assert W.any()
    size = np.abs(W).max() * np.abs(case.A[:, idx]).max()
    np.testing.assert_allclose(R, Y - W @ case.A[:, idx].T, rtol=0, atol=1e-10 * (1 + size))


@pytest.mark.parametrize("n_tasks", [1, 3])
@pytest.mark.parametrize("seed", [None, 7], ids=["cyclic", "random"])
def test_columns_and_gram_reach_the_same_solution(small_case, n_tasks, seed, kind, centred):
    case = small_case
    if kind == "csc full" and not centred:
        pytest.skip("columns that are all nearly constant: coordinate descent crawls")
    if not case.matrix.has_columns:
        pytest.skip("C order is descended through its Gram or gathered blocks")
    Y = targets_of(case, n_tasks)
    A, p = case.A, case.A.shape[1]
    penalty = Penalty(0.3, 0.2)
    smooth, _ = columns_problem(case, Y, np.arange(p))
    W = np.zeros((n_tasks, p))
    descend(smooth, penalty, W, 5000, 1e-14, 1e-12, seed)
    G, C = A.T @ A, Y @ A
    V = np.zeros((n_tasks, p))
    gram = Gram(G, C.copy(), V, float(np.vdot(Y, Y)))
    descend(gram, penalty, V, 5000, 1e-14, 1e-12, seed)
    for solution in (W, V):
        R = Y - solution @ A.T
        assert duality_gap(penalty, solution, R @ A, float(np.vdot(R, R))) <= 1e-11
    np.testing.assert_allclose(W @ A.T, V @ A.T, atol=1e-5)


def test_a_zero_column_gets_a_zero_coefficient():
    """Curvature zero: whatever the start was, the coefficient goes to zero."""
    X = np.asfortranarray([[1.0, 0.0], [2.0, 0.0], [4.0, 0.0]])
    Y = np.array([[1.0, 2.0, 3.0]])
    W = np.array([[0.0, 5.0]])
    smooth = LeastSquares(Dense(X), np.arange(2), np.array([21.0, 0.0]), Y.copy())
    descend(smooth, Penalty(0.1, 0.0), W, 50, 0.0, 0.0)
    assert W[0, 1] == 0
    assert W[0, 0] == pytest.approx((17 - 0.1) / 21)


def test_a_seed_fixes_the_random_order(small_case):
    if not small_case.matrix.has_columns:
        pytest.skip("needs columns")
    Y = targets_of(small_case, 1)
    p = small_case.A.shape[1]

    def solution(seed):
        smooth, _ = columns_problem(small_case, Y, np.arange(p))
        W = np.zeros((1, p))
        descend(smooth, Penalty(0.1, 0.0), W, 2, 0.0, 0.0, seed)
        return W

    np.testing.assert_array_equal(solution(3), solution(3))
    assert (solution(3) != solution(4)).any()


def test_max_sweeps_bounds_the_sweeps(small_case):
    G = small_case.A.T @ small_case.A
    C = targets_of(small_case, 1) @ small_case.A
    W = np.zeros(C.shape)
    smooth = Gram(G, C, W, 1e6)
    assert descend(smooth, Penalty(1e-9, 0.0), W, 4, 0.0, 0.0)[0] == 4
