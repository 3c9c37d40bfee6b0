"""Activations that let x through in part: GELU, SiLU and mish."""

from fastnn._core import pointwise as core

from ._elementwise import pointwise_backward, pointwise_forward


def gelu_forward(x, approximate="none", *, n_threads=None):
    """Gaussian error linear unit: x times the share of the normal distribution below it.

    Parameters
    ----------
    x : array_like or Packs, any shape
    approximate : {"none", "tanh"}
        Whether Φ is the normal distribution, or its approximation by a tanh.
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape of x

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
    >>> from fastnn import functional
    >>> functional.gelu_forward([0, 100]).tolist()
    [0.0, 100.0]
    """
    return pointwise_forward("gelu_forward", _function("gelu_forward", approximate), x, n_threads)


def gelu_backward(dy, x, approximate="none", *, n_threads=None):
    """Gradient of gelu.

    Parameters
    ----------
    dy, x : array_like or Packs, the same shape
        Gradient with respect to the output, and the input of the forward pass.
    approximate : {"none", "tanh"}
        That of the forward pass.
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape of dy

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
    >>> from fastnn import functional
    >>> functional.gelu_backward([4, 4], [0, 100]).tolist()
    [2.0, 4.0]
    """
    return pointwise_backward(
        "gelu_backward", _function("gelu_backward", approximate), dy, x, n_threads, what="x"
    )


def silu_forward(x, *, n_threads=None):
    """Sigmoid linear unit, also called swish.

    Parameters
    ----------
    x : array_like or Packs, any shape
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape of x

    Notes
    -----
    ``y = x sigmoid(x)``.
    Elfwing, Uchibe, Doya: Sigmoid-weighted linear units for neural network function approximation,
    2017.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.silu_forward([0, 100]).tolist()
    [0.0, 100.0]
    """
    return pointwise_forward("silu_forward", core.FUNCTIONS["silu"], x, n_threads)


def silu_backward(dy, x, *, n_threads=None):
    """Gradient of silu.

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
    dx = dy (σ + x σ (1 − σ)), σ = sigmoid(x).

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.silu_backward([4, 4], [0, 100]).tolist()
    [2.0, 4.0]
    """
    return pointwise_backward("silu_backward", core.FUNCTIONS["silu"], dy, x, n_threads, what="x")


def mish_forward(x, *, n_threads=None):
    """x times the tanh of its softplus.

    Parameters
    ----------
    x : array_like or Packs, any shape
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape of x

    Notes
    -----
    ``y = x tanh(log(1 + exp(x)))``.
    Misra: Mish, a self regularized non-monotonic activation function, 2019.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.mish_forward([0, 100]).tolist()
    [0.0, 100.0]
    """
    return pointwise_forward("mish_forward", core.FUNCTIONS["mish"], x, n_threads)


def mish_backward(dy, x, *, n_threads=None):
    """Gradient of mish.

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
    dx = dy (T + x (1 − T²) sigmoid(x)), T = tanh(log(1 + exp(x))).

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.mish_backward([5, 5], [0, 100]).tolist()
    [3.0, 5.0]
    """
    return pointwise_backward("mish_backward", core.FUNCTIONS["mish"], dy, x, n_threads, what="x")


def _function(name, approximate):
    if approximate not in ("none", "tanh"):
        raise ValueError(f'{name}: expected approximate "none" or "tanh", got {approximate!r}')
    return core.FUNCTIONS["gelu" if approximate == "none" else "gelu_tanh"]
