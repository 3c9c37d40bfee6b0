"""Enlarging one to three spatial axes by whole numbers."""

from fastnn.resampling import up_sample_axes, up_sample_line

from ._operands import check_images, input_shape_of, operand
from ._resample import resample_backward, resample_forward


def up_sample_forward(x, scale, *, mode="nearest", n_threads=None):
    """Enlarge the spatial axes.

    Parameters
    ----------
    x : array_like or Packs, shape (N, *spatial, C)
        One to three spatial axes.
    scale : int or one per axis
        How many times as long an axis becomes.
    mode : {"nearest", "linear"}
        Every element repeated; or what lies on straight lines between neighbours, along each axis:
        bilinear for images, trilinear for volumes.
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape (N, *(spatial · scale), C)

    Raises
    ------
    ValueError
        If a scale is less than 1.

    Notes
    -----
    Along an axis of `n` elements, target `t` lies at ``p = (t + ½) / scale − ½`` between sources,
    but not before 0 nor behind ``n − 1``. Nearest: ``y[t] = x[⌊t / scale⌋]``; linear:
    ``y[t] = (1 − r) x[i] + r x[i + 1]`` with ``i = ⌊p⌋`` and ``r = p − i``, products of such
    factors over the axes. A factor of 0 is no term: NaN and infinities reach only what lies between
    them and their neighbours. This is PyTorch's ``interpolate`` with ``align_corners=False``.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.up_sample_forward([[[1], [5]]], 2).ravel().tolist()
    [1.0, 1.0, 5.0, 5.0]
    >>> functional.up_sample_forward([[[1], [5]]], 2, mode="linear").ravel().tolist()
    [1.0, 2.0, 4.0, 5.0]
    """
    name = "up_sample_forward"
    x = operand(name, "x", x)
    check_images(name, "x", x.shape)
    axes, output = up_sample_axes(name, x.shape[1:-1], scale, mode)
    return resample_forward(name, x, up_sample_line, axes, output, n_threads)


def up_sample_backward(dy, input_shape, scale, *, mode="nearest", n_threads=None):
    """Gradient of :func:`up_sample_forward`: every element gets what it gave, by the same factors.

    Parameters
    ----------
    dy : array_like or Packs, shape (N, *(spatial · scale), C)
    input_shape : tuple of int
        ``(N, *spatial, C)``, the whole shape of the forward pass's `x`.
    scale, mode
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
    ``dx[n, i] = Σ factor · dy[n, t]`` over all targets t that have i as a source.

    Examples
    --------
    >>> from fastnn import functional
    >>> dy = [[[1], [2], [4], [8]]]
    >>> functional.up_sample_backward(dy, (1, 2, 1), 2).ravel().tolist()
    [3.0, 12.0]
    >>> functional.up_sample_backward(dy, (1, 2, 1), 2, mode="linear").ravel().tolist()
    [3.5, 11.5]
    """
    name = "up_sample_backward"
    dy, shape = operand(name, "dy", dy), input_shape_of(name, input_shape)
    axes, output = up_sample_axes(name, shape[1:-1], scale, mode)
    return resample_backward(name, dy, shape, up_sample_line, axes, output, n_threads)
