"""Layers that apply a function to each number: the formulas are in activations.h."""
from cpython.buffer cimport (
    PyBUF_C_CONTIGUOUS, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer,
)

from fastreg._kernels.layer cimport Batch, Layer, Share

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
        """`out`, which is the input's where the slope needs the output alone, and the layer
        before is not ahead of this one."""
        if self.kind.in_place and not self.previous.n_panels:
            self.out = self.previous.out
        else:
            Layer.allocate(self, n_rows, n_threads)

    cdef void forward(self, const Batch *batch, const Share *share) noexcept nogil:
        self.kind.forward[self.single](self.previous.out, self.previous.stride, self.out,
                                       self.stride, share.first, share.last, self.span)

    cdef void backward(self, const Batch *batch, const Share *share) noexcept nogil:
        self.kind.backward[self.single](self.previous.out, self.previous.stride, self.out,
                                        self.stride, self.grad, self.stride, share.first,
                                        share.last, self.span)


def activate(name, array):
    """Apply an activation to a C-ordered array of floats, in place."""
    cdef const fr_activation_kind *kind = &fr_activation_kinds[NUMBERS[name]]
    cdef Py_buffer view
    cdef Py_ssize_t size
    PyObject_GetBuffer(array, &view, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
    try:
        if view.itemsize not in (4, 8):
            raise TypeError("an array of float32 or float64")
        size = view.len // view.itemsize
        with nogil:
            kind.forward[view.itemsize == 4](view.buf, size, view.buf, size, 0, 1, size)
    finally:
        PyBuffer_Release(&view)
    return array
