"""PNG plots of a run: times faster, and what grows."""

from pathlib import Path

import matplotlib as mpl
import numpy as np

from benchmarks.scales import slope_of

mpl.use("Agg")  # no display needed
import matplotlib.pyplot as plt

COLOURS = {
    "sklearn": "#e07b39",
    "celer": "#8c6bb1",
    "skglm": "#4aa3a2",
    "adelie": "#c2557a",
    "glmnet": "#7a8b3a",
    "torch": "#b0413e",
    "jax": "#3f7fbf",
}
OTHERS = "#6b7280"
MOST_CASES = 24


def draw(run, folder):
    """Write a PNG for each family that has something to draw; yield the paths."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for family in run.families:
        rows = run.of_family(family)
        series = [row for row in rows if row.axis and row.at is not None]
        ratios = [row for row in rows if row.value is not None and row.value_kind == "times"]
        if series:
            figure = draw_series(series)
        elif ratios:
            figure = draw_ratios(ratios)
        else:
            continue
        path = folder / f"{family}.png"
        figure.savefig(path, dpi=120)
        plt.close(figure)
        yield path


def draw_ratios(rows):
    """How many times faster, with the range over rounds; one colour for each reference."""
    raced = [row for row in rows if row.reference_name in COLOURS]
    rows = raced or rows
    cases = list(dict.fromkeys(row.case for row in rows))[:MOST_CASES]
    rows = [row for row in rows if row.case in cases]
    names = list(dict.fromkeys(row.reference_name for row in rows))
    height = 1.2 + 0.17 * sum(max(1.6, _bars(rows, case) + 0.8) for case in cases)
    figure, axes = plt.subplots(figsize=(8, height), layout="constrained")
    y, ticks, drawn = 0.0, [], set()
    for case in cases:
        group = [row for row in rows if row.case == case]
        start = y
        for row in group:
            value = row.value
            colour = COLOURS.get(row.reference_name, OTHERS)
            label = row.reference_name if row.reference_name not in drawn else None
            drawn.add(row.reference_name)
            ends = [[value.median - value.low], [value.high - value.median]]
            axes.barh(y, value.median - 1, left=1, height=0.8, color=colour, label=label)
            axes.errorbar(value.median, y, xerr=ends, color="0.25", linewidth=0.9)
            axes.annotate(
                f" {value.median:.3g}x",
                (max(value.high, 1), y),
                va="center",
                fontsize=8,
                color="0.3",
            )
            y += 1
        ticks.append((start + y - 1) / 2)
        y += 0.8
    axes.axvline(1, color="0.2", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_yticks(ticks, cases, fontsize=8)
    axes.invert_yaxis()
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, 0.8), high * 1.6)
    axes.xaxis.set_major_formatter(mpl.ticker.FuncFormatter(lambda x, _: f"{x:g}"))
    axes.set_xlabel("times faster than the reference: median and range over rounds")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.legend(frameon=False, fontsize=8, ncols=len(names), loc="outside upper center")
    return figure


def _bars(rows, case):
    return sum(row.case == case for row in rows)


def draw_series(rows):
    """Seconds against what grows, both logarithmic; the slope of each line in its label."""
    axes_names = list(dict.fromkeys(row.axis for row in rows))
    n_columns = 2 if len(axes_names) > 1 else 1
    n_lines = -(-len(axes_names) // n_columns)
    figure, all_axes = plt.subplots(
        n_lines, n_columns, figsize=(9, 3.1 * n_lines), layout="constrained", squeeze=False
    )
    for axes in all_axes.flat[len(axes_names) :]:
        axes.set_visible(False)
    for axes, name in zip(all_axes.flat, axes_names, strict=False):
        group = [row for row in rows if row.axis == name]
        for k, label in enumerate(dict.fromkeys(series_name(row) for row in group)):
            points = sorted((r for r in group if series_name(r) == label), key=lambda r: r.at)
            at = np.array([row.at for row in points])
            low, seconds, high = (
                np.array([getattr(row.measured, end) for row in points])
                for end in ("low", "median", "high")
            )
            colour = f"C{k}"
            axes.fill_between(at, low, high, color=colour, alpha=0.2, linewidth=0)
            text = f"{label}: slope {slope_of(at, seconds):.2f}"
            axes.plot(at, seconds, "o-", color=colour, markersize=4, label=text)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel(name)
        axes.set_ylabel("seconds")
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, fontsize=7.5)
    return figure


def series_name(row):
    """What is measured, without how far it has grown."""
    return row.case.split(" against ")[0]
