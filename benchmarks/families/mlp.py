"""Multi-layer perceptrons: epochs, threads, what regularisers cost, and what they bring."""

import warnings
from functools import partial

import numpy as np
from threadpoolctl import ThreadpoolController

from benchmarks import peers, problems
from benchmarks.jobs import Apart, compete
from benchmarks.rows import Row, skipped
from benchmarks.timing import Spread, race

FAMILY = "mlp"
N_ROWS = 20000
# features, hidden layers, classes, batch: how many times faster than scikit-learn
NETWORKS = {
    (8, (64, 64), 10, 32): 10.0,
    (784, (64, 64), 10, 32): 4.0,
    (784, (64, 64), 10, 200): 1.8,
    (784, (512, 512), 10, 256): 1.8,
    (64, (100,), 10, 200): 3.5,
}
# two threads against one, network by network
SCALING = (0.95, 1.5, 1.5, 1.5, 0.95)
REGULARISED = {"dropout": 0.3, "batch_norm": True}
REGULARISED_AT_MOST = 1.3
# losses after one epoch from the same weights, in float32
SAME_LOSS = 1e-3
SEEDS = 5


def run(settings):
    """Epochs on random data; then digits and houses, where the data is there."""
    for (network, target), scaling in zip(NETWORKS.items(), SCALING, strict=True):
        problem = _problem(network, settings.quick)
        yield from _epoch(problem, network, target, settings)
        yield _regularised(problem, network, settings)
        if settings.threads > 1:
            yield _threads(problem, network, scaling, settings)
    yield from _one_row(settings)
    for real in (_digits, _houses):
        try:
            yield from real(settings)
        except problems.MissingDataError as error:
            yield skipped(FAMILY, real.__name__.strip("_"), error)


def _problem(network, quick):
    features, hidden, classes, batch = network
    rng = np.random.default_rng(features)
    n = N_ROWS // 10 if quick else N_ROWS
    X = rng.standard_normal((n, features)).astype(np.float32)
    name = "-".join(map(str, (features, *hidden, classes)))
    return problems.Problem(f"{name}, batch {batch}", X, rng.integers(0, classes, n), quick)


def _options(network, **more):
    options = {"hidden_layer_sizes": network[1], "batch_size": network[3], "max_iter": 1}
    return {**options, "random_state": 0, **more}


def _epoch(problem, network, target, settings):
    """One epoch of Adam against the peers'."""
    uniform = np.log(network[2])
    return compete(
        FAMILY,
        problem,
        "an epoch",
        lambda peer, _: partial(peer.mlp_classifier, problem.X, problem.y, _options(network)),
        lambda model: model.loss_ / uniform,
        settings,
        tol=2.0,  # random labels: the loss starts near that of guessing and stays there
        targets={"sklearn": target},
        apart=lambda ours, theirs: Apart(
            "losses", abs(ours.loss_ - theirs.loss_) / theirs.loss_, SAME_LOSS
        ),
    )


def _regularised(problem, network, settings):
    """What dropout and batch norm add to an epoch."""
    ours = peers.load("fastreg").mlp_classifier
    calls = {
        name: partial(ours, problem.X, problem.y, _options(network, **more))
        for name, more in (("plain", {}), ("regularised", REGULARISED))
    }
    times, _ = race(calls, settings)
    return Row(
        FAMILY,
        f"{problem.name}, dropout and batch norm",
        measured=Spread.of(times["regularised"]),
        reference=Spread.of(times["plain"]),
        reference_name="without",
        value=Spread.ratios(times["regularised"], times["plain"]),
        at_most=None if problem.quick else REGULARISED_AT_MOST,
    )


def _threads(problem, network, at_least, settings):
    """An epoch with two threads allowed, and with one; weights are the same."""
    openmp = ThreadpoolController().select(user_api="openmp").lib_controllers
    ours = peers.load("fastreg").mlp_classifier

    def epoch(n_threads):
        for library in openmp:
            library.set_num_threads(n_threads)
        model = ours(problem.X, problem.y, _options(network))
        return np.concatenate([w.ravel() for w in model.coefs_])

    times, results = race({n: partial(epoch, n) for n in (1, 2)}, settings)
    epoch(settings.threads)  # leave the limit as it was
    row = Row(
        FAMILY,
        f"{problem.name}, 2 threads",
        measured=Spread.of(times[2]),
        reference=Spread.of(times[1]),
        reference_name="1 thread",
        at_least=None if problem.quick else at_least,
    )
    if np.array_equal(results[1], results[2]):
        row.value = Spread.ratios(times[1], times[2])
    else:
        row.reason = "the weights differ"
    return row


def _one_row(settings):
    """Prediction of one row, with the same network."""
    network = (784, (64, 64), 10, 200)
    problem = _problem(network, quick=True)
    row = problem.X[:1]
    expected = peers.load("fastreg").mlp_classifier(problem.X, problem.y, _options(network))
    expected = expected.predict_proba(row)

    def predictor(peer, _):
        model = peer.mlp_classifier(problem.X, problem.y, _options(network))
        return lambda: model.predict_proba(row)

    rows = compete(
        FAMILY,
        problem,
        "predict one row",
        predictor,
        lambda predicted: float(np.abs(predicted - expected).max()),
        settings,
        tol=1e-4,
    )
    for one in rows:
        one.at_least = 3.0 if one.reference_name == "sklearn" else None
    return rows


def _digits(settings):
    """8000 digits, 2000 held out: accuracy over seeds, and the time it takes."""
    X, y = _mnist()
    X, y, X_test, y_test = X[:8000], y[:8000], X[8000:], y[8000:]
    options = {
        "hidden_layer_sizes": (256, 128),
        **REGULARISED,
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
    X, y = _california()
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
    import time

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.perf_counter()
        model = fit(X, y, {**options, "random_state": seed})
        return time.perf_counter() - start, model.score(X_test, y_test)


def _mnist():
    data = np.load(problems.data_file("mnist10k.npz"))
    return (data["X"] / 255).astype(np.float32), data["y"]


def _california():
    import pandas as pd

    table = pd.read_csv(problems.data_file("california_housing.csv.gz"))
    table = table.dropna().select_dtypes("number")
    y = table.pop("median_house_value").to_numpy(np.float32)
    return table.to_numpy(np.float32), y
