"""Layers that disturb a network while it is trained: the formulas are in masks.h."""
from libc.stdint cimport uint32_t, uint64_t

from fastreg._kernels.layer cimport Batch, Layer, Share

cdef extern from "masks.h" nogil:
    void fr_drop(bint single, const void *input, Py_ssize_t in_stride, void *output,
                 Py_ssize_t stride, double keep, Py_ssize_t span, Py_ssize_t first,
                 Py_ssize_t last, Py_ssize_t width, uint32_t layer, uint64_t number,
                 uint64_t key)
    void fr_drop_backward(bint single, void *gradient, const void *output, Py_ssize_t stride,
                          double keep, Py_ssize_t first, Py_ssize_t last, Py_ssize_t width)
    void fr_add_noise(bint single, void *data, Py_ssize_t stride, double deviation,
                      Py_ssize_t first, Py_ssize_t last, Py_ssize_t width, uint32_t layer,
                      uint64_t number, uint64_t key)


cdef class Dropout(Layer):
    """Zero with probability `rate`, and what stays is scaled so that the mean stays.

    Masks are drawn from stream `stream` of `key`. Srivastava et al.: Dropout, 2014.
    """
    cdef double keep
    cdef uint32_t stream
    cdef uint64_t key

    def __init__(self, Layer previous, double rate, uint32_t stream, uint64_t key):
        Layer.__init__(self, previous, previous.width, previous.single)
        self.keep, self.stream, self.key = 1 - rate, stream, key

    cdef void forward(self, const Batch *batch, const Share *share) noexcept nogil:
        fr_drop(self.single, self.previous.out, self.previous.stride, self.out,
                self.stride, self.keep, self.span, share.first, share.last, self.width,
                self.stream, batch.number, self.key)

    cdef void backward(self, const Batch *batch, const Share *share) noexcept nogil:
        fr_drop_backward(self.single, self.grad, self.out, self.stride, self.keep,
                         share.first, share.last, self.span)


cdef class GaussianNoise(Layer):
    """Adds normal numbers with the given standard deviation to the batch's rows of X."""
    cdef double deviation
    cdef uint32_t stream
    cdef uint64_t key

    def __init__(self, Layer previous, double deviation, uint32_t stream, uint64_t key):
        Layer.__init__(self, previous, previous.width, previous.single)
        self.deviation, self.stream, self.key = deviation, stream, key

    def allocate(self, Py_ssize_t n_rows, int n_threads):
        """Nothing: the noise is added in place."""
        self.out = self.previous.out

    cdef void forward(self, const Batch *batch, const Share *share) noexcept nogil:
        fr_add_noise(self.single, self.out, self.stride, self.deviation, share.first,
                     share.last, self.width, self.stream, batch.number, self.key)
