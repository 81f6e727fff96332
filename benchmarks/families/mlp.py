"""Multi-layer perceptrons: epochs, threads, what regularisers cost, and one row."""

from functools import lru_cache, partial
from itertools import pairwise

import numpy as np

from benchmarks import accuracy, peers, problems
from benchmarks.jobs import Apart, compete
from benchmarks.limits import Work
from benchmarks.rows import Row
from benchmarks.timing import Spread, limited, quiet, race

FAMILY = "mlp"
N_ROWS = 20000
# features, hidden layers, classes, batch: how many times faster than scikit-learn, and
# than PyTorch and JAX each
NETWORKS = {
    (8, (64, 64), 10, 32): (10.0, 1.2),
    (784, (64, 64), 10, 32): (4.0, 1.1),
    (784, (64, 64), 10, 200): (1.8, 1.0),
    (784, (512, 512), 10, 256): (1.8, 0.85),
    (64, (100,), 10, 200): (3.5, 1.1),
}
# two threads against one, network by network
SCALING = (0.95, 1.5, 1.5, 1.5, 0.95)
REGULARISED = {"dropout": 0.3, "batch_norm": True}
REGULARISED_AT_MOST = 1.3
# losses after one epoch from the same weights over the same batches: float32 rounds, and
# libraries add Adam's epsilon at different places
SAME_LOSS = 1e-2


def run(settings):
    """Epochs on random data; then digits and houses, where the data is there."""
    for (network, targets), scaling in zip(NETWORKS.items(), SCALING, strict=True):
        problem = make_problem(network, settings.quick)
        yield from _epoch(problem, network, targets, settings)
        yield _regularised(problem, network, settings)
        if settings.threads > 1:
            yield _threads(problem, network, scaling, settings)
    yield from _one_row(settings)


def make_problem(network, quick):
    features, hidden, classes, batch = network
    rng = np.random.default_rng(features)
    n = N_ROWS // 10 if quick else N_ROWS
    X = rng.standard_normal((n, features)).astype(np.float32)
    y = (X @ rng.standard_normal((features, classes))).argmax(axis=1)
    name = "-".join(map(str, (features, *hidden, classes)))
    return problems.Problem(f"{name}, batch {batch}", X, y, quick)


def options_of(network, **more):
    options = {"hidden_layer_sizes": network[1], "batch_size": network[3], "max_iter": 1}
    return {**options, "random_state": 0, **more}


def _epoch(problem, network, targets, settings):
    """One epoch of Adam against the peers'; the loss is that of all rows after it."""
    X, y = problem.X, problem.y
    guessing = np.log(network[2])
    target, target_compiled = targets
    loss = lru_cache(partial(accuracy.log_loss, X, y))
    return compete(
        FAMILY,
        problem,
        "an epoch",
        lambda peer, _: peer.mlp_epochs(X, y, options_of(network)),
        lambda model: loss(model) / guessing,
        settings,
        tol=1.0,
        targets={"sklearn": target, "torch": target_compiled, "jax": target_compiled},
        work=lambda: _work(network, len(X)),
        apart=lambda ours, theirs: Apart(
            "losses", accuracy.relative_difference(loss(ours), loss(theirs)), SAME_LOSS
        ),
    )


def _work(network, n):
    """The products of an epoch: forward, and twice that backward except to the input."""
    features, hidden, classes, _ = network
    sizes = (features, *hidden, classes)
    weights = [a * b for a, b in pairwise(sizes)]
    return Work(flops=2 * n * (3 * sum(weights) - weights[0]), dtype=np.float32)


def _regularised(problem, network, settings):
    """What dropout and batch norm add to an epoch."""
    ours = peers.load("fastreg").mlp_classifier
    calls = {
        name: partial(ours, problem.X, problem.y, options_of(network, **more))
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
    ours = peers.load("fastreg").mlp_classifier

    def epoch():
        model = ours(problem.X, problem.y, options_of(network))
        return np.concatenate([w.ravel() for w in model.coefs_])

    times, results = race({n: limited(epoch, n) for n in (1, 2)}, settings)
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
    problem = make_problem(network, quick=True)
    row = problem.X[:1]
    with quiet():
        model = peers.load("fastreg").mlp_classifier(problem.X, problem.y, options_of(network))
    expected = model.predict_proba(row)

    def predictor(peer, _):
        model = peer.mlp_epochs(problem.X, problem.y, options_of(network))()
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
