"""The inverse of Cholesky's factor on a changing set of coordinates."""
from fastreg._kernels.factor cimport FaceFactor
from fastreg._kernels.smooth cimport Smooth


cdef class InverseFactor(FaceFactor):
    cdef double[:, ::1] buffers         # the rows are what follows
    cdef double[::1] column, lower, explained, carry
    cdef double unexplained

    cdef void spread(self, const double *b, double *lower, double *x) noexcept nogil
    cdef bint join(self, Smooth smooth, Py_ssize_t j, double diagonal) noexcept nogil
    cdef void leave(self, Py_ssize_t gone, double *x) noexcept nogil
