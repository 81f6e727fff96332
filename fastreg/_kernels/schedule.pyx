"""The schedules: `Schedule` itself is the constant rate eta0."""
from libc.math cimport M_PI, cos, pow, sqrt

# A cycle (Smith 2018) climbs for this part of the updates, from a fraction of the peak,
# and falls to a fraction of where it began, along half waves of the cosine.
cdef double CLIMB = 0.3
cdef double START = 1 / 25.0
cdef double END = 1e-4 / 25.0


cdef class Schedule:
    def __init__(self, double eta0):
        self.eta0 = eta0

    def rates(self, t):
        """The rates at updates t, a list of numbers."""
        return [self.rate(each) for each in t]

    cdef double rate(self, double t) noexcept nogil:
        """The rate of update t."""
        return self.eta0

    cdef double rate_of_row(self, double loss, double squared_norm) noexcept nogil:
        """The rate of one row, where `by_row`."""
        return self.eta0


cdef class Optimal(Schedule):
    """1 / (alpha (t0 + t - 1)).

    t0 makes the first rate as large as a typical coefficient, alpha^(-1/4): Bottou's
    heuristic divides that by the slope at it, which is below 1 for each of our losses.
    """
    cdef double alpha, t0

    def __init__(self, double alpha):
        self.alpha = alpha
        self.t0 = 1.0 / (sqrt(1.0 / sqrt(alpha)) * alpha)

    cdef double rate(self, double t) noexcept nogil:
        return 1.0 / (self.alpha * (self.t0 + t - 1.0))


cdef class InverseScaling(Schedule):
    """eta0 / t^power"""
    cdef double power

    def __init__(self, double eta0, double power):
        self.eta0 = eta0
        self.power = power

    cdef double rate(self, double t) noexcept nogil:
        # the two defaults, without the price of a general power
        if self.power == 0.25:
            return self.eta0 / sqrt(sqrt(t))
        if self.power == 0.5:
            return self.eta0 / sqrt(t)
        return self.eta0 / pow(t, self.power)


cdef class OneCycle(Schedule):
    """Up to eta0 and down again within n_updates."""
    cdef double n_climbing, n_falling

    def __init__(self, double eta0, double n_updates):
        self.eta0 = eta0
        self.n_climbing = CLIMB * n_updates
        self.n_falling = max(n_updates - self.n_climbing, 1.0)

    cdef double rate(self, double t) noexcept nogil:
        cdef double low, part
        if t <= self.n_climbing:
            low, part = START, 1.0 - t / self.n_climbing
        else:
            low, part = END, min((t - self.n_climbing) / self.n_falling, 1.0)
        return self.eta0 * (low + (1.0 - low) * 0.5 * (1.0 + cos(M_PI * part)))


cdef class PassiveAggressive(Schedule):
    """The step that makes up for a row's loss, bounded (I) or damped (II) by eta0
    (Crammer, Dekel, Keshet, Shalev-Shwartz, Singer 2006)."""
    cdef bint damped

    def __init__(self, double eta0, bint damped):
        self.eta0 = eta0
        self.damped = damped
        self.by_row = True

    cdef double rate_of_row(self, double loss, double squared_norm) noexcept nogil:
        if self.damped:
            return loss / (squared_norm + 0.5 / self.eta0)
        return min(self.eta0, loss / squared_norm) if squared_norm > 0 else 0.0
