"""Fully connected layers: out = in W + b, on dense input and on sparse rows of X."""
import numpy as np

from libc.string cimport memset

from fastreg._kernels.layer cimport Batch, DenseInput, Layer, Share, address, at, equal_share

cdef extern from "gemm.h" nogil:
    Py_ssize_t FR_DEPTH
    int fr_tile_rows(int most, Py_ssize_t left)
    Py_ssize_t fr_panel(bint single)
    Py_ssize_t fr_padded(bint single, Py_ssize_t n)
    Py_ssize_t fr_block(bint single, Py_ssize_t n)
    void fr_pack(bint single, const void *b, Py_ssize_t stride, Py_ssize_t k, Py_ssize_t n,
                 Py_ssize_t block, Py_ssize_t first, Py_ssize_t last, void *packed)
    void fr_unpack(bint single, const void *packed, Py_ssize_t k, Py_ssize_t n,
                   Py_ssize_t block, void *matrix)
    void fr_own_packed(bint single, Py_ssize_t k, Py_ssize_t n, Py_ssize_t block,
                       Py_ssize_t first, Py_ssize_t last, Py_ssize_t left, Py_ssize_t right,
                       void *packed)
    void fr_transpose_part(bint single, const void *weights, Py_ssize_t n, Py_ssize_t k,
                           Py_ssize_t block, Py_ssize_t top, Py_ssize_t bottom,
                           Py_ssize_t left, Py_ssize_t right, void *transposed)
    void fr_gemm(bint single, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const void *a,
                 Py_ssize_t row_stride, Py_ssize_t k_stride, const Py_ssize_t *chosen,
                 const Py_ssize_t *next, const void *packed, Py_ssize_t block,
                 Py_ssize_t first, Py_ssize_t last, const void *bias, bint add, void *c,
                 Py_ssize_t c_row, Py_ssize_t c_panel)
    void fr_column_sums(bint single, const void *packed, Py_ssize_t k, Py_ssize_t n,
                        Py_ssize_t left, Py_ssize_t right, bint add, void *out)

cdef extern from "optimise.h" nogil:
    void fr_limit_norms(bint single, void *weights, Py_ssize_t rows, Py_ssize_t columns,
                        Py_ssize_t block, Py_ssize_t first, Py_ssize_t last, double bound)

cdef extern from "network_rows.h" nogil:
    void fr_sparse_forward(bint single, bint x_single, const void *data, const int *indices,
                           const int *indptr, const Py_ssize_t *samples, Py_ssize_t first,
                           Py_ssize_t last, const void *weights, Py_ssize_t w_stride,
                           const void *bias, Py_ssize_t width, void *output, Py_ssize_t stride)
    void fr_sparse_gradient(bint single, bint x_single, const void *data, const int *indices,
                            const int *indptr, const Py_ssize_t *samples, Py_ssize_t rows,
                            Py_ssize_t top, Py_ssize_t bottom, const void *deltas,
                            Py_ssize_t stride, Py_ssize_t width, void *gradient,
                            Py_ssize_t g_stride)


cdef enum:
    TILE = 2048         # weights of a tile, about, at most
    TILES = 16          # of a layer, or more
    SHARED = 1 << 14    # weights of the first layer that are worth sharing by panels, ...
    SHARED_ROWS = 4     # ... for batches of so many rows at most for each unit
    OWNED_ROWS = 12     # of weights: lines enough to take over while so many are multiplied
    OWN_TRANSPOSE = 1 << 14   # weights of which each thread has a transpose of its own, at most


def packed_size(shape, dtype):
    """Numbers that a matrix takes where it lies as products read it: see panels.h."""
    return shape[0] * fr_padded(dtype == np.float32, shape[1])


def pack(matrix, packed, bint for_sparse):
    """Write a matrix to where it lies as products read it, with dense or sparse X."""
    cdef Py_ssize_t k = matrix.shape[0], n = matrix.shape[1]
    cdef bint single = packed.dtype == np.float32
    matrix = np.ascontiguousarray(matrix, dtype=packed.dtype)
    fr_pack(single, address(matrix), n, k, n, 1 if for_sparse else fr_block(single, n), 0, k,
            address(packed))


def unpack(packed, shape, bint for_sparse):
    """A copy of such a matrix, row by row."""
    cdef bint single = packed.dtype == np.float32
    matrix = np.empty(shape, dtype=packed.dtype)
    fr_unpack(single, address(packed), shape[0], shape[1],
              1 if for_sparse else fr_block(single, shape[1]), address(matrix))
    return matrix


# Columns left..right of rows top..bottom of W in one block, which lie one after the other
# from `start` up to `end`.
cdef struct Part:
    Py_ssize_t top, bottom, left, right
    Py_ssize_t block, depth       # first row and height of the block
    Py_ssize_t end


cdef class Linear(Layer):
    """W (inputs, outputs) in panels, and b (outputs,). Products read W where it lies, and its
    transpose and `grad` in packed form. The former is packed again where W changes; each
    thread has its own of a small W, and packs it when it goes backward: less comes from other
    threads' caches then, and nothing is called for each tile.

    Threads share the products by rows of the batch, so that all of them read all weights,
    each part of which one thread has moved. A large first layer on few rows is shared by
    panels instead: a thread has all rows of X, and weights that no other one touches.
    """
    cdef Py_ssize_t n_inputs, padded, n_weights
    cdef Py_ssize_t block         # rows of a block of W
    cdef DenseInput input         # the layer before, where it is one; else None
    cdef bint propagates          # a layer below wants its `grad`
    cdef bint in_panels           # its tiles are single panels, which threads may share
    cdef void *transposed
    cdef Py_ssize_t own_transpose   # numbers of a thread's own; 0: one for all
    cdef void *packed_grad

    def __init__(self, Layer previous, Py_ssize_t width, bint propagates):
        Layer.__init__(self, previous, width, previous.single)
        self.n_inputs, self.propagates = previous.width, propagates
        self.padded = fr_padded(self.single, width)
        self.n_weights, self.block = self.n_inputs * self.padded, fr_block(self.single, width)
        self.in_panels = isinstance(previous, DenseInput) and self.n_weights >= SHARED

    def tiles(self):
        """Panels of a block, or some rows of one, then b: of a small layer small tiles, so that
        threads get equal shares; a thread works on those that lie together in one go."""
        cdef Py_ssize_t block, depth, left, row, base, step, panel = fr_panel(self.single)
        cdef Py_ssize_t size = min(max(self.n_weights // TILES, TILE // 4), TILE)
        # whole panels of the transpose, too
        cdef Py_ssize_t n_rows = FR_DEPTH if self.in_panels else size // (panel * panel) * panel
        tiles = []
        for block in range(0, self.n_inputs, self.block):
            depth = min(self.block, self.n_inputs - block)
            step = panel if self.in_panels else max(1, size // (depth * panel)) * panel
            for left in range(0, self.padded, step):
                base = block * self.padded + left * depth
                shared = left // panel if self.n_panels else -1
                if step > panel:
                    stop = block * self.padded + min(left + step, self.padded) * depth
                    tiles.append((base, stop, True, shared))
                    continue
                for row in range(0, depth, n_rows):
                    tiles.append((base + row * panel, base + min(row + n_rows, depth) * panel,
                                  True, shared))
        step = panel if self.in_panels else self.width
        for left in range(0, self.width, step):
            right = min(left + step, self.width)
            tiles.append((self.n_weights + left, self.n_weights + right, False,
                          left // panel if self.n_panels else -1))
        return tiles

    def allocate(self, Py_ssize_t n_rows, int n_threads):
        """`out` and what is packed."""
        cdef Py_ssize_t n_panels = self.padded // fr_panel(self.single)
        Layer.allocate(self, n_rows, n_threads)
        self.packed_grad = self.buffer("packed_grad", n_rows * self.padded)
        if self.propagates:
            size = self.width * fr_padded(self.single, self.n_inputs)
            small = self.n_weights <= OWN_TRANSPOSE
            self.own_transpose, self.refreshes = size if small else 0, not small
            self.transposed = self.buffer("transposed", n_threads * size if small else size)
        if (self.in_panels and n_threads > 1 and n_panels % n_threads == 0
                and n_rows <= SHARED_ROWS * self.width):
            self.n_panels = n_panels
        if isinstance(self.previous, DenseInput):
            self.input = self.previous
            self.input.feed(n_rows, n_threads, self.n_panels > 0)

    def connect(self, Py_ssize_t n_rows):
        """The layer before has a `grad` of its own."""
        self.own_grad(n_rows)

    cdef const void *rows(self, const Batch *batch, const Share *share,
                          const Py_ssize_t **chosen) noexcept nogil:
        """The input, and which of its rows are the batch's, NULL for the first ones."""
        chosen[0] = NULL
        if self.input is None:
            return self.previous.out
        if self.input.lends:
            chosen[0] = batch.samples
        return at(self.input.out, share.thread * self.input.copy, self.single)

    cdef void forward(self, const Batch *batch, const Share *share) noexcept nogil:
        cdef bint single = self.single
        cdef Py_ssize_t first = share.first, last = share.last, left = 0, right = self.width
        cdef const Py_ssize_t *chosen
        cdef const void *rows = self.rows(batch, share, &chosen)
        if self.n_panels:
            first, last = 0, batch.n_rows
            left = share.first_panel * fr_panel(single)
            right = min(share.last_panel * fr_panel(single), self.width)
        if chosen != NULL:
            chosen += first
        else:
            rows = at(rows, first * self.previous.stride, single)
        fr_gemm(single, last - first, self.width, self.n_inputs, rows,
                self.previous.stride, 1, chosen, NULL, self.parameters, self.block, left, right,
                at(self.parameters, self.n_weights, single), False,
                at(self.out, first * self.stride, single), self.stride, fr_panel(single))
        if share.n_threads > 1 and not self.n_panels:
            self.own_packed_grad(batch, share)

    cdef void backward(self, const Batch *batch, const Share *share) noexcept nogil:
        cdef bint single = self.single
        cdef void *transposed = at(self.transposed, share.thread * self.own_transpose, single)
        fr_pack(single, self.grad, self.stride, batch.n_rows, self.width, FR_DEPTH, share.first,
                share.last, self.packed_grad)
        if self.own_transpose and share.first < share.last:
            self.transpose(0, self.n_weights, transposed)
        if self.propagates:
            fr_gemm(single, share.last - share.first, self.n_inputs, self.width,
                    at(self.grad, share.first * self.stride, single), self.stride, 1,
                    NULL, NULL, transposed, FR_DEPTH, 0, self.n_inputs, NULL, False,
                    at(self.previous.grad, share.first * self.previous.stride, single),
                    self.previous.stride, fr_panel(single))

    cdef void own_packed_grad(self, const Batch *batch, const Share *share) noexcept nogil:
        cdef Py_ssize_t row = share.first, last
        while row < share.last:
            last = min(share.last, (row // FR_DEPTH + 1) * FR_DEPTH)
            fr_own_packed(self.single, batch.n_rows, self.width, FR_DEPTH, row, last, 0,
                          self.width, self.packed_grad)
            row = last

    cdef bint next_part(self, Py_ssize_t start, Py_ssize_t stop, Part *part) noexcept nogil:
        """The part of W that begins with its number `start`: whole panels of a block, or some
        rows of one; false where `stop` is reached."""
        cdef Py_ssize_t panel = fr_panel(self.single), base, size
        if start >= stop:
            return False
        part.block = start // (self.block * self.padded) * self.block
        part.depth = min(self.block, self.n_inputs - part.block)
        base, size = part.block * self.padded, part.depth * panel   # of the block, of a panel
        part.left = (start - base) // size * panel
        part.top = part.block + (start - base) % size // panel
        stop = min(stop, base + self.padded * part.depth)
        if part.top == part.block and stop - start >= size:
            part.right = (stop - base) // size * panel
            part.bottom = part.block + part.depth
            part.end = base + part.right * part.depth
        else:
            part.right = part.left + panel
            part.end = min(stop, base + part.right * part.depth)
            part.bottom = part.top + (part.end - start) // panel
        return True

    cdef void differentiate(self, const Batch *batch, const Share *share, Py_ssize_t start,
                            Py_ssize_t stop) noexcept nogil:
        cdef Part part
        while self.next_part(start, min(stop, self.n_weights), &part):
            self.differentiate_part(batch, share, &part)
            start = part.end
        self.differentiate_bias(batch, start, stop)

    cdef void differentiate_bias(self, const Batch *batch, Py_ssize_t start,
                                 Py_ssize_t stop) noexcept nogil:
        if stop > self.n_weights:
            fr_column_sums(self.single, self.packed_grad, batch.n_rows, self.width,
                           max(start - self.n_weights, 0), stop - self.n_weights, batch.add,
                           at(self.gradients, self.n_weights, self.single))

    cdef void differentiate_part(self, const Batch *batch, const Share *share,
                                 const Part *part) noexcept nogil:
        cdef bint single = self.single, owns = share.n_threads > 1 and self.n_panels == 0
        cdef Py_ssize_t panel = fr_panel(single), base = part.block * self.padded
        cdef Py_ssize_t row = part.top, n_rows = part.bottom - part.top
        cdef const Py_ssize_t *chosen
        cdef const Py_ssize_t *next = NULL
        cdef const void *rows = self.rows(batch, share, &chosen)
        if self.input is not None and part.left == share.first_panel * panel:
            next = self.input.coming(batch, share)
        while row < part.bottom:
            if owns:
                n_rows = fr_tile_rows(OWNED_ROWS, part.bottom - row)
                fr_own_packed(single, self.n_inputs, self.width, self.block, row, row + n_rows,
                              part.left, part.right, self.parameters)
            fr_gemm(single, n_rows, self.padded, batch.n_rows,
                    at(rows, row, single), 1, self.previous.stride, chosen, next,
                    self.packed_grad, FR_DEPTH, part.left, part.right, NULL, batch.add,
                    at(self.gradients, base + (row - part.block) * panel, single), panel,
                    part.depth * panel)
            row += n_rows

    cdef void refresh(self, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
        if self.refreshes:
            self.transpose(start, min(stop, self.n_weights), self.transposed)

    cdef void transpose(self, Py_ssize_t start, Py_ssize_t stop,
                        void *transposed) noexcept nogil:
        cdef Part part
        while self.next_part(start, stop, &part):
            fr_transpose_part(self.single, self.parameters, self.n_inputs, self.width, self.block,
                              part.top, part.bottom, part.left, part.right, transposed)
            start = part.end

    cdef void limit_norms(self, double bound, const Share *share) noexcept nogil:
        cdef Py_ssize_t panel = fr_panel(self.single), n_panels = self.padded // panel
        fr_limit_norms(self.single, self.parameters, self.n_inputs, self.width, self.block,
                       equal_share(n_panels, share.thread, share.n_threads) * panel,
                       equal_share(n_panels, share.thread + 1, share.n_threads) * panel, bound)


cdef class CsrInput(Layer):
    """Rows of a CSR matrix with sorted indices; `SparseLinear` reads them where they lie."""
    cdef bint x_single
    cdef void *data
    cdef int *indices
    cdef int *indptr

    def __init__(self, X, bint single):
        Layer.__init__(self, None, X.shape[1], single)
        for name in ("data", "indices", "indptr"):
            self.memory[name] = getattr(X, name)
        self.x_single = X.data.dtype == np.float32
        self.data = address(X.data)
        self.indices, self.indptr = <int *> address(X.indices), <int *> address(X.indptr)

    def allocate(self, Py_ssize_t n_rows, int n_threads):
        """Nothing: rows stay where they are."""


cdef class SparseLinear(Linear):
    """The same on a `CsrInput`, with W row by row."""
    cdef CsrInput rows_of_x

    def __init__(self, CsrInput previous, Py_ssize_t width, bint propagates):
        Linear.__init__(self, previous, width, propagates)
        self.rows_of_x, self.block = previous, 1

    def tiles(self):
        """Some rows of W, then b."""
        cdef Py_ssize_t start, step = max(16, -(-TILE // (16 * self.padded)) * 16) * self.padded
        tiles = [(start, min(start + step, self.n_weights), True, -1)
                 for start in range(0, self.n_weights, step)]
        return [*tiles, (self.n_weights, self.n_weights + self.width, False, -1)]

    cdef void forward(self, const Batch *batch, const Share *share) noexcept nogil:
        fr_sparse_forward(self.single, self.rows_of_x.x_single, self.rows_of_x.data,
                          self.rows_of_x.indices, self.rows_of_x.indptr, batch.samples,
                          share.first, share.last, self.parameters, self.padded,
                          at(self.parameters, self.n_weights, self.single), self.width, self.out,
                          self.stride)

    cdef void differentiate(self, const Batch *batch, const Share *share, Py_ssize_t start,
                            Py_ssize_t stop) noexcept nogil:
        cdef Py_ssize_t end = min(stop, self.n_weights)
        if start < end:
            if not batch.add:
                memset(at(self.gradients, start, self.single), 0,
                       (end - start) * (4 if self.single else 8))
            fr_sparse_gradient(self.single, self.rows_of_x.x_single, self.rows_of_x.data,
                               self.rows_of_x.indices, self.rows_of_x.indptr, batch.samples,
                               batch.n_rows, start // self.padded, end // self.padded, self.grad,
                               self.stride, self.width, self.gradients, self.padded)
        self.differentiate_bias(batch, start, stop)
