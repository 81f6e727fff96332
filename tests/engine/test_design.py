"""Design: X and y centred and weighted without a copy, whatever the mean is."""

import numpy as np
import pytest

from fastreg._engine.design import Design, has_unit_stride


def exact(X, y, weights, fit_intercept):
    """A, Y and the means in extended precision, from the numbers X holds."""
    X = np.asarray(X.toarray() if hasattr(X, "toarray") else X).astype(np.longdouble)
    w = np.ones(len(X)) if weights is None else weights
    w = w.astype(np.longdouble)
    mean = w @ X / w.sum() if fit_intercept else np.zeros(X.shape[1])
    y_mean = w @ y / w.sum() if fit_intercept else np.zeros(y.shape[1:])
    root = np.sqrt(w)[:, None]
    return root * (X - mean), root * (np.reshape(y, (len(X), -1)) - y_mean), mean


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_centring_survives_a_mean_far_above_the_spread(layout, dtype, weighted, as_layout):
    """Mean 1e8 and spread 1; for float32 the spread is a few of its steps of 8."""
    rng = np.random.RandomState(0)
    spread = 1.0 if dtype == "float64" else 100.0
    X = 1e8 + spread * rng.standard_normal((500, 3))
    X[:, 1] -= 1e8
    X[:, 2] *= -1e-3
    y = rng.standard_normal(500) + 1e6
    weights = rng.uniform(0.5, 2, 500) if weighted else None
    X = as_layout(X, layout, dtype)
    design = Design(X, y, sample_weight=weights)
    A, Y, mean = exact(X, y, weights, True)
    error = np.abs(design.mean - mean)
    assert (error <= 1e-15 * np.abs(mean) + 1e-13 * np.sqrt(design.sq_norm / 500)).all()
    np.testing.assert_allclose(design.sq_norm, (A**2).sum(axis=0).astype(float), rtol=1e-10)
    size = np.sqrt(design.sq_norm * float((Y**2).sum()))
    assert (np.abs(design.correlation[0] - (Y.T @ A)[0]) <= 1e-7 * size).all()
    v = rng.standard_normal(500)
    assert (np.abs(design.dots(v[None])[0] - v @ A) <= 1e-7 * np.sqrt(design.sq_norm) * 25).all()
    gram = design.gram(np.arange(3))
    norms = np.sqrt(design.sq_norm)
    assert (np.abs(gram - (A.T @ A)) <= 1e-8 * np.outer(norms, norms)).all()


@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_targets", [0, 1, 3], ids=["1d", "one", "three"])
def test_attributes(layout, fit_intercept, weighted, n_targets, as_layout):
    rng = np.random.RandomState(1)
    X = rng.standard_normal((30, 7)) * (rng.random((30, 7)) < 0.5) + 0.0
    y = rng.standard_normal((30, n_targets) if n_targets else 30) + 2
    weights = rng.uniform(0, 2, 30) if weighted else None
    X = as_layout(X, layout)
    design = Design(X, y, sample_weight=weights, fit_intercept=fit_intercept)
    A, Y, mean = exact(X, y, weights, fit_intercept)
    n, w = 30, np.ones(30) if weights is None else weights
    assert (design.n_samples, design.n_features) == (n, 7)
    assert design.total_weight == pytest.approx(w.sum())
    close = {"rtol": 1e-12, "atol": 1e-12}
    np.testing.assert_allclose(design.targets, Y.T.astype(float), **close)
    np.testing.assert_allclose(design.correlation, (Y.T @ A).astype(float), **close)
    np.testing.assert_allclose(design.sq_norm, (A**2).sum(axis=0).astype(float), **close)
    W = rng.standard_normal((Y.shape[1], 7))
    W[:, 3] = 0
    R = design.residual(W, design.targets)
    np.testing.assert_allclose(R, (Y.T - W @ A.T).astype(float), **close)
    b = design.intercept(W)
    wanted = 0 * b
    if fit_intercept:
        wanted = (w @ np.reshape(y, (n, -1))) / w.sum() - W @ mean.astype(float)
    np.testing.assert_allclose(b, wanted, **close)


def test_zero_weight_rows_play_no_part(layout, as_layout):
    """Not even their size: a row of weight zero may be anything finite."""
    rng = np.random.RandomState(2)
    X, y = rng.standard_normal((20, 4)), rng.standard_normal(20)
    weights = np.ones(20)
    weights[[0, 7, 19]] = 0
    wild = X.copy()
    wild[weights == 0] = 1e12
    kept = Design(as_layout(X[weights > 0], layout), y[weights > 0])
    design = Design(as_layout(wild, layout), y, sample_weight=weights)
    for name in ("mean", "sq_norm", "correlation"):
        np.testing.assert_allclose(getattr(design, name), getattr(kept, name), rtol=1e-9)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("row", [0, 5])
def test_is_finite(layout, bad, row, as_layout):
    X = np.random.RandomState(3).standard_normal((9, 4))
    assert Design(as_layout(X, layout), X[:, 0]).is_finite
    X[row, 2] = bad
    assert not Design(as_layout(X, layout), X[:, 0]).is_finite


def test_passes_over_x_are_counted(as_layout):
    X = np.random.RandomState(4).standard_normal((9, 4))
    design = Design(X, X[:, 0])
    assert design.n_passes == 1
    design.dots(design.targets)
    assert design.n_passes == 2
    design.gram(np.arange(2))
    assert design.n_passes == 2.5


def test_has_unit_stride():
    X = np.zeros((6, 8))
    assert has_unit_stride(X)
    assert has_unit_stride(X.T)
    assert has_unit_stride(X[1:4, 2:5])
    assert has_unit_stride(X[::2])
    assert not has_unit_stride(X[:, ::2])
    packed = np.zeros(6, dtype=[("a", "i4"), ("b", "f8", 3)])["b"]
    assert not has_unit_stride(packed)  # 28 bytes a row: no multiple of a double


def test_threads_don_t_change_the_bits(layout, as_layout, share_all_work, monkeypatch):
    rng = np.random.RandomState(5)
    X = rng.standard_normal((9000, 40)) * (rng.random((9000, 40)) < 0.5)
    y, weights = rng.standard_normal((9000, 2)), rng.uniform(0, 2, 9000)

    def everything():
        design = Design(as_layout(X, layout), y, sample_weight=weights)
        W = rng.standard_normal((2, 40)) * 0 + np.linspace(-1, 1, 40)
        gram = design.gram(np.arange(40)), design.gram(np.arange(5), np.arange(3, 40))
        first = design.mean, design.sq_norm, design.correlation
        return (*first, *gram, design.residual(W, design.targets))

    results = []
    for n_threads in (1, 2, 3):
        from fastreg._engine import threads

        monkeypatch.setattr(threads, "available_threads", lambda n=n_threads: n)
        results.append(everything())
    for other in results[1:]:
        for mine, theirs in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("weighted", [False, True])
def test_where_x_lies_does_not_change_the_bits(order, dtype, weighted):
    """Equal content gives equal bits, whatever the alignment and the leading dimension."""
    rng = np.random.RandomState(6)
    n, p = 2500, 37
    X = (rng.standard_normal((n, p)) + 3).astype(dtype)
    y, weights = rng.standard_normal((n, 2)), rng.uniform(0, 2, n) if weighted else None
    buffer = np.zeros(dtype().itemsize * (n + 9) * (p + 9) + 64, dtype=np.uint8)

    def everything(offset, padding):
        rows, columns = (n, p + padding) if order == "C" else (n + padding, p)
        start = offset * dtype().itemsize
        memory = buffer[start : start + dtype().itemsize * rows * columns].view(dtype)
        copy = memory.reshape((rows, columns), order=order)[:n, :p]
        copy[:] = X
        design = Design(copy, y, sample_weight=weights)
        return design.mean, design.sq_norm, design.correlation, design.all_gram()

    wanted = everything(0, 0)
    for offset, padding in ((1, 0), (3, 0), (0, 5), (5, 9)):
        for mine, other in zip(wanted, everything(offset, padding), strict=True):
            np.testing.assert_array_equal(mine, other)
