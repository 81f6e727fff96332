"""Training a network by mini-batches: an epoch is one call of the kernel."""

import time
from dataclasses import dataclass

import numpy as np

from fastreg._engine import threads
from fastreg._engine.perceptron import build_network

# multiplications for each thread in one batch, without which waiting for others costs
# more than they help
_WORK_PER_THREAD = 1 << 20
# multiplications of a fit, without which waking them does: some milliseconds
_WAKING_WORK = 1 << 27


@dataclass(frozen=True)
class Epoch:
    """What is known when an epoch ends.

    Parameters
    ----------
    number : int
        Of the epoch in this fit, from 1.
    loss : float
        Mean over its batches, penalties included.
    validation_score, validation_loss : float or None
    learning_rate : float
        Of its last batch.
    seconds : float
        Since the fit began.
    """

    number: int
    loss: float
    validation_score: float
    validation_loss: float
    learning_rate: float
    seconds: float

    def __str__(self):
        text = f"loss {self.loss:.5f}"
        if self.validation_score is not None:
            text += f", validation score {self.validation_score:.5f}"
        return text


@dataclass(frozen=True)
class Course:
    """How long to train, and in what order.

    Parameters
    ----------
    batch_size, max_epochs : int
    shuffle : bool
    patience : float
        Epochs without progress after which to stop.
    min_delta : float
        What counts as progress.
    max_seconds : float
        Looked at after each epoch.
    """

    batch_size: int
    max_epochs: int
    shuffle: bool
    patience: float
    min_delta: float
    max_seconds: float = np.inf


class Training:
    """One fit: a generator of epochs, and why it stopped.

    Parameters
    ----------
    model : Perceptron
    data : Data
    regularisation : Regularisation
    optimisation : Optimisation
    course : Course
    history : History
    random_state : RandomState
    evaluate : callable or None
        Returns the score and loss on held-out rows.
    stops_on_score : bool
        Whether that score says when to stop, rather than the training loss.
    key : int
        Of the streams of random masks.
    """

    def __init__(
        self,
        model,
        data,
        regularisation,
        optimisation,
        course,
        history,
        random_state,
        *,
        evaluate=None,
        stops_on_score=False,
        key=0,
    ):
        self.model, self.data, self.optimisation = model, data, optimisation
        self.course, self.history, self.random_state = course, history, random_state
        self.evaluate, self.stops_on_score = evaluate, stops_on_score
        self.order = data.samples
        self.starts = batch_starts(len(data.samples), course.batch_size, any(model.statistics))
        n_rows = int(np.diff(self.starts).max())
        self.network, _ = build_network(
            model,
            data,
            regularisation,
            optimiser=optimisation.kernel(),
            key=key,
            n_rows=n_rows,
            n_threads=n_threads(model, n_rows, len(self.order) * course.max_epochs),
        )
        self.n_epochs = 0
        self.reason = "max_epochs"

    def __iter__(self):
        begin = time.monotonic()
        while self.n_epochs < self.course.max_epochs:
            loss, rate = self._train_epoch()
            score, validation_loss = self._judge(loss)
            seconds = time.monotonic() - begin
            stop = self._stops(seconds)
            yield Epoch(self.n_epochs, loss, score, validation_loss, rate, seconds)
            if stop:
                return

    def _train_epoch(self):
        """Train on every row once; the mean loss, and the last batch's rate."""
        if self.course.shuffle:
            shuffled = np.arange(len(self.order))
            self.random_state.shuffle(shuffled)
            self.order = self.order[shuffled]
        n_batches = len(self.starts) - 1
        steps = self.optimisation.steps(n_batches)
        last_rate = self.optimisation.schedule.rates(self.optimisation.n_epochs, n_batches)[-1]
        loss, penalty = self.network.train(
            self.order, self.starts, *steps, self.optimisation.n_steps
        )
        self.optimisation.took(n_batches)
        self.n_epochs += 1
        self.history.n_samples_seen += len(self.order)
        return (loss / self.data.n_averaged + penalty) / len(self.order), float(last_rate)

    def _judge(self, loss):
        """Score and loss on held-out rows, where there are any."""
        history, delta = self.history, self.course.min_delta
        score = validation_loss = None
        if self.evaluate is not None:
            score, validation_loss = self.evaluate()
            history.validation_scores.append(score)
            history.validation_losses.append(validation_loss)
        if self.stops_on_score:
            improved = history.add_score(loss, score, delta, self.model)
        else:
            improved = history.add_loss(loss, delta)
        self.optimisation.schedule.epoch_ends(history.n_samples_seen, improved)
        return score, validation_loss

    def _stops(self, seconds):
        if self.history.n_stale > self.course.patience:
            if not self.optimisation.schedule.goes_on():
                self.reason = "patience"
                return True
            self.history.n_stale = 0
        if seconds >= self.course.max_seconds:
            self.reason = "max_time"
            return True
        return False


def batch_starts(n_samples, batch_size, merges_last):
    """Where batches start, and the end; a last batch of one row joins its neighbour where
    statistics of its rows are wanted."""
    starts = np.append(np.arange(0, n_samples, batch_size), n_samples)
    if merges_last and len(starts) > 2 and starts[-1] - starts[-2] == 1:
        starts = np.delete(starts, -2)
    return starts.astype(np.intp)


def n_threads(model, n_rows, n_rows_in_all):
    """Threads for batches of n_rows rows, of which a fit sees n_rows_in_all."""
    work = 3 * model.parameters.size
    if work * n_rows_in_all < _WAKING_WORK:
        return 1
    return int(max(1, min(threads.available_threads(), work * n_rows // _WORK_PER_THREAD)))
