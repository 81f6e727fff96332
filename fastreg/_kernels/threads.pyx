"""What the OpenMP runtime says, for `fastreg._engine.threads` to decide with."""

cdef extern from "threads.h" nogil:
    int fr_openmp_version()
    int fr_max_threads()
    int fr_pause_threads()


def openmp_version():
    """The OpenMP date the kernels were compiled with (201511, say), or 0."""
    return fr_openmp_version()


def max_threads():
    """Threads the OpenMP runtime would start now; 1 without OpenMP."""
    return fr_max_threads()


def pause_threads():
    """Release OpenMP's threads, so that a fork is safe. 0 if that worked."""
    return fr_pause_threads()
