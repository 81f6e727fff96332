"""`python -m benchmarks`: measure fastreg beside other libraries.

Threads are pinned before NumPy is imported, so nothing heavy is imported above `main`.
"""

import argparse
import os
import sys
import time

# NPROC is what XLA sizes its pool by
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC")


def parse(argv):
    """The command line."""
    from benchmarks.families import NAMES

    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("families", nargs="*", metavar="family", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--quick", action="store_true", help="small problems, under two minutes")
    parser.add_argument(
        "--against", default="sklearn", help="peers, separated by commas, or all (that there are)"
    )
    parser.add_argument("--json", metavar="FILE", help="a bare name goes to benchmarks/results/")
    parser.add_argument(
        "--append", action="store_true", help="keep what is in FILE and isn't measured now"
    )
    parser.add_argument("--plots", metavar="FOLDER", help="write a PNG for each family there")
    parser.add_argument("--compare", metavar="OLD", help="an earlier JSON: say what got slower")
    parser.add_argument("--only", default="", metavar="TEXT", help="races with TEXT in their name")
    parser.add_argument("--rounds", type=int, help="rounds at most (default 7, quick 2)")
    parser.add_argument("--threads", type=int, help="for everyone (default: all cores allowed)")
    parser.add_argument("--folder", help="for files of gigabytes (default: the system's own)")
    parser.add_argument(
        "--fetch", action="store_true", help="fetch real data from OpenML where it isn't there"
    )
    arguments = parser.parse_args(argv)
    arguments.families = arguments.families or list(NAMES)
    unknown = set(arguments.families) - set(NAMES)
    if unknown:
        parser.error(f"no family {', '.join(sorted(unknown))}: choose from {', '.join(NAMES)}")
    if arguments.append and not arguments.json:
        parser.error("--append needs --json FILE")
    return arguments


def pin_environment(threads):
    """Set the variables that libraries read when they are loaded."""
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(threads)
    # adelie asks for TRUE when it is imported, which ties this process to one core
    os.environ["OMP_PROC_BIND"] = "FALSE"


def usable_cores():
    """Cores this process may use, without importing what reads the variables."""
    if "OMP_NUM_THREADS" in os.environ:
        return int(os.environ["OMP_NUM_THREADS"].split(",")[0])
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def main(argv=None):
    """Measure, print, and write JSON and plots where asked; 1 if something got slower."""
    arguments = parse(argv)
    threads = arguments.threads or usable_cores()
    pin_environment(threads)
    from benchmarks import peers, storage
    from benchmarks.timing import Settings

    try:
        old = storage.load(arguments.compare) if arguments.compare else None
    except (OSError, ValueError) as error:
        sys.exit(f"--compare: {error}")
    settings = Settings(
        rounds=arguments.rounds or (2 if arguments.quick else 7),
        threads=threads,
        quick=arguments.quick,
        against=load_peers(arguments.against),
        seconds=0.5 if arguments.quick else 20.0,
        folder=arguments.folder,
        only=arguments.only,
    )
    with peers.pin_threads(threads):
        run = measure(arguments, settings)
    return conclude(run, old, arguments)


def load_peers(names):
    """Load fastreg and the peers, so that their thread pools can be pinned."""
    from benchmarks import peers

    peers.load("fastreg")
    loaded = []
    for name in peers.NAMES if names == "all" else filter(None, names.split(",")):
        if name not in peers.NAMES:
            sys.exit(f"no peer {name}: choose from {', '.join(peers.NAMES)}")
        try:
            peers.load(name)
            loaded.append(name)
        except peers.PeerMissingError as error:
            print(f"skipped: {error}")
    return loaded


def measure(arguments, settings):
    """Run the families; the number of figures missed is not an error.

    Ctrl-C or a termination ends the measuring: what was measured is kept.
    """
    from benchmarks import families, interrupts, real_data, report, storage
    from benchmarks.machine import describe

    real_data.fetching = arguments.fetch
    machine = describe(settings.threads)
    settings.copy_rate = machine["copy_GB_per_s"] * 1e9
    settings.gemm_rates = {
        "float64": machine["gemm_GFLOP_per_s"] * 1e9,
        "float32": machine["gemm32_GFLOP_per_s"] * 1e9,
    }
    print("\n".join(report.machine_lines(machine)), end="\n\n", flush=True)
    run, interrupted = storage.Run(machine), False
    interrupts.install()
    for name in arguments.families:
        start, rows = time.perf_counter(), []
        try:
            rows.extend(families.load(name).run(settings))
        except KeyboardInterrupt:
            interrupted = True
        seconds = time.perf_counter() - start
        title = f"{name} ({seconds:.0f} s)"
        if settings.quick:
            title += ", quick: smaller problems than the figures are stated for"
        if interrupted:
            title += ", interrupted"
        report.show(title, rows)
        run.add(name, rows, seconds, arguments)
        if interrupted:
            break
    return run


def conclude(run, old, arguments):
    """Write what was asked for, and say what got slower."""
    from benchmarks import compare, report, storage

    if old is not None:
        verdicts = compare.judge(old, run)
        report.show_comparison(verdicts, arguments.compare)
    if arguments.json:
        print("written to", storage.save(arguments.json, run, append=arguments.append))
    if arguments.plots:
        from benchmarks import plots

        for path in plots.draw(run, arguments.plots):
            print("plot written:", path)
    return int(old is not None and compare.any_slower(verdicts))


if __name__ == "__main__":
    sys.exit(main())
