"""Features with a penalty factor of 0: fitted exactly beside the penalised ones."""

import numpy as np

# Columns count as dependent below this eigenvalue of their correlation matrix.
DEPENDENT = 1e-14
# Below this one, the Gram matrix doesn't know enough about a direction: X is asked.
WEAK = 1e-9
# Columns of unit norm that are shorter than this in a direction depend on each other.
HIDDEN = 1e-12
# Steps towards one solution: the first, and what a bad condition left of it.
REFINEMENTS = 3
# A gradient counts as zero up to this share of ||A_j|| ||Y||.
ROUNDING = 1e-13
# A rest counts as zero if it is worth this share of the gap asked for.
NEGLIGIBLE = 1e-4
EPS = np.finfo(np.float64).eps


class Unpenalised:
    """Least squares on the unpenalised columns U of a problem, all others held.

    No dual point exists unless it is orthogonal to these columns, so the duality gap
    is only small where they are fitted to the last digit. One solve with A_U'A_U does
    that. Bounds on them are met by an active set (Lawson and Hanson 1974): bounds
    that the solution stops at hold, and are let go one by one where the gradient
    points inwards.

    Parameters
    ----------
    problem : LeastSquaresProblem
    penalty : Penalty
        Whose factors and bounds say what U is.
    budget : int
        Bytes that A_U'A may take. Beyond it, a fit that moves costs a pass over X.
    """

    def __init__(self, problem, penalty, budget):
        design = problem.design
        self.problem = problem
        self.columns = penalty.unpenalised()
        self.lower, self.upper = penalty.bounds(self.columns)
        self.cross = None
        # a Gram in float32 is a model of how the gradient moves, and no proof
        if problem.gram is not None and problem.gram_eps < 1e-15:
            self.cross = problem.gram[self.columns]
        elif 8 * len(self.columns) * design.n_features <= budget:
            self.cross = design.gram(np.arange(design.n_features), self.columns).T
        if self.cross is None:
            self.gram = design.gram(self.columns)
        else:
            self.gram = self.cross[:, self.columns]
        self.norms = np.sqrt(design.sq_norm[self.columns])
        self.rounding = ROUNDING * self.norms * np.sqrt(problem.squared_norm)
        self._inverse_of, self._has_hidden = None, False
        # without bounds they need not be descended on: see Elimination
        self.is_bounded = bool(np.isfinite(np.append(self.lower, self.upper)).any())

    def serves(self, penalty):
        """Whether it is about the unpenalised columns and bounds of `penalty`."""
        if not np.array_equal(self.columns, penalty.unpenalised()):
            return False
        lower, upper = penalty.bounds(self.columns)
        return np.array_equal(self.lower, lower) and np.array_equal(self.upper, upper)

    def fit(self, W, C, squared_residual, gap_tol):
        """Move W[:, U] to the least squares solution, W (T, p) and C = A'R in place.

        Returns C and ||R||^2, of the new W. C[:, U] is exactly zero afterwards where
        the fit reached what `gap_tol` can notice and no bound holds a coefficient.
        """
        for _ in range(REFINEMENTS):
            start, before = W[:, self.columns], C[:, self.columns]
            w, c, free = self._solve(start, before)
            step = w - start
            if not step.any():
                break
            W[:, self.columns] = w
            if self._is_precise(step, before, gap_tol):
                # ||R - A_U step||^2, with A_U'R before and after
                squared_residual -= float(np.vdot(step, before + c))
                squared_residual = max(squared_residual, 0.0)
                C -= step @ self.cross
                break
            fresh, squared = self.problem.gradient(W, gap_tol)
            if not squared <= squared_residual + gap_tol:
                W[:, self.columns], w, c = start, start, before  # all rounding: better none
                break
            C, squared_residual = fresh, squared
            c = C[:, self.columns]
        # coefficients that cancel each other leave their own rounding; and columns that
        # are all but dependent a rest, from which a step gains c^2 / (2 ||A_j||^2)
        rounding = self.rounding + 4 * EPS * np.abs(w).max(axis=0) @ self.norms * self.norms
        if not self._has_hidden or self._gain(c, free) <= NEGLIGIBLE * gap_tol:
            rounding = np.maximum(rounding, np.sqrt(NEGLIGIBLE * gap_tol) * self.norms)
        C[:, self.columns] = np.where(free & (np.abs(c) <= rounding), 0.0, c)
        return C, squared_residual

    def _is_precise(self, step, c, gap_tol):
        """Whether a step through the Gram leaves less rounding than a gap may show."""
        if self.cross is None:
            return False
        size = np.abs(step)
        magnitude = np.vdot(size, 2 * np.abs(c) + size @ np.abs(self.gram))
        return EPS * magnitude <= 0.1 * gap_tol

    def _solve(self, w, c):
        """w (T, k) moved to the bounded least squares solution, its gradient, and which
        columns no bound holds."""
        free = np.ones(w.shape[1], dtype=bool)
        if len(w) == 1:  # bounds are for one target
            free = (w[0] > self.lower) & (w[0] < self.upper)
        # each turn but a few adds or drops one bound for good
        for _ in range(3 * len(free) + 10):
            w, c, blocking = self._minimise(w, c, free)
            if len(blocking):
                free[blocking] = False
                continue
            inward = self._inward(w, c, free)
            if inward is None:
                break
            free[inward] = True
        return w, c, free

    def _minimise(self, w, c, free):
        """Towards least squares on the free columns, until bounds block: which ones."""
        for k in range(REFINEMENTS):
            if k and self._has_hidden:
                break  # the Gram matrix has no word on how the gradient moved there
            if not (np.abs(c[:, free]) > self.rounding[free]).any():
                break
            target = w.copy()
            target[:, free] += self._newton(c, free)
            share, blocking = self._longest_step(w, target)
            moved = w + share * (target - w)
            if len(w) == 1:
                bound = np.where(target[0] > 0, self.upper, self.lower)
                moved[0, blocking] = bound[blocking]
                moved = np.clip(moved, self.lower, self.upper)
            c = c - (moved - w) @ self.gram
            w = moved
            if len(blocking):
                return w, c, blocking
        return w, c, []

    def _newton(self, c, free):
        """The step that takes the gradient on the free columns to zero."""
        if self._inverse_of is None or not np.array_equal(self._inverse_of, free):
            self._root = self._inverse_root(free)
            self._inverse_of = free.copy()
        return (c[:, free] @ self._root) @ self._root.T

    def _gain(self, c, free):
        """What one more step would lower the objective by."""
        return 0.5 * float(np.vdot(self._newton(c, free), c[:, free]))

    def _inverse_root(self, free):
        """`inverse_root` of A_free'A_free, with the directions that its rounding hides.

        A Gram matrix has no digits for a direction in which the columns, scaled to unit
        norm, are shorter than the root of its rounding. X still has them: it is asked
        for these directions alone.
        """
        # infinite for a column of zeros: its row of the root is zero then
        norms = np.where(self.norms > 0, self.norms, np.inf)[free]
        values, vectors = scaled_eigh(self.gram[np.ix_(free, free)], norms)
        weak = values < (WEAK if self.problem.design.has_rows else DEPENDENT * len(values))
        kept = ~weak
        root = vectors[:, kept] / np.sqrt(values[kept]) / norms[:, np.newaxis]
        self._has_hidden = False
        if not (weak.any() and self.problem.design.has_rows):
            return root
        V = np.ascontiguousarray((vectors[:, weak] / norms[:, np.newaxis]).T)
        design = self.problem.design
        Z = design.residual_of(self.columns[free], V)
        values, turns = np.linalg.eigh(Z @ Z.T)
        kept = values > (HIDDEN * len(norms)) ** 2
        self._has_hidden = bool(kept.any())
        hidden = V.T @ (turns[:, kept] / np.sqrt(values[kept]))
        return np.hstack([root, hidden])

    def _longest_step(self, w, target):
        """The share of the way to `target` that is feasible, and which columns end it."""
        if len(w) > 1:
            return 1.0, []
        out = np.flatnonzero((target[0] < self.lower) | (target[0] > self.upper))
        if len(out) == 0:
            return 1.0, []
        bound = np.where(target[0] > self.upper, self.upper, self.lower)[out]
        shares = (bound - w[0, out]) / (target[0, out] - w[0, out])
        share = float(shares.min())
        return share, out[shares <= share]

    def _inward(self, w, c, free):
        """The column at a bound that most wants to leave it, or None."""
        if len(w) > 1 or free.all():
            return None
        norms = np.where(self.norms > 0, self.norms, 1.0)
        wish = np.where(w[0] <= self.lower, c[0], -c[0])
        wish = np.where(free | (self.lower == self.upper) | (wish <= self.rounding), 0.0, wish)
        wish /= norms
        return int(wish.argmax()) if wish.any() else None


class Elimination:
    """Unpenalised columns U eliminated from the Gram matrix of others.

    For each move of the others, U is moved to its least squares solution: the Gram
    matrix becomes the Schur complement G - G_U' G_UU^+ G_U. Descent on it is not
    slowed by what the others share with U.

    Parameters
    ----------
    gram : ndarray of shape (k, k)
    inner : ndarray of ints
        Where U is in it.
    """

    def __init__(self, gram, inner):
        self.gram, self.inner = gram, inner
        self.root = inverse_root(gram[np.ix_(inner, inner)], np.sqrt(gram[inner, inner]))
        self.cross = np.ascontiguousarray(self.root.T @ gram[inner])

    def block(self, columns):
        """The Schur complement of these columns; zero where they depend on U."""
        block = self.gram[np.ix_(columns, columns)]
        cross, norms = self.cross[:, columns], block.diagonal().copy()
        block -= cross.T @ cross
        dependent = block.diagonal() <= DEPENDENT * 100 * norms
        block[dependent] = block[:, dependent] = 0.0
        return block

    def correct(self, W, C, step, columns):
        """After `step` (T, k') of the columns, and C -= step G: the move of U."""
        shift = step @ self.cross[:, columns].T
        C += shift @ self.cross
        W[:, self.inner] -= shift @ self.root.T


def are_dependent(gram, columns):
    """Whether these columns depend on each other, as far as their Gram matrix knows."""
    norms = np.sqrt(gram.diagonal()[columns])
    columns, norms = columns[norms > 0], norms[norms > 0]
    if len(columns) < 2:
        return False
    values, _ = scaled_eigh(gram[np.ix_(columns, columns)], norms)
    return bool(values[0] < DEPENDENT * len(values))


def inverse_root(gram, norms):
    """L with L L' the pseudo-inverse of `gram`, scaled to a unit diagonal by `norms`.

    Dependent columns share by least norm.
    """
    norms = np.where(norms > 0, norms, np.inf)
    values, vectors = scaled_eigh(gram, norms)
    kept = values > DEPENDENT * len(values)
    return vectors[:, kept] / np.sqrt(values[kept]) / norms[:, np.newaxis]


def scaled_eigh(gram, norms):
    """Eigenvalues and vectors of `gram` with columns scaled by `norms`."""
    return np.linalg.eigh(gram / np.outer(norms, norms))
