"""What a network's output is compared with: see network_loss.pyx."""
from fastreg._kernels.layer cimport Batch, Layer, Share

cdef extern from "losses.h" nogil:
    ctypedef double (*fr_loss)(const void *outputs, Py_ssize_t stride, Py_ssize_t first,
                               Py_ssize_t last, Py_ssize_t width, const void *targets,
                               const Py_ssize_t *samples, const double *weights, double scale,
                               double parameter, void *grads,
                               Py_ssize_t grad_stride) noexcept nogil
    ctypedef struct fr_loss_kind:
        const char *name
        fr_loss compare[2]
    const fr_loss_kind fr_loss_kinds[]
    int FR_LOSSES


cdef class Loss:
    cdef const fr_loss_kind *kind
    cdef double parameter
    cdef const void *targets
    cdef Py_ssize_t target_bytes     # of a sample
    cdef const double[::1] sample_weight
    cdef double block_loss[16]
    cdef dict memory

    cdef double scale(self, const Batch *batch) noexcept nogil
    cdef void expect(self, const Batch *batch, const Share *share) noexcept nogil
    cdef void compare(self, Layer last, const Batch *batch, const Share *share) noexcept nogil
    cdef double total(self, const Batch *batch) noexcept nogil
