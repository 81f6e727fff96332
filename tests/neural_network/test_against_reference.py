"""Ten epochs against plain NumPy, and against scikit-learn with the same seed."""

from inspect import signature

import numpy as np
import pytest
import sklearn.neural_network
from sklearn.datasets import load_diabetes, load_digits, make_multilabel_classification

import fastreg

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# ---- a perceptron in plain NumPy, written from the formulas ----

ACTIVATIONS = {
    "identity": lambda z: (z, np.ones_like(z)),
    "relu": lambda z: (np.maximum(z, 0), (z > 0) * 1.0),
    "tanh": lambda z: (np.tanh(z), 1 / np.cosh(z) ** 2),
    "logistic": lambda z: (1 / (1 + np.exp(-z)), 1 / (2 + np.exp(-z) + np.exp(z))),
}


def batch_norm(z, scale, shift, epsilon):
    """Output, and what the backward pass needs."""
    mean, deviation = z.mean(axis=0), np.sqrt(z.var(axis=0) + epsilon)
    normal = (z - mean) / deviation
    return scale * normal + shift, (normal, deviation)


def batch_norm_backward(grad, scale, cache):
    """Slopes by the input, the scale and the shift."""
    normal, deviation = cache
    d_scale, d_shift = (grad * normal).sum(axis=0), grad.sum(axis=0)
    g = grad * scale
    g = g - g.mean(axis=0) - normal * (g * normal).mean(axis=0)
    return g / deviation, d_scale, d_shift


def softmax_slope(outputs, classes):
    """Loss and slope for classes."""
    p = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    rows = np.arange(len(p))
    loss = -np.log(p[rows, classes]).mean()
    p[rows, classes] -= 1
    return loss, p / len(p)


def train(
    X,
    classes,
    coefs,
    intercepts,
    activation,
    *,
    epochs,
    batch_size,
    rate,
    alpha,
    order,
    norm=False,
    epsilon=1e-5,
):
    """Adam over mini-batches; returns weights, batch norm's parameters and the losses."""
    n_hidden = len(coefs) - 1
    scales = [np.ones(len(b)) for b in intercepts[:-1]] if norm else []
    shifts = [np.zeros(len(b)) for b in intercepts[:-1]] if norm else []
    parameters = [w.copy() for w in (*coefs, *intercepts, *scales, *shifts)]
    n = len(coefs)
    means = [np.zeros_like(p) for p in parameters]
    squares = [np.zeros_like(p) for p in parameters]
    step, losses = 0, []
    for epoch in range(epochs):
        total = 0
        for start in range(0, len(X), batch_size):
            rows = order[epoch][start : start + batch_size]
            W, b = parameters[:n], parameters[n : 2 * n]
            gamma, beta = parameters[2 * n : 2 * n + n_hidden], parameters[2 * n + n_hidden :]
            inputs, slopes, caches = [X[rows]], [], []
            for k in range(n_hidden):
                z = inputs[-1] @ W[k] + b[k]
                if norm:
                    z, cache = batch_norm(z, gamma[k], beta[k], epsilon)
                    caches.append(cache)
                a, slope = ACTIVATIONS[activation](z)
                inputs.append(a)
                slopes.append(slope)
            loss, grad = softmax_slope(inputs[-1] @ W[-1] + b[-1], classes[rows])
            total += len(rows) * (loss + alpha / 2 * sum((w**2).sum() for w in W) / len(rows))
            grads = [None] * len(parameters)
            for k in range(n_hidden, -1, -1):
                grads[k] = inputs[k].T @ grad + alpha * W[k] / len(rows)
                grads[n + k] = grad.sum(axis=0)
                if k == 0:
                    break
                grad = (grad @ W[k].T) * slopes[k - 1]
                if norm:
                    grad, d_scale, d_shift = batch_norm_backward(grad, gamma[k - 1], caches[k - 1])
                    grads[2 * n + k - 1], grads[2 * n + n_hidden + k - 1] = d_scale, d_shift
            step += 1
            for p, g, m, v in zip(parameters, grads, means, squares, strict=True):
                m *= 0.9
                m += 0.1 * g
                v *= 0.999
                v += 0.001 * g**2
                size = rate * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
                p -= size * m / (np.sqrt(v) + 1e-8)
        losses.append(total / len(X))
    return parameters, losses


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:250] / 16, y[:250]


def orders(seed, n, epochs, draws):
    """The orders that a fit takes its rows in, after `draws` random numbers for weights."""
    random_state = np.random.RandomState(seed)
    for low, high, size in draws:
        random_state.uniform(low, high, size)
    order, result = np.arange(n), []
    for _ in range(epochs):
        shuffled = np.arange(n)
        random_state.shuffle(shuffled)
        order = order[shuffled]
        result.append(order)
    return result


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("norm", [False, True])
def test_ten_epochs(digits, activation, norm):
    X, y = digits
    options = {
        "hidden_layer_sizes": (17, 9),
        "activation": activation,
        "batch_size": 33,
        "alpha": 0.1,
        "batch_norm": norm,
        "initialization": "glorot_uniform",
        "random_state": 3,
    }
    started = fastreg.MLPClassifier(**options, max_iter=1, learning_rate_init=1e-300).fit(X, y)
    first = started._model
    coefs = [first.coef(k) for k in range(3)]
    intercepts = [b.copy() for b in first.vectors("intercept").values()]
    draws = []
    for w, b in zip(coefs, intercepts, strict=True):
        draws += [(0, 1, w.shape), (0, 1, b.shape)]
    parameters, losses = train(
        X,
        y,
        coefs,
        intercepts,
        activation,
        epochs=10,
        batch_size=33,
        rate=0.01,
        alpha=0.1,
        order=orders(3, len(X), 10, draws),
        norm=norm,
    )
    model = fastreg.MLPClassifier(**options, max_iter=10, learning_rate_init=0.01).fit(X, y)
    np.testing.assert_allclose(model.loss_curve_, losses, rtol=1e-10)
    theirs = iter(parameters)
    ours = {"coef": {k: model._model.coef(k) for k in range(3)}}
    ours |= {kind: model._model.vectors(kind) for kind in ("intercept", "scale", "shift")}
    for kind, pieces in ours.items():
        for layer, piece in pieces.items():
            # an intercept under batch norm has slope 0: Adam blows up its rounding errors
            free = norm and kind == "intercept" and layer < 2
            np.testing.assert_allclose(piece, next(theirs), rtol=0, atol=1e-7 if free else 1e-10)


SETTINGS = [
    {},
    {"solver": "sgd", "learning_rate_init": 0.1},
    {"solver": "sgd", "nesterovs_momentum": False, "learning_rate": "invscaling"},
    {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.1, "n_iter_no_change": 1},
    {"activation": "tanh", "hidden_layer_sizes": (20, 10), "shuffle": False},
    {"activation": "logistic", "early_stopping": True, "batch_size": 50},
    {"activation": "identity", "solver": "lbfgs", "alpha": 1.0},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_same_answers_as_scikit_learn(digits, settings):
    X, y = digits
    Z, labels = make_multilabel_classification(200, random_state=0)
    D, t = load_diabetes(return_X_y=True)
    D, t = D * 20, (t - 150) / 70
    weights = np.random.default_rng(0).uniform(0.1, 2, len(t))
    jobs = [
        ("MLPClassifier", X, y, None),
        ("MLPClassifier", X, np.where(y > 4, "large", "small"), None),
        ("MLPClassifier", Z, labels, None),
        ("MLPRegressor", D, t, weights),
        ("MLPRegressor", D, np.exp(t), None),
    ]
    if "loss" not in signature(sklearn.neural_network.MLPRegressor).parameters:
        jobs = [job[:3] for job in jobs[:3]]  # before 1.7: without weights and "poisson"
    for k, (name, *data) in enumerate(jobs):
        options = {"random_state": 1, "max_iter": 10, **settings}
        if k == 4:
            options["loss"] = "poisson"
        theirs = getattr(sklearn.neural_network, name)(**options).fit(*data)
        ours = getattr(fastreg, name)(**options).fit(*data)
        assert ours.n_iter_ == theirs.n_iter_
        for a, b in zip(
            ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True
        ):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-9)
        np.testing.assert_allclose(ours.loss_, theirs.loss_, rtol=1e-9)
        np.testing.assert_array_equal(ours.predict(data[0]), ours._decide(ours._outputs(data[0])))
        if name == "MLPClassifier":
            np.testing.assert_array_equal(ours.predict(data[0]), theirs.predict(data[0]))
            np.testing.assert_allclose(
                ours.predict_proba(data[0]), theirs.predict_proba(data[0]), atol=1e-8
            )
        for attribute in (
            "loss_curve_",
            "validation_scores_",
            "best_loss_",
            "t_",
            "best_validation_score_",
            "out_activation_",
            "n_layers_",
        ):
            if hasattr(theirs, attribute) and getattr(theirs, attribute) is not None:
                a, b = getattr(ours, attribute), getattr(theirs, attribute)
                assert a == b if isinstance(b, str) else np.allclose(a, b, rtol=1e-8)


def test_partial_fit_gives_scikit_learns_answers(digits):
    X, y = digits
    ours, theirs = (
        kind(random_state=0)
        for kind in (fastreg.MLPClassifier, sklearn.neural_network.MLPClassifier)
    )
    for rows in np.array_split(np.arange(len(X)), 4):
        for model in (ours, theirs):
            model.partial_fit(X[rows], y[rows], classes=np.arange(10))
    for a, b in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-10)
    assert ours.t_ == theirs.t_ == len(X)
