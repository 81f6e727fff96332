"""Newton steps on a face: with the support and its signs fixed, the optimum is one
Cholesky solve.

Coordinate descent finds the support in a few sweeps and then spends hundreds on the
last digits of correlated columns. On the face where the iterate lies the objective
is a quadratic, so its minimum there is exact. Coordinates that the step would take
across a kink stop at it, and the rest is solved for again. The result is kept only
where the objective falls; sweeps in between let coordinates enter. (An active-set
method in the manner of Osborne, Presnell, Turlach 2000.)
"""
import numpy as np

from fastreg._kernels.factor cimport FaceFactor
from fastreg._kernels.penalty cimport Penalty
from fastreg._kernels.smooth cimport Smooth


cdef enum:
    MAX_FACES = 10      # coordinates may leave the face so often in one step


cdef class FaceNewton:
    """Takes steps for one task on a `smooth` that knows its Hessian.

    `factor` may come from earlier steps on the same coordinates.
    """

    def __init__(self, Smooth smooth, Penalty penalty, FaceFactor factor=None):
        cdef Py_ssize_t k = smooth.n_coordinates
        self.smooth = smooth
        self.penalty = penalty
        self.factor = FaceFactor(k) if factor is None else factor
        self.face = np.empty(k, dtype=np.intp)
        self.slope, self.curvature, self.before, self.gradient = np.empty((4, k))
        self.step, self.free_curvature = np.empty((2, k))
        self.free = np.empty(k, dtype=np.intp)

    cdef void find_face(self, const double *w) noexcept nogil:
        cdef Py_ssize_t j
        self.size = 0
        for j in range(self.smooth.n_coordinates):
            if self.smooth.curvature[j] > 0 and self.penalty.face(
                    j, w[j], &self.slope[self.size], &self.curvature[self.size]):
                self.face[self.size] = j
                self.before[self.size] = w[j]
                self.smooth.grad(j, &self.gradient[self.size])
                self.size += 1

    cdef double work(self, const double *w) noexcept nogil:
        """What a step costs, in elements that sweeps touch in the same time."""
        self.find_face(w)
        return (self.factor.work(&self.face[0], self.size, &self.curvature[0])
                + 2.0 * self.size * self.smooth.n_coordinates)

    cdef bint improve(self, double *w) noexcept nogil:
        """Go to the optimum of a face where that lowers the objective; returns whether."""
        cdef Py_ssize_t attempt
        self.find_face(w)
        for attempt in range(MAX_FACES):
            if not self.solve(w):
                break
            if not self.advance(w):
                break
        if self.change(w) < 0:
            return True
        self.retreat(w)
        return False

    cdef bint solve(self, const double *w) noexcept nogil:
        """The step to the optimum on the coordinates of the face that are not at a kink."""
        cdef Py_ssize_t i, j
        cdef double c
        self.n_free = 0
        for i in range(self.size):
            j = self.face[i]
            if w[j] != 0 or self.slope[i] == 0:
                self.smooth.grad(j, &c)
                self.free[self.n_free] = j
                self.free_curvature[self.n_free] = self.curvature[i]
                self.step[self.n_free] = c - self.slope[i] - self.curvature[i] * w[j]
                self.n_free += 1
        return self.n_free > 0 and self.factor.solve(
            self.smooth, &self.free[0], self.n_free, &self.free_curvature[0], &self.step[0])

    cdef bint advance(self, double *w) noexcept nogil:
        """Take the step, each coordinate no further than its kink or bound; returns
        whether one of them was held back."""
        cdef Py_ssize_t i, j
        cdef double wanted, new, d
        cdef bint held = False
        for i in range(self.n_free):
            j = self.free[i]
            wanted = w[j] + self.step[i]
            new = self.penalty.clip(j, w[j], wanted)
            held = held or new != wanted
            d = new - w[j]
            if d != 0:
                w[j] = new
                self.smooth.move(j, &d)
        return held

    cdef double change(self, const double *w) noexcept nogil:
        """How the objective moved since `before`, a sum of small terms: nothing cancels."""
        cdef Py_ssize_t i, j
        cdef double d, slope, c, total = 0.0
        for i in range(self.size):
            j = self.face[i]
            d = w[j] - self.before[i]
            if d != 0:
                self.smooth.grad(j, &c)
                slope = self.slope[i] + self.curvature[i] * 0.5 * (w[j] + self.before[i])
                total += d * (slope - 0.5 * (c + self.gradient[i]))
        return total

    cdef void retreat(self, double *w) noexcept nogil:
        """Back to where the step began."""
        cdef Py_ssize_t i, j
        cdef double d
        for i in range(self.size):
            j = self.face[i]
            d = self.before[i] - w[j]
            if d != 0:
                w[j] = self.before[i]
                self.smooth.move(j, &d)
