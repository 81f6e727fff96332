"""Real data: from the folder that FASTREG_DATA names, or from OpenML where that is asked for."""

import os
from pathlib import Path

import numpy as np
import scipy.sparse as sp

DATA_VARIABLE = "FASTREG_DATA"
# Whether what is missing may be fetched; `--fetch` sets it.
fetching = False


class MissingDataError(RuntimeError):
    """Real data that a problem needs is not there."""


def golub():
    """Leukemia gene expression: X (72, 7129) float64, y 0 or 1."""
    path = _path("golub.npz", openml="leukemia")
    if path is None:
        X, y = _fetch("leukemia")
        return X.astype(np.float64), (y == "AML").astype(np.float64)
    with np.load(path) as file:
        return file["X"].astype(np.float64), file["y"].astype(np.float64)


def debian():
    """Words of Debian's packages, (63540, 29004) sparse by rows, and the log of their size."""
    with np.load(_path("debian_packages.npz"), allow_pickle=True) as file:
        parts = file["data"].astype(np.float64), file["indices"], file["indptr"]
        return sp.csr_matrix(parts, shape=tuple(file["shape"])), file["y"].astype(np.float64)


def mnist():
    """Ten thousand digits: X in [0, 1], float32, and y."""
    path = _path("mnist10k.npz", openml="mnist_784")
    if path is None:
        X, y = _fetch("mnist_784")
        rows = np.random.default_rng(0).permutation(len(y))[:10000]
        return (X[rows] / 255).astype(np.float32), y[rows].astype(int)
    with np.load(path) as file:
        return (file["X"] / 255).astype(np.float32), file["y"]


def california():
    """Houses of 1990 without rows that miss a number: X (8 columns) and y, float32."""
    path = _path("california_housing.csv.gz", openml="houses")
    if path is None:
        X, y = _fetch("houses")
        return X.astype(np.float32), y.astype(np.float32)
    table = california_table().dropna().select_dtypes("number")
    y = table.pop("median_house_value").to_numpy(np.float32)
    return table.to_numpy(np.float32), y


def california_table():
    """The whole table, with its text and what it misses."""
    import pandas as pd

    return pd.read_csv(_path("california_housing.csv.gz"))


def _path(name, openml=None):
    """Where a file is; None where `openml`, a data set there, is to be fetched instead."""
    folder = os.environ.get(DATA_VARIABLE)
    if folder and (Path(folder) / name).exists():
        return Path(folder) / name
    if fetching and openml:
        return None
    remedy = "; `python -m benchmarks --fetch` gets it from OpenML" if openml else ""
    if not folder:
        raise MissingDataError(
            f"{DATA_VARIABLE} is not set: it names the folder with {name}{remedy}"
        )
    raise MissingDataError(f"{DATA_VARIABLE} names {folder}, where there is no {name}{remedy}")


def _fetch(name):
    from sklearn.datasets import fetch_openml

    try:
        data = fetch_openml(name, version=1, as_frame=False)
    except Exception as error:  # no network, and all that a network does
        raise MissingDataError(f"OpenML does not give {name}: {error}") from None
    return data.data, data.target
