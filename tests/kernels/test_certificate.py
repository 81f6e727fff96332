"""The duality gap: primal minus dual, an upper bound on the suboptimality."""

import numpy as np
import pytest
from fastreg._kernels.descent import descend
from fastreg._kernels.penalty import Penalty, duality_gap
from fastreg._kernels.smooth import Gram

PENALTIES = {
    "lasso": (0.7, 0.0, False),
    "ridge": (0.0, 0.4, False),
    "elastic net": (0.7, 0.4, False),
    "positive lasso": (0.7, 0.0, True),
    "positive ridge": (0.0, 0.4, True),
    "positive elastic net": (0.7, 0.4, True),
}


def primal(A, Y, W, l1, l2):
    R = Y - W @ A.T
    norms = np.sqrt(np.square(W).sum(axis=0))
    return np.square(R).sum() / 2 + l1 * norms.sum() + l2 / 2 * np.square(norms).sum()


def naive_gap(A, Y, W, l1, l2, positive):
    """The better of two dual points, each primal minus dual as it stands in the books."""
    A, Y, W = (np.asarray(M, dtype=np.longdouble) for M in (A, Y, W))
    value, R = primal(A, Y, W, l1, l2), Y - W @ A.T

    def dual_norms(C):
        return np.maximum(C[0], 0) if positive else np.sqrt(np.square(C).sum(axis=0))

    gaps = []
    if l1 > 0:
        # the residual of the problem with sqrt(l2) I appended to A, zeros to Y
        A2 = np.vstack([A, np.sqrt(np.longdouble(l2)) * np.eye(A.shape[1])])
        Y2 = np.hstack([Y, np.zeros_like(W)])
        R2 = Y2 - W @ A2.T
        s = max(np.vdot(Y2, R2) / np.vdot(R2, R2), 0)
        largest = dual_norms(R2 @ A2).max()
        s = min(s, l1 / largest) if largest > 0 else s
        gaps.append(value - (np.square(Y2).sum() - np.square(Y2 - s * R2).sum()) / 2)
    if l2 > 0:
        conjugate = (np.square(np.maximum(dual_norms(R @ A) - l1, 0)) / (2 * l2)).sum()
        gaps.append(value - (np.square(Y).sum() - np.square(Y - R).sum()) / 2 + conjugate)
    return float(min(gaps))


def kernel_gap(A, Y, W, penalty):
    R = Y - W @ A.T
    return duality_gap(penalty, np.ascontiguousarray(W), R @ A, float(np.vdot(R, R)))


def problems(positive):
    for n_tasks in (1,) if positive else (1, 3, 11):
        for seed, (n, p) in enumerate([(20, 6), (5, 12), (1, 3)]):
            rng = np.random.RandomState(seed)
            yield rng, rng.standard_normal((n, p)), rng.standard_normal((n_tasks, n))


@pytest.mark.parametrize("name", PENALTIES)
def test_gap_is_primal_minus_dual(name):
    l1, l2, positive = PENALTIES[name]
    for rng, A, Y in problems(positive):
        for spread in (0.0, 0.01, 1.0):
            W = spread * rng.standard_normal((len(Y), A.shape[1]))
            W[:, rng.random(A.shape[1]) < 0.4] = 0
            W = np.abs(W) if positive else W
            wanted = naive_gap(A, Y, W, l1, l2, positive)
            got = kernel_gap(A, Y, W, Penalty(l1, l2, positive))
            assert got == pytest.approx(wanted, rel=1e-10, abs=1e-12 * np.vdot(Y, Y))


def solved(A, Y, penalty):
    G, C, W = A.T @ A, Y @ A, np.zeros((len(Y), A.shape[1]))
    smooth = Gram(G, C, W, float(np.vdot(Y, Y)))
    descend(smooth, penalty, W, 100_000, 0.0, 0.0)
    return W


@pytest.mark.parametrize("name", PENALTIES)
def test_gap_bounds_the_suboptimality_and_ends_at_zero(name):
    l1, l2, positive = PENALTIES[name]
    penalty = Penalty(l1, l2, positive)
    for rng, A, Y in problems(positive):
        best = solved(A, Y, penalty)
        size = np.vdot(Y, Y)
        if l1 > 0 or l2 > 0:
            assert 0 <= kernel_gap(A, Y, best, penalty) <= 1e-12 * size
        smallest = primal(A, Y, best, l1, l2)
        for spread in (0.0, 1e-3, 1.0):
            W = best + spread * rng.standard_normal(best.shape)
            W = np.abs(W) if positive else W
            gap = kernel_gap(A, Y, W, penalty)
            assert gap >= primal(A, Y, W, l1, l2) - smallest - 1e-12 * size


@pytest.mark.parametrize("n_tasks", [1, 3])
def test_without_a_penalty_it_is_the_squared_gradient(n_tasks):
    rng = np.random.RandomState(0)
    A, Y = rng.standard_normal((9, 4)), rng.standard_normal((n_tasks, 9))
    W = rng.standard_normal((n_tasks, 4))
    C = (Y - W @ A.T) @ A
    assert kernel_gap(A, Y, W, Penalty(0.0, 0.0)) == pytest.approx(np.square(C).sum())


def test_without_a_penalty_a_bound_holds_back_its_part():
    """The projected gradient: what pushes a zero below zero is no way down."""
    rng = np.random.RandomState(0)
    A, Y = rng.standard_normal((9, 6)), rng.standard_normal((1, 9))
    W = np.abs(rng.standard_normal((1, 6))) * [1, 0, 1, 0, 0, 1]
    C = ((Y - W @ A.T) @ A)[0]
    free = np.where(W[0] > 0, C, np.maximum(C, 0))
    assert (free != C).any()
    assert kernel_gap(A, Y, W, Penalty(0.0, 0.0, True)) == pytest.approx(free @ free)


def test_small_gaps_keep_their_digits():
    """A sum of terms that are not negative: no cancellation against ||Y||^2."""
    A = np.eye(3)
    Y = np.array([[1e8, 2e8, 3e8]])
    penalty = Penalty(1.0, 0.0)
    W = Y - 1.0
    assert kernel_gap(A, Y, W, penalty) == 0
    off = W + np.array([[0.25, 0, 0]])
    # moving one coordinate by d beside its optimum costs d^2/2 exactly
    assert kernel_gap(A, Y, off, penalty) >= 0.5 * 0.25**2
    assert kernel_gap(A, Y, off, penalty) <= 0.25 * 4e8


def test_a_gap_of_nan_is_not_hidden():
    C, W = np.array([[np.nan, 1.0]]), np.zeros((1, 2))
    assert not duality_gap(Penalty(1.0, 0.0), W, C, 1.0) <= 1e300
