"""What may happen to gradients before an update: bounds, one bound for their norm, noise."""

import numpy as np

from fastnn._core import gradients as core
from fastnn.checks import number, positive
from fastnn.geometry import as_integer

from ._operands import both, common_dtype, real_array, resolve

_by_value = both(core.clip_by_value)
_by_norm = both(core.clip_by_norm)
_noise = both(core.add_noise)


def clip_by_value(x, limit, *, n_threads=None):
    """Bring every number into ``[−limit, limit]``.

    Parameters
    ----------
    x : array_like, any shape
    limit : float
        Above 0.
    n_threads : int, optional

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
    >>> from fastnn import functional
    >>> functional.clip_by_value([-3, 0.5, 2], 1).tolist()
    [-1.0, 0.5, 1.0]
    """
    x, limit = real_array("clip_by_value", "x", x), positive("clip_by_value", "limit", limit)
    return in_place(_by_value, x, limit, n_threads=n_threads)


def clip_by_norm(x, limit, *, n_threads=None):
    """Shorten an array, as one vector, to a norm of at most `limit`.

    Parameters
    ----------
    x : array_like, any shape
    limit : float
        Above 0.
    n_threads : int, optional

    Returns
    -------
    y : ndarray, shape of x

    Raises
    ------
    ValueError
        If the limit is not above 0.

    Notes
    -----
    ``y = x`` where ``|x| = √Σx² ≤ limit``, else ``x · limit / |x|``, with the squares summed in
    double precision. A NaN makes all NaN. An infinite norm leaves zeros, and NaN where x is
    infinite. (PyTorch's divides by ``|x| + 1e-6``.)
    Pascanu, Mikolov, Bengio: On the difficulty of training recurrent neural networks, 2013.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.clip_by_norm([3, 4], 2.5).tolist()
    [1.5, 2.0]
    """
    x, limit = real_array("clip_by_norm", "x", x), positive("clip_by_norm", "limit", limit)
    return in_place(_by_norm, x, limit, n_threads=n_threads)


def gradient_noise(gradients, spread, *, seed, step, n_threads=None):
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
    n_threads : int, optional

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
    2^32 − 1 and counter `step`: each depends on nothing but seed, step and its place.
    Neelakantan et al.: Adding gradient noise improves learning for very deep networks, 2015.

    Examples
    --------
    >>> from fastnn import functional
    >>> functional.gradient_noise([1.0, 2.0], 0.5, seed=0, step=0).round(4).tolist()
    [1.5749, 1.976]
    """
    name = "gradient_noise"
    gradients = real_array(name, "gradients", gradients)
    spread = number(name, "spread", spread, 0)
    seed = as_integer(name, "seed", seed, 0, 2**64 - 1)
    step = as_integer(name, "step", step, 0, 2**62) & (2**32 - 1)
    return in_place(_noise, gradients, spread, seed, step, n_threads=n_threads)


def in_place(operation, x, *settings, n_threads):
    """Return what an operation, which works in place, makes of a copy of `x` as one vector."""
    dtype = common_dtype(x)
    y = np.array(x, dtype, order="C")
    operation[dtype](y.reshape(-1), *settings, resolve(n_threads))
    return y
