"""Gradients from moments and from X."""

import numpy as np
import pytest
import scipy.sparse as sp

from fastreg._engine.design import Design
from fastreg._engine.problem import LeastSquaresProblem, gram_budget


@pytest.fixture
def data():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((60, 9)) * (rng.random((60, 9)) < 0.6) + 1
    return X, rng.standard_normal((60, 2)), rng.uniform(0.2, 2, 60)


@pytest.mark.parametrize("targets", [slice(0, 1), slice(1, 2), slice(None)], ids=str)
def test_gradient_from_moments_is_that_from_x(layout, as_layout, data, targets):
    X, Y, weights = data
    design = Design(as_layout(X, layout), Y, sample_weight=weights)
    plain = LeastSquaresProblem(design, targets)
    known = LeastSquaresProblem(design, targets, design.gram(np.arange(9)))
    rng = np.random.RandomState(1)
    for density in (0.0, 0.3, 1.0):
        shape = (len(plain.targets), 9)
        W = np.ascontiguousarray(rng.standard_normal(shape) * (rng.random(shape) < density))
        C, squared = plain.gradient(W, 1.0)
        passes = design.n_passes
        C2, squared2 = known.gradient(W, 1.0)
        assert design.n_passes == passes  # moments only: X was not read
        np.testing.assert_allclose(C2, C, rtol=1e-10, atol=1e-10)
        assert squared2 == pytest.approx(squared, rel=1e-10)


def test_moments_give_way_to_x_where_their_rounding_shows(as_layout, data):
    """||R||^2 is 1e-16 of ||Y||^2: from moments it would be noise."""
    X, _, _ = data
    w = np.linspace(1, 2, 9)
    y = X @ w + 1e-8 * np.random.RandomState(2).standard_normal(60)
    design = Design(X, y)
    problem = LeastSquaresProblem(design, gram=design.gram(np.arange(9)))
    passes = design.n_passes
    _, squared = problem.gradient(w[None], 1e-17 * problem.squared_norm)
    assert design.n_passes > passes
    R = design.targets[0] - (X - X.mean(axis=0)) @ w
    assert squared == pytest.approx(R @ R, rel=1e-5)


def test_a_float32_gram_proves_nothing_below_its_rounding(data):
    X, Y, _ = data
    design = Design(X, Y[:, 0])
    gram = design.gram(np.arange(9)).astype(np.float32)
    problem = LeastSquaresProblem(design, gram=gram)
    W = np.full((1, 9), 0.1)
    passes = design.n_passes
    problem.gradient(W, 1e-1 * problem.squared_norm)
    assert design.n_passes == passes
    problem.gradient(W, 1e-8 * problem.squared_norm)
    assert design.n_passes > passes


def test_gram_budget_is_a_share_of_x(monkeypatch):
    from fastreg._engine import problem

    monkeypatch.setattr(problem, "GRAM_BYTES", 100)
    monkeypatch.setattr(problem, "GRAM_SHARE", 0.1)
    assert gram_budget(500) == 100
    assert gram_budget(5000) == 500


def test_small_dense_x_may_have_its_whole_gram(monkeypatch):
    from fastreg._engine import problem

    monkeypatch.setattr(problem, "GRAM_BYTES", 100)
    X, y = np.eye(4, 5), np.arange(4.0)
    assert problem.path_budget(Design(X, y)) == 8 * 5 * 5
    assert problem.path_budget(Design(sp.csc_matrix(X), y)) == 100
    monkeypatch.setattr(problem, "WHOLE_GRAM_BYTES", 199)
    assert problem.path_budget(Design(X, y)) == 100
