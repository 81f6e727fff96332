"""The penalty's proximal operator is the minimiser it claims to be."""

import numpy as np
import pytest
from fastreg._kernels.descent import descend
from fastreg._kernels.penalty import Penalty
from fastreg._kernels.smooth import Gram

PENALTIES = {
    "lasso": (0.7, 0.0, False),
    "ridge": (0.0, 0.4, False),
    "elastic net": (0.7, 0.4, False),
    "none": (0.0, 0.0, False),
    "positive lasso": (0.7, 0.0, True),
    "positive elastic net": (0.7, 0.4, True),
    "positive, no penalty": (0.0, 0.0, True),
}


def prox(penalty, z, curvature):
    """argmin_w curvature/2 ||w||^2 - z'w + penalty(w): one sweep over one coordinate."""
    W = np.zeros((len(z), 1))
    G = np.array([[curvature]])
    smooth = Gram(G, np.array(z, dtype=float).reshape(-1, 1), W, 1e6)
    descend(smooth, penalty, W, 1, 0.0, 0.0)
    return W[:, 0]


def objective(w, z, curvature, l1, l2):
    norm = np.linalg.norm(w, axis=0)
    return (curvature + l2) / 2 * norm**2 - z @ w + l1 * norm


@pytest.mark.parametrize("n_tasks", [1, 2, 5, 12])
@pytest.mark.parametrize("name", PENALTIES)
def test_prox_is_the_minimiser(name, n_tasks):
    l1, l2, positive = PENALTIES[name]
    if positive and n_tasks > 1:
        pytest.skip("positive is for one task")
    rng = np.random.RandomState(n_tasks)
    penalty = Penalty(l1, l2, positive)
    for scale in (0.05, 0.3, 1.0, 10.0):
        z, curvature = scale * rng.standard_normal(n_tasks), rng.uniform(0.1, 5)
        w = prox(penalty, z, curvature)
        assert not positive or (w >= 0).all()
        # candidates: far, near, zero, and on the line through z
        far = rng.standard_normal((n_tasks, 4000)) * 2 * np.abs(z).max() / curvature
        near = w[:, None] + 1e-3 * rng.standard_normal((n_tasks, 4000))
        line = np.outer(z, np.linspace(-1, 2, 4001)) / curvature
        candidates = np.hstack([far, near, line, np.zeros((n_tasks, 1))])
        if positive:
            candidates = np.abs(candidates)
        best = objective(candidates, z, curvature, l1, l2).min()
        assert objective(w[:, None], z, curvature, l1, l2)[0] <= best + 1e-12


@pytest.mark.parametrize("n_tasks", [1, 3])
def test_a_gradient_below_l1_gives_exact_zeros(n_tasks):
    z = np.full(n_tasks, 0.9 / np.sqrt(n_tasks))
    assert (prox(Penalty(0.9000001, 0.3), z, 2.0) == 0).all()
    assert (prox(Penalty(0.89, 0.3), z, 2.0) != 0).all()


def test_a_penalty_can_be_read():
    penalty = Penalty(0.5, 0.25, True)
    assert (penalty.l1, penalty.l2, penalty.positive) == (0.5, 0.25, True)
