"""The Cholesky factor of H = G + diag on a set of coordinates that changes a little
from one solve to the next, as a support does along a path.

Coordinates that join are appended to the factor: a triangular solve of their
columns. Those that leave are taken out by plane rotations. Both cost O(size^2) for each
change, where a new factor costs O(size^3); where changes are too many, it is computed anew.
"""
import numpy as np

from libc.math cimport hypot, sqrt
from libc.string cimport memcpy
from scipy.linalg.cython_blas cimport dsyrk, dtrsm, dtrsv
from scipy.linalg.cython_lapack cimport dpotrf

from fastreg._kernels.matrix cimport fr_dot
from fastreg._kernels.smooth cimport Smooth


cdef extern from "rotations.h" nogil:
    enum: FR_TURNED
    void fr_rotate_rows(const double *c, const double *s, Py_ssize_t n, double *row,
                        Py_ssize_t ld, double *carry)
    double fr_rotate_row(const double *c, const double *s, Py_ssize_t n, const double *row,
                         double *out, double a)


cdef enum:
    MAX_DEPENDENT = 32
    BATCH = 64  # columns that join at a time: a dependent one costs those after it again

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
        self.numbers = np.empty((5, capacity))
        self.diagonal, self.norm = self.numbers[0], self.numbers[1]
        self.right_side = self.numbers[2]
        self.cosine, self.sine = self.numbers[3], self.numbers[4]
        self.indices = np.zeros((5, capacity), dtype=np.intp)
        self.members, self.missing, self.stale = self.indices[0], self.indices[1], self.indices[2]
        self.slot, self.wanted = self.indices[3], self.indices[4]
        self.clear()

    def clear(self):
        """Forget all coordinates."""
        self.size = 0
        self.has_lost = False
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
        """Find who is missing from the members and who has to leave them; forget all where
        a factor of the face alone is cheaper."""
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
        if same and self.n_stale <= 8 + n // 12 and self.n_missing <= 8 + n // 4:
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
        self.has_lost = False
        self.n_missing = n
        for i in range(n):
            self.missing[i] = i

    cdef bint solve(self, Smooth smooth, const Py_ssize_t *face, Py_ssize_t n,
                    const double *diagonal, double *b) noexcept nogil:
        """b <- H^-1 b on `face`, zero for columns that depend on others to rounding.

        False where there are too many of those.
        """
        cdef Py_ssize_t i
        if not self.settle_on(smooth, face, n, diagonal):
            return False
        for i in range(n):
            if self.slot[face[i]] >= 0:
                self.right_side[self.slot[face[i]]] = b[i]
        self.solve_members(&self.right_side[0])
        for i in range(n):
            b[i] = self.right_side[self.slot[face[i]]] if self.slot[face[i]] >= 0 else 0.0
        return True

    cdef bint settle_on(self, Smooth smooth, const Py_ssize_t *face, Py_ssize_t n,
                        const double *diagonal) noexcept nogil:
        """Let the members be those of `face` that don't depend on others, or on some that have
        left since the last restart; false where too many do."""
        cdef Py_ssize_t i
        self.compare(face, n, diagonal)
        for i in range(self.n_stale - 1, -1, -1):  # those after it are fewer
            self.remove(self.stale[i])
        self.n_stale = 0
        if self.extend(smooth, face, diagonal):
            return True
        if not self.has_lost:
            return False
        self.restart(n)  # perhaps they depended on columns that have left
        return self.extend(smooth, face, diagonal)

    cdef void solve_members(self, double *b) noexcept nogil:
        """b <- H^-1 b, for the members in their order."""
        cdef int size = <int> self.size, ld = <int> self.capacity, inc = 1
        self.solve_lower(b)
        dtrsv(b'U', b'N', b'N', &size, &self.L[0, 0], &ld, b, &inc)

    cdef void solve_lower(self, double *b) noexcept nogil:
        """b <- L^-1 b."""
        cdef int size = <int> self.size, ld = <int> self.capacity, inc = 1
        dtrsv(b'U', b'T', b'N', &size, &self.L[0, 0], &ld, b, &inc)

    cdef bint extend(self, Smooth smooth, const Py_ssize_t *face,
                     const double *diagonal) noexcept nogil:
        """Append who is missing, but for columns that depend on others: those are held."""
        cdef Py_ssize_t start = 0, new, good, n_dependent = 0
        while start < self.n_missing:
            new = min(BATCH, self.n_missing - start)
            good = self.append(smooth, face, diagonal, &self.missing[start], new)
            start += good
            if good < new:
                if n_dependent == MAX_DEPENDENT:
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
        if new == 1:  # the BLAS is slow on a matrix of one column
            self.solve_lower(&self.L[old, 0])
            self.L[old, old] -= fr_dot(&self.L[old, 0], &self.L[old, 0], old)
            info = not self.L[old, old] > 0
            self.L[old, old] = sqrt(self.L[old, old])
        else:
            if old:
                dtrsm(b'L', b'U', b'T', b'N', &old, &new, &one, &self.L[0, 0], &ld,
                      &self.L[old, 0], &ld)
                dsyrk(b'U', b'T', &new, &old, &minus, &self.L[old, 0], &ld, &one,
                      &self.L[old, old], &ld)
            dpotrf(b'U', &new, &self.L[old, old], &ld, &info)
        good = new if info == 0 else info - 1
        for i in range(good):
            pivot = self.L[old + i, old + i]
            if not stands_alone(pivot * pivot, self.norm[old + i]):
                good = i
                break
        for i in range(good):
            self.slot[self.members[old + i]] = old + i
        self.size += good
        return good

    cdef void remove(self, Py_ssize_t gone) noexcept nogil:
        """Take out the member in slot `gone`, and its row and column of L."""
        cdef Py_ssize_t i, row, n_known, ld = self.capacity, last = self.size - 1
        cdef double *L = &self.L[0, 0]
        cdef double carry[FR_TURNED]
        row = gone + 1
        while row <= last:
            # all rotations but the last of a row are those of the rows above it
            n_known = row - 1 - gone
            if row + FR_TURNED <= last + 1:
                for i in range(row, row + FR_TURNED):
                    memcpy(L + (i - 1) * ld, L + i * ld, gone * sizeof(double))
                fr_rotate_rows(&self.cosine[gone], &self.sine[gone], n_known,
                               L + row * ld + gone, ld, carry)
                for i in range(FR_TURNED):
                    self.turn(row + i, gone + n_known, carry[i])
                row += FR_TURNED
            else:
                memcpy(L + (row - 1) * ld, L + row * ld, gone * sizeof(double))
                self.turn(row, gone, L[row * ld + gone])
                row += 1
        self.forget(gone)

    cdef void forget(self, Py_ssize_t gone) noexcept nogil:
        """Those behind slot `gone` move up, as their rows have done."""
        cdef Py_ssize_t i, last = self.size - 1
        self.slot[self.members[gone]] = MISSING
        for i in range(gone, last):
            self.members[i] = self.members[i + 1]
            self.diagonal[i] = self.diagonal[i + 1]
            self.norm[i] = self.norm[i + 1]
            self.slot[self.members[i]] = i
        self.size = last
        self.has_lost = True

    cdef void turn(self, Py_ssize_t row, Py_ssize_t start, double carry) noexcept nogil:
        """Turn a row from column `start` on, move it up, and find the rotation that ends it."""
        cdef Py_ssize_t ld = self.capacity, end = row - 1
        cdef double *old = &self.L[row, 0]
        cdef double *new = old - ld
        cdef double length
        carry = fr_rotate_row(&self.cosine[start], &self.sine[start], end - start, old + start,
                              new + start, carry)
        length = hypot(carry, old[row])
        self.cosine[end], self.sine[end] = carry / length, old[row] / length
        new[end] = length
