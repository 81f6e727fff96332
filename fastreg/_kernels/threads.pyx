"""What the OpenMP runtime says, for `fastreg._engine.threads` to decide with."""

cdef extern from "threads.h" nogil:
    int fr_openmp_version()
    int fr_max_threads()
    int fr_pause_threads()

ctypedef int (*get_number)() noexcept nogil
ctypedef void (*set_number)(int) noexcept nogil


cdef class LibraryThreads:
    """How many threads a library uses, by the addresses of its own two functions: every fit
    sets them twice, and calls through ctypes would take a part of a small one."""
    cdef get_number _get
    cdef set_number _set

    def __init__(self, size_t get, size_t set):
        self._get, self._set = <get_number> get, <set_number> set

    def get(self):
        return self._get()

    def set(self, int n_threads):
        self._set(n_threads)


def openmp_version():
    """The OpenMP date the kernels were compiled with (201511, say), or 0."""
    return fr_openmp_version()


def max_threads():
    """Threads the OpenMP runtime would start now; 1 without OpenMP."""
    return fr_max_threads()


def pause_threads():
    """Release OpenMP's threads, so that a fork is safe. 0 if that worked."""
    return fr_pause_threads()
