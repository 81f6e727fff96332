"""What the machine is, and its limits: copying memory and multiplying matrices."""

import os
import platform
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

COPY_BYTES = 1 << 28
PACKAGES = ("fastreg", "numpy", "scipy", "scikit-learn", "joblib", "threadpoolctl")
PEER_PACKAGES = ("celer", "skglm", "adelie", "torch", "jax")
CACHES = Path("/sys/devices/system/cpu/cpu0/cache")


def describe(threads):
    """Machine, versions and measured limits as a dictionary for JSON."""
    versions = {name: _version(name) for name in PACKAGES + PEER_PACKAGES}
    glmnet = sys.modules.get("benchmarks.peers.glmnet")
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": cpu_model(),
        "caches": caches(),
        "cores": os.cpu_count(),
        "cores_usable": usable_cores(),
        "memory_GB": memory_gigabytes(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {**versions, "glmnet": glmnet.version() if glmnet else None},
        "blas": [
            f"{lib['internal_api']} {lib['version']} ({lib['num_threads']} threads)"
            for lib in threadpool_info()
            if lib["user_api"] == "blas"
        ],
        "threads": threads,
        "copy_GB_per_s": copy_rate(threads) / 1e9,
        "gemm_GFLOP_per_s": gemm_rate(np.float64) / 1e9,
        "gemm32_GFLOP_per_s": gemm_rate(np.float32) / 1e9,
    }


def usable_cores():
    """Cores this process may run on, cgroup limits included."""
    import joblib

    return joblib.cpu_count()


def cpu_model():
    """The processor's name, as well as it is known."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def caches():
    """{"L1d": "64K", ...} of the first core, as far as the system tells."""
    found = {}
    for folder in sorted(CACHES.glob("index*")):
        level, kind, size = (
            (folder / name).read_text().strip() for name in ("level", "type", "size")
        )
        if kind != "Instruction":
            found[f"L{level}{'d' if kind == 'Data' else ''}"] = size
    return found


def memory_gigabytes():
    """Memory of the machine."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    except (AttributeError, ValueError, OSError):
        return None


def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        # a checkout that was built in place has no metadata
        return getattr(sys.modules.get(name), "__version__", None)


def copy_rate(threads):
    """Bytes read and written per second by a plain copy, on `threads` threads."""
    source = np.ones(COPY_BYTES // 8)
    target = np.zeros_like(source)
    bounds = np.linspace(0, len(source), threads + 1).astype(int)
    slices = [slice(a, b) for a, b in pairwise(bounds)]

    def copy_part(part):
        np.copyto(target[part], source[part])

    with ThreadPoolExecutor(threads) as pool:
        seconds = _best(lambda: list(pool.map(copy_part, slices)))
    return 2 * source.nbytes / seconds


def gemm_rate(dtype, n=1500):
    """Floating-point operations per second of a matrix product."""
    A = np.random.default_rng(0).standard_normal((n, n)).astype(dtype)
    B = A.T.copy()
    C = np.empty_like(A)
    return 2 * n**3 / _best(lambda: np.matmul(A, B, out=C))


def _best(call, rounds=5):
    call()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)
