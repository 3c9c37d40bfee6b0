"""Activations as layers of their own, with their options."""

from fastnn.checks import number, one_of, positive

from .activation import Activation


class _Named(Activation):
    """An activation without options, as a layer of its own."""

    named = "linear"

    def __init__(self, *, name=None, input_shape=None):
        super().__init__(self.named, name=name, input_shape=input_shape)
        del self._arguments["function"]


class _WithOption(Activation):
    """An activation with an option, as a layer of its own."""

    def __init__(self, function, option, value, name, input_shape):
        super().__init__(function, name=name, input_shape=input_shape)
        del self._arguments["function"]
        self._arguments[option] = self.options[option] = value


class Softmax(_Named):
    """Turn logits into probabilities along the last axis.

    Parameters
    ----------
    name, input_shape
        See `Layer`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.Softmax().forward([[7.0, 7.0]]).tolist()
    [[0.5, 0.5]]
    """

    named = "softmax"


class LogSoftmax(_Named):
    """Turn logits into logarithms of probabilities along the last axis.

    Parameters
    ----------
    name, input_shape
        See `Layer`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.LogSoftmax().forward([[0.0, -1000.0]]).tolist()
    [[0.0, -1000.0]]
    """

    named = "log_softmax"


class ReLU6(_Named):
    """ReLU that ends at 6: `y = min(max(x, 0), 6)`.

    Parameters
    ----------
    name, input_shape
        See `Layer`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.ReLU6().forward([[-1.0, 8.0]]).tolist()
    [[0.0, 6.0]]
    """

    named = "relu6"


class SELU(_Named):
    """Scaled exponential linear unit; weights by `lecun_normal` go with it.

    Parameters
    ----------
    name, input_shape
        See `Layer`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.SELU().forward([[0.0]]).tolist()
    [[0.0]]
    """

    named = "selu"


class SiLU(_Named):
    """Sigmoid linear unit, or swish: `y = x sigmoid(x)`.

    Parameters
    ----------
    name, input_shape
        See `Layer`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.SiLU().forward([[0.0, 100.0]]).tolist()
    [[0.0, 100.0]]
    """

    named = "silu"


class Mish(_Named):
    """`y = x tanh(log(1 + exp(x)))`.

    Parameters
    ----------
    name, input_shape
        See `Layer`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.Mish().forward([[0.0, 100.0]]).tolist()
    [[0.0, 100.0]]
    """

    named = "mish"


class Softsign(_Named):
    """`y = x / (1 + |x|)`.

    Parameters
    ----------
    name, input_shape
        See `Layer`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.Softsign().forward([[-3.0, 1.0]]).tolist()
    [[-0.75, 0.5]]
    """

    named = "softsign"


class HardSigmoid(_Named):
    """Sigmoid of straight pieces: `y = min(max(x + 3, 0), 6) / 6`.

    Parameters
    ----------
    name, input_shape
        See `Layer`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.HardSigmoid().forward([[-4.0, 0.0]]).tolist()
    [[0.0, 0.5]]
    """

    named = "hard_sigmoid"


class HardSwish(_Named):
    """SiLU of straight pieces: `y = x min(max(x + 3, 0), 6) / 6`.

    Parameters
    ----------
    name, input_shape
        See `Layer`.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.HardSwish().forward([[3.0]]).tolist()
    [[3.0]]
    """

    named = "hard_swish"


class LeakyReLU(_WithOption):
    """ReLU with a slope where x is not positive: `y = x where x > 0, else slope · x`.

    Parameters
    ----------
    slope : float
        At least 0.
    name, input_shape
        See `Layer`.

    Raises
    ------
    ValueError
        If `slope` is none of that.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.LeakyReLU(slope=0.25).forward([[-2.0, 3.0]]).tolist()
    [[-0.5, 3.0]]
    """

    def __init__(self, slope=0.01, *, name=None, input_shape=None):
        slope = number("LeakyReLU", "slope", slope, 0)
        super().__init__("leaky_relu", "slope", slope, name, input_shape)


class ELU(_WithOption):
    """Exponential linear unit: `y = x where x > 0, else alpha (exp(x) − 1)`.

    Parameters
    ----------
    alpha : float
        What is approached far to the left is −alpha.
    name, input_shape
        See `Layer`.

    Raises
    ------
    ValueError
        If `alpha` is none of that.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.ELU(alpha=2).forward([[-1000.0, 3.0]]).tolist()
    [[-2.0, 3.0]]
    """

    def __init__(self, alpha=1.0, *, name=None, input_shape=None):
        alpha = number("ELU", "alpha", alpha)
        super().__init__("elu", "alpha", alpha, name, input_shape)


class GELU(_WithOption):
    """Gaussian error linear unit: `y = x Φ(x)`, with the normal distribution Φ.

    Parameters
    ----------
    approximate : {"none", "tanh"}
        Whether the normal distribution is taken as it is, or approximated by a tanh.
    name, input_shape
        See `Layer`.

    Raises
    ------
    ValueError
        If `approximate` is none of that.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.GELU(approximate="tanh").forward([[0.0, 100.0]]).tolist()
    [[0.0, 100.0]]
    """

    def __init__(self, approximate="none", *, name=None, input_shape=None):
        approximate = one_of("GELU", "approximate", approximate, ("none", "tanh"))
        super().__init__("gelu", "approximate", approximate, name, input_shape)


class Softplus(_WithOption):
    """Smooth ReLU: `y = log(1 + exp(beta x)) / beta`.

    Parameters
    ----------
    beta : float
        More than 0: how sharp the bend at 0 is.
    name, input_shape
        See `Layer`.

    Raises
    ------
    ValueError
        If `beta` is none of that.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.Softplus(beta=2).forward([[-1000.0, 1000.0]]).tolist()
    [[0.0, 1000.0]]
    """

    def __init__(self, beta=1.0, *, name=None, input_shape=None):
        beta = positive("Softplus", "beta", beta)
        super().__init__("softplus", "beta", beta, name, input_shape)
