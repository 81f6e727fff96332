"""A multi-layer perceptron as data: its shape, its parameters, and the kernel's network.

Everything between the input and the output is listed once, in `build_layers`; a new
kind of layer is a line there and a class in the kernels.
"""

from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from fastreg._kernels.activation import Activation, activate
from fastreg._kernels.batch_norm import BatchNorm
from fastreg._kernels.layer import DenseInput, aligned_zeros
from fastreg._kernels.linear import CsrInput, Linear, SparseLinear, pack, packed_size, unpack
from fastreg._kernels.network import Network
from fastreg._kernels.network_loss import Loss, loss_of
from fastreg._kernels.noise import Dropout, GaussianNoise
from fastreg._kernels.stack import Stack

# pieces of the parameter vector start on cache lines
_ALIGNMENT = 16
# rows that go through the network together in a prediction
_ROWS = 2048


@dataclass(frozen=True)
class Shape:
    """What a network is made of.

    Parameters
    ----------
    widths : tuple of int
        Features, hidden units of each layer, outputs.
    activations : tuple of str
        One for each hidden layer.
    output_activation : {"identity", "exp", "logistic", "softmax"}
    batch_norm : tuple of bool
        One for each hidden layer.
    """

    widths: tuple
    activations: tuple
    output_activation: str
    batch_norm: tuple

    @property
    def n_linear(self):
        """Linear layers."""
        return len(self.widths) - 1

    def pieces(self):
        """(kind, layer, shape) of each piece of the parameter vector, in its order."""
        for k in range(self.n_linear):
            yield "coef", k, (self.widths[k], self.widths[k + 1])
            yield "intercept", k, (self.widths[k + 1],)
            if k < self.n_linear - 1 and self.batch_norm[k]:
                yield "scale", k, (self.widths[k + 1],)
                yield "shift", k, (self.widths[k + 1],)


@dataclass(frozen=True)
class Regularisation:
    """What holds a network back while it is trained.

    Parameters
    ----------
    alphas, l1s : ndarray of shape (n_linear,)
        Penalties alpha / 2 |W|^2 + l1 |W| of each layer, over the sum of a batch's weights.
    dropout : tuple of float
        Of the input and of each hidden layer.
    input_noise, max_norm, clip : float
        0 for none.
    batch_norm_momentum : float
    """

    alphas: np.ndarray
    l1s: np.ndarray
    dropout: tuple
    input_noise: float = 0.0
    max_norm: float = 0.0
    clip: float = 0.0
    batch_norm_momentum: float = 0.1

    @classmethod
    def none(cls, n_linear):
        """No regularisation."""
        zeros = np.zeros(n_linear)
        return cls(zeros, zeros, (0.0,) * n_linear)


@dataclass
class Perceptron:
    """Parameters of a network in one vector, and running statistics of batch norm.

    Weights lie in the vector as products read them, the first ones otherwise where X is
    sparse; the other parameters lie as they are.
    """

    shape: Shape
    dtype: np.dtype
    parameters: np.ndarray = None
    statistics: dict = field(default_factory=dict)
    n_seen: dict = field(default_factory=dict)
    epsilon: float = 1e-5
    sparse: bool = False

    def __post_init__(self):
        self._slices, size = {}, 0
        for kind, k, shape in self.shape.pieces():
            start = self._next(size, kind)
            size = start + (packed_size(shape, self.dtype) if kind == "coef" else shape[0])
            self._slices[kind, k] = slice(start, size)
            if kind == "scale":
                self.statistics[k] = np.array([np.zeros(shape), np.ones(shape)])
                self.n_seen[k] = np.zeros(1, dtype=np.intp)
        if self.parameters is None:
            self.parameters = aligned_zeros(size, self.dtype)
            for scale in self.vectors("scale").values():
                scale[:] = 1

    @staticmethod
    def _next(offset, kind):
        if kind in ("coef", "scale"):  # what begins a kernel layer
            return -(-offset // _ALIGNMENT) * _ALIGNMENT
        return offset

    def offset(self, kind, k):
        """Where a piece of the vector starts."""
        return self._slices[kind, k].start

    def vectors(self, kind):
        """Views of the "intercept", "scale" or "shift" of each layer that has one."""
        return {k: self.parameters[s] for (name, k), s in self._slices.items() if name == kind}

    def coef(self, k):
        """A copy of the weights (inputs, outputs) of layer k."""
        packed = self.parameters[self._slices["coef", k]]
        return unpack(packed, self.shape.widths[k : k + 2], self.sparse and k == 0)

    def set_coef(self, k, coef):
        """Write the weights of layer k."""
        pack(coef, self.parameters[self._slices["coef", k]], self.sparse and k == 0)

    def lay(self, vector, sparse):
        """Let a vector that lies as parameters do for sparse or dense X lie as these do, in
        place; returns it."""
        if sparse != self.sparse:
            piece = vector[self._slices["coef", 0]]
            coef = unpack(piece, self.shape.widths[:2], sparse)
            piece[:] = 0
            pack(coef, piece, self.sparse)
        return vector

    def turn_to(self, sparse):
        """Be ready for sparse or for dense X."""
        before, self.sparse = self.sparse, sparse
        self.lay(self.parameters, before)

    def weights(self):
        """Lists of coefs (inputs, outputs) and intercepts (outputs,) for prediction.

        Batch norm's statistics are folded in.
        """
        coefs = [self.coef(k) for k in range(self.shape.n_linear)]
        intercepts = [vector.copy() for vector in self.vectors("intercept").values()]
        shifts = self.vectors("shift")
        for k, scale in self.vectors("scale").items():
            mean, variance = self.statistics[k]
            factor = scale / np.sqrt(variance + self.epsilon)
            coefs[k] = (coefs[k] * factor).astype(self.dtype)
            intercepts[k] = ((intercepts[k] - mean) * factor + shifts[k]).astype(self.dtype)
        return coefs, intercepts

    def take(self, coefs, intercepts):
        """Copy weights in, but not where batch norm is folded into them."""
        if self.statistics:
            return
        for k, vector in self.vectors("intercept").items():
            for kind, given, shape in (
                ("coef", coefs[k], self.shape.widths[k : k + 2]),
                ("intercept", intercepts[k], vector.shape),
            ):
                if shape != np.shape(given):
                    raise ValueError(
                        f"{kind}s_[{k}] has shape {np.shape(given)}, the parameters ask for "
                        f"{shape}: fit anew with warm_start=False."
                    )
        for k, vector in self.vectors("intercept").items():
            self.set_coef(k, coefs[k])
            vector[:] = intercepts[k]

    def is_finite(self):
        """Whether nothing that predictions are made of has overflowed."""
        parts = (self.parameters, *self.statistics.values())
        return all(np.isfinite(part).all() for part in parts)

    def snapshot(self):
        """A copy of all that training changes."""
        return (
            self.parameters.copy(),
            self.sparse,
            {k: v.copy() for k, v in self.statistics.items()},
            {k: v.copy() for k, v in self.n_seen.items()},
        )

    def restore(self, snapshot):
        """Go back to a snapshot."""
        parameters, sparse, statistics, n_seen = snapshot
        self.parameters[:] = self.lay(parameters.copy(), sparse)
        for k in self.statistics:
            self.statistics[k][:] = statistics[k]
            self.n_seen[k][:] = n_seen[k]


def build_layers(model, X, regularisation, key):
    """The kernel's layers for training `model` on rows of X, and where each has its
    parameters."""
    shape, single = model.shape, model.dtype == np.float32
    layers, offsets = [], []

    def add(layer, offset=0):
        layers.append(layer)
        offsets.append(offset)

    add(CsrInput(X, single) if sp.issparse(X) else DenseInput(X, single))
    if regularisation.input_noise:
        add(GaussianNoise(layers[-1], regularisation.input_noise, len(layers), key))
    for k in range(shape.n_linear):
        if regularisation.dropout[k]:
            add(Dropout(layers[-1], regularisation.dropout[k], len(layers), key))
        kind = SparseLinear if isinstance(layers[-1], CsrInput) else Linear
        add(kind(layers[-1], shape.widths[k + 1], k > 0), model.offset("coef", k))
        if k == shape.n_linear - 1:
            return layers, offsets
        if shape.batch_norm[k]:
            add(
                BatchNorm(
                    layers[-1],
                    model.statistics[k],
                    model.n_seen[k],
                    regularisation.batch_norm_momentum,
                    model.epsilon,
                ),
                model.offset("scale", k),
            )
        if shape.activations[k] != "identity":
            add(Activation(layers[-1], shape.activations[k]))


def build_network(model, data, regularisation, *, optimiser=None, key=0, n_rows, n_threads):
    """The kernel's network, on the model's parameters; returns it and its gradients."""
    layers, offsets = build_layers(model, data.X, regularisation, key)
    gradients = aligned_zeros(model.parameters.size, model.dtype)
    stack = Stack(
        layers,
        data.loss(),
        optimiser,
        model.parameters,
        gradients,
        offsets,
        regularisation.alphas,
        regularisation.l1s,
        n_rows=n_rows,
        n_threads=n_threads,
    )
    network = Network(stack, clip=regularisation.clip, max_norm=regularisation.max_norm)
    return network, gradients


@dataclass
class Data:
    """Rows to learn from.

    Parameters
    ----------
    X : ndarray or CSR matrix
    targets : ndarray
        (n_samples, n_outputs) in the network's dtype; classes (n_samples,) for "softmax".
    sample_weight : ndarray or None
        float64.
    loss_name : str
        Of the kernels' losses.
    loss_parameter : float
        Share of label smoothing, threshold or level.
    samples : ndarray or None
        The rows that are used, None for all.
    """

    X: object
    targets: np.ndarray
    sample_weight: np.ndarray
    loss_name: str
    loss_parameter: float = 0.0
    samples: np.ndarray = None

    def __post_init__(self):
        if self.samples is None:
            self.samples = np.arange(self.X.shape[0], dtype=np.intp)

    def loss(self):
        """The kernel's loss."""
        return Loss(self.loss_name, self.targets, self.sample_weight, self.loss_parameter)

    @property
    def n_averaged(self):
        """Outputs that a reported loss is averaged over, as scikit-learn reports it."""
        sums = self.loss_name in ("softmax", "logistic_loss", "poisson")
        return 1 if sums else self.targets.shape[1]

    def total_weight(self):
        """The sum of the weights of the rows that are used."""
        if self.sample_weight is None:
            return float(len(self.samples))
        return float(self.sample_weight[self.samples].sum())

    def loss_at(self, outputs):
        """Mean loss of the network's last linear outputs for all rows."""
        if self.loss_name != "softmax":
            outputs = outputs.astype(self.targets.dtype, copy=False)
        total = loss_of(
            self.loss_name, outputs, self.targets, self.sample_weight, self.loss_parameter
        )
        return total / self.n_averaged


# ---- prediction ------------------------------------------------------------


def linear_outputs(X, coefs, intercepts, activations):
    """What comes out of the last linear layer, for each row of X."""
    if X.shape[0] <= _ROWS:
        return _forward(X, coefs, intercepts, activations)
    dtype = np.result_type(X.dtype, coefs[-1].dtype)
    out = np.empty((X.shape[0], coefs[-1].shape[1]), dtype=dtype)
    for start in range(0, X.shape[0], _ROWS):
        rows = slice(start, start + _ROWS)
        out[rows] = _forward(X[rows], coefs, intercepts, activations)
    return out


def _forward(rows, coefs, intercepts, activations):
    last = len(coefs) - 1
    for k, (coef, intercept) in enumerate(zip(coefs, intercepts, strict=True)):
        rows = rows @ coef
        rows += intercept
        if k < last and activations[k] != "identity":
            rows = activate(activations[k], rows)
    return rows


def apply_head(name, outputs):
    """Outputs of the last linear layer to means, rates or probabilities, in place."""
    if name == "softmax":
        outputs -= outputs.max(axis=1, keepdims=True)
        activate("exp", outputs)
        outputs /= outputs.sum(axis=1, keepdims=True)
    elif name != "identity":
        activate(name, outputs)
    return outputs


def undo_head(name, means):
    """What the last linear layer would have to say, for these means."""
    with np.errstate(divide="ignore"):
        if name == "logistic":
            return np.log(means) - np.log1p(-means)
        return means if name == "identity" else np.log(means)


def mean_of(outputs):
    """The mean of arrays of one shape, added in their order; the first becomes it."""
    total, n = None, 0
    for output in outputs:
        total, n = output if total is None else np.add(total, output, out=total), n + 1
    total /= n
    return total
