"""Sparse X in compressed columns, float32 or float64, centred without densifying.

A centred sparse column is ``scale * (x - m)``. Its work stays on the nonzeros:
with v + shift * scale kept orthogonal to ``scale`` (y is centred, and so is
every column), the centred product is ``x'(scale v) + N m shift`` with N the sum
of the weights, and a step d on column j moves ``shift`` by ``-d m_j``.

That loses digits where ``N m^2`` is large against the centred norm, which takes
a column without zeros (to 1 in 10^4). Such a column is held as one dense
centred column, no larger than the nonzeros it stands for.
"""
import numpy as np

from cython.parallel cimport prange, threadid

from fastreg._kernels.interrupt cimport INTERRUPT_WORK, check_interrupt
from fastreg._kernels.matrix cimport Matrix, fr_axpy, fr_dot


cdef extern from "columns.h" nogil:
    double fr_sparse_dot_f64(
        const double *x, const int *ind, Py_ssize_t nnz, const double *v)
    double fr_sparse_dot_f32(
        const float *x, const int *ind, Py_ssize_t nnz, const double *v)
    double fr_sparse_dot_scaled_f64(const double *x, const int *ind, Py_ssize_t nnz,
                                    const double *q, const double *v)
    double fr_sparse_dot_scaled_f32(const float *x, const int *ind, Py_ssize_t nnz,
                                    const double *q, const double *v)
    void fr_sparse_axpy_f64(double d, const double *x, const int *ind, Py_ssize_t nnz,
                            const double *q, double *v)
    void fr_sparse_axpy_f32(double d, const float *x, const int *ind, Py_ssize_t nnz,
                            const double *q, double *v)

cdef enum:
    COLUMN_CHUNK = 64

# A column is held dense where N m^2 exceeds this many times its centred norm.
cdef double CANCELLATION_LIMIT = 1e4


cdef class Csc(Matrix):
    """A = diag(scale) (X - 1 mean') for a SciPy CSC X, whose arrays are not copied."""
    cdef const double *x64
    cdef const float *x32
    cdef const int *indices
    cdef const int *indptr
    cdef double total_weight
    cdef int[::1] slot          # column of `centered`, or -1
    cdef double[:, ::1] centered

    def __init__(self, X):
        cdef const double[::1] view64
        cdef const float[::1] view32
        cdef const int[::1] indices = X.indices, indptr = X.indptr
        self._keep = (X.data, indices, indptr)
        self.n_samples, self.n_features = X.shape
        self.has_columns = True
        self.indptr = &indptr[0]
        if indices.shape[0]:
            self.indices = &indices[0]
        if X.dtype == np.float64:
            view64 = X.data
            # a pointer that is never read where X holds nothing
            self.x64 = &view64[0] if view64.shape[0] else <const double *> self.indptr
        elif X.data.shape[0]:
            view32 = X.data
            self.x32 = &view32[0]
        self.slot = np.full(self.n_features, -1, dtype=np.intc)
        self.centered = np.empty((0, self.n_samples))
        self.total_weight = self.n_samples
        self.set_center(np.zeros(self.n_features), None)

    cdef inline double sparse_dot(self, Py_ssize_t j, const double *v) noexcept nogil:
        cdef Py_ssize_t start = self.indptr[j], nnz = self.indptr[j + 1] - start
        if self.x64 != NULL:
            return fr_sparse_dot_f64(self.x64 + start, self.indices + start, nnz, v)
        return fr_sparse_dot_f32(self.x32 + start, self.indices + start, nnz, v)

    cdef inline void sparse_axpy(self, Py_ssize_t j, double d, const double *q,
                                 double *v) noexcept nogil:
        cdef Py_ssize_t start = self.indptr[j], nnz = self.indptr[j + 1] - start
        if self.x64 != NULL:
            fr_sparse_axpy_f64(d, self.x64 + start, self.indices + start, nnz, q, v)
        else:
            fr_sparse_axpy_f32(d, self.x32 + start, self.indices + start, nnz, q, v)

    cdef inline double value(self, Py_ssize_t at) noexcept nogil:
        return self.x64[at] if self.x64 != NULL else <double> self.x32[at]

    # ---- one column -------------------------------------------------------

    cdef double dot(self, Py_ssize_t j, const double *v, double shift) noexcept nogil:
        cdef Py_ssize_t start, nnz
        cdef double s
        if self.slot[j] >= 0:
            return fr_dot(&self.centered[self.slot[j], 0], v, self.n_samples)
        if self.scale == NULL:
            s = self.sparse_dot(j, v)
        else:
            start = self.indptr[j]
            nnz = self.indptr[j + 1] - start
            if self.x64 != NULL:
                s = fr_sparse_dot_scaled_f64(self.x64 + start, self.indices + start, nnz,
                                             self.scale, v)
            else:
                s = fr_sparse_dot_scaled_f32(self.x32 + start, self.indices + start, nnz,
                                             self.scale, v)
        return s + self.total_weight * self.mean[j] * shift

    cdef void axpy(self, Py_ssize_t j, double d, double *v, double *shift) noexcept nogil:
        if self.slot[j] >= 0:
            fr_axpy(d, &self.centered[self.slot[j], 0], v, self.n_samples)
            return
        self.sparse_axpy(j, d, self.scale, v)
        shift[0] -= d * self.mean[j]

    cdef double column_work(self, Py_ssize_t j) noexcept nogil:
        return <double> (self.indptr[j + 1] - self.indptr[j])

    # ---- passes over X ----------------------------------------------------

    def column_stats(self, const double[::1] weights, const double[::1] u,
                     double total_weight, Py_ssize_t heaviest, int n_threads):
        """Means, centred squared norms and A'u of all columns, in one pass.

        `heaviest` is the row of largest weight, or -1 for no centring. Returns an
        array (3, p): mean (0 without centring), sum of w (x - mean)^2, and sum of
        u x. u must be orthogonal to the weights, or zero where they are.
        """
        cdef Py_ssize_t n_weighted = np.count_nonzero(weights)
        result = np.empty((3, self.n_features))
        cdef double[:, ::1] out = result
        cdef double total_u = np.sum(u)
        cdef Py_ssize_t j, first, last, p = self.n_features
        cdef Py_ssize_t step = max(
            COLUMN_CHUNK, <Py_ssize_t> (INTERRUPT_WORK / 8 * (p / (self.indptr[p] + 1.0))))
        for first in range(0, p, step):
            last = min(first + step, p)
            for j in prange(first, last, nogil=True, num_threads=n_threads,
                            schedule="dynamic", chunksize=COLUMN_CHUNK):
                self.stats_column(j, &weights[0], &u[0], total_weight, n_weighted, heaviest, out)
            check_interrupt()
        if heaviest >= 0:
            for j in range(p):
                out[2, j] -= out[0, j] * total_u  # zero but for rounding
        return result

    cdef void stats_column(self, Py_ssize_t j, const double *w, const double *u,
                           double total, Py_ssize_t n_weighted, Py_ssize_t heaviest,
                           double[:, ::1] out) noexcept nogil:
        cdef Py_ssize_t start = self.indptr[j], end = self.indptr[j + 1], at, i, count = 0
        cdef double s1 = 0.0, s2 = 0.0, sw = 0.0, c = 0.0, m = 0.0, shift = 0.0, z
        cdef bint center = heaviest >= 0, full
        # A column without zeros is shifted by one of its entries, as dense ones are.
        for at in range(start, end):
            i = self.indices[at]
            count += w[i] > 0
            if i == heaviest:
                shift = self.value(at)
        full = count == n_weighted
        if not full:
            shift = 0.0
        for at in range(start, end):
            i = self.indices[at]
            z = self.value(at) - shift
            s1 += w[i] * z
            c += u[i] * z
            sw += w[i]
        if center:
            m = shift + s1 / total
        for at in range(start, end):
            z = self.value(at) - m
            s2 += w[self.indices[at]] * z * z
        if not full:
            s2 += max(total - sw, 0.0) * m * m
        out[0, j] = m
        out[1, j] = s2
        out[2, j] = c

    def center(self, mean, scale, double total_weight, const double[::1] sq_norm):
        """Set the centring; columns it would cancel in become dense."""
        cdef Py_ssize_t j, at, k
        cdef const double[::1] m = mean
        self.set_center(mean, scale)
        self.total_weight = total_weight
        dense = np.flatnonzero(
            total_weight * np.square(mean) > CANCELLATION_LIMIT * np.asarray(sq_norm))
        dense = dense[np.asarray(sq_norm)[dense] > 0]
        if dense.shape[0] == 0:
            return
        self.centered = np.empty((dense.shape[0], self.n_samples))
        for k in range(dense.shape[0]):
            j = dense[k]
            self.slot[j] = <int> k
            self.centered[k, :] = -m[j]
            for at in range(self.indptr[j], self.indptr[j + 1]):
                self.centered[k, self.indices[at]] += self.value(at)
            if self.scale != NULL:
                for at in range(self.n_samples):
                    self.centered[k, at] *= self.scale[at]

    def dots(self, const double[:, ::1] V, int n_threads):
        """A' v for each row v of V (T, n): an array (T, p)."""
        result = np.empty((V.shape[0], self.n_features))
        cdef double[:, ::1] out = result
        cdef double[::1] u = np.empty(self.n_samples)
        cdef double total
        cdef Py_ssize_t t, i, j, first, last, p = self.n_features
        cdef Py_ssize_t step = max(
            COLUMN_CHUNK, <Py_ssize_t> (INTERRUPT_WORK / 4 * (p / (self.indptr[p] + 1.0))))
        for t in range(V.shape[0]):
            total = 0.0
            for i in range(self.n_samples):
                u[i] = V[t, i] * (self.scale[i] if self.scale != NULL else 1.0)
                total += u[i]
            for first in range(0, p, step):
                last = min(first + step, p)
                for j in prange(first, last, nogil=True, num_threads=n_threads,
                                schedule="dynamic", chunksize=COLUMN_CHUNK):
                    out[t, j] = self.pass_dot(j, &u[0], &V[t, 0], total)
                check_interrupt()
        return result

    cdef double pass_dot(self, Py_ssize_t j, const double *u, const double *v,
                         double total) noexcept nogil:
        if self.slot[j] >= 0:
            return fr_dot(&self.centered[self.slot[j], 0], v, self.n_samples)
        return self.sparse_dot(j, u) - self.mean[j] * total

    # ---- chosen columns ---------------------------------------------------

    def subtract(self, const Py_ssize_t[::1] idx, const double[:, ::1] D,
                 double[:, ::1] V, int n_threads):
        """V -= D A_idx' for each row: D (T, k), V (T, n)."""
        cdef Py_ssize_t t, k
        cdef double shift
        with nogil:
            for t in range(V.shape[0]):
                shift = 0.0
                for k in range(idx.shape[0]):
                    if D[t, k] != 0:
                        self.axpy(idx[k], -D[t, k], &V[t, 0], &shift)
                self.settle(&V[t, 0], &shift)

    def gram(self, const Py_ssize_t[::1] a, b, int n_threads):
        """A_a' A_b as an array (len(a), len(b)); b=None stands for b = a."""
        cdef bint symmetric = b is None
        cdef const Py_ssize_t[::1] cols = a if symmetric else b
        cdef Py_ssize_t ka = a.shape[0], kb = cols.shape[0], k, i
        result = np.empty((kb, ka))
        cdef double[:, ::1] out = result
        cdef double[:, ::1] work = np.zeros((n_threads, self.n_samples))
        cdef Py_ssize_t first, last, step = max(
            n_threads, <Py_ssize_t> (
                INTERRUPT_WORK / 4 / (ka * (self.indptr[self.n_features] + 1.0)
                                      / self.n_features + 1.0)))
        for first in range(0, kb, step):
            last = min(first + step, kb)
            for k in prange(first, last, nogil=True, num_threads=n_threads,
                            schedule="dynamic", chunksize=1):
                self.gram_column(cols[k], a, k if symmetric else -1, &work[threadid(), 0],
                                 out, k)
            check_interrupt()
        if symmetric:
            for k in range(kb):
                for i in range(k + 1, ka):
                    out[i, k] = out[k, i]
        return result.T if not symmetric else result

    cdef void gram_column(self, Py_ssize_t j, const Py_ssize_t[::1] a, Py_ssize_t skip,
                          double *work, double[:, ::1] out, Py_ssize_t row) noexcept nogil:
        """out[row] = A_a' A_j, from index `skip` on where it is not negative."""
        cdef Py_ssize_t i, at, k
        cdef double s
        cdef double *dense = NULL
        # work = scale^2 x_j for a sparse j, scale * A_j for a dense one
        if self.slot[j] >= 0:
            dense = &self.centered[self.slot[j], 0]
            for at in range(self.n_samples):
                work[at] = dense[at] * (self.scale[at] if self.scale != NULL else 1.0)
        else:
            self.sparse_axpy(j, 1.0, self.scale, work)
            if self.scale != NULL:
                for at in range(self.indptr[j], self.indptr[j + 1]):
                    work[self.indices[at]] *= self.scale[self.indices[at]]
        for k in range(max(skip, 0), a.shape[0]):
            i = a[k]
            if self.slot[i] >= 0:
                if dense != NULL:
                    s = fr_dot(&self.centered[self.slot[i], 0], dense, self.n_samples)
                else:
                    s = self.dot(j, &self.centered[self.slot[i], 0], 0.0)
            else:
                s = self.sparse_dot(i, work)
                if dense == NULL:
                    s = s - self.total_weight * self.mean[i] * self.mean[j]
            out[row, k] = s
        if dense != NULL:
            for at in range(self.n_samples):
                work[at] = 0.0
        else:
            for at in range(self.indptr[j], self.indptr[j + 1]):
                work[self.indices[at]] = 0.0
