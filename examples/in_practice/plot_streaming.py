"""
Fitting a file, not an array
============================

The rows lie in a file that need not fit into memory, or arrive day by day, or on several
machines. ``partial_fit`` and ``merge`` give the model of all rows: the same as ``fit``, not an
approximation.
"""

# %%
# A file of 200,000 rows in float32. (It could be a thousand times as long: blocks of rows are
# read, used, and let go.)

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from fastreg import Lasso

n, p = 200_000, 40
rng = np.random.default_rng(0)
coef = np.where(np.arange(p) < 10, rng.normal(0, 1, p), 0.0)
folder = tempfile.TemporaryDirectory()
X_file, y_file = Path(folder.name) / "X.npy", Path(folder.name) / "y.npy"
X = rng.standard_normal((n, p), dtype=np.float32)
np.save(X_file, X)
np.save(y_file, (X @ coef + 5 * rng.standard_normal(n)).astype(np.float32))
print(f"{X_file.stat().st_size >> 20} MB on disk")

# %%
# Open the file as a memory map, and hand it over:

X, y = np.load(X_file, mmap_mode="r"), np.load(y_file, mmap_mode="r")
whole = Lasso(0.05).partial_fit(X, y)
print("rows seen:", whole.n_samples_seen_)

# %%
# Two machines, each with half of the rows. Merging their models is the model of all rows. So is
# one that was given them in chunks, here by a generator.


def chunks(first, last, size=20_000):
    for start in range(first, last, size):
        yield X[start : start + size], y[start : start + size]


one = Lasso(0.05).partial_fit(chunks(0, n // 2))
other = Lasso(0.05).partial_fit(chunks(n // 2, n))
merged = one.merge(other)
print("largest difference:", f"{np.abs(merged.coef_ - whole.coef_).max():.1e}")
print("duality gap:", f"{merged.dual_gap_:.1e}")

# %%
# The same sums serve any other alpha, without another look at the file:

strong = Lasso(0.5).merge(merged)
print(np.count_nonzero(merged.coef_), "features, or", np.count_nonzero(strong.coef_))

# %%
# Rows that come one chunk after the other: after each, the model is the exact fit to all rows so
# far, and its coefficients settle as the rows pile up. (They settle a little short of the truth:
# that is the lasso's penalty, not the streaming.)

model, seen, history = Lasso(0.05), [], []
for start, end in zip([0, *(2 ** np.arange(7, 17))], 2 ** np.arange(7, 18), strict=True):
    model.partial_fit(X[start:end], y[start:end])
    seen.append(model.n_samples_seen_)
    history.append(model.coef_.copy())

figure, ax = plt.subplots(figsize=(8, 5))
history = np.array(history)
ax.plot(seen, history[:, 10:], color="0.7", linewidth=0.8)
ax.plot(seen, history[:, :10], color="C0", linewidth=1.4)
ax.plot([], [], color="C0", label="features that matter")
ax.plot([], [], color="0.7", label="the others")
ax.plot(np.full(10, n), coef[:10], "x", color="C1", label="true coefficients")
ax.set_xscale("log")
ax.set(xlabel="Rows absorbed", ylabel="Coefficient")
figure.legend(loc="outside upper center", ncols=3)
folder.cleanup()
