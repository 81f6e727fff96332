"""V A for dense X: one row of V at a time, four that share what is read of X, or a
product of the BLAS's, by the number of rows.
"""
import numpy as np

from cython.parallel cimport prange, threadid
from scipy.linalg.cython_blas cimport dgemm

from fastreg._kernels.dense cimport (
    BLAS_TARGETS, GRAM_BLOCK, GRAM_CHUNK_BYTES, GRAM_CHUNK_ROWS, GRAM_CHUNKS, GRAM_LINES, GRAM_ROWS,
    LANES, MANY_TARGETS, Dense, ceil_div, clip)
from fastreg._kernels.interrupt cimport INTERRUPT_WORK, check_interrupt


cdef extern from "columns.h" nogil:
    double fr_col_dot_f64(const double *x, double m, const double *v, Py_ssize_t n)
    double fr_col_dot_f32(const float *x, double m, const double *v, Py_ssize_t n)
    void fr_cols4_dot_f64(const double *x, Py_ssize_t ld, const double *m,
                          const double *u, Py_ssize_t n, double *out)
    void fr_cols4_dot_f32(const float *x, Py_ssize_t ld, const double *m,
                          const double *u, Py_ssize_t n, double *out)
    void fr_rows_dot_f64(const double *x, Py_ssize_t ld, Py_ssize_t rows, Py_ssize_t cols,
                         const double *m, const double *u, double *out)
    void fr_rows_dot_f32(const float *x, Py_ssize_t ld, Py_ssize_t rows, Py_ssize_t cols,
                         const double *m, const double *u, double *out)


cdef extern from "lanes.h" nogil:
    void fr_cols2_dots4_f64(const double *x, Py_ssize_t ld, const double *m, const double *v,
                            Py_ssize_t ldv, Py_ssize_t n, Py_ssize_t ahead, double *out,
                            Py_ssize_t ldo)
    void fr_cols2_dots4_f32(const float *x, Py_ssize_t ld, const double *m, const double *v,
                            Py_ssize_t ldv, Py_ssize_t n, Py_ssize_t ahead, double *out,
                            Py_ssize_t ldo)
    void fr_rows_dots4_f64(const double *x, Py_ssize_t ld, Py_ssize_t rows, Py_ssize_t cols,
                           const double *m, const double *u, double *out, Py_ssize_t ldo)
    void fr_rows_dots4_f32(const float *x, Py_ssize_t ld, Py_ssize_t rows, Py_ssize_t cols,
                           const double *m, const double *u, double *out, Py_ssize_t ldo)


cdef enum:
    MANY_COLUMNS = 256      # of a tile, where they are contiguous, and otherwise
    MANY_ROW_COLUMNS = 512
    LANE_ROWS = 1024        # that stay in the cache for all groups of lanes, and of rows
    LANE_ROW_PARTS = 16
    COLUMNS_AHEAD = 4       # are fetched while others are multiplied


def dots(Dense X, const double[:, ::1] V, int n_threads):
    """A' v for each row v of V (T, n): an array (T, p), in one pass for many rows."""
    cdef Py_ssize_t t, i, n_targets = V.shape[0]
    if n_targets >= BLAS_TARGETS:
        return dots_by_blas(X, V, n_threads)
    if n_targets >= MANY_TARGETS:
        return dots_of_many(X, V, n_threads)
    result = np.empty((n_targets, X.n_features))
    partial = np.empty((X.n_row_tiles, X.n_features))
    cdef double[:, ::1] out = partial
    cdef double[::1] u = np.empty(X.n_samples)
    cdef Py_ssize_t first, last, task, n_tasks = X.n_row_tiles * X.n_col_tiles
    cdef Py_ssize_t step = max(1, INTERRUPT_WORK // (X.row_tile * X.col_tile))
    for t in range(n_targets):
        for i in range(X.n_samples):
            u[i] = V[t, i] * (X.scale[i] if X.scale != NULL else 1.0)
        partial[:] = 0.0
        for first in range(0, n_tasks, step):
            last = min(first + step, n_tasks)
            for task in prange(first, last, nogil=True, num_threads=n_threads,
                               schedule="dynamic"):
                dots_tile(X, task, &u[0], out)
            check_interrupt()
        np.sum(partial, axis=0, out=result[t])
    return result


cdef dots_by_blas(Dense X, const double[:, ::1] V, int n_threads):
    """So many that centring a block first, for a product of matrices, is cheaper."""
    cdef Py_ssize_t p = X.n_features, n = X.n_samples, n_targets = V.shape[0]
    cdef Py_ssize_t width = min(p, GRAM_LINES), n_tiles = ceil_div(p, width)
    cdef Py_ssize_t rows = min(n, clip(GRAM_BLOCK // width // 64 * 64, 64, 1024))
    cdef Py_ssize_t n_chunks = clip(
        min(n // GRAM_CHUNK_ROWS, GRAM_CHUNK_BYTES // (8 * n_targets * p)), 1, GRAM_CHUNKS)
    cdef Py_ssize_t chunk = ceil_div(ceil_div(n, n_chunks), rows) * rows
    n_chunks = ceil_div(n, chunk)
    partial = np.empty((n_chunks, n_targets, p))
    cdef double[:, :, ::1] out = partial
    cdef double[:, ::1] scratch = np.empty((n_threads, rows * width))
    cdef const Py_ssize_t[::1] columns = np.arange(p)
    cdef Py_ssize_t task, n_tasks = n_chunks * n_tiles, first, last
    cdef Py_ssize_t step = max(
        n_threads, <Py_ssize_t> INTERRUPT_WORK * 32 // (chunk * width * n_targets + 1))
    for first in range(0, n_tasks, step):
        last = min(first + step, n_tasks)
        for task in prange(first, last, nogil=True, num_threads=n_threads,
                           schedule="dynamic", chunksize=1):
            dots_block(X, task // n_tiles, task % n_tiles * width, chunk, rows, width,
                       columns, V, out, &scratch[threadid(), 0])
        check_interrupt()
    return partial[0] if n_chunks == 1 else partial.sum(axis=0)


cdef void dots_block(Dense X, Py_ssize_t r, Py_ssize_t j, Py_ssize_t chunk, Py_ssize_t rows,
                     Py_ssize_t width, const Py_ssize_t[::1] columns,
                     const double[:, ::1] V, double[:, :, ::1] out,
                     double *block) noexcept nogil:
    cdef Py_ssize_t i = r * chunk, end = min(i + chunk, X.n_samples)
    cdef int k = <int> min(width, X.n_features - j), n_targets = <int> V.shape[0]
    cdef int n, ld, ldv = <int> X.n_samples, ldo = <int> X.n_features
    cdef double one = 1.0, beta = 0.0
    while i < end:
        n = <int> min(rows, end - i)
        X.pack(i, n, &columns[j], k, X.mean + j, True, block)
        ld = n if X.has_columns else k
        dgemm(b'T' if X.has_columns else b'N', b'N', &k, &n_targets, &n, &one, block, &ld,
              <double *> &V[0, i], &ldv, &beta, &out[r, 0, j], &ldo)
        beta = 1.0
        i += n


cdef dots_of_many(Dense X, const double[:, ::1] V, int n_threads):
    """Four rows of V at a time share what is read of X, and all of them each tile."""
    cdef Py_ssize_t n_groups = ceil_div(V.shape[0], LANES), p = X.n_features
    cdef Py_ssize_t width = MANY_COLUMNS if X.has_columns else MANY_ROW_COLUMNS
    cdef Py_ssize_t n = X.n_samples, n_col_tiles = ceil_div(p, width), j
    cdef Py_ssize_t n_chunks = clip(
        min(n // GRAM_CHUNK_ROWS, 256 // n_col_tiles), 1, GRAM_CHUNKS)
    cdef Py_ssize_t chunk = ceil_div(ceil_div(n, n_chunks), GRAM_ROWS) * GRAM_ROWS
    n_chunks = ceil_div(n, chunk)
    partial = np.zeros((n_chunks, n_groups * LANES, p))
    cdef double[:, :, ::1] out = partial
    cdef double[:, ::1] U = np.empty((n_groups, LANES * n))
    cdef Py_ssize_t task, n_tasks = n_chunks * n_col_tiles, first, last
    cdef Py_ssize_t step = max(
        n_threads, INTERRUPT_WORK // (chunk * width * n_groups))
    interleave(X, V, U)
    for first in range(0, n_tasks, step):
        last = min(first + step, n_tasks)
        for task in prange(first, last, nogil=True, num_threads=n_threads,
                           schedule="dynamic", chunksize=1):
            j = task % n_col_tiles * width
            dots_tile_of_many(X, task // n_col_tiles, j, min(j + width, p), chunk, U, out)
        check_interrupt()
    result = partial[0] if n_chunks == 1 else partial.sum(axis=0)
    return result[:V.shape[0]]


cdef void interleave(Dense X, const double[:, ::1] V, double[:, ::1] U) noexcept nogil:
    """Groups of LANES rows of V times `scale`, zeros beyond: by row where columns are
    contiguous, by sample otherwise."""
    cdef Py_ssize_t t, i, lane, n = X.n_samples
    cdef Py_ssize_t row = n if X.has_columns else 1, step = 1 if X.has_columns else LANES
    cdef double q
    for t in range(U.shape[0] * LANES):
        lane = t % LANES
        for i in range(n):
            q = X.scale[i] if X.scale != NULL else 1.0
            U[t // LANES, lane * row + i * step] = q * V[t, i] if t < V.shape[0] else 0.0


cdef void dots_tile_of_many(Dense X, Py_ssize_t r, Py_ssize_t j, Py_ssize_t end,
                            Py_ssize_t chunk, double[:, ::1] U,
                            double[:, :, ::1] out) noexcept nogil:
    cdef Py_ssize_t i = r * chunk, last = min(i + chunk, X.n_samples), k
    cdef Py_ssize_t height = LANE_ROWS if X.has_columns else LANE_ROW_PARTS, rows
    while i < last:
        rows = min(height, last - i)
        if are_zeros(X, U, i, rows):
            pass
        elif X.has_columns:
            for k in range(j, end, 2):
                dots_of_columns(X, i, rows, k, min(2, end - k), U, &out[r, 0, k])
        else:
            dots_of_rows(X, i, rows, j, end - j, U, &out[r, 0, j])
        i += rows


cdef bint are_zeros(Dense X, double[:, ::1] U, Py_ssize_t i, Py_ssize_t rows) noexcept nogil:
    """Whether rows have no weight, as those that a fold holds out: X needs no reading."""
    cdef Py_ssize_t g, t, k, row, step
    row = X.n_samples if X.has_columns else 1
    step = 1 if X.has_columns else LANES
    for g in range(U.shape[0]):
        for k in range(i, i + rows):
            for t in range(LANES):
                if U[g, t * row + k * step] != 0:
                    return False
    return True


cdef void dots_of_columns(Dense X, Py_ssize_t i, Py_ssize_t rows, Py_ssize_t j, Py_ssize_t cols,
                          double[:, ::1] U, double *out) noexcept nogil:
    """out (T, .) += U A for one or two contiguous columns and some rows."""
    cdef Py_ssize_t p = X.n_features, n = X.n_samples, g, lane
    cdef const double *m = X.mean + j
    for g in range(U.shape[0]):
        if cols == 2:
            if X.x64 != NULL:
                fr_cols2_dots4_f64(X.at64(i, j), X.ld, m, &U[g, i], n, rows,
                                   COLUMNS_AHEAD * X.ld, out + g * LANES * p, p)
            else:
                fr_cols2_dots4_f32(X.at32(i, j), X.ld, m, &U[g, i], n, rows,
                                   COLUMNS_AHEAD * X.ld, out + g * LANES * p, p)
            continue
        for lane in range(LANES):
            if X.x64 != NULL:
                out[(g * LANES + lane) * p] += fr_col_dot_f64(
                    X.at64(i, j), m[0], &U[g, lane * n + i], rows)
            else:
                out[(g * LANES + lane) * p] += fr_col_dot_f32(
                    X.at32(i, j), m[0], &U[g, lane * n + i], rows)


cdef void dots_of_rows(Dense X, Py_ssize_t i, Py_ssize_t rows, Py_ssize_t j, Py_ssize_t cols,
                       double[:, ::1] U, double *out) noexcept nogil:
    """The same for some rows of C-ordered X."""
    cdef Py_ssize_t p = X.n_features, g
    for g in range(U.shape[0]):
        if X.x64 != NULL:
            fr_rows_dots4_f64(X.at64(i, j), X.ld, rows, cols, X.mean + j,
                              &U[g, LANES * i], out + g * LANES * p, p)
        else:
            fr_rows_dots4_f32(X.at32(i, j), X.ld, rows, cols, X.mean + j,
                              &U[g, LANES * i], out + g * LANES * p, p)


cdef void dots_tile(Dense X, Py_ssize_t task, const double *u,
                    double[:, ::1] out) noexcept nogil:
    cdef Py_ssize_t r = task // X.n_col_tiles, i = r * X.row_tile
    cdef Py_ssize_t j = (task % X.n_col_tiles) * X.col_tile
    cdef Py_ssize_t rows = min(X.row_tile, X.n_samples - i)
    cdef Py_ssize_t end = min(j + X.col_tile, X.n_features)
    cdef const double *m = X.mean
    if not X.has_columns:
        if X.x64 != NULL:
            fr_rows_dot_f64(X.at64(i, j), X.ld, rows, end - j, m + j, u + i, &out[r, j])
        else:
            fr_rows_dot_f32(X.at32(i, j), X.ld, rows, end - j, m + j, u + i, &out[r, j])
        return
    while j + 4 <= end:
        if X.x64 != NULL:
            fr_cols4_dot_f64(X.at64(i, j), X.ld, m + j, u + i, rows, &out[r, j])
        else:
            fr_cols4_dot_f32(X.at32(i, j), X.ld, m + j, u + i, rows, &out[r, j])
        j += 4
    while j < end:
        if X.x64 != NULL:
            out[r, j] += fr_col_dot_f64(X.at64(i, j), m[j], u + i, rows)
        else:
            out[r, j] += fr_col_dot_f32(X.at32(i, j), m[j], u + i, rows)
        j += 1
