"""The interface of a network's layers, and the layers that bring in rows of X.

A layer works on a batch: `forward` writes `out` from the `out` of the layer before,
`backward` that layer's `grad` from its own, both for the rows of one thread's share; a
layer that needs all rows waits for the other threads in between. `differentiate` then
writes the gradients of some of the layer's parameters, and `refresh` is told which of
them have changed. All parameters of a network lie in one vector that the network owns;
so do the gradients. A new layer is one class in a file of its own, and a line where the
engine puts networks together.

Numbers are float or double (`single` says which) behind void pointers: methods of cdef
classes cannot be fused, and the loops over the numbers are C.
"""
import numpy as np

from libc.stdint cimport uintptr_t

cdef extern from "network_rows.h" nogil:
    void fr_gather_same_f32(const float *x, Py_ssize_t row_stride, Py_ssize_t column_stride,
                            const Py_ssize_t *samples, Py_ssize_t first, Py_ssize_t last,
                            Py_ssize_t width, float *out, Py_ssize_t stride)
    void fr_gather_same_f64(const double *x, Py_ssize_t row_stride, Py_ssize_t column_stride,
                            const Py_ssize_t *samples, Py_ssize_t first, Py_ssize_t last,
                            Py_ssize_t width, double *out, Py_ssize_t stride)
    void fr_gather_widened(const float *x, Py_ssize_t row_stride, Py_ssize_t column_stride,
                           const Py_ssize_t *samples, Py_ssize_t first, Py_ssize_t last,
                           Py_ssize_t width, double *out, Py_ssize_t stride)
    void fr_gather_narrowed(const double *x, Py_ssize_t row_stride, Py_ssize_t column_stride,
                            const Py_ssize_t *samples, Py_ssize_t first, Py_ssize_t last,
                            Py_ssize_t width, float *out, Py_ssize_t stride)
    void fr_expect_rows(const void *x, Py_ssize_t row_bytes, const Py_ssize_t *samples,
                        Py_ssize_t first, Py_ssize_t last, Py_ssize_t n_bytes, Py_ssize_t part,
                        Py_ssize_t n_parts)


cdef enum:
    LINE = 64           # bytes of a line of the cache
    ALIASING = 2048     # rows so many bytes apart share few sets of a first-level cache
    FETCHED = 1 << 18   # bytes of a batch that fit in a second-level cache beside another one


cdef void *address(array):
    """Where an array's numbers lie."""
    return <void *> <uintptr_t> array.ctypes.data


def aligned_zeros(size, dtype):
    """Zeros that start with a line of the cache: a vector from there on lies in one line."""
    n_bytes = size * np.dtype(dtype).itemsize
    memory = np.zeros(n_bytes + LINE, dtype=np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start:start + n_bytes].view(dtype)


cdef class Layer:
    """A layer of `width` outputs on top of `previous`."""

    def __init__(self, Layer previous, Py_ssize_t width, bint single):
        cdef Py_ssize_t line = LINE // (4 if single else 8)
        cdef Py_ssize_t n_lines = (width + line - 1) // line
        self.previous, self.width, self.single = previous, width, single
        # loops over single numbers go on to the end of a line, with no remainder: nobody
        # reads what is behind the width
        self.span = n_lines * line
        # an odd number of lines: a walk down a column meets all sets of the cache
        self.stride = (n_lines | 1) * line
        self.memory = {}

    @property
    def dtype(self):
        """Of the numbers."""
        return np.dtype(np.float32 if self.single else np.float64)

    def tiles(self):
        """Tiles of the parameters, in the order in which they lie: start, stop, whether they
        are weights, and the panel that they are of where those are shared, else -1."""
        return []

    def place(self, parameters, gradients):
        """Take these pieces of the network's vectors as one's own."""
        self.memory["parameters"], self.memory["gradients"] = parameters, gradients
        self.parameters, self.gradients = address(parameters), address(gradients)

    def allocate(self, Py_ssize_t n_rows, int n_threads):
        """Make `out` for batches of up to n_rows rows; called from the first layer on."""
        self.out = self.buffer("out", n_rows * self.stride)

    def connect(self, Py_ssize_t n_rows):
        """Make `grad`, in place for the layer before too; called from the last layer on."""
        self.own_grad(n_rows)
        self.previous.grad = self.grad

    cdef void own_grad(self, Py_ssize_t n_rows):
        if self.grad == NULL:
            self.grad = self.buffer("grad", n_rows * self.stride)

    cdef void *buffer(self, name, size):
        self.memory[name] = aligned_zeros(size, self.dtype)
        return address(self.memory[name])

    cdef void expect(self, const Batch *batch, const Share *share, Py_ssize_t part,
                     Py_ssize_t n_parts) noexcept nogil:
        """`forward` comes next: one of the parts of what it reads may be fetched by now."""
        pass

    cdef void forward(self, const Batch *batch, const Share *share) noexcept nogil:
        pass

    cdef void backward(self, const Batch *batch, const Share *share) noexcept nogil:
        pass

    cdef void differentiate(self, const Batch *batch, const Share *share, Py_ssize_t start,
                            Py_ssize_t stop) noexcept nogil:
        """Write (or add to) the gradients of own parameters start..stop, which are tiles."""
        pass

    cdef void refresh(self, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
        """Own parameters start..stop, which are tiles, have changed."""
        pass

    cdef void limit_norms(self, double bound, const Share *share) noexcept nogil:
        """Scale the weights into a unit where their norm is above `bound`."""
        pass


cdef class DenseInput(Layer):
    """Rows of a dense X (samples, features) in any layout, float32 or float64."""
    def __init__(self, X, bint single):
        Layer.__init__(self, None, X.shape[1], single)
        self.memory["X"] = X
        self.x, self.x_single = address(X), X.dtype == np.float32
        self.x_row, self.x_column = (step // X.itemsize for step in X.strides)

    cdef void feed(self, Py_ssize_t n_rows, int n_threads, bint to_all):
        """Be read by a linear layer alone, of which each thread wants its share of the rows or
        all of them: where they lie, if they are numbers of its type and not all at the same
        places of the cache, else gathered, for each thread that wants all."""
        cdef Py_ssize_t row_bytes = self.x_row * (4 if self.x_single else 8)
        self.feeds_all = to_all
        self.lends = (self.x_single == self.single and self.x_column == 1 and self.x_row > 1
                      and row_bytes % ALIASING != 0)
        if self.lends:
            self.out, self.stride = self.x, self.x_row
            self.memory.pop("out")
        elif to_all:
            self.copy = n_rows * self.stride
            self.out = self.buffer("out", n_threads * self.copy)

    cdef void expect(self, const Batch *batch, const Share *share, Py_ssize_t part,
                     Py_ssize_t n_parts) noexcept nogil:
        cdef Py_ssize_t size = 4 if self.x_single else 8
        if self.x_column == 1 and not self.reads_alike(share):
            fr_expect_rows(self.x, self.x_row * size, batch.samples,
                           0 if self.feeds_all else share.first,
                           batch.n_rows if self.feeds_all else share.last, self.width * size,
                           part, n_parts)

    cdef bint reads_alike(self, const Share *share) noexcept nogil:
        """Whether a thread reads the same rows forward and for gradients, where they lie."""
        return self.lends and (self.feeds_all or share.n_threads == 1)

    cdef const Py_ssize_t *coming(self, const Batch *batch, const Share *share) noexcept nogil:
        """Rows to fetch while gradients are formed of this batch's, NULL for none: where they
        would drive out others before they are read, reading them later takes less time."""
        cdef Py_ssize_t n_bytes = batch.n_rows * self.width * (4 if self.single else 8)
        return batch.next_samples if n_bytes <= FETCHED and self.reads_alike(share) else NULL

    cdef void forward(self, const Batch *batch, const Share *share) noexcept nogil:
        cdef Py_ssize_t first = 0 if self.feeds_all else share.first
        cdef Py_ssize_t last = batch.n_rows if self.feeds_all else share.last
        cdef void *out = at(self.out, share.thread * self.copy, self.single)
        if self.lends:
            return
        if self.single and not self.x_single:
            fr_gather_narrowed(<double *> self.x, self.x_row, self.x_column, batch.samples,
                               first, last, self.width, <float *> out, self.stride)
        elif self.single:
            fr_gather_same_f32(<float *> self.x, self.x_row, self.x_column, batch.samples,
                               first, last, self.width, <float *> out, self.stride)
        elif self.x_single:
            fr_gather_widened(<float *> self.x, self.x_row, self.x_column, batch.samples,
                              first, last, self.width, <double *> out, self.stride)
        else:
            fr_gather_same_f64(<double *> self.x, self.x_row, self.x_column, batch.samples,
                               first, last, self.width, <double *> out, self.stride)
