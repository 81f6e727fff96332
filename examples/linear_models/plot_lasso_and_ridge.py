"""
Lasso, elastic net and ridge on correlated features
===================================================

Three features say almost the same thing. Which of them should get the credit? The lasso picks
one, ridge shares the credit out, and the elastic net lies between.
"""

# %%
# The data
# --------
# ``a1``, ``a2`` and ``a3`` are noisy copies of one hidden signal, as three thermometers in one
# room are. ``b`` is a signal of its own, and four more columns are noise.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from fastreg import ElasticNet, Lasso, PathDisplay, Ridge, regularization_path

rng = np.random.default_rng(1)
n = 100
signal = rng.standard_normal(n)
X = pd.DataFrame({f"a{k}": signal + 0.1 * rng.standard_normal(n) for k in (1, 2, 3)})
X["b"] = rng.standard_normal(n)
for k in range(4):
    X[f"noise{k}"] = rng.standard_normal(n)
y = 3 * signal + 2 * X["b"] + 2 * rng.standard_normal(n)
print(X[["a1", "a2", "a3"]].corr().round(2))

# %%
# The paths
# ---------
# Every line is a coefficient, and the penalty falls from left to right. An ``l1_ratio`` of 1 is
# the lasso, of 0 ridge. The lasso gives nearly all the credit to one copy, and may change its mind
# about which. Ridge treats the three alike, but no coefficient is ever exactly zero: the top axis
# counts all eight features throughout. The elastic net has zeros, and brings the three in together.

alphas = np.geomspace(10, 0.05, 60)
colours = {"a1": "C0", "a2": "C1", "a3": "C2", "b": "C4"}
figure, axes = plt.subplots(1, 3, figsize=(11, 4), sharey=True)
for ax, (title, l1_ratio) in zip(
    axes, {"Lasso": 1.0, "Elastic net": 0.5, "Ridge": 0.0}.items(), strict=True
):
    path = regularization_path(X, y, l1_ratio=l1_ratio, alphas=alphas, tol=1e-8)
    display = PathDisplay.from_path(path, ax=ax, max_labels=0)
    for line, feature in zip(display.lines_, X.columns[display.features_], strict=True):
        if feature in colours:
            line.set(color=colours[feature], linewidth=1.8, label=feature)
    ax.set(title=title, ylabel="Coefficient" if ax is axes[0] else "")
axes[0].legend()

# %%
# How far to trust the choice
# ---------------------------
# A lasso that names ``a1`` does not say that ``a2`` is irrelevant. Fitted to random halves of the
# rows it changes its mind, while ridge and the elastic net do not. (``Ridge`` sums squared errors
# where the others average them, so its alpha is multiplied by the number of rows.)

models = {"lasso": Lasso(0.3), "elastic net": ElasticNet(0.3), "ridge": Ridge(0.3 * n / 2)}
for name, model in models.items():
    fits = []
    for _ in range(20):
        half = rng.choice(n, n // 2, replace=False)
        fits.append(model.fit(X.iloc[half], y.iloc[half]).coef_[:3])
    spread, zeros = np.std(fits, axis=0).mean(), np.mean(np.equal(fits, 0.0))
    print(f"{name:12s} spread of the copies' coefficients {spread:.2f}, exact zeros {zeros:.0%}")

# %%
# Take the lasso when a short list is the aim and one name for each group will do; ridge when all
# features are to stay; the elastic net when groups should come in together.
