"""
A dozen genes out of thousands
==============================

Two kinds of leukemia, a few dozen patients, and the activity of 7129 genes for each. The lasso
picks a handful that tells the two apart, and choosing inside the cross-validation keeps the
accuracy honest.
"""

# %%
# The data are those of Golub et al. (1999), or simulated ones of the same shape.

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.preprocessing import scale

from fastreg import LassoCV

file = Path(os.environ.get("FASTREG_DATA", ".")) / "golub.npz"
if file.exists():
    with np.load(file) as golub:
        X, y = golub["X"].astype(np.float64), golub["y"].astype(np.float64)
    print("Data: gene expression of", len(y), "patients, Golub et al. 1999.")
else:
    rng = np.random.default_rng(0)
    y = np.repeat([0.0, 1.0], [47, 25])
    X = rng.standard_normal((72, 7129))
    X[:, :40] += 1.5 * y[:, np.newaxis]
    print("Data: simulated, as FASTREG_DATA names no folder with golub.npz.")
print(X.shape, "patients and genes,", int(y.sum()), "of the second kind")

# %%
# The target is 0 or 1, and what is above 1/2 counts as the second kind. Each of the folds
# standardises the genes by its own training rows.

model = LassoCV(
    alphas=30, eps=0.05, cv=StratifiedKFold(6), selection_rule="1se", standardize=True
).fit(X, y)
genes = np.flatnonzero(model.coef_)
print(len(genes), "genes are chosen")

# %%
# Is that luck? With 7129 columns some will fit 72 patients by chance, so the accuracy has to be
# measured on patients that had no part in choosing genes *or* alpha: the whole search is repeated
# without each fold. For comparison, the same with the kinds of the disease dealt out at random:
# an honest procedure finds nothing there.

outer = StratifiedKFold(6, shuffle=True, random_state=0)
for name, target in {
    "true kinds": y,
    "shuffled": np.random.default_rng(1).permutation(y),
}.items():
    predicted = cross_val_predict(model, X, target, cv=outer)
    right = np.mean((predicted > 0.5) == target)
    commonest = max(target.mean(), 1 - target.mean())
    print(f"{name:10s} {right:.0%} right, where the commonest kind alone gives {commonest:.0%}")

# %%
# The genes it chose, by the sign and size of their part in the prediction. Each row is a gene and
# each column a patient.

order = np.argsort(model.coef_[genes] * X[:, genes].std(axis=0))
patients = np.argsort(y, kind="stable")
figure, ax = plt.subplots(figsize=(9, 5))
picture = scale(X[:, genes[order]])[patients].T
image = ax.imshow(picture, aspect="auto", cmap="PuOr", vmin=-2.5, vmax=2.5)
n_first = np.sum(y == 0)
ax.axvline(n_first - 0.5, color="black", linewidth=2)
ax.set_xticks([n_first / 2, (n_first + len(y)) / 2], ["first kind", "second kind"])
ax.tick_params(axis="x", length=0)
ax.set(xlabel="Patients", ylabel="Gene", title=f"Activity of the {len(genes)} genes chosen")
ax.set_yticks(range(len(genes)), [str(gene) for gene in genes[order]], fontsize="small")
figure.colorbar(image, label="Activity, standardised")

# %%
# A gene that is not in the list may be as informative: of several that rise and fall together,
# the lasso names one.
