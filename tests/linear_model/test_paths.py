"""lasso_path and enet_path: single fits in a row, and what they return."""

import sys

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal

from fastreg import ElasticNet, Lasso, enet_path, lasso_path

TIGHT = {"tol": 1e-12, "max_iter": 100_000}


@pytest.mark.parametrize("form", [np.asarray, np.asfortranarray, sp.csc_matrix])
@pytest.mark.parametrize("shape", [(60, 12), (30, 400)], ids=str)
@pytest.mark.parametrize("l1_ratio", [0.3, 1.0])
def test_a_path_is_single_fits(form, shape, l1_ratio, regression):
    X, y, weights = regression(*shape)
    X = form(X)
    alphas, coefs, gaps = enet_path(
        X, y, l1_ratio=l1_ratio, alphas=[1.0, 0.3, 0.1, 0.05], sample_weight=weights, **TIGHT
    )
    size = np.average(y**2, weights=weights)
    for k, alpha in enumerate(alphas):
        single = ElasticNet(alpha, l1_ratio=l1_ratio, fit_intercept=False, **TIGHT)
        single.fit(X, y, sample_weight=weights)
        assert_allclose(coefs[:, k], single.coef_, atol=1e-4)  # gap 1e-12, l2 0.035
        assert 0 <= gaps[k] <= 1e-12 * size


def test_gaps_are_those_of_the_coefficients(regression, elastic_net_gap):
    X, y, weights = regression()
    alphas, coefs, gaps = enet_path(X, y, alphas=6, sample_weight=weights, tol=1e-3)
    for k, alpha in enumerate(alphas):
        gap, size = elastic_net_gap(
            X, y, coefs[:, k], alpha=alpha, l1_ratio=0.5, sample_weight=weights, fit_intercept=False
        )
        assert gaps[k] == pytest.approx(gap, abs=1e-10 * size)
        assert gap <= 1e-3 * size * 1.0001


def test_lasso_path_is_enet_path_at_one(regression):
    X, y, _ = regression()
    for mine, other in zip(
        lasso_path(X, y, alphas=5), enet_path(X, y, l1_ratio=1.0, alphas=5), strict=True
    ):
        assert_array_equal(mine, other)


def test_alphas_come_out_decreasing(regression):
    X, y, _ = regression()
    alphas, coefs, _ = lasso_path(X, y, alphas=[0.1, 1.0, 0.3], **TIGHT)
    assert_array_equal(alphas, [1.0, 0.3, 0.1])
    assert_allclose(
        coefs[:, 0], Lasso(1.0, fit_intercept=False, **TIGHT).fit(X, y).coef_, atol=1e-6
    )


def test_the_automatic_grid_starts_where_all_is_zero(regression):
    X, y, _ = regression()
    alphas, coefs, _ = lasso_path(X, y, alphas=30, eps=0.01)
    assert alphas[0] == pytest.approx(np.abs(X.T @ y).max() / len(y))
    assert alphas[-1] == pytest.approx(0.01 * alphas[0])
    assert not coefs[:, 0].any()
    assert coefs[:, 1].any()
    assert len(lasso_path(X, y)[0]) == 100


@pytest.mark.parametrize("seed", range(40))
def test_rounding_of_the_largest_alpha_makes_no_coefficients(seed):
    """alpha_max times the number of rows is not the largest correlation to the last bit."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((rng.integers(5, 60), rng.integers(1, 30)))
    y = rng.standard_normal(len(X))
    assert not lasso_path(X, y, alphas=5, tol=1e-12)[1][:, 0].any()


def test_return_n_iter(regression):
    X, y, _ = regression()
    *_, n_iters = lasso_path(X, y, alphas=4, return_n_iter=True)
    assert len(n_iters) == 4
    assert n_iters[0] == 0
    assert n_iters[-1] > 0


def test_verbose_prints_a_line_for_each_alpha(regression, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)  # as if it were not installed
    X, y, _ = regression()
    lasso_path(X, y, alphas=4, verbose=True)
    assert len(capsys.readouterr().out.splitlines()) == 4
    lasso_path(X, y, alphas=4)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("n_targets", [None, 2])
def test_coef_init_is_where_it_starts(n_targets, regression):
    X, y, _ = regression(n_targets=n_targets)
    _, coefs, _, n_iters = enet_path(X, y, alphas=[0.1], return_n_iter=True, **TIGHT)
    start = coefs[..., 0].copy()
    again = enet_path(X, y, alphas=[0.1], coef_init=start, return_n_iter=True, **TIGHT)
    assert again[3][0] <= 1 < n_iters[0]
    assert_array_equal(start, coefs[..., 0])  # the start is not overwritten
    assert_allclose(again[1], coefs, atol=1e-6)


def test_xy_given_is_xy_formed(regression):
    X, y, _ = regression()
    plain = lasso_path(X, y, alphas=5)
    given = lasso_path(X, y, alphas=5, Xy=X.T @ y)
    assert_array_equal(plain[1], given[1])


@pytest.mark.parametrize("form", [np.asarray, np.asfortranarray])
def test_precompute(form, regression):
    X, y, _ = regression()
    X = form(X - X.mean(axis=0))
    plain = lasso_path(X, y, alphas=5, precompute=False, **TIGHT)[1]
    for precompute in (True, "auto", X.T @ X, (X.T @ X).tolist()):
        assert_allclose(
            lasso_path(X, y, alphas=5, precompute=precompute, **TIGHT)[1], plain, atol=1e-6
        )


def test_precompute_of_uncentred_x(regression):
    """A path has no intercept: X's own Gram is right whatever its means are."""
    X, y, _ = regression()
    X = X + 3
    plain = lasso_path(X, y, alphas=5, precompute=False, **TIGHT)[1]
    assert_allclose(lasso_path(X, y, alphas=5, precompute=X.T @ X, **TIGHT)[1], plain, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtypes(dtype, regression):
    X, y, _ = regression()
    alphas, coefs, gaps = lasso_path(X.astype(dtype), y.astype(dtype), alphas=3)
    assert coefs.dtype == dtype
    assert gaps.dtype == alphas.dtype == np.float64


def test_check_input_false(regression):
    X, y, _ = regression()
    for order in "CF":
        got = enet_path(np.array(X, order=order), y, alphas=4, check_input=False)
        assert_allclose(got[1], enet_path(X, y, alphas=4)[1], atol=1e-12)


def test_the_path_method(regression):
    """scikit-learn's estimators carry the path as a static method."""
    X, y, _ = regression()
    assert_array_equal(ElasticNet.path(X, y, alphas=3)[1], enet_path(X, y, alphas=3)[1])
    assert Lasso.path is ElasticNet.path


def test_columns_enter_for_all_targets_at_once(regression):
    """The multi-task penalty: a row of coefficients is zero as a whole or not at all."""
    X, y, _ = regression(n_targets=3)
    _, coefs, _ = lasso_path(X, y - y.mean(axis=0), alphas=8, **TIGHT)
    used = coefs != 0
    assert_array_equal(used.any(axis=0), used.all(axis=0))
    assert 0 < used.mean() < 1
