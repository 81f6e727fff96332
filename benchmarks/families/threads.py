"""fastreg's kernels on several threads against one; small work should not lose by it."""

from functools import partial

import numpy as np

from benchmarks import peers, problems
from benchmarks.accuracy import refusal, relative_difference
from benchmarks.peers.fastreg import forget_moments
from benchmarks.rows import Row
from benchmarks.timing import Spread, limited, race
from fastreg import Lasso
from fastreg._engine.design import Design
from fastreg._engine.threads import fit_threads, n_threads_for

FAMILY = "threads"
# results should not depend on the threads, bit for bit
TOLERANCE = 0.0
SMALL_AT_LEAST = 0.95


def run(settings):
    """Passes and Grams with 2, 4, ... threads; then work too small to share."""
    shape = (4000, 500) if settings.quick else (50000, 500)
    sparse_shape = (20000, 2000) if settings.quick else (200000, 4000)
    makers = [partial(problems.dense, *shape, order=order) for order in "FC"]
    makers.append(partial(problems.sparse, *sparse_shape, density=0.01))
    for make in makers:
        problem = make()
        for name, call in _operations(problem).items():
            yield from _scaling(problem, name, call, settings)
    yield from _folds(settings)
    yield from _small_passes(settings)
    yield from _small_fits(settings)


def _operations(problem):
    """{name: f(n_threads)} for the kernels that take a number of threads."""
    design = Design(problem.X, problem.y)
    matrix, V = design.matrix, design.targets
    columns = np.arange(min(design.n_features, 500))
    ones = np.ones(design.n_samples)
    return {
        "gradient pass": lambda t: matrix.dots(V, t),
        "first pass": partial(matrix.column_stats, ones, V[0], design.total_weight, 0),
        f"Gram of {len(columns)} columns": lambda t: matrix.gram(columns, None, t),
    }


def _scaling(problem, name, call, settings):
    counts = [t for t in (2, 4, 8, 16, 32, 64) if t <= settings.threads]
    if settings.threads > 1 and settings.threads not in counts:
        counts.append(settings.threads)
    with fit_threads():
        times, results = race({t: partial(call, t) for t in [1, *counts]}, settings)
    for t in counts:
        row = _row(f"{problem.name}, {name}, {t} threads", times[t], times[1], "1 thread")
        row.at_least = None if settings.quick else {2: 1.5, 16: 8.0}.get(t)
        row.accuracy = {f"{t} threads": relative_difference(results[t], results[1])}
        row.tolerance = TOLERANCE
        _judge(row, ["difference"], list(row.accuracy.values()))
        if t == settings.threads:
            _add_speed(row, problem, name, settings)
        yield row


def _add_speed(row, problem, name, settings):
    """Share of the machine's copy for a pass, of its matrix product for a dense Gram."""
    seconds = row.measured.median
    if "pass" in name:
        row.pass_share = problem.nbytes / seconds / settings.copy_rate
    elif isinstance(problem.X, np.ndarray):
        n, p = problem.X.shape
        rate = n * min(p, 500) ** 2 / seconds
        product = settings.gemm_rates["float64"]
        row.reason = f"{rate / 1e9:.0f} GFLOP/s, {rate / product:.0%} of a matrix product's"


def _judge(row, names, accuracies):
    reason = refusal(names, accuracies, row.tolerance)
    if reason:
        row.value, row.reason = None, reason


def _row(case, many, one, reference):
    return Row(
        FAMILY,
        case,
        measured=Spread.of(many),
        reference=Spread.of(one),
        reference_name=reference,
        value=Spread.ratios(one, many),
    )


def _folds(settings):
    """Cross-validation with all threads against one: folds from moments, and wide ones."""
    tall, wide = ((10000, 60), (200, 800)) if settings.quick else ((100000, 200), (1000, 3000))
    ours, ridge_alphas = peers.load("fastreg"), np.geomspace(1e-3, 1e3, 20)
    for name, shape, fit in (
        ("LassoCV, 5 folds", tall, lambda X, y: ours.lasso_cv(X, y, 100, 5, 1e-4)),
        ("LassoCV, 5 folds", wide, lambda X, y: ours.lasso_cv(X, y, 20, 5, 1e-4)),
        ("RidgeCV, 5 folds", tall, lambda X, y: ours.ridge_cv(X, y, ridge_alphas, 5)),
        ("RidgeCV, leave-one-out", tall, lambda X, y: ours.ridge_cv(X, y, ridge_alphas, None)),
    ):
        problem = problems.dense(*shape, order="C")
        call = partial(fit, problem.X, problem.y)
        counts = (1, settings.threads)
        times, results = race({t: limited(call, t) for t in counts}, settings)
        case = f"{problem.name}, {name}, {settings.threads} threads"
        row = _row(case, times[settings.threads], times[1], "1 thread")
        row.at_least = None if settings.quick or settings.threads != 2 else 1.5
        coefs = (results[t].coef for t in (settings.threads, 1))
        row.accuracy, row.tolerance = {"threads": relative_difference(*coefs)}, TOLERANCE
        _judge(row, ["difference"], list(row.accuracy.values()))
        yield row


def _small_passes(settings):
    """Gradient passes about as small as the engine shares, with the threads it picks."""
    for n, p in ((200, 50), (2000, 100), (2700, 100), (6000, 100)):
        for order in "FC":
            problem = problems.dense(n, p, order=order)
            design = Design(problem.X, problem.y)
            matrix, V = design.matrix, design.targets
            picked = n_threads_for(design.work, design.work_of_fit)
            calls = {"picked": partial(matrix.dots, V, picked), "one": partial(matrix.dots, V, 1)}
            times, _ = race(calls, settings)
            case = f"{problem.name}, small pass, engine picks {picked}"
            row = _row(case, times["picked"], times["one"], "1 thread")
            row.at_least = SMALL_AT_LEAST
            yield row


def _small_fits(settings):
    """Whole fits, all threads allowed against one."""
    for n, p in ((200, 50), (2000, 100), (5000, 100)):
        problem = problems.dense(n, p, order="C")
        model = Lasso(alpha=problem.alpha_max() / 10, tol=1e-6)

        def fit(model=model, problem=problem):
            forget_moments()
            model.fit(problem.X, problem.y)

        times, _ = race({t: limited(fit, t) for t in (1, settings.threads)}, settings)
        case = f"{problem.name}, small fit, {settings.threads} threads allowed"
        row = _row(case, times[settings.threads], times[1], "1 thread")
        row.at_least = SMALL_AT_LEAST
        yield row
