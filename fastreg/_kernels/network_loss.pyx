"""Losses of networks: the formulas are in losses.h."""
import numpy as np

from libc.float cimport DBL_MIN

from fastreg._kernels.layer cimport Batch, Layer, Share, address, block_start

cdef extern from "network_rows.h" nogil:
    void fr_expect_rows(const void *x, Py_ssize_t row_bytes, const Py_ssize_t *samples,
                        Py_ssize_t first, Py_ssize_t last, Py_ssize_t n_bytes, Py_ssize_t part,
                        Py_ssize_t n_parts)

NUMBERS = {fr_loss_kinds[i].name.decode(): i for i in range(FR_LOSSES)}


cdef class Loss:
    """The loss `name` of `NUMBERS` against `targets`.

    Targets are (samples, outputs) in the network's type, or classes (samples,) as
    intp for "softmax". `parameter` is the share of label smoothing of the losses of
    classes, the threshold of "huber" and the level of "quantile".
    """

    def __init__(self, name, targets, sample_weight, double parameter):
        self.kind = &fr_loss_kinds[NUMBERS[name]]
        self.parameter, self.sample_weight = parameter, sample_weight
        self.memory = {"targets": np.ascontiguousarray(targets)}
        self.targets = address(self.memory["targets"])
        self.target_bytes = self.memory["targets"].strides[0]

    cdef double scale(self, const Batch *batch) noexcept nogil:
        """1 / the sum of the batch's weights; 0 where they are all 0, or next to it."""
        cdef double total = 0
        cdef Py_ssize_t i
        if self.sample_weight is None:
            return 1.0 / batch.n_rows
        for i in range(batch.n_rows):
            total += self.sample_weight[batch.samples[i]]
        return 1 / total if total >= DBL_MIN else 0

    cdef void expect(self, const Batch *batch, const Share *share) noexcept nogil:
        """`compare` comes next: the targets may be fetched by now."""
        fr_expect_rows(self.targets, self.target_bytes, batch.samples, share.first, share.last,
                       self.target_bytes, 0, 1)

    cdef void compare(self, Layer last, const Batch *batch, const Share *share) noexcept nogil:
        """Write the slopes of the rows of a share, and the losses of its blocks."""
        cdef Py_ssize_t block
        cdef const double *weights = NULL
        if self.sample_weight is not None:
            weights = &self.sample_weight[0]
        for block in range(share.first_block, share.last_block):
            self.block_loss[block] = self.kind.compare[last.single](
                last.out, last.stride, block_start(batch, block), block_start(batch, block + 1),
                last.width, self.targets, batch.samples, weights, batch.scale, self.parameter,
                last.grad, last.stride)

    cdef double total(self, const Batch *batch) noexcept nogil:
        """The loss of the batch, after every share has been compared."""
        cdef double total = 0
        cdef Py_ssize_t block
        for block in range(batch.n_blocks):
            total += self.block_loss[block]
        return total


def loss_of(name, outputs, targets, sample_weight, double parameter):
    """The weighted mean loss of the rows of `outputs` (samples, outputs)."""
    outputs = np.ascontiguousarray(outputs)
    targets, slopes = np.ascontiguousarray(targets), np.empty_like(outputs)
    samples = np.arange(len(outputs), dtype=np.intp)
    cdef const fr_loss_kind *kind = &fr_loss_kinds[NUMBERS[name]]
    cdef const double[::1] weights = sample_weight
    cdef const double *first = NULL
    cdef double total = len(outputs)
    if sample_weight is not None:
        first, total = &weights[0], np.sum(sample_weight)
    return kind.compare[outputs.dtype == np.float32](
        address(outputs), outputs.shape[1], 0, len(outputs), outputs.shape[1], address(targets),
        <Py_ssize_t *> address(samples), first, 1 / total,
        parameter, address(slopes), outputs.shape[1])
