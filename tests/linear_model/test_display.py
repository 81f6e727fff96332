"""PathDisplay and CVDisplay: what is drawn is what was fitted."""

import sys
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import KFold

from fastreg import CVDisplay, ElasticNetCV, Lasso, PathDisplay, regularization_path
from fastreg.linear_model import _display, _drawing

mpl = pytest.importorskip("matplotlib")
mpl.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def path(regression):
    X, y, _ = regression(60, 20)
    return regularization_path(X, y, alphas=40)


class Searched(RegressorMixin, BaseEstimator):
    """The fitted attributes of a cross-validated path."""

    def __init__(self, l1_ratio=1.0):
        self.l1_ratio = l1_ratio

    def fit(self, X, y, n_folds=4):
        ratios = np.atleast_1d(self.l1_ratio)
        rng = np.random.RandomState(0)
        paths = [regularization_path(X, y, l1_ratio=r, alphas=30) for r in ratios]
        errors = np.stack([np.square(np.log(path.alphas / 0.1)) for path in paths])
        errors = errors[..., np.newaxis] + rng.uniform(1, 3, (*errors.shape, n_folds))
        i, k = np.unravel_index(errors.mean(axis=-1).argmin(), errors.shape[:2])
        several = len(ratios) > 1
        self.alphas_ = np.stack([path.alphas for path in paths]) if several else paths[0].alphas
        self.mse_path_ = errors if several else errors[0]
        self.path_, self.l1_ratio_ = paths[i], ratios[i]
        self.alpha_ = self.alpha_min_ = paths[i].alphas[k]
        self.alpha_1se_ = paths[i].alphas[k - 4]
        self.coef_ = self.path_.coefs[:, k]
        return self


@pytest.fixture
def searched(regression):
    X, y, _ = regression(60, 20)
    return Searched().fit(X, y)


# ---- PathDisplay ------------------------------------------------------------------


def test_lines_are_coefficients(path):
    display = PathDisplay.from_path(path)
    assert_array_equal(display.features_, np.flatnonzero(path.coefs.any(axis=1)))
    assert len(display.lines_) == len(display.features_) > 8
    for j, line in zip(display.features_, display.lines_, strict=True):
        assert_array_equal(line.get_xdata(), path.alphas)
        assert_array_equal(line.get_ydata(), path.coefs[j])
    ax = display.ax_
    assert ax.figure is display.figure_
    assert ax.get_xscale() == "log"
    assert ax.get_xlim() == (path.alphas[0], path.alphas[-1])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("alpha", "Coefficient")
    assert display.mark_lines_ == []
    assert ax.get_legend() is None


def test_the_top_axis_counts_features(path):
    display = PathDisplay.from_path(path)
    display.figure_.canvas.draw()
    top = display.count_ax_
    assert top.get_xlabel() == "Features"
    places, texts = top.get_xticks(), [text.get_text() for text in top.get_xticklabels()]
    assert 4 < len(places) <= 8
    assert_array_equal(top.get_xticks(minor=True), [])
    for place, text in zip(places, texts, strict=True):
        assert int(text) == path.n_features_used[np.flatnonzero(path.alphas == place)[0]]
    assert texts[0] == "0"
    assert texts[-1] == str(path.n_features_used[-1])


@pytest.mark.parametrize("n", [0, 3, 8, 100])
def test_the_largest_have_labels(n, path):
    display = PathDisplay.from_path(path, max_labels=n)
    largest = np.argsort(-np.abs(path.coefs[:, -1]))[: min(n, len(display.lines_))]
    assert [label.get_text() for label in display.labels_] == [f"x{j}" for j in largest]
    colours = {line.get_color() for line in display.lines_}
    assert len(colours - {"0.75"}) == min(n, 10, len(display.lines_))
    for label, j in zip(display.labels_, largest, strict=True):
        line = display.lines_[list(display.features_).index(j)]
        assert label.get_color() == line.get_color()


def test_labels_are_names_and_don_t_overlap(regression):
    pd = pytest.importorskip("pandas")
    X, y, _ = regression()
    frame = pd.DataFrame(X, columns=[f"feature {j}" for j in range(12)])
    display = PathDisplay.from_path(regularization_path(frame, y), max_labels=12)
    assert {label.get_text() for label in display.labels_} <= set(frame.columns)
    display.figure_.canvas.draw()
    boxes = sorted((label.get_window_extent() for label in display.labels_), key=lambda b: b.y0)
    assert len(boxes) > 5
    for lower, upper in pairwise(boxes):
        assert upper.y0 >= lower.y1 - 3
    assert max(box.x1 for box in boxes) <= display.figure_.bbox.x1


def test_marks(path):
    alphas = path.alphas[[20, 10]]
    display = PathDisplay.from_path(path, alpha=alphas[1], alpha_min=alphas[0], alpha_1se=alphas[1])
    assert [line.get_xdata()[0] for line in display.mark_lines_] == [alphas[1], alphas[0]]
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == [
        f"one-standard-error rule, chosen: {alphas[1]:.3g}",
        f"smallest error: {alphas[0]:.3g}",
    ]
    assert [line.get_linestyle() for line in display.mark_lines_] == ["--", ":"]


@pytest.mark.parametrize(
    ("marks", "wanted"),
    [
        ((None, None, None), []),
        ((0.5, None, None), [("chosen", 0.5, True)]),
        ((0.5, 0.2, 0.4), [("chosen", 0.5, True), ("smallest error", 0.2, False)]),
        ((0.2, 0.2, None), [("smallest error, chosen", 0.2, True)]),
        ((None, 0.2, None), [("smallest error", 0.2, False)]),
    ],
)
def test_names_of_marks(marks, wanted):
    assert _display._marks(*marks)[: len(wanted)] == wanted
    assert len(_display._marks(*marks)) == len({mark for mark in marks if mark is not None})


def test_several_targets(regression):
    X, y, _ = regression(n_targets=3)
    path = regularization_path(X, y, alphas=20)
    norms = PathDisplay.from_path(path)
    assert "Norm" in norms.ax_.get_ylabel()
    j = norms.features_[0]
    assert_allclose(norms.lines_[0].get_ydata(), np.linalg.norm(path.coefs[:, j], axis=0))
    one = PathDisplay.from_path(path, target=2)
    assert one.ax_.get_ylabel() == "Coefficient"
    assert_array_equal(one.lines_[0].get_ydata(), path.coefs[2, j])
    with pytest.raises(ValueError, match="target"):
        PathDisplay.from_path(path, target=3)


def test_axes_and_options_of_the_user(path):
    figure, (left, right) = plt.subplots(1, 2)
    display = PathDisplay.from_path(path, alpha=0.1, ax=left, line_kw={"linewidth": 5})
    assert display.ax_ is left
    assert display.figure_ is figure
    assert {line.get_linewidth() for line in display.lines_} == {5}
    again = display.plot(right, mark_kw={"color": "red"})
    assert again is display
    assert display.ax_ is right
    assert display.mark_lines_[0].get_color() == "red"


def test_paths_that_have_little_to_show(regression):
    X, y, _ = regression()
    empty = PathDisplay.from_path(regularization_path(X, y, alphas=[100.0, 50.0]))
    assert empty.lines_ == empty.labels_ == []
    single = PathDisplay.from_path(regularization_path(X, y, alphas=[0.1]))
    assert single.lines_[0].get_marker() == "o"
    low, high = single.ax_.get_xlim()
    assert high < 0.1 < low
    ridge = regularization_path(X, y, alphas=[1.0, 0.5, 0.0])
    assert_array_equal(PathDisplay.from_path(ridge).lines_[0].get_xdata(), [1.0, 0.5])
    with pytest.raises(ValueError, match="alphas"):
        PathDisplay.from_path(regularization_path(X, y, alphas=[0.0]))
    for display in (empty, single):
        display.figure_.canvas.draw()


def test_path_from_estimator(searched):
    display = PathDisplay.from_estimator(searched, max_labels=2)
    assert display.path is searched.path_
    assert len(display.labels_) == 2
    marks = [line.get_xdata()[0] for line in display.mark_lines_]
    assert marks == [searched.alpha_, searched.alpha_1se_]


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"max_labels": -1}, "max_labels"),
        ({"alpha": 0.0}, "alpha"),
        ({"alpha_1se": "1"}, "alpha_1se"),
    ],
)
def test_bad_parameters(options, name, path):
    with pytest.raises((ValueError, TypeError), match=name):
        PathDisplay.from_path(path, **options)
    assert not plt.get_fignums()


def test_what_is_no_path():
    with pytest.raises(TypeError, match="RegularizationPath"):
        PathDisplay.from_path(np.ones((3, 4)))


# ---- CVDisplay --------------------------------------------------------------------


def test_the_mean_and_its_band(searched):
    display = CVDisplay.from_estimator(searched)
    mse = searched.mse_path_
    mean, error = mse.mean(axis=1), mse.std(axis=1, ddof=1) / 2
    assert_array_equal(display.line_.get_xdata(), searched.alphas_)
    assert_allclose(display.line_.get_ydata(), mean)
    assert_allclose(display.standard_error_, error)
    corners = display.band_.get_paths()[0].vertices
    for k in (0, 7, -1):
        here = corners[np.isclose(corners[:, 0], searched.alphas_[k]), 1]
        assert here.min() == pytest.approx(mean[k] - error[k])
        assert here.max() == pytest.approx(mean[k] + error[k])
    ax = display.ax_
    assert ax.get_xscale() == "log"
    assert ax.get_xlim() == (searched.alphas_[0], searched.alphas_[-1])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("alpha", "Held-out mean squared error")
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == [
        "mean over folds",
        "± 1 standard error",
        f"smallest error, chosen: {searched.alpha_:.3g}",
        f"one-standard-error rule: {searched.alpha_1se_:.3g}",
    ]
    counts = [text.get_text() for text in display.count_ax_.get_xticklabels()]
    assert counts[-1] == str(searched.path_.n_features_used[-1])


@pytest.mark.parametrize("l1_ratio", [[0.2, 0.7, 1.0], [1.0, 0.7, 0.2]])
def test_of_several_ratios_the_chosen_one_is_drawn(l1_ratio, regression):
    X, y, _ = regression(60, 20)
    model = Searched(l1_ratio).fit(X, y)
    i = l1_ratio.index(model.l1_ratio_)
    display = CVDisplay.from_estimator(model)
    assert_array_equal(display.line_.get_xdata(), model.alphas_[i])
    assert_allclose(display.line_.get_ydata(), model.mse_path_[i].mean(axis=-1))
    assert display.mean_.min() == model.mse_path_.mean(axis=-1).min()
    assert PathDisplay.from_estimator(model).path.l1_ratio == model.l1_ratio_


def test_options_of_the_user(searched):
    ax = plt.subplots()[1]
    display = CVDisplay.from_estimator(
        searched,
        ax=ax,
        line_kw={"color": "red"},
        band_kw={"alpha": 0.5},
        mark_kw={"linewidth": 4},
    )
    assert display.ax_ is ax
    assert display.line_.get_color() == "red"
    assert display.band_.get_alpha() == 0.5
    assert [line.get_linewidth() for line in display.mark_lines_] == [4, 4]


@pytest.mark.parametrize("n_splits", [1, 3])
@pytest.mark.parametrize("alphas", [4, [0.1]])
@pytest.mark.parametrize("l1_ratio", [0.5, [0.2, 0.9]])
def test_axes_of_length_one(n_splits, alphas, l1_ratio, regression):
    """mse_path_ leaves them out, and a single split has no rule of one standard error."""
    X, y, _ = regression()
    splits = list(KFold(3).split(X))[:n_splits]
    model = ElasticNetCV(l1_ratio=l1_ratio, alphas=alphas, cv=splits).fit(X, y)
    display = CVDisplay.from_estimator(model)
    assert display.mse_path.shape == (np.size(model.path_.alphas), n_splits)
    errors = model.mse_path_.reshape(-1, n_splits)  # l1_ratio and alpha on one axis
    assert display.mean_.min() == errors.mean(axis=1).min()
    assert PathDisplay.from_estimator(model).alpha == model.alpha_


def test_one_fold_and_no_path():
    display = CVDisplay(alphas=[1.0, 0.1], mse_path=[[3.0], [2.0]]).plot()
    assert_array_equal(display.standard_error_, [0, 0])
    assert display.count_ax_ is None
    with pytest.raises(ValueError, match="mse_path"):
        CVDisplay(alphas=[1.0, 0.1], mse_path=[3.0, 2.0])


@pytest.mark.parametrize("cls", [PathDisplay, CVDisplay])
def test_estimators_that_cannot_be_drawn(cls, regression):
    X, y, _ = regression()
    with pytest.raises(NotFittedError):
        cls.from_estimator(Searched())
    with pytest.raises(TypeError, match="LassoCV"):
        cls.from_estimator(Lasso(0.1).fit(X, y))
    assert not plt.get_fignums()


# ---- matplotlib -------------------------------------------------------------------


@pytest.mark.parametrize("cls", [PathDisplay, CVDisplay])
def test_without_matplotlib_it_says_what_to_install(cls, searched, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=rf"{cls.__name__} .* pip install 'fastreg\[plot\]'"):
        cls.from_estimator(searched)


def test_fastreg_imports_without_matplotlib(run_python):
    script = "import sys, fastreg; print('matplotlib' in sys.modules, 'tqdm' in sys.modules)"
    assert run_python(script) == "False False"


# ---- labels that would overlap ----------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_spread(seed):
    rng = np.random.RandomState(seed)
    values = np.round(rng.standard_normal(rng.randint(0, 30)), rng.randint(0, 3))
    places = _drawing.spread(values, 0.2)
    order = np.argsort(values, kind="stable")
    assert (np.diff(places[order]) >= 0.2 - 1e-12).all()
    apart = np.linspace(0, 3, 10)
    assert_array_equal(_drawing.spread(apart, 0.2), apart)
