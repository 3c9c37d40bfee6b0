"""Lp pooling over one to three spatial axes: the p-norm of every window."""

from fastnn._core import lp_pool as core
from fastnn.checks import number

from ._operands import (
    answer,
    both,
    check_shape,
    common_dtype,
    empty_packs,
    operand,
    packed,
    resolve,
)
from .pool import pool_window

_forward = both(core.lp_pool_forward)
_backward = both(core.lp_pool_backward)


def lp_pool_forward(x, size, *, p=2, stride=None, padding=0, ceil_mode=False, n_threads=None):
    """Take the p-norm of every window, channel by channel.

    Parameters
    ----------
    x : array_like or Packs, shape (N, *spatial, C)
        One to three spatial axes.
    size : int or one per axis
    p : float
        At least 1: 1 sums absolute values, 2 is the Euclidean norm; the larger, the nearer to the
        largest absolute value.
    stride : int or one per axis, optional
        `size` if None.
    padding : int, one per axis, a pair (before, after) per axis, "same" or "valid"
        Smaller than a window; it adds nothing.
    ceil_mode : bool
        Also pool a last window that reaches beyond the padded input, if it starts in the input or
        in the padding before it.
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape (N, *output, C)

    Raises
    ------
    ValueError
        If a window does not fit the padded input, or `p` is less than 1.

    Notes
    -----
    ``y[n, w, c] = (Σ_{q in window w} |x[n, q, c]|^p)^(1/p)``. Windows of p = 1 and p = 2 go without
    powers, and squares may leave the range of the dtype (from 1.8e19 on in float32). Those of any
    other p are ``m`` times the norm of ``x / m``, `m` the largest ``|x|``. A window with a NaN has
    the norm NaN, one with an infinite number has ∞.

    PyTorch takes powers of `x` itself, the same for even p, and with `ceil_mode` multiplies the
    sum of a clipped window by its whole size over what is left of it.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.lp_pool_forward([[[3], [-4], [0], [0]]], 2).tolist()
    [[[5.0], [0.0]]]
    """
    name = "lp_pool_forward"
    x = operand(name, "x", x)
    window = pool_window(name, x, size, stride, padding, 1, ceil_mode)
    p = number(name, "p", p, 1)
    dtype, threads = common_dtype(x), resolve(n_threads)
    y = empty_packs(len(x), (*window.output, x.shape[-1]), dtype)
    _forward[dtype](
        packed(x, dtype, n_threads=threads).rows, y.rows, p, window.sizes, x.shape[-1], threads
    )
    return answer(y, x, threads)


def lp_pool_backward(
    dy, x, y, size, *, p=2, stride=None, padding=0, ceil_mode=False, n_threads=None
):
    """Gradient of Lp pooling.

    Parameters
    ----------
    dy : array_like or Packs, shape (N, *output, C)
    x : array_like or Packs, shape (N, *spatial, C)
        The input of the forward pass.
    y : array_like or Packs, shape of dy
        Its output.
    size, p, stride, padding, ceil_mode
        As in the forward pass.
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape of x

    Raises
    ------
    ValueError
        If the shapes do not fit together, or `p` is less than 1.

    Notes
    -----
    ``dx[n, q, c] = Σ_{w: q in window w} dy[n, w, c] sign(x) (|x[n, q, c]| / y[n, w, c])^(p − 1)``.
    Where `y` is 0 there is no slope: such a window passes back 0, whatever its `dy`.

    Examples
    --------
    >>> from fastnn import functional
    >>> x, y = [[[3], [-4], [0], [0]]], [[[5], [0]]]
    >>> dx = functional.lp_pool_backward([[[10], [7]]], x, y, 2)
    >>> dx.round(5).tolist()
    [[[6.0], [-8.0], [0.0], [0.0]]]
    """
    name = "lp_pool_backward"
    dy, x, y = operand(name, "dy", dy), operand(name, "x", x), operand(name, "y", y)
    window = pool_window(name, x, size, stride, padding, 1, ceil_mode)
    for what, value in (("dy", dy), ("y", y)):
        check_shape(name, what, value, (len(x), *window.output, x.shape[-1]))
    p = number(name, "p", p, 1)
    dtype, threads = common_dtype(dy, x, y), resolve(n_threads)
    dx = empty_packs(len(x), x.shape[1:], dtype)
    _backward[dtype](
        packed(dy, dtype, "zero", threads).rows, packed(x, dtype, n_threads=threads).rows,
        packed(y, dtype, n_threads=threads).rows, dx.rows, p, window.sizes, x.shape[-1], threads,
    )  # fmt: skip
    return answer(dx, dy, threads)
