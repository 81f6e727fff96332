"""
Early stopping on a validation loss
===================================

A network that trains for too long learns its rows by heart. Held-out rows show when that
begins; ``early_stopping`` ends the training there and brings the best weights back.
"""

# %%
# Handwritten digits of 8 x 8 pixels. Of the 1797, only 400 are for training, and every tenth of
# these has a wrong label, as happens in life.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from fastreg import LearningCurvesDisplay, MLPClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, train_size=400, random_state=0)
rng = np.random.default_rng(0)
wrong = rng.choice(400, 40, replace=False)
y_train[wrong] = (y_train[wrong] + rng.integers(1, 10, 40)) % 10

# %%
# Both networks keep a fifth of the training rows out, to watch the loss there. The first has the
# patience to go on all the same. The second stops when the loss on held-out rows has not
# improved for ten epochs. ``scoring="loss"`` matters: accuracy, which is the default, barely
# moves while the network grows more and more sure of its mistakes.

settings = {
    "hidden_layer_sizes": (100,),
    "learning_rate_init": 0.005,
    "early_stopping": True,
    "scoring": "loss",
    "validation_fraction": 0.2,
    "max_iter": 200,
    "random_state": 1,
}
patient = MLPClassifier(**settings, patience=100).fit(X_train, y_train)
stopped = MLPClassifier(**settings, patience=10).fit(X_train, y_train)

figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), sharex=True, sharey=True)
for ax, model, title in zip(
    axes, [patient, stopped], ["Patience of 100 epochs", "Patience of 10 epochs"], strict=True
):
    LearningCurvesDisplay.from_estimator(model, ax=ax)
    ax.set_title(title)

# %%
# Nothing is lost by stopping: both return to the same epoch, as the seed is the same.

for name, model in {"patient": patient, "stopped": stopped}.items():
    print(f"{name}: {model.n_iter_} epochs, best {model.best_epoch_}, end: {model.stop_reason_}")

# %%
# What the other way would have cost: the same training to its end, without going back.

overtrained = MLPClassifier(
    **{**settings, "early_stopping": False, "max_iter": patient.n_iter_},
    validation_data=(X_test, y_test),
    callbacks=[lambda model, epoch: epoch.number == patient.n_iter_],
).fit(X_train, y_train)
for name, model in {"stopped in time": stopped, "trained to the end": overtrained}.items():
    loss = log_loss(y_test, model.predict_proba(X_test))
    print(f"{name:18s} test loss {loss:.2f}, accuracy {model.score(X_test, y_test):.1%}")
