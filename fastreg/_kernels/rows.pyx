"""Rows of dense X with any strides, and of CSR X with 32 or 64-bit indices."""
import numpy as np

from cython cimport floating
from libc.stdint cimport int32_t, int64_t


cdef extern from "columns.h" nogil:
    double fr_col_dot_f64(const double *x, double m, const double *v, Py_ssize_t n)
    double fr_col_dot_f32(const float *x, double m, const double *v, Py_ssize_t n)
    void fr_col_axpy_f64(double d, const double *x, double m, double *v, Py_ssize_t n)
    void fr_col_axpy_f32(double d, const float *x, double m, double *v, Py_ssize_t n)
    void fr_prefetch(const void *start, Py_ssize_t n_bytes)

cdef enum:
    FETCHED_COLUMNS = 256   # of a row that is not contiguous

ctypedef fused index_t:
    int32_t
    int64_t


cdef class Rows:
    cdef double dot(self, Py_ssize_t i, const double *v) noexcept nogil:
        """x_i'v"""
        return 0.0

    cdef void axpy(self, Py_ssize_t i, double d, double *v) noexcept nogil:
        """v += d x_i"""
        pass

    cdef double squared_norm(self, Py_ssize_t i) noexcept nogil:
        """x_i'x_i"""
        return 0.0

    cdef Py_ssize_t columns(self, Py_ssize_t i, Py_ssize_t *out) noexcept nogil:
        """Put the columns in which row i has entries into `out`; how many there are."""
        return 0

    cdef void find(self, Py_ssize_t i) noexcept nogil:
        """Say that row i is prefetched soon."""
        pass

    cdef void prefetch(self, Py_ssize_t i) noexcept nogil:
        """Say that row i is needed soon."""
        pass


# ---- dense ------------------------------------------------------------------

cdef inline double strided_dot(const floating *x, Py_ssize_t step, const double *v,
                               Py_ssize_t n) noexcept nogil:
    cdef double a = 0.0, b = 0.0, c = 0.0, d = 0.0
    cdef Py_ssize_t j, quads = n - n % 4
    for j in range(0, quads, 4):
        a += x[j * step] * v[j]
        b += x[(j + 1) * step] * v[j + 1]
        c += x[(j + 2) * step] * v[j + 2]
        d += x[(j + 3) * step] * v[j + 3]
    for j in range(quads, n):
        a += x[j * step] * v[j]
    return (a + b) + (c + d)


cdef inline void strided_axpy(double d, const floating *x, Py_ssize_t step, double *v,
                              Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t j
    for j in range(n):
        v[j] += d * x[j * step]


cdef inline double strided_square(const floating *x, Py_ssize_t step,
                                  Py_ssize_t n) noexcept nogil:
    cdef double total = 0.0, value
    cdef Py_ssize_t j
    for j in range(n):
        value = x[j * step]
        total += value * value
    return total


cdef class DenseRows(Rows):
    """Rows of an array of float32 or float64; fastest where a row is contiguous."""
    cdef const double *x64
    cdef const float *x32
    cdef Py_ssize_t row_step, column_step

    def __init__(self, X):
        cdef const double[:, :] view64
        cdef const float[:, :] view32
        self._keep = X
        self.n_samples, self.n_features = X.shape
        self.row_work = self.n_features
        self.row_step, self.column_step = (step // X.itemsize for step in X.strides)
        if X.shape[1] == 1:
            self.column_step = 1
        if X.dtype == np.float64:
            view64 = X
            self.x64 = &view64[0, 0]
        else:
            view32 = X
            self.x32 = &view32[0, 0]

    cdef double dot(self, Py_ssize_t i, const double *v) noexcept nogil:
        cdef Py_ssize_t start = i * self.row_step
        if self.column_step == 1:
            if self.x64 != NULL:
                return fr_col_dot_f64(self.x64 + start, 0.0, v, self.n_features)
            return fr_col_dot_f32(self.x32 + start, 0.0, v, self.n_features)
        if self.x64 != NULL:
            return strided_dot(self.x64 + start, self.column_step, v, self.n_features)
        return strided_dot(self.x32 + start, self.column_step, v, self.n_features)

    cdef void axpy(self, Py_ssize_t i, double d, double *v) noexcept nogil:
        cdef Py_ssize_t start = i * self.row_step
        if self.column_step == 1:
            if self.x64 != NULL:
                fr_col_axpy_f64(d, self.x64 + start, 0.0, v, self.n_features)
            else:
                fr_col_axpy_f32(d, self.x32 + start, 0.0, v, self.n_features)
        elif self.x64 != NULL:
            strided_axpy(d, self.x64 + start, self.column_step, v, self.n_features)
        else:
            strided_axpy(d, self.x32 + start, self.column_step, v, self.n_features)

    cdef double squared_norm(self, Py_ssize_t i) noexcept nogil:
        cdef Py_ssize_t start = i * self.row_step
        if self.x64 != NULL:
            return strided_square(self.x64 + start, self.column_step, self.n_features)
        return strided_square(self.x32 + start, self.column_step, self.n_features)

    cdef void prefetch(self, Py_ssize_t i) noexcept nogil:
        cdef Py_ssize_t start = i * self.row_step, j
        if self.column_step == 1:
            if self.x64 != NULL:
                fr_prefetch(self.x64 + start, self.n_features * 8)
            else:
                fr_prefetch(self.x32 + start, self.n_features * 4)
            return
        for j in range(min(self.n_features, <Py_ssize_t> FETCHED_COLUMNS)):
            if self.x64 != NULL:
                fr_prefetch(self.x64 + start + j * self.column_step, 8)
            else:
                fr_prefetch(self.x32 + start + j * self.column_step, 4)


# ---- sparse -----------------------------------------------------------------

cdef inline double sparse_dot(const floating *x, const index_t *at, Py_ssize_t nnz,
                              const double *v) noexcept nogil:
    cdef double a = 0.0, b = 0.0, c = 0.0, d = 0.0
    cdef Py_ssize_t k, quads = nnz - nnz % 4
    for k in range(0, quads, 4):
        a += x[k] * v[at[k]]
        b += x[k + 1] * v[at[k + 1]]
        c += x[k + 2] * v[at[k + 2]]
        d += x[k + 3] * v[at[k + 3]]
    for k in range(quads, nnz):
        a += x[k] * v[at[k]]
    return (a + b) + (c + d)


cdef inline void sparse_axpy(double d, const floating *x, const index_t *at, Py_ssize_t nnz,
                             double *v) noexcept nogil:
    cdef Py_ssize_t k
    for k in range(nnz):
        v[at[k]] += d * x[k]


cdef inline Py_ssize_t widen(const index_t *at, Py_ssize_t nnz, Py_ssize_t *out) noexcept nogil:
    cdef Py_ssize_t k
    for k in range(nnz):
        out[k] = at[k]
    return nnz


cdef class CsrRows(Rows):
    """Rows of a SciPy CSR matrix of float32 or float64."""
    cdef const double *x64
    cdef const float *x32
    cdef const int32_t *columns32
    cdef const int64_t *columns64
    cdef const int32_t *starts32
    cdef const int64_t *starts64
    cdef readonly Py_ssize_t longest

    def __init__(self, X):
        cdef const double[::1] view64
        cdef const float[::1] view32
        cdef const int32_t[::1] columns32, starts32
        cdef const int64_t[::1] columns64, starts64
        # one entry at least, for a pointer that is never followed
        data, columns = (
            np.ascontiguousarray(a) if a.shape[0] else np.zeros(1, dtype=a.dtype)
            for a in (X.data, X.indices))
        starts = np.ascontiguousarray(X.indptr, dtype=columns.dtype)
        self._keep = (data, columns, starts)
        self.is_sparse = True
        self.n_samples, self.n_features = X.shape
        self.row_work = 4.0 + X.data.shape[0] / <double> max(1, self.n_samples)
        self.longest = np.diff(starts).max()
        if data.dtype == np.float64:
            view64 = data
            self.x64 = &view64[0]
        else:
            view32 = data
            self.x32 = &view32[0]
        if columns.dtype == np.int32:
            columns32, starts32 = columns, starts
            self.columns32, self.starts32 = &columns32[0], &starts32[0]
        else:
            columns64, starts64 = columns, starts
            self.columns64, self.starts64 = &columns64[0], &starts64[0]

    cdef inline Py_ssize_t start(self, Py_ssize_t i) noexcept nogil:
        return self.starts32[i] if self.starts32 != NULL else self.starts64[i]

    cdef double dot(self, Py_ssize_t i, const double *v) noexcept nogil:
        cdef Py_ssize_t at = self.start(i), nnz = self.start(i + 1) - at
        if self.columns32 != NULL:
            if self.x64 != NULL:
                return sparse_dot(self.x64 + at, self.columns32 + at, nnz, v)
            return sparse_dot(self.x32 + at, self.columns32 + at, nnz, v)
        if self.x64 != NULL:
            return sparse_dot(self.x64 + at, self.columns64 + at, nnz, v)
        return sparse_dot(self.x32 + at, self.columns64 + at, nnz, v)

    cdef void axpy(self, Py_ssize_t i, double d, double *v) noexcept nogil:
        cdef Py_ssize_t at = self.start(i), nnz = self.start(i + 1) - at
        if self.columns32 != NULL:
            if self.x64 != NULL:
                sparse_axpy(d, self.x64 + at, self.columns32 + at, nnz, v)
            else:
                sparse_axpy(d, self.x32 + at, self.columns32 + at, nnz, v)
        elif self.x64 != NULL:
            sparse_axpy(d, self.x64 + at, self.columns64 + at, nnz, v)
        else:
            sparse_axpy(d, self.x32 + at, self.columns64 + at, nnz, v)

    cdef double squared_norm(self, Py_ssize_t i) noexcept nogil:
        cdef Py_ssize_t at = self.start(i), nnz = self.start(i + 1) - at
        if self.x64 != NULL:
            return strided_square(self.x64 + at, 1, nnz)
        return strided_square(self.x32 + at, 1, nnz)

    cdef Py_ssize_t columns(self, Py_ssize_t i, Py_ssize_t *out) noexcept nogil:
        cdef Py_ssize_t at = self.start(i), nnz = self.start(i + 1) - at
        if self.columns32 != NULL:
            return widen(self.columns32 + at, nnz, out)
        return widen(self.columns64 + at, nnz, out)

    cdef void find(self, Py_ssize_t i) noexcept nogil:
        if self.starts32 != NULL:
            fr_prefetch(self.starts32 + i, 8)
        else:
            fr_prefetch(self.starts64 + i, 16)

    cdef void prefetch(self, Py_ssize_t i) noexcept nogil:
        cdef Py_ssize_t at = self.start(i), nnz = self.start(i + 1) - at
        if self.x64 != NULL:
            fr_prefetch(self.x64 + at, nnz * 8)
        else:
            fr_prefetch(self.x32 + at, nnz * 4)
        if self.columns32 != NULL:
            fr_prefetch(self.columns32 + at, nnz * 4)
        else:
            fr_prefetch(self.columns64 + at, nnz * 8)
