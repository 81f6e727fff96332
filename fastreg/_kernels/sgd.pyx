"""Stochastic gradient descent, once: any loss, schedule, penalty and kind of row.

Minimises mean_i s_i loss(y_i, x_i'w + b) + l2/2 ||w||^2 + l1 ||w||_1. An update with a
batch B of rows, at margins taken before it, is

    w <- w max(0, 1 - eta l2) - eta/|B| sum_(i in B) s_i loss'(y_i, p_i) x_i

followed by the L1 penalty of `weights.pyx`; b moves along with the sum, damped for sparse
rows. Problems (targets, or classes against the rest) that share their rows share the order
too: a piece of it that stays in the cache is done for all of them before the next.
"""
from cython.parallel cimport prange
from libc.math cimport INFINITY, fabs, isfinite
from libc.stdint cimport uint64_t
from libc.stdlib cimport free, malloc, realloc

from fastreg._kernels.interrupt cimport INTERRUPT_WORK, check_interrupt
from fastreg._kernels.loss cimport Loss
from fastreg._kernels.matrix cimport pointer_or_null
from fastreg._kernels.random cimport fr_shuffle
from fastreg._kernels.rows cimport Rows
from fastreg._kernels.schedule cimport Schedule
from fastreg._kernels.weights cimport Weights


cdef extern from "columns.h" nogil:
    void fr_prefetch(const void *start, Py_ssize_t n_bytes)

cdef enum:
    AHEAD = 4               # rows that are fetched before they are needed
    PIECE_WORK = 1 << 19    # elements of a piece of the order, for several problems

# A slope is clipped at this, so that one row cannot throw the coefficients away.
cdef double LARGEST_SLOPE = 1e12
# "adaptive" divides its rate by this, until it is below the smallest.
cdef double SLOWER = 5.0
cdef double SMALLEST_RATE = 1e-6


cdef class Samples:
    """Rows with their targets and weights.

    y is (n, T): the numbers of T targets, or with `labels` the numbers of classes (n, 1).
    """
    cdef readonly Rows rows
    cdef const double *y
    cdef const double *weight
    cdef Py_ssize_t n_columns
    cdef bint labels
    cdef object _keep

    def __init__(self, Rows rows, const double[:, ::1] y, weight, bint labels):
        self.rows = rows
        self.y, self.n_columns = &y[0, 0], y.shape[1]
        self.weight = pointer_or_null(weight)
        self.labels = labels
        self._keep = (y, weight)

    cdef inline double target(self, Py_ssize_t i, Py_ssize_t k) noexcept nogil:
        """y of target k; 1 or -1 for class k against the rest."""
        if self.labels:
            return 1.0 if self.y[i] == k else -1.0
        return self.y[i * self.n_columns + k]

    cdef inline void prefetch(self, Py_ssize_t i) noexcept nogil:
        self.rows.prefetch(i)
        fr_prefetch(self.y + i * self.n_columns, 8)
        if self.weight != NULL:
            fr_prefetch(self.weight + i, 8)


cdef class Validation:
    """Rows on which a problem is scored after each epoch: accuracy for labels, R^2 else.

    The score is base + factor * (sum of weighted hits, or of minus squared errors).
    """
    cdef Samples samples
    cdef const Py_ssize_t *chosen
    cdef Py_ssize_t n_chosen
    cdef double base, factor
    cdef object _keep

    def __init__(self, Samples samples, const Py_ssize_t[::1] chosen, double base, double factor):
        self.samples, self.chosen, self.n_chosen = samples, &chosen[0], chosen.shape[0]
        self.base, self.factor = base, factor
        self._keep = chosen

    cdef double score(self, Weights weights, Py_ssize_t k) noexcept nogil:
        cdef double total = 0.0, y, p, hit
        cdef Py_ssize_t r, i
        for r in range(self.n_chosen):
            i = self.chosen[r]
            y = self.samples.target(i, k)
            p = weights.scale * self.samples.rows.dot(i, weights.v) + weights.intercept
            if self.samples.labels:
                hit = (1.0 if (p > 0) == (y > 0) else 0.0) + 0.0 * p
            else:
                hit = -(y - p) * (y - p)
            total += hit * (self.samples.weight[i] if self.samples.weight != NULL else 1.0)
        return self.base + self.factor * total


cdef class Stopping:
    """When to stop: no gain of `tol` in `patience` epochs, which slows `adaptive` rates first."""
    cdef double tol, eta0
    cdef Py_ssize_t patience
    cdef bint adaptive

    def __init__(self, double tol, Py_ssize_t patience, double eta0, bint adaptive):
        self.tol, self.patience = tol, patience
        self.eta0, self.adaptive = eta0, adaptive


cdef class Problem:
    """One target, or one class against the rest, and how far its training has come."""
    cdef Samples samples
    cdef Weights weights
    cdef Loss loss
    cdef Schedule schedule
    cdef Stopping stopping
    cdef Validation validation
    cdef Py_ssize_t k, batch_size, average_from
    cdef double l1, l2, weight_of_positive, weight_of_negative, intercept_rate
    # what changes
    cdef double t, slower, best, loss_sum
    cdef Py_ssize_t n_idle, n_rows
    cdef readonly Py_ssize_t n_epochs
    cdef readonly bint finished, failed
    cdef double *steps_of_batch
    cdef Py_ssize_t *columns
    cdef double *curve
    cdef double *scores
    cdef Py_ssize_t curve_length

    def __init__(self, Samples samples, Weights weights, Loss loss, Schedule schedule,
                 Stopping stopping, Validation validation=None, *, Py_ssize_t k, double l1,
                 double l2, Py_ssize_t batch_size, Py_ssize_t average_from, double t,
                 double intercept_rate, class_weights=(1.0, 1.0)):
        self.samples, self.weights, self.loss = samples, weights, loss
        self.schedule, self.stopping, self.validation = schedule, stopping, validation
        self.k, self.l1, self.l2 = k, l1, l2
        self.batch_size, self.average_from, self.t = batch_size, average_from, t
        self.intercept_rate = intercept_rate
        self.weight_of_negative, self.weight_of_positive = class_weights
        self.slower, self.best = 1.0, INFINITY
        longest = samples.rows.longest if samples.rows.is_sparse else 0
        self.steps_of_batch = <double *> malloc(batch_size * sizeof(double))
        self.columns = <Py_ssize_t *> malloc((longest + 1) * sizeof(Py_ssize_t))
        if self.steps_of_batch == NULL or self.columns == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.steps_of_batch)
        free(self.columns)
        free(self.curve)
        free(self.scores)

    @property
    def is_validated(self):
        return self.validation is not None

    @property
    def intercepts(self):
        """The intercept, and the sum of it for the average."""
        return self.weights.intercept, self.weights.intercept_total

    @property
    def objectives(self):
        """The objective of each epoch: mean loss of its updates, penalty at its end."""
        return [self.curve[e] for e in range(self.n_epochs)]

    @property
    def validation_scores(self):
        return [self.scores[e] for e in range(self.n_epochs)]

    cdef void reserve(self, Py_ssize_t n) except *:
        """Make room for n more epochs, as they come."""
        cdef double *larger
        n += self.n_epochs
        if n > self.curve_length:
            larger = <double *> realloc(self.curve, n * sizeof(double))
            if larger == NULL:
                raise MemoryError
            self.curve = larger
            larger = <double *> realloc(self.scores, n * sizeof(double))
            if larger == NULL:
                raise MemoryError
            self.scores = larger
            self.curve_length = n

    cdef void settle_batch(self, const Py_ssize_t *batch, Py_ssize_t m) noexcept nogil:
        """Let the coefficients that the rows of a batch read catch up."""
        cdef Py_ssize_t r, k
        for r in range(m):
            k = self.samples.rows.columns(batch[r], self.columns)
            self.weights.settle(self.columns, k)

    cdef double measure_batch(self, const Py_ssize_t *batch, Py_ssize_t m, Py_ssize_t n,
                              double eta) noexcept nogil:
        """Find the step along each row of a batch; returns their sum."""
        cdef double y, p, value, step, slope = 0.0, total = 0.0, rate = eta
        cdef Py_ssize_t r, i
        for r in range(m):
            if r + 2 * AHEAD < n:
                self.samples.rows.find(batch[r + 2 * AHEAD])
            if r + AHEAD < n:
                self.samples.prefetch(batch[r + AHEAD])
            i = batch[r]
            y = self.samples.target(i, self.k)
            p = self.weights.scale * self.samples.rows.dot(i, self.weights.v)
            p += self.weights.intercept
            value = self.loss.at(y, p, &slope)
            if self.schedule.by_row:
                rate = self.schedule.rate_of_row(value, self.samples.rows.squared_norm(i))
            step = (self.samples.weight[i] if self.samples.weight != NULL else 1.0) * (
                self.weight_of_positive if y > 0 else self.weight_of_negative)
            # an infinite margin may have no loss: 0 p tells
            self.loss_sum += step * value + 0.0 * p
            step *= -rate * min(max(slope, -LARGEST_SLOPE), LARGEST_SLOPE) / m
            self.steps_of_batch[r] = step
            total += step
        return total

    cdef void update(self, const Py_ssize_t *batch, Py_ssize_t m, Py_ssize_t n) noexcept nogil:
        """One step of descent, along the mean over a batch: the next m of the n rows left."""
        cdef double eta = self.schedule.rate(self.t) * self.slower, total, step
        cdef bint averaging = 0 < self.average_from <= self.t
        cdef Py_ssize_t r, k
        if self.weights.lazy:
            self.settle_batch(batch, m)
        total = self.measure_batch(batch, m, n, eta)
        if self.l2 > 0:
            self.weights.shrink(max(0.0, 1.0 - eta * self.l2))
        for r in range(m):
            if self.steps_of_batch[r] != 0:
                step = self.steps_of_batch[r] / self.weights.scale
                self.samples.rows.axpy(batch[r], step, self.weights.v)
                if self.weights.share != 0:
                    self.samples.rows.axpy(
                        batch[r], -self.weights.share * step, self.weights.total)
        self.weights.intercept += self.intercept_rate * total
        self.weights.owed += eta * self.l1
        if self.weights.lazy:
            for r in range(m):
                k = self.samples.rows.columns(batch[r], self.columns)
                self.weights.truncate(self.columns, k, averaging)
        self.weights.finish_update(eta * self.l1, averaging)
        self.t += 1

    cdef void advance(self, const Py_ssize_t *order, Py_ssize_t n) noexcept nogil:
        """Updates with n rows, in the order given."""
        cdef Py_ssize_t at = 0, m, k
        while at < n:
            m = min(self.batch_size, n - at)
            if self.weights.lazy and at + m < n:
                k = self.samples.rows.columns(order[at + m], self.columns)
                self.weights.prefetch(self.columns, k)
            self.update(order + at, m, n - at)
            at += m
        self.n_rows += n

    cdef void end_epoch(self) noexcept nogil:
        """Write down the objective and the score; decide whether to go on."""
        cdef double largest = 0.0, square = 0.0, size = 0.0
        cdef Py_ssize_t j
        self.weights.fold()
        for j in range(self.weights.n_features):
            square += self.weights.v[j] * self.weights.v[j]
            size += fabs(self.weights.v[j])
            largest = max(largest, fabs(self.weights.v[j]))
        self.curve[self.n_epochs] = (
            self.loss_sum / self.n_rows + 0.5 * self.l2 * square + self.l1 * size)
        self.scores[self.n_epochs] = 0.0
        self.failed = (self.loss_sum != self.loss_sum or size != size
                       or not isfinite(largest + self.weights.intercept))
        if self.validation is not None and not self.failed:
            self.scores[self.n_epochs] = self.validation.score(self.weights, self.k)
            self.failed = self.scores[self.n_epochs] != self.scores[self.n_epochs]
        self.loss_sum, self.n_rows = 0.0, 0
        self.judge()
        self.n_epochs += 1

    cdef void judge(self) noexcept nogil:
        """Count epochs without a gain; stop or slow down when they are too many."""
        cdef double value = self.curve[self.n_epochs]
        if self.validation is not None:
            value = -self.scores[self.n_epochs]
        # the first epoch is always a gain; tol = -inf never gives up
        if value > self.best - self.stopping.tol:
            self.n_idle += 1
        else:
            self.n_idle = 0
        self.best = min(self.best, value)
        if self.n_idle >= self.stopping.patience:
            if self.stopping.adaptive and self.slower * self.stopping.eta0 > SMALLEST_RATE:
                self.slower /= SLOWER
                self.n_idle = 0
            else:
                self.finished = True
        self.finished = self.finished or self.failed


cdef Py_ssize_t piece_length(Problem problem, Py_ssize_t n_problems, Py_ssize_t n):
    """Rows of the order to do at once: a multiple of the batch size."""
    cdef double work = INTERRUPT_WORK if n_problems == 1 else PIECE_WORK
    cdef double rows = max(1.0, work / problem.samples.rows.row_work)
    cdef Py_ssize_t n_batches = <Py_ssize_t> max(1.0, rows / problem.batch_size)
    return min(n, n_batches * problem.batch_size)


def train(list problems, Py_ssize_t[::1] order, key, Py_ssize_t first_epoch,
          Py_ssize_t n_epochs, int n_threads):
    """Go on for at most n_epochs with the problems that aren't finished.

    `order` holds the numbers of the rows to train on; with a `key` it is shuffled
    before each epoch, counted from first_epoch on.
    """
    cdef Py_ssize_t n_active = 0, n = order.shape[0], epoch, at, m, a, kept, piece
    cdef bint shuffled = key is not None
    cdef uint64_t seed = <uint64_t> (key if shuffled else 0)
    cdef double work = 0.0, row_work
    cdef Problem problem
    cdef void **active = <void **> malloc((len(problems) + 1) * sizeof(void *))
    if active == NULL:
        raise MemoryError
    try:
        for problem in problems:
            if not problem.finished:
                problem.reserve(n_epochs)
                active[n_active] = <void *> problem
                n_active += 1
        if n_active == 0:
            return
        problem = problems[0]
        piece = piece_length(problem, n_active, n)
        row_work = problem.samples.rows.row_work
        with nogil:
            for epoch in range(n_epochs):
                if shuffled:
                    fr_shuffle(&order[0], n, seed, first_epoch + epoch)
                at = 0
                while at < n:
                    m = min(piece, n - at)
                    for a in prange(n_active, schedule="dynamic", num_threads=n_threads):
                        (<Problem> active[a]).advance(&order[at], m)
                    at = at + m
                    work += m * row_work * n_active
                    if work > INTERRUPT_WORK:
                        work = 0.0
                        check_interrupt()
                for a in prange(n_active, schedule="dynamic", num_threads=n_threads):
                    (<Problem> active[a]).end_epoch()
                kept = 0
                for a in range(n_active):
                    if not (<Problem> active[a]).finished:
                        active[kept] = active[a]
                        kept = kept + 1
                n_active = kept
                if n_active == 0:
                    break
    finally:
        free(active)
