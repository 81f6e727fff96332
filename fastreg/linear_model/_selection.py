"""Which alpha a cross-validation chooses."""

from dataclasses import dataclass

import numpy as np

from fastreg._validation import check_number, check_option


@dataclass(frozen=True)
class Choice:
    """Positions in a list of alphas.

    Attributes
    ----------
    smallest : int
        Where the mean error is smallest; the first of several.
    one_se : int or None
        The largest alpha whose mean error is within one standard error of the smallest;
        None where there is no standard error.
    chosen : int
        What the rule chose.
    """

    smallest: int
    one_se: int | None
    chosen: int

    @classmethod
    def of_means(cls, mean, standard_error, *, rule, max_increase, strongest_first=None):
        """From mean errors (n_alphas,) and their standard errors (n_alphas,) or None.

        rule is "min" or "1se"; max_increase, where it is not None, allows the mean error to
        be larger than the smallest by this share. strongest_first are the positions in
        decreasing order of alpha, where they are not in that order.
        """
        order = np.arange(len(mean)) if strongest_first is None else strongest_first
        smallest = int(np.argmin(mean))

        def largest_within(limit):
            return int(order[np.argmax(mean[order] <= limit)])

        one_se = None
        if standard_error is not None:
            one_se = largest_within(mean[smallest] + standard_error[smallest])
        chosen = one_se if rule == "1se" else smallest
        if max_increase is not None:
            chosen = largest_within(mean[smallest] * (1 + max_increase))
        return cls(smallest, one_se, chosen)


def mean_over_splits(errors, axis):
    """The mean along the axis of the splits and its standard error; None for one split."""
    n_splits = errors.shape[axis]
    mean = errors.mean(axis=axis)
    if n_splits == 1:
        return mean, None
    return mean, errors.std(axis=axis, ddof=1) / np.sqrt(n_splits)


def choose_path(errors, *, rule, max_increase):
    """The path with the smallest mean error, and the choice along it.

    errors (n_paths, n_splits, n_alphas) of alphas in decreasing order.
    """
    mean, standard_error = mean_over_splits(errors, axis=1)
    path = int(np.argmin(mean.min(axis=1)))
    own_error = None if standard_error is None else standard_error[path]
    return path, Choice.of_means(mean[path], own_error, rule=rule, max_increase=max_increase)


def check_rule(rule, max_increase):
    """Raise unless the parameters selection_rule and max_loss_increase can be used."""
    check_option("selection_rule", rule, {"min", "1se"})
    if max_increase is not None:
        check_number("max_loss_increase", max_increase, low=0)
        if rule != "min":
            raise ValueError(
                "max_loss_increase and selection_rule='1se' are two rules: "
                "leave one at its default."
            )


def check_n_splits(n_splits, rule):
    """Raise where the rule needs more splits than there are."""
    if n_splits == 1 and rule == "1se":
        raise ValueError(
            "selection_rule='1se' needs the spread over splits and cv yields a single one: "
            "pass cv with more, or selection_rule='min'."
        )


def check_trained(splits, sample_weight):
    """Raise where the training or the test rows of a split have no weight."""
    if sample_weight is None:
        return
    for k, split in enumerate(splits):
        trained = split.train_counts(len(sample_weight)) > 0
        for name, rows in (("training", trained), ("test", split.test)):
            if not sample_weight[rows].any():
                raise ValueError(
                    f"Split {k} of cv has {name} rows whose weights are all zero: drop rows "
                    "without weight, or use other splits."
                )


def refuse_metadata(estimator, params):
    """Raise where fit was passed metadata that is not routed."""
    if params:
        raise ValueError(
            f"Passing extra keyword arguments to {type(estimator).__name__}.fit is only supported "
            "if enable_metadata_routing=True, which sklearn.set_config sets. Passed were: "
            f"{sorted(params)}."
        )
