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

from libc.string cimport memset

from fastreg._kernels.interrupt cimport INTERRUPT_WORK, check_interrupt
from fastreg._kernels.matrix cimport Matrix, fr_axpy, fr_dot


cdef extern from "columns.h" nogil:
    void fr_prefetch(const void *start, Py_ssize_t n_bytes)
    double fr_sparse_dot_f64(
        const double *x, const int *ind, Py_ssize_t nnz, const double *v)
    double fr_sparse_dot_f32(
        const float *x, const int *ind, Py_ssize_t nnz, const double *v)
    double fr_sparse_dot_scaled_f64(const double *x, const int *ind, Py_ssize_t nnz,
                                    const double *q, const double *v)
    double fr_sparse_dot_scaled_f32(const float *x, const int *ind, Py_ssize_t nnz,
                                    const double *q, const double *v)
    void fr_sparse_lanes_dot_f64(
        const double *x, const int *ind, Py_ssize_t nnz, const double *U, double *out)
    void fr_sparse_lanes_dot_f32(
        const float *x, const int *ind, Py_ssize_t nnz, const double *U, double *out)
    void fr_sparse_lanes_axpy_f64(
        const double *d, const double *x, const int *ind, Py_ssize_t nnz, double *U)
    void fr_sparse_lanes_axpy_f32(
        const double *d, const float *x, const int *ind, Py_ssize_t nnz, double *U)
    void fr_sparse_dots_f64(const double *x, const int *ind, const int *ptr, Py_ssize_t n,
                            const double *v, double *out)
    void fr_sparse_dots_f32(const float *x, const int *ind, const int *ptr, Py_ssize_t n,
                            const double *v, double *out)
    void fr_sparse_subtract_f64(
        const Py_ssize_t *idx, const double *d, Py_ssize_t n, const double *x, const int *ind,
        const int *ptr, const int *slot, const double *q, double *v)
    void fr_sparse_subtract_f32(
        const Py_ssize_t *idx, const double *d, Py_ssize_t n, const float *x, const int *ind,
        const int *ptr, const int *slot, const double *q, double *v)
    void fr_sparse_axpy_f64(double d, const double *x, const int *ind, Py_ssize_t nnz,
                            const double *q, double *v)
    void fr_sparse_axpy_f32(double d, const float *x, const int *ind, Py_ssize_t nnz,
                            const double *q, double *v)

cdef enum:
    COLUMN_CHUNK = 64
    MANY_TARGETS = 3
    LANES = 8           # one cache line of doubles, as in columns.h
    MAX_PARTS = 8
    PART_SHARE = 4      # nonzeros for each element of a part's sum, at least
    SLICE_ROWS = 4096   # of the parts' sums, to add up at a time

# A column is held dense where N m^2 exceeds this many times its centred norm.
cdef double CANCELLATION_LIMIT = 1e4


cdef class Csc(Matrix):
    """A = diag(scale) (X - 1 mean') for a SciPy CSC X, whose arrays are not copied."""
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

    cdef void prefetch(self, Py_ssize_t j) noexcept nogil:
        cdef Py_ssize_t start = self.indptr[j], nnz = self.indptr[j + 1] - start
        fr_prefetch(self.indices + start, nnz * 4)
        if self.x64 != NULL:
            fr_prefetch(self.x64 + start, nnz * 8)
        else:
            fr_prefetch(self.x32 + start, nnz * 4)

    # ---- passes over X ----------------------------------------------------

    def passes_of(self, Py_ssize_t n_targets):
        """How often `dots` reads X for so many rows."""
        return (n_targets + LANES - 1) // LANES if n_targets >= MANY_TARGETS else n_targets

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
                shift = value(self, at)
        full = count == n_weighted
        if not full:
            shift = 0.0
        for at in range(start, end):
            i = self.indices[at]
            z = value(self, at) - shift
            s1 += w[i] * z
            c += u[i] * z
            sw += w[i]
        if center:
            m = shift + s1 / total
        for at in range(start, end):
            z = value(self, at) - m
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
                self.centered[k, self.indices[at]] += value(self, at)
            if self.scale != NULL:
                for at in range(self.n_samples):
                    self.centered[k, at] *= self.scale[at]

    def dots(self, const double[:, ::1] V, int n_threads):
        """A' v for each row v of V (T, n): an array (T, p), in one pass for many rows."""
        result = np.empty((V.shape[0], self.n_features))
        cdef double[:, ::1] out = result
        if V.shape[0] >= MANY_TARGETS:
            self.dots_of_many(V, out, n_threads)
            return result
        cdef const double[::1] u, q
        cdef double total
        cdef Py_ssize_t t, j, first, last, p = self.n_features
        cdef Py_ssize_t step = max(
            COLUMN_CHUNK, <Py_ssize_t> (INTERRUPT_WORK / 4 * (p / (self.indptr[p] + 1.0))))
        for t in range(V.shape[0]):
            u = V[t]
            if self.scale != NULL:
                q = <const double[:self.n_samples]> self.scale
                u = np.multiply(u, q)
            total = np.sum(u)
            for first in range(0, p, step):
                last = min(first + step, p)
                for j in prange(first, last, COLUMN_CHUNK, nogil=True, num_threads=n_threads,
                                schedule="dynamic"):
                    self.pass_dot(j, min(j + COLUMN_CHUNK, last), &u[0], &V[t, 0], total,
                                  &out[t, 0])
                check_interrupt()
        return result

    cdef dots_of_many(self, const double[:, ::1] V, double[:, ::1] out, int n_threads):
        """LANES rows of V at a time, interleaved: one jump in memory serves them all."""
        cdef double[:, ::1] U = np.empty((self.n_samples, LANES))
        cdef double[::1] total = np.empty(LANES)
        cdef Py_ssize_t t, n_lanes, j, first, last, p = self.n_features
        cdef Py_ssize_t step = max(
            COLUMN_CHUNK, <Py_ssize_t> (INTERRUPT_WORK / 8 * (p / (self.indptr[p] + 1.0))))
        for t in range(0, V.shape[0], LANES):
            n_lanes = min(LANES, V.shape[0] - t)
            self.interleave(V, t, n_lanes, U, total)
            for first in range(0, p, step):
                last = min(first + step, p)
                for j in prange(first, last, nogil=True, num_threads=n_threads,
                                schedule="dynamic", chunksize=COLUMN_CHUNK):
                    self.pass_dots(j, U, &total[0], V, out, t, n_lanes)
                check_interrupt()

    cdef void interleave(self, const double[:, ::1] V, Py_ssize_t t, Py_ssize_t n_lanes,
                         double[:, ::1] U, double[::1] total) noexcept nogil:
        """U[i, lane] = scale_i V[t + lane, i], zeros beyond n_lanes; and its sums."""
        cdef Py_ssize_t i, lane
        cdef double q
        total[:] = 0.0
        for i in range(self.n_samples):
            q = self.scale[i] if self.scale != NULL else 1.0
            for lane in range(LANES):
                U[i, lane] = q * V[t + lane, i] if lane < n_lanes else 0.0
                total[lane] += U[i, lane]

    cdef void pass_dots(self, Py_ssize_t j, double[:, ::1] U, const double *total,
                        const double[:, ::1] V, double[:, ::1] out, Py_ssize_t t,
                        Py_ssize_t n_lanes) noexcept nogil:
        cdef double[LANES] sums
        cdef Py_ssize_t lane, start = self.indptr[j], nnz = self.indptr[j + 1] - start
        if self.slot[j] >= 0:
            for lane in range(n_lanes):
                out[t + lane, j] = fr_dot(&self.centered[self.slot[j], 0], &V[t + lane, 0],
                                          self.n_samples)
            return
        if self.x64 != NULL:
            fr_sparse_lanes_dot_f64(self.x64 + start, self.indices + start, nnz, &U[0, 0], sums)
        else:
            fr_sparse_lanes_dot_f32(self.x32 + start, self.indices + start, nnz, &U[0, 0], sums)
        for lane in range(n_lanes):
            out[t + lane, j] = sums[lane] - self.mean[j] * total[lane]

    cdef void pass_dot(self, Py_ssize_t j, Py_ssize_t end, const double *u, const double *v,
                       double total, double *out) noexcept nogil:
        if self.x64 != NULL:
            fr_sparse_dots_f64(self.x64, self.indices, self.indptr + j, end - j, u, out + j)
        else:
            fr_sparse_dots_f32(self.x32, self.indices, self.indptr + j, end - j, u, out + j)
        while j < end:
            if self.slot[j] >= 0:
                out[j] = fr_dot(&self.centered[self.slot[j], 0], v, self.n_samples)
            else:
                out[j] -= self.mean[j] * total
            j += 1

    # ---- chosen columns ---------------------------------------------------

    def subtract(self, const Py_ssize_t[::1] idx, const double[:, ::1] D,
                 double[:, ::1] V, int n_threads):
        """V -= D A_idx' for each row: D (T, k), V (T, n)."""
        cdef Py_ssize_t t, n_groups = (V.shape[0] + LANES - 1) // LANES
        cdef double[:, :, ::1] work
        if V.shape[0] < MANY_TARGETS:
            self.subtract_few(idx, D, V, n_threads)
            return
        work = np.empty((n_threads, self.n_samples, LANES))
        for t in prange(n_groups, nogil=True, num_threads=n_threads, schedule="dynamic",
                        chunksize=1):
            self.subtract_lanes(idx, D, V, t * LANES, &work[threadid(), 0, 0])

    cdef subtract_few(self, const Py_ssize_t[::1] idx, const double[:, ::1] D,
                      double[:, ::1] V, int n_threads):
        """Row by row; parts of the columns have a sum of their own where they are large."""
        cdef Py_ssize_t k, c, t, n = self.n_samples, n_parts = 1, work = 0, so_far = 0
        cdef Py_ssize_t[MAX_PARTS + 1] start
        for k in range(idx.shape[0]):
            work += self.indptr[idx[k] + 1] - self.indptr[idx[k]]
        while n_parts < MAX_PARTS and 2 * n_parts * PART_SHARE * n <= work:
            n_parts *= 2
        if n_parts == 1:
            for t in prange(V.shape[0], nogil=True, num_threads=n_threads,
                            schedule="dynamic", chunksize=1):
                self.subtract_part(idx, 0, idx.shape[0], &D[t, 0], &V[t, 0])
            return
        c = 0
        for k in range(idx.shape[0]):
            while so_far * n_parts >= c * work:
                start[c] = k
                c += 1
            so_far += self.indptr[idx[k] + 1] - self.indptr[idx[k]]
        while c <= n_parts:
            start[c] = idx.shape[0]
            c += 1
        cdef double[:, ::1] sums = np.empty((n_parts, n))
        cdef Py_ssize_t n_slices = n // SLICE_ROWS + 1
        for t in range(V.shape[0]):
            for c in prange(n_parts, nogil=True, num_threads=n_threads, schedule="dynamic",
                            chunksize=1):
                memset(&sums[c, 0], 0, n * sizeof(double))
                self.subtract_part(idx, start[c], start[c + 1], &D[t, 0], &sums[c, 0])
            for c in prange(n_slices, nogil=True, num_threads=n_threads):
                add_parts(sums, c * SLICE_ROWS, min((c + 1) * SLICE_ROWS, n), &V[t, 0])
            check_interrupt()

    cdef void subtract_part(self, const Py_ssize_t[::1] idx, Py_ssize_t first, Py_ssize_t last,
                            const double *d, double *v) noexcept nogil:
        cdef Py_ssize_t k, j
        cdef double shift = 0.0
        if self.x64 != NULL:
            fr_sparse_subtract_f64(&idx[first], d + first, last - first, self.x64, self.indices,
                                   self.indptr, &self.slot[0], self.scale, v)
        else:
            fr_sparse_subtract_f32(&idx[first], d + first, last - first, self.x32, self.indices,
                                   self.indptr, &self.slot[0], self.scale, v)
        for k in range(first, last):
            j = idx[k]
            if self.slot[j] < 0:
                shift += d[k] * self.mean[j]
            elif d[k] != 0:
                fr_axpy(-d[k], &self.centered[self.slot[j], 0], v, self.n_samples)
        self.settle(v, &shift)

    cdef void subtract_lanes(self, const Py_ssize_t[::1] idx, const double[:, ::1] D,
                             double[:, ::1] V, Py_ssize_t t, double *work) noexcept nogil:
        """`subtract` for LANES rows at once, interleaved in `work` (n, LANES)."""
        cdef Py_ssize_t i, k, j, lane, start, nnz, n_lanes = min(LANES, V.shape[0] - t)
        cdef double[LANES] d
        cdef double[LANES] shift
        memset(work, 0, self.n_samples * LANES * sizeof(double))
        memset(shift, 0, sizeof(shift))
        memset(d, 0, sizeof(d))
        for k in range(idx.shape[0]):
            j = idx[k]
            for lane in range(n_lanes):
                d[lane] = -D[t + lane, k]
            if self.slot[j] >= 0:
                for lane in range(n_lanes):
                    if d[lane] != 0:
                        fr_axpy(d[lane], &self.centered[self.slot[j], 0], &V[t + lane, 0],
                                self.n_samples)
                continue
            start = self.indptr[j]
            nnz = self.indptr[j + 1] - start
            if self.x64 != NULL:
                fr_sparse_lanes_axpy_f64(d, self.x64 + start, self.indices + start, nnz, work)
            else:
                fr_sparse_lanes_axpy_f32(d, self.x32 + start, self.indices + start, nnz, work)
            for lane in range(n_lanes):
                shift[lane] -= d[lane] * self.mean[j]
        for i in range(self.n_samples):
            for lane in range(n_lanes):
                V[t + lane, i] += ((work[i * LANES + lane] + shift[lane])
                                   * (self.scale[i] if self.scale != NULL else 1.0))

    def gram(self, const Py_ssize_t[::1] a, b, int n_threads):
        """A_a' A_b as an array (len(a), len(b)); b=None stands for b = a."""
        from fastreg._kernels.csc_gram import gram

        return gram(self, a, b, n_threads)


cdef void add_parts(const double[:, ::1] sums, Py_ssize_t first, Py_ssize_t last,
                    double *v) noexcept nogil:
    """v += all rows of `sums`, in order, between two columns."""
    cdef Py_ssize_t c, i
    for c in range(sums.shape[0]):
        for i in range(first, last):
            v[i] += sums[c, i]
