"""Layers that apply a function to each number: the formulas are in activations.h."""
import numpy as np

from fastreg._kernels.layer cimport Batch, Layer, Share, address

cdef extern from "activations.h" nogil:
    ctypedef void (*fr_activation)(const void *z, Py_ssize_t z_stride, void *a,
                                   Py_ssize_t a_stride, Py_ssize_t first, Py_ssize_t last,
                                   Py_ssize_t width) noexcept nogil
    ctypedef void (*fr_activation_slope)(const void *z, Py_ssize_t z_stride, const void *a,
                                         Py_ssize_t a_stride, void *grad, Py_ssize_t grad_stride,
                                         Py_ssize_t first, Py_ssize_t last,
                                         Py_ssize_t width) noexcept nogil
    ctypedef struct fr_activation_kind:
        const char *name
        bint in_place
        fr_activation forward[2]
        fr_activation_slope backward[2]
    const fr_activation_kind fr_activation_kinds[]
    int FR_ACTIVATIONS


NUMBERS = {fr_activation_kinds[i].name.decode(): i for i in range(FR_ACTIVATIONS)}


cdef class Activation(Layer):
    """The activation `name` of `NUMBERS`."""
    cdef const fr_activation_kind *kind

    def __init__(self, Layer previous, name):
        Layer.__init__(self, previous, previous.width, previous.single)
        self.kind = &fr_activation_kinds[NUMBERS[name]]

    def allocate(self, Py_ssize_t n_rows, int n_threads):
        """`out`, which is the input's where the slope needs the output alone."""
        if self.kind.in_place:
            self.out = self.previous.out
        else:
            Layer.allocate(self, n_rows, n_threads)

    cdef void forward(self, const Batch *batch, const Share *share) noexcept nogil:
        self.kind.forward[self.single](self.previous.out, self.previous.stride, self.out,
                                       self.stride, share.first, share.last, self.width)

    cdef void backward(self, const Batch *batch, const Share *share) noexcept nogil:
        self.kind.backward[self.single](self.previous.out, self.previous.stride, self.out,
                                        self.stride, self.grad, self.stride, share.first,
                                        share.last, self.width)


def activate(name, array):
    """Apply an activation to a C-ordered array of floats, in place."""
    if not array.flags.c_contiguous:
        raise ValueError("The array must be C-ordered.")
    cdef const fr_activation_kind *kind = &fr_activation_kinds[NUMBERS[name]]
    cdef bint single = array.dtype == np.float32
    cdef void *numbers = address(array)
    cdef Py_ssize_t size = array.size
    with nogil:
        kind.forward[single](numbers, size, numbers, size, 0, 1, size)
    return array
