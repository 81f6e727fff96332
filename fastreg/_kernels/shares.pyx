"""How much each thread of a team does of work that may be cut anywhere.

Cores are not equally fast: some have smaller neighbours, or serve other programs or, unseen
from here, other machines. Threads that wait for each other are as fast as the slowest, so
one that has waited longer than the others is given more of the next work. Results don't
depend on it: which numbers are summed, and in which order, does not depend on who does it.
"""
from libc.stdlib cimport calloc, free

cdef enum:
    APART = 8        # doubles of a line of the cache


# many small corrections: what a wait says may hold for a moment
cdef double GAIN = 0.2      # of the difference that one takes away
cdef double STEP = 0.05     # of an equal share that it changes at most
cdef double LEAST = 0.1     # of an equal share that every thread has


cdef class Shares:
    """Shares of `n_threads` threads, equal at first.

    Parameters
    ----------
    n_threads : int
    fraction : float
        Of the threads' time that goes into what is shared so; the rest is fixed.
    """

    def __cinit__(self, int n_threads, double fraction):
        cdef int thread
        self.n_threads, self.fraction = n_threads, fraction
        self.bounds = <double *> calloc(n_threads + 1, sizeof(double))
        self.waited = <double *> calloc(n_threads * APART, sizeof(double))
        if self.bounds == NULL or self.waited == NULL:
            raise MemoryError
        for thread in range(n_threads + 1):
            self.bounds[thread] = <double> thread / n_threads

    @property
    def sizes(self):
        """Each thread's share; their sum is 1."""
        return [self.bounds[t + 1] - self.bounds[t] for t in range(self.n_threads)]

    def correct(self, waits, double seconds):
        """Each thread has waited so many seconds of those that the work took."""
        for thread, waited in enumerate(waits):
            self.note(thread, waited)
        self.seconds = seconds
        self.adapt(True)

    def __dealloc__(self):
        free(self.bounds)
        free(self.waited)

    cdef double bound(self, int thread, int n_threads) noexcept nogil:
        """Where a thread's share begins; shares are equal in a team of another size."""
        if n_threads != self.n_threads:
            return <double> thread / n_threads
        return self.bounds[thread]

    cdef void note(self, int thread, double seconds) noexcept nogil:
        """A thread has waited for the others."""
        self.waited[thread * APART] += seconds

    cdef void adapt(self, bint learns) noexcept nogil:
        """Correct the shares by what was noted, over `seconds` of work, if it says something
        of the threads; and begin again."""
        cdef double mean = 0, change, share, total = 0, before = 0, after
        cdef double work = self.n_threads * self.fraction * self.seconds
        cdef int thread
        for thread in range(self.n_threads):
            mean += self.waited[thread * APART] / self.n_threads
        learns = learns and work > 0
        for thread in range(self.n_threads if learns else 0):
            change = GAIN * (self.waited[thread * APART] - mean) / work * self.n_threads
            change = min(max(change, -STEP), STEP)
            after = self.bounds[thread + 1]
            share = max(after - before + change / self.n_threads, LEAST / self.n_threads)
            total += share
            self.bounds[thread + 1] = total
            before = after
        for thread in range(self.n_threads if learns else 0):
            self.bounds[thread + 1] /= total
        for thread in range(self.n_threads):
            self.waited[thread * APART] = 0
        self.seconds = 0
