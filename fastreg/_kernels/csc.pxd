"""Sparse X in compressed columns, for what builds on it: `csc_gram.pyx`."""
from fastreg._kernels.matrix cimport Matrix


cdef class Csc(Matrix):
    cdef const double *x64
    cdef const float *x32
    cdef const int *indices
    cdef const int *indptr
    cdef double total_weight
    cdef int[::1] slot          # column of `centered`, or -1
    cdef double[:, ::1] centered

    cdef double sparse_dot(self, Py_ssize_t j, const double *v) noexcept nogil
    cdef void sparse_axpy(self, Py_ssize_t j, double d, const double *q, double *v) noexcept nogil
    cdef void stats_column(self, Py_ssize_t j, const double *w, const double *u,
                           double total, Py_ssize_t n_weighted, Py_ssize_t heaviest,
                           double[:, ::1] out) noexcept nogil
    cdef dots_of_many(self, const double[:, ::1] V, double[:, ::1] out, int n_threads)
    cdef void interleave(self, const double[:, ::1] V, Py_ssize_t t, Py_ssize_t n_lanes,
                         double[:, ::1] U, double[::1] total) noexcept nogil
    cdef void pass_dots(self, Py_ssize_t j, double[:, ::1] U, const double *total,
                        const double[:, ::1] V, double[:, ::1] out, Py_ssize_t t,
                        Py_ssize_t n_lanes) noexcept nogil
    cdef void pass_dot(self, Py_ssize_t j, Py_ssize_t end, const double *u, const double *v,
                       double total, double *out) noexcept nogil
    cdef subtract_few(self, const Py_ssize_t[::1] idx, const double[:, ::1] D,
                      double[:, ::1] V, int n_threads)
    cdef void subtract_part(self, const Py_ssize_t[::1] idx, Py_ssize_t first, Py_ssize_t last,
                            const double *d, double *v) noexcept nogil
    cdef void subtract_lanes(self, const Py_ssize_t[::1] idx, const double[:, ::1] D,
                             double[:, ::1] V, Py_ssize_t t, double *work) noexcept nogil


cdef inline double value(Csc X, Py_ssize_t at) noexcept nogil:
    """One of the nonzeros, as they are stored."""
    return X.x64[at] if X.x64 != NULL else <double> X.x32[at]
