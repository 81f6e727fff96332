"""Coordinate descent, once: any smooth part, any penalty, any number of tasks.

Minimises 1/2 ||R(W)||^2 + sum_j penalty(w_j) over the coordinates of `smooth`,
every five sweeps from an extrapolated point where that is better, and from the
optimum on the current face as soon as sweeps have cost a part of computing it.
Stops when no coordinate moved by more than `update_tol` times the largest one
in a sweep *and* the duality gap on these coordinates is at most `gap_tol`; or
when a sweep moved nothing at all, since then nothing more can be had.
"""
from libc.math cimport INFINITY, fabs
from libc.stdint cimport uint64_t
from libc.stdlib cimport free, malloc

from fastreg._kernels.anderson cimport Anderson
from fastreg._kernels.factor cimport FaceFactor
from fastreg._kernels.interrupt cimport INTERRUPT_WORK, check_interrupt
from fastreg._kernels.newton cimport FaceNewton
from fastreg._kernels.penalty cimport Penalty, certificate
from fastreg._kernels.smooth cimport Smooth


cdef enum:
    PLAIN_SWEEPS = 5    # an easy problem is done by then
    COLD_SWEEPS = 10    # from zero it takes a while until the face is worth a step
    WARM_SWEEPS = 2     # along a path, where the first step comes before all sweeps
    MAX_POLISHED = 5    # steps from within the tolerance towards the optimum itself

# An update_tol from here on says that only the gap matters.
cdef double LOOSE = 1e-3
# Near enough to the optimum to say that this is the optimum.
cdef double POLISHED = 1e-10
# How near the gap is to what is wanted, for sweeps to get it there.
cdef double NEAR = 10
# A step is taken when sweeps have cost this part of it.
cdef double STEP_SHARE = 0.25
# Each step that doesn't arrive makes the next wait longer, up to so many times as long.
cdef double MAX_PATIENCE = 64


cdef inline uint64_t next_random(uint64_t *state) noexcept nogil:
    """splitmix64 (Steele, Lea, Flood 2014)."""
    cdef uint64_t z
    state[0] += <uint64_t> 0x9E3779B97F4A7C15
    z = state[0]
    z = (z ^ (z >> 30)) * <uint64_t> 0xBF58476D1CE4E5B9
    z = (z ^ (z >> 27)) * <uint64_t> 0x94D049BB133111EB
    return z ^ (z >> 31)


cdef double gap_of(Smooth smooth, Penalty penalty, const double *w, double *c,
                   double *g) noexcept nogil:
    """The duality gap on the coordinates of `smooth`; c is room for A'R."""
    cdef Py_ssize_t j, t, k = smooth.n_coordinates
    for j in range(k):
        smooth.grad(j, g)
        for t in range(smooth.n_tasks):
            c[t * k + j] = g[t]
    return certificate(penalty, w, c, k, smooth.n_tasks, smooth.squared_residual(w))


cdef void shuffle(Py_ssize_t *order, Py_ssize_t k, uint64_t *state) noexcept nogil:
    """Fisher and Yates: with a permutation every sweep still sees every coordinate."""
    cdef Py_ssize_t i, j, kept
    for i in range(k - 1, 0, -1):
        j = <Py_ssize_t> (next_random(state) % <uint64_t> (i + 1))
        kept = order[i]
        order[i] = order[j]
        order[j] = kept


cdef double sweep(Smooth smooth, Penalty penalty, double *w, double *z, double *d,
                  const Py_ssize_t *order, double *w_max, double *work) noexcept nogil:
    """One visit to each coordinate; returns the largest move, sets the largest |w|."""
    cdef Py_ssize_t step, j, t, k = smooth.n_coordinates, n_tasks = smooth.n_tasks
    cdef double curvature, d_max = 0.0
    cdef bint moved
    w_max[0] = 0.0
    for step in range(k):
        j = order[step]
        curvature = smooth.curvature[j]
        if curvature > 0:
            # w_j <- prox(w_j + A_j'R / curvature)
            smooth.grad(j, z)
            for t in range(n_tasks):
                d[t] = w[t * k + j]
                z[t] += curvature * d[t]
            penalty.prox(j, z, curvature, n_tasks)
        else:
            for t in range(n_tasks):
                d[t] = w[t * k + j]
                z[t] = 0.0
        moved = False
        for t in range(n_tasks):
            w[t * k + j] = z[t]
            d[t] = z[t] - d[t]
            if d[t] != 0:
                moved = True
                d_max = max(d_max, fabs(d[t]))
            w_max[0] = max(w_max[0], fabs(z[t]))
        work[0] += 4
        if moved:
            smooth.move(j, d)
            work[0] += smooth.work(j)
    return d_max


def descend(Smooth smooth, Penalty penalty, double[:, ::1] W, Py_ssize_t max_sweeps,
            double gap_tol, double update_tol, object seed=None, FaceFactor factor=None):
    """Descend from W (n_tasks, k), in place; cyclic, or shuffled each sweep with a `seed`.

    `factor` is kept from one call to the next where the coordinates stay the same.
    Returns the number of sweeps and whether any of them moved anything.
    """
    cdef Py_ssize_t n_sweeps = 0, n_tasks = smooth.n_tasks, k = smooth.n_coordinates
    cdef bint random = seed is not None, moved = True, any_moved = False
    cdef uint64_t state = <uint64_t> (seed if random else 0)
    cdef double d_max, w_max = 0.0, gap = INFINITY, work = 0.0, last_work, newton_work = 0.0
    cdef double patience = 1.0 if factor is None else factor.patience
    # along a path, and only where the caller wants coefficients and not just a gap
    cdef Py_ssize_t n_polished = 0 if factor is not None and update_tol < LOOSE else MAX_POLISHED
    cdef double *w = &W[0, 0]
    cdef double *c = <double *> malloc((k + 2) * n_tasks * sizeof(double))
    cdef Py_ssize_t *order = <Py_ssize_t *> malloc(k * sizeof(Py_ssize_t))
    cdef Py_ssize_t j
    if c == NULL or order == NULL:
        free(c)
        free(order)
        raise MemoryError
    # shuffled sweeps are no fixed linear map: nothing to extrapolate
    cdef Anderson anderson = None if random else Anderson(smooth, penalty)
    cdef FaceNewton newton = None
    cdef Py_ssize_t newton_sweeps = COLD_SWEEPS
    cdef bint is_warm = False
    for j in range(k * n_tasks):
        is_warm = is_warm or w[j] != 0
    if is_warm:
        newton_sweeps = PLAIN_SWEEPS if factor is None else WARM_SWEEPS
    cdef bint use_newton = n_tasks == 1 and smooth.has_hessian
    for j in range(k):
        order[j] = j
    cdef bint goes_on = factor is not None and is_warm and max_sweeps > 1
    cdef double *z = c + k * n_tasks
    cdef double *d = z + n_tasks
    try:
        if use_newton and goes_on:
            newton = FaceNewton(smooth, penalty, factor)
        with nogil:
            if newton is not None:
                # along a path the face is nearly known: its optimum at the new penalty
                # comes first
                newton.improve(w)
                any_moved = newton.has_moved
            while n_sweeps < max_sweeps:
                if random:
                    shuffle(order, k, &state)
                last_work = work
                d_max = sweep(smooth, penalty, w, z, d, order, &w_max, &work)
                newton_work += work - last_work
                n_sweeps += 1
                moved = d_max > 0
                any_moved = any_moved or moved
                if moved and not random and n_sweeps >= PLAIN_SWEEPS:
                    anderson.save(w)
                    anderson.extrapolate(w)
                if d_max <= update_tol * w_max or not moved or n_sweeps == max_sweeps:
                    gap = gap_of(smooth, penalty, w, c, z)
                    if not moved or (gap <= gap_tol and (
                            d_max <= POLISHED * w_max or n_polished == MAX_POLISHED)):
                        break
                    if gap <= gap_tol:
                        # A tolerance leaves room, and rounding decides where in it sweeps
                        # end. The optimum is one place, and from here one step away.
                        n_polished += 1
                        if newton is None or not newton.improve(w):
                            break
                        if not random:
                            anderson.restart()
                if not w_max < INFINITY:
                    break
                # a few sweeps more are cheaper than a step where they get there
                if (use_newton and newton_sweeps <= n_sweeps < max_sweeps
                        and (n_sweeps >= COLD_SWEEPS or gap > NEAR * gap_tol)):
                    if newton is None:
                        with gil:
                            newton = FaceNewton(smooth, penalty, factor)
                    if newton_work > STEP_SHARE * patience * max(newton.work(w), newton.work_done):
                        newton_work = 0.0
                        patience = 1.0 if newton.improve(w) else min(2 * patience, MAX_PATIENCE)
                        if not random:
                            anderson.restart()
                if work > INTERRUPT_WORK:
                    work = 0.0
                    check_interrupt()
    finally:
        free(c)
        free(order)
        if factor is not None:
            factor.patience = patience
    return n_sweeps, any_moved
