"""Early stopping, schedules, callbacks, interrupts, and training that goes on."""

import copy
import pickle
import threading
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import ShuffleSplit

from fastreg import MLPClassifier, MLPRegressor
from fastreg._engine.schedules import SCHEDULES, Schedule

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:600] / 16, y[:600]


def weights_of(model):
    return [w.copy() for w in model.coefs_ + model.intercepts_]


def assert_same_weights(a, b):
    for v, w in zip(a, b, strict=True):
        np.testing.assert_array_equal(v, w)


# ---- early stopping --------------------------------------------------------


def test_the_best_epoch_comes_back(digits):
    X, y = digits
    kept = {}

    def keep(model, epoch):
        kept[epoch.number] = weights_of(model)

    model = MLPClassifier(
        (30,),
        batch_norm=True,
        dropout=0.3,
        early_stopping=True,
        learning_rate_init=0.05,
        patience=3,
        max_iter=60,
        random_state=0,
        callbacks=[keep],
    ).fit(X, y)
    scores = model.validation_scores_
    assert model.stop_reason_ == "patience"
    assert model.best_epoch_ == 1 + int(np.argmax(scores))
    assert model.best_epoch_ < model.n_iter_
    assert model.best_validation_score_ == max(scores)
    assert_same_weights(weights_of(model), kept[model.best_epoch_])
    assert len(model.loss_curve_) == len(model.validation_loss_curve_) == model.n_iter_


@pytest.mark.parametrize("scoring", [None, "loss", "neg_log_loss", "f1_macro"])
def test_scoring(digits, scoring):
    X, y = digits
    data = (X[500:], y[500:])
    model = MLPClassifier(
        (20,),
        early_stopping=True,
        validation_data=data,
        scoring=scoring,
        max_iter=8,
        random_state=0,
    ).fit(X[:500], y[:500])
    best = model.best_epoch_ - 1
    loss = log_loss(data[1], model.predict_proba(data[0]), labels=model.classes_)
    assert model.validation_loss_curve_[best] == pytest.approx(loss)
    expected = {None: model.score(*data), "loss": -loss, "neg_log_loss": -loss}
    if scoring in expected:
        assert model.best_validation_score_ == pytest.approx(expected[scoring])
    assert model.t_ == 500 * 8


def test_validation_data_of_all_kinds(digits):
    X, y = digits
    splitter = ShuffleSplit(1, test_size=100, random_state=4)
    train, test = next(splitter.split(X, y))
    options = {"early_stopping": True, "max_iter": 4, "random_state": 0, "shuffle": False}
    a = MLPClassifier((9,), validation_data=splitter, **options).fit(X, y)
    b = MLPClassifier((9,), validation_data=(X[test], y[test]), **options).fit(X[train], y[train])
    assert a.validation_scores_ == b.validation_scores_
    assert_same_weights(a.coefs_, b.coefs_)
    weights = np.random.default_rng(0).uniform(0, 1, 100)
    c = MLPClassifier((9,), validation_data=(X[test], y[test], weights), **options)
    c.fit(X[train], y[train])
    assert c.best_validation_score_ == pytest.approx(c.score(X[test], y[test], weights))


def test_curves_without_stopping(digits):
    X, y = digits
    model = MLPClassifier((9,), validation_data=(X[500:], y[500:]), max_iter=5, random_state=0)
    model.fit(X[:500], y[:500])
    plain = clone(model).set_params(validation_data=None).fit(X[:500], y[:500])
    assert_same_weights(model.coefs_, plain.coefs_)
    assert len(model.validation_loss_curve_) == 5
    assert plain.validation_loss_curve_ is None
    assert model.best_validation_score_ is None


def test_min_delta_and_patience_are_tol_and_n_iter_no_change(digits):
    X, y = digits
    a = MLPClassifier((9,), tol=0.05, n_iter_no_change=2, random_state=0).fit(X, y)
    b = MLPClassifier((9,), min_delta=0.05, patience=2, random_state=0).fit(X, y)
    assert a.n_iter_ == b.n_iter_ < 200
    assert_same_weights(a.coefs_, b.coefs_)


def test_early_stopping_with_partial_fit(digits):
    X, y = digits
    model = MLPClassifier(
        (20,),
        early_stopping=True,
        validation_data=(X[500:], y[500:]),
        patience=2,
        learning_rate_init=0.05,
        random_state=0,
    )
    for _ in range(99):
        model.partial_fit(X[:500], y[:500], classes=np.arange(10))
        if model.stop_reason_ == "patience":
            break
    calls = len(model.loss_curve_)
    assert 3 < calls < 99
    assert model.score(X[500:], y[500:]) == max(model.validation_scores_)
    assert len(model.validation_scores_) == calls
    assert model.best_epoch_ == 1 + int(np.argmax(model.validation_scores_))
    # further epochs start from the best weights, and are kept where they are better
    for _ in range(3):
        model.partial_fit(X[:500], y[:500])
        assert model.score(X[500:], y[500:]) == max(model.validation_scores_)
    for data in (None, ShuffleSplit(1)):
        other = MLPClassifier(early_stopping=True, validation_data=data)
        with pytest.raises(ValueError, match="partial_fit does not support early_stopping=True"):
            other.partial_fit(X, y, classes=np.arange(10))


@pytest.mark.parametrize(
    ("data", "kind", "message"),
    [
        ((1,), ValueError, "validation_data has 1 parts"),
        ("rows", TypeError, "validation_data must be"),
        ((np.ones((4, 3)), np.ones(4)), ValueError, "features"),
    ],
)
def test_bad_validation_data(digits, data, kind, message):
    model = MLPClassifier(validation_data=data, max_iter=2)
    with pytest.raises(kind, match=message):
        model.fit(*digits)
    assert vars(model) == model.get_params()


# ---- schedules -------------------------------------------------------------


def schedule(name, **options):
    defaults = {"power_t": 0.5, "max_epochs": 10, "warmup": 0, "patience": 2}
    return Schedule(name, 0.1, **(defaults | options))


def test_shapes_of_schedules():
    whole = np.concatenate([schedule("cosine").rates(e, 7) for e in range(10)])
    np.testing.assert_allclose(whole, 0.05 * (1 + np.cos(np.pi * np.arange(70) / 70)))
    cycle = np.concatenate([schedule("one_cycle").rates(e, 10) for e in range(10)])
    assert cycle.argmax() == 30
    assert cycle[0] == pytest.approx(0.1 / 25)
    assert cycle.max() == pytest.approx(0.1)
    assert cycle[-1] < 1e-3
    assert (np.diff(cycle[:30]) > 0).all()
    assert (np.diff(cycle[31:]) < 0).all()
    np.testing.assert_allclose(schedule("constant").rates(3, 4), 0.1)
    np.testing.assert_allclose(
        schedule("constant", warmup=2).rates(0, 4), 0.1 * np.arange(1, 5) / 8
    )
    np.testing.assert_allclose(schedule("constant", warmup=2).rates(2, 4), 0.1)


def test_schedules_that_listen():
    plateau = schedule("plateau")
    for improved in (True, False, True, False, False, False):
        plateau.epoch_ends(1, improved)
    assert plateau.level == 0.05
    adaptive = schedule("adaptive")
    assert adaptive.goes_on()
    assert adaptive.level == pytest.approx(0.02)
    while adaptive.goes_on():
        pass
    assert adaptive.level <= 1e-6
    invscaling = schedule("invscaling")
    invscaling.epoch_ends(99, True)
    assert invscaling.level == pytest.approx(0.01)


@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw", "rmsprop"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_everything_trains(digits, solver, name):
    X, y = digits
    rates = []
    model = MLPClassifier(
        (20,),
        solver=solver,
        learning_rate=name,
        learning_rate_init=0.1 if solver == "sgd" else 0.01,
        power_t=0.1,
        warmup=0.5,
        batch_size=50,
        max_iter=15,
        random_state=0,
        callbacks=[lambda _, epoch: rates.append(epoch.learning_rate)],
    ).fit(X, y)
    assert model.score(X, y) > 0.9
    assert len(rates) == model.n_iter_
    assert model.loss_curve_[-1] < model.loss_curve_[0]


@pytest.mark.parametrize(
    "activation", ["leaky_relu", "elu", "selu", "gelu", "silu", ("relu", "tanh")]
)
def test_activations_train(digits, activation):
    X, y = digits
    model = MLPClassifier(
        (20, 10), activation=activation, learning_rate_init=0.01, max_iter=25, random_state=0
    ).fit(X, y)
    assert model.score(X, y) > 0.95


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "quantile"])
def test_losses_of_regression(loss):
    """A network without features is a location: mean, median, quantile."""
    y = np.random.default_rng(0).exponential(size=301)
    X = np.zeros((301, 1))
    model = MLPRegressor(
        loss,
        hidden_layer_sizes=(),
        alpha=0,
        quantile=0.8,
        delta=1e-3,
        batch_size=301,
        learning_rate_init=0.02,
        learning_rate="cosine",
        max_iter=800,
        tol=0,
        n_iter_no_change=800,
        random_state=0,
    ).fit(X, y)
    expected = {"squared_error": y.mean(), "quantile": np.quantile(y, 0.8)}
    assert model.predict(X[:1])[0] == pytest.approx(expected.get(loss, np.median(y)), abs=0.02)


def test_one_class(digits):
    X, _ = digits
    model = MLPClassifier((3,), max_iter=2).fit(X, np.full(len(X), "a"))
    assert (model.predict(X) == "a").all()
    np.testing.assert_array_equal(model.predict_proba(X), np.ones((len(X), 1)))


def test_the_right_head(digits):
    X, y = digits
    model = MLPClassifier((20,), max_iter=30, learning_rate_init=0.01, random_state=0)
    for dtype in (int, float, str):
        model.fit(X, y.astype(dtype))
        assert (model.out_activation_, model.n_outputs_) == ("softmax", 10)
        assert model.score(X, y.astype(dtype)) > 0.95
    model.fit(X, y > 4)
    assert (model.out_activation_, model.n_outputs_) == ("logistic", 1)
    assert model.predict(X).dtype == bool


# ---- callbacks and ends ----------------------------------------------------


def test_callbacks_see_a_model_that_predicts(digits):
    X, y = digits
    seen = []

    def look(model, epoch):
        seen.append((epoch.number, epoch.loss, model.score(X, y), len(model.loss_curve_)))
        return epoch.number == 3

    model = MLPClassifier((20,), batch_norm=True, callbacks=[look], random_state=0).fit(X, y)
    assert model.stop_reason_ == "callback"
    assert [s[0] for s in seen] == [s[3] for s in seen] == [1, 2, 3]
    assert [s[1] for s in seen] == model.loss_curve_
    assert seen[-1][2] == model.score(X, y)


def test_a_callback_that_answers_with_an_array(digits):
    X, y = digits
    model = MLPClassifier((5,), callbacks=[lambda model, epoch: np.ones(2)])
    with pytest.raises(ValueError, match=r"answer of a callback cannot be used.*Return True"):
        model.fit(X, y)


def test_max_time(digits):
    X, y = digits
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = MLPClassifier((20,), max_time=1e-9, random_state=0).fit(X, y)
    assert model.stop_reason_ == "max_time"
    assert model.n_iter_ == 1


def test_interrupt_leaves_a_usable_model(digits, interrupt_soon):
    X, y = digits
    X, y = np.tile(X, (100, 1)), np.tile(y, 100)
    model = MLPClassifier((200,), batch_size=20, max_iter=100000, tol=0, random_state=0)
    interrupt_soon()
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(X, y)
    assert model.stop_reason_ == "interrupt"
    assert model.score(X, y) > 0.5
    assert np.isfinite(model.coefs_[0]).all()


def test_converged_and_not(digits):
    X, y = digits
    with pytest.warns(ConvergenceWarning, match="Maximum iterations"):
        assert MLPClassifier((5,), max_iter=2).fit(X, y).stop_reason_ == "max_epochs"


@pytest.mark.parametrize("verbose", [1, 2])
def test_verbose(digits, verbose, capsys):
    MLPClassifier((5,), max_iter=2, verbose=verbose, early_stopping=True).fit(*digits)
    captured = capsys.readouterr()
    if verbose == 2:
        assert "Iteration 2, loss = " in captured.out
        assert "Validation score: " in captured.out
    else:
        assert "MLPClassifier" in captured.out + captured.err


# ---- training that goes on -------------------------------------------------


def test_partial_fit_is_fit(digits):
    X, y = digits
    options = {"batch_norm": True, "dropout": 0.2, "l1": 0.01, "learning_rate": "cosine"}
    whole = MLPClassifier((9,), random_state=np.random.RandomState(3), max_iter=4, **options)
    whole.fit(X, y)
    parts = MLPClassifier((9,), random_state=np.random.RandomState(3), max_iter=4, **options)
    parts.partial_fit(X, y, classes=np.arange(10))
    # masks have a new key in each call, so only the first epoch is the same
    assert parts.loss_curve_[0] == whole.loss_curve_[0]
    for _ in range(3):
        parts.partial_fit(X, y)
    assert parts.t_ == whole.t_
    assert parts.n_iter_ == 1
    assert parts.loss_curve_[-1] == pytest.approx(whole.loss_curve_[-1], rel=0.1)


def test_pickle_goes_on(digits):
    X, y = digits
    model = MLPClassifier((9,), batch_norm=True, random_state=0)
    model.partial_fit(X, y, classes=np.arange(10))
    other, third = pickle.loads(pickle.dumps(model)), copy.deepcopy(model)
    for m in (model, other, third):
        m.partial_fit(X, y)
    assert_same_weights(model.coefs_, other.coefs_)
    assert_same_weights(model.coefs_, third.coefs_)
    np.testing.assert_array_equal(model.predict(X), other.predict(X))


def test_edited_weights_are_where_training_goes_on(digits):
    X, y = digits
    model = MLPClassifier((9,), random_state=0, learning_rate_init=1e-300)
    model.partial_fit(X, y, classes=np.arange(10))
    model.coefs_ = [w * 0 + 0.5 for w in model.coefs_]
    model.partial_fit(X, y)
    assert all((w == 0.5).all() for w in model.coefs_)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_partial_fit_heeds_changed_parameters(digits, solver):
    X, y = digits
    model = MLPClassifier((9,), solver=solver, momentum=0, random_state=0, learning_rate="cosine")
    for _ in range(2):
        model.partial_fit(X, y, classes=np.arange(10))
    state = [v.copy() for v in model._optimisation.state]
    still = copy.deepcopy(model).set_params(learning_rate_init=1e-300).partial_fit(X, y)
    assert_same_weights(weights_of(still), weights_of(model))
    on = copy.deepcopy(model).partial_fit(X, y)
    assert still._optimisation.n_steps == on._optimisation.n_steps == 9
    assert on._optimisation.n_epochs == 3
    assert_same_weights(model._optimisation.state, state)
    other = model.set_params(solver="rmsprop").partial_fit(X, y)
    assert other._optimisation.n_steps == 3


def test_warm_start(digits):
    X, y = digits
    model = MLPClassifier((9,), warm_start=True, max_iter=3, random_state=0).fit(X, y)
    first = weights_of(model)
    model.fit(X, y)
    assert len(model.loss_curve_) == 6
    assert (first[0] != model.coefs_[0]).any()
    model.set_params(hidden_layer_sizes=(8,))
    before = weights_of(model)
    with pytest.raises(ValueError, match="set warm_start=False"):
        model.fit(X, y)
    assert_same_weights(before, weights_of(model))


def test_an_error_changes_nothing():
    X, y = load_diabetes(return_X_y=True)
    model = MLPRegressor(hidden_layer_sizes=(5,), random_state=0)
    model.partial_fit(X, y)
    before, weights = dict(vars(model)), weights_of(model)
    for rows in (X * np.inf, X[:, :3]):
        with pytest.raises(ValueError, match=r"infinity|features"):
            model.partial_fit(rows, y)
    huge = np.full_like(X, 1e300)
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="non-finite parameter"):
        model.partial_fit(huge, y)
    assert vars(model) == before
    assert_same_weights(weights_of(model), weights)


def test_fits_in_threads_agree(digits):
    X, y = digits
    alone = MLPClassifier((30,), dropout=0.2, max_iter=5, random_state=0).fit(X, y)
    models = [clone(alone) for _ in range(4)]
    workers = [threading.Thread(target=m.fit, args=(X, y)) for m in models]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    for model in models:
        assert_same_weights(model.coefs_, alone.coefs_)


# ---- the layout and type of the data ---------------------------------------


@pytest.mark.parametrize("as_rows", [np.asarray, sp.csr_array])
@pytest.mark.parametrize(("first", "second"), [("f4", "f8"), ("f8", "f4")])
def test_rows_of_another_float_type(as_rows, first, second):
    X, y = load_diabetes(return_X_y=True)
    X, y = X[:80] * 20, y[:80] / 100
    options = {"solver": "sgd", "random_state": 0, "max_iter": 4, "warm_start": True}
    held_out = (as_rows(X.astype(second)), y.astype(second))
    same = MLPRegressor(hidden_layer_sizes=(7,), **options, validation_data=held_out)
    same.fit(as_rows(X.astype(first)), y).fit(as_rows(X.astype(first)), y)
    other = MLPRegressor(hidden_layer_sizes=(7,), **options, validation_data=held_out)
    other.fit(as_rows(X.astype(first)), y).fit(as_rows(X.astype(second)), y)
    assert other.coefs_[0].dtype == np.dtype(first)
    for curve in ("loss_curve_", "validation_loss_curve_"):
        np.testing.assert_allclose(getattr(other, curve), getattr(same, curve), rtol=1e-5)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("kinds", [(np.asarray, sp.csr_array), (sp.csr_array, np.asarray)])
def test_training_goes_on_with_sparse_or_dense_rows(digits, solver, kinds):
    """Weights, what the optimiser knows and the best epoch so far are taken along."""
    X, y = digits
    X = np.where(X > 0.5, X, 0)
    options = {"hidden_layer_sizes": (13,), "solver": solver, "random_state": 0, "max_iter": 3}
    same, other = (MLPClassifier(**options, alpha=0.1, warm_start=True) for _ in range(2))
    same.fit(X, y).fit(X, y)
    for as_rows in kinds:
        other.fit(as_rows(X), y)
    for a, b in zip(weights_of(other), weights_of(same), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-8)
    np.testing.assert_allclose(other.loss_, same.loss_)


@pytest.mark.parametrize("kinds", [(np.asarray, sp.csr_array), (sp.csr_array, np.asarray)])
def test_the_best_epoch_is_restored_with_other_rows(digits, kinds):
    X, y = digits
    X = np.where(X > 0.5, X, 0)
    options = {"hidden_layer_sizes": (13,), "random_state": 0, "max_iter": 3, "warm_start": True}
    model = MLPClassifier(**options, early_stopping=True, validation_data=(X[300:], y[300:]))
    model.fit(kinds[0](X[:300]), y[:300])
    best = [w.copy() for w in model.coefs_]
    # no step: what was the best stays so, and must come back in the layout of now
    model.set_params(learning_rate_init=1e-300).fit(kinds[1](X[:300]), y[:300])
    assert_same_weights(model.coefs_, best)
    np.testing.assert_array_equal(model.predict(X), model.predict(sp.csr_array(X)))


def test_strided_parts_of_sparse_rows_and_weights():
    rng = np.random.default_rng(0)
    X = sp.random(40, 6, 0.5, "csr", random_state=0)
    y, weights = rng.standard_normal(40), rng.uniform(size=80)[::2]
    strided = X.copy()
    for name in ("data", "indices"):
        part = getattr(X, name)
        setattr(strided, name, np.repeat(part, 2)[::2])
    options = {"random_state": 0, "max_iter": 3, "early_stopping": True}
    a = MLPRegressor(hidden_layer_sizes=(5,), **options).fit(X, y, weights.copy())
    b = MLPRegressor(hidden_layer_sizes=(5,), **options).fit(strided, y, weights)
    assert_same_weights(weights_of(a), weights_of(b))


def test_batch_norm_epsilon_may_change(digits):
    X, y = digits
    model = MLPClassifier((8,), batch_norm=True, max_iter=2, random_state=0, warm_start=True)
    model.fit(X, y).set_params(batch_norm_epsilon=10.0)
    again = copy.deepcopy(model).set_params(batch_norm_epsilon=1e-5).fit(X, y)
    assert not np.allclose(model.fit(X, y).coefs_[0], again.coefs_[0])


@pytest.mark.parametrize("scale", [1e-3, 1e25])
def test_clip_norm_of_huge_gradients(scale):
    rng = np.random.default_rng(0)
    X = (rng.standard_normal((50, 3)) * scale).astype(np.float32)
    options = {"hidden_layer_sizes": (), "alpha": 0, "max_iter": 1, "solver": "sgd", "momentum": 0}
    options |= {"learning_rate_init": 0.5, "random_state": 0, "batch_size": 50, "warm_start": True}
    model = MLPRegressor("absolute_error", clip_norm=1e-5, **options)
    before = weights_of(model.fit(X, X[:, 0] > 0))
    after = weights_of(model.fit(X, X[:, 0] > 0))
    step = sum(((a - b) ** 2).sum() for a, b in zip(after, before, strict=True)) ** 0.5
    assert step == pytest.approx(0.5e-5, rel=2e-2)


@pytest.mark.parametrize("activation", ["relu", "gelu", "silu", "tanh", "elu"])
def test_rows_whose_squares_overflow(activation):
    rng = np.random.default_rng(0)
    X = (rng.standard_normal((50, 3)) * 1e30).astype(np.float32)
    options = {"hidden_layer_sizes": (5,), "alpha": 0, "max_iter": 3, "solver": "sgd"}
    model = MLPRegressor(
        "absolute_error", activation=activation, clip_norm=1.0, random_state=0, **options
    )
    assert np.isfinite(model.fit(X, X[:, 0] > 0).predict(X)).all()


@pytest.mark.parametrize("n_models", [1, 2])
def test_another_scoring_begins_anew(digits, n_models):
    X, y = digits
    model = MLPClassifier(
        (9,),
        n_models=n_models,
        early_stopping=True,
        validation_data=(X, y),
        warm_start=True,
        max_iter=12,
        random_state=0,
    ).fit(X, y)
    accuracy = model.score(X, y)
    model.set_params(scoring="loss").fit(X, y)
    singles = model.estimators_ if n_models > 1 else [model]
    for single in singles:
        assert single.n_iter_ == 12
        assert single.best_validation_score_ == -min(single.validation_loss_curve_[12:])
    assert model.score(X, y) > accuracy
