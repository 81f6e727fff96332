"""`predict` of one row: mostly the price of checking the input."""

import numpy as np

from benchmarks import problems
from benchmarks.accuracy import relative_difference
from benchmarks.jobs import compete

FAMILY = "predict"
TOLERANCE = 1e-12


def run(settings):
    """Dense and sparse rows; all models hold the same coefficients."""
    dense = problems.dense(200, 50, order="C")
    sparse = problems.sparse(1000, 500, density=0.02)
    yield from _rows(dense, dense.X[:1], {"sklearn": 2}, settings)
    yield from _rows(sparse, sparse.X.tocsr()[:1], None, settings)


def _rows(problem, row, targets, settings):
    coef = np.linspace(-1, 1, problem.X.shape[1])
    expected = row @ coef + 0.5

    def predictor(peer, _):
        model = peer.linear_model(coef, 0.5, problem.X, problem.y)
        return lambda: model.predict(row)

    return compete(
        FAMILY,
        problem,
        "one row",
        predictor,
        lambda predicted: relative_difference(predicted, expected),
        settings,
        tol=TOLERANCE,
        targets=targets,
    )
