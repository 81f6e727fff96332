"""The losses, each with its slope: for numbers y, or for classes y of -1 and 1.

Where a loss has a kink, the slope is that of the side on which it is not flat.
Comparisons are written such that a NaN comes out as a NaN.
"""
import numpy as np

from libc.math cimport NAN, exp, fabs, log


cdef class Loss:
    cdef double at(self, double y, double p, double *slope) noexcept nogil:
        """The loss; its derivative in p is put into `slope`."""
        slope[0] = NAN
        return NAN

    def values_and_slopes(self, y, p):
        """Both for arrays of the same length."""
        cdef const double[::1] targets = np.ascontiguousarray(y, dtype=np.float64)
        cdef const double[::1] predictions = np.ascontiguousarray(p, dtype=np.float64)
        values, slopes = np.empty(len(targets)), np.empty(len(targets))
        cdef double[::1] value = values, slope = slopes
        cdef Py_ssize_t i
        for i in range(targets.shape[0]):
            value[i] = self.at(targets[i], predictions[i], &slope[i])
        return values, slopes


cdef class SquaredError(Loss):
    """(y - p)^2 / 2"""

    cdef double at(self, double y, double p, double *slope) noexcept nogil:
        slope[0] = p - y
        return 0.5 * slope[0] * slope[0]


cdef class Huber(Loss):
    """(y - p)^2 / 2 up to a distance of epsilon, a line from there on (Huber 1964)"""
    cdef double epsilon

    def __init__(self, double epsilon):
        self.epsilon = epsilon

    cdef double at(self, double y, double p, double *slope) noexcept nogil:
        cdef double r = p - y
        if fabs(r) > self.epsilon:
            slope[0] = self.epsilon if r > 0 else -self.epsilon
            return self.epsilon * (fabs(r) - 0.5 * self.epsilon)
        slope[0] = r
        return 0.5 * r * r


cdef class EpsilonInsensitive(Loss):
    """max(0, |y - p| - epsilon), as in support vector regression"""
    cdef double epsilon

    def __init__(self, double epsilon):
        self.epsilon = epsilon

    cdef double at(self, double y, double p, double *slope) noexcept nogil:
        cdef double r = p - y
        if fabs(r) <= self.epsilon:
            slope[0] = 0.0
            return 0.0
        slope[0] = 1.0 if r > 0 else -1.0
        return fabs(r) - self.epsilon


cdef class SquaredEpsilonInsensitive(Loss):
    """max(0, |y - p| - epsilon)^2"""
    cdef double epsilon

    def __init__(self, double epsilon):
        self.epsilon = epsilon

    cdef double at(self, double y, double p, double *slope) noexcept nogil:
        cdef double r = p - y, excess
        if fabs(r) <= self.epsilon:
            slope[0] = 0.0
            return 0.0
        excess = fabs(r) - self.epsilon
        slope[0] = 2.0 * excess if r > 0 else -2.0 * excess
        return excess * excess


cdef class Hinge(Loss):
    """max(0, threshold - y p): 1 for support vector machines, 0 for the perceptron"""
    cdef double threshold

    def __init__(self, double threshold):
        self.threshold = threshold

    cdef double at(self, double y, double p, double *slope) noexcept nogil:
        cdef double z = y * p
        if z > self.threshold:
            slope[0] = 0.0
            return 0.0
        slope[0] = -y
        return self.threshold - z


cdef class SquaredHinge(Loss):
    """max(0, 1 - y p)^2"""

    cdef double at(self, double y, double p, double *slope) noexcept nogil:
        cdef double z = 1.0 - y * p
        if z <= 0:
            slope[0] = 0.0
            return 0.0
        slope[0] = -2.0 * y * z
        return z * z


cdef class LogLoss(Loss):
    """log(1 + exp(-y p)), as in logistic regression"""

    cdef double at(self, double y, double p, double *slope) noexcept nogil:
        cdef double z = y * p, e = exp(-fabs(z)), total = 1.0 + e, value = e
        if total > 1.0:  # log(1 + e), right to the last digits, in half the time of log1p
            value = log(total) * (e / (total - 1.0))
        if z > 0:
            slope[0] = -y * e / total
            return value
        slope[0] = -y / total
        return value - z


cdef class ModifiedHuber(Loss):
    """max(0, 1 - y p)^2 where y p >= -1, the line -4 y p below (Zhang 2004)"""

    cdef double at(self, double y, double p, double *slope) noexcept nogil:
        cdef double z = y * p
        if z >= 1.0:
            slope[0] = 0.0
            return 0.0
        if z >= -1.0:
            slope[0] = -2.0 * y * (1.0 - z)
            return (1.0 - z) * (1.0 - z)
        slope[0] = -4.0 * y
        return -4.0 * z
