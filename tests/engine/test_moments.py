"""Moments merged, subtracted and scaled, beside what they are of the rows themselves."""

import numpy as np
import pytest

from fastreg._engine.design import Design
from fastreg._engine.moments import Moments, MomentsDesign, moments_of_rows, no_moments
from fastreg._engine.problem import LeastSquaresProblem

N, P, T = 60, 5, 2


def problem(seed=0, *, mean=0.0, scales=1.0):
    rng = np.random.RandomState(seed)
    X = (rng.standard_normal((N, P)) + rng.uniform(-2, 2, P)) * scales + mean
    return X, rng.standard_normal((N, T)) + 3, rng.uniform(0.1, 2, N)


def exact(X, Y, weights, fit_intercept):
    """The same fields in extended precision."""
    w = (np.ones(len(X)) if weights is None else weights).astype(np.longdouble)
    X, Y = X.astype(np.longdouble), Y.astype(np.longdouble)
    m = w @ X / w.sum() if fit_intercept else np.zeros(X.shape[1])
    my = w @ Y / w.sum() if fit_intercept else np.zeros(Y.shape[1])
    A, B = np.sqrt(w)[:, None] * (X - m), np.sqrt(w)[:, None] * (Y - my)
    return w.sum(), m, my, A.T @ A, B.T @ A, (B**2).sum(axis=0)


def assert_moments(moments, wanted, rtol=1e-12):
    total, mean, target_mean, gram, correlation, squared_norms = wanted
    assert moments.total_weight == pytest.approx(float(total), rel=rtol)
    norms, size = np.sqrt(gram.diagonal()), np.sqrt(squared_norms)
    spread = norms / np.sqrt(total)
    assert (abs(moments.mean - mean) <= rtol * (abs(mean) + spread)).all()
    assert (abs(moments.target_mean - target_mean) <= rtol * (abs(target_mean) + size)).all()
    assert (abs(moments.gram - gram) <= rtol * np.outer(norms, norms)).all()
    assert (abs(moments.correlation - correlation) <= rtol * np.outer(size, norms)).all()
    assert (abs(moments.squared_norms - squared_norms) <= rtol * squared_norms).all()


@pytest.fixture(params=[True, False], ids=["centred", "raw"])
def fit_intercept(request):
    return request.param


@pytest.fixture(params=[True, False], ids=["weighted", "plain"])
def weighted(request):
    return request.param


def moments_of(X, Y, weights, fit_intercept, rows):
    rows = np.asarray(rows)
    part = None if weights is None else weights[rows]
    return moments_of_rows(X, Y, rows, part, fit_intercept)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("rows", [np.arange(10, 40), np.arange(0, N, 3)], ids=["run", "gaps"])
def test_of_rows(rows, order, weighted, fit_intercept, monkeypatch):
    X, Y, weights = problem()
    weights = weights if weighted else None
    if order == "F":
        X = np.asfortranarray(X)
    for block_bytes in (1 << 24, 1):  # one block of rows, and several
        monkeypatch.setattr("fastreg._engine.moments.BLOCK_BYTES", block_bytes)
        got = moments_of(X, Y, weights, fit_intercept, rows)
        part = None if weights is None else weights[rows]
        assert_moments(got, exact(X[rows], Y[rows], part, fit_intercept))


def test_rows_without_weight_have_no_moments():
    X, Y, _ = problem()
    got = moments_of_rows(X, Y, np.array([0, 2, 5]), np.zeros(3), True)
    assert got.total_weight == 0
    assert_moments(got.merge(moments_of(X, Y, None, True, range(N))), exact(X, Y, None, True))


@pytest.mark.parametrize("mean", [0.0, 1e8])
def test_merge(mean, weighted, fit_intercept):
    X, Y, weights = problem(mean=mean)
    weights = weights if weighted else None
    merged = no_moments(P, T)
    for rows in (range(20), range(20, 27), range(27, N)):
        merged = merged.merge(moments_of(X, Y, weights, fit_intercept, rows))
    assert_moments(merged, exact(X, Y, weights, fit_intercept))


def test_merge_row_by_row_at_a_large_mean():
    """The mean is rounded to 1e-8 of the spread each time: the rest is carried along."""
    X, Y, weights = problem(mean=1e8)
    merged = no_moments(P, T)
    for i in range(N):
        merged = merged.merge(moments_of(X, Y + 1e8, weights, True, [i]))
    assert_moments(merged, exact(X, Y + 1e8, weights, True), 1e-11)


@pytest.mark.parametrize("mean", [0.0, 1e3])
def test_uncentred(mean, weighted):
    X, Y, weights = problem(mean=mean)
    weights = weights if weighted else None
    centred = moments_of(X, Y, weights, True, range(N))
    assert_moments(centred.uncentred(), exact(X, Y, weights, False))


def test_merge_of_parts_on_other_scales():
    scales = np.where(np.arange(N) < 12, 1e6, 1.0)[:, None]
    X, Y, _ = problem(scales=scales)
    parts = [moments_of(X, Y, None, True, rows) for rows in (range(12), range(12, 30))]
    assert_moments(parts[0].merge(parts[1]), exact(X[:30], Y[:30], None, True))


def test_subtract(weighted, fit_intercept):
    X, Y, weights = problem()
    weights = weights if weighted else None
    total = moments_of(X, Y, weights, fit_intercept, range(N))
    rest = total.subtract(moments_of(X, Y, weights, fit_intercept, range(15)))
    kept = None if weights is None else weights[15:]
    assert_moments(rest, exact(X[15:], Y[15:], kept, fit_intercept), 1e-11)
    assert rest.eps > total.eps  # and it says so


@pytest.mark.parametrize("column", [2, "target"])
def test_subtraction_that_loses_digits_is_refused(column):
    """One fold at a scale of 1e6: what is left has no digit in common with the truth."""
    X, Y, _ = problem()
    if column == "target":
        Y[:15] *= 1e6
    else:
        X[:15, column] *= 1e6
    total = moments_of(X, Y, None, True, range(N))
    assert total.subtract(moments_of(X, Y, None, True, range(15))) is None
    assert total.subtract(moments_of(X, Y, None, True, range(15, 30))) is not None


def test_nothing_left_is_refused():
    X, Y, _ = problem()
    total = moments_of(X, Y, None, True, range(N))
    assert total.subtract(total) is None


def test_a_constant_column_does_not_refuse():
    X, Y, _ = problem()
    X[:, 1] = 7.0
    total = moments_of(X, Y, None, True, range(N))
    rest = total.subtract(moments_of(X, Y, None, True, range(15)))
    assert rest.gram[1, 1] == 0


def test_times(fit_intercept):
    X, Y, _ = problem()
    got = moments_of(X, Y, None, fit_intercept, range(N)).times(3)
    thrice = np.arange(N).repeat(3)
    assert_moments(got, exact(X[thrice], Y[thrice], None, fit_intercept))


# ---- a design made of moments -------------------------------------------------


def made(X, Y, *, standardize=False):
    calls = []

    def build(column_scale):
        calls.append(1)
        return Design(X, Y, column_scale=column_scale)

    moments = Moments.of_design(Design(X, Y))
    design = MomentsDesign(moments, N, fit_intercept=True, standardize=standardize, build=build)
    return design, calls


@pytest.mark.parametrize("standardize", [False, True])
def test_it_stands_for_the_design(standardize):
    X, Y, _ = problem(scales=np.array([1, 1e-3, 1e3, 1, 10.0]))
    design, calls = made(X, Y, standardize=standardize)
    same = Design(X, Y, column_scale="deviation" if standardize else None)
    W = np.random.RandomState(1).standard_normal((T, P))
    np.testing.assert_allclose(design.sq_norm, same.sq_norm, rtol=1e-12)
    np.testing.assert_allclose(design.correlation, same.correlation, rtol=1e-10)
    np.testing.assert_allclose(design.coefficients(W), same.coefficients(W), rtol=1e-12)
    np.testing.assert_allclose(design.intercept(W), same.intercept(W), rtol=1e-10)
    if standardize:
        np.testing.assert_allclose(design.sq_norm, N, rtol=1e-12)
    assert not calls
    np.testing.assert_allclose(design.targets, same.targets)
    np.testing.assert_allclose(design.dots(design.targets), same.correlation, rtol=1e-10)
    assert len(calls) == 1


def test_a_constant_column_keeps_its_scale():
    X, Y, _ = problem()
    X[:, 3] = 5.0
    assert made(X, Y, standardize=True)[0].column_scale[3] == 1.0


def test_gradients_read_rows_when_moments_cannot_certify():
    X, Y, _ = problem()
    design, calls = made(X, Y)
    problem_ = LeastSquaresProblem(design)
    W = np.linalg.lstsq(X - X.mean(axis=0), Y - Y.mean(axis=0), rcond=None)[0].T.copy()
    coarse, squared = problem_.gradient(W, 1e-6)
    assert not calls
    fine, squared_fine = problem_.gradient(W, 1e-14)
    assert len(calls) == 1
    np.testing.assert_allclose(coarse, fine, atol=1e-10)
    assert squared == pytest.approx(squared_fine)


@pytest.mark.filterwarnings("error")
def test_sums_read_nothing_that_was_not_written(monkeypatch):
    """What an empty array holds may be anything."""
    X = np.random.default_rng(0).standard_normal((40_000, 3))
    wanted = Moments.of_design(Design(X, X[:, 0])).gram
    empty = np.empty

    def of_infinities(*args, **options):
        array = empty(*args, **options)
        if array.dtype == np.float64:
            array.flat[0::2], array.flat[1::2] = np.inf, -np.inf
        return array

    monkeypatch.setattr(np, "empty", of_infinities)
    assert np.array_equal(Moments.of_design(Design(X, X[:, 0])).gram, wanted)
