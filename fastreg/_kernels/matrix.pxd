"""The matrix as solvers see it: A = diag(scale) (X - 1 mean'), never formed."""


cdef extern from "columns.h" nogil:
    double fr_dot(const double *a, const double *b, Py_ssize_t n)
    void fr_dot4(const double *a0, const double *a1, const double *a2, const double *a3,
                 const double *b, Py_ssize_t n, double *out)
    void fr_axpy(double d, const double *a, double *y, Py_ssize_t n)
    void fr_axpy4(const double *d, const double *a0, const double *a1, const double *a2,
                  const double *a3, double *y, Py_ssize_t n)


cdef class Matrix:
    """A linear map with centred, weighted columns.

    ``mean`` centres each column, ``scale`` (square roots of the weights, or
    NULL) multiplies each row. A vector is held as ``v + shift * scale``: a
    sparse column can then be centred by one scalar instead of a walk over all
    rows. Dense kinds leave ``shift`` alone.
    """
    cdef readonly Py_ssize_t n_samples, n_features
    cdef readonly bint has_columns     # dot and axpy run down contiguous columns
    cdef const double *mean
    cdef const double *scale
    cdef object _keep                  # the arrays behind the pointers

    cdef double dot(self, Py_ssize_t j, const double *v, double shift) noexcept nogil
    cdef void axpy(self, Py_ssize_t j, double d, double *v, double *shift) noexcept nogil
    cdef double squared_norm(self, const double *v, double shift) noexcept nogil
    cdef void settle(self, double *v, double *shift) noexcept nogil
    cdef double column_work(self, Py_ssize_t j) noexcept nogil
    cdef void prefetch(self, Py_ssize_t j) noexcept nogil


cdef const double *pointer_or_null(object array) except? NULL


cdef inline double left_out_of_sum(double a, double b) noexcept nogil:
    """What rounding leaves out of a + b (Knuth)."""
    cdef double total = a + b, part = total - a
    return (a - (total - part)) + (b - part)
