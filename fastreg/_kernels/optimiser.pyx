"""Optimisers: the formulas are in optimise.h. A rate is one for each step, ready made."""
import numpy as np

from fastreg._kernels.layer cimport address

cdef extern from "optimise.h" nogil:
    void fr_momentum_step(bint single, void *parameters, void *gradients, Py_ssize_t start,
                          Py_ssize_t stop, const fr_step *step, void *velocities,
                          double momentum, bint nesterov)
    void fr_adam_step(bint single, void *parameters, void *gradients, Py_ssize_t start,
                      Py_ssize_t stop, const fr_step *step, void *means, void *squares,
                      double beta_1, double beta_2, double epsilon)
    void fr_rms_step(bint single, void *parameters, void *gradients, Py_ssize_t start,
                     Py_ssize_t stop, const fr_step *step, void *squares, double rho,
                     double epsilon)


cdef class Optimiser:
    """State that lies beside the parameters: one or two vectors as long as theirs."""

    def __init__(self, *state):
        self.memory = state
        self.single = state[0].dtype == np.float32
        self.first = address(state[0])
        self.second = address(state[1]) if len(state) > 1 else NULL

    cdef void step(self, const Range *range, const fr_step *step) noexcept nogil:
        pass


cdef class Momentum(Optimiser):
    """Gradient descent with momentum, Nesterov's if asked; state: velocities."""
    cdef double momentum
    cdef bint nesterov

    def __init__(self, velocities, double momentum, bint nesterov):
        Optimiser.__init__(self, velocities)
        self.momentum, self.nesterov = momentum, nesterov

    cdef void step(self, const Range *range, const fr_step *step) noexcept nogil:
        fr_momentum_step(self.single, range.parameters, range.gradients, range.start, range.stop,
                         step, self.first, self.momentum, self.nesterov)


cdef class Adam(Optimiser):
    """Kingma, Ba: Adam, 2014; state: running means of gradients and of their squares.

    The correction for the first steps is part of the rate.
    """
    cdef double beta_1, beta_2, epsilon

    def __init__(self, means, squares, double beta_1, double beta_2, double epsilon):
        Optimiser.__init__(self, means, squares)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    cdef void step(self, const Range *range, const fr_step *step) noexcept nogil:
        fr_adam_step(self.single, range.parameters, range.gradients, range.start, range.stop,
                     step, self.first, self.second, self.beta_1, self.beta_2, self.epsilon)


cdef class RmsProp(Optimiser):
    """Tieleman, Hinton: lecture 6.5, 2012; state: a running mean of squared gradients."""
    cdef double rho, epsilon

    def __init__(self, squares, double rho, double epsilon):
        Optimiser.__init__(self, squares)
        self.rho, self.epsilon = rho, epsilon

    cdef void step(self, const Range *range, const fr_step *step) noexcept nogil:
        fr_rms_step(self.single, range.parameters, range.gradients, range.start, range.stop,
                    step, self.first, self.rho, self.epsilon)
