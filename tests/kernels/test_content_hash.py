"""The content hash tells arrays apart, and only by their content."""

from itertools import combinations

import numpy as np
import pytest
from fastreg._kernels.content_hash import content_hash

CHUNK = (1 << 16) // 8  # float64 numbers in a chunk
# 64-byte stripes, blocks of 16 of them, and what is left of one
LENGTHS = [1, 2, 7, 8, 9, 16, 43, 128, 150]


def bits(digest):
    return np.unpackbits(np.frombuffer(digest, np.uint8))


@pytest.mark.parametrize("n", LENGTHS)
def test_one_bit_changes_half_of_the_bits(n):
    X = np.random.default_rng(n).standard_normal(n)
    base = bits(content_hash(X))
    changed, seen = [], {content_hash(X)}
    for k in range(64 * n):
        words = X.view(np.uint64).copy()
        words[k // 64] ^= np.uint64(1) << np.uint64(k % 64)
        seen.add(content_hash(words))
        changed.append(np.count_nonzero(base != bits(content_hash(words))))
    assert len(seen) == 64 * n + 1
    assert min(changed) > 30
    assert max(changed) < 98
    assert 60 < np.mean(changed) < 68


@pytest.mark.parametrize("halves", [0, 1])
def test_every_output_bit_depends_on_every_input_word(halves):
    """Both words of the hash on their own, with an input far from random: zeros."""
    zeros = np.zeros(33, dtype=np.uint64)
    base = bits(content_hash(zeros))[64 * halves :][:64]
    for word in range(33):
        flips = np.zeros(64)
        for k in range(64):
            X = zeros.copy()
            X[word] = np.uint64(1) << np.uint64(k)
            flips += base != bits(content_hash(X))[64 * halves :][:64]
        assert flips.min() > 8
        assert flips.max() < 56


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_values", [2, 100])
def test_swapped_elements(dtype, n_values):
    """Also numbers most bits of which are zero, and few different ones."""
    X = np.random.default_rng(0).integers(n_values, size=90).astype(dtype)
    seen, different = {content_hash(X)}, 1
    for i, j in combinations(range(len(X)), 2):
        Z = X.copy()
        Z[i], Z[j] = X[j], X[i]
        if X[i] != X[j]:
            different += 1
            seen.add(content_hash(Z))
    assert len(seen) == different > 500


@pytest.mark.parametrize("distance", [4, 8, 64, 128, 1024, 4096])
def test_swapped_across_stripes_and_blocks(distance):
    """Numbers that come to the same lane, under the same key or another one."""
    X = np.random.default_rng(0).permutation(CHUNK).astype(np.float64)
    seen = {content_hash(X)}
    firsts = np.linspace(0, CHUNK - distance - 1, 1000).astype(int)
    for i in firsts:
        Z = X.copy()
        Z[[i, i + distance]] = X[[i + distance, i]]
        seen.add(content_hash(Z))
    assert len(seen) == 1 + len(firsts)


def test_signs_of_pairs():
    """Top bits of two words: what multiplication alone would lose."""
    X = np.ones(64)
    seen = set()
    for i, j in combinations(range(64), 2):
        Z = X.copy()
        Z[[i, j]] = -1
        seen.add(content_hash(Z))
    assert len(seen) == 64 * 63 // 2


def test_sparse_zeros_and_ones():
    rng = np.random.default_rng(1)
    arrays = (rng.random((20_000, 40)) < 0.1).astype(np.float64)
    distinct = np.unique(arrays, axis=0)
    assert len({content_hash(row) for row in distinct}) == len(distinct) > 15_000
    for half in (slice(0, 8), slice(8, 16)):
        assert len({content_hash(row)[half] for row in distinct}) == len(distinct)


def test_zeros_by_their_number_and_sign():
    assert len({content_hash(np.zeros(n, dtype=np.int8)) for n in range(300)}) == 300
    assert content_hash(np.array([0.0])) != content_hash(np.array([-0.0]))


def test_transposed():
    X = np.random.default_rng(0).standard_normal((30, 50))
    assert content_hash(X) != content_hash(X.T.copy())
    assert content_hash(X) == content_hash(X.T)  # the same memory
    assert content_hash(X) != content_hash(np.asfortranarray(X))


@pytest.mark.parametrize("shape", [(3, 7), (1, 9), (9, 1), (40, 33), (3000, 41), (5, 20_011)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_leading_dimension_makes_no_difference(shape, dtype):
    n, p = shape
    X = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    wide = np.full((n, p + 5), np.nan, dtype)
    wide[:, 2 : 2 + p] = X
    tall = np.full((n + 3, p), np.nan, dtype, order="F")
    tall[1 : 1 + n] = X
    assert content_hash(wide[:, 2 : 2 + p]) == content_hash(X)
    assert content_hash(tall[1 : 1 + n]) == content_hash(np.asfortranarray(X))


def test_where_it_lies_makes_no_difference():
    buffer = np.zeros(8 * 1000 + 64, dtype=np.uint8)
    X = np.random.default_rng(0).standard_normal(1000)
    for offset in (0, 1, 8, 16, 63):
        Z = buffer[offset : offset + 8000]
        Z[:] = X.view(np.uint8)
        assert content_hash(Z) == content_hash(X)
    X.flags.writeable = False
    assert content_hash(X) == content_hash(Z)


def test_chunks_count_in_their_order_and_not_by_threads():
    X = np.random.default_rng(0).standard_normal((5, CHUNK))
    one = content_hash(X)
    for n_threads in (2, 3, 16):
        assert content_hash(X, n_threads) == one
        assert content_hash(np.hstack([X, X])[:, :CHUNK], n_threads) == one
    seen = {one} | {content_hash(X[[1, 0, 2, 3, 4]]), content_hash(X[[0, 1, 2, 4, 3]])}
    for at in (0, CHUNK - 1, CHUNK, 5 * CHUNK - 1):
        Z = X.copy().ravel()
        Z[at] = np.nextafter(Z[at], 9)
        seen.add(content_hash(Z))
    assert len(seen) == 7


def test_refused():
    with pytest.raises(ValueError, match="unit stride"):
        content_hash(np.zeros((4, 6))[::2, ::2])
    with pytest.raises(ValueError, match="unit stride"):
        content_hash(np.zeros(6)[::2])
    with pytest.raises(ValueError, match="axes"):
        content_hash(np.zeros((2, 2, 2)))
    with pytest.raises(TypeError, match="array"):
        content_hash(3.0)
