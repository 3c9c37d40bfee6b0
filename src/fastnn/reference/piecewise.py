"""Activations of straight pieces."""

from ._arrays import as_number
from ._elementwise import map_backward, map_forward


def leaky_relu_forward(x, slope=0.01):
    """ReLU that lets a little of what is negative through.

    Parameters
    ----------
    x : array_like, any shape
    slope : float
        At least 0, or the output would not tell the input's sign.

    Returns
    -------
    y : ndarray, shape of x

    Raises
    ------
    ValueError
        If `slope` is negative.

    Notes
    -----
    ``y = x where x > 0, else slope · x``.
    Maas, Hannun, Ng: Rectifier nonlinearities improve neural network acoustic models, 2013.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.leaky_relu_forward([-2, 0, 3], 0.25).tolist()
    [-0.5, 0.0, 3.0]
    """
    slope = as_number("leaky_relu_forward", "slope", slope, 0)
    return map_forward("leaky_relu_forward", x, lambda value: value if value > 0 else slope * value)


def leaky_relu_backward(dy, y, slope=0.01):
    """Gradient of leaky_relu.

    Parameters
    ----------
    dy, y : array_like, the same shape
        Gradient with respect to the output, and the output of the forward pass.
    slope : float
        That of the forward pass.

    Returns
    -------
    dx : ndarray, shape of dy

    Raises
    ------
    ValueError
        If the shapes differ or `slope` is negative.

    Notes
    -----
    dx = dy where y > 0, else slope · dy.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.leaky_relu_backward([4, 4, 4], [-0.5, 0, 3], 0.25).tolist()
    [1.0, 1.0, 4.0]
    """
    slope = as_number("leaky_relu_backward", "slope", slope, 0)
    # forward: y = x where x > 0, else slope · x
    return map_backward("leaky_relu_backward", dy, y, lambda d, out: d if out > 0 else slope * d)


def relu6_forward(x):
    """ReLU that ends at 6.

    Parameters
    ----------
    x : array_like, any shape

    Returns
    -------
    y : ndarray, shape of x

    Notes
    -----
    ``y = min(max(x, 0), 6)``.
    Krizhevsky: Convolutional deep belief networks on CIFAR-10, 2010.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.relu6_forward([-2, 3, 8]).tolist()
    [0.0, 3.0, 6.0]
    """
    return map_forward("relu6_forward", x, lambda value: clamped(value))


def relu6_backward(dy, y):
    """Gradient of relu6.

    Parameters
    ----------
    dy, y : array_like, the same shape
        Gradient with respect to the output, and the output of the forward pass.

    Returns
    -------
    dx : ndarray, shape of dy

    Raises
    ------
    ValueError
        If the shapes differ.

    Notes
    -----
    dx = dy [0 < y < 6].

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.relu6_backward([4, 4, 4], [0, 3, 6]).tolist()
    [0.0, 4.0, 0.0]
    """
    # forward: y = min(max(x, 0), 6)
    return map_backward("relu6_backward", dy, y, lambda d, out: d if 0 < out < 6 else 0.0)


def hard_sigmoid_forward(x):
    """Sigmoid of straight pieces.

    Parameters
    ----------
    x : array_like, any shape

    Returns
    -------
    y : ndarray, shape of x

    Notes
    -----
    ``y = relu6(x + 3) / 6``.
    Howard et al.: Searching for MobileNetV3, 2019; PyTorch's `hardsigmoid`. Keras's older one has
    the slope 0.2.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.hard_sigmoid_forward([-4, 0, 3]).tolist()
    [0.0, 0.5, 1.0]
    """
    return map_forward("hard_sigmoid_forward", x, lambda value: clamped(value + 3.0) / 6.0)


def hard_sigmoid_backward(dy, y):
    """Gradient of hard_sigmoid.

    Parameters
    ----------
    dy, y : array_like, the same shape
        Gradient with respect to the output, and the output of the forward pass.

    Returns
    -------
    dx : ndarray, shape of dy

    Raises
    ------
    ValueError
        If the shapes differ.

    Notes
    -----
    dx = dy / 6 where 0 < y < 1, else 0.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.hard_sigmoid_backward([6, 6, 6], [0, 0.5, 1]).tolist()
    [0.0, 1.0, 0.0]
    """
    # forward: y = relu6(x + 3) / 6
    return map_backward(
        "hard_sigmoid_backward", dy, y, lambda d, out: d / 6.0 if 0 < out < 1 else 0.0
    )


def hard_swish_forward(x):
    """SiLU of straight pieces: x times its hard sigmoid.

    Parameters
    ----------
    x : array_like, any shape

    Returns
    -------
    y : ndarray, shape of x

    Notes
    -----
    ``y = x relu6(x + 3) / 6``.
    Howard et al.: Searching for MobileNetV3, 2019.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.hard_swish_forward([-4, 0, 3]).tolist()
    [-0.0, 0.0, 3.0]
    """
    return map_forward("hard_swish_forward", x, lambda value: value * (clamped(value + 3.0) / 6.0))


def hard_swish_backward(dy, x):
    """Gradient of hard_swish.

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
    dx = dy (x / 3 + 1/2) where |x| < 3, dy where x ≥ 3, else 0.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.hard_swish_backward([4, 4, 4], [-3, 0, 3]).tolist()
    [0.0, 2.0, 4.0]
    """
    # forward: y = x relu6(x + 3) / 6
    return map_backward(
        "hard_swish_backward", dy, x, lambda d, value: d * hard_swish_slope(value), "x"
    )


def clamped(value):
    """``min(max(value, 0), 6)``; NaN stays NaN."""
    if value <= 0:
        return 0.0
    return 6.0 if value > 6 else value


def hard_swish_slope(value):
    """The derivative of ``x relu6(x + 3) / 6``."""
    if value <= -3:
        return 0.0
    return 1.0 if value >= 3 else value / 3.0 + 0.5
