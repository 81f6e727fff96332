"""Pointwise losses: slopes against finite differences, formulas in NumPy, and NaN."""

import numpy as np
import pytest

from fastreg._kernels import loss as losses


def hinge(margin, threshold):
    return np.maximum(0, threshold - margin)


EPSILON = 0.3
# name: the loss, its formula, where in r = p - y or in y p it has kinks, whether y is a class
LOSSES = {
    "squared error": (losses.SquaredError(), lambda y, p: (y - p) ** 2 / 2, [], False),
    "Huber": (
        losses.Huber(EPSILON),
        lambda y, p: np.where(
            abs(y - p) <= EPSILON, (y - p) ** 2 / 2, EPSILON * (abs(y - p) - EPSILON / 2)
        ),
        [],
        False,
    ),
    "epsilon-insensitive": (
        losses.EpsilonInsensitive(EPSILON),
        lambda y, p: np.maximum(0, abs(y - p) - EPSILON),
        [-EPSILON, EPSILON],
        False,
    ),
    "squared epsilon-insensitive": (
        losses.SquaredEpsilonInsensitive(EPSILON),
        lambda y, p: np.maximum(0, abs(y - p) - EPSILON) ** 2,
        [],
        False,
    ),
    "hinge": (losses.Hinge(1.0), lambda y, p: hinge(y * p, 1), [1], True),
    "perceptron": (losses.Hinge(0.0), lambda y, p: hinge(y * p, 0), [0], True),
    "squared hinge": (losses.SquaredHinge(), lambda y, p: hinge(y * p, 1) ** 2, [], True),
    "log": (losses.LogLoss(), lambda y, p: np.logaddexp(0, -y * p), [], True),
    "modified Huber": (
        losses.ModifiedHuber(),
        lambda y, p: np.where(y * p >= -1, hinge(y * p, 1) ** 2, -4 * y * p),
        [],
        True,
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_values_and_slopes(name):
    loss, formula, kinks, is_class = LOSSES[name]
    rng = np.random.default_rng(0)
    p = np.concatenate([rng.normal(0, 2, 300), [1.0, -1.0, 0.0, 0.5]])
    y = rng.choice([-1.0, 1.0], len(p)) if is_class else rng.normal(0, 2, len(p))
    value, slope = loss.values_and_slopes(y, p)
    np.testing.assert_allclose(value, formula(y, p), rtol=1e-13, atol=1e-15)
    step = 1e-6
    where = y * p if is_class else p - y
    smooth = np.all([abs(where - kink) > 2 * step for kink in kinks], axis=0) if kinks else ...
    difference = (formula(y, p + step) - formula(y, p - step)) / (2 * step)
    np.testing.assert_allclose(slope[smooth], difference[smooth], atol=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_values_are_convex_and_finite_far_out(name):
    loss = LOSSES[name][0]
    p = np.array([-1e150, -800.0, 800.0, 1e150])
    for y in (-1.0, 1.0):
        value, slope = loss.values_and_slopes(np.full(4, y), p)
        assert np.isfinite(slope).all()
        assert (value >= 0).all()
        assert (np.diff(slope) >= 0).all()


@pytest.mark.parametrize("name", LOSSES)
def test_nan_comes_out_as_nan(name):
    value, _ = LOSSES[name][0].values_and_slopes([1.0, -1.0], [np.nan, np.nan])
    assert np.isnan(value).all()


def test_slopes_at_kinks_are_those_of_the_steep_side():
    """So that a perceptron moves from zero, and a margin of exactly 1 counts."""
    for threshold in (0.0, 1.0):
        _, slope = losses.Hinge(threshold).values_and_slopes([1.0, -1.0], [threshold, -threshold])
        np.testing.assert_array_equal(slope, [-1, 1])
