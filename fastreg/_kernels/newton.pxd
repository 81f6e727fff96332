"""Newton steps on the face of the penalty where an iterate lies."""
from fastreg._kernels.factor cimport FaceFactor
from fastreg._kernels.penalty cimport Penalty
from fastreg._kernels.smooth cimport Smooth


cdef class FaceNewton:
    cdef Smooth smooth
    cdef Penalty penalty
    cdef FaceFactor factor
    cdef Py_ssize_t size, n_free           # coordinates on the face, and still off a kink
    cdef Py_ssize_t n_solves               # still allowed
    cdef double work_done
    cdef bint has_moved
    cdef Py_ssize_t[::1] face, free
    cdef double[::1] slope, curvature, before, gradient, step, free_curvature, derivative

    cdef void find_face(self, const double *w) noexcept nogil
    cdef double work(self, const double *w) noexcept nogil
    cdef double solve_work(self, const Py_ssize_t *face, Py_ssize_t n,
                           const double *curvature) noexcept nogil
    cdef bint improve(self, double *w) noexcept nogil
    cdef bint walk(self, double *w, bint careful) noexcept nogil
    cdef bint solve(self, const double *w) noexcept nogil
    cdef bint solve_step(self) noexcept nogil
    cdef bint leave_dependence(self, double *w) noexcept nogil
    cdef bint go_along(self, double *w, double direction, double length) noexcept nogil
    cdef bint advance(self, double *w) noexcept nogil
    cdef void put(self, double *w, Py_ssize_t j, double new) noexcept nogil
    cdef double change(self, const double *w) noexcept nogil
    cdef void retreat(self, double *w) noexcept nogil
