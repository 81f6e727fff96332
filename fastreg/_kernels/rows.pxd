"""X as stochastic gradient descent sees it: one row at a time."""


cdef class Rows:
    cdef readonly Py_ssize_t n_samples, n_features
    cdef readonly bint is_sparse
    cdef readonly double row_work      # elements of a row, on average
    cdef object _keep                  # the arrays behind the pointers

    cdef double dot(self, Py_ssize_t i, const double *v) noexcept nogil
    cdef void axpy(self, Py_ssize_t i, double d, double *v) noexcept nogil
    cdef double squared_norm(self, Py_ssize_t i) noexcept nogil
    cdef Py_ssize_t columns(self, Py_ssize_t i, Py_ssize_t *out) noexcept nogil
    cdef void find(self, Py_ssize_t i) noexcept nogil
    cdef void prefetch(self, Py_ssize_t i) noexcept nogil
