"""Losses of numbers: the weighted mean over the batch, and its gradient with respect to y."""

from ._losses import element_loss


def half_squared_error(y, target, *, sample_weight=None, reduction="mean", n_threads=None):
    """Half the squared error, summed over a sample's outputs.

    Parameters
    ----------
    y : array_like or Packs, shape (N, ...)
    target : array_like, shape of y
        ``(N,)`` and ``(N, 1)`` mean the same.
    sample_weight : array_like, shape (N,), optional
        Non-negative weight of every sample; 1 if None.
    reduction : {"mean", "sum"}
        ``Σ w ℓ / Σ w`` (0 where that is 0 / 0), or ``Σ w ℓ``.
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
    return element_loss(
        "half_squared_error", "y", y, target, sample_weight, n_threads, reduction=reduction
    )


def squared_error(y, target, *, sample_weight=None, reduction="mean", n_threads=None):
    """Squared error, summed over a sample's outputs.

    Parameters
    ----------
    y, target, sample_weight, reduction, n_threads
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
    return element_loss(
        "squared_error", "y", y, target, sample_weight, n_threads, reduction=reduction
    )


def mean_squared_error(y, target, *, sample_weight=None, reduction="mean", n_threads=None):
    """Squared error, averaged over a sample's outputs.

    Parameters
    ----------
    y, target, sample_weight, reduction, n_threads
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
    return element_loss(
        "mean_squared_error", "y", y, target, sample_weight, n_threads, reduction=reduction
    )


def mean_absolute_error(y, target, *, sample_weight=None, reduction="mean", n_threads=None):
    """Absolute error, averaged over a sample's outputs.

    Parameters
    ----------
    y, target, sample_weight, reduction, n_threads
        As for :func:`half_squared_error`.

    Returns
    -------
    loss : float
        Weighted mean over the samples.
    dy : ndarray or Packs, shape of y
        Gradient of `loss`.

    Notes
    -----
    ``loss = Σ |y − t| / K`` and ``∂loss/∂y = sign(y − t) / K`` for a sample of K outputs; 0 where
    ``y = t``.

    Examples
    --------
    >>> from fastnn import functional
    >>> loss, dy = functional.mean_absolute_error([[3, 0]], [[1, 0]])
    >>> loss, dy.tolist()
    (1.0, [[0.5, 0.0]])
    """
    return element_loss(
        "mean_absolute_error", "y", y, target, sample_weight, n_threads, reduction=reduction
    )


def huber(y, target, *, delta=1.0, sample_weight=None, reduction="mean", n_threads=None):
    """Huber loss, summed over a sample's outputs: squared errors up to `delta`, then linear.

    Parameters
    ----------
    y, target, sample_weight, reduction, n_threads
        As for :func:`half_squared_error`.
    delta : float
        Greater than 0.

    Returns
    -------
    loss : float
        Weighted mean over the samples.
    dy : ndarray or Packs, shape of y
        Gradient of `loss`.

    Raises
    ------
    ValueError
        As for :func:`half_squared_error`, or if `delta` is not positive.

    Notes
    -----
    With ``e = y − t``, ``loss = e² / 2`` where ``|e| ≤ δ``, else ``δ (|e| − δ / 2)``, and
    ``∂loss/∂y = max(−δ, min(e, δ))`` (Huber, Robust estimation of a location parameter, 1964).

    Examples
    --------
    >>> from fastnn import functional
    >>> loss, dy = functional.huber([[3, 0.5]], [[0, 0]])
    >>> loss, dy.tolist()
    (2.625, [[1.0, 0.5]])
    """
    return element_loss(
        "huber", "y", y, target, sample_weight, n_threads, delta=delta, reduction=reduction
    )


def poisson(
    y,
    target,
    *,
    log_input=True,
    epsilon=1e-8,
    sample_weight=None,
    reduction="mean",
    n_threads=None,
):
    """Negative log-likelihood of Poisson counts, summed over a sample's outputs.

    Parameters
    ----------
    y, sample_weight, reduction, n_threads
        As for :func:`half_squared_error`.
    target : array_like or Packs, shape of y
        Counts, at least 0. ``(N,)`` and ``(N, 1)`` mean the same.
    log_input : bool
        Whether `y` is the logarithm of the expected count, else that itself.
    epsilon : float
        Without `log_input`, what is added to `y` in logarithms.

    Returns
    -------
    loss : float
        Weighted mean over the samples.
    dy : ndarray or Packs, shape of y
        Gradient of `loss`.

    Raises
    ------
    ValueError
        As for :func:`half_squared_error`, or if a target is negative, infinite or NaN.

    Notes
    -----
    ``loss = exp(y) − t y`` and ``∂loss/∂y = exp(y) − t``, or, without `log_input`,
    ``loss = y − t log(y + ε)`` and ``∂loss/∂y = 1 − t / (y + ε)``; ``log t!``, which no parameter
    changes, is left out, and a target of 0 contributes no second term. ``exp(y)`` is ∞ for y above
    709, its gradient in float32 above 88; ``log(y + ε)`` of a negative y is NaN.

    Examples
    --------
    >>> from fastnn import functional
    >>> loss, dy = functional.poisson([[0], [0]], [1, 3])
    >>> loss, dy.tolist()
    (1.0, [[0.0], [-1.0]])
    """
    return element_loss(
        "poisson", "y", y, target, sample_weight, n_threads,
        epsilon=epsilon, log_input=log_input, reduction=reduction,
    )  # fmt: skip
