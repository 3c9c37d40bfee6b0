"""Batch normalisation: every channel to mean 0 and variance 1 over the batch and its positions."""

import math

import numpy as np

from ._arrays import activated, as_array, as_floats, as_result, check_shape, positive, total


def batch_norm_forward(x, scale=None, shift=None, *, epsilon=1e-5, activation=None):
    """Normalise every channel by its own mean and variance, as in training.

    Parameters
    ----------
    x : array_like, shape (N, ..., C)
    scale, shift : array_like, shape (C,), optional
        1 and 0 where they are not given.
    epsilon : float
        More than 0: a channel that does not vary gives `shift`.
    activation : {None, "relu"}
        What follows.

    Returns
    -------
    y : ndarray, shape of x
    mean, variance : ndarray, shape (C,), float64
        Over the batch and all positions; 0 of a batch of 0 samples.

    Raises
    ------
    ValueError
        If the shapes do not go together, or `epsilon` is not more than 0.

    Notes
    -----
    With M numbers a channel: ``mean = Σ x / M``, ``variance = Σ (x − mean)² / M``,
    ``y = (x − mean) / √(variance + epsilon) · scale + shift``.
    Ioffe, Szegedy: Batch normalization, 2015.

    Examples
    --------
    >>> from fastnn import reference
    >>> y, mean, variance = reference.batch_norm_forward([[1, 5], [3, 5]])
    >>> y.round(3).tolist(), mean.tolist(), variance.tolist()
    ([[-1.0, 0.0], [1.0, 0.0]], [2.0, 5.0], [1.0, 0.0])
    """
    name = "batch_norm_forward"
    x, scale, shift = _operands(name, x, scale, shift)
    means, variances = [], []
    for values in _by_channel(x):
        mean = total(values) / len(values) if values else 0.0
        squares = [(value - mean) * (value - mean) for value in values]
        means.append(mean)
        variances.append(total(squares) / len(squares) if squares else 0.0)
    y = batch_norm_inference(x, means, variances, scale, shift, epsilon=epsilon)
    y = activated(name, activation, y)
    return y, np.array(means), np.array(variances)


def batch_norm_inference(
    x, mean, variance, scale=None, shift=None, *, epsilon=1e-5, activation=None
):
    """Normalise every channel by a mean and a variance that are given, as in inference.

    Parameters
    ----------
    x : array_like, shape (N, ..., C)
    mean, variance : array_like, shape (C,)
        They do not decide the result's dtype.
    scale, shift : array_like, shape (C,), optional
        1 and 0 where they are not given.
    epsilon : float
        More than 0.
    activation : {None, "relu"}
        What follows.

    Returns
    -------
    y : ndarray, shape of x

    Raises
    ------
    ValueError
        If the shapes do not go together, or `epsilon` is not more than 0.

    Notes
    -----
    ``y = (x − mean) / √(variance + epsilon) · scale + shift``

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.batch_norm_inference([[3, 5]], [1, 5], [4, 1]).round(3).tolist()
    [[1.0, 0.0]]
    """
    name = "batch_norm_inference"
    x, scale, shift = _operands(name, x, scale, shift)
    means, variances = _statistics(name, x, mean, variance)
    epsilon = positive(name, "epsilon", epsilon)
    scales, shifts = _numbers(scale, x, 1.0), _numbers(shift, x, 0.0)
    y = []
    for row in as_floats(x, -1, x.shape[-1]):
        for c, value in enumerate(row):
            normal = (value - means[c]) / _root(variances[c] + epsilon)
            y.append(normal * scales[c] + shifts[c])
    return activated(name, activation, as_result(y, x.shape, x, scale, shift))


def batch_norm_backward(dy, x, mean, variance, scale=None, *, epsilon=1e-5, training=True):
    """Gradients of batch normalisation.

    Parameters
    ----------
    dy, x : array_like, the same shape (N, ..., C)
        Gradient with respect to the output, and the input of the forward pass.
    mean, variance : array_like, shape (C,)
        What the forward pass returned, or was given.
    scale : array_like, shape (C,), optional
    epsilon : float
        That of the forward pass.
    training : bool
        Whether mean and variance are those of `x`, or constants.

    Returns
    -------
    dx : ndarray, shape of dy
    dscale, dshift : ndarray, shape (C,)

    Raises
    ------
    ValueError
        If the shapes do not go together, or `epsilon` is not more than 0.

    Notes
    -----
    With ``n = (x − mean) / √(variance + epsilon)`` and M numbers a channel: ``dscale = Σ dy n``,
    ``dshift = Σ dy``; ``dx = scale / √(variance + epsilon) · dy`` if the statistics are constants.
    If they are those of `x`, a move of one number moves them too: ``∂mean / ∂x = 1 / M`` and
    ``∂variance / ∂x = 2 (x − mean) / M``, which takes ``dshift / M + n dscale / M`` off dy.

    Examples
    --------
    >>> from fastnn import reference
    >>> x, dy = [[1], [3]], [[1], [2]]
    >>> _, mean, variance = reference.batch_norm_forward(x)
    >>> dx, dscale, dshift = reference.batch_norm_backward(dy, x, mean, variance)
    >>> bool(abs(dx).max() < 1e-5), dscale.round(3).tolist(), dshift.tolist()
    (True, [1.0], [3.0])
    """
    name = "batch_norm_backward"
    dy = as_array(name, "dy", dy)
    x, scale, _ = _operands(name, x, scale, None)
    check_shape(name, "dy", dy, x.shape)
    means, variances = _statistics(name, x, mean, variance)
    epsilon = positive(name, "epsilon", epsilon)
    scales, columns, dscale, dshift = _numbers(scale, x, 1.0), [], [], []
    for c, (ds, values) in enumerate(zip(_by_channel(dy), _by_channel(x), strict=True)):
        root = _root(variances[c] + epsilon)
        normals = [(value - means[c]) / root for value in values]
        # forward: y = n · scale + shift
        dscale.append(total([d * normal for d, normal in zip(ds, normals, strict=True)]))
        dshift.append(total(ds))
        column = []
        for d, normal in zip(ds, normals, strict=True):
            rest = d
            if training:
                rest = d - dshift[c] / len(ds) - normal * dscale[c] / len(ds)
            column.append(scales[c] / root * rest)
        columns.append(column)
    dx = np.array(columns).T.reshape(x.shape)
    sizes, operands = x.shape[-1:], (dy, x, scale)
    return (
        as_result(dx, x.shape, *operands),
        as_result(dscale, sizes, *operands),
        as_result(dshift, sizes, *operands),
    )


def _operands(operation, x, scale, shift):
    x = as_array(operation, "x", x)
    if x.ndim < 2 or 0 in x.shape[1:]:
        raise ValueError(f"{operation}: expected x of shape (N, ..., C), got shape {x.shape}")
    vectors = []
    for what, value in (("scale", scale), ("shift", shift)):
        if value is not None:
            value = as_array(operation, what, value)
            check_shape(operation, what, value, x.shape[-1:])
        vectors.append(value)
    return x, *vectors


def _statistics(operation, x, mean, variance):
    """Means and variances of all channels as lists."""
    mean = as_array(operation, "mean", mean)
    variance = as_array(operation, "variance", variance)
    check_shape(operation, "mean", mean, x.shape[-1:])
    check_shape(operation, "variance", variance, x.shape[-1:])
    return as_floats(mean), as_floats(variance)


def _root(value):
    """√value; NaN of a negative number, as a variance that was given may be."""
    return math.nan if value < 0 else math.sqrt(value)


def _by_channel(x):
    """A list of all numbers of each channel."""
    return as_floats(np.moveaxis(x, -1, 0), x.shape[-1], x.size // x.shape[-1])


def _numbers(vector, x, default):
    """A number for each channel: those of the vector, if there is one."""
    return [default] * x.shape[-1] if vector is None else as_floats(vector)
