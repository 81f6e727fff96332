"""Builds the Cython kernels. Everything else about the package is in pyproject.toml.

OpenMP is used where the compiler has it. Without it the kernels run on one
thread and give the same results. FASTREG_NO_OPENMP=1 builds without it.
"""

import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

KERNELS = Path("fastreg/_kernels")
WINDOWS = sys.platform == "win32"


def compiles(source, flags):
    """Whether the C compiler builds and links `source` with `flags`."""
    compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "probe.c")
        path.write_text(source)
        command = [*compiler, str(path), "-o", str(Path(folder, "probe")), *flags]
        try:
            return subprocess.run(command, capture_output=True, check=False).returncode == 0
        except OSError:
            return False


def openmp_options():
    """Compile flags, link flags and macros for OpenMP; all empty where it is missing."""
    if os.environ.get("FASTREG_NO_OPENMP"):
        print("fastreg: OpenMP switched off by FASTREG_NO_OPENMP; kernels use one thread.")
        return [], [], []
    if WINDOWS:
        return ["/openmp"], [], []
    program = "#include <omp.h>\nint main(void) {{ {}; return 0; }}"
    flags = ["-fopenmp"]
    if not compiles(program.format("return omp_get_max_threads() < 1"), flags):
        print(
            "fastreg: this C compiler has no OpenMP, so the kernels will use one thread. "
            "Install one that has it (Debian: gcc; macOS: libomp and clang) and reinstall."
        )
        return [], [], []
    macros = []
    if compiles(program.format("omp_pause_resource_all(omp_pause_soft)"), flags):
        macros = [("FASTREG_HAVE_OMP_PAUSE", "1")]
    return flags, flags, macros


def extensions():
    """One extension for each .pyx of fastreg/_kernels."""
    compile_flags, link_flags, macros = openmp_options()
    optimise = ["/O2"] if WINDOWS else ["-O3", "-Wall", "-Wno-cpp"]
    if not WINDOWS:  # both let loops become SIMD and change no result
        optimise += ["-fno-math-errno", "-fno-trapping-math"]
    if not WINDOWS and not compile_flags:
        optimise.append("-fopenmp-simd")
    return [
        Extension(
            f"fastreg._kernels.{path.stem}",
            [str(path)],
            include_dirs=[str(KERNELS)],
            depends=[str(header) for header in KERNELS.glob("*.h")],
            extra_compile_args=[*optimise, *compile_flags],
            extra_link_args=link_flags,
            define_macros=macros,
        )
        for path in sorted(KERNELS.glob("*.pyx"))
    ]


if __name__ == "__main__":
    setup(
        options={"build_ext": {"parallel": os.cpu_count() or 1}},
        ext_modules=cythonize(
            extensions(),
            compiler_directives={
                "language_level": 3,
                "boundscheck": False,
                "wraparound": False,
                "cdivision": True,
                "initializedcheck": False,
                "embedsignature": True,
                "freethreading_compatible": True,
            },
        ),
    )
