"""
The same network with too little and too much regularisation
============================================================

One network, three strengths of its L2 penalty. Too weak, and it draws a border around every
stray point; too strong, and it cannot bend at all. Held-out rows tell which is which.
"""

# %%
# Two half-moons that overlap: no border gets every point right, and the best one is smooth.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from fastreg import MLPClassifier

X, y = make_moons(1200, noise=0.35, random_state=2)
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=120, random_state=0)


def network(alpha):
    model = MLPClassifier((50, 50), solver="lbfgs", alpha=alpha, max_iter=400, random_state=0)
    with warnings.catch_warnings():
        # too weak a penalty has no optimum within reach; that is the point here
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X_train, y_train)


# %%
# The shade is the probability that the network gives to the second class. Dots are the training
# points.

across, up = np.meshgrid(np.linspace(-2.2, 3.2, 200), np.linspace(-1.7, 2.2, 200))
grid = np.column_stack([across.ravel(), up.ravel()])
figure, axes = plt.subplots(1, 3, figsize=(11, 3.9), sharex=True, sharey=True)
for ax, (name, alpha) in zip(
    axes, {"Too little": 1e-4, "About right": 1.0, "Too much": 10.0}.items(), strict=True
):
    model = network(alpha)
    probability = model.predict_proba(grid)[:, 1].reshape(across.shape)
    levels = np.linspace(0, 1, 11)
    shade = ax.contourf(across, up, probability, levels=levels, cmap="PuOr", alpha=0.7)
    ax.contour(across, up, probability, levels=[0.5], colors="black", linewidths=1.2)
    for label, colour in enumerate(["#b35806", "#542788"]):
        points = X_train[y_train == label].T
        ax.plot(*points, "o", color=colour, markersize=5, markeredgecolor="white")
    train, test = model.score(X_train, y_train), model.score(X_test, y_test)
    ax.set(title=f"{name}: alpha {alpha:g}", xlabel=f"training {train:.0%}, held out {test:.0%}")
    ax.set(xticks=[], yticks=[])
figure.colorbar(shade, ax=axes, label="Probability of the second class")

# %%
# The whole range. The training loss rises with the penalty (but for the weakest, where the
# optimiser gives up before the end), so it cannot say which penalty to use. The held-out loss
# falls first, while the network unlearns what is chance, and rises when it can no longer bend.
# (In life alpha would be chosen by cross-validation on the training rows, and the held-out rows
# used once, at the end.)

alphas = np.geomspace(1e-4, 40, 13)
models = [network(alpha) for alpha in alphas]
figure, ax = plt.subplots(figsize=(7, 4.2))
for name, rows, target in [("training", X_train, y_train), ("held out", X_test, y_test)]:
    losses = [log_loss(target, model.predict_proba(rows)) for model in models]
    ax.plot(alphas, losses, "o-", label=name)
    print(f"{name:9s}", " ".join(f"{loss:.2f}" for loss in losses))
ax.set(xscale="log", yscale="log", xlabel="alpha", ylabel="Log loss")
ax.legend()
