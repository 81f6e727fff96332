"""A working set knows the Gram of its columns and residuals, with and without a copy of them."""

import numpy as np
import pytest

from fastreg._engine import working_set as module
from fastreg._engine.design import Design
from fastreg._engine.working_set import WorkingSet


@pytest.fixture
def data():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((60, 9)) * (rng.random((60, 9)) < 0.6) + 1
    return X, rng.standard_normal((60, 5)), rng.uniform(0.2, 2, 60)


@pytest.mark.parametrize("gathers", [True, False])
def test_gram_and_residual_of_a_changing_set(layout, as_layout, data, gathers, monkeypatch):
    X, Y, weights = data
    design = Design(as_layout(X, layout), Y, sample_weight=weights)
    whole = design.gram(np.arange(9))
    if not gathers:
        monkeypatch.setattr(module, "path_budget", lambda design: 0)
    working_set = WorkingSet(design, 7)
    rng = np.random.RandomState(1)

    def check(columns):
        assert list(working_set.columns) == columns
        block = whole[np.ix_(columns, columns)]
        np.testing.assert_allclose(working_set.gram, block, rtol=1e-12, atol=1e-12)
        for n_targets in (1, 5):  # one by one, and as products
            W = np.zeros((n_targets, 9))
            W[:, columns] = rng.standard_normal((n_targets, len(columns)))
            W[:, columns[0]] = 0
            targets = design.targets[:n_targets]
            R = working_set.residual(np.ascontiguousarray(W[:, columns]), targets)
            np.testing.assert_allclose(R, design.residual(W, targets), atol=1e-12)

    working_set.add(np.array([4, 7]))
    check([4, 7])
    working_set.add(np.array([0, 1, 8]))
    check([4, 7, 0, 1, 8])
    assert list(working_set.missing(np.array([0, 2, 3, 7]))) == [2, 3]
    working_set.keep(np.array([7, 1, 3]))
    check([7, 1])
    working_set.add(np.array([2]))
    check([7, 1, 2])


def test_reads_x_once_for_each_column(data):
    X, Y, _ = data
    design = Design(X, Y[:, 0])
    working_set = WorkingSet(design, 9)
    before = design.n_passes
    for k in range(9):
        working_set.add(np.array([k]))
    assert design.n_passes - before == pytest.approx(1.0)
