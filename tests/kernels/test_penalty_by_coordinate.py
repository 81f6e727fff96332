"""Factors and bounds of single coordinates: the proximal operator and the certificate."""

import pickle

import numpy as np
import pytest
from fastreg._kernels.descent import descend
from fastreg._kernels.factor import FaceFactor
from fastreg._kernels.penalty import Penalty, duality_gap
from fastreg._kernels.smooth import Gram
from hypothesis import given, settings
from hypothesis import strategies as st

INF = np.inf
LIMITS = [(-INF, INF), (0.0, INF), (-INF, 0.0), (-0.2, 0.3), (-INF, 0.25), (-1e-3, INF), (0.0, 0.0)]


def solved(A, Y, penalty, sweeps=100_000):
    """The solution; with Newton steps, as sweeps alone may take for ever."""
    W = np.zeros((len(Y), A.shape[1]))
    smooth = Gram(A.T @ A, Y @ A, W, float(np.vdot(Y, Y)))
    factor = FaceFactor(A.shape[1]) if sweeps > 1 else None
    descend(smooth, penalty, W, sweeps, 0.0, 0.0, None, factor)
    return W


@pytest.mark.parametrize(("l1", "l2"), [(0.7, 0.0), (0.7, 0.4), (0.0, 0.4), (0.0, 0.0)])
@pytest.mark.parametrize("factor", [0.0, 0.3, 2.0])
@pytest.mark.parametrize(("lower", "upper"), LIMITS)
def test_prox_is_the_minimiser(l1, l2, factor, lower, upper):
    """One sweep over one coordinate, against a fine grid."""
    penalty = Penalty(
        l1, l2, factor=np.array([factor]), lower=np.array([lower]), upper=np.array([upper])
    )
    for z in (-3.0, -0.5, -0.1, 0.0, 0.2, 0.8, 5.0):
        A = np.array([[1.5]])
        w = solved(A, np.array([[z]]), penalty, sweeps=1)[0, 0]
        grid = np.linspace(max(lower, -6), min(upper, 6), 20_001)
        value = 0.5 * (z - 1.5 * np.append(grid, w)) ** 2
        value += factor * (l1 * np.abs(np.append(grid, w)) + l2 / 2 * np.append(grid, w) ** 2)
        assert lower <= w <= upper
        assert value[-1] <= value.min() + 1e-12


@pytest.mark.parametrize("n_tasks", [2, 9])
def test_a_factor_multiplies_the_block_penalty(n_tasks):
    rng = np.random.RandomState(0)
    A, Y = rng.standard_normal((12, 4)), 3 * rng.standard_normal((n_tasks, 12))
    factor = np.array([0.5, 0.0, 2.0, 4.0])
    for j in range(4):
        one = solved(A[:, [j]], Y, Penalty(1.0, 0.5, factor=factor).take([j]))
        other = solved(A[:, [j]], Y, Penalty(factor[j], factor[j] * 0.5))
        np.testing.assert_allclose(one, other, rtol=1e-12)


def conjugate(c, l1, l2, lower, upper):
    """sup of c w - l1 |w| - l2/2 w^2 over [lower, upper], from its corners and zeros of slope."""
    candidates = [np.longdouble(0)]
    for bound, slope in ((upper, c - l1), (lower, -c - l1)):
        if np.isfinite(bound):
            candidates.append(np.longdouble(bound))
        elif l2 == 0 and slope > 1e-12 * (1 + l1):
            return np.longdouble(INF)
    if l2 > 0:
        candidates += [np.clip((c - l1) / l2, lower, upper), np.clip((c + l1) / l2, lower, upper)]
    return max(c * w - l1 * abs(w) - l2 / 2 * w * w for w in candidates)


def dual_value(A, Y, theta, l1, l2, lower, upper):
    """1/2 ||Y||^2 - 1/2 ||Y - theta||^2 - sum_j conjugate_j(A_j'theta)."""
    c = A.T @ theta
    value = (Y @ Y - (Y - theta) @ (Y - theta)) / 2
    for j in range(len(c)):
        value -= conjugate(c[j], l1[j], l2[j], lower[j], upper[j])
    return value


def naive_gap(A, Y, w, l1, l2, factor, lower, upper):
    """Primal minus the best dual value of the points that `certificate` says it tries."""
    scaled, conjugated = l1 > 0, l2 > 0
    l1, l2 = l1 * factor, l2 * factor
    A, Y, w, l1, l2 = (np.asarray(M, dtype=np.longdouble) for M in (A, Y, w, l1, l2))
    R = Y - A @ w
    primal = R @ R / 2 + l1 @ np.abs(w) + l2 @ (w * w) / 2
    values = []
    if scaled:
        A2 = np.vstack([A, np.diag(np.sqrt(l2))])
        Y2 = np.append(Y, 0 * w)
        R2 = Y2 - A2 @ w
        x = A2.T @ R2
        s_max = INF
        for j in range(len(x)):
            if (x[j] > 0 and upper[j] == INF) or (x[j] < 0 and lower[j] == -INF):
                s_max = min(s_max, l1[j] / abs(x[j]))
        best = max(Y2 @ R2 / (R2 @ R2), 0)
        for s in (min(best, s_max), min(1, s_max)):
            values.append(dual_value(A2, Y2, s * R2, l1, 0 * l2, lower, upper))
    if conjugated:
        values.append(dual_value(A, Y, R, l1, l2, lower, upper))
    return float(primal - max(values))


@st.composite
def problems(draw):
    """A, y, a penalty's numbers and a feasible w; a factor of 0 has both bounds."""
    rng = np.random.RandomState(draw(st.integers(0, 2**31 - 1)))
    n, p = draw(st.integers(1, 12)), draw(st.integers(1, 9))
    A = rng.standard_normal((n, p)) * 10.0 ** draw(st.integers(-3, 3))
    y = rng.standard_normal(n)
    scale = np.abs(A.T @ y).max() * draw(st.sampled_from([0.01, 0.2, 0.9]))
    l1, l2 = draw(st.sampled_from([(scale, 0.0), (scale, scale), (0.0, scale)]))
    factor = rng.choice([0.0, 0.5, 1.0, 7.0], p)
    # more of them than rows would leave directions along which sweeps take for ever
    factor[np.flatnonzero(factor == 0)[n // 3 :]] = 1.0
    size = np.abs(y).max() / np.abs(A).max()
    limits = np.array(LIMITS)[rng.randint(len(LIMITS), size=p)] * size
    limits[np.isnan(limits)] = 0.0
    limits[factor == 0] = [-0.3 * size, 0.2 * size]
    w = rng.standard_normal(p) * size * (rng.random(p) < 0.5) * draw(st.sampled_from([0.01, 1.0]))
    return A, y, (l1, l2, factor, *limits.T.copy()), np.clip(w, *limits.T)


def both_gaps(A, y, numbers, w):
    l1, l2, factor, lower, upper = numbers
    penalty = Penalty(l1, l2, factor=factor, lower=lower, upper=upper)
    R = y - A @ w
    got = duality_gap(penalty, w[None].copy(), (R @ A)[None], float(R @ R))
    return penalty, got, naive_gap(A, y, w, *numbers)


@given(problems())
def test_gap_is_primal_minus_dual(problem):
    A, y, numbers, w = problem
    _, got, wanted = both_gaps(A, y, numbers, w)
    if np.isinf(wanted):
        assert got == np.inf
    assert got == pytest.approx(wanted, rel=1e-9, abs=1e-11 * (y @ y))


@settings(max_examples=60)
@given(problems())
def test_gap_bounds_the_suboptimality_and_ends_at_zero(problem):
    A, y, numbers, w = problem
    penalty, got, _ = both_gaps(A, y, numbers, w)
    best = solved(A, y[None], penalty)[0]
    l1, l2, factor, lower, upper = numbers
    assert (lower <= best).all()
    assert (best <= upper).all()

    def primal(w):
        return ((y - A @ w) ** 2).sum() / 2 + l1 * factor @ np.abs(w) + l2 * factor @ w**2 / 2

    assert both_gaps(A, y, numbers, best)[1] <= 1e-9 * (y @ y)
    assert got >= primal(w) - primal(best) - 1e-11 * (y @ y)


def test_uniform_arrays_are_the_uniform_penalty():
    rng = np.random.RandomState(0)
    A, y = rng.standard_normal((20, 6)), rng.standard_normal(20)
    w = np.maximum(rng.standard_normal((1, 6)), 0)
    R = y - w @ A.T
    ones, far = np.ones(6), np.full(6, INF)
    for l1, l2 in ((2.0, 0.0), (2.0, 1.0), (0.0, 1.0), (0.0, 0.0)):
        plain = duality_gap(Penalty(l1, l2), w, R @ A, float(np.vdot(R, R)))
        given = Penalty(l1, l2, factor=ones, lower=-far, upper=far)
        assert duality_gap(given, w, R @ A, float(np.vdot(R, R))) == plain
        positive = duality_gap(Penalty(l1, l2, True), w, R @ A, float(np.vdot(R, R)))
        given = Penalty(l1, l2, lower=0 * ones)
        assert duality_gap(given, w, R @ A, float(np.vdot(R, R))) == positive


def test_without_a_penalty_a_box_has_a_gap():
    """Bounds on every side make the dual finite: no need for the squared gradient."""
    rng = np.random.RandomState(0)
    A, y = rng.standard_normal((20, 6)), rng.standard_normal((1, 20))
    box = Penalty(0.0, 0.0, lower=np.full(6, -0.1), upper=np.full(6, 0.05))
    best = solved(A, y, box)
    for W in (best, np.zeros((1, 6))):
        R = y - W @ A.T
        gap = duality_gap(box, W, R @ A, float(np.vdot(R, R)))
        residual = y - best @ A.T
        assert gap >= (np.vdot(R, R) - np.vdot(residual, residual)) / 2 - 1e-12
        assert gap == pytest.approx(0, abs=1e-12) if W is best else gap > 0.1


def test_the_gradient_of_free_coordinates_counts_squared():
    W, factor = np.zeros((1, 3)), np.array([1.0, 0.0, 1.0])
    C = np.array([[0.5, 0.0, -0.7]])
    fitted = duality_gap(Penalty(1.0, 0.0, factor=factor), W, C, 2.0)
    C[0, 1] = 3.0
    assert duality_gap(Penalty(1.0, 0.0, factor=factor), W, C, 2.0) == fitted + 9
    # and not where a bound holds the coordinate back
    upper = np.array([INF, 0.0, INF])
    assert duality_gap(Penalty(1.0, 0.0, factor=factor, upper=upper), W, C, 2.0) == fitted
    C[0, 1] = -3.0
    assert duality_gap(Penalty(1.0, 0.0, factor=factor, upper=upper), W, C, 2.0) == fitted + 9


@pytest.mark.parametrize("where", ["C", "W", "residual"])
def test_a_gap_of_nan_is_not_hidden(where):
    factor = np.array([1.0, 0.0])
    for bad in (np.nan, INF):
        C, W = np.array([[0.1, 0.0]]), np.zeros((1, 2))
        squared_residual = bad if where == "residual" else 1.0
        if where != "residual":
            {"C": C, "W": W}[where][0, 0] = bad
        gap = duality_gap(Penalty(1.0, 0.5, factor=factor), W, C, squared_residual)
        assert not gap < INF


def test_a_penalty_is_cut_to_columns_and_pickled():
    factor, upper = np.array([1.0, 0.0, 2.0]), np.array([INF, 0.5, 3.0])
    penalty = Penalty(0.5, 0.25, True, factor=factor, upper=upper)
    part = pickle.loads(pickle.dumps(penalty)).take(np.array([2, 1]))
    assert (part.l1, part.l2, part.positive, part.lower) == (0.5, 0.25, True, None)
    assert part.factor.tolist() == [2, 0]
    assert part.upper.tolist() == [3, 0.5]
    assert penalty.unpenalised().tolist() == [1]
    assert [bound.tolist() for bound in penalty.bounds([1])] == [[0], [0.5]]
    plain = Penalty(0.5, 0.25, True)
    assert plain.take([0]) is plain
    W = np.array([[-1.0, 4.0, 2.0]])
    penalty.project(W)
    assert W.tolist() == [[0, 0.5, 2]]


def test_dual_norms_are_in_units_of_l1():
    W, C = np.zeros((1, 5)), np.array([[2.0, -3.0, 3.0, -3.0, 1.0]])
    penalty = Penalty(
        1.0,
        0.0,
        factor=np.array([2.0, 1, 1, 0.5, 0]),
        lower=np.array([-INF, 0, -INF, -INF, -INF]),
        upper=np.array([INF, INF, 0, INF, INF]),
    )
    assert penalty.dual_norms(W, C).tolist() == [1, 0, 0, 6, INF]
    assert Penalty(1.0, 0.0).dual_norms(np.zeros((2, 1)), np.array([[3.0], [4.0]])).tolist() == [5]


def test_bad_penalties_are_refused():
    with pytest.raises(ValueError, match="positive"):
        Penalty(1.0, 0.0, True, lower=np.zeros(2))
    with pytest.raises(ValueError, match="one length"):
        Penalty(1.0, 0.0, factor=np.ones(2), upper=np.ones(3))
