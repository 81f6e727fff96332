"""The zeros that a walk along the path watches."""
from fastreg._kernels.smooth cimport Gram


cdef class Watched:
    cdef Gram smooth
    cdef double[:, ::1] rows        # of G, on the members in the order of their places
    cdef double[::1] travelled      # how far members went since the last glance
    cdef double[::1] step, direction
    cdef Py_ssize_t[:, ::1] indices     # the rows are what follows
    cdef Py_ssize_t[::1] coordinate, row, where, member, place
    cdef Py_ssize_t size, n_close, n_members

    cdef void settle_on(self, const Py_ssize_t *members, Py_ssize_t n) noexcept nogil
    cdef bint has(self, Py_ssize_t j) noexcept nogil
    cdef void add(self, Py_ssize_t j) noexcept nogil
    cdef void drop(self, Py_ssize_t j) noexcept nogil
    cdef void approach(self, Py_ssize_t i) noexcept nogil
    cdef void retreat(self, Py_ssize_t i) noexcept nogil
    cdef void swap(self, Py_ssize_t i, Py_ssize_t k) noexcept nogil
    cdef void member_joins(self, Py_ssize_t j) noexcept nogil
    cdef void member_leaves(self, Py_ssize_t j) noexcept nogil
    cdef void find_direction(self, const Py_ssize_t *members, const double *step) noexcept nogil
    cdef void go(self, double length) noexcept nogil
    cdef void glance(self) noexcept nogil
    cdef void forget_travels(self) noexcept nogil
