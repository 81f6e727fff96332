"""Learning rates as a function of the number of the update, from 1 on."""


cdef class Schedule:
    cdef double eta0
    cdef readonly bint by_row      # the rate of a row depends on its loss and its norm

    cdef double rate(self, double t) noexcept nogil
    cdef double rate_of_row(self, double loss, double squared_norm) noexcept nogil
