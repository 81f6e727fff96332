"""Gram matrices of sparse X: products of its columns, on the rows that both hold."""
import numpy as np

from cython.parallel cimport prange, threadid
from libc.string cimport memset

from fastreg._kernels.csc cimport Csc, value
from fastreg._kernels.interrupt cimport INTERRUPT_WORK, check_interrupt

cdef enum:
    GRAM_BATCH = 128


def gram(Csc X, const Py_ssize_t[::1] a, b, int n_threads):
    """A_a' A_b as an array (len(a), len(b)); b=None stands for b = a."""
    cdef bint symmetric = b is None
    cdef const Py_ssize_t[::1] cols = a if symmetric else b
    cdef Py_ssize_t ka = a.shape[0], kb = cols.shape[0], start, width, i, k, first, last
    result = np.empty((ka, kb))
    cdef double[:, ::1] out = result
    cdef double[:, ::1] sums = np.empty((n_threads, GRAM_BATCH))
    cdef RowsOfColumns rows
    cdef Py_ssize_t step = max(
        n_threads, <Py_ssize_t> (INTERRUPT_WORK / 32 / (
            (X.indptr[X.n_features] + 1.0) / X.n_features)))
    for start in range(0, kb, GRAM_BATCH):
        width = min(GRAM_BATCH, kb - start)
        rows = RowsOfColumns(X, cols[start:start + width])
        for first in range(start if symmetric else 0, ka, step):
            last = min(first + step, ka)
            for i in prange(first, last, nogil=True, num_threads=n_threads,
                            schedule="dynamic", chunksize=8):
                gram_row(X, a[i], rows, cols, start, width, &sums[threadid(), 0],
                         &out[i, start])
            check_interrupt()
    if symmetric:
        for i in range(ka):
            for k in range(i + 1, ka):
                out[i, k] = out[k, i]
    return result


cdef void gram_row(Csc X, Py_ssize_t i, RowsOfColumns rows, const Py_ssize_t[::1] cols,
                   Py_ssize_t start, Py_ssize_t width, double *sums,
                   double *out) noexcept nogil:
    """out[k] = A_i'A_j for the columns j of `rows`."""
    cdef Py_ssize_t at, r, k, j, entry
    cdef double x, m = X.total_weight * X.mean[i]
    cdef const double *dense = NULL
    if X.slot[i] >= 0:
        dense = &X.centered[X.slot[i], 0]
    else:
        memset(sums, 0, width * sizeof(double))
        for at in range(X.indptr[i], X.indptr[i + 1]):
            r = X.indices[at]
            x = value(X, at)
            for entry in range(rows.start[r], rows.start[r + 1]):
                sums[rows.column[entry]] += x * rows.value[entry]
    for k in range(width):
        j = cols[start + k]
        if dense != NULL:
            out[k] = X.dot(j, dense, 0.0)
        elif X.slot[j] >= 0:
            out[k] = X.dot(i, &X.centered[X.slot[j], 0], 0.0)
        else:
            out[k] = sums[k] - m * X.mean[j]


cdef class RowsOfColumns:
    """The rows of some sparse columns times their weights: a product with another
    column then touches only what both hold."""
    cdef int[::1] start
    cdef int[::1] column
    cdef double[::1] value

    def __init__(self, Csc X, const Py_ssize_t[::1] columns):
        cdef Py_ssize_t k, j, at, r, n = X.n_samples, total = 0
        cdef double q
        for k in range(columns.shape[0]):
            total += X.indptr[columns[k] + 1] - X.indptr[columns[k]]
        # counted one place on, filled in place: `start` ends where it should
        self.start = np.zeros(n + 2, dtype=np.intc)
        self.column = np.empty(total, dtype=np.intc)
        self.value = np.empty(total)
        with nogil:
            for k in range(columns.shape[0]):
                for at in range(X.indptr[columns[k]], X.indptr[columns[k] + 1]):
                    self.start[X.indices[at] + 2] += 1
            for r in range(2, n + 2):
                self.start[r] += self.start[r - 1]
            for k in range(columns.shape[0]):
                j = columns[k]
                for at in range(X.indptr[j], X.indptr[j + 1]):
                    r = X.indices[at]
                    q = X.scale[r] if X.scale != NULL else 1.0
                    self.column[self.start[r + 1]] = <int> k
                    self.value[self.start[r + 1]] = q * q * value(X, at)
                    self.start[r + 1] += 1
