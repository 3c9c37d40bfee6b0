"""The reference's random numbers: published answers, the rule that maps words, and moments."""

import numpy as np
import pytest

from fastnn import reference
from fastnn.reference.random import philox_4x32

# Known-answer vectors of philox4x32-10 from the Random123 distribution.
KNOWN_ANSWERS = [
    # counter, key, words
    ("00000000 00000000 00000000 00000000", "00000000 00000000",
     "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
     "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
     "d16cfe09 94fdcceb 5001e420 24126ea1"),
]  # fmt: skip


def words(text):
    return tuple(int(word, 16) for word in text.split())


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN_ANSWERS)
def test_philox_gives_the_known_answers(counter, key, expected):
    assert philox_4x32(words(counter), words(key)) == words(expected)


@pytest.mark.parametrize(
    ("seed", "stream", "counter"),
    [
        (0, 0, 0),
        (1, 2, 3),
        (0xA4093822, 0, 0),
        (2**64 - 1, 2**32 - 1, 2**32 - 1),
        (0x299F31D0A4093822, 7, 9),
        (5, 2**32 + 7, 2**40 + 9),  # only the low 32 bits count
    ],
)
def test_words_come_from_counter_and_key(seed, stream, counter):
    got = reference.random_uint32(11, seed=seed, stream=stream, counter=counter)
    key = (seed % 2**32, seed // 2**32)
    blocks = [philox_4x32((b, 0, stream % 2**32, counter % 2**32), key) for b in range(3)]
    assert got.dtype == np.uint32
    assert got.tolist() == np.ravel(blocks)[:11].tolist()


@pytest.mark.parametrize("name", ["random_uint32", "random_uniform", "random_normal"])
def test_a_shorter_sequence_is_a_prefix(name):
    whole = getattr(reference, name)(13, seed=3, stream=1)
    for n in range(13):
        np.testing.assert_array_equal(
            getattr(reference, name)(n, seed=3, stream=1), whole[:n], strict=True
        )


@pytest.mark.parametrize("changed", [{"seed": 4}, {"seed": 2**32}, {"stream": 1}, {"counter": 1}])
def test_sequences_differ(changed):
    base = reference.random_uint32(8, seed=0)
    assert not np.any(base == reference.random_uint32(8, **{"seed": 0, **changed}))


def test_uniform_numbers_are_the_high_bits_of_words():
    u = reference.random_uint32(20, seed=7, stream=2, counter=5).astype(np.uint64)
    single = reference.random_uniform(20, seed=7, stream=2, counter=5)
    assert single.dtype == np.float32
    np.testing.assert_array_equal(single, np.ldexp((u >> 8).astype(np.float64), -24))
    double = reference.random_uniform(10, seed=7, stream=2, counter=5, dtype="float64")
    assert double.dtype == np.float64
    bits = (u[::2] >> 5 << 26) | (u[1::2] >> 6)
    np.testing.assert_array_equal(double, np.ldexp(bits.astype(np.float64), -53))


def test_normal_numbers_are_box_mullers():
    u = reference.random_uniform(12, seed=9, dtype="float64")
    z = np.sqrt(-2 * np.log1p(-u[::2])) * np.exp(2j * np.pi * u[1::2])
    expected = np.stack([z.real, z.imag], -1).ravel()
    double = reference.random_normal(12, seed=9, dtype="float64")
    np.testing.assert_allclose(double, expected, rtol=1e-14, atol=1e-15)
    single = reference.random_normal(11, seed=9)
    assert single.dtype == np.float32
    np.testing.assert_array_equal(single, double[:11].astype(np.float32))


@pytest.mark.parametrize("dtype", ["float32", "float64", np.float32, np.dtype(np.float64)])
def test_moments(dtype):
    n = 8000
    uniform = reference.random_uniform(n, seed=1, dtype=dtype)
    normal = reference.random_normal(n, seed=1, dtype=dtype)
    assert uniform.min() >= 0
    assert uniform.max() < 1
    # five standard errors each
    assert abs(uniform.mean() - 0.5) < 5 * np.sqrt(1 / 12 / n)
    assert abs(uniform.var() - 1 / 12) < 5 * np.sqrt(1 / 180 / n)
    assert abs(normal.mean()) < 5 * np.sqrt(1 / n)
    assert abs(normal.var() - 1) < 5 * np.sqrt(2 / n)
    assert abs(np.mean(normal[::2] * normal[1::2])) < 5 * np.sqrt(2 / n)
