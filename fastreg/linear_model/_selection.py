"""Which alpha a cross-validation chooses."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Selection:
    """Positions along the path that was chosen, alphas in decreasing order.

    Attributes
    ----------
    path : int
        The path that has the smallest mean error: the position of l1_ratio.
    smallest : int
        Where its mean error is smallest; the largest alpha of several.
    one_se : int or None
        The largest alpha whose mean error is within one standard error of the smallest;
        None with a single split, which has no standard error.
    chosen : int
        What the rule chose.
    """

    path: int
    smallest: int
    one_se: int | None
    chosen: int

    @classmethod
    def of_errors(cls, errors, *, rule, max_increase):
        """From held-out errors (n_paths, n_splits, n_alphas).

        rule is "min" or "1se"; max_increase, where it is not None, allows the mean error to
        be larger than the smallest by this share.
        """
        mean = errors.mean(axis=1)
        path = int(np.argmin(mean.min(axis=1)))
        mean, n_splits = mean[path], errors.shape[1]
        smallest = int(np.argmin(mean))

        def largest_within(limit):
            return int(np.argmax(mean <= limit))

        one_se = None
        if n_splits > 1:
            spread = errors[path, :, smallest].std(ddof=1) / np.sqrt(n_splits)
            one_se = largest_within(mean[smallest] + spread)
        chosen = one_se if rule == "1se" else smallest
        if max_increase is not None:
            chosen = largest_within(mean[smallest] * (1 + max_increase))
        return cls(path, smallest, one_se, chosen)
