"""Ways to descend: on a Gram matrix, on columns with a residual, and on blocks of them."""

from math import ceil

import numpy as np

from fastreg._engine.unpenalised import Elimination
from fastreg._kernels.dense import Dense
from fastreg._kernels.descent import descend
from fastreg._kernels.smooth import Gram, LeastSquares

# Sweeps over one block of gathered columns before the next is gathered.
BLOCK_SWEEPS = 5


class Descents:
    """Coordinate descent on some columns of a design.

    What the ways have in common are options (max_sweeps, round_sweeps, *rest): sweeps over
    all columns that are left, sweeps over these at a time, and what `descend` takes beside.
    All return the sweeps spent, one over part of the columns counted by that part, and
    whether any moved something.

    Parameters
    ----------
    design : Design
    budget : int
        Bytes that gathered columns may take.
    """

    def __init__(self, design, budget):
        self.design = design
        self.budget = budget

    def sweep(self, smooth, penalty, w, max_sweeps, round_sweeps, *rest):
        """On a smooth part that is ready, from w (T, k)."""
        if w.shape[1] == 0:
            return 0.0, False  # no column wants to be in use
        share = self.design.share(w[0])
        allowed = min(round_sweeps, ceil(max_sweeps / share))
        n_sweeps, moved = descend(smooth, penalty, w, allowed, *rest)
        return n_sweeps * share, moved

    def on_columns(self, penalty, W, columns, R, options):
        """On columns of X where they lie, with the residual R, which is moved along."""
        return self._on_matrix(penalty, W, self.design.matrix, columns, columns, R, options)

    def on_gathered(self, penalty, W, columns, R, options):
        """The same on copies of the columns."""
        matrix = Dense(self.design.gather(columns))
        return self._on_matrix(penalty, W, matrix, np.arange(len(columns)), columns, R, options)

    def on_blocks(self, penalty, W, columns, R, options):
        """The same on as many copies at a time as the budget has room for."""
        width = max(1, self.budget // (16 * self.design.n_samples))
        max_sweeps, round_sweeps, *rest = options
        if len(columns) > width:
            round_sweeps = BLOCK_SWEEPS
        options = (max_sweeps, round_sweeps, *rest)
        n_sweeps, any_moved = 0, False
        for start in range(0, len(columns), width):
            chosen = columns[start : start + width]
            swept, moved = self.on_gathered(penalty, W, chosen, R, options)
            n_sweeps, any_moved = n_sweeps + swept, any_moved or moved
        return n_sweeps, any_moved

    def _on_matrix(self, penalty, W, matrix, idx, columns, R, options):
        w = np.ascontiguousarray(W[:, columns])
        smooth = LeastSquares(matrix, idx, self.design.sq_norm[columns], R)
        swept = self.sweep(smooth, penalty.take(columns), w, *options)
        smooth.settle()
        W[:, columns] = w
        return swept


def descend_on_gram(gram, factor, unpenalised, penalty, w, c, squared_residual, run, options):
    """`run` on a Gram matrix from w with gradient c, both moved; sweeps, whether any
    moved, and ||R||^2. Unpenalised columns without bounds are moved along.

    `factor` is what lets descent begin with a step on the face, or None.
    """
    inner = penalty.unpenalised()
    if len(inner) == 0 or unpenalised.is_bounded:
        smooth = Gram(gram, c, w, squared_residual)
        swept, moved = run(smooth, penalty, w, *options, factor)
        return swept, moved, smooth.current_squared_residual(w)
    others = np.delete(np.arange(len(gram)), inner)
    if len(others) == 0:
        return 0, False, squared_residual
    elimination = Elimination(gram, inner)
    w_others, c_others = (np.ascontiguousarray(part[:, others]) for part in (w, c))
    before = w_others.copy()
    smooth = Gram(elimination.block(others), c_others, w_others, squared_residual)
    swept, moved = run(smooth, penalty.take(others), w_others, *options)
    step = w_others - before
    w[:, others] = w_others
    c -= step @ gram[others]
    elimination.correct(w, c, step, others)
    return swept, moved, smooth.current_squared_residual(w_others)
