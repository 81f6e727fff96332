"""A matrix whose columns are multiplied by factors, without a copy: for standardisation."""
import numpy as np

from fastreg._kernels.matrix cimport Matrix, pointer_or_null


cdef class Scaled(Matrix):
    """A diag(factor) for a Matrix A that is centred and weighted already."""
    cdef Matrix inner
    cdef const double *factor
    cdef object _factor

    def __init__(self, Matrix inner, factor):
        self.inner = inner
        self._factor = np.ascontiguousarray(factor, dtype=np.float64)
        if self._factor.shape != (inner.n_features,):
            raise ValueError("one factor for each column")
        self.factor = pointer_or_null(self._factor)
        self.n_samples, self.n_features = inner.n_samples, inner.n_features
        self.has_columns = inner.has_columns
        self.scale = inner.scale

    cdef double dot(self, Py_ssize_t j, const double *v, double shift) noexcept nogil:
        return self.factor[j] * self.inner.dot(j, v, shift)

    cdef void axpy(self, Py_ssize_t j, double d, double *v, double *shift) noexcept nogil:
        self.inner.axpy(j, d * self.factor[j], v, shift)

    cdef double squared_norm(self, const double *v, double shift) noexcept nogil:
        return self.inner.squared_norm(v, shift)

    cdef void settle(self, double *v, double *shift) noexcept nogil:
        self.inner.settle(v, shift)

    cdef double column_work(self, Py_ssize_t j) noexcept nogil:
        return self.inner.column_work(j)

    cdef void prefetch(self, Py_ssize_t j) noexcept nogil:
        self.inner.prefetch(j)

    def passes_of(self, Py_ssize_t n_targets):
        """Passes over X that `dots` makes for so many targets."""
        return self.inner.passes_of(n_targets)

    def dots(self, V, int n_threads):
        """A' v for each row v of V (T, n): an array (T, p)."""
        result = self.inner.dots(V, n_threads)
        result *= self._factor
        return result

    def subtract(self, idx, D, V, int n_threads):
        """V -= D A_idx' for each row: D (T, k), V (T, n)."""
        self.inner.subtract(idx, np.ascontiguousarray(D * self._factor[idx]), V, n_threads)

    def gram(self, a, b, int n_threads):
        """A_a' A_b as an array (len(a), len(b)); b=None stands for b = a."""
        result = self.inner.gram(a, b, n_threads)
        result *= self._factor[a][:, np.newaxis]
        result *= self._factor[a if b is None else b]
        return result

    def gather(self, idx, int n_threads):
        """A_idx as a float64 array (n, k) in Fortran order; dense X only."""
        result = self.inner.gather(idx, n_threads)
        result *= self._factor[idx]
        return result
