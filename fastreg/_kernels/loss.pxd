"""Pointwise losses of a prediction p against a target y, with their slopes in p."""


cdef class Loss:
    cdef double at(self, double y, double p, double *slope) noexcept nogil
