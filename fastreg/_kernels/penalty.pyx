"""The elastic net's penalty and the duality gap of least squares under it.

    P(W) = 1/2 ||Y - A W||^2 + sum_j l1 ||w_j|| + l2/2 ||w_j||^2

with ||w_j|| the Euclidean norm over tasks, the absolute value for one task.
"""
from libc.math cimport INFINITY, fabs, sqrt
from libc.stdlib cimport free, malloc


cdef class Penalty:
    """l1 ||w_j|| + l2/2 ||w_j||^2, with w_j >= 0 where `positive` (one task)."""

    def __init__(self, double l1, double l2, bint positive=False):
        self.l1 = l1
        self.l2 = l2
        self.positive = positive

    cdef void prox(self, double *z, double curvature, Py_ssize_t n_tasks) noexcept nogil:
        """z <- argmin_w curvature/2 ||w||^2 - z'w + penalty(w)."""
        cdef double norm, factor
        cdef Py_ssize_t t
        if n_tasks == 1:
            if z[0] > self.l1:
                z[0] = (z[0] - self.l1) / (curvature + self.l2)
            elif z[0] < -self.l1 and not self.positive:
                z[0] = (z[0] + self.l1) / (curvature + self.l2)
            else:
                z[0] = 0.0
            return
        norm = 0.0
        for t in range(n_tasks):
            norm += z[t] * z[t]
        norm = sqrt(norm)
        factor = (1.0 - self.l1 / norm) / (curvature + self.l2) if norm > self.l1 else 0.0
        for t in range(n_tasks):
            z[t] *= factor

    cdef bint face(self, Py_ssize_t j, double w, double *slope, double *curvature) noexcept nogil:
        """Whether the penalty is smooth around w (one task), and its derivatives there."""
        slope[0] = self.l1 if w > 0 else -self.l1
        curvature[0] = self.l2
        return w != 0 or (self.l1 == 0 and not self.positive)

    cdef double clip(self, Py_ssize_t j, double w_old, double w_new) noexcept nogil:
        """w_new, but not beyond the piece of the penalty that w_old lies on."""
        if (self.l1 > 0 or self.positive) and w_old * w_new < 0:
            return 0.0
        return w_new

    cdef GapTerms gap_terms(self, const double *w, const double *c,
                            Py_ssize_t n_tasks) noexcept nogil:
        cdef GapTerms out
        cdef double x, ww = 0.0, wc = 0.0, cc = 0.0, aa = 0.0, gradient, augmented
        cdef Py_ssize_t t
        for t in range(n_tasks):
            x = c[t] - self.l2 * w[t]
            ww += w[t] * w[t]
            wc += w[t] * c[t]
            cc += c[t] * c[t]
            aa += x * x
        # with positive only the upper side of the dual constraint is left
        gradient = max(c[0], 0.0) if self.positive else sqrt(cc)
        augmented = max(c[0] - self.l2 * w[0], 0.0) if self.positive else sqrt(aa)
        out.squared_norm = ww
        out.squared_gradient = cc
        if self.positive and w[0] <= 0:
            out.squared_gradient = gradient * gradient
        out.augmented = wc - self.l2 * ww
        out.l1_value = self.l1 * sqrt(ww)
        out.dual_scale = self.l1 / augmented if augmented > 0 else INFINITY
        out.conjugate = 0.0
        if self.l2 > 0:
            x = max(gradient - self.l1, 0.0)
            out.conjugate = out.l1_value + 0.5 * self.l2 * ww + 0.5 * x * x / self.l2 - wc
        return out


cdef double penalty_value(Penalty penalty, const double *w, Py_ssize_t n_coordinates,
                          Py_ssize_t n_tasks) noexcept nogil:
    """sum_j penalty(w_j) for W (n_tasks, n_coordinates)."""
    cdef double total = 0.0, ww
    cdef Py_ssize_t j, t
    for j in range(n_coordinates):
        if penalty.positive and w[j] < 0:
            return INFINITY
        ww = 0.0
        for t in range(n_tasks):
            ww += w[t * n_coordinates + j] * w[t * n_coordinates + j]
        total += penalty.l1 * sqrt(ww) + 0.5 * penalty.l2 * ww
    return total


cdef double certificate(Penalty penalty, const double *w, const double *c,
                        Py_ssize_t n_coordinates, Py_ssize_t n_tasks,
                        double squared_residual) noexcept nogil:
    """Duality gap at W with C = A'R; both (n_tasks, n_coordinates).

    Two dual points are tried and the better gap is taken:

    * the residual of the problem with sqrt(l2) I appended to A, scaled by the s
      that is feasible and maximises the dual (Fercoq, Gramfort, Salmon 2015):
      gap = (1-s)^2/2 (||R||^2 + l2 ||W||^2) + sum_j l1 ||w_j|| - s w_j'(c_j - l2 w_j)
    * where l2 > 0, the residual itself in the dual with the conjugate of the
      penalty: gap = sum_j penalty(w_j) + (||c_j|| - l1)_+^2 / (2 l2) - w_j'c_j

    Written so, each is a sum of terms that are not negative: no digits are lost
    against ||Y||^2. Without any penalty no dual point is feasible but the best:
    ||C||^2 is returned, of the projected gradient where `positive`.
    """
    cdef double ww = 0.0, wa = 0.0, l1 = 0.0, s_max = INFINITY, conjugate = 0.0, cc = 0.0
    cdef double s = 1.0, gap = INFINITY, total
    cdef double[8] buffer_w
    cdef double[8] buffer_c
    cdef double *wj = buffer_w
    cdef double *cj = buffer_c
    cdef GapTerms terms
    cdef Py_ssize_t j, t
    if n_tasks > 8:
        wj = <double *> malloc(2 * n_tasks * sizeof(double))
        if wj == NULL:
            return INFINITY
        cj = wj + n_tasks
    for j in range(n_coordinates):
        for t in range(n_tasks):
            wj[t] = w[t * n_coordinates + j]
            cj[t] = c[t * n_coordinates + j]
        terms = penalty.gap_terms(wj, cj, n_tasks)
        ww += terms.squared_norm
        wa += terms.augmented
        l1 += terms.l1_value
        cc += terms.squared_gradient
        conjugate += terms.conjugate
        s_max = min(s_max, terms.dual_scale)
    if n_tasks > 8:
        free(wj)
    if penalty.l1 == 0 and penalty.l2 == 0:
        return cc
    if penalty.l1 > 0:
        total = squared_residual + penalty.l2 * ww
        if total > 0:
            s = max(1.0 + wa / total, 0.0)
        s = min(s, s_max)
        gap = max(0.5 * (1.0 - s) * (1.0 - s) * total + l1 - s * wa, 0.0)
    if penalty.l2 > 0:
        gap = min(gap, max(conjugate, 0.0))
    # NaN compares false everywhere: let it through, callers refuse it
    return gap if fabs(cc) < INFINITY else cc


def duality_gap(Penalty penalty, const double[:, ::1] W, const double[:, ::1] C,
                double squared_residual):
    """Duality gap at W with C = A'R, both (n_tasks, p); see `certificate`."""
    cdef double gap
    with nogil:
        gap = certificate(penalty, &W[0, 0], &C[0, 0], W.shape[1], W.shape[0],
                          squared_residual)
    return gap
