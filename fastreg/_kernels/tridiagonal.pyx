"""K = Q T Q' with T tridiagonal: what (K + alpha I)^-1 needs, without K's eigenvectors."""
import numpy as np

from cython.parallel cimport prange
from scipy.linalg.cython_lapack cimport dormqr, dpttrf, dpttrs, dsytrd

from fastreg._kernels.interrupt cimport check_interrupt


cdef extern from "tridiagonal.h" nogil:
    const int FR_TRIDIAGONAL_ROWS
    void fr_inverse_diagonal(const double *Q, Py_ssize_t ld, Py_ssize_t rows, Py_ssize_t n,
                             const double *l, const double *inverse, double *out)

cdef enum:
    BLOCK = 128     # columns of Q that are one task
    PANEL = 64      # more than LAPACK's own block size


cdef class Tridiagonal:
    """Of a symmetric K (n, n), float64, C-ordered, which is overwritten.

    The BLAS should be limited to one thread by the caller.
    """
    cdef readonly object diagonal, off_diagonal   # of T: (n,), (n - 1,)
    cdef readonly object Q                        # (n, n), Fortran order
    cdef int n

    def __init__(self, double[:, ::1] K, int n_threads):
        cdef int n = <int> K.shape[0], info = 0, lwork = PANEL * n
        cdef double[::1] d = np.empty(n), e = np.empty(max(n - 1, 1)), tau = np.empty(n)
        cdef double[::1] work = np.empty(lwork)
        self.n = n
        with nogil:
            dsytrd(b'L', &n, &K[0, 0], &n, &d[0], &e[0], &tau[0], &work[0], &lwork, &info)
        check_interrupt()
        self.diagonal, self.off_diagonal = np.asarray(d), np.asarray(e)[:n - 1]
        # Q times the columns of I, in blocks that don't depend on the threads
        self.Q = np.eye(n)
        cdef double[:, ::1] columns = self.Q
        cdef int n_blocks = (n + BLOCK - 1) // BLOCK, block
        # LAPACK's reflectors come in panels, of which it keeps a triangle too
        cdef double[:, ::1] scratch = np.empty((n_blocks, PANEL * BLOCK + PANEL * (PANEL + 1)))
        for block in prange(n_blocks - 1, -1, -1, nogil=True, num_threads=n_threads,
                            schedule="dynamic", chunksize=1):
            apply(K, tau, columns, block * BLOCK, scratch[block])
        check_interrupt()
        self.Q = self.Q.T

    def solve(self, double alpha, V):
        """(T + alpha I)^-1 v for each row v of V (m, n); None where that is not positive."""
        cdef double[::1] below, pivots
        cdef int n = self.n, m = <int> V.shape[0], info = 0
        cdef double[:, ::1] out = np.array(V, dtype=np.float64, order="C")
        factor = self.factor(alpha)
        if factor is None:
            return None
        pivots, below = factor
        if m:
            dpttrs(&n, &m, &pivots[0], &below[0], &out[0, 0], &n, &info)
        return np.asarray(out)

    def factor(self, double alpha):
        """D and L of L D L' = T + alpha I; None where that is not positive."""
        cdef double[::1] pivots = self.diagonal + alpha
        cdef double[::1] below = np.append(self.off_diagonal, 0.0)
        cdef int n = self.n, info = 0
        dpttrf(&n, &pivots[0], &below[0], &info)
        return None if info else (np.asarray(pivots), np.asarray(below))

    def inverse_diagonals(self, alphas, int n_threads):
        """The diagonals of (K + alpha I)^-1, (n_alphas, n); NaN where that is not positive."""
        cdef Py_ssize_t n = self.n, n_blocks = (n + FR_TRIDIAGONAL_ROWS - 1) // FR_TRIDIAGONAL_ROWS
        cdef Py_ssize_t k, block, n_alphas = len(alphas)
        result = np.empty((n_alphas, n))
        factors = np.full((2, n_alphas, n), np.nan)
        for k in range(n_alphas):
            factor = self.factor(alphas[k])
            if factor is not None:
                factors[:, k] = factor
        cdef double[:, ::1] out = result, below = factors[1]
        cdef double[:, ::1] inverse = 1.0 / factors[0]
        cdef double[::1, :] Q = self.Q
        for block in prange(n_blocks, nogil=True, num_threads=n_threads, schedule="dynamic"):
            diagonal_block(Q, block * FR_TRIDIAGONAL_ROWS, below, inverse, out)
        check_interrupt()
        return result


cdef void apply(double[:, ::1] K, double[::1] tau, double[:, ::1] columns, int first,
                double[::1] work) noexcept nogil:
    """Q times some columns of I, which are rows of `columns`.

    Q = H_1 ... H_(n-1), and H_i changes nothing above element i: the later ones leave these
    columns alone.
    """
    cdef int n = <int> K.shape[0], m = n - 1, width = min(BLOCK, n - first), info = 0
    cdef int lwork = <int> work.shape[0], n_reflectors = min(m, first + width - 1)
    if n_reflectors > 0:
        dormqr(b'L', b'N', &m, &width, &n_reflectors, &K[0, 1], &n, &tau[0],
               &columns[first, 1], &n, &work[0], &lwork, &info)


cdef void diagonal_block(double[::1, :] Q, Py_ssize_t first, double[:, ::1] below,
                         double[:, ::1] inverse, double[:, ::1] out) noexcept nogil:
    cdef Py_ssize_t k, n = Q.shape[0], rows = min(<Py_ssize_t> FR_TRIDIAGONAL_ROWS, n - first)
    for k in range(out.shape[0]):
        fr_inverse_diagonal(&Q[first, 0], n, rows, n, &below[k, 0], &inverse[k, 0], &out[k, first])
