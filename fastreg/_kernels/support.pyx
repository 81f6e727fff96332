"""Which columns have a coefficient, for W (n_tasks, p)."""
import numpy as np


cdef extern from "scan.h" nogil:
    Py_ssize_t fr_next_used(const double *w, Py_ssize_t start, Py_ssize_t n)


def support(W):
    """The columns of W with one that is not zero, in their order."""
    used = np.zeros(W.shape[1], dtype=np.uint8)
    mark_support(W, used)
    return used.view(bool).nonzero()[0]


def mark_support(W, unsigned char[::1] used):
    """used[j] = 1 for these columns; the rest stays as it is."""
    cdef const double[:, ::1] rows = np.ascontiguousarray(W)
    cdef Py_ssize_t t, j, p = rows.shape[1]
    if p == 0:
        return
    for t in range(rows.shape[0]):
        j = fr_next_used(&rows[t, 0], 0, p)
        while j < p:
            used[j] = 1
            j = fr_next_used(&rows[t, 0], j + 1, p)
