"""A view on the counter-based generator, for tests and for whoever draws from Python."""
import numpy as np

from libc.stdint cimport uint32_t, uint64_t

cdef extern from "random.h" nogil:
    void fr_philox(uint32_t first, uint32_t c1, uint32_t c2, uint32_t c3, uint64_t key,
                   Py_ssize_t n, uint32_t *out)


def philox(uint32_t first, uint32_t c1, uint32_t c2, uint32_t c3, uint64_t key):
    """The four words of one counter under one key."""
    out = np.empty(4, dtype=np.uint32)
    cdef uint32_t[::1] words = out
    fr_philox(first, c1, c2, c3, key, 1, &words[0])
    return out
