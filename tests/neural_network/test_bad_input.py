"""Each parameter that cannot be used is refused with its name, before any work."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.model_selection import (
    GroupKFold,
    LeaveOneOut,
    PredefinedSplit,
    ShuffleSplit,
    StratifiedKFold,
)

from fastreg import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).standard_normal((30, 4))
Y = (X[:, 0] > 0).astype(int)

BAD = [
    ("hidden_layer_sizes", 0, ValueError, "must be > 0"),
    ("hidden_layer_sizes", (5, -1), ValueError, "must be > 0"),
    ("hidden_layer_sizes", (5, 10**400), ValueError, "hidden_layer_sizes must be below"),
    ("hidden_layer_sizes", (5.0,), TypeError, "hidden_layer_sizes must hold integers"),
    ("activation", "swish", ValueError, "activation must be one of"),
    ("activation", None, TypeError, "activation must be one of"),
    ("activation", ["relu", "tanh"], ValueError, "activation has 2 names for 1"),
    ("hidden_layer_sizes", np.array([5.0]), TypeError, "hidden_layer_sizes must hold integers"),
    ("alpha", np.array("a"), TypeError, "alpha must be a number"),
    ("solver", "newton", ValueError, "solver must be one of"),
    ("alpha", -1, ValueError, "alpha must be"),
    ("alpha", [0.1], ValueError, "alpha has 1 values for 2 layers"),
    ("l1", -1, ValueError, "l1 must be"),
    ("batch_size", 0, ValueError, "batch_size must be"),
    ("batch_size", "all", TypeError, "batch_size must be"),
    ("learning_rate", "fast", ValueError, "learning_rate must be one of"),
    ("learning_rate_init", 0, ValueError, "learning_rate_init must be"),
    ("max_iter", 0, ValueError, "max_iter must be"),
    ("momentum", 1.5, ValueError, "momentum must be"),
    ("beta_1", 1.0, ValueError, "beta_1 must be below 1"),
    ("epsilon", 0, ValueError, "epsilon must be"),
    ("n_iter_no_change", 0, ValueError, "n_iter_no_change must be"),
    ("shuffle", 1, TypeError, "shuffle must be"),
    ("dropout", 1.0, ValueError, "dropout must be below 1"),
    ("dropout", [0.1], ValueError, "dropout has 1 values for 2 layers"),
    ("dropout", "half", TypeError, "dropout must be a number"),
    ("batch_norm", 1, TypeError, "batch_norm must be"),
    ("batch_norm", [True, False], ValueError, "batch_norm has 2 values for 1"),
    ("weight_decay", -1, ValueError, "weight_decay must be"),
    ("max_norm", 0, ValueError, "max_norm must be"),
    ("clip_norm", 0, ValueError, "clip_norm must be"),
    ("input_noise", -1, ValueError, "input_noise must be"),
    ("initialization", "zeros", ValueError, "initialization must be one of"),
    ("warmup", -1, ValueError, "warmup must be"),
    ("patience", 0, ValueError, "patience must be"),
    ("min_delta", -1, ValueError, "min_delta must be"),
    ("max_time", 0, ValueError, "max_time must be"),
    ("callbacks", ["log"], TypeError, "callbacks must be a list of functions"),
    ("callbacks", print, TypeError, "callbacks must be a list of functions"),
    ("scoring", 5, TypeError, "scoring must be None, a string or a function"),
    ("scoring", "best", ValueError, "scoring must be 'loss' or one of"),
    ("verbose", -1, ValueError, "verbose must be"),
    ("n_models", 0, ValueError, "n_models must be"),
    ("n_models", 2.0, TypeError, "n_models must be"),
    ("bootstrap", 1, TypeError, "bootstrap must be"),
    ("batch_size", np.array([0.1, 0.2]), TypeError, "batch_size must be"),
    ("alpha", 10**400, ValueError, "alpha must be a number >= 0"),
    ("max_iter", 10**400, ValueError, "max_iter must be an integer >= 1"),
    ("random_state", "x", ValueError, "random_state cannot be used"),
    ("random_state", -1, ValueError, "random_state cannot be used"),
]


@pytest.mark.parametrize(("name", "value", "kind", "message"), BAD)
@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_parameters(estimator, name, value, kind, message):
    model = estimator(**{name: value})
    with pytest.raises(kind, match=message):
        model.fit(X, Y)
    assert vars(model) == model.get_params()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("l1", 0.1),
        ("l1", [0, 0.1]),
        ("dropout", 0.1),
        ("batch_norm", True),
        ("input_noise", 0.1),
        ("max_norm", 1),
        ("clip_norm", 1),
        ("weight_decay", 0.1),
        ("warmup", 1),
        ("max_time", 1),
        ("scoring", "loss"),
        ("validation_data", (X, Y)),
        ("callbacks", [print]),
        ("patience", 3),
        ("min_delta", 0.1),
        ("validation_data", (0 * X, 0 * Y)),
        ("dropout", np.array(0.3)),
    ],
)
def test_lbfgs_refuses_what_it_cannot_do(name, value):
    with pytest.raises(
        ValueError, match=f"solver='lbfgs' takes all rows at once and has no {name}"
    ):
        MLPClassifier(solver="lbfgs", **{name: value}).fit(X, Y)


def test_lbfgs_has_no_schedule():
    with pytest.raises(ValueError, match="solver='lbfgs' has no learning rate, got 'cosine'"):
        MLPClassifier(solver="lbfgs", learning_rate="cosine").fit(X, Y)


@pytest.mark.parametrize(
    ("model", "y", "message"),
    [
        (MLPClassifier(label_smoothing=1), Y, "label_smoothing must be below 1"),
        (MLPClassifier(), X[:, 0], "Unknown label type"),
        (MLPClassifier(), np.arange(60).reshape(30, 2) % 3, "several problems at once"),
        (MLPRegressor("poisson"), X[:, 0], "loss='poisson' needs y >= 0"),
        (MLPRegressor("hinge"), Y, "loss must be one of"),
        (MLPRegressor("quantile", quantile=1.5), Y, "quantile must be"),
        (MLPRegressor("huber", delta=0), Y, "delta must be"),
        (MLPClassifier(class_weight={0: -1}), Y, "class_weight.0. must be a number >= 0"),
        (MLPClassifier(class_weight={0: np.nan}), Y, "class_weight.0. must be a number >= 0"),
        (MLPClassifier(class_weight="even"), Y, "class_weight must be None, 'balanced' or a dict"),
        (MLPClassifier(class_weight={0: 0, 1: 0}), Y, "class_weight leaves every row without"),
        (MLPRegressor(batch_norm=True, batch_size=1), Y, "batch_norm needs more than one row"),
        (MLPRegressor(scoring="r2"), Y, "scoring='r2' is a score of held-out rows and there"),
        (MLPRegressor(bootstrap=True), Y, "bootstrap=True is for several models"),
        (MLPRegressor(), Y[:5], "inconsistent numbers of samples"),
    ],
)
def test_targets(model, y, message):
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    assert vars(model) == model.get_params()


def test_weights_and_kinds_of_y():
    with pytest.raises(ValueError, match="sample_weight"):
        MLPClassifier().fit(X, Y, -np.ones(30))
    model = MLPClassifier((3,)).partial_fit(X, Y, classes=[0, 1])
    with pytest.raises(ValueError, match="pass y of the same kind"):
        model.partial_fit(X, np.eye(2, dtype=int)[Y])
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        MLPClassifier().partial_fit(X, Y)


def test_small_shapes():
    for rows, columns in ((1, 1), (2, 1), (1, 5)):
        few, y = X[:rows, : min(columns, 4)], Y[:rows].astype(float)
        for options in ({}, {"batch_norm": rows > 1, "dropout": 0.5}, {"hidden_layer_sizes": ()}):
            model = MLPRegressor(**{"hidden_layer_sizes": (3,), "max_iter": 2, **options})
            model.fit(few, y)
            assert model.predict(few).shape == (rows,)


@pytest.mark.parametrize(("dtype", "scale"), [(np.float32, 1e20), (np.float64, 1e160)])
def test_batch_norm_of_numbers_whose_squares_overflow(dtype, scale):
    X = (np.random.default_rng(0).standard_normal((60, 4)) * scale).astype(dtype)
    model = MLPClassifier((5,), batch_norm=True, batch_size=20, max_iter=3)
    with pytest.raises(ValueError, match="may contain large values"):
        model.fit(X, np.arange(60) % 3)
    assert not hasattr(model, "coefs_")


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize(("weight", "what"), [(1e307, "large"), (1e-320, "small")])
def test_weights_whose_sum_is_no_number(solver, weight, what):
    X, y = np.random.default_rng(0).standard_normal((60, 4)), np.arange(60) % 3
    weights = np.full(60, weight)
    message = f"too {what} to divide by: divide the weights by their mean"
    model = MLPClassifier((5,), solver=solver, max_iter=3)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y, sample_weight=weights)
    if solver == "adam":
        model.set_params(validation_data=(X, y, weights))
        with pytest.raises(ValueError, match=message):
            model.fit(X, y)


def test_batches_next_to_no_weight_train_nothing():
    X, y = np.random.default_rng(0).standard_normal((40, 4)), np.arange(40) % 2
    weights = np.where(np.arange(40) < 20, 1.0, 1e-320)
    options = {"batch_size": 20, "shuffle": False, "max_iter": 2, "random_state": 0}
    models = [MLPClassifier((5,), **options).fit(X, y, w) for w in (weights, weights > 0.5)]
    np.testing.assert_array_equal(*(model.coefs_[0] for model in models))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (PredefinedSplit(np.full(30, -1)), "yields no split"),
        (GroupKFold(3), "'groups' parameter should not be None"),
        (StratifiedKFold(2), "Got 'continuous' instead"),
        (LeaveOneOut(), "too small. Increase the rows that validation_data holds out"),
        ([(np.arange(20), np.arange(20, 30))], "has 1 parts: pass .* or a splitter"),
        ((X * np.nan, X[:, 0]), "Input X contains NaN"),
        ((X[:, :2], X[:, 0]), "X has 2 features"),
        ((X, X[:, 0], np.full(30, -1.0)), "sample_weight must not be negative"),
    ],
)
def test_validation_data(data, message):
    with pytest.raises(ValueError, match=message) as error:
        MLPRegressor(validation_data=data, max_iter=2).fit(X, X[:, 0])
    assert "validation_data" in str(error.value)


def test_a_scorer_that_cannot_judge_is_refused_before_training():
    labels, epochs = np.array(["a", "b"])[Y], []
    model = MLPClassifier(
        scoring="f1", early_stopping=True, callbacks=[lambda _, epoch: epochs.append(epoch)]
    )
    with pytest.raises(ValueError, match=r"scoring='f1' cannot be used: .*pos_label"):
        model.fit(X, labels)
    assert not epochs


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_scores_that_are_no_numbers_are_warned_of():
    model = MLPRegressor(validation_data=(X[:1], X[:1, 0]), early_stopping=True, max_iter=2)
    with pytest.warns(UserWarning, match="Every validation score was NaN"):
        model.fit(X, X[:, 0])


def test_an_interrupt_before_any_score_is_not_told_as_a_score_of_nan():
    calls = []

    def interrupted(model, rows, labels):
        calls.append(1)
        if len(calls) > 1:  # the first is before training
            raise KeyboardInterrupt
        return 0.0

    model = MLPClassifier((3,), early_stopping=True, scoring=interrupted, max_iter=3)
    with pytest.warns(UserWarning, match="interrupted by user") as caught:
        model.fit(X, Y)
    assert [str(warning.message) for warning in caught] == ["Training interrupted by user."]
    assert model.validation_scores_ == []


def test_epsilon_that_is_zero_in_float32():
    model = MLPClassifier(epsilon=1e-60, max_iter=2)
    model.fit(X, Y)
    with pytest.raises(ValueError, match="epsilon=1e-60 is next to 0 in float32"):
        model.fit(X.astype(np.float32), Y)
    model.set_params(epsilon=1.18e-38).fit(X.astype(np.float32), Y)


@pytest.mark.parametrize(
    ("class_weight", "y", "message"),
    [
        ({7: 2.0}, Y, "weight for 7, which is not among the classes .0, 1."),
        ([{1: 2.0}], Y, "class_weight is a list, which is for an indicator matrix"),
        ({1: 2.0}, np.c_[Y, Y], "does not fit an indicator matrix y of 2 columns"),
        ([{1: 2.0}], np.c_[Y, Y], "does not fit an indicator matrix y of 2 columns"),
    ],
)
def test_class_weights_that_do_not_fit(class_weight, y, message):
    with pytest.raises(ValueError, match=message):
        MLPClassifier(class_weight=class_weight).fit(X, y)


def test_zero_weights_train_nothing():
    weights = np.where(np.arange(30) < 10, 1.0, 0.0)
    options = {"hidden_layer_sizes": (3,), "shuffle": False, "batch_size": 10, "max_iter": 3}
    options |= {"random_state": 0, "solver": "sgd", "momentum": 0, "alpha": 1.0}
    weighted = MLPClassifier(**options).fit(X, Y, weights)
    alone = MLPClassifier(**options).fit(X[:10], Y[:10])
    for a, b in zip(weighted.coefs_, alone.coefs_, strict=True):
        np.testing.assert_allclose(a, b)


def test_targets_that_do_not_fit():
    with pytest.raises(ValueError, match="y is too large for float32"):
        MLPRegressor().fit(X.astype(np.float32), Y * 1e39)
    with pytest.raises(TypeError, match="y is a sparse matrix"):
        MLPRegressor().fit(X, sp.csr_array(Y[:, np.newaxis]))


@pytest.mark.parametrize("scoring", [None, "loss"])
def test_held_out_rows_without_weight(scoring):
    split = ShuffleSplit(1, test_size=0.5, random_state=0)
    train, test = next(split.split(X))
    options = {"early_stopping": True, "validation_data": split, "scoring": scoring}
    for rows, what in ((train, "training"), (test, "held-out")):
        weights = np.ones(len(X))
        weights[rows] = 0
        with pytest.raises(ValueError, match=f"The weight of every {what} row is zero"):
            MLPRegressor(**options).fit(X, Y, weights)


def test_lbfgs_leaves_no_curves_of_an_earlier_fit():
    model = MLPRegressor(hidden_layer_sizes=(3,), max_iter=3, early_stopping=True).fit(X, Y)
    model.set_params(solver="lbfgs").fit(X, Y)
    alone = MLPRegressor(hidden_layer_sizes=(3,), max_iter=3, solver="lbfgs").fit(X, Y)
    assert vars(model).keys() == vars(alone).keys()


def test_batch_norm_of_one_row():
    model = MLPRegressor(hidden_layer_sizes=(3,), batch_norm=True, max_iter=2).fit(X, Y)
    before = dict(vars(model))
    for train in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=r"batch_norm needs more than one row.*n_samples=1"):
            train(X[:1], Y[:1])
    assert vars(model) == before


def test_a_scorer_without_weights():
    weights = np.ones(30)
    options = {"hidden_layer_sizes": (3,), "max_iter": 2, "early_stopping": True}
    model = MLPRegressor(**options, scoring="neg_max_error").fit(X, Y)
    assert len(model.validation_scores_) == 2
    before = dict(vars(model))
    with pytest.raises(
        TypeError, match="scoring='neg_max_error' with weights of held-out rows cannot be used"
    ):
        model.fit(X, Y, weights)
    assert vars(model) == before


def test_bootstrap_needs_all_rows():
    with pytest.raises(ValueError, match="bootstrap=True draws from all rows at once"):
        MLPRegressor(n_models=2, bootstrap=True).partial_fit(X, Y)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_array, "strided"])
def test_rows_that_are_not_finite(kind, bad):
    X = np.ones((20, 6))
    X[17, 3] = bad
    y = np.arange(20) % 2
    X = np.repeat(X, 2, axis=1)[:, ::2] if kind == "strided" else kind(X)
    model = MLPClassifier((4,))
    with pytest.raises(ValueError, match="NaN" if np.isnan(bad) else "infinity"):
        model.fit(X, y)
    assert set(vars(model)) == set(model.get_params())
