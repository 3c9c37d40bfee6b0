"""Initial weights: their moments, the units that they are scaled for, and that a seed decides them.

A mean of n numbers of the variance v is wrong by sqrt(v / n), their variance by v sqrt((k − 1) / n)
with the kurtosis k; five times that is exceeded once in a million draws, and seeds are fixed.
"""

import math

import numpy as np
import pytest

import fastnn as fn
from fastnn import initializers

L = fn.layers
KURTOSIS = {"normal": 3.0, "uniform": 1.8, "truncated_normal": 2.37}
CUT_VARIANCE = 0.87962566103423978**2  # the constant of Keras


def check_moments(weight, mean, variance, kurtosis):
    n = weight.size
    assert abs(weight.mean() - mean) <= 5 * math.sqrt(variance / n)
    assert abs(weight.var() - variance) <= 5 * variance * math.sqrt((kurtosis - 1) / n)


LAYERS = [
    # layer, shape of its input, inputs and outputs of a unit
    (lambda how: L.Dense(200, weight_initializer=how), (300,), 300, 200),
    (lambda how: L.Conv1D(80, 5, weight_initializer=how), (9, 60), 300, 400),
    (lambda how: L.Conv2D(60, (3, 2), weight_initializer=how), (5, 5, 50), 300, 360),
    (lambda how: L.Conv2D(120, 3, groups=4, weight_initializer=how), (5, 5, 80), 180, 1080),
    (lambda how: L.Conv3D(90, 2, groups=3, weight_initializer=how), (3, 3, 3, 90), 240, 720),
]
SCALED = {"lecun": lambda i, o: 1 / i, "he": lambda i, o: 2 / i, "glorot": lambda i, o: 2 / (i + o)}


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
@pytest.mark.parametrize("family", SCALED)
@pytest.mark.parametrize(("make", "shape", "fan_in", "fan_out"), LAYERS)
def test_scaled_weights_have_the_variance_of_their_units(
    family, distribution, make, shape, fan_in, fan_out
):
    layer = make(f"{family}_{distribution}").build(shape, "float64", seed=1)
    variance = SCALED[family](fan_in, fan_out)
    check_moments(layer.weight, 0, variance, KURTOSIS[distribution])
    if distribution == "uniform":
        limit = math.sqrt(3 * variance)
        assert 0.99 * limit < abs(layer.weight).max() <= limit


@pytest.mark.parametrize("fan", ["in", "out", "average"])
def test_a_scaled_truncated_normal_has_the_variance_asked_for(fan):
    how = initializers.VarianceScaling(3.0, fan, "truncated_normal")
    weight = how((100, 3, 200), seed=2)
    variance = 3.0 / {"in": 600, "out": 300, "average": 450}[fan]
    check_moments(weight, 0, variance, KURTOSIS["truncated_normal"])
    limit = 2 * math.sqrt(variance / CUT_VARIANCE)
    assert 0.99 * limit < abs(weight).max() <= limit


def test_a_truncated_normal_is_cut_at_two_standard_deviations():
    weight = initializers.TruncatedNormal(0.5, mean=3.0)((300, 200), seed=1)
    check_moments(weight, 3, 0.25 * CUT_VARIANCE, KURTOSIS["truncated_normal"])
    assert 0.99 < abs(weight - 3).max() <= 1.0
    np.testing.assert_allclose(initializers.CUT_SPREAD**2, CUT_VARIANCE, rtol=1e-14)
    # what is not cut is that of the whole distribution
    whole = initializers.Normal(0.5, mean=3.0)((300, 200), seed=1)
    kept = abs(whole - 3) <= 1
    np.testing.assert_array_equal(weight[kept], whole[kept])
    assert 0.95 < kept.mean() < 0.96


@pytest.mark.parametrize("gain", [1.0, -0.5, 3.0])
@pytest.mark.parametrize(
    "shape", [(5, 5), (3, 8), (8, 3), (1, 4), (4, 1), (6, 3, 3, 2), (40, 2, 3)]
)
def test_orthogonal_weights_are_orthogonal(shape, gain):
    weight = initializers.Orthogonal(gain)(shape, seed=1).reshape(shape[0], -1)
    assert weight.flags.c_contiguous
    product = weight @ weight.T if weight.shape[0] <= weight.shape[1] else weight.T @ weight
    np.testing.assert_allclose(product, gain**2 * np.eye(len(product)), atol=1e-14 * gain**2 * 10)


def test_orthogonal_matrices_are_drawn_evenly():
    # each entry of a matrix drawn evenly has the mean 0 and the variance 1 / n; a decomposition
    # whose columns keep LAPACK's signs has a diagonal of one sign
    draws = np.stack([initializers.Orthogonal()((3, 3), seed=seed) for seed in range(2000)])
    assert abs(draws.mean(axis=0)).max() <= 5 * math.sqrt(1 / 3 / 2000)
    assert abs((draws**2).mean(axis=0) - 1 / 3).max() <= 5 * 0.3 / math.sqrt(2000)


def test_an_identity_passes_on_what_comes():
    x = np.random.default_rng(0).normal(size=(5, 4))
    for units in (4, 3, 6):
        layer = L.Dense(units, weight_initializer=initializers.Identity(2.0))
        y = layer.build((4,), "float64").forward(x)
        np.testing.assert_array_equal(y[:, :4], 2 * x[:, :units])
        assert not y[:, 4:].any()


@pytest.mark.parametrize(
    ("kind", "size", "shape", "groups"),
    [
        (L.Conv1D, 3, (6, 4), 1),
        (L.Conv2D, (3, 5), (6, 7, 4), 1),
        (L.Conv2D, (3, 3), (6, 7, 4), 2),
        (L.Conv2D, (1, 3), (6, 7, 4), 4),
        (L.Conv3D, 3, (4, 5, 3, 4), 2),
    ],
)
def test_a_dirac_convolution_passes_on_what_comes(kind, size, shape, groups):
    how = initializers.Dirac(groups)
    layer = kind(shape[-1], size, padding="same", groups=groups, weight_initializer=how)
    x = np.random.default_rng(0).normal(size=(3, *shape))
    np.testing.assert_array_equal(layer.build(shape, "float64").forward(x), x)


def test_a_dirac_fills_each_group_in_turn():
    weight = initializers.Dirac(2)((6, 2, 2))
    assert np.argwhere(weight).tolist() == [[0, 1, 0], [1, 1, 1], [3, 1, 0], [4, 1, 1]]


RANDOM = [
    "normal",
    "truncated_normal",
    "uniform",
    "lecun_normal",
    "lecun_uniform",
    "he_normal",
    "he_uniform",
    "glorot_normal",
    "glorot_uniform",
    "orthogonal",
    initializers.TruncatedNormal(2.0, 1.0),
    initializers.VarianceScaling(2.0, "out", "truncated_normal"),
]


@pytest.mark.parametrize("how", RANDOM, ids=str)
def test_the_seed_and_the_stream_decide(how):
    how = initializers.get(how)

    def weight(seed=1, stream=2):
        return how((300, 200), seed=seed, stream=stream)

    before, first = fn.get_num_threads(), weight()
    try:
        for n_threads in (1, 2, 3, 7):
            fn.set_num_threads(n_threads)
            assert weight().tobytes() == first.tobytes()
    finally:
        fn.set_num_threads(before)
    assert not np.array_equal(first, weight(seed=2))
    assert not np.array_equal(first, weight(stream=3))
    assert first.dtype == np.float64


@pytest.mark.parametrize("name", [n for n in initializers.INITIALIZERS if n != "dirac"])
def test_layers_take_initializers_by_name(name):
    layer = L.Dense(3, weight_initializer=name).build((4,), seed=1)
    assert np.isfinite(layer.weight).all()
    assert layer.config()["weight_initializer"] == name
    assert initializers.get(name) is initializers.INITIALIZERS[name]


@pytest.mark.parametrize("how", RANDOM, ids=str)
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (1, 1)])
def test_small_weights_are_finite(how, shape):
    weight = initializers.get(how)(shape, seed=1)
    assert weight.shape == shape and np.isfinite(weight).all()


ERRORS = [
    (lambda: initializers.get("he_norm"), ValueError, "did you mean 'he_normal'"),
    (lambda: initializers.get("truncated"), ValueError, "did you mean 'truncated_normal'"),
    (lambda: initializers.get(initializers.Orthogonal), TypeError, r"write Orthogonal\(…\)"),
    (lambda: initializers.TruncatedNormal(-1), ValueError, "spread at least 0, got -1"),
    (lambda: initializers.Constant(math.nan), ValueError, "value to be finite, got nan"),
    (lambda: initializers.VarianceScaling(fan="both"), ValueError, "unknown fan 'both'"),
    (
        lambda: initializers.VarianceScaling(distribution="truncated"),
        ValueError,
        "unknown distribution 'truncated': did you mean 'truncated_normal'",
    ),
    (lambda: initializers.Orthogonal()((3,)), ValueError, r"of a weight, got \(3,\)"),
    (lambda: initializers.Identity()((3, 3, 3)), ValueError, r"got \(3, 3, 3\); .* use dirac"),
    (lambda: initializers.Dirac()((3, 3)), ValueError, r"in 1 groups, got \(3, 3\)"),
    (lambda: initializers.Dirac(2)((3, 3, 3)), ValueError, r"in 2 groups, got \(3, 3, 3\)"),
    (lambda: initializers.Dirac(0), ValueError, "dirac: groups must be from 1 .* got 0"),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS, ids=[m for *_, m in ERRORS])
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
