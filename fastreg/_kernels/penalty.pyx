"""The elastic net's penalty and the duality gap of least squares under it.

    P(W) = 1/2 ||Y - A W||^2 + sum_j f_j (l1 ||w_j|| + l2/2 ||w_j||^2)
    subject to lower_j <= w_j <= upper_j

with ||w_j|| the Euclidean norm over tasks, the absolute value for one task.
l1_j and l2_j stand for f_j l1 and f_j l2.
"""
import numpy as np

from libc.math cimport INFINITY, fabs, sqrt
from libc.stdlib cimport free, malloc


cdef extern from "scan.h" nogil:
    Py_ssize_t fr_next_loud(const double *w, const double *c, double limit,
                            Py_ssize_t start, Py_ssize_t n)


cdef struct Terms:
    # the penalty of one coordinate
    double l1, l2, lower, upper


cdef inline Terms terms_of(Penalty penalty, Py_ssize_t j) noexcept nogil:
    cdef Terms a
    cdef double factor = penalty.factors[j * penalty.factor_step]
    a.l1 = penalty.l1 * factor
    a.l2 = penalty.l2 * factor
    a.lower = penalty.lowers[j * penalty.lower_step]
    a.upper = penalty.uppers[j * penalty.upper_step]
    return a


cdef inline bint is_free(Terms a) noexcept nogil:
    """Not penalised, and on one side at least not bounded."""
    return a.l1 == 0 and a.l2 == 0 and (a.lower == -INFINITY or a.upper == INFINITY)


cdef class Penalty:
    """factor_j (l1 ||w_j|| + l2/2 ||w_j||^2), with w_j in [lower_j, upper_j].

    Parameters
    ----------
    l1, l2 : float
    positive : bool, default=False
        lower = 0 for all coordinates.
    factor : ndarray of shape (n_coordinates,), default=None
        At least 0, finite; None stands for ones.
    lower, upper : ndarray of shape (n_coordinates,), default=None
        lower <= 0 <= upper; None stands for no bound. For one task only.
    """

    def __init__(self, double l1, double l2, bint positive=False, *, factor=None,
                 lower=None, upper=None):
        if positive and lower is not None:
            raise ValueError("positive stands for lower=0: give one of them")
        self.l1 = l1
        self.l2 = l2
        self.positive = positive
        self.bounded = positive or lower is not None or upper is not None
        self.common_factor = 1.0
        self.common_lower = 0.0 if positive else -INFINITY
        self.common_upper = INFINITY
        self.factors = &self.common_factor
        self.lowers = &self.common_lower
        self.uppers = &self.common_upper
        cdef const double[::1] view
        lengths = set()
        if factor is not None:
            self.factor = view = np.ascontiguousarray(factor, dtype=np.float64)
            self.factors, self.factor_step = &view[0], 1
            lengths.add(len(view))
        if lower is not None:
            self.lower = view = np.ascontiguousarray(lower, dtype=np.float64)
            self.lowers, self.lower_step = &view[0], 1
            lengths.add(len(view))
        if upper is not None:
            self.upper = view = np.ascontiguousarray(upper, dtype=np.float64)
            self.uppers, self.upper_step = &view[0], 1
            lengths.add(len(view))
        if len(lengths) > 1:
            raise ValueError("factor, lower and upper need one length")

    def __reduce__(self):
        return _rebuilt, (self.l1, self.l2, self.positive, self.factor, self.lower, self.upper)

    def take(self, columns):
        """The penalty of these columns, in their order."""
        if self.factor is None and self.lower is None and self.upper is None:
            return self
        arrays = (self.factor, self.lower, self.upper)
        taken = [None if array is None else array[columns] for array in arrays]
        return _rebuilt(self.l1, self.l2, self.positive, *taken)

    def strengths(self, columns):
        """l1_j and l2_j of some columns, as two arrays."""
        factor = np.ones(len(columns)) if self.factor is None else self.factor[columns]
        return self.l1 * factor, self.l2 * factor

    def bounds(self, columns):
        """lower and upper of these columns, each of shape (k,)."""
        k = len(columns)
        lower, upper = self.lower, self.upper
        return (
            np.full(k, self.common_lower) if lower is None else lower[columns],
            np.full(k, self.common_upper) if upper is None else upper[columns],
        )

    def unpenalised(self):
        """The columns with a factor of 0."""
        if self.factor is None:
            return np.empty(0, dtype=np.intp)
        return np.flatnonzero(self.factor == 0)

    def project(self, double[:, ::1] W):
        """Move W (n_tasks, n_coordinates) to the nearest point within the bounds."""
        cdef Py_ssize_t j, t
        if not self.bounded:
            return
        for t in range(W.shape[0]):
            for j in range(W.shape[1]):
                W[t, j] = min(max(W[t, j], self.lowers[j * self.lower_step]),
                              self.uppers[j * self.upper_step])

    def dual_norms(self, const double[:, ::1] W, const double[:, ::1] C):
        """The l1 that would hold each w_j where it is zero, with C = A'R.

        An array (n_coordinates,); infinite where the factor is 0.
        """
        norms = np.zeros(W.shape[1])
        self.raise_dual_norms(W, C, 1.0, norms)
        return norms

    def raise_dual_norms(self, const double[:, ::1] W, const double[:, ::1] C, double unit,
                         double[::1] norms):
        """Let `norms` be at least the dual norms in this unit."""
        cdef Py_ssize_t j, p = W.shape[1]
        cdef double x, per_unit = 1.0 / unit
        cdef bint plain = (W.shape[0] == 1 and self.l2 == 0 and self.factor_step == 0
                           and not self.bounded)
        cdef double *out = &norms[0]
        cdef const double *c = &C[0, 0]
        with nogil:
            for j in range(p):
                x = (fabs(c[j]) if plain else self.dual_norm(W, C, j)) * per_unit
                out[j] = x if x > out[j] else out[j]

    cdef double dual_norm(self, const double[:, ::1] W, const double[:, ::1] C,
                          Py_ssize_t j) noexcept nogil:
        cdef Py_ssize_t t
        cdef double x, total = 0.0
        cdef Terms a = terms_of(self, j)
        if W.shape[0] > 1:
            for t in range(W.shape[0]):
                x = C[t, j] - a.l2 * W[t, j]
                total += x * x
            total = sqrt(total)
        else:
            # a bound at zero leaves one side of the dual constraint
            x = C[0, j] - a.l2 * W[0, j]
            if (x > 0 and a.upper > 0) or (x < 0 and a.lower < 0):
                total = fabs(x)
        x = self.factors[j * self.factor_step]
        return total / x if x > 0 else INFINITY

    cdef void prox(self, Py_ssize_t j, double *z, double curvature,
                   Py_ssize_t n_tasks) noexcept nogil:
        """z <- argmin_w curvature/2 ||w||^2 - z'w + penalty_j(w)."""
        cdef double norm, scale
        cdef Py_ssize_t t
        cdef Terms a = terms_of(self, j)
        if n_tasks == 1:
            if z[0] > a.l1:
                z[0] = min((z[0] - a.l1) / (curvature + a.l2), a.upper)
            elif z[0] < -a.l1:
                z[0] = max((z[0] + a.l1) / (curvature + a.l2), a.lower)
            else:
                z[0] = 0.0
            return
        norm = 0.0
        for t in range(n_tasks):
            norm += z[t] * z[t]
        norm = sqrt(norm)
        scale = (1.0 - a.l1 / norm) / (curvature + a.l2) if norm > a.l1 else 0.0
        for t in range(n_tasks):
            z[t] *= scale

    cdef bint face(self, Py_ssize_t j, double w_j, double *slope,
                   double *curvature) noexcept nogil:
        """Whether the penalty is smooth around w_j, and its derivatives there (one task).

        Where it is: penalty_j'(w_j) = slope + curvature w_j.
        """
        cdef Terms a = terms_of(self, j)
        if w_j <= a.lower or w_j >= a.upper or (w_j == 0 and a.l1 > 0):
            return False
        slope[0] = a.l1 if w_j > 0 else -a.l1
        if w_j == 0:
            slope[0] = 0.0
        curvature[0] = a.l2
        return True

    cdef double clip(self, Py_ssize_t j, double w_old, double w_new) noexcept nogil:
        """The nearest to w_new on the smooth piece around w_old (one task)."""
        cdef Terms a = terms_of(self, j)
        if a.l1 > 0 and w_old > 0:
            a.lower = 0.0
        elif a.l1 > 0 and w_old < 0:
            a.upper = 0.0
        return min(max(w_new, a.lower), a.upper)

    cdef GapTerms gap_terms(self, Py_ssize_t j, const double *w, const double *c,
                            Py_ssize_t n_tasks) noexcept nogil:
        """Of several tasks; `one_task_gap` does without."""
        cdef GapTerms out
        cdef double x, ww = 0.0, wc = 0.0, cc = 0.0, aa = 0.0
        cdef Py_ssize_t t
        cdef Terms a = terms_of(self, j)
        for t in range(n_tasks):
            x = c[t] - a.l2 * w[t]
            ww += w[t] * w[t]
            wc += w[t] * c[t]
            cc += c[t] * c[t]
            aa += x * x
        out.squared_gradient = cc
        out.squared_norm = a.l2 * ww
        out.augmented = wc - a.l2 * ww
        out.l1_value = a.l1 * sqrt(ww)
        out.dual_scale = a.l1 / sqrt(aa) if aa > 0 else INFINITY
        out.conjugate = 0.0
        if a.l2 > 0:
            x = max(sqrt(cc) - a.l1, 0.0)
            out.conjugate = out.l1_value + 0.5 * a.l2 * ww + 0.5 * x * x / a.l2 - wc
        if self.l1 + self.l2 > 0 and is_free(a):
            # see certificate: c_j counts as zero
            out.augmented, out.dual_scale = 0.0, INFINITY
        return out


def _rebuilt(l1, l2, positive, factor, lower, upper):
    return Penalty(l1, l2, positive, factor=factor, lower=lower, upper=upper)


cdef double penalty_value(Penalty penalty, const double *w, Py_ssize_t n_coordinates,
                          Py_ssize_t n_tasks) noexcept nogil:
    """sum_j penalty_j(w_j) for W (n_tasks, n_coordinates)."""
    cdef double total = 0.0, ww
    cdef Py_ssize_t j, t
    cdef Terms a
    for j in range(n_coordinates):
        a = terms_of(penalty, j)
        if n_tasks == 1:
            if w[j] < a.lower or w[j] > a.upper:
                return INFINITY
            total += a.l1 * fabs(w[j]) + 0.5 * a.l2 * w[j] * w[j]
            continue
        ww = 0.0
        for t in range(n_tasks):
            ww += w[t * n_coordinates + j] * w[t * n_coordinates + j]
        total += a.l1 * sqrt(ww) + 0.5 * a.l2 * ww
    return total


cdef inline double box_term(Terms a, double w, double x) noexcept nogil:
    """g(w) + g*(x) - w x for g = l1 |w| on [lower, upper].

    A side without a bound has |x| <= l1, but for rounding.
    """
    cdef double kept, total
    if w < 0:
        kept = a.lower
        a.lower, a.upper = -a.upper, -kept
        w, x = -w, -x
    if x > a.l1:
        return (a.upper - w) * (x - a.l1) if a.upper < INFINITY else 0.0
    total = w * (a.l1 - x) if w > 0 else 0.0
    if x < -a.l1 and a.lower > -INFINITY:
        total += a.lower * (x + a.l1)
    return total


cdef inline double net_term(Terms a, double w, double c) noexcept nogil:
    """The same for g = l1 |w| + l2/2 w^2 on [lower, upper], with l2 > 0.

    The conjugate g*(c) is attained at u = clip(soft(c, l1) / l2, lower, upper).
    """
    cdef double kept, u
    if w < 0:
        kept = a.lower
        a.lower, a.upper = -a.upper, -kept
        w, c = -w, -c
    if c > a.l1:
        u = (c - a.l1) / a.l2
        if u <= a.upper:
            return 0.5 * a.l2 * (u - w) * (u - w)
        return (a.upper - w) * (c - a.l1 - 0.5 * a.l2 * (a.upper + w))
    u = max((c + a.l1) / a.l2, a.lower) if c < -a.l1 else 0.0
    return w * (a.l1 - c + 0.5 * a.l2 * w) + u * (c + a.l1 - 0.5 * a.l2 * u)


cdef double projected_gradient(Penalty penalty, const double *w, const double *c,
                               Py_ssize_t n_coordinates, Py_ssize_t n_tasks,
                               bint free_only) noexcept nogil:
    """||C||^2 without what a bound holds back; of the free coordinates, or of all."""
    cdef double total = 0.0
    cdef Py_ssize_t j, t, at
    cdef Terms a
    for j in range(n_coordinates):
        a = terms_of(penalty, j)
        if free_only and not is_free(a):
            continue
        for t in range(n_tasks):
            at = t * n_coordinates + j
            if (c[at] < 0 and w[at] <= a.lower) or (c[at] > 0 and w[at] >= a.upper):
                continue
            total += c[at] * c[at]
    return total


cdef double scaled_gap(Penalty penalty, const double *w, const double *c,
                       Py_ssize_t n_coordinates, double s, double total) noexcept nogil:
    """The gap of the first dual point at scale s, term by term (one task)."""
    cdef double gap = 0.5 * (1.0 - s) * (1.0 - s) * total, x
    cdef Py_ssize_t j
    cdef Terms a
    for j in range(n_coordinates):
        a = terms_of(penalty, j)
        x = s * (c[j] - a.l2 * w[j])
        if (w[j] == 0 and fabs(x) <= a.l1) or is_free(a):
            continue
        gap += box_term(a, w[j], x)
    return gap


cdef double one_task_gap(Penalty penalty, const double *w, const double *c,
                         Py_ssize_t n_coordinates, double squared_residual) noexcept nogil:
    """`certificate` for one task: coordinates that are zero and far from moving are passed
    over, all at once where they have one factor."""
    cdef double l1 = 0.0, wa = 0.0, total = squared_residual, conjugate = 0.0
    cdef double ratio = 0.0     # 1 / s_max
    cdef double quiet = 0.0     # a zero is silent up to quiet l1_j: min(ratio, 1)
    cdef double x, s = 1.0, s_max, gap = INFINITY
    cdef bint boxed = False
    cdef Py_ssize_t j = -1
    cdef Terms a
    while j + 1 < n_coordinates:
        j += 1
        if penalty.factor_step == 0:
            j = fr_next_loud(w, c, quiet * penalty.l1 * penalty.common_factor, j, n_coordinates)
            if j == n_coordinates:
                break
        elif w[j] == 0 and fabs(c[j]) <= quiet * penalty.l1 * penalty.factors[j]:
            continue
        if not fabs(c[j]) + fabs(w[j]) < INFINITY:
            return fabs(c[j]) + fabs(w[j])
        a = terms_of(penalty, j)
        if is_free(a):
            continue
        x = c[j] - a.l2 * w[j]
        l1 += a.l1 * fabs(w[j])
        wa += w[j] * x
        total += a.l2 * w[j] * w[j]
        if x > 0 and a.upper < INFINITY:
            boxed = boxed or a.upper > 0
        elif x < 0 and a.lower > -INFINITY:
            boxed = boxed or a.lower < 0
        elif fabs(x) > ratio * a.l1:
            ratio = fabs(x) / a.l1 if a.l1 > 0 else INFINITY
            quiet = min(ratio, 1.0)
        if penalty.l2 > 0:
            conjugate += net_term(a, w[j], c[j]) if a.l2 > 0 else box_term(a, w[j], c[j])
    # an overflow, or NaN: callers refuse it
    if not total < INFINITY:
        return total
    if penalty.l1 > 0:
        s_max = 1.0 / ratio if ratio > 0 else INFINITY
        if total > 0:
            s = max(1.0 + wa / total, 0.0)
        s = min(s, s_max)
        if boxed:
            gap = min(scaled_gap(penalty, w, c, n_coordinates, s, total),
                      scaled_gap(penalty, w, c, n_coordinates, min(1.0, s_max), total))
        else:
            gap = max(0.5 * (1.0 - s) * (1.0 - s) * total + l1 - s * wa, 0.0)
    if penalty.l2 > 0:
        gap = min(gap, max(conjugate, 0.0))
    return gap


cdef double tasks_gap(Penalty penalty, const double *w, const double *c,
                      Py_ssize_t n_coordinates, Py_ssize_t n_tasks,
                      double squared_residual) noexcept nogil:
    """`certificate` for several tasks, which have no bounds."""
    cdef double wa = 0.0, l1 = 0.0, s_max = INFINITY, conjugate = 0.0, cc = 0.0
    cdef double s = 1.0, gap = INFINITY, total = squared_residual
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
        terms = penalty.gap_terms(j, wj, cj, n_tasks)
        total += terms.squared_norm
        wa += terms.augmented
        l1 += terms.l1_value
        cc += terms.squared_gradient
        conjugate += terms.conjugate
        s_max = min(s_max, terms.dual_scale)
    if n_tasks > 8:
        free(wj)
    if penalty.l1 > 0:
        if total > 0:
            s = max(1.0 + wa / total, 0.0)
        s = min(s, s_max)
        gap = max(0.5 * (1.0 - s) * (1.0 - s) * total + l1 - s * wa, 0.0)
    if penalty.l2 > 0:
        gap = min(gap, max(conjugate, 0.0))
    # NaN compares false everywhere: let it through, callers refuse it
    return gap if fabs(cc) < INFINITY else cc


cdef double certificate(Penalty penalty, const double *w, const double *c,
                        Py_ssize_t n_coordinates, Py_ssize_t n_tasks,
                        double squared_residual) noexcept nogil:
    """Duality gap at W with C = A'R; both (n_tasks, n_coordinates).

    Two dual points are tried and the better gap is taken, with
    x_j = c_j - l2_j w_j:

    * where l1 > 0, the residual of the problem with sqrt(l2_j) e_j appended to A,
      scaled by s. Sides without a bound need s |x_j| <= l1_j. Without bounds the s
      that maximises the dual is known (Fercoq, Gramfort, Salmon 2015); with them the
      same s and the feasible one nearest to 1 are tried:
      gap = (1-s)^2/2 (||R||^2 + sum_j l2_j ||w_j||^2)
            + sum_j l1_j ||w_j|| - s w_j'x_j + conjugate_j(s x_j),
      where the conjugate is 0 up to l1_j and upper_j (s x_j - l1_j) or
      lower_j (s x_j + l1_j) beyond
    * where l2 > 0, the residual itself in the dual with the conjugate of the whole
      penalty: gap = sum_j penalty_j(w_j) + conjugate_j(c_j) - w_j'c_j

    Written so, each is a sum of terms that are not negative: no digits are lost
    against ||Y||^2.

    A coordinate that is free (no penalty, not bounded on both sides) allows no dual
    point but where its gradient vanishes. That is taken for granted here: c_j counts
    as zero. Where nothing is penalised, ||C||^2 is returned, without what bounds
    hold back; or, where all coordinates have both bounds, the gap.
    """
    cdef Py_ssize_t j
    cdef bint boxed = n_tasks == 1
    cdef Terms a
    if penalty.l1 > 0 or penalty.l2 > 0:
        if n_tasks == 1:
            return one_task_gap(penalty, w, c, n_coordinates, squared_residual)
        return tasks_gap(penalty, w, c, n_coordinates, n_tasks, squared_residual)
    for j in range(n_coordinates):
        if not boxed:
            break
        a = terms_of(penalty, j)
        boxed = a.lower > -INFINITY and a.upper < INFINITY and fabs(c[j]) < INFINITY
    if boxed:
        return scaled_gap(penalty, w, c, n_coordinates, 1.0, squared_residual)
    return projected_gradient(penalty, w, c, n_coordinates, n_tasks, False)


def duality_gap(Penalty penalty, const double[:, ::1] W, const double[:, ::1] C,
                double squared_residual):
    """Duality gap at W with C = A'R, both (n_tasks, p); see `certificate`.

    The squared gradient of the free coordinates is added. So it is a bound where they
    are fitted (their gradient exactly zero), and goes to zero with it elsewhere.
    """
    cdef double gap
    cdef Py_ssize_t p = W.shape[1], n_tasks = W.shape[0]
    with nogil:
        gap = certificate(penalty, &W[0, 0], &C[0, 0], p, n_tasks, squared_residual)
        if penalty.factor_step and (penalty.l1 > 0 or penalty.l2 > 0):
            gap += projected_gradient(penalty, &W[0, 0], &C[0, 0], p, n_tasks, True)
    return gap
