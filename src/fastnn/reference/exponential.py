"""Activations that bend by an exponential, or level out: ELU, SELU, softplus and softsign."""

import math

from ._arrays import as_number, positive
from ._elementwise import map_backward, map_forward

# of SELU
LAMBDA = 1.0507009873554804934193349852946
ALPHA = 1.6732632423543772848170429916717


def elu_forward(x, alpha=1.0):
    """Exponential linear unit.

    Parameters
    ----------
    x : array_like, any shape
    alpha : float
        What is approached far to the left is −alpha.

    Returns
    -------
    y : ndarray, shape of x

    Raises
    ------
    ValueError
        If `alpha` is not finite.

    Notes
    -----
    ``y = x where x > 0, else alpha (exp(x) − 1)``.
    Clevert, Unterthiner, Hochreiter: Fast and accurate deep network learning by exponential linear
    units, 2015.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.elu_forward([-1000, 0, 3], 2.0).tolist()
    [-2.0, 0.0, 3.0]
    """
    alpha = as_number("elu_forward", "alpha", alpha)
    return map_forward(
        "elu_forward", x, lambda value: value if value > 0 else alpha * math.expm1(value)
    )


def elu_backward(dy, x, alpha=1.0):
    """Gradient of elu.

    Parameters
    ----------
    dy, x : array_like, the same shape
        Gradient with respect to the output, and the input of the forward pass.
    alpha : float
        That of the forward pass.

    Returns
    -------
    dx : ndarray, shape of dy

    Raises
    ------
    ValueError
        If the shapes differ or `alpha` is not finite.

    Notes
    -----
    dx = dy where x > 0, else dy alpha exp(x).

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.elu_backward([4, 4, 4], [-1000, 0, 3], 2.0).tolist()
    [0.0, 8.0, 4.0]
    """
    alpha = as_number("elu_backward", "alpha", alpha)
    # forward: y = x where x > 0, else alpha (exp(x) − 1)
    return map_backward(
        "elu_backward", dy, x, lambda d, value: d if value > 0 else d * alpha * math.exp(value), "x"
    )


def selu_forward(x):
    """Scaled exponential linear unit, which keeps mean 0 and variance 1 from layer to layer.

    Parameters
    ----------
    x : array_like, any shape

    Returns
    -------
    y : ndarray, shape of x

    Notes
    -----
    y = λ x where x > 0, else λ α (exp(x) − 1), with λ = 1.0507… and α = 1.6733….
    Klambauer, Unterthiner, Mayr, Hochreiter: Self-normalizing neural networks, 2017, which gives
    the digits of λ and α.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.selu_forward([0]).tolist()
    [0.0]
    """
    return map_forward(
        "selu_forward",
        x,
        lambda value: LAMBDA * (value if value > 0 else ALPHA * math.expm1(value)),
    )


def selu_backward(dy, x):
    """Gradient of selu.

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
    dx = dy λ where x > 0, else dy λ α exp(x).

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.selu_backward([0], [3]).tolist()
    [0.0]
    """
    # forward: y = λ x where x > 0, else λ α (exp(x) − 1)
    return map_backward(
        "selu_backward",
        dy,
        x,
        lambda d, value: d * LAMBDA * (1.0 if value > 0 else ALPHA * math.exp(value)),
        "x",
    )


def softplus_forward(x, beta=1.0):
    """Smooth ReLU.

    Parameters
    ----------
    x : array_like, any shape
    beta : float
        More than 0: how sharp the bend at 0 is.

    Returns
    -------
    y : ndarray, shape of x

    Raises
    ------
    ValueError
        If `beta` is not positive.

    Notes
    -----
    ``y = log(1 + exp(beta x)) / beta = max(x, 0) + log(1 + exp(−beta |x|)) / beta``.
    Dugas, Bengio, Bélisle, Nadeau, Garcia: Incorporating second-order functional knowledge for
    better option pricing, 2000. The second form overflows nowhere.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.softplus_forward([-1000, 1000]).tolist()
    [0.0, 1000.0]
    """
    beta = positive("softplus_forward", "beta", beta)
    return map_forward("softplus_forward", x, lambda value: soft_maximum(value, beta))


def softplus_backward(dy, y, beta=1.0):
    """Gradient of softplus.

    Parameters
    ----------
    dy, y : array_like, the same shape
        Gradient with respect to the output, and the output of the forward pass.
    beta : float
        That of the forward pass.

    Returns
    -------
    dx : ndarray, shape of dy

    Raises
    ------
    ValueError
        If the shapes differ or `beta` is not positive.

    Notes
    -----
    dx = dy (1 − exp(−beta y)), which is dy sigmoid(beta x).

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.softplus_backward([4, 4], [0, 1000]).tolist()
    [0.0, 4.0]
    """
    beta = positive("softplus_backward", "beta", beta)
    # forward: y = log(1 + exp(beta x)) / beta
    return map_backward("softplus_backward", dy, y, lambda d, out: -d * math.expm1(-beta * out))


def softsign_forward(x):
    """Sigmoid without exponentials, from −1 to 1.

    Parameters
    ----------
    x : array_like, any shape

    Returns
    -------
    y : ndarray, shape of x

    Notes
    -----
    ``y = x / (1 + |x|)``.
    Turian, Bergstra, Bengio: Quadratic features and deep architectures for chunking, 2009.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.softsign_forward([-3, 0, 1]).tolist()
    [-0.75, 0.0, 0.5]
    """
    return map_forward("softsign_forward", x, lambda value: value / (1.0 + abs(value)))


def softsign_backward(dy, x):
    """Gradient of softsign.

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
    dx = dy / (1 + |x|)².

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.softsign_backward([4, 4], [0, -1]).tolist()
    [4.0, 1.0]
    """
    # forward: y = x / (1 + |x|)
    return map_backward(
        "softsign_backward",
        dy,
        x,
        lambda d, value: d / (1.0 + abs(value)) / (1.0 + abs(value)),
        "x",
    )


def soft_maximum(value, beta):
    """``log(1 + exp(beta value)) / beta`` without overflow."""
    largest = 0.0 if value <= 0 else value
    return largest + math.log1p(math.exp(-abs(beta * value))) / beta
