"""Ridge in closed form on a Design: blocks, factorisations and the certificate."""

import numpy as np
import pytest
import scipy.sparse as sp

from fastreg._engine import ridge, ridge_iterative
from fastreg._engine.blocks import row_gram
from fastreg._engine.design import Design
from fastreg._engine.moments import Moments
from fastreg._engine.ridge_closed import MIN_RCOND, PROVEN_RCOND, Factor, solve_moments
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


@pytest.mark.parametrize("scale", [1.0, 1e-60, 1e60])
def test_features_of_large_norm_are_preconditioned_together(scale, monkeypatch):
    """Common columns that depend on each other among many rare ones."""
    rng = np.random.default_rng(0)
    X = np.zeros((400, 150))
    X[np.arange(390), 20 + np.arange(390) // 3] = rng.uniform(0.2, 0.3, 390)
    shared = rng.uniform(0.5, 1, (400, 1)) * (rng.uniform(size=(400, 1)) < 0.8)
    X[:, :20] = shared * rng.uniform(0.8, 1, (400, 20))
    X = sp.csc_array(scale * X)
    design = Design(X, rng.standard_normal((400, 2)), sample_weight=rng.uniform(0.5, 2, 400))
    alpha = np.array([0.1, 2.0]) * scale**2
    options = {"tol": 1e-10, "max_iter": None}
    plain = ridge.solve(design, alpha, "sparse_cg", **options)
    monkeypatch.setattr(ridge_iterative, "HEAD_FEATURES", 30)
    monkeypatch.setattr(ridge_iterative, "HEAD_PASSES", 1000)
    assert set(ridge_iterative._head(design, alpha[0])) == set(range(20))
    headed = ridge.solve(design, alpha, "sparse_cg", **options)
    assert (1.5 * headed.n_iter < plain.n_iter).all()
    for solution in (plain, headed):
        left = design.correlation - design.dots(-design.residual(solution.W, 0 * design.targets))
        left -= alpha[:, None] * solution.W
        sizes = np.linalg.norm(design.correlation, axis=1)
        assert (np.linalg.norm(left, axis=1) <= 1.01e-10 * sizes).all()


@pytest.mark.parametrize("apart", [0.0, 1e-9, 1e-4, 1e-2])
def test_near_duplicates_are_preconditioned_together(apart, monkeypatch):
    """A block so close to singular that its inverse, rounded to float32, is not definite."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 60)) * (rng.uniform(size=(200, 60)) < 0.05)
    X[:, :8] = 30 * rng.standard_normal((200, 8))
    X[:, 4:8] = X[:, :4] * (1 + apart * rng.standard_normal((200, 4)))
    design = Design(sp.csc_array(X), rng.standard_normal((200, 2)))
    monkeypatch.setattr(ridge_iterative, "HEAD_FEATURES", 10)
    monkeypatch.setattr(ridge_iterative, "HEAD_PASSES", 1000)
    alpha = np.array([1e-3, 1.0])
    assert set(ridge_iterative._head(design, alpha[0])) == set(range(8))
    solution = ridge.solve(design, alpha, "sparse_cg", tol=1e-9, max_iter=None)
    left = design.dots(design.residual(solution.W, design.targets)) - alpha[:, None] * solution.W
    share = np.linalg.norm(left, axis=1) / np.linalg.norm(design.correlation, axis=1)
    assert solution.converged
    assert (share <= 2e-9).all()
    assert (solution.n_iter < 120).all()


def test_conjugate_gradients_without_a_penalty_on_wide_x_out_of_reach_of_y():
    """Empty rows with different targets: no v has AA'v = y."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 60)) * (rng.uniform(size=(30, 60)) < 0.3)
    X[:5] = 0
    Y = rng.standard_normal((30, 1))
    design = Design(sp.csc_array(X), Y, fit_intercept=False)
    solution = ridge.solve(design, np.zeros(1), "sparse_cg", tol=1e-12, max_iter=None)
    wanted = np.linalg.lstsq(X, Y, rcond=None)[0].T
    np.testing.assert_allclose(solution.W, wanted, atol=1e-9)
    assert solution.converged


@pytest.mark.parametrize("tol", [1e-2, 1e-4, 1e-8])
@pytest.mark.parametrize("shape", [(300, 80), (80, 300)])
def test_conjugate_gradients_keep_their_tolerance(shape, tol):
    """The residual of the normal equations, on whichever side they are solved."""
    rng = np.random.default_rng(1)
    X = sp.random(*shape, density=0.1, random_state=rng, format="csc")
    X = sp.csc_array(X.multiply(np.geomspace(1, 30, shape[1])))
    design, alpha = Design(X, rng.standard_normal((shape[0], 2))), np.array([0.01, 10.0])
    solution = ridge.solve(design, alpha, "sparse_cg", tol=tol, max_iter=None)
    left = design.dots(design.residual(solution.W, design.targets)) - alpha[:, None] * solution.W
    share = np.linalg.norm(left, axis=1) / np.linalg.norm(design.correlation, axis=1)
    assert (share <= 1.01 * tol).all()
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


@pytest.mark.parametrize("alpha", [1e-12, 1e-6, 1.0, 1e6])
@pytest.mark.parametrize("scale", [1.0, 1e-4, 1e5])
@pytest.mark.parametrize("uneven", [False, True])
def test_the_condition_is_proven_by_alpha_or_estimated(alpha, scale, uneven):
    """Never better than it is, and no worse than what is asked of it."""
    rng = np.random.RandomState(0)
    A = scale * rng.standard_normal((60, 40)) @ np.diag(np.geomspace(1, 1e-3, 40))
    A *= np.geomspace(1, 1e4, 40) if uneven else 1.0
    factor = Factor(A.T @ A, alpha)
    balanced = factor.scale[:, np.newaxis] * (A.T @ A + alpha * np.eye(40)) * factor.scale
    exact = 1 / np.linalg.cond(balanced, 1)
    if factor.rcond > PROVEN_RCOND:
        assert factor.rcond <= 3 * exact  # LAPACK's is an estimate
    else:
        assert exact / 10 <= factor.rcond <= 3 * exact
