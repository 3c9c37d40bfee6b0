"""Adaptive average pooling: as many windows as the output shall have, spread over the input."""

from fastnn.geometry import adaptive

from ._operands import operand
from .pool import averages, averages_backward, check_images, input_sizes


def adaptive_average_pool_forward(x, output_size, *, n_threads=None):
    """Take the mean of every window, channel by channel, of as many windows as are wanted.

    Parameters
    ----------
    x : array_like or Packs, shape (N, *spatial, C)
        One to three spatial axes.
    output_size : int or one per axis
        Windows along each axis; may be more than the input has pixels.
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape (N, *output_size, C)

    Raises
    ------
    ValueError
        If a sample has no pixels.

    Notes
    -----
    Window `t` of `m` along an axis of `n` pixels holds those from ``⌊t n / m⌋`` to, but not with,
    ``⌈(t + 1) n / m⌉``; ``y[n, p, c]`` is the mean over window `p`. Windows overlap where `m` does
    not divide `n`. It is PyTorch's rule.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.adaptive_average_pool_forward([[[1], [5], [6]]], 2).tolist()
    [[[3.0], [5.5]]]
    """
    name = "adaptive_average_pool_forward"
    x = check_images(name, operand(name, "x", x))
    return averages(x, adaptive(name, x.shape[1:-1], output_size), False, n_threads)


def adaptive_average_pool_backward(dy, input_shape, *, n_threads=None):
    """Gradient of adaptive average pooling: spread evenly over every window.

    Parameters
    ----------
    dy : array_like or Packs, shape (N, *output_size, C)
    input_shape : tuple of int
        ``(N, *spatial, C)``, the whole shape of the forward pass's `x`.
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape (N, *spatial, C)

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Notes
    -----
    ``dx[n, q, c] = Σ_{p: q in window p} dy[n, p, c] / count(p)``

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.adaptive_average_pool_backward([[[4], [2]]], (1, 3, 1)).tolist()
    [[[2.0], [3.0], [1.0]]]
    """
    name = "adaptive_average_pool_backward"
    dy = operand(name, "dy", dy)
    shape = input_sizes(name, input_shape, dy)
    return averages_backward(
        name, dy, shape, adaptive(name, shape[1:-1], dy.shape[1:-1]), False, n_threads
    )
