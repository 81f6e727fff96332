"""The zeros that a walk along the path watches, and how their gradients move.

The gradients of those close to their limit are told at every kink. The others cannot
get there soon, so theirs are caught up with at a glance now and then, at the cost of one
kink: what the members went in the meantime is added up for it.
"""
import numpy as np

from fastreg._kernels.matrix cimport fr_dot
from fastreg._kernels.smooth cimport Gram


cdef enum:
    NOWHERE = -1


cdef class Watched:
    """Zeros among k coordinates, the first `n_close` of them close to their limit.

    `smooth.gradient` is that of now for these, and that of the last glance for the others.
    Each has a row of G, on the members: those that the step moves. A member that leaves
    makes room for the last one, so places are not the order of the factor.
    """

    def __init__(self, Gram smooth):
        k = smooth.n_coordinates
        self.smooth = smooth
        self.rows = np.empty((k, k))  # memory not used is not touched
        self.travelled, self.step, self.direction = np.zeros((3, k))
        indices = np.empty((5, k), dtype=np.intp)
        indices[1], indices[2] = np.arange(k), NOWHERE
        self.indices = indices
        self.coordinate, self.row, self.where = self.indices[0], self.indices[1], self.indices[2]
        self.member, self.place = self.indices[3], self.indices[4]

    cdef void settle_on(self, const Py_ssize_t *members, Py_ssize_t n) noexcept nogil:
        """Begin with n members, and no zero that is watched."""
        cdef Py_ssize_t i
        for i in range(n):
            self.member[i] = members[i]
            self.place[members[i]] = i
        self.n_members = n

    cdef bint has(self, Py_ssize_t j) noexcept nogil:
        return self.where[j] != NOWHERE

    cdef void add(self, Py_ssize_t j) noexcept nogil:
        """Watch a zero, as one of those that are close; its gradient is that of now."""
        cdef Py_ssize_t i = self.size
        self.coordinate[i] = j
        self.where[j] = i
        self.smooth.hessian(j, &self.member[0], self.n_members, &self.rows[self.row[i], 0])
        self.size += 1
        self.approach(i)

    cdef void drop(self, Py_ssize_t j) noexcept nogil:
        """Watch it no more."""
        cdef Py_ssize_t i = self.where[j]
        if i < self.n_close:
            self.retreat(i)
            i = self.n_close
        self.swap(i, self.size - 1)
        self.size -= 1
        self.where[j] = NOWHERE

    cdef void approach(self, Py_ssize_t i) noexcept nogil:
        """Count one of those further off among the close ones."""
        self.swap(i, self.n_close)
        self.n_close += 1

    cdef void retreat(self, Py_ssize_t i) noexcept nogil:
        """Count a close one among those further off."""
        self.n_close -= 1
        self.swap(i, self.n_close)

    cdef void swap(self, Py_ssize_t i, Py_ssize_t k) noexcept nogil:
        self.coordinate[i], self.coordinate[k] = self.coordinate[k], self.coordinate[i]
        self.row[i], self.row[k] = self.row[k], self.row[i]
        self.where[self.coordinate[i]] = i
        self.where[self.coordinate[k]] = k

    cdef void member_joins(self, Py_ssize_t j) noexcept nogil:
        cdef Py_ssize_t i, at = self.n_members
        cdef const double *column = self.smooth.G + j * self.smooth.ld
        self.member[at], self.place[j], self.travelled[at] = j, at, 0.0
        for i in range(self.size):
            self.rows[self.row[i], at] = column[self.coordinate[i]]
        self.n_members += 1

    cdef void member_leaves(self, Py_ssize_t j) noexcept nogil:
        cdef Py_ssize_t i, at = self.place[j], last = self.n_members - 1
        cdef double *row
        for i in range(self.size):
            row = &self.rows[self.row[i], 0]
            if i >= self.n_close:
                self.smooth.gradient[0, self.coordinate[i]] -= row[at] * self.travelled[at]
            row[at] = row[last]
        self.member[at], self.travelled[at] = self.member[last], self.travelled[last]
        self.place[self.member[at]] = at
        self.n_members = last

    cdef void find_direction(self, const Py_ssize_t *members, const double *step) noexcept nogil:
        """The direction of close gradients when `members`, all of them, go this step."""
        cdef Py_ssize_t i
        for i in range(self.n_members):
            self.step[self.place[members[i]]] = step[i]
        for i in range(self.n_close):
            self.direction[i] = -fr_dot(&self.rows[self.row[i], 0], &self.step[0],
                                        self.n_members)

    cdef void go(self, double length) noexcept nogil:
        """Take that part of the step."""
        cdef Py_ssize_t i
        for i in range(self.n_members):
            self.travelled[i] += length * self.step[i]
        for i in range(self.n_close):
            self.smooth.gradient[0, self.coordinate[i]] += length * self.direction[i]

    cdef void glance(self) noexcept nogil:
        """Catch up with the gradients of those further off."""
        cdef Py_ssize_t i
        for i in range(self.n_close, self.size):
            self.smooth.gradient[0, self.coordinate[i]] -= fr_dot(
                &self.rows[self.row[i], 0], &self.travelled[0], self.n_members)
        self.forget_travels()

    cdef void forget_travels(self) noexcept nogil:
        """All gradients are those of now."""
        cdef Py_ssize_t i
        for i in range(self.n_members):
            self.travelled[i] = 0.0
