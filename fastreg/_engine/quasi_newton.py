"""Training a network by L-BFGS, on all rows at once."""

from dataclasses import replace
from itertools import count

import numpy as np
from scipy import optimize

from fastreg._engine.perceptron import Perceptron, build_network
from fastreg._engine.training import batch_starts, n_threads

# rows whose activations are in memory at a time
_ROWS = 1024


class Objective:
    """Loss and penalty of a network on all rows, and their gradient, in float64."""

    def __init__(self, model, data, regularisation, max_calls):
        self.model = Perceptron(model.shape, np.dtype(np.float64), sparse=model.sparse)
        self.model.take(*model.weights())
        if data.loss_name != "softmax":
            data = replace(data, targets=data.targets.astype(np.float64))
        self.data = data
        self.starts = batch_starts(len(data.samples), _ROWS, False)
        n_rows = min(len(data.samples), _ROWS)
        self.network, self.gradient = build_network(
            self.model,
            data,
            regularisation,
            n_rows=n_rows,
            n_threads=n_threads(self.model, n_rows, len(data.samples) * max_calls),
        )
        self.scale = 1 / max(data.total_weight(), np.finfo(float).tiny)

    def parts(self, parameters):
        """The mean loss, summed over outputs, and the penalty; writes the gradient."""
        self.model.parameters[:] = parameters
        self.network.load()
        return self.network.differentiate(self.data.samples, self.starts, self.scale)

    def __call__(self, parameters):
        return sum(self.parts(parameters)), self.gradient.copy()


def minimise(model, data, regularisation, *, max_iter, max_calls, tol, report=None):
    """Move the model's parameters to a minimum.

    `report` is called with the number of each iteration and the loss, penalties included.
    Returns the loss as it is reported, the number of iterations, and SciPy's message
    where it did not converge, else None.
    """
    objective = Objective(model, data, regularisation, min(max_iter, max_calls))
    numbers = count(1)

    def tell(intermediate_result):
        report(next(numbers), float(intermediate_result.fun))

    result = optimize.minimize(
        objective,
        objective.model.parameters.copy(),
        method="L-BFGS-B",
        jac=True,
        callback=None if report is None else tell,
        options={"maxfun": max_calls, "maxiter": max_iter, "gtol": tol},
    )
    loss, penalty = objective.parts(result.x)
    model.take(*objective.model.weights())
    message = None if result.status == 0 else str(result.message)
    return loss / data.n_averaged + penalty, min(result.nit, max_iter), message
