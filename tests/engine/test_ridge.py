"""Ridge in closed form on a Design: blocks, factorisations and the certificate."""

import numpy as np
import pytest

from fastreg._engine import ridge
from fastreg._engine.blocks import row_gram
from fastreg._engine.design import Design
from fastreg._engine.moments import Moments
from fastreg._engine.ridge_closed import MIN_RCOND, solve_moments
from fastreg._engine.ridge_solution import certificate

SHAPES = {"tall": (50, 7), "wide": (7, 50), "square": (12, 12), "one row": (1, 4), "column": (9, 1)}


def problem(shape, layout, as_layout, *, fit_intercept=True, seed=0):
    rng = np.random.RandomState(seed)
    n, p = shape
    X = rng.standard_normal((n, p)) + 2
    Y, weights = rng.standard_normal((n, 2)), rng.uniform(0.3, 2, n)
    design = Design(as_layout(X, layout), Y, sample_weight=weights, fit_intercept=fit_intercept)
    root = np.sqrt(weights)[:, None]
    mean = weights @ X / weights.sum() if fit_intercept else 0
    return design, root * (X - mean), design.targets


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("solver", ["cholesky", "eigen", "svd", "sparse_cg"])
def test_normal_equations_hold(shape, solver, layout, as_layout):
    design, A, Y = problem(SHAPES[shape], layout, as_layout)
    alpha = np.array([0.5, 20.0])
    solution = ridge.solve(design, alpha, solver, tol=1e-13, max_iter=None)
    W = solution.W
    assert W.shape == (2, A.shape[1])
    C = (Y - W @ A.T) @ A
    np.testing.assert_allclose(C, alpha[:, None] * W, atol=1e-8 * max(np.abs(Y @ A).max(), 1))
    assert solution.solver == solver
    assert solution.converged


@pytest.mark.parametrize("shape", ["tall", "wide"])
def test_blocks_within_a_small_budget_give_the_same(shape, as_layout, small_budget):
    for layout in ("c", "f"):
        design, *_ = problem(SHAPES[shape], layout, as_layout)
        alpha = np.array([0.5, 2.0])
        whole = [ridge.solve(design, alpha, s, tol=0, max_iter=None).W for s in ("cholesky", "svd")]
        small_budget(1)
        blocks = [
            ridge.solve(design, alpha, s, tol=0, max_iter=None).W for s in ("cholesky", "svd")
        ]
        np.testing.assert_allclose(blocks, whole, rtol=1e-9, atol=1e-12)


def test_row_gram(as_layout, small_budget):
    for layout in ("c", "f"):
        design, A, _ = problem((6, 40), layout, as_layout)
        np.testing.assert_allclose(row_gram(design), A @ A.T, atol=1e-11)
        small_budget(1)
        np.testing.assert_allclose(row_gram(design), A @ A.T, atol=1e-11)


def test_certificate_bounds_the_suboptimality(as_layout):
    design, A, Y = problem((20, 6), "c", as_layout)
    alpha = np.array([0.5, 3.0])
    best = ridge.solve(design, alpha, "svd", tol=0, max_iter=None).W

    def half_objective(W):
        return 0.5 * (np.square(Y - W @ A.T).sum(axis=1) + alpha * np.square(W).sum(axis=1))

    rng = np.random.RandomState(1)
    for spread in (1e-3, 1.0):
        W = best + spread * rng.standard_normal(best.shape)
        C = (Y - W @ A.T) @ A
        gap = certificate(W, alpha, C)
        assert (gap >= half_objective(W) - half_objective(best)).all()
        np.testing.assert_allclose(gap, np.square(C - alpha[:, None] * W).sum(axis=1) / 2 / alpha)
        without = certificate(W, np.zeros(2), C)
        np.testing.assert_allclose(without, np.square(C).sum(axis=1))


def test_an_ill_conditioned_system_goes_to_singular_values(as_layout):
    rng = np.random.RandomState(2)
    X = rng.standard_normal((30, 4))
    X = np.column_stack([X, X[:, 0] + 1e-7 * rng.standard_normal(30)])
    y = X @ [1, 2, 3, 4, 5.0]
    solution = ridge.solve(Design(X, y), np.zeros(1), "cholesky", tol=0, max_iter=None)
    assert solution.solver == "svd"
    assert solution.rcond < MIN_RCOND
    np.testing.assert_allclose(solution.W[0], [1, 2, 3, 4, 5], rtol=1e-5)


@pytest.mark.parametrize("shape", ["tall", "square", "column"])
def test_moments_alone_give_the_same(shape, as_layout):
    """The closed form needs no X beyond its moments, and its gap none either."""
    for layout in ("c", "f", "csc"):
        design, *_ = problem(SHAPES[shape], layout, as_layout)
        alpha = np.array([0.5, 20.0])
        solution = solve_moments(Moments.of_design(design), alpha)
        wanted = ridge.solve(design, alpha, "svd", tol=0, max_iter=None)
        np.testing.assert_allclose(solution.W, wanted.W, rtol=1e-9, atol=1e-12)
        assert solution.solver == "cholesky"
        assert (solution.gap <= 1e-20 * design.squared_norms).all()


def test_moments_of_dependent_columns_give_the_smallest_norm(as_layout):
    rng = np.random.RandomState(3)
    X = rng.standard_normal((30, 4))
    X = np.column_stack([X, X[:, 0]])
    design = Design(X, rng.standard_normal(30))
    solution = solve_moments(Moments.of_design(design), np.zeros(1))
    wanted = ridge.solve(design, np.zeros(1), "svd", tol=0, max_iter=None)
    assert solution.solver == "eigen"
    assert solution.rcond < MIN_RCOND
    np.testing.assert_allclose(solution.W, wanted.W, rtol=1e-8)
