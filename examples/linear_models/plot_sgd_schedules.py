"""
Few epochs of SGD: what the learning rate does
==============================================

Stochastic gradient descent takes a step for each row, or for a few of them. Its answer depends on
how the steps shrink. With a constant rate it never stops to jump about; averaging the coefficients
or a schedule that ends at zero gets to the bottom in a handful of epochs.
"""

# %%
# Two classes, 20,000 rows, and the objective with its minimum, from a solver that takes its time.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from fastreg import SGDClassifier

rng = np.random.default_rng(0)
n, p, alpha = 20_000, 60, 1e-4
X = rng.standard_normal((n, p)) @ (np.eye(p) + 0.4 * np.eye(p, k=1))
coef = rng.normal(0, 0.4, p)
y = rng.random(n) < 1 / (1 + np.exp(-X @ coef))


def objective(model):
    return log_loss(y, model.predict_proba(X)) + 0.5 * alpha * np.sum(model.coef_**2)


exact = LogisticRegression(C=1 / (alpha * n), tol=1e-8, max_iter=1000).fit(X, y)
minimum = objective(exact)
print(f"minimum: {minimum:.5f}")

# %%
# Each setting is fitted for 1, 2, 4, ... epochs. (One-cycle has to know their number beforehand:
# its rate rises to `eta0` and falls to nothing by the last step.)

settings = {
    "constant": {"learning_rate": "constant", "eta0": 0.01},
    "constant, averaged": {"learning_rate": "constant", "eta0": 0.01, "average": True},
    "optimal": {"learning_rate": "optimal"},
    "one-cycle": {"learning_rate": "one_cycle", "eta0": 0.05},
}
epochs = [1, 2, 4, 8, 16, 32]
excess = {name: [] for name in settings}
for name, options in settings.items():
    for n_epochs in epochs:
        values = []
        for seed in range(5):
            model = SGDClassifier(
                "log_loss", alpha=alpha, max_iter=n_epochs, tol=None, random_state=seed, **options
            ).fit(X, y)
            values.append(objective(model) - minimum)
        excess[name].append(np.mean(values))
    print(f"{name:20s} after 8 epochs: {excess[name][3]:.5f} above it")

# %%
# The constant rate stays two hundredths above, however long it goes on. The average of its
# coefficients is within a thousandth after one epoch; from then on more epochs bring nothing, as
# the place that steps of this size jump about is not quite the minimum. One-cycle gets the closer
# the more epochs it is given. scikit-learn's default, "optimal", begins with steps that are far too
# large for so small an `alpha`, and takes dozens of epochs to make up for them.

figure, ax = plt.subplots(figsize=(8, 5))
for name, values in excess.items():
    ax.plot(epochs, values, marker="o", label=name)
ax.set_xscale("log", base=2)
ax.set_yscale("log")
ax.set_xticks(epochs, [str(k) for k in epochs])
ax.set(xlabel="Epochs", ylabel="Objective above its minimum")
figure.legend(loc="outside upper center", ncols=4)
