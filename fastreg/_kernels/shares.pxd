"""Shares of a team's threads: see shares.pyx."""

cdef class Shares:
    cdef int n_threads
    cdef double fraction
    cdef Py_ssize_t parts
    cdef double *bounds      # where shares begin, from 0 to 1
    cdef double *speeds      # 1 is the mean
    cdef double *waited      # seconds of each thread, a line of the cache apart
    cdef double seconds

    cdef double bound(self, int thread, int n_threads) noexcept nogil
    cdef Py_ssize_t cut(self, int thread, int n_threads, Py_ssize_t parts) noexcept nogil
    cdef double size(self, int thread) noexcept nogil
    cdef void note(self, int thread, double seconds) noexcept nogil
    cdef void forget(self) noexcept nogil
    cdef void adapt(self) noexcept nogil
    cdef void cut_by_speed(self, double total) noexcept nogil
