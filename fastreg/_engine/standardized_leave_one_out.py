"""Exact leave-one-out errors where columns are standardised without the row left out.

A's columns are standardised with all rows. With weights s that sum to S, row a_i of A, and
k = S / (S - s_i), the system that row i leaves behind is

    A'A - b a_i a_i' + alpha D_i ,   D_i = k I - b / (S - s_i) diag(a_i)^2 ,

with b = k where an intercept is fitted and 1 otherwise: D_i are the other rows' variances in
units of those of all rows. But for the last term it is solved by the decomposition of
A'A and one update of rank one (Sherman, Morrison 1950). That solution is the preconditioner of
conjugate gradients, which need a few steps, on many rows at once.
"""

import numpy as np

from fastreg._engine.leave_one_out import LeaveOneOut
from fastreg._kernels.worker import check_stopped

# Elements of a block of rows, of which there are about ten.
BLOCK_ELEMENTS = 1 << 18
# Steps end where the error, in the norm of the system, is this share of what it was.
RTOL = 1e-12
MAX_STEPS = 200
# A column with less than this share of its variance is constant without row i.
CONSTANT = 1e-12


class StandardizedLeaveOneOut(LeaveOneOut):
    """`LeaveOneOut` for a Design whose columns are scaled by their deviations."""

    _needs_vectors = True  # each row has a shift of its own

    def __init__(self, design, Y, alphas, mode):
        super().__init__(design, Y, alphas, mode)
        self._step = max(1, BLOCK_ELEMENTS // (design.n_features * Y.shape[1]))
        self._work_of_row = min(design.n_samples, design.n_features) ** 2

    def _errors(self, chosen):
        alphas = self.alphas[chosen]

        def errors(rows):
            left_out = _RowsLeftOut(self, rows)
            return np.stack([left_out.errors(alpha) for alpha in alphas], axis=1)

        return errors

    def multiply(self, V):
        """A'A V for V (k, T, p)."""
        flat = V.reshape(-1, V.shape[2])
        if self._by_columns and self.spectrum.solver == "eigen":
            vectors = self.spectrum.vectors
            return ((V @ vectors) * self.spectrum.squares) @ vectors.T
        image = self.design.residual(flat, np.zeros((len(flat), self.design.n_samples)))
        return -self.design.dots(image).reshape(V.shape)

    def inverse(self, shift, V):
        """(A'A + shift I)^-1 V for V (k, T, p), with a shift (k,) for each of the k."""
        spectrum, shift = self.spectrum, shift[:, np.newaxis, np.newaxis]
        if self._by_columns:
            return ((V @ spectrum.vectors) / (spectrum.squares + shift)) @ spectrum.vectors.T
        # (V - A'(AA' + shift I)^-1 A V) / shift
        flat = V.reshape(-1, V.shape[2])
        image = -self.design.residual(flat, np.zeros((len(flat), self.design.n_samples)))
        image = image[:, spectrum.rows].reshape(*V.shape[:2], -1) @ spectrum.vectors
        dual = (image / (spectrum.squares + shift)) @ spectrum.vectors.T
        full = np.zeros((len(flat), self.design.n_samples))
        full[:, spectrum.rows] = dual.reshape(len(flat), -1)
        return (V - self.design.dots(full).reshape(V.shape)) / shift


class _RowsLeftOut:
    """A block of k rows, each left out of a system of its own."""

    def __init__(self, parent, rows):
        design = parent.design
        self.parent = parent
        block = design.X[rows]
        block = block.toarray() if design.is_sparse else block
        self.rows = (block - design.mean) / design.column_scale  # (k, p), not weighted
        self.targets = parent.Y[rows] - design.target_mean  # (k, T)
        weights = parent.weights[rows]
        rest = design.total_weight - weights
        self.inflation = design.total_weight / rest
        self.step = self.inflation if design.fit_intercept else np.ones_like(rest)
        weighted = (self.step * weights)[:, np.newaxis]
        self.weighted_rows = weighted * self.rows
        self.correlation = design.correlation - (
            self.weighted_rows[:, np.newaxis] * self.targets[:, :, np.newaxis]
        )
        # what the last term takes from D_i (k, p); a constant column keeps a penalty
        self.loss = self.weighted_rows * self.rows / rest[:, np.newaxis]
        left = self.inflation[:, np.newaxis] - self.loss
        self.loss[left < CONSTANT * self.inflation[:, np.newaxis]] = 0.0

    def errors(self, alpha):
        """y_i less what is predicted for row i by the others (k, T)."""
        W = self._solve(alpha)
        predicted = np.einsum("ktp,kp->kt", W, self.rows)
        return self.step[:, np.newaxis] * (self.targets - predicted)

    def _solve(self, alpha):
        """W (k, T, p) by preconditioned conjugate gradients."""
        shift = alpha * self.inflation
        reach = self.parent.inverse(shift, self.weighted_rows[:, np.newaxis])[:, 0]
        # 1 - b a_i'(A'A + alpha k I)^-1 a_i
        rest = 1 - np.einsum("kp,kp->k", reach, self.rows)
        rest = np.maximum(rest, np.finfo(np.float64).tiny)

        def precondition(V):
            Z = self.parent.inverse(shift, V)
            inner = np.einsum("ktp,kp->kt", Z, self.rows) / rest[:, np.newaxis]
            Z += inner[:, :, np.newaxis] * reach[:, np.newaxis]
            return Z

        def multiply(W):
            image = self.parent.multiply(W) + shift[:, np.newaxis, np.newaxis] * W
            inner = np.einsum("ktp,kp->kt", W, self.rows)
            return image - inner[:, :, np.newaxis] * self.weighted_rows[:, np.newaxis]

        lost = alpha * self.loss[:, np.newaxis]
        W, limit = _conjugate_gradients(precondition, lost, self.correlation)
        # once more, from what is truly left
        left = self.correlation - multiply(W) + lost * W
        return W + _conjugate_gradients(precondition, lost, left, limit)[0]


def _conjugate_gradients(precondition, lost, R, limit=None):
    """Solve for R (k, T, p) the system that the preconditioner inverts, less diag(lost).

    Ends where r'z, the squared error, is within `limit` (k, T): RTOL^2 of the first, which is
    returned too.
    """
    R, W, P, image, size = R.copy(), np.zeros_like(R), 0.0, 0.0, None
    for _ in range(MAX_STEPS):
        check_stopped()
        Z = precondition(R)
        size, before = np.einsum("ktp,ktp->kt", R, Z), size
        share = 0.0 if before is None else _ratio(size, before)
        if limit is None:
            limit = RTOL**2 * size
        if not np.any(size > limit):
            break
        P = Z + share * P
        image = R + share * image  # of P, under what the preconditioner inverts
        product = image - lost * P
        length = _ratio(size, np.einsum("ktp,ktp->kt", P, product))
        W += length * P
        R -= length * product
    return W, limit


def _ratio(a, b):
    """a / b (k, T, 1), zero where b is not above zero."""
    return np.divide(a, b, out=np.zeros_like(a), where=b > 0)[:, :, np.newaxis]
