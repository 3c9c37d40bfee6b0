"""Subnormal numbers count as zero inside compiled operations, on every thread, and nowhere else."""

import ctypes

import numpy as np
import pytest

from cases import LARGE, LAYERS, SMALL
from fastnn import functional
from operations import Conv, Dense
from operations_training import Adam, Sgd

SUBNORMAL = {"float32": 2.0**-130, "float64": 2.0**-1030}
LARGEST = {"float32": 2.0**120, "float64": 2.0**1020}
THREADS = [1, 2]
DTYPES = ["float32", "float64"]


def subnormals_live():
    """Whether this thread computes with subnormals as with other numbers."""
    small = np.float32(SUBNORMAL["float32"]), np.float64(SUBNORMAL["float64"])
    array = np.full(100, small[0])
    return all(x * x.dtype.type(0.5) > 0 for x in small) and np.all(array * np.float32(0.5) > 0)


def rounding():
    """The C library's rounding mode of this thread: the other half of its floating-point mode."""
    return ctypes.CDLL(None).fegetround()


@pytest.mark.parametrize("n_threads", THREADS)
@pytest.mark.parametrize("case", SMALL + LARGE, ids=repr)
def test_the_callers_mode_does_not_change(case, n_threads):
    before = rounding()
    for dtype in DTYPES:
        case.run(functional, case.operands("integer", dtype), n_threads=n_threads)
        assert subnormals_live()
        assert rounding() == before


def test_the_callers_mode_does_not_change_by_a_refused_call():
    for wrong in (np.zeros((2, 4)), np.zeros((2, 3, 3, 1)), "text"):
        with pytest.raises((ValueError, TypeError)):
            functional.dense_forward(wrong, np.zeros((2, 3)))
        assert subnormals_live()


def filled(case, dtype, small):
    """A case's operands: subnormal numbers or zeros times large ones, or the other way round."""
    rng, large = np.random.default_rng(1), LARGEST[dtype]
    found = []
    for tiny in (("x",), ("weight",), ("dy",)):
        operands = case.operands("integer", dtype)
        for name, value in operands.items():
            if value is None:
                continue
            signs = rng.choice([-1.0, 1.0], value.shape)
            size = (SUBNORMAL[dtype] if small else 0.0) if name in tiny else large
            operands[name] = (signs * size * (name != "bias")).astype(dtype)
        found.append((tiny[0], operands))
    return found


def is_linear(case):
    return isinstance(case, (Dense, Conv)) or case.name.startswith("averagepool")


def assert_equal_where(results, expected, names):
    for name in names:
        if name in results:
            np.testing.assert_array_equal(results[name], expected[name], err_msg=name)


AFFECTED = {"x": ("y", "dweight"), "weight": ("y", "dx"), "dy": ("dx", "dweight", "dbias")}


@pytest.mark.parametrize("n_threads", THREADS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", [c for c in LAYERS + LARGE if is_linear(c)], ids=repr)
def test_subnormal_operands_count_as_zero_in_sums(case, dtype, n_threads):
    # 2⁻¹³⁰ · 2¹²⁰ is no subnormal: without flushing, something would be left of it
    with_subnormals, with_zeros = (filled(case, dtype, small) for small in (True, False))
    for (tiny, operands), (_, zeros) in zip(with_subnormals, with_zeros, strict=True):
        if tiny not in operands:
            continue
        results = case.run(functional, operands, n_threads=n_threads)
        expected = case.run(functional, zeros, n_threads=n_threads)
        assert_equal_where(results, expected, AFFECTED[tiny])
        first = AFFECTED[tiny][0]
        assert not np.any(expected[first])


@pytest.mark.parametrize("n_threads", THREADS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_subnormal_operands_count_as_zero_in_activations(dtype, n_threads):
    signs = np.random.default_rng(1).choice([-1.0, 1.0], (307, 331))
    x = (SUBNORMAL[dtype] * signs).astype(dtype)
    one = np.ones_like(x)
    how = {"n_threads": n_threads}
    assert np.all(functional.sigmoid_forward(x, **how) == 0.5)
    assert not np.any(functional.tanh_forward(x, **how))
    assert not np.any(functional.sign_forward(x, **how))
    assert not np.any(functional.relu_forward(x, **how))
    assert not np.any(functional.relu_backward(one, x, **how))
    assert not np.any(functional.sigmoid_backward(LARGEST[dtype] * one, x, **how))
    assert not np.any(functional.softmax_backward(LARGEST[dtype] * one, x, **how))
    np.testing.assert_array_equal(functional.tanh_backward(one, x, **how), one)
    softmax, zero = functional.softmax_forward(x, **how), functional.softmax_forward(0 * x, **how)
    np.testing.assert_array_equal(softmax, zero)


@pytest.mark.parametrize("n_threads", THREADS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_results_that_would_be_subnormal_are_zero(dtype, n_threads):
    small = np.sqrt(SUBNORMAL[dtype])
    x = np.full((170, 130), small, dtype)
    weight = np.full((60, 130), small / 256, dtype)
    assert not np.any(functional.dense_forward(x, weight, n_threads=n_threads))
    exponent = {"float32": -100.0, "float64": -740.0}[dtype]
    y = functional.sigmoid_forward(np.full((307, 331), exponent, dtype), n_threads=n_threads)
    assert np.all((y == 0) | (y >= np.finfo(dtype).tiny))


@pytest.mark.parametrize("n_threads", THREADS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", [Sgd(100_003, momentum=0.5), Adam(100_003, 3)], ids=repr)
def test_subnormal_state_of_optimizers_counts_as_zero(case, dtype, n_threads):
    operands = {
        name: np.full(value.shape, SUBNORMAL[dtype] if name != "parameters" else 1.0, dtype)
        for name, value in case.operands("integer", dtype).items()
    }
    for name, result in case.run(functional, operands, n_threads=n_threads).items():
        np.testing.assert_array_equal(result, 1.0 if name == "parameters" else 0.0, err_msg=name)


def test_among_subnormals_the_first_is_the_maximum():
    x = np.array([[[1e-40], [2e-40], [-1e-40], [3e-40]]], "float32")
    _, argmax = functional.max_pool_forward(x, 2)
    assert argmax.ravel().tolist() == [0, 2]
