"""LassoCV and its kin: against scikit-learn, against fits by hand, and their own rules."""

import sys
import tracemalloc
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.linear_model
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneOut,
    PredefinedSplit,
    RepeatedKFold,
    ShuffleSplit,
    TimeSeriesSplit,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fastreg
from fastreg import (
    CVDisplay,
    DiagnosticWarning,
    ElasticNet,
    ElasticNetCV,
    Lasso,
    LassoCV,
    MultiTaskElasticNetCV,
    MultiTaskLassoCV,
    PathDisplay,
    RegularizationPath,
)
from fastreg._engine import admission, moments, path
from fastreg._engine import problem as problem_module

TIGHT = {"tol": 1e-12, "max_iter": 10_000}
NAMES = ["LassoCV", "ElasticNetCV", "MultiTaskLassoCV", "MultiTaskElasticNetCV"]


def problem(regression, name="LassoCV", **options):
    n_targets = 2 if name.startswith("MultiTask") else None
    return regression(50, 9, n_targets=n_targets, **options)


def compare(name, X, y, sample_weight=None, rtol=1e-5, **parameters):
    """Fit ours and scikit-learn's; both must agree in everything that is theirs."""
    parameters = {**TIGHT, "alphas": 8, "cv": 3, **parameters}
    ours = getattr(fastreg, name)(**parameters).fit(X, y, sample_weight)
    theirs = getattr(sklearn.linear_model, name)(**parameters).fit(X, y, sample_weight)
    assert ours.mse_path_.shape == theirs.mse_path_.shape
    assert ours.alphas_.shape == theirs.alphas_.shape
    assert_allclose(ours.alphas_, theirs.alphas_, rtol=rtol)
    assert_allclose(ours.mse_path_, theirs.mse_path_, rtol=rtol)
    assert ours.alpha_ == pytest.approx(theirs.alpha_, rel=rtol)
    assert hasattr(ours, "l1_ratio_") == hasattr(theirs, "l1_ratio_")
    if hasattr(theirs, "l1_ratio_"):
        assert ours.l1_ratio_ == theirs.l1_ratio_
    assert ours.coef_.shape == theirs.coef_.shape
    assert ours.coef_.dtype == theirs.coef_.dtype
    size = np.abs(theirs.coef_).max()
    assert_allclose(ours.coef_, theirs.coef_, rtol=rtol, atol=100 * rtol * size)
    assert_allclose(ours.intercept_, theirs.intercept_, rtol=100 * rtol)
    assert np.shape(ours.dual_gap_) == np.shape(theirs.dual_gap_)
    return ours


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("layout", "weighted"), [("C", True), ("F", False), ("csc", True), ("csr", False)]
)
def test_like_scikit_learn(regression, way, name, layout, weighted):
    X, y, weights = problem(regression, name)
    X = np.array(X, order=layout) if layout in "CF" else sp.csc_array(X).asformat(layout)
    compare(name, X, y, weights if weighted else None)


@pytest.mark.parametrize("name", NAMES)
def test_without_intercept(regression, way, name):
    X, y, weights = problem(regression, name)
    compare(name, X, y, weights, fit_intercept=False)


@pytest.mark.parametrize("name", NAMES[:2])
def test_positive(regression, way, name):
    X, y, _ = problem(regression, name)
    assert (compare(name, X, y, positive=True).coef_ >= 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_float32(regression, way, name):
    """In float32 scikit-learn stops at 1e-5 or so, which leaves errors this room; ours
    keeps float64 state."""
    X, y, _ = problem(regression, name)
    model = compare(name, X.astype(np.float32), y.astype(np.float32), rtol=5e-3, tol=1e-5)
    assert model.coef_.dtype == np.float32
    exact = getattr(fastreg, name)(alphas=8, cv=3, tol=1e-9).fit(X, y)
    single = getattr(fastreg, name)(alphas=8, cv=3, tol=1e-9).fit(X.astype(np.float32), y)
    assert_allclose(single.mse_path_, exact.mse_path_, rtol=1e-4)


@pytest.mark.parametrize("alphas", [6, [0.5, 0.01, 0.1], 1])
@pytest.mark.parametrize("l1_ratio", [0.3, [0.9], [0.2, 0.7, 1.0]])
def test_l1_ratios(regression, way, alphas, l1_ratio):
    X, y, _ = problem(regression)
    compare("ElasticNetCV", X, y, alphas=alphas, l1_ratio=l1_ratio)


SPLITTERS = {
    "shuffled": KFold(3, shuffle=True, random_state=0),
    "shuffle split": ShuffleSplit(3, test_size=0.3, random_state=0),
    "repeated": RepeatedKFold(n_splits=2, n_repeats=2, random_state=0),
    "time series": TimeSeriesSplit(3),
    "predefined": PredefinedSplit(np.arange(50) % 3 - 1),
    "leave one out": LeaveOneOut(),
    "one split": [(np.arange(30), np.arange(30, 50))],
    "repeated rows": [(np.arange(50) // 2, np.arange(20, 40) // 3), (np.arange(40), [41, 41, 7])],
    "masks": [(np.arange(50) % 2 == k, np.arange(50) % 2 != k) for k in (0, 1)],
}


@pytest.mark.parametrize("name", SPLITTERS)
def test_any_splitter(regression, way, name):
    X, y, weights = problem(regression)
    compare("LassoCV", X, y, weights, cv=SPLITTERS[name], alphas=3)


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_wide(regression, kind):
    """Working sets in every fold; errors at one alpha against Lasso fitted by hand."""
    X, y, weights = regression(40, 300, seed=3, density=0.2)
    if kind == "sparse":
        X = sp.csc_matrix(X * (np.abs(X) > 0.8))
    model = LassoCV(alphas=6, eps=0.05, cv=3, **TIGHT).fit(X, y, weights)
    for f, (train, test) in enumerate(KFold(3).split(X)):
        for a in (1, 3, 5):
            lasso = Lasso(model.alphas_[a], **TIGHT).fit(X[train], y[train], weights[train])
            residual = y[test] - lasso.predict(X[test])
            wanted = np.average(residual**2, weights=weights[test])
            assert model.mse_path_[a, f] == pytest.approx(wanted, rel=1e-4)


def test_alphas_at_which_nothing_enters(regression, way):
    """A fold's own largest alpha may be far below the grid's."""
    X, y, _ = problem(regression)
    compare("LassoCV", X, y, alphas=[1e3, 9e2, 8e2, 7e2, 1.0, 0.1])
    X[:, 1:] = 2.0
    assert_allclose(LassoCV(alphas=[1e3, 9e2, 8e2]).fit(X, y).coef_, 0)


def test_paths_of_a_fold_share_a_cache_that_overflows(regression, monkeypatch):
    """Several l1_ratio on one design; the working set outgrows the memory for its Gram."""
    X, y, _ = regression(60, 80)
    wanted = ElasticNetCV(l1_ratio=[0.5, 1.0], alphas=5, eps=0.1, cv=3, **TIGHT).fit(X, y)
    monkeypatch.setattr(path, "ALL_FEATURES", 0)
    monkeypatch.setattr(admission, "MIN_GROWTH", 8)
    monkeypatch.setattr(problem_module, "GRAM_BYTES", 8 * 30**2)
    monkeypatch.setattr(problem_module, "SMALL_X", 0)
    monkeypatch.setattr(problem_module, "GRAM_SHARE", 0.0)
    small = ElasticNetCV(l1_ratio=[0.5, 1.0], alphas=5, eps=0.1, cv=3, **TIGHT).fit(X, y)
    assert_allclose(small.mse_path_, wanted.mse_path_, rtol=1e-5)


# ---- the path and the final fit ---------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("standardize", [False, True])
def test_the_path_of_the_final_fit(regression, way, name, standardize):
    X, y, weights = problem(regression, name)
    model = getattr(fastreg, name)(alphas=7, cv=3, standardize=standardize, **TIGHT)
    model.fit(X, y, weights)
    chosen = list(model.alphas_).index(model.alpha_)
    assert_array_equal(model.path_.coefs[..., chosen], model.coef_)
    assert_array_equal(model.path_.intercepts[..., chosen], model.intercept_)
    assert model.path_.coefs.shape == (*model.coef_.shape, 7)
    assert model.path_.dual_gaps[chosen] == model.dual_gap_
    assert model.path_.n_iters[chosen] == model.n_iter_
    assert not model.path_.coefs[..., 0].any()
    # fitted: the residual has mean zero at every alpha
    for k in range(7):
        residual = y - X @ model.path_.coefs[..., k].T - model.path_.intercepts[..., k]
        assert_allclose(weights @ residual, 0, atol=1e-9 * np.abs(y).sum())


@pytest.mark.parametrize("name", NAMES)
def test_path_predicts_and_is_drawn(regression, name):
    X, y, _ = problem(regression, name)
    model = getattr(fastreg, name)(alphas=7, cv=3).fit(X, y)
    assert isinstance(model.path_, RegularizationPath)
    assert_allclose(model.path_.predict(X, model.alpha_), model.predict(X))
    assert_allclose(model.path_.r2[-1], regression_r2(model, X, y), rtol=1e-6)
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    for display in (CVDisplay, PathDisplay):
        shown = display.from_estimator(model)
        assert shown.alpha == model.alpha_
        matplotlib.pyplot.close(shown.figure_)


def regression_r2(model, X, y):
    fitted = X @ model.path_.coefs[..., -1].T + model.path_.intercepts[..., -1]
    return 1 - np.sum((y - fitted) ** 2) / np.sum((y - y.mean(axis=0)) ** 2)


def test_the_gap_is_that_of_the_problem(regression, way, elastic_net_gap):
    X, y, weights = problem(regression)
    model = ElasticNetCV(l1_ratio=0.7, alphas=9, cv=4, tol=1e-6).fit(X, y, weights)
    gap, scale = elastic_net_gap(
        X, y, model.coef_, alpha=model.alpha_, l1_ratio=0.7, sample_weight=weights
    )
    assert gap <= 1e-6 * scale * (1 + 1e-9)
    assert model.dual_gap_ * 50 / weights.sum() <= 1e-6 * scale * 50 / weights.sum()
    assert model.dual_gap_ == pytest.approx(gap, rel=1e-3, abs=1e-12 * scale)


# ---- rules --------------------------------------------------------------------------


def test_rules(regression):
    X, y, _ = problem(regression)
    model = LassoCV(cv=5, alphas=40).fit(X, y)
    mean = model.mse_path_.mean(axis=1)
    best = mean.argmin()
    error = model.mse_path_[best].std(ddof=1) / np.sqrt(5)
    assert model.alpha_ == model.alpha_min_ == model.alphas_[best]
    one_se = model.alphas_[mean <= mean[best] + error].max()
    assert model.alpha_1se_ == one_se > model.alpha_min_

    sparser = LassoCV(cv=5, alphas=40, selection_rule="1se").fit(X, y)
    assert sparser.alpha_ == sparser.alpha_1se_ == one_se
    assert sparser.alpha_min_ == model.alpha_min_
    assert_allclose(sparser.coef_, Lasso(one_se).fit(X, y).coef_, atol=0.02)

    for increase in (0.0, 0.1, 1e9):
        model = LassoCV(cv=5, alphas=40, max_loss_increase=increase).fit(X, y)
        assert model.alpha_ == model.alphas_[mean <= mean[best] * (1 + increase)].max()
    assert model.alpha_ == model.alphas_[0]


def test_one_split_has_no_standard_error(regression):
    X, y, _ = problem(regression)
    one = [(np.arange(30), np.arange(30, 50))]
    assert np.isnan(LassoCV(cv=one, alphas=5).fit(X, y).alpha_1se_)
    with pytest.raises(ValueError, match="single one"):
        LassoCV(cv=one, alphas=5, selection_rule="1se").fit(X, y)


def test_ridge_limit_has_a_grid(regression, way):
    X, y, _ = problem(regression)
    with pytest.warns(DiagnosticWarning, match="l1_ratio=0"):
        model = ElasticNetCV(l1_ratio=0, alphas=6, cv=3, **TIGHT).fit(X, y)
    same = ElasticNetCV(l1_ratio=0.001, alphas=6, cv=3).fit(X, y)
    assert_allclose(model.alphas_, same.alphas_)
    n, alpha = len(y), model.alpha_
    A = X - X.mean(axis=0)
    wanted = np.linalg.solve(A.T @ A + n * alpha * np.eye(9), A.T @ (y - y.mean()))
    assert_allclose(model.coef_, wanted, rtol=1e-3, atol=1e-4)
    compare("ElasticNetCV", X, y, l1_ratio=0, alphas=[1.0, 0.1], rtol=1e-4)


# ---- standardisation ----------------------------------------------------------------


@pytest.mark.parametrize(("kind", "l1_ratio"), [("C", 1.0), ("F", 0.4), ("sparse", 0.4)])
def test_standardize_is_a_scaler_in_each_fold(regression, way, kind, l1_ratio):
    X, y, weights = problem(regression)
    X = X * 10.0 ** np.arange(-4, 5)
    given = sp.csc_matrix(X) if kind == "sparse" else np.array(X, order=kind)
    model = ElasticNetCV(l1_ratio=l1_ratio, alphas=4, cv=3, standardize=True, **TIGHT)
    model.fit(given, y, weights)

    def by_hand(rows, alpha):
        pipe = make_pipeline(StandardScaler(), ElasticNet(alpha, l1_ratio=l1_ratio, **TIGHT))
        return pipe.fit(
            X[rows],
            y[rows],
            standardscaler__sample_weight=weights[rows],
            elasticnet__sample_weight=weights[rows],
        )

    for k, alpha in enumerate(model.alphas_):
        for f, (train, test) in enumerate(KFold(3).split(X)):
            residual = y[test] - by_hand(train, alpha).predict(X[test])
            wanted = np.average(residual**2, weights=weights[test])
            assert model.mse_path_[k, f] == pytest.approx(wanted, rel=1e-5)
    pipe = by_hand(np.arange(50), model.alpha_)
    coef = pipe[1].coef_ / pipe[0].scale_
    assert_allclose(model.coef_, coef, rtol=1e-4, atol=1e-5 / np.sqrt(np.square(X).max()))
    assert_allclose(model.predict(X), pipe.predict(X), rtol=1e-4)
    scaled = StandardScaler().fit(X, sample_weight=weights).transform(X)
    grid = ElasticNetCV(l1_ratio=l1_ratio, alphas=4, cv=3).fit(scaled, y, weights).alphas_
    assert_allclose(model.alphas_, grid, rtol=1e-10)


def test_standardize_without_intercept_is_about_zero(regression, way):
    X, y, weights = problem(regression)
    X, split = X * 10.0 ** np.arange(-4, 5), [(np.arange(30), np.arange(30, 50))]
    options = {"cv": split, "fit_intercept": False, **TIGHT}
    model = LassoCV(alphas=4, standardize=True, **options).fit(X, y, weights)
    rms = np.sqrt(np.average(X[:30] ** 2, axis=0, weights=weights[:30]))
    by_hand = LassoCV(alphas=model.alphas_, **options).fit(X / rms, y, weights)
    assert_allclose(model.mse_path_, by_hand.mse_path_, rtol=1e-6)


def test_standardize_does_not_leak(regression, way):
    """What a fold holds out changes no error of the models trained without it."""
    X, y, _ = problem(regression)
    split = [(np.arange(30), np.arange(30, 40))]
    options = {"alphas": [0.3, 0.1, 0.01], "cv": split, "standardize": True, **TIGHT}
    before = LassoCV(**options).fit(X, y).mse_path_
    other = X.copy()
    other[40:] *= 1e4  # in no set at all
    assert_allclose(LassoCV(**options).fit(other, y).mse_path_, before, rtol=1e-7)


def test_standardize_leaves_constant_columns_alone(regression, way):
    X, y, _ = problem(regression)
    X[:, 2] = 3.0
    X[:30, 4] = 0.0  # constant in one training set only
    model = LassoCV(alphas=5, cv=TimeSeriesSplit(2), standardize=True).fit(X, y)
    assert model.coef_[2] == 0
    assert np.isfinite(model.coef_).all()


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(30_000, 30), (100, 9000)], ids=["tall", "wide"])
def test_x_is_not_copied(order, shape, monkeypatch):
    """Not even by training rows, nor where the rows of a fold are scattered."""
    monkeypatch.setattr(moments, "BLOCK_BYTES", 1 << 20)
    monkeypatch.setattr(problem_module, "GRAM_BYTES", 1 << 18)
    monkeypatch.setattr(problem_module, "SMALL_X", 0)
    X = np.array(np.random.RandomState(0).standard_normal(shape), order=order)
    y = X[:, 0] + X[:, 1] ** 2
    model = LassoCV(cv=KFold(3, shuffle=True, random_state=0), alphas=3, eps=0.5, n_jobs=1)
    tracemalloc.start()
    try:
        model.fit(X, y)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.5 * X.nbytes  # a training set is two thirds of it


# ---- threads and randomness ----------------------------------------------------------


def fitted(model):
    return (
        model.mse_path_,
        model.alphas_,
        model.coef_,
        model.intercept_,
        model.path_.coefs,
        model.path_.dual_gaps,
        model.path_.n_iters,
    )


@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("selection", ["cyclic", "random"])
def test_n_jobs_don_t_change_the_bits(regression, way, kind, selection):
    X, y, weights = problem(regression)
    X = sp.csc_matrix(X) if kind == "sparse" else X
    model = ElasticNetCV(l1_ratio=[0.5, 1.0], alphas=6, selection=selection, random_state=3)
    serial = fitted(clone(model).set_params(n_jobs=1).fit(X, y, weights))
    for n_jobs in (None, 3):
        other = fitted(clone(model).set_params(n_jobs=n_jobs).fit(X, y, weights))
        for mine, theirs in zip(serial, other, strict=True):
            assert_array_equal(mine, theirs)


def test_random_selection_finds_the_same(regression, way):
    X, y, _ = problem(regression)
    cyclic = LassoCV(alphas=6, **TIGHT).fit(X, y)
    random = LassoCV(alphas=6, selection="random", random_state=0, **TIGHT).fit(X, y)
    assert_allclose(random.mse_path_, cyclic.mse_path_, rtol=1e-6)
    again = LassoCV(alphas=6, selection="random", random_state=0, **TIGHT).fit(X, y)
    assert_array_equal(again.mse_path_, random.mse_path_)


# ---- what is given and what is said -------------------------------------------------


def test_groups_are_routed_to_the_splitter(regression):
    X, y, _ = problem(regression)
    groups = np.arange(50) // 5
    with config_context(enable_metadata_routing=True):
        model = LassoCV(cv=GroupKFold(3), alphas=5, **TIGHT).fit(X, y, groups=groups)
    wanted = LassoCV(cv=list(GroupKFold(3).split(X, y, groups)), alphas=5, **TIGHT).fit(X, y)
    assert_array_equal(model.mse_path_, wanted.mse_path_)
    with pytest.raises(ValueError, match="enable_metadata_routing"):
        LassoCV(cv=GroupKFold(3)).fit(X, y, groups=groups)


def test_a_gram_matrix_serves_the_final_fit(regression, way):
    X, y, _ = problem(regression)
    X = X - X.mean(axis=0)
    plain = LassoCV(alphas=6, **TIGHT).fit(X, y)
    for precompute in (X.T @ X, True, False):
        model = LassoCV(alphas=6, precompute=precompute, **TIGHT).fit(X, y)
        assert_allclose(model.coef_, plain.coef_, rtol=1e-5, atol=1e-8)
        assert_allclose(model.mse_path_, plain.mse_path_, rtol=1e-6)
    with pytest.raises(ValueError, match="precompute did not pass validation"):
        LassoCV(precompute=2 * X.T @ X).fit(X, y)
    with pytest.raises(ValueError, match="standardize=True"):
        LassoCV(precompute=X.T @ X, standardize=True).fit(X, y)


def test_verbose_prints_a_line_for_each_split(regression, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    X, y, _ = problem(regression)
    LassoCV(cv=3, alphas=4, verbose=1).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [f"split {k}/3" for k in (1, 2, 3)]


def test_a_column_vector_for_y(regression):
    X, y, _ = problem(regression)
    with pytest.warns(DataConversionWarning):
        model = LassoCV(alphas=5).fit(X, y[:, np.newaxis])
    assert model.coef_.shape == (9,)


def test_early_stops_are_told_once_for_splits_and_once_for_all_rows(regression, way):
    X, y, _ = problem(regression)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ElasticNetCV(alphas=5, cv=3, max_iter=1, tol=1e-12).fit(X, y)
    caught = [w for w in caught if w.category is ConvergenceWarning]
    assert len(caught) == 2
    assert "of the 15 fits on training rows" in str(caught[0].message)
    assert "On all rows" in str(caught[1].message)
    assert {w.filename for w in caught} == {__file__}


BAD = {
    "eps": (0, ValueError),
    "alphas": ("many", TypeError),
    "tol": (-1, ValueError),
    "max_iter": (0, ValueError),
    "fit_intercept": ("yes", TypeError),
    "positive": (None, TypeError),
    "standardize": (2, TypeError),
    "selection": ("best", ValueError),
    "selection_rule": ("max", ValueError),
    "max_loss_increase": (-0.1, ValueError),
    "n_jobs": (0, ValueError),
    "verbose": ("loud", TypeError),
    "precompute": ("maybe", ValueError),
    "l1_ratio": ([0.5, 2], ValueError),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_parameters(regression, name):
    X, y, _ = problem(regression)
    value, error = BAD[name]
    model = ElasticNetCV(alphas=5).fit(X, y)
    before = dict(vars(model)) | {name: value}
    with pytest.raises(error, match=name):
        model.set_params(**{name: value}).fit(X, y)
    assert vars(model) == before


def test_a_grid_that_would_rise(regression):
    X, y, _ = problem(regression)
    with pytest.raises(ValueError, match=r"eps must be a number in \(0, 1\]"):
        LassoCV(alphas=5, eps=1.5).fit(X, y)


def test_two_rules_at_once(regression):
    X, y, _ = problem(regression)
    with pytest.raises(ValueError, match="two rules"):
        LassoCV(selection_rule="1se", max_loss_increase=0.1).fit(X, y)
    with pytest.raises(TypeError, match="alphas must be"):
        ElasticNetCV(alphas=(a for a in (1.0, 0.1))).fit(X, y)
    with pytest.raises(ValueError, match="empty"):
        ElasticNetCV(l1_ratio=[]).fit(X, y)


@pytest.mark.parametrize("at", ["X", "y"])
@pytest.mark.parametrize(("value", "words"), [(np.nan, "NaN"), (-np.inf, "infinity")])
@pytest.mark.filterwarnings("error")
def test_what_is_not_finite(regression, way, at, value, words):
    X, y, _ = problem(regression)
    (X if at == "X" else y).flat[7] = value
    for standardize in (False, True):
        with pytest.raises(ValueError, match=f"{at} contains {words}"):
            LassoCV(alphas=5, standardize=standardize).fit(X, y)


@pytest.mark.filterwarnings("error")
def test_squares_that_overflow(regression, way):
    X, y, _ = problem(regression)
    for A, target in ((X * 1e200, y), (X, y * 1e200)):
        with pytest.raises(ValueError, match="overflow"):
            LassoCV(alphas=5).fit(A, target)


def test_splits_without_weight(regression):
    X, y, _ = problem(regression)
    weights = np.ones(50)
    weights[:10] = 0
    with pytest.raises(ValueError, match="Split 0 of cv has test rows whose weights"):
        LassoCV(alphas=5).fit(X, y, weights)
    with pytest.raises(ValueError, match="training rows whose weights"):
        LassoCV(alphas=5, cv=[(np.arange(5), np.arange(20, 30))]).fit(X, y, weights)


def test_targets_of_the_wrong_shape(regression):
    X, y, _ = problem(regression)
    for one in (LassoCV, ElasticNetCV):
        with pytest.raises(ValueError, match=f"use MultiTask{one.__name__}"):
            one().fit(X, np.c_[y, y])
    for many in (MultiTaskLassoCV, MultiTaskElasticNetCV):
        with pytest.raises(ValueError, match=f"use {many.__name__[9:]}"):
            many().fit(X, y)


def test_a_huge_mean(way):
    """Errors and fits at mean 1e8 are those at mean 0, to what X's rounding allows."""
    rng = np.random.RandomState(0)
    X = rng.randint(-8, 9, (60, 5)).astype(float)
    y = X @ [1.0, -2, 0, 0, 0.5] + rng.standard_normal(60)
    plain = LassoCV(alphas=6, cv=4, **TIGHT).fit(X, y)
    far = LassoCV(alphas=6, cv=4, **TIGHT).fit(X + 1e8, y)
    assert_allclose(far.mse_path_, plain.mse_path_, rtol=1e-6)
    assert_allclose(far.coef_, plain.coef_, rtol=1e-6, atol=1e-8)


def test_a_fold_on_another_scale(way):
    rng = np.random.RandomState(1)
    X = rng.standard_normal((60, 5))
    y = X @ [0.0, -2, 0, 0, 0.5] + rng.standard_normal(60)
    X[:12, 0] *= 1e6
    alphas = [1.0, 0.01]
    for cv in (KFold(5), ShuffleSplit(12, test_size=12, random_state=0)):
        model = LassoCV(alphas=alphas, cv=cv, **TIGHT).fit(X, y)
        for f, (train, test) in enumerate(cv.split(X)):
            for k, alpha in enumerate(alphas):
                lasso = Lasso(alpha, **TIGHT).fit(X[train], y[train])
                wanted = np.mean((y[test] - lasso.predict(X[test])) ** 2)
                assert model.mse_path_[k, f] == pytest.approx(wanted, rel=1e-5)
