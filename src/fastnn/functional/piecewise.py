"""Activations of straight pieces."""

from fastnn._core import pointwise as core
from fastnn.checks import number

from ._elementwise import pointwise_backward, pointwise_forward


def leaky_relu_forward(x, slope=0.01, *, n_threads=None):
    """ReLU that lets a little of what is negative through.

    Parameters
    ----------
    x : array_like or Packs, any shape
    slope : float
        At least 0, or the output would not tell the input's sign.
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape of x

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
    >>> from fastnn import functional
    >>> functional.leaky_relu_forward([-2, 0, 3], 0.25).tolist()
    [-0.5, 0.0, 3.0]
    """
    slope = number("leaky_relu_forward", "slope", slope, 0)
    return pointwise_forward(
        "leaky_relu_forward", core.FUNCTIONS["leaky_relu"], x, n_threads, slope
    )


def leaky_relu_backward(dy, y, slope=0.01, *, n_threads=None):
    """Gradient of leaky_relu.

    Parameters
    ----------
    dy, y : array_like or Packs, the same shape
        Gradient with respect to the output, and the output of the forward pass.
    slope : float
        That of the forward pass.
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape of dy

    Raises
    ------
    ValueError
        If the shapes differ or `slope` is negative.

    Notes
    -----
    dx = dy where y > 0, else slope · dy.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.leaky_relu_backward([4, 4, 4], [-0.5, 0, 3], 0.25).tolist()
    [1.0, 1.0, 4.0]
    """
    slope = number("leaky_relu_backward", "slope", slope, 0)
    return pointwise_backward(
        "leaky_relu_backward", core.FUNCTIONS["leaky_relu"], dy, y, n_threads, slope
    )


def relu6_forward(x, *, n_threads=None):
    """ReLU that ends at 6.

    Parameters
    ----------
    x : array_like or Packs, any shape
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape of x

    Notes
    -----
    ``y = min(max(x, 0), 6)``.
    Krizhevsky: Convolutional deep belief networks on CIFAR-10, 2010.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.relu6_forward([-2, 3, 8]).tolist()
    [0.0, 3.0, 6.0]
    """
    return pointwise_forward("relu6_forward", core.FUNCTIONS["relu6"], x, n_threads)


def relu6_backward(dy, y, *, n_threads=None):
    """Gradient of relu6.

    Parameters
    ----------
    dy, y : array_like or Packs, the same shape
        Gradient with respect to the output, and the output of the forward pass.
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape of dy

    Raises
    ------
    ValueError
        If the shapes differ.

    Notes
    -----
    dx = dy [0 < y < 6].

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.relu6_backward([4, 4, 4], [0, 3, 6]).tolist()
    [0.0, 4.0, 0.0]
    """
    return pointwise_backward("relu6_backward", core.FUNCTIONS["relu6"], dy, y, n_threads)


def hard_sigmoid_forward(x, *, n_threads=None):
    """Sigmoid of straight pieces.

    Parameters
    ----------
    x : array_like or Packs, any shape
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape of x

    Notes
    -----
    ``y = relu6(x + 3) / 6``.
    Howard et al.: Searching for MobileNetV3, 2019; PyTorch's `hardsigmoid`. Keras's older one has
    the slope 0.2.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.hard_sigmoid_forward([-4, 0, 3]).tolist()
    [0.0, 0.5, 1.0]
    """
    return pointwise_forward("hard_sigmoid_forward", core.FUNCTIONS["hard_sigmoid"], x, n_threads)


def hard_sigmoid_backward(dy, y, *, n_threads=None):
    """Gradient of hard_sigmoid.

    Parameters
    ----------
    dy, y : array_like or Packs, the same shape
        Gradient with respect to the output, and the output of the forward pass.
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape of dy

    Raises
    ------
    ValueError
        If the shapes differ.

    Notes
    -----
    dx = dy / 6 where 0 < y < 1, else 0.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.hard_sigmoid_backward([6, 6, 6], [0, 0.5, 1]).tolist()
    [0.0, 1.0, 0.0]
    """
    return pointwise_backward(
        "hard_sigmoid_backward", core.FUNCTIONS["hard_sigmoid"], dy, y, n_threads
    )


def hard_swish_forward(x, *, n_threads=None):
    """SiLU of straight pieces: x times its hard sigmoid.

    Parameters
    ----------
    x : array_like or Packs, any shape
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape of x

    Notes
    -----
    ``y = x relu6(x + 3) / 6``.
    Howard et al.: Searching for MobileNetV3, 2019.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.hard_swish_forward([-4, 0, 3]).tolist()
    [-0.0, 0.0, 3.0]
    """
    return pointwise_forward("hard_swish_forward", core.FUNCTIONS["hard_swish"], x, n_threads)


def hard_swish_backward(dy, x, *, n_threads=None):
    """Gradient of hard_swish.

    Parameters
    ----------
    dy, x : array_like or Packs, the same shape
        Gradient with respect to the output, and the input of the forward pass.
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape of dy

    Raises
    ------
    ValueError
        If the shapes differ.

    Notes
    -----
    dx = dy (x / 3 + 1/2) where |x| < 3, dy where x ≥ 3, else 0.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.hard_swish_backward([4, 4, 4], [-3, 0, 3]).tolist()
    [0.0, 2.0, 4.0]
    """
    return pointwise_backward(
        "hard_swish_backward", core.FUNCTIONS["hard_swish"], dy, x, n_threads, what="x"
    )
