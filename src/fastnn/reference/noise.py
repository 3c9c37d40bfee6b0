"""Noise of training: dropout, of elements or of whole channels, and Gaussian noise.

Every row of a batch draws its own numbers, which depend on the seed, the layer, the step, the row
and the place in it.
"""

import math

from ._arrays import as_array, as_floats, as_integer, as_number, as_result
from .random import box_muller, of_24_bits, row_words

_FIRST_STREAM = 2**31 + 1  # those below are initial weights' and the shuffled order's


def dropout_forward(x, rate, *, seed, layer=0, step=0, first_row=0):
    """Set elements to 0 at random, and scale the others such that the mean stays.

    Parameters
    ----------
    x : array_like, shape (N, ...)
    rate : float
        The share that is dropped, from 0 up to, without, 1.
    seed : int
        0 to 2^64 - 1.
    layer : int
        Who drops, 0 to 2^30 - 1.
    step : int
        When; the low 32 bits count.
    first_row : int
        Where in the batch the rows of `x` begin.

    Returns
    -------
    y : ndarray, shape of x

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    ``y = 0 where u < rate, else x / (1 - rate)``, with an element's uniform number u of 24 bits.
    What is dropped is 0 also where x is NaN or infinite. Element e of row r takes word ``e % 4`` of
    Philox 4x32-10 of the counter ``(e / 4, r, 2^31 + 1 + layer, step)`` under the key ``seed``;
    ``u = (word >> 8) 2^-24``.
    Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov: Dropout, 2014.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.dropout_forward([[1, 2, 3, 4]], 0.5, seed=0).tolist()
    [[0.0, 4.0, 0.0, 8.0]]
    """
    x = _batch("dropout_forward", "x", x)
    key = _key("dropout_forward", x, seed, layer, step, first_row)
    return _drop(x, _rate("dropout_forward", rate), math.prod(x.shape[1:]), key)


def dropout_backward(dy, rate, *, seed, layer=0, step=0, first_row=0):
    """Gradient of dropout.

    Parameters
    ----------
    dy : array_like, shape (N, ...)
        Gradient with respect to the output.
    rate, seed, layer, step, first_row
        Those of the forward pass.

    Returns
    -------
    dx : ndarray, shape of dy

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    ``dx = 0 where u < rate, else dy / (1 - rate)``.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.dropout_backward([[1, 1, 1, 1]], 0.5, seed=0).tolist()
    [[0.0, 2.0, 0.0, 2.0]]
    """
    dy = _batch("dropout_backward", "dy", dy)
    key = _key("dropout_backward", dy, seed, layer, step, first_row)
    return _drop(dy, _rate("dropout_backward", rate), math.prod(dy.shape[1:]), key)


def spatial_dropout_forward(x, rate, *, seed, layer=0, step=0, first_row=0):
    """Drop whole channels of a sample: at all positions or at none.

    Parameters
    ----------
    x : array_like, shape (N, ..., C)
    rate, seed, layer, step, first_row
        As for `dropout_forward`.

    Returns
    -------
    y : ndarray, shape of x

    Raises
    ------
    ValueError
        If a number is out of range, or x has no channels.

    Notes
    -----
    As `dropout_forward`, a channel having the number that an element has there.
    Tompson, Goroshin, Jain, LeCun, Bregler: Efficient object localization, 2015.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.spatial_dropout_forward([[[1, 2], [3, 4]]], 0.5, seed=0).tolist()
    [[[0.0, 4.0], [0.0, 8.0]]]
    """
    x = _batch("spatial_dropout_forward", "x", x)
    key = _key("spatial_dropout_forward", x, seed, layer, step, first_row)
    channels = _channels("spatial_dropout_forward", "x", x)
    return _drop(x, _rate("spatial_dropout_forward", rate), channels, key)


def spatial_dropout_backward(dy, rate, *, seed, layer=0, step=0, first_row=0):
    """Gradient of dropout of whole channels.

    Parameters
    ----------
    dy : array_like, shape (N, ..., C)
        Gradient with respect to the output.
    rate, seed, layer, step, first_row
        Those of the forward pass.

    Returns
    -------
    dx : ndarray, shape of dy

    Raises
    ------
    ValueError
        If a number is out of range, or dy has no channels.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.spatial_dropout_backward([[[1, 1], [1, 1]]], 0.5, seed=0).tolist()
    [[[0.0, 2.0], [0.0, 2.0]]]
    """
    dy = _batch("spatial_dropout_backward", "dy", dy)
    key = _key("spatial_dropout_backward", dy, seed, layer, step, first_row)
    channels = _channels("spatial_dropout_backward", "dy", dy)
    return _drop(dy, _rate("spatial_dropout_backward", rate), channels, key)


def gaussian_noise_forward(x, stddev, *, seed, layer=0, step=0, first_row=0):
    """Add normal numbers.

    Parameters
    ----------
    x : array_like, shape (N, ...)
    stddev : float
        Their standard deviation, at least 0.
    seed, layer, step, first_row
        As for `dropout_forward`.

    Returns
    -------
    y : ndarray, shape of x

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    ``y = x + stddev · z``. Elements 2 i and 2 i + 1 of a row share the block ``i`` of words where
    `dropout_forward` has ``e / 4``; `random_normal` says how it becomes z.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.gaussian_noise_forward([[1.0, 2.0]], 0.5, seed=1).round(3).tolist()
    [[1.073, 3.015]]
    """
    x = _batch("gaussian_noise_forward", "x", x)
    key = _key("gaussian_noise_forward", x, seed, layer, step, first_row)
    stddev = as_number("gaussian_noise_forward", "stddev", stddev, 0)
    noisy = [value + stddev * z for value, z in zip(as_floats(x, -1), _normal(x, key), strict=True)]
    return as_result(noisy, x.shape, x)


def gaussian_noise_backward(dy):
    """Gradient of added noise: the same numbers.

    Parameters
    ----------
    dy : array_like, shape (N, ...)
        Gradient with respect to the output.

    Returns
    -------
    dx : ndarray, shape of dy

    Notes
    -----
    ``dx = dy``.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.gaussian_noise_backward([[1, 2]]).tolist()
    [[1.0, 2.0]]
    """
    dy = _batch("gaussian_noise_backward", "dy", dy)
    return as_result(as_floats(dy), dy.shape, dy)


def gaussian_dropout_forward(x, rate, *, seed, layer=0, step=0, first_row=0):
    """Multiply by normal numbers of mean 1, whose spread is that of dropout.

    Parameters
    ----------
    x : array_like, shape (N, ...)
    rate : float
        From 0 up to, without, 1.
    seed, layer, step, first_row
        As for `dropout_forward`.

    Returns
    -------
    y : ndarray, shape of x

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    ``y = x (1 + sqrt(rate / (1 - rate)) z)``, with the numbers z of `gaussian_noise_forward`.
    Srivastava et al.: Dropout, 2014, section 10.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.gaussian_dropout_forward([[1.0, 2.0]], 0.5, seed=1).round(3).tolist()
    [[1.145, 6.061]]
    """
    x = _batch("gaussian_dropout_forward", "x", x)
    key = _key("gaussian_dropout_forward", x, seed, layer, step, first_row)
    return _multiply(x, _rate("gaussian_dropout_forward", rate), key)


def gaussian_dropout_backward(dy, rate, *, seed, layer=0, step=0, first_row=0):
    """Gradient of Gaussian dropout: dy times the same numbers.

    Parameters
    ----------
    dy : array_like, shape (N, ...)
        Gradient with respect to the output.
    rate, seed, layer, step, first_row
        Those of the forward pass.

    Returns
    -------
    dx : ndarray, shape of dy

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.gaussian_dropout_backward([[1.0, 1.0]], 0.5, seed=1).round(3).tolist()
    [[1.145, 3.03]]
    """
    dy = _batch("gaussian_dropout_backward", "dy", dy)
    key = _key("gaussian_dropout_backward", dy, seed, layer, step, first_row)
    return _multiply(dy, _rate("gaussian_dropout_backward", rate), key)


def _drop(x, rate, channels, key):
    """Drop some of the channels of each row, at every position; elements, if these are channels."""
    seed, stream, counter, first_row = key
    y = []
    for n, row in enumerate(as_floats(x, len(x), math.prod(x.shape[1:]))):
        u = of_24_bits(row_words(channels, seed, stream, counter, first_row + n))
        for i, value in enumerate(row):
            y.append(0.0 if u[i % channels] < rate else value / (1.0 - rate))
    return as_result(y, x.shape, x)


def _multiply(x, rate, key):
    stddev = math.sqrt(rate / (1.0 - rate))
    numbers = zip(as_floats(x, -1), _normal(x, key), strict=True)
    return as_result([value * (1.0 + stddev * z) for value, z in numbers], x.shape, x)


def _normal(x, key):
    """The normal numbers of all elements."""
    seed, stream, counter, first_row = key
    features, z = math.prod(x.shape[1:]), []
    for n in range(len(x)):
        words = row_words(2 * features + 2, seed, stream, counter, first_row + n)
        z += box_muller(words)[:features]
    return z


def _batch(operation, name, value):
    array = as_array(operation, name, value)
    if array.ndim == 0:
        raise ValueError(f"{operation}: expected {name} of shape (N, ...), got a single number")
    return array


def _channels(operation, name, x):
    if x.ndim < 2:
        raise ValueError(f"{operation}: expected {name} of shape (N, ..., C), got shape {x.shape}")
    return x.shape[-1]


def _rate(operation, rate):
    rate = as_number(operation, "rate", rate, 0)
    if rate >= 1:
        raise ValueError(f"{operation}: expected rate less than 1, got {rate}")
    return rate


def _key(operation, x, seed, layer, step, first_row):
    """Seed, stream, counter and first row."""
    seed = as_integer(operation, "seed", seed, 0)
    layer = as_integer(operation, "layer", layer, 0)
    step = as_integer(operation, "step", step, 0)
    first_row = as_integer(operation, "first_row", first_row, 0)
    for name, value, bound in (
        ("seed", seed, 2**64),
        ("layer", layer, 2**30),
        ("first_row", first_row, 2**32 - len(x) + 1),
    ):
        if value >= bound:
            raise ValueError(f"{operation}: expected {name} below {bound}, got {value}")
    return seed, _FIRST_STREAM + layer, step % 2**32, first_row
