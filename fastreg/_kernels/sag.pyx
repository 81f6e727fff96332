"""Stochastic average gradients for ridge: SAG (Schmidt, Le Roux, Bach 2013) and SAGA
(Defazio, Bach, Lacoste-Julien 2014), on rows that are centred as they are read.

With the sum of all rows' last gradients G = sum_i d_i (x_i - m), one step on row i is

    w <- (1 - step alpha) w - step (change of d_i) (1 - 1/k) (x_i - m) - step G / k

with k the number of rows seen; SAG leaves out the middle term. w is held as
scale * z, so that the shrinking is one product.
"""
import numpy as np

from libc.math cimport INFINITY, fabs
from libc.stdint cimport uint64_t

from fastreg._kernels.interrupt cimport INTERRUPT_WORK, check_interrupt
from fastreg._kernels.matrix cimport fr_axpy, fr_dot
from fastreg._kernels.random cimport fr_below, fr_stream, fr_stream_start


cdef extern from "columns.h" nogil:
    void fr_row_center_f64(
        const double *x, Py_ssize_t k, const double *m, double q, double *out)
    void fr_row_center_f32(
        const float *x, Py_ssize_t k, const double *m, double q, double *out)

# z is multiplied out before its factor gets too small.
cdef double MIN_SCALE = 1e-9


cdef class CentredRows:
    """Rows x_i - m of a matrix with the vectors z and G that live on its columns."""
    cdef readonly Py_ssize_t n_samples, n_features
    cdef double[::1] mean, z, G
    cdef object _keep

    def __init__(self, X, mean):
        self._keep = X
        self.n_samples, self.n_features = X.shape
        self.mean = np.ascontiguousarray(mean, dtype=np.float64)
        self.z = np.zeros(self.n_features)
        self.G = np.zeros(self.n_features)

    cdef double look(self, Py_ssize_t i) noexcept nogil:
        """(x_i - m)'z."""
        return 0.0

    cdef void move(self, double change, double own, double average) noexcept nogil:
        """For the row that was looked at last: G += change (x_i - m), then
        z -= own (x_i - m) + average G."""
        pass

    cdef void settle(self, double factor) noexcept nogil:
        """z *= factor, with nothing left to be done later."""
        pass

    cdef double squared_norm(self, Py_ssize_t i) noexcept nogil:
        return 0.0

    cdef double work(self, Py_ssize_t i) noexcept nogil:
        """Elements that a step on row i touches."""
        return 4.0 * self.n_features

    def largest_norm(self, const double[::1] weights):
        """The largest w_i ||x_i - m||^2."""
        cdef Py_ssize_t i
        cdef double largest = 0.0
        with nogil:
            for i in range(self.n_samples):
                largest = max(largest, weights[i] * self.squared_norm(i))
        return largest

    @property
    def coefficients(self):
        """z as `descend` has left it."""
        return np.asarray(self.z)


cdef class CentredDenseRows(CentredRows):
    """Of a dense X with unit stride along one axis; best along rows."""
    cdef const double *x64
    cdef const float *x32
    cdef Py_ssize_t row_stride, column_stride
    cdef double[::1] row

    def __init__(self, X, mean):
        cdef const double[:, :] view64
        cdef const float[:, :] view32
        super().__init__(X, mean)
        self.row_stride = X.strides[0] // X.itemsize
        self.column_stride = X.strides[1] // X.itemsize
        self.row = np.empty(self.n_features)
        if X.dtype == np.float64:
            view64 = X
            self.x64 = &view64[0, 0]
        else:
            view32 = X
            self.x32 = &view32[0, 0]

    cdef void read(self, Py_ssize_t i) noexcept nogil:
        cdef Py_ssize_t j, p = self.n_features, at = i * self.row_stride
        if self.column_stride != 1:
            for j in range(p):
                self.row[j] = (self.x64[at] if self.x64 != NULL else self.x32[at]) - self.mean[j]
                at += self.column_stride
        elif self.x64 != NULL:
            fr_row_center_f64(self.x64 + at, p, &self.mean[0], 1.0, &self.row[0])
        else:
            fr_row_center_f32(self.x32 + at, p, &self.mean[0], 1.0, &self.row[0])

    cdef double look(self, Py_ssize_t i) noexcept nogil:
        self.read(i)
        return fr_dot(&self.row[0], &self.z[0], self.n_features)

    cdef void move(self, double change, double own, double average) noexcept nogil:
        cdef Py_ssize_t p = self.n_features
        fr_axpy(change, &self.row[0], &self.G[0], p)
        if own != 0:
            fr_axpy(-own, &self.row[0], &self.z[0], p)
        fr_axpy(-average, &self.G[0], &self.z[0], p)

    cdef void settle(self, double factor) noexcept nogil:
        cdef Py_ssize_t j
        for j in range(self.n_features):
            self.z[j] *= factor

    cdef double squared_norm(self, Py_ssize_t i) noexcept nogil:
        self.read(i)
        return fr_dot(&self.row[0], &self.row[0], self.n_features)


cdef class CentredSparseRows(CentredRows):
    """Of a CSR X; a step costs the row's nonzeros.

    z is a + b m and G is g - D m: what lies along m is one number each. Of a column
    without an entry in a row only the multiple of g that it is behind is known, as the
    difference of two sums; it catches up when it is read.
    """
    cdef const double *x64
    cdef const float *x32
    cdef const int[::1] indices
    cdef const int[::1] indptr
    cdef double[::1] done
    cdef double due, b, D
    cdef double ma, mg, mm          # m'a, m'g, m'm
    cdef Py_ssize_t i
    cdef double mx                  # m'x_i

    def __init__(self, X, mean):
        cdef const double[::1] view64
        cdef const float[::1] view32
        super().__init__(X, mean)
        self.indices, self.indptr = X.indices, X.indptr
        if X.dtype == np.float64:
            view64 = X.data
            # a pointer that is never read where X holds nothing
            self.x64 = &view64[0] if view64.shape[0] else <const double *> &self.indptr[0]
        elif X.data.shape[0]:
            view32 = X.data
            self.x32 = &view32[0]
        self.done = np.zeros(self.n_features)
        self.mm = fr_dot(&self.mean[0], &self.mean[0], self.n_features)

    cdef inline double value(self, Py_ssize_t at) noexcept nogil:
        return self.x64[at] if self.x64 != NULL else <double> self.x32[at]

    cdef double look(self, Py_ssize_t i) noexcept nogil:
        cdef Py_ssize_t at, j
        cdef double x, total = 0.0
        self.i, self.mx = i, 0.0
        for at in range(self.indptr[i], self.indptr[i + 1]):
            j, x = self.indices[at], self.value(at)
            self.z[j] -= (self.due - self.done[j]) * self.G[j]
            self.done[j] = self.due
            total += x * self.z[j]
            self.mx += x * self.mean[j]
        return total - self.ma + self.b * (self.mx - self.mm)

    cdef void move(self, double change, double own, double average) noexcept nogil:
        cdef Py_ssize_t at, j
        cdef double x
        for at in range(self.indptr[self.i], self.indptr[self.i + 1]):
            j, x = self.indices[at], self.value(at)
            self.G[j] += change * x
            self.z[j] -= own * x
        self.D += change
        self.mg += change * self.mx
        self.due += average
        self.b += own + average * self.D
        self.ma -= own * self.mx + average * self.mg

    cdef void settle(self, double factor) noexcept nogil:
        cdef Py_ssize_t j
        for j in range(self.n_features):
            self.z[j] -= (self.due - self.done[j]) * self.G[j]
            self.z[j] = factor * (self.z[j] + self.b * self.mean[j])
            self.done[j] = 0.0
        self.due = self.b = 0.0
        self.ma = fr_dot(&self.mean[0], &self.z[0], self.n_features)
        self.mg = fr_dot(&self.mean[0], &self.G[0], self.n_features)

    cdef double squared_norm(self, Py_ssize_t i) noexcept nogil:
        cdef Py_ssize_t at
        cdef double x, total = self.mm
        for at in range(self.indptr[i], self.indptr[i + 1]):
            x = self.value(at)
            total += x * (x - 2 * self.mean[self.indices[at]])
        return max(total, 0.0)

    cdef double work(self, Py_ssize_t i) noexcept nogil:
        return 16.0 + 8.0 * (self.indptr[i + 1] - self.indptr[i])


def descend(CentredRows rows, const double[::1] weights, const double[::1] targets,
            const Py_ssize_t[::1] chosen, double alpha, double step, bint saga, double tol,
            Py_ssize_t max_epochs, uint64_t seed):
    """Minimise the mean over `chosen` rows of w_i/2 ((x_i - m)'w)^2 - t_i (x_i - m)'w,
    plus alpha/2 ||w||^2, t the weighted targets. Rows are drawn with replacement.

    Stops when all rows were seen and no coefficient moved by more than `tol` of the
    largest in an epoch. Returns epochs and whether that was reached; `rows.coefficients` is w.
    """
    cdef Py_ssize_t n = chosen.shape[0], n_seen = 0, n_epochs = 0, _step, i, j
    cdef double[::1] slopes = np.full(rows.n_samples, np.nan)
    cdef double[::1] before = np.zeros(rows.n_features)
    cdef double scale = 1.0, slope, change, own = 0.0, moved, largest, work = 0.0
    cdef bint converged = False
    cdef fr_stream stream
    with nogil:
        while n_epochs < max_epochs and not converged:
            fr_stream_start(&stream, seed, n_epochs)
            for _step in range(n):
                i = chosen[<Py_ssize_t> fr_below(&stream, n)]
                slope = weights[i] * scale * rows.look(i) - targets[i]
                change = slope - slopes[i]
                if slopes[i] != slopes[i]:  # not seen before
                    n_seen += 1
                    change = slope
                slopes[i] = slope
                scale *= 1 - step * alpha
                if saga:
                    own = step * change * (1 - 1.0 / n_seen) / scale
                rows.move(change, own, step / (n_seen * scale))
                if scale < MIN_SCALE:
                    rows.settle(scale)
                    scale = 1.0
                work += rows.work(i)
                if work > INTERRUPT_WORK:
                    work = 0.0
                    check_interrupt()
            rows.settle(scale)
            scale = 1.0
            n_epochs += 1
            moved = largest = 0.0
            for j in range(rows.n_features):
                moved = max(moved, fabs(rows.z[j] - before[j]))
                largest = max(largest, fabs(rows.z[j]))
                before[j] = rows.z[j]
            converged = n_seen == n and moved <= tol * largest
            if not largest < INFINITY:
                break
    return n_epochs, converged
