"""Whether numbers are finite, without arrays of its own."""
from libc.math cimport isfinite


def all_finite(a):
    """Whether no number of the float64 array is NaN or infinite."""
    cdef const double[::1] flat = a.reshape(-1)
    cdef Py_ssize_t i
    for i in range(flat.shape[0]):
        if not isfinite(flat[i]):
            return False
    return True
