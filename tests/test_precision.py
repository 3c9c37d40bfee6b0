"""Errors of long sums and of exponentials, against oracles better than the reference.

float32 is held to float64 sums of numpy, float64 to `math.fsum` of exact products.
"""

import math

import numpy as np
import pytest

import tolerances
from fastnn import functional
from operations import REAL_KINDS, draw
from tolerances import DOT, EPSILON, TINY, assert_within, ulp

DTYPES = ["float32", "float64"]
TERMS = {"float32": 1_000_000, "float64": 150_000}  # fsum takes its time


def split(numbers):
    """A float64 as the sum of two numbers of at most 29 bits each: their products are exact."""
    high = numbers.astype(np.float32).astype(np.float64)
    return high, numbers - high


def dot(a, b, dtype):
    """Σ a b over the last axis."""
    if dtype == "float32":
        return np.sum(a.astype(np.float64) * b.astype(np.float64), axis=-1)
    (a_high, a_low), (b_high, b_low) = map(split, np.broadcast_arrays(a, b))
    small = a_high * b_low + a_low * b_high + a_low * b_low
    terms = np.concatenate([a_high * b_high, small], axis=-1)
    sums = [math.fsum(row) for row in terms.reshape(-1, terms.shape[-1])]
    return np.array(sums).reshape(terms.shape[:-1])


def numbers(kind, dtype, seed, *shape):
    """Numbers of this kind with all the digits that the dtype has."""
    rng = np.random.default_rng(seed)
    if kind == "constant":
        return np.full(shape, 0.1, dtype)
    values = draw(rng, kind, *shape) + 2.0**-26 * draw(rng, kind, *shape)
    return values.astype(dtype)


def check(result, a, b, kind, dtype):
    """Hold a result to the dot products of a and b, arrays (*result.shape, terms)."""
    magnitude = dot(np.abs(a), np.abs(b), dtype)
    assert result.dtype == dtype
    assert_within(result, dot(a, b, dtype), DOT[kind] * EPSILON[dtype] * magnitude)


@pytest.fixture(params=REAL_KINDS)
def kind(request):
    return request.param


@pytest.fixture(params=DTYPES)
def dtype(request):
    return request.param


def test_dense_forward_with_a_million_inputs(kind, dtype):
    x, weight = numbers(kind, dtype, 1, 1, 10**6), numbers(kind, dtype, 2, 2, 10**6)
    y = functional.dense_forward(x, weight)
    check(y, x[:, None], weight[None], kind, dtype)


def test_dense_input_gradient_with_many_outputs(kind, dtype):
    dy = numbers(kind, dtype, 1, 1, TERMS[dtype])
    weight = numbers(kind, dtype, 2, TERMS[dtype], 2)
    check(functional.dense_backward_input(dy, weight), dy[:, None], weight.T[None], kind, dtype)


@pytest.mark.parametrize("features", [1, 3])
def test_dense_weight_gradient_of_many_samples(kind, dtype, features):
    x = numbers(kind, dtype, 1, TERMS[dtype], features)
    dy = numbers(kind, dtype, 2, TERMS[dtype], 1)
    dweight, dbias = functional.dense_backward_weights(x, dy)
    check(dweight, dy.T[:, None], x.T[None], kind, dtype)
    check(dbias, dy.T, np.ones_like(dy.T), kind, dtype)


def test_conv_forward_with_many_taps_and_channels(kind, dtype):
    taps, channels = 500, TERMS[dtype] // 500
    x = numbers(kind, dtype, 1, 1, taps, channels)
    weight = numbers(kind, dtype, 2, 1, taps, channels)
    y = functional.conv_forward(x, weight)
    check(y.reshape(1), x.reshape(1, -1), weight.reshape(1, -1), kind, dtype)


def test_conv_input_gradient_with_many_taps_and_filters(kind, dtype):
    # one pixel under 500 windows, one tap each: dx = Σ_p Σ_f dy[p, f] weight[f, last − p]
    taps, filters = 500, TERMS[dtype] // 500
    dy = numbers(kind, dtype, 1, 1, taps, filters)
    weight = numbers(kind, dtype, 2, filters, taps, 1)
    dx = functional.conv_backward_input(dy, weight, (1, 1, 1), padding=taps - 1)
    turned = weight[:, ::-1, 0].T
    check(dx.reshape(1), dy.reshape(1, -1), turned.reshape(1, -1), kind, dtype)


def test_winograds_algorithm_with_many_channels(kind):
    channels, filters = 20_000, 32  # more than 128 chains
    x = numbers(kind, "float32", 1, 1, 4, 4, channels).astype(np.float64)
    weight = numbers(kind, "float32", 2, filters, 3, 3, channels).astype(np.float64)
    y = functional.conv_forward(x.astype("float32"), weight.astype("float32"), algorithm="winograd")
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), (1, 2))
    expected = np.einsum("nijckl,fklc->nijf", windows, weight, optimize=True)
    magnitude = tolerances.winograd_magnitudes(x, weight, (0, 0), (2, 2))
    assert y.dtype == "float32"
    assert_within(y, expected, (DOT[kind] + tolerances.WINOGRAD) * EPSILON["float32"] * magnitude)


@pytest.mark.parametrize(
    ("channels", "samples", "positions"),
    [
        (1, 16, 62_500),  # few channels: lanes are samples
        (2, 140_000, 3),  # more than 128 packs a gradient slot
        (1, 40, 6_400),
        (16, 5, 20_000),  # many: lanes are channels
        (17, 9_000, 3),
    ],
)
def test_conv_weight_and_bias_gradient_of_many_positions(kind, dtype, channels, samples, positions):
    if dtype == "float64":
        samples, positions = -(-samples // 4), -(-positions // 3)
    x = numbers(kind, dtype, 1, samples, positions, channels)
    dy = numbers(kind, dtype, 2, samples, positions, 1)
    dweight, dbias = functional.conv_backward_weights(x, dy, 1)
    some = [0, channels - 1]  # the oracle of all would take too long
    flat = dy.reshape(1, -1)
    check(dweight[0, 0, some], flat, x.reshape(-1, channels).T[some], kind, dtype)
    check(dbias, flat, np.ones_like(flat), kind, dtype)


def test_average_pooling_of_large_windows(kind, dtype):
    x = numbers(kind, dtype, 1, 1, 300, 300, 1)
    y = functional.average_pool_forward(x, 300)
    share = np.full((1, 90_000), 1 / 90_000, dtype)
    check(y.reshape(1), x.reshape(1, -1), share, kind, dtype)


def test_average_pooling_gradient_of_an_input_under_many_windows(kind, dtype):
    windows = 20_000
    dy = numbers(kind, dtype, 1, 1, windows, 1)
    dx = functional.average_pool_backward(dy, (1, 1, 1), windows, stride=1, padding=windows - 1)
    check(dx.reshape(1), dy.reshape(1, -1), np.ones((1, windows), dtype), kind, dtype)


def test_softmax_over_many_classes(dtype):
    classes = 100_000
    y = functional.softmax_forward(np.zeros((2, classes), dtype))
    allowed = tolerances.softmax_errors(np.zeros(1), np.ones(1)) * EPSILON[dtype] / classes
    assert_within(y, np.full(y.shape, 1 / classes), allowed)


def test_softmax_gradient_over_many_classes(kind, dtype):
    dy, y = numbers(kind, dtype, 1, 1, 100_000), numbers("positive", dtype, 2, 1, 100_000)
    dx = functional.softmax_backward(dy, y)
    exact, magnitude = dot(dy, y, dtype), dot(np.abs(dy), y, dtype)
    wide = np.longdouble if dtype == "float64" else np.float64
    expected = y.astype(wide) * (dy.astype(wide) - exact)
    error = EPSILON[dtype] * (DOT[kind] * magnitude + tolerances.PRODUCT * (np.abs(dy) + magnitude))
    assert_within(dx, expected.astype(np.float64), y * error)


def test_loss_over_many_classes(kind, dtype):
    # equal logits: every class costs log C, so that loss = log C · Σ t
    classes = 100_000
    target = np.abs(numbers(kind, dtype, 1, 1, classes))
    loss, dlogits = functional.cross_entropy(np.zeros((1, classes), dtype), target)
    total = dot(target, np.ones_like(target), dtype)[0]
    errors = tolerances.softmax_errors(np.zeros(1), np.ones(1)) * EPSILON[dtype]
    allowed = total * (errors[0] + DOT["constant"] * EPSILON["float64"] * math.log(classes))
    assert_within(loss, math.log(classes) * total, allowed)
    allowed = (errors + DOT["constant"] * EPSILON["float64"]) * (total / classes + target)
    assert_within(dlogits, total / classes - target.astype(np.float64), allowed)


def test_losses_over_many_samples_and_positions(kind):
    difference = numbers(kind, "float64", 1, 1, 10**6)
    loss, _ = functional.squared_error(difference, np.zeros_like(difference))
    expected = dot(difference[0], difference[0], "float64")
    assert_within(loss, expected, DOT["constant"] * EPSILON["float64"] * expected)
    loss, _ = functional.squared_error(difference.T, np.zeros_like(difference.T))
    assert_within(loss, expected / 1e6, DOT["constant"] * EPSILON["float64"] * expected / 1e6)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def every_float32(step):
    """float32 numbers of every sign and exponent and many fractions; no NaN."""
    bits = np.arange(0, 2**32, step, dtype=np.uint64).astype(np.uint32)
    x = bits.view(np.float32)
    return x[~np.isnan(x)]


def many_float64(n):
    """float64 numbers of every size, and more where exponentials are neither 0 nor infinite."""
    rng = np.random.default_rng(1)
    x = rng.integers(0, 2**64, n, dtype=np.uint64).view(np.float64)
    near = [rng.normal(0, scale, n) for scale in (1e-3, 0.1, 1, 30, 400)]
    return np.concatenate([x[~np.isnan(x)], *near])


EXPONENTIALS = [("sigmoid", sigmoid), ("tanh", np.tanh)]
SWEEPS = {
    "float32": (every_float32(997), np.float64),
    "float64": (many_float64(200_000), np.longdouble),
}


def largest_error(name, exact, dtype):
    """The largest error in units in the last place, and where; 0 where y counts as zero."""
    x, wide = SWEEPS[dtype]
    with np.errstate(over="ignore", under="ignore"):
        expected = exact(np.where(np.abs(x) < TINY[dtype], 0, x).astype(wide))
        unit = ulp(expected.astype(np.float64), dtype)
    y = getattr(functional, f"{name}_forward")(x)
    flushed = (np.abs(expected) <= TINY[dtype]) & (np.abs(y) <= TINY[dtype])
    error = np.where(flushed, 0, np.abs(y.astype(wide) - expected) / unit)
    error[np.abs(y) > 1] = np.inf
    worst = np.argmax(error)
    return float(error[worst]), float(x[worst])


@pytest.mark.parametrize(("name", "exact"), EXPONENTIALS)
def test_exponentials_are_within_two_units_in_the_last_place(name, exact, dtype):
    error, where = largest_error(name, exact, dtype)
    assert error <= tolerances.EXPONENTIAL_ULP, f"{error:.2f} units at {where!r}"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("name", "limits"),
    [("sigmoid", [0, 0, 0.5, 0.5, 1, 1]), ("tanh", [-1, -1, -0.0, 0.0, 1, 1])],
)
def test_exponentials_reach_their_limits(name, limits, dtype):
    forward = getattr(functional, f"{name}_forward")
    x = np.array([-np.inf, -1e30, -0.0, 0.0, 1e30, np.inf], dtype)
    y = forward(x)
    np.testing.assert_array_equal(y, limits)
    if name == "tanh":
        np.testing.assert_array_equal(np.signbit(y), np.signbit(x))
    assert np.isnan(forward(np.array([np.nan, -np.nan], dtype))).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_of_large_numbers_is_taken_from_the_largest(dtype):
    x = 1e4 * np.eye(5, dtype=dtype)
    np.testing.assert_array_equal(functional.softmax_forward(x), np.eye(5))
    loss, dlogits = functional.cross_entropy(x, np.zeros(5, int))
    assert loss == 8000
    np.testing.assert_array_equal(5 * dlogits, np.eye(5) - np.eye(5)[0])


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_of_infinities_and_nan_is_what_its_formula_gives(dtype):
    x = np.array([[-np.inf, 0, 0], [np.nan, 0, 1], [np.inf, 0, 1], [1e4, -1e4, 1e4]], dtype)
    expected = [[0, 0.5, 0.5], [np.nan] * 3, [np.nan, 0, 0], [0.5, 0, 0.5]]
    y = functional.softmax_forward(x)
    assert_within(y[[0, 1, 3]], [expected[i] for i in (0, 1, 3)], 0)
    assert np.isnan(y[2]).any()
