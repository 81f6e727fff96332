"""
Grid search in a pipeline
=========================

A search fits dozens of models to the same rows. fastreg notices, and lets them share what they
have in common: the sums of products of X's columns. The code is the usual code.
"""

# %%
# A pipeline scales the columns inside every fold, as it should, and a grid of 12 alphas and 2
# mixtures is searched with 5 folds: 120 fits.

from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_regression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fastreg
from fastreg import ElasticNet, ElasticNetCV

X, y = make_regression(5000, 200, n_informative=15, noise=50.0, random_state=0)
alphas, l1_ratios = np.geomspace(30, 0.1, 12), [0.5, 1.0]
grid = {"elasticnet__alpha": alphas, "elasticnet__l1_ratio": l1_ratios}
search = GridSearchCV(
    make_pipeline(StandardScaler(), ElasticNet()), grid, scoring="neg_mean_squared_error"
)

# %%
# First without the cache that makes the sharing possible, then with it, as it is by default. Both
# find the same, to the last bit: the cache only saves work.

times, scores = {}, {}
with fastreg.config_context(moment_cache_mb=0):
    start = perf_counter()
    scores["alone"] = search.fit(X, y).cv_results_["mean_test_score"]
    times["GridSearchCV,\ncache switched off"] = perf_counter() - start

before = fastreg.moment_cache_info()
start = perf_counter()
scores["shared"] = search.fit(X, y).cv_results_["mean_test_score"]
times["GridSearchCV"] = perf_counter() - start
after = fastreg.moment_cache_info()
print("same scores:", np.array_equal(scores["alone"], scores["shared"]))
print(after.hits - before.hits, "sums were found,", after.misses - before.misses, "computed")
print("best:", {name: round(float(value), 3) for name, value in search.best_params_.items()})

# %%
# What is left is scaling, hashing and predicting, 120 times. An estimator that searches by itself
# does each once for a fold. It scales inside the folds, too.

start = perf_counter()
model = ElasticNetCV(alphas=alphas, l1_ratio=l1_ratios, standardize=True).fit(X, y)
times["ElasticNetCV"] = perf_counter() - start
print("best:", round(float(model.alpha_), 3), model.l1_ratio_)

# %%
# Seconds, on the machine that made this page:

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), width_ratios=[3, 2])
errors = np.sqrt(-scores["shared"]).reshape(len(alphas), len(l1_ratios))
for column, l1_ratio in enumerate(l1_ratios):
    left.plot(alphas, errors[:, column], label=f"l1_ratio {l1_ratio}")
left.set(xscale="log", xlabel="alpha", ylabel="Held-out error (root mean square)")
left.legend()
bars = right.barh(list(times), list(times.values()), color=["C5", "C0", "C2"])
right.bar_label(bars, fmt="%.2f s", padding=4)
right.invert_yaxis()
right.margins(x=0.25)
right.set_xlabel("Time of the whole search (s)")
