"""How parameters move: see optimiser.pyx."""

cdef extern from "optimise.h" nogil:
    ctypedef struct fr_step:
        double rate
        double scale
        double alpha
        double keep
        double threshold
        double *sums


# Parameters start..stop of a network.
cdef struct Range:
    void *parameters
    void *gradients
    Py_ssize_t start, stop


cdef class Optimiser:
    cdef bint single
    cdef void *first
    cdef void *second
    cdef tuple memory

    cdef void step(self, const Range *range, const fr_step *step) noexcept nogil
