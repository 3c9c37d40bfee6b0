"""Activations: relu, sigmoid, tanh and sign, element by element.

Each backward takes the forward pass's output `y`.
"""

import math

from ._elementwise import logistic, map_backward, map_forward


def relu_forward(x):
    """Rectified linear unit: negative elements become 0.

    Parameters
    ----------
    x : array_like, any shape

    Returns
    -------
    y : ndarray, shape of x

    Notes
    -----
    ``y = max(x, 0)``; NaN stays NaN.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.relu_forward([-2, 0, 3]).tolist()
    [0.0, 0.0, 3.0]
    """
    return map_forward("relu_forward", x, lambda value: 0.0 if value <= 0 else value)


def relu_backward(dy, y):
    """Gradient of the rectified linear unit.

    Parameters
    ----------
    dy, y : array_like, the same shape
        Gradient with respect to the output, and the output.

    Returns
    -------
    dx : ndarray, shape of dy

    Raises
    ------
    ValueError
        If the shapes differ.

    Notes
    -----
    ``dx = dy [y > 0]``: the derivative at 0 is 0.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.relu_backward([5, 6, 7], [0, 0, 3]).tolist()
    [0.0, 0.0, 7.0]
    """
    # forward: y = max(x, 0)
    return map_backward("relu_backward", dy, y, lambda d, out: d if out > 0 else 0.0)


def sigmoid_forward(x):
    """Logistic function.

    Parameters
    ----------
    x : array_like, any shape

    Returns
    -------
    y : ndarray, shape of x

    Notes
    -----
    ``y = 1 / (1 + exp(-x))``, written so that nothing overflows.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.sigmoid_forward([0, -1000]).tolist()
    [0.5, 0.0]
    """
    return map_forward("sigmoid_forward", x, logistic)


def sigmoid_backward(dy, y):
    """Gradient of the logistic function.

    Parameters
    ----------
    dy, y : array_like, the same shape
        Gradient with respect to the output, and the output.

    Returns
    -------
    dx : ndarray, shape of dy

    Raises
    ------
    ValueError
        If the shapes differ.

    Notes
    -----
    ``dx = dy y (1 - y)``.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.sigmoid_backward([8], [0.5]).tolist()
    [2.0]
    """
    # forward: y = 1 / (1 + exp(-x))
    return map_backward("sigmoid_backward", dy, y, lambda d, out: d * out * (1.0 - out))


def tanh_forward(x):
    """Hyperbolic tangent.

    Parameters
    ----------
    x : array_like, any shape

    Returns
    -------
    y : ndarray, shape of x

    Notes
    -----
    ``y = (exp(x) - exp(-x)) / (exp(x) + exp(-x))``.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.tanh_forward([0, 1000]).tolist()
    [0.0, 1.0]
    """
    return map_forward("tanh_forward", x, math.tanh)


def tanh_backward(dy, y):
    """Gradient of the hyperbolic tangent.

    Parameters
    ----------
    dy, y : array_like, the same shape
        Gradient with respect to the output, and the output.

    Returns
    -------
    dx : ndarray, shape of dy

    Raises
    ------
    ValueError
        If the shapes differ.

    Notes
    -----
    ``dx = dy (1 - y^2)``.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.tanh_backward([4], [0.5]).tolist()
    [3.0]
    """
    # forward: y = tanh(x)
    return map_backward("tanh_backward", dy, y, lambda d, out: d * (1.0 - out * out))


def sign_forward(x):
    """Sign of every element, the activation of a perceptron.

    Parameters
    ----------
    x : array_like, any shape

    Returns
    -------
    y : ndarray, shape of x

    Notes
    -----
    ``y = -1, 0, 1`` for ``x < 0, x = 0, x > 0``; NaN stays NaN.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.sign_forward([-3, 0, 0.5]).tolist()
    [-1.0, 0.0, 1.0]
    """

    def sign(value):
        return value if math.isnan(value) else float((value > 0) - (value < 0))

    return map_forward("sign_forward", x, sign)


def sign_backward(dy, y):
    """Gradient of the sign: 0 everywhere.

    Parameters
    ----------
    dy, y : array_like, the same shape
        Gradient with respect to the output, and the output.

    Returns
    -------
    dx : ndarray, shape of dy

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.sign_backward([5, 6], [-1, 1]).tolist()
    [0.0, 0.0]
    """
    # forward: y = sign(x), constant almost everywhere
    return map_backward("sign_backward", dy, y, lambda d, out: 0.0)
