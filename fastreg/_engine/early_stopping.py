"""Watching a training: curves, the best epoch, and when to stop."""

from dataclasses import dataclass, field

import numpy as np


@dataclass
class History:
    """What happened, epoch by epoch; goes on in a training that goes on."""

    loss_curve: list = field(default_factory=list)
    validation_scores: list = field(default_factory=list)
    validation_losses: list = field(default_factory=list)
    best_loss: float = np.inf
    best_score: float = -np.inf
    best_epoch: int = 0
    best: tuple = None
    n_stale: int = 0
    n_samples_seen: int = 0

    def forget_best(self):
        """Judge by another score from now on, which cannot be compared with that before."""
        self.best_score, self.best, self.n_stale = -np.inf, None, 0

    def add_loss(self, loss, min_delta):
        """An epoch that is judged by its training loss; returns whether it improved."""
        self.loss_curve.append(loss)
        improved = not loss > self.best_loss - min_delta
        self.n_stale = 0 if improved else self.n_stale + 1
        if loss < self.best_loss:
            self.best_loss, self.best_epoch = loss, len(self.loss_curve)
        return improved

    def add_score(self, loss, score, min_delta, model):
        """An epoch that is judged by its score on held-out rows; keeps the best weights."""
        self.loss_curve.append(loss)
        improved = not score < self.best_score + min_delta
        self.n_stale = 0 if improved else self.n_stale + 1
        if score > self.best_score or self.best is None:
            self.best_score = max(self.best_score, score)
            self.best_epoch, self.best = len(self.loss_curve), model.snapshot()
        return improved
