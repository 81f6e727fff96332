"""
Telling the lasso what you know
===============================

Peaks on a drifting baseline: heights cannot be negative, and the baseline is there whatever the
peaks are. Bounds and penalty factors put both facts into the model.
"""

# %%
# A spectrum is a sum of a few peaks of known shape at unknown places, a slow drift, and noise.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import KFold

from fastreg import LassoCV

rng = np.random.default_rng(4)
x = np.linspace(0, 1, 300)
centres = np.linspace(0, 1, 100)
peaks = np.exp(-0.5 * ((x[:, np.newaxis] - centres) / 0.012) ** 2)
heights = np.zeros(100)
heights[[15, 22, 48, 60, 63, 85]] = [2.0, 1.0, 3.0, 1.5, 1.5, 0.8]
baseline = 1 + np.cos(5 * x) + 2 * x**2
y = peaks @ heights + baseline + 0.1 * rng.standard_normal(300)

# %%
# The features are a peak at each of 100 places, and four powers of x for the drift. One lasso is
# told nothing. The other leaves the drift alone (``penalty_factor=0``) and keeps the heights at
# or above zero (``lower=0``; the drift may go both ways). Both choose their alpha by
# cross-validation, with folds that are dealt at random, as neighbours on the x axis are alike.

drift = np.column_stack([x**k for k in range(1, 5)])
X = np.hstack([peaks, drift])
factors = np.repeat([1.0, 0.0], [100, 4])
lower = np.repeat([0.0, -np.inf], [100, 4])
rule = {"cv": KFold(10, shuffle=True, random_state=0), "selection_rule": "1se"}
models = {
    "told nothing": LassoCV(**rule),
    "told what is known": LassoCV(**rule, penalty_factor=factors, lower=lower),
}

figure, axes = plt.subplots(2, 2, figsize=(10, 6), sharex=True, sharey="row")
for (name, model), (top, bottom) in zip(models.items(), axes.T, strict=True):
    model.fit(X, y)
    found = model.coef_[:100]
    top.plot(x, y, color="0.6", linewidth=1, label="data")
    top.plot(x, model.intercept_ + drift @ model.coef_[100:], color="C1", label="drift, fitted")
    top.plot(x, baseline, color="C1", linestyle=":", label="drift, true")
    top.set_title(f"Lasso {name}")
    bottom.vlines(centres, 0, found, color="C0", linewidth=2.5, label="fitted")
    bottom.plot(centres[heights > 0], heights[heights > 0], "x", color="C4", label="true")
    bottom.axhline(0, color="0.5", linewidth=0.8)
    bottom.set_xlabel("Place")
    print(
        f"{name:20s} {np.count_nonzero(found)} peaks, {np.sum(found < 0)} of them negative, "
        f"error of the heights {np.linalg.norm(found - heights):.2f}"
    )
axes[0, 0].set_ylabel("Spectrum")
axes[1, 0].set_ylabel("Height of the peak")
axes[0, 0].legend()
axes[1, 0].legend()

# %%
# Told nothing, the lasso builds the drift out of hills and holes, as powers of x cost it as much
# as peaks do. Told what is known, it finds the drift, and peaks where they are.
