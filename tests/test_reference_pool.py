"""The reference's pools against NumPy's sliding windows and numbers by hand."""

import math

import numpy as np
import pytest

from fastnn import reference


def integers(seed, *shape):
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(np.float64)


def pairs(padding, rank):
    """`padding` written as a pair per axis; for the tests' own way of padding."""
    padding = [padding] * rank if isinstance(padding, int) else padding
    return [(pad, pad) if isinstance(pad, int) else tuple(pad) for pad in padding]


def per_axis(value, rank):
    return (value,) * rank if isinstance(value, int) else tuple(value)


POOL_CASES = [
    # spatial, size, stride, padding, dilation, ceil_mode
    ((6,), 2, None, 0, 1, False),
    ((7,), 2, None, 0, 1, False),
    ((7,), 2, None, 0, 1, True),
    ((5,), 2, 3, 1, 1, True),  # a window that would start in the padding after is dropped
    ((8,), 3, 2, [(2, 0)], 1, True),
    ((9,), 3, 1, 1, 3, False),
    ((5, 6), 2, None, 0, 1, False),
    ((5, 6), (3, 2), (2, 1), (1, 0), 1, False),
    ((6, 7), 3, 2, 1, 1, True),
    ((7, 7), 3, 2, ((2, 0), (1, 2)), 1, True),
    ((7, 8), 2, 2, 1, (2, 3), True),
    ((4, 5, 6), 2, None, 0, 1, True),
    ((4, 5, 4), (2, 3, 1), (1, 2, 3), (1, 1, 0), 1, False),
    ((5, 5, 4), 2, 2, ((1, 0), (0, 1), (1, 1)), (1, 2, 1), True),
]


def pool_starts(size, stride, padding, extent, ceil_mode):
    """Where windows start in the padded axis, by trying one start after the other."""
    before, after = padding
    start, starts = 0, []
    while start + extent <= before + size + after:
        starts.append(start)
        start += stride
    reached = starts[-1] + extent
    if ceil_mode and reached < before + size + after and start < before + size:
        starts.append(start)
    return starts


def pool_windows(x, size, stride, padding, dilation, ceil_mode, fill, beyond=None):
    """`x` cut into windows, `(N, *output, C, taps)`: `fill` in the padding, `beyond` after it."""
    rank = x.ndim - 2
    size, dilation = per_axis(size, rank), per_axis(dilation, rank)
    stride, padding = size if stride is None else per_axis(stride, rank), pairs(padding, rank)
    extents = [d * (k - 1) + 1 for d, k in zip(dilation, size, strict=True)]
    padded = np.pad(x, [(0, 0), *padding, (0, 0)], constant_values=fill)
    further = [(0, 0), *((0, step) for step in stride), (0, 0)]
    padded = np.pad(padded, further, constant_values=fill if beyond is None else beyond)
    views = np.lib.stride_tricks.sliding_window_view(padded, extents, range(1, rank + 1))
    for axis in range(rank):
        starts = pool_starts(
            x.shape[axis + 1], stride[axis], padding[axis], extents[axis], ceil_mode
        )
        views = np.take(views, starts, axis=axis + 1)
    taps = tuple(slice(None, None, step) for step in dilation)
    views = views[..., *taps]
    return views.reshape(*views.shape[: rank + 2], -1)


def pixel_numbers(x):
    """An array like `x` that holds every pixel's flat spatial index."""
    numbers = np.arange(math.prod(x.shape[1:-1])).reshape(*x.shape[1:-1], 1)
    return np.broadcast_to(numbers, x.shape)


def scatter(dy, index, shape):
    """Add `dy` to the pixels of zeros of `shape` that `index` names."""
    dx = np.zeros((shape[0], math.prod(shape[1:-1]), shape[-1]))
    n, *_, c = np.indices(dy.shape)
    np.add.at(dx, (n, index, c), dy)
    return dx.reshape(shape)


@pytest.mark.parametrize(
    ("spatial", "size", "stride", "padding", "dilation", "ceil_mode"), POOL_CASES
)
@pytest.mark.parametrize("share_of_nan", [0.0, 0.1])
def test_max_pool_agrees_with_numpy_windows(
    spatial, size, stride, padding, dilation, ceil_mode, share_of_nan
):
    x = integers(1, 2, *spatial, 3)  # small integers: many ties
    x[np.random.default_rng(2).random(x.shape) < share_of_nan] = np.nan
    geometry = (size, stride, padding, dilation, ceil_mode)
    windows = pool_windows(x, *geometry, -np.inf)
    chosen = np.argmax(windows, axis=-1)[..., None]  # the first NaN, else the first maximum
    expected = np.take_along_axis(windows, chosen, -1)[..., 0]
    pixels = pool_windows(pixel_numbers(x), *geometry, -1)
    expected_argmax = np.take_along_axis(pixels, chosen, -1)[..., 0]

    settings = {"stride": stride, "padding": padding, "dilation": dilation, "ceil_mode": ceil_mode}
    y, argmax = reference.max_pool_forward(x, size, **settings)
    np.testing.assert_array_equal(y, expected, strict=True)
    np.testing.assert_array_equal(argmax, expected_argmax)
    assert argmax.dtype == np.int64

    dy = integers(3, *y.shape)
    dx = reference.max_pool_backward(dy, argmax, x.shape)
    np.testing.assert_array_equal(dx, scatter(dy, expected_argmax, x.shape), strict=True)


@pytest.mark.parametrize(
    ("spatial", "size", "stride", "padding", "ceil_mode"),
    [(*case[:4], case[5]) for case in POOL_CASES if case[4] == 1],
)
@pytest.mark.parametrize("count_include_pad", [False, True])
def test_average_pool_agrees_with_numpy_windows(
    spatial, size, stride, padding, ceil_mode, count_include_pad
):
    x = integers(4, 2, *spatial, 3)
    geometry = (size, stride, padding, 1, ceil_mode)
    ones = np.ones(x.shape)
    counts = pool_windows(ones, *geometry, float(count_include_pad), 0).sum(-1)
    expected = pool_windows(x, *geometry, 0).sum(-1) / counts

    settings = {
        "stride": stride,
        "padding": padding,
        "ceil_mode": ceil_mode,
        "count_include_pad": count_include_pad,
    }
    y = reference.average_pool_forward(x, size, **settings)
    np.testing.assert_allclose(y, expected, rtol=1e-15, atol=1e-15)

    dy = integers(5, *y.shape)
    dx = reference.average_pool_backward(dy, x.shape, size, **settings)
    pixels = pool_windows(pixel_numbers(x), *geometry, -1)
    inside = pixels >= 0
    shares = np.broadcast_to((dy / counts)[..., None], pixels.shape)
    expected_dx = np.zeros((2, math.prod(spatial), 3))
    n, *_, c, _ = np.indices(pixels.shape)
    np.add.at(expected_dx, (n[inside], pixels[inside], c[inside]), shares[inside])
    np.testing.assert_allclose(dx, expected_dx.reshape(x.shape), rtol=1e-14, atol=1e-14)


def test_max_pool_of_minus_infinity_chooses_the_first_element():
    y, argmax = reference.max_pool_forward(np.full((1, 4, 1), -np.inf), 2, padding=1)
    assert y.ravel().tolist() == [-np.inf] * 3
    assert argmax.ravel().tolist() == [0, 1, 3]


X = np.array([[2, 3, -1, 2], [4, 1, 0, 1], [-2, 1, 3, 2], [-1, -2, 0, 5]], float)


def test_pooling_by_number():
    x, dy = X[None, ..., None], np.array([[4.0, 8], [12, 16]])[None, ..., None]
    y, argmax = reference.max_pool_forward(x, 2)
    assert y[0, ..., 0].tolist() == [[4, 2], [1, 5]]
    assert argmax[0, ..., 0].tolist() == [[4, 3], [9, 15]]
    dx = reference.max_pool_backward(dy, argmax, x.shape)[0, ..., 0]
    assert dx.tolist() == [[0, 0, 0, 8], [4, 0, 0, 0], [0, 12, 0, 0], [0, 0, 0, 16]]

    assert reference.average_pool_forward(x, 2)[0, ..., 0].tolist() == [[2.5, 0.5], [-1, 2.5]]
    dx = reference.average_pool_backward(dy, x.shape, 2)[0, ..., 0]
    assert dx.tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]


@pytest.mark.parametrize("padding", [0, 1])
def test_average_pool_is_a_depthwise_convolution_of_equal_weights(padding):
    x, weight = integers(1, 2, 6, 7, 3), np.full((3, 2, 3, 1), 1 / 6)
    conv = {"stride": 2, "padding": padding, "groups": 3}
    pool = {"stride": 2, "padding": padding, "count_include_pad": True}
    y = reference.average_pool_forward(x, (2, 3), **pool)
    np.testing.assert_allclose(y, reference.conv_forward(x, weight, **conv), atol=1e-15)
    dy = integers(2, *y.shape)
    dx = reference.average_pool_backward(dy, x.shape, (2, 3), **pool)
    np.testing.assert_allclose(
        dx, reference.conv_backward_input(dy, weight, x.shape, **conv), atol=1e-15
    )


@pytest.mark.parametrize(
    ("input_size", "size", "stride", "pair"),
    [(5, 3, 1, (1, 1)), (5, 2, 1, (0, 1)), (6, 3, 2, (0, 1)), (8, 1, 3, (0, 0)), (2, 4, 1, (1, 2))],
)
def test_same_padding_is_tensorflows(input_size, size, stride, pair):
    x = integers(1, 2, input_size, 1)
    for pool in (
        lambda padding: reference.max_pool_forward(x, size, stride=stride, padding=padding)[0],
        lambda padding: reference.average_pool_forward(x, size, stride=stride, padding=padding),
    ):
        np.testing.assert_array_equal(pool("same"), pool([pair]), strict=True)
        assert pool("same").shape[1] == math.ceil(input_size / stride)
