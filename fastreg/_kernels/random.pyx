"""The generator of `random.h`, for Python."""
import numpy as np


def words(uint64_t key, uint64_t high, uint64_t low):
    """The four 32-bit words of one block."""
    cdef uint32_t[::1] out = np.empty(4, dtype=np.uint32)
    fr_threefry(key, high, low, &out[0])
    return np.asarray(out)


def permutation(Py_ssize_t n, uint64_t key, uint64_t high=0):
    """The numbers below n in a random order."""
    cdef Py_ssize_t[::1] order = np.arange(n, dtype=np.intp)
    if n > 0:
        fr_shuffle(&order[0], n, key, high)
    return np.asarray(order)
