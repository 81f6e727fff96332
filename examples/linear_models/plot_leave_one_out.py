"""
Leave-one-out for the price of one fit
======================================

K-fold cross-validation depends on how the rows were dealt. Leaving out each row in turn does not,
and for ridge it needs no refitting at all: ``RidgeCV`` gets it, for all alphas, from one
decomposition.
"""

# %%
# The data are measurements of 442 diabetes patients, of which only 60 are used here: with few
# rows, the luck of the deal weighs more.

from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.model_selection import KFold, LeaveOneOut, cross_val_score

from fastreg import Ridge, RidgeCV

X, y = load_diabetes(return_X_y=True, scaled=False)
rows = np.random.default_rng(0).choice(len(X), 60, replace=False)
X, y = X[rows], y[rows]
X = (X - X.mean(axis=0)) / X.std(axis=0)
alphas = np.geomspace(0.1, 1000, 16)

# %%
# ``cv_results_`` holds the squared error of each row, at each alpha, when the others predict it.

start = perf_counter()
model = RidgeCV(alphas, store_cv_results=True).fit(X, y)
elapsed = perf_counter() - start
errors = model.cv_results_.mean(axis=0)
print(f"{len(X)} x {len(alphas)} errors took {1000 * elapsed:.1f} ms; chosen: {model.alpha_:.3g}")

# %%
# Refitting says the same, to rounding, after 60 fits for each alpha:


def refitted(alpha, cv):
    scores = cross_val_score(Ridge(alpha), X, y, cv=cv, scoring="neg_mean_squared_error")
    return -scores.mean()


same = refitted(model.alpha_, LeaveOneOut())
print(f"at the alpha chosen: {model.best_score_ * -1:.6f} by formula, {same:.6f} by refitting")

# %%
# Five folds, dealt six times: six curves, and as many opinions on alpha (dots). The one thick
# curve of leave-one-out has no dice in it.

figure, ax = plt.subplots(figsize=(8, 5))
for deal in range(6):
    cv = KFold(5, shuffle=True, random_state=deal)
    curve = [refitted(alpha, cv) for alpha in alphas]
    lowest = int(np.argmin(curve))
    label = "5 folds, dealt 6 times" if deal == 0 else None
    ax.plot(alphas, curve, color="C5", linewidth=1, label=label)
    ax.plot(alphas[lowest], curve[lowest], "o", color="C5", markersize=5)
ax.plot(alphas, errors, color="C0", linewidth=3, label="leave-one-out")
ax.plot(model.alpha_, -model.best_score_, "o", color="C0", markersize=9)
ax.set_xscale("log")
ax.set(xlabel="alpha", ylabel="Held-out mean squared error")
ax.legend()
