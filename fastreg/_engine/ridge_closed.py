"""Ridge in closed form from moments: (G + alpha I) w = c on the smaller side of A.

Tall A has G = A'A and c = A'y. Wide A has G = AA' and c = y, and then w = A'v: the
kernel trick.
"""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from fastreg._engine.blocks import row_gram
from fastreg._engine.ridge_solution import RidgeSolution, certificate, gap_of_gradient, gradient
from fastreg._engine.threads import n_threads_for
from fastreg._kernels.cholesky import factor_lower

# Below this reciprocal condition number the answer keeps too few digits.
MIN_RCOND = 1e-10
# Above it no estimate is needed: the rounding of a Gram matrix doesn't reach that far.
PROVEN_RCOND = 1e-9
# A gap may come from moments while their rounding is this share of its tolerance.
MAX_ROUNDING = 0.1
# Within this factor, elements of a diagonal are of one scale.
BALANCED = 16.0
EPS = np.finfo(np.float64).eps


def solve_moments(moments, alpha, solver="cholesky"):
    """Ridge of the rows that `moments` were made of, alpha (T,), without those rows.

    Where Cholesky keeps too few digits, eigenvalues take over ("eigen"), the smallest
    counting as zero: moments know no more about the directions they belong to.
    """
    answer = Answer(None)
    if solver == "cholesky":
        answer = cholesky(moments.gram, alpha, moments.correlation)
    if answer.solution is None:
        rcond, solver = answer.rcond, "eigen"
        answer = eigen(moments.gram, alpha, moments.correlation, min_rcond=0.0)
        answer.rcond = rcond
    gap = gap_of_gradient(np.square(answer.residual).sum(axis=1), alpha)
    return RidgeSolution(answer.solution, solver, gap, rcond=answer.rcond)


def rounding_of_gap(moments, W, alpha):
    """A bound on the rounding of a gap at W (T, p) that comes from moments."""
    norms = np.sqrt(moments.sq_norm)
    # |A_j'r| is known to eps ||A_j|| (||y|| + sum_k ||A_k|| |w_k|)
    reach = np.sqrt(moments.squared_norms) + np.abs(W) @ norms
    return gap_of_gradient(moments.eps**2 * moments.sq_norm.sum() * reach**2, alpha)


def closed_form(design, alpha, solver, tol):
    """Solution by "cholesky" or "eigen"; its W is None where that is ill-conditioned."""
    if design.n_features > design.n_samples:
        return _dual(design, alpha, solver, tol)
    gram = design.all_gram()
    diagonal = gram.diagonal().copy()
    answer = _solve(solver, gram, alpha, design.correlation)
    if answer.solution is None:
        return RidgeSolution(None, solver, None, rcond=answer.rcond)
    W = answer.solution
    # |A_j'r| is known to eps ||A_j|| (||y|| + sum_k ||A_k|| |w_k|)
    reach = np.sqrt(design.squared_norms) + np.abs(W) @ np.sqrt(diagonal)
    rounding = EPS**2 * diagonal.sum() * reach**2
    gap = _gap(design, W, alpha, np.square(answer.residual).sum(axis=1), rounding, tol)
    return RidgeSolution(W, solver, gap, rcond=answer.rcond)


def _solve(solver, gram, alpha, right):
    """`gram` may be overwritten where it is writeable: a cache keeps read-only ones."""
    if solver == "eigen":
        return eigen(gram, alpha, right)
    return cholesky(gram, alpha, right, overwrite=gram.flags.writeable)


def _dual(design, alpha, solver, tol):
    gram = row_gram(design)
    diagonal = gram.diagonal().copy()
    trace = diagonal.sum()
    answer = _solve(solver, gram, alpha, design.targets)
    if answer.solution is None:
        return RidgeSolution(None, solver, None, rcond=answer.rcond)
    V = answer.solution
    W = design.dots(V)
    # the gradient is A' times the residual; of w, ||A_j|| ||v|| eps is rounding
    size = np.sqrt(np.square(V).sum(axis=1))
    known = (np.sqrt(design.squared_norms) + (trace + alpha) * size) * np.sqrt(trace)
    gap = _gap(design, W, alpha, answer.energy, np.square(EPS * known), tol)
    return RidgeSolution(W, solver, gap, rcond=answer.rcond)


def _gap(design, W, alpha, squared_gradient, rounding, tol):
    """The gap from moments where rounding doesn't show at `tol`, from X otherwise."""
    limit = MAX_ROUNDING * tol * design.squared_norms
    if (alpha > 0).all() and (gap_of_gradient(rounding, alpha) <= limit).all():
        return gap_of_gradient(squared_gradient, alpha)
    return certificate(W, alpha, gradient(design, W))


@dataclass
class Answer:
    """Rows x of (G + alpha I) x = right, or None where the condition is too bad.

    `residual` is what is left of `right`, and `energy` its squared norm under G.
    """

    rcond: float | None
    solution: np.ndarray | None = None
    residual: np.ndarray | None = None
    energy: np.ndarray | None = None

    @classmethod
    def overflow(cls, right):
        """The answer where G is not finite."""
        nothing = np.full(right.shape, np.nan)
        return cls(None, nothing, nothing, nothing.sum(axis=1))


def cholesky(gram, alpha, right, *, overwrite=False):
    """Solve for each row of `right` (T, k) with its alpha; no solution if ill-conditioned."""
    if not np.isfinite(gram).all():
        return Answer.overflow(right)
    solution, residual, worst = np.empty_like(right), np.empty_like(right), np.inf
    energy = np.empty(len(right))
    values = np.unique(alpha)
    for value in values:
        rows = np.flatnonzero(alpha == value)
        last = value == values[-1]
        factor = Factor(gram if last and overwrite else gram.copy(), value)
        worst = min(worst, factor.rcond)
        if factor.rcond < MIN_RCOND:
            return Answer(worst)
        solution[rows] = factor.solve(right[rows])
        left = residual[rows] = right[rows] - factor.multiply(solution[rows])
        energy[rows] = _energy(left, factor.multiply(left) - value * left)
    return Answer(worst, solution, residual, energy)


def _energy(rows, image):
    """r'Gr of each row, with G r its image; not negative but for rounding."""
    return np.maximum(np.einsum("ij,ij->i", rows, image), 0.0)


class Factor:
    """Cholesky's factor of S = gram + alpha I, in place of one triangle of `gram`.

    The other triangle and the diagonal keep S. A diagonal of different scales is made
    one of ones first: columns on other scales are not ill-conditioned.
    """

    def __init__(self, gram, alpha):
        system = gram.T  # Fortran order for LAPACK; it is symmetric
        system.flat[:: len(system) + 1] += alpha
        diagonal = system.diagonal()
        self.scale = np.ones(len(system))
        if diagonal.max(initial=0.0) > BALANCED * diagonal.min(initial=np.inf):
            self.scale = 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
            system *= self.scale
            system *= self.scale[:, np.newaxis]
        self.diagonal = system.diagonal().copy()
        norm = linalg.lapack.dlange("1", system)
        self.matrix = system
        self.rcond = 0.0
        if factor_lower(system, n_threads_for(len(system) ** 3 / 24)):
            self.rcond = self._condition(norm, alpha)

    def _condition(self, norm, alpha):
        """The reciprocal condition number: a bound where alpha proves enough, as no eigenvalue is
        below it, and an estimate otherwise, which takes solutions."""
        lowest = alpha * float(np.square(self.scale).min(initial=1.0))
        bound = lowest / (norm * np.sqrt(len(self.matrix))) if norm > 0 else 0.0
        if bound > PROVEN_RCOND:
            return bound
        return float(linalg.lapack.dpocon(self.matrix, norm, uplo="L")[0])

    def solve(self, right):
        """S^-1 applied to each row."""
        solution, _ = linalg.lapack.dpotrs(self.matrix, (right * self.scale).T, lower=True)
        return solution.T * self.scale

    def multiply(self, rows):
        """S applied to each row."""
        scaled = rows / self.scale
        product = linalg.blas.dsymm(1.0, self.matrix, scaled.T, lower=False).T
        product += scaled * (self.diagonal - self.matrix.diagonal())
        return product / self.scale


def eigen(gram, alpha, right, *, min_rcond=MIN_RCOND):
    """`cholesky` by eigenvalues of `gram`: one decomposition for all alphas."""
    if not np.isfinite(gram).all():
        return Answer.overflow(right)
    values, vectors = linalg.eigh(gram)
    largest = max(values[-1], 0.0)
    floor = len(values) * EPS * largest  # what rounding alone makes of a zero
    lowest = values[0] if values[0] > floor else 0.0
    rcond = float((lowest + alpha.min()) / (largest + alpha.min())) if largest > 0 else 1.0
    if rcond < min_rcond:
        return Answer(rcond)
    # a direction that neither A nor alpha fills: right has nothing there but rounding
    alpha_column = alpha[:, np.newaxis]
    filled = (values > floor) | (alpha_column > MIN_RCOND * largest)
    sums = np.maximum(values, 0.0) + alpha_column
    factor = np.divide(1.0, sums, out=np.zeros_like(sums), where=filled)
    solution = ((right @ vectors) * factor) @ vectors.T
    residual = right - solution @ gram - alpha[:, np.newaxis] * solution
    return Answer(rcond, solution, residual, _energy(residual, residual @ gram))
