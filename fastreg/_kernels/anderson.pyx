"""Anderson extrapolation: five sweeps are combined into one better point.

Coordinate descent on a settled support is a linear map, so the combination of
its last iterates with the smallest residual lands near its fixed point. The
smooth part's state (a residual or a gradient) is affine in W and is combined
with the same coefficients: no product with X. A point is kept only where the
objective falls. (Bertrand, Massias: Anderson acceleration of coordinate
descent, 2021.)
"""
import numpy as np

from libc.math cimport INFINITY, fabs
from libc.string cimport memcpy

from fastreg._kernels.matrix cimport fr_axpy
from fastreg._kernels.penalty cimport Penalty, penalty_value
from fastreg._kernels.smooth cimport Smooth


cdef class Anderson:
    """Keeps MEMORY + 1 iterates of `smooth` with their states."""

    def __init__(self, Smooth smooth, Penalty penalty):
        self.smooth = smooth
        self.penalty = penalty
        self.n_w = smooth.n_tasks * smooth.n_coordinates
        self.n_state = smooth.n_state
        # one row more, for the point to go back to
        self.w_history = np.empty((MEMORY + 2, self.n_w))
        self.state_history = np.empty((MEMORY + 2, self.n_state))

    cdef void save(self, const double *w) noexcept nogil:
        """Remember the iterate after a sweep (and the one before the first)."""
        memcpy(&self.w_history[self.n_saved, 0], w, self.n_w * sizeof(double))
        self.smooth.get_state(&self.state_history[self.n_saved, 0])
        self.n_saved += 1

    cdef void restart(self) noexcept nogil:
        """Forget: W was moved by other means than a sweep."""
        self.n_saved = 0

    cdef bint extrapolate(self, double *w) noexcept nogil:
        """Once MEMORY + 1 iterates are there, try their combination; start anew from
        the better point. Returns whether W moved."""
        cdef double[MEMORY] weights
        cdef double before, after
        cdef Py_ssize_t spare = MEMORY + 1
        cdef double *state = &self.state_history[spare, 0]
        cdef bint accepted = False
        if self.n_saved <= MEMORY:
            return False
        self.n_saved = 0
        if self.solve(weights):
            before = 0.5 * self.smooth.squared_residual(w) + self.value(w)
            self.smooth.get_state(state)
            memcpy(&self.w_history[spare, 0], w, self.n_w * sizeof(double))
            self.combine(self.w_history, weights, self.n_w, w)
            # the oldest iterate's state is no longer needed by itself
            self.combine(self.state_history, weights, self.n_state, &self.state_history[0, 0])
            self.smooth.set_state(&self.state_history[0, 0])
            after = 0.5 * self.smooth.squared_residual(w) + self.value(w)
            accepted = after < before
            if not accepted:
                memcpy(w, &self.w_history[spare, 0], self.n_w * sizeof(double))
                self.smooth.set_state(state)
        self.save(w)
        return accepted

    cdef double value(self, const double *w) noexcept nogil:
        return penalty_value(self.penalty, w, self.smooth.n_coordinates, self.smooth.n_tasks)

    cdef void combine(self, double[:, ::1] history, const double *weights, Py_ssize_t n,
                      double *out) noexcept nogil:
        """out = sum_i weights_i history_(i + 1)."""
        cdef Py_ssize_t i, j
        for j in range(n):
            out[j] = weights[0] * history[1, j]
        for i in range(1, MEMORY):
            fr_axpy(weights[i], &history[i + 1, 0], out, n)

    cdef bint solve(self, double *weights) noexcept nogil:
        """Weights that sum to 1 and minimise the norm of the combined differences."""
        cdef double[MEMORY][MEMORY + 1] system
        cdef double trace = 0.0, factor, total = 0.0
        cdef Py_ssize_t i, j, k
        for i in range(MEMORY):
            for j in range(i + 1):
                system[i][j] = self.difference_product(i, j)
                system[j][i] = system[i][j]
            system[i][MEMORY] = 1.0
            trace += system[i][i]
        if not 0 < trace < INFINITY:
            return False
        # iterates on one line make the system singular: without this the weights,
        # and with them the number of sweeps, would be made of rounding
        for i in range(MEMORY):
            system[i][i] += 1e-8 * trace
        for k in range(MEMORY):
            if not fabs(system[k][k]) > 0:
                return False
            for i in range(k + 1, MEMORY):
                factor = system[i][k] / system[k][k]
                for j in range(k, MEMORY + 1):
                    system[i][j] -= factor * system[k][j]
        for k in range(MEMORY - 1, -1, -1):
            for j in range(k + 1, MEMORY):
                system[k][MEMORY] -= system[k][j] * weights[j]
            weights[k] = system[k][MEMORY] / system[k][k]
            total += weights[k]
        if not fabs(total) > 0:
            return False
        for k in range(MEMORY):
            weights[k] /= total
        return fabs(weights[0]) < INFINITY

    cdef double difference_product(self, Py_ssize_t i, Py_ssize_t j) noexcept nogil:
        """(w_(i+1) - w_i)'(w_(j+1) - w_j), of differences: nothing cancels later."""
        cdef const double *a0 = &self.w_history[i, 0]
        cdef const double *a1 = &self.w_history[i + 1, 0]
        cdef const double *b0 = &self.w_history[j, 0]
        cdef const double *b1 = &self.w_history[j + 1, 0]
        cdef double total = 0.0
        cdef Py_ssize_t k
        for k in range(self.n_w):
            total += (a1[k] - a0[k]) * (b1[k] - b0[k])
        return total
