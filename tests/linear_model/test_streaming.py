"""partial_fit, merge, forget and refit: the fit on all rows, to rounding."""

import copy
import pickle
import re
import tracemalloc
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.linalg import LinAlgWarning
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from fastreg import DiagnosticWarning, ElasticNet, Lasso, Ridge
from fastreg._engine import stream
from fastreg.linear_model import _streaming

N, P = 80, 6
RNG = np.random.RandomState(0)
X = RNG.standard_normal((N, P)) + RNG.uniform(-2, 2, P)
Y = X @ [1.0, 0, -2, 0, 0.5, 0] + 0.5 * RNG.standard_normal(N) + 3
TWO = np.column_stack([Y, X[:, 1] - Y])
WEIGHTS = RNG.uniform(0, 2, N)

MODELS = {
    "lasso": Lasso(0.1, tol=1e-12),
    "elastic net": ElasticNet(0.1, l1_ratio=0.4, tol=1e-12),
    "positive": Lasso(0.05, positive=True, tol=1e-12),
    "bounds": ElasticNet(0.05, lower=-1, upper=[0.5, 1, 1, 1, 0.1, 0], tol=1e-12),
    "factors": ElasticNet(0.1, penalty_factor=[0, 1, 2, 0, 1, 0.5], tol=1e-12),
    "random": Lasso(0.1, selection="random", random_state=3, tol=1e-12),
    "no intercept": Lasso(0.1, fit_intercept=False, tol=1e-12),
    "whole Gram": Lasso(0.1, precompute=True, tol=1e-12),
    "ridge": Ridge(2.0),
    "ridge without intercept": Ridge(0.5, fit_intercept=False),
    "positive ridge": Ridge(2.0, positive=True),
}
each = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
PLAIN = ("lasso", "elastic net", "ridge")
plain = pytest.mark.parametrize("model", [MODELS[name] for name in PLAIN], ids=PLAIN)


def chunks(X, y, weights=None, *, size=17):
    for start in range(0, X.shape[0], size):
        rows = slice(start, start + size)
        yield (X[rows], y[rows]) if weights is None else (X[rows], y[rows], weights[rows])


def assert_same(got, wanted, rtol=1e-9):
    size = np.abs(wanted.coef_).max(initial=1e-3)
    np.testing.assert_allclose(got.coef_, wanted.coef_, rtol=0, atol=rtol * size)
    np.testing.assert_allclose(got.intercept_, wanted.intercept_, rtol=rtol, atol=rtol * size)
    assert got.coef_.shape == wanted.coef_.shape
    assert got.coef_.dtype == wanted.coef_.dtype
    assert np.shape(got.intercept_) == np.shape(wanted.intercept_)
    assert np.shape(got.dual_gap_) == np.shape(wanted.dual_gap_)


def state(model):
    return {name: value for name, value in vars(model).items() if name != "_stream"}


# ---- the fit on all rows -----------------------------------------------------------


@each
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
def test_chunks_give_the_fit_on_all_rows(model, weights):
    wanted = clone(model).fit(X, Y, weights)
    step, whole, iterated = clone(model), clone(model), clone(model)
    for chunk in chunks(X, Y, weights):
        step.partial_fit(*chunk)
    whole.partial_fit(X, Y, weights)
    iterated.partial_fit(chunks(X, Y, weights))
    for got in (step, whole, iterated):
        assert_same(got, wanted)
        assert got.n_samples_seen_ == N
        assert got.dual_gap_ <= 1e-12 * Y.var() * 2


@pytest.mark.parametrize("y", [Y, Y[:, None], TWO], ids=["1-d", "one column", "two targets"])
@plain
def test_targets(model, y):
    assert_same(clone(model).partial_fit(chunks(X, y)), clone(model).fit(X, y))


@plain
def test_one_row_at_a_time(model):
    got = clone(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DiagnosticWarning)
        for chunk in chunks(X[:9], Y[:9], size=1):
            got.partial_fit(*chunk)
            assert np.isfinite(got.coef_).all()
            if got.n_samples_seen_ == 1:
                assert got.predict(X[:1]) == pytest.approx(Y[:1])
    got.partial_fit(chunks(X[9:], Y[9:], size=1))
    assert_same(got, clone(model).fit(X, Y))


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 30),
    p=st.integers(1, 8),
    size=st.integers(1, 12),
    mean=st.sampled_from([0.0, 1.0, 1e8]),
    scale=st.sampled_from([1e-8, 1.0, 1e8]),
    l1_ratio=st.sampled_from([0.5, 1.0]),
    fit_intercept=st.booleans(),
)
def test_optimal_for_all_rows(
    elastic_net_gap, seed, n, p, size, mean, scale, l1_ratio, fit_intercept
):
    """By the duality gap on the rows themselves, in extended precision."""
    rng = np.random.RandomState(seed)
    A = (rng.standard_normal((n, p)) + mean * fit_intercept) * scale
    A[:, rng.random_sample(p) < 0.2] = 7.0  # constant ones
    y = A @ rng.standard_normal(p) / scale + rng.standard_normal(n)
    w = rng.uniform(0, 1, n) * (rng.random_sample(n) < 0.8)
    w[0] = 1.0
    alpha = 0.1 * np.abs((A - A.mean(axis=0)).T @ (y - y.mean())).max() / n + 1e-3 * scale
    options = {"alpha": alpha, "l1_ratio": l1_ratio, "fit_intercept": fit_intercept}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = ElasticNet(**options, tol=1e-7, max_iter=100000)
        model.partial_fit(chunks(A, y, w, size=size))
    gap, variance = elastic_net_gap(A, y, model.coef_, sample_weight=w, **options)
    assert gap <= 1.01e-7 * variance + 1e-20
    assert model.n_samples_seen_ == n


@plain
@pytest.mark.parametrize("mean", [1e4, 1e8])
def test_means_far_from_zero(model, mean):
    got = clone(model).partial_fit(chunks(X + mean, Y + mean, WEIGHTS, size=1))
    wanted = clone(model).fit(X + mean, Y + mean, WEIGHTS)
    np.testing.assert_allclose(got.coef_, wanted.coef_, rtol=1e-10, atol=1e-10)


@plain
def test_small_chunks_are_copied(model, monkeypatch):
    """They wait for more rows, and the iterator may use its array again; dtypes may change."""
    monkeypatch.setattr(stream, "BUFFER_BYTES", 0)
    monkeypatch.setattr(stream, "MIN_HEIGHT", 3)
    row, target = np.empty((2, P)), np.empty(2)

    def reused():
        for k in range(0, N, 2):
            row[:], target[:] = X[k : k + 2], Y[k : k + 2]
            if k % 10 == 4:
                yield np.float32(row), np.float32(target), WEIGHTS[k : k + 2]
            else:
                yield row, target, WEIGHTS[k : k + 2]

    Z, y = X.copy(), Y.copy()
    for k in range(4, N, 10):
        Z[k : k + 2], y[k : k + 2] = np.float32(X[k : k + 2]), np.float32(Y[k : k + 2])
    got = clone(model).partial_fit(reused())
    assert_same(got, clone(model).fit(Z, y, WEIGHTS))
    assert got.n_samples_seen_ == N


@plain
def test_the_order_of_chunks_matters_to_rounding_only(model):
    wanted = clone(model).partial_fit(chunks(X, Y, WEIGHTS))
    parts = list(chunks(X, Y, WEIGHTS))
    assert_same(clone(model).partial_fit(iter(parts[::-1])), wanted, 1e-12)


def test_scaled_weights_change_nothing():
    """They are normalised over all rows, and not chunk by chunk."""
    wanted = Lasso(0.1, tol=1e-12).fit(X, Y, np.repeat([1.0, 5.0], N // 2))
    for scale in (1.0, 1e-150, 1e150):
        got = Lasso(0.1, tol=1e-12).partial_fit(X[: N // 2], Y[: N // 2], scale)
        assert_same(got.partial_fit(X[N // 2 :], Y[N // 2 :], 5 * scale), wanted)


# ---- kinds of data -------------------------------------------------------------------

INTEGERS = np.round(4 * X).astype(np.int32)
KINDS = {
    "C": X,
    "F": np.asfortranarray(X),
    "strided": np.repeat(X, 2, axis=1)[:, ::2],
    "float32": X.astype(np.float32),
    "big endian": X.astype(">f8"),
    "integers": INTEGERS,
    "int8 CSR": sp.csr_array(INTEGERS.astype(np.int8)),
    "CSR": sp.csr_matrix(X * (X > 0.5)),
    "float32 CSC": sp.csc_array((X * (X > 0.5)).astype(np.float32)),
    "CSR of one value": sp.csr_array(np.where(np.arange(P) == 2, 3.0, X * (X > 0.5))),
}


@pytest.mark.parametrize("kind", KINDS)
@plain
def test_kinds(model, kind):
    Z = KINDS[kind]
    # of sparse X there may be ridge solvers that stop at tol
    wanted = clone(model).fit(Z.toarray() if sp.issparse(Z) else Z, Y, WEIGHTS)
    rtol = 1e-6 if wanted.coef_.dtype == np.float32 else 1e-9
    if sp.issparse(Z):
        Z = Z.tocsr()
    assert_same(clone(model).partial_fit(Z, Y, WEIGHTS), wanted, rtol)
    assert_same(clone(model).partial_fit(chunks(Z, Y, WEIGHTS)), wanted, rtol)


@plain
def test_lists_and_frames(model):
    wanted = clone(model).fit(X, Y)
    frame = pd.DataFrame(X, columns=list("abcdef"))
    got = clone(model).partial_fit(frame[:30], pd.Series(Y[:30])).partial_fit(frame[30:], Y[30:])
    assert_same(got, wanted)
    assert list(got.feature_names_in_) == list("abcdef")
    assert_same(clone(model).partial_fit(X.tolist(), Y.tolist()), wanted)


def test_the_dtype_is_that_of_all_chunks():
    single = X.astype(np.float32)
    got = Lasso(0.1).partial_fit(single[:40], Y[:40])
    assert got.coef_.dtype == np.float32
    assert got.partial_fit(single[40:], Y[40:]).coef_.dtype == np.float32
    assert got.dual_gap_.dtype == np.float64
    assert got.partial_fit(X, Y).coef_.dtype == np.float64


@pytest.mark.parametrize("dtype", ["float64", "int16"])
def test_a_memory_map_is_never_read_whole(tmp_path, dtype, monkeypatch):
    monkeypatch.setattr(stream, "BLOCK_BYTES", 1 << 22)
    n = 200_000
    Z = np.memmap(tmp_path / "X", dtype=dtype, mode="w+", shape=(n, 20))
    Z[:] = np.random.RandomState(0).randint(-100, 100, Z.shape)
    Z.flush()
    Z = np.memmap(tmp_path / "X", dtype=dtype, mode="r", shape=(n, 20))
    y = np.memmap(tmp_path / "y", dtype="float32", mode="w+", shape=n)
    y[:] = Z[:, 0] - Z[:, 5]
    tracemalloc.start()
    try:
        got = Lasso(0.1, tol=1e-8).partial_fit(Z, y)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.5 * 8 * Z.size
    assert_same(got, Lasso(0.1, tol=1e-8).fit(np.array(Z, dtype=float), np.array(y)), 1e-4)


# ---- ridge ---------------------------------------------------------------------------


def normal_equations(X, y, alpha, weights):
    """The ridge solution in extended precision."""
    A, b, w = (np.asarray(part, np.longdouble) for part in (X, y, weights))
    A, b = A - w @ A / w.sum(), b - w @ b / w.sum()
    gram = ((A.T * w) @ A + alpha * np.eye(A.shape[1])).astype(float)
    coef = np.zeros(A.shape[1], np.longdouble)
    for _ in range(5):
        coef += np.linalg.solve(gram, ((A.T * w) @ (b - A @ coef) - alpha * coef).astype(float))
    return coef


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 30),
    p=st.integers(1, 8),
    size=st.integers(1, 12),
    mean=st.sampled_from([0.0, 1e8]),
    alpha=st.sampled_from([1e-3, 1.0, 1e3]),
    solver=st.sampled_from(["auto", "cholesky", "eigen"]),
)
def test_ridge_solves_the_normal_equations(seed, n, p, size, mean, alpha, solver):
    rng = np.random.RandomState(seed)
    A = rng.standard_normal((n, p)) + mean
    A[:, rng.random_sample(p) < 0.2] = 7.0
    y, w = rng.standard_normal(n) + mean, rng.uniform(0, 2, n)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DiagnosticWarning)
        model = Ridge(alpha, solver=solver).partial_fit(chunks(A, y, w, size=size))
    wanted = normal_equations(A, y, alpha, w)
    assert np.abs(model.coef_ - wanted).max() <= 1e-9 * np.abs(wanted).max() + 1e-12
    assert model.dual_gap_ <= 1e-18 * n


def test_ridge_takes_one_alpha_for_each_target():
    alpha = [0.1, 10.0]
    got = Ridge(alpha).partial_fit(chunks(X, TWO, WEIGHTS))
    assert_same(got, Ridge(alpha).fit(X, TWO, WEIGHTS))
    assert got.solver_ == "cholesky"
    assert got.set_params(solver="eigen").refit().solver_ == "eigen"
    assert_same(got, Ridge(alpha).fit(X, TWO, WEIGHTS))


def test_ridge_does_not_normalise_weights():
    got = Ridge(2.0).partial_fit(chunks(X, Y, 3 * WEIGHTS))
    assert_same(got, Ridge(2.0 / 3).fit(X, Y, WEIGHTS))


@pytest.mark.parametrize("alpha", [0.0, 1e-12])
def test_ridge_of_dependent_columns(alpha):
    """Of all solutions the shortest, and a warning."""
    Z = np.column_stack([X, X[:, 0]])
    with pytest.warns(LinAlgWarning, match="Ill-conditioned") as caught:
        got = Ridge(alpha).partial_fit(Z, Y)
    assert {warning.filename for warning in caught} == {__file__}
    assert got.solver_ == "eigen"
    wanted = Ridge(1e-9).fit(X, Y)
    np.testing.assert_allclose(got.coef_[1:6], wanted.coef_[1:], atol=1e-7)
    np.testing.assert_allclose(got.coef_[[0, 6]], wanted.coef_[0] / 2, atol=1e-7)


def test_ridge_says_where_rounding_hides_its_gap():
    big = X.copy()
    big[:40] *= 500
    got = Ridge(1e-9).partial_fit(big, Y)
    with pytest.warns(ConvergenceWarning, match="no proof") as caught:
        got.set_params(tol=1e-12).forget(big[:40], Y[:40])
    assert {warning.filename for warning in caught} == {__file__}


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"solver": "svd"}, "solver='svd' works on rows"),
        ({"solver": "sparse_cg"}, "pass solver='auto'"),
        ({"solver": "lsqr"}, "pass solver='auto'"),
    ],
)
def test_what_needs_rows(parameters, words):
    """As scikit-learn has it, a method that a parameter rules out is not there."""
    assert hasattr(Ridge(), "partial_fit")
    assert not hasattr(Ridge(**parameters), "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit") as error:
        Ridge(**parameters).partial_fit(X, Y)
    assert words in str(error.value.__cause__)
    model = Ridge().partial_fit(X, Y).set_params(**parameters)
    before = dict(vars(model))
    for call in (model.refit, lambda: model.forget(X[:5], Y[:5]), lambda: model.merge(Ridge())):
        with pytest.raises((ValueError, NotImplementedError)):
            call()
    assert vars(model) == before


# ---- merge -------------------------------------------------------------------------


@each
def test_merge(model):
    first = clone(model).partial_fit(X[:50], Y[:50], WEIGHTS[:50])
    second = clone(model).partial_fit(X[50:], Y[50:], WEIGHTS[50:])
    before = dict(vars(second))
    assert first.merge(second) is first
    assert_same(first, clone(model).fit(X, Y, WEIGHTS))
    assert first.n_samples_seen_ == N
    assert vars(second).keys() == before.keys()
    assert all(vars(second)[name] is before[name] for name in before)
    # and both go on by themselves
    assert second.partial_fit(X[:50], Y[:50], WEIGHTS[:50]).n_samples_seen_ == N
    assert first.n_samples_seen_ == N
    assert_same(second, first)


def test_one_pass_serves_many_models():
    source = ElasticNet(1.0, fit_intercept=False).partial_fit(
        pd.DataFrame(X, columns=list("abcdef")), Y
    )
    for model in MODELS.values():
        got = clone(model).merge(source)
        assert got.n_samples_seen_ == N
        assert_same(got, clone(model).fit(X, Y))
        assert list(got.feature_names_in_) == list("abcdef")


def test_merge_with_itself_doubles_the_rows():
    got = Lasso(0.1, tol=1e-12).partial_fit(X, Y)
    got.merge(got)
    assert got.n_samples_seen_ == 2 * N
    assert_same(got, Lasso(0.1, tol=1e-12).fit(X, Y))


@pytest.mark.parametrize(
    ("other", "error", "words"),
    [
        (None, TypeError, "other"),
        (Lasso(), NotFittedError, "not fitted"),
        (Lasso().fit(X, Y), ValueError, "fitted by fit"),
        (Lasso().partial_fit(X[:, :4], Y), ValueError, "6 and 4 features"),
        (Lasso().partial_fit(X, TWO), ValueError, "y has shape (n_samples, 2)"),
        (Lasso().partial_fit(pd.DataFrame(X, columns=list("abcdeg")), Y), ValueError, "'g'"),
    ],
)
def test_what_cannot_be_merged(other, error, words):
    model = Lasso().partial_fit(pd.DataFrame(X, columns=list("abcdef")), Y)
    before = dict(vars(model))
    with pytest.raises(error, match=re.escape(words)):
        model.merge(other)
    assert vars(model) == before


# ---- forget ------------------------------------------------------------------------


@each
def test_forget(model):
    got = clone(model).partial_fit(X, Y, WEIGHTS)
    got.forget(chunks(X[:40], Y[:40], WEIGHTS[:40]))
    assert_same(got, clone(model).fit(X[40:], Y[40:], WEIGHTS[40:]))
    assert got.n_samples_seen_ == N - 40
    got.partial_fit(X[:40], Y[:40], WEIGHTS[:40])
    assert_same(got, clone(model).fit(X, Y, WEIGHTS))


def test_a_sliding_window():
    got = Lasso(0.05, tol=1e-10).partial_fit(X[:20], Y[:20])
    for _ in range(10):
        for k in range(0, N - 20, 5):
            got.partial_fit(X[k + 20 : k + 25], Y[k + 20 : k + 25])
            got.forget(X[k : k + 5], Y[k : k + 5])
        got.partial_fit(X[:20], Y[:20]).forget(X[-20:], Y[-20:])
    assert_same(got, Lasso(0.05, tol=1e-10).fit(X[:20], Y[:20]))
    assert got.n_samples_seen_ == 20


def test_forgetting_is_exact_to_the_largest_moments():
    big = X.copy()
    big[:40] *= 100
    got = Lasso(0.1, tol=1e-8).partial_fit(big, Y).forget(big[:40], Y[:40])
    assert_same(got, Lasso(0.1, tol=1e-8).fit(X[40:], Y[40:]), 1e-7)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ([1, 4], "columns b, e ever"),
        ("y", "y (targets [0])"),
        ("all", "weight of all rows"),
        ("more", "more rows"),
    ],
)
def test_forgetting_too_much_is_refused(columns, words):
    Z, y = pd.DataFrame(X, columns=list("abcdef")), Y.copy()
    rows = slice(0, 30)
    if columns == "y":
        y[:30] *= 1e5
    elif columns in ("all", "more"):
        rows = slice(0, N)
    else:
        Z.iloc[:30, columns] *= 1e5
    got = Lasso(0.1).partial_fit(Z, y)
    before = dict(vars(got))
    gone = (pd.concat([Z, Z]), np.append(y, y)) if columns == "more" else (Z[rows], y[rows])
    with pytest.raises(ValueError, match=re.escape(words)) as error:
        got.forget(*gone)
    assert "orget" in str(error.value)
    assert vars(got) == before
    assert_same(got, Lasso(0.1).partial_fit(Z, y))


def test_a_column_that_only_forgotten_rows_vary_is_refused():
    """Nothing but rounding would be left of it."""
    Z = X.copy()
    Z[30:, 2] = 5
    got = Lasso(0.1).partial_fit(Z, Y)
    with pytest.raises(ValueError, match="columns 2 ever"):
        got.forget(Z[:30], Y[:30])


@pytest.mark.parametrize("method", ["forget", "refit"])
def test_what_needs_a_stream(method):
    arguments = (X, Y) if method == "forget" else ()
    with pytest.raises(NotFittedError):
        getattr(Lasso(), method)(*arguments)
    with pytest.raises(ValueError, match=f"{method} needs .* partial_fit"):
        getattr(Lasso().fit(X, Y), method)(*arguments)


# ---- bad chunks ----------------------------------------------------------------------


def with_entry(array, value, at=(4, 1)):
    array = array.copy()
    array[at[: array.ndim]] = value
    return array


BAD = {
    "NaN in X": ((with_entry(X, np.nan), Y), "NaN"),
    "infinity in CSR": ((sp.csr_array(with_entry(X, np.inf)), Y), "inf"),
    "NaN in float32 X": ((with_entry(X, np.nan).astype(np.float32), Y), "NaN"),
    "NaN in y": ((X, with_entry(Y, np.nan)), "NaN"),
    "NaN without weight": ((with_entry(X, np.nan), Y, np.zeros(N)), "NaN"),
    "too few features": ((X[:, :5], Y), "5 features, but Lasso is expecting 6"),
    "too many features": ((np.hstack([X, X]), Y), "12 features"),
    "two targets": ((X, TWO), "y has shape (n_samples, 2)"),
    "a column for y": ((X, Y[:, None]), "y has shape (n_samples, 1)"),
    "shorter y": ((X, Y[:-1]), "inconsistent numbers of samples"),
    "3-d y": ((X, Y[:, None, None]), "dim 3"),
    "sparse y": ((X, sp.csr_array(Y[:, None])), "sparse"),
    "no rows": ((X[:0], Y[:0]), "0 sample"),
    "strings": ((np.full((N, P), "a"), Y), "X or y"),
    "complex": ((X + 1j, Y), "Complex"),
    "negative weight": ((X, Y, with_entry(np.ones(N), -1.0)), "sample_weight"),
    "too many weights": ((X, Y, np.ones(N + 1)), "sample_weight"),
    "squares of X that overflow": ((X * 1e200, Y), "squares of X overflow"),
    "squares of y that overflow": ((X, Y * 1e200), "squares of y overflow"),
    "names in another order": ((pd.DataFrame(X, columns=list("bacdef")), Y), "feature names"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("method", ["partial_fit", "forget"])
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_a_bad_chunk_changes_nothing(method, case):
    chunk, words = BAD[case]
    frame = pd.DataFrame(X, columns=list("abcdef"))
    model = Lasso(0.1).partial_fit(frame if "names" in case else X, Y)
    before = dict(vars(model))
    with pytest.raises((ValueError, TypeError), match=re.escape(words)):
        getattr(model, method)(*chunk)
    assert vars(model) == before
    with pytest.raises((ValueError, TypeError), match=re.escape(words)) as error:
        model.partial_fit(iter([(X[:9], Y[:9]), chunk]))
    assert vars(model) == before
    assert "Chunk 1 cannot be used" in str(error.value)


@pytest.mark.parametrize("case", [case for case in BAD if case.split()[0] in ("NaN", "no", "3-d")])
def test_a_bad_first_chunk_leaves_the_model_new(case):
    model = Lasso(0.1)
    with pytest.raises((ValueError, TypeError)):
        model.partial_fit(*BAD[case][0])
    assert vars(model) == vars(Lasso(0.1))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((X,), "requires y"),
        ((list(chunks(X, Y)),), "iter(chunks)"),
        ((chunks(X, Y), Y), "y and sample_weight come with each chunk"),
        ((chunks(X, Y), None, WEIGHTS), "y and sample_weight come with each chunk"),
        ((iter([]),), "no chunk"),
        ((iter([X]),), "type ndarray, not (X, y)"),
        ((iter([(X, Y), (X,)]),), "Chunk 1"),
        ((iter(X[:2].tolist()),), "Chunk 0"),
        ((X, Y, np.zeros(N)), "sample_weight is zero"),
    ],
)
def test_bad_arguments(arguments, words):
    model = Lasso(0.1)
    with pytest.raises((ValueError, TypeError), match=re.escape(words)):
        model.partial_fit(*arguments)
    assert vars(model) == vars(Lasso(0.1))


def test_an_iterator_that_raises_changes_nothing():
    def broken():
        yield X[:5], Y[:5]
        raise OSError("disk")

    model = Lasso(0.1).partial_fit(X, Y)
    before = dict(vars(model))
    with pytest.raises(OSError, match="disk"):
        model.partial_fit(broken())
    assert vars(model) == before


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (Lasso(-1), "alpha"),
        (Lasso(precompute=X.T @ X), "precompute"),
        (Lasso(lower=[0, 0]), "lower"),
        (Ridge(-1), "alpha"),
        (Ridge([1, 2]), "penalties"),
        (ElasticNet(penalty_factor=-1), "penalty_factor"),
    ],
)
def test_bad_parameters_come_before_any_work(model, words, monkeypatch):
    monkeypatch.setattr(_streaming, "stream_of_rows", None)
    with pytest.raises(ValueError, match=words):
        model.partial_fit(X, Y)


def test_moments_that_memory_cannot_hold(monkeypatch):
    monkeypatch.setattr(_streaming, "stream_of_rows", None)
    wide = sp.csr_array((3, 10**6))
    with pytest.raises(ValueError, match=r"1000000 features.*fit on the rows"):
        Lasso().partial_fit(wide, [1.0, 2, 3])


# ---- life of a stream ------------------------------------------------------------------


def test_chunks_without_weight():
    got = Lasso(0.1, tol=1e-12).partial_fit(X, Y)
    got.partial_fit(X[:5] * 9, Y[:5], np.zeros(5))
    assert got.n_samples_seen_ == N + 5
    assert_same(got, Lasso(0.1, tol=1e-12).fit(X, Y))


def test_an_empty_iterator_absorbs_nothing():
    got = Lasso(0.1).partial_fit(X, Y)
    coef = got.coef_
    assert_array_equal(got.partial_fit(iter([])).coef_, coef)
    assert_array_equal(got.forget(iter([])).coef_, coef)
    assert got.n_samples_seen_ == N


def test_parameters_count_at_the_next_solve():
    got = ElasticNet(1.0).partial_fit(X, Y)
    got.set_params(alpha=0.1, l1_ratio=0.3, tol=1e-12, fit_intercept=False)
    assert got.refit() is got
    wanted = ElasticNet(0.1, l1_ratio=0.3, tol=1e-12, fit_intercept=False).fit(X, Y)
    assert_same(got, wanted)


def test_a_refused_parameter_changes_nothing():
    got = Lasso(0.1).partial_fit(X, Y)
    coef = got.coef_
    for bad in ({"alpha": -1}, {"lower": [0, 0]}, {"precompute": X.T @ X}):
        changed = copy.copy(got).set_params(**bad)
        with pytest.raises(ValueError, match=next(iter(bad))):
            changed.refit()
        assert changed.coef_ is coef


def test_fit_starts_over():
    got = Lasso(0.1).partial_fit(X, TWO).fit(X[:20, :3], Y[:20])
    assert vars(got).keys() == vars(Lasso(0.1).fit(X[:20, :3], Y[:20])).keys()
    with pytest.warns(DiagnosticWarning, match="keeps no moments"):
        got.partial_fit(X, TWO)
    assert_same(got, Lasso(0.1).partial_fit(X, TWO))
    assert got.n_samples_seen_ == N


def test_a_failed_fit_keeps_the_stream():
    got = Lasso(0.1).partial_fit(X, Y)
    with pytest.raises(ValueError, match="NaN"):
        got.fit(with_entry(X, np.nan), Y)
    assert got.partial_fit(X, Y).n_samples_seen_ == 2 * N


def test_clones_are_new_and_pickles_go_on():
    got = Lasso(0.1, tol=1e-12).partial_fit(X[:50], Y[:50])
    assert vars(clone(got)) == vars(Lasso(0.1, tol=1e-12))
    for twin in (pickle.loads(pickle.dumps(got)), copy.deepcopy(got), copy.copy(got)):
        twin.partial_fit(X[50:], Y[50:])
        assert_same(twin, Lasso(0.1, tol=1e-12).fit(X, Y))
    assert got.n_samples_seen_ == 50


def test_a_warm_start_is_the_last_solution():
    got = Lasso(0.1, warm_start=True, tol=1e-12).partial_fit(X, Y)
    assert got.refit().n_iter_ <= 1
    assert_same(got, Lasso(0.1, tol=1e-12).fit(X, Y))


# ---- warnings --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "category", "words"),
    [
        (Lasso(1e9), DiagnosticWarning, "alpha_max"),
        (Lasso(0), UserWarning, "alpha=0"),
        (Lasso(1e-3, max_iter=1, tol=1e-14, selection="random"), ConvergenceWarning, "max_iter"),
        (Lasso(0.1), DiagnosticWarning, "constant"),
    ],
)
def test_warnings_point_at_the_caller(model, category, words):
    Z = X if words != "constant" else with_entry(X, 1.0, (slice(None), 3))
    for call in (lambda: model.partial_fit(Z, Y), model.refit, lambda: clone(model).merge(model)):
        with pytest.warns(category, match=words) as caught:
            call()
        assert {warning.filename for warning in caught} == {__file__}


def test_a_gap_that_moments_cannot_prove_is_told():
    """Forgotten rows leave their rounding."""
    big = X.copy()
    big[:40] *= 300
    model = Lasso(0.1, tol=1e-9).partial_fit(big, Y)
    with pytest.warns(ConvergenceWarning, match=r"no proof.*Raise tol") as caught:
        model.forget(big[:40], Y[:40])
    assert {warning.filename for warning in caught} == {__file__}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.set_params(tol=1e-4).refit()


def test_unpenalised_features_that_moments_cannot_tell_apart_are_told():
    Z = np.column_stack([X, X[:, 0] + 1e-9 * X[:, 1]])
    model = Lasso(0.1, penalty_factor=[0, 1, 1, 1, 1, 1, 0])
    with pytest.warns(ConvergenceWarning, match="penalty_factor=0 depend") as caught:
        model.partial_fit(Z, Y)
    assert {warning.filename for warning in caught} == {__file__}
    Z[:, 0] = 7  # constant ones are no trouble
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        clone(model).partial_fit(Z, Y)


# ---- threads and routing -----------------------------------------------------------------

BITS = """
import hashlib
import numpy as np
from fastreg import Lasso, Ridge
rng = np.random.RandomState(0)
X = rng.standard_normal((60000, 80))
X[:, 3] += 1e6
y = X[:, 0] - X[:, 5] + rng.standard_normal(60000)
w = rng.uniform(0, 2, 60000)
ridge = Ridge().partial_fit(X, y, w).forget(X[:100], y[:100], w[:100])
models = (ridge, Lasso(0.1).merge(ridge))
bits = b"".join(m.coef_.tobytes() + np.float64(m.intercept_).tobytes() for m in models)
print(hashlib.sha256(bits).hexdigest())
"""


def test_the_number_of_threads_changes_no_bit(run_python):
    assert len({run_python(BITS, env={"OMP_NUM_THREADS": n}) for n in "12"}) == 1


def test_weights_are_routed():
    with sklearn.config_context(enable_metadata_routing=True):
        for model in (Ridge(), Lasso()):
            requests = model.set_partial_fit_request(sample_weight=True).get_metadata_routing()
            assert requests.partial_fit.requests["sample_weight"] is True
