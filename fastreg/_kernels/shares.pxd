"""Shares of a team's threads: see shares.pyx."""

cdef class Shares:
    cdef int n_threads
    cdef double fraction
    cdef double *bounds      # where shares begin, from 0 to 1
    cdef double *waited      # seconds of each thread, a line of the cache apart
    cdef double seconds

    cdef double bound(self, int thread, int n_threads) noexcept nogil
    cdef void note(self, int thread, double seconds) noexcept nogil
    cdef void adapt(self, bint learns) noexcept nogil
