"""X and y as solvers see them: centred and weighted virtually, never copied.

A = diag(q) (X - 1 m'), Y' = diag(q) (y - 1 mean(y))' with q the square roots of
the weights. A's columns and Y's rows are orthogonal to q when the intercept is
fitted, so the intercept drops out of the problem.
"""

import numpy as np
import scipy.sparse as sp

from fastreg._engine import moment_cache
from fastreg._engine.threads import n_threads_for
from fastreg._kernels.csc import Csc
from fastreg._kernels.dense import Dense
from fastreg._kernels.finite import all_finite
from fastreg._kernels.scaled import Scaled
from fastreg._kernels.support import support
from fastreg._kernels.targets import center_targets

# So many rows of a product with X cost about what reading X costs.
SHARED_TARGETS = 2


def has_whole_strides(X):
    """Whether X's strides are whole numbers of elements: fields of packed records' are not."""
    return X.flags.aligned and all(stride % X.itemsize == 0 for stride in X.strides)


def has_unit_stride(X):
    """Whether the dense kernels can read X where it lies, in either order."""
    return has_whole_strides(X) and (X.itemsize in X.strides or 1 in X.shape)


def deviations(sq_norm, total_weight):
    """Standard deviations of columns with these squared norms; 1 for those without any."""
    return np.sqrt(np.where(sq_norm > 0, sq_norm, total_weight) / total_weight)


class Design:
    """X (n, p) and Y (n, T) for least squares.

    Parameters
    ----------
    X : ndarray or CSC matrix, float32 or float64
        Dense X must satisfy `has_unit_stride`.
    Y : ndarray of shape (n_samples,) or (n_samples, n_targets)
    sample_weight : ndarray of shape (n_samples,) or None
        Used as it is; normalise it before where the problem asks for it.
    fit_intercept : bool
    expected_passes : int, default=4
        How often the fit is likely to read X: what threads are worth waking for.
    column_scale : None, "deviation" or ndarray of shape (n_features,)
        What A's columns are divided by: "deviation" stands for their weighted
        standard deviations, about zero without an intercept; see `deviations`.
    keep_moments : bool, default=False
        Ask the cache of moments first, where that pays: for fits that will want
        `all_gram`. The bits are the same either way.

    Attributes
    ----------
    mean, sq_norm : ndarray of shape (n_features,)
        Means used for centring (zeros without intercept), and squared norms of
        A's columns.
    targets : ndarray of shape (n_targets, n_samples)
        Centred and weighted targets.
    squared_norms : ndarray of shape (n_targets,)
        Of the targets.
    target_mean : ndarray of shape (n_targets,)
    mean_rest, target_rest : ndarray, or 0.0
        What rounding `mean` and `target_mean` left out: a large mean has few digits
        below the spread, and moments of parts are merged by them.
    correlation : ndarray of shape (n_targets, n_features)
        Y'A, the gradient at zero.
    n_passes : float
        Passes over X so far, chosen columns counted by their share.
    is_finite : bool
        False if X holds a NaN or an infinity, or overflows float64.
    """

    known_gram = None  # of all columns; a design made of moments has it
    has_rows = True  # one made of moments may have lost them

    def __init__(
        self,
        X,
        Y,
        *,
        sample_weight=None,
        fit_intercept=True,
        expected_passes=4,
        column_scale=None,
        keep_moments=False,
    ):
        n, p = X.shape
        self.X = X
        self.n_samples, self.n_features = n, p
        self.is_sparse = sp.issparse(X)
        self.work = X.nnz if self.is_sparse else n * p
        parts = (X.data, X.indices, X.indptr) if self.is_sparse else (X,)
        self.nbytes = sum(part.nbytes for part in parts)
        self.work_of_fit = self.work * expected_passes
        self.fit_intercept = fit_intercept
        if sample_weight is None:
            weights, self.scale, self.total_weight, heaviest = np.ones(n), None, float(n), 0
        else:
            weights = np.ascontiguousarray(sample_weight, dtype=np.float64)
            self.scale, self.total_weight = np.sqrt(weights), float(weights.sum())
            heaviest = int(weights.argmax())
        self._heaviest = heaviest if fit_intercept else -1
        self.n_passes = 0.0
        self._moments = moment_cache.NoMoments()
        if keep_moments and moment_cache.pays(self.work, p):
            own_weights = None if sample_weight is None else weights
            self._moments = moment_cache.Moments(
                X, own_weights, fit_intercept, self.threads(self.work)
            )
            self.n_passes += 1
        # NaN and infinity are noticed in what comes out: see is_finite
        with np.errstate(all="ignore"):
            self._first_pass(Y, weights, column_scale)

    @property
    def on_rows(self):
        """Itself: one made of moments has another Design for what needs rows."""
        return self

    def _first_pass(self, Y, weights, column_scale):
        self._set_targets(Y, weights)
        self.matrix = Csc(self.X) if self.is_sparse else Dense(self.X, scale=self.scale)
        # x'y for one target comes with the first pass
        statistics = self._moments.get(
            "statistics", lambda: self._statistics(weights), self.targets
        )
        self.mean, self.sq_norm, correlation = statistics[:3]
        self.mean_rest = statistics[3] if len(statistics) > 3 else 0.0
        self.is_finite = all_finite(statistics[:2])
        self._center()
        if len(self.targets) == 1:
            self.correlation = correlation[np.newaxis]
        else:
            self.correlation = self._moments.get(
                "correlation", lambda: self.dots(self.targets), self.targets
            )
        if self.is_sparse:  # what rounding gave a constant column
            self.correlation = np.where(self.sq_norm == 0, 0.0, self.correlation)
        self.column_scale = None
        if column_scale is not None:
            self._scale_columns(column_scale)

    def _statistics(self, weights):
        """Means, squared norms, x'y for the first target, and where means are rounded
        their rest, (3 or 4, p): one pass over X."""
        first = self.targets[0] if self.scale is None else self.targets[0] * self.scale
        self.n_passes += 1
        return self.matrix.column_stats(
            weights, first, self.total_weight, self._heaviest, self.threads(self.work)
        )

    def _center(self):
        if not self.is_sparse:
            self.matrix.set_center(self.mean, self.scale, self.sq_norm)
        elif self.is_finite:
            self.matrix.center(self.mean, self.scale, self.total_weight, self.sq_norm)

    def _scale_columns(self, scale):
        if isinstance(scale, str):
            scale = deviations(self.sq_norm, self.total_weight)
        self.column_scale = scale
        self.matrix = Scaled(self.matrix, 1.0 / scale)
        self.sq_norm = self.sq_norm / scale**2
        self.correlation = self.correlation / scale

    def _set_targets(self, Y, weights):
        Y = np.asarray(Y, dtype=np.float64).reshape(self.n_samples, -1)
        self.targets, self.target_mean, self.target_rest, self.squared_norms = center_targets(
            Y if Y.flags.aligned else Y.copy(),
            weights,
            self.scale,
            self.total_weight,
            self._heaviest,
            self.threads(Y.size),
        )

    def weighted_rows(self):
        """The rows that have weight; a fold gives those it holds out none."""
        return np.arange(self.n_samples) if self.scale is None else np.flatnonzero(self.scale)

    def threads(self, work):
        """Threads for a call of so much work, one where waking more doesn't pay."""
        return n_threads_for(work, self.work_of_fit)

    def dots(self, V):
        """V A for V (T, n), in one pass over X where V has many rows."""
        self.n_passes += self.matrix.passes_of(len(V))
        # what several rows share is read once
        work = self.work * max(1.0, len(V) / SHARED_TARGETS)
        return self.matrix.dots(np.ascontiguousarray(V), self.threads(work))

    def residual(self, W, targets):
        """targets - W A' for W (T, p), reading only the columns where W is not zero."""
        columns = support(W)
        return self.residual_of(columns, np.ascontiguousarray(W[:, columns]), targets)

    def residual_of(self, columns, W, targets=None):
        """targets - W A' for W (T, k) on some columns; no targets stand for zeros."""
        R = np.zeros((len(W), self.n_samples)) if targets is None else targets.copy()
        if len(columns):
            share = self.share(columns)
            self.n_passes += share
            self.matrix.subtract(columns, W, R, self.threads(share * self.work * len(W)))
        return R

    def share(self, columns):
        """The part of X that `columns` is."""
        return len(columns) / self.n_features

    def gram(self, a, b=None):
        """A_a'A_b; b=None stands for b=a."""
        k = len(a) if b is None else len(b)
        self.n_passes += self.share(a)
        # eight multiplications in the BLAS take about as long as one element of a pass
        G = self.matrix.gram(a, b, self.threads(self.share(a) * self.work * k / 8))
        if self.is_sparse:  # constant columns have only their rounding left here
            G[self.sq_norm[a] == 0] = 0.0
            G[:, self.sq_norm[a if b is None else b] == 0] = 0.0
            if b is None:
                G.flat[:: k + 1] = self.sq_norm[a]
        return G

    def all_gram(self):
        """A'A; read-only where the cache keeps it."""
        if self.column_scale is not None:  # what is kept is of X's own columns
            return self.gram(np.arange(self.n_features))
        return self._moments.get("gram", lambda: self.gram(np.arange(self.n_features)))

    def row_gram(self):
        """AA' (n, n); dense X only."""
        self.n_passes += 1
        return self.matrix.row_gram(self.threads(self.work * self.n_samples / 8))

    def gather(self, columns):
        """A's columns as a float64 array (n, k) in Fortran order; dense X only."""
        self.n_passes += self.share(columns)
        return self.matrix.gather(columns, self.threads(self.n_samples * len(columns)))

    def coefficients(self, W, columns=slice(None)):
        """W (..., k) for A's `columns` as coefficients of X's own."""
        return W if self.column_scale is None else W / self.column_scale[columns]

    def intercept(self, W):
        """Intercepts (T,) that belong to W (T, p), the coefficients of A."""
        if not self.fit_intercept:
            return np.zeros(len(W))
        return self.target_mean - self.coefficients(W) @ self.mean
