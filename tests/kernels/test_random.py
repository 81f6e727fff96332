"""The counter-based generator: known answers, and shuffles that are fair."""

import numpy as np
import pytest
from fastreg._kernels.random import permutation, words

# counter, key -> words of 20 rounds, as published with the generator
KNOWN = [
    ((0, 0, 0, 0), (0, 0, 0, 0), "9c6ca96a e17eae66 fc10ecd4 5256a7d8"),
    ((2**32 - 1,) * 4, (2**32 - 1,) * 4, "2a881696 57012287 f6c7446e a16a6732"),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0, 0x082EFA98, 0xEC4E6C89),
        "59cd1dbb b8879579 86b5d00c ac8b6d84",
    ),
]
TURNS = [(10, 26), (11, 21), (13, 27), (23, 5), (6, 20), (17, 11), (25, 10), (18, 20)]


def threefry(counter, key, rounds=20):
    """The formula, word by word."""
    mask = 2**32 - 1
    keys = [*key, 0x1BD11BDA ^ key[0] ^ key[1] ^ key[2] ^ key[3]]
    x = [(word + own) & mask for word, own in zip(counter, keys[:4], strict=True)]
    for r in range(rounds):
        for one, other, turn in ((0, 1, TURNS[r % 8][0]), (2, 3, TURNS[r % 8][1])):
            x[one] = (x[one] + x[other]) & mask
            x[other] = (x[other] << turn & mask | x[other] >> (32 - turn)) ^ x[one]
        x[1], x[3] = x[3], x[1]
        if r % 4 == 3:
            s = r // 4 + 1
            x = [(word + keys[(s + i) % 5]) & mask for i, word in enumerate(x)]
            x[3] = (x[3] + s) & mask
    return " ".join(f"{word:08x}" for word in x)


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_known_answers_of_the_formula(counter, key, answer):
    assert threefry(counter, key) == answer


@pytest.mark.parametrize("key", [0, 1, 2**64 - 1, 0x299F31D0A4093822])
@pytest.mark.parametrize(
    ("high", "low"), [(0, 0), (2**64 - 1, 2**64 - 1), (0x0370734413198A2E, 0x85A308D3243F6A88)]
)
def test_words_are_those_of_the_formula(key, high, low):
    halves = [part >> shift & (2**32 - 1) for part in (low, high) for shift in (0, 32)]
    wanted = threefry(halves, (key & (2**32 - 1), key >> 32, 0, 0), rounds=12)
    assert " ".join(f"{word:08x}" for word in words(key, high, low)) == wanted


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
