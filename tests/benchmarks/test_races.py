"""Races of the benchmarks: accuracy first, then a ratio."""

import sys
import types
from functools import partial

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

from benchmarks import accuracy, interrupts, jobs, limits, peers, problems
from benchmarks.families import threads
from benchmarks.peers.perceptron import Recipe
from benchmarks.rows import Row
from benchmarks.scales import slope_of
from benchmarks.timing import Settings, Spread, race


@pytest.fixture
def compete(monkeypatch):
    """A race of fastreg with a peer whose results are as given."""

    def run(theirs, *, apart=None, only="", **peer):
        module = types.ModuleType("benchmarks.peers.other")
        module.answer = lambda tol: theirs(tol) if callable(theirs) else theirs
        vars(module).update(peer)
        ours = types.ModuleType("benchmarks.peers.fastreg")
        ours.answer = lambda tol: 1e-9
        monkeypatch.setattr(peers, "load", {"fastreg": ours, "other": module}.get)
        problem = problems.Problem("a problem", np.ones((2, 2)), np.ones(2))
        settings = Settings(rounds=3, seconds=0.01, against=["other"], only=only)
        return jobs.compete(
            "family",
            problem,
            "a case",
            lambda peer, tol: partial(peer.answer, tol),
            lambda result: result,
            settings,
            tol=1e-6,
            apart=apart,
        )

    return run


def test_equal_accuracy_gives_a_ratio(compete):
    (row,) = compete(1e-7)
    assert row.value.median > 0
    assert row.accuracy == {"fastreg": 1e-9, "other": 1e-7}


def test_a_less_accurate_peer_gets_no_ratio(compete):
    (row,) = compete(1e-3)
    assert row.value is None
    assert "accuracy misses 1e-06: other 1.0e-03" in row.reason


def test_results_too_far_apart_give_no_ratio(compete):
    (row,) = compete(1e-7, apart=lambda ours, theirs: jobs.Apart("losses", 0.5, 0.1))
    assert row.value is None
    assert "losses differ by 5.0e-01, more than 0.1" in row.reason


def test_a_peer_that_fails_is_named(compete):
    def fail(tol):
        raise ValueError("no luck")

    (row,) = compete(fail)
    assert row.reason == "other failed: ValueError: no luck"


def test_the_loosest_tolerance_that_is_accurate_is_raced(compete):
    (row,) = compete(lambda tol: 100 * tol, TOLERANCES=(1e-6, 1e-8, 1e-10))
    assert row.accuracy["other"] == pytest.approx(1e-6)


def test_races_can_be_chosen_by_name(compete):
    assert not compete(1e-7, only="another")


def test_an_interrupt_that_a_library_swallows_ends_the_race(monkeypatch):
    monkeypatch.setattr(interrupts, "_seen", True)
    with pytest.raises(KeyboardInterrupt):
        race({"one": lambda: None}, Settings())


def test_work_is_bound_by_the_slower_of_reading_and_multiplying():
    settings = Settings(copy_rate=1e9, gemm_rates={"float64": 1e10, "float32": 2e10})
    assert limits.Work(bytes=1e9, flops=1e9).limit(settings) == (1.0, "copy")
    seconds, name = limits.Work(bytes=1e8, flops=1e10, dtype=np.float32).limit(settings)
    assert (seconds, name) == (0.5, "GEMM")
    row = Row("family", "case", measured=Spread.of([2.0]))
    jobs.fill_limit(row, limits.Work(bytes=1e9), settings)
    assert (row.limit_share, row.limit_name) == (0.5, "copy")


def test_slope_is_the_exponent():
    at = np.array([10, 20, 40, 80])
    assert slope_of(at, 3 * at**1.5) == pytest.approx(1.5)


def test_networks_without_an_estimator_start_and_shuffle_as_scikit_learn():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((50, 5)).astype(np.float32)
    y = rng.integers(0, 3, 50)
    options = {"hidden_layer_sizes": (4,), "batch_size": 10, "max_iter": 2, "random_state": 0}
    with pytest.warns(UserWarning, match="Maximum iterations"):
        model = MLPClassifier(**options, learning_rate_init=1e-30).fit(X, y)
    recipe = Recipe.of(X, y, options)
    generator, layers = recipe.start()
    for (W, b), coef, intercept in zip(layers, model.coefs_, model.intercepts_, strict=True):
        np.testing.assert_array_equal(W, coef)
        np.testing.assert_array_equal(b, intercept)
    orders = list(recipe.orders(generator, 50))
    assert [sorted(order) for order in orders] == [list(range(50))] * 2
    with pytest.raises(ValueError, match="not dropout"):
        Recipe.of(X, y, {**options, "dropout": 0.5})


@pytest.mark.parametrize("name", ["torch", "jax"])
def test_networks_of_other_libraries_take_the_same_steps(name):
    pytest.importorskip(name)
    if name not in sys.modules:
        pytest.skip(f"{name} does not import")
    rng = np.random.default_rng(0)
    X = rng.standard_normal((250, 6)).astype(np.float32)
    y = (X @ rng.standard_normal((6, 3))).argmax(axis=1)
    options = {"hidden_layer_sizes": (8, 5), "batch_size": 32, "max_iter": 3, "random_state": 0}
    theirs = peers.load(name).mlp_epochs(X, y, options)()
    with pytest.warns(UserWarning, match="Maximum iterations"):
        model = peers.load("sklearn").mlp_epochs(X, y, options)()
    for ours, intercept in zip(theirs.intercepts_, model.intercepts_, strict=True):
        np.testing.assert_allclose(ours, intercept, atol=1e-4)
    # a unit that is always off has the penalty's gradient alone, which is so small that it
    # matters where Adam's epsilon is added
    for ours, coef in zip(theirs.coefs_, model.coefs_, strict=True):
        np.testing.assert_allclose(ours, coef, atol=1e-2)
    np.testing.assert_allclose(theirs.predict_proba(X), model.predict_proba(X), atol=1e-3)
    loss = accuracy.log_loss(X, y, theirs)
    assert loss == pytest.approx(accuracy.log_loss(X, y, model), rel=1e-3)
    proba = model.predict_proba(X)[np.arange(len(y)), y]
    assert accuracy.log_loss(X, y, model) == pytest.approx(-np.log(proba).mean(), rel=1e-5)


@pytest.mark.parametrize("make", [problems.dense, problems.sparse])
def test_kernels_that_race_their_threads_give_the_same_bits(make):
    for call in threads._operations(make(60, 20)).values():
        np.testing.assert_array_equal(call(1), call(2))
