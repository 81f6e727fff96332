"""Gram matrices of dense X: products of its columns, or of its rows."""
import numpy as np

from cython.parallel cimport prange, threadid
from scipy.linalg.cython_blas cimport dgemm, dsyrk

from fastreg._kernels.dense cimport (
    GRAM_BLOCK, GRAM_CHUNK_BYTES, GRAM_CHUNK_ROWS, GRAM_CHUNKS, GRAM_LINES, LANES, Dense, ceil_div,
    clip, is_run)
from fastreg._kernels.interrupt cimport INTERRUPT_WORK, check_interrupt


cdef extern from "columns.h" nogil:
    double fr_col_dot_f64(const double *x, double m, const double *v, Py_ssize_t n)


cdef extern from "lanes.h" nogil:
    void fr_cols2_dots4_f64(const double *x, Py_ssize_t ld, const double *m, const double *v,
                            Py_ssize_t ldv, Py_ssize_t n, Py_ssize_t ahead, double *out,
                            Py_ssize_t ldo)


cdef enum:
    # So few columns, or products, and calling the BLAS costs more than it saves.
    DOT_LINES = 12
    DOT_WORK = 1 << 20
    GRAM_TILE = 208         # lines in a tile: tasks enough for some threads
    # Where nothing is packed the BLAS does that for each tile: larger ones, but ten tasks.
    IN_PLACE_TILE = 512
    SMALL_TILE = 128
    IN_PLACE_TILES = 4
    PACK_PARTS = 32
    MIRRORED = 32           # lines that are mirrored at a time


def gram(Dense X, const Py_ssize_t[::1] a, b, int n_threads):
    """A_a' A_b as an array (len(a), len(b)); b=None stands for b = a."""
    cdef Gram task = Gram(X, a.shape[0], a.shape[0] if b is None else len(b))
    task.a, task.ma = a, X.mean_of(a)
    task.symmetric = b is None
    task.b, task.mb = (a, task.ma) if b is None else (b, X.mean_of(b))
    return task.run(X.n_samples, n_threads)


def row_gram(Dense X, int n_threads):
    """AA' as an array (n, n)."""
    cdef Gram task = Gram(X, X.n_samples, X.n_samples)
    task.a = task.b = np.arange(X.n_features)
    task.ma = task.mb = X.mean_of(task.a)
    task.symmetric = task.by_rows = True
    return task.run(X.n_features, n_threads)


cdef class Gram:
    """Products of lines, columns or rows of A, summed along the other axis.

    Few lines are one tile: tasks are chunks of the other axis, with a sum each. Many
    are tiles: a block of the other axis is packed for all of them, centred, and tasks
    are pairs of tiles. The products are the BLAS's. Where X may be centred afterwards and
    lines follow each other, X itself is multiplied: a block is all of the other axis. The
    products of few or short columns are dots of our own.
    """
    cdef Dense X
    cdef const Py_ssize_t[::1] a, b     # columns of the lines; by rows, all columns
    cdef const double[::1] ma, mb       # and their means
    cdef double[::1] shifts             # of rows, see `find_shifts`
    cdef bint symmetric, by_rows, run_a, run_b, in_place, is_shifted
    cdef bint along                     # a line's elements lie side by side
    cdef bint by_dots                   # of pairs of columns, not products of the BLAS's
    cdef Py_ssize_t ka, kb, length

    def __init__(self, Dense X, Py_ssize_t ka, Py_ssize_t kb):
        self.X, self.ka, self.kb = X, ka, kb

    cdef run(self, Py_ssize_t length, int n_threads):
        """The array (ka, kb), from sums over `length` elements."""
        self.length = length
        self.along = self.X.has_columns != self.by_rows
        self.run_a = self.by_rows or is_run(&self.a[0], self.ka)
        self.run_b = self.by_rows or is_run(&self.b[0], self.kb)
        self.in_place = self.X.centers_late and self.run_a and self.run_b
        self.by_dots = self.in_place and self.along and self.symmetric and not self.by_rows and (
            self.ka <= DOT_LINES or self.ka * self.ka * length <= DOT_WORK)
        if self.in_place and not self.by_dots:
            self.find_shifts(n_threads)
        # one chunk alone would keep one thread busy
        cdef Py_ssize_t few = GRAM_LINES if length >= 2 * GRAM_CHUNK_ROWS else GRAM_TILE
        if max(self.ka, self.kb) <= few:
            G = self.by_chunks(n_threads)
        else:
            G = self.by_tiles(n_threads)
        if self.symmetric:
            mirror(G, n_threads)
        return G

    cdef find_shifts(self, int n_threads):
        """With X = A + 1 m', A_i'A_k is X_i'X_k - n m_i m_k; and of rows, a_i'a_k is
        x_i'x_k - t_i - t_k with t = A m + m'm / 2."""
        cdef Py_ssize_t j
        cdef double[:, ::1] t
        for j in range(self.ma.shape[0]):
            self.is_shifted = self.is_shifted or self.ma[j] != 0
        if self.is_shifted and self.by_rows:
            m = np.asarray(self.ma)
            t = np.full((1, self.ka), 0.5 * (m @ m))
            self.X.subtract(self.a, -m[np.newaxis], t, n_threads)
            self.shifts = t[0]

    cdef void center(self, Py_ssize_t ja, Py_ssize_t jb, Py_ssize_t wa, Py_ssize_t wb,
                     double[:, ::1] out) noexcept nogil:
        """Make products of X those of A, in one tile."""
        cdef Py_ssize_t i, j
        for i in range(ja, min(ja + wa, self.ka)):
            for j in range(jb, min(jb + wb, self.kb)):
                if self.by_rows:
                    out[i, j] -= self.shifts[i] + self.shifts[j]
                else:
                    out[i, j] -= self.length * self.ma[i] * self.mb[j]

    def pairs(self, Py_ssize_t wa, Py_ssize_t wb):
        """Pairs of tiles, those above the diagonal where it is symmetric."""
        cdef Py_ssize_t ta = ceil_div(self.ka, wa), tb = ceil_div(self.kb, wb)
        pairs = [(a, b) for a in range(ta) for b in range(tb) if not self.symmetric or b >= a]
        # those on the diagonal cost half and fill the gaps at the end
        pairs.sort(key=lambda pair: self.symmetric and pair[0] == pair[1])
        return np.array(pairs, dtype=np.intp)

    cdef Py_ssize_t block(self) noexcept:
        """Elements of each line that are packed at a time."""
        cdef Py_ssize_t k = min(max(self.ka, self.kb), GRAM_LINES)
        if self.in_place:
            return self.length
        return min(self.length, clip(GRAM_BLOCK // k // 64 * 64, 64, 1024))

    cdef Py_ssize_t tile_width(self, Py_ssize_t k) noexcept:
        """Lines in a tile, about as many in each."""
        cdef Py_ssize_t width = GRAM_TILE
        if self.in_place:
            width = clip(ceil_div(k, IN_PLACE_TILES), SMALL_TILE, IN_PLACE_TILE)
        return ceil_div(k, ceil_div(k, width))

    cdef by_chunks(self, int n_threads):
        cdef Py_ssize_t block = self.block()
        cdef Py_ssize_t n_chunks = clip(
            min(self.length // GRAM_CHUNK_ROWS, GRAM_CHUNK_BYTES // (8 * self.ka * self.kb)),
            1, GRAM_CHUNKS)
        cdef Py_ssize_t chunk = ceil_div(self.length, n_chunks)
        if not self.in_place:
            chunk = ceil_div(chunk, block) * block
        n_chunks = ceil_div(self.length, chunk)
        # zeros: the BLAS fills one triangle where it is symmetric, and all is added up
        partial = np.zeros((n_chunks, self.ka, self.kb))
        cdef double[:, :, ::1] out = partial
        cdef double[:, ::1] scratch = np.empty(
            (n_threads, 0 if self.in_place else (self.ka + self.kb) * block))
        cdef Py_ssize_t task, first, last
        cdef Py_ssize_t step = max(
            n_threads, <Py_ssize_t> INTERRUPT_WORK * 32 // (chunk * self.ka * self.kb + 1))
        for first in range(0, n_chunks, step):
            last = min(first + step, n_chunks)
            for task in prange(first, last, nogil=True, num_threads=n_threads,
                               schedule="dynamic", chunksize=1):
                self.chunk_sum(task * chunk, min((task + 1) * chunk, self.length), block,
                               &scratch[threadid(), 0], &out[task, 0, 0])
            check_interrupt()
        G = partial[0] if n_chunks == 1 else partial.sum(axis=0)
        if self.is_shifted:
            self.center(0, 0, self.ka, self.kb, G)
        return G

    cdef void chunk_sum(self, Py_ssize_t i, Py_ssize_t end, Py_ssize_t block, double *B,
                        double *out) noexcept nogil:
        cdef Py_ssize_t n
        cdef double *A = B if self.symmetric else B + self.kb * block
        cdef double beta = 0.0
        if self.by_dots:
            self.dots(i, end - i, out)
            return
        if self.in_place:
            self.product(self.place(True, i, 0), self.place(False, i, 0), self.ka, self.kb,
                         end - i, self.X.ld, self.X.ld, beta, out)
            return
        while i < end:
            n = min(block, end - i)
            self.pack(True, i, n, 0, self.kb, B)
            if not self.symmetric:
                self.pack(False, i, n, 0, self.ka, A)
            self.product(A, B, self.ka, self.kb, n, n if self.along else self.ka,
                         n if self.along else self.kb, beta, out)
            beta = 1.0
            i += n

    cdef void dots(self, Py_ssize_t i, Py_ssize_t n, double *out) noexcept nogil:
        """Four columns of X with two of A at a time, above the diagonal."""
        cdef Py_ssize_t t = 0, j, k = self.ka, ld = self.X.ld, whole = k - k % LANES
        cdef double *x = self.place(True, i, 0)
        cdef const double *m = &self.ma[0]
        while t < whole:
            for j in range(t, k - 1, 2):
                fr_cols2_dots4_f64(x + j * ld, ld, m + j, x + t * ld, ld, n, 0, out + t * k + j, k)
            t += LANES
        for t in range(k):  # what groups of four and pairs leave over
            for j in range(t if t >= whole else k - k % 2, k):
                out[t * k + j] = fr_col_dot_f64(x + j * ld, m[j], x + t * ld, n)

    cdef by_tiles(self, int n_threads):
        cdef Py_ssize_t block = self.block(), i = 0, n, task, first, last
        cdef Py_ssize_t wa = self.tile_width(self.ka), wb = self.tile_width(self.kb)
        cdef const Py_ssize_t[:, ::1] pair = self.pairs(wa, wb)
        cdef Py_ssize_t step = max(
            n_threads, <Py_ssize_t> INTERRUPT_WORK * 32 // (block * wa * wb + 1))
        result = np.empty((self.ka, self.kb))
        cdef double[:, ::1] out = result
        cdef double[::1] B = np.empty(0 if self.in_place else self.kb * block), A = B
        cdef double beta = 0.0
        if not self.symmetric and not self.in_place:
            A = np.empty(self.ka * block)
        while i < self.length:
            n = min(block, self.length - i)
            if not self.in_place:
                self.pack_all(True, i, n, self.kb, &B[0], n_threads)
                if not self.symmetric:
                    self.pack_all(False, i, n, self.ka, &A[0], n_threads)
            for first in range(0, pair.shape[0], step):
                last = min(first + step, pair.shape[0])
                for task in prange(first, last, nogil=True, num_threads=n_threads,
                                   schedule="dynamic", chunksize=1):
                    self.tile(pair[task, 0] * wa, pair[task, 1] * wb, wa, wb, n, beta, &A[0],
                              &B[0], out)
                check_interrupt()
            beta = 1.0
            i += n
        return result

    cdef void tile(self, Py_ssize_t ja, Py_ssize_t jb, Py_ssize_t wa, Py_ssize_t wb,
                   Py_ssize_t n, double beta, double *A, double *B,
                   double[:, ::1] out) noexcept nogil:
        cdef Py_ssize_t step = n if self.along else 1
        cdef Py_ssize_t a = min(wa, self.ka - ja), b = min(wb, self.kb - jb)
        if not self.in_place:
            self.product(A + ja * step, B + jb * step, a, b, n, n if self.along else self.ka,
                         n if self.along else self.kb, beta, &out[ja, jb])
            return
        self.product(self.place(True, 0, ja), self.place(False, 0, jb), a, b, n, self.X.ld,
                     self.X.ld, beta, &out[ja, jb])
        if self.is_shifted:
            self.center(ja, jb, a, b, out)

    cdef double *place(self, bint of_a, Py_ssize_t i, Py_ssize_t line) noexcept nogil:
        """Where element i of a line is in X; the others follow each other."""
        if self.by_rows:
            return <double *> self.X.at64(line, i)
        return <double *> self.X.at64(i, (self.a[0] if of_a else self.b[0]) + line)

    cdef void product(self, double *A, double *B, Py_ssize_t a, Py_ssize_t b, Py_ssize_t n,
                      Py_ssize_t ld_a, Py_ssize_t ld_b, double beta, double *out) noexcept nogil:
        """out (a, b) = beta out + A B', n elements of each line."""
        cdef int ka = <int> a, kb = <int> b, k = <int> n, ldc = <int> self.kb
        cdef int lda = <int> ld_a, ldb = <int> ld_b
        cdef double one = 1.0
        cdef char *plain = b'N'
        cdef char *trans = b'T'
        # C-ordered out is BLAS's out': out' += B A'
        if self.symmetric and A == B:
            dsyrk(b'L', trans if self.along else plain, &kb, &k, &one, B, &ldb, &beta, out, &ldc)
        else:
            dgemm(trans if self.along else plain, plain if self.along else trans, &kb, &ka, &k,
                  &one, B, &ldb, A, &lda, &beta, out, &ldc)

    cdef void pack_all(self, bint of_b, Py_ssize_t i, Py_ssize_t n, Py_ssize_t lines,
                       double *out, int n_threads):
        """`pack` of all lines, in parts that are contiguous in `out`."""
        cdef Py_ssize_t part, total = lines if self.along else n
        cdef Py_ssize_t width = ceil_div(total, PACK_PARTS), n_parts = ceil_div(total, width)
        for part in prange(n_parts, nogil=True, num_threads=n_threads, schedule="dynamic",
                           chunksize=1):
            if self.along:
                self.pack(of_b, i, n, part * width, min(width, lines - part * width),
                          out + part * width * n)
            else:
                self.pack(of_b, i + part * width, min(width, n - part * width), 0, lines,
                          out + part * width * lines)

    cdef void pack(self, bint of_b, Py_ssize_t i, Py_ssize_t n, Py_ssize_t line,
                   Py_ssize_t n_lines, double *out) noexcept nogil:
        """n elements from i on of some lines."""
        cdef const Py_ssize_t *columns = &self.b[0] if of_b else &self.a[0]
        cdef const double *m = &self.mb[0] if of_b else &self.ma[0]
        if self.by_rows:
            self.X.pack(line, n_lines, columns + i, n, m + i, True, out)
        else:
            self.X.pack(i, n, columns + line, n_lines, m + line,
                        self.run_b if of_b else self.run_a, out)


cdef void mirror(double[:, ::1] G, int n_threads):
    """Copy the upper triangle to the lower one, tile by tile."""
    cdef Py_ssize_t band, n_bands = ceil_div(G.shape[0], MIRRORED)
    for band in prange(n_bands, nogil=True, num_threads=n_threads, schedule="dynamic",
                       chunksize=1):
        mirror_band(G, (n_bands - 1 - band) * MIRRORED)  # the longest first


cdef void mirror_band(double[:, ::1] G, Py_ssize_t first) noexcept nogil:
    cdef Py_ssize_t i, j, start = 0, end = min(first + MIRRORED, G.shape[0])
    while start < end:
        for i in range(first, end):
            for j in range(start, min(start + MIRRORED, i)):
                G[i, j] = G[j, i]
        start += MIRRORED
