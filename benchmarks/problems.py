"""Named problems, made when asked for and the same every time."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.sparse as sp
from sklearn.datasets import load_diabetes, load_digits
from sklearn.preprocessing import PolynomialFeatures

from benchmarks import real_data
from benchmarks.real_data import MissingDataError as MissingDataError

NEIGHBOUR_CORRELATION = 0.6
SIGNAL_TO_NOISE = 3.0


@dataclass
class Problem:
    """X and y with a name that says what they are.

    `quick` is true where `--quick` made it smaller than the figures are stated for.
    """

    name: str
    X: object
    y: np.ndarray
    quick: bool = False

    @property
    def nbytes(self):
        """Bytes of X's numbers (and indices)."""
        if sp.issparse(self.X):
            return self.X.data.nbytes + self.X.indices.nbytes + self.X.indptr.nbytes
        return self.X.nbytes

    @property
    def name_without_order(self):
        """The name of the problem whatever the order of X in memory."""
        return self.name.replace(", C order", "").replace(", F order", "")

    def alpha_max(self, *, fit_intercept=True):
        """The smallest alpha at which the lasso's coefficients are all zero."""
        y = self.y - self.y.mean() if fit_intercept else self.y
        return float(np.abs(self.X.T @ y.astype(self.X.dtype)).max()) / len(y)


def dense(n, p, *, order="F", dtype=np.float64, center=False, quick=False):
    """Gaussian columns, each correlated 0.6 with its neighbour; 10 to 100 of them matter."""
    X, y = _dense_arrays(n, p, center)
    X = np.asarray(X, dtype=dtype, order=order)
    kind = "" if dtype == np.float64 else " float32"
    return Problem(f"dense {n} x {p}{kind}, {order} order", X, y.astype(dtype), quick)


@lru_cache(maxsize=1)
def _dense_arrays(n, p, center):
    rng = np.random.default_rng(n + p)
    X = np.empty((n, p), order="F")
    innovation = np.sqrt(1 - NEIGHBOUR_CORRELATION**2)
    for j in range(p):
        X[:, j] = rng.standard_normal(n)
        if j:
            X[:, j] *= innovation
            X[:, j] += NEIGHBOUR_CORRELATION * X[:, j - 1]
    y = _target(X, rng)
    if center:
        X -= X.mean(axis=0)
        y -= y.mean()
    return X, y


def sparse(n, p, *, density=0.002, quick=False):
    """Uniform numbers at random places, in compressed columns."""
    rng = np.random.default_rng(n + p)
    X = sp.random(n, p, density=density, format="csc", random_state=rng, dtype=np.float64)
    X.sort_indices()
    return Problem(f"sparse {n} x {p}, density {density:g}", X, _target(X, rng), quick)


def _target(X, rng):
    n, p = X.shape
    chosen = rng.choice(p, size=min(p, max(10, min(100, p // 20))), replace=False)
    coef = np.zeros(p)
    coef[chosen] = rng.choice([-1.0, 1.0], size=len(chosen)) * (0.5 + rng.random(len(chosen)))
    signal = X @ coef
    noise = rng.standard_normal(n)
    spread = np.linalg.norm(signal - signal.mean()) / np.linalg.norm(noise)
    return signal + noise * (spread / SIGNAL_TO_NOISE)


def golub(*, order="F", quick=False):
    """Leukemia gene expression, 72 x 7129, columns standardised and y centred."""
    X, y = real_data.golub()
    X = _standardised(X)
    name = f"golub {X.shape[0]} x {X.shape[1]}, {order} order"
    return Problem(name, np.asarray(X, order=order), y - y.mean(), quick)


def debian(*, quick=False):
    """Words of Debian's packages against their size, 63540 x 29004 sparse, y centred."""
    X, y = real_data.debian()
    X = X.tocsc()
    X.sort_indices()
    return Problem("debian 63540 x 29004 sparse", X, y - y.mean(), quick)


def digits(*, order="F", quick=False):
    """scikit-learn's digits with products of pixels, each against being an eight; y centred."""
    X, digit = load_digits(return_X_y=True)
    X = _standardised(PolynomialFeatures(2, include_bias=False).fit_transform(X / 16))
    X, y = X[:, X.any(axis=0)], (digit == 8).astype(np.float64)
    name = f"digits, squares {X.shape[0]} x {X.shape[1]}, {order} order"
    return Problem(name, np.asarray(X, order=order), y - y.mean(), quick)


def diabetes(*, order="C", quick=False):
    """scikit-learn's diabetes with products of features, 442 x 65; y centred."""
    X, y = load_diabetes(return_X_y=True)
    X = _standardised(PolynomialFeatures(2, include_bias=False).fit_transform(X))
    name = f"diabetes, squares {X.shape[0]} x {X.shape[1]}, {order} order"
    return Problem(name, np.asarray(X, order=order), y - y.mean(), quick)


def _standardised(X):
    X = X - X.mean(axis=0)
    spread = X.std(axis=0)
    return X / np.where(spread > 0, spread, 1.0)
