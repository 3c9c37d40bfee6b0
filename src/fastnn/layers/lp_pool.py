"""Lp pooling: the p-norm of each window, channel by channel."""

from fastnn.checks import number

from .pool import _Pool


class LpPool(_Pool):
    def __init__(
        self,
        size,
        *,
        p=2,
        stride=None,
        padding=0,
        ceil_mode=False,
        name=None,
        input_shape=None,
    ):
        self.p = number(type(self).__name__, "p", p, 1)
        how = {"p": self.p, "ceil_mode": bool(ceil_mode)}
        super().__init__(size, stride, padding, name, input_shape, **how)

    def _forward(self, x, training):
        y = self.operations.lp_pool_forward(x, self.size, **self._how)
        self._saved = x, y
        return y

    def _backward(self, dy, input_gradient):
        if not input_gradient:
            return None
        return self.operations.lp_pool_backward(dy, *self._saved, self.size, **self._how)

    def _instruction(self, input_shape):
        window = self._window(input_shape)
        channels = input_shape[-1]
        return {"kind": "lp_pool", "window": window.sizes, "channels": channels, "p": self.p}


class LpPool1D(LpPool):
    """Lp pooling over series `(N, length, channels)`; parameters as for `LpPool2D`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.LpPool1D(2).forward([[[3.0], [-4.0], [0.0], [2.0]]]).ravel().tolist()
    [5.0, 2.0]
    """

    rank = 1


class LpPool2D(LpPool):
    """Lp pooling over images `(N, height, width, channels)`: the p-norm of each window.

    Parameters
    ----------
    size : int or one per axis
        Size of the window.
    p : float
        At least 1: 1 sums absolute values, 2 is the Euclidean norm; the larger, the nearer to the
        largest absolute value.
    stride : int or one per axis, optional
        Pixels between windows; the window's size by default.
    padding : int, one per axis, a pair (before, after) per axis, "same" or "valid"
        Smaller than the window. It adds nothing.
    ceil_mode : bool
        Round the output's size up, as for `MaxPool2D`.
    name, input_shape
        See `Layer`.

    Notes
    -----
    ``y = (Σ |x|^p)^(1/p)``, with ``dx = dy sign(x) (|x| / y)^(p − 1)``, which is 0 where `y` is 0.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.LpPool2D(2, p=3).build((24, 24, 6)).output_shape
    (12, 12, 6)
    """

    rank = 2


class LpPool3D(LpPool):
    """Lp pooling over volumes `(N, depth, height, width, channels)`; see `LpPool2D`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.LpPool3D((1, 2, 2)).build((8, 16, 16, 4)).output_shape
    (8, 8, 8, 4)
    """

    rank = 3
