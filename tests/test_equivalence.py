"""Every case, compiled against the reference."""

import numpy as np
import pytest

from cases import LARGE_LOSSES, SMALL
from fastnn import functional, reference
from operations import (
    DOUBLE,
    REAL_KINDS,
    AveragePool,
    Conv,
    Dense,
    MaxPool,
    Winograd,
    allowed_errors,
    expected_results,
)
from operations_merge import ELEMENTWISE, Concatenate, Merge
from operations_noise import Noise
from operations_pointwise import Pointwise
from operations_resampling import Crop, Pad, Permute, UpSample
from operations_transposed import ConvTranspose
from tolerances import assert_within, ulp

# Padding and NaN: a padded tap contributes no term, so it makes no NaN of 0 × ∞.
PADDED = [
    Conv(5, (3, 3), 1, 1, (3, 3), padding=1),
    Conv(5, (6, 5), 2, 3, (3, 2), stride=(2, 1), padding=1),
    Conv(5, (4, 4), 17, 3, (3, 3), padding=2),
    Conv(5, (4, 4), 3, 6, (3, 3), padding=1, groups=3),
    ConvTranspose(5, (3, 3), 2, 3, (3, 2), stride=2, padding=1),
    ConvTranspose(5, (3, 3), 2, 17, (3, 3), padding=1),
]
SPECIAL = [
    Dense(5, 3, 2),
    Conv(5, (6, 5), 2, 3, (3, 2), stride=(2, 1)),
    Conv(5, (4, 4), 17, 3, (2, 3)),
    Conv(5, (5, 4), 3, 6, (3, 3), groups=3),
    ConvTranspose(5, (3, 2), 2, 3, (2, 3), stride=2),
    ConvTranspose(5, (3, 2), 2, 17, (2, 3), stride=3),
    MaxPool(5, (6, 5), 2, 2, padding=1),
    AveragePool(5, (6, 5), 2, 2, padding=1),
    Pointwise("relu", 5, 3),
    Pointwise("sign", 5, 3),
    *(Pad(5, (3, 4), 2, ((1, 2), (0, 3)), mode=mode) for mode in ("reflect", "edge", "circular")),
    Pad(5, (3, 4), 2, 1, value=2.0),
    Crop(5, (4, 5), 2, ((0, 1), (2, 0))),
    UpSample(5, (3, 2), 2, (2, 3)),
    UpSample(5, (3, 2), 2, (2, 4), mode="linear"),
    UpSample(5, (4,), 17, 4, mode="linear"),
    Permute(5, (3, 2, 4), (2, 0, 1)),
    Conv(5, (4, 5), 2, 3, (3, 2), padding=2, padding_mode="reflect"),
    *(Merge(function, 2, 5, 3) for function in ELEMENTWISE),
    Merge("maximum", 4, 5, 3),
    Merge("minimum", 4, 5, 3),
    Concatenate((1, 3), 5, None),
    Noise("dropout", 5, 3),
    Noise("spatial_dropout", 5, 3, 4),
]


def check(case, kind, dtype):
    results = case.run(functional, case.operands(kind, dtype))
    expected, allowed = expected_results(case, kind), allowed_errors(case, kind, dtype)
    assert results.keys() == expected.keys()
    for name, result in results.items():
        assert_within(result, expected[name], allowed[name], f"{case!r}: {name}")
        integers = name == "argmax"
        double = name in DOUBLE or dtype == "float64"
        assert result.dtype == ("int64" if integers else "float64" if double else "float32")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", SMALL + LARGE_LOSSES, ids=repr)
def test_integer_data_give_the_reference_exactly(case, dtype):
    check(case, "integer", dtype)


@pytest.mark.parametrize("kind", REAL_KINDS)
@pytest.mark.parametrize("case", SMALL + LARGE_LOSSES, ids=repr)
def test_real_data_give_the_reference_within_the_error_of_float32(case, kind):
    check(case, kind, "float32")


NAN, INFINITY = np.nan, np.inf
# half rows and element: in the middle, and in the last sample, whose copies fill a pack
WHERE = [(1, 0), (1, -1), (2, 0), (2, -1)]


@pytest.mark.parametrize(
    "row",
    [
        [1, NAN, 3, NAN, 2],
        [NAN, INFINITY, NAN],
        [-INFINITY, -INFINITY, -INFINITY],
        [INFINITY, 1, INFINITY],
        [-0.0, 0.0, -0.0],
        [0.0, -INFINITY, NAN, INFINITY],
    ],
    ids=str,
)
def test_max_pooling_treats_nan_infinity_and_zeros_like_the_reference(row):
    x = np.array([row, row[::-1]])[..., None] * np.ones(3)
    for size in (2, 3):
        for result, expected in zip(
            functional.max_pool_forward(x, size, stride=1, padding=1),
            reference.max_pool_forward(x, size, stride=1, padding=1),
            strict=True,
        ):
            np.testing.assert_array_equal(result, expected)


def check_special(case, name, special, where, results):
    operands = case.operands()
    row, corner = where
    operands[name][row * (len(operands[name]) - 1) // 2].reshape(-1)[corner] = special
    with np.errstate(invalid="ignore"):
        expected = case.run(reference, operands)
    got = case.run(functional, operands)
    for result in results or got:
        label = f"{special} in {name}: {result}"
        np.testing.assert_array_equal(got[result], expected[result], err_msg=label)


@pytest.mark.parametrize("special", [NAN, INFINITY, -INFINITY])
@pytest.mark.parametrize("case", SPECIAL + PADDED, ids=repr)
def test_nan_and_infinity_go_where_the_reference_sends_them(case, special):
    for name in case.operands():
        results = ("dx", "dbias") if name == "dy" and case in PADDED else ()
        for where in WHERE:
            check_special(case, name, special, where, results)


@pytest.mark.parametrize("special", [NAN, INFINITY])
@pytest.mark.parametrize("case", PADDED, ids=repr)
def test_a_padded_tap_adds_no_term_to_a_weight_gradient_even_where_dy_is_infinite(case, special):
    for where in WHERE:
        check_special(case, "dy", special, where, ("dweight",))


@pytest.mark.parametrize("special", [NAN, INFINITY, -INFINITY])
@pytest.mark.parametrize("name", ["x", "dy"])
def test_winograds_algorithm_keeps_nan_and_infinity_to_the_outputs_that_read_them(name, special):
    case = Winograd(1, (5, 6), 32, 32, padding=((1, 0), (2, 1)))
    result = "y" if name == "x" else "dx"
    for where in np.ndindex(3, 3):
        operands = case.operands()
        operands[name][0, *where, 7] = special
        with np.errstate(invalid="ignore"):
            expected = Conv.run(case, reference, operands)[result]  # directly
        got, sound = case.run(functional, operands)[result], np.isfinite(expected)
        assert 0 < np.count_nonzero(~sound) < sound.size
        np.testing.assert_array_equal(np.isfinite(got), sound)
        np.testing.assert_array_equal(got[sound], expected[sound])
        if np.isnan(special):
            assert np.isnan(got[~sound]).all()


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 130])
@pytest.mark.parametrize("seed", [0, 7, 2**63 + 5])
def test_random_numbers_are_those_of_the_reference(n, seed):
    key = {"seed": seed, "stream": 3, "counter": 5}
    for name in ("random_uint32", "random_uniform", "random_normal"):
        for dtype in ("float32", "float64"):
            how = key if name == "random_uint32" else key | {"dtype": dtype}
            result = getattr(functional, name)(n, **how)
            expected = getattr(reference, name)(n, **how)
            assert result.dtype == expected.dtype
            # the same words, so the same numbers; logarithm and cosine may differ in the last place
            allowed = 2 * ulp(expected, dtype) if name == "random_normal" else 0
            assert_within(result, expected, allowed, f"{name} {how}")
