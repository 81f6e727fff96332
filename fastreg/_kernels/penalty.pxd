"""A penalty that is a sum over coordinates, each a vector of n_tasks numbers."""


cdef struct GapTerms:
    # What one coordinate of several tasks adds to the duality gap.
    double squared_norm      # l2 ||w_j||^2
    double augmented         # w_j'(c_j - l2 w_j)
    double l1_value          # l1 ||w_j||
    double dual_scale        # largest s with s (c_j - l2 w_j) dual feasible
    double conjugate         # value + conjugate - w_j'c_j, where there is an L2 part
    double squared_gradient  # ||c_j||^2


cdef class Penalty:
    cdef readonly double l1, l2
    cdef readonly bint positive, bounded
    cdef readonly object factor, lower, upper   # arrays, or None where all are alike
    # what coordinate j reads lies at j * step, and step is 0 where all are alike
    cdef const double *factors
    cdef const double *lowers
    cdef const double *uppers
    cdef Py_ssize_t factor_step, lower_step, upper_step
    cdef double common_factor, common_lower, common_upper

    cdef double dual_norm(self, const double[:, ::1] W, const double[:, ::1] C,
                          Py_ssize_t j) noexcept nogil
    cdef void prox(self, Py_ssize_t j, double *z, double curvature,
                   Py_ssize_t n_tasks) noexcept nogil
    cdef bint face(self, Py_ssize_t j, double w_j, double *slope,
                   double *curvature) noexcept nogil
    cdef double clip(self, Py_ssize_t j, double w_old, double w_new) noexcept nogil
    cdef GapTerms gap_terms(self, Py_ssize_t j, const double *w, const double *c,
                            Py_ssize_t n_tasks) noexcept nogil


cdef double penalty_value(Penalty penalty, const double *w, Py_ssize_t n_coordinates,
                          Py_ssize_t n_tasks) noexcept nogil

cdef double certificate(Penalty penalty, const double *w, const double *c,
                        Py_ssize_t n_coordinates, Py_ssize_t n_tasks,
                        double squared_residual) noexcept nogil
