"""The lasso's path on a Gram matrix, from kink to kink.

With the support and its signs fixed the solution is linear in l1, until a coefficient
gets to zero or the gradient of a zero gets to its limit; from there on it is linear
again. So all solutions between two alphas cost a change of the inverse of the support's
Cholesky factor for each kink between them, however many alphas there are.
(Osborne, Presnell, Turlach 2000; Efron, Hastie, Johnstone, Tibshirani 2004.)

Where it begins may be a little off the path. Then each coordinate first gets a limit of its
own, which holds there, and these limits fall to the right ones at that l1.

Which zero is next is told from those near their limit only. The others are looked at
again before they could get there, if they go no faster than the limit itself: the
assumption of the strong rule (Tibshirani et al. 2012). It may fail: callers check. By the
same assumption only those closest to their limit are told at every kink.
"""
import numpy as np

from libc.math cimport INFINITY, fabs, fmod

from fastreg._kernels.inverse_factor cimport InverseFactor
from fastreg._kernels.interrupt cimport INTERRUPT_WORK, check_interrupt
from fastreg._kernels.matrix cimport fr_axpy, fr_dot
from fastreg._kernels.penalty cimport Penalty
from fastreg._kernels.smooth cimport Gram
from fastreg._kernels.watched cimport Watched


cdef enum:
    # Kinks for each coordinate, and in any case: more say that it goes round in circles,
    MAX_KINKS = 3
    MIN_KINKS = 50
    # as do so many without a step.
    MAX_STANDSTILL = 50
    # what a step may end at, beside the kink of a coordinate
    AT_LOOK = -1
    AT_GLANCE = -2

cdef double STANDSTILL = 1e-13

# Of so many coordinates all are watched,
cdef enum:
    FEW = 256
# of more those whose gradient is at least this part of its limit, and closely from this one on.
cdef double NEAR = 0.7
cdef double CLOSE = 0.96
# A gradient that is further from its limit is off the path; the rest is rounding.
cdef double OFF = 1e-9
# Zeros that are above it begin so far below limits of their own, at most: no two together.
cdef double ROOM = 0.1
cdef double GOLDEN = 0.6180339887498949


cdef class Homotopy:
    """Follows the path of one task from (w, c) at l1, with c = A'R, both of shape (k,).

    `factor` may come from earlier solves on the same coordinates. The penalty's l1 is
    not read: factor_j l1 is the limit of coordinate j. The path is that without bounds
    and L2.
    """
    cdef Gram smooth
    cdef InverseFactor factor
    cdef Penalty penalty
    cdef double l1, end, near_part, look_again, glance_again
    cdef double off                 # the part of `excess` that still is in the limits
    cdef double[:, ::1] gradient
    cdef Watched near
    cdef double[::1] w, start_w, start_c, excess, change
    cdef double[::1] step           # of members, to the end if there are no kinks
    cdef double[::1] sign           # of a member; 0 elsewhere
    cdef Py_ssize_t[::1] changed
    cdef unsigned char[::1] held    # members but for columns that they depend on
    cdef Py_ssize_t k
    cdef bint is_ready
    cdef readonly bint any_held     # perhaps off the path: it was left where it began
    cdef readonly Py_ssize_t n_kinks

    def __init__(self, G, InverseFactor factor, Penalty penalty, w, c, double l1):
        k = len(w)
        self.k = k
        self.near_part = NEAR if k > FEW else 0.0
        self.w, self.start_w, self.start_c = np.array(w), np.array(w), np.array(c)
        self.gradient = np.array(c)[None]
        self.smooth = Gram(G, self.gradient, w[None], 0.0)
        self.factor, self.penalty, self.l1 = factor, penalty, l1
        self.near = Watched(self.smooth)
        self.step, self.change = np.empty((2, k))
        self.sign, self.excess = np.zeros((2, k))
        self.changed = np.empty(k, dtype=np.intp)
        self.held = np.zeros(k, dtype=np.uint8)
        cdef Py_ssize_t[::1] face = np.empty(k, dtype=np.intp)
        cdef double[::1] no_curvature = np.zeros(k)
        cdef Py_ssize_t j, size = 0
        for j in range(k):
            if self.w[j] != 0 and self.smooth.curvature[j] > 0:
                self.sign[j] = 1.0 if self.w[j] > 0 else -1.0
                face[size] = j
                size += 1
        with nogil:
            self.is_ready = self.begin(&face[0], size, &no_curvature[0])
            self.near.settle_on(&self.factor.members[0], self.factor.size)

    cdef bint begin(self, const Py_ssize_t *face, Py_ssize_t size,
                    const double *no_curvature) noexcept nogil:
        """Let the members be the support; false where columns of it depend on each other."""
        if size == 0:
            self.factor.restart(0)
            return True
        if not self.factor.settle_on(self.smooth, face, size, no_curvature):
            return False
        if self.factor.size < size and self.factor.has_lost:
            self.factor.restart(0)  # perhaps they depended on columns that have left
            if not self.factor.settle_on(self.smooth, face, size, no_curvature):
                return False
        return self.factor.size == size

    def follow(self, const double[::1] l1s, Py_ssize_t max_active):
        """Solutions (m, k) at l1s, from the largest to the smallest, none above where it is.

        Fewer where it gets no further: the others have more than `max_active` coefficients,
        or columns that depend on each other.
        """
        solutions = np.zeros((len(l1s), self.k))
        cdef double[:, ::1] W = solutions
        cdef Py_ssize_t i, m = 0, n_alphas = len(l1s), kink = AT_LOOK, n_still = 0
        cdef Py_ssize_t max_kinks = MIN_KINKS + MAX_KINKS * self.k
        cdef double length, share, work = 0.0
        with nogil:
            while self.is_ready and m < n_alphas and self.n_kinks <= max_kinks:
                if kink == AT_GLANCE and not self.glance():
                    kink = AT_LOOK
                if kink == AT_LOOK:
                    self.look_around(l1s[n_alphas - 1])
                    work += <double> self.k * self.factor.size
                if self.factor.size > max_active or n_still > MAX_STANDSTILL:
                    break
                self.near.find_direction(&self.factor.members[0], &self.step[0])
                length = self.find_kink(&kink)
                while (self.off == 0 and m < n_alphas
                        and self.l1 - l1s[m] <= length * (self.l1 - self.end)):
                    share = 1.0
                    if self.l1 > self.end:
                        share = (self.l1 - l1s[m]) / (self.l1 - self.end)
                    for i in range(self.factor.size):
                        W[m, self.factor.members[i]] = (
                            self.w[self.factor.members[i]] + share * self.step[i])
                    m += 1
                n_still = n_still + 1 if length < STANDSTILL else 0
                self.go(length)
                self.n_kinks += kink != AT_GLANCE
                if kink >= 0:
                    kink = self.cross(kink)
                work += <double> self.factor.size * (self.factor.size + self.near.n_close)
                if work > INTERRUPT_WORK:
                    work = 0.0
                    check_interrupt()
        return solutions[:m]

    cdef double limit(self, Py_ssize_t j, double l1) noexcept nogil:
        return l1 * self.penalty.factors[j * self.penalty.factor_step]

    cdef double present_limit(self, Py_ssize_t j) noexcept nogil:
        return self.limit(j, self.l1) + self.off * self.excess[j]

    cdef void look_around(self, double end) noexcept nogil:
        """The gradient of everything, from where the path began; who is off the path, and who
        is near its limit. Then the way to the path, or along it to `end`, begins."""
        cdef Py_ssize_t j, n_changed = 0
        cdef double limit, excess
        for j in range(self.k):
            self.gradient[0, j] = self.start_c[j]
            if self.w[j] != self.start_w[j]:
                self.changed[n_changed] = j
                self.change[n_changed] = self.w[j] - self.start_w[j]
                n_changed += 1
        self.smooth.move_all(&self.changed[0], &self.change[0], n_changed)
        self.near.forget_travels()
        self.off = 0.0
        # by then limits and the gradients below that part of them have come halfway
        self.look_again = 0.5 * (1.0 + self.near_part) * self.l1
        for j in range(self.k):
            self.excess[j] = 0.0
            limit = self.limit(j, self.l1)
            excess = self.sign[j] * self.gradient[0, j] - limit
            if self.sign[j] == 0:
                excess = max(fabs(self.gradient[0, j]) - limit, 0.0)
                excess *= 1.0 + ROOM * (1.0 + fmod(GOLDEN * j, 1.0))
                self.watch(j, fabs(self.gradient[0, j]) >= self.near_part * limit)
            if not self.is_out(j) and fabs(excess) > OFF * limit:
                self.excess[j], self.off = excess, 1.0
        self.end = self.l1 if self.off > 0 else end
        self.part_close()
        for j in range(self.factor.size):
            self.step[j] = self.to_go(self.factor.members[j])
        self.factor.solve_members(&self.step[0])

    cdef bint is_out(self, Py_ssize_t j) noexcept nogil:
        """Whether a coordinate takes no part: its column is zero, or depends on others."""
        return self.held[j] or not self.smooth.curvature[j] > 0

    cdef void watch(self, Py_ssize_t j, bint is_near) noexcept nogil:
        """Watch a zero, or watch it no more."""
        cdef bint wanted = is_near and not self.is_out(j)
        if wanted and not self.near.has(j):
            self.near.add(j)
        elif self.near.has(j) and not wanted:
            self.near.drop(j)

    cdef bint glance(self) noexcept nogil:
        """Catch up with the gradients of all who are near; false where one is off the path."""
        cdef Py_ssize_t i, j
        self.near.glance()
        for i in range(self.near.n_close, self.near.size):
            j = self.near.coordinate[i]
            if fabs(self.gradient[0, j]) > (1.0 + OFF) * self.limit(j, self.l1):
                return False
        self.part_close()
        return True

    cdef void part_close(self) noexcept nogil:
        """Tell those that are close to their limit from the others that are near, as of now."""
        cdef Py_ssize_t i, j
        # off the path the limit is not what moves
        cdef double part = CLOSE if self.near_part > 0 and self.off == 0 else 0.0
        self.glance_again = 0.5 * (1.0 + part) * self.l1
        for i in range(self.near.n_close - 1, -1, -1):
            j = self.near.coordinate[i]
            if fabs(self.gradient[0, j]) < part * self.limit(j, self.l1):
                self.near.retreat(i)
        for i in range(self.near.n_close, self.near.size):
            j = self.near.coordinate[i]
            if fabs(self.gradient[0, j]) >= part * self.limit(j, self.l1):
                self.near.approach(i)

    cdef double to_go(self, Py_ssize_t j) noexcept nogil:
        """How far the gradient of a member is from where it has to be at the end."""
        return self.gradient[0, j] - self.limit(j, self.end) * self.sign[j]

    cdef double find_kink(self, Py_ssize_t *kink) noexcept nogil:
        """The part of the step that leads to the next kink, and whose it is."""
        cdef Py_ssize_t i, j
        cdef double length = 1.0, part
        cdef double stop = max(self.look_again, self.glance_again)
        kink[0] = AT_LOOK
        if stop > self.end and self.off == 0:
            length = (self.l1 - stop) / (self.l1 - self.end)
            if stop > self.look_again:
                kink[0] = AT_GLANCE
        for i in range(self.factor.size):
            j = self.factor.members[i]
            if self.sign[j] * self.step[i] < 0:
                part = max(-self.w[j] / self.step[i], 0.0)
                if part < length:
                    length, kink[0] = part, j
        for i in range(self.near.n_close):
            part = min(self.side(i, 1.0), self.side(i, -1.0))
            if part < length:
                length, kink[0] = part, self.near.coordinate[i]
        return length

    cdef double side(self, Py_ssize_t i, double sign) noexcept nogil:
        """The part of the step at which sign times a close gradient gets to its limit."""
        cdef Py_ssize_t j = self.near.coordinate[i]
        cdef double limit = self.present_limit(j)
        cdef double closing = sign * self.near.direction[i] + limit - self.limit(j, self.end)
        if not closing > 0:
            return INFINITY
        return max(limit - sign * self.gradient[0, j], 0.0) / closing

    cdef void go(self, double length) noexcept nogil:
        cdef Py_ssize_t i, j
        for i in range(self.factor.size):
            j = self.factor.members[i]
            self.gradient[0, j] -= length * self.to_go(j)
            self.w[j] += length * self.step[i]
            self.step[i] *= 1.0 - length
        self.near.go(length)
        self.l1 -= length * (self.l1 - self.end)
        self.off *= 1.0 - length

    cdef Py_ssize_t cross(self, Py_ssize_t j) noexcept nogil:
        """Let a coordinate join, or leave at zero; AT_LOOK where that changes who is near."""
        cdef Py_ssize_t i
        if self.sign[j] == 0:
            self.near.drop(j)
            self.join(j)
            return j
        self.factor.leave(self.factor.slot[j], &self.step[0])
        self.near.member_leaves(j)
        self.near.add(j)
        self.w[j] = self.sign[j] = 0.0
        if not self.any_held:
            return j
        for i in range(self.k):
            self.held[i] = False
        self.any_held = False
        return AT_LOOK

    cdef void join(self, Py_ssize_t j) noexcept nogil:
        """Let a coordinate join, if its column doesn't depend on those of the members."""
        cdef Py_ssize_t old = self.factor.size
        cdef double share
        if not self.factor.join(self.smooth, j, 0.0):
            self.held[j] = self.any_held = True
            return
        self.sign[j] = 1.0 if self.gradient[0, j] > 0 else -1.0
        # what the others' step leaves to go for it, and what its own one does to theirs
        share = self.to_go(j) - fr_dot(&self.factor.column[0], &self.step[0], old)
        share /= self.factor.unexplained
        fr_axpy(-share, &self.factor.explained[0], &self.step[0], old)
        self.step[old] = share
        self.near.member_joins(j)
