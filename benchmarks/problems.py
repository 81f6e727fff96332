"""Named problems, made when asked for and the same every time."""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import scipy.sparse as sp

DATA_VARIABLE = "FASTREG_DATA"
NEIGHBOUR_CORRELATION = 0.6
SIGNAL_TO_NOISE = 3.0


class MissingDataError(RuntimeError):
    """Real data that a problem needs is not there."""


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
    with np.load(data_file("golub.npz")) as file:
        X, y = file["X"].astype(np.float64), file["y"].astype(np.float64)
    X -= X.mean(axis=0)
    spread = X.std(axis=0)
    X /= np.where(spread > 0, spread, 1.0)
    name = f"golub 72 x 7129, {order} order"
    return Problem(name, np.asarray(X, order=order), y - y.mean(), quick)


def debian(*, quick=False):
    """Words of Debian's packages against their size, 63540 x 29004 sparse, y centred."""
    with np.load(data_file("debian_packages.npz"), allow_pickle=True) as file:
        parts = file["data"].astype(np.float64), file["indices"], file["indptr"]
        X = sp.csr_matrix(parts, shape=tuple(file["shape"])).tocsc()
        y = file["y"].astype(np.float64)
    X.sort_indices()
    return Problem("debian 63540 x 29004 sparse", X, y - y.mean(), quick)


def mnist():
    """Ten thousand digits: X in [0, 1], float32, and y."""
    with np.load(data_file("mnist10k.npz")) as file:
        return (file["X"] / 255).astype(np.float32), file["y"]


def california():
    """Houses of 1990 without rows that miss a number: X (8 columns) and y, float32."""
    import pandas as pd

    table = pd.read_csv(data_file("california_housing.csv.gz"))
    table = table.dropna().select_dtypes("number")
    y = table.pop("median_house_value").to_numpy(np.float32)
    return table.to_numpy(np.float32), y


def data_file(name):
    """The path of a file of real data."""
    folder = os.environ.get(DATA_VARIABLE)
    if not folder:
        raise MissingDataError(f"{DATA_VARIABLE} is not set: it names the folder with {name}")
    path = Path(folder) / name
    if not path.exists():
        raise MissingDataError(f"{DATA_VARIABLE} names {folder}, where there is no {name}")
    return path
