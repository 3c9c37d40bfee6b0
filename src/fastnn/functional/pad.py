"""Padding and cropping of one to three spatial axes."""

from fastnn.resampling import crop_axes, crop_line, pad_axes, pad_line, pad_value

from ._operands import check_images, input_shape_of, operand
from ._resample import resample_backward, resample_forward, resample_packs


def pad_forward(x, padding, *, mode="constant", value=0.0, n_threads=None):
    """Surround the spatial axes with more of their kind.

    Parameters
    ----------
    x : array_like or Packs, shape (N, *spatial, C)
        One to three spatial axes.
    padding : int, one per axis, or a pair (before, after) per axis
    mode : {"constant", "zeros", "reflect", "edge", "replicate", "circular"}
        What stands there: `value`; 0; the input mirrored at its first and last element, which are
        not repeated; the first or last element ("edge" and "replicate" are the same); the input
        again from its other end.
    value : float
        For mode "constant".
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape (N, *padded, C)

    Raises
    ------
    ValueError
        If a padding is negative; reflects as many elements as the axis has, or more; or goes round
        more than once.

    Notes
    -----
    ``y[n, t] = x[n, s(t − before)]`` with ``s(i)`` per axis, of size `n`: ``|i|`` and
    ``2(n − 1) − i`` for "reflect", ``min(max(i, 0), n − 1)`` for "edge", ``i mod n`` for
    "circular". These are NumPy's modes of the same names, "circular" its "wrap".

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.pad_forward([[[1], [2], [3]]], 2, mode="reflect").ravel().tolist()
    [3.0, 2.0, 1.0, 2.0, 3.0, 2.0, 1.0]
    """
    name = "pad_forward"
    x = operand(name, "x", x)
    check_images(name, "x", x.shape)
    value = pad_value(name, value, mode)
    axes, output = pad_axes(name, x.shape[1:-1], padding, mode)
    return resample_forward(name, x, pad_line, axes, output, n_threads, value)


def pad_backward(dy, input_shape, padding, *, mode="constant", n_threads=None):
    """Gradient of :func:`pad_forward`: every element gets what its copies got.

    Parameters
    ----------
    dy : array_like or Packs, shape (N, *padded, C)
    input_shape : tuple of int
        ``(N, *spatial, C)``, the whole shape of the forward pass's `x`.
    padding, mode
        As in the forward pass.
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape (N, *spatial, C)

    Raises
    ------
    ValueError
        If the shapes do not go together.

    Notes
    -----
    ``dx[n, i] = Σ dy[n, t]`` over all t with ``s(t − before) = i``, in their order.

    Examples
    --------
    >>> from fastnn import functional
    >>> dy = [[[1], [10], [100], [1000]]]
    >>> functional.pad_backward(dy, (1, 2, 1), 1, mode="edge").ravel().tolist()
    [11.0, 1100.0]
    """
    name = "pad_backward"
    dy, shape = operand(name, "dy", dy), input_shape_of(name, input_shape)
    axes, output = pad_axes(name, shape[1:-1], padding, mode)
    return resample_backward(name, dy, shape, pad_line, axes, output, n_threads)


def crop_forward(x, cropping, *, n_threads=None):
    """Cut elements off the ends of the spatial axes.

    Parameters
    ----------
    x : array_like or Packs, shape (N, *spatial, C)
        One to three spatial axes.
    cropping : int, one per axis, or a pair (before, after) per axis
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape (N, *cropped, C)

    Raises
    ------
    ValueError
        If nothing would be left.

    Notes
    -----
    ``y[n, t] = x[n, t + before]``

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.crop_forward([[[1], [2], [3], [4]]], ((1, 2),)).tolist()
    [[[2.0]]]
    """
    name = "crop_forward"
    x = operand(name, "x", x)
    check_images(name, "x", x.shape)
    axes, output = crop_axes(name, x.shape[1:-1], cropping)
    return resample_forward(name, x, crop_line, axes, output, n_threads)


def crop_backward(dy, input_shape, cropping, *, n_threads=None):
    """Gradient of :func:`crop_forward`: 0 where something was cut off.

    Parameters
    ----------
    dy : array_like or Packs, shape (N, *cropped, C)
    input_shape : tuple of int
        ``(N, *spatial, C)``, the whole shape of the forward pass's `x`.
    cropping
        As in the forward pass.
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape (N, *spatial, C)

    Raises
    ------
    ValueError
        If the shapes do not go together.

    Notes
    -----
    ``dx[n, i] = dy[n, i − before]``, or 0 where there is no such element.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.crop_backward([[[5]]], (1, 3, 1), 1).ravel().tolist()
    [0.0, 5.0, 0.0]
    """
    name = "crop_backward"
    dy, shape = operand(name, "dy", dy), input_shape_of(name, input_shape)
    axes, output = crop_axes(name, shape[1:-1], cropping)
    return resample_backward(name, dy, shape, crop_line, axes, output, n_threads)


def pad_packs(x, pairs, mode, threads):
    """Return packs padded for a convolution; `pairs` is None where nothing is to be done."""
    if pairs is None:
        return x
    axes, _ = pad_axes("", x.shape[1:-1], pairs, mode)
    return resample_packs(x, pad_line, axes, threads)


def unpad_packs(dy, pairs, mode, spatial, threads):
    """Return the gradient of an input of the size `spatial` that `pad_packs` padded."""
    axes, _ = pad_axes("", spatial, pairs, mode)
    return resample_packs(dy, pad_line, axes, threads, backward=True)
