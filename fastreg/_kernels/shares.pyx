"""How much each thread of a team does of work that may be cut in many places.

Cores are not equally fast: some have smaller neighbours, or serve other programs or, unseen
from here, other machines. Threads that wait for each other are as fast as the slowest, so
each is given what it does in the same time as the others. Results don't depend on it: which
numbers are summed, and in which order, does not depend on who does it.
"""
from libc.stdlib cimport calloc, free

cdef enum:
    APART = 8        # doubles of a line of the cache


# many small corrections: what a run says of a thread may hold for a moment
cdef double GAIN = 0.2      # of the difference from the last run's speed that one takes away
cdef double STEP = 0.05     # of the mean speed that it changes at most
cdef double LEAST = 0.1     # of an equal share that every thread has


cdef class Shares:
    """Shares of `n_threads` threads, equal at first.

    Parameters
    ----------
    n_threads : int
    fraction : float
        Of the threads' work that is shared so; of the rest all have the same.
    parts : int
        That the work is cut into; 0 for very many.
    """

    def __cinit__(self, int n_threads, double fraction, Py_ssize_t parts=0):
        cdef int thread
        self.n_threads, self.fraction, self.parts = n_threads, fraction, parts
        self.bounds = <double *> calloc(n_threads + 1, sizeof(double))
        self.speeds = <double *> calloc(n_threads, sizeof(double))
        self.waited = <double *> calloc(n_threads * APART, sizeof(double))
        if self.bounds == NULL or self.speeds == NULL or self.waited == NULL:
            raise MemoryError
        for thread in range(n_threads + 1):
            self.bounds[thread] = <double> thread / n_threads
        for thread in range(n_threads):
            self.speeds[thread] = 1

    def __dealloc__(self):
        free(self.bounds)
        free(self.speeds)
        free(self.waited)

    @property
    def sizes(self):
        """Each thread's share; their sum is 1."""
        return [self.size(thread) for thread in range(self.n_threads)]

    def learn(self, waits, double seconds):
        """Each thread has waited so many seconds of those that a run took."""
        self.forget()
        for thread, waited in zip(range(self.n_threads), waits, strict=True):
            self.note(thread, waited)
        self.seconds = seconds
        self.adapt()

    cdef double bound(self, int thread, int n_threads) noexcept nogil:
        """Where a thread's share begins; shares are equal in a team of another size."""
        if n_threads != self.n_threads:
            return <double> thread / n_threads
        return self.bounds[thread]

    cdef Py_ssize_t cut(self, int thread, int n_threads, Py_ssize_t parts) noexcept nogil:
        """The same in whole parts."""
        return <Py_ssize_t> (self.bound(thread, n_threads) * parts + 0.5)

    cdef double size(self, int thread) noexcept nogil:
        """A thread's share, in whole parts where there are such."""
        cdef int n = self.n_threads
        if self.parts == 0:
            return self.bounds[thread + 1] - self.bounds[thread]
        return <double> (self.cut(thread + 1, n, self.parts)
                         - self.cut(thread, n, self.parts)) / self.parts

    cdef void note(self, int thread, double seconds) noexcept nogil:
        """A thread has waited for the others."""
        self.waited[thread * APART] += seconds

    cdef void forget(self) noexcept nogil:
        """Begin a run."""
        cdef int thread
        for thread in range(self.n_threads):
            self.waited[thread * APART] = 0
        self.seconds = 0

    cdef void adapt(self) noexcept nogil:
        """Learn from the waits of a run of `seconds` how fast threads are, and cut anew."""
        cdef double fixed = (1 - self.fraction) / self.n_threads
        cdef double total = 0, sum = 0, work, busy, speed
        cdef int thread, n_busy = 0
        for thread in range(self.n_threads):
            work = fixed + self.fraction * self.size(thread)
            busy = self.seconds - self.waited[thread * APART]
            speed = work / busy if busy > 0 else 0
            self.waited[thread * APART] = speed   # until the next run
            sum += speed
            n_busy += speed > 0
        for thread in range(self.n_threads):
            # one that had nothing to do is tried again
            speed = self.waited[thread * APART] * n_busy / sum if sum > 0 else 0
            speed = GAIN * ((speed if speed > 0 else 1) - self.speeds[thread])
            self.speeds[thread] += min(max(speed, -STEP), STEP)
            total += self.speeds[thread]
        if self.fraction > 0:
            self.cut_by_speed(total)

    cdef void cut_by_speed(self, double total) noexcept nogil:
        """Shares with which all take the same time; `total` is that of the speeds."""
        cdef double fixed = (1 - self.fraction) / self.n_threads, end = 0
        cdef int thread
        for thread in range(self.n_threads):
            end += max((self.speeds[thread] / total - fixed) / self.fraction,
                       LEAST / self.n_threads)
            self.bounds[thread + 1] = end
        for thread in range(self.n_threads):
            self.bounds[thread + 1] /= end
