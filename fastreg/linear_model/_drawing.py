"""What the displays draw with: axes of alphas, marks on them, labels that keep apart."""

import numpy as np

# Ticks of the axis that counts features.
COUNT_TICKS = 8
# Labels of lines are at least this share of the axis apart.
LABEL_GAP = 0.045
LEGEND = {"fontsize": "small", "framealpha": 0.9, "edgecolor": "none"}


def new_axes(ax, owner):
    """The user's axes, or those of a figure of their own."""
    if ax is not None:
        return ax
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{owner} draws with matplotlib, which is not installed: pip install 'fastreg[plot]'."
        ) from error
    return plt.subplots(layout="constrained")[1]


def positive_alphas(alphas, *values):
    """Alphas above 0, which alone have a place on a logarithmic axis, and their values."""
    shown = np.flatnonzero(alphas > 0)
    if len(shown) == 0:
        raise ValueError("alphas has none above 0, so there is nothing to draw on a log axis.")
    return alphas[shown], [array[..., shown] for array in values]


def set_alpha_axis(ax, alphas):
    """Alpha on a logarithmic axis, falling from left to right."""
    ax.set_xscale("log")
    margin = 1.0 if alphas[0] > alphas[-1] else 1.5
    ax.set_xlim(alphas[0] * margin, alphas[-1] / margin)
    ax.set_xlabel("alpha")


def draw_lines(ax, alphas, curves, coloured, line_kw):
    """A line for each curve; those that are not `coloured` stay in the background."""
    lines = []
    marker = "o" if len(alphas) == 1 else None
    for i, curve in enumerate(curves):
        front = i in coloured
        style = {"linewidth": 1.4, "zorder": 2} if front else {"linewidth": 0.7, "color": "0.75"}
        if front:  # colours by size, whatever the order of the features
            style["color"] = f"C{int(np.flatnonzero(coloured == i)[0]) % 10}"
        lines += ax.plot(alphas, curve, marker=marker, **{**style, **line_kw})
    return lines


def draw_marks(ax, marks, mark_kw):
    """A vertical line for each (label, alpha, whether it was chosen), and their legend."""
    lines = []
    for label, value, chosen in marks:
        style = {"color": "0.25", "linewidth": 1.0, "linestyle": "--" if chosen else ":"}
        label = f"{label}: {value:.3g}"
        lines.append(ax.axvline(value, label=label, zorder=1, **{**style, **mark_kw}))
    if lines:
        ax.legend(handles=lines, **LEGEND)
    return lines


def count_features(ax, alphas, counts):
    """An axis on top with the number of features at some of the alphas."""
    places = np.geomspace(alphas[0], alphas[-1], COUNT_TICKS)
    nearest = np.abs(np.log(alphas)[:, np.newaxis] - np.log(places)).argmin(axis=0)
    ticks = np.unique(nearest)
    top = ax.secondary_xaxis("top")
    top.set_xticks(alphas[ticks], labels=[str(count) for count in counts[ticks]])
    top.set_xticks([], minor=True)
    top.set_xlabel("Features")
    return top


def spread(values, gap):
    """Places near `values` that are at least `gap` apart, in the order of `values`."""
    order = np.argsort(values, kind="stable")
    blocks = []  # neighbours that would touch, laid out around their mean
    for value in np.asarray(values, dtype=np.float64)[order]:
        blocks.append([value])
        while (
            len(blocks) > 1 and _lay_out(blocks[-1], gap)[0] - _lay_out(blocks[-2], gap)[-1] < gap
        ):
            last = blocks.pop()
            blocks[-1] = blocks[-1] + last
    places = np.empty(len(order))
    places[order] = [place for block in blocks for place in _lay_out(block, gap)]
    return places


def _lay_out(block, gap):
    return np.mean(block) + gap * (np.arange(len(block)) - (len(block) - 1) / 2)
