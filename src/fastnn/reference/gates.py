"""Activations that let x through in part: GELU, SiLU and mish."""

import math

from ._elementwise import logistic, map_backward, map_forward


def gelu_forward(x, approximate="none"):
    """Gaussian error linear unit: x times the share of the normal distribution below it.

    Parameters
    ----------
    x : array_like, any shape
    approximate : {"none", "tanh"}
        Whether Φ is the normal distribution, or its approximation by a tanh.

    Returns
    -------
    y : ndarray, shape of x

    Raises
    ------
    ValueError
        If `approximate` is neither.

    Notes
    -----
    y = x Φ(x) = x erfc(−x / √2) / 2; "tanh": y = x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2.
    Hendrycks, Gimpel: Gaussian error linear units, 2016.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.gelu_forward([0, 100]).tolist()
    [0.0, 100.0]
    """
    distribution = gaussian("gelu_forward", approximate)
    return map_forward("gelu_forward", x, lambda value: value * distribution(value)[0])


def gelu_backward(dy, x, approximate="none"):
    """Gradient of gelu.

    Parameters
    ----------
    dy, x : array_like, the same shape
        Gradient with respect to the output, and the input of the forward pass.
    approximate : {"none", "tanh"}
        That of the forward pass.

    Returns
    -------
    dx : ndarray, shape of dy

    Raises
    ------
    ValueError
        If the shapes differ or `approximate` is neither.

    Notes
    -----
    dx = dy (Φ(x) + x Φ'(x)), where Φ'(x) is exp(−x² / 2) / √(2π), or the derivative of the
    approximation.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.gelu_backward([4, 4], [0, 100]).tolist()
    [2.0, 4.0]
    """
    distribution = gaussian("gelu_backward", approximate)

    def gradient(d, value):
        # forward: y = x Φ(x)
        share, density = distribution(value)
        return d * (share + value * density)

    return map_backward("gelu_backward", dy, x, gradient, "x")


def silu_forward(x):
    """Sigmoid linear unit, also called swish.

    Parameters
    ----------
    x : array_like, any shape

    Returns
    -------
    y : ndarray, shape of x

    Notes
    -----
    ``y = x sigmoid(x)``.
    Elfwing, Uchibe, Doya: Sigmoid-weighted linear units for neural network function approximation,
    2017.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.silu_forward([0, 100]).tolist()
    [0.0, 100.0]
    """
    return map_forward("silu_forward", x, lambda value: value * logistic(value))


def silu_backward(dy, x):
    """Gradient of silu.

    Parameters
    ----------
    dy, x : array_like, the same shape
        Gradient with respect to the output, and the input of the forward pass.

    Returns
    -------
    dx : ndarray, shape of dy

    Raises
    ------
    ValueError
        If the shapes differ.

    Notes
    -----
    dx = dy (σ + x σ (1 − σ)), σ = sigmoid(x).

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.silu_backward([4, 4], [0, 100]).tolist()
    [2.0, 4.0]
    """
    # forward: y = x sigmoid(x)
    return map_backward(
        "silu_backward",
        dy,
        x,
        lambda d, value: d * (logistic(value) + value * logistic(value) * logistic(-value)),
        "x",
    )


def mish_forward(x):
    """x times the tanh of its softplus.

    Parameters
    ----------
    x : array_like, any shape

    Returns
    -------
    y : ndarray, shape of x

    Notes
    -----
    ``y = x tanh(log(1 + exp(x)))``.
    Misra: Mish, a self regularized non-monotonic activation function, 2019.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.mish_forward([0, 100]).tolist()
    [0.0, 100.0]
    """
    return map_forward("mish_forward", x, lambda value: value * mish_gate(value))


def mish_backward(dy, x):
    """Gradient of mish.

    Parameters
    ----------
    dy, x : array_like, the same shape
        Gradient with respect to the output, and the input of the forward pass.

    Returns
    -------
    dx : ndarray, shape of dy

    Raises
    ------
    ValueError
        If the shapes differ.

    Notes
    -----
    dx = dy (T + x (1 − T²) sigmoid(x)), T = tanh(log(1 + exp(x))).

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.mish_backward([5, 5], [0, 100]).tolist()
    [3.0, 5.0]
    """
    # forward: y = x tanh(log(1 + exp(x)))
    return map_backward("mish_backward", dy, x, lambda d, value: d * mish_slope(value), "x")


def normal(x):
    """The share of the normal distribution below x, and its density there."""
    density = math.exp(-x * x / 2.0) / math.sqrt(2.0 * math.pi)
    return math.erfc(-x / math.sqrt(2.0)) / 2.0, density


def nearly_normal(x):
    """The same by a tanh: ``(1 + tanh u) / 2 = sigmoid(2 u)``."""
    root = 2.0 * math.sqrt(2.0 / math.pi)
    share = logistic(root * (x + 0.044715 * x * x * x))
    rest = logistic(-root * (x + 0.044715 * x * x * x))
    # far out the one factor is 0, the other may be infinite
    return share, share * rest * root * (1.0 + 3.0 * 0.044715 * x * x) if share * rest else 0.0


def gaussian(operation, approximate):
    """Which of the two is asked for."""
    if approximate not in ("none", "tanh"):
        raise ValueError(f'{operation}: expected approximate "none" or "tanh", got {approximate!r}')
    return normal if approximate == "none" else nearly_normal


def mish_gate(x):
    """``tanh(log(1 + exp(x)))``"""
    return math.tanh((0.0 if x <= 0 else x) + math.log1p(math.exp(-abs(x))))


def mish_slope(x):
    """The derivative of ``x tanh(log(1 + exp(x)))``."""
    gate = mish_gate(x)
    return gate + x * (1.0 - gate * gate) * logistic(x)
