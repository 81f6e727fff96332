"""Rows that training is judged by and does not see."""

import copy
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.model_selection import train_test_split
from sklearn.utils.validation import validate_data

from fastreg._engine.perceptron import Data, apply_head, linear_outputs, undo_head
from fastreg._validation import check_sample_weight, check_total_weight, explained


@dataclass
class HeldOut:
    """Held-out rows as data for the engine, and y as the user gave it."""

    data: Data
    labels: np.ndarray

    def judge(self, estimator, model):
        """Score and loss of a model as it is now."""
        coefs, intercepts = model.weights()
        outputs = linear_outputs(self.data.X, coefs, intercepts, model.shape.activations)
        loss = self.data.loss_at(outputs)
        if has_own_scorer(estimator):
            return self._scored(_showing(estimator, model)), loss
        means = apply_head(estimator.out_activation_, outputs)
        return self._score(estimator, means, loss), loss

    def score(self, estimator):
        """Score of a fitted estimator."""
        if has_own_scorer(estimator):
            return self._scored(_showing(estimator))
        means = estimator._forward(self.data.X)
        loss = self.data.loss_at(undo_head(estimator.out_activation_, means))
        return self._score(estimator, means, loss)

    def check_scorer(self, estimator, model, *, new):
        """Raise where a scorer of the user's, if it is new, cannot judge these rows; or with
        their weights."""
        if not has_own_scorer(estimator) or not (new or self.data.sample_weight is not None):
            return
        what, remedy = f"scoring={estimator.scoring!r}", "Choose another one."
        if self.data.sample_weight is not None:
            what += " with weights of held-out rows"
            remedy = "Choose a scorer that takes sample_weight, or pass validation_data=(X, y)."
        with explained(what, remedy):
            self._scored(_showing(estimator, model))

    def work(self, estimator, model):
        """Multiplications of `judge`; 0 where it calls functions of the user's."""
        if has_own_scorer(estimator):
            return 0
        return float(self.data.X.shape[0]) * model.parameters.size

    def _score(self, estimator, means, loss):
        if estimator.scoring == "loss":
            return -loss if np.isfinite(loss) else np.nan
        if not np.isfinite(means).all():
            return np.nan
        predicted = estimator._decide(means)
        weights = self.data.sample_weight
        return float(estimator._default_score(self.labels, predicted, sample_weight=weights))

    def _scored(self, estimator):
        scorer = check_scoring(estimator, scoring=estimator.scoring)
        weights = self.data.sample_weight
        options = {} if weights is None else {"sample_weight": weights}
        return float(scorer(estimator, self.data.X, self.labels, **options))


def has_own_scorer(estimator):
    """Whether the score is that of a scorer the user has chosen."""
    return estimator.scoring is not None and estimator.scoring != "loss"


def _showing(estimator, model=None):
    """A copy for scorers, of rows that have lost their names; it predicts with `model`."""
    shown = copy.copy(estimator)
    vars(shown).pop("feature_names_in_", None)
    if model is not None:
        shown._model = model
        shown.coefs_, shown.intercepts_ = model.weights()
    return shown


def hold_out(estimator, data, labels, random_state):
    """`HeldOut` rows: those passed, those of a splitter, or a fraction drawn at random.

    Rows from the training data are taken out of `data.samples`.
    """
    given = estimator.validation_data
    if isinstance(given, tuple | list):
        return _given(estimator, data, given)
    if given is None:
        train, test = _fraction(estimator, data, random_state)
    elif hasattr(given, "split") and not isinstance(given, str):
        train, test = _first_split(given, labels)
    else:
        raise TypeError(
            f"validation_data must be None, (X, y), (X, y, sample_weight) or a splitter, got "
            f"{given!r}: pass one of these."
        )
    if len(test) < 2:
        remedy = "'validation_fraction' or the size of your dataset"
        if given is not None:
            remedy = "the rows that validation_data holds out"
        raise ValueError(f"The validation set is too small. Increase {remedy}.")
    data.samples = np.asarray(train, dtype=np.intp)
    weights = data.sample_weight
    for rows, what in ((train, "training"), (test, "held-out")):
        if weights is not None and not weights[rows].any():
            raise ValueError(
                f"The weight of every {what} row is zero: leave rows without weight out, or pass "
                "validation_data=(X, y)."
            )
    held_out = Data(
        data.X[test],
        data.targets[test],
        None if weights is None else check_total_weight(weights[test]),
        data.loss_name,
        data.loss_parameter,
    )
    return HeldOut(held_out, labels[test])


def _first_split(splitter, labels):
    remedy = "Pass (X, y), or a splitter whose split(X, y) yields train and test rows."
    with explained("validation_data", remedy):
        split = next(iter(splitter.split(np.zeros((len(labels), 1)), labels)), None)
        if split is None:
            raise ValueError(f"{splitter!r} yields no split.")
    return split


def _fraction(estimator, data, random_state):
    # stratified for two classes alone, as in scikit-learn
    two_classes = data.loss_name == "logistic_loss" and data.targets.shape[1] == 1
    return train_test_split(
        np.arange(len(data.targets)),
        random_state=random_state,
        test_size=estimator.validation_fraction,
        stratify=data.targets.astype(bool) if two_classes else None,
    )


def _given(estimator, data, given):
    if len(given) not in (2, 3):
        raise ValueError(
            f"validation_data has {len(given)} parts: pass (X, y), (X, y, sample_weight) or a "
            "splitter (PredefinedSplit, say, for rows of your choice)."
        )
    weights = None
    with explained("validation_data", "Pass rows, targets and weights as fit takes them."):
        X, y = validate_data(
            copy.copy(estimator),
            given[0],
            given[1],
            accept_sparse="csr",
            multi_output=True,
            y_numeric=estimator._y_numeric,
            dtype=data.X.dtype,
            reset=False,
        )
        if len(given) == 3:
            weights = check_total_weight(check_sample_weight(given[2], X.shape[0]))
        targets, _, _, _ = estimator._encode(y, data.targets.dtype, keeps=True, whole=False)
    if targets.shape[1:] != data.targets.shape[1:]:
        raise ValueError(
            f"y of validation_data has shape {y.shape}, that of fit has "
            f"{data.targets.shape[1:]} outputs: pass y with the same columns."
        )
    held_out = Data(X, targets, weights, data.loss_name, data.loss_parameter)
    return HeldOut(held_out, y)
