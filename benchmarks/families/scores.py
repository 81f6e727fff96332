"""Scores of regularised networks on real data beside scikit-learn's plain ones."""

import time
import warnings
from functools import partial

import numpy as np

from benchmarks import peers, real_data
from benchmarks.rows import Row, skipped
from benchmarks.timing import Spread

FAMILY = "scores"
SEEDS = 5


def run(settings):
    """Digits and houses, where the data is there; in a quick run the houses."""
    for real in (_houses,) if settings.quick else (_digits, _houses):
        try:
            yield from real(settings)
        except real_data.MissingDataError as error:
            yield skipped(FAMILY, real.__name__.strip("_"), error)


def _digits(settings):
    """8000 digits, 2000 held out: accuracy over seeds, and the time it takes."""
    X, y = real_data.mnist()
    X, y, X_test, y_test = X[:8000], y[:8000], X[8000:], y[8000:]
    options = {
        "hidden_layer_sizes": (256, 128),
        "dropout": 0.3,
        "batch_norm": True,
        "batch_size": 128,
        "label_smoothing": 0.05,
        "learning_rate": "one_cycle",
        "learning_rate_init": 5e-3,
        "max_iter": 25,
        "n_iter_no_change": 25,
        "early_stopping": True,
        "validation_fraction": 0.05,
    }
    plain = {"hidden_layer_sizes": (256, 128)}
    yield from _real(
        "8000 digits",
        (X, y, X_test, y_test),
        "mlp_classifier",
        options,
        plain,
        settings,
        at_least=0.96,
    )


def _houses(settings):
    """California housing: R2 against scikit-learn's default network in as many epochs."""
    X, y = real_data.california()
    order = np.random.default_rng(0).permutation(len(y))
    train, test = order[:16000], order[16000:]
    X = (X - X[train].mean(axis=0)) / X[train].std(axis=0)
    y = (y - y[train].mean()) / y[train].std()
    epochs = {"max_iter": 30, "n_iter_no_change": 30}
    options = {
        **epochs,
        "dropout": [0, 0.05],
        "learning_rate": "one_cycle",
        "learning_rate_init": 0.02,
        "solver": "adamw",
        "early_stopping": True,
    }
    yield from _real(
        "California housing",
        (X[train], y[train], X[test], y[test]),
        "mlp_regressor",
        options,
        epochs,
        settings,
        at_least=None,
    )


def _real(name, data, job, options, plain, settings, at_least):
    """Mean score over seeds beside scikit-learn's plain network, then the times."""
    X, y, X_test, y_test = data
    times, scores = {"fastreg": [], "sklearn": []}, {"fastreg": [], "sklearn": []}
    for seed in range(1 if settings.quick else SEEDS):
        calls = {
            peer: partial(
                _score, getattr(peers.load(peer), job), X, y, X_test, y_test, seed, chosen
            )
            for peer, chosen in (("fastreg", options), ("sklearn", plain))
        }
        for peer, call in calls.items():
            seconds, score = call()
            times[peer].append(seconds)
            scores[peer].append(score)
    ours, theirs = (float(np.mean(scores[peer])) for peer in ("fastreg", "sklearn"))
    bound = theirs if at_least is None else at_least
    yield Row(
        FAMILY,
        f"{name}, score",
        value=Spread(ours, min(scores["fastreg"]), max(scores["fastreg"])),
        value_kind="share",
        at_least=None if settings.quick else bound,
        reason=f"scikit-learn's plain network {theirs:.4f}",
    )
    yield Row(
        FAMILY,
        f"{name}, fit",
        measured=Spread.of(times["fastreg"]),
        reference=Spread.of(times["sklearn"]),
        reference_name="sklearn",
        value=Spread.ratios(times["sklearn"], times["fastreg"]),
        at_least=None if settings.quick else 1.0,
    )


def _score(fit, X, y, X_test, y_test, seed, options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.perf_counter()
        model = fit(X, y, {**options, "random_state": seed})
        return time.perf_counter() - start, model.score(X_test, y_test)
