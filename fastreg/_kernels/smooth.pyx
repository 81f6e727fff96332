"""Least squares on the columns of a Matrix, and on a Gram matrix.

Signs: `grad` writes A_j'R, the *negative* gradient, as the field's formulas do.
Tasks are the rows of W, R and the gradient; a single target is one task.
"""
import numpy as np

from libc.math cimport fabs
from libc.string cimport memcpy

from fastreg._kernels.matrix cimport Matrix, fr_axpy, fr_axpy4, pointer_or_null


def gradient_from_gram(const double[:, ::1] G, const double[:, ::1] correlation,
                       const double[:, ::1] W, double squared_norm):
    """C = correlation - W G and ||R||^2 at W (n_tasks, p), from moments alone.

    Also the size of what was added and subtracted for it, to be multiplied by
    machine epsilon for a bound on the rounding of a duality gap.
    """
    cdef Py_ssize_t t, i, j, k, p = W.shape[1]
    cdef double squared_residual = squared_norm, magnitude = squared_norm, total
    result = np.array(correlation)
    cdef double[:, ::1] C = result
    cdef Py_ssize_t[::1] support = np.empty(p, dtype=np.intp)
    cdef Py_ssize_t n_support
    with nogil:
        for t in range(W.shape[0]):
            n_support = 0
            for j in range(p):
                if W[t, j] != 0:
                    support[n_support] = j
                    n_support += 1
                    fr_axpy(-W[t, j], &G[j, 0], &C[t, 0], p)
            for i in range(n_support):
                j = support[i]
                total = 0.0
                for k in range(n_support):
                    total += fabs(G[j, support[k]] * W[t, support[k]])
                squared_residual -= W[t, j] * (correlation[t, j] + C[t, j])
                magnitude += fabs(W[t, j]) * (2 * fabs(correlation[t, j]) + total)
    return result, max(squared_residual, 0.0), magnitude


cdef class Smooth:
    def current_squared_residual(self, const double[:, ::1] W):
        """||R||^2 at the current W (n_tasks, k)."""
        return self.squared_residual(&W[0, 0])

    cdef void grad(self, Py_ssize_t j, double *g) noexcept nogil:
        """g_t = A_j' R_t."""
        pass

    cdef void move(self, Py_ssize_t j, const double *d) noexcept nogil:
        """W[:, j] += d."""
        pass

    cdef void move_all(self, const Py_ssize_t *chosen, const double *d,
                       Py_ssize_t n) noexcept nogil:
        """w[chosen] += d, for one task."""
        cdef Py_ssize_t i
        for i in range(n):
            self.move(chosen[i], &d[i])

    cdef double work(self, Py_ssize_t j) noexcept nogil:
        """Elements that one grad or move touches, to pace looks for Ctrl-C."""
        return 1.0

    cdef double squared_residual(self, const double *w) noexcept nogil:
        """||R||^2 at the current W (n_tasks, k)."""
        return 0.0

    cdef void hessian(self, Py_ssize_t j, const Py_ssize_t *chosen, Py_ssize_t k,
                      double *row) noexcept nogil:
        """A_j'A_i for k chosen i, where there is a Hessian."""
        pass

    cdef void get_state(self, double *state) noexcept nogil:
        """Copy out what moves with W: the residual or the gradient."""
        pass

    cdef void set_state(self, const double *state) noexcept nogil:
        """Copy it back, for the W that belongs to it."""
        pass


cdef class LeastSquares(Smooth):
    """R = Y - A W with a residual that is kept; coordinate j is column idx[j]."""
    cdef Matrix matrix
    cdef const Py_ssize_t[::1] idx
    cdef double[:, ::1] residual
    cdef double[::1] shift

    def __init__(self, Matrix matrix, const Py_ssize_t[::1] idx, curvature,
                 double[:, ::1] residual):
        if not matrix.has_columns:
            raise ValueError("coordinate descent on columns needs Fortran order")
        self.matrix = matrix
        self.idx = idx
        self.n_coordinates = idx.shape[0]
        self.n_tasks = residual.shape[0]
        self.curvature = pointer_or_null(curvature)
        self.residual = residual
        self.shift = np.zeros(self.n_tasks)
        self.n_state = self.n_tasks * (matrix.n_samples + 1)
        self._keep = curvature

    def settle(self):
        """Make `residual` the plain residual again."""
        cdef Py_ssize_t t
        for t in range(self.n_tasks):
            self.matrix.settle(&self.residual[t, 0], &self.shift[t])

    cdef void grad(self, Py_ssize_t j, double *g) noexcept nogil:
        cdef Py_ssize_t t
        if j + 1 < self.n_coordinates:  # cyclic descent goes there
            self.matrix.prefetch(self.idx[j + 1])
        for t in range(self.n_tasks):
            g[t] = self.matrix.dot(self.idx[j], &self.residual[t, 0], self.shift[t])

    cdef void move(self, Py_ssize_t j, const double *d) noexcept nogil:
        cdef Py_ssize_t t
        for t in range(self.n_tasks):
            if d[t] != 0:
                self.matrix.axpy(self.idx[j], -d[t], &self.residual[t, 0], &self.shift[t])

    cdef double work(self, Py_ssize_t j) noexcept nogil:
        return self.n_tasks * self.matrix.column_work(self.idx[j])

    cdef double squared_residual(self, const double *w) noexcept nogil:
        cdef Py_ssize_t t
        cdef double total = 0.0
        for t in range(self.n_tasks):
            total += self.matrix.squared_norm(&self.residual[t, 0], self.shift[t])
        return total

    cdef void get_state(self, double *state) noexcept nogil:
        cdef Py_ssize_t size = self.n_tasks * self.matrix.n_samples
        memcpy(state, &self.residual[0, 0], size * sizeof(double))
        memcpy(state + size, &self.shift[0], self.n_tasks * sizeof(double))

    cdef void set_state(self, const double *state) noexcept nogil:
        cdef Py_ssize_t size = self.n_tasks * self.matrix.n_samples
        memcpy(&self.residual[0, 0], state, size * sizeof(double))
        memcpy(&self.shift[0], state + size, self.n_tasks * sizeof(double))


cdef class Gram(Smooth):
    """The same with G = A'A in place of A: C (n_tasks, k) = A'R is kept.

    The start, with its gradient and ||R||^2, may come from X itself: G then
    only has to be a good model of how the gradient moves.
    """
    def __init__(self, const double[:, :] G, double[:, ::1] gradient, w,
                 double squared_residual):
        cdef Py_ssize_t j
        cdef double[::1] curvature = np.empty(G.shape[0])
        for j in range(G.shape[0]):
            curvature[j] = G[j, j]
        if G.strides[1] != sizeof(double):
            raise ValueError("G needs contiguous rows")
        self.G = &G[0, 0]
        self.ld = G.strides[0] // <Py_ssize_t> sizeof(double)
        self.n_tasks = gradient.shape[0]
        self.n_coordinates = gradient.shape[1]
        self.curvature = pointer_or_null(curvature)
        self.gradient = gradient
        self.start_w = np.array(w)
        self.start_gradient = np.array(gradient)
        self.start_squared_residual = squared_residual
        self.n_state = self.n_tasks * self.n_coordinates
        self.has_hessian = True
        self._keep = (curvature, G)

    cdef void grad(self, Py_ssize_t j, double *g) noexcept nogil:
        cdef Py_ssize_t t
        for t in range(self.n_tasks):
            g[t] = self.gradient[t, j]

    cdef void move(self, Py_ssize_t j, const double *d) noexcept nogil:
        cdef Py_ssize_t t
        for t in range(self.n_tasks):
            if d[t] != 0:
                fr_axpy(-d[t], self.G + j * self.ld, &self.gradient[t, 0],
                        self.n_coordinates)

    cdef void move_all(self, const Py_ssize_t *chosen, const double *d,
                       Py_ssize_t n) noexcept nogil:
        cdef const double *rows[4]
        cdef double minus_d[4]
        cdef Py_ssize_t i, n_rows = 0
        for i in range(n):
            if d[i] == 0:
                continue
            minus_d[n_rows] = -d[i]
            rows[n_rows] = self.G + chosen[i] * self.ld
            n_rows += 1
            if n_rows == 4:
                fr_axpy4(minus_d, rows[0], rows[1], rows[2], rows[3], &self.gradient[0, 0],
                         self.n_coordinates)
                n_rows = 0
        for i in range(n_rows):
            fr_axpy(minus_d[i], rows[i], &self.gradient[0, 0], self.n_coordinates)

    cdef double work(self, Py_ssize_t j) noexcept nogil:
        return <double> (self.n_tasks * self.n_coordinates)

    cdef double squared_residual(self, const double *w) noexcept nogil:
        # with D = W - W0 and G D = C0 - C: ||R||^2 = ||R0||^2 - D'(C0 + C)
        cdef Py_ssize_t j, n = self.n_tasks * self.n_coordinates
        cdef const double *w0 = &self.start_w[0, 0]
        cdef const double *c0 = &self.start_gradient[0, 0]
        cdef const double *c = &self.gradient[0, 0]
        cdef double total = self.start_squared_residual
        for j in range(n):
            total -= (w[j] - w0[j]) * (c0[j] + c[j])
        return max(total, 0.0)

    cdef void hessian(self, Py_ssize_t j, const Py_ssize_t *chosen, Py_ssize_t k,
                      double *row) noexcept nogil:
        cdef Py_ssize_t i
        for i in range(k):
            row[i] = self.G[j * self.ld + chosen[i]]

    cdef void get_state(self, double *state) noexcept nogil:
        memcpy(state, &self.gradient[0, 0], self.n_state * sizeof(double))

    cdef void set_state(self, const double *state) noexcept nogil:
        memcpy(&self.gradient[0, 0], state, self.n_state * sizeof(double))
