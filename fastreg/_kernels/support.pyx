"""Which columns have a coefficient, for W (n_tasks, p)."""
import numpy as np


def support(const double[:, :] W):
    """The columns of W with one that is not zero, in their order."""
    used = np.zeros(W.shape[1], dtype=np.uint8)
    mark_support(W, used)
    return used.view(bool).nonzero()[0]


def mark_support(const double[:, :] W, unsigned char[::1] used):
    """used[j] = 1 for these columns; the rest stays as it is."""
    cdef Py_ssize_t t, j
    for t in range(W.shape[0]):
        for j in range(W.shape[1]):
            if W[t, j] != 0:  # rare: a branch is guessed, and nothing written
                used[j] = 1
