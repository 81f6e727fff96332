"""The counter-based generator: known answers, and shuffles that are fair."""

import numpy as np
import pytest
from fastreg._kernels.random import permutation, words

# key, high, low -> words, as published with the generator
KNOWN = [
    (0, 0, 0, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    (2**64 - 1, 2**64 - 1, 2**64 - 1, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    (
        0x299F31D0A4093822,
        0x0370734413198A2E,
        0x85A308D3243F6A88,
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]


@pytest.mark.parametrize(("key", "high", "low", "answer"), KNOWN)
def test_known_answers(key, high, low, answer):
    assert " ".join(f"{word:08x}" for word in words(key, high, low)) == answer


def test_permutations_are_a_function_of_key_and_counter():
    for n in (0, 1, 2, 1000):
        order = permutation(n, 3, 1)
        assert sorted(order) == list(range(n))
        np.testing.assert_array_equal(order, permutation(n, 3, 1))
    assert (permutation(1000, 3, 1) != permutation(1000, 3, 2)).any()
    assert (permutation(1000, 3, 1) != permutation(1000, 4, 1)).any()


def test_permutations_are_uniform():
    """Each of the 24 orders of four numbers comes up about as often."""
    draws = 24000
    counts = {}
    for key in range(draws):
        order = tuple(permutation(4, key))
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 24
    chi2 = sum((count - draws / 24) ** 2 for count in counts.values()) / (draws / 24)
    assert chi2 < 60  # 23 degrees of freedom; derandomised, so it holds or it does not
