"""Batch normalisation: the formulas are in normalise.h."""
from libc.string cimport memcpy

from fastreg._kernels.layer cimport MAX_BLOCKS, Batch, Layer, Share, at, block_start, wait_for_all

cdef extern from "normalise.h" nogil:
    void fr_block_moments(bint single, const void *input, Py_ssize_t stride, Py_ssize_t first,
                          Py_ssize_t last, Py_ssize_t width, void *moments)
    void fr_merge_moments(bint single, const void *blocks, Py_ssize_t n_blocks, Py_ssize_t rows,
                          Py_ssize_t width, void *out)
    void fr_invert_deviations(bint single, void *squares, Py_ssize_t rows, Py_ssize_t width,
                              double epsilon)
    void fr_follow_moments(bint single, const void *means, const void *squares, Py_ssize_t rows,
                           Py_ssize_t width, double share, double *running_means,
                           double *running_variances)
    void fr_normalise(bint single, void *input, Py_ssize_t in_stride, void *output,
                      Py_ssize_t out_stride, Py_ssize_t first, Py_ssize_t last, Py_ssize_t width,
                      const void *means, const void *inverses, const void *scales,
                      const void *shifts)
    void fr_block_slopes(bint single, const void *gradient, Py_ssize_t grad_stride,
                         const void *normal, Py_ssize_t stride, Py_ssize_t first,
                         Py_ssize_t last, Py_ssize_t width, void *sums)
    void fr_merge_slopes(bint single, const void *blocks, Py_ssize_t n_blocks, Py_ssize_t width,
                         void *out)
    void fr_scale_slopes(bint single, const void *sums, Py_ssize_t span, Py_ssize_t width,
                         bint add, void *out)
    void fr_normalise_backward(bint single, void *gradient, Py_ssize_t grad_stride,
                               const void *normal, Py_ssize_t stride, Py_ssize_t first,
                               Py_ssize_t last, Py_ssize_t width, Py_ssize_t rows,
                               const void *inverses, const void *scales, const void *sums)


cdef class BatchNorm(Layer):
    """Scales and shifts (width,) each, and running means and variances beside them.

    The running ones are plain means over the rows of the first 1 / momentum batches, then
    move by `momentum` towards each batch; by less towards one of fewer rows, in proportion
    to them. They go on to `statistics`, (2, width) in float64; `n_seen` counts the rows.
    """
    cdef double momentum, epsilon
    cdef Py_ssize_t full     # rows of the largest batch
    cdef double[:, ::1] running
    cdef Py_ssize_t[::1] n_seen
    cdef void *moments       # of each block
    cdef void *block_slopes
    cdef void *merged        # for each thread: means, 1 / deviations, scales, shifts
    cdef void *slopes

    def __init__(self, Layer previous, statistics, n_seen, double momentum, double epsilon):
        Layer.__init__(self, previous, previous.width, previous.single)
        self.momentum, self.epsilon = momentum, epsilon
        self.running, self.n_seen = statistics, n_seen

    def tiles(self):
        """Scales and shifts, which are not penalised."""
        return [(0, 2 * self.width, False, -1)]

    def allocate(self, Py_ssize_t n_rows, int n_threads):
        """`out`, and room for statistics."""
        Layer.allocate(self, n_rows, n_threads)
        self.full = n_rows
        self.moments = self.buffer("moments", 2 * MAX_BLOCKS * self.span)
        self.block_slopes = self.buffer("block_slopes", 2 * MAX_BLOCKS * self.span)
        self.merged = self.buffer("merged", 4 * n_threads * self.span)
        self.slopes = self.buffer("slopes", 2 * n_threads * self.span)

    cdef void forward(self, const Batch *batch, const Share *share) noexcept nogil:
        cdef Py_ssize_t block, width = self.width, span = self.span
        cdef bint single = self.single
        cdef void *mean = at(self.merged, 4 * span * share.thread, single)
        cdef void *square = at(mean, span, single)
        cdef void *scale = at(mean, 2 * span, single)
        cdef void *shift = at(mean, 3 * span, single)
        for block in range(share.first_block, share.last_block):
            fr_block_moments(single, self.previous.out, self.previous.stride,
                             block_start(batch, block), block_start(batch, block + 1), span,
                             at(self.moments, 2 * span * block, single))
        wait_for_all(share)
        fr_merge_moments(single, self.moments, batch.n_blocks, batch.n_rows, span, mean)
        if share.thread == 0:
            self.follow(batch.n_rows, mean, square)
        fr_invert_deviations(single, square, batch.n_rows, width, self.epsilon)
        memcpy(scale, self.parameters, width * (4 if single else 8))
        memcpy(shift, at(self.parameters, width, single), width * (4 if single else 8))
        fr_normalise(single, self.previous.out, self.previous.stride, self.out, self.stride,
                     share.first, share.last, span, mean, square, scale, shift)

    cdef void follow(self, Py_ssize_t n_rows, const void *mean,
                     const void *square) noexcept nogil:
        """Move the running statistics."""
        cdef double share
        self.n_seen[0] += n_rows
        share = n_rows * max(self.momentum / self.full, 1.0 / self.n_seen[0])
        fr_follow_moments(self.single, mean, square, n_rows, self.width, share,
                          &self.running[0, 0], &self.running[1, 0])

    cdef void backward(self, const Batch *batch, const Share *share) noexcept nogil:
        cdef Py_ssize_t block, span = self.span
        cdef bint single = self.single
        cdef void *sums = at(self.slopes, 2 * span * share.thread, single)
        cdef void *mean = at(self.merged, 4 * span * share.thread, single)
        for block in range(share.first_block, share.last_block):
            fr_block_slopes(single, self.grad, self.stride, self.previous.out,
                            self.previous.stride, block_start(batch, block),
                            block_start(batch, block + 1), span,
                            at(self.block_slopes, 2 * span * block, single))
        wait_for_all(share)
        fr_merge_slopes(single, self.block_slopes, batch.n_blocks, span, sums)
        fr_normalise_backward(single, self.grad, self.stride, self.previous.out,
                              self.previous.stride, share.first, share.last, span,
                              batch.n_rows, at(mean, span, single), at(mean, 2 * span, single),
                              sums)

    cdef void differentiate(self, const Batch *batch, const Share *share, Py_ssize_t start,
                            Py_ssize_t stop) noexcept nogil:
        # one tile, and the first thread's sums
        fr_scale_slopes(self.single, self.slopes, self.span, self.width, batch.add,
                        self.gradients)
