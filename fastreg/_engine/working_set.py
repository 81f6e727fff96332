"""The columns that a solver works on, with all that makes X unnecessary for it."""

import numpy as np

from fastreg._engine.design import Design
from fastreg._engine.factors import Factors
from fastreg._engine.problem import path_budget
from fastreg._kernels.dense import Dense
from fastreg._kernels.support import support

# Columns that join at a time: bounds what is made before it is stored.
BATCH = 512


class WorkingSet:
    """A growing set of columns with their Gram, in preallocated blocks.

    Memory that is not used yet is not touched, so it costs nothing. Where they fit
    into the budget, the columns themselves are gathered as well: what they are
    needed for later (the Gram of more columns, residuals) then reads no X.

    Attributes
    ----------
    columns : ndarray of shape (k,)
        In the order of their arrival.
    gram : ndarray of shape (k, k)
    factors : Factors
        They forget when columns leave.
    """

    def __init__(self, design: Design, capacity):
        self.design = design
        self.capacity = capacity
        self.columns = np.empty(0, dtype=np.intp)
        self.factors = Factors(capacity)
        self._gram = np.empty((capacity, capacity))
        self._contains = np.zeros(design.n_features, dtype=bool)
        self._rows = design.weighted_rows()
        n = len(self._rows)
        gathers = not design.is_sparse and 8 * n * capacity <= path_budget(design)
        self._block = np.empty((n, capacity), order="F") if gathers else None
        self._gathered = Dense(self._block) if gathers else None

    def __len__(self):
        return len(self.columns)

    @property
    def gram(self):
        return self._gram[: len(self), : len(self)]

    def missing(self, columns):
        """Those of `columns` that are not in the set."""
        return columns[~self._contains[columns]]

    def contains(self, columns):
        """Whether all of `columns` are in the set."""
        return bool(self._contains[columns].all())

    def are_among(self, columns):
        """Which of the set's columns are among `columns`, (k,)."""
        among = np.zeros(len(self._contains), dtype=bool)
        among[columns] = True
        return among[self.columns]

    def positions(self, columns):
        """Where `columns`, all of them in the set, are in it."""
        where = np.empty(self.design.n_features, dtype=np.intp)
        where[self.columns] = np.arange(len(self))
        return where[columns]

    def add(self, columns):
        """Extend the set by `columns`, none of them in it yet."""
        for start in range(0, len(columns), BATCH):
            batch = columns[start : start + BATCH]
            old, k = len(self), len(self) + len(batch)
            block = slice(old, k)
            if self._gathered is None:
                cross = self.design.gram(self.columns, batch) if old else None
                self._gram[block, block] = self.design.gram(batch)
            else:
                self._block[:, block] = self._of_rows(self.design.gather(batch).T).T
                cross = self._gathered_gram(np.arange(old), np.arange(old, k)) if old else None
                self._gram[block, block] = self._gathered_gram(np.arange(old, k), None)
            if old:
                self._gram[:old, block] = cross
                self._gram[block, :old] = cross.T
            self.columns = np.concatenate([self.columns, batch])
            self._contains[batch] = True

    def _gathered_gram(self, a, b):
        work = len(self._rows) * len(a) * (len(a) if b is None else len(b)) / 8
        return self._gathered.gram(a, b, self.design.threads(work))

    def keep(self, columns):
        """Forget all but those in `columns`."""
        positions = np.flatnonzero(self.are_among(columns))
        k = len(positions)
        for start in range(0, k, BATCH):  # in place: what is read lies behind what is written
            moved = positions[start : start + BATCH]
            block = slice(start, start + len(moved))
            self._gram[block, :k] = self._gram[np.ix_(moved, positions)]
            if self._gathered is not None:
                self._block[:, block] = self._block[:, moved]
        self.columns = self.columns[positions]
        self._contains[:] = False
        self._contains[self.columns] = True
        self.factors.clear()

    def residual(self, W, targets):
        """targets - W A' for W (T, k) on the columns of the set."""
        used = support(W)
        W = np.ascontiguousarray(W[:, used])
        if self._gathered is None:
            return self.design.residual_of(self.columns[used], W, targets)
        R = self._of_rows(targets).copy()
        if len(used):
            self._gathered.subtract(used, W, R, self.design.threads(len(self._rows) * W.size))
        if len(self._rows) == targets.shape[1]:
            return R
        everywhere = np.zeros_like(targets)
        everywhere[:, self._rows] = R
        return everywhere

    def _of_rows(self, V):
        """V (T, n) on the rows with a weight."""
        return V if len(self._rows) == V.shape[1] else np.take(V, self._rows, axis=1)
