"""Ridge on the training rows of every split, all alphas from one decomposition for each.

Where rows outnumber columns, moments of folds give each training set's A'A. Otherwise
AA' of all rows is formed once: a training set's is its block, centred again.
"""

from contextlib import closing

import numpy as np
import scipy.sparse as sp

from fastreg._engine.folds import DesignFolds, MomentFolds
from fastreg._engine.spectrum import decompose, products_of_rows, solve
from fastreg._engine.threads import map_in_threads, n_workers_for
from fastreg._kernels.worker import check_stopped

# Products of rows that were centred at the mean of all rows serve a training set if this
# share of their trace is left when they are centred at its own.
MIN_SHARE_LEFT = 1e-6


class RidgeFolds:
    """Ridge over splits.

    Parameters
    ----------
    X, Y : ndarray or CSC matrix, and ndarray of shape (n_samples, n_targets)
    splits : list of Split
    alphas : ndarray of shape (n_alphas,)
        At least 0.
    sample_weight, fit_intercept, standardize
        As in `DesignFolds`.
    """

    def __init__(self, X, Y, splits, alphas, **options):
        self.alphas = alphas
        self.by_rows = X.shape[0] <= X.shape[1]
        by_moments = not (self.by_rows or sp.issparse(X))
        kind = MomentFolds if by_moments else DesignFolds
        # what a fold takes beside its decomposition is one pass
        self.folds = kind(X, Y, splits, n_alphas=1, **options)
        self.full = self.folds.full()
        self._products = None

    def map(self, function):
        """Yield function(split, W, design, held_out) for each split, in order.

        W (n_alphas, T, p) are the coefficients of `design` at all alphas.
        """
        splits = self.folds.splits
        if self.by_rows and not self.folds.standardize:
            self._products = products_of_rows(self.full, self._rows)

        def run(k):
            check_stopped()
            with np.errstate(all="ignore"):
                design, held_out = self.folds.fold(k)
                products = self._training_products(k)
                spectrum = decompose(
                    design, self.alphas.min(), by_rows=self.by_rows, row_products=products
                )
                return function(splits[k], spectrum.coefficients(self.alphas), design, held_out)

        smaller = min(self.full.n_samples, self.full.n_features)
        n_workers = n_workers_for(None, len(splits), 10 * smaller**3)
        with closing(map_in_threads(run, range(len(splits)), n_workers)) as results:
            yield from results

    def solve(self, alpha):
        """W (T, p) on all rows, the duality gaps (T,), and the spectrum they come from."""
        products = None if self._products is None else self._products.copy
        spectrum = decompose(self.full, alpha.min(), by_rows=self.by_rows, row_products=products)
        return *solve(self.full, spectrum, alpha), spectrum

    @property
    def _rows(self):
        """The rows that have weight."""
        weights = self.folds.sample_weight
        return np.arange(self.full.n_samples) if weights is None else np.flatnonzero(weights)

    def _training_products(self, k):
        """What gives AA' of the training rows of split k; None where they must be read."""
        if self._products is None:
            return None
        counts = self.folds.splits[k].train_counts(self.full.n_samples)[self._rows]
        trained = np.flatnonzero(counts)
        K = self._products[np.ix_(trained, trained)]
        root = np.sqrt(counts[trained])
        K *= root
        K *= root[:, np.newaxis]
        if self.full.fit_intercept:
            # A of the training rows has no part along q, the square roots of their weights
            q = root if self.full.scale is None else root * self.full.scale[self._rows[trained]]
            q = q / np.linalg.norm(q)
            before, Kq = np.trace(K), K @ q
            K -= np.outer(Kq - (q @ Kq) * q, q) + np.outer(q, Kq)
            if not np.trace(K) > MIN_SHARE_LEFT * before:
                return None
        return lambda: K
