"""Parts of the network kernels against NumPy and SciPy: functions, products, losses."""

import numpy as np
import pytest
from fastreg._kernels.activation import NUMBERS, activate
from fastreg._kernels.finite import all_finite_in_threads
from fastreg._kernels.layer import aligned_zeros
from fastreg._kernels.network_loss import loss_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from fastreg._engine.perceptron import Data, Perceptron, Regularisation, Shape, build_network

DTYPES = [np.float32, np.float64]
SELU = 1.0507009873554805, 1.6732632423543772
EXACT = {
    "identity": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "logistic": special.expit,
    "exp": np.exp,
    "leaky_relu": lambda z: np.where(z < 0, 0.01 * z, z),
    "elu": lambda z: np.where(z < 0, np.expm1(z), z),
    "selu": lambda z: SELU[0] * np.where(z < 0, SELU[1] * np.expm1(z), z),
    "gelu": lambda z: z / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))),
    "silu": lambda z: z * special.expit(z),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", sorted(NUMBERS))
def test_functions_are_accurate(name, dtype):
    top = 80 if dtype == np.float32 else 700
    z = np.concatenate(
        [np.linspace(-top, top, 4001), np.linspace(-3, 3, 4001), np.geomspace(1e-12, 1, 999), [0]]
    ).astype(dtype)
    found, expected = activate(name, z.copy()), EXACT[name](z.astype(np.float64))
    eps = np.finfo(dtype).eps
    # gelu and the logistic tail lose what they subtract: small beside |z| and 1
    floor = eps * (np.abs(z) + 1) if name in ("gelu", "silu") else np.finfo(dtype).tiny
    error = np.abs(found - expected)
    assert (error <= 8 * eps * np.abs(expected) + 8 * floor).all()
    assert np.isnan(activate(name, np.array([np.nan], dtype)))[0] or name == "exp"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["gelu", "silu", "elu", "selu", "tanh", "logistic"])
def test_functions_of_the_largest_numbers(name, dtype):
    z = np.array([-1, 1], dtype=dtype) * np.finfo(dtype).max / 2
    with np.errstate(over="ignore"):
        limits = {"gelu": [0, z[1]], "silu": [0, z[1]], "elu": [-1, z[1]], "tanh": [-1, 1],
                  "selu": [-1.0507009873554805 * 1.6732632423543772, 1.0507009873554805 * z[1]],
                  "logistic": [0, 1]}  # fmt: skip
    np.testing.assert_allclose(activate(name, z), limits[name], rtol=1e-6, atol=1e-30)


def test_activate_wants_contiguous_numbers():
    with pytest.raises((BufferError, ValueError)):
        activate("relu", np.zeros((4, 4))[:, ::2])


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 70),
    st.integers(1, 40),
    st.integers(1, 600),
    st.sampled_from(DTYPES),
    st.integers(1, 4),
)
def test_products(n, inputs, outputs, dtype, n_threads):
    check_products(n, (outputs, 1 + outputs % 37, inputs), dtype, n_threads)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_threads", [1, 2, 3])
@pytest.mark.parametrize(
    "widths", [(1000, 48, 2), (2100, 17, 130), (300, 192, 5), (129, 600, 300), (1024, 32, 1)]
)
def test_products_of_many_panels(widths, dtype, n_threads):
    for n in (1, 40, 300):
        check_products(n, widths, dtype, n_threads)


def check_products(n, widths, dtype, n_threads):
    """Forward, gradient of W and b, and backward of two linear layers."""
    rng = np.random.default_rng(n + sum(widths))
    hidden = widths[1]
    shape = Shape(widths, ("identity",), "identity", (False,))
    model = Perceptron(shape, np.dtype(dtype))
    for k, b in model.vectors("intercept").items():
        model.set_coef(k, rng.standard_normal(widths[k : k + 2]))
        b[:] = rng.standard_normal(len(b))
    X = rng.standard_normal((n, widths[0])).astype(dtype)
    Y = rng.standard_normal((n, widths[-1])).astype(dtype)
    data = Data(X, Y, None, "squared")
    network, gradient = build_network(
        model, data, Regularisation.none(2), n_rows=n, n_threads=n_threads
    )
    loss, _ = network.differentiate(np.arange(n), np.array([0, n]), 1 / n)
    (W, V), (b, c) = ([v.astype(float) for v in vectors] for vectors in model.weights())
    H = X.astype(float) @ W + b
    slope = (H @ V + c - Y) / n
    assert loss == pytest.approx((slope**2).sum() * n / 2, rel=float(1e4 * np.finfo(dtype).eps))
    found = Perceptron(shape, np.dtype(dtype), parameters=gradient)
    expected = {
        ("coef", 0): X.T @ (slope @ V.T),
        ("coef", 1): H.T @ slope,
        ("intercept", 0): (slope @ V.T).sum(axis=0),
        ("intercept", 1): slope.sum(axis=0),
    }
    for (kind, layer), value in expected.items():
        ours = found.coef(layer) if kind == "coef" else found.vectors(kind)[layer]
        scale = np.abs(value).max() + np.abs(H).max() * np.abs(slope).max() * hidden
        np.testing.assert_allclose(ours, value, rtol=0, atol=100 * np.finfo(dtype).eps * scale)


def test_losses_of_extreme_outputs():
    z = np.array([[800.0, -800.0, 0.0]])
    assert loss_of("softmax", z, np.array([1], dtype=np.intp), None, 0.0) == pytest.approx(1600)
    assert loss_of("softmax", z, np.array([0], dtype=np.intp), None, 0.0) == 0
    y = np.array([[0.0, 1.0, 1.0]])
    assert loss_of("logistic_loss", z, y, None, 0.0) == pytest.approx(1600 + np.log(2))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_what_is_not_finite_is_found(dtype, n_threads):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((37, 5)).astype(dtype) * (np.finfo(dtype).max / 8)
    assert all_finite_in_threads(X, n_threads)
    assert all_finite_in_threads(X[:0], n_threads)
    for bad in (np.nan, np.inf, -np.inf):
        for place in range(X.size):
            spoilt = X.copy()
            spoilt.flat[place] = bad
            assert not all_finite_in_threads(spoilt, n_threads)
            assert not all_finite_in_threads(np.asfortranarray(spoilt), n_threads)
    with pytest.raises(ValueError, match="contiguous"):
        all_finite_in_threads(X[:, ::2], n_threads)


@pytest.mark.parametrize("dtype", DTYPES)
def test_vectors_start_with_a_line_of_the_cache(dtype):
    for size in (1, 17, 100_000):
        zeros = aligned_zeros(size, dtype)
        assert zeros.dtype == dtype
        assert zeros.shape == (size,)
        assert zeros.ctypes.data % 64 == 0
        assert not zeros.any()
