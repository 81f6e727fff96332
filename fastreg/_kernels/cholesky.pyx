"""Cholesky's factor of a large matrix in tiles, on all cores.

The BLAS runs on one thread in a fit. Tiles depend on the size only, so the factor's
bits don't depend on the threads.
"""
import numpy as np

from cython.parallel cimport prange
from scipy.linalg.cython_blas cimport dgemm, dsyrk, dtrsm
from scipy.linalg.cython_lapack cimport dpotrf

from fastreg._kernels.interrupt cimport check_interrupt

cdef enum:
    TILE = 320
    # up to here LAPACK's own is as fast
    SMALL = 640


def factor_lower(double[::1, :] S, int n_threads):
    """Make the lower triangle of S that of L, S = L L'; false if S is not positive definite."""
    cdef int n = <int> S.shape[0], width = TILE if S.shape[0] > SMALL else max(1, <int> S.shape[0])
    cdef int n_tiles = (n + width - 1) // width, k, i, task, info = 0
    tiles = [(i, j) for j in range(n_tiles) for i in range(j, n_tiles)]  # column by column
    cdef const int[:, ::1] tile = np.array(tiles, dtype=np.intc).reshape(-1, 2)
    cdef int first = 0
    for k in range(n_tiles):
        first += n_tiles - k  # of the tiles right of column k
        factor_tile(S, k * width, width, &info)
        if info != 0:
            return False
        for i in prange(k + 1, n_tiles, nogil=True, num_threads=n_threads, schedule="dynamic"):
            solve_tile(S, i * width, k * width, width)
        for task in prange(first, tile.shape[0], nogil=True, num_threads=n_threads,
                           schedule="dynamic"):
            update_tile(S, tile[task, 0] * width, tile[task, 1] * width, k * width, width)
        check_interrupt()
    return True


cdef inline int size_of(double[::1, :] S, int i, int width) noexcept nogil:
    return min(width, <int> S.shape[0] - i)


cdef void factor_tile(double[::1, :] S, int k, int width, int *info) noexcept nogil:
    """S_kk <- L_kk."""
    cdef int size = size_of(S, k, width), ld = <int> S.shape[0]
    dpotrf(b'L', &size, &S[k, k], &ld, info)


cdef void solve_tile(double[::1, :] S, int i, int k, int width) noexcept nogil:
    """S_ik <- L_ik = S_ik L_kk'^-1."""
    cdef int rows = size_of(S, i, width), columns = size_of(S, k, width), ld = <int> S.shape[0]
    cdef double one = 1.0
    dtrsm(b'R', b'L', b'T', b'N', &rows, &columns, &one, &S[k, k], &ld, &S[i, k], &ld)


cdef void update_tile(double[::1, :] S, int i, int j, int k, int width) noexcept nogil:
    """S_ij -= L_ik L_jk'."""
    cdef int rows = size_of(S, i, width), columns = size_of(S, j, width)
    cdef int inner = size_of(S, k, width), ld = <int> S.shape[0]
    cdef double one = 1.0, minus = -1.0
    if i == j:
        dsyrk(b'L', b'N', &rows, &inner, &minus, &S[i, k], &ld, &one, &S[i, i], &ld)
    else:
        dgemm(b'N', b'T', &rows, &columns, &inner, &minus, &S[i, k], &ld, &S[j, k], &ld, &one,
              &S[i, j], &ld)
