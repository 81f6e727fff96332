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

from libc.math cimport INFINITY, copysign, fabs

from fastreg._kernels.factor cimport FaceFactor
from fastreg._kernels.penalty cimport Penalty
from fastreg._kernels.smooth cimport Smooth


cdef enum:
    # How many faces a step may go through: few where they are large, as sweeps of
    # coordinate descent then do more for the same time.
    MIN_SOLVES = 4
    MAX_SOLVES = 30
    SOLVES_OF_SIZE = 4000
    # On larger faces going from kink to kink gets nowhere for what it costs.
    MAX_CAREFUL = 300

# A derivative below this part of its terms is rounding.
cdef double FLAT = 1e-9
cdef double HUGE = 1e150


cdef class FaceNewton:
    """Takes steps for one task on a `smooth` that knows its Hessian.

    `factor` may come from earlier steps on the same coordinates.
    """

    def __init__(self, Smooth smooth, Penalty penalty, FaceFactor factor=None):
        cdef Py_ssize_t k = smooth.n_coordinates
        self.smooth = smooth
        self.penalty = penalty
        self.factor = FaceFactor(k) if factor is None else factor
        cdef Py_ssize_t[:, ::1] indices = np.empty((2, k), dtype=np.intp)
        cdef double[:, ::1] numbers = np.empty((7, k))
        self.face, self.free = indices[0], indices[1]
        self.slope, self.curvature, self.before = numbers[0], numbers[1], numbers[2]
        self.gradient, self.step, self.free_curvature = numbers[3], numbers[4], numbers[5]
        self.derivative = numbers[6]

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
        return self.solve_work(&self.face[0], self.size, &self.curvature[0])

    cdef double solve_work(self, const Py_ssize_t *face, Py_ssize_t n,
                           const double *curvature) noexcept nogil:
        """The same for one solve on a face and the move that follows."""
        return self.factor.work(face, n, curvature) + 2.0 * n * self.smooth.n_coordinates

    cdef bint improve(self, double *w) noexcept nogil:
        """Lower the objective by steps between faces; returns whether the optimum of one
        was reached. `work_done` says what it took, `has_moved` whether it did."""
        cdef bint arrived
        self.work_done = 0.0
        self.has_moved = True
        self.find_face(w)
        arrived = self.walk(w, False)
        if self.change(w) < 0:
            return arrived
        self.retreat(w)
        self.has_moved = False
        if self.size > MAX_CAREFUL:
            return False
        # too much at once: from kink to kink the objective falls all the way
        arrived = self.walk(w, True)
        self.has_moved = self.change(w) < 0
        if self.has_moved:
            return arrived
        self.retreat(w)
        return False

    cdef bint walk(self, double *w, bint careful) noexcept nogil:
        """From face to face, until the optimum of one of them lies within it: then true.

        Where `careful`, only to the nearest kink each time, and off faces on which
        columns depend on each other; otherwise those columns are held where they are.
        """
        self.n_solves = max(MIN_SOLVES, min(MAX_SOLVES, SOLVES_OF_SIZE // (self.size + 1)))
        while self.n_solves > 0:
            if not self.solve(w):
                return False
            if careful and self.leave_dependence(w):
                continue
            if not (self.go_along(w, 1.0, 1.0) if careful else self.advance(w)):
                return True
        return False

    cdef bint solve(self, const double *w) noexcept nogil:
        """The step to the optimum on the coordinates of the face that are not at a kink."""
        cdef Py_ssize_t i, j
        cdef double c, slope, curvature
        self.n_free = 0
        for i in range(self.size):
            j = self.face[i]
            if self.penalty.face(j, w[j], &slope, &curvature):
                self.smooth.grad(j, &c)
                self.free[self.n_free] = j
                self.free_curvature[self.n_free] = self.curvature[i]
                self.derivative[self.n_free] = self.slope[i] + self.curvature[i] * w[j] - c
                self.step[self.n_free] = -self.derivative[self.n_free]
                self.n_free += 1
        return self.n_free > 0 and self.solve_step()

    cdef bint solve_step(self) noexcept nogil:
        """step <- H^-1 step on the free coordinates."""
        self.n_solves -= 1
        self.work_done += self.solve_work(&self.free[0], self.n_free, &self.free_curvature[0])
        return self.factor.solve(
            self.smooth, &self.free[0], self.n_free, &self.free_curvature[0], &self.step[0])

    cdef bint leave_dependence(self, double *w) noexcept nogil:
        """Where columns of the face depend on each other, G is flat along some direction
        and the penalty falls along it until a coordinate gets to its kink: go there."""
        cdef Py_ssize_t i, j, k
        cdef double slope, size
        cdef bint any_dependent = False
        for i in range(self.n_free):
            any_dependent = any_dependent or self.factor.is_dependent(self.free[i])
        if not any_dependent:
            return False
        if self.factor.has_lost:
            # perhaps only on columns that have left the face
            self.factor.restart(0)
            if not self.solve(w):
                return False
        for i in range(self.n_free):
            j = self.free[i]
            if self.n_solves <= 0:
                break
            if not self.factor.is_dependent(j):
                continue
            # the direction: column j up, and those that it depends on down
            self.smooth.hessian(j, &self.free[0], self.n_free, &self.step[0])
            if not self.solve_step():
                return False
            slope = size = 0.0
            for k in range(self.n_free):
                self.step[k] = -self.step[k]
                if k == i:
                    self.step[k] = 1.0
                slope += self.step[k] * self.derivative[k]
                size += fabs(self.step[k] * self.derivative[k])
            if fabs(slope) > FLAT * size and self.go_along(w, -1.0 if slope > 0 else 1.0, INFINITY):
                return True
        # none leads down: those columns stay as they are, the others go their step
        for k in range(self.n_free):
            self.step[k] = -self.derivative[k]
        self.solve_step()
        return False

    cdef bint go_along(self, double *w, double direction, double length) noexcept nogil:
        """Go along the step until the first coordinate gets to its kink or bound, or so far;
        returns whether one did."""
        cdef Py_ssize_t k, j, first = -1
        cdef double d, limit, new, nearest = 0.0
        for k in range(self.n_free):
            j = self.free[k]
            d = direction * self.step[k]
            if d == 0:
                continue
            limit = self.penalty.clip(j, w[j], w[j] + copysign(HUGE, d))
            if (limit - w[j]) / d < length:
                length, first, nearest = (limit - w[j]) / d, k, limit
        if not length < HUGE * 1e-3:
            return False
        for k in range(self.n_free):
            j = self.free[k]
            new = w[j] + direction * length * self.step[k]
            self.put(w, j, nearest if k == first else self.penalty.clip(j, w[j], new))
        return first >= 0

    cdef bint advance(self, double *w) noexcept nogil:
        """Take the step, each coordinate no further than its kink or bound; returns
        whether one of them was held back."""
        cdef Py_ssize_t i, j
        cdef double wanted, new
        cdef bint held = False
        for i in range(self.n_free):
            j = self.free[i]
            wanted = w[j] + self.step[i]
            new = self.penalty.clip(j, w[j], wanted)
            held = held or new != wanted
            self.step[i] = new - w[j]
            w[j] = new
        self.smooth.move_all(&self.free[0], &self.step[0], self.n_free)
        return held

    cdef void put(self, double *w, Py_ssize_t j, double new) noexcept nogil:
        """Set a coordinate."""
        cdef double d = new - w[j]
        if d != 0:
            w[j] = new
            self.smooth.move(j, &d)

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
        cdef Py_ssize_t i
        for i in range(self.size):
            self.put(w, self.face[i], self.before[i])
