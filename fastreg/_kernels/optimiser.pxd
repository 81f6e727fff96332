"""How parameters move: see optimiser.pyx."""


# Parameters start..stop of a network, and what is special about this step.
cdef struct Range:
    void *parameters
    void *gradients
    Py_ssize_t start, stop
    double scale      # of the gradients
    double rate
    double decay      # share of the weights that is taken away first
    double threshold  # by which weights go towards zero, before the metric


cdef class Optimiser:
    cdef bint single
    cdef void *first
    cdef void *second
    cdef tuple memory

    cdef void step(self, const Range *range) noexcept nogil
