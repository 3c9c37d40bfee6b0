"""Case 5.6 of the worked cases: padding by a variety of rules, by number."""

import math

import numpy as np
import pytest

import fastnn as fn
from fastnn import functional
from fastnn.layers import Conv1D, Conv2D, Conv3D, Pad

SERIES = [1.0, 2, 3, 4]
RULES = [
    # rule, NumPy's name for it, two elements before and three after
    ("zeros", "constant", [0, 0, 1, 2, 3, 4, 0, 0, 0]),
    ("reflect", "reflect", [3, 2, 1, 2, 3, 4, 3, 2, 1]),
    ("edge", "edge", [1, 1, 1, 2, 3, 4, 4, 4, 4]),
    ("replicate", "edge", [1, 1, 1, 2, 3, 4, 4, 4, 4]),
    ("circular", "wrap", [3, 4, 1, 2, 3, 4, 1, 2, 3]),
]
rules = pytest.mark.parametrize(("rule", "numpy_rule", "padded"), RULES)
CONV = {1: Conv1D, 2: Conv2D, 3: Conv3D}


def series(values):
    return np.array(values, float)[None, :, None]


@rules
def test_5_6_a_padded_series(rule, numpy_rule, padded):
    y = Pad(((2, 3),), rule).forward(series(SERIES))
    assert y.ravel().tolist() == padded
    assert np.pad(SERIES, (2, 3), mode=numpy_rule).tolist() == padded


GRADIENTS = {  # of the sum of the above, each element of it times its place: 1, 2, … 9
    "zeros": [3, 4, 5, 6],
    "reflect": [3 + 9, 4 + 2 + 8, 5 + 1 + 7, 6],
    "edge": [1 + 2 + 3, 4, 5, 6 + 7 + 8 + 9],
    "replicate": [1 + 2 + 3, 4, 5, 6 + 7 + 8 + 9],
    "circular": [3 + 7, 4 + 8, 1 + 5 + 9, 2 + 6],
}


@rules
def test_5_6_gradients_are_folded_back(rule, numpy_rule, padded):
    layer = Pad(((2, 3),), rule)
    layer.forward(series(SERIES))
    assert layer.backward(series(range(1, 10))).ravel().tolist() == GRADIENTS[rule]


DIFFERENCES = {  # of neighbours, with one element before and after
    "zeros": [1, 1, 1, 1, -4],
    "reflect": [-1, 1, 1, 1, -1],
    "edge": [0, 1, 1, 1, 0],
    "replicate": [0, 1, 1, 1, 0],
    "circular": [-3, 1, 1, 1, -3],
}


@pytest.mark.parametrize("rule", DIFFERENCES)
def test_5_6_differences_of_neighbours(rule):
    layer = Conv1D(1, 2, padding=1, padding_mode=rule, bias=False).build((4, 1), "float64")
    layer.weight = [[[-1.0], [1.0]]]
    assert layer.forward(series(SERIES)).ravel().tolist() == DIFFERENCES[rule]


@rules
@pytest.mark.parametrize(
    ("spatial", "size", "how"),
    [
        ((7,), (3,), {"padding": 2}),
        ((6, 5), (3, 2), {"padding": ((3, 0), (1, 2))}),  # different amounts before and after
        ((6, 5), (3, 3), {"padding": (2, 1), "stride": (2, 1), "dilation": (1, 2)}),
        ((5, 6), (3, 3), {"padding": 1, "groups": 2}),
        ((3, 4, 5), (2, 3, 3), {"padding": ((1, 0), 1, (2, 1))}),
    ],
)
def test_5_6_padding_then_a_valid_convolution(spatial, size, how, rule, numpy_rule, padded):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, *spatial, 2))
    layer = CONV[len(spatial)](4, size, padding_mode=rule, **how).build((*spatial, 2), "float64")
    valid = CONV[len(spatial)](4, size, **how | {"padding": "valid"})
    amounts = how["padding"]
    amounts = (amounts,) * len(spatial) if isinstance(amounts, int) else amounts
    amounts = [(n, n) if isinstance(n, int) else n for n in amounts]
    around = np.pad(x, [(0, 0), *amounts, (0, 0)], mode=numpy_rule)
    valid.build(around.shape[1:], "float64")
    valid.weight = layer.weight
    y = layer.forward(x)
    np.testing.assert_allclose(y, valid.forward(around), rtol=1e-12, atol=1e-12)
    # the gradient of a pixel is the sum of those of its copies
    dy = rng.normal(size=y.shape)
    daround, expected = valid.backward(dy), np.zeros(x.shape)
    pixels = np.arange(1, math.prod(spatial) + 1).reshape(spatial)
    copies = np.pad(pixels, amounts, mode=numpy_rule).ravel()
    for copy, pixel in enumerate(copies):
        if pixel:
            expected.reshape(2, -1, 2)[:, pixel - 1] += daround.reshape(2, -1, 2)[:, copy]
    np.testing.assert_allclose(layer.backward(dy), expected, rtol=1e-12, atol=1e-12)
    for name, gradient in valid.gradients.items():
        np.testing.assert_allclose(layer.gradients[name], gradient, rtol=1e-12, atol=1e-12)


@rules
@pytest.mark.parametrize(
    ("inputs", "size", "stride", "before", "after"),
    [(5, 3, 1, 1, 1), (5, 2, 1, 0, 1), (6, 3, 2, 0, 1), (7, 4, 1, 1, 2), (8, 1, 3, 0, 0)],
)
def test_5_6_same_and_valid_are_tensorflows(
    inputs, size, stride, before, after, rule, numpy_rule, padded
):
    """ "same": ceil(inputs / stride) outputs, and the odd element of padding after."""
    x, weight = np.arange(1.0, inputs + 1)[None, :, None], np.arange(1.0, size + 1)[None, :, None]
    how = {"stride": stride, "padding_mode": rule}
    same = functional.conv_forward(x, weight, padding="same", **how)
    assert same.shape[1] == math.ceil(inputs / stride)
    around = np.pad(x, [(0, 0), (before, after), (0, 0)], mode=numpy_rule)
    valid = functional.conv_forward(around, weight, padding="valid", **how)
    assert valid.shape[1] == (inputs + before + after - size) // stride + 1
    np.testing.assert_array_equal(same, valid)


def test_5_6_a_network_of_a_circle_does_not_see_where_it_begins():
    """Circular convolutions commute with turning: what they see on a ring does not depend on 0."""
    layers = [
        Conv2D(4, 3, padding="same", padding_mode="circular", activation="tanh"),
        Conv2D(3, (5, 2), padding="same", padding_mode="circular"),
    ]
    net = fn.Sequential(layers, input_shape=(6, 7, 2), dtype="float64", seed=1)
    x = np.random.default_rng(0).normal(size=(3, 6, 7, 2))
    turned = net.predict(np.roll(x, (2, 3), axis=(1, 2)))
    np.testing.assert_allclose(turned, np.roll(net.predict(x), (2, 3), axis=(1, 2)), atol=1e-12)
