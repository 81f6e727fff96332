"""Random numbers for kernels, by key and counter: the same on any thread."""
from libc.stdint cimport uint32_t, uint64_t


cdef extern from "random.h" nogil:
    ctypedef struct fr_stream:
        pass
    void fr_threefry(uint64_t key, uint64_t high, uint64_t low, uint32_t *out)
    void fr_stream_start(fr_stream *stream, uint64_t key, uint64_t high)
    uint32_t fr_next(fr_stream *stream)
    uint64_t fr_below(fr_stream *stream, uint64_t bound)
    void fr_shuffle(Py_ssize_t *order, Py_ssize_t n, uint64_t key, uint64_t high)
