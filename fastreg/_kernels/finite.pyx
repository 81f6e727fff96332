"""Whether numbers are finite, without arrays of its own."""
import numpy as np

from cython.parallel cimport prange
from libc.math cimport isfinite
from libc.stdint cimport uintptr_t

cdef extern from "finite.h" nogil:
    bint fr_all_finite(bint single, const void *numbers, Py_ssize_t first, Py_ssize_t last)


def all_finite(a):
    """Whether no number of the float64 array is NaN or infinite."""
    cdef const double[::1] flat = a.reshape(-1)
    cdef Py_ssize_t i
    for i in range(flat.shape[0]):
        if not isfinite(flat[i]):
            return False
    return True


def all_finite_in_threads(a, int n_threads):
    """The same for a large array of float32 or float64 that is contiguous in some order."""
    if not (a.flags.c_contiguous or a.flags.f_contiguous):
        raise ValueError("a contiguous array")
    cdef bint single = a.dtype == np.float32
    cdef const void *numbers = <const void *> <uintptr_t> a.ctypes.data
    cdef Py_ssize_t size = a.size, n_bad = 0
    cdef int part
    for part in prange(n_threads, nogil=True, num_threads=n_threads, schedule="static"):
        n_bad += not fr_all_finite(single, numbers, part * size // n_threads,
                                   (part + 1) * size // n_threads)
    return n_bad == 0
