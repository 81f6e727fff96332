"""The coefficients of one problem of stochastic gradient descent."""


cdef struct Moment:
    double drop       # sum of the L1 steps since the last fold, each over its scale
    double owed       # sum of the L1 steps since the start
    double scale
    double share      # sum of the scales of the updates that are averaged
    double lost       # sum of scale * drop of these


cdef class Weights:
    cdef double *v             # the coefficients are scale * v
    cdef double scale, intercept, intercept_total, owed
    cdef readonly Py_ssize_t n_features
    cdef bint has_l1, averages
    cdef bint deferred         # the average's sum is total + share * v until the next fold
    cdef double share          # of its updates, the sum of the scales
    cdef bint lazy             # untouched coefficients catch up when they are next read
    cdef double *q             # what the L1 penalty has added to each coefficient
    cdef double *total         # the sum over the averaged updates
    cdef Py_ssize_t *last      # the moment up to which each coefficient is settled
    cdef Moment *moments
    cdef Py_ssize_t now, n_moments
    cdef object _keep
    cdef double[16] apart      # another thread's object may come next in memory

    cdef void end_at_zero(self, Py_ssize_t j, const Moment *since) noexcept nogil
    cdef void add_course(self, Py_ssize_t j, const Moment *since,
                         const Moment *until) noexcept nogil
    cdef void settle(self, const Py_ssize_t *columns, Py_ssize_t k) noexcept nogil
    cdef void prefetch(self, const Py_ssize_t *columns, Py_ssize_t k) noexcept nogil
    cdef void shrink(self, double factor) noexcept nogil
    cdef void truncate(self, const Py_ssize_t *columns, Py_ssize_t k,
                       bint averaging) noexcept nogil
    cdef void finish_update(self, double l1_step, bint averaging) noexcept nogil
    cdef void fold(self) noexcept nogil
