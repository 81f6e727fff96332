"""SGDRegressor and SGDClassifier: scikit-learn's updates, exact minimisers, and their interface."""

import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.linear_model as sk
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.preprocessing import StandardScaler

import fastreg
from fastreg import ElasticNet, SGDClassifier, SGDRegressor

REGRESSION = ["squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive"]
CLASSIFICATION = [
    *REGRESSION,
    "log_loss",
    "hinge",
    "squared_hinge",
    "modified_huber",
    "perceptron",
]
PAIRS = [("SGDRegressor", loss) for loss in REGRESSION]
PAIRS += [("SGDClassifier", loss) for loss in CLASSIFICATION]
RATES = ["constant", "optimal", "invscaling", "adaptive"]
CASES = [(*pair, rate) for pair in PAIRS for rate in RATES]
for _rate in ("pa1", "pa2"):
    CASES += [("SGDRegressor", "epsilon_insensitive", _rate), ("SGDClassifier", "hinge", _rate)]


@pytest.fixture(scope="module")
def data():
    """X (n, p) of zeros and numbers below 1, numbers y, classes of two and of three."""
    rng = np.random.RandomState(0)
    X = rng.uniform(-1, 1, (120, 8)) * (rng.random_sample((120, 8)) < 0.6)
    y = X @ rng.randn(8) + 0.2 * rng.randn(120)
    return X, y, (y > 0.1).astype(int), np.digitize(y, [-0.5, 0.5]), rng.uniform(0.2, 2, 120)


def both(name, X, y, weight, **parameters):
    """The fits of fastreg and of scikit-learn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fits = [getattr(module, name)(**parameters) for module in (fastreg, sk)]
        return [model.fit(X, y, sample_weight=weight) for model in fits]


def assert_same(ours, theirs):
    scale = max(1, abs(theirs.coef_).max(), abs(theirs.intercept_).max())
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-10, atol=1e-10 * scale)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-10, atol=1e-10 * scale)
    assert ours.coef_.shape == theirs.coef_.shape
    assert ours.intercept_.shape == theirs.intercept_.shape
    assert ours.t_ == theirs.t_
    assert ours.n_iter_ == theirs.n_iter_


@pytest.mark.parametrize(("name", "loss", "rate"), CASES)
def test_updates_are_those_of_scikit_learn(data, name, loss, rate):
    """In the order of the rows, for each penalty, without and with averaging."""
    X, y, two, three, weight = data
    for penalty in ("l2", "l1", "elasticnet", None):
        for average in (False, 30):
            if average and penalty in ("l1", "elasticnet"):
                continue  # scikit-learn's average leaves out what the L1 part does
            parameters = {
                "loss": loss,
                "learning_rate": rate,
                "penalty": penalty,
                "average": average,
                "l1_ratio": 0.4,
                # the rate of "optimal" begins with alpha^(-1/4)
                "alpha": 3.0 if rate == "optimal" else 0.01,
                "power_t": 0.3,
                "shuffle": False,
                "max_iter": 3,
                "tol": None,
            }
            targets = (y,) if name == "SGDRegressor" else (two, three)
            for target in targets:
                assert_same(*both(name, X, target, weight, **parameters))


@pytest.mark.parametrize("penalty", ["l2", None])
def test_updates_of_sparse_rows_are_those_of_scikit_learn(data, penalty):
    """Except for the L1 penalty, which scikit-learn applies when a row comes by next."""
    X, y, two, *_, weight = data
    parameters = {"penalty": penalty, "shuffle": False, "max_iter": 2, "tol": None}
    assert_same(*both("SGDRegressor", sp.csr_matrix(X), y, weight, **parameters))
    assert_same(*both("SGDClassifier", sp.csr_matrix(X), two, weight, alpha=0.1, **parameters))


def test_class_weights_are_those_of_scikit_learn(data):
    X, _, two, three, weight = data
    for target in (two, three):
        for class_weight in ("balanced", {0: 0.3, 1: 2.0}):
            parameters = {"class_weight": class_weight, "shuffle": False, "max_iter": 2}
            parameters |= {"tol": None, "alpha": 0.1}
            assert_same(*both("SGDClassifier", X, target, weight, **parameters))


@pytest.mark.parametrize("average", [True, False])
@pytest.mark.parametrize("batch_size", [1, 10])
@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_converges_to_the_elastic_net(data, average, batch_size, make, l1_ratio):
    X, y, *_ = data
    exact = ElasticNet(alpha=0.05, l1_ratio=l1_ratio, tol=1e-12, fit_intercept=False).fit(X, y)
    model = SGDRegressor(
        penalty="elasticnet",
        alpha=0.05,
        l1_ratio=l1_ratio,
        fit_intercept=False,
        learning_rate="constant" if average else "invscaling",
        eta0=0.01 if average else 0.3 * np.sqrt(batch_size),
        power_t=0.7,
        max_iter=400,
        tol=None,
        average=2000 if average else False,
        batch_size=batch_size,
        random_state=0,
    ).fit(make(X), y)
    np.testing.assert_allclose(model.coef_, exact.coef_, atol=0.02)


def test_one_cycle_ends_at_the_minimum(data):
    X, y, two, *_ = data
    exact = sk.Ridge(alpha=0.01 * len(y)).fit(X, y)
    model = SGDRegressor(
        alpha=0.01, learning_rate="one_cycle", eta0=0.2, max_iter=60, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the end of its plan is no failure to converge
        model.fit(X, y)
    assert model.n_iter_ == 60
    np.testing.assert_allclose(model.coef_, exact.coef_, atol=5e-3)
    np.testing.assert_allclose(model.intercept_, exact.intercept_, atol=5e-3)
    logistic = LogisticRegression(C=1 / (0.01 * len(y)), tol=1e-10).fit(X, two)
    model = SGDClassifier("log_loss", alpha=0.01, learning_rate="one_cycle", eta0=0.5)
    model.set_params(max_iter=100, random_state=0).fit(X, two)
    np.testing.assert_allclose(model.coef_, logistic.coef_, atol=0.02)
    np.testing.assert_allclose(model.predict_proba(X), logistic.predict_proba(X), atol=0.01)


def test_several_targets_are_single_ones(data):
    X, y, *_ = data
    Y = np.stack([y, -2 * y + 1, y**2], axis=1)
    model = SGDRegressor(random_state=0, n_iter_no_change=2).fit(X, Y)
    assert model.coef_.shape == (3, 8)
    assert model.predict(X).shape == Y.shape
    assert model.loss_curve_.shape == (3, model.n_iter_)
    for t in range(3):
        single = SGDRegressor(random_state=0, n_iter_no_change=2).fit(X, Y[:, t])
        np.testing.assert_array_equal(model.coef_[t], single.coef_)
        np.testing.assert_array_equal(model.loss_curve_[t, : single.n_iter_], single.loss_curve_)
        assert np.isnan(model.loss_curve_[t, single.n_iter_ :]).all()
    with pytest.warns(DataConversionWarning):
        column = SGDRegressor(random_state=0, n_iter_no_change=2).fit(X, Y[:, :1])
    assert column.coef_.shape == (8,)


def test_layout_and_width_of_indices_change_nothing(data):
    X, _, _, three, _ = data
    sparse = sp.csr_array(X)
    wide = sp.csr_array(
        (sparse.data, sparse.indices.astype(np.int64), sparse.indptr.astype(np.int64)),
        shape=X.shape,
    )

    def coef(X):
        return SGDClassifier(penalty="elasticnet", random_state=0, max_iter=20).fit(X, three).coef_

    np.testing.assert_allclose(coef(np.asfortranarray(X)), coef(X), rtol=1e-7, atol=1e-9)
    np.testing.assert_array_equal(coef(wide), coef(sparse))
    np.testing.assert_array_equal(coef(sp.csc_matrix(X)), coef(sparse))
    unsummed = sp.csr_array(
        (np.repeat(sparse.data / 2, 2), np.repeat(sparse.indices, 2), 2 * sparse.indptr),
        shape=X.shape,
    )
    np.testing.assert_allclose(coef(unsummed), coef(sparse), rtol=1e-7, atol=1e-9)
    passive = SGDClassifier(learning_rate="pa1", random_state=0)
    expected = passive.fit(sparse, three).coef_
    np.testing.assert_allclose(passive.fit(unsummed, three).coef_, expected, rtol=1e-7, atol=1e-9)
    assert unsummed.nnz == 2 * sparse.nnz


@pytest.mark.parametrize("average", [False, True, 150])
def test_partial_fit_goes_on(data, average):
    """Chunks in their order are an epoch; so is the schedule, and the average."""
    X, y, _, three, _ = data
    parameters = {"shuffle": False, "tol": None, "max_iter": 2, "average": average}
    parameters["alpha"] = 0.1
    whole = [SGDRegressor(**parameters).fit(X, y), SGDClassifier(**parameters).fit(X, three)]
    parts = [SGDRegressor(**parameters), SGDClassifier(**parameters)]
    for _ in range(2):
        for rows in np.array_split(np.arange(len(y)), 4):
            parts[0].partial_fit(X[rows], y[rows])
            parts[1].partial_fit(X[rows], three[rows], classes=[0, 1, 2])
            parts = [pickle.loads(pickle.dumps(part)) for part in parts]
    for a, b in zip(whole, parts, strict=True):
        np.testing.assert_allclose(a.coef_, b.coef_, rtol=1e-12)
        np.testing.assert_allclose(a.intercept_, b.intercept_, rtol=1e-12)
        assert a.t_ == b.t_ == 241


def test_updates_count_batches(data):
    X, y, *_ = data
    model = SGDRegressor(batch_size=50, max_iter=4, tol=None).fit(X, y)
    assert model.t_ == 1 + 4 * 3
    whole = SGDRegressor(batch_size=10**6, max_iter=4, tol=None, shuffle=False).fit(X, y)
    np.testing.assert_allclose(
        whole.fit(X[::-1], y[::-1]).coef_, whole.coef_, rtol=1e-12
    )  # one batch has no order


def test_warm_start_and_given_starts(data):
    X, y, _, three, _ = data
    model = SGDClassifier(warm_start=True, max_iter=3, tol=None, random_state=0).fit(X, three)
    coef, intercept = model.coef_.copy(), model.intercept_.copy()
    again = SGDClassifier(max_iter=3, tol=None, random_state=0)
    again.fit(X, three, coef_init=coef, intercept_init=intercept)
    np.testing.assert_array_equal(model.fit(X, three).coef_, again.coef_)
    assert (coef != again.coef_).any()
    for wrong in ({"coef_init": np.zeros((2, 8))}, {"intercept_init": np.zeros(2)}):
        with pytest.raises(ValueError, match="does not match dataset"):
            SGDClassifier().fit(X, three, **wrong)
    start = np.arange(8.0)
    SGDRegressor(max_iter=1, tol=None).fit(X, y, coef_init=start)
    np.testing.assert_array_equal(start, np.arange(8.0))  # a copy was trained


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
def test_a_validation_set_of_the_user(data, make):
    X, y, two, three, weight = data
    train, kept = slice(0, 90), slice(90, 120)
    parameters = {"early_stopping": True, "random_state": 0, "tol": 1e-4}
    for name, target in (("SGDRegressor", y), ("SGDClassifier", two), ("SGDClassifier", three)):
        model = getattr(fastreg, name)(**parameters)
        labels = np.array(["a", "b", "c"])[target] if target.dtype.kind == "i" else target
        validation = {"X_val": make(X[kept]), "y_val": labels[kept]}
        model.fit(make(X[train]), labels[train], **validation, sample_weight_val=weight[kept])
        assert model.n_iter_ < 1000
        last = model.validation_scores_.reshape(-1, model.n_iter_)
        assert last.shape[0] == (3 if target is three else 1)
        if target is not three:
            score = model.score(make(X[kept]), labels[kept], sample_weight=weight[kept])
            assert last[0, -1] == pytest.approx(score, rel=1e-9)
        # training saw none of it
        free = getattr(fastreg, name)(random_state=0, tol=None, max_iter=model.n_iter_)
        free.fit(make(X[train]), labels[train])
        if target is not three:
            np.testing.assert_array_equal(free.coef_, model.coef_)
            assert not hasattr(free, "validation_scores_")


def test_a_validation_set_that_cannot_be_used(data):
    X, y, two, *_ = data
    stopping = SGDClassifier(early_stopping=True)
    with pytest.raises(ValueError, match="early_stopping is False"):
        SGDClassifier().fit(X, two, X_val=X, y_val=two)
    with pytest.raises(ValueError, match="y_val is missing"):
        stopping.fit(X, two, X_val=X)
    with pytest.raises(ValueError, match="y_val holds the label 7"):
        stopping.fit(X, two, X_val=X, y_val=two + 6)
    with pytest.raises(ValueError, match="X_val has 120 rows"):
        stopping.fit(X, two, X_val=X, y_val=two[:5])
    with pytest.raises(ValueError, match="8 features"):
        stopping.fit(X, two, X_val=X[:, :3], y_val=two)
    with pytest.raises(ValueError, match="X_val contains NaN"):
        stopping.fit(X, two, X_val=np.where(X > 0.9, np.nan, X), y_val=two)
    with pytest.raises(ValueError, match="validation set are all zero"):
        SGDClassifier(early_stopping=True, random_state=0, validation_fraction=0.02).fit(
            X, two, sample_weight=split_weights(two)
        )
    with pytest.raises(ValueError, match="X_val has 120 rows"):
        SGDRegressor(early_stopping=True).fit(X, y, X_val=X, y_val=np.stack([y, y], axis=1))
    assert not hasattr(stopping, "classes_")


def split_weights(labels):
    """Zero for the rows that the split of 2 % with random_state=0 keeps."""
    split = StratifiedShuffleSplit(test_size=0.02, random_state=0)
    _, kept = next(split.split(np.zeros((len(labels), 1)), labels))
    weights = np.ones(len(labels))
    weights[kept] = 0
    return weights


WRONG = [
    ({"loss": "hinges"}, "loss must be one of"),
    ({"penalty": "l3"}, "penalty must be one of"),
    ({"learning_rate": "fast"}, "learning_rate must be one of"),
    ({"alpha": -1}, "alpha must be a number >= 0"),
    ({"eta0": 0}, "eta0 must be a number > 0"),
    ({"batch_size": 0}, "batch_size must be an integer >= 1"),
    ({"average": 0}, "average must be an integer >= 1"),
    ({"max_iter": 0}, "max_iter must be"),
    ({"tol": -1.0}, "tol must be"),
    ({"n_iter_no_change": 0}, "n_iter_no_change must be"),
    ({"validation_fraction": 1.0}, "validation_fraction must be below 1"),
    ({"l1_ratio": 2}, "l1_ratio must be"),
    ({"alpha": 0, "learning_rate": "optimal"}, "alpha must be > 0"),
    ({"learning_rate": "pa1", "loss": "squared_error"}, "learning_rate='pa1' only works with"),
]


@pytest.mark.parametrize("kind", [SGDRegressor, SGDClassifier])
@pytest.mark.parametrize(("parameters", "words"), WRONG)
def test_wrong_parameters(data, kind, parameters, words):
    X, _, two, *_ = data
    model = kind(**parameters)
    with pytest.raises(ValueError, match=words):
        model.fit(X, two)
    assert vars(model) == model.get_params()


def test_what_does_not_go_together(data):
    X, y, two, *_ = data
    with pytest.raises(ValueError, match="use batch_size=1"):
        SGDClassifier(learning_rate="pa2", batch_size=2).fit(X, two)
    with pytest.raises(ValueError, match="partial_fit has no end"):
        SGDRegressor(learning_rate="one_cycle").partial_fit(X, y)
    with pytest.raises(ValueError, match="class_weight must be"):
        SGDClassifier(class_weight="equal").fit(X, two)
    with pytest.raises(ValueError, match=r"class_weight\[0\] must be a number >= 0"):
        SGDClassifier(class_weight={0: -1.0}).fit(X, two)
    with pytest.raises(TypeError, match=r"class_weight\[0\] must be a number"):
        SGDClassifier(class_weight={0: "heavy"}).fit(X, two)
    with pytest.raises(ValueError, match=r"y has 2 target\(s\)"):
        SGDRegressor().partial_fit(X, y).partial_fit(X, np.stack([y, y], axis=1))
    with pytest.raises(ValueError, match="the label 2, which is not among the classes"):
        SGDClassifier().partial_fit(X, two, classes=[0, 1]).partial_fit(X, two + 1)
    with pytest.raises(ValueError, match="not the same as on last call"):
        SGDClassifier().partial_fit(X, two, classes=[0, 1]).partial_fit(X, two, classes=[0, 2])
    with pytest.raises(ValueError, match="greater than one"):
        SGDClassifier().fit(X, np.zeros(120))
    with pytest.raises(TypeError, match=r"y cannot be used: .* Pass labels of one kind"):
        SGDClassifier().fit(X, np.array(["a", 1] * 60, dtype=object))
    with pytest.raises(ValueError, match=r"The last fit's coef_ does not match .* \(8,\)"):
        SGDRegressor(warm_start=True).fit(X, y).fit(X[:, :3], y)
    with pytest.raises(ValueError, match="1d array"):
        SGDClassifier().fit(X, np.stack([two, two], axis=1))


@pytest.mark.parametrize("average", [1, 50, 700, 10**20])
def test_a_target_that_ends_before_its_average_begins(data, average):
    """Each target comes out as alone: averaged, or as it ended."""
    X, y, *_ = data
    parameters = {"average": average, "learning_rate": "constant", "eta0": 0.005, "tol": 1e-4}
    parameters |= {"n_iter_no_change": 2, "shuffle": False}
    Y = np.stack([0.01 * X[:, 0], y], axis=1)
    together = SGDRegressor(**parameters).fit(X, Y)
    assert np.isfinite(together.loss_curve_).sum(axis=1).tolist() == [3, together.n_iter_]
    for k in range(2):
        alone = SGDRegressor(**parameters).fit(X, Y[:, k])
        np.testing.assert_array_equal(together.coef_[k], alone.coef_)
        np.testing.assert_array_equal(together.intercept_[[k]], alone.intercept_)


def test_arrays_in_steps_that_pointers_cannot_follow(data):
    """Fields of packed records, and the parts of a CSR matrix that are not contiguous."""
    X, y, *_ = data
    expected = SGDRegressor(random_state=0).fit(X, y).coef_
    for other in ("i1", "f4"):
        records = np.zeros(len(X), dtype=[("other", other), ("x", "f8", (8,))])
        records["x"] = X
        np.testing.assert_array_equal(
            SGDRegressor(random_state=0).fit(records["x"], y).coef_, expected
        )
    S = sp.csr_matrix(X)
    expected = SGDRegressor(random_state=0).fit(S, y).coef_
    pairs = np.stack([S.data, S.data], axis=1), np.stack([S.indices, S.indices], axis=1)
    S = sp.csr_matrix((pairs[0][:, 0], pairs[1][:, 0], S.indptr), shape=X.shape)
    assert not S.data.flags.c_contiguous
    np.testing.assert_array_equal(SGDRegressor(random_state=0).fit(S, y).coef_, expected)


@pytest.mark.parametrize("penalty", ["l2", "elasticnet"])
def test_averages_of_sparse_rows_keep_their_digits(data, penalty):
    """Also where each update takes most of the coefficients away."""
    X, _, two, *_ = data
    parameters = {"alpha": 3.0, "eta0": 0.3, "learning_rate": "constant", "average": 17}
    parameters |= {"penalty": penalty, "l1_ratio": 0.01, "tol": None, "max_iter": 9}
    parameters |= {"fit_intercept": False, "random_state": 0}
    dense, sparse = (SGDClassifier(**parameters).fit(Z, two) for Z in (X, sp.csr_array(X)))
    np.testing.assert_allclose(sparse.coef_, dense.coef_, rtol=1e-12, atol=1e-14)


def test_max_iter_takes_no_memory(data):
    X, y, *_ = data
    few, many = (SGDRegressor(max_iter=n, random_state=0).fit(X, y) for n in (1000, 10**18))
    assert many.n_iter_ == few.n_iter_
    np.testing.assert_array_equal(many.coef_, few.coef_)


def test_epochs_of_several_kernel_calls(data):
    """The same as one after the other."""
    X, y, *_ = data
    parameters = {"shuffle": False, "tol": None, "eta0": 1e-4}
    at_once = SGDRegressor(**parameters, max_iter=1005).fit(X[:5], y[:5])
    single = SGDRegressor(**parameters)
    for _ in range(1005):
        single.partial_fit(X[:5], y[:5])
    assert at_once.n_iter_ == len(at_once.loss_curve_) == 1005
    np.testing.assert_allclose(at_once.coef_, single.coef_, rtol=1e-12)


def test_an_intercept_too_large_for_float32(data):
    X, y, *_ = data
    with pytest.raises(ValueError, match="overflow"):
        SGDRegressor().fit(X.astype(np.float32), y, intercept_init=[1e300])


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
def test_numbers_that_are_not_finite(data, make):
    """Found out in training: the message names X, and the last fit is still there."""
    X, y, two, *_ = data
    for model, target in ((SGDRegressor(), y), (SGDClassifier(), two)):
        model.fit(make(X), target)
        before = model.coef_.copy()
        for bad in (np.nan, np.inf):
            broken = X.copy()
            broken[7, 3] = bad
            with pytest.raises(ValueError, match="X contains"):
                model.fit(make(broken), target)
            with pytest.raises(ValueError, match="X contains"):
                model.partial_fit(make(broken), target)
        with pytest.raises(ValueError, match=r"overflow occurred at epoch #1\b.*smaller eta0"):
            model.fit(make(X * 1e300), target)
        np.testing.assert_array_equal(model.coef_, before)
    with pytest.raises(ValueError, match="overflow occurred"):  # float32 holds less
        SGDRegressor().fit(make(X.astype(np.float32)), y, coef_init=np.full(8, 1e39))


def test_probabilities():
    X, y = load_iris(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    far = np.vstack([X, 1000 * X])
    for loss in ("log_loss", "modified_huber"):
        for target in (y, y == 1):
            model = SGDClassifier(loss, random_state=0, alpha=0.01).fit(X, target)
            p = model.predict_proba(far)
            np.testing.assert_allclose(p.sum(axis=1), 1)
            assert p.min() >= 0
            single = model.decision_function(X).reshape(len(X), -1)
            single = (
                1 / (1 + np.exp(-single))
                if loss == "log_loss"
                else (np.clip(single, -1, 1) + 1) / 2
            )
            if single.shape[1] == 1:
                single = np.hstack([1 - single, single])
            total = single.sum(axis=1, keepdims=True)
            expected = np.where(total > 0, single / np.where(total > 0, total, 1), 1 / p.shape[1])
            np.testing.assert_allclose(p[: len(X)], expected, rtol=1e-12)
            with np.errstate(divide="ignore"):
                np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), p[: len(X)])
    assert not hasattr(SGDClassifier(), "predict_proba")


def test_sparse_coefficients(data):
    X, y, _, three, _ = data
    fits = (SGDRegressor(penalty="l1").fit(X, y), SGDClassifier(penalty="l1").fit(X, three))
    for model, target in zip(fits, (y, three), strict=True):
        coef, predicted = model.coef_.copy(), model.predict(X)
        assert sp.issparse(model.sparsify().coef_)
        for make in (np.asarray, sp.csr_array):
            np.testing.assert_allclose(model.predict(make(X)), predicted)
        np.testing.assert_array_equal(model.densify().coef_, coef)
        model.sparsify().partial_fit(X, target)
        assert model.coef_.shape == coef.shape


def test_verbose_tells_the_objective(data, capsys):
    X, y, *_ = data
    model = SGDRegressor(max_iter=2, tol=None, random_state=0, early_stopping=True)
    quiet = model.fit(X, y).coef_.copy()
    assert capsys.readouterr().out == ""
    model.set_params(verbose=1).fit(X, y)
    out = "".join(capsys.readouterr())
    assert "objective" in out
    assert "validation score" in out
    np.testing.assert_array_equal(model.coef_, quiet)


def test_warnings(data):
    X, y, *_ = data
    with pytest.warns(ConvergenceWarning, match="It is 2;"):
        SGDRegressor(max_iter=2).fit(X, y)
    with pytest.warns(FutureWarning, match="Negative values for `power_t`"):
        SGDRegressor(power_t=-1.0, eta0=1e-6).fit(X, y)
