"""A job raced between fastreg and a number of peers: one row for each peer."""

import time
from dataclasses import dataclass

from benchmarks import accuracy, interrupts, peers
from benchmarks.rows import Row, skipped
from benchmarks.timing import Spread, quiet, race

# No more tolerances of a peer are tried after this long.
SEARCH_SECONDS = 30.0


@dataclass
class Apart:
    """How far two results disagree, and from where on their times are not compared."""

    what: str
    amount: float
    limit: float


def compete(
    family,
    problem,
    case,
    run,
    judge,
    settings,
    *,
    tol,
    tolerance=None,
    targets=None,
    passes=None,
    work=None,
    apart=None,
):
    """Race `run(peer, tol)` for fastreg and all peers asked for.

    A peer whose module has no such function is left out without a word.

    Parameters
    ----------
    family, case : str
    problem : Problem
    run : callable
        Given a peer's module and a tolerance, a call without arguments.
    judge : callable
        Given what the call returned, its accuracy.
    settings : Settings
    tol : float
        The tolerance that libraries are given.
    tolerance : float, default=tol
        The accuracy without which a time is not compared.
    targets : dict, default=None
        For each peer, how many times faster fastreg should be.
    passes : callable, default=None
        Returns `Passes`, which give the work too.
    work : callable, default=None
        Returns `Work`.
    apart : callable, default=None
        Given fastreg's result and a peer's, `Apart`: how far they disagree.
    """
    title = f"{problem.name}, {case}"
    if settings.only not in title:
        return []
    tolerance = tol if tolerance is None else tolerance
    job = problem.name_without_order, case
    calls, missing = _contestants(job, run, judge, tol, tolerance, settings)
    times, results = race(calls, settings)
    missing += [_failure(name, results[name]) for name in set(calls) - set(times)]
    if "fastreg" not in times:
        raise results["fastreg"]
    accuracies = {name: judge(results[name]) for name in times}
    counted = passes() if passes else None
    least = work() if work else None
    rows = []
    for name in list(times)[1:]:
        row = Row(family, title, tolerance=tolerance, reference_name=name)
        _fill_times(row, times, accuracies, name)
        if apart is not None and row.reason is None:
            _fill_apart(row, apart(results["fastreg"], results[name]))
        if not problem.quick:
            row.at_least = (targets or {}).get(name)
        _fill_passes(row, counted, problem, settings)
        fill_limit(row, counted.work if counted else least, settings)
        rows.append(row)
    return rows + [skipped(family, title, reason) for reason in missing]


def _contestants(job, run, judge, tol, tolerance, settings):
    with quiet():
        calls, missing = {"fastreg": run(peers.load("fastreg"), tol)}, []
    for name in settings.against:
        peer = peers.load(name)
        try:
            with quiet():
                calls[name] = run(peer, _own_tolerance(peer, job, run, judge, tol, tolerance))
        except Exception as error:  # a finding, not the end of the run
            if not (isinstance(error, AttributeError) and error.obj is peer):
                missing.append(_failure(name, error))
    return calls, missing


def _failure(name, error):
    words = " ".join(str(error).split())
    return f"{name} failed: {type(error).__name__}: {words[:200]}"


# what _own_tolerance found, by peer and job: the order of X in memory doesn't matter
_tolerances_found = {}


def _own_tolerance(peer, job, run, judge, tol, tolerance):
    """`tol`, or the loosest of the peer's own with which it is accurate enough."""
    if not hasattr(peer, "TOLERANCES"):
        return tol
    key = peer.__name__, job
    if key not in _tolerances_found:
        _tolerances_found[key] = _search_tolerance(peer, run, judge, tolerance)
    return _tolerances_found[key]


def _search_tolerance(peer, run, judge, tolerance):
    reached, start = [], time.perf_counter()
    for candidate in peer.TOLERANCES:
        reached.append(judge(run(peer, candidate)()))
        interrupts.check()
        if reached[-1] <= tolerance * accuracy.SLACK:
            return candidate
        if time.perf_counter() - start > SEARCH_SECONDS:
            break
    raise ValueError(
        f"at best accurate to {min(reached):.1e}, wanted {tolerance:g}, "
        f"with tolerances down to {candidate:g}"
    )


def _fill_times(row, times, accuracies, name):
    row.measured, row.reference = Spread.of(times["fastreg"]), Spread.of(times[name])
    row.accuracy = {"fastreg": accuracies["fastreg"], name: accuracies[name]}
    row.reason = accuracy.refusal(row.accuracy.keys(), row.accuracy.values(), row.tolerance)
    if row.reason is None:
        row.value = Spread.ratios(times[name], times["fastreg"])


def _fill_apart(row, apart):
    row.reason = f"{apart.what} differ by {apart.amount:.1e}"
    if not apart.amount <= apart.limit:
        row.value = None
        row.reason += f", more than {apart.limit:g}"


def fill_limit(row, work, settings):
    """Put the machine's limit beside what was measured."""
    if work is None:
        return
    seconds, row.limit_name = work.limit(settings)
    row.limit_share = seconds / row.measured.median


def _fill_passes(row, counted, problem, settings):
    if counted is None:
        return
    row.passes, row.pass_seconds = counted.count, counted.seconds
    row.pass_share = problem.nbytes / counted.seconds / settings.copy_rate
