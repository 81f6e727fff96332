"""Features that are never penalised, factors and bounds, through the engine."""

import numpy as np
import pytest
from fastreg._kernels.penalty import Penalty
from numpy.testing import assert_allclose
from scipy.optimize import lsq_linear

from fastreg._engine.design import Design
from fastreg._engine.path import PathEngine
from fastreg._engine.penalties import alpha_max, elastic_net_penalty
from fastreg._engine.problem import LeastSquaresProblem
from fastreg._engine.unpenalised import Unpenalised

N, P, FREE = 50, 80, np.array([3, 17, 40])
BUDGETS = {"gram": 8 * P * P, "little": 8 * 20 * 20, "none": 8}


@pytest.fixture(scope="module")
def data():
    rng = np.random.RandomState(1)
    X = rng.standard_normal((N, P)) * (rng.random((N, P)) < 0.6)
    y = X[:, ::11] @ rng.uniform(-3, 3, len(X[0, ::11])) + 0.5 * rng.standard_normal(N) + 3
    Y = np.column_stack([y, X[:, 3] - X[:, 5] + rng.standard_normal(N)])
    return X, Y, rng.uniform(0.3, 2, N)


@pytest.fixture
def factor():
    factor = np.ones(P)
    factor[FREE] = 0
    return factor


def dense(design):
    return design.gather(np.arange(design.n_features))


@pytest.mark.parametrize("budget", [1e9, 0])
@pytest.mark.parametrize("n_targets", [1, 2])
@pytest.mark.parametrize("weighted", [False, True])
def test_fit_leaves_no_gradient(layout, as_layout, data, factor, budget, n_targets, weighted):
    X, Y, weights = data
    design = Design(
        as_layout(X, layout), Y[:, :n_targets], sample_weight=weights if weighted else None
    )
    problem = LeastSquaresProblem(design)
    W = np.zeros((n_targets, P))
    W[:, [1, 3, 60]] = [0.5, -1.0, 2.0]
    C, squared_residual = problem.gradient(W, 0.0)
    unpenalised = Unpenalised(problem, Penalty(1.0, 0.0, factor=factor), budget)
    C, squared_residual = unpenalised.fit(W, C, squared_residual, 1e-12)
    assert (C[:, FREE] == 0).all()
    assert W[0, [1, 60]].tolist() == [0.5, 2.0]
    # the gradient and ||R||^2 are those of the new W
    fresh, squared = problem.gradient(W, 0.0)
    size = np.linalg.norm(problem.targets)
    assert_allclose(C, fresh, atol=1e-12 * size * np.sqrt(design.sq_norm.max()))
    assert squared_residual == pytest.approx(squared, rel=1e-12)


@pytest.mark.parametrize("columns", ["independent", "duplicates", "zero", "nearly dependent"])
def test_dependent_columns_are_fitted_too(columns):
    rng = np.random.RandomState(2)
    X, y = rng.standard_normal((30, 6)), rng.standard_normal(30)
    if columns == "duplicates":
        X[:, 1] = -2 * X[:, 0]
    elif columns == "zero":
        X[:, 1] = 0
    elif columns == "nearly dependent":
        X[:, 1] = X[:, 0] + 1e-5 * rng.standard_normal(30)
    factor = np.array([0, 0, 0, 1, 1, 1.0])
    problem = LeastSquaresProblem(Design(X, y, fit_intercept=False))
    C, W = problem.correlation.copy(), np.zeros((1, 6))
    unpenalised = Unpenalised(problem, Penalty(1.0, 0.0, factor=factor), 1e9)
    C, squared = unpenalised.fit(W, C, problem.squared_norm, 1e-10)
    assert (C[0, :3] == 0).all()
    residual = y - X[:, :3] @ np.linalg.lstsq(X[:, :3], y)[0]
    assert squared == pytest.approx(residual @ residual, rel=1e-10)
    assert_allclose(y - X @ W[0], residual, atol=1e-8)


@pytest.mark.parametrize("mean", [1e3, 3e6, 1e8])
def test_directions_that_the_gram_matrix_cannot_hold(mean, layout, as_layout):
    """Without an intercept, large means leave the columns alike to eight digits or more."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((80, 20))
    y = X[:, :8] @ rng.standard_normal(8) + X[:, -1] + 0.3 * rng.standard_normal(80)
    X[:, :8] += mean * (1 + rng.random(8))
    factor = np.append(np.zeros(8), np.ones(12))
    basis = np.column_stack([np.linalg.qr(X[:, :8])[0], X[:, 8:]])  # of the same span
    penalty = Penalty(4.0, 0.0, factor=factor)
    wanted = solve(Design(basis, y, fit_intercept=False), penalty, 1)
    engine = PathEngine(
        LeastSquaresProblem(Design(as_layout(X, layout), y, fit_intercept=False)),
        tol=1e-6,
        max_iter=1000,
    )
    solution = engine.solve(penalty, np.zeros((1, 20)))

    def objective(w, A):
        return 0.5 * ((y - A @ w) ** 2).sum() + 4 * np.abs(w[8:]).sum()

    loss = objective(solution.W[0], X) - objective(wanted[0], basis)
    assert solution.converged
    assert loss <= solution.gap + 1e-9 * (y @ y)


@pytest.mark.parametrize("seed", range(12))
def test_bounded_fit_is_bounded_least_squares(seed):
    rng = np.random.RandomState(seed)
    n, k = rng.randint(2, 40), rng.randint(1, 12)
    X = rng.standard_normal((n, k + 2)) @ (np.eye(k + 2) + 0.7 * rng.random((k + 2, k + 2)))
    y = rng.standard_normal(n) * 10.0 ** rng.randint(-4, 5)
    size = np.abs(y).max()
    lower = -size * rng.choice([0.0, 0.1, np.inf], k + 2)
    upper = size * rng.choice([0.05, 0.1, np.inf], k + 2)
    factor = np.append(np.zeros(k), [1.0, 1.0])
    problem = LeastSquaresProblem(Design(X, y, fit_intercept=False))
    penalty = Penalty(1.0, 0.0, factor=factor, lower=lower, upper=upper)
    C, W = problem.correlation.copy(), np.zeros((1, k + 2))
    C, squared = Unpenalised(problem, penalty, 1e9).fit(W, C, problem.squared_norm, 1e-10 * (y @ y))
    w = W[0, :k]
    assert (w >= lower[:k]).all()
    assert (w <= upper[:k]).all()
    best = lsq_linear(X[:, :k], y, (lower[:k], upper[:k]), tol=1e-14, max_iter=500)
    assert squared / 2 <= best.cost * (1 + 1e-9) + 1e-13 * (y @ y)
    assert squared == pytest.approx(((y - X[:, :k] @ w) ** 2).sum(), rel=1e-9, abs=1e-13 * (y @ y))
    c = C[0, :k]
    assert (c[(w > lower[:k]) & (w < upper[:k])] == 0).all()
    assert (c[w == lower[:k]] <= 1e-10 * size).all()
    assert (c[w == upper[:k]] >= -1e-10 * size).all()


def solve(design, penalty, n_targets, **options):
    engine = PathEngine(LeastSquaresProblem(design), tol=1e-12, max_iter=100_000, **options)
    W = np.zeros((n_targets, design.n_features))
    solution = engine.solve(penalty, W)
    assert solution.converged
    return W


@pytest.mark.parametrize("way", [*BUDGETS, "all features"])
@pytest.mark.parametrize("n_targets", [1, 2])
def test_unpenalised_is_projected_off(
    layout, way, n_targets, data, as_layout, factor, small_budget
):
    """Fitting the others to what the unpenalised columns leave is the same."""
    X, Y, weights = data
    X, Y = as_layout(X, layout), Y[:, :n_targets]
    if way != "all features":
        small_budget(BUDGETS[way])
    design = Design(X, Y, sample_weight=weights)
    alpha = 0.05 * alpha_max(design, 0.9, factor=factor)
    penalty = elastic_net_penalty(alpha, 0.9, design.total_weight, factor=factor)
    W = solve(design, penalty, n_targets)

    plain = Design(as_layout(data[0], "f"), Y, sample_weight=weights)
    A, V = dense(plain), plain.targets
    q = np.linalg.qr(A[:, FREE])[0]
    others = np.setdiff1d(np.arange(P), FREE)
    rest = np.ascontiguousarray(A[:, others] - q @ (q.T @ A[:, others]))
    projected = Design(rest, (V - (V @ q) @ q.T).T, fit_intercept=False)
    plain_penalty = Penalty(penalty.l1, penalty.l2)
    assert_allclose(W[:, others], solve(projected, plain_penalty, n_targets), atol=2e-5)
    coef = np.linalg.lstsq(A[:, FREE], (V - W[:, others] @ A[:, others].T).T)[0]
    assert_allclose(W[:, FREE], coef.T, atol=1e-8)


@pytest.mark.parametrize("way", [*BUDGETS, "all features"])
def test_bounds_and_factors_every_way(layout, way, data, as_layout, small_budget):
    """Optimality, column by column."""
    X, Y, weights = data
    rng = np.random.RandomState(3)
    if way != "all features":
        small_budget(BUDGETS[way])
    factor = rng.choice([0.5, 1, 3], P)
    factor[FREE] = 0
    limits = {"factor": factor, "lower": -rng.choice([0, 0.1, np.inf], P), "upper": np.full(P, 0.6)}
    limits["lower"][40], limits["upper"][FREE] = 0, np.inf
    design = Design(as_layout(X, layout), Y[:, 0], sample_weight=weights)
    alpha = 0.02 * alpha_max(design, 0.8, **limits)
    penalty = elastic_net_penalty(alpha, 0.8, design.total_weight, **limits)
    W = solve(design, penalty, 1)
    R = design.residual(W, design.targets)
    x, w = (design.dots(R) - penalty.l2 * factor * W)[0], W[0]
    lower, upper = limits["lower"], limits["upper"]
    assert ((lower <= w) & (w <= upper)).all()
    assert np.count_nonzero(w == 0.6) >= 1
    assert np.count_nonzero(w == -0.1) >= 1
    l1, atol = penalty.l1 * factor, 1e-4 * penalty.l1
    inner = (w > lower) & (w < upper)
    moving = inner & (w != 0)
    assert_allclose(x[moving], (l1 * np.sign(w))[moving], atol=atol)
    assert (np.abs(x) <= l1 + atol)[inner].all()
    assert (x >= np.where(w > 0, l1, -l1) - atol)[w == upper].all()
    assert (x <= np.where(w < 0, -l1, l1) + atol)[w == lower].all()


def test_zero_is_the_limit_of_small_factors(data, factor):
    X, Y, _ = data
    design = Design(X, Y[:, 0])
    W = {}
    # much smaller ones ask for a gradient that rounding does not let be
    for small in (0.0, 1e-5):
        factor[FREE] = small
        penalty = elastic_net_penalty(0.1, 1.0, design.total_weight, factor=factor)
        W[small] = solve(design, penalty, 1)
    assert_allclose(W[0.0], W[1e-5], atol=1e-4)


def test_all_factors_zero_is_no_penalty(data):
    penalty = elastic_net_penalty(0.3, 0.5, N, factor=np.zeros(P))
    assert (penalty.l1, penalty.l2, penalty.factor) == (0, 0, None)
    design = Design(data[0], data[1][:, 0])
    assert alpha_max(design, 0.5, factor=np.zeros(P)) == 0


CASES = {
    "factors": {"factor": np.linspace(0.1, 3, P)},
    "unpenalised": {"factor": np.where(np.isin(np.arange(P), FREE), 0, 2.0)},
    "positive": {"positive": True},
    "negative": {"upper": np.zeros(P)},
    "bounds": {"lower": -0.1 * (np.arange(P) % 2), "upper": 0.3 * (np.arange(P) % 3)},
    "all": {
        "factor": np.where(np.isin(np.arange(P), FREE), 0, 2.0),
        "lower": np.where(np.arange(P) < 30, 0, -1.0),
        "upper": np.where(np.arange(P) == 17, np.inf, 0.5),
    },
}


@pytest.mark.parametrize("n_targets", [1, 2])
@pytest.mark.parametrize("case", CASES)
def test_alpha_max_is_where_the_first_feature_enters(data, case, n_targets):
    options, X, Y = CASES[case], *data[:2]
    if n_targets > 1 and case not in ("factors", "unpenalised"):
        pytest.skip("bounds are for one target")
    design = Design(X, Y[:, :n_targets])
    largest = alpha_max(design, 0.7, **options)
    penalised = np.setdiff1d(np.arange(P), FREE if "factor" in options else [])
    if case == "factors":
        penalised = np.arange(P)
    for share, any_nonzero in ((1 + 1e-9, False), (1 - 1e-3, True)):
        penalty = elastic_net_penalty(share * largest, 0.7, design.total_weight, **options)
        W = solve(design, penalty, n_targets)
        assert W[:, penalised].any() == any_nonzero


def test_alpha_max_of_targets_fitted_one_by_one(data, factor):
    X, Y, _ = data
    each = [alpha_max(Design(X, y), 0.7, factor=factor) for y in Y.T]
    assert alpha_max(Design(X, Y), 0.7, factor=factor, joint=False) == pytest.approx(max(each))


def test_penalties_with_other_unpenalised_columns_follow_each_other(data, factor):
    """An engine that is kept gives what a new one gives."""
    X, Y, _ = data
    design = Design(X, Y[:, 0])
    kept = PathEngine(LeastSquaresProblem(design), tol=1e-12, max_iter=100_000)
    W = np.zeros((1, P))
    upper = np.full(P, np.inf)
    upper[3] = 0.01
    for options in (
        {"factor": factor},
        {"factor": np.roll(factor, 5)},
        {},
        {"factor": factor, "upper": upper},
    ):
        penalty = elastic_net_penalty(0.1, 1.0, design.total_weight, **options)
        kept.solve(penalty, W)
        assert_allclose(W, solve(design, penalty, 1), atol=1e-5)


@pytest.mark.parametrize("n_features", [200, 600])
def test_a_shared_factor_does_not_slow_descent(n_features):
    """What all columns share with an unpenalised one is eliminated, not descended on."""
    rng = np.random.RandomState(0)
    z = rng.standard_normal((80, 2))
    X = rng.standard_normal((80, n_features)) + 5 * z[:, :1]
    X[:, :2] = z
    y = 5 * z[:, 0] + X[:, 5:15].sum(axis=1) + rng.standard_normal(80)
    factor = np.r_[0.0, 0.0, np.ones(n_features - 2)]
    design = Design(X, y)
    alpha = 0.05 * alpha_max(design, 1.0, factor=factor)
    engine = PathEngine(LeastSquaresProblem(design), tol=1e-7, max_iter=5000)
    penalty = elastic_net_penalty(alpha, 1.0, design.total_weight, factor=factor)
    solution = engine.solve(penalty, np.zeros((1, n_features)))
    assert solution.converged
    assert solution.n_iter <= 300


@pytest.mark.parametrize("way", ["gram", "none", "all features"])
def test_columns_that_depend_on_unpenalised_ones_stay_out(way, data, factor, small_budget):
    X, Y = data[0].copy(), data[1]
    X[:, 20] = X[:, 3] - 2 * X[:, 17]
    X[:, 21] = X[:, 40]
    if way != "all features":
        small_budget(BUDGETS[way])
    design = Design(X, Y)
    alpha = 0.1 * alpha_max(design, 0.9, factor=factor)
    W = solve(design, elastic_net_penalty(alpha, 0.9, design.total_weight, factor=factor), 2)
    assert not W[:, 20:22].any()
    assert W[:, 22:].any()
