"""Targets as solvers want them: one to a row, centred, and scaled as the rows of X are."""
import numpy as np

from cython.parallel cimport prange

from fastreg._kernels.interrupt cimport check_interrupt
from fastreg._kernels.matrix cimport fr_dot, left_out_of_sum, pointer_or_null


cdef enum:
    CHUNK = 2048    # samples of a target that stay in the L1 cache
    BLOCK = 32      # samples that are turned over at a time


def center_targets(const double[:, :] Y, const double[::1] weights, scale, double total_weight,
                   Py_ssize_t heaviest, int n_threads):
    """diag(scale) (Y - 1 mean') for Y (n, T), turned over, in two passes.

    `heaviest` is the row of largest weight, or -1 for no centring. Targets are shifted by
    it before their means are taken, as columns are: no rounding of a large mean is left.
    `scale` (n,) may be None. Returns the rows (T, n), and for each of them its mean,
    what rounding left out of that, and its squared norm.
    """
    cdef Py_ssize_t n = Y.shape[0], n_targets = Y.shape[1], t, chunk, i
    cdef Py_ssize_t n_chunks = (n + CHUNK - 1) // CHUNK
    result, about = np.empty((n_targets, n)), np.zeros((5 + n_chunks, n_targets))
    cdef double[:, ::1] out = result, means = about
    cdef double[:, ::1] sums = means[5:]
    cdef double[::1] shift = means[3], offset = means[4]
    cdef const double *q = pointer_or_null(scale)
    cdef bint centered = heaviest >= 0
    if centered:
        for t in range(n_targets):
            shift[t] = Y[heaviest, t]
    for chunk in prange(n_chunks, nogil=True, num_threads=n_threads, schedule="static"):
        turn(Y, shift, &weights[0], chunk * CHUNK, min((chunk + 1) * CHUNK, n), centered, out,
             &sums[chunk, 0])
    check_interrupt()
    if centered:
        for t in range(n_targets):
            for chunk in range(n_chunks):
                offset[t] += sums[chunk, t]
            offset[t] /= total_weight
            means[0, t] = shift[t] + offset[t]
            means[1, t] = left_out_of_sum(shift[t], offset[t])
    for chunk in prange(n_chunks, nogil=True, num_threads=n_threads, schedule="static"):
        for t in range(n_targets):
            i = chunk * CHUNK
            sums[chunk, t] = settle(&out[t, i], min(n - i, CHUNK), offset[t],
                                    q + i if q != NULL else NULL)
    check_interrupt()
    for chunk in range(n_chunks):
        for t in range(n_targets):
            means[2, t] += sums[chunk, t]
    return result, about[0], about[1], about[2]


cdef void turn(const double[:, :] Y, const double[::1] shift, const double *w, Py_ssize_t start,
               Py_ssize_t end, bint centered, double[:, ::1] out, double *sums) noexcept nogil:
    """out <- Y' - shift for some samples, and its weighted sums where they are wanted."""
    cdef Py_ssize_t first = start, last, i, t
    while first < end:
        last = min(first + BLOCK, end)
        for t in range(Y.shape[1]):
            for i in range(first, last):
                out[t, i] = Y[i, t] - shift[t]
        first = last
    if centered:
        for t in range(Y.shape[1]):
            sums[t] = fr_dot(w + start, &out[t, start], end - start)


cdef double settle(double *row, Py_ssize_t n, double offset, const double *q) noexcept nogil:
    """row <- q (row - offset); returns its squared norm."""
    cdef Py_ssize_t i
    for i in range(n):
        row[i] -= offset
    if q != NULL:
        for i in range(n):
            row[i] *= q[i]
    return fr_dot(row, row, n)
