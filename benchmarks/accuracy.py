"""How accurate a solution is, by one yardstick for all libraries: float64 and NumPy only."""

import numpy as np
import scipy.sparse as sp

# A solver may stop at the tolerance exactly, by its own arithmetic.
SLACK = 1.05
# Elements of X that are turned to float64 at a time.
BLOCK_ELEMENTS = 1 << 23


def row_blocks(X):
    """X in blocks of rows as float64, with their slice; sparse X in one block."""
    if sp.issparse(X):
        yield slice(None), X.astype(np.float64, copy=False)
        return
    height = max(1, BLOCK_ELEMENTS // X.shape[1])
    for start in range(0, len(X), height):
        rows = slice(start, start + height)
        yield rows, X[rows].astype(np.float64, copy=False)


def elastic_net_gaps(X, y, weights, intercepts, coefs, alphas, l1_ratio=1.0):
    """Duality gap of each column of `coefs` (p, K), relative to ||y - mean(y)||^2.

    The problem is 1/2 sum_i s_i (y_i - x_i'w - b)^2
    + N alpha (l1_ratio ||w||_1 + (1 - l1_ratio)/2 ||w||^2), N the sum of the weights s.
    `intercepts` None stands for a problem without one. l1_ratio must be positive.
    """
    n, K = X.shape[0], coefs.shape[1]
    s = np.ones(n) if weights is None else np.asarray(weights, np.float64)
    y, coefs = np.asarray(y, np.float64), np.asarray(coefs, np.float64)
    b = np.zeros(K) if intercepts is None else np.asarray(intercepts, np.float64)
    R = np.empty((n, K))
    for rows, block in row_blocks(X):
        R[rows] = y[rows, np.newaxis] - block @ coefs - b
    primal = 0.5 * (s @ R**2)
    if intercepts is not None:
        R -= (s @ R) / s.sum()  # what the dual asks of a residual
    sR = s[:, np.newaxis] * R
    C = np.zeros((X.shape[1], K))
    for rows, block in row_blocks(X):
        C += block.T @ sR[rows]
    l1, l2 = s.sum() * alphas * l1_ratio, s.sum() * alphas * (1 - l1_ratio)
    squared = (coefs**2).sum(axis=0)
    primal += l1 * np.abs(coefs).sum(axis=0) + 0.5 * l2 * squared
    largest = np.abs(C - l2 * coefs).max(axis=0)
    scale = np.where(largest > l1, l1 / np.maximum(largest, 1e-300), 1.0)
    dual = scale * (y @ sR) - 0.5 * scale**2 * ((sR * R).sum(axis=0) + l2 * squared)
    mean = s @ y / s.sum() if intercepts is not None else 0.0
    return (primal - dual) / (s @ (y - mean) ** 2)


def lasso_gap(X, y, alpha, intercept, coef):
    """Relative gap of one lasso with an intercept."""
    coefs = np.asarray(coef, np.float64).reshape(-1, 1)
    intercepts = np.reshape(intercept, 1)
    return float(elastic_net_gaps(X, y, None, intercepts, coefs, np.array([alpha]))[0])


def path_gap(X, y, alphas, coefs):
    """The largest relative gap of a lasso path without an intercept."""
    return float(elastic_net_gaps(X, y, None, None, coefs, alphas).max())


def ridge_gap(X, y, alpha, intercept, coef):
    """||A'r - alpha w||^2 / (2 alpha) of a ridge with an intercept, A the centred X.

    Relative to ||y - mean(y)||^2.
    """
    coef = np.asarray(coef, np.float64).ravel()
    y = np.asarray(y, np.float64)
    r = np.empty(len(y))
    for rows, block in row_blocks(X):
        r[rows] = y[rows] - block @ coef - intercept
    # the intercept's optimality counts too: an offset costs n offset^2 / 2
    offset = r.mean()
    r -= offset
    C = np.zeros(len(coef))
    for rows, block in row_blocks(X):
        C += block.T @ r[rows]
    gap = np.square(C - alpha * coef).sum() / (2 * alpha) + 0.5 * len(y) * offset**2
    return float(gap / np.square(y - y.mean()).sum())


def log_loss(X, y, network):
    """Mean log-loss of a network of relu layers on classes 0, 1, ..., by its weights."""
    scores = X.astype(np.float64)
    *hidden, last = zip(network.coefs_, network.intercepts_, strict=True)
    for W, b in hidden:
        scores = np.maximum(scores @ W + b, 0)
    scores = scores @ last[0] + last[1]
    scores -= scores.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(y)), y]))


def relative_difference(a, b):
    """Largest difference of two arrays, relative to the largest element."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-300))


def refusal(names, accuracies, tolerance):
    """Why times may not be compared, or None. None as an accuracy was not measured."""
    missed = [
        f"{name} {accuracy:.1e}"
        for name, accuracy in zip(names, accuracies, strict=True)
        if accuracy is not None and not accuracy <= tolerance * SLACK
    ]
    return f"accuracy misses {tolerance:g}: {', '.join(missed)}" if missed else None
