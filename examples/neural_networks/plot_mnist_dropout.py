"""
The classic digits, with and without dropout
============================================

Everybody's first network, done right: pixels between 0 and 1, ten outputs that the model makes
from ``y`` by itself, and an accuracy from digits that had no part in the training. Then one
parameter more: ``dropout``.
"""

# %%
# The data
# --------
# MNIST where it is at hand, and otherwise the smaller digits that scikit-learn brings.

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from fastreg import LearningCurvesDisplay, MLPClassifier

file = Path(os.environ.get("FASTREG_DATA", ".")) / "mnist10k.npz"
if file.exists():
    with np.load(file) as mnist:
        X, y = (mnist["X"] / np.float32(255)).astype(np.float32), mnist["y"]
    print("Data: 10,000 digits of MNIST.")
else:
    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    print("Data: scikit-learn's digits, as FASTREG_DATA names no folder with mnist10k.npz.")

# %%
# Three parts: to train on, to watch while training, and to test once at the end.

X_train, X_rest, y_train, y_rest = train_test_split(X, y, train_size=0.4, random_state=0)
X_watch, X_test, y_watch, y_test = train_test_split(X_rest, y_rest, test_size=0.6, random_state=0)
print(X_train.shape, "to train on,", len(X_watch), "to watch,", len(X_test), "to test")

# %%
# Two networks
# ------------
# They differ in nothing but dropout: in each step of training a fifth of the pixels and half of
# the hidden units are silent, so that no unit can rely on a particular other. ``y`` is the digits
# 0 to 9 as they are. That they are classes, and not numbers to regress on, is for the classifier
# to know: it makes ten outputs. Both train until the loss on the digits that are watched has not
# fallen for ten epochs, and go back to the best.

settings = {
    "hidden_layer_sizes": (256,),
    "batch_size": 100,
    "alpha": 0.0,
    "validation_data": (X_watch, y_watch),
    "early_stopping": True,
    "scoring": "loss",
    "random_state": 0,
}
plain = MLPClassifier(**settings).fit(X_train, y_train)
dropped = MLPClassifier(**settings, dropout=[0.2, 0.5]).fit(X_train, y_train)
print(plain.n_outputs_, "outputs,", plain.out_activation_, "over the classes", plain.classes_)

# %%
# On MNIST, without dropout the training loss plunges, while that on held-out digits soon turns
# round. With it the training loss is at first the higher of the two, as units are missing while
# it is measured, the network learns for longer, and the held-out loss gets further down. (The
# smaller digits have only 64 pixels, and dropout of this strength does not help there.)

figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), sharex=True, sharey=True)
for ax, model, title in zip(axes, [plain, dropped], ["No dropout", "Dropout"], strict=True):
    LearningCurvesDisplay.from_estimator(model, ax=ax)
    ax.set(title=title, yscale="log")

# %%
# Only now the test digits:

for name, model in {"no dropout": plain, "dropout": dropped}.items():
    train, test = model.score(X_train, y_train), model.score(X_test, y_test)
    print(f"{name:10s} accuracy: training {train:.2%}, test {test:.2%}")

# %%
# Some that the second network gets wrong, with what it takes them for:

predicted = dropped.predict(X_test)
wrong = np.flatnonzero(predicted != y_test)[:10]
side = int(np.sqrt(X.shape[1]))
figure, axes = plt.subplots(1, 10, figsize=(10, 1.6))
for ax in axes:
    ax.axis("off")
for ax, i in zip(axes, wrong, strict=False):
    ax.imshow(X_test[i].reshape(side, side), cmap="gray_r")
    ax.set_title(f"{y_test[i]}: {predicted[i]}?")
