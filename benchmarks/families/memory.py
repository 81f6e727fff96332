"""Peak memory of a fit beyond X and the result, each in a fresh process."""

from benchmarks.children import ChildFailedError, run_python
from benchmarks.rows import Row, skipped
from benchmarks.timing import Spread

FAMILY = "memory"
AT_MOST = 0.15
ESTIMATORS = ("Lasso", "ElasticNet", "Ridge")
# tall and wide dense, each of 300 MB; sparse with 1000 nonzeros a column
SHAPES = {"C": [(125000, 300), (1000, 37500)], "CSC": [(100000, 25000)]}
QUICK_SHAPES = {"C": [(30000, 300), (500, 18750)], "CSC": [(50000, 6000)]}


def run(settings):
    """fastreg, and scikit-learn beside it where it was asked for."""
    shapes = QUICK_SHAPES if settings.quick else SHAPES
    for kind in ("C", "CSC") if settings.quick else ("C", "F", "CSC"):
        for shape in shapes["CSC" if kind == "CSC" else "C"]:
            for estimator in ("ElasticNet",) if settings.quick else ESTIMATORS:
                yield _row(estimator, kind, shape, settings)


def _row(estimator, kind, shape, settings):
    label = "CSC" if kind == "CSC" else f"dense, {kind} order"
    case = f"{estimator}, {label}, {shape[0]} x {shape[1]}"
    try:
        ours = _measure("fastreg", estimator, kind, shape)
        row = Row(FAMILY, case, unit="B", value_kind="share", measured=Spread.of([ours["extra"]]))
        if "sklearn" in settings.against and not settings.quick:
            theirs = _measure("sklearn", estimator, kind, shape)
            row.reference, row.reference_name = Spread.of([theirs["extra"]]), "sklearn"
    except ChildFailedError as error:
        return skipped(FAMILY, case, error)
    row.case += f" ({ours['X'] / 1e6:.0f} MB)"
    row.value = Spread.of([ours["extra"] / ours["X"]])
    # small X: a fixed 32 MB may be spent whatever its size
    row.at_most = None if settings.quick else AT_MOST
    if not ours["reset"]:
        row.reason = "the peak could not be reset: a smaller one than before doesn't show"
    return row


def _measure(library, estimator, kind, shape):
    return run_python("-m", "benchmarks.memory_child", library, estimator, kind, *shape)
