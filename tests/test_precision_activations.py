"""Activations of numbers of every size, at their limits, and at NaN, infinities and −0."""

import numpy as np
import pytest

from activations import EXACT, LIMITS, SLOPE_LIMIT, SLOPES, WIDE, function_and_options
from fastnn import functional, reference
from fastnn._core.pointwise import FROM_INPUT
from test_precision import DTYPES, every_float32, many_float64
from tolerances import EPSILON, TINY, assert_within, ulp

NAN, INF = np.nan, np.inf


def far_left(dtype, n):
    """Numbers where exponentials become too small to be told, and their products soon after."""
    limit = {"float32": 100, "float64": 730}[dtype]
    rng = np.random.default_rng(3)
    near = [-rng.uniform(0, high, n) for high in (1, 6, np.sqrt(2 * limit), limit)]
    return np.concatenate([*near, rng.uniform(-1.2 * limit**0.5, limit**0.5, n)]).astype(dtype)


def sweep(dtype):
    """Normal numbers of every size; the second value is the type in which they are exact."""
    if dtype == "float32":
        x, wide = np.concatenate([every_float32(7919), far_left(dtype, 40_000)]), np.float64
    else:
        x, wide = np.concatenate([many_float64(6000), far_left(dtype, 6000)]), WIDE
    # of numbers beyond, the squares would be infinite in the wide type as well
    return x[
        (np.abs(x) >= TINY[dtype]) & (np.abs(x) < {"float32": INF, "float64": 1e150}[dtype])
    ], wide


def largest_errors(name, dtype):
    """Errors beyond the smallest normal number: of y in units in the last place, of dx in eps."""
    x, wide = sweep(dtype)
    function, options = function_and_options(name)
    with np.errstate(all="ignore"):
        expected = EXACT[name](x.astype(wide))
        expected = np.where(
            np.abs(expected) > np.finfo(dtype).max, np.sign(expected) * INF, expected
        )
        unit = ulp(expected.astype(np.float64), dtype)
        terms = [
            np.broadcast_to(term, x.shape).astype(wide) for term in SLOPES[name](x.astype(wide))
        ]
    y = getattr(functional, f"{function}_forward")(x, **options)
    kept = x if name in FROM_INPUT else y
    dx = getattr(functional, f"{function}_backward")(np.ones_like(x), kept, **options)
    with np.errstate(invalid="ignore"):  # both infinite
        error = np.where(y == expected, 0, (np.abs(y - expected) - TINY[dtype]) / unit)
    slope_error = np.abs(dx - sum(terms)) - 2 * TINY[dtype]  # of SELU more than exp(x)
    slope_error = slope_error / (EPSILON[dtype] * np.maximum(sum(map(np.abs, terms)), TINY[dtype]))
    if name == "hard_sigmoid":  # the last number before 3, where y is 1 already
        slope_error[(y == 1) & (x < 3)] = 0
    assert not np.isnan(error).any() and not np.isnan(slope_error).any(), name
    return [(float(e[i]), float(x[i])) for e in (error, slope_error) for i in [np.argmax(e)]]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", EXACT)
def test_activations_are_within_their_units_in_the_last_place(name, dtype):
    (error, where), (slope_error, slope_where) = largest_errors(name, dtype)
    assert error <= LIMITS[name], f"{error:.2f} units at {where!r}"
    assert slope_error <= SLOPE_LIMIT, f"slope: {slope_error:.2f} eps at {slope_where!r}"


@pytest.mark.parametrize("name", EXACT)
def test_the_reference_is_the_function(name):
    x = np.concatenate([np.linspace(-40, 40, 400), -np.logspace(-9, 2, 40)])
    function, options = function_and_options(name)
    y = getattr(reference, f"{function}_forward")(x, **options)
    kept = x if name in FROM_INPUT else y
    dx = getattr(reference, f"{function}_backward")(np.ones_like(x), kept, **options)
    terms = SLOPES[name](x.astype(WIDE))
    # the argument of an exponential is rounded: its error grows with the argument
    margin = 4 + np.minimum(x**2 + np.abs(x) ** 3, 1500)
    exact = EXACT[name](x.astype(WIDE))
    assert_within(y, exact, EPSILON["float64"] * margin * np.abs(exact) + 1e-300)
    assert_within(dx, sum(terms), EPSILON["float64"] * margin * sum(map(np.abs, terms)) + 1e-300)


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_lost_by_cancellation_elsewhere_is_there(dtype):
    x = np.array([-10.0, -50.0], dtype)
    gelu = functional.gelu_forward(x[:1])
    assert_within(gelu, [-7.61985302416e-23], 6 * EPSILON[dtype] * 7.62e-23 + 1e-33)
    assert_within(
        functional.softplus_forward(x[1:]), np.exp([-50.0]), 3 * ulp(np.exp(-50.0), dtype)
    )
    assert_within(functional.silu_forward(x[1:]), [-50 * np.exp(-50.0)], 1e-26)
    assert functional.mish_forward(x[1:])[0] < 0
    # log-softmax of a class that has nearly all
    y = functional.log_softmax_forward(np.array([[0.0, -30.0]], dtype))
    assert_within(y[0, 0], -np.log1p(np.exp(-30.0)), 4 * ulp(np.exp(-30.0), dtype))


LARGE = 1e30
POINTS = [NAN, INF, -INF, LARGE, -LARGE, -0.0]
# y, and dx for dy = 1, at the points above: the table of fastnn.functional
SPECIAL = {
    "leaky_relu": ([NAN, INF, -INF, LARGE, -0.01 * LARGE, -0.0], [0.01, 1, 0.01, 1, 0.01, 0.01]),
    "relu6": ([NAN, 6, 0, 6, 0, 0], [0, 0, 0, 0, 0, 0]),
    "hard_sigmoid": ([NAN, 1, 0, 1, 0, 0.5], [0, 0, 0, 0, 0, 1 / 6]),
    "hard_swish": ([NAN, INF, NAN, LARGE, -0.0, -0.0], [NAN, 1, 0, 1, 0, 0.5]),
    "elu": ([NAN, INF, -1, LARGE, -1, -0.0], [NAN, 1, 0, 1, 0, 1]),
    "selu": (
        [NAN, INF, -1.7580993408473766, 1.0507009873554805 * LARGE, -1.7580993408473766, -0.0],
        [NAN, 1.0507009873554805, 0, 1.0507009873554805, 0, 1.7580993408473766],
    ),
    "softplus": ([NAN, INF, 0, LARGE, 0, np.log(2)], [NAN, 1, 0, 1, 0, 0.5]),
    "softsign": ([NAN, NAN, NAN, 1, -1, -0.0], [NAN, 0, 0, 0, 0, 1]),
    "gelu": ([NAN, INF, NAN, LARGE, -0.0, -0.0], [NAN, NAN, NAN, 1, 0, 0.5]),
    "gelu_tanh": ([NAN, INF, NAN, LARGE, -0.0, -0.0], [NAN, NAN, NAN, 1, 0, 0.5]),
    "silu": ([NAN, INF, NAN, LARGE, -0.0, -0.0], [NAN, NAN, NAN, 1, 0, 0.5]),
    "mish": ([NAN, INF, NAN, LARGE, -0.0, -0.0], [NAN, NAN, NAN, 1, 0, 0.6]),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("module", [functional, reference], ids=["functional", "reference"])
@pytest.mark.parametrize("name", SPECIAL)
def test_nan_infinities_and_zeros_are_those_of_the_table(name, module, dtype):
    function, options = function_and_options(name)
    x, (y, dx) = np.array(POINTS, dtype), SPECIAL[name]
    got = getattr(module, f"{function}_forward")(x, **options)
    assert_within(got, y, 4 * EPSILON[dtype] * np.abs(y))
    zeros = got == 0
    np.testing.assert_array_equal(np.signbit(got[zeros]), np.signbit(np.array(y)[zeros]))
    kept = x if name in FROM_INPUT else got
    got = getattr(module, f"{function}_backward")(np.ones_like(x), kept, **options)
    assert_within(got, dx, 4 * EPSILON[dtype] * np.abs(dx) + LARGE**-1.9)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("module", [functional, reference], ids=["functional", "reference"])
def test_log_softmax_and_prelu_of_nan_and_infinities(module, dtype):
    half = -np.log(2)
    rows = [
        ([NAN, 1, 2], [NAN] * 3),
        ([1, NAN, 2], [NAN] * 3),
        ([INF, 0, 1], [NAN] * 3),
        ([0, INF, INF], [NAN] * 3),
        ([-INF] * 3, [NAN] * 3),
        ([-INF, 0, 0], [-INF, half, half]),
        ([1e30, -1e30, 1e30], [half, -2e30, half]),
    ]
    x, expected = (np.array(numbers, dtype) for numbers in zip(*rows, strict=True))
    y = module.log_softmax_forward(x)
    assert_within(y, expected, 4 * EPSILON[dtype] * np.abs(expected))
    dx = module.log_softmax_backward(np.ones((1, 3), dtype), y[5:6])
    assert_within(dx, [[1, -0.5, -0.5]], 4 * EPSILON[dtype])
    x = np.array([POINTS], dtype)
    expected = [[NAN, INF, -INF, LARGE, -0.25 * LARGE, -0.0]]
    assert_within(module.prelu_forward(x, [0.25]), expected, EPSILON[dtype] * LARGE)
    dx = module.prelu_backward_input(np.ones_like(x), x, [0.25])
    np.testing.assert_array_equal(dx, [[0.25, 1, 0.25, 1, 0.25, 0.25]])
    dslope = module.prelu_backward_weights(x, np.ones_like(x), x.shape[1:])
    np.testing.assert_array_equal(dslope, np.array([NAN, 0, -INF, 0, -LARGE, 0], dtype))


def test_softplus_is_linear_far_out_for_any_sharpness():
    x = np.array([-1e30, 1e30, 100, -100], "float32")
    for beta in (1e-3, 1.0, 7.5, 1e30):
        y = functional.softplus_forward(x, beta)
        assert_within(
            y, reference.softplus_forward(x, beta), 4 * EPSILON["float32"] * np.abs(y) + 1e-30
        )
        assert y[1] == x[1]


@pytest.mark.parametrize("dtype", DTYPES)
def test_log_softmax_over_many_classes(dtype):
    y = functional.log_softmax_forward(np.zeros((2, 100_000), dtype))
    assert_within(y, np.full(y.shape, -np.log(100_000.0)), 4 * EPSILON[dtype] * np.log(100_000.0))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("share", ["all", "channel"])
def test_slopes_that_many_elements_share_are_summed_without_loss(share, dtype):
    x = -np.full((300, 2000, 1), 0.1, dtype)
    dslope = functional.prelu_backward_weights(x, np.ones_like(x), (1,))
    if share == "all":
        x = x.reshape(300, 20, 100)
        dslope = functional.prelu_backward_weights(x, np.ones_like(x), (1,))
    exact = -600_000 * float((dtype == "float32" and np.float32(0.1)) or 0.1)
    assert_within(dslope, [exact], 32 * EPSILON[dtype] * abs(exact))
