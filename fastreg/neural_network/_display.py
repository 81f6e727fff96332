"""Plots of how a network was trained, in scikit-learn's Display convention.

matplotlib is imported when something is drawn, and not before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from fastreg.linear_model._drawing import LEGEND, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class LearningCurvesDisplay:
    """Plot of a network's losses, epoch by epoch.

    The loss in training, that on held-out rows where there were any, the best epoch, and
    the epochs after it, in which the network only learnt its training rows by heart.
    Make one with :meth:`from_estimator`.

    Parameters
    ----------
    training_loss : sequence of float
        Mean loss of each epoch, penalties included.
    validation_loss : sequence of float or None, default=None
        Loss on held-out rows after each epoch.
    best_epoch : int or None, default=None
        Counted from 1. :meth:`from_estimator` takes `best_epoch_`, but the epoch of the
        smallest held-out loss where there were held-out rows without early stopping.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    lines_ : list of matplotlib Line2D
        A line for each loss.
    best_line_ : matplotlib Line2D or None
        The vertical line at the best epoch.
    overfitting_ : matplotlib Polygon or None
        The epochs after the smallest loss on held-out rows, shaded.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from fastreg import LearningCurvesDisplay, MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((16,), early_stopping=True, learning_rate_init=0.03,
    ...                       random_state=0).fit(X, y)
    >>> display = LearningCurvesDisplay.from_estimator(model)
    >>> [line.get_label() for line in display.lines_]
    ['training', 'held-out rows']
    """

    def __init__(
        self,
        *,
        training_loss: Sequence[float],
        validation_loss: Sequence[float] | None = None,
        best_epoch: int | None = None,
    ):
        self.training_loss = training_loss
        self.validation_loss = validation_loss
        self.best_epoch = best_epoch

    @classmethod
    def from_estimator(
        cls, estimator: BaseEstimator, *, ax: Axes | None = None, **plot_options: Any
    ) -> Self:
        """Plot the losses of a fitted MLPClassifier or MLPRegressor.

        Parameters
        ----------
        estimator : estimator
            Fitted by mini-batches; its `loss_curve_`, `validation_loss_curve_` and
            `best_epoch_` are used.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        **plot_options
            As in :meth:`plot`.

        Returns
        -------
        LearningCurvesDisplay
        """
        check_is_fitted(estimator)
        if not hasattr(estimator, "loss_curve_"):
            raise ValueError(
                f"{type(estimator).__name__} has no loss_curve_: fit it with a solver that "
                "takes mini-batches, 'adam' say."
            )
        return cls(
            training_loss=estimator.loss_curve_,
            validation_loss=getattr(estimator, "validation_loss_curve_", None),
            best_epoch=_best_epoch(estimator),
        ).plot(ax, **plot_options)

    def plot(self, ax: Axes | None = None, *, line_kw: Mapping[str, Any] | None = None) -> Self:
        """Draw the losses against the epoch.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        line_kw : dict or None, default=None
            Options of matplotlib for the lines.

        Returns
        -------
        self : object
        """
        ax = new_axes(ax, type(self).__name__)
        self.ax_, self.figure_ = ax, ax.figure
        curves = {"training": self.training_loss, "held-out rows": self.validation_loss}
        self.lines_, self.best_line_, self.overfitting_ = [], None, None
        for label, curve in curves.items():
            if curve:
                # a curve that began in a later fit ends at the same epoch
                epochs = len(self.training_loss) - len(curve) + 1 + np.arange(len(curve))
                style = {"marker": "o" if len(curve) == 1 else None, "label": label}
                self.lines_ += ax.plot(epochs, curve, **{**style, **(line_kw or {})})
        handles = list(self.lines_)
        if self.best_epoch:
            label = f"best epoch: {self.best_epoch}"
            style = {"color": "0.25", "linewidth": 1.0, "linestyle": "--"}
            self.best_line_ = ax.axvline(self.best_epoch, label=label, zorder=1, **style)
            handles.append(self.best_line_)
        if self.validation_loss:
            handles += self._shade_overfitting()
        ax.set_xlabel("Epoch")
        ax.set_ylabel("Loss")
        ax.legend(handles=handles, **LEGEND)
        return self

    def _shade_overfitting(self):
        """Shade what comes after the smallest held-out loss, if the training loss fell on."""
        end = len(self.training_loss)
        lowest = _lowest(self.training_loss, self.validation_loss)
        if lowest == end or self.training_loss[-1] >= self.training_loss[lowest - 1]:
            return []
        self.overfitting_ = self.ax_.axvspan(
            lowest, end, color="C3", alpha=0.08, zorder=0, label="overfitting"
        )
        return [self.overfitting_]


def _best_epoch(estimator):
    """The epoch to mark; held-out rows have the say where there were any."""
    held_out = getattr(estimator, "validation_loss_curve_", None)
    if held_out and estimator.best_validation_score_ is None:
        return _lowest(estimator.loss_curve_, held_out)
    return getattr(estimator, "best_epoch_", None)


def _lowest(training_loss, validation_loss):
    """The epoch of the smallest held-out loss; its curve may have begun in a later fit."""
    finite = np.nan_to_num(validation_loss, nan=np.inf)
    return len(training_loss) - len(validation_loss) + 1 + int(np.argmin(finite))
