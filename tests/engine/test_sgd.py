"""Training against a reference in NumPy that touches every coefficient at every update."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from fastreg._engine import sgd
from fastreg._kernels import loss as losses
from fastreg._kernels import schedule as schedules

CLIP = 1e12


def options(**changes):
    values = {
        "loss": losses.SquaredError(),
        "alpha": 0.01,
        "l1_ratio": 0.0,
        "learning_rate": "constant",
        "eta0": 0.05,
        "power_t": 0.25,
        "fit_intercept": True,
        "average_from": 0,
        "batch_size": 1,
        "max_iter": 2,
        "tol": None,
        "n_iter_no_change": 5,
        "seed": None,
    }
    return sgd.Options(**{**values, **changes})


def train(X, y, opts, *, weight=None, state=None, order=None, threads=None, validations=None):
    y = np.asarray(y, dtype=np.float64).reshape(len(y), -1)
    samples = sgd.make_samples(X, y, weight, labels=False)
    K = y.shape[1]
    if state is None:
        state = sgd.State(np.zeros((K, X.shape[1])), np.zeros(K))
        if opts.average_from:
            state.start_average()
    order = np.arange(X.shape[0]) if order is None else order
    return sgd.fit(
        samples,
        order,
        state,
        opts,
        classes=range(K),
        class_weights=[(1.0, 1.0)] * K,
        validations=validations,
        threads=threads,
    )


def reference(X, y, opts, *, weight=None, w=None, b=0.0, sparse=False):
    """(w, b, average w, average b): the definition, one update after the other."""
    n, p = X.shape
    w = np.zeros(p) if w is None else w.copy()
    weight = np.ones(n) if weight is None else weight
    schedule = sgd._make_schedule(opts, -(-n // opts.batch_size))
    l1, l2 = opts.alpha * opts.l1_ratio, opts.alpha * (1 - opts.l1_ratio)
    received, owed, t = np.zeros(p), 0.0, 1
    sum_w, sum_b, n_averaged = np.zeros(p), 0.0, 0
    for _ in range(opts.max_iter):
        for at in range(0, n, opts.batch_size):
            batch = slice(at, min(at + opts.batch_size, n))
            eta = schedule.rates([t])[0]
            margins = X[batch] @ w + b
            slopes = opts.loss.values_and_slopes(y[batch], margins)[1]
            steps = -eta * weight[batch] * np.clip(slopes, -CLIP, CLIP) / len(margins)
            w = w * max(0.0, 1 - eta * l2) + steps @ X[batch]
            if opts.fit_intercept:
                b += steps.sum() * (sgd.SPARSE_INTERCEPT_RATE if sparse else 1.0)
            owed += eta * l1
            down = np.maximum(0, w - (owed + received))
            up = np.minimum(0, w + (owed - received))
            after = np.where(w > 0, down, np.where(w < 0, up, w))
            received += after - w
            w = after
            if 0 < opts.average_from <= t:
                sum_w, sum_b, n_averaged = sum_w + w, sum_b + b, n_averaged + 1
            t += 1
    return w, b, sum_w / max(n_averaged, 1), sum_b / max(n_averaged, 1)


def sparse_problem(n=80, p=30, seed=0, density=0.15):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * (rng.random((n, p)) < density)
    w = rng.normal(size=p) * (rng.random(p) < 0.5)
    return X, X @ w + 0.1 * rng.normal(size=n) + 0.5, rng.uniform(0.2, 2, n)


def assert_close(solution, expected, average):
    w, b, mean_w, mean_b = expected
    np.testing.assert_allclose(solution.state.coef[0], w, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(solution.state.intercept[0], b, rtol=1e-9, atol=1e-11)
    if average:
        np.testing.assert_allclose(solution.state.average_coef[0], mean_w, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(solution.state.average_intercept[0], mean_b, rtol=1e-9)


KINDS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "strided": lambda X: np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::3],
    "CSR": sp.csr_array,
    "CSR 64": lambda X: as_int64(sp.csr_array(X)),
}


def as_int64(X):
    return sp.csr_array(
        (X.data, X.indices.astype(np.int64), X.indptr.astype(np.int64)), shape=X.shape
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("batch_size", [1, 7, 1000])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("average", [0, 1, 50])
def test_lazy_is_eager(kind, batch_size, l1_ratio, average):
    """What untouched coefficients catch up on is what they would have gone through."""
    X, y, weight = sparse_problem()
    opts = options(
        l1_ratio=l1_ratio, alpha=0.03, average_from=average, batch_size=batch_size, max_iter=3
    )
    solution = train(KINDS[kind](X), y, opts, weight=weight)
    expected = reference(X, y, opts, weight=weight, sparse="CSR" in kind)
    assert_close(solution, expected, average)
    assert not solution.failed


@pytest.mark.parametrize("kind", ["C", "F", "CSR", "CSR 64"])
def test_float32_rows(kind):
    X, y, _ = sparse_problem()
    X = X.astype(np.float32)
    opts = options(l1_ratio=0.5, average_from=1)
    X32 = KINDS[kind](X)
    assert X32.dtype == np.float32
    expected = reference(X.astype(np.float64), y, opts, sparse="CSR" in kind)
    assert_close(train(X32, y, opts), expected, True)


@pytest.mark.parametrize("sparse", [False, True])
def test_scale_that_would_underflow(sparse):
    """Large alpha eta: the scalar that holds the decay is folded in, and 0 is reached."""
    X, y, _ = sparse_problem()
    for alpha, l1_ratio in ((15.0, 0.0), (15.0, 0.01), (25.0, 0.3), (19.9999, 0.0)):
        opts = options(alpha=alpha, l1_ratio=l1_ratio, average_from=1)
        solution = train(sp.csr_array(X) if sparse else X, y, opts)
        assert_close(solution, reference(X, y, opts, sparse=sparse), True)


def test_many_moments_are_folded():
    """More updates than are remembered; the start is not zero."""
    X, y, _ = sparse_problem(n=1500, p=40, density=0.05)
    start = np.linspace(-2, 2, 40)
    opts = options(alpha=0.02, l1_ratio=0.9, average_from=300, eta0=0.01, max_iter=2)
    state = sgd.State(start[None].copy(), np.zeros(1))
    state.start_average()
    solution = train(sp.csr_array(X), y, opts, state=state)
    expected = reference(X, y, opts, w=start, sparse=True)
    assert (expected[0] == 0).any()
    assert_close(solution, expected, True)


@given(st.data())
def test_any_shape(data):
    n, p = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 6))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    X = rng.normal(size=(n, p)) * (rng.random((n, p)) < data.draw(st.sampled_from([0.0, 0.3, 1.0])))
    X *= data.draw(st.sampled_from([1e-100, 1e-3, 1.0, 30.0]))
    y = rng.normal(size=n)
    weight = rng.integers(0, 3, n).astype(float)
    average = data.draw(st.sampled_from([0, 1, 5]))
    opts = options(
        loss=data.draw(st.sampled_from([losses.Huber(0.1), losses.EpsilonInsensitive(0.1)])),
        alpha=data.draw(st.sampled_from([1e-4, 0.1, 30.0])),
        l1_ratio=data.draw(st.sampled_from([0.0, 0.2, 1.0])),
        learning_rate=data.draw(
            st.sampled_from(["constant", "optimal", "invscaling", "one_cycle"])
        ),
        batch_size=data.draw(st.integers(1, 5)),
        fit_intercept=data.draw(st.booleans()),
        average_from=average,
        max_iter=3,
    )
    for sparse in (False, True):
        solution = train(sp.csr_array(X) if sparse else X, y, opts, weight=weight)
        w, b, mean_w, _ = reference(X, y, opts, weight=weight, sparse=sparse)
        scale = 1 + abs(w).max() + abs(b)
        np.testing.assert_allclose(solution.state.coef[0], w, rtol=1e-6, atol=1e-7 * scale)
        np.testing.assert_allclose(solution.state.intercept[0], b, rtol=1e-6, atol=1e-7 * scale)
        if average:
            np.testing.assert_allclose(
                solution.state.average_coef[0], mean_w, rtol=1e-6, atol=1e-7 * scale
            )


def test_objectives_and_scores():
    """Mean weighted loss at the margins before each update, and the penalty at the end."""
    X, y, weight = sparse_problem()
    opts = options(eta0=1e-12, alpha=0.5, l1_ratio=0.4)
    start = np.linspace(-1, 1, X.shape[1])
    state = sgd.State(start[None].copy(), np.array([0.3]))
    chosen, train_rows = np.arange(20), np.arange(20, 80)
    samples = sgd.make_samples(X, y[:, None], weight, labels=False)
    validations = sgd.make_validations(samples, chosen, y[:, None], weight, 1, labels=False)
    solution = train(
        X, y, opts, weight=weight, state=state, order=train_rows, validations=validations
    )
    r = y - X @ start - 0.3
    wanted = np.mean(weight[20:] * r[20:] ** 2 / 2)
    wanted += 0.5 * (0.4 * abs(start).sum() + 0.6 * start @ start / 2)
    np.testing.assert_allclose(solution.objectives, wanted, rtol=1e-9)
    centred = y[:20] - np.average(y[:20], weights=weight[:20])
    r2 = 1 - weight[:20] @ r[:20] ** 2 / (weight[:20] @ centred**2)
    np.testing.assert_allclose(solution.validation_scores, r2, rtol=1e-9)


@pytest.mark.parametrize("sparse", [False, True])
def test_threads_and_companions_change_no_bit(sparse, monkeypatch):
    """A target's result depends neither on the threads nor on the other targets."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 40)) * (rng.random((3000, 40)) < 0.3)
    Y = X @ rng.normal(size=(40, 5)) + rng.normal(size=(3000, 5))
    X = sp.csr_array(X) if sparse else X
    opts = options(
        l1_ratio=0.3, alpha=1e-3, eta0=0.003, average_from=10, max_iter=12, tol=1e-2, seed=3
    )

    def results(Y, n_threads):
        monkeypatch.setattr(sgd, "_n_threads", lambda *_: n_threads)
        solution = train(X, Y, opts)
        return solution.state.coef, solution.state.average_coef, solution.objectives

    one = results(Y, 1)
    for other in (results(Y, 2), results(Y, 4)):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)
    alone = [results(Y[:, [t]].copy(), 1)[0] for t in range(5)]
    np.testing.assert_array_equal(one[0], np.concatenate(alone))


def test_schedules():
    t = np.array([1.0, 2.0, 10.0, 500.0])
    np.testing.assert_array_equal(schedules.Schedule(0.3).rates(t), 0.3)
    for power in (0.25, 0.5, 0.8, 0.0):
        rates = schedules.InverseScaling(0.3, power).rates(t)
        np.testing.assert_allclose(rates, 0.3 / t**power, rtol=1e-15)
    # the first rate is a typical coefficient's size, and falls as 1 / (alpha t)
    alpha = 1e-3
    first = alpha**-0.25
    np.testing.assert_allclose(
        schedules.Optimal(alpha).rates(t), 1 / (1 / first + alpha * (t - 1)), rtol=1e-13
    )


def test_one_cycle_rises_and_falls():
    rates = np.array(schedules.OneCycle(0.5, 1000).rates(np.arange(1, 1001)))
    peak = rates.argmax()
    assert 290 <= peak <= 300
    assert (np.diff(rates[:peak]) > 0).all()
    assert (np.diff(rates[peak + 1 :]) < 0).all()
    np.testing.assert_allclose(rates[peak], 0.5, rtol=1e-3)
    assert rates[0] < 0.025
    np.testing.assert_allclose(rates[-1], 0.5 * 1e-4 / 25, rtol=1e-6)
    assert np.isfinite(schedules.OneCycle(0.5, 1).rates([1.0, 2.0])).all()


def test_a_failure_is_told():
    X, y, _ = sparse_problem()
    for bad in (np.nan, np.inf):
        broken = X.copy()
        broken[3, 2] = bad
        for make in (np.asarray, sp.csr_array):
            assert train(make(broken), y, options()).failed
            assert train(make(broken), y, options(loss=losses.EpsilonInsensitive(1e9))).failed
    assert train(X * 1e200, y, options()).failed
    assert not train(X, y, options()).failed
