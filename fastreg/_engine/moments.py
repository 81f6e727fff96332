"""Centred moments of rows: what least squares needs to know of tall X, in p x p numbers.

Moments of disjoint sets of rows merge and subtract by the pairwise update of Chan,
Golub and LeVeque (1979), so that training sets of cross-validation cost no pass over
X of their own.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from fastreg._engine.design import Design, deviations

# Rows that don't lie side by side are copied in blocks of this many bytes.
BLOCK_BYTES = 1 << 23
# A column keeps its moments through a subtraction if this share of its squared norm
# is left: otherwise too many digits are lost.
MIN_SHARE_LEFT = 1e-6
EPS = np.finfo(np.float64).eps


@dataclass(frozen=True)
class Moments:
    """Weighted moments of rows of X and Y, centred where the intercept is fitted.

    Attributes
    ----------
    total_weight : float
    mean : ndarray of shape (n_features,)
        Zeros without intercept, as target_mean.
    target_mean : ndarray of shape (n_targets,)
    gram : ndarray of shape (n_features, n_features)
        A'A with A as in `Design`.
    correlation : ndarray of shape (n_targets, n_features)
        Y'A.
    squared_norms : ndarray of shape (n_targets,)
        Of the targets.
    eps : float
        Relative rounding error of what is above, up to a modest factor.
    mean_rest, target_rest : ndarray or 0.0
        What rounding the means left out, as in `Design`.
    """

    total_weight: float
    mean: np.ndarray
    target_mean: np.ndarray
    gram: np.ndarray
    correlation: np.ndarray
    squared_norms: np.ndarray
    eps: float = EPS
    mean_rest: np.ndarray | float = 0.0
    target_rest: np.ndarray | float = 0.0

    @classmethod
    def of_design(cls, design):
        """One Gram matrix of everything in `design`."""
        return cls(
            design.total_weight,
            design.mean,
            design.target_mean,
            design.gram(np.arange(design.n_features)),
            design.correlation,
            design.squared_norms,
            mean_rest=design.mean_rest,
            target_rest=design.target_rest,
        )

    @property
    def sq_norm(self):
        """Squared norms of A's columns."""
        return self.gram.diagonal()

    def merge(self, other):
        """The moments of both sets of rows together."""
        if self.total_weight == 0 or other.total_weight == 0:
            return other if self.total_weight == 0 else self
        total = self.total_weight + other.total_weight
        share = other.total_weight / total
        d, e = self._distance(other)
        between = self.total_weight * share
        gram = self.gram + other.gram
        gram += np.outer(between * d, d)
        return Moments(
            total,
            gram=gram,
            correlation=self.correlation + other.correlation + np.outer(between * e, d),
            squared_norms=self.squared_norms + other.squared_norms + between * e**2,
            eps=max(self.eps, other.eps),
            **self._moved_means(share * d, share * e),
        )

    def without(self, part):
        """The moments less those of `part`, whatever digits that loses; part is not all."""
        total = self.total_weight - part.total_weight
        share = part.total_weight / total
        d, e = self._distance(part)
        # the part lies at distance d from the mean of all, d (1 + share) from the rest's
        between = part.total_weight * (1 + share)
        gram = self.gram - part.gram
        gram -= np.outer(between * d, d)
        return Moments(
            total,
            gram=gram,
            correlation=self.correlation - part.correlation - np.outer(between * e, d),
            squared_norms=self.squared_norms - part.squared_norms - between * e**2,
            eps=max(self.eps, part.eps),
            **self._moved_means(-share * d, -share * e),
        )

    def subtract(self, part):
        """The moments without those of `part`, or None where that loses too many digits."""
        if not self.total_weight - part.total_weight > MIN_SHARE_LEFT * self.total_weight:
            return None
        rest = self.without(part)
        left, before = rest.all_squared_norms, self.all_squared_norms
        if np.any(left < MIN_SHARE_LEFT * before):
            return None
        loss = np.max(before[before > 0] / left[before > 0], initial=1.0)
        return replace(rest, eps=loss * rest.eps)

    @property
    def all_squared_norms(self):
        """Of A's columns, then of the targets."""
        return np.concatenate([self.sq_norm, self.squared_norms])

    def _distance(self, other):
        """How far the other's means are from these, of features and of targets."""
        return (
            (other.mean - self.mean) + (other.mean_rest - self.mean_rest),
            (other.target_mean - self.target_mean) + (other.target_rest - self.target_rest),
        )

    def _moved_means(self, d, e):
        mean, mean_rest = two_sum(self.mean, d)
        target_mean, target_rest = two_sum(self.target_mean, e)
        return {
            "mean": mean,
            "target_mean": target_mean,
            "mean_rest": mean_rest + self.mean_rest,
            "target_rest": target_rest + self.target_rest,
        }

    def uncentred(self):
        """The moments about zero, as without an intercept."""
        mean, target_mean = self.mean + self.mean_rest, self.target_mean + self.target_rest
        weight = self.total_weight
        return Moments(
            weight,
            np.zeros_like(mean),
            np.zeros_like(target_mean),
            self.gram + np.outer(weight * mean, mean),
            self.correlation + np.outer(weight * target_mean, mean),
            self.squared_norms + weight * target_mean**2,
            self.eps,
        )

    def times(self, count):
        """The moments of every row taken `count` times."""
        if count == 1:
            return self
        return replace(
            self,
            total_weight=count * self.total_weight,
            gram=count * self.gram,
            correlation=count * self.correlation,
            squared_norms=count * self.squared_norms,
        )

    def scaled(self, scale):
        """The moments of A with its columns divided by `scale`; means stay X's own."""
        return replace(
            self,
            gram=self.gram / scale / scale[:, np.newaxis],
            correlation=self.correlation / scale,
        )


def is_run(rows):
    """Whether `rows`, ascending, have no gaps."""
    return len(rows) > 0 and rows[-1] - rows[0] + 1 == len(rows)


def moments_of_rows(X, Y, rows, weights, fit_intercept):
    """Moments of the dense X[rows], with `rows` ascending; weights is None or (len(rows),).

    X is not copied but for a block of rows at a time where there are gaps. The rest of X
    is taken to be wanted soon: threads are worth waking for it.
    """
    n_rows, p = len(rows), X.shape[1]
    step = n_rows if is_run(rows) else max(p, BLOCK_BYTES // (X.itemsize * p))
    total = None
    for start in range(0, n_rows, step):
        chosen = rows[start : start + step]
        if is_run(chosen):
            chosen = slice(chosen[0], chosen[-1] + 1)
        w = None if weights is None else weights[start : start + step]
        if w is not None and not w.any():
            continue
        block = Design(
            X[chosen],
            Y[chosen],
            sample_weight=w,
            fit_intercept=fit_intercept,
            expected_passes=4 * len(X) / len(Y[chosen]),
        )
        moments = Moments.of_design(block)
        total = moments if total is None else total.merge(moments)
    return no_moments(p, 1 if Y.ndim == 1 else Y.shape[1]) if total is None else total


def no_moments(p, n_targets):
    """Those of no rows, or of rows without weight."""
    return Moments(
        0.0,
        np.zeros(p),
        np.zeros(n_targets),
        np.zeros((p, p)),
        np.zeros((n_targets, p)),
        np.zeros(n_targets),
    )


class MomentsDesign:
    """A Design known by its moments; X is read only where they don't suffice.

    What is not here comes from a `Design` on X that `build(column_scale)` makes when it
    is first asked for.

    Parameters
    ----------
    moments : Moments
    n_samples : int
    fit_intercept : bool
    standardize : bool
        Divide A's columns by their standard deviations.
    build : callable or None
        None where there is no X any more: the moments must do.
    """

    is_sparse = False

    def __init__(self, moments, n_samples, *, fit_intercept, standardize, build):
        self.column_scale = None
        if standardize:
            self.column_scale = deviations(moments.sq_norm, moments.total_weight)
            moments = moments.scaled(self.column_scale)
        self.moments = moments
        self.total_weight = moments.total_weight
        self.mean, self.target_mean = moments.mean, moments.target_mean
        self.sq_norm = moments.sq_norm
        self.correlation = moments.correlation
        self.squared_norms = moments.squared_norms
        self.known_gram, self.gram_eps = moments.gram, moments.eps
        self.n_samples, self.n_features = n_samples, len(self.mean)
        self.work = n_samples * self.n_features
        self.nbytes = moments.gram.nbytes
        self.fit_intercept = fit_intercept
        sums = self.sq_norm.sum() + self.mean.sum() + moments.gram.sum()
        self.is_finite = bool(np.isfinite(sums))
        self.has_rows = build is not None
        self._build = build

    coefficients = Design.coefficients
    intercept = Design.intercept

    @cached_property
    def on_rows(self):
        """The Design on X itself."""
        return self._build(self.column_scale)

    def gram(self, a, b=None):
        """A_a'A_b; b=None stands for b=a."""
        if self.has_rows:
            return self.on_rows.gram(a, b)
        return self.known_gram[np.ix_(a, a if b is None else b)]

    def __getattr__(self, name):
        if name.startswith("_") or not self.has_rows:
            raise AttributeError(f"a design made of moments has no {name} without its rows")
        return getattr(self.on_rows, name)


def two_sum(a, b):
    """a + b rounded, and what the rounding left out (Knuth)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)
