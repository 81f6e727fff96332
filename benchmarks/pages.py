"""Pages of the documentation, made from the JSON of a run: tables, plots, the machine."""

from pathlib import Path

from benchmarks import plots, report, storage

# What the landing page tells: (family, case, words); those that a run lacks are left out.
HEADLINES = (
    ("lasso", "dense 1000 x 10000, C order, /100", "Lasso, 1000 x 10000"),
    ("lasso", "sparse 20000 x 40000, density 0.002, /10", "Lasso, sparse 20000 x 40000"),
    (
        "path",
        "golub 72 x 7129, C order, 100 alphas to /100",
        "lasso_path, 100 alphas, gene expression 72 x 7129",
    ),
    (
        "cv",
        "dense 100000 x 200, C order, LassoCV, 5 folds, 100 alphas",
        "LassoCV, 5 folds, 100 alphas, 100000 x 200",
    ),
    (
        "cv",
        "dense 30000 x 150, C order, GridSearchCV(Lasso), 5 folds, 20 alphas",
        "GridSearchCV over Lasso, 20 alphas, 30000 x 150",
    ),
    (
        "ridge_cv",
        "dense 200000 x 200, C order, RidgeCV, leave-one-out, 20 alphas",
        "RidgeCV, leave-one-out, 20 alphas, 200000 x 200",
    ),
    (
        "ridge_cv",
        "dense 40000 x 150, C order, RidgeCV, 5 folds, 20 alphas",
        "RidgeCV, 5 folds, 20 alphas, 40000 x 150",
    ),
    ("ridge", "dense 200000 x 200, C order, alpha=1", "Ridge, 200000 x 200"),
    ("mlp", "8-64-64-10, batch 32, an epoch", "MLPClassifier, 8-64-64-10, batches of 32, an epoch"),
    (
        "mlp",
        "784-64-64-10, batch 200, an epoch",
        "MLPClassifier, 784-64-64-10, batches of 200, an epoch",
    ),
    ("predict", "dense 200 x 50, C order, one row", "predict, one row"),
)

LEFT_OUT = ("one pass", "wanted", "met")
TITLES = {
    "lasso": "Lasso, one alpha",
    "path": "Lasso paths",
    "cv": "LassoCV and grid searches",
    "ridge": "Ridge, one alpha",
    "ridge_cv": "RidgeCV",
    "sgd": "Stochastic gradient descent",
    "mlp": "Neural networks, one epoch",
    "scores": "Neural networks on real data",
    "predict": "Predicting one row",
    "threads": "Two threads against one",
    "memory": "Memory beyond X and the result",
    "stream": "Data larger than memory",
    "startup": "Import and first fit",
    "scaling": "Scaling",
}


def write(source, folder):
    """Write times.rst, benchmarks.rst and the plots for the run in `source` to `folder`.

    A file that would not change is left alone, so that its page is not built again.
    """
    run, folder = storage.load(source), Path(folder)
    drawn = {path.stem for path in plots.draw(run, folder)}
    _update(folder / "times.rst", headlines(run))
    _update(folder / "benchmarks.rst", everything(run, drawn))
    return run


def headline_rows(run):
    """(words, row) of HEADLINES: times beside scikit-learn's, of what the run has."""
    rows = {(row.family, row.case): row for row in run.rows if row.reference_name == "sklearn"}
    for family, case, words in HEADLINES:
        row = rows.get((family, case))
        if row is not None and row.value is not None:
            yield words, row


def headline_cells(run):
    """Lists of what is done, fastreg's time, scikit-learn's, and how many times faster."""
    return [
        [
            words,
            report.seconds(row.measured.median),
            report.seconds(row.reference.median),
            f"{row.value.median:.3g}",
        ]
        for words, row in headline_rows(run)
    ]


def headlines(run):
    """The landing page's table."""
    machine = run.machine
    versions = machine["versions"]
    note = (
        f"Medians on {machine['threads']} cores of {_article(machine['cpu'])}, scikit-learn "
        f"{versions['scikit-learn']}, at equal accuracy, which is checked.\n"
    )
    header = ["job", "fastreg", "scikit-learn", "times faster"]
    return _table(header, headline_cells(run)) + "\n" + note


def _article(cpu):
    return f"an {cpu}" if cpu[:1] in "AEIOU" else f"a {cpu}"


def everything(run, drawn):
    """The machine, then a table and a plot for each family."""
    parts = [_machine(run)]
    for family, how in run.families.items():
        rows = run.of_family(family)
        # points of a series are in its plot
        header, cells = _for_readers(*report.table([row for row in rows if row.at is None]))
        title = TITLES.get(family, family)
        parts.append(f"{title}\n{'~' * len(title)}\n")
        if how["quick"]:
            parts.append("Of a quick run: problems are smaller than in a full one.\n")
        if family in drawn:
            parts.append(
                f".. image:: /generated/{family}.png\n   :alt: {title}: the table as a plot\n"
            )
        if cells:
            parts.append(_table(header, cells))
        parts += [
            f"* {report.remark(row)}\n" for row in rows if row.reason and row.measured is None
        ]
    return "\n".join(parts)


def _for_readers(header, cells):
    """Without the columns for developers; what stands in the row above is not repeated."""
    kept = [k for k, name in enumerate(header) if name not in LEFT_OUT]
    shown, last = [], None
    for line in cells:
        repeated = last is not None and line[:2] == last[:2]
        shown.append([("" if repeated and k < 2 else line[k]) for k in kept])
        last = line
    return [header[k] for k in kept], shown


def _machine(run):
    lines = report.machine_lines(run.machine)
    dates = sorted({how["date"][:10] for how in run.families.values()})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    return "".join(f"| {_escape(line)}\n" for line in [*lines, f"measured {when}"])


def _table(header, cells):
    lines = [".. list-table::", "   :header-rows: 1", "   :class: benchmarks", ""]
    for row in [header, *cells]:
        for k, cell in enumerate(row):
            lines.append(f"   {'* -' if k == 0 else '  -'} {_escape(cell)}".rstrip())
    return "\n".join(lines) + "\n"


def _escape(text):
    for character in "\\*`|_":
        text = text.replace(character, "\\" + character)
    return text


def _update(path, text):
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
