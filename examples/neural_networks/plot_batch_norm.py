"""
Batch norm forgives the learning rate
=====================================

A deep network trained by plain gradient steps works at some learning rates and fails at others.
Batch norm, which keeps every unit's input on one scale while the weights move, makes the range
of good ones much wider.
"""

# %%
# Handwritten digits of 8 x 8 pixels, and a network of five hidden layers. 1280 rows are 40 whole
# batches of 32. That is no accident: in a last batch of three rows, mean and variance are mostly
# noise, and so is the step.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from fastreg import MLPClassifier

X, y = load_digits(return_X_y=True)
X = (X / 16).astype(np.float32)
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=1280, random_state=0)


def accuracy(rate, batch_norm):
    """Share of test digits that are right after 20 epochs; one in ten if training diverged."""
    model = MLPClassifier(
        (32,) * 5,
        solver="sgd",
        momentum=0.0,
        batch_size=32,
        learning_rate_init=rate,
        batch_norm=batch_norm,
        random_state=0,
        callbacks=[lambda model, epoch: epoch.number == 20],
    )
    try:
        return model.fit(X_train, y_train).score(X_test, y_test)
    except ValueError:  # the weights overflowed
        return 0.1


# %%
# Twenty epochs at each rate, from timid to reckless.

rates = np.geomspace(1e-3, 10, 13)
figure, ax = plt.subplots(figsize=(7.5, 4.5))
with warnings.catch_warnings():
    warnings.simplefilter("ignore", RuntimeWarning)
    for batch_norm, label in [(False, "plain"), (True, "batch norm")]:
        scores = [accuracy(rate, batch_norm) for rate in rates]
        ax.plot(rates, scores, "o-", label=label)
        good = rates[np.array(scores) > 0.9]
        print(f"{label}: above 90% at {len(good)} of {len(rates)} rates")
ax.axhline(0.1, color="0.6", linestyle="--", linewidth=1, label="guessing")
ax.set(xscale="log", ylim=(0, 1), xlabel="Learning rate", ylabel="Accuracy on test digits")
figure.legend(loc="outside upper center", ncols=3)

# %%
# Once trained, a network with batch norm is an ordinary one: the scales are folded into its
# weights, so that ``coefs_`` and ``intercepts_`` are all there is, and a row's prediction does
# not depend on the rows beside it.
