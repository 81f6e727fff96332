"""Learning rates over the course of a training.

A rate is a function of how many epochs are behind, in fractions of one, and of a level
that two of the schedules lower when training stands still.
"""

import numpy as np

# rates of one_cycle, as shares of the largest: Smith, Topin: Super-convergence, 2018
_START, _END, _RISE = 1 / 25, 1 / 250000, 0.3
# where adaptive gives up
_LOWEST = 1e-6


def _cosine(epochs, max_epochs):
    """From 1 to 0 along half a cosine: Loshchilov, Hutter: SGDR, 2016."""
    return (1 + np.cos(np.pi * np.clip(epochs / max_epochs, 0, 1))) / 2


def _one_cycle(epochs, max_epochs):
    """Up for the first 30%, then down, both along half a cosine."""
    place = np.clip(epochs / max_epochs, 0, 1)
    rise = _START + (1 - _START) * (1 - np.cos(np.pi * np.minimum(place / _RISE, 1))) / 2
    fall = np.clip((place - _RISE) / (1 - _RISE), 0, 1)
    fall = _END + (1 - _END) * (1 + np.cos(np.pi * fall)) / 2
    return np.where(place < _RISE, rise, fall)


_SHAPES = {"cosine": _cosine, "one_cycle": _one_cycle}
SCHEDULES = ["constant", "invscaling", "adaptive", "cosine", "one_cycle", "plateau"]


class Schedule:
    """Rates of one training.

    Parameters
    ----------
    name : str
        Of `SCHEDULES`.
    rate : float
        The first or the largest rate.
    power_t : float
        Of "invscaling": rate / (samples seen + 1)^power_t, set after each epoch.
    max_epochs : int
        Where "cosine" and "one_cycle" end.
    warmup : float
        Epochs in which the rate rises linearly from 0 to what it would be.
    patience : int
        Epochs without progress after which "plateau" halves the rate.
    """

    def __init__(self, name, rate, *, power_t, max_epochs, warmup, patience):
        self.name, self.first_rate, self.level = name, float(rate), float(rate)
        self.power_t, self.max_epochs, self.warmup = power_t, max_epochs, warmup
        self.patience, self.stands_still = patience, 0
        self.settings = (name, rate, power_t, max_epochs, warmup, patience)

    def rates(self, epoch, n_batches):
        """The rate of each batch of an epoch, counted from 0."""
        epochs = epoch + np.arange(n_batches) / n_batches
        rates = np.full(n_batches, self.level)
        if self.name in _SHAPES:
            rates *= _SHAPES[self.name](epochs, self.max_epochs)
        if self.warmup:
            rates *= np.minimum((epochs + 1 / n_batches) / self.warmup, 1)
        return rates

    def epoch_ends(self, n_samples_seen, improved):
        """Take note of an epoch."""
        if self.name == "invscaling":
            self.level = self.first_rate / (n_samples_seen + 1) ** self.power_t
        if self.name == "plateau":
            self.stands_still = 0 if improved else self.stands_still + 1
            if self.stands_still >= self.patience:
                self.level, self.stands_still = self.level / 2, 0

    def goes_on(self):
        """Whether there is a lower rate to try, now that training stands still."""
        if self.name != "adaptive" or self.level <= _LOWEST:
            return False
        self.level /= 5
        return True
