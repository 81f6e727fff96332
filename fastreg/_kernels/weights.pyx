"""Coefficients that decay, lose an L1 step and are averaged at the price of what a row touches.

The decay of the L2 part is one scalar: w = scale * v. The L1 part is the cumulative
penalty of Tsuruoka, Tsujii and Ananiadou (2009): by now each coefficient may have lost
`owed`, and has lost -q_j, so that each update takes what is still owed, down to zero.

The average is over sums of scale * v. Of sparse rows without L1 that is known as
total + share * v, share the sum of the scales: an update that adds u to v takes share * u
from the total.

Of dense rows each update touches all coefficients. Of sparse rows it touches a few; with
L1 the others would move by the penalty alone, on a course that is known: v_j falls by
l1_step / scale at each update until it is zero and then stays there. So they are left
where they are, with the number of the last update that they know of, and `settle` takes
them over all later updates at once, exactly. It needs the sums of the steps after each
update, which are kept for a bounded number of updates; then all coefficients are settled
(`fold`). The sum for the average is that of the same course.
"""
import numpy as np

from libc.math cimport copysign, fabs
from libc.stdlib cimport free, malloc

from fastreg._kernels.matrix cimport fr_axpy


cdef extern from "columns.h" nogil:
    void fr_prefetch(const void *start, Py_ssize_t n_bytes)
    double fr_between(double low, double x, double high)
    void fr_truncate(double owed, double scale, double *v, double *q, Py_ssize_t n)

cdef enum:
    MIN_MOMENTS = 1024
    GAP = 16            # numbers after an array: the next may be another thread's

# Below this scale v is made the coefficients again, before it overflows.
cdef double SMALLEST_SCALE = 1e-9
# And here where sparse rows are averaged: a sum of scales rounds like the largest.
cdef double SMALLEST_SHARE = 1e-3


cdef class Weights:
    def __init__(self, coef, double intercept, *, bint sparse, bint l1, total=None,
                 double intercept_total=0.0):
        """Start from coef (p,), which is written to; `total` (p,) is the sum for the average."""
        cdef double[::1] v = coef, q, sums
        cdef Py_ssize_t[::1] last
        cdef Py_ssize_t p = v.shape[0]
        self.n_features = p
        self.v, self.scale, self.intercept = &v[0], 1.0, intercept
        self.has_l1, self.averages = l1, total is not None
        self.lazy = sparse and self.has_l1
        self.deferred = sparse and self.averages and not self.has_l1
        received = np.zeros(p + GAP) if l1 else None
        settled = np.zeros(p + GAP, dtype=np.intp) if self.lazy else None
        self._keep = (coef, total, received, settled)
        if l1:
            q = received
            self.q = &q[0]
        if self.averages:
            sums = total
            self.total, self.intercept_total = &sums[0], intercept_total
        if self.lazy:
            last = settled
            self.last = &last[0]
            # settling all of them costs p, so this many updates share it
            self.n_moments = max(<Py_ssize_t> MIN_MOMENTS, p // 8)
            self.moments = <Moment *> malloc((self.n_moments + 1) * sizeof(Moment))
            if self.moments == NULL:
                raise MemoryError
            self.moments[0] = Moment(0.0, 0.0, 1.0, 0.0, 0.0)

    def __dealloc__(self):
        free(self.moments)

    cdef void end_at_zero(self, Py_ssize_t j, const Moment *since) noexcept nogil:
        """Take coefficient j over updates among which it has become zero."""
        cdef Py_ssize_t s, low = since - self.moments + 1, high = self.now
        cdef double size = fabs(self.v[j])
        cdef const Moment *before
        while low < high:
            s = (low + high) // 2
            if self.moments[s].drop - since.drop >= size:
                high = s
            else:
                low = s + 1
        # at update `low` nothing was left of it
        before = &self.moments[low - 1]
        self.q[j] = copysign(
            before.owed + self.moments[low].scale * (size - (before.drop - since.drop)), -self.v[j])
        if self.averages:
            self.add_course(j, since, before)
        self.v[j] = 0.0

    cdef inline void add_course(self, Py_ssize_t j, const Moment *since,
                                const Moment *until) noexcept nogil:
        """Add coefficient j at the updates between two moments to its sum."""
        self.total[j] += copysign(
            (fabs(self.v[j]) + since.drop) * (until.share - since.share)
            - (until.lost - since.lost), self.v[j])

    cdef void settle(self, const Py_ssize_t *columns, Py_ssize_t k) noexcept nogil:
        """Take some coefficients over the updates that they don't know of; all if `columns`
        is NULL."""
        cdef const Moment *now = &self.moments[self.now]
        cdef const Moment *since
        cdef Py_ssize_t t, j
        cdef double v, left
        for t in range(k):
            j = columns[t] if columns != NULL else t
            since = &self.moments[self.last[j]]
            v = self.v[j]
            self.last[j] = self.now
            if since == now or v == 0:
                continue
            left = fabs(v) - (now.drop - since.drop)
            if left <= 0:
                self.end_at_zero(j, since)
                continue
            if self.averages:
                self.add_course(j, since, now)
            if self.has_l1:
                self.v[j] = copysign(left, v)
                self.q[j] = copysign(now.owed, -v)

    cdef void prefetch(self, const Py_ssize_t *columns, Py_ssize_t k) noexcept nogil:
        """Say that these coefficients will be settled soon."""
        cdef Py_ssize_t t
        for t in range(k):
            fr_prefetch(&self.v[columns[t]], 8)
            fr_prefetch(&self.last[columns[t]], 8)
            if self.has_l1:
                fr_prefetch(&self.q[columns[t]], 8)
            if self.averages:
                fr_prefetch(&self.total[columns[t]], 8)

    cdef void shrink(self, double factor) noexcept nogil:
        """w *= factor, at least 0."""
        cdef Py_ssize_t j
        cdef double smallest = SMALLEST_SCALE
        if self.averages and (self.lazy or self.deferred):
            smallest = SMALLEST_SHARE
        if self.scale * factor >= smallest:
            self.scale *= factor
            return
        self.fold()
        for j in range(self.n_features):
            self.v[j] *= factor

    cdef void truncate(self, const Py_ssize_t *columns, Py_ssize_t k,
                       bint averaging) noexcept nogil:
        """Apply the L1 penalty to coefficients that this update has moved; lazy only."""
        cdef Py_ssize_t t, j
        cdef double z, sign, size, left, inverse = 1.0 / self.scale
        for t in range(k):
            j = columns[t]
            if self.last[j] > self.now:
                continue  # another row of the batch has been here
            self.last[j] = self.now + 1
            z = self.v[j]
            if self.has_l1:
                # towards zero and no further; with signs as numbers, since they can't be guessed
                sign, size = copysign(1.0, z), fabs(z)
                left = size - (self.owed + sign * self.q[j]) * inverse
                left = fr_between(0.0, left, size)
                self.q[j] += self.scale * sign * (left - size)
                self.v[j] = z = sign * left
            if averaging:
                self.total[j] += self.scale * z

    cdef void finish_update(self, double l1_step, bint averaging) noexcept nogil:
        """End an update: with the penalty on dense coefficients, and the average.

        `owed` has grown by l1_step already, and lazy ones were truncated.
        """
        cdef const Moment *before
        cdef Moment *now
        if averaging:
            self.intercept_total += self.intercept
        if self.deferred:
            if averaging:
                self.share += self.scale
            return
        if not self.lazy:
            if self.has_l1:
                fr_truncate(self.owed, self.scale, self.v, self.q, self.n_features)
            if averaging:
                fr_axpy(self.scale, self.v, self.total, self.n_features)
            return
        before = &self.moments[self.now]
        self.now += 1
        now = &self.moments[self.now]
        now.owed, now.scale = self.owed, self.scale
        now.drop = before.drop + l1_step / self.scale
        now.share, now.lost = before.share, before.lost
        if averaging:
            now.share += self.scale
            now.lost += self.scale * now.drop
        if self.now == self.n_moments:
            self.fold()

    cdef void fold(self) noexcept nogil:
        """Settle all coefficients and make v the coefficients themselves."""
        cdef Py_ssize_t j
        if self.share != 0:
            fr_axpy(self.share, self.v, self.total, self.n_features)
            self.share = 0.0
        if self.lazy:
            self.settle(NULL, self.n_features)
            for j in range(self.n_features):
                self.last[j] = 0
            self.now = 0
            self.moments[0] = Moment(0.0, self.owed, 1.0, 0.0, 0.0)
        if self.scale != 1:
            for j in range(self.n_features):
                self.v[j] *= self.scale
            self.scale = 1.0
