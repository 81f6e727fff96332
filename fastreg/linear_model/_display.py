"""Plots of paths and of cross-validation, in scikit-learn's Display convention.

matplotlib is imported when something is drawn, and not before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from fastreg._validation import check_number
from fastreg.linear_model._drawing import (
    LABEL_GAP,
    LEGEND,
    count_features,
    draw_lines,
    draw_marks,
    new_axes,
    positive_alphas,
    set_alpha_axis,
    spread,
)
from fastreg.linear_model._regularization_path import RegularizationPath

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class PathDisplay:
    """Plot of the coefficients along a path, against alpha.

    Make one with :meth:`from_path` or :meth:`from_estimator`.

    Parameters
    ----------
    path : RegularizationPath
    alpha : float or None, default=None
        The alpha that was chosen, drawn as a vertical line.
    alpha_min, alpha_1se : float or None, default=None
        The alpha with the smallest held-out error, and the largest whose error is within
        one standard error of it.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    features_ : ndarray of shape (n_lines,)
        The features that have a line: those with a coefficient that is not zero
        somewhere on the path.
    lines_ : list of matplotlib Line2D
        A line for each of `features_`.
    labels_ : list of matplotlib Annotation
        Names at the ends of the largest.
    mark_lines_ : list of matplotlib Line2D
        The vertical lines.
    count_ax_ : matplotlib SecondaryAxis
        The number of features, on top.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from fastreg import PathDisplay, regularization_path
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> display = PathDisplay.from_path(regularization_path(X, y), max_labels=3)
    >>> sorted(label.get_text() for label in display.labels_)
    ['bmi', 's1', 's5']
    """

    def __init__(
        self,
        *,
        path: RegularizationPath,
        alpha: float | None = None,
        alpha_min: float | None = None,
        alpha_1se: float | None = None,
    ):
        self.path = path
        self.alpha = alpha
        self.alpha_min = alpha_min
        self.alpha_1se = alpha_1se

    @classmethod
    def from_path(
        cls,
        path: RegularizationPath,
        *,
        alpha: float | None = None,
        alpha_min: float | None = None,
        alpha_1se: float | None = None,
        ax: Axes | None = None,
        **plot_options: Any,
    ) -> Self:
        """Plot what :func:`regularization_path` returned.

        Parameters
        ----------
        path : RegularizationPath
        alpha, alpha_min, alpha_1se : float or None, default=None
            Alphas to mark, as in the class.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        **plot_options
            As in :meth:`plot`.

        Returns
        -------
        PathDisplay
        """
        if not isinstance(path, RegularizationPath):
            raise TypeError(
                f"path must be a RegularizationPath, got {type(path).__name__}: pass what "
                "regularization_path returns."
            )
        marks = {"alpha": alpha, "alpha_min": alpha_min, "alpha_1se": alpha_1se}
        for name, value in marks.items():
            if value is not None:
                check_number(name, value, low=0, strict=True)
        return cls(path=path, **marks).plot(ax, **plot_options)

    @classmethod
    def from_estimator(
        cls, estimator: BaseEstimator, *, ax: Axes | None = None, **plot_options: Any
    ) -> Self:
        """Plot the path of a fitted LassoCV or ElasticNetCV.

        Parameters
        ----------
        estimator : estimator
            Fitted; its `path_`, `alpha_`, `alpha_min_` and `alpha_1se_` are used.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        **plot_options
            As in :meth:`plot`.

        Returns
        -------
        PathDisplay
        """
        fitted = _fitted(estimator, "path_", "alpha_")
        return cls.from_path(fitted["path_"], ax=ax, **_marks_of(fitted), **plot_options)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        target: int | None = None,
        max_labels: int = 8,
        line_kw: Mapping[str, Any] | None = None,
        mark_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the coefficients against alpha, which falls from left to right.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        target : int or None, default=None
            Of several targets, the one whose coefficients are drawn. None draws the
            Euclidean norm over targets.
        max_labels : int, default=8
            How many features get a colour and their name, the largest coefficients at
            the smallest alpha first.
        line_kw : dict or None, default=None
            Options of matplotlib for the lines.
        mark_kw : dict or None, default=None
            Options of matplotlib for the vertical lines.

        Returns
        -------
        self : object
        """
        check_number("max_labels", max_labels, low=0, integer=True)
        coefs, ylabel = self._curves(target)
        alphas, (coefs, counts) = positive_alphas(
            self.path.alphas, coefs, self.path.n_features_used
        )
        ax = new_axes(ax, type(self).__name__)
        self.ax_, self.figure_ = ax, ax.figure
        self.features_ = np.flatnonzero(coefs.any(axis=1))
        shown = coefs[self.features_]
        order = np.argsort(-np.abs(shown[:, -1]), kind="stable")[:max_labels]
        ax.axhline(0.0, color="0.8", linewidth=0.8, zorder=0)
        self.lines_ = draw_lines(ax, alphas, shown, order, line_kw or {})
        set_alpha_axis(ax, alphas)
        ax.set_ylabel(ylabel)
        self.labels_ = self._label(ax, alphas[-1], order)
        marks = _marks(self.alpha, self.alpha_min, self.alpha_1se)
        self.mark_lines_ = draw_marks(ax, marks, mark_kw or {})
        self.count_ax_ = count_features(ax, alphas, counts)
        return self

    def _curves(self, target):
        coefs = self.path.coefs
        if target is not None:
            n_targets = 1 if coefs.ndim == 2 else len(coefs)
            check_number("target", target, low=0, high=n_targets - 1, integer=True)
            return (coefs if coefs.ndim == 2 else coefs[target]), "Coefficient"
        if coefs.ndim == 2:
            return coefs, "Coefficient"
        return np.sqrt((coefs**2).sum(axis=0)), "Norm of the coefficients over targets"

    def _label(self, ax, x, order):
        """Names at the ends of the lines that `order` names, moved apart where they meet."""
        names = self.path.feature_names
        ends = np.array([self.lines_[i].get_ydata()[-1] for i in order])
        low, high = ax.get_ylim()
        places = spread(ends, LABEL_GAP * (high - low))
        labels = []
        for i, end, place in zip(order, ends, places, strict=True):
            j = self.features_[i]
            label = ax.annotate(
                f"x{j}" if names is None else str(names[j]),
                xy=(x, end),
                xytext=(1.015, place),
                textcoords=ax.get_yaxis_transform(),
                color=self.lines_[i].get_color(),
                va="center",
                fontsize="small",
                annotation_clip=False,
            )
            labels.append(label)
        return labels


class CVDisplay:
    """Plot of the held-out error of cross-validation, against alpha.

    Make one with :meth:`from_estimator`. The band is one standard error of the mean
    over folds to either side.

    Parameters
    ----------
    alphas : array-like of shape (n_alphas,)
    mse_path : array-like of shape (n_alphas, n_folds)
        Mean squared error on each held-out fold.
    path : RegularizationPath or None, default=None
        The fit on all data, for the number of features.
    alpha : float or None, default=None
        The alpha that was chosen, drawn as a vertical line.
    alpha_min, alpha_1se : float or None, default=None
        The alpha with the smallest mean error, and the largest whose error is within
        one standard error of it.

    Attributes
    ----------
    mean_ : ndarray of shape (n_alphas,)
        Mean error over folds.
    standard_error_ : ndarray of shape (n_alphas,)
        Its standard error; zeros for a single fold.
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    line_ : matplotlib Line2D
        The mean error.
    band_ : matplotlib PolyCollection
    mark_lines_ : list of matplotlib Line2D
        The vertical lines.
    count_ax_ : matplotlib SecondaryAxis or None
        The number of features, on top; None without `path`.

    References
    ----------
    .. [1] Breiman, Friedman, Olshen, Stone: Classification and regression trees, 1984
       (the rule of one standard error).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.model_selection import KFold
    >>> from fastreg import CVDisplay, regularization_path
    >>> X, y = load_diabetes(return_X_y=True)
    >>> path = regularization_path(X, y, alphas=30)
    >>> errors = []
    >>> for train, test in KFold(5).split(X):
    ...     fold = regularization_path(X[train], y[train], alphas=path.alphas)
    ...     errors.append(((fold.predict(X[test]) - y[test, np.newaxis]) ** 2).mean(axis=0))
    >>> display = CVDisplay(alphas=path.alphas, mse_path=np.transpose(errors), path=path).plot()
    >>> display.ax_.get_ylabel()
    'Held-out mean squared error'
    """

    def __init__(
        self,
        *,
        alphas: ArrayLike,
        mse_path: ArrayLike,
        path: RegularizationPath | None = None,
        alpha: float | None = None,
        alpha_min: float | None = None,
        alpha_1se: float | None = None,
    ):
        self.alphas = np.asarray(alphas, dtype=np.float64)
        self.mse_path = np.asarray(mse_path, dtype=np.float64)
        if self.mse_path.ndim != 2 or len(self.mse_path) != self.alphas.size:
            raise ValueError(
                f"mse_path has shape {self.mse_path.shape}, alphas {self.alphas.shape}: pass one "
                "row for each alpha and one column for each fold."
            )
        self.path = path
        self.alpha = alpha
        self.alpha_min = alpha_min
        self.alpha_1se = alpha_1se
        n_folds = self.mse_path.shape[1]
        self.mean_ = self.mse_path.mean(axis=1)
        self.standard_error_ = np.zeros(len(self.alphas))
        if n_folds > 1:
            self.standard_error_ = self.mse_path.std(axis=1, ddof=1) / np.sqrt(n_folds)

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        *,
        ax: Axes | None = None,
        **plot_options: Any,
    ) -> Self:
        """Plot the cross-validation of a fitted LassoCV or ElasticNetCV.

        Of several values of l1_ratio the chosen one's errors are drawn.

        Parameters
        ----------
        estimator : estimator
            Fitted; its `alphas_`, `mse_path_`, `path_`, `alpha_`, `alpha_min_` and
            `alpha_1se_` are used.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        **plot_options
            As in :meth:`plot`.

        Returns
        -------
        CVDisplay
        """
        fitted = _fitted(estimator, "alphas_", "mse_path_", "alpha_")
        alphas, mse_path = np.asarray(fitted["alphas_"]), np.asarray(fitted["mse_path_"])
        ratios = np.atleast_1d(getattr(estimator, "l1_ratio", 1.0)).astype(np.float64)
        # axes of length one were left out
        mse_path = mse_path.reshape(len(ratios), alphas.shape[-1], -1)
        chosen = 0
        if len(ratios) > 1:
            chosen = int(np.argmin(np.abs(ratios - fitted["l1_ratio_"])))
        mse_path = mse_path[chosen]
        alphas = alphas[chosen] if alphas.ndim == 2 else alphas
        display = cls(
            alphas=alphas, mse_path=mse_path, path=fitted.get("path_"), **_marks_of(fitted)
        )
        return display.plot(ax, **plot_options)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        line_kw: Mapping[str, Any] | None = None,
        band_kw: Mapping[str, Any] | None = None,
        mark_kw: Mapping[str, Any] | None = None,
    ) -> Self:
        """Draw the error against alpha, which falls from left to right.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a figure.
        line_kw, band_kw, mark_kw : dict or None, default=None
            Options of matplotlib for the mean, the band and the vertical lines.

        Returns
        -------
        self : object
        """
        alphas, (mean, error) = positive_alphas(self.alphas, self.mean_, self.standard_error_)
        ax = new_axes(ax, type(self).__name__)
        self.ax_, self.figure_ = ax, ax.figure
        line_kw = {"marker": "o", "markersize": 2.5, "linewidth": 1.2, **(line_kw or {})}
        (self.line_,) = ax.plot(alphas, mean, label="mean over folds", **line_kw)
        band_kw = {"color": self.line_.get_color(), "alpha": 0.2, "linewidth": 0} | (band_kw or {})
        self.band_ = ax.fill_between(
            alphas, mean - error, mean + error, label="± 1 standard error", **band_kw
        )
        set_alpha_axis(ax, alphas)
        ax.set_ylabel("Held-out mean squared error")
        marks = _marks(self.alpha, self.alpha_min, self.alpha_1se)
        self.mark_lines_ = draw_marks(ax, marks, mark_kw or {})
        ax.legend(**LEGEND)
        self.count_ax_ = None
        if self.path is not None:
            own, (counts,) = positive_alphas(self.path.alphas, self.path.n_features_used)
            self.count_ax_ = count_features(ax, own, counts)
        return self


# ---- what is read from estimators -------------------------------------------------


def _fitted(estimator, *wanted):
    """The attributes of a fitted estimator; an error where one of `wanted` is missing."""
    check_is_fitted(estimator)
    missing = [name for name in wanted if not hasattr(estimator, name)]
    if missing:
        raise TypeError(
            f"{type(estimator).__name__} has no {missing[0]}: pass a fitted LassoCV or "
            "ElasticNetCV of fastreg."
        )
    names = (*wanted, "path_", "alpha_min_", "alpha_1se_", "l1_ratio_")
    return {name: getattr(estimator, name) for name in names if hasattr(estimator, name)}


def _marks_of(fitted):
    marks = {name: fitted.get(f"{name}_") for name in ("alpha", "alpha_min", "alpha_1se")}
    # a single split has no standard error, and alpha_1se_ is NaN
    return {
        name: None if alpha is None or np.isnan(alpha) else alpha for name, alpha in marks.items()
    }


def _marks(alpha, alpha_min, alpha_1se):
    """(label, alpha, whether it is the chosen one) for the vertical lines."""
    named = [("smallest error", alpha_min), ("one-standard-error rule", alpha_1se)]
    named = [(label, value) for label, value in named if value is not None]
    if alpha is None:
        return [(label, value, False) for label, value in named]
    marks = [(f"{label}, chosen", value, True) for label, value in named if value == alpha]
    marks = marks or [("chosen", alpha, True)]
    return marks + [(label, value, False) for label, value in named if value != alpha]
