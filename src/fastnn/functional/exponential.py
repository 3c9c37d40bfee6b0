"""Activations that bend by an exponential, or level out: ELU, SELU, softplus and softsign."""

from fastnn._core import pointwise as core
from fastnn.checks import number, positive

from ._elementwise import pointwise_backward, pointwise_forward


def elu_forward(x, alpha=1.0, *, n_threads=None):
    """Exponential linear unit.

    Parameters
    ----------
    x : array_like or Packs, any shape
    alpha : float
        What is approached far to the left is −alpha.
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape of x

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
    >>> from fastnn import functional
    >>> functional.elu_forward([-1000, 0, 3], 2.0).tolist()
    [-2.0, 0.0, 3.0]
    """
    alpha = number("elu_forward", "alpha", alpha)
    return pointwise_forward("elu_forward", core.FUNCTIONS["elu"], x, n_threads, alpha)


def elu_backward(dy, x, alpha=1.0, *, n_threads=None):
    """Gradient of elu.

    Parameters
    ----------
    dy, x : array_like or Packs, the same shape
        Gradient with respect to the output, and the input of the forward pass.
    alpha : float
        That of the forward pass.
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape of dy

    Raises
    ------
    ValueError
        If the shapes differ or `alpha` is not finite.

    Notes
    -----
    dx = dy where x > 0, else dy alpha exp(x).

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.elu_backward([4, 4, 4], [-1000, 0, 3], 2.0).tolist()
    [0.0, 8.0, 4.0]
    """
    alpha = number("elu_backward", "alpha", alpha)
    return pointwise_backward(
        "elu_backward", core.FUNCTIONS["elu"], dy, x, n_threads, alpha, what="x"
    )


def selu_forward(x, *, n_threads=None):
    """Scaled exponential linear unit, which keeps mean 0 and variance 1 from layer to layer.

    Parameters
    ----------
    x : array_like or Packs, any shape
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape of x

    Notes
    -----
    y = λ x where x > 0, else λ α (exp(x) − 1), with λ = 1.0507… and α = 1.6733….
    Klambauer, Unterthiner, Mayr, Hochreiter: Self-normalizing neural networks, 2017, which gives
    the digits of λ and α.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.selu_forward([0]).tolist()
    [0.0]
    """
    return pointwise_forward("selu_forward", core.FUNCTIONS["selu"], x, n_threads)


def selu_backward(dy, x, *, n_threads=None):
    """Gradient of selu.

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
    dx = dy λ where x > 0, else dy λ α exp(x).

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.selu_backward([0], [3]).tolist()
    [0.0]
    """
    return pointwise_backward("selu_backward", core.FUNCTIONS["selu"], dy, x, n_threads, what="x")


def softplus_forward(x, beta=1.0, *, n_threads=None):
    """Smooth ReLU.

    Parameters
    ----------
    x : array_like or Packs, any shape
    beta : float
        More than 0: how sharp the bend at 0 is.
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape of x

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
    >>> from fastnn import functional
    >>> functional.softplus_forward([-1000, 1000]).tolist()
    [0.0, 1000.0]
    """
    beta = positive("softplus_forward", "beta", beta)
    return pointwise_forward("softplus_forward", core.FUNCTIONS["softplus"], x, n_threads, beta)


def softplus_backward(dy, y, beta=1.0, *, n_threads=None):
    """Gradient of softplus.

    Parameters
    ----------
    dy, y : array_like or Packs, the same shape
        Gradient with respect to the output, and the output of the forward pass.
    beta : float
        That of the forward pass.
    n_threads : int, optional

    Returns
    -------
    dx : ndarray or Packs, shape of dy

    Raises
    ------
    ValueError
        If the shapes differ or `beta` is not positive.

    Notes
    -----
    dx = dy (1 − exp(−beta y)), which is dy sigmoid(beta x).

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.softplus_backward([4, 4], [0, 1000]).tolist()
    [0.0, 4.0]
    """
    beta = positive("softplus_backward", "beta", beta)
    return pointwise_backward(
        "softplus_backward", core.FUNCTIONS["softplus"], dy, y, n_threads, beta
    )


def softsign_forward(x, *, n_threads=None):
    """Sigmoid without exponentials, from −1 to 1.

    Parameters
    ----------
    x : array_like or Packs, any shape
    n_threads : int, optional

    Returns
    -------
    y : ndarray or Packs, shape of x

    Notes
    -----
    ``y = x / (1 + |x|)``.
    Turian, Bergstra, Bengio: Quadratic features and deep architectures for chunking, 2009.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.softsign_forward([-3, 0, 1]).tolist()
    [-0.75, 0.0, 0.5]
    """
    return pointwise_forward("softsign_forward", core.FUNCTIONS["softsign"], x, n_threads)


def softsign_backward(dy, x, *, n_threads=None):
    """Gradient of softsign.

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
    dx = dy / (1 + |x|)².

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.softsign_backward([4, 4], [0, -1]).tolist()
    [4.0, 1.0]
    """
    return pointwise_backward(
        "softsign_backward", core.FUNCTIONS["softsign"], dy, x, n_threads, what="x"
    )
