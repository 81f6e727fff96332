"""Splits, groups of rows, training sets and held-out errors, against rows in NumPy."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import KFold, LeaveOneOut, RepeatedKFold, ShuffleSplit, TimeSeriesSplit

from fastreg._engine import folds as engine
from fastreg._engine import held_out, moments
from fastreg._engine.design import Design
from fastreg._engine.folds import DesignFolds, MomentFolds, make_folds
from fastreg._engine.splits import as_splits, group_rows

N, P, T = 42, 4, 2
RNG = np.random.RandomState(0)
X = RNG.standard_normal((N, P)) * [1, 10, 0.1, 1] + [0, 3, 3, -50]
Y = X @ RNG.standard_normal((P, T)) + RNG.standard_normal((N, T)) + 4
WEIGHTS = RNG.uniform(0.2, 2, N)

SPLITTERS = {
    "partition": KFold(4),
    "shuffled": KFold(3, shuffle=True, random_state=0),
    "growing": TimeSeriesSplit(4),
    "overlapping": ShuffleSplit(5, test_size=0.3, random_state=0),
    "small training sets": ShuffleSplit(3, train_size=0.2, test_size=0.4, random_state=0),
    "repeated": RepeatedKFold(n_splits=3, n_repeats=2, random_state=0),
    "leave one out": LeaveOneOut(),
}


def pairs_of(name):
    if name == "repeated rows":
        rng = np.random.RandomState(1)
        return [(rng.randint(0, N, 30), rng.randint(0, N, 9)) for _ in range(3)]
    if name == "tested on what is trained on":
        return [(np.arange(30), np.arange(20)), (np.arange(N), np.arange(3))]
    return list(SPLITTERS[name].split(X))


ALL = [*SPLITTERS, "repeated rows", "tested on what is trained on"]


def rows_of(train, weights):
    return X[train], Y[train], None if weights is None else weights[train]


def trained_directly(train, weights, **options):
    A, B, w = rows_of(train, weights)
    return Design(A, B, sample_weight=w, **options)


def assert_same_design(got, wanted):
    norms = np.sqrt(wanted.sq_norm)
    p = len(norms)
    assert got.total_weight == pytest.approx(wanted.total_weight)
    np.testing.assert_allclose(got.mean, wanted.mean, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(got.target_mean, wanted.target_mean, rtol=1e-10)
    np.testing.assert_allclose(got.squared_norms, wanted.squared_norms, rtol=1e-8)
    np.testing.assert_allclose(got.sq_norm, wanted.sq_norm, rtol=1e-8)
    gram = got.gram(np.arange(p)) if got.known_gram is None else got.known_gram
    error = np.abs(gram - wanted.gram(np.arange(p)))
    assert (error <= 1e-8 * np.outer(norms, norms)).all()


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_training_sets(name, weights, fit_intercept):
    pairs = pairs_of(name)
    splits = as_splits(pairs, N)
    options = {"sample_weight": weights, "fit_intercept": fit_intercept}
    for folds in (
        MomentFolds(X, Y, splits, **options),
        DesignFolds(X, Y, splits, **options),
        DesignFolds(sp.csc_matrix(X), Y, splits, **options),
    ):
        assert_same_design(
            folds.full(), Design(X, Y, sample_weight=weights, fit_intercept=fit_intercept)
        )
        for k, (train, _) in enumerate(pairs[:6]):
            wanted = trained_directly(train, weights, fit_intercept=fit_intercept)
            assert_same_design(folds.fold(k)[0], wanted)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
def test_held_out_errors(name, weights, standardize, monkeypatch):
    monkeypatch.setattr(held_out, "BLOCK_ELEMENTS", 24)  # several blocks of everything
    pairs = pairs_of(name)
    splits = as_splits(pairs, N)
    W = np.random.RandomState(3).standard_normal((5, T, P))
    W[:, :, 2] = 0
    options = {"sample_weight": weights, "fit_intercept": True, "standardize": standardize}
    for kind, matrix in (
        (MomentFolds, X),
        (DesignFolds, X),
        (DesignFolds, np.asfortranarray(X)),
        (DesignFolds, sp.csc_matrix(X)),
        (DesignFolds, sp.csc_array(X)),
    ):
        folds = kind(matrix, Y, splits, **options)
        for k, (train, test) in enumerate(pairs[:6]):
            A, B, w = rows_of(train, weights)
            m, my = np.average(A, axis=0, weights=w), np.average(B, axis=0, weights=w)
            deviation = np.sqrt(np.average((A - m) ** 2, axis=0, weights=w))
            coefs = W / deviation if standardize else W
            residual = Y[test] - my - np.einsum("ip,ktp->kit", X[test] - m, coefs)
            w = None if weights is None else weights[test]
            wanted = np.average(residual**2, axis=1, weights=w).mean(axis=1)
            design, held = folds.fold(k)
            np.testing.assert_allclose(held.errors(W, design), wanted, rtol=1e-8)


def test_errors_from_moments_that_cancel_are_taken_from_rows(monkeypatch):
    """A fit that leaves next to nothing: y'y - 2w'c + w'Gw has no digits left."""
    w = np.array([[1.0, 2, -3, 1]])
    y = X @ w.T
    folds = MomentFolds(X, y, as_splits(KFold(2).split(X), N), sample_weight=None,
                        fit_intercept=True)  # fmt: skip
    design, held = folds.fold(0)
    rows = []
    from_rows = type(held)._from_rows
    monkeypatch.setattr(type(held), "_from_rows", lambda *a: rows.append(1) or from_rows(*a))
    assert held.errors(w[np.newaxis], design)[0] < 1e-24
    assert len(rows) == 1
    assert held.errors(0.5 * w[np.newaxis], design)[0] > 1
    assert len(rows) == 1


def test_one_pass_for_a_partition(monkeypatch):
    """Every row is read once, whatever the number of folds."""
    read = []
    of_rows = moments.moments_of_rows
    monkeypatch.setattr(engine, "moments_of_rows", lambda *a: read.append(len(a[2])) or of_rows(*a))
    folds = MomentFolds(X, Y, as_splits(KFold(6).split(X), N), sample_weight=None,
                        fit_intercept=True)  # fmt: skip
    for k in range(6):
        folds.fold(k)
    assert sum(read) == N
    assert len(read) == 6


def test_a_fold_on_another_scale_keeps_its_digits():
    """Shuffled splits subtract; where that loses digits, rows are read again."""
    big = X.copy()
    big[:8] *= 1e6
    pairs = list(ShuffleSplit(12, test_size=8, random_state=0).split(X))
    pairs.append((np.arange(8, N), np.arange(8)))
    folds = MomentFolds(big, Y, as_splits(pairs, N), sample_weight=None, fit_intercept=True)
    assert folds.groups is None
    for k, (train, _) in enumerate(pairs):
        got, wanted = folds.fold(k)[0], Design(big[train], Y[train])
        norms = np.sqrt(wanted.sq_norm)
        error = np.abs(got.known_gram - wanted.gram(np.arange(P)))
        assert (error <= 1e-7 * np.outer(norms, norms)).all()


@given(st.integers(0, 2**31 - 1))
def test_groups_are_treated_alike(seed):
    rng = np.random.RandomState(seed)
    n, n_splits = rng.randint(2, 9), rng.randint(1, 4)
    pairs = [
        (rng.randint(0, n, rng.randint(1, 9)), rng.randint(0, n, rng.randint(1, 9)))
        for _ in range(n_splits)
    ]
    groups = group_rows(as_splits(pairs, n), n)
    assert sorted(np.concatenate(groups.rows)) == list(range(n))
    for k, (train, test) in enumerate(pairs):
        for g, rows in enumerate(groups.rows):
            assert (np.bincount(train, minlength=n)[rows] == groups.train_counts[k, g]).all()
            assert (np.bincount(test, minlength=n)[rows] == groups.test_counts[k, g]).all()


def test_what_makes_a_partition():
    def is_partition(cv):
        groups = group_rows(as_splits(cv, N), N)
        return groups is not None and groups.is_partition

    thirds = list(KFold(3, shuffle=True, random_state=1).split(X))
    assert is_partition(thirds)
    assert is_partition(thirds[:2])  # the rest is always trained on
    assert not is_partition([(train[1:], test) for train, test in thirds])
    assert not is_partition([(train, np.repeat(test, 2)) for train, test in thirds])
    assert not is_partition(TimeSeriesSplit(3).split(X))
    assert group_rows(as_splits(LeaveOneOut().split(np.ones(300)), 300), 300) is None


def test_a_complement_is_not_stored():
    every = np.arange(N)
    splits = as_splits([(every[3:], every[:3]), (every[3:], every[:2]), (every > 4, every < 5)], N)
    assert [split.train is None for split in splits] == [True, False, True]
    np.testing.assert_array_equal(splits[2].test, every[:5])


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([], "no splits"),
        ([([], [0])], "Split 0 of cv has no training rows"),
        ([([1], [0]), ([0], [])], "Split 1 of cv has no test rows"),
        ([([1, N], [0])], "Split 0 of cv has training rows that cannot be used"),
        ([([1], ["a"])], "test rows that cannot be used"),
        ([([1], 2)], "Split 0 of cv has test rows with 0 axes"),
        ([([[0, 1]], [2])], "Split 0 of cv has training rows with 2 axes"),
        ([([1], [2]), ([1], [2], [3])], "Split 1 of cv is not a pair"),
        ([1], "Split 0 of cv is not a pair"),
    ],
)
def test_splits_that_cannot_be_used(pairs, message):
    with pytest.raises(ValueError, match=message):
        as_splits(pairs, N)


def test_which_way():
    splits = as_splits(KFold(2).split(X), N)
    options = {"sample_weight": None, "fit_intercept": True}
    wide = np.random.RandomState(0).standard_normal((N, 300))
    assert type(make_folds(X, Y, splits, **options)) is MomentFolds
    assert type(make_folds(wide, Y, splits, **options)) is DesignFolds
    assert type(make_folds(wide, Y, splits, whole_gram=True, **options)) is MomentFolds
    tall = np.random.RandomState(0).standard_normal((300 * 16, 300))
    two = as_splits(KFold(2).split(tall), len(tall))
    assert type(make_folds(tall, tall[:, :1], two, **options)) is MomentFolds
    assert type(make_folds(sp.csc_matrix(X), Y, splits, **options)) is DesignFolds
