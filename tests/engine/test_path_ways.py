"""Every way to descend reaches the same solution of the same problem."""

import numpy as np
import pytest
from fastreg._kernels.penalty import duality_gap

from fastreg._engine import path
from fastreg._engine.descents import Descents
from fastreg._engine.design import Design
from fastreg._engine.path import PathEngine
from fastreg._engine.penalties import alpha_grid, alpha_max, elastic_net_penalty
from fastreg._engine.problem import LeastSquaresProblem

N, P = 60, 90
# bytes, growth of the working set: all columns fit, a few do, none does
BUDGETS = {"gram": (8 * P * P, 8), "little": (8 * 20 * 20, 8), "none": (8, 8)}


@pytest.fixture(scope="module")
def data():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((N, P)) * (rng.random((N, P)) < 0.5)
    w = np.zeros(P)
    w[::9] = rng.uniform(-3, 3, len(w[::9]))
    y = X @ w + 0.5 * rng.standard_normal(N) + 3
    Y = np.column_stack([y, X @ np.roll(w, 1) + 0.5 * rng.standard_normal(N)])
    return X, Y, rng.uniform(0.3, 2, N)


@pytest.fixture
def used(monkeypatch):
    """The names of the ways that were taken."""
    taken = set()
    ways = [(PathEngine, "_descend_gram"), (PathEngine, "_sweep_all"), (PathEngine, "_follow")]
    ways += [(Descents, "on_columns"), (Descents, "on_blocks")]
    for owner, name in ways:
        original = getattr(owner, name)

        def record(self, *args, _original=original, _name=name):
            taken.add(_name)
            return _original(self, *args)

        monkeypatch.setattr(owner, name, record)
    return taken


def solve(design, *, positive=False, l1_ratio=0.9, share=0.03, rng=None, **options):
    engine = PathEngine(
        LeastSquaresProblem(design), tol=1e-13, max_iter=100_000, rng=rng, **options
    )
    alpha = share * alpha_max(design, l1_ratio, positive=positive)
    penalty = elastic_net_penalty(alpha, l1_ratio, design.total_weight, positive=positive)
    W = np.zeros((len(design.targets), P))
    solution = engine.solve(penalty, W)
    assert solution.W is W
    assert solution.converged
    return W


@pytest.mark.parametrize("way", BUDGETS)
@pytest.mark.parametrize("random", [False, True], ids=["cyclic", "random"])
@pytest.mark.parametrize("problem", ["one target", "positive", "two targets"])
def test_every_way_gives_the_solution(
    layout, way, random, problem, data, as_layout, small_budget, used
):
    X, Y, weights = data
    y = Y if problem == "two targets" else Y[:, 0]
    positive = problem == "positive"
    wanted = solve(Design(X, y, sample_weight=weights), positive=positive)
    assert not used  # up to ALL_FEATURES columns there is one Gram
    assert 10 < np.count_nonzero(wanted.any(axis=0)) < P

    small_budget(*BUDGETS[way])
    rng = np.random.RandomState(0) if random else None
    design = Design(as_layout(X, layout), y, sample_weight=weights)
    W = solve(design, positive=positive, rng=rng)
    np.testing.assert_allclose(W, wanted, atol=1e-5)
    if way == "gram":
        assert used == {"_descend_gram"}
    else:
        assert ("on_columns" in used) == (layout != "c")
        assert ("on_blocks" in used) == (layout == "c")
    assert ("_descend_gram" in used) == (way != "none")


def test_blocks_of_one_column(data, small_budget, used):
    """Gauss-Seidel over blocks as narrow as they get."""
    X, Y, _ = data
    wanted = solve(Design(X, Y[:, 0]))
    small_budget(16 * N, growth=40)
    design = Design(np.ascontiguousarray(X), Y[:, 0])
    np.testing.assert_allclose(solve(design), wanted, atol=1e-5)
    assert "on_blocks" in used


def test_sweeps_come_before_a_gram_where_most_columns_want_in(layout, as_layout, monkeypatch, used):
    """One weak penalty on small X that isn't wide; several targets as well."""
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((60, 40)), rng.standard_normal((60, 2))
    monkeypatch.setattr(path, "ALL_FEATURES", 0)
    for targets in (Y[:, 0], Y):
        design = Design(as_layout(X, layout), targets)
        problem = LeastSquaresProblem(design)
        penalty = elastic_net_penalty(1e-3, 0.9, design.total_weight)
        engine = PathEngine(problem, tol=1e-10, max_iter=1000)
        solution = engine.solve(penalty, np.zeros((len(design.targets), 40)))
        C, squared_residual = problem.gradient(solution.W, 0.0)
        assert duality_gap(penalty, solution.W, C, squared_residual) <= engine.gap_tol
        assert ("_sweep_all" in used) == (layout != "csc")


def test_whole_gram_forms_all_of_it(data, small_budget, used):
    X, Y, _ = data
    wanted = solve(Design(X, Y[:, 0]))
    small_budget(8)
    engine_design = Design(X, Y[:, 0])
    np.testing.assert_allclose(solve(engine_design, whole_gram=True), wanted, atol=1e-6)
    assert not used


def test_a_path_forgets_columns_that_left(data, small_budget, used):
    """Down a path and up again the cache drops what it has no room for."""
    X, Y, _ = data
    design = Design(X, Y[:, 0], fit_intercept=False)
    alphas = alpha_grid(design, 1.0, eps=0.02, n_alphas=12)
    alphas = np.concatenate([alphas, alphas[::-1]])

    def coefs():
        engine = PathEngine(LeastSquaresProblem(design), tol=1e-13, max_iter=100_000)
        W, found = np.zeros((1, P)), []
        for alpha in alphas:
            solution = engine.solve(elastic_net_penalty(alpha, 1.0, N), W)
            assert solution.converged
            found.append(W[0].copy())
        return np.array(found)

    wanted = coefs()
    small_budget(8 * 45 * 45)
    np.testing.assert_allclose(coefs(), wanted, atol=1e-5)
    assert "_descend_gram" in used


@pytest.mark.parametrize("max_active", [1000, 5], ids=["all the way", "as far as it gets"])
@pytest.mark.parametrize("few_columns", [False, True], ids=["working set", "one Gram"])
def test_a_lasso_s_path_is_followed(
    data, layout, as_layout, small_budget, used, few_columns, max_active
):
    """From kink to kink it gets where descent gets; where supports are too large, descent
    goes on."""
    X, Y, weights = data
    if not few_columns:
        small_budget(8 * P * P)
    design = Design(as_layout(X, layout), Y[:, 0], sample_weight=weights)
    alphas = alpha_grid(design, 1.0, eps=0.01, n_alphas=60)
    penalties = [elastic_net_penalty(alpha, 1.0, design.total_weight) for alpha in alphas]

    def coefs(follows):
        engine = PathEngine(LeastSquaresProblem(design), tol=1e-14, max_iter=100_000)
        engine.follower.max_active = max_active
        engine.follower.goes_on = follows
        solutions = list(engine.path(penalties, np.zeros((1, P))))
        assert all(solution.converged for solution in solutions)
        assert engine.follower.goes_on == (follows and max_active == 1000)
        return np.array([solution.W[0] for solution in solutions])

    wanted = coefs(False)
    assert "_follow" not in used
    np.testing.assert_allclose(coefs(True), wanted, atol=1e-5)
    assert ("_follow" in used) == (not few_columns)


def test_alpha_max_is_where_coefficients_begin(data, layout, as_layout):
    X, Y, weights = data
    for positive in (False, True):
        design = Design(as_layout(X, layout), Y[:, 0], sample_weight=weights)
        kwargs = {"positive": positive, "l1_ratio": 0.7}
        assert not solve(design, share=1.0 + 1e-12, **kwargs).any()
        assert solve(design, share=0.999, **kwargs).any()
    both = Design(as_layout(X, layout), Y, sample_weight=weights)
    assert not solve(both, share=1.0 + 1e-12).any()
    assert solve(both, share=0.999).any()


def test_alpha_grid(data):
    X, Y, _ = data
    design = Design(X, Y[:, 0])
    grid = alpha_grid(design, 0.5, eps=1e-2, n_alphas=7)
    assert grid[0] == pytest.approx(alpha_max(design, 0.5))
    assert grid[-1] == pytest.approx(1e-2 * grid[0])
    np.testing.assert_allclose(np.diff(np.log(grid)), np.log(1e-2) / 6)
    constant = Design(X, np.ones(N))
    assert (alpha_grid(constant, 0.5, eps=1e-2, n_alphas=3) > 0).all()


def test_max_iter_is_kept_and_told(data, layout, as_layout, small_budget):
    X, Y, _ = data
    small_budget(8)
    design = Design(as_layout(X, layout), Y[:, 0])
    engine = PathEngine(LeastSquaresProblem(design), tol=1e-14, max_iter=7)
    penalty = elastic_net_penalty(0.01 * alpha_max(design, 1.0), 1.0, N)
    solution = engine.solve(penalty, np.zeros((1, P)))
    assert not solution.converged
    assert solution.n_iter == 7
    assert solution.gap > solution.gap_tol


def test_a_walk_on_sets_without_room_for_all_gives_way_to_descent():
    """Among duplicates each set's solution may want columns that the last one had."""
    rng = np.random.default_rng(3)
    X = rng.standard_normal((150, 700))[:, rng.integers(0, 700, 700)]
    y = X @ (rng.standard_normal(700) * (rng.random(700) < 0.1)) + rng.standard_normal(150)
    design = Design(X, y)
    engine = PathEngine(LeastSquaresProblem(design), tol=1e-4, max_iter=1000)
    alphas = alpha_grid(design, 1.0, eps=1e-4, n_alphas=4)
    penalties = [elastic_net_penalty(alpha, 1.0, design.total_weight) for alpha in alphas]
    solutions = list(engine.path(penalties, np.zeros((1, 700))))
    assert all(solution.converged for solution in solutions)
    assert max(solution.n_iter for solution in solutions) < 200


@pytest.mark.parametrize(("n", "p", "n_alphas"), [(40, 257, 6), (100, 600, 4), (90, 700, 2)])
def test_alphas_far_apart_are_followed_too(n, p, n_alphas):
    """Where nothing is expected to enter, and where many rounds are needed to find who does."""
    for seed in range(12):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((n, p))
        design = Design(X, X[:, :5].sum(axis=1) + rng.standard_normal(n))
        engine = PathEngine(LeastSquaresProblem(design), tol=1e-10, max_iter=1000)
        alphas = alpha_grid(design, 1.0, eps=1e-4, n_alphas=n_alphas)
        penalties = [elastic_net_penalty(alpha, 1.0, n) for alpha in alphas]
        for solution in engine.path(penalties, np.zeros((1, p))):
            assert solution.converged
            assert solution.n_iter < 10


def test_an_alpha_of_zero_shares_no_pass(data, small_budget, monkeypatch):
    """Filling up those that a pass multiplies at a time doesn't reach for it."""
    X, Y, _ = data
    small_budget(8 * P * P)
    design = Design(X[:, :20], Y[:, 0])
    alphas = [*np.geomspace(1.0, 0.75, 6) * alpha_max(design, 1.0), 0.0]
    penalties = [elastic_net_penalty(alpha, 1.0, design.total_weight) for alpha in alphas]
    groups, original = [], PathEngine._solve_together

    def record(self, penalties, W):
        groups.append([penalty.l1 for penalty in penalties])
        return original(self, penalties, W)

    monkeypatch.setattr(PathEngine, "_solve_together", record)
    engine = PathEngine(LeastSquaresProblem(design), tol=1e-10, max_iter=100_000)
    assert all(solution.converged for solution in engine.path(penalties, np.zeros((1, 20))))
    assert groups[-1] == [0.0]
    assert len(groups[0]) == 6
