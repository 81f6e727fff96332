"""Dense X in either order, float32 or float64, with any leading dimension.

Column-wise work (`dot`, `axpy`) needs Fortran order. Everything that touches
all of X (`column_stats`, `dots`, `subtract`, `gram`, `gather`) works on tiles and
is as fast in C order. Tiles depend on the shape and order only; partial sums of
row tiles are added in index order, so results don't depend on the threads.
"""
import numpy as np

from cython.parallel cimport prange, threadid
from scipy.linalg.cython_blas cimport dgemm

from libc.limits cimport INT_MAX
from libc.string cimport memset

from fastreg._kernels.interrupt cimport INTERRUPT_WORK, check_interrupt
from fastreg._kernels.matrix cimport Matrix, left_out_of_sum


cdef extern from "columns.h" nogil:
    double fr_col_dot_f64(const double *x, double m, const double *v, Py_ssize_t n)
    double fr_col_dot_f32(const float *x, double m, const double *v, Py_ssize_t n)
    double fr_col_dot_scaled_f64(
        const double *x, double m, const double *q, const double *v, Py_ssize_t n)
    double fr_col_dot_scaled_f32(
        const float *x, double m, const double *q, const double *v, Py_ssize_t n)
    void fr_col_axpy_f64(double d, const double *x, double m, double *v, Py_ssize_t n)
    void fr_col_axpy_f32(double d, const float *x, double m, double *v, Py_ssize_t n)
    void fr_col_axpy_scaled_f64(
        double d, const double *x, double m, const double *q, double *v, Py_ssize_t n)
    void fr_col_axpy_scaled_f32(
        double d, const float *x, double m, const double *q, double *v, Py_ssize_t n)
    void fr_col_stats_f64(const double *x, double shift, const double *w, const double *u,
                          Py_ssize_t n, double *s1, double *s2, double *c)
    void fr_col_stats_f32(const float *x, double shift, const double *w, const double *u,
                          Py_ssize_t n, double *s1, double *s2, double *c)
    void fr_rows_stats_f64(
        const double *x, Py_ssize_t ld, Py_ssize_t rows, Py_ssize_t cols,
        const double *shift, const double *w, const double *u,
        double *s1, double *s2, double *c)
    void fr_rows_stats_f32(
        const float *x, Py_ssize_t ld, Py_ssize_t rows, Py_ssize_t cols,
        const double *shift, const double *w, const double *u,
        double *s1, double *s2, double *c)
    void fr_row_pack_f64(const double *x, const Py_ssize_t *idx, Py_ssize_t k,
                         const double *m, double q, double *out)
    void fr_row_pack_f32(const float *x, const Py_ssize_t *idx, Py_ssize_t k,
                         const double *m, double q, double *out)
    void fr_row_center_f64(
        const double *x, Py_ssize_t k, const double *m, double q, double *out)
    void fr_row_center_f32(
        const float *x, Py_ssize_t k, const double *m, double q, double *out)
    void fr_col_pack_f64(
        const double *x, double m, const double *q, Py_ssize_t n, double *out)
    void fr_col_pack_f32(
        const float *x, double m, const double *q, Py_ssize_t n, double *out)
    double fr_row_dot_f64(const double *x, const Py_ssize_t *idx, Py_ssize_t k,
                          const double *m, const double *d)
    double fr_row_dot_f32(const float *x, const Py_ssize_t *idx, Py_ssize_t k,
                          const double *m, const double *d)


cdef extern from "lanes.h" nogil:
    void fr_lines4_dots4_f64(const double *const *x, const double *m, const double *v,
                             Py_ssize_t n, double *out, Py_ssize_t ldo)


# Tiles: how many elements a task touches, and the widths that keep its
# accumulators (rows) or its slice of the residual (columns) in the L1/L2 cache.
cdef enum:
    TILE_WORK = 1 << 17
    TILE_COLUMNS = 1024
    TILE_ROWS = 8192
    GRAM_COLUMNS = 384
    MANY_STEPS = 4      # rows of V for which `subtract` reads columns once


cdef class Dense(Matrix):
    """A = diag(scale) (X - 1 mean') for a dense X, which is not copied.

    X must have unit stride along rows or along columns.
    """
    def __init__(self, X, mean=None, scale=None):
        cdef const double[:, :] view64
        cdef const float[:, :] view32
        cdef Py_ssize_t itemsize = X.itemsize
        self._keep = X
        self.n_samples, self.n_features = X.shape
        self.has_columns = X.strides[0] == itemsize or self.n_samples == 1
        if not self.has_columns and X.strides[1] != itemsize and self.n_features != 1:
            raise ValueError("X needs unit stride along one axis")
        self.ld = X.strides[1 if self.has_columns else 0] // itemsize
        if X.dtype == np.float64:
            view64 = X
            self.x64 = &view64[0, 0]
        else:
            view32 = X
            self.x32 = &view32[0, 0]
        self.set_center(mean, scale)
        if self.has_columns:
            self.row_tile = min(self.n_samples, TILE_ROWS)
            self.col_tile = clip(TILE_WORK // self.row_tile, 4, self.n_features)
            self.col_tile = max(1, self.col_tile - self.col_tile % 4)
        else:
            self.col_tile = min(self.n_features, TILE_COLUMNS)
            self.row_tile = clip(TILE_WORK // self.col_tile, 1, self.n_samples)
        self.n_row_tiles = ceil_div(self.n_samples, self.row_tile)
        self.n_col_tiles = ceil_div(self.n_features, self.col_tile)

    cdef inline const double *at64(self, Py_ssize_t i, Py_ssize_t j) noexcept nogil:
        return self.x64 + (i + j * self.ld if self.has_columns else i * self.ld + j)

    cdef inline const float *at32(self, Py_ssize_t i, Py_ssize_t j) noexcept nogil:
        return self.x32 + (i + j * self.ld if self.has_columns else i * self.ld + j)

    def set_center(self, mean, scale, sq_norm=None):
        """Centre columns by `mean` (p,) and scale rows by `scale` (n,), each if it is given.

        `sq_norm` (p,) of A's columns, if known: where n mean^2 is no larger, products of X's
        columns have as many digits as those of A's.
        """
        cdef Py_ssize_t line = self.n_samples if self.has_columns else self.n_features, j
        cdef const double[:] squares
        Matrix.set_center(self, np.zeros(self.n_features) if mean is None else mean, scale)
        # the BLAS takes no lines that overlap, and counts in 32 bits
        self.centers_late = (self.x64 != NULL and scale is None and self.ld >= line
                             and max(self.ld, self.n_samples) < INT_MAX
                             and (mean is None or sq_norm is not None))
        if self.centers_late and mean is not None:
            squares = sq_norm
            for j in range(self.n_features):  # not so where one is NaN, too
                if not self.n_samples * self.mean[j] * self.mean[j] <= squares[j]:
                    self.centers_late = False

    # ---- one column -------------------------------------------------------

    cdef double dot(self, Py_ssize_t j, const double *v, double shift) noexcept nogil:
        cdef Py_ssize_t n = self.n_samples
        cdef double m = self.mean[j]
        if self.scale != NULL:
            if self.x64 != NULL:
                return fr_col_dot_scaled_f64(self.at64(0, j), m, self.scale, v, n)
            return fr_col_dot_scaled_f32(self.at32(0, j), m, self.scale, v, n)
        if self.x64 != NULL:
            return fr_col_dot_f64(self.at64(0, j), m, v, n)
        return fr_col_dot_f32(self.at32(0, j), m, v, n)

    cdef void axpy(self, Py_ssize_t j, double d, double *v, double *shift) noexcept nogil:
        cdef Py_ssize_t n = self.n_samples
        cdef double m = self.mean[j]
        if self.scale != NULL:
            if self.x64 != NULL:
                fr_col_axpy_scaled_f64(d, self.at64(0, j), m, self.scale, v, n)
            else:
                fr_col_axpy_scaled_f32(d, self.at32(0, j), m, self.scale, v, n)
        elif self.x64 != NULL:
            fr_col_axpy_f64(d, self.at64(0, j), m, v, n)
        else:
            fr_col_axpy_f32(d, self.at32(0, j), m, v, n)

    # ---- passes over X ----------------------------------------------------

    def passes_of(self, Py_ssize_t n_targets):
        """How often `dots` reads X for so many rows."""
        return 1 if n_targets >= MANY_TARGETS else n_targets

    def column_stats(self, const double[::1] weights, const double[::1] u,
                     double total_weight, Py_ssize_t heaviest, int n_threads):
        """Means, centred squared norms and A'u of all columns, in one pass.

        `heaviest` is the row of largest weight, or -1 for no centring. Returns an array
        (4, p): mean (0 without centring), sum of w (x - mean)^2, sum of u x, and what
        rounding left out of the mean. u must be orthogonal to the weights, or zero where
        they are. A NaN or infinity in X makes its column's sums non-finite.
        """
        cdef double[:, :, ::1] sums = np.zeros((self.n_row_tiles, 3, self.n_features))
        cdef double[::1] shift = np.zeros(self.n_features)
        cdef Py_ssize_t first, last, task, n_tasks = self.n_row_tiles * self.n_col_tiles
        cdef Py_ssize_t step = max(1, INTERRUPT_WORK // (self.row_tile * self.col_tile)), j
        if heaviest >= 0:
            for j in range(self.n_features):
                shift[j] = (self.at64(heaviest, j)[0] if self.x64 != NULL
                            else self.at32(heaviest, j)[0])
        for first in range(0, n_tasks, step):
            last = min(first + step, n_tasks)
            for task in prange(first, last, nogil=True, num_threads=n_threads,
                               schedule="dynamic"):
                self.stats_tile(task, &weights[0], &u[0], &shift[0], sums)
            check_interrupt()
        return finished_stats(sums, shift, total_weight, heaviest >= 0)

    cdef void stats_tile(self, Py_ssize_t task, const double *w, const double *u,
                         const double *shift, double[:, :, ::1] out) noexcept nogil:
        cdef Py_ssize_t r = task // self.n_col_tiles, i = r * self.row_tile
        cdef Py_ssize_t j = (task % self.n_col_tiles) * self.col_tile
        cdef Py_ssize_t rows = min(self.row_tile, self.n_samples - i)
        cdef Py_ssize_t end = min(j + self.col_tile, self.n_features)
        if not self.has_columns:
            if self.x64 != NULL:
                fr_rows_stats_f64(self.at64(i, j), self.ld, rows, end - j, shift + j, w + i,
                                  u + i, &out[r, 0, j], &out[r, 1, j], &out[r, 2, j])
            else:
                fr_rows_stats_f32(self.at32(i, j), self.ld, rows, end - j, shift + j, w + i,
                                  u + i, &out[r, 0, j], &out[r, 1, j], &out[r, 2, j])
            return
        while j < end:
            if self.x64 != NULL:
                fr_col_stats_f64(self.at64(i, j), shift[j], w + i, u + i, rows,
                                 &out[r, 0, j], &out[r, 1, j], &out[r, 2, j])
            else:
                fr_col_stats_f32(self.at32(i, j), shift[j], w + i, u + i, rows,
                                 &out[r, 0, j], &out[r, 1, j], &out[r, 2, j])
            j += 1

    def dots(self, const double[:, ::1] V, int n_threads):
        """A' v for each row v of V (T, n): an array (T, p), in one pass for many rows."""
        from fastreg._kernels import dense_dots

        return dense_dots.dots(self, V, n_threads)

    # ---- chosen columns ---------------------------------------------------

    def subtract(self, const Py_ssize_t[::1] idx, const double[:, ::1] D,
                 double[:, ::1] V, int n_threads):
        """V -= D A_idx' for each row: D (T, k), V (T, n)."""
        cdef Py_ssize_t t, task, k = idx.shape[0]
        cdef Py_ssize_t rows = clip(TILE_WORK // max(k, 1), 256, TILE_ROWS)
        cdef Py_ssize_t n_tasks = ceil_div(self.n_samples, rows)
        if V.shape[1] != self.n_samples or D.shape[0] != V.shape[0] or D.shape[1] != k:
            raise ValueError(
                f"V of shape {np.shape(V)} and D of shape {np.shape(D)} are not for "
                f"{self.n_samples} samples and {k} columns")
        if k == 0:
            return
        cdef double[::1] m = self.mean_of(idx)
        if V.shape[0] >= MANY_STEPS:
            self.subtract_many(idx, m, D, V, n_threads)
            return
        for t in range(V.shape[0]):
            for task in prange(n_tasks, nogil=True, num_threads=n_threads,
                               schedule="dynamic"):
                self.subtract_tile(task * rows, rows, &idx[0], k, &m[0], &D[t, 0], &V[t, 0])
            check_interrupt()

    cdef subtract_many(self, const Py_ssize_t[::1] idx, double[::1] m,
                       const double[:, ::1] D, double[:, ::1] V, int n_threads):
        """`subtract` in tiles for which columns are read once: as products of packed ones, or
        four columns and rows of V at a time."""
        cdef Py_ssize_t rows = min(GRAM_ROWS, self.n_samples)
        cdef Py_ssize_t task, n_tasks = ceil_div(self.n_samples, rows)
        cdef bint by_lanes = self.has_columns and self.centers_late and len(V) < BLAS_TARGETS
        cdef double[:, ::1] scratch = np.empty(
            (n_threads, rows * (LANES if by_lanes else min(GRAM_COLUMNS, idx.shape[0]))))
        cdef double[::1] zeros = np.zeros(rows)
        for task in prange(n_tasks, nogil=True, num_threads=n_threads, schedule="dynamic",
                           chunksize=1):
            if by_lanes:
                self.subtract_tile_by_lanes(task * rows, rows, idx, m, D, V, &zeros[0],
                                            &scratch[threadid(), 0])
            else:
                self.subtract_tile_of_many(task * rows, rows, idx, m, D, V,
                                           &scratch[threadid(), 0])
        check_interrupt()

    cdef void subtract_tile_by_lanes(self, Py_ssize_t i, Py_ssize_t rows,
                                     const Py_ssize_t[::1] idx, double[::1] m,
                                     const double[:, ::1] D, double[:, ::1] V,
                                     const double *zeros, double *sums) noexcept nogil:
        """X is multiplied as it is, and what its means add is taken off in the end."""
        cdef Py_ssize_t t, s, c, lane, k = idx.shape[0], first = 0
        cdef double[LANES * LANES] d
        cdef double[LANES] of_means
        cdef const double *x[2 * LANES]
        rows = min(rows, self.n_samples - i)
        while first < V.shape[0]:
            memset(sums, 0, LANES * rows * sizeof(double))
            memset(of_means, 0, sizeof(of_means))
            s = 0
            while s < k:
                for c in range(LANES):
                    x[c] = self.at64(i, idx[min(s + c, k - 1)])
                    x[LANES + c] = self.at64(i, idx[min(s + LANES + c, k - 1)])
                    for lane in range(LANES):
                        t = LANES * c + lane
                        d[t] = 0.0
                        if s + c < k and first + lane < V.shape[0]:
                            d[t] = D[first + lane, s + c]
                            of_means[lane] += d[t] * m[s + c]
                fr_lines4_dots4_f64(x, zeros, d, rows, sums, rows)
                s += LANES
            for t in range(first, min(first + LANES, V.shape[0])):
                for s in range(rows):
                    V[t, i + s] -= sums[(t - first) * rows + s] - of_means[t - first]
            first += LANES

    cdef void subtract_tile_of_many(self, Py_ssize_t i, Py_ssize_t rows,
                                    const Py_ssize_t[::1] idx, double[::1] m,
                                    const double[:, ::1] D, double[:, ::1] V,
                                    double *tile) noexcept nogil:
        cdef int n_rows = <int> min(rows, self.n_samples - i), n = <int> self.n_samples
        cdef int n_targets = <int> V.shape[0], ldd = <int> idx.shape[0], width, lda
        cdef Py_ssize_t start = 0
        cdef double one = 1.0, minus = -1.0
        cdef char *trans = b'N' if self.has_columns else b'T'
        while start < ldd:
            width = <int> min(GRAM_COLUMNS, ldd - start)
            lda = n_rows if self.has_columns else width
            self.pack(i, n_rows, &idx[start], width, &m[start],
                      is_run(&idx[start], width), tile)
            dgemm(trans, b'N', &n_rows, &n_targets, &width, &minus, tile, &lda,
                  <double *> &D[0, start], &ldd, &one, &V[0, i], &n)
            start += width

    cdef void subtract_tile(self, Py_ssize_t i, Py_ssize_t rows, const Py_ssize_t *idx,
                            Py_ssize_t k, const double *m, const double *d,
                            double *v) noexcept nogil:
        cdef Py_ssize_t t, end = min(i + rows, self.n_samples)
        cdef double s
        if not self.has_columns:
            while i < end:
                if self.x64 != NULL:
                    s = fr_row_dot_f64(self.at64(i, 0), idx, k, m, d)
                else:
                    s = fr_row_dot_f32(self.at32(i, 0), idx, k, m, d)
                v[i] -= s * (self.scale[i] if self.scale != NULL else 1.0)
                i += 1
            return
        rows = end - i
        for t in range(k):
            if d[t] == 0:
                continue
            if self.scale != NULL:
                if self.x64 != NULL:
                    fr_col_axpy_scaled_f64(-d[t], self.at64(i, idx[t]), m[t],
                                           self.scale + i, v + i, rows)
                else:
                    fr_col_axpy_scaled_f32(-d[t], self.at32(i, idx[t]), m[t],
                                           self.scale + i, v + i, rows)
            elif self.x64 != NULL:
                fr_col_axpy_f64(-d[t], self.at64(i, idx[t]), m[t], v + i, rows)
            else:
                fr_col_axpy_f32(-d[t], self.at32(i, idx[t]), m[t], v + i, rows)

    cdef void pack(self, Py_ssize_t i, Py_ssize_t rows, const Py_ssize_t *idx,
                   Py_ssize_t k, const double *m, bint consecutive, double *out) noexcept nogil:
        """A[i:i + rows, idx] in X's own order, contiguous, float64."""
        cdef Py_ssize_t t
        cdef double q
        for t in range(k if self.has_columns else rows):
            if self.has_columns:
                if self.x64 != NULL:
                    fr_col_pack_f64(self.at64(i, idx[t]), m[t],
                                    self.scale + i if self.scale != NULL else NULL,
                                    rows, out + t * rows)
                else:
                    fr_col_pack_f32(self.at32(i, idx[t]), m[t],
                                    self.scale + i if self.scale != NULL else NULL,
                                    rows, out + t * rows)
                continue
            q = self.scale[i + t] if self.scale != NULL else 1.0
            if consecutive:
                if self.x64 != NULL:
                    fr_row_center_f64(self.at64(i + t, idx[0]), k, m, q, out + t * k)
                else:
                    fr_row_center_f32(self.at32(i + t, idx[0]), k, m, q, out + t * k)
            elif self.x64 != NULL:
                fr_row_pack_f64(self.at64(i + t, 0), idx, k, m, q, out + t * k)
            else:
                fr_row_pack_f32(self.at32(i + t, 0), idx, k, m, q, out + t * k)

    def gather(self, const Py_ssize_t[::1] idx, int n_threads):
        """A_idx as a float64 array (n, k) in Fortran order."""
        cdef Py_ssize_t k = idx.shape[0], rows = 64, task, n_tasks, i, n = self.n_samples
        cdef double[::1, :] out = np.empty((n, k), order="F")
        cdef double[::1] m = self.mean_of(idx)
        cdef double[:, ::1] scratch = np.empty((n_threads, rows * k))
        cdef double *block
        n_tasks = ceil_div(n, rows)
        for task in prange(n_tasks, nogil=True, num_threads=n_threads, schedule="dynamic"):
            block = &scratch[threadid(), 0]
            i = task * rows
            self.gather_tile(i, min(rows, n - i), &idx[0], k, &m[0], block, &out[0, 0])
        check_interrupt()
        return np.asarray(out)

    cdef void gather_tile(self, Py_ssize_t i, Py_ssize_t rows, const Py_ssize_t *idx,
                          Py_ssize_t k, const double *m, double *block,
                          double *out) noexcept nogil:
        cdef Py_ssize_t t, r, n = self.n_samples
        self.pack(i, rows, idx, k, m, False, block)
        for t in range(k):
            for r in range(rows):
                out[t * n + i + r] = (block[t * rows + r] if self.has_columns
                                      else block[r * k + t])

    # ---- Gram -------------------------------------------------------------

    def gram(self, a, b, int n_threads):
        """A_a' A_b as an array (len(a), len(b)); b=None stands for b = a.

        The BLAS should be limited to one thread by the caller.
        """
        from fastreg._kernels.gram import gram  # which builds on this file
        return gram(self, a, b, n_threads)

    def row_gram(self, int n_threads):
        """AA' as an array (n, n)."""
        from fastreg._kernels.gram import row_gram
        return row_gram(self, n_threads)

    cdef double[::1] mean_of(self, const Py_ssize_t[::1] idx):
        cdef Py_ssize_t t
        cdef double[::1] out = np.empty(idx.shape[0])
        for t in range(idx.shape[0]):
            out[t] = self.mean[idx[t]]
        return out


cdef finished_stats(double[:, :, ::1] sums, double[::1] shift, double total_weight, bint center):
    """What `Dense.column_stats` returns, from sums of w z, w z^2 and u z for each row tile
    with z = x - shift."""
    # a row is within sqrt(n) spreads of the mean, so s2 - s1^2 / N loses no more than a
    # factor n, whatever the mean is
    cdef Py_ssize_t r, j, p = sums.shape[2]
    result = np.zeros((4, p))
    cdef double[:, ::1] out = result
    cdef double offset
    for r in range(sums.shape[0]):
        for j in range(p):
            out[0, j] += sums[r, 0, j]
            out[1, j] += sums[r, 1, j]
            out[2, j] += sums[r, 2, j]
    for j in range(p):
        offset = out[0, j] / total_weight if center else 0.0
        out[1, j] -= out[0, j] * offset
        if out[1, j] < 0:  # and not NaN
            out[1, j] = 0.0
        out[0, j] = shift[j] + offset
        out[3, j] = left_out_of_sum(shift[j], offset)
    return result
