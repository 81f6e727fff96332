"""Several models side by side: each is what it would be alone, and they are averaged."""

import copy
import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import ShuffleSplit
from sklearn.preprocessing import scale
from threadpoolctl import threadpool_limits

from fastreg import LearningCurvesDisplay, MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

LOUD = {"dropout": 0.2, "batch_norm": True, "l1": 1e-3, "clip_norm": 1.0, "input_noise": 0.1}


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:500] / 16, y[:500]


@pytest.fixture(scope="module")
def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return scale(X), scale(y)


def assert_same_model(a, b):
    for v, w in zip(a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_, strict=True):
        np.testing.assert_array_equal(v, w)
    for name in ("loss_curve_", "n_iter_", "stop_reason_", "validation_scores_", "t_"):
        assert getattr(a, name, None) == getattr(b, name, None)


def alone(model, k):
    return clone(model).set_params(n_models=1, bootstrap=False, random_state=int(model.seeds_[k]))


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_each_model_is_what_its_seed_alone_gives(digits, solver, dtype):
    X, y = digits[0].astype(dtype), digits[1]
    options = {} if solver == "lbfgs" else LOUD
    model = MLPClassifier(
        (12, 7), solver=solver, n_models=5, max_iter=6, random_state=3, **options
    ).fit(X, y)
    assert len(model.estimators_) == len(set(model.seeds_)) == 5
    for k in (0, 4):
        assert_same_model(model.estimators_[k], alone(model, k).fit(X, y))
        assert model.estimators_[k].random_state == model.seeds_[k]
    mean = np.mean([single.predict_proba(X) for single in model.estimators_], axis=0)
    np.testing.assert_allclose(model.predict_proba(X), mean, rtol=1e-5 if dtype == "f4" else 1e-14)
    np.testing.assert_array_equal(model.predict(X), mean.argmax(axis=1))
    assert not hasattr(model, "coefs_")
    assert model.loss_ == pytest.approx(np.mean([m.loss_ for m in model.estimators_]))


def test_early_stopping_by_model(digits):
    X, y = digits
    split = ShuffleSplit(1, test_size=100, random_state=0)
    train, test = next(split.split(X))
    model = MLPClassifier(
        (20,), n_models=4, early_stopping=True, patience=2, learning_rate_init=0.03, random_state=1
    )
    for data in (split, (X[test], y[test])):
        rows = (X, y) if data is split else (X[train], y[train])
        model.set_params(validation_data=data).fit(*rows)
        lengths = [single.n_iter_ for single in model.estimators_]
        assert len(set(lengths)) > 1
        assert model.n_iter_ == max(lengths) == len(model.loss_curve_)
        single = alone(model, 2).set_params(validation_data=(X[test], y[test]))
        if data is not split:  # otherwise rows are shuffled in another order
            assert_same_model(model.estimators_[2], single.fit(X[train], y[train]))
    assert model.stop_reason_ == "patience"
    assert model.best_validation_score_ == model.score(X[test], y[test])
    scores = [m.validation_scores_ for m in model.estimators_]
    assert model.validation_scores_[0] == pytest.approx(np.mean([s[0] for s in scores]))
    longest = int(np.argmax(lengths))
    if lengths.count(max(lengths)) == 1:
        assert model.loss_curve_[-1] == model.estimators_[longest].loss_curve_[-1]


@pytest.mark.parametrize("scoring", ["loss", "neg_log_loss", None])
def test_the_score_of_the_average(digits, scoring):
    X, y = digits
    rows = (X[400:], y[400:], np.linspace(0, 1, 100))
    model = MLPClassifier(
        (9,),
        n_models=3,
        early_stopping=True,
        validation_data=rows,
        scoring=scoring,
        max_iter=5,
        random_state=0,
    ).fit(X[:400], y[:400])
    probabilities = model.predict_proba(rows[0])
    expected = -log_loss(rows[1], probabilities, sample_weight=rows[2], labels=np.arange(10))
    if scoring is None:
        expected = accuracy_score(rows[1], probabilities.argmax(axis=1), sample_weight=rows[2])
    assert model.best_validation_score_ == pytest.approx(expected)
    assert max(m.best_validation_score_ for m in model.estimators_) != pytest.approx(expected)


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_regression(diabetes, loss):
    X, y = diabetes
    y = np.exp(y) if loss == "poisson" else np.stack([y, -y], axis=1)
    model = MLPRegressor(loss, (8,), n_models=3, early_stopping=True, scoring="loss", max_iter=4)
    model.fit(X, y)
    mean = np.mean([m.predict(X) for m in model.estimators_], axis=0)
    np.testing.assert_allclose(model.predict(X), mean, rtol=1e-12)
    assert model.best_validation_score_ < 0


# ---- bootstrap -------------------------------------------------------------


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_bootstrap_draws_rows(diabetes, solver):
    X, y = diabetes
    model = MLPRegressor(
        hidden_layer_sizes=(8,), solver=solver, n_models=3, bootstrap=True, random_state=0
    ).set_params(max_iter=5)
    n = len(y)
    for k, single in enumerate(model.fit(X, y).estimators_):
        rows = np.random.RandomState([model.seeds_[k], 1]).randint(n, size=n)
        again = alone(model, k).fit(X[rows], y[rows])
        if solver == "adam":
            assert_same_model(single, again)
        np.testing.assert_allclose(single.coefs_[0], again.coefs_[0], rtol=1e-10)


def test_bootstrap_heeds_weights(diabetes):
    X, y = diabetes
    weights = np.where(np.arange(len(y)) < 40, 1.0 + np.arange(len(y)) % 3, 0)
    spoilt = y.copy()
    spoilt[40:] = 1e9
    model = MLPRegressor(
        hidden_layer_sizes=(4,), n_models=3, bootstrap=True, random_state=0, max_iter=3
    ).fit(X, spoilt, weights)
    assert model.loss_ < 10
    drawn = np.random.RandomState([model.seeds_[0], 1])
    rows = drawn.choice(len(y), len(y), p=weights / weights.sum())
    assert_same_model(model.estimators_[0], alone(model, 0).fit(X[rows], y[rows]))


def test_bootstrap_of_what_is_not_held_out(digits):
    X, y = digits
    seen = MLPClassifier((9,), n_models=3, bootstrap=True, early_stopping=True, max_iter=2)
    seen.fit(sp.csr_array(X), y)
    assert [m.t_ for m in seen.estimators_] == [2 * 450] * 3


# ---- threads, and training that goes on ------------------------------------


@pytest.mark.parametrize("n_models", [3, 10])
def test_threads_change_nothing(digits, n_models):
    X, y = np.tile(digits[0], (2, 1)), np.tile(digits[1], 2)
    model = MLPClassifier(
        (60, 30), n_models=n_models, batch_size=25, max_iter=8, random_state=0, **LOUD
    )
    many = clone(model).fit(X, y)
    with threadpool_limits(1, "openmp"):
        one = clone(model).fit(X, y)
    for a, b in zip(many.estimators_, one.estimators_, strict=True):
        assert_same_model(a, b)


def test_partial_fit_and_pickle(digits):
    X, y = digits
    model = MLPClassifier((9,), n_models=3, batch_norm=True, random_state=0)
    model.partial_fit(X, y, classes=np.arange(10))
    first = copy.deepcopy(model)
    other = pickle.loads(pickle.dumps(model))
    for m in (model, other):
        m.partial_fit(X, y)
    single = alone(first, 1)
    for _ in range(2):
        single.partial_fit(X, y, classes=np.arange(10))
    assert_same_model(model.estimators_[1], single)
    assert_same_model(other.estimators_[1], single)
    assert len(model.loss_curve_) == 2
    assert model.t_ == 1000
    assert_same_model(first.estimators_[1], first.estimators_[1])
    before, state = dict(vars(model)), [m.coefs_[0].copy() for m in model.estimators_]
    with pytest.raises(ValueError, match="n_models=2 and 3 were fitted"):
        model.set_params(n_models=2).partial_fit(X, y)
    model.set_params(n_models=3)
    with pytest.raises(ValueError, match="NaN"):
        model.partial_fit(X * np.nan, y)
    assert vars(model) == before
    for m, coef in zip(model.estimators_, state, strict=True):
        np.testing.assert_array_equal(m.coefs_[0], coef)


def test_from_one_to_several_and_back(digits):
    X, y = digits
    one = MLPClassifier((5,), max_iter=2, random_state=0).fit(X, y)
    model = clone(one).set_params(n_models=2).fit(X, y).set_params(n_models=1).fit(X, y)
    assert vars(model).keys() == vars(one).keys()
    assert_same_model(model, one)
    warm = clone(one).set_params(n_models=2, warm_start=True).fit(X, y)
    assert len(warm.fit(X, y).loss_curve_) == 4
    several = vars(clone(one).set_params(n_models=2).fit(X, y)).keys()
    assert vars(model.set_params(n_models=2).fit(X, y)).keys() == several
    names = vars(warm.set_params(solver="lbfgs", warm_start=False).fit(X, y)).keys()
    assert "loss_curve_" not in names


def test_callbacks_and_ends(digits):
    X, y = digits
    seen = []

    def look(model, epoch):
        seen.append((epoch.number, epoch.loss, model.score(X, y)))
        return epoch.number == 3

    model = MLPClassifier((9,), n_models=3, callbacks=[look], random_state=0).fit(X, y)
    assert model.stop_reason_ == "callback"
    assert {m.stop_reason_ for m in model.estimators_} == {"callback"}
    assert [s[1] for s in seen] == model.loss_curve_
    assert seen[-1][2] == model.score(X, y)
    model.set_params(callbacks=None, max_time=1e-9).fit(X, y)
    assert model.stop_reason_ == "max_time"
    assert model.n_iter_ == 1
    model.set_params(max_time=None, max_iter=2)
    with pytest.warns(UserWarning, match="Maximum iterations") as caught:
        assert model.fit(X, y).stop_reason_ == "max_epochs"
    assert len(caught) == 1


def test_interrupt_leaves_models(digits, interrupt_soon):
    X, y = np.tile(digits[0], (60, 1)), np.tile(digits[1], 60)
    model = MLPClassifier((99,), n_models=3, batch_size=20, max_iter=10**6, tol=0, random_state=0)
    interrupt_soon()
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(X, y)
    assert model.stop_reason_ == "interrupt"
    assert model.score(X, y) > 0.5
    steps = [m._optimisation.n_steps for m in model.estimators_]
    assert all(step >= m.t_ // 20 for step, m in zip(steps, model.estimators_, strict=True))


def test_the_curves_are_drawn(digits):
    pytest.importorskip("matplotlib").use("Agg")
    model = MLPClassifier((5,), n_models=2, max_iter=3, early_stopping=True).fit(*digits)
    display = LearningCurvesDisplay.from_estimator(model)
    assert len(display.lines_) == 2
    assert display.best_line_ is None


@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_lbfgs_says_how_far_it_is(diabetes, verbose, capsys):
    model = MLPRegressor(hidden_layer_sizes=(3,), solver="lbfgs", verbose=verbose, max_iter=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(*diabetes)
    assert ("Iteration 3, loss = " in capsys.readouterr().out) == bool(verbose)


def test_patience_is_that_of_all_models(digits):
    X, y = digits
    model = MLPClassifier(
        (9,),
        n_models=3,
        early_stopping=True,
        validation_data=(X[400:], y[400:]),
        patience=1,
        learning_rate_init=0.03,
        random_state=0,
    )
    reasons = []
    for _ in range(40):
        model.partial_fit(X[:400], y[:400], classes=np.arange(10))
        reasons.append({m.stop_reason_ for m in model.estimators_})
        assert (model.stop_reason_ == "patience") == (reasons[-1] == {"patience"})
    assert {"patience", "max_epochs"} in reasons


def test_huge_weights_and_callbacks_that_set_parameters(diabetes):
    X, y = diabetes

    def change(model, epoch):
        model.set_params(early_stopping=True)

    model = MLPRegressor(
        hidden_layer_sizes=(3,), n_models=2, bootstrap=True, max_iter=2, callbacks=[change]
    ).fit(X, y, np.full(len(y), 1e308))
    assert np.isfinite(model.predict(X)).all()
    assert model.best_loss_ > 0
