"""Dropout, batch norm, L1, weight decay, norms, smoothing and noise do what they say."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.datasets import load_digits, make_regression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import compute_sample_weight

from fastreg import MLPClassifier, MLPRegressor
from fastreg._engine.perceptron import Data, Perceptron, Regularisation, Shape, build_network
from fastreg._engine.training import batch_starts

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:400] / 16, y[:400]


def outputs_in_training(X, dropout=(0.0,), norm=False, number=0, noise=0.0, key=5):
    """Slopes of (z - 0)^2 / 2, which are the outputs of a linear network, row by row."""
    n, p = X.shape
    shape = Shape((p, p), (), "identity", ())
    model = Perceptron(shape, X.dtype)
    model.set_coef(0, np.eye(p))
    options = Regularisation(np.zeros(1), np.zeros(1), dropout, input_noise=noise)
    data = Data(np.ones((n, p), X.dtype) * X, np.zeros((n, p), X.dtype), None, "squared")
    network, gradient = build_network(model, data, options, key=key, n_rows=1, n_threads=1)
    starts, rows = np.array([0, 1]), []
    for i in range(n):
        network.differentiate(np.array([i]), starts, 1.0, number + i)
        rows.append(Perceptron(shape, X.dtype, gradient).vectors("intercept")[0].copy())
    return np.array(rows)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_rate_and_mean(rate, dtype):
    out = outputs_in_training(np.ones((400, 37), dtype), dropout=(rate,))
    share, error = (out == 0).mean(), np.sqrt(rate * (1 - rate) / out.size)
    assert abs(share - rate) < 5 * error
    np.testing.assert_allclose(out[out != 0], 1 / (1 - rate), rtol=1e-4)
    assert abs(out.mean() - 1) < 5 * error / (1 - rate)
    # units and rows are silent independently of each other
    silent = (out == 0) - rate
    for other in (silent[:, 1:] * silent[:, :-1], silent[1:] * silent[:-1]):
        assert abs(other.mean()) < 5 * rate * (1 - rate) / np.sqrt(other.size)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_dropout_keeps_does_not_depend_on_the_values(dtype):
    # relu's zeros pass their slopes on: what was dropped is known by more than its value
    p = 37
    rng = np.random.default_rng(0)
    X = rng.standard_normal((1, p)).astype(dtype)
    X[0, ::3], X[0, 1::3] = 0.0, -0.0
    shape = Shape((p, p, 1), ("identity",), "identity", (False,))
    gradients = []
    for rows in (X, np.ones_like(X)):
        model = Perceptron(shape, np.dtype(dtype))
        model.set_coef(0, np.eye(p))
        model.set_coef(1, np.ones((p, 1)))
        options = replace(Regularisation.none(2), dropout=(0.0, 0.5))
        data = Data(rows, np.full((1, 1), 100.0, dtype), None, "absolute")
        network, gradient = build_network(model, data, options, n_rows=1, n_threads=1)
        network.differentiate(np.array([0]), np.array([0, 1]), 1.0)
        gradients.append(Perceptron(shape, np.dtype(dtype), gradient).vectors("intercept")[0])
    kept = gradients[1] != 0
    assert 0.2 < kept.mean() < 0.8
    np.testing.assert_array_equal(gradients[0], gradients[1])


def test_masks_depend_on_the_batch_and_the_key():
    X = np.ones((3, 40))
    first = outputs_in_training(X, (0.5,))
    np.testing.assert_array_equal(first, outputs_in_training(X, (0.5,)))
    assert (first != outputs_in_training(X, (0.5,), number=100)).any()
    assert (first != outputs_in_training(X, (0.5,), key=6)).any()


def test_noise_is_normal():
    out = outputs_in_training(np.zeros((500, 21)), noise=2.0)
    assert abs(out.mean()) < 5 * 2 / np.sqrt(out.size)
    assert abs(out.std() - 2) < 0.1
    assert abs((np.abs(out) < 2).mean() - 0.6827) < 0.03


def test_dropout_is_off_when_predicting(digits):
    X, y = digits
    model = MLPClassifier((20,), dropout=[0.2, 0.5], random_state=0, max_iter=20).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), model.predict_proba(X))
    hidden = np.maximum(X @ model.coefs_[0] + model.intercepts_[0], 0)
    z = hidden @ model.coefs_[1] + model.intercepts_[1]
    p = np.exp(z - z.max(axis=1, keepdims=True))
    np.testing.assert_allclose(model.predict_proba(X), p / p.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_batch_norm_predicts_with_running_statistics(digits, dtype):
    X, y = digits
    X = X.astype(dtype)
    model = MLPClassifier(
        (20, 10), batch_norm=[True, False], batch_norm_epsilon=1e-3, random_state=0, max_iter=5
    ).fit(X, y)
    state = model._model
    scale, shift = state.vectors("scale")[0], state.vectors("shift")[0]
    mean, variance = state.statistics[0]
    W, b = state.coef(0), state.vectors("intercept")[0]
    normal = (X @ W + b - mean) / np.sqrt(variance + 1e-3)
    hidden = np.maximum(normal * scale + shift, 0)
    hidden = np.maximum(hidden @ model.coefs_[1] + model.intercepts_[1], 0)
    z = hidden @ model.coefs_[2] + model.intercepts_[2]
    expected = z.argmax(axis=1)
    np.testing.assert_array_equal(model.predict(X), expected)
    assert all(w.dtype == dtype for w in model.coefs_ + model.intercepts_)
    assert list(state.statistics) == [0]


def test_running_statistics_are_means_of_the_first_batches(digits):
    X, y = digits
    model = MLPClassifier(
        (6,),
        batch_norm=True,
        shuffle=False,
        batch_size=100,
        learning_rate_init=1e-300,
        random_state=0,
        max_iter=1,
    ).fit(X, y)
    W, b = model._model.coef(0), model._model.vectors("intercept")[0]
    parts = np.split(X @ W + b, 4)
    mean, variance = model._model.statistics[0]
    np.testing.assert_allclose(mean, np.mean([z.mean(axis=0) for z in parts], axis=0))
    np.testing.assert_allclose(variance, np.mean([z.var(axis=0, ddof=1) for z in parts], axis=0))


def test_a_last_batch_of_few_rows_joins_its_neighbour():
    np.testing.assert_array_equal(batch_starts(21, 10, True), [0, 10, 21])
    np.testing.assert_array_equal(batch_starts(21, 10, False), [0, 10, 20, 21])
    np.testing.assert_array_equal(batch_starts(24, 10, True), [0, 10, 24])
    np.testing.assert_array_equal(batch_starts(25, 10, True), [0, 10, 20, 25])
    np.testing.assert_array_equal(batch_starts(5, 2, True), [0, 2, 5])
    np.testing.assert_array_equal(batch_starts(1, 1, True), [0, 1])


def test_a_smaller_batch_counts_for_less_in_the_running_statistics(digits):
    X, y = digits[0][:27], digits[1][:27]
    options = {"batch_norm": True, "shuffle": False, "learning_rate_init": 1e-300}
    options |= {"random_state": 0, "max_iter": 1}
    # two batches of 10 rows and one of 7: means over all rows
    model = MLPClassifier((6,), batch_size=10, **options).fit(X, y)
    W, b = model._model.coef(0), model._model.vectors("intercept")[0]
    np.testing.assert_allclose(model._model.statistics[0][0], (X @ W + b).mean(axis=0))
    # 3 rows after batches of 8 join the last of these
    model = MLPClassifier((6,), batch_size=8, **options).fit(X, y)
    assert model._optimisation.n_steps == 3


@pytest.mark.parametrize("solver", ["adam", "sgd", "rmsprop"])
def test_l1_makes_zeros(digits, solver):
    X, y = digits
    options = {"solver": solver, "random_state": 0, "max_iter": 40, "alpha": 0}
    options["learning_rate_init"] = 0.1 if solver == "sgd" else 0.003
    plain = MLPClassifier((20,), **options).fit(X, y)
    sparse = MLPClassifier((20,), l1=[0.5, 0], **options).fit(X, y)
    assert (plain.coefs_[0] == 0).sum() == 0
    assert (sparse.coefs_[0] == 0).mean() > 0.3
    assert (sparse.coefs_[1] == 0).sum() == 0
    assert all((b != 0).all() for b in sparse.intercepts_)
    assert sparse.score(X, y) > 0.9


@pytest.mark.parametrize("solver", ["adam", "sgd", "rmsprop"])
def test_l1_ends_at_the_lasso(solver):
    """Without a hidden layer the problem is convex: its solution is the lasso's."""
    from fastreg import Lasso

    X, y = make_regression(100, 8, n_informative=3, noise=5, random_state=0)
    X, y = StandardScaler().fit_transform(X), (y - y.mean()) / y.std()
    lasso = Lasso(0.1, tol=1e-12).fit(X, y)
    model = MLPRegressor(
        hidden_layer_sizes=(),
        solver=solver,
        alpha=0,
        l1=0.1 * len(X),
        batch_size=len(X),
        max_iter=3000,
        tol=0,
        n_iter_no_change=3000,
        learning_rate="cosine",
        learning_rate_init=0.05,
        random_state=0,
    ).fit(X, y)
    np.testing.assert_allclose(model.coefs_[0].ravel(), lasso.coef_, atol=2e-3)
    np.testing.assert_array_equal(model.coefs_[0].ravel() == 0, lasso.coef_ == 0)


def test_alpha_of_each_layer(digits):
    X, y = digits
    norms = []
    for alpha in ([0, 0], [50, 0], [0, 50]):
        model = MLPClassifier(
            (20,), alpha=alpha, random_state=0, max_iter=30, learning_rate_init=0.01
        ).fit(X, y)
        norms.append([np.linalg.norm(w) for w in model.coefs_])
    assert norms[1][0] < norms[0][0] / 2
    assert norms[2][1] < norms[0][1] / 2
    assert norms[2][0] > norms[1][0]


@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw", "rmsprop"])
def test_weight_decay_is_beside_the_gradient(solver):
    # targets that the network meets: the gradient is zero, only the decay acts
    X = np.zeros((10, 3))
    model = MLPRegressor(
        hidden_layer_sizes=(4,),
        solver=solver,
        weight_decay=None if solver == "adamw" else 0.01,
        alpha=0,
        learning_rate_init=0.1,
        max_iter=5,
        random_state=0,
        initialization="he_normal",
    ).fit(X, np.zeros(10))
    start = clone(model).set_params(max_iter=1, learning_rate_init=1e-300).fit(X, np.zeros(10))
    for after, before in zip(model.coefs_, start.coefs_, strict=True):
        np.testing.assert_allclose(after, before * (1 - 0.1 * 0.01) ** 5, rtol=1e-10)


def test_max_norm(digits):
    X, y = digits
    free = MLPClassifier((20,), random_state=0, max_iter=20).fit(X, y)
    assert np.linalg.norm(free.coefs_[0], axis=0).max() > 0.7
    model = MLPClassifier((20,), max_norm=0.7, random_state=0, max_iter=20).fit(X, y)
    for w in model.coefs_:
        assert np.linalg.norm(w, axis=0).max() <= 0.7 * (1 + 1e-12)


def test_clip_norm(digits):
    X, y = digits
    options = {"solver": "sgd", "momentum": 0, "batch_size": 400, "max_iter": 1}
    options |= {"learning_rate_init": 1.0, "random_state": 0}
    start = MLPClassifier((20,), **{**options, "learning_rate_init": 1e-300}).fit(X, y)

    def step(**more):
        model = MLPClassifier((20,), **options, **more).fit(X, y)
        after, before = (m.coefs_ + m.intercepts_ for m in (model, start))
        return np.concatenate([(a - b).ravel() for a, b in zip(after, before, strict=True)])

    free, clipped = step(), step(clip_norm=0.01)
    assert np.linalg.norm(clipped) == pytest.approx(0.01)
    np.testing.assert_allclose(clipped / 0.01, free / np.linalg.norm(free), atol=1e-10)
    np.testing.assert_allclose(step(clip_norm=1e6), free, atol=1e-15)


@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw", "rmsprop"])
@pytest.mark.parametrize(("dtype", "size"), [(np.float32, 1e25), (np.float64, 1e300)])
def test_clipped_steps_do_not_depend_on_the_size_of_gradients(solver, dtype, size):
    """Also where their squares are no numbers any more."""
    rng = np.random.default_rng(1)
    X, sign = rng.standard_normal((40, 3)), rng.choice([-1, 1], 40)

    def steps(size):
        model = MLPRegressor(
            hidden_layer_sizes=(),
            solver=solver,
            clip_norm=1.0,
            max_iter=3,
            batch_size=10,
            random_state=0,
            shuffle=False,
            learning_rate_init=0.01,
        )
        # slopes are next to -y X in both
        return model.fit(X.astype(dtype), (sign * size).astype(dtype)).coefs_[0]

    np.testing.assert_allclose(steps(size), steps(1e10), rtol=1e-3)


def test_label_smoothing_bounds_confidence(digits):
    X, y = digits
    for classes in (10, 2):
        rows = y < classes
        sure, unsure = (
            MLPClassifier(
                (30,),
                label_smoothing=s,
                max_iter=100,
                tol=0,
                learning_rate_init=0.01,
                random_state=0,
            )
            .fit(X[rows], y[rows])
            .predict_proba(X[rows])
            .max(axis=1)
            .mean()
            for s in (0, 0.2)
        )
        assert sure > 0.95
        assert unsure == pytest.approx(1 - 0.2 + 0.2 / classes, abs=0.05)


def test_class_weight(digits):
    X, y = digits[0], (digits[1] == 3).astype(int)
    by_hand = np.where(y == 1, 5.0, 1.0)
    a = MLPClassifier((8,), class_weight={1: 5.0}, random_state=0, max_iter=5).fit(X, y)
    b = MLPClassifier((8,), random_state=0, max_iter=5).fit(X, y, by_hand)
    np.testing.assert_array_equal(a.coefs_[0], b.coefs_[0])
    balanced = MLPClassifier((8,), class_weight="balanced", random_state=0, max_iter=5).fit(X, y)
    assert balanced.predict_proba(X)[:, 1].mean() > b.predict_proba(X)[:, 1].mean()
    with pytest.raises(ValueError, match="class_weight='balanced' needs all rows"):
        MLPClassifier(class_weight="balanced").partial_fit(X, y, classes=[0, 1])


def test_class_weight_of_each_kind_of_y(digits):
    X, y = digits
    labels = np.array(["zero", "one", "two"])[y % 3]
    indicator = np.c_[y < 3, y > 5].astype(int)
    for target, class_weight, weights in (
        (labels, {"one": 3.0}, np.where(labels == "one", 3.0, 1.0)),
        (labels, {"zero": 1, "one": 3, "two": 1, "four": 9}, np.where(labels == "one", 3.0, 1.0)),
        (indicator, [{1: 5.0}, {0: 0.5}], np.where(y < 3, 5.0, 1.0) * np.where(y > 5, 1, 0.5)),
        (indicator, "balanced", compute_sample_weight("balanced", indicator)),
        (sp.csr_array(indicator), [{1: 5.0}, {1: 1.0}], np.where(y < 3, 5.0, 1.0)),
    ):
        model = MLPClassifier((5,), class_weight=class_weight, random_state=0, max_iter=2)
        weighted = clone(model).set_params(class_weight=None).fit(X, target, sample_weight=weights)
        np.testing.assert_array_equal(model.fit(X, target).coefs_[0], weighted.coefs_[0])


def test_class_weight_of_rows_that_lack_a_class(digits):
    """A rare class may be missing from some of the rows that partial_fit gets."""
    X, y = digits
    indicator = np.c_[y == 0, y > 5].astype(int)
    for target, class_weight, classes in (
        (y, {9: 5.0}, np.arange(10)),
        (indicator, [{1: 5.0}, {1: 2.0}], [0, 1]),
    ):
        for rows in (y < 5, y == 0):
            model = MLPClassifier((5,), class_weight=class_weight, random_state=0)
            model.partial_fit(X, target, classes=classes).partial_fit(X[rows], target[rows])
            assert model.t_ == len(X) + rows.sum()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threads_change_no_bit(digits, dtype, monkeypatch):
    X, y = digits
    X = X.astype(dtype)
    options = {"dropout": [0.1, 0.3, 0.3], "batch_norm": True, "l1": 0.01, "clip_norm": 1}
    options |= {"max_norm": 2, "random_state": 0, "max_iter": 3, "batch_size": 64}
    models = []
    for n_threads in (1, 2, 3):
        monkeypatch.setattr("fastreg._engine.training.n_threads", lambda *_, n=n_threads: n)
        models.append(MLPClassifier((33, 20), **options).fit(X, y))
    for model in models[1:]:
        for a, b in zip(
            model.coefs_ + model.intercepts_, models[0].coefs_ + models[0].intercepts_, strict=True
        ):
            np.testing.assert_array_equal(a, b)
        assert model.loss_curve_ == models[0].loss_curve_


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("width", [64, 96, 100])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"clip_norm": 1, "max_norm": 1, "weight_decay": 0.1},
        {"batch_norm": True, "dropout": [0, 0.3, 0.3]},
        {"activation": "identity"},
        {"dropout": 0.2, "activation": "identity"},
        {"activation": "gelu", "alpha": [0.1, 0.2, 0.3]},
    ],
)
def test_threads_that_share_a_large_first_layer_change_no_bit(dtype, width, options, monkeypatch):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((100, 301)).astype(dtype), rng.integers(0, 3, 100)
    options = {"l1": 0.01, "random_state": 0, "max_iter": 3, "batch_size": 32} | options
    models = []
    for n_threads in (1, 2, 3, 4):
        monkeypatch.setattr("fastreg._engine.training.n_threads", lambda *_, n=n_threads: n)
        models.append(MLPClassifier((width, 20), **options).fit(X, y))
    for model in models[1:]:
        for a, b in zip(
            model.coefs_ + model.intercepts_, models[0].coefs_ + models[0].intercepts_, strict=True
        ):
            np.testing.assert_array_equal(a, b)
        assert model.loss_curve_ == models[0].loss_curve_


def test_sparse_is_dense(digits):
    X, y = digits
    X = np.where(X > 0.5, X, 0)
    options = {"random_state": 0, "max_iter": 5, "batch_norm": True, "dropout": 0.2, "l1": 0.01}
    dense = MLPClassifier((12,), **options).fit(X, y)
    for kind in (sp.csr_array, sp.csc_matrix):
        sparse = MLPClassifier((12,), **options).fit(kind(X), y)
        for a, b in zip(sparse.coefs_, dense.coefs_, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-8)
        np.testing.assert_allclose(sparse.predict_proba(kind(X)), dense.predict_proba(X))
    for name in ("dropout", "input_noise"):
        value = [0.1, 0] if name == "dropout" else 0.1
        with pytest.raises(ValueError, match="needs dense X"):
            MLPClassifier((12,), **{name: value}).fit(sp.csr_array(X), y)


def test_layouts_and_dtypes_agree(digits):
    X, y = digits
    base = MLPClassifier((12,), random_state=0, max_iter=3).fit(X, y)
    wide = np.zeros((len(X), 2 * X.shape[1]))
    wide[:, ::2] = X
    for other in (np.asfortranarray(X), wide[:, ::2], np.ascontiguousarray(X[::-1])[::-1]):
        model = clone(base).fit(other, y)
        np.testing.assert_array_equal(model.coefs_[0], base.coefs_[0])
    single = clone(base).fit(X.astype(np.float32), y)
    assert single.coefs_[0].dtype == np.float32
    assert single.predict_proba(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(single.coefs_[0], base.coefs_[0], atol=1e-4)
    lbfgs = MLPClassifier((12,), solver="lbfgs", max_iter=5, random_state=0)
    assert lbfgs.fit(X.astype(np.float32), y).coefs_[0].dtype == np.float32


@pytest.mark.parametrize("dtype", [np.longdouble, np.float16, np.int64, ">f8", object])
def test_predictions_of_any_real_dtype(digits, dtype):
    X, y = (digits[0] * 16).round(), digits[1]
    model = MLPClassifier((7,), activation="tanh", random_state=0, max_iter=3).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X.astype(dtype)), model.predict_proba(X))


def test_targets_of_any_layout(digits):
    """What is not contiguous, not writable or not in the machine's order."""
    X, y = digits[0], digits[0] @ np.linspace(-1, 1, 64)
    columns = np.c_[X, y]
    frozen = y.copy()
    frozen.flags.writeable = False
    model = MLPRegressor(hidden_layer_sizes=(5,), random_state=0, max_iter=2)
    wanted = model.fit(X, y).coefs_[0]
    for target in (columns[:, -1], y[::-1].copy()[::-1], frozen, y.astype(">f8"), y.tolist()):
        np.testing.assert_array_equal(model.fit(X, target).coefs_[0], wanted)
    single = model.fit(X, y.astype(np.float32)).coefs_[0]
    np.testing.assert_allclose(single, wanted, atol=1e-5)


def test_grid_search_in_a_pipeline(digits):
    X, y = digits
    pipeline = make_pipeline(
        StandardScaler(),
        MLPClassifier((10,), max_iter=20, random_state=0, batch_norm=True, learning_rate_init=0.02),
    )
    grid = {"mlpclassifier__dropout": [0, 0.3], "mlpclassifier__alpha": [1e-4, 1]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, y)
    assert search.best_score_ > 0.5
    assert set(search.best_params_) == set(grid)
