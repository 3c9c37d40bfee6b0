"""Activations: relu, sigmoid, tanh and sign element by element, softmax over the last axis.

Each backward takes the forward pass's output `y`.
"""

import math

from ._arrays import as_array, as_floats, as_result, check_shape


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
    return _map_forward("relu_forward", x, lambda value: 0.0 if value <= 0 else value)


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
    return _map_backward("relu_backward", dy, y, lambda d, out: d if out > 0 else 0.0)


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
    return _map_forward("sigmoid_forward", x, logistic)


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
    return _map_backward("sigmoid_backward", dy, y, lambda d, out: d * out * (1.0 - out))


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
    return _map_forward("tanh_forward", x, math.tanh)


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
    return _map_backward("tanh_backward", dy, y, lambda d, out: d * (1.0 - out * out))


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

    return _map_forward("sign_forward", x, sign)


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
    return _map_backward("sign_backward", dy, y, lambda d, out: 0.0)


def softmax_forward(x):
    """Normalised exponentials over the last axis.

    Parameters
    ----------
    x : array_like, shape (..., C)

    Returns
    -------
    y : ndarray, shape of x
        Positive, with sum 1 along the last axis.

    Raises
    ------
    ValueError
        If the last axis is missing or empty.

    Notes
    -----
    ``y_i = exp(x_i) / sum_j exp(x_j)``, with the largest ``x`` subtracted first.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.softmax_forward([[1000, 1000]]).tolist()
    [[0.5, 0.5]]
    """
    x = as_array("softmax_forward", "x", x)
    rows = last_axis_rows("softmax_forward", "x", x)
    return as_result([normalised_exponentials(row) for row in rows], x.shape, x)


def softmax_backward(dy, y):
    """Gradient of the softmax.

    Parameters
    ----------
    dy, y : array_like, shape (..., C)
        Gradient with respect to the output, and the output.

    Returns
    -------
    dx : ndarray, shape of dy

    Raises
    ------
    ValueError
        If the shapes differ or the last axis is missing or empty.

    Notes
    -----
    ``dx_i = y_i (dy_i - sum_j dy_j y_j)``: the Jacobian ``y_i ([i = j] - y_j)`` times ``dy``.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.softmax_backward([[4, 0]], [[0.5, 0.5]]).tolist()
    [[1.0, -1.0]]
    """
    dy, y = as_array("softmax_backward", "dy", dy), as_array("softmax_backward", "y", y)
    check_shape("softmax_backward", "dy", dy, y.shape)
    dx = []
    for d, out in zip(
        last_axis_rows("softmax_backward", "dy", dy),
        last_axis_rows("softmax_backward", "y", y),
        strict=True,
    ):
        # forward: y_i = exp(x_i) / sum_j exp(x_j)
        total = sum(d_j * y_j for d_j, y_j in zip(d, out, strict=True))
        dx.append([y_i * (d_i - total) for d_i, y_i in zip(d, out, strict=True)])
    return as_result(dx, dy.shape, dy, y)


def logistic(value):
    """``1 / (1 + exp(-value))`` without overflow."""
    if value < 0:
        exponential = math.exp(value)
        return exponential / (1.0 + exponential)
    return 1.0 / (1.0 + math.exp(-value))


def normalised_exponentials(row):
    """The softmax of one list of floats."""
    largest = max(row)
    exponentials = [math.exp(value - largest) for value in row]
    total = sum(exponentials)
    return [exponential / total for exponential in exponentials]


def last_axis_rows(operation, name, array):
    """`(..., C)` as a list of lists of C floats."""
    if array.ndim == 0 or array.shape[-1] == 0:
        raise ValueError(
            f"{operation}: expected {name} with at least one element along its last axis, "
            f"got shape {array.shape}"
        )
    return as_floats(array, -1, array.shape[-1])


def _map_forward(operation, x, function):
    x = as_array(operation, "x", x)
    return as_result([function(value) for value in as_floats(x, -1)], x.shape, x)


def _map_backward(operation, dy, y, function):
    dy, y = as_array(operation, "dy", dy), as_array(operation, "y", y)
    check_shape(operation, "dy", dy, y.shape)
    pairs = zip(as_floats(dy, -1), as_floats(y, -1), strict=True)
    return as_result([function(d, out) for d, out in pairs], dy.shape, dy, y)
