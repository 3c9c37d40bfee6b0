"""The reference's padding, cropping, enlarging and permuting against NumPy and SciPy."""

import itertools
from functools import partial

import numpy as np
import pytest
from scipy import ndimage, signal

from fastnn import reference

NUMPY_MODES = {
    "constant": "constant",
    "zeros": "constant",
    "reflect": "reflect",
    "edge": "edge",
    "replicate": "edge",
    "circular": "wrap",
}
SCIPY_MODES = {"zeros": "constant", "reflect": "mirror", "edge": "nearest", "circular": "grid-wrap"}
SHAPES = [
    # spatial, padding
    ((1,), ((0, 0),)),
    ((5,), ((2, 3),)),
    ((4, 5), ((1, 3), (0, 4))),
    ((3, 4, 2), ((2, 1), (0, 3), (1, 0))),
]


def integers(seed, *shape):
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(np.float64)


def assert_adjoint(x, y, dx, dy):
    """The way back of a linear map: <y, dy> = <x, dx>, exactly on integers."""
    assert dx.shape == x.shape
    assert np.sum(y * dy) == np.sum(x * dx)


@pytest.mark.parametrize("mode", NUMPY_MODES)
@pytest.mark.parametrize(("spatial", "padding"), SHAPES)
def test_padding_is_that_of_numpy(spatial, padding, mode):
    x = integers(1, 2, *spatial, 3)
    y = reference.pad_forward(x, padding, mode=mode)
    expected = np.pad(x, [(0, 0), *padding, (0, 0)], mode=NUMPY_MODES[mode])
    np.testing.assert_array_equal(y, expected, strict=True)
    dy = integers(2, *y.shape)
    assert_adjoint(x, y, reference.pad_backward(dy, x.shape, padding, mode=mode), dy)


@pytest.mark.parametrize("mode", NUMPY_MODES)
def test_the_gradient_of_padding_adds_up_what_the_copies_of_an_element_got(mode):
    spatial, padding = (3, 4), ((2, 1), (0, 3))
    numbers = np.arange(1.0, 13).reshape(1, *spatial, 1)  # each pixel tells which one it is
    copies = np.pad(numbers, [(0, 0), *padding, (0, 0)], mode=NUMPY_MODES[mode])
    dy = integers(3, *copies.shape)
    expected = [np.sum(dy[copies == number]) for number in numbers.ravel()]
    dx = reference.pad_backward(dy, numbers.shape, padding, mode=mode)
    assert dx.ravel().tolist() == expected


@pytest.mark.parametrize("value", [-2.5, np.inf, -np.inf, np.nan])
def test_padding_may_hold_any_number(value):
    x = integers(1, 2, 3, 2, 1)
    expected = np.pad(x, [(0, 0), (1, 2), (1, 1), (0, 0)], constant_values=value)
    np.testing.assert_array_equal(reference.pad_forward(x, ((1, 2), 1), value=value), expected)


@pytest.mark.parametrize("mode", SCIPY_MODES)
@pytest.mark.parametrize("spatial", [(7,), (6, 5), (4, 5, 3)])
def test_convolution_of_padded_images_is_that_of_scipy(spatial, mode):
    # scipy's correlate pads so that the output has the input's size
    x, weight = integers(1, 1, *spatial, 1), integers(2, 1, *(3,) * len(spatial), 1)
    how = {"padding": "same", "padding_mode": mode}
    y = reference.conv_forward(x, weight, **how)
    expected = ndimage.correlate(x[0, ..., 0], weight[0, ..., 0], mode=SCIPY_MODES[mode], cval=0.0)
    np.testing.assert_array_equal(y[0, ..., 0], expected)


@pytest.mark.parametrize("mode", ["reflect", "edge", "circular"])
@pytest.mark.parametrize(
    ("spatial", "kernel", "settings"),
    [
        ((7,), (4,), {"padding": ((4, 1),), "stride": 2}),
        ((6, 5), (3, 2), {"padding": ((3, 0), (1, 4)), "dilation": 2}),
        ((5, 6), (3, 3), {"padding": 1, "stride": (1, 2), "groups": 2}),
        ((3, 4, 3), (2, 3, 2), {"padding": (1, 0, 2)}),
    ],
)
def test_gradients_of_convolutions_are_exact_differences(spatial, kernel, settings, mode):
    how = settings | {"padding_mode": mode}
    x = integers(1, 2, *spatial, 2)
    weight = integers(2, 4, *kernel, 2 // settings.get("groups", 1))
    y = reference.conv_forward(x, weight, **how)
    dy = integers(3, *y.shape)
    dx = reference.conv_backward_input(dy, weight, x.shape, **how)
    dweight, dbias = reference.conv_backward_weights(x, dy, kernel, **how)
    assert_adjoint(x, y, dx, dy)
    assert_adjoint(weight, y, dweight, dy)
    np.testing.assert_array_equal(dbias, dy.reshape(-1, 4).sum(0))
    rng = np.random.default_rng(5)
    for operand, gradient in ((x, dx), (weight, dweight)):
        for _ in range(6):
            index = tuple(rng.integers(0, operand.shape))
            operand[index] += 1.0
            after = np.sum(dy * reference.conv_forward(x, weight, **how))
            operand[index] -= 1.0
            assert after - np.sum(dy * y) == gradient[index]


def test_a_circular_convolution_is_a_product_of_spectra():
    x, weight = integers(1, 1, 8, 1), integers(2, 1, 3, 1)
    y = reference.conv_forward(x, weight, padding=((0, 2),), padding_mode="circular")
    kernel = np.zeros(8)
    kernel[:3] = weight[0, :, 0]
    expected = np.fft.ifft(np.fft.fft(x[0, :, 0]) * np.conj(np.fft.fft(kernel))).real
    np.testing.assert_allclose(y[0, :, 0], expected, atol=1e-12)


@pytest.mark.parametrize(("spatial", "cropping"), SHAPES)
def test_cropping_undoes_padding(spatial, cropping):
    x = integers(1, 2, *spatial, 3)
    padded = reference.pad_forward(x, cropping, value=9.0)
    np.testing.assert_array_equal(reference.crop_forward(padded, cropping), x, strict=True)
    dx = reference.crop_backward(x, padded.shape, cropping)
    np.testing.assert_array_equal(dx, reference.pad_forward(x, cropping), strict=True)


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("spatial", [(1,), (5,), (3, 4), (2, 3, 2)])
def test_nearest_is_repetition(spatial, scale):
    x = integers(1, 2, *spatial, 3)
    expected = x
    for axis in range(len(spatial)):
        expected = np.repeat(expected, scale, axis=1 + axis)
    y = reference.up_sample_forward(x, scale)
    np.testing.assert_array_equal(y, expected, strict=True)
    dy = integers(2, *y.shape)
    assert_adjoint(x, y, reference.up_sample_backward(dy, x.shape, scale), dy)


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 5, 8])
@pytest.mark.parametrize("spatial", [(1,), (5,), (3, 4), (2, 3, 2)])
def test_linear_is_interpolation_axis_by_axis(spatial, scale):
    x = integers(1, 2, *spatial, 3)
    expected = x
    for axis, size in enumerate(spatial):
        places = (np.arange(size * scale) + 0.5) / scale - 0.5  # np.interp clips at the ends
        line = partial(np.interp, places, np.arange(size))
        expected = np.apply_along_axis(line, 1 + axis, expected)
    y = reference.up_sample_forward(x, scale, mode="linear")
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-14)
    dy = integers(2, *y.shape)
    dx = reference.up_sample_backward(dy, x.shape, scale, mode="linear")
    np.testing.assert_allclose(np.sum(x * dx), np.sum(y * dy), rtol=1e-13, atol=1e-12)


@pytest.mark.parametrize("spatial", [(5,), (4, 5)])
def test_linear_by_an_even_scale_is_scipys_zoom_of_a_grid(spatial):
    x = integers(1, *spatial)
    expected = ndimage.zoom(x, 2, order=1, mode="nearest", grid_mode=True)
    y = reference.up_sample_forward(x[None, ..., None], 2, mode="linear")[0, ..., 0]
    np.testing.assert_allclose(y, expected, atol=1e-12)


def test_linear_is_a_transposed_convolution_with_a_triangle():
    x = integers(1, 7)
    triangle = np.convolve([1, 1, 1], [1, 1, 1]) / 3
    expected = signal.upfirdn(triangle, x, up=3)[1:-1]
    y = reference.up_sample_forward(x[None, :, None], 3, mode="linear").ravel()
    np.testing.assert_allclose(y[1:-1], expected[1:-1], atol=1e-14)
    assert (y[0], y[-1]) == (x[0], x[-1])


@pytest.mark.parametrize("sizes", [(3,), (2, 3), (2, 3, 4), (2, 1, 3, 2)])
def test_permuting_is_transposing_every_sample(sizes):
    x = integers(1, 2, *sizes)
    for axes in itertools.permutations(range(len(sizes))):
        expected = np.transpose(x, (0, *(axis + 1 for axis in axes)))
        y = reference.permute_forward(x, axes)
        np.testing.assert_array_equal(y, expected, strict=True)
        np.testing.assert_array_equal(reference.permute_backward(y, axes), x, strict=True)


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
def test_what_a_linear_enlargement_spoils_lies_beside_it(special):
    x = np.arange(1.0, 6).reshape(1, 5, 1)
    x[0, 2] = special
    # targets at −1/3, 0, 1/3 from a source, and so on: those at a source read nothing else
    y = reference.up_sample_forward(x, 3, mode="linear").ravel()
    np.testing.assert_array_equal(np.flatnonzero(~np.isfinite(y)), [5, 6, 7, 8, 9])
