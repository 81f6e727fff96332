"""The smooth part of the objective, 1/2 ||R||^2, one coordinate at a time."""


cdef class Smooth:
    """A quadratic in W (n_tasks, k), by its gradient along one coordinate.

    Coordinates are numbered 0..k-1; what they stand for is the subclass's
    affair. ``curvature[j]`` is the squared norm of column j.
    """
    cdef readonly Py_ssize_t n_coordinates, n_tasks
    cdef readonly bint has_hessian
    cdef Py_ssize_t n_state     # size of what moves with W, affinely
    cdef const double *curvature
    cdef object _keep

    cdef void grad(self, Py_ssize_t j, double *g) noexcept nogil
    cdef void move(self, Py_ssize_t j, const double *d) noexcept nogil
    cdef void move_all(self, const Py_ssize_t *chosen, const double *d,
                       Py_ssize_t n) noexcept nogil
    cdef double work(self, Py_ssize_t j) noexcept nogil
    cdef double squared_residual(self, const double *w) noexcept nogil
    cdef void hessian(self, Py_ssize_t j, const Py_ssize_t *chosen, Py_ssize_t k,
                      double *row) noexcept nogil
    cdef void get_state(self, double *state) noexcept nogil
    cdef void set_state(self, const double *state) noexcept nogil


cdef class Gram(Smooth):
    cdef const double *G
    cdef Py_ssize_t ld
    cdef double[:, ::1] gradient
    cdef double[:, ::1] start_w, start_gradient
    cdef double start_squared_residual
