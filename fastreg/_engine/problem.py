"""Least squares on a Design: gradients from X or from moments."""

import numpy as np

from fastreg._engine.design import Design
from fastreg._kernels.smooth import gradient_from_gram

# The Gram of a working set may take this share of X's own size, or this many
# bytes where X is small.
GRAM_SHARE = 0.042
GRAM_BYTES = 12_600_000
# Dense X up to this size may have all of its Gram, up to that size or its own: a support
# that outgrows the bound costs far more than a copy of X would.
SMALL_X = 1 << 27
WHOLE_GRAM_BYTES = 64_000_000
EPS = np.finfo(np.float64).eps


def gram_budget(X_bytes):
    """Bytes that solvers may spend on Gram matrices or gathered columns."""
    return max(GRAM_BYTES, int(GRAM_SHARE * X_bytes))


def path_budget(design):
    """The same for a working set of a design."""
    budget, whole = gram_budget(design.nbytes), 8 * design.n_features**2
    if design.is_sparse or design.nbytes >= SMALL_X:
        return budget
    return max(budget, whole) if whole <= max(WHOLE_GRAM_BYTES, design.nbytes) else budget


class LeastSquaresProblem:
    """1/2 ||Y - W A'||^2 for some targets of a Design.

    Parameters
    ----------
    design : Design
    targets : slice, default=all
        The targets that are fitted together.
    gram : ndarray of shape (n_features, n_features) or None
        A'A where it is known, float64 or float32; the design may know it itself.
        Gradients come from it as long as its rounding doesn't show at the tolerance
        asked for, and from X otherwise, if the design has it.
    """

    def __init__(self, design: Design, targets=slice(None), gram=None):
        self.design = design
        self._which = targets
        self.correlation = np.ascontiguousarray(design.correlation[targets])
        self.squared_norm = float(design.squared_norms[targets].sum())
        # sums that were rounded to float32 are no proof beyond that
        self.gram_eps = EPS if gram is None else np.finfo(gram.dtype).eps
        if gram is None and design.known_gram is not None:
            gram, self.gram_eps = design.known_gram, design.gram_eps
        self.gram = None if gram is None else np.ascontiguousarray(gram, dtype=np.float64)

    @property
    def targets(self):
        """Read from the design when needed: one made of moments has them on demand."""
        return self.design.targets[self._which]

    def gradient(self, W, gap_tol):
        """A'R as (T, p) and ||R||^2 at W, good enough to certify `gap_tol`."""
        if self.gram is not None:
            C, squared_residual, magnitude = gradient_from_gram(
                self.gram, self.correlation, W, self.squared_norm
            )
            if self.gram_eps * magnitude <= 0.1 * gap_tol or not self.design.has_rows:
                return C, squared_residual
        if not W.any():
            return self.correlation.copy(), self.squared_norm
        R = self.design.residual(W, self.targets)
        return self.design.dots(R), float(np.vdot(R, R))

    def rounding(self, W):
        """A bound on the rounding of a duality gap at W that comes from the Gram matrix."""
        _, _, magnitude = gradient_from_gram(self.gram, self.correlation, W, self.squared_norm)
        return self.gram_eps * magnitude

    def gradients(self, w, working_set):
        """The same for many w (K T, k) on the columns of `working_set`: A'R, and ||r||^2 of
        each row, from one pass over X."""
        targets = self.targets
        targets = np.concatenate([targets] * (len(w) // len(targets)))
        R = working_set.residual(w, targets)
        return self.design.dots(R), np.einsum("ij,ij->i", R, R)
