"""The Cholesky factor of a changing set of coordinates."""
from fastreg._kernels.smooth cimport Smooth

cdef enum:
    MISSING = -1
    DEPENDENT = -2

# A column whose part that others don't explain has less than this share of its
# squared norm depends on them.
cdef inline bint stands_alone(double unexplained, double squared_norm) noexcept nogil:
    return unexplained > 1e-11 * squared_norm


cdef class FaceFactor:
    cdef readonly Py_ssize_t capacity, size
    cdef Py_ssize_t n_missing, n_stale
    cdef bint has_lost          # a member, since the last restart
    cdef double patience        # how long sweeps go on before the next step
    cdef double[:, ::1] L       # row-major: the BLAS sees its transpose
    cdef double[:, ::1] numbers         # the rows are what follows
    cdef double[::1] diagonal, norm, right_side, cosine, sine
    cdef Py_ssize_t[:, ::1] indices     # and these
    cdef Py_ssize_t[::1] members, slot, missing, stale, wanted

    cdef double work(self, const Py_ssize_t *face, Py_ssize_t n,
                     const double *diagonal) noexcept nogil
    cdef void compare(self, const Py_ssize_t *face, Py_ssize_t n,
                      const double *diagonal) noexcept nogil
    cdef bint solve(self, Smooth smooth, const Py_ssize_t *face, Py_ssize_t n,
                    const double *diagonal, double *b) noexcept nogil
    cdef bint is_dependent(self, Py_ssize_t j) noexcept nogil
    cdef void restart(self, Py_ssize_t n) noexcept nogil
    cdef bint extend(self, Smooth smooth, const Py_ssize_t *face,
                     const double *diagonal) noexcept nogil
    cdef Py_ssize_t append(self, Smooth smooth, const Py_ssize_t *face, const double *diagonal,
                           const Py_ssize_t *missing, Py_ssize_t n_missing) noexcept nogil
    cdef bint settle_on(self, Smooth smooth, const Py_ssize_t *face, Py_ssize_t n,
                        const double *diagonal) noexcept nogil
    cdef void solve_members(self, double *b) noexcept nogil
    cdef void solve_lower(self, double *b) noexcept nogil
    cdef void remove(self, Py_ssize_t gone) noexcept nogil
    cdef void forget(self, Py_ssize_t gone) noexcept nogil
    cdef void turn(self, Py_ssize_t row, Py_ssize_t start, double carry) noexcept nogil
