"""Training networks by mini-batches: an epoch of all of them is one call of the kernel."""

import time
from dataclasses import dataclass

import numpy as np

from fastreg._engine import threads
from fastreg._engine.perceptron import build_network
from fastreg._kernels.side_by_side import train_side_by_side

# multiplications for each thread in one batch, without which waiting for others costs
# more than they help
_WORK_PER_THREAD = 1 << 20
# multiplications of a fit, without which waking them does: some milliseconds
_WAKING_WORK = 1 << 27


@dataclass(frozen=True)
class Epoch:
    """What is known when an epoch ends; of several models the mean over those it trained.

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
    goes_on : bool
        Whether this is part of a longer training, whose optimiser goes on.
    """

    batch_size: int
    max_epochs: int
    shuffle: bool
    patience: float
    min_delta: float
    max_seconds: float = np.inf
    goes_on: bool = False


class Training:
    """The training of one model: what it learns from, how far it is, and why it stopped.

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
        Returns the model's score and loss on held-out rows.
    work_of_evaluation : float
        Its multiplications; 0 where it must not run beside others.
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
        work_of_evaluation=0,
        stops_on_score=False,
        key=0,
    ):
        self.work_of_evaluation = work_of_evaluation
        self.model, self.data, self.optimisation = model, data, optimisation
        self.course, self.history, self.random_state = course, history, random_state
        self.evaluate, self.stops_on_score = evaluate, stops_on_score
        self.order = data.samples
        self.starts = batch_starts(len(data.samples), course.batch_size, bool(model.statistics))
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
        self.rate = self.loss = self.score = self.validation_loss = None
        self.reason = None

    def begin_epoch(self):
        """Draw the order of the rows, and tell the kernel the steps to take."""
        if self.course.shuffle:
            shuffled = np.arange(len(self.order))
            self.random_state.shuffle(shuffled)
            self.order = self.order[shuffled]
        n_batches = len(self.starts) - 1
        steps = self.optimisation.steps(n_batches)
        self.rate = self.optimisation.schedule.rates(self.optimisation.n_epochs, n_batches)[-1]
        self.network.begin(self.order, self.starts, *steps, self.optimisation.n_steps)

    def take_note(self):
        """Count the steps that the kernel took, of an epoch that may have been cut short."""
        self.optimisation.took(self.network.n_trained)

    def end_epoch(self):
        """The epoch is over: its mean loss."""
        self.optimisation.n_epochs += 1
        self.n_epochs += 1
        self.history.n_samples_seen += len(self.order)
        loss, penalty = self.network.losses
        self.loss = (loss / self.data.n_averaged + penalty) / len(self.order)

    def judge(self, judgement, seconds):
        """Compare with the best epoch so far, and decide whether to go on.

        `judgement` is what `evaluate` returned, None where there are no held-out rows.
        """
        history, delta = self.history, self.course.min_delta
        if judgement is not None:
            self.score, self.validation_loss = judgement
            history.validation_scores.append(self.score)
            history.validation_losses.append(self.validation_loss)
        if self.stops_on_score:
            improved = history.add_score(self.loss, self.score, delta, self.model)
        else:
            improved = history.add_loss(self.loss, delta)
        self.optimisation.schedule.epoch_ends(history.n_samples_seen, improved)
        self.reason = self._reason_to_stop(seconds)

    def _reason_to_stop(self, seconds):
        if self.history.n_stale > self.course.patience:
            if not self.optimisation.schedule.goes_on():
                return "patience"
            self.history.n_stale = 0
        if seconds >= self.course.max_seconds:
            return "max_time"
        return "max_epochs" if self.n_epochs >= self.course.max_epochs else None


def train(trainings):
    """Yield an `Epoch` after each epoch of all models that have not stopped.

    The models are trained side by side in one call of the kernel. What is said of an
    epoch are means over the models that it trained.
    """
    begin = time.monotonic()
    n_threads = _threads_side_by_side(trainings)
    number, going = 0, list(trainings)
    while going:
        number += 1
        _train_epoch(going, n_threads)
        judgements = _evaluate(going)
        seconds = time.monotonic() - begin
        for training, judgement in zip(going, judgements, strict=True):
            training.judge(judgement, seconds)
        means = [
            _mean([getattr(t, name) for t in going])
            for name in ("loss", "score", "validation_loss", "rate")
        ]
        yield Epoch(number, *means, seconds)
        going = [training for training in going if training.reason is None]


def _threads_side_by_side(trainings):
    work = sum(3 * t.model.parameters.size * len(t.order) * t.course.max_epochs for t in trainings)
    if work < _WAKING_WORK:
        return 1
    return threads.available_threads()


def _train_epoch(trainings, n_threads):
    for training in trainings:
        training.begin_epoch()
    try:
        if len(trainings) == 1:
            trainings[0].network.train()
        else:
            networks = [training.network for training in trainings]
            train_side_by_side(networks, min(n_threads, len(networks)))
    finally:
        for training in trainings:
            training.take_note()
    for training in trainings:
        training.end_epoch()


def _evaluate(trainings):
    """Scores and losses on held-out rows, by Python threads where that takes long."""
    if trainings[0].evaluate is None:
        return [None] * len(trainings)
    n_workers = threads.n_workers_for(None, len(trainings), trainings[0].work_of_evaluation)
    return list(threads.map_in_threads(lambda t: t.evaluate(), trainings, n_workers))


def _mean(values):
    return None if values[0] is None else float(np.mean(values))


def batch_starts(n_samples, batch_size, merges_last):
    """Where batches start, and the end.

    Where statistics of a batch's rows are wanted, a last batch of one row, or of less than
    half a batch, joins its neighbour: few rows say little of the others, and batch norm
    takes a step, and its statistics, from them.
    """
    starts = np.append(np.arange(0, n_samples, batch_size), n_samples)
    n_last = starts[-1] - starts[-2]
    if merges_last and len(starts) > 2 and (n_last == 1 or 2 * n_last < batch_size):
        starts = np.delete(starts, -2)
    return starts.astype(np.intp)


def n_threads(model, n_rows, n_rows_in_all):
    """Threads for batches of n_rows rows, of which a fit sees n_rows_in_all."""
    work = 3 * model.parameters.size
    if work * n_rows_in_all < _WAKING_WORK:
        return 1
    return int(max(1, min(threads.available_threads(), work * n_rows // _WORK_PER_THREAD)))
