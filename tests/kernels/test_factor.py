"""A Cholesky factor, or its inverse, that follows a changing face solves as a new one does."""

import numpy as np
import pytest
from fastreg._kernels.descent import descend
from fastreg._kernels.factor import FaceFactor
from fastreg._kernels.inverse_factor import InverseFactor
from fastreg._kernels.penalty import Penalty
from fastreg._kernels.smooth import Gram

K = 40


@pytest.fixture(params=[FaceFactor, InverseFactor])
def new_factor(request):
    return request.param


def gram_of(A):
    return Gram(np.ascontiguousarray(A.T @ A), np.zeros((1, K)), np.zeros((1, K)), 1.0)


def expected(A, face, diagonal, b):
    return np.linalg.solve(A[:, face].T @ A[:, face] + np.diag(diagonal), b)


@pytest.mark.parametrize("l2", [0.0, 0.7])
def test_faces_that_change_a_little_and_a_lot(l2, new_factor):
    rng = np.random.RandomState(0)
    A = rng.standard_normal((60, K))
    smooth, factor = gram_of(A), new_factor(K)
    face = list(rng.permutation(K)[:25])
    for step in range(60):
        n_changes = 12 if step % 20 == 19 else rng.randint(0, 4)
        for _ in range(n_changes):  # some leave, some join
            face.pop(rng.randint(len(face)))
            face.append(rng.choice(np.setdiff1d(np.arange(K), face)))
        if rng.random() < 0.3 and len(face) > 5:
            face.pop()
        elif rng.random() < 0.5 and len(face) < K:
            face.append(rng.choice(np.setdiff1d(np.arange(K), face)))
        chosen, b = np.array(face), rng.standard_normal(len(face))
        diagonal = np.full(len(face), l2)
        x = factor.solve_on(smooth, chosen, diagonal, b)
        np.testing.assert_allclose(x, expected(A, chosen, diagonal, b), rtol=1e-9, atol=1e-10)
        assert factor.size >= len(face)


def test_another_diagonal_is_another_matrix(new_factor):
    rng = np.random.RandomState(1)
    A = rng.standard_normal((60, K))
    smooth, factor = gram_of(A), new_factor(K)
    face, b = np.arange(10), rng.standard_normal(10)
    for l2 in (0.0, 1.0, 3.0, 1.0):
        diagonal = np.full(10, l2)
        x = factor.solve_on(smooth, face, diagonal, b)
        np.testing.assert_allclose(x, expected(A, face, diagonal, b), rtol=1e-10)


def test_columns_that_depend_on_others_are_held(new_factor):
    """With a twin in the face the rest is solved as if the twin were not there."""
    rng = np.random.RandomState(2)
    A = rng.standard_normal((60, K))
    A[:, 5] = A[:, 3]
    A[:, 7] = A[:, 1] - 2 * A[:, 2]
    factor = new_factor(K)
    face, b = np.arange(10), rng.standard_normal(10)
    x = factor.solve_on(gram_of(A), face, np.zeros(10), b)
    rest = np.array([0, 1, 2, 3, 4, 6, 8, 9])
    assert x[5] == 0
    assert x[7] == 0
    np.testing.assert_allclose(x[rest], expected(A, rest, np.zeros(8), b[rest]), rtol=1e-8)


def test_stale_columns_give_way_where_there_are_more_than_rows(new_factor):
    """Old and new columns together are dependent; the new ones alone are not."""
    rng = np.random.RandomState(3)
    A = rng.standard_normal((12, K))
    smooth, factor = gram_of(A), new_factor(K)
    face = np.arange(12)
    for shift in range(0, 8, 2):
        b = rng.standard_normal(12)
        x = factor.solve_on(smooth, face + shift, np.zeros(12), b)
        wanted = expected(A, face + shift, np.zeros(12), b)
        np.testing.assert_allclose(x, wanted, rtol=1e-6)


def test_too_many_dependent_columns_are_refused(new_factor):
    A = np.outer(np.ones(50), np.ones(K))
    factor = new_factor(K)
    assert factor.solve_on(gram_of(A), np.arange(K), np.zeros(K), np.ones(K)) is None


@pytest.mark.parametrize("l2", [0.0, 2.0])
@pytest.mark.parametrize("positive", [False, True])
def test_a_kept_factor_changes_no_solution(positive, l2, new_factor):
    """Collinear columns, which sweeps alone take thousands for."""
    rng = np.random.RandomState(4)
    A = rng.standard_normal((60, 1)) + 0.05 * rng.standard_normal((60, K))
    y = A @ np.where(rng.random(K) < 0.4, rng.standard_normal(K), 0) + rng.standard_normal(60)
    G, c = np.ascontiguousarray(A.T @ A), A.T @ y
    factor, w = new_factor(K), np.zeros((1, K))
    for l1 in np.abs(c).max() * np.geomspace(0.5, 1e-3, 12):
        penalty = Penalty(l1, l2, positive)
        gradient = np.ascontiguousarray((c - G @ w[0])[None])
        squared = float(np.sum((y - A @ w[0]) ** 2))
        smooth = Gram(G, gradient, w, squared)
        n_sweeps, _ = descend(smooth, penalty, w, 500, 1e-12 * (y @ y), 1e-9, None, factor)
        assert n_sweeps < 100
        gradient = c - G @ w[0] - l2 * w[0]
        used = w[0] != 0
        np.testing.assert_allclose(gradient[used], l1 * np.sign(w[0][used]), atol=1e-6 * l1)
        beyond = gradient[~used] if positive else np.abs(gradient[~used])
        assert (beyond <= l1 * (1 + 1e-6)).all()


@pytest.mark.parametrize("n_gone", [1, 3])
def test_members_leave_from_anywhere(n_gone, new_factor):
    """More than one block of rows is turned after the first of them."""
    A = np.random.default_rng(0).standard_normal((60, K))
    smooth, factor = gram_of(A), new_factor(K)
    b = np.arange(1.0, K + 1)
    for first in (0, 1, K // 2, K - n_gone):
        everyone = np.arange(K)
        factor.solve_on(smooth, everyone, np.zeros(K), b)
        face = np.delete(everyone, np.arange(first, first + n_gone))
        x = factor.solve_on(smooth, face, np.zeros(len(face)), b[face])
        H = A[:, face].T @ A[:, face]
        np.testing.assert_allclose(H @ x, b[face], rtol=1e-9)
        assert factor.size == len(face)
