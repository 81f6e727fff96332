"""The README's table and plot of times, from docs/_static/times.json.

    python docs/times.py

prints the table and writes docs/_static/times.svg. Change times.json after a run of
``python -m benchmarks``, then paste the table into the README: a test compares the two.
"""

import json
from pathlib import Path

STATIC = Path(__file__).parent / "_static"
PEER, OURS = "scikit-learn", "fastreg"


def rows():
    """What was measured: a dict with `what` and the seconds of both."""
    return json.loads((STATIC / "times.json").read_text(encoding="utf-8"))["seconds"]


def duration(seconds):
    """Two or three digits, in seconds or milliseconds."""
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1000 * seconds:.0f} ms"


def table():
    """The table in Markdown."""
    lines = [f"| | {PEER} | {OURS} | times faster |", "|---|---:|---:|---:|"]
    for row in rows():
        lines.append(
            f"| {row['what']} | {duration(row[PEER])} | {duration(row[OURS])} "
            f"| {row[PEER] / row[OURS]:.1f} |"
        )
    return "\n".join(lines)


def plot():
    """Two bars for each fit on a logarithmic axis, as text that any viewer can show."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    # text stays text, and ids don't change from one run to the next
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "fastreg", "font.size": 9})
    measured = rows()
    figure, axes = plt.subplots(figsize=(7.5, 3.2), layout="constrained")
    for shift, name, colour in ((-0.19, PEER, "#b8bcc4"), (0.19, OURS, "#1f5fa8")):
        seconds = [row[name] for row in measured]
        places = [k + shift for k in range(len(measured))]
        bars = axes.barh(places, seconds, height=0.36, color=colour, label=name)
        axes.bar_label(bars, [duration(s) for s in seconds], padding=3, fontsize=8)
    axes.set_yticks(range(len(measured)), [row["what"] for row in measured])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(0.05, 40)
    axes.set_xlabel("seconds, logarithmic")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right")
    figure.savefig(STATIC / "times.svg", metadata={"Date": None}, facecolor="white")


if __name__ == "__main__":
    print(table())
    plot()
