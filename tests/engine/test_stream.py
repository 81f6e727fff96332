"""Streams of rows: blocks, additions, removals, and what they remember of both."""

import numpy as np
import pytest
import scipy.sparse as sp

from fastreg._engine import stream
from fastreg._engine.design import Design
from fastreg._engine.moments import MIN_SHARE_LEFT, Moments
from fastreg._engine.problem import LeastSquaresProblem
from fastreg._engine.stream import LostDigitsError, stream_of_rows
from fastreg._validation import solver_layout

N, P = 90, 4
RNG = np.random.RandomState(0)
X, Y = RNG.standard_normal((N, P)) + 2, RNG.standard_normal((N, 2))
WEIGHTS = RNG.uniform(0, 2, N)


def absorbed(X, Y, weights=None):
    return stream_of_rows(X, Y, weights, solver_layout, lambda *_: None)


def assert_same(got, wanted, rtol=1e-13):
    spread = np.sqrt(wanted.all_squared_norms)
    features, targets = spread[:P], spread[P:]
    assert got.total_weight == pytest.approx(wanted.total_weight, rel=rtol)
    np.testing.assert_allclose(got.mean, wanted.mean, rtol=rtol)
    np.testing.assert_allclose(got.target_mean, wanted.target_mean, rtol=rtol)
    assert (abs(got.gram - wanted.gram) <= rtol * np.outer(features, features)).all()
    assert (abs(got.correlation - wanted.correlation) <= rtol * np.outer(targets, features)).all()
    np.testing.assert_allclose(got.squared_norms, wanted.squared_norms, rtol=rtol)


@pytest.fixture(params=[1 << 30, 1], ids=["one block", "blocks"])
def _blocks(request, monkeypatch):
    monkeypatch.setattr(stream, "BLOCK_BYTES", request.param)


@pytest.mark.usefixtures("_blocks")
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize(
    "convert",
    [np.asarray, np.asfortranarray, lambda X: X[::-1][::-1], lambda X: np.repeat(X, 2, 1)[:, ::2]],
)
def test_dense(convert, weights):
    got = absorbed(convert(X), Y, weights)
    assert_same(got.moments, Moments.of_design(Design(X, Y, sample_weight=weights)))
    assert got.n_samples == N
    assert got.dtype == np.float64


@pytest.mark.usefixtures("_blocks")
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16, bool, ">f8"])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
def test_sparse_and_other_dtypes(dtype, weights):
    Z = (X * (np.abs(Y[:, :1]) < 0.8) * 3).astype(dtype)
    Z[:, 1] = 1  # without zeros and constant
    wanted = Moments.of_design(Design(Z.astype(float), Y, sample_weight=weights))
    forms = [Z] if dtype == ">f8" else [Z, sp.csr_array(Z), sp.csr_matrix(Z)]
    for form in forms:
        got = absorbed(form, Y, weights)
        assert_same(got.moments, wanted)
        assert (got.moments.gram[1] == 0).all()
        assert (got.moments.correlation[:, 1] == 0).all()
        assert got.dtype == (np.float32 if dtype == np.float32 else np.float64)


def test_blocks_cover_the_rows_in_order(monkeypatch):
    monkeypatch.setattr(stream, "BLOCK_BYTES", 1)
    rows = np.arange(N)
    blocks = [rows[block] for block in stream._blocks(X, X.dtype)]
    assert len(blocks) == N // (stream.MIN_HEIGHT * P) + 1
    assert np.array_equal(np.concatenate(blocks), rows)


def test_a_block_without_weight_is_checked_and_counted(monkeypatch):
    monkeypatch.setattr(stream, "BLOCK_BYTES", 1)
    weights = np.where(np.arange(N) < 40, 0.0, WEIGHTS)
    seen = []
    got = stream_of_rows(X, Y, weights, solver_layout, lambda d, x, y: seen.append(len(y)))
    assert sum(seen) == got.n_samples == N
    assert_same(got.moments, Moments.of_design(Design(X[40:], Y[40:], sample_weight=weights[40:])))


def test_the_order_of_merges_matters_to_rounding_only():
    parts = [absorbed(X[k::9], Y[k::9], WEIGHTS[k::9]) for k in range(9)]
    one = absorbed(X, Y, WEIGHTS)
    for order in (range(9), range(8, -1, -1), RNG.permutation(9)):
        got = parts[order[0]]
        for k in order[1:]:
            got = got.merge(parts[k])
        assert_same(got.moments, one.moments)
        assert got.n_samples == N
        assert got.n_updates == sum(part.n_updates for part in parts)


def test_a_removal_leaves_the_rest():
    whole, part = absorbed(X, Y, WEIGHTS), absorbed(X[:30], Y[:30], WEIGHTS[:30])
    rest = whole.without(part)
    assert_same(rest.moments, absorbed(X[30:], Y[30:], WEIGHTS[30:]).moments)
    assert rest.n_samples == N - 30
    assert (rest.largest == whole.largest).all()


def test_rounding_is_that_of_the_largest_ever_held():
    big = X.copy()
    big[:30] *= 300
    whole = absorbed(big, Y)
    rest = whole.without(absorbed(big[:30], Y[:30]))
    wanted = absorbed(big[30:], Y[30:]).moments
    error = abs(rest.moments.gram - wanted.gram).max() / wanted.sq_norm.min()
    assert error <= rest.design(True).gram_eps
    assert whole.design(True).gram_eps < 1e-14 < rest.design(True).gram_eps
    # and rows that come later make the share of it smaller
    again = rest.merge(absorbed(big, Y))
    assert again.design(True).gram_eps < 1e-14


@pytest.mark.parametrize("what", ["columns", "targets"])
def test_a_removal_that_leaves_rounding_is_refused(what):
    big, Z = X.copy(), Y.copy()
    (big if what == "columns" else Z)[:30, 1] *= 1e4
    whole = absorbed(big, Z)
    with pytest.raises(LostDigitsError) as refusal:
        whole.without(absorbed(big[:30], Z[:30]))
    assert refusal.value.what == what
    assert refusal.value.indices.tolist() == [1]


def test_small_steps_are_refused_too():
    """Each leaves a thousandth of the last, the second one a millionth of the first."""
    scale = np.repeat([2e3, 50.0, 1.0], 30)[:, np.newaxis]
    Z = X * scale
    rest = absorbed(Z, Y).without(absorbed(Z[:30], Y[:30]))
    assert rest.moments.sq_norm.min() > MIN_SHARE_LEFT * rest.largest.max()
    with pytest.raises(LostDigitsError):
        rest.without(absorbed(Z[30:60], Y[30:60]))


def test_more_than_there_is_cannot_be_removed():
    whole = absorbed(X, Y)
    for part in (
        whole,
        absorbed(X, Y, np.full(N, 2.0)),
        absorbed(X[:60], Y[:60], np.full(60, 2.0)),
    ):
        with pytest.raises(LostDigitsError) as refusal:
            whole.without(part)
        assert refusal.value.what == "weight"
    with pytest.raises(LostDigitsError) as refusal:
        whole.without(absorbed(np.vstack([X, X]), np.vstack([Y, Y])))
    assert refusal.value.what == "rows"


def test_rows_without_weight_leave_no_trace():
    whole = absorbed(X, Y)
    nothing = absorbed(X[:5], Y[:5], np.zeros(5))
    both = whole.merge(nothing)
    assert both.n_samples == N + 5
    assert both.moments is whole.moments
    assert both.without(nothing).n_samples == N


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_the_design_gives_gradients_without_rows(fit_intercept):
    whole = absorbed(X, Y)
    design = whole.design(fit_intercept)
    same = Design(X, Y, fit_intercept=fit_intercept)
    W = RNG.standard_normal((2, P))
    for precision in (1e-3, 0.0):  # beyond its rounding there is nothing to ask
        got = LeastSquaresProblem(design).gradient(W, precision)
        wanted = LeastSquaresProblem(same).gradient(W, 1e-12)
        np.testing.assert_allclose(got[0], wanted[0], rtol=1e-11)
        assert got[1] == pytest.approx(wanted[1])
    np.testing.assert_allclose(
        design.gram(np.array([2, 0]), np.array([1])), same.gram(np.array([2, 0]), np.array([1]))
    )
    with pytest.raises(AttributeError, match="without its rows"):
        _ = design.targets


def test_memory():
    assert stream.memory_needed(1000) == stream.COPIES * 8e6
    assert stream.memory_allowed() > 1 << 28
