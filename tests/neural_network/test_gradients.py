"""Gradients of every layer, loss and penalty against finite differences, in float64."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from fastreg._kernels.activation import NUMBERS as ACTIVATIONS

from fastreg._engine.initialisation import initialise
from fastreg._engine.perceptron import Data, Perceptron, Regularisation, Shape, build_network
from fastreg._engine.training import batch_starts

N, P, K = 23, 5, 3
LOSSES = {
    "softmax": (None, 0.1),
    "logistic_loss": ("unit", 0.1),
    "squared": ("real", 0.0),
    "absolute": ("real", 0.0),
    "huber": ("real", 0.7),
    "quantile": ("real", 0.3),
    "poisson": ("count", 0.0),
}


def make_data(rng, loss="squared", sparse=False):
    X = rng.standard_normal((N, P)) * (rng.random((N, P)) < 0.7)
    kind, parameter = LOSSES[loss]
    targets = {
        None: rng.integers(0, K, N).astype(np.intp),
        "unit": rng.integers(0, 2, (N, K)).astype(float),
        "real": rng.standard_normal((N, K)),
        "count": rng.poisson(2, (N, K)).astype(float),
    }[kind]
    weights = rng.uniform(0.2, 2, N)
    return Data(sp.csr_array(X) if sparse else X, targets, weights, loss, parameter)


def make_shape(activation="tanh", norm=False):
    return Shape((P, 7, 6, K), (activation, activation), "identity", (norm, norm))


def passes(shape, data, regularisation, batch_size=N, n_threads=1):
    """A model, its gradient, and a function that writes it and returns the objective."""
    model = Perceptron(shape, np.dtype(np.float64), sparse=sp.issparse(data.X))
    initialise(model, "glorot_uniform", np.random.RandomState(0))
    network, gradient = build_network(
        model, data, regularisation, key=11, n_rows=batch_size, n_threads=n_threads
    )
    starts = batch_starts(N, batch_size, False)
    scale = 1 / data.total_weight()

    def objective():
        network.load()
        return sum(network.differentiate(data.samples, starts, scale))

    return model, gradient, objective


def check(*arguments, **options):
    """The gradient of one pass against central differences, parameter by parameter."""
    model, gradient, objective = passes(*arguments, **options)
    objective()
    found, step = gradient.copy(), 1e-6
    expected = np.zeros_like(found)
    for i in range(len(found)):
        value = model.parameters[i]
        model.parameters[i] = value + step
        above = objective()
        model.parameters[i] = value - step
        below = objective()
        model.parameters[i] = value
        expected[i] = (above - below) / (2 * step)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=2e-8)
    assert np.abs(found).max() > 1e-3
    return found


NONE = Regularisation.none(3)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_activations(activation):
    rng = np.random.default_rng(1)
    check(make_shape(activation), make_data(rng), NONE)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("sparse", [False, True])
def test_losses(loss, sparse):
    check(make_shape(), make_data(np.random.default_rng(2), loss, sparse), NONE)


@pytest.mark.parametrize("batch_size", [5, 8, 23])
@pytest.mark.parametrize("sparse", [False, True])
def test_batches_add_up(batch_size, sparse):
    data = make_data(np.random.default_rng(3), sparse=sparse)
    whole, parts = check(make_shape(), data, NONE), check(make_shape(), data, NONE, batch_size)
    np.testing.assert_allclose(whole, parts, atol=1e-12)


def test_penalty():
    alphas = np.array([0.5, 0.0, 2.0])
    data = make_data(np.random.default_rng(4))
    check(make_shape(), data, replace(NONE, alphas=alphas), batch_size=8)


def test_batch_norm():
    check(make_shape(norm=True), make_data(np.random.default_rng(5)), NONE)


def test_dropout_and_noise():
    # the same batch has the same masks and the same noise each time
    regularisation = replace(NONE, dropout=(0.2, 0.5, 0.3), input_noise=0.4)
    check(make_shape("gelu", norm=True), make_data(np.random.default_rng(6)), regularisation)


@pytest.mark.parametrize("n_threads", [2, 3, 5])
def test_threads_change_no_bit(n_threads):
    data = make_data(np.random.default_rng(7))
    regularisation = replace(NONE, dropout=(0.2, 0.5, 0.3), alphas=np.ones(3))
    shape = make_shape(norm=True)
    gradients = []
    for n in (1, n_threads):
        _, gradient, objective = passes(shape, data, regularisation, n_threads=n)
        objective()
        gradients.append(gradient)
    np.testing.assert_array_equal(*gradients)
