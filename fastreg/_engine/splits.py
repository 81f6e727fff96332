"""Splits of cross-validation as row indices, and groups of rows that they treat alike."""

from dataclasses import dataclass

import numpy as np

# With more splits than this, or more (split, group) pairs that don't make a partition,
# groups cost more than they save.
MAX_SPLITS = 256
MAX_PAIRS = 512


@dataclass(frozen=True)
class Split:
    """Row numbers; `train` is None where it is every row that is not in `test`.

    A row may be there more than once, and then counts as often.
    """

    test: np.ndarray
    train: np.ndarray | None

    def train_counts(self, n_samples):
        """How often each row is trained on."""
        if self.train is None:
            counts = np.ones(n_samples, dtype=np.intp)
            counts[self.test] = 0
            return counts
        return np.bincount(self.train, minlength=n_samples)

    def test_rows(self):
        """The distinct rows held out, ascending, and how often each is."""
        if np.all(self.test[1:] > self.test[:-1]):
            return self.test, None
        rows, counts = np.unique(self.test, return_counts=True)
        return rows, None if counts.max() == 1 else counts


def as_splits(pairs, n_samples):
    """`Split`s from an iterable of (train, test), each indices, a mask or a slice.

    The complement of a test set isn't stored: leave-one-out takes no n^2 memory.
    """
    every = np.arange(n_samples)
    splits = []
    for k, pair in enumerate(pairs):
        try:
            train, test = pair
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"Split {k} of cv is not a pair: yield (train, test), the row numbers of each."
            ) from error
        rows = {}
        for name, chosen in (("training", train), ("test", test)):
            try:
                rows[name] = every[chosen]
            except (IndexError, TypeError, ValueError) as error:
                raise ValueError(
                    f"Split {k} of cv has {name} rows that cannot be used: {error}. Pass row "
                    f"numbers from 0 to {n_samples - 1}."
                ) from error
            if np.ndim(rows[name]) != 1:
                raise ValueError(
                    f"Split {k} of cv has {name} rows with {np.ndim(rows[name])} axes: pass a "
                    "flat list of row numbers."
                )
            if rows[name].size == 0:
                raise ValueError(f"Split {k} of cv has no {name} rows: use fewer or other splits.")
        seen = np.bincount(rows["training"], minlength=n_samples)
        seen[rows["test"]] += 1
        # += counts a repeated row once, which is what a complement is about
        complement = bool((seen == 1).all())
        splits.append(Split(rows["test"], None if complement else rows["training"]))
    if not splits:
        raise ValueError("cv yields no splits: pass one that yields at least one.")
    return splits


@dataclass(frozen=True)
class Groups:
    """Rows that all splits treat alike.

    rows[g] are ascending; train_counts and test_counts (n_splits, n_groups) say how
    often the rows of a group are trained on and held out.
    """

    rows: list
    train_counts: np.ndarray
    test_counts: np.ndarray

    @property
    def is_partition(self):
        """Whether split k holds out group k once and trains on all others once; the last
        group may be trained on always."""
        own = np.eye(*self.train_counts.shape)
        return (
            own.shape[1] - own.shape[0] in (0, 1)
            and np.array_equal(self.train_counts, 1 - own)
            and np.array_equal(self.test_counts, own)
        )


def group_rows(splits, n_samples):
    """Groups, or None if they were too many to help."""
    if len(splits) > MAX_SPLITS:
        return None
    codes = _codes_of_partition(splits, n_samples)
    if codes is None:
        codes = _codes(splits, n_samples, MAX_PAIRS // len(splits))
    if codes is None:
        return None
    order = np.argsort(codes, kind="stable")
    rows = np.split(order, np.cumsum(np.bincount(codes))[:-1])
    first = np.array([group[0] for group in rows])
    train = np.array([split.train_counts(n_samples)[first] for split in splits])
    test = np.array([np.bincount(split.test, minlength=n_samples)[first] for split in splits])
    return Groups(rows, train, test)


def _codes_of_partition(splits, n_samples):
    """Which split holds each row out, where no row is held out twice."""
    if any(split.train is not None for split in splits):
        return None
    held_out = np.zeros(n_samples, dtype=np.intp)
    codes = np.full(n_samples, len(splits), dtype=np.intp)
    for k, split in enumerate(splits):
        held_out += np.bincount(split.test, minlength=n_samples)
        codes[split.test] = k
    return codes if held_out.max() <= 1 else None


def _codes(splits, n_samples, limit):
    codes = np.zeros(n_samples, dtype=np.intp)
    for split in splits:
        train = split.train_counts(n_samples)
        test = np.bincount(split.test, minlength=n_samples)
        key = train * (test.max() + 1) + test
        codes = np.unique(codes * (key.max() + 1) + key, return_inverse=True)[1]
        if codes.max() >= limit:
            return None
    return codes
