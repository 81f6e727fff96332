"""Base of the matrix kinds; `dense.pyx` and `csc.pyx` hold the two of them."""


cdef const double *pointer_or_null(object array) except? NULL:
    cdef const double[::1] view
    if array is None:
        return NULL
    view = array
    return &view[0] if view.shape[0] > 0 else NULL


cdef class Matrix:
    def set_center(self, mean, scale):
        """Centre columns by `mean` (p,), scale rows by `scale` (n,) or None."""
        self.mean = pointer_or_null(mean)
        self.scale = pointer_or_null(scale)
        self._keep = (self._keep, mean, scale)

    cdef double dot(self, Py_ssize_t j, const double *v, double shift) noexcept nogil:
        """A_j' (v + shift * scale)."""
        return 0.0

    cdef void axpy(self, Py_ssize_t j, double d, double *v, double *shift) noexcept nogil:
        """v + shift * scale += d A_j."""
        pass

    cdef double column_work(self, Py_ssize_t j) noexcept nogil:
        """Elements that dot or axpy touches in column j."""
        return <double> self.n_samples

    cdef void prefetch(self, Py_ssize_t j) noexcept nogil:
        """Say that column j is needed soon, where the processor won't see that by itself."""
        pass

    cdef double squared_norm(self, const double *v, double shift) noexcept nogil:
        """|| v + shift * scale ||^2."""
        cdef Py_ssize_t i
        cdef double total = 0.0, x
        if shift == 0:
            return fr_dot(v, v, self.n_samples)
        for i in range(self.n_samples):
            x = v[i] + shift * (self.scale[i] if self.scale != NULL else 1.0)
            total += x * x
        return total

    cdef void settle(self, double *v, double *shift) noexcept nogil:
        """Write the shift into v: v += shift * scale, shift = 0."""
        cdef Py_ssize_t i
        if shift[0] == 0:
            return
        for i in range(self.n_samples):
            v[i] += shift[0] * (self.scale[i] if self.scale != NULL else 1.0)
        shift[0] = 0.0
