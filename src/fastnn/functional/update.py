"""Optimizer updates of a flat parameter vector, in place."""

import math

import numpy as np

from fastnn._core import update as core
from fastnn.geometry import as_integer

from ._operands import both, check_shape, resolve

_sgd = both(core.sgd_update)
_adam = both(core.adam_update)


def sgd_update(
    parameters,
    gradients,
    velocity,
    *,
    learning_rate,
    momentum=0.0,
    nesterov=False,
    n_threads=None,
):
    """One step of gradient descent, with momentum; updates `parameters` and `velocity`.

    Parameters
    ----------
    parameters : ndarray, shape (n,), float32 or float64
    gradients : ndarray, shape (n,), the same dtype
    velocity : ndarray, shape (n,), the same dtype, or None
        May be None if `momentum` is 0.
    learning_rate, momentum : float
        At least 0.
    nesterov : bool
    n_threads : int, optional

    Raises
    ------
    ValueError
        If shapes differ, a setting is out of range, or momentum has no velocity.
    TypeError
        If an argument is not a writable vector of the parameters' dtype.

    Notes
    -----
    ``v ← momentum·v + g``; ``p ← p − rate·v``, or with Nesterov ``p ← p − rate·(g + momentum·v)``
    (Sutskever et al., On the importance of initialization and momentum in deep learning, 2013).

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn import functional
    >>> parameters, velocity, gradients = np.array([1.0]), np.array([2.0]), np.array([1.0])
    >>> functional.sgd_update(parameters, gradients, velocity, learning_rate=0.5, momentum=0.5)
    >>> parameters.tolist(), velocity.tolist()
    ([0.0], [2.0])
    """
    name = "sgd_update"
    check_settings(name, learning_rate=learning_rate, momentum=momentum)
    if velocity is None and momentum != 0:
        raise ValueError(f"{name}: expected a velocity for momentum={momentum}, got None")
    vectors = {"parameters": parameters, "gradients": gradients}
    if velocity is not None:
        vectors["velocity"] = velocity
    dtype = _check_vectors(name, vectors)
    _sgd[dtype](
        parameters, gradients, velocity, learning_rate, momentum, bool(nesterov), resolve(n_threads)
    )


def adam_update(
    parameters,
    gradients,
    first_moment,
    second_moment,
    *,
    step,
    learning_rate,
    beta1=0.9,
    beta2=0.999,
    epsilon=1e-8,
    n_threads=None,
):
    """One step of Adam; updates `parameters` and both moments.

    Parameters
    ----------
    parameters, first_moment, second_moment : ndarray, shape (n,), float32 or float64
    gradients : ndarray, shape (n,), the same dtype
    step : int
        The number of this step, from 1.
    learning_rate : float
        At least 0.
    beta1, beta2 : float
        From 0 to below 1.
    epsilon : float
        Above 0.
    n_threads : int, optional

    Raises
    ------
    ValueError
        If shapes differ or a setting is out of range.
    TypeError
        If an argument is not a writable vector of the parameters' dtype.

    Notes
    -----
    ``m ← β₁ m + (1 − β₁) g``, ``v ← β₂ v + (1 − β₂) g²``,
    ``p ← p − rate · m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + ε)``
    (Kingma and Ba, Adam: a method for stochastic optimization, 2015).

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn import functional
    >>> parameters, m, v = np.array([1.0]), np.zeros(1), np.zeros(1)
    >>> functional.adam_update(parameters, np.array([3.0]), m, v, step=1, learning_rate=0.5)
    >>> parameters.round(6).tolist()
    [0.5]
    """
    name = "adam_update"
    step = as_integer(name, "step", step, 1, 2**62)
    check_settings(name, learning_rate=learning_rate)
    for what, beta in (("beta1", beta1), ("beta2", beta2)):
        if not 0 <= beta < 1:
            raise ValueError(f"{name}: expected {what} from 0 to below 1, got {beta}")
    if not 0 < epsilon < math.inf:
        raise ValueError(f"{name}: expected epsilon above 0, got {epsilon}")
    dtype = _check_vectors(
        name,
        {
            "parameters": parameters,
            "gradients": gradients,
            "first_moment": first_moment,
            "second_moment": second_moment,
        },
    )
    rate = learning_rate / (1.0 - beta1**step)
    root_scale = 1.0 / math.sqrt(1.0 - beta2**step)
    _adam[dtype](
        parameters, gradients, first_moment, second_moment, rate, beta1, 1.0 - beta1, beta2,
        1.0 - beta2, root_scale, epsilon, resolve(n_threads),
    )  # fmt: skip


def check_settings(name, **settings):
    """Raise unless every setting is a finite number of at least 0."""
    for what, value in settings.items():
        if not 0 <= value < math.inf:
            raise ValueError(f"{name}: expected {what} to be at least 0, got {value}")


def _check_vectors(name, vectors):
    """Raise unless all are C-contiguous vectors of one real dtype and length, return the dtype."""
    dtype = shape = None
    for what, vector in vectors.items():
        if not isinstance(vector, np.ndarray) or vector.dtype not in (np.float32, np.float64):
            raise TypeError(f"{name}: expected {what} as a float32 or float64 array")
        if what != "gradients" and not (vector.flags.writeable and vector.flags.c_contiguous):
            raise TypeError(f"{name}: expected {what} as a writable, contiguous vector")
        if dtype is None:
            dtype, shape = vector.dtype, vector.shape
            if len(shape) != 1:
                raise ValueError(f"{name}: expected {what} of shape (n,), got shape {shape}")
        if vector.dtype != dtype:
            raise TypeError(f"{name}: expected {what} of dtype {dtype}, got {vector.dtype}")
        check_shape(name, what, vector, shape)
    return dtype
