"""Losses of numbers: the weighted mean over the batch, and its gradient with respect to y."""

from ._losses import element_loss


def half_squared_error(y, target, *, sample_weight=None, n_threads=None):
    """Half the squared error, summed over a sample's outputs.

    Parameters
    ----------
    y : array_like or Packs, shape (N, ...)
    target : array_like, shape of y
        ``(N,)`` and ``(N, 1)`` mean the same.
    sample_weight : array_like, shape (N,), optional
        Non-negative weight of every sample; 1 if None.
    n_threads : int, optional

    Returns
    -------
    loss : float
        Weighted mean over the samples.
    dy : ndarray or Packs, shape of y
        Gradient of `loss`.

    Raises
    ------
    ValueError
        If the shapes do not fit together or a weight is negative.

    Notes
    -----
    ``loss = Σ (y − t)² / 2`` and ``∂loss/∂y = y − t``.

    Examples
    --------
    >>> from fastnn import functional
    >>> loss, dy = functional.half_squared_error([[3], [0]], [1, 0])
    >>> loss, dy.tolist()
    (1.0, [[1.0], [0.0]])
    """
    return element_loss("half_squared_error", "y", y, target, sample_weight, n_threads)


def squared_error(y, target, *, sample_weight=None, n_threads=None):
    """Squared error, summed over a sample's outputs.

    Parameters
    ----------
    y, target, sample_weight, n_threads
        As for :func:`half_squared_error`.

    Returns
    -------
    loss : float
        Weighted mean over the samples.
    dy : ndarray or Packs, shape of y
        Gradient of `loss`.

    Notes
    -----
    ``loss = Σ (y − t)²`` and ``∂loss/∂y = 2 (y − t)``.

    Examples
    --------
    >>> from fastnn import functional
    >>> loss, dy = functional.squared_error([[3], [0]], [1, 0])
    >>> loss, dy.tolist()
    (2.0, [[2.0], [0.0]])
    """
    return element_loss("squared_error", "y", y, target, sample_weight, n_threads)


def mean_squared_error(y, target, *, sample_weight=None, n_threads=None):
    """Squared error, averaged over a sample's outputs.

    Parameters
    ----------
    y, target, sample_weight, n_threads
        As for :func:`half_squared_error`.

    Returns
    -------
    loss : float
        Weighted mean over the samples.
    dy : ndarray or Packs, shape of y
        Gradient of `loss`.

    Notes
    -----
    ``loss = Σ (y − t)² / K`` and ``∂loss/∂y = 2 (y − t) / K`` for a sample of K outputs.

    Examples
    --------
    >>> from fastnn import functional
    >>> loss, dy = functional.mean_squared_error([[3, 0]], [[1, 0]])
    >>> loss, dy.tolist()
    (2.0, [[2.0, 0.0]])
    """
    return element_loss("mean_squared_error", "y", y, target, sample_weight, n_threads)
