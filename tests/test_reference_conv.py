"""The reference's convolutions against scipy.signal, exact differences and numbers by hand."""

import math

import numpy as np
import pytest
from scipy import signal

from fastnn import reference


def integers(seed, *shape):
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(np.float64)


def pairs(padding, rank):
    """`padding` written as a pair per axis; for the tests' own way of padding."""
    padding = [padding] * rank if isinstance(padding, int) else padding
    return [(pad, pad) if isinstance(pad, int) else tuple(pad) for pad in padding]


def per_axis(value, rank):
    return (value,) * rank if isinstance(value, int) else tuple(value)


def spread(array, factors):
    """`array` with `factors - 1` zeros between neighbours along its axes."""
    shape = [(size - 1) * factor + 1 for size, factor in zip(array.shape, factors, strict=True)]
    spread_array = np.zeros(shape)
    spread_array[tuple(slice(None, None, factor) for factor in factors)] = array
    return spread_array


CONV_CASES = [
    # spatial, in channels, filters, kernel, settings
    ((5,), 1, 1, (1,), {}),
    ((5,), 1, 1, (5,), {}),
    ((7,), 3, 2, (3,), {"stride": 2}),
    ((9,), 2, 3, (3,), {"dilation": 3, "padding": 2}),
    ((8,), 4, 6, (3,), {"groups": 2, "padding": [(2, 0)], "stride": 3}),
    ((5, 6), 1, 2, (3, 3), {}),
    ((6, 5), 2, 3, (2, 3), {"padding": 1}),
    ((7, 8), 3, 2, (3, 2), {"stride": (2, 3), "padding": (1, 0)}),
    ((7, 8), 2, 2, (3, 3), {"dilation": (1, 2), "padding": ((1, 2), (0, 3))}),
    ((7, 7), 4, 4, (3, 3), {"groups": 4, "stride": 2}),
    ((5, 7), 6, 9, (2, 3), {"groups": 3, "dilation": 2, "padding": 2, "stride": 2}),
    ((9, 6), 1, 1, (5, 5), {"padding": 4, "stride": 3}),
    ((2, 2), 1, 1, (2, 2), {"padding": 5}),  # whole windows of padding
    ((4, 3, 5), 2, 2, (2, 2, 3), {}),
    ((4, 5, 4), 2, 4, (2, 3, 2), {"stride": (1, 2, 1), "padding": (1, 0, 1), "groups": 2}),
    ((5, 4, 5), 1, 2, (2, 2, 2), {"dilation": (2, 1, 3), "padding": ((0, 1), (1, 0), (2, 1))}),
]
SAMPLES = 2


class ConvOracle:
    """A convolution and its gradients through scipy.signal, filter by filter, channel by channel.

    A dilated kernel is a kernel spread with zeros, and a stride keeps every s-th output.
    """

    def __init__(self, seed, spatial, channels, filters, kernel, settings):
        rank = len(spatial)
        self.kernel = kernel
        self.stride = per_axis(settings.get("stride", 1), rank)
        self.dilation = per_axis(settings.get("dilation", 1), rank)
        self.padding = pairs(settings.get("padding", 0), rank)
        self.groups = settings.get("groups", 1)
        self.filters_per_group = filters // self.groups
        self.channels_per_group = channels // self.groups
        self.x = integers(seed, SAMPLES, *spatial, channels)
        self.weight = integers(seed + 1, filters, *kernel, self.channels_per_group)
        self.bias = integers(seed + 2, filters)
        self.padded = np.pad(self.x, [(0, 0), *self.padding, (0, 0)])
        self.kept = tuple(slice(None, None, stride) for stride in self.stride)
        self.y = self.forward()
        self.dy = integers(seed + 3, *self.y.shape)

    def connections(self):
        """Sample, filter, channel of the input, and channel within the filter's group."""
        for n in range(SAMPLES):
            for f in range(len(self.weight)):
                for c in range(self.channels_per_group):
                    yield n, f, f // self.filters_per_group * self.channels_per_group + c, c

    def forward(self):
        y = {}
        for n, f, channel, c in self.connections():
            kernel = spread(self.weight[f, ..., c], self.dilation)
            whole = signal.correlate(self.padded[n, ..., channel], kernel, "valid", "direct")
            y[n, f] = y.get((n, f), self.bias[f]) + whole[self.kept]
        filters = range(len(self.weight))
        return np.stack([np.stack([y[n, f] for f in filters], -1) for n in range(SAMPLES)])

    def spread_dy(self, n, f):
        """dy before the stride dropped anything: as large as the stride-1 output."""
        dy = spread(self.dy[n, ..., f], self.stride)
        extents = [d * (k - 1) + 1 for d, k in zip(self.dilation, self.kernel, strict=True)]
        sizes = self.padded.shape[1:-1]
        whole = [size - extent + 1 for size, extent in zip(sizes, extents, strict=True)]
        return np.pad(dy, [(0, w - s) for w, s in zip(whole, dy.shape, strict=True)])

    def backward_input(self):
        dpadded = np.zeros(self.padded.shape)
        for n, f, channel, c in self.connections():
            kernel = spread(self.weight[f, ..., c], self.dilation)
            dpadded[n, ..., channel] += signal.convolve(
                self.spread_dy(n, f), kernel, "full", "direct"
            )
        inner = [
            slice(before, before + size)
            for (before, _), size in zip(self.padding, self.x.shape[1:-1], strict=True)
        ]
        return dpadded[:, *inner]

    def backward_weights(self):
        dweight = np.zeros(self.weight.shape)
        taps = tuple(slice(None, None, dilation) for dilation in self.dilation)
        for n, f, channel, c in self.connections():
            whole = signal.correlate(
                self.padded[n, ..., channel], self.spread_dy(n, f), "valid", "direct"
            )
            dweight[f, ..., c] += whole[taps]
        return dweight


@pytest.mark.parametrize(("spatial", "channels", "filters", "kernel", "settings"), CONV_CASES)
def test_convolution_agrees_with_scipy(spatial, channels, filters, kernel, settings):
    oracle = ConvOracle(7, spatial, channels, filters, kernel, settings)
    x, weight, bias, dy = oracle.x, oracle.weight, oracle.bias, oracle.dy

    y = reference.conv_forward(x, weight, bias, **settings)
    np.testing.assert_array_equal(y, oracle.y, strict=True)
    without_bias = reference.conv_forward(x, weight, **settings)
    np.testing.assert_array_equal(without_bias, oracle.y - bias, strict=True)

    dx = reference.conv_backward_input(dy, weight, x.shape, **settings)
    np.testing.assert_array_equal(dx, oracle.backward_input(), strict=True)

    dweight, dbias = reference.conv_backward_weights(x, dy, kernel, **settings)
    np.testing.assert_array_equal(dweight, oracle.backward_weights(), strict=True)
    np.testing.assert_array_equal(dbias, dy.reshape(-1, filters).sum(0), strict=True)


@pytest.mark.parametrize(("spatial", "channels", "filters", "kernel", "settings"), CONV_CASES[3:11])
def test_convolution_gradients_are_exact_differences(spatial, channels, filters, kernel, settings):
    oracle = ConvOracle(3, spatial, channels, filters, kernel, settings)
    x, weight, bias, dy = oracle.x, oracle.weight, oracle.bias, oracle.dy
    dx = reference.conv_backward_input(dy, weight, x.shape, **settings)
    dweight, dbias = reference.conv_backward_weights(x, dy, kernel, **settings)
    before = np.sum(dy * reference.conv_forward(x, weight, bias, **settings))
    rng = np.random.default_rng(5)
    for operand, gradient in ((x, dx), (weight, dweight), (bias, dbias)):
        for _ in range(6):
            index = tuple(rng.integers(0, operand.shape))
            operand[index] += 1.0
            after = np.sum(dy * reference.conv_forward(x, weight, bias, **settings))
            operand[index] -= 1.0
            assert after - before == gradient[index]


SAME_CASES = [
    # input, size, stride, dilation, (before, after)
    (5, 3, 1, 1, (1, 1)),
    (5, 2, 1, 1, (0, 1)),
    (5, 3, 2, 1, (1, 1)),
    (6, 3, 2, 1, (0, 1)),
    (7, 4, 1, 1, (1, 2)),
    (7, 3, 1, 2, (2, 2)),
    (8, 1, 3, 1, (0, 0)),
    (2, 5, 1, 1, (2, 2)),
]


@pytest.mark.parametrize(("input_size", "size", "stride", "dilation", "pair"), SAME_CASES)
def test_same_padding_is_tensorflows(input_size, size, stride, dilation, pair):
    x, weight = integers(1, 2, input_size, 1), integers(2, 1, size, 1)
    settings = {"stride": stride, "dilation": dilation}
    y = reference.conv_forward(x, weight, padding="same", **settings)
    explicit = reference.conv_forward(x, weight, padding=[pair], **settings)
    np.testing.assert_array_equal(y, explicit, strict=True)
    assert y.shape[1] == math.ceil(input_size / stride)


def test_valid_padding_is_none():
    x, weight = integers(1, 2, 6, 5, 2), integers(2, 3, 2, 3, 2)
    np.testing.assert_array_equal(
        reference.conv_forward(x, weight, padding="valid"), reference.conv_forward(x, weight)
    )


@pytest.mark.parametrize(
    ("spatial", "kernel", "settings", "output"),
    [
        ((9, 6), (5, 5), {"padding": 4, "stride": 3}, (5, 4)),
        ((100, 100), (5, 5), {"stride": 2}, (48, 48)),
        ((28,), (3,), {"dilation": 2}, (24,)),
    ],
)
def test_output_sizes(spatial, kernel, settings, output):
    y = reference.conv_forward(np.ones((1, *spatial, 1)), np.ones((1, *kernel, 1)), **settings)
    assert y.shape == (1, *output, 1)


def test_pixels_that_no_window_reads_have_gradient_0():
    dy, weight = np.ones((1, 4, 4, 1)), np.ones((1, 5, 5, 1))
    dx = reference.conv_backward_input(dy, weight, (1, 12, 12, 1), stride=2)[0, ..., 0]
    assert not dx[-1].any()
    assert not dx[:, -1].any()
    assert dx[:-1, :-1].all()


@pytest.mark.parametrize("padding", [0, 1, "same", ((2, 0), (0, 1)), ((0, 3), (4, 1))])
@pytest.mark.parametrize("spatial", [(3, 4), (4, 3), (5, 5)])
def test_winograds_algorithm_gives_the_sums_of_the_direct_one(spatial, padding):
    x, weight, bias = integers(1, 2, *spatial, 33), integers(2, 32, 3, 3, 33), integers(3, 32)
    how = {"padding": padding}
    y = reference.conv_forward(x, weight, bias, **how)
    dy = integers(4, *y.shape)
    dx = reference.conv_backward_input(dy, weight, x.shape, relu_output=x, **how)
    how["algorithm"] = "winograd"
    np.testing.assert_array_equal(reference.conv_forward(x, weight, bias, **how), y, strict=True)
    np.testing.assert_array_equal(
        reference.conv_backward_input(dy, weight, x.shape, relu_output=x, **how), dx, strict=True
    )


X = np.array([[2, 3, -1, 2], [4, 1, 0, 1], [-2, 1, 3, 2], [-1, -2, 0, 5]], float)
FILTER = np.array([[1, 0, 1], [-1, 0, -1], [1, 0, 1]], float)


def test_convolution_by_number():
    y = reference.conv_forward(X[None, ..., None], FILTER[None, ..., None])
    assert y[0, ..., 0].tolist() == [[-2, 6], [2, 2]]


def test_padded_taps_contribute_no_term():
    x = np.array([[[1.0], [2.0]]])
    weight = np.zeros((1, 3, 1))
    weight[0, 0] = np.inf  # meets only padding at the first position
    y = reference.conv_forward(x, weight, padding=[(1, 1)])
    assert y[0, 0, 0] == 0.0
