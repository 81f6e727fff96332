"""
Reading a duality gap
=====================

An iterative solver stops somewhere short of the optimum. How far short? The true distance is
unknown, as the optimum is. The duality gap bounds it, and every fit reports it.
"""

# %%
# The lasso minimises an objective. For any coefficients at all, its dual problem gives a number
# that the smallest possible objective cannot go below. ``dual_gap_`` is the objective minus that
# number: zero at the optimum, and otherwise *at least* as large as what is left to gain.
#
# Here are ten times as many features as rows, all correlated, and a weak penalty: slow work.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from fastreg import Lasso

rng = np.random.default_rng(0)
n, p = 100, 1000
X = rng.standard_normal((n, p)) + 0.5 * rng.standard_normal((n, 1))
y = X[:, :20] @ rng.normal(0, 1, 20) + 3 * rng.standard_normal(n)
alpha = 0.02


def objective(model):
    return 0.5 * np.mean((y - model.predict(X)) ** 2) + alpha * np.abs(model.coef_).sum()


# %%
# A fit to all digits stands in for the optimum. Others are cut short after more and more sweeps.

exact = Lasso(alpha, tol=1e-12).fit(X, y)
print(f"optimum after {exact.n_iter_} sweeps, duality gap {exact.dual_gap_:.1e}")
sweeps = np.arange(1, exact.n_iter_ + 10, 3)
gaps, excess, distance = [], [], []
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)  # to stop early is the point here
    for max_iter in sweeps:
        model = Lasso(alpha, tol=1e-12, max_iter=max_iter).fit(X, y)
        gaps.append(model.dual_gap_ / y.var())
        excess.append((objective(model) - objective(exact)) / y.var())
        distance.append(np.abs(model.coef_ - exact.coef_).max())
print("never above the gap:", np.all(np.array(excess) <= np.array(gaps)))

# %%
# To the left, the true excess is below the gap at every moment, often by far, so a fit is
# better than it can prove. ``tol`` is in units of the variance of y: with the default of
# ``1e-4`` a fit ends where the gap crosses the dashed line. The cliff at the end is a solver that
# has found which coefficients are zero, and solves for the others exactly. To the right, what it
# means for the coefficients: the objective is flat around its minimum, so they are less exact
# than it is. If their digits matter, ask for a smaller ``tol``.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.5), sharey=True)
left.plot(sweeps, gaps, label="duality gap")
left.plot(sweeps, np.maximum(excess, 1e-17), label="true excess of the objective")
left.axhline(1e-4, color="0.4", linestyle="--", linewidth=1, label="the default of tol")
left.set(yscale="log", ylim=(1e-15, 10), xlabel="Sweeps", ylabel="In units of the variance of y")
left.legend(loc="lower left")
right.plot(sweeps, np.maximum(distance, 1e-17), color="C2")
right.set(xlabel="Sweeps", title="Largest error of a coefficient")
left.set_title("Objective")

# %%
# A fit that runs out of sweeps says how far it got, and what to do:

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always", ConvergenceWarning)
    Lasso(alpha, max_iter=20).fit(X, y)
print(caught[0].message)

# %%
# A large gap does not say that a model is bad, only that a better objective is not ruled out.
# Whether the model predicts well is another question, and one for rows that were held out.
