"""X, y and weights are read, never written to, wherever and however they lie."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal

from fastreg import (
    ElasticNet,
    Lasso,
    LassoCV,
    MultiTaskLasso,
    MultiTaskLassoCV,
    Ridge,
    enet_path,
)

MODELS = {
    "lasso": Lasso,
    "elastic net": lambda **options: ElasticNet(l1_ratio=0.3, **options),
    "tasks": MultiTaskLasso,
    "precompute": lambda **options: Lasso(precompute=True, **options),
    "multi-task cv": lambda **options: MultiTaskLassoCV(cv=3, alphas=3, **options),
    "lasso cv": lambda **options: LassoCV(cv=3, alphas=3, standardize=True, **options),
    "ridge": Ridge,
    "ridge svd": lambda **options: Ridge(solver="svd", **options),
    "ridge cg": lambda **options: Ridge(solver="sparse_cg", **options),
}


class _Path:
    """enet_path in the shape of an estimator."""

    def __init__(self, copy_X):
        self.copy_X = copy_X

    def fit(self, X, y, sample_weight):
        enet_path(X, y, alphas=3, copy_X=self.copy_X, sample_weight=sample_weight)


MODELS["path"] = _Path


@pytest.mark.parametrize("copy_X", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
@pytest.mark.parametrize("layout", ["c", "f", "slice", "strided", "big endian"])
@pytest.mark.parametrize("name", [name for name in MODELS if name != "lasso cv"])
def test_dense(name, layout, dtype, copy_X, regression):
    X, y, weights = regression(n_targets=2)
    X = (5 * X).astype(dtype)
    if layout == "slice":
        X = np.pad(X, 3)[3:-3, 3:-3]
    elif layout == "strided":
        X = np.repeat(X, 2, axis=1)[:, ::2]
    elif layout == "big endian":
        X = X.astype(X.dtype.newbyteorder(">"))
    else:
        X = np.array(X, order=layout.upper())
    before = X.copy(), y.copy(), weights.copy()
    for array in (X, y, weights):
        array.flags.writeable = False
    MODELS[name](copy_X=copy_X).fit(X, y, sample_weight=weights)
    for array, kept in zip((X, y, weights), before, strict=True):
        assert_array_equal(array, kept)


@pytest.mark.parametrize("copy_X", [True, False])
@pytest.mark.parametrize("name", ["lasso", "elastic net", "ridge", "path", "lasso cv"])
def test_read_only_sparse(name, copy_X, regression):
    X, y, weights = regression()
    X = sp.csc_matrix(X)
    before = X.copy()
    for array in (X.data, X.indices, X.indptr, y, weights):
        array.flags.writeable = False
    MODELS[name](copy_X=copy_X).fit(X, y, sample_weight=weights)
    assert_array_equal(X.toarray(), before.toarray())


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("model", [Lasso(0.05), Ridge()], ids=["lasso", "ridge"])
def test_a_read_only_memmap(tmp_path, order, model, regression):
    X, y, _ = regression()
    stored = np.memmap(tmp_path / "X", dtype=X.dtype, mode="w+", shape=X.shape, order=order)
    stored[:] = X
    stored.flush()
    opened = np.memmap(tmp_path / "X", dtype=X.dtype, mode="r", shape=X.shape, order=order)
    coef = model.fit(opened, y).coef_
    assert not isinstance(coef, np.memmap)
    assert_allclose(coef, model.fit(X, y).coef_, atol=1e-12)
    assert not isinstance(model.predict(opened), np.memmap)


def test_parameters_that_are_arrays(regression):
    X, y, _ = regression(n_targets=2)
    X = X - X.mean(axis=0)
    alpha, gram, start, alphas = np.array([1.0, 2.0]), X.T @ X, np.ones((2, 12)), np.array([0.1, 1])
    before = [array.copy() for array in (alpha, gram, start, alphas)]
    Ridge(alpha).fit(X, y)
    Lasso(precompute=gram).fit(X, y)
    enet_path(X, y, alphas=alphas, coef_init=start, precompute=gram, Xy=X.T @ y)
    for array, kept in zip((alpha, gram, start, alphas), before, strict=True):
        assert_array_equal(array, kept)


def test_what_is_fitted_is_not_a_view(regression):
    """Changing coef_ of one fit changes no other fit, and no data."""
    X, y, _ = regression()
    model = Lasso(0.05, warm_start=True).fit(X, y)
    first = model.coef_
    model.fit(X, y)
    model.coef_[:] = 7
    assert (first != 7).all()
