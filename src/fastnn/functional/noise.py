"""Noise of training: dropout, of elements or of whole channels, and Gaussian noise.

Its numbers are those of (seed, layer, step, row in the batch, element) and of nothing else, so
that neither threads nor the rest of a batch change them; _core/random.pyx lists who draws which.
"""

import math

from fastnn._core import noise as core
from fastnn.checks import number
from fastnn.geometry import as_integer

from ._operands import answer, both, common_dtype, empty_packs, operand, packed, resolve

LAYERS = 2**30  # as many may draw
_LARGEST = 2**62
_ROWS = 2**32

_dropout = both(core.dropout)
_gaussian = both(core.gaussian)


def dropout_forward(x, rate, *, seed, layer=0, step=0, first_row=0, n_threads=None):
    """Set elements to 0 at random, and scale the others such that the mean stays.

    Parameters
    ----------
    x : array_like or Packs, shape (N, ...)
    rate : float
        The share that is dropped, from 0 up to, without, 1.
    seed : int
        0 to 2^64 − 1.
    layer : int
        Who drops, 0 to 2^30 − 1: layers of one network draw different numbers.
    step : int
        When; the low 32 bits count.
    first_row : int
        Where in the batch the rows of `x` begin.
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape of x

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    ``y = 0 where u < rate, else x / (1 − rate)``, with an element's uniform number u of 24 bits:
    the rate counts as the next multiple of 2^-24. What is dropped is 0 also where x is NaN or
    infinite (in PyTorch, which multiplies, it is NaN then). Element e of row r takes word ``e % 4``
    of Philox 4x32-10 of the counter ``(e / 4, r, 2^31 + 1 + layer, step)`` under the key ``seed``;
    ``u = (word >> 8) 2^-24``.
    Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov: Dropout, 2014.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.dropout_forward([[1, 2, 3, 4]], 0.5, seed=0).tolist()
    [[0.0, 4.0, 0.0, 8.0]]
    """
    name = "dropout_forward"
    x = _batch(name, "x", x)
    return _drop(name, x, x.shape[1:], rate, (seed, layer, step, first_row), n_threads)


def dropout_backward(dy, rate, *, seed, layer=0, step=0, first_row=0, n_threads=None):
    """Gradient of :func:`dropout_forward`: ``dx = 0 where u < rate, else dy / (1 − rate)``.

    Parameters
    ----------
    dy : array_like or Packs, shape (N, ...)
    rate, seed, layer, step, first_row
        Those of the forward pass.
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape of dy

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.dropout_backward([[1, 1, 1, 1]], 0.5, seed=0).tolist()
    [[0.0, 2.0, 0.0, 2.0]]
    """
    name = "dropout_backward"
    dy = _batch(name, "dy", dy)
    return _drop(name, dy, dy.shape[1:], rate, (seed, layer, step, first_row), n_threads)


def spatial_dropout_forward(x, rate, *, seed, layer=0, step=0, first_row=0, n_threads=None):
    """Drop whole channels of a sample: at all positions or at none.

    Parameters
    ----------
    x : array_like or Packs, shape (N, ..., C)
    rate, seed, layer, step, first_row, n_threads
        As for :func:`dropout_forward`.

    Returns
    -------
    y : ndarray or Packs, shape of x

    Raises
    ------
    ValueError
        If a number is out of range, or x has no channels.

    Notes
    -----
    As :func:`dropout_forward`, a channel having the number that an element has there. Neighbours in
    an image are much alike, so that dropping them one by one would hide little.
    Tompson, Goroshin, Jain, LeCun, Bregler: Efficient object localization, 2015.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.spatial_dropout_forward([[[1, 2], [3, 4]]], 0.5, seed=0).tolist()
    [[[0.0, 4.0], [0.0, 8.0]]]
    """
    name = "spatial_dropout_forward"
    x = _batch(name, "x", x)
    channels = _channels(name, "x", x)
    return _drop(name, x, channels, rate, (seed, layer, step, first_row), n_threads)


def spatial_dropout_backward(dy, rate, *, seed, layer=0, step=0, first_row=0, n_threads=None):
    """Gradient of :func:`spatial_dropout_forward`: 0 for channels that were dropped.

    Parameters
    ----------
    dy : array_like or Packs, shape (N, ..., C)
    rate, seed, layer, step, first_row
        Those of the forward pass.
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape of dy

    Raises
    ------
    ValueError
        If a number is out of range, or dy has no channels.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.spatial_dropout_backward([[[1, 1], [1, 1]]], 0.5, seed=0).tolist()
    [[[0.0, 2.0], [0.0, 2.0]]]
    """
    name = "spatial_dropout_backward"
    dy = _batch(name, "dy", dy)
    channels = _channels(name, "dy", dy)
    return _drop(name, dy, channels, rate, (seed, layer, step, first_row), n_threads)


def gaussian_noise_forward(x, stddev, *, seed, layer=0, step=0, first_row=0, n_threads=None):
    """Add normal numbers.

    Parameters
    ----------
    x : array_like or Packs, shape (N, ...)
    stddev : float
        Their standard deviation, at least 0.
    seed, layer, step, first_row, n_threads
        As for :func:`dropout_forward`.

    Returns
    -------
    y : ndarray or Packs, shape of x

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    ``y = x + stddev · z``. Elements 2 i and 2 i + 1 of a row share the block ``i`` of words where
    :func:`dropout_forward` has ``e / 4``; :func:`random_normal` says how it becomes z.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.gaussian_noise_forward([[1.0, 2.0]], 0.5, seed=1).round(3).tolist()
    [[1.073, 3.015]]
    """
    name = "gaussian_noise_forward"
    x = _batch(name, "x", x)
    stddev = number(name, "stddev", stddev, 0)
    return _disturb(name, x, False, stddev, (seed, layer, step, first_row), n_threads)


def gaussian_noise_backward(dy, *, n_threads=None):
    """Gradient of :func:`gaussian_noise_forward`: ``dx = dy``.

    Parameters
    ----------
    dy : array_like or Packs, shape (N, ...)
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape of dy
        A copy of an array, and packs themselves.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.gaussian_noise_backward([[1, 2]]).tolist()
    [[1.0, 2.0]]
    """
    dy = _batch("gaussian_noise_backward", "dy", dy)
    dtype = common_dtype(dy)
    return answer(packed(dy, dtype, "zero", n_threads), dy, n_threads)


def gaussian_dropout_forward(x, rate, *, seed, layer=0, step=0, first_row=0, n_threads=None):
    """Multiply by normal numbers of mean 1, whose spread is that of :func:`dropout_forward`.

    Parameters
    ----------
    x : array_like or Packs, shape (N, ...)
    rate : float
        From 0 up to, without, 1.
    seed, layer, step, first_row, n_threads
        As for :func:`dropout_forward`.

    Returns
    -------
    y : ndarray or Packs, shape of x

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    ``y = x (1 + sqrt(rate / (1 − rate)) z)``, with the numbers z of :func:`gaussian_noise_forward`.
    Srivastava et al.: Dropout, 2014, section 10.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.gaussian_dropout_forward([[1.0, 2.0]], 0.5, seed=1).round(3).tolist()
    [[1.145, 6.061]]
    """
    name = "gaussian_dropout_forward"
    x = _batch(name, "x", x)
    return _disturb(name, x, True, _spread(name, rate), (seed, layer, step, first_row), n_threads)


def gaussian_dropout_backward(dy, rate, *, seed, layer=0, step=0, first_row=0, n_threads=None):
    """Gradient of :func:`gaussian_dropout_forward`: dy times the same numbers.

    Parameters
    ----------
    dy : array_like or Packs, shape (N, ...)
    rate, seed, layer, step, first_row
        Those of the forward pass.
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape of dy

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.gaussian_dropout_backward([[1.0, 1.0]], 0.5, seed=1).round(3).tolist()
    [[1.145, 3.03]]
    """
    name = "gaussian_dropout_backward"
    dy = _batch(name, "dy", dy)
    return _disturb(name, dy, True, _spread(name, rate), (seed, layer, step, first_row), n_threads)


def _drop(name, x, channels, rate, key, n_threads):
    """Drop of each sample some of its channels: these sizes are theirs, others are positions'."""
    rate = number(name, "rate", rate, 0, below=1)
    key, threads, dtype = _key(name, x, *key), resolve(n_threads), common_dtype(x)
    y = empty_packs(len(x), x.shape[1:], dtype)
    if y.data.size:
        rows = packed(x, dtype, n_threads=threads).rows
        _dropout[dtype](rows, y.rows, len(x), math.prod(channels), rate, *key, threads)
    return answer(y, x, threads)


def _disturb(name, x, multiplies, stddev, key, n_threads):
    """Add normal numbers, or multiply by 1 and such numbers."""
    key, threads, dtype = _key(name, x, *key), resolve(n_threads), common_dtype(x)
    y = empty_packs(len(x), x.shape[1:], dtype)
    if y.data.size:
        rows = packed(x, dtype, n_threads=threads).rows
        _gaussian[dtype](rows, y.rows, len(x), multiplies, stddev, *key, threads)
    return answer(y, x, threads)


def _batch(name, what, value):
    """An operand with an axis of samples."""
    value = operand(name, what, value)
    if value.ndim == 0:
        raise ValueError(f"{name}: expected {what} of shape (N, ...), got a single number")
    return value


def _channels(name, what, value):
    """The sizes of what `spatial_dropout` drops."""
    if value.ndim < 2:
        raise ValueError(f"{name}: expected {what} of shape (N, ..., C), got shape {value.shape}")
    return value.shape[-1:]


def _spread(name, rate):
    rate = number(name, "rate", rate, 0, below=1)
    return math.sqrt(rate / (1 - rate))


def _key(name, x, seed, layer, step, first_row):
    """Return seed, stream, counter and row, as the compiled core takes them."""
    seed = as_integer(name, "seed", seed, 0, 2**64 - 1)
    layer = as_integer(name, "layer", layer, 0, LAYERS - 1)
    step = as_integer(name, "step", step, 0, _LARGEST)
    first_row = as_integer(name, "first_row", first_row, 0, _ROWS - len(x))
    return seed, core.STREAM + layer, step % 2**32, first_row
