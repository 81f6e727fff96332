"""Anderson extrapolation of the sweeps of coordinate descent."""
from fastreg._kernels.penalty cimport Penalty
from fastreg._kernels.smooth cimport Smooth

cdef enum:
    MEMORY = 5


cdef class Anderson:
    cdef Smooth smooth
    cdef Penalty penalty
    cdef Py_ssize_t n_w, n_state, n_saved
    cdef double[:, ::1] w_history, state_history

    cdef void save(self, const double *w) noexcept nogil
    cdef void restart(self) noexcept nogil
    cdef bint extrapolate(self, double *w) noexcept nogil
    cdef double value(self, const double *w) noexcept nogil
    cdef void combine(self, double[:, ::1] history, const double *weights, Py_ssize_t n,
                      double *out) noexcept nogil
    cdef bint solve(self, double *weights) noexcept nogil
    cdef double difference_product(self, Py_ssize_t i, Py_ssize_t j) noexcept nogil
