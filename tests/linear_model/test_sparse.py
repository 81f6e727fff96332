"""Sparse X of any format gives what dense X gives."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal

from fastreg import ElasticNet, Lasso, Ridge, lasso_path

TIGHT = {"tol": 1e-13, "max_iter": 100_000}
ESTIMATORS = {
    "lasso": Lasso(0.05, **TIGHT),
    "elastic net": ElasticNet(0.05, **TIGHT),
    "ridge": Ridge(0.5, tol=1e-13),
}


def int64_indices(X):
    X = sp.csc_array(X)
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def duplicate_entries(X):
    """Each entry stored as two halves."""
    coo = sp.coo_matrix(X)
    twice = [np.concatenate([part, part]) for part in (coo.data / 2, coo.row, coo.col)]
    return sp.coo_matrix((twice[0], (twice[1], twice[2])), shape=X.shape)


def unsummed_csc(X):
    """The same in CSC: not in canonical form, indices unsorted."""
    columns = [np.flatnonzero(column)[::-1] for column in X.T]
    indices = np.concatenate([np.concatenate([rows, rows]) for rows in columns])
    data = np.concatenate([np.tile(X[rows, j], 2) / 2 for j, rows in enumerate(columns)])
    indptr = np.cumsum([0] + [2 * len(rows) for rows in columns])
    return sp.csc_matrix((data, indices, indptr), shape=X.shape)


def explicit_zeros(X):
    matrix = sp.csc_matrix(np.where(X == 0, 7.0, X))
    matrix.data[(X == 0).ravel(order="F")] = 0
    return matrix


FORMATS = {
    "csc": sp.csc_matrix,
    "csr": sp.csr_matrix,
    "coo": sp.coo_matrix,
    "csc array": sp.csc_array,
    "csr array": sp.csr_array,
    "lil": sp.lil_matrix,
    "int64 indices": int64_indices,
    "duplicate entries": duplicate_entries,
    "unsummed csc": unsummed_csc,
    "explicit zeros": explicit_zeros,
}


@pytest.fixture(scope="module")
def data():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((50, 15)) * (rng.random((50, 15)) < 0.4)
    X[:, 3] = 0  # an empty column, and an empty row
    X[7] = 0
    X[:, 5] = rng.standard_normal(50) + 1000  # no zeros, mean far above the spread
    y = X[:, :6] @ [1, -2, 3, 0, 1, 0.5] + rng.standard_normal(50)
    return X, y, rng.uniform(0, 2, 50)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_format_equals_dense(form, name, data):
    X, y, weights = data
    matrix = FORMATS[form](X)
    assert_allclose(matrix.toarray(), X)
    model = ESTIMATORS[name]
    for fit_intercept in (False, True):
        model.set_params(fit_intercept=fit_intercept)
        dense = model.fit(X, y, sample_weight=weights)
        coef, intercept, predicted = dense.coef_, dense.intercept_, dense.predict(X)
        sparse = model.fit(matrix, y, sample_weight=weights)
        assert_allclose(sparse.coef_, coef, atol=1e-6)
        assert_allclose(sparse.intercept_, intercept, atol=1e-3)  # times a mean of 1000
        assert_allclose(sparse.predict(matrix), predicted, atol=1e-4)


@pytest.mark.parametrize("form", FORMATS)
def test_the_matrix_is_left_as_it_was(form, data):
    X, y, _ = data
    matrix = FORMATS[form](X)
    before = matrix.copy()
    Lasso(0.05).fit(matrix, y).predict(matrix)
    assert matrix.format == before.format
    if form != "lil":
        for part in ("data", "indices", "indptr", "row", "col"):
            if hasattr(before, part):
                assert_array_equal(getattr(matrix, part), getattr(before, part))
                assert getattr(matrix, part).dtype == getattr(before, part).dtype


@pytest.mark.parametrize("dtype", ["float32", "int32", "bool"])
def test_dtypes(dtype, data):
    X, y, _ = data
    X = np.delete(X, 5, axis=1).astype(dtype)
    sparse = Lasso(0.02, **TIGHT).fit(sp.csc_matrix(X), y)
    dense = Lasso(0.02, **TIGHT).fit(X, y)
    assert sparse.coef_.dtype == dense.coef_.dtype
    assert_allclose(sparse.coef_, dense.coef_, atol=1e-5)


def test_path(data):
    X, y, weights = data
    X = np.delete(X, 5, axis=1)
    options = {"alphas": 6, "sample_weight": weights, **TIGHT}
    dense, sparse = lasso_path(X, y, **options), lasso_path(sp.csr_matrix(X), y, **options)
    assert_allclose(sparse[0], dense[0])
    assert_allclose(sparse[1], dense[1], atol=1e-6)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_matrix_of_zeros(name):
    X, y = sp.csc_matrix((9, 4)), np.arange(9.0)
    model = ESTIMATORS[name].set_params(fit_intercept=True).fit(X, y)
    assert_array_equal(model.coef_, np.zeros(4))
    assert model.intercept_ == pytest.approx(4)


def test_fewer_numbers_than_columns():
    """Most columns are empty: no pointer past the stored numbers is read."""
    X = sp.csc_matrix(([2.0], ([3], [1])), shape=(6, 5))
    model = Lasso(0.01, **TIGHT).fit(X, [0, 0, 0, 1.0, 0, 0])
    dense = Lasso(0.01, **TIGHT).fit(X.toarray(), [0, 0, 0, 1.0, 0, 0])
    assert_allclose(model.coef_, dense.coef_, atol=1e-9)


def test_sparse_predicts_what_dense_predicts(data):
    X, y, _ = data
    model = Lasso(0.05).fit(X, y)
    for form in (sp.csr_matrix, sp.csc_matrix, sp.coo_matrix, sp.csr_array):
        assert_allclose(model.predict(form(X)), model.predict(X))
