"""
Tens of thousands of words, nearly all absent
=============================================

Texts become a sparse matrix: a row for each text, a column for each word, and almost nothing but
zeros. fastreg works on the numbers that are there, and the intercept costs nothing: the matrix
is never centred or copied.
"""

# %%
# The data
# --------
# Debian describes each of its packages in a few words. How large is a package, judging by these
# (``w_``), by words in its name (``n_``), by what it depends on (``d_``), its tags (``t_``) and its
# architecture (``a_``)? Without that file the words are simulated: a few common ones and a long
# tail of rare ones, of which every fiftieth matters.

import os
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
import scipy.sparse as sp
from sklearn.model_selection import train_test_split

from fastreg import regularization_path

file = Path(os.environ.get("FASTREG_DATA", ".")) / "debian_packages.npz"
if file.exists():
    with np.load(file, allow_pickle=True) as debian:
        parts = (debian["data"].astype(np.float64), debian["indices"], debian["indptr"])
        X = sp.csr_array(parts, shape=tuple(debian["shape"]))
        y, words = debian["y"].astype(np.float64), debian["feature_names"]
    print("Data: words of Debian's packages, and log10 of their size in KiB.")
else:
    rng = np.random.default_rng(0)
    n, p, length = 20000, 8000, 15
    shares = 1 / np.arange(5, p + 5)
    drawn = rng.choice(p, size=n * length, p=shares / shares.sum())
    X = sp.coo_array((np.ones(n * length), (np.repeat(np.arange(n), length), drawn)), (n, p))
    X = X.tocsr()
    effects = np.where(np.arange(p) % 50 == 0, rng.normal(0, 1, p), 0)
    y = X @ effects + rng.standard_normal(n)
    words = np.array([f"word{j}" for j in range(p)])
    print("Data: simulated texts, as FASTREG_DATA names no folder with debian_packages.npz.")
print(f"{X.shape[0]} texts, {X.shape[1]} words, {X.nnz / np.prod(X.shape):.3%} of X not zero")
print(f"X takes {X.data.nbytes + X.indices.nbytes >> 20} MB; dense, {np.prod(X.shape) >> 17} MB")

# %%
# A path of models
# ----------------
# The target's logarithm makes sizes comparable. One call fits all penalties, and a quarter of
# the texts is kept aside to judge them by.

X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
start = perf_counter()
path = regularization_path(X_train, y_train, alphas=30, eps=3e-3)
print(f"{len(path.alphas)} models took {perf_counter() - start:.2f} s")
errors = np.mean((path.predict(X_test) - y_test[:, np.newaxis]) ** 2, axis=0)
r2 = 1 - errors / np.var(y_test)
best = int(np.argmax(r2))
print(f"best on held-out texts: {path.n_features_used[best]} words, R2 {r2[best]:.2f}")

# %%
# To the left, the share of the variance that is explained, against the number of words in use:
# as words come in, what is learnt and what is only remembered part. To the right, the words with
# the largest coefficients in a model of about a hundred words.

short = int(np.argmin(np.abs(path.n_features_used - 100)))
coef = path.coefs[:, short]
largest = np.argsort(-np.abs(coef))[:16]
largest = largest[np.argsort(coef[largest])]

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.8), width_ratios=[1, 0.9])
left.plot(path.n_features_used, path.r2, label="training texts")
left.plot(path.n_features_used, r2, label="held-out texts")
left.set_xscale("symlog", linthresh=10)
left.set(xlabel="Words in use", ylabel="R2", xlim=(0, None), ylim=(0, None))
left.legend()
colours = np.where(coef[largest] > 0, "C0", "C1")
right.barh([str(word) for word in words[largest]], coef[largest], color=colours)
right.axvline(0, color="0.5", linewidth=0.8)
right.set(xlabel="Coefficient", title=f"Of {path.n_features_used[short]} words, the largest")
