"""Squared errors on held-out rows, for many coefficient vectors at once."""

import numpy as np
import scipy.sparse as sp

from fastreg._kernels.support import mark_support

# Errors from moments have this relative accuracy at least; otherwise rows are read.
RTOL = 1e-7
# Elements of what is made at a time: gathered rows, predictions, sparse columns.
BLOCK_ELEMENTS = 1 << 20
# Elements of the coefficients that wait for their errors: few enough to stay in the cache, and
# more where predictions are made for many rows at once.
WAITING_ELEMENTS, WAITING_SPARSE = 1 << 17, 1 << 22


class HeldOut:
    """Rows that were not trained on.

    Parameters
    ----------
    X : ndarray or CSC matrix of shape (n_samples, n_features)
    Y : ndarray of shape (n_samples, n_targets)
    rows : ndarray of int
        The distinct rows held out, ascending.
    weights : ndarray of shape (len(rows),) or None
    moments : Moments or None
        Of these rows, centred at their own means. Used where rows outnumber features.
    """

    def __init__(self, X, Y, rows, weights, moments=None):
        self.X, self.Y, self.rows, self.weights = X, Y, rows, weights
        self.moments = moments if len(rows) > X.shape[1] else None

    def batch_size(self, n_targets):
        """How many coefficient vectors to hand to `errors` at once."""
        n_features = self.X.shape[1]
        if sp.issparse(self.X):  # all rows, so that columns are sliced once
            return max(1, WAITING_SPARSE // (n_targets * max(n_features, len(self.rows))))
        return max(1, WAITING_ELEMENTS // (n_targets * n_features))

    def errors(self, W, design):
        """Weighted mean squared errors (k,), averaged over targets; see `squared_errors`."""
        return self.squared_errors(W, design).mean(axis=1)

    def squared_errors(self, W, design):
        """Weighted mean squared errors (k, n_targets).

        W are k arrays (n_targets, p), coefficients of `design`, which was trained on.
        """
        if self.moments is not None:
            errors = self._from_moments(design.coefficients(np.asarray(W)), design)
            if errors is not None:
                return errors
        return self._from_rows(W, design)

    def _from_moments(self, W, design):
        """yy - 2 w'c + w'G w about the rows' own means, and the offset of these means."""
        moments = self.moments
        k, n_targets, p = W.shape
        flat = W.reshape(-1, p)
        quadratic = np.einsum("ij,ij->i", flat @ moments.gram, flat).reshape(k, n_targets)
        linear = np.einsum("ktp,tp->kt", W, moments.correlation)
        centred = moments.squared_norms - 2 * linear + quadratic
        size = np.abs(W) @ np.sqrt(moments.sq_norm)
        magnitude = (np.sqrt(moments.squared_norms) + size) ** 2
        if np.any(RTOL * centred < moments.eps * magnitude):
            return None
        offset = moments.target_mean - design.target_mean - W @ (moments.mean - design.mean)
        return centred / moments.total_weight + offset**2

    def _from_rows(self, W, design):
        k, (n_targets, p) = len(W), W[0].shape
        used = np.zeros(p, dtype=np.uint8)
        for w in W:
            mark_support(w, used)
        support = np.flatnonzero(used)
        W = design.coefficients(np.stack([w[:, support] for w in W]), support)
        V = np.ascontiguousarray(W.reshape(k * n_targets, -1).T)
        offset = design.target_mean
        if sp.issparse(self.X):
            offset = offset - W @ design.mean[support]  # (k, n_targets)
            predicted = self._predict_sparse(support, V)
        total = np.zeros((k, n_targets))
        step = max(1, BLOCK_ELEMENTS // max(len(support), k * n_targets, 1))
        for start in range(0, len(self.rows), step):
            part = slice(start, start + step)
            rows = self.rows[part]
            if sp.issparse(self.X):
                P = predicted[part]
            else:
                whole = len(support) == p
                block = self.X[rows] if whole else self.X[np.ix_(rows, support)]
                P = (block - design.mean[support]) @ V
            residual = self.Y[rows, np.newaxis, :] - offset - P.reshape(-1, k, n_targets)
            weights = np.ones(len(rows)) if self.weights is None else self.weights[part]
            total += np.einsum("ikt,ikt,i->kt", residual, residual, weights)
        n = len(self.rows) if self.weights is None else self.weights.sum()
        return total / n

    def _predict_sparse(self, support, V):
        """X[rows][:, support] @ V from a bounded number of nonzeros at a time."""
        predicted = np.zeros((len(self.rows), V.shape[1]))
        indptr = self.X.indptr
        block = np.cumsum(indptr[support + 1] - indptr[support]) // BLOCK_ELEMENTS
        for part in np.split(np.arange(len(support)), np.flatnonzero(np.diff(block)) + 1):
            if len(part):
                predicted += self.X[:, support[part]].tocsr()[self.rows] @ V[part]
        return predicted
