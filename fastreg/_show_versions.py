"""`fastreg.show_versions()`."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version


def show_versions() -> None:
    """Print versions, the BLAS, OpenMP and the threads in use, for bug reports.

    Examples
    --------
    >>> import fastreg
    >>> fastreg.show_versions()
    fastreg: ...
    """
    # imported late: nobody should pay for them at `import fastreg`
    from fastreg import __version__
    from fastreg._engine.threads import available_threads, blas_description
    from fastreg._kernels.threads import openmp_version

    for name in ("fastreg", "numpy", "scipy", "scikit-learn", "joblib", "threadpoolctl"):
        try:
            print(f"{name}: {version(name)}")
        except PackageNotFoundError:
            print(f"{name}: {__version__ if name == 'fastreg' else 'not installed'}")
    print(f"python: {sys.version.split()[0]} ({sys.executable})")
    print(f"machine: {platform.platform()}")
    for line in blas_description():
        print(f"BLAS: {line}")
    date = openmp_version()
    print(f"OpenMP: {date}" if date else "OpenMP: not compiled in, kernels use one thread")
    print(f"threads a fit may use now: {available_threads()}")
