"""A in dense blocks that stay within the memory budget, and AA' from them."""

import numpy as np

from fastreg._engine.problem import gram_budget
from fastreg._engine.threads import n_threads_for
from fastreg._kernels.dense import Dense


def row_gram(design, columns=None):
    """AA' (n, n) of all columns or some."""
    n = design.n_samples
    if columns is None and not design.is_sparse and design.column_scale is None:
        return design.row_gram()
    K = np.zeros((n, n))
    for block in column_blocks(design, columns):
        K += Dense(block).row_gram(n_threads_for(n * block.size / 8))
    return K


def column_blocks(design, columns=None):
    """A's columns, all or some, in blocks (n, k), centred, weighted, float64."""
    columns = np.arange(design.n_features) if columns is None else columns
    n, p = design.n_samples, len(columns)
    width = max(1, min(p, gram_budget(design.nbytes) // (16 * n)))
    for start in range(0, p, width):
        chosen = columns[start : start + width]
        if design.is_sparse:
            yield _centered(design, design.X[:, chosen], chosen, slice(None), "F")
        else:
            yield design.gather(chosen)


def row_blocks(design):
    """A in blocks of rows (k, p), centred, weighted, float64, with their range."""
    n, p = design.n_samples, design.n_features
    height = max(1, min(n, max(p, gram_budget(design.nbytes) // (16 * p))))
    for start in range(0, n, height):
        rows = slice(start, min(start + height, n))
        yield rows, _centered(design, design.X[rows], slice(None), rows, "C")


def _centered(design, block, columns, rows, order):
    block = block.toarray(order) if design.is_sparse else block
    block = block - design.mean[columns]
    if design.column_scale is not None:
        block /= design.column_scale[columns]
    if design.scale is not None:
        block *= design.scale[rows, np.newaxis]
    return block
