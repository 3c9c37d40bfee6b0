"""PReLU: a ReLU whose slope where x is not positive is learnt."""

import numpy as np

from fastnn._core import prelu as core
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

_forward = both(core.prelu_forward)
_backward_input = both(core.prelu_backward_input)
_backward_weights = both(core.prelu_backward_weights)


def prelu_forward(x, slope, *, n_threads=None):
    """ReLU with slopes of its own: ``y = x where x > 0, else slope · x``.

    Parameters
    ----------
    x : array_like or Packs, shape (N, ..., C)
    slope : array_like, shape (1,), (C,) or (..., C)
        One slope for all, one for each channel, or one for each element of a sample.
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape of x

    Raises
    ------
    ValueError
        If the shapes do not go together.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.prelu_forward([[-4, 3]], [0.25, 0.5]).tolist()
    [[-1.0, 3.0]]
    """
    name = "prelu_forward"
    x, slope = operand(name, "x", x), real_array(name, "slope", slope)
    _check_slopes(name, x, slope.shape)
    dtype, threads = common_dtype(x, slope), resolve(n_threads)
    y = empty_packs(len(x), x.shape[1:], dtype)
    _forward[dtype](
        packed(x, dtype, n_threads=threads).rows, vector(slope.reshape(-1), dtype), y.rows,
        x.shape[-1], threads,
    )  # fmt: skip
    return answer(y, x, threads)


def prelu_backward_input(dy, x, slope, *, n_threads=None):
    """Gradient of :func:`prelu_forward`: ``dx = dy where x > 0, else slope · dy``.

    Parameters
    ----------
    dy, x : array_like or Packs, equal shapes (N, ..., C)
        Gradient of the output, and the input.
    slope : array_like, shape (1,), (C,) or (..., C)
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape of dy

    Raises
    ------
    ValueError
        If the shapes do not go together.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.prelu_backward_input([[4, 4]], [[-4, 3]], [0.25, 0.5]).tolist()
    [[1.0, 4.0]]
    """
    name = "prelu_backward_input"
    dy, x = operand(name, "dy", dy), operand(name, "x", x)
    slope = real_array(name, "slope", slope)
    check_shape(name, "dy", dy, x.shape)
    _check_slopes(name, x, slope.shape)
    dtype, threads = common_dtype(dy, x, slope), resolve(n_threads)
    dx = empty_packs(len(x), x.shape[1:], dtype)
    _backward_input[dtype](
        packed(dy, dtype, "zero", threads).rows, packed(x, dtype, n_threads=threads).rows,
        vector(slope.reshape(-1), dtype), dx.rows, x.shape[-1], threads,
    )  # fmt: skip
    return answer(dx, dy, threads)


def prelu_backward_weights(x, dy, slope_shape, *, n_threads=None):
    """Gradient of :func:`prelu_forward` with respect to its slopes, summed over the batch.

    Parameters
    ----------
    x, dy : array_like or Packs, equal shapes (N, ..., C)
        The input, and the gradient of the output.
    slope_shape : tuple of int
        ``(1,)``, ``(C,)`` or ``(..., C)``.
    n_threads : int, optional

    Returns
    -------
    dslope : ndarray, shape slope_shape

    Raises
    ------
    ValueError
        If the shapes do not go together.

    Notes
    -----
    ``dslope = Σ x · dy`` where x is not positive, over all elements that share the slope.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.prelu_backward_weights([[-4, 3], [-1, -1]], [[1, 1], [2, 5]], (2,)).tolist()
    [-6.0, -5.0]
    """
    name = "prelu_backward_weights"
    x, dy = operand(name, "x", x), operand(name, "dy", dy)
    check_shape(name, "dy", dy, x.shape)
    slope_shape = tuple(as_integer(name, "slope_shape", size, 0) for size in slope_shape)
    _check_slopes(name, x, slope_shape)
    dtype, threads = common_dtype(x, dy), resolve(n_threads)
    dslope = np.empty(slope_shape, dtype)
    _backward_weights[dtype](
        packed(x, dtype, n_threads=threads).rows, packed(dy, dtype, "zero", threads).rows, len(x),
        dslope.reshape(-1), x.shape[-1], threads,
    )  # fmt: skip
    return dslope


def _check_slopes(name, x, slope_shape):
    if len(x.shape) < 2 or 0 in x.shape[1:]:
        raise ValueError(f"{name}: expected x of shape (N, ..., C), got shape {x.shape}")
    known = (1,), tuple(x.shape[-1:]), tuple(x.shape[1:])
    if tuple(slope_shape) not in known:
        raise ValueError(
            f"{name}: expected slope of shape {', '.join(map(str, known))}, "
            f"got {tuple(slope_shape)}"
        )
