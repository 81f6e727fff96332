"""A penalty that is a sum over coordinates, each a vector of n_tasks numbers."""


cdef struct GapTerms:
    # What one coordinate adds to the duality gap, summed by `certificate`.
    double squared_norm      # ||w_j||^2
    double augmented         # w_j'(c_j - l2 w_j)
    double l1_value          # l1 ||w_j||
    double dual_scale        # largest s with s (c_j - l2 w_j) dual feasible
    double conjugate         # value + conjugate - w_j'c_j, where there is an L2 part
    double squared_gradient  # ||c_j||^2, without what a bound holds back


cdef class Penalty:
    cdef readonly double l1, l2
    cdef readonly bint positive

    cdef void prox(self, double *z, double curvature, Py_ssize_t n_tasks) noexcept nogil
    cdef bint face(self, Py_ssize_t j, double w, double *slope, double *curvature) noexcept nogil
    cdef double clip(self, Py_ssize_t j, double w_old, double w_new) noexcept nogil
    cdef GapTerms gap_terms(self, const double *w, const double *c,
                            Py_ssize_t n_tasks) noexcept nogil


cdef double penalty_value(Penalty penalty, const double *w, Py_ssize_t n_coordinates,
                          Py_ssize_t n_tasks) noexcept nogil

cdef double certificate(Penalty penalty, const double *w, const double *c,
                        Py_ssize_t n_coordinates, Py_ssize_t n_tasks,
                        double squared_residual) noexcept nogil
