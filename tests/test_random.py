"""Compiled random numbers: published words, any stretch, threads, instruction sets, errors."""

import os
import sys

import numpy as np
import pytest

import fastnn as fn
from fastnn import functional, reference
from fastnn._core import random as core
from fastnn.reference.random import philox_4x32
from isas import FUSED, ISAS, results_by_isa
from test_reference_random import KNOWN_ANSWERS, words
from tolerances import LOGARITHM_ULP, NORMAL_ULP, SINE_ULP, ulp

KEY = (2**63 + 5, 3, 7)  # seed, stream, counter
WHOLE = 700  # several batches of the widest vectors' blocks
FILLS = [
    ("uint32", core.fill_uint32, np.uint32),
    ("uniform float32", core.fill_uniform, np.float32),
    ("uniform float64", core.fill_uniform, np.float64),
    ("normal float32", core.fill_normal, np.float32),
    ("normal float64", core.fill_normal, np.float64),
]
fills = pytest.mark.parametrize(
    ("fill", "dtype"), [f[1:] for f in FILLS], ids=[f[0] for f in FILLS]
)


def filled(fill, dtype, n, row=0, first=0, n_threads=1, key=KEY):
    out = np.empty(n, dtype)
    fill(out, *key, row, first, n_threads)
    return out


def kept(n, *, row, first, rate, n_threads=1, key=KEY):
    """Which of n elements dropout keeps of rows row … row + 15, (n, 16), as the bits say."""
    bits = np.full((-(-n // 32), 16), 0x55555555, np.uint32)
    core.fill_bits(bits, *key, row, first, n, rate, n_threads)
    element = np.arange(n)
    return (bits[element // 32] >> (element % 32)[:, None]) & 1 == 1


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN_ANSWERS)
def test_words_are_the_published_ones(counter, key, expected):
    (block, row, *sequence), (low, high) = words(counter), words(key)
    out = np.empty(4, np.uint32)
    core.fill_uint32(out, low + (high << 32), *sequence, row, 4 * block, 1)
    assert tuple(out.tolist()) == words(expected)


def test_words_are_those_of_the_reference():
    expected = reference.random_uint32(WHOLE, seed=KEY[0], stream=KEY[1], counter=KEY[2])
    np.testing.assert_array_equal(filled(core.fill_uint32, np.uint32, WHOLE), expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uniform_numbers_are_those_of_the_reference(dtype):
    expected = reference.random_uniform(
        WHOLE, seed=KEY[0], stream=KEY[1], counter=KEY[2], dtype=dtype
    )
    result = filled(core.fill_uniform, dtype, WHOLE)
    np.testing.assert_array_equal(result, expected, strict=True)


@fills
def test_every_stretch_is_a_part_of_the_whole(fill, dtype):
    whole = filled(fill, dtype, WHOLE)
    for first in [*range(9), 15, 16, 17, 31, 33, 63, 127, 128, 129]:
        for n in [*range(150), 255, 256, 257, 511, 512, 513]:
            guarded = np.full(n + 2, 77, dtype)
            fill(guarded[1:-1], *KEY, 0, first, 1)
            assert guarded[1:-1].tobytes() == whole[first : first + n].tobytes(), (first, n)
            assert guarded[0] == guarded[-1] == 77, (first, n)


def test_rows_are_words_of_the_counter_and_a_long_one_goes_on_in_the_next():
    seed, stream, counter = KEY
    for row, block in [(1, 0), (5, 2**32 - 3), (2**32 - 2, 2**32 - 3)]:
        blocks = [((block + i) % 2**32, row + (block + i) // 2**32) for i in range(7)]
        expected = [
            philox_4x32((*at, stream, counter), (seed % 2**32, seed >> 32)) for at in blocks
        ]
        result = filled(core.fill_uint32, np.uint32, 28, row, 4 * block)
        np.testing.assert_array_equal(result, np.ravel(expected))


@fills
def test_numbers_do_not_depend_on_the_number_of_threads(fill, dtype, threads_for_all_work):
    expected = filled(fill, dtype, 50_001, first=3)
    for n_threads in (2, 3, 7):
        result = filled(fill, dtype, 50_001, first=3, n_threads=n_threads)
        assert result.tobytes() == expected.tobytes()


@pytest.mark.parametrize("name", ["random_uint32", "random_uniform", "random_normal"])
def test_operations_do_not_depend_on_the_number_of_threads(name, threads_for_all_work):
    operation = getattr(functional, name)
    expected = operation(30_001, seed=4, n_threads=1)
    for n_threads in (2, 3, 7):
        assert operation(30_001, seed=4, n_threads=n_threads).tobytes() == expected.tobytes()


@pytest.mark.parametrize("rate", [0.0, 2.0**-24, 0.3, 0.5, 1 - 2.0**-24, 1.0])
def test_bits_say_whether_the_rows_uniform_numbers_are_at_least_the_rate(rate):
    for row, first, n in [(0, 0, 40), (16, 4, 3), (2**32 - 20, 8, 9), (7, 2**34 - 32, 65)]:
        uniform = np.stack(
            [filled(core.fill_uniform, np.float32, n, row + lane, first) for lane in range(16)], 1
        )
        np.testing.assert_array_equal(kept(n, row=row, first=first, rate=rate), uniform >= rate)


def test_bits_drop_the_very_number_above_which_their_rate_lies():
    number = filled(core.fill_uniform, np.float32, 1)[0].astype(np.float64)
    for rate, stays in [(number, True), (np.nextafter(number, 1), False), (number + 2**-24, False)]:
        assert kept(1, row=0, first=0, rate=rate)[0, 0] == stays


def test_every_stretch_of_bits_is_a_part_of_the_whole():
    whole = kept(120, row=32, first=0, rate=0.4)
    for first in range(0, 40, 4):
        for n in range(70):
            guarded = np.full((-(-n // 32) + 2, 16), 77, np.uint32)
            core.fill_bits(guarded[1:-1], *KEY, 32, first, n, 0.4, 1)
            assert np.all(guarded[[0, -1]] == 77)
            result = kept(n, row=32, first=first, rate=0.4)
            np.testing.assert_array_equal(result, whole[first : first + n])


def test_bits_do_not_depend_on_the_number_of_threads(threads_for_all_work):
    expected = kept(20_003, row=5, first=4, rate=0.5)
    for n_threads in (2, 3, 7):
        result = kept(20_003, row=5, first=4, rate=0.5, n_threads=n_threads)
        assert result.tobytes() == expected.tobytes()


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_bits_drop_their_share(rate):
    n = 20_000
    dropped = ~kept(n, row=0, first=0, rate=rate)
    five_errors = 5 * np.sqrt(rate * (1 - rate) / n)
    np.testing.assert_allclose(dropped.mean(0), rate, rtol=0, atol=five_errors)
    assert abs(dropped.mean() - rate) < five_errors / 4


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_moments(dtype):
    n = 400_000
    uniform = functional.random_uniform(n, seed=1, dtype=dtype).astype(np.float64)
    normal = functional.random_normal(n, seed=1, dtype=dtype).astype(np.float64)
    # five standard errors each
    assert uniform.min() >= 0
    assert uniform.max() < 1
    assert abs(uniform.mean() - 0.5) < 5 * np.sqrt(1 / 12 / n)
    assert abs(uniform.var() - 1 / 12) < 5 * np.sqrt(1 / 180 / n)
    assert abs(normal.mean()) < 5 * np.sqrt(1 / n)
    assert abs(normal.var() - 1) < 5 * np.sqrt(2 / n)
    assert abs(np.mean(normal**3)) < 5 * np.sqrt(15 / n)
    assert abs(np.mean(normal**4) - 3) < 5 * np.sqrt(96 / n)
    assert abs(np.mean(normal[::2] * normal[1::2])) < 5 * np.sqrt(1 / n)
    assert abs(np.mean(np.abs(normal) > 2) - 0.0455) < 5 * np.sqrt(0.0455 / n)


def words_of(numerators):
    """The pairs of words that become these 53-bit numbers · 2⁻⁵³."""
    numerators = np.asarray(numerators, np.uint64)
    return np.stack([numerators >> 26 << 5, (numerators & (2**26 - 1)) << 6], -1).astype(np.uint32)


def box_muller(first, second):
    """Two normal numbers from each two 53-bit numerators; their count is a multiple of 8."""
    out = np.empty((len(first), 2))
    core.box_muller(np.concatenate([words_of(first), words_of(second)], -1).ravel(), out.ravel())
    return out


def around(*fractions):
    """Numerators of 53 bits at and near these fractions of 2⁵³, closer and closer, and between."""
    near = np.concatenate([np.arange(-64, 65), *(s * 2 ** np.arange(6, 52) for s in (-1, 1))])
    exact = np.array([int(f * 2**53) for f in fractions])[:, None] + near
    random = np.random.default_rng(1).integers(0, 2**53, 200_000)
    found = np.concatenate([exact.ravel(), random])
    found = found[(found >= 0) & (found < 2**53)]
    return found[: len(found) // 8 * 8]


LONG = np.longdouble


def radius_error():
    """Largest error of √(−2 log(1 − v)) in ULP of the exact one, the cosine being 1."""
    v = around(0, 0.25, 1 - np.sqrt(0.5), 0.5, 0.75, 1 - np.sqrt(0.125), 1)
    radius = box_muller(v, np.zeros_like(v))[:, 0]
    exact = np.sqrt(-2 * np.log((2**53 - v).astype(LONG) / 2**53))
    return float(np.max(np.abs(radius - exact) / ulp(exact, "float64")))


def turn_error():
    """Largest error of radius · cos and radius · sin in ULP of the exact ones of that radius.

    The angle is 2π v, rounded: that is what is computed, by the reference too.
    """
    v = around(0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1)
    fixed = np.full_like(v, 2**53 - 2**51)
    radius = box_muller(fixed, np.zeros_like(v))[:, 0].astype(LONG)
    angle = (2 * np.pi * (v / 2**53)).astype(LONG)
    exact = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    return float(np.max(np.abs(box_muller(fixed, v) - exact) / ulp(exact, "float64")))


def normal_error(dtype):
    """Largest error of normal numbers in ULP of those that NumPy computes from the same words."""
    n = 400_000
    u = functional.random_uniform(n, seed=11, dtype="float64")
    radius, angle = np.sqrt(-2 * np.log(1 - u[::2])), 2 * np.pi * u[1::2]
    expected = np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).ravel()
    result = functional.random_normal(n, seed=11, dtype=dtype)
    return float(np.max(np.abs(result - expected) / ulp(expected, dtype)))


def compute_all(path):
    """Save some numbers of every kind, and the errors: what the processes started below do."""
    arrays = {"isa": np.array(fn.build_info()["isa"])}
    for name, fill, dtype in FILLS:
        arrays[name] = filled(fill, dtype, 100_003, row=2, first=5)
    for dtype in ("float32", "float64"):
        arrays[f"normal error {dtype}"] = normal_error(dtype)
    arrays["bits"] = kept(1003, row=9, first=4, rate=0.3)
    arrays |= {"radius error": radius_error(), "turn error": turn_error()}
    np.savez(path, **arrays)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The results of every instruction set, by its name."""
    return results_by_isa(os.path.abspath(__file__), tmp_path_factory.mktemp("isa"))


def test_instruction_sets_give_the_same_bytes(results):
    for isa in ISAS[1:]:
        for name, array in results[isa].items():
            # words, uniform numbers and bits need no multiply-add: those of all are equal
            first = FUSED[0] if "normal" in name or "error" in name else ISAS[0]
            if name != "isa" and (isa in FUSED or first == ISAS[0]):
                assert array.tobytes() == results[first][name].tobytes(), (isa, name)


@pytest.mark.parametrize("isa", ISAS)
def test_normal_numbers_of_every_instruction_set_are_within_their_bounds(results, isa):
    errors = results[isa]
    # a root halves an error; a root and a product round
    assert errors["radius error"] <= LOGARITHM_ULP / 2 + 1
    assert errors["turn error"] <= SINE_ULP + 1
    assert errors["normal error float64"] <= NORMAL_ULP
    assert errors["normal error float32"] <= 1


if __name__ == "__main__":
    compute_all(sys.argv[1])
