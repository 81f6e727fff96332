"""Ridge by stochastic gradient descent, for targets that are fitted side by side.

Steps of a constant length first, until the objective falls no more: they end somewhere
around the solution. Then rounds of half the step and as many epochs as all before, whose
coefficients are averaged (Polyak and Juditsky 1992), until the duality gap is small enough.
"""

import numpy as np

from fastreg._engine import sgd
from fastreg._engine.ridge_solution import RidgeSolution, certificate, gradient

MAX_EPOCHS = 1000
# Epochs without a better objective that end the first part.
PATIENCE = 5


def stochastic_gradient(design, alpha, tol, max_iter, seed):
    """Solve for each target, up to `max_iter` epochs. Sparse X is held by rows too."""
    X = design.X.tocsr() if design.is_sparse else design.X
    root = np.ones(design.n_samples) if design.scale is None else design.scale
    order = np.flatnonzero(root)
    y = np.divide(design.targets, root, out=np.zeros_like(design.targets), where=root > 0)
    weights = None if design.scale is None else np.square(root)
    samples = sgd.make_samples(X, y.T, weights, labels=False)
    # a row of ones is the intercept's
    largest = _largest_norm(X, np.square(root), int(design.fit_intercept))
    W = np.zeros((len(alpha), design.n_features))
    n_iter, converged = np.ones(len(alpha), dtype=np.int32), True
    max_iter = MAX_EPOCHS if max_iter is None else max_iter
    for value in np.unique(alpha) if largest > 0 else []:
        targets = np.flatnonzero(alpha == value)
        mean_alpha = value / len(order)
        options = sgd.Options(
            loss=sgd.make_loss(sgd.REGRESSION_LOSSES, "squared_error", 0.0),
            alpha=mean_alpha,
            l1_ratio=0.0,
            learning_rate="constant",
            eta0=1.0 / (largest + mean_alpha),
            power_t=0.0,
            fit_intercept=design.fit_intercept,
            average_from=0,
            batch_size=1,
            max_iter=max_iter,
            tol=tol * design.squared_norms[targets].max() / (2 * len(order)),
            n_iter_no_change=PATIENCE,
            seed=seed,
            sparse_intercept_rate=1.0,  # as safe a step as any: see `largest`
        )
        limit = tol * design.squared_norms[targets]
        if value == 0:  # not a gap but ||A'r||^2, which goes with the units of X
            limit *= min(design.sq_norm.sum(), 1.0)

        def wanted(coef, targets=targets, limit=limit):
            C = design.dots(design.residual(coef, design.targets[targets]))
            return bool((certificate(coef, alpha[targets], C) <= limit).all())

        W[targets], n_iter[targets], done = _train(samples, order, targets, options, wanted)
        converged &= done
    return RidgeSolution(W, "sgd", certificate(W, alpha, gradient(design, W)), n_iter, converged)


def _train(samples, order, targets, options, wanted):
    """Coefficients (T, p), epochs, and whether they are `wanted`."""
    state = sgd.State(np.zeros((len(targets), samples.rows.n_features)), np.zeros(len(targets)))
    run = {"classes": targets, "class_weights": [(1.0, 1.0)] * len(targets)}
    left = options.max_iter
    n_epochs = sgd.fit(samples, order, state, options, **run).n_iter
    coef, left = state.coef, left - n_epochs
    options.tol = None
    while not (done := wanted(coef)) and left > 0:
        options.average_from, options.max_iter = state.t, min(left, n_epochs)
        options.eta0 /= 2
        state.start_average()
        n_epochs += sgd.fit(samples, order, state, options, **run).n_iter
        coef, left = state.average_coef, left - options.max_iter
        state.coef[:], state.intercept[:] = coef, state.average_intercept
    return coef, n_epochs, done


def _largest_norm(X, weights, offset):
    """The largest w_i (||x_i||^2 + offset)."""
    if isinstance(X, np.ndarray):
        squares = np.einsum("ij,ij->i", X, X, dtype=np.float64)
    else:
        squares = np.asarray(X.multiply(X).sum(axis=1, dtype=np.float64)).ravel()
    return float((weights * (squares + offset)).max())
