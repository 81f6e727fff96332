"""What libraries without a perceptron's estimator need to train scikit-learn's.

The weights are drawn and the rows shuffled as scikit-learn does it for a seed, so that
all libraries take the same steps and end at the same loss up to rounding.
"""

from dataclasses import dataclass

import numpy as np

KNOWN = {"hidden_layer_sizes", "batch_size", "max_iter", "random_state"}


@dataclass(frozen=True)
class Recipe:
    """A classifier with relu, trained by Adam: scikit-learn's defaults beside `options`."""

    sizes: tuple
    batch: int
    epochs: int
    seed: int
    alpha: float = 1e-4
    rate: float = 1e-3
    betas: tuple = (0.9, 0.999)
    epsilon: float = 1e-8

    @classmethod
    def of(cls, X, y, options):
        """From data with classes 0, 1, ... and parameters of scikit-learn's estimator."""
        unknown = set(options) - KNOWN
        if unknown:
            raise ValueError(f"only {', '.join(sorted(KNOWN))}, not {', '.join(sorted(unknown))}")
        sizes = (X.shape[1], *options["hidden_layer_sizes"], int(y.max()) + 1)
        return cls(sizes, options["batch_size"], options["max_iter"], options["random_state"])

    def start(self):
        """The generator, and [(weights (in, out), intercepts (out,))] in float32."""
        rng = np.random.RandomState(self.seed)
        layers = []
        for n_in, n_out in zip(self.sizes[:-1], self.sizes[1:], strict=True):
            bound = np.sqrt(6 / (n_in + n_out))
            W = rng.uniform(-bound, bound, (n_in, n_out)).astype(np.float32)
            layers.append((W, rng.uniform(-bound, bound, n_out).astype(np.float32)))
        return rng, layers

    def orders(self, rng, n):
        """The order of the rows in each epoch: each a shuffle of the last."""
        order = np.arange(n)
        for _ in range(self.epochs):
            shuffle = np.arange(n)
            rng.shuffle(shuffle)
            order = order[shuffle]
            yield order


@dataclass(eq=False)
class Trained:
    """A network by the names of scikit-learn; `predict_proba` is a function of X."""

    coefs_: object
    intercepts_: object
    predict_proba: object
