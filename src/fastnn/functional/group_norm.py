"""Layer, group and instance normalisation: a sample's groups to mean 0 and variance 1."""

import math

import numpy as np

from fastnn._core import group_norm as core
from fastnn.checks import positive
from fastnn.geometry import as_integer

from ._operands import (
    answer,
    both,
    check_shape,
    common_dtype,
    empty_packs,
    operand,
    packed,
    real_array,
    resolve,
    vector,
)

_forward = both(core.group_norm_forward)
_backward = both(core.group_norm_backward)


def layer_norm_forward(x, scale=None, shift=None, *, axes=1, epsilon=1e-5, n_threads=None):
    """Normalise the last axes of every sample by their own mean and variance.

    Parameters
    ----------
    x : array_like or Packs, shape (N, ..., C)
    scale, shift : array_like, shape of the normalised axes, optional
        1 and 0 where they are not given.
    axes : int or "all"
        How many of the last axes are normalised together, with a scale and a shift for each of
        their elements; "all" are those of a sample.
    epsilon : float
        More than 0: numbers that are all equal give `shift`.
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape of x

    Raises
    ------
    ValueError
        If the shapes do not go together, there are fewer axes, or `epsilon` is not more than 0.

    Notes
    -----
    With mean and variance (divided by their count) over the last axes:
    ``y = (x − mean) / √(variance + epsilon) · scale + shift``. Ba, Kiros, Hinton: Layer
    normalization, 2016.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.layer_norm_forward([[1, 3], [5, 5]]).round(3).tolist()
    [[-1.0, 1.0], [0.0, 0.0]]
    """
    name = "layer_norm_forward"
    x = _samples(name, x, 1)
    return _normalize(name, x, scale, shift, epsilon, _layers(name, x, axes), n_threads)


def layer_norm_backward(dy, x, scale=None, *, axes=1, epsilon=1e-5, n_threads=None):
    """Gradients of :func:`layer_norm_forward`.

    Parameters
    ----------
    dy, x : array_like or Packs, equal shapes (N, ..., C)
        Gradient of the output, and the input.
    scale : array_like, shape of the normalised axes, optional
    axes : int or "all"
        How many of the last axes are normalised together, with a scale and a shift for each of
        their elements; "all" are those of a sample.
    epsilon : float
        That of the forward pass.
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape of dy
    dscale, dshift : ndarray, shape of the normalised axes

    Raises
    ------
    ValueError
        If the shapes do not go together, there are fewer axes, or `epsilon` is not more than 0.

    Notes
    -----
    With ``n = (x − mean) / √(variance + epsilon)``, ``d = dy · scale`` and means over what is
    normalised together: ``dx = (d − mean d − n · mean(d n)) / √(variance + epsilon)``; ``dscale = Σ
    dy n`` and ``dshift = Σ dy`` over all that share them.

    Examples
    --------
    >>> from fastnn import functional
    >>> dx, dscale, dshift = functional.layer_norm_backward([[1, 2]], [[1, 3]])
    >>> bool(abs(dx).max() < 1e-5), dscale.round(3).tolist(), dshift.tolist()
    (True, [-1.0, 2.0], [1.0, 2.0])
    """
    name = "layer_norm_backward"
    x = _samples(name, x, 1)
    return _gradients(name, dy, x, scale, epsilon, _layers(name, x, axes), n_threads)


def group_norm_forward(x, groups, scale=None, shift=None, *, epsilon=1e-5, n_threads=None):
    """Normalise groups of channels of every sample by their own mean and variance.

    Parameters
    ----------
    x : array_like or Packs, shape (N, ..., C)
    groups : int
        How many groups the channels are divided into, each of consecutive ones.
    scale, shift : array_like, shape (C,), optional
        1 and 0 where they are not given.
    epsilon : float
        More than 0: numbers that are all equal give `shift`.
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape of x

    Raises
    ------
    ValueError
        If the shapes do not go together, `groups` does not divide the channels, or `epsilon` is
        not more than 0.

    Notes
    -----
    With mean and variance (divided by their count) over all positions and a group's channels:
    ``y = (x − mean) / √(variance + epsilon) · scale + shift``. Wu, He: Group normalization,
    2018.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.group_norm_forward([[1, 3, 5, 5]], 2).round(3).tolist()
    [[-1.0, 1.0, 0.0, 0.0]]
    """
    name = "group_norm_forward"
    x = _samples(name, x, 1)
    return _normalize(name, x, scale, shift, epsilon, _groups(name, x, groups), n_threads)


def group_norm_backward(dy, x, groups, scale=None, *, epsilon=1e-5, n_threads=None):
    """Gradients of :func:`group_norm_forward`.

    Parameters
    ----------
    dy, x : array_like or Packs, equal shapes (N, ..., C)
        Gradient of the output, and the input.
    groups : int
        How many groups the channels are divided into, each of consecutive ones.
    scale : array_like, shape (C,), optional
    epsilon : float
        That of the forward pass.
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape of dy
    dscale, dshift : ndarray, shape (C,)

    Raises
    ------
    ValueError
        If the shapes do not go together, `groups` does not divide the channels, or `epsilon` is
        not more than 0.

    Notes
    -----
    With ``n = (x − mean) / √(variance + epsilon)``, ``d = dy · scale`` and means over what is
    normalised together: ``dx = (d − mean d − n · mean(d n)) / √(variance + epsilon)``; ``dscale = Σ
    dy n`` and ``dshift = Σ dy`` over all that share them.

    Examples
    --------
    >>> from fastnn import functional
    >>> dx, dscale, dshift = functional.group_norm_backward([[1, 2]], [[1, 3]], 1)
    >>> bool(abs(dx).max() < 1e-5), dscale.round(3).tolist(), dshift.tolist()
    (True, [-1.0, 2.0], [1.0, 2.0])
    """
    name = "group_norm_backward"
    x = _samples(name, x, 1)
    return _gradients(name, dy, x, scale, epsilon, _groups(name, x, groups), n_threads)


def instance_norm_forward(x, scale=None, shift=None, *, epsilon=1e-5, n_threads=None):
    """Normalise every channel of every sample by its own mean and variance.

    Parameters
    ----------
    x : array_like or Packs, shape (N, *spatial, C)
    scale, shift : array_like, shape (C,), optional
        1 and 0 where they are not given.
    epsilon : float
        More than 0: numbers that are all equal give `shift`.
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape of x

    Raises
    ------
    ValueError
        If the shapes do not go together, there is no spatial axis (a mean would be of one number),
        or `epsilon` is not more than 0.

    Notes
    -----
    With mean and variance (divided by their count) over a channel's positions:
    ``y = (x − mean) / √(variance + epsilon) · scale + shift``. Ulyanov, Vedaldi, Lempitsky:
    Instance normalization, 2016.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.instance_norm_forward([[[1, 5], [3, 5]]]).round(3).tolist()
    [[[-1.0, 0.0], [1.0, 0.0]]]
    """
    name = "instance_norm_forward"
    x = _samples(name, x, 2)
    return _normalize(name, x, scale, shift, epsilon, _groups(name, x, x.shape[-1]), n_threads)


def instance_norm_backward(dy, x, scale=None, *, epsilon=1e-5, n_threads=None):
    """Gradients of :func:`instance_norm_forward`.

    Parameters
    ----------
    dy, x : array_like or Packs, equal shapes (N, *spatial, C)
        Gradient of the output, and the input.
    scale : array_like, shape (C,), optional
    epsilon : float
        That of the forward pass.
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape of dy
    dscale, dshift : ndarray, shape (C,)

    Raises
    ------
    ValueError
        If the shapes do not go together, there is no spatial axis (a mean would be of one number),
        or `epsilon` is not more than 0.

    Notes
    -----
    With ``n = (x − mean) / √(variance + epsilon)``, ``d = dy · scale`` and means over what is
    normalised together: ``dx = (d − mean d − n · mean(d n)) / √(variance + epsilon)``; ``dscale = Σ
    dy n`` and ``dshift = Σ dy`` over all that share them.

    Examples
    --------
    >>> from fastnn import functional
    >>> dx, dscale, dshift = functional.instance_norm_backward([[[1], [2]]], [[[1], [3]]])
    >>> bool(abs(dx).max() < 1e-5), dscale.round(3).tolist(), dshift.tolist()
    (True, [1.0], [3.0])
    """
    name = "instance_norm_backward"
    x = _samples(name, x, 2)
    return _gradients(name, dy, x, scale, epsilon, _groups(name, x, x.shape[-1]), n_threads)


def _samples(name, x, least):
    """Return x checked: samples of at least so many axes, none of them empty."""
    x = operand(name, "x", x)
    if len(x.shape) < least + 1 or 0 in x.shape[1:]:
        form = "(N, ..., C)" if least == 1 else "(N, *spatial, C)"
        raise ValueError(f"{name}: expected x of shape {form}, got shape {x.shape}")
    return x


def _layers(name, x, axes):
    """The shape of what is normalised together, and blocks, groups and channels."""
    rank = len(x.shape) - 1
    count = rank if axes == "all" else as_integer(name, "axes", axes, 1)
    if count > rank:
        raise ValueError(f"{name}: expected axes from 1 to {rank} for x {x.shape}, got {axes}")
    shape = tuple(x.shape[-count:])
    return shape, (math.prod(x.shape[1:-count]), 1, math.prod(shape))


def _groups(name, x, groups):
    channels, groups = x.shape[-1], as_integer(name, "groups", groups, 1)
    if channels % groups:
        raise ValueError(
            f"{name}: expected groups that divide the {channels} channels, got {groups}"
        )
    return x.shape[-1:], (1, groups, channels // groups)


def _normalize(name, x, scale, shift, epsilon, plan, n_threads):
    shape, sizes = plan
    scale, shift = _parameter(name, "scale", scale, shape), _parameter(name, "shift", shift, shape)
    epsilon = positive(name, "epsilon", epsilon)
    dtype, threads = common_dtype(x, scale, shift), resolve(n_threads)
    parameters = [np.empty(0), *(p for p in (scale, shift) if p is not None)]
    y = empty_packs(len(x), x.shape[1:], dtype)
    _forward[dtype](
        packed(x, dtype, n_threads=threads).rows, vector(np.concatenate(parameters), dtype),
        scale is not None, shift is not None, y.rows, *sizes, epsilon, threads,
    )  # fmt: skip
    return answer(y, x, threads)


def _gradients(name, dy, x, scale, epsilon, plan, n_threads):
    shape, sizes = plan
    dy = operand(name, "dy", dy)
    check_shape(name, "dy", dy, x.shape)
    scale = _parameter(name, "scale", scale, shape)
    epsilon = positive(name, "epsilon", epsilon)
    dtype, threads = common_dtype(dy, x, scale), resolve(n_threads)
    if scale is None:
        scale = np.ones(math.prod(shape))
    dx = empty_packs(len(x), x.shape[1:], dtype)
    gradients = np.empty((2, math.prod(shape)), dtype)
    _backward[dtype](
        packed(dy, dtype, "zero", threads).rows, packed(x, dtype, n_threads=threads).rows, len(x),
        vector(scale, dtype), dx.rows, gradients, *sizes, epsilon, threads,
    )  # fmt: skip
    dscale, dshift = gradients.reshape(2, *shape)
    return answer(dx, dy, threads), dscale, dshift


def _parameter(name, what, value, shape):
    """Return scale or shift checked, in a row, or None."""
    if value is None:
        return None
    value = real_array(name, what, value)
    check_shape(name, what, value, shape)
    return value.reshape(-1)
