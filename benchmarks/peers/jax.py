"""JAX: an epoch is one compiled `scan` over its batches; compiled when first called."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.peers.perceptron import Recipe, Trained


def mlp_epochs(X, y, options):
    """A call that trains; X and y are JAX's arrays before."""
    recipe = Recipe.of(X, y, options)
    return partial(_train, jnp.asarray(X), jnp.asarray(y, jnp.int32), recipe)


def _train(X, y, recipe):
    rng, layers = recipe.start()
    params = jax.tree.map(jnp.asarray, layers)
    zeros = jax.tree.map(jnp.zeros_like, params)
    state = params, zeros, zeros, jnp.zeros((), jnp.float32)
    for order in recipe.orders(rng, len(X)):
        state = _epoch(state, X, y, order.astype(np.int32), recipe)
    params = jax.block_until_ready(state[0])
    coefs, intercepts = zip(*jax.tree.map(np.asarray, params), strict=True)
    return Trained(coefs, intercepts, lambda X: np.asarray(_predict_proba(params, X)))


@partial(jax.jit, static_argnames="recipe")
def _epoch(state, X, y, order, recipe):
    step = partial(_step, X, y, recipe)
    whole = len(order) // recipe.batch * recipe.batch
    state, _ = jax.lax.scan(step, state, order[:whole].reshape(-1, recipe.batch))
    if whole < len(order):
        state, _ = step(state, order[whole:])
    return state


def _step(X, y, recipe, state, rows):
    """One step of Adam."""
    params, m, v, t = state
    grads = jax.grad(_loss)(params, X[rows], y[rows], recipe.alpha)
    t, (b1, b2) = t + 1, recipe.betas
    m = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, m, grads)
    v = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, v, grads)
    rate = recipe.rate * jnp.sqrt(1 - b2**t) / (1 - b1**t)
    params = jax.tree.map(
        lambda w, m, v: w - rate * m / (jnp.sqrt(v) + recipe.epsilon), params, m, v
    )
    return (params, m, v, t), None


def _loss(params, X, y, alpha):
    log_proba = jax.nn.log_softmax(_scores(params, X))
    loss = -jnp.take_along_axis(log_proba, y[:, None], axis=1).mean()
    return loss + alpha / (2 * len(X)) * sum((W * W).sum() for W, _ in params)


def _scores(params, X):
    for W, b in params[:-1]:
        X = jax.nn.relu(X @ W + b)
    W, b = params[-1]
    return X @ W + b


@jax.jit
def _predict_proba(params, X):
    return jax.nn.softmax(_scores(params, X))
