"""M = L^-1 for the Cholesky factor L of H = G + diag on a set of coordinates that changes
by one at a time, as a support does along a path.

Where coordinates join and leave between all solves, L is read from memory twice for each that
joins: by L^-1 g of its column, and by L'^-1 of the solution. M is read once, since its rows
that give L^-1 g = M g also give H^-1 g = M'M g, of which the new row and the change
of the solution consist. One that leaves is turned out of the rows of M.

An inverse is less accurate than solves with L, by up to the condition number of L: callers
check what they get.
"""
import numpy as np

from libc.math cimport hypot, sqrt
from libc.string cimport memcpy, memset

from fastreg._kernels.factor cimport FaceFactor, stands_alone
from fastreg._kernels.matrix cimport fr_axpy, fr_axpy4, fr_dot, fr_dot4
from fastreg._kernels.smooth cimport Smooth


cdef extern from "rotations.h" nogil:
    void fr_turn_rows(double c, double s, double *carry, const double *row, double *out,
                      Py_ssize_t n)


cdef class InverseFactor(FaceFactor):
    """A FaceFactor that has M in the place of L.

    After `join`, `column` is that of H, `explained` is H^-1 of it on the members before,
    and `unexplained` what these leave of its squared norm.
    """

    def __init__(self, Py_ssize_t capacity):
        super().__init__(capacity)
        self.buffers = np.empty((4, capacity))
        self.column, self.lower, self.explained = self.buffers[0], self.buffers[1], self.buffers[2]
        self.carry = self.buffers[3]

    cdef void spread(self, const double *b, double *lower, double *x) noexcept nogil:
        """lower <- M b and x <- M'M b, four rows of M at a time."""
        cdef Py_ssize_t i = 0, r, k, ld = self.capacity
        cdef const double *row
        memset(x, 0, self.size * sizeof(double))
        while i + 4 <= self.size:
            row = &self.L[i, 0]
            # the columns that all four have, and a triangle
            fr_dot4(row, row + ld, row + 2 * ld, row + 3 * ld, b, i, lower + i)
            for r in range(4):
                for k in range(i, i + r + 1):
                    lower[i + r] += row[r * ld + k] * b[k]
            fr_axpy4(lower + i, row, row + ld, row + 2 * ld, row + 3 * ld, x, i)
            for r in range(4):
                for k in range(i, i + r + 1):
                    x[k] += row[r * ld + k] * lower[i + r]
            i += 4
        while i < self.size:
            lower[i] = fr_dot(&self.L[i, 0], b, i + 1)
            fr_axpy(lower[i], &self.L[i, 0], x, i + 1)
            i += 1

    cdef void solve_members(self, double *b) noexcept nogil:
        self.spread(b, &self.lower[0], &self.explained[0])
        memcpy(b, &self.explained[0], self.size * sizeof(double))

    cdef Py_ssize_t append(self, Smooth smooth, const Py_ssize_t *face, const double *diagonal,
                           const Py_ssize_t *missing, Py_ssize_t n_missing) noexcept nogil:
        cdef Py_ssize_t i
        for i in range(n_missing):
            if not self.join(smooth, face[missing[i]], diagonal[missing[i]]):
                return i
        return n_missing

    cdef bint join(self, Smooth smooth, Py_ssize_t j, double diagonal) noexcept nogil:
        """Append coordinate j; false where its column depends on those of the members."""
        cdef Py_ssize_t i, old = self.size
        cdef double *row = &self.L[old, 0]
        cdef double pivot
        self.members[old] = j
        smooth.hessian(j, &self.members[0], old + 1, &self.column[0])
        self.column[old] += diagonal
        self.spread(&self.column[0], &self.lower[0], &self.explained[0])
        self.unexplained = self.column[old] - fr_dot(&self.lower[0], &self.lower[0], old)
        if not stands_alone(self.unexplained, self.column[old]):
            return False
        pivot = 1.0 / sqrt(self.unexplained)
        for i in range(old):
            row[i] = -pivot * self.explained[i]
        row[old] = pivot
        self.diagonal[old], self.norm[old] = diagonal, self.column[old]
        self.slot[j] = old
        self.size += 1
        return True

    cdef void remove(self, Py_ssize_t gone) noexcept nogil:
        self.leave(gone, NULL)

    cdef void leave(self, Py_ssize_t gone, double *x) noexcept nogil:
        """Take out the member in slot `gone`. A solution x = H^-1 b becomes that of what remains,
        if it is given."""
        cdef Py_ssize_t i, row, n = self.size
        cdef double *carry = &self.carry[0]
        cdef double *old
        cdef double *new
        cdef double length, c, s, share
        memcpy(carry, &self.L[gone, 0], (gone + 1) * sizeof(double))
        memset(carry + gone + 1, 0, (n - gone - 1) * sizeof(double))
        # the rotations gather all of column `gone` in one row
        for row in range(gone + 1, n):
            old, new = &self.L[row, 0], &self.L[row - 1, 0]
            length = hypot(carry[gone], old[gone])
            c, s = carry[gone] / length, old[gone] / length
            fr_turn_rows(c, s, carry, old, new, gone)
            fr_turn_rows(c, s, carry + gone + 1, old + gone + 1, new + gone, row - gone)
            carry[gone] = length
        if x != NULL:  # that row times its element `gone` is column `gone` of H^-1
            share = x[gone] / carry[gone]
            for i in range(gone):
                x[i] -= share * carry[i]
            for i in range(gone + 1, n):
                x[i - 1] = x[i] - share * carry[i]
        self.forget(gone)
