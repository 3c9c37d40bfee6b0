"""Normalisation of data that strain it: large means, constants, few samples, NaN, dirty lanes.

The oracle takes means by `math.fsum` of the numbers as the operation got them.
"""

import math

import numpy as np
import pytest

from fastnn import functional, packs, reference
from tolerances import DOT, EPSILON, PRODUCT, assert_within

DTYPES = ["float32", "float64"]
FUNCTIONS = {
    # axes over which a mean of (N, height, width, C) goes, and how to ask for it
    "batch_norm": ((0, 1, 2), {}),
    "layer_norm": ((3,), {}),
    "instance_norm": ((1, 2), {}),
    "group_norm": ((1, 2, 3), {"groups": 1}),
}
functions = pytest.mark.parametrize("name", FUNCTIONS)
dtypes = pytest.mark.parametrize("dtype", DTYPES)


def forward(name, x, *parameters, module=functional, **options):
    """The output alone."""
    how = FUNCTIONS[name][1] | options
    y = getattr(module, f"{name}_forward")(x, *how.values(), *parameters)
    return y[0] if name == "batch_norm" else y


def backward(name, dy, x, *parameters, module=functional):
    """The gradients: dx, dscale, dshift."""
    given = FUNCTIONS[name][1].values()
    if name == "batch_norm":
        _, *given = module.batch_norm_forward(x)
    return getattr(module, f"{name}_backward")(dy, x, *given, *parameters)


def exact(x, axes, epsilon=1e-5):
    """Mean, variance and normal numbers of x (float64); sums rounded once."""
    moved = np.moveaxis(x, axes, range(len(axes)))
    kept = moved.shape[len(axes) :]
    columns = moved.reshape(-1, math.prod(kept))
    mean = np.array([math.fsum(column) / len(column) for column in columns.T])
    # what the rounded mean lacks
    rest = np.array([math.fsum(column) / len(column) for column in (columns - mean).T])
    deviation = (columns - mean) - rest
    variance = np.array([math.fsum(column) / len(column) for column in (deviation**2).T])
    normal = (deviation / np.sqrt(variance + epsilon)).reshape(moved.shape)
    return mean, variance, np.moveaxis(normal, range(len(axes)), axes)


def hard(kind, dtype, shape=(35, 6, 5, 7), seed=1):
    """Data whose mean is large beside their spread, as numbers of the dtype."""
    x = np.random.default_rng(seed).standard_normal(shape)
    large = 1e4 if dtype == "float32" else 1e9
    if kind == "large mean":
        x += large
    elif kind == "large mean below an empty border":  # where a sum would begin
        x += large
        x[:, 0] = x[:, :, 0] = 0.0
    elif kind == "one of them far off":
        x[0, 0, 0] = large
    return x.astype(dtype)


@functions
@dtypes
@pytest.mark.parametrize("kind", ["large mean", "one of them far off"])
def test_outputs_are_as_exact_as_those_of_data_around_zero(name, dtype, kind):
    x = hard(kind, dtype)
    _, _, normal = exact(x.astype(np.float64), FUNCTIONS[name][0])
    allowed = (DOT["zero_mean"] + PRODUCT) * EPSILON[dtype] * (np.abs(normal) + 1)
    if dtype == "float64" and kind == "large mean":
        # the mean of a batch is a float64 too, rounded by up to half an eps of 10⁹
        allowed = allowed + (2e9 * EPSILON[dtype] if name == "batch_norm" else 0)
    assert_within(forward(name, x), normal, allowed, name)


@dtypes
@pytest.mark.parametrize(
    "kind", ["large mean", "large mean below an empty border", "one of them far off"]
)
def test_statistics_of_a_batch_lose_nothing_to_a_large_mean(dtype, kind):
    x = hard(kind, dtype)
    _, got_mean, got_variance = functional.batch_norm_forward(x)
    mean, variance, _ = exact(x.astype(np.float64), (0, 1, 2))
    spread = np.sqrt(variance)
    double = 4 * EPSILON["float64"] * np.abs(mean)
    assert_within(got_mean, mean, DOT["zero_mean"] * EPSILON[dtype] * spread + double)
    # a mean that is off by this much has no part in the variance but by its square
    allowed = 2 * DOT["positive"] * EPSILON[dtype] * variance
    assert_within(got_variance, variance, allowed + double * spread)


@dtypes
def test_statistics_of_many_numbers(dtype):
    rng = np.random.default_rng(3)
    for x in (rng.random((300_000, 2)), np.full((300_000, 2), 0.1), rng.random((2, 150_000, 2))):
        x = x.astype(dtype)
        axes = tuple(range(x.ndim - 1))
        mean, variance, _ = exact(x.astype(np.float64), axes)
        _, got_mean, got_variance = functional.batch_norm_forward(x)
        assert_within(got_mean, mean, DOT["positive"] * EPSILON[dtype] * mean)
        # rounding of 0.1 around a centre that is itself rounded
        allowed = 2 * DOT["positive"] * EPSILON[dtype] * variance
        assert_within(got_variance, variance, allowed + (64 * EPSILON[dtype] * mean) ** 2)


@functions
@dtypes
@pytest.mark.parametrize("value", [0.0, 0.1, -1e4, 1e30])
def test_numbers_that_do_not_vary_give_the_shift_and_finite_gradients(name, dtype, value):
    x = np.full((17, 3, 2, 4), value, dtype)
    scale, shift = np.full(4, 2.0, dtype), np.arange(4).astype(dtype)
    y = forward(name, x, scale, shift)
    assert_within(y, np.broadcast_to(shift, x.shape), 1e-4 if value == 1e30 else 1e-6)
    dy = np.random.default_rng(1).standard_normal(x.shape).astype(dtype)
    assert all(np.isfinite(gradient).all() for gradient in backward(name, dy, x, scale))


@functions
@dtypes
@pytest.mark.parametrize("n", [1, 15, 16, 17])
def test_lanes_without_a_sample_count_in_no_statistic_and_no_gradient(name, dtype, n):
    rng = np.random.default_rng(n)
    x, dy = (rng.standard_normal((n, 3, 2, 4)).astype(dtype) for _ in range(2))
    expected = forward(name, x), *backward(name, dy, x)
    for dirt in (np.nan, np.inf, 1e30):
        packed, packed_dy = packs.pack(x), packs.pack(dy, empty="zero")
        packed.data[-1, ..., 1 + (n - 1) % 16 :] = dirt
        packed_dy.data[-1, ..., 1 + (n - 1) % 16 :] = dirt
        y, (dx, dscale, dshift) = forward(name, packed), backward(name, packed_dy, packed)
        results = y.unpack(), dx.unpack(), dscale, dshift
        for result, plain in zip(results, expected, strict=True):
            np.testing.assert_array_equal(result, plain)


@functions
@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_spoil_what_is_normalised_with_them_and_nothing_else(name, special):
    rng = np.random.default_rng(1)
    clean, dy = rng.standard_normal((2, 18, 3, 2, 4))
    expected, expected_dx = forward(name, clean), backward(name, dy, clean)[0]
    for where in [(0, 0, 0, 0), (5, 1, 0, 2), (17, 2, 1, 3)]:
        spoilt = np.zeros(clean.shape, bool)
        together = [slice(None) if a in FUNCTIONS[name][0] else i for a, i in enumerate(where)]
        spoilt[tuple(together)] = True
        x, d = clean.copy(), dy.copy()
        x[where] = d[where] = special
        y = forward(name, x)
        assert np.isnan(y[spoilt]).all()
        np.testing.assert_array_equal(y[~spoilt], expected[~spoilt])
        for given in ((d, clean), (dy, x)):
            dx, dscale, dshift = backward(name, *given)
            assert not np.isfinite(dx[spoilt]).any()
            np.testing.assert_array_equal(dx[~spoilt], expected_dx[~spoilt])
            parameter = np.zeros(4, bool)
            parameter[where[-1] if name in ("batch_norm", "instance_norm") else slice(None)] = True
            if given[0] is d:
                parameter = np.arange(4) == where[-1]
                assert not np.isfinite(dshift[parameter]).any()
            assert np.isfinite(dshift[~parameter]).all()
            assert np.isfinite(dscale[~parameter]).all()
            assert not np.isfinite(dscale[parameter]).any()


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("module", [functional, reference], ids=["functional", "reference"])
def test_given_statistics_let_nan_and_infinity_through_to_their_own_place(module, special):
    x = np.zeros((17, 3))
    x[16, 1] = special
    y = module.batch_norm_inference(x, np.zeros(3), np.ones(3), [1, -2, 1], [0, 1, 0])
    expected = np.zeros((17, 3))
    expected[:, 1] = 1
    expected[16, 1] = -special
    np.testing.assert_array_equal(y, expected)
    dx = module.batch_norm_backward(x, x, np.zeros(3), np.ones(3), [1, -2, 1], training=False)[0]
    np.testing.assert_array_equal(dx, np.where(expected == 1, 0, expected))
    ones = np.ones((17, 3))
    dx = module.batch_norm_backward(ones, x, np.zeros(3), np.ones(3), training=False)[0]
    np.testing.assert_allclose(dx, ones, rtol=1e-5)


def test_a_variance_below_zero_is_not_a_number():
    for module in (functional, reference):
        y = module.batch_norm_inference([[1.0, 1.0]], [0, 0], [-1, 1])
        assert np.isnan(y[0, 0]) and np.isfinite(y[0, 1])


def test_statistics_are_doubles_and_do_not_decide_the_dtype():
    x = np.random.default_rng(1).standard_normal((5, 3)).astype("float32")
    for module in (functional, reference):
        y, mean, variance = module.batch_norm_forward(x)
        assert (y.dtype, mean.dtype, variance.dtype) == ("float32", "float64", "float64")
        assert module.batch_norm_inference(x, mean, variance).dtype == "float32"
        results = module.batch_norm_backward(x, x, mean, variance)
        assert {result.dtype for result in results} == {np.dtype("float32")}


@pytest.mark.parametrize("module", [functional, reference], ids=["functional", "reference"])
def test_a_relu_in_the_same_pass_gives_the_bytes_of_one_behind(module):
    rng = np.random.default_rng(5)
    x, mean, variance = rng.normal(size=(19, 3, 5)), rng.normal(size=5), rng.random(5) + 0.1
    x[3, 1, 2] = np.nan
    for name, given in (("batch_norm_inference", (mean, variance)), ("batch_norm_forward", ())):
        operation = getattr(module, name)
        plain, fused = operation(x, *given), operation(x, *given, activation="relu")
        if name == "batch_norm_forward":
            plain, fused = plain[0], fused[0]
        assert fused.tobytes() == module.relu_forward(plain).tobytes()
        assert (fused == 0).any()
        with pytest.raises(ValueError, match=f"{name}: expected activation None or"):
            operation(x, *given, activation="tanh")
