"""LearningCurvesDisplay shows what the fit recorded."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError

from fastreg import LearningCurvesDisplay, MLPClassifier

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    matplotlib.pyplot.close("all")


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:300] / 16, y[:300]


def test_curves_best_epoch_and_overfitting(digits):
    model = MLPClassifier(
        (60,),
        learning_rate_init=0.05,
        alpha=0,
        scoring="loss",
        early_stopping=True,
        random_state=1,
        patience=15,
    ).fit(*digits)
    display = LearningCurvesDisplay.from_estimator(model)
    for line, curve in zip(
        display.lines_, (model.loss_curve_, model.validation_loss_curve_), strict=True
    ):
        np.testing.assert_array_equal(line.get_ydata(), curve)
        np.testing.assert_array_equal(line.get_xdata(), 1 + np.arange(model.n_iter_))
    assert display.best_line_.get_xdata()[0] == model.best_epoch_
    assert model.best_epoch_ < model.n_iter_
    assert display.overfitting_ is not None


def test_training_alone(digits):
    model = MLPClassifier((5,), max_iter=1, random_state=0).fit(*digits)
    ax = matplotlib.pyplot.subplots()[1]
    display = LearningCurvesDisplay.from_estimator(model, ax=ax, line_kw={"color": "k"})
    assert display.ax_ is ax
    assert len(display.lines_) == 1
    assert display.overfitting_ is None


def test_nothing_to_draw(digits):
    with pytest.raises(NotFittedError):
        LearningCurvesDisplay.from_estimator(MLPClassifier())
    model = MLPClassifier((3,), solver="lbfgs", max_iter=2).fit(*digits)
    with pytest.raises(ValueError, match="has no loss_curve_"):
        LearningCurvesDisplay.from_estimator(model)


@pytest.mark.parametrize("n_models", [1, 2])
def test_held_out_rows_have_the_say_without_early_stopping(digits, n_models):
    X, y = digits
    model = MLPClassifier(
        (60,),
        learning_rate_init=0.05,
        alpha=0,
        validation_data=(X[200:], y[200:]),
        max_iter=30,
        n_models=n_models,
        random_state=0,
    ).fit(X[:200], y[:200])
    display = LearningCurvesDisplay.from_estimator(model)
    lowest = 1 + int(np.argmin(model.validation_loss_curve_))
    assert lowest < 30
    assert display.best_line_.get_xdata()[0] == display.overfitting_.get_x() == lowest
