"""Exact leave-one-out errors of ridge, for many alphas from one decomposition.

With H = A (A'A + alpha I)^-1 A', weights s that sum to S, and the full fit's residual
r = Y - H Y, the error of row i when it is left out is

    e_i = r_i / (1 - h_ii - s_i / S) ,

without s_i / S where no intercept is fitted (Allen 1974; Golub, Heath, Wahba 1979): the
mean of the other rows, too, is that without row i. The denominator is
alpha (AA' + alpha I)^-1_ii - s_i / S as well, which says the same where rows are fewer than
columns.
"""

from dataclasses import dataclass

import numpy as np

from fastreg._engine.spectrum import ColumnSpectrum, RowProducts, decompose
from fastreg._engine.threads import map_in_threads, n_workers_for

# Elements of a block of rows, and of the errors made of it.
BLOCK_ELEMENTS = 1 << 17
BLOCK_ROWS = 64


class LeaveOneOut:
    """Errors of rows left out, for a Design.

    Parameters
    ----------
    design : Design
    Y : ndarray of shape (n_samples, n_targets)
        As it was given.
    alphas : ndarray of shape (n_alphas,)
        Above 0.
    mode : {"eigen", "svd"}
        See `decompose`.
    """

    _needs_vectors = False

    def __init__(self, design, Y, alphas, mode):
        self.design, self.Y, self.alphas = design, Y, alphas
        self.spectrum = decompose(design, alphas.min(), mode, vectors=self._needs_vectors)
        n = design.n_samples
        self.weights = np.ones(n) if design.scale is None else design.scale**2
        # the smallest that 1 - h_ii - s_i / S can be, but for rounding
        self._floor = alphas / (self.spectrum.largest + alphas)
        self._by_columns = isinstance(self.spectrum, ColumnSpectrum)
        size = len(alphas) * Y.shape[1]
        self._work_of_row = size  # what finds the errors of one
        if self._by_columns:
            r = len(self.spectrum.squares)
            size, self._work_of_row = max(r, size), r**2
        self._step = max(BLOCK_ROWS, BLOCK_ELEMENTS // size)

    def blocks(self, function, chosen=slice(None)):
        """Yield function(rows, errors) in order; errors (k, n_alphas, T) of k rows, a slice.

        `chosen` are positions of alphas. Errors are y less what is predicted, not weighted.
        """
        errors_of = self._errors(chosen)
        n = self.design.n_samples
        blocks = [slice(i, min(i + self._step, n)) for i in range(0, n, self._step)]

        def run(rows):
            return function(rows, errors_of(rows))

        work = self._step * self._work_of_row
        yield from map_in_threads(run, blocks, n_workers_for(None, len(blocks), work))

    def _errors(self, chosen):
        """A function that gives the errors of rows."""
        return (self._column_errors if self._by_columns else self._row_errors)(chosen)

    def _share(self, rows):
        """What the intercept fits of each row."""
        weights = self.weights[rows]
        return weights / self.design.total_weight * self.design.fit_intercept

    def _column_errors(self, chosen):
        shrinkage = self.spectrum.shrinkage(self.alphas[chosen])
        products = RowProducts(self.design, self.spectrum.vectors)
        # (r, n_alphas T)
        back = (shrinkage[:, np.newaxis] * self.spectrum.projections).reshape(
            -1, shrinkage.shape[1]
        )
        floor = self._floor[chosen]

        def errors(rows):
            Z = products.of(rows)
            residual = (Z @ back.T).reshape(len(Z), len(shrinkage), -1)
            np.subtract((self.Y[rows] - self.design.target_mean)[:, np.newaxis], residual, residual)
            np.square(Z, out=Z)
            share = self._share(rows)[:, np.newaxis]
            left = 1 - share - self.weights[rows][:, np.newaxis] * (Z @ shrinkage.T)
            np.maximum(left, floor * (1 - share), out=left)
            residual /= left[:, :, np.newaxis]
            return residual

        return errors

    def _row_errors(self, chosen):
        spectrum, alphas = self.spectrum, self.alphas[chosen]
        # the diagonal of I - H without the intercept's part, and the residuals
        diagonals = alphas[:, np.newaxis] * spectrum.inverse_diagonals(alphas)
        residuals = spectrum.dual(alphas, spectrum.targets)
        residuals *= alphas[:, np.newaxis, np.newaxis]
        lifted = alphas / (spectrum.lift + alphas)
        floor = self._floor[chosen]
        position = np.full(self.design.n_samples, -1)
        position[spectrum.rows] = np.arange(len(spectrum.rows))
        absent = np.flatnonzero(position < 0)
        absent_errors = self._absent_errors(absent, alphas) if len(absent) else None

        def errors(rows):
            own = position[rows]
            trained = own >= 0
            own = own[trained]
            E = np.empty((len(trained), len(alphas), self.Y.shape[1]))
            share = self._share(rows)[trained][:, np.newaxis]
            left = diagonals[:, own].T - share * lifted
            np.maximum(left, floor * (1 - share), out=left)
            root = np.sqrt(self.weights[rows][trained])
            left *= root[:, np.newaxis]
            E[trained] = residuals[:, :, own].transpose(2, 0, 1) / left[:, :, np.newaxis]
            if not trained.all():
                where = np.searchsorted(absent, np.arange(rows.start, rows.stop)[~trained])
                E[~trained] = absent_errors[where]
            return E

        return errors

    def _absent_errors(self, rows, alphas):
        """Errors (k, n_alphas, T) of rows without weight, which leave nothing behind."""
        W = self.spectrum.coefficients(alphas)
        predicted = RowProducts(self.design, W.reshape(-1, W.shape[2]).T).of(rows)
        centred = self.Y[rows] - self.design.target_mean
        return centred[:, np.newaxis] - predicted.reshape(len(rows), len(alphas), -1)


@dataclass
class LossSums:
    """Mean and sum of squared deviations of the losses of rows that have weight.

    mean, deviation : ndarray of shape (n_alphas, T), or (n_alphas, 1) for the mean over targets
    """

    count: int
    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def of(cls, losses, weights):
        """Of losses (k, n_alphas, T) of rows with these weights."""
        losses = losses[weights > 0]
        if len(losses) == 0:
            return cls(0, np.zeros(losses.shape[1:]), np.zeros(losses.shape[1:]))
        mean = losses.mean(axis=0)
        losses -= mean
        return cls(len(losses), mean, np.square(losses, out=losses).sum(axis=0))

    def merge(self, other):
        """Those of both sets of rows (Chan, Golub, LeVeque 1979)."""
        count = self.count + other.count
        if self.count == 0 or other.count == 0:
            return self if other.count == 0 else other
        step = other.mean - self.mean
        share = other.count / count
        return LossSums(
            count,
            self.mean + share * step,
            self.deviation + other.deviation + self.count * share * step**2,
        )

    @property
    def standard_error(self):
        """Of the mean; None for a single row."""
        if self.count < 2:
            return None
        return np.sqrt(self.deviation / (self.count - 1) / self.count)


def squared_losses(leave_one_out, *, per_target, store=None):
    """`LossSums` of weighted squared errors s_i e_i^2.

    store (n, T, n_alphas), where it is given, is filled with them.
    """

    def losses_of(rows, errors):
        weights = leave_one_out.weights[rows]
        np.square(errors, out=errors)
        errors *= weights[:, np.newaxis, np.newaxis]
        if store is not None:
            store[rows] = errors.transpose(0, 2, 1)
        if not per_target:
            errors = errors.mean(axis=2, keepdims=True)
        return LossSums.of(errors, weights)

    total = None
    for sums in leave_one_out.blocks(losses_of):
        total = sums if total is None else total.merge(sums)
    return total


def predictions(leave_one_out, chosen, out):
    """Fill `out` (n, T, k) with what is predicted of rows left out, for `chosen` alphas."""
    Y = leave_one_out.Y

    def fill(rows, errors):
        out[rows] = (Y[rows][:, np.newaxis] - errors).transpose(0, 2, 1)

    for _ in leave_one_out.blocks(fill, chosen):
        pass
