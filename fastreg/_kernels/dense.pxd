"""Dense X, for what builds on it: `dense_dots.pyx` and `gram.pyx`."""
from fastreg._kernels.matrix cimport Matrix

# Blocks that are packed for the BLAS.
cdef enum:
    GRAM_LINES = 512        # columns or rows that are one tile
    GRAM_BLOCK = 1 << 17    # elements
    GRAM_CHUNK_ROWS = 1024
    GRAM_CHUNKS = 16
    GRAM_CHUNK_BYTES = 1 << 24
    GRAM_ROWS = 256
    MANY_TARGETS = 2        # share what `dots` reads of X
    LANES = 4               # of them at a time, as in lanes.h
    BLAS_TARGETS = 16       # are multiplied by the BLAS


cdef class Dense(Matrix):
    cdef const double *x64
    cdef const float *x32
    cdef Py_ssize_t ld, row_tile, col_tile, n_row_tiles, n_col_tiles
    cdef bint centers_late  # products of A's columns may be those of X, corrected

    cdef inline const double *at64(self, Py_ssize_t i, Py_ssize_t j) noexcept nogil
    cdef inline const float *at32(self, Py_ssize_t i, Py_ssize_t j) noexcept nogil
    cdef double[::1] mean_of(self, const Py_ssize_t[::1] idx)
    cdef void stats_tile(self, Py_ssize_t task, const double *w, const double *u,
                         const double *shift, double[:, :, ::1] out) noexcept nogil
    cdef subtract_many(self, const Py_ssize_t[::1] idx, double[::1] m,
                       const double[:, ::1] D, double[:, ::1] V, int n_threads)
    cdef void subtract_tile_of_many(self, Py_ssize_t i, Py_ssize_t rows,
                                    const Py_ssize_t[::1] idx, double[::1] m,
                                    const double[:, ::1] D, double[:, ::1] V,
                                    double *tile) noexcept nogil
    cdef void subtract_tile_by_lanes(self, Py_ssize_t i, Py_ssize_t rows,
                                     const Py_ssize_t[::1] idx, double[::1] m,
                                     const double[:, ::1] D, double[:, ::1] V,
                                     const double *zeros, double *sums) noexcept nogil
    cdef void subtract_tile(self, Py_ssize_t i, Py_ssize_t rows, const Py_ssize_t *idx,
                            Py_ssize_t k, const double *m, const double *d,
                            double *v) noexcept nogil
    cdef void pack(self, Py_ssize_t i, Py_ssize_t rows, const Py_ssize_t *idx,
                   Py_ssize_t k, const double *m, bint consecutive, double *out) noexcept nogil
    cdef void gather_tile(self, Py_ssize_t i, Py_ssize_t rows, const Py_ssize_t *idx,
                          Py_ssize_t k, const double *m, double *block,
                          double *out) noexcept nogil


cdef inline Py_ssize_t ceil_div(Py_ssize_t a, Py_ssize_t b) noexcept nogil:
    return (a + b - 1) // b


cdef inline Py_ssize_t clip(Py_ssize_t a, Py_ssize_t low, Py_ssize_t high) noexcept nogil:
    return max(low, min(a, high))


cdef inline bint is_run(const Py_ssize_t *idx, Py_ssize_t k) noexcept nogil:
    """Whether idx counts up by one; a working set is in the order of its arrival."""
    cdef Py_ssize_t t
    for t in range(1, k):
        if idx[t] != idx[t - 1] + 1:
            return False
    return True
