"""What may happen to gradients before an update: bounds, one bound for their norm, noise."""

import math

from ._arrays import as_array, as_floats, as_integer, as_number, as_result, positive
from .random import random_normal


def clip_by_value(x, limit):
    """Bring every number into ``[−limit, limit]``.

    Parameters
    ----------
    x : array_like, any shape
    limit : float
        Above 0.

    Returns
    -------
    y : ndarray, shape of x

    Raises
    ------
    ValueError
        If the limit is not above 0.

    Notes
    -----
    ``y = min(max(x, −limit), limit)``; NaN stays NaN.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.clip_by_value([-3, 0.5, 2], 1).tolist()
    [-1.0, 0.5, 1.0]
    """
    x, limit = as_array("clip_by_value", "x", x), positive("clip_by_value", "limit", limit)
    y = []
    for value in as_floats(x, -1):
        if value < -limit:
            value = -limit
        elif value > limit:
            value = limit
        y.append(value)
    return as_result(y, x.shape, x)


def clip_by_norm(x, limit):
    """Shorten an array, as one vector, to a norm of at most `limit`.

    Parameters
    ----------
    x : array_like, any shape
    limit : float
        Above 0.

    Returns
    -------
    y : ndarray, shape of x

    Raises
    ------
    ValueError
        If the limit is not above 0.

    Notes
    -----
    ``y = x`` where ``|x| = √Σx² ≤ limit``, else ``x · limit / |x|``. A NaN makes all NaN. An
    infinite norm leaves zeros, and NaN where x is infinite.
    Pascanu, Mikolov, Bengio: On the difficulty of training recurrent neural networks, 2013.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.clip_by_norm([3, 4], 2.5).tolist()
    [1.5, 2.0]
    """
    x, limit = as_array("clip_by_norm", "x", x), positive("clip_by_norm", "limit", limit)
    values = as_floats(x, -1)
    norm = math.sqrt(math.fsum(value * value for value in values))
    factor = 1.0 if norm <= limit else limit / norm
    return as_result([value * factor for value in values], x.shape, x)


def gradient_noise(gradients, spread, *, seed, step):
    """Add normal noise to gradients.

    Parameters
    ----------
    gradients : array_like, any shape
    spread : float
        The noise's standard deviation, at least 0.
    seed : int
        0 to 2^64 − 1.
    step : int
        The number of the step, from 0; its low 32 bits count.

    Returns
    -------
    y : ndarray, shape of gradients

    Raises
    ------
    ValueError
        If the spread is below 0, or seed or step out of range.

    Notes
    -----
    ``y = g + spread · n``, where n are the numbers of :func:`random_normal` with this seed, stream
    2^32 − 1 and counter `step`.
    Neelakantan et al.: Adding gradient noise improves learning for very deep networks, 2015.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.gradient_noise([1.0, 2.0], 0.5, seed=0, step=0).round(4).tolist()
    [1.5749, 1.976]
    """
    name = "gradient_noise"
    gradients = as_array(name, "gradients", gradients)
    spread = as_number(name, "spread", spread, 0)
    step = as_integer(name, "step", step, 0)
    how = {"seed": seed, "stream": 2**32 - 1, "counter": step, "dtype": "float64"}
    noise = random_normal(gradients.size, **how).tolist()
    y = [g + spread * n for g, n in zip(as_floats(gradients, -1), noise, strict=True)]
    return as_result(y, gradients.shape, gradients)
