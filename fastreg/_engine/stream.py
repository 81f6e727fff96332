"""Rows that come and go: their moments, added up block by block.

The moments are always centred, whatever a model will fit: those about zero follow from
them without loss, and models with and without an intercept can share a stream. Weights
are used as they are; what a problem normalises, it normalises by their total.

A removal leaves the rounding of the largest moments ever held, however small the rest
is. So the stream remembers those, refuses to keep less than `MIN_SHARE_LEFT` of them,
and says in `Moments.eps` how much of what it holds is rounding.
"""

import os
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from fastreg._engine.design import Design
from fastreg._engine.moments import EPS, MIN_SHARE_LEFT, Moments, MomentsDesign, no_moments

# Bytes of X that are read at a time. Blocks are taller where merging their moments
# would cost more than forming them: a merge costs some p^2, a row p^2 / 2.
BLOCK_BYTES = 1 << 25
MIN_HEIGHT = 4
# Bytes of small chunks that are put together, at least.
BUFFER_BYTES = 1 << 20
# What one update rounds, relative to the largest moments.
ROUNDING = 4 * EPS
# A stream holds its own moments, those of a chunk, of a block, and a sum of two.
COPIES = 5
# The share of the machine's memory that they may take.
MEMORY_SHARE = 0.5
# Where the system doesn't say how much memory there is.
TYPICAL_MEMORY = 1 << 34


class LostDigitsError(ValueError):
    """A removal would leave too little; `which` is (what, indices or None)."""

    def __init__(self, what, indices=None):
        super().__init__(what)
        self.what, self.indices = what, indices


@dataclass(frozen=True)
class Stream:
    """The rows held so far; additions and removals give a new one.

    Attributes
    ----------
    moments : Moments
        Centred, with raw weights.
    n_samples : int
        Rows, those without weight included.
    dtype : dtype
        float32 while all X were.
    n_updates : int
        Sums of moments so far, each of which was rounded.
    largest : ndarray of shape (n_features + n_targets,)
        The largest squared norms ever held, of columns and targets.
    largest_weight : float
    """

    moments: Moments
    n_samples: int
    dtype: np.dtype
    n_updates: int
    largest: np.ndarray
    largest_weight: float

    @classmethod
    def of_moments(cls, moments, n_samples, dtype):
        """That of one block."""
        return cls(moments, n_samples, dtype, 1, moments.all_squared_norms, moments.total_weight)

    def merge(self, other):
        """The rows of both."""
        moments = self.moments.merge(other.moments)
        return Stream(
            moments,
            self.n_samples + other.n_samples,
            np.promote_types(self.dtype, other.dtype),
            self.n_updates + other.n_updates,
            np.max([self.largest, other.largest, moments.all_squared_norms], axis=0),
            max(self.largest_weight, other.largest_weight, moments.total_weight),
        )

    def without(self, part):
        """These rows less those of `part`.

        Raises
        ------
        LostDigitsError
            If too little would be left.
        """
        n_samples = self.n_samples - part.n_samples
        weight = self.moments.total_weight - part.moments.total_weight
        if n_samples < 0:
            raise LostDigitsError("rows")
        if part.moments.total_weight == 0:
            return replace(self, n_samples=n_samples)
        if n_samples == 0 or not weight >= MIN_SHARE_LEFT * self.largest_weight:
            raise LostDigitsError("weight")
        moments = self.moments.without(part.moments)
        lost = moments.all_squared_norms < MIN_SHARE_LEFT * self.largest
        p = len(moments.mean)
        for what, indices in (
            ("columns", np.flatnonzero(lost[:p])),
            ("targets", np.flatnonzero(lost[p:])),
        ):
            if len(indices):
                raise LostDigitsError(what, indices)
        n_updates = self.n_updates + part.n_updates
        return replace(self, moments=moments, n_samples=n_samples, n_updates=n_updates)

    def design(self, fit_intercept):
        """All rows, as solvers see them."""
        held = self.moments.all_squared_norms
        loss = np.max(self.largest[held > 0] / held[held > 0], initial=1.0)
        # roundings of many sums are as often up as down (Higham and Mary 2019)
        eps = ROUNDING * self.n_updates**0.5 * float(loss)
        moments = replace(self.moments, eps=eps)
        return MomentsDesign(
            moments if fit_intercept else moments.uncentred(),
            self.n_samples,
            fit_intercept=fit_intercept,
            standardize=False,
            build=None,
        )


class RowBuffer:
    """Small dense chunks that wait for more: moments cost a sum of p^2 numbers, and some
    calls, whatever the number of rows.
    """

    def __init__(self):
        self._chunks, self._n_rows = [], 0

    def takes(self, X, Y, _weights):
        """Whether a chunk is small, and nothing is wrong with it that its moments would show."""
        if sp.issparse(X) or 2 * len(X) > _buffer_height(X):
            return False
        with np.errstate(all="ignore"):
            return bool(np.isfinite(np.vdot(X, X) + np.vdot(Y, Y)))

    def add(self, X, Y, weights):
        """Hold a copy of a chunk; what is full by now, as from `empty`."""
        dtype, ready = _float_dtype(X), []
        if self._chunks and self._chunks[0][0].dtype != dtype:
            ready += self.empty()
        weights = np.ones(len(X)) if weights is None else weights.copy()
        self._chunks.append((np.array(X, dtype=dtype), np.array(Y, dtype=np.float64), weights))
        self._n_rows += len(X)
        if self._n_rows >= _buffer_height(X):
            ready += self.empty()
        return ready

    def empty(self):
        """Give up what is held: a list of one (X, Y, weights), or of none."""
        chunks, self._chunks, self._n_rows = self._chunks, [], 0
        return [tuple(map(np.concatenate, zip(*chunks, strict=True)))] if chunks else []


def _buffer_height(X):
    """Rows that pay for a sum of moments."""
    p = X.shape[1]
    return max(MIN_HEIGHT * p, BUFFER_BYTES // (8 * p), 1)


def _float_dtype(X):
    return X.dtype if X.dtype in (np.float32, np.float64) else np.dtype(np.float64)


def stream_of_rows(X, Y, weights, layout, check):
    """The Stream of a chunk, which is read in blocks of rows.

    Parameters
    ----------
    X : ndarray, memory map or CSR matrix, of any real dtype
    Y : ndarray of shape (n_samples,) or (n_samples, n_targets)
    weights : ndarray of shape (n_samples,) or None
    layout : callable
        Makes of a block of floats what the kernels read: the block itself if it can.
    check : callable
        Given the Design of a block, its X and its Y: raises where they are not finite.
    """
    n, p = X.shape
    dtype = _float_dtype(X)
    total = Stream.of_moments(no_moments(p, 1 if Y.ndim == 1 else Y.shape[1]), 0, dtype)
    for rows in _blocks(X, dtype):
        w = None if weights is None else weights[rows]
        weighs = w is None or w.any()
        block, y = X[rows], Y[rows]
        is_sparse = sp.issparse(block)
        block = layout(block.astype(dtype) if is_sparse else np.asarray(block, dtype=dtype))
        design = Design(
            block, y, sample_weight=w if weighs else None, expected_passes=4 * n / len(y)
        )
        check(design, block, y)
        moments = Moments.of_design(design) if weighs else no_moments(p, len(design.targets))
        total = total.merge(Stream.of_moments(moments, len(y), dtype))
    return total


def _blocks(X, dtype):
    """Slices of rows, of heights that depend on shape and dtypes alone."""
    n, p = X.shape
    n_bytes = 12 * X.nnz if sp.issparse(X) else max(X.itemsize, dtype.itemsize) * n * p
    height = max(MIN_HEIGHT * p, BLOCK_BYTES * n // max(n_bytes, 1), 1)
    n_blocks = -(-n // height)
    return [slice(k * n // n_blocks, (k + 1) * n // n_blocks) for k in range(n_blocks)]


def memory_needed(n_features):
    """Bytes for the moments of a stream and for the sums it makes of them."""
    return COPIES * 8 * n_features**2


def memory_allowed():
    """Bytes that they may take."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        memory = TYPICAL_MEMORY
    return int(MEMORY_SHARE * memory)
