"""The models of an estimator: itself, or several that are averaged."""

import copy
from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np

from fastreg._engine.early_stopping import History
from fastreg._engine.initialisation import initialise
from fastreg._engine.perceptron import Perceptron

# what an estimator knows of the data and all of its models share
_OF_DATA = (
    "n_features_in_",
    "feature_names_in_",
    "classes_",
    "_kind",
    "n_outputs_",
    "n_layers_",
    "out_activation_",
)
# what one model has and several don't
_OF_ONE = (
    "_model",
    "_history",
    "_optimisation",
    "_judged_by",
    "coefs_",
    "intercepts_",
    "best_epoch_",
)
_OF_SEVERAL = ("estimators_", "seeds_")
# attributes that a fit by L-BFGS doesn't have
_OF_EPOCHS = (
    "loss_curve_",
    "validation_scores_",
    "validation_loss_curve_",
    "best_loss_",
    "best_validation_score_",
    "best_epoch_",
    "stop_reason_",
)


@dataclass
class Member:
    """A model that a fit trains, and the estimator that it belongs to."""

    estimator: object
    random_state: np.random.RandomState
    model: Perceptron
    history: History

    def publish(self):
        """Make the estimator predict with the model as it is."""
        self.estimator._model = self.model
        self.estimator.coefs_, self.estimator.intercepts_ = self.model.weights()

    def set_history(self, n_epochs):
        """Set the attributes that tell of the epochs."""
        estimator, history = self.estimator, self.history
        stops_on_score = estimator.early_stopping
        watched = bool(history.validation_scores) or stops_on_score
        estimator._history, estimator.n_iter_ = history, n_epochs
        estimator.t_ = history.n_samples_seen
        estimator.loss_ = history.loss_curve[-1] if history.loss_curve else np.inf
        estimator.loss_curve_ = history.loss_curve
        estimator.best_epoch_ = history.best_epoch
        estimator.validation_scores_ = history.validation_scores if watched else None
        estimator.validation_loss_curve_ = history.validation_losses if watched else None
        estimator.best_loss_ = None if stops_on_score else history.best_loss
        estimator.best_validation_score_ = history.best_score if stops_on_score else None


def fitted_models(estimator):
    """The estimators that hold the models of one: itself, several, or none before a fit."""
    fitted = vars(estimator)
    return fitted["estimators_"] if "estimators_" in fitted else [estimator] * ("coefs_" in fitted)


def members_of(estimator, shape, dtype, random_state, *, sparse, resumes):
    """The models to train, new or copies of those that are there.

    One model draws from `random_state`. Of several each has a seed that is drawn from it,
    and is what an estimator of one model with that seed would be.
    """
    before = fitted_models(estimator) if resumes else [None] * estimator.n_models
    if len(before) != estimator.n_models:
        raise ValueError(
            f"n_models={estimator.n_models} and {len(before)} were fitted: set warm_start=False "
            "and call fit."
        )
    _forget(estimator, _OF_SEVERAL if estimator.n_models == 1 else _OF_ONE)
    if estimator.n_models == 1:
        owners, draws = [estimator], [random_state]
    else:
        seeds = random_state.randint(np.iinfo(np.int32).max, size=estimator.n_models)
        owners = [_single(estimator, int(s), b) for s, b in zip(seeds, before, strict=True)]
        draws = [np.random.RandomState(seed) for seed in seeds]
        estimator.estimators_, estimator.seeds_ = owners, seeds
    members = []
    for owner, draw in zip(owners, draws, strict=True):
        start = _resume(owner, shape) if resumes else _start(owner, shape, dtype, draw)
        members.append(Member(owner, draw, *start))
        members[-1].model.turn_to(sparse)
        members[-1].publish()
    return members


def _single(estimator, seed, before):
    """An estimator of one model with this seed, which knows what `before` knew."""
    ours = {"n_models": 1, "bootstrap": False, "random_state": seed}
    parameters = estimator.get_params(deep=False) | ours
    single = type(estimator)(**parameters)
    known = {} if before is None else vars(before)
    vars(single).update({k: v for k, v in known.items() if k not in parameters})
    vars(single).update({k: v for k, v in vars(estimator).items() if k in _OF_DATA})
    return single


def _start(owner, shape, dtype, random_state):
    model = Perceptron(shape, dtype, epsilon=owner.batch_norm_epsilon)
    initialise(model, owner.initialization, random_state)
    owner._optimisation = None
    owner._judged_by = owner.scoring
    return model, History()


def _resume(owner, shape):
    model, history = copy.deepcopy((owner._model, owner._history))
    if model.shape != shape:
        raise ValueError(
            f"The network that is there has layers {model.shape.widths}, activations "
            f"{model.shape.activations}, output {model.shape.output_activation} and "
            f"batch_norm {model.shape.batch_norm}; the parameters ask for {shape.widths}, "
            f"{shape.activations}, {shape.output_activation} and {shape.batch_norm}: set "
            "warm_start=False and call fit."
        )
    model.take(owner.coefs_, owner.intercepts_)
    model.epsilon = owner.batch_norm_epsilon
    if owner._judged_by != owner.scoring:
        history.forget_best()
    owner._judged_by = owner.scoring
    return model, history


def data_of(member, data, *, bootstrap):
    """The rows a member learns from: all, or as many drawn with replacement, with
    probabilities in proportion to their weights."""
    if not bootstrap:
        return data
    n, weights = len(data.samples), data.sample_weight
    # a stream beside that of the first weights and orders
    draw = np.random.RandomState([member.estimator.random_state, 1])
    if weights is None:
        rows = draw.randint(n, size=n)
    else:
        weights = weights[data.samples]
        weights = weights / weights.max()  # their sum may overflow
        rows = draw.choice(n, n, p=weights / weights.sum())
    return replace(data, samples=data.samples[rows], sample_weight=None)


# ---- what is known of all of them ------------------------------------------


def set_means(estimator, members):
    """Set the attributes that tell of the epochs, of several models as means."""
    singles = [member.estimator for member in members]
    if singles == [estimator]:
        return
    estimator.loss_curve_ = _mean_curve([single.loss_curve_ for single in singles])
    watched = singles[0].validation_scores_ is not None
    for name in ("validation_scores_", "validation_loss_curve_"):
        curves = [getattr(single, name) for single in singles]
        setattr(estimator, name, _mean_curve(curves) if watched else None)
    stops_on_score = singles[0].best_loss_ is None
    estimator.best_loss_ = None if stops_on_score else _mean(singles, "best_loss_")
    estimator.best_validation_score_ = None
    _set_totals(estimator, singles)
    estimator.t_ = max(single.t_ for single in singles)


def set_minimum(estimator, members, results):
    """Set the attributes of a fit by L-BFGS, from the loss and iterations of each."""
    singles = [member.estimator for member in members]
    for single, (loss, n_iter, _) in zip(singles, results, strict=True):
        single.loss_, single.n_iter_ = loss, n_iter
        single._history, single._optimisation = History(), None
        single.t_ = 0
        _forget(single, _OF_EPOCHS)
    if singles != [estimator]:
        _set_totals(estimator, singles)
        estimator.t_ = 0
        _forget(estimator, _OF_EPOCHS)


def _set_totals(estimator, singles):
    estimator.loss_ = _mean(singles, "loss_")
    estimator.n_iter_ = max(single.n_iter_ for single in singles)


def _mean(singles, name):
    return float(np.mean([getattr(single, name) for single in singles]))


def _mean_curve(curves):
    """The mean over the models that were still being trained, for each epoch."""
    return [
        float(np.mean([value for value in epoch if value is not None]))
        for epoch in zip_longest(*curves)
    ]


def _forget(estimator, names):
    for name in names:
        vars(estimator).pop(name, None)
