"""The optimisers of networks: their state, and the rate of each step."""

import numpy as np

from fastreg._kernels.layer import aligned_zeros
from fastreg._kernels.optimiser import Adam, Momentum, RmsProp


class Optimisation:
    """An optimiser's state, kept from one call of the kernel to the next.

    Parameters
    ----------
    solver : {"sgd", "adam", "adamw", "rmsprop"}
    model : Perceptron
        What is moved.
    schedule : Schedule
    momentum, nesterov, beta_1, beta_2, epsilon, rho, weight_decay
        As the estimators take them.
    """

    def __init__(
        self,
        solver,
        model,
        schedule,
        *,
        momentum,
        nesterov,
        beta_1,
        beta_2,
        epsilon,
        rho,
        weight_decay,
    ):
        self.solver, self.schedule, self.weight_decay = solver, schedule, weight_decay
        self.n_steps = self.n_epochs = 0
        self.gathered, self._gathered = 0.0, None
        n_vectors = 2 if solver in ("adam", "adamw") else 1
        self.state = tuple(
            aligned_zeros(model.parameters.size, model.dtype) for _ in range(n_vectors)
        )
        self.sparse = model.sparse  # how the state lies: as the parameters
        if solver == "sgd":
            self.options = (momentum, nesterov)
        elif solver == "rmsprop":
            self.options = (rho, epsilon)
        else:
            self.options = (beta_1, beta_2, epsilon)

    def kernel(self):
        """The kernel's optimiser on this state."""
        kinds = {"sgd": Momentum, "rmsprop": RmsProp, "adam": Adam, "adamw": Adam}
        return kinds[self.solver](*self.state, *self.options)

    def steps(self, n_batches):
        """For each batch of the next epoch: the step's rate, the share of the weights that
        decays (Loshchilov, Hutter: Decoupled weight decay, 2017), and what L1's strength is
        multiplied by.

        The last follows the path of a steady gradient through the optimiser's means, so
        that a weight stays at zero exactly where its slope is below that strength.
        """
        rates = thresholds = self.schedule.rates(self.n_epochs, n_batches)
        decays = self.weight_decay * rates
        if self.solver in ("adam", "adamw"):
            beta_1, beta_2, _ = self.options
            t = self.n_steps + np.arange(1, n_batches + 1)
            thresholds = rates * np.sqrt(1 - beta_2**t)
            rates = thresholds / (1 - beta_1**t)
        elif self.solver == "sgd":
            thresholds = self._gather(rates, *self.options)
        return rates, decays, thresholds

    def _gather(self, rates, momentum, nesterov):
        thresholds, gathered = np.empty_like(rates), self.gathered
        self._gathered = np.empty_like(rates)
        for b, rate in enumerate(rates):
            self._gathered[b] = gathered = momentum * gathered + rate
            thresholds[b] = momentum * gathered + rate if nesterov else gathered
        return thresholds

    def took(self, n_steps):
        """So many steps of an epoch were taken."""
        self.n_steps += n_steps
        if n_steps and self._gathered is not None:
            self.gathered = float(self._gathered[n_steps - 1])
        self._gathered = None

    def continue_from(self, other, model):
        """Take over how far another one is with this model, where it has the same solver.

        A schedule that has not changed goes on too; one that has starts at its own rate,
        in the epoch that it is.
        """
        if other.solver != self.solver:
            return
        self.state = tuple(model.lay(vector, other.sparse) for vector in other.state)
        self.n_steps, self.n_epochs = other.n_steps, other.n_epochs
        self.gathered = other.gathered
        if self.schedule.settings == other.schedule.settings:
            self.schedule = other.schedule
