"""Section 5 of the worked cases: convolution and pooling by number."""

import numpy as np
import pytest

import fastnn as fn
from fastnn.layers import AveragePool2D, Conv1D, Conv2D, Conv3D, Dense, Flatten, MaxPool2D, Rescale

X = np.array([[2, 3, -1, 2], [4, 1, 0, 1], [-2, 1, 3, 2], [-1, -2, 0, 5]], float)


def image(pixels):
    return np.asarray(pixels, float)[None, ..., None]


def convolution(kernel, bias=None, **how):
    """A layer of one filter over one channel."""
    kernel = np.asarray(kernel, float)
    layer = Conv2D(1, kernel.shape, bias=bias is not None, **how)
    layer.build((*X.shape, 1) if "input_shape" not in how else None, "float64")
    layer.weight = kernel[None, ..., None]
    if bias is not None:
        layer.bias = [bias]
    return layer


def test_5_1_by_number():
    layer = convolution([[1, 0, 1], [-1, 0, -1], [1, 0, 1]])
    assert layer.forward(image(X))[0, ..., 0].tolist() == [[-2, 6], [2, 2]]


def test_5_2_sizes():
    assert Conv2D(1, 5, padding=4, stride=3).build((9, 6, 1)).output_shape == (5, 4, 1)
    assert Conv2D(1, 5, stride=2).build((100, 100, 1)).output_shape == (48, 48, 1)


def test_5_2_pixels_that_are_never_read_have_no_gradient():
    layer = Conv2D(2, 5, stride=2)
    rng = np.random.default_rng(0)
    layer.forward(rng.normal(size=(1, 100, 100, 1)))
    dx = layer.backward(rng.normal(size=(1, 48, 48, 2)))
    assert not dx[:, -1].any()
    assert not dx[:, :, -1].any()
    assert (dx[:, :-1, :-1] != 0).all()


def test_5_2_one_kernel_a_channel_is_depthwise():
    depth, rng = 5, np.random.default_rng(0)
    layer = Conv2D(depth, 3, groups=depth, bias=False).build((8, 7, depth), "float64")
    assert layer.weight.shape == (depth, 3, 3, 1)
    x = rng.normal(size=(1, 8, 7, depth))
    y = layer.forward(x)
    assert y.shape == (1, 6, 5, depth)
    for c in range(depth):
        one = Conv2D(1, 3, bias=False).build((8, 7, 1), "float64")
        one.weight = layer.weight[c : c + 1]
        np.testing.assert_allclose(y[..., c : c + 1], one.forward(x[..., c : c + 1]), rtol=1e-12)


def marks(kernel, bias, pixels):
    """Where the filter answers: a map of the upper left corners of its windows."""
    how = {"activation": "relu", "input_shape": (*np.shape(pixels), 1)}
    return convolution(kernel, bias, **how).forward(image(pixels))[0, ..., 0]


def test_5_3_vertical_edges_from_black_to_white():
    pixels = np.random.default_rng(0).integers(0, 2, (30, 30))
    edge = (pixels[:-1, :-1] == 0) & (pixels[1:, :-1] == 0)
    edge &= (pixels[:-1, 1:] == 1) & (pixels[1:, 1:] == 1)
    assert edge.any()
    assert marks([[-1, 1], [-1, 1]], -1, pixels).tolist() == edge.tolist()


def test_5_3_black_corners():
    pixels = np.random.default_rng(1).integers(0, 2, (30, 30))
    corner = (pixels[:-1, 1:] == 1) & (pixels[:-1, :-1] == 0)
    corner &= (pixels[1:, :-1] == 0) & (pixels[1:, 1:] == 0)
    assert corner.any()
    assert marks([[-1, 1], [-1, -1]], 0, pixels).tolist() == corner.tolist()


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("filters", [1, 2, 7])
def test_5_4_as_many_output_channels_as_filters(channels, filters):
    layer = Conv2D(filters, (4, 3)).build((10, 9, channels))
    assert layer.output_shape == (7, 7, filters)
    assert layer.weight.shape == (filters, 4, 3, channels)


DY = image([[10, 20], [30, 40]])


def test_5_5_max_pooling():
    layer = MaxPool2D(2)
    assert layer.forward(image(X))[0, ..., 0].tolist() == [[4, 2], [1, 5]]
    expected = np.zeros(16)
    expected[[4, 3, 9, 15]] = [10, 20, 30, 40]
    assert layer.backward(DY).ravel().tolist() == expected.tolist()
    _, argmax = fn.functional.max_pool_forward(image(X), 2)
    assert argmax[0, ..., 0].tolist() == [[4, 3], [9, 15]]


def test_5_5_average_pooling():
    layer = AveragePool2D(2)
    assert layer.forward(image(X))[0, ..., 0].tolist() == [[2.5, 0.5], [-1, 2.5]]
    expected = np.kron([[2.5, 5], [7.5, 10]], np.ones((2, 2)))
    assert layer.backward(DY)[0, ..., 0].tolist() == expected.tolist()


def test_5_7_series():
    layer = Conv1D(1, 3, padding="same", bias=False).build((6, 1), "float64")
    layer.weight = [[[1.0], [2.0], [1.0]]]
    y = layer.forward(np.array([[0, 0, 1, 0, 0, 3.0]])[..., None])
    assert y.ravel().tolist() == [0, 1, 2, 1, 3, 6]


def test_5_7_volumes():
    rng = np.random.default_rng(0)
    layer = Conv3D(2, (2, 3, 3), bias=False).build((3, 6, 5, 2), "float64")
    x = rng.normal(size=(2, 3, 6, 5, 2))
    y = layer.forward(x)
    assert y.shape == (2, 2, 4, 3, 2)
    frames = []  # a 3-D convolution sums 2-D ones over the depth of its kernel
    for depth in range(2):
        flat = Conv2D(2, 3, bias=False).build((6, 5, 2), "float64")
        flat.weight = layer.weight[:, depth]
        frames.append([flat.forward(x[:, d]) for d in range(3)])
    for d in range(2):
        np.testing.assert_allclose(y[:, d], frames[0][d] + frames[1][d + 1], rtol=1e-12, atol=1e-12)


def mnist_shaped(n, rng):
    """Images of 10 classes that differ by a bright 7×7 patch, with noise, pixels 0 … 255."""
    labels = rng.integers(0, 10, n)
    x = rng.integers(0, 100, (n, 28, 28, 1), np.uint8)
    for i, label in enumerate(labels):
        row, column = divmod(label, 4)
        x[i, row * 7 : row * 7 + 7, column * 7 : column * 7 + 7] += 150
    return x, labels


def mlp():
    dense = [Dense(1024, "relu"), Dense(1024, "relu"), Dense(10)]
    return [Rescale(1 / 255), Flatten(), *dense]


def lenet():
    return [
        Rescale(1 / 255),
        Conv2D(6, 5, activation="relu"),
        MaxPool2D(2),
        Conv2D(16, 5, activation="relu"),
        MaxPool2D(2),
        Flatten(),
        Dense(120, "relu"),
        Dense(84, "relu"),
        Dense(10),
    ]


@pytest.mark.parametrize(
    ("layers", "parameters"), [(mlp, 1_863_690), (lenet, 44_426)], ids=["mlp", "lenet"]
)
def test_5_8_networks_for_mnist(layers, parameters):
    net = fn.Sequential(layers(), input_shape=(28, 28, 1), seed=0)
    assert net.parameters.size == parameters
    rng = np.random.default_rng(0)
    x, y = mnist_shaped(512, rng)
    history = net.fit(x, y, optimizer="adam", epochs=6, batch_size=64, verbose=0)
    assert history["loss"][-1] < 0.1 < history["loss"][0]
    assert net.evaluate(*mnist_shaped(256, rng))["accuracy"] > 0.95
