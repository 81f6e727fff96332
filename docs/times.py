"""The README's table and plot of times, from the JSON of the full run that is committed.

    python docs/times.py

prints the table and writes docs/_static/times.svg. Do so after a new run of
``python -m benchmarks``, and paste the table into the README: a test compares the two.
"""

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from benchmarks import pages, storage  # noqa: E402
from benchmarks.report import seconds as duration  # noqa: E402

PLOT = DOCS / "_static" / "times.svg"
RESULTS = DOCS.parent / "benchmarks" / "results" / "full.json"
PEER, OURS = "scikit-learn", "fastreg"


def rows():
    """What was measured: dicts with `what` and the seconds of both."""
    measured = pages.headline_rows(storage.load(RESULTS))
    return [
        {"what": words, PEER: row.reference.median, OURS: row.measured.median}
        for words, row in measured
    ]


def table():
    """The table in Markdown."""
    lines = [f"| | {PEER} | {OURS} | times faster |", "|---|---:|---:|---:|"]
    for what, ours, theirs, times in pages.headline_cells(storage.load(RESULTS)):
        lines.append(f"| {what} | {theirs} | {ours} | {times} |")
    return "\n".join(lines)


def plot():
    """Two bars for each fit on a logarithmic axis, as text that any viewer can show."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    # text stays text, and ids don't change from one run to the next
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "fastreg", "font.size": 9})
    measured = rows()
    figure, axes = plt.subplots(figsize=(7.5, 0.5 + 0.45 * len(measured)), layout="constrained")
    for shift, name, colour in ((-0.19, PEER, "#b8bcc4"), (0.19, OURS, "#1f5fa8")):
        seconds = [row[name] for row in measured]
        places = [k + shift for k in range(len(measured))]
        bars = axes.barh(places, seconds, height=0.36, color=colour, label=name)
        axes.bar_label(bars, [duration(s) for s in seconds], padding=3, fontsize=8)
    axes.set_yticks(range(len(measured)), [row["what"] for row in measured])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.margins(x=0.15)
    axes.set_xlabel("seconds, logarithmic")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right")
    figure.savefig(PLOT, metadata={"Date": None}, facecolor="white")


if __name__ == "__main__":
    print(table())
    plot()
