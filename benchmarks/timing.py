"""Times of several contestants, taken in turns in one process."""

import gc
import math
import time
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from threadpoolctl import ThreadpoolController

from benchmarks import interrupts

# A sample lasts at least this long: short calls are repeated within it.
MIN_SAMPLE_SECONDS = 0.01
MIN_ROUNDS = 3
# A call longer than this is warm within itself: its first time counts, and it sits out
# after SLOW_ROUNDS.
SLOW_SECONDS = 5.0
SLOW_ROUNDS = 2
QUICK_SLOW_SECONDS = 0.3
# Worker threads spin after their last work, those of OpenMP for some 10 ms and those of
# OpenBLAS, one or two copies of it, for 100 ms: on cores that the next contestant needs. So
# a rest goes on, in steps and up to a limit, until the process uses less than this of a core.
REST_STEP_SECONDS = 0.02
MAX_RESTS = 15
QUICK_RESTS = 2  # a quick run has no time for more
RESTING = 0.1


@dataclass
class Settings:
    """What the command line says about measuring."""

    rounds: int = 7
    threads: int = 1
    quick: bool = False
    against: list = field(default_factory=lambda: ["sklearn"])
    # a race of slow contestants takes fewer rounds, to end near this
    seconds: float = 60.0
    # where files of gigabytes may be written; None is the system's folder for such
    folder: str | None = None
    # races without this in their title are left out
    only: str = ""
    # bytes per second of a plain copy, measured at the start
    copy_rate: float = float("inf")
    # operations per second of a matrix product, by the name of its dtype
    gemm_rates: dict = field(default_factory=lambda: {"float64": np.inf, "float32": np.inf})

    @property
    def slow_seconds(self):
        """What a call takes at least that sits out after SLOW_ROUNDS."""
        return QUICK_SLOW_SECONDS if self.quick else SLOW_SECONDS

    @property
    def max_rests(self):
        """Steps that a rest goes on for at most."""
        return QUICK_RESTS if self.quick else MAX_RESTS


@dataclass
class Spread:
    """Median, smallest and largest of some measurements."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values):
        """The spread of a list of numbers."""
        return cls(float(np.median(values)), float(np.min(values)), float(np.max(values)))

    @classmethod
    def ratios(cls, above, below):
        """The spread of the ratios of numbers that belong together round by round.

        Where one side sat out, of the rounds that both have.
        """
        return cls.of([a / b for a, b in zip(above, below, strict=False)])


@contextmanager
def quiet():
    """No garbage collection and no warnings: neither is what is measured.

    Convergence is checked on the results, by one yardstick for all.
    """
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if enabled:
            gc.enable()


def sample(call, repeats, max_rests=MAX_RESTS):
    """Seconds for one call, as the mean over `repeats` of them, after a rest.

    A peer's function that runs in another process has an attribute `timed`, a function
    of `repeats` and its arguments that measures there.
    """
    interrupts.check()
    rest(max_rests)
    if hasattr(getattr(call, "func", None), "timed"):
        return call.func.timed(repeats, *call.args, **call.keywords)
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats


def rest(max_rests):
    """Wait until the threads of whoever ran last sleep."""
    for _ in range(max_rests):
        used = time.process_time()
        time.sleep(REST_STEP_SECONDS)
        if time.process_time() - used < RESTING * REST_STEP_SECONDS:
            return


def limited(call, n_threads):
    """The call with at most so many threads of OpenMP, at the cost of microseconds."""
    libraries = ThreadpoolController().select(user_api="openmp").lib_controllers

    def limited_call():
        before = [library.num_threads for library in libraries]
        for library in libraries:
            library.set_num_threads(n_threads)
        try:
            return call()
        finally:
            for library, count in zip(libraries, before, strict=True):
                library.set_num_threads(count)

    return limited_call


def race(contestants, settings):
    """Run {name: call} in turns; return ({name: [seconds]}, {name: result}).

    The first call of each is a warm-up, which also gives the result and says how
    often to repeat; of a slow one it counts as a round. The order alternates from round
    to round. A contestant whose first call raises is out: its result is the exception.
    """
    with quiet():
        results, repeats, firsts = _warm_up(contestants, settings)
        times = {name: [] for name in repeats}
        slow = {
            name: seconds for name, seconds in firsts.items() if seconds >= settings.slow_seconds
        }
        for name, seconds in slow.items():
            times[name].append(seconds)
        total = sum(firsts[name] * repeats[name] + REST_STEP_SECONDS for name in repeats)
        least = min(MIN_ROUNDS, settings.rounds)
        n_rounds = max(least, min(settings.rounds, int(settings.seconds / total)))
        for k in range(n_rounds):
            for name in list(repeats)[:: -1 if k % 2 else 1]:
                if len(times[name]) < (SLOW_ROUNDS if name in slow else n_rounds):
                    seconds = sample(contestants[name], repeats[name], settings.max_rests)
                    times[name].append(seconds)
    return times, results


def _warm_up(contestants, settings):
    """Results, how often to repeat each call in a sample, and seconds of one."""
    results, repeats, firsts = {}, {}, {}
    for name, call in contestants.items():
        start = time.perf_counter()
        try:
            results[name] = call()
        except Exception as error:
            results[name] = error
            continue
        seconds = time.perf_counter() - start
        timed_elsewhere = hasattr(getattr(call, "func", None), "timed")
        if seconds < settings.slow_seconds or timed_elsewhere:
            # a first call may be slow for reasons of its own
            seconds = sample(call, 1, settings.max_rests)
        repeats[name] = max(1, math.ceil(MIN_SAMPLE_SECONDS / max(seconds, 1e-7)))
        firsts[name] = seconds
    return results, repeats, firsts
