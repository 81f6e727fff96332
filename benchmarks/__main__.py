"""`python -m benchmarks`: measure fastreg beside other libraries.

Threads are pinned before NumPy is imported, so nothing heavy is imported above `main`.
"""

import argparse
import os
import sys
import time

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def parse(argv):
    """The command line."""
    from benchmarks.families import NAMES

    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("families", nargs="*", metavar="family", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--quick", action="store_true", help="small problems, under two minutes")
    parser.add_argument("--against", default="sklearn", help="peers, separated by commas")
    parser.add_argument("--json", metavar="FILE", help="a bare name goes to benchmarks/results/")
    parser.add_argument("--rounds", type=int, help="rounds at most (default 7, quick 3)")
    parser.add_argument("--threads", type=int, help="for everyone (default: all cores allowed)")
    parser.add_argument("--folder", help="for files of gigabytes (default: the system's own)")
    arguments = parser.parse_args(argv)
    arguments.families = arguments.families or list(NAMES)
    unknown = set(arguments.families) - set(NAMES)
    if unknown:
        parser.error(f"no family {', '.join(sorted(unknown))}: choose from {', '.join(NAMES)}")
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
    """Measure, print, and write JSON where asked."""
    arguments = parse(argv)
    threads = arguments.threads or usable_cores()
    pin_environment(threads)
    from benchmarks import peers
    from benchmarks.timing import Settings

    against = load_peers(arguments.against.split(","))
    settings = Settings(
        rounds=arguments.rounds or (3 if arguments.quick else 7),
        threads=threads,
        quick=arguments.quick,
        against=against,
        seconds=1.0 if arguments.quick else 60.0,
        folder=arguments.folder,
    )
    with peers.pin_threads(threads):
        return measure(arguments, settings)


def load_peers(names):
    """Load fastreg and the peers, so that their thread pools can be pinned."""
    from benchmarks import peers

    peers.load("fastreg")
    loaded = []
    for name in filter(None, names):
        if name not in peers.NAMES:
            sys.exit(f"no peer {name}: choose from {', '.join(peers.NAMES)}")
        try:
            peers.load(name)
            loaded.append(name)
        except peers.PeerMissingError as error:
            print(f"skipped: {error}")
    return loaded


def measure(arguments, settings):
    """Run the families; the number of figures missed is not an error."""
    from benchmarks import families, report
    from benchmarks.machine import describe

    machine = describe(settings.threads)
    settings.copy_rate = machine["copy_GB_per_s"] * 1e9
    settings.gemm_rate = machine["gemm_GFLOP_per_s"] * 1e9
    print("\n".join(report.machine_lines(machine)), end="\n\n", flush=True)
    everything = []
    for name in arguments.families:
        start = time.perf_counter()
        rows = list(families.load(name).run(settings))
        title = f"{name} ({time.perf_counter() - start:.0f} s)"
        if settings.quick:
            title += ", quick: smaller problems than the figures are stated for"
        report.show(title, rows)
        everything += rows
    if arguments.json:
        print("written to", report.save(arguments.json, machine, vars(arguments), everything))


if __name__ == "__main__":
    main()
