"""Fully connected layers: out = in W + b, on dense input and on sparse rows of X."""
import numpy as np

from libc.string cimport memset

from fastreg._kernels.layer cimport Batch, Layer, Share, address, at

cdef extern from "gemm.h" nogil:
    Py_ssize_t fr_padded(bint single, Py_ssize_t n)
    void fr_pack(bint single, const void *b, Py_ssize_t stride, Py_ssize_t k, Py_ssize_t n,
                 Py_ssize_t first, Py_ssize_t last, void *packed)
    void fr_own_packed(bint single, Py_ssize_t k, Py_ssize_t n, Py_ssize_t first,
                       Py_ssize_t last, void *packed)
    void fr_pack_transposed(bint single, const void *w, Py_ssize_t stride, Py_ssize_t k,
                            Py_ssize_t n, Py_ssize_t first, Py_ssize_t last, void *packed)
    void fr_gemm(bint single, Py_ssize_t m, Py_ssize_t n, Py_ssize_t k, const void *a,
                 Py_ssize_t row_stride, Py_ssize_t k_stride, const void *packed,
                 const void *bias, bint add, void *c, Py_ssize_t c_stride)
    void fr_column_sums(bint single, const void *packed, Py_ssize_t k, Py_ssize_t n, bint add,
                        void *out)

cdef extern from "optimise.h" nogil:
    void fr_limit_norms(bint single, void *weights, Py_ssize_t rows, Py_ssize_t columns,
                        Py_ssize_t first, Py_ssize_t last, double bound)

cdef extern from "network_rows.h" nogil:
    void fr_sparse_forward(bint single, bint x_single, const void *data, const int *indices,
                           const int *indptr, const Py_ssize_t *samples, Py_ssize_t first,
                           Py_ssize_t last, const void *weights, const void *bias,
                           Py_ssize_t width, void *output, Py_ssize_t stride)
    void fr_sparse_gradient(bint single, bint x_single, const void *data, const int *indices,
                            const int *indptr, const Py_ssize_t *samples, Py_ssize_t rows,
                            Py_ssize_t top, Py_ssize_t bottom, const void *deltas,
                            Py_ssize_t stride, Py_ssize_t width, void *gradient)


cdef enum:
    OWNED_ROWS = 12     # of weights: lines enough to take over while so many are multiplied


cdef class Linear(Layer):
    """W (inputs, outputs) and b (outputs,). Products read W, its transpose and `grad` in
    packed form; the first two are packed again where W changes."""
    cdef Py_ssize_t n_inputs, n_weights
    cdef bint propagates          # a layer below wants its `grad`
    cdef void *packed
    cdef void *transposed
    cdef void *packed_grad

    def __init__(self, Layer previous, Py_ssize_t width, bint propagates):
        Layer.__init__(self, previous, width, previous.single)
        self.n_inputs, self.propagates = previous.width, propagates
        self.n_weights = self.n_inputs * width

    def shapes(self):
        """W and b."""
        return [(self.n_inputs, self.width), (self.width,)]

    def allocate(self, Py_ssize_t n_rows, int n_threads):
        """`out` and what is packed."""
        cdef Py_ssize_t padded = fr_padded(self.single, self.width)
        Layer.allocate(self, n_rows, n_threads)
        self.packed_grad = self.buffer("packed_grad", n_rows * padded)
        self.packed = self.buffer("packed", self.n_inputs * padded)
        if self.propagates:
            self.transposed = self.buffer(
                "transposed", self.width * fr_padded(self.single, self.n_inputs)
            )

    def connect(self, Py_ssize_t n_rows):
        """The layer before has a `grad` of its own."""
        self.own_grad(n_rows)

    cdef void forward(self, const Batch *batch, const Share *share) noexcept nogil:
        cdef bint single = self.single
        fr_own_packed(single, batch.n_rows, self.width, share.first, share.last, self.packed_grad)
        fr_gemm(single, share.last - share.first, self.width, self.n_inputs,
                at(self.previous.out, share.first * self.previous.stride, single),
                self.previous.stride, 1, self.packed, at(self.parameters, self.n_weights, single),
                False, at(self.out, share.first * self.stride, single), self.stride)

    cdef void backward(self, const Batch *batch, const Share *share) noexcept nogil:
        cdef bint single = self.single
        fr_pack(single, self.grad, self.stride, batch.n_rows, self.width, share.first, share.last,
                self.packed_grad)
        if self.propagates:
            fr_gemm(single, share.last - share.first, self.n_inputs, self.width,
                    at(self.grad, share.first * self.stride, single), self.stride, 1,
                    self.transposed, NULL, False,
                    at(self.previous.grad, share.first * self.previous.stride, single),
                    self.previous.stride)

    cdef void differentiate(self, const Batch *batch, Py_ssize_t start,
                            Py_ssize_t stop) noexcept nogil:
        cdef Py_ssize_t top = min(start, self.n_weights) // self.width
        cdef Py_ssize_t bottom = min(stop, self.n_weights) // self.width
        cdef bint single = self.single
        cdef Py_ssize_t rows
        while top < bottom:
            rows = min(bottom - top, OWNED_ROWS)
            fr_own_packed(single, self.n_inputs, self.width, top, top + rows, self.packed)
            fr_gemm(single, rows, self.width, batch.n_rows,
                    at(self.previous.out, top, single), 1, self.previous.stride,
                    self.packed_grad, NULL, batch.add,
                    at(self.gradients, top * self.width, single), self.width)
            top += rows
        if stop > self.n_weights:
            fr_column_sums(single, self.packed_grad, batch.n_rows, self.width, batch.add,
                           at(self.gradients, self.n_weights, single))

    cdef void refresh(self, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
        cdef Py_ssize_t top = min(start, self.n_weights) // self.width
        cdef Py_ssize_t bottom = min(stop, self.n_weights) // self.width
        fr_pack(self.single, self.parameters, self.width, self.n_inputs, self.width, top, bottom,
                self.packed)
        if self.propagates:
            fr_pack_transposed(self.single, self.parameters, self.width, self.width,
                               self.n_inputs, top, bottom, self.transposed)

    cdef void limit_norms(self, double bound, int thread, int n_threads) noexcept nogil:
        fr_limit_norms(self.single, self.parameters, self.n_inputs, self.width,
                       thread * self.width // n_threads, (thread + 1) * self.width // n_threads,
                       bound)


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
    """The same on a `CsrInput`."""
    cdef CsrInput rows

    def __init__(self, CsrInput previous, Py_ssize_t width, bint propagates):
        Linear.__init__(self, previous, width, propagates)
        self.rows = previous

    def allocate(self, Py_ssize_t n_rows, int n_threads):
        """W is read where it lies."""
        Layer.allocate(self, n_rows, n_threads)
        self.packed_grad = self.buffer("packed_grad", n_rows * fr_padded(self.single, self.width))

    cdef void forward(self, const Batch *batch, const Share *share) noexcept nogil:
        fr_sparse_forward(self.single, self.rows.x_single, self.rows.data, self.rows.indices,
                          self.rows.indptr, batch.samples, share.first, share.last,
                          self.parameters, at(self.parameters, self.n_weights, self.single),
                          self.width, self.out, self.stride)

    cdef void backward(self, const Batch *batch, const Share *share) noexcept nogil:
        fr_pack(self.single, self.grad, self.stride, batch.n_rows, self.width, share.first,
                share.last, self.packed_grad)

    cdef void differentiate(self, const Batch *batch, Py_ssize_t start,
                            Py_ssize_t stop) noexcept nogil:
        cdef Py_ssize_t top = min(start, self.n_weights) // self.width
        cdef Py_ssize_t bottom = min(stop, self.n_weights) // self.width
        if not batch.add:
            memset(at(self.gradients, top * self.width, self.single), 0,
                   (bottom - top) * self.width * (4 if self.single else 8))
        fr_sparse_gradient(self.single, self.rows.x_single, self.rows.data, self.rows.indices,
                           self.rows.indptr, batch.samples, batch.n_rows, top, bottom, self.grad,
                           self.stride, self.width, self.gradients)
        if stop > self.n_weights:
            fr_column_sums(self.single, self.packed_grad, batch.n_rows, self.width, batch.add,
                           at(self.gradients, self.n_weights, self.single))

    cdef void refresh(self, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
        pass
