"""What every matrix kind promises, against A = diag(q) (X - 1 m') in NumPy."""

import numpy as np
import pytest
from fastreg._kernels.csc import Csc
from fastreg._kernels.dense import Dense


def some_columns(p, step=3):
    """Columns that don't lie side by side, so that packing has to gather them."""
    # up to 420: two tiles of the Gram
    return np.arange(0, min(p, 420 * step), step)


def both_thread_counts(method, *args):
    """The result with one thread, after checking that two give the same bits."""
    one, two = method(*args, 1), method(*args, 2)
    np.testing.assert_array_equal(one, two)
    return np.asarray(one)


@pytest.mark.parametrize("n_targets", [1, 3, 4, 11])  # one by one, and side by side
def test_dots(case, n_targets):
    V = np.random.RandomState(1).standard_normal((n_targets, len(case.A)))
    got = both_thread_counts(case.matrix.dots, V)
    tolerance = case.tolerance(np.linalg.norm(V))
    assert (np.abs(got - V @ case.A) <= tolerance).all()


@pytest.mark.parametrize("n_targets", [2, 6])
def test_subtract(case, n_targets):
    rng = np.random.RandomState(2)
    idx = some_columns(case.A.shape[1])
    D = rng.standard_normal((n_targets, len(idx)))
    V = rng.standard_normal((n_targets, len(case.A)))
    D[0, 0] = 0.0  # a zero step is skipped
    results = []
    for n_threads in (1, 2):
        R = V.copy()
        case.matrix.subtract(idx, D, R, n_threads)
        results.append(R)
    np.testing.assert_array_equal(*results)
    size = np.abs(V).max() + np.abs(D).sum() * np.abs(case.A[:, idx]).max()
    cancelled = 1e-4 * np.abs(case.X).max() * np.abs(D).sum()
    np.testing.assert_allclose(R, V - D @ case.A[:, idx].T, rtol=0, atol=1e-10 * (size + cancelled))


def test_subtract_of_no_columns_changes_nothing(small_case):
    R = np.ones((2, len(small_case.A)))
    small_case.matrix.subtract(np.empty(0, dtype=np.intp), np.empty((2, 0)), R, 2)
    assert (R == 1).all()


@pytest.mark.parametrize("step", [1, 3], ids=["side by side", "spread"])
def test_symmetric_gram(case, step):
    idx = some_columns(case.A.shape[1], step)
    G = both_thread_counts(case.matrix.gram, idx, None)
    norms = case.tolerance(1e5)[idx]  # 1e-10 of ||A_i|| ||A_j||
    assert (np.abs(G - case.A[:, idx].T @ case.A[:, idx]) <= np.outer(norms, norms)).all()
    np.testing.assert_array_equal(G, G.T)


def test_rectangular_gram(case):
    p = case.A.shape[1]
    a, b = some_columns(p, 3), some_columns(p, 2)
    G = both_thread_counts(case.matrix.gram, a, b)
    norms = case.tolerance(1e5)
    assert G.shape == (len(a), len(b))
    error = np.abs(G - case.A[:, a].T @ case.A[:, b])
    assert (error <= np.outer(norms[a], norms[b])).all()


def test_gram_of_columns_in_any_order(case):
    """A working set is in the order of its arrival; this one ends where a run would."""
    p = case.A.shape[1]
    if p < 4:
        pytest.skip("too few columns to shuffle")
    idx = np.array([0, 2, 1, 3], dtype=np.intp)
    norms = case.tolerance(1e5)[idx]
    wanted = case.A[:, idx].T @ case.A[:, idx]
    for G in (case.matrix.gram(idx, None, 1), case.matrix.gram(idx, idx, 1)):
        assert (np.abs(G - wanted) <= np.outer(norms, norms)).all()


# one tile, chunks of one tile, and tiles; and few columns, whose dots come in groups of four
# with pairs, with all that they may leave over
@pytest.mark.parametrize(
    "shape",
    [(1, 4), (60, 30), (300, 290), (2100, 40), (40, 700), (2500, 12), (9, 5), (60, 31), (60, 33)],
    ids=str,
)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("mean", [0.0, 0.3, 1e7])
def test_products_of_x_itself(shape, order, mean):
    """Of columns that follow each other, or of rows, centred afterwards where means are so
    small that this loses nothing, and before otherwise."""
    n, p = shape
    rng = np.random.RandomState(4)
    X = np.array(rng.standard_normal((n, p + 3)) + mean * rng.uniform(0.5, 1, p + 3), order=order)
    means = X.mean(axis=0) * (mean != 0)
    A = (X.astype(np.longdouble) - means).astype(np.float64)
    matrix, a, b = Dense(X), np.arange(2, p), np.arange(p + 3)
    matrix.set_center(means, None, np.square(A).sum(axis=0))
    for columns in (None, b):
        G = both_thread_counts(matrix.gram, a, columns)
        wanted = A[:, a].T @ A[:, a if columns is None else columns]
        np.testing.assert_allclose(G, wanted, rtol=0, atol=1e-12 * n)
    K = both_thread_counts(matrix.row_gram)
    np.testing.assert_allclose(K, A @ A.T, rtol=0, atol=1e-12 * p)


def test_products_of_an_x_that_is_not_centred_at_all():
    X = np.random.RandomState(4).standard_normal((50, 20)) + 1e3
    np.testing.assert_allclose(Dense(X).gram(np.arange(20), None, 1), X.T @ X, rtol=1e-13)
    np.testing.assert_allclose(Dense(X).row_gram(1), X @ X.T, rtol=1e-13)


def test_products_where_lines_overlap():
    """Windows of a series, and one row for all, in memory that belongs to several elements."""
    series = np.random.RandomState(4).standard_normal(60)
    windows = np.lib.stride_tricks.sliding_window_view(series, 11)
    for X in (windows, np.broadcast_to(series, (5, 60)), series[:, np.newaxis]):
        matrix, A = Dense(X), np.array(X)
        np.testing.assert_allclose(matrix.gram(np.arange(A.shape[1]), None, 1), A.T @ A, rtol=1e-12)
        np.testing.assert_allclose(matrix.row_gram(1), A @ A.T, rtol=1e-12)


def test_gather(case):
    if isinstance(case.matrix, Csc):
        assert not hasattr(case.matrix, "gather")  # sparse X is never densified
        return
    idx = some_columns(case.A.shape[1])
    block = both_thread_counts(case.matrix.gather, idx)
    assert block.flags.f_contiguous
    assert block.dtype == np.float64
    scale = np.abs(case.X).max()
    np.testing.assert_allclose(block, case.A[:, idx], rtol=1e-14, atol=1e-14 * scale)


def test_column_stats(case):
    """Means, centred squared norms, u'x, and for dense X what rounding left out of the means."""
    rng = np.random.RandomState(3)
    w, X = case.weights, case.X
    heaviest = int(np.argmax(w)) if case.mean.any() else -1
    u = rng.standard_normal(len(X)) * w
    u -= w * u.sum() / w.sum()  # orthogonal to the weights, as centred targets are
    got = both_thread_counts(case.matrix.column_stats, w, u, w.sum(), heaviest)
    wanted = np.array([case.mean, np.square(case.A).sum(axis=0), u @ X])
    size = np.abs([case.mean, wanted[1], np.abs(u) @ np.abs(X)])
    assert (np.abs(got[:3] - wanted) <= 1e-11 * size + 1e-200).all()
    if len(got) > 3:
        assert (np.abs(got[3]) <= 1.2e-16 * np.abs(got[0])).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_the_first_pass_shows_what_is_not_finite(small_case, bad):
    """Validation rests on this: it looks at the sums instead of at X."""
    n = len(small_case.X)
    ones, zeros = np.ones(n), np.zeros(n)
    if isinstance(small_case.matrix, Dense):
        X = small_case.X.copy()
        X[3, 4] = bad
        sums = Dense(X).column_stats(ones, zeros, float(n), 0, 1)[1]
    else:
        import scipy.sparse as sp

        X = small_case.X.copy()
        X[3, 4] = bad
        sums = Csc(sp.csc_matrix(X)).column_stats(ones, zeros, float(n), 0, 1)[1]
    assert not np.isfinite(sums[4])
    assert np.isfinite(np.delete(sums, 4)).all()


def test_strided_x_is_refused():
    """Every second column of a C array has unit stride along neither axis."""
    with pytest.raises(ValueError, match="unit stride"):
        Dense(np.ones((6, 6))[:, ::2])
