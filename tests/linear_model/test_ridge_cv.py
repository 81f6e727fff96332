"""RidgeCV and RidgeClassifierCV: the choice of alpha, beside scikit-learn and by hand."""

import tracemalloc
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn
import sklearn.linear_model as sk
from numpy.testing import assert_allclose
from scipy.linalg import LinAlgWarning
from sklearn.datasets import make_classification
from sklearn.metrics import accuracy_score, make_scorer, mean_squared_error
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneOut,
    ShuffleSplit,
    check_cv,
    cross_val_predict,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastreg import Ridge, RidgeClassifierCV, RidgeCV

ALPHAS = (0.1, 30.0, 1.0, 300.0)
SHAPES = {"tall": (60, 8), "wide": (20, 35)}


def assert_same(ours, theirs, *more):
    assert ours.alpha_ == theirs.alpha_
    for name in ("coef_", "intercept_", "best_score_", *more):
        a, b = getattr(ours, name), getattr(theirs, name)
        assert np.shape(a) == np.shape(b), name
        assert_allclose(a, b, rtol=1e-8, atol=1e-10, err_msg=name)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n_targets", [None, 1, 3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scoring", [None, "neg_mean_absolute_error", "r2"])
@pytest.mark.parametrize("cv", [None, 4, ShuffleSplit(3, random_state=0)], ids=str)
def test_as_scikit_learn(shape, n_targets, weighted, scoring, cv, regression):
    X, y, weights = regression(*SHAPES[shape], n_targets=n_targets)
    weights = weights if weighted else None
    options = {"alphas": ALPHAS, "scoring": scoring, "cv": cv, "store_cv_results": cv is None}
    ours = RidgeCV(**options).fit(X, y, sample_weight=weights)
    theirs = sk.RidgeCV(**options).fit(X, y, sample_weight=weights)
    assert_same(ours, theirs, *(["cv_results_"] if cv is None else []))
    assert np.max(ours.dual_gap_) < 1e-20


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("class_weight", [None, "balanced", {"a": 3.0}])
@pytest.mark.parametrize("cv", [None, 3])
def test_classifier_as_scikit_learn(shape, n_classes, class_weight, cv):
    n, p = SHAPES[shape]
    X, y = make_classification(n, p, n_informative=5, n_classes=n_classes, random_state=1)
    y = np.array(["a", "b", "c"])[y]
    options = {"alphas": ALPHAS, "cv": cv, "class_weight": class_weight}
    ours, theirs = RidgeClassifierCV(**options).fit(X, y), sk.RidgeClassifierCV(**options).fit(X, y)
    assert_same(ours, theirs)
    assert np.array_equal(ours.predict(X), theirs.predict(X))
    assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=1e-9)


def test_leave_one_out_accuracy_of_two_classes():
    """By labels: scikit-learn 1.9 scores 1 whatever alpha is."""
    X, y = make_classification(40, 6, n_informative=3, flip_y=0.3, random_state=0)
    y = np.array(["no", "yes"])[y]
    model = RidgeClassifierCV([1.0], scoring="accuracy").fit(X, y)
    predicted = cross_val_predict(sk.RidgeClassifier(1.0), X, y, cv=LeaveOneOut())
    assert model.best_score_ == accuracy_score(y, predicted) < 1


@pytest.mark.parametrize("form", [sp.csr_array, sp.csc_matrix, sp.coo_array])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("cv", [None, 4])
@pytest.mark.parametrize("standardize", [False, True])
def test_sparse_is_dense(form, shape, cv, standardize, regression):
    X, y, weights = regression(*SHAPES[shape], n_targets=2)
    options = {"alphas": ALPHAS, "cv": cv, "standardize": standardize}
    dense = RidgeCV(**options).fit(X, y, sample_weight=weights)
    assert_same(RidgeCV(**options).fit(form(X), y, sample_weight=weights), dense)


@pytest.mark.parametrize("cv", [None, 4])
def test_float32_and_orders(cv, regression):
    X, y, _ = regression(200, 12)
    wanted = RidgeCV(ALPHAS, cv=cv).fit(X, y)
    for order in "CF":
        single = RidgeCV(ALPHAS, cv=cv).fit(np.array(X, dtype=np.float32, order=order), y)
        assert single.coef_.dtype == np.float32
        assert single.alpha_ == wanted.alpha_
        assert_allclose(single.coef_, wanted.coef_, atol=1e-5)
        assert_same(RidgeCV(ALPHAS, cv=cv).fit(np.array(X, order=order), y), wanted)


# ---- rules ------------------------------------------------------------------------


@pytest.mark.parametrize("per_target", [False, True])
def test_one_standard_error_over_rows(per_target, regression):
    X, y, weights = regression(50, 6, n_targets=2)
    y += 3 * np.random.RandomState(0).standard_normal(y.shape)
    weights[::5] = 0
    options = {"alphas": ALPHAS, "alpha_per_target": per_target, "store_cv_results": True}
    model = RidgeCV(selection_rule="1se", **options).fit(X, y, sample_weight=weights)
    losses = model.cv_results_[weights > 0].transpose(0, 2, 1)  # (rows, alphas, targets)
    if not per_target:
        losses = losses.mean(axis=2, keepdims=True)
    alphas = np.array(ALPHAS)
    for t in range(losses.shape[2]):
        mean, error = losses[..., t].mean(axis=0), losses[..., t].std(axis=0, ddof=1)
        k = mean.argmin()
        wanted = alphas[mean <= mean[k] + error[k] / np.sqrt(len(losses))].max()
        assert np.ravel(model.alpha_)[t] == np.ravel(model.alpha_1se_)[t] == wanted
        assert np.ravel(model.alpha_min_)[t] == alphas[k]
        assert alphas[k] < wanted or per_target
    assert_allclose(model.coef_, Ridge(model.alpha_).fit(X, y, sample_weight=weights).coef_)


@pytest.mark.parametrize("estimator", [RidgeCV, RidgeClassifierCV])
def test_one_standard_error_over_splits(estimator, regression):
    X, y, _ = regression(60, 8)
    y = y if estimator is RidgeCV else y > np.median(y)
    model = estimator(ALPHAS, cv=KFold(5), selection_rule="1se").fit(X, y)
    single = sk.Ridge() if estimator is RidgeCV else sk.RidgeClassifier()
    search = GridSearchCV(single, {"alpha": ALPHAS}, cv=KFold(5)).fit(X, y)
    scores = np.array([search.cv_results_[f"split{k}_test_score"] for k in range(5)])
    mean, error = scores.mean(axis=0), scores.std(axis=0, ddof=1) / np.sqrt(5)
    k = mean.argmax()
    assert model.alpha_min_ == ALPHAS[k]
    assert model.alpha_ == np.array(ALPHAS)[mean >= mean[k] - error[k]].max()


def test_max_loss_increase(regression):
    X, y, _ = regression(60, 8)
    model = RidgeCV(ALPHAS, store_cv_results=True, max_loss_increase=0.5).fit(X, y)
    mse = model.cv_results_.mean(axis=0)
    assert model.alpha_ == np.array(ALPHAS)[mse <= 1.5 * mse.min()].max() > model.alpha_min_
    split = RidgeCV(ALPHAS, cv=4, max_loss_increase=0.5).fit(X, y)
    best = RidgeCV(ALPHAS, cv=4).fit(X, y)
    assert 1 - best.best_score_ <= 1 - split.best_score_ <= 1.5 * (1 - best.best_score_)
    with pytest.raises(ValueError, match=r"max_loss_increase needs a score that is a loss"):
        RidgeCV(ALPHAS, cv=4, scoring=make_scorer(lambda a, b: 2.0), max_loss_increase=0.1).fit(
            X, y
        )


@pytest.mark.parametrize("scale", [1e-100, 1e100])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("form", [np.asarray, sp.csc_array])
def test_the_unit_of_wide_x_makes_no_difference(scale, fit_intercept, form, regression):
    X, y, _ = regression(*SHAPES["wide"])
    options = {"fit_intercept": fit_intercept, "store_cv_results": True}
    alphas = np.array([1e-5, 0.1, 100.0])
    plain = RidgeCV(alphas, **options).fit(form(X), y)
    scaled = RidgeCV(alphas * scale**2, **options).fit(form(X * scale), y)
    assert_allclose(scaled.cv_results_, plain.cv_results_, rtol=1e-6)
    assert_allclose(scaled.coef_ * scale, plain.coef_, rtol=1e-6)


def test_first_of_equal_scores(regression):
    X, y, _ = regression()
    for cv in (None, 3):
        scoring = make_scorer(lambda y, predicted, **_: 0.4)
        assert RidgeCV(ALPHAS, scoring=scoring, cv=cv).fit(X, y).alpha_ == ALPHAS[0]


# ---- standardisation and splits ------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_standardize_is_a_pipeline_in_each_split(shape, regression):
    X, y, _ = regression(*SHAPES[shape])
    X *= np.geomspace(1e-3, 1e3, X.shape[1])
    ours = RidgeCV(ALPHAS, cv=4, standardize=True).fit(X, y)
    pipeline = make_pipeline(StandardScaler(), sk.Ridge())
    theirs = GridSearchCV(pipeline, {"ridge__alpha": ALPHAS}, cv=4).fit(X, y)
    assert ours.alpha_ == theirs.best_params_["ridge__alpha"]
    assert_allclose(ours.best_score_, theirs.best_score_, rtol=1e-7)
    assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-7)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_leave_one_out_is_a_splitter(standardize, fit_intercept, shape, regression):
    X, y, _ = regression(*SHAPES[shape], n_targets=2)
    options = {"standardize": standardize, "fit_intercept": fit_intercept}
    ours = RidgeCV(ALPHAS, **options).fit(X, y)
    scoring = "neg_mean_squared_error"
    slow = RidgeCV(ALPHAS, cv=LeaveOneOut(), scoring=scoring, **options).fit(X, y)
    assert_same(ours, slow)
    again = RidgeCV(ALPHAS, scoring=scoring, **options).fit(X, y)
    assert_same(ours, again)


@pytest.mark.parametrize("cv", [2, KFold(3, shuffle=True, random_state=0)], ids=["2", "shuffled"])
@pytest.mark.parametrize("p", [3, 24])
@pytest.mark.parametrize("weighted", [False, True])
def test_ill_conditioned_training_sets(p, cv, weighted):
    """They are solved by singular values of their own rows."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((40, p)) + 1e6
    y = X[:, 0] - X[:, 1] + rng.standard_normal(40)
    weights = np.where(rng.uniform(size=40) < 0.2, 0.0, rng.uniform(0.5, 2, 40))
    weights = weights if weighted else np.ones(40)
    scores = []
    for train, test in check_cv(cv).split(X):
        root = np.sqrt(weights[train])
        u, s, vt = np.linalg.svd(X[train] * root[:, None], full_matrices=False)
        coef = ((root * y[train]) @ u * s / (s**2 + 0.01)) @ vt
        scores.append(-mean_squared_error(y[test], X[test] @ coef, sample_weight=weights[test]))
    model = RidgeCV([0.01], cv=cv, fit_intercept=False, scoring="neg_mean_squared_error")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LinAlgWarning)
        model.fit(X, y, sample_weight=weights if weighted else None)
    assert model.best_score_ == pytest.approx(np.mean(scores), rel=1e-5)


def test_a_scorer_sees_fitted_models(regression):
    X, y, weights = regression(n_targets=2)
    seen = []

    def scorer(model, X, y, sample_weight):
        seen.append(model.alpha)
        assert X.shape[1] == model.n_features_in_ == model.coef_.shape[1]
        return -mean_squared_error(y, model.predict(X), sample_weight=sample_weight)

    ours = RidgeCV(ALPHAS, cv=3, scoring=scorer).fit(X, y, sample_weight=weights)
    named = RidgeCV(ALPHAS, cv=3, scoring="neg_mean_squared_error")
    assert_same(ours, named.fit(X, y, sample_weight=weights))
    assert seen == 3 * list(ALPHAS)


def test_a_scorer_without_weights(regression):
    X, y, weights = regression()
    scoring = make_scorer(lambda a, b: -np.abs(a - b).max())
    for cv in (None, 3):
        with pytest.warns(UserWarning, match="does not support sample_weight") as caught:
            RidgeCV(ALPHAS, cv=cv, scoring=scoring).fit(X, y, sample_weight=weights)
        assert [warning.filename for warning in caught] == [__file__]


def test_splits_too_small_for_r2(regression):
    X, y, _ = regression(12, 3)
    with pytest.warns(UserWarning, match="less than two samples|non-finite") as caught:
        RidgeCV(ALPHAS, cv=12).fit(X, y)
    assert [warning.filename for warning in caught] == [__file__] * 2


def test_scores_that_are_not_finite(regression):
    X, y, _ = regression(12, 3)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = RidgeCV(ALPHAS, cv=LeaveOneOut()).fit(X, y)
    assert any("test scores are non-finite" in str(w.message) for w in caught)
    assert model.alpha_ == ALPHAS[0]
    assert np.isnan(model.best_score_)


def test_groups_reach_the_splitter(regression):
    X, y, _ = regression()
    groups = np.arange(len(y)) % 7
    with sklearn.config_context(enable_metadata_routing=True):
        routed = RidgeCV(ALPHAS, cv=GroupKFold(3)).fit(X, y, groups=groups)
    listed = RidgeCV(ALPHAS, cv=list(GroupKFold(3).split(X, y, groups))).fit(X, y)
    assert_same(routed, listed)
    with pytest.raises(ValueError, match="enable_metadata_routing"):
        RidgeCV(cv=3).fit(X, y, groups=groups)


def test_multilabel():
    X, _, _ = np.random.RandomState(0).standard_normal((3, 40, 5))
    Y = (X[:, :3] > 0).astype(int)
    for cv in (None, 4):
        ours, theirs = RidgeClassifierCV(ALPHAS, cv=cv), sk.RidgeClassifierCV(ALPHAS, cv=cv)
        assert_same(ours.fit(X, Y), theirs.fit(X, Y))
        assert np.array_equal(ours.predict(X), theirs.predict(X))


# ---- what is refused, and what is said -------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"alphas": []}, ValueError, "alphas is empty"),
        ({"alphas": "all"}, TypeError, "alphas must be a number"),
        ({"alphas": [1.0, np.inf]}, ValueError, r"alphas\[1\] == inf"),
        ({"alphas": 0.0}, ValueError, "alphas must be a number > 0, got 0.0"),
        ({"alphas": [0.0]}, ValueError, r"alphas\[0\] == 0.0, must be > 0.0"),
        ({"alphas": [True]}, TypeError, "must be an instance of float"),
        ({"fit_intercept": 1}, TypeError, "fit_intercept must be True or False"),
        ({"gcv_mode": "qr"}, ValueError, "gcv_mode must be one of"),
        ({"selection_rule": "2se"}, ValueError, "selection_rule must be one of"),
        ({"max_loss_increase": -1.0}, ValueError, "max_loss_increase must be"),
        ({"scoring": "nothing"}, ValueError, "scoring"),
        ({"scoring": "r2", "selection_rule": "1se"}, ValueError, "a scorer gives one number"),
        ({"cv": 3, "store_cv_results": True}, ValueError, "cv!=None and store_cv_results=True"),
        ({"cv": 3, "alpha_per_target": True}, ValueError, "cv!=None and alpha_per_target=True"),
        ({"cv": ShuffleSplit(1), "selection_rule": "1se"}, ValueError, "yields a single one"),
        ({"scoring": lambda *_, **__: "x"}, ValueError, "scoring must return one number"),
        ({"cv": 3, "scoring": lambda *_, **__: [1.0]}, ValueError, "scoring must return one"),
    ],
)
def test_refused(options, error, message, regression):
    X, y, _ = regression(30, 3)
    model = RidgeCV().fit(X, y).set_params(**options)
    before = vars(model).copy()
    with pytest.raises(error, match=message):
        model.fit(X, y)
    assert vars(model) == before


def test_data_refused(regression):
    X, y, weights = regression(30, 3)
    for bad, where in ((np.nan, "NaN"), (np.inf, "infinity")):
        broken = X.copy()
        broken[3, 1] = bad
        for cv in (None, 3):
            with pytest.raises(ValueError, match=where):
                RidgeCV(cv=cv).fit(broken, y)
    for cv in (None, 3):
        with pytest.raises(ValueError, match="squares of X or y overflow"):
            RidgeCV(cv=cv).fit(X * 1e200, y)
    with pytest.raises(ValueError, match="n_samples=1"):
        RidgeCV().fit(X[:1], y[:1])
    with pytest.raises(ValueError, match="n_samples=1"):
        RidgeCV().fit(X, y, sample_weight=np.arange(30) == 4)
    assert RidgeCV(fit_intercept=False).fit(X[:1], y[:1]).coef_.shape == (3,)
    weights[:10] = 0
    with pytest.raises(ValueError, match="Split 0 of cv has test rows whose weights are all zero"):
        RidgeCV(cv=3).fit(X, y, sample_weight=weights)


def test_ill_conditioned_says_so(regression):
    X, y, _ = regression(30, 4)
    X = np.column_stack([X, X[:, 0] + 1e-7 * X[:, 1]])
    with pytest.warns(LinAlgWarning, match="Ill-conditioned"):
        model = RidgeCV([1e-12, 1e-11]).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same = RidgeCV([1e-12, 1e-11], gcv_mode="svd").fit(X, y)
    assert_allclose(model.best_score_, same.best_score_, rtol=1e-6)
    with pytest.warns(FutureWarning, match="not supported for sparse X"):
        RidgeCV(gcv_mode="svd").fit(sp.csr_array(X), y)


@pytest.mark.parametrize("estimator", [RidgeCV, RidgeClassifierCV])
@pytest.mark.parametrize("cv", [None, 3])
def test_warnings_are_the_user_s_line(estimator, cv, regression):
    X, y, _ = regression()
    X[:, 1] = 5
    X[:, 2] = X[:, 0] * 1e9
    model = estimator(
        [1e-8, 1e-7], cv=cv, scoring=make_scorer(lambda *_: np.nan, response_method="predict")
    )
    with warnings.catch_warnings(record=True) as record:
        warnings.simplefilter("always")
        model.fit(X, y > 0 if estimator is RidgeClassifierCV else y)
    wanted = {"LinAlgWarning", "DiagnosticWarning", "UserWarning"}
    assert wanted <= {w.category.__name__ for w in record}
    assert {w.filename for w in record if w.category.__name__ in wanted} == {__file__}


def test_refit_forgets_results(regression):
    X, y, _ = regression()
    model = RidgeCV(store_cv_results=True).fit(X, y)
    model.set_params(store_cv_results=False).fit(X, y)
    assert not hasattr(model, "cv_results_")


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("options", [{}, {"scoring": "r2"}, {"cv": 5}], ids=str)
def test_memory(order, options):
    """No copy of X, and no errors of all rows at all alphas."""
    X = np.asarray(np.random.RandomState(0).standard_normal((120_000, 40)), order=order)
    y = X[:, 0] + np.random.RandomState(1).standard_normal(len(X))
    tracemalloc.start()
    RidgeCV(np.geomspace(1e-2, 1e4, 60), **options).fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # y and its like are 1 MB each, X 38 MB; a scorer looks at up to 64 MB of predictions
    limit = 1.2 * (1 << 26) + 2e7 if options.get("scoring") else 0.4 * X.nbytes
    assert peak < limit
