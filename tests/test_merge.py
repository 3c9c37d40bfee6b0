"""Merges of several arrays: what the case table does not ask of them."""

import math

import numpy as np
import pytest

from cases import MERGES
from fastnn import functional, packs, reference
from fastnn.functional._merging import MOST_INPUTS
from operations import draw
from test_floating_point_mode import LARGEST, SUBNORMAL
from tolerances import DOT, EPSILON, assert_within

MODULES = [functional, reference]
BOTH = pytest.mark.parametrize("module", MODULES, ids=["functional", "reference"])


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_the_first_of_equals_and_the_first_nan_are_taken(name):
    numbers = [np.nan, -np.nan, np.inf, -np.inf, 1.0, 0.0, -0.0, -1.0]
    xs = [array.reshape(-1) for array in np.meshgrid(numbers, numbers, numbers)]
    dy = np.arange(1.0, 1 + len(xs[0]))
    y = getattr(functional, f"{name}_forward")(xs)
    dxs = getattr(functional, f"{name}_backward")(dy, xs)
    expected = getattr(reference, f"{name}_forward")(xs)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(y, getattr(np, name).reduce(xs))
    np.testing.assert_array_equal(np.signbit(y[y == 0]), np.signbit(expected[y == 0]))
    np.testing.assert_array_equal(dxs, getattr(reference, f"{name}_backward")(dy, xs))
    np.testing.assert_array_equal(np.count_nonzero(dxs, axis=0), 1)
    for x, dx in zip(xs, dxs, strict=True):
        np.testing.assert_array_equal(x[dx != 0], y[dx != 0])


@BOTH
@pytest.mark.parametrize("n", [1, 2, 3, 129])
def test_sums_and_products_of_zeros_keep_their_sign(module, n):
    zeros = [np.full(17, -0.0)] * n
    for name in ("add", "average"):
        assert np.signbit(getattr(module, f"{name}_forward")(zeros)).all()
    assert (np.signbit(module.multiply_forward(zeros)) == bool(n % 2)).all()
    first, second = module.subtract_backward(np.zeros(17), [np.ones(17)] * 2)
    assert np.signbit(second).all()
    assert not np.signbit(first).any()


@pytest.mark.parametrize("case", MERGES, ids=repr)
def test_merges_take_packs_beside_arrays_and_answer_in_kind_of_the_first(case):
    operands = case.operands("zero_mean", "float32")
    expected = case.run(functional, operands)
    for odd, dtype in enumerate(["float64", "float32"]):  # of x, then of none
        mixed = {
            name: packs.pack(value, dtype) if i % 2 == odd else value
            for i, (name, value) in enumerate(operands.items())
        }
        for name, result in case.run(functional, mixed).items():
            packed = isinstance(mixed["x" if name == "y" else "dy"], packs.Packs)
            assert isinstance(result, packs.Packs) is packed
            result = result.unpack() if packed else result
            assert result.dtype == dtype
            np.testing.assert_allclose(result, expected[name], rtol=1e-6, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("case", [case for case in MERGES if len(case.names) > 1], ids=repr)
@BOTH
def test_gradients_that_are_not_wanted_are_none_and_the_others_as_ever(case, module):
    operands = case.operands("zero_mean", "float32")
    expected = case.run(module, operands)
    xs = [operands[name] for name in case.names]
    backward = getattr(module, f"{case.function}_backward")
    for wanted in ([True] + [False] * (len(xs) - 1), [False] + [True] * (len(xs) - 1)):
        dxs = backward(operands["dy"], xs, **case.how, wanted=wanted)
        for name, dx, want in zip(case.names, dxs, wanted, strict=True):
            assert (dx is not None) is want
            if want:
                np.testing.assert_array_equal(dx, expected[f"d{name}"])


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_subnormal_numbers_count_as_zero_in_sums_and_products(dtype, n_threads):
    how = {"n_threads": n_threads}
    small, large = (np.full((307, 331), size[dtype], dtype) for size in (SUBNORMAL, LARGEST))
    for name in ("add", "subtract", "average", "multiply"):
        xs = [small, large if name == "multiply" else small / 2]
        assert not np.any(getattr(functional, f"{name}_forward")(xs, **how))
    assert not np.any(functional.multiply_backward(large, [small, small], **how))
    assert not np.any(functional.average_backward(small, [large, large], **how))
    root = np.full((307, 331), np.sqrt(SUBNORMAL[dtype]), dtype)
    assert not np.any(functional.multiply_forward([root, root / 2], **how))
    # what is chosen, by equal numbers then, is passed on as it is
    np.testing.assert_array_equal(functional.maximum_forward([small, 2 * small], **how), small)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["constant", "positive", "zero_mean"])
def test_the_error_of_a_sum_does_not_grow_with_the_number_of_inputs(kind, dtype):
    rng = np.random.default_rng(1)
    xs = draw(rng, kind, MOST_INPUTS, 3).astype(dtype)
    exact = np.array([math.fsum(column) for column in xs.T.tolist()])
    allowed = DOT[kind] * EPSILON[dtype] * np.abs(xs).astype(np.float64).sum(0)
    assert_within(functional.add_forward(list(xs)), exact, allowed)
    mean = functional.average_forward(list(xs))
    assert_within(
        mean, exact / MOST_INPUTS, (allowed + np.abs(exact) * EPSILON[dtype]) / MOST_INPUTS
    )
