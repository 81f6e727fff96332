"""The Cholesky factor of H = G + diag on a set of coordinates that changes a little
from one solve to the next, as a support does along a path.

Coordinates that join are appended to the factor: a triangular solve of their
columns. Those that leave stay in it and are held at zero through a Schur
complement, until there are too many; then it is computed anew. Both cost
O(size^2) for each change, where a new factor costs O(size^3).
"""
import numpy as np

from libc.stdlib cimport free, malloc
from libc.string cimport memset
from scipy.linalg.cython_blas cimport dgemv, dsyrk, dtrsm, dtrsv
from scipy.linalg.cython_lapack cimport dposv, dpotrf

from fastreg._kernels.smooth cimport Smooth


cdef enum:
    MAX_DEPENDENT = 32
    BATCH = 64  # columns that join at a time: a dependent one costs those after it again

# A column whose part that others don't explain has less than this share of its
# squared norm depends on them.
cdef double DEPENDENCE = 1e-11

# A factor from scratch follows a face that is far from settled: it should wait.
cdef double RESTART = 4


cdef class FaceFactor:
    """For up to `capacity` coordinates, numbered below it.

    The numbers must mean the same coordinates, with the same H, in every solve.
    """

    def __init__(self, Py_ssize_t capacity):
        self.capacity = capacity
        self.patience = 1.0
        self.L = np.empty((capacity, capacity))  # memory not used is not touched
        self.diagonal, self.norm, self.right_side = np.empty((3, capacity))
        self.members, self.missing, self.stale = np.empty((3, capacity), dtype=np.intp)
        self.slot = np.full(capacity, MISSING, dtype=np.intp)
        self.wanted = np.zeros(capacity, dtype=np.intp)

    def clear(self):
        """Forget all coordinates."""
        self.size = 0
        self.slot[:] = MISSING

    def solve_on(self, Smooth smooth, const Py_ssize_t[::1] face, const double[::1] diagonal,
                 const double[::1] b):
        """H^-1 b on `face` with H = G + diag, zero for columns that depend on others.

        None where there are too many of those.
        """
        x = np.array(b)
        cdef double[::1] out = x
        cdef bint solved
        with nogil:
            solved = self.solve(smooth, &face[0], face.shape[0], &diagonal[0], &out[0])
        return x if solved else None

    cdef double work(self, const Py_ssize_t *face, Py_ssize_t n,
                     const double *diagonal) noexcept nogil:
        """What a solve costs, in elements that sweeps of coordinate descent touch in
        the same time: products of matrices do four times as many."""
        cdef double size = <double> n
        self.compare(face, n, diagonal)
        if self.n_missing == n:
            return RESTART * size * size * (size / 24 + 1)
        return size * size * (1 + (self.n_missing + self.n_stale) / 8.0)

    cdef void compare(self, const Py_ssize_t *face, Py_ssize_t n,
                      const double *diagonal) noexcept nogil:
        """Find who is missing from the members and who is stale; forget all where a
        factor of the face alone is cheaper."""
        cdef Py_ssize_t i, j
        cdef bint same = True
        self.n_missing = self.n_stale = 0
        for i in range(n):
            j = face[i]
            self.wanted[j] = 1
            if self.slot[j] == MISSING:
                self.missing[self.n_missing] = i
                self.n_missing += 1
            elif self.slot[j] >= 0 and self.diagonal[self.slot[j]] != diagonal[i]:
                same = False
        for i in range(self.size):
            if not self.wanted[self.members[i]]:
                self.stale[self.n_stale] = i
                self.n_stale += 1
        for i in range(n):
            self.wanted[face[i]] = 0
        if same and self.n_stale <= 8 + n // 24 and self.n_missing <= 8 + n // 4:
            return
        self.restart(n)

    cdef bint is_dependent(self, Py_ssize_t j) noexcept nogil:
        """Whether the last solve held coordinate j, as its column depends on others."""
        return self.slot[j] == DEPENDENT

    cdef void restart(self, Py_ssize_t n) noexcept nogil:
        """Forget the members: a face of n is missing."""
        cdef Py_ssize_t i
        for i in range(self.capacity):
            self.slot[i] = MISSING
        self.size = self.n_stale = 0
        self.n_missing = n
        for i in range(n):
            self.missing[i] = i

    cdef bint solve(self, Smooth smooth, const Py_ssize_t *face, Py_ssize_t n,
                    const double *diagonal, double *b) noexcept nogil:
        """b <- H^-1 b on `face`, zero for columns that depend on others to rounding.

        False where there are too many of those.
        """
        cdef Py_ssize_t i
        self.compare(face, n, diagonal)
        if not self.extend(smooth, face, diagonal):
            if self.n_stale == 0:
                return False
            # with the stale ones there may be more columns than X has rows
            self.restart(n)
            if not self.extend(smooth, face, diagonal):
                return False
        memset(&self.right_side[0], 0, self.size * sizeof(double))
        for i in range(n):
            if self.slot[face[i]] >= 0:
                self.right_side[self.slot[face[i]]] = b[i]
        if not self.solve_members(&self.right_side[0]):
            return False
        for i in range(n):
            b[i] = self.right_side[self.slot[face[i]]] if self.slot[face[i]] >= 0 else 0.0
        return True

    cdef bint extend(self, Smooth smooth, const Py_ssize_t *face,
                     const double *diagonal) noexcept nogil:
        """Append who is missing, but for columns that depend on others: those are held."""
        cdef Py_ssize_t start = 0, new, good, n_dependent = 0
        while start < self.n_missing:
            new = min(BATCH, self.n_missing - start)
            good = self.append(smooth, face, diagonal, &self.missing[start], new)
            start += good
            if good < new:
                if self.n_stale or n_dependent == MAX_DEPENDENT:
                    return False
                self.slot[face[self.missing[start]]] = DEPENDENT
                n_dependent += 1
                start += 1
        self.n_missing = 0
        return True

    cdef Py_ssize_t append(self, Smooth smooth, const Py_ssize_t *face, const double *diagonal,
                           const Py_ssize_t *missing, Py_ssize_t n_missing) noexcept nogil:
        """Extend the factor by some, up to the first dependent one; how many."""
        cdef int old = <int> self.size, new = <int> n_missing, info = 0
        cdef int ld = <int> self.capacity
        cdef double one = 1.0, minus = -1.0, pivot
        cdef Py_ssize_t i, good
        for i in range(new):
            self.members[old + i] = face[missing[i]]
            self.diagonal[old + i] = diagonal[missing[i]]
        # A row-major lower L is the BLAS's upper U with U'U = H
        for i in range(new):
            smooth.hessian(self.members[old + i], &self.members[0], old + i + 1,
                           &self.L[old + i, 0])
            self.L[old + i, old + i] += self.diagonal[old + i]
            self.norm[old + i] = self.L[old + i, old + i]
        if old:
            dtrsm(b'L', b'U', b'T', b'N', &old, &new, &one, &self.L[0, 0], &ld,
                  &self.L[old, 0], &ld)
            dsyrk(b'U', b'T', &new, &old, &minus, &self.L[old, 0], &ld, &one,
                  &self.L[old, old], &ld)
        dpotrf(b'U', &new, &self.L[old, old], &ld, &info)
        good = new if info == 0 else info - 1
        for i in range(good):
            pivot = self.L[old + i, old + i]
            if not pivot * pivot > DEPENDENCE * self.norm[old + i]:
                good = i
                break
        for i in range(good):
            self.slot[self.members[old + i]] = old + i
        self.size += good
        return good

    cdef bint solve_members(self, double *b) noexcept nogil:
        """b <- H^-1 (b - E m) with E the unit vectors of the stale members and m such
        that their part of it is zero."""
        cdef int n = <int> self.size, ld = <int> self.capacity, info = 0, inc = 1
        cdef int n_stale = <int> self.n_stale, n_right = 1
        cdef double one = 1.0, minus = -1.0, zero = 0.0
        cdef Py_ssize_t i
        cdef double *Q
        cdef double *S
        cdef double *m
        dtrsv(b'U', b'T', b'N', &n, &self.L[0, 0], &ld, b, &inc)
        if n_stale:
            Q = <double *> malloc((n + n_stale + 1) * n_stale * sizeof(double))
            if Q == NULL:
                return False
            S = Q + n * n_stale
            m = S + n_stale * n_stale
            memset(Q, 0, n * n_stale * sizeof(double))
            for i in range(n_stale):
                Q[i * n + self.stale[i]] = 1.0
            dtrsm(b'L', b'U', b'T', b'N', &n, &n_stale, &one, &self.L[0, 0], &ld, Q, &n)
            dsyrk(b'U', b'T', &n_stale, &n, &one, Q, &n, &zero, S, &n_stale)
            dgemv(b'T', &n, &n_stale, &one, Q, &n, b, &inc, &zero, m, &inc)
            dposv(b'U', &n_stale, &n_right, S, &n_stale, m, &n_stale, &info)
            if info == 0:
                dgemv(b'N', &n, &n_stale, &minus, Q, &n, m, &inc, &one, b, &inc)
            free(Q)
        dtrsv(b'U', b'N', b'N', &n, &self.L[0, 0], &ld, b, &inc)
        return info == 0
