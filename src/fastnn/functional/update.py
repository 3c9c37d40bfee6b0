"""Optimizer updates of a flat parameter vector, in place: SGD and Lion."""

import math

import numpy as np

from fastnn._core import update as core
from fastnn.geometry import as_integer

from ._operands import both, check_shape, resolve

_update = both(core.update)

OPTIONAL = ("velocity", "means", "largest")  # vectors without which a rule is another one


def sgd_update(
    parameters,
    gradients,
    velocity,
    *,
    learning_rate,
    momentum=0.0,
    nesterov=False,
    dampening=0.0,
    weight_decay=0.0,
    step=None,
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
        Only without dampening.
    dampening : float
        Less of every gradient counts in the velocity, but for that of step 1; from 0 to 1.
    weight_decay : float
        λ: gradients get λ·parameters added. At least 0.
    step : int, optional
        The number of this step, from 1.
    n_threads : int, optional

    Raises
    ------
    ValueError
        If shapes differ, a setting is out of range, or momentum has no velocity.
    TypeError
        If an argument is not a writable vector of the parameters' dtype.

    Notes
    -----
    ``g ← g + λ·p``; ``v ← momentum·v + (1 − dampening)·g``; ``p ← p − rate·v``, or with Nesterov
    ``p ← p − rate·(g + momentum·v)`` (Sutskever et al., On the importance of initialization and
    momentum in deep learning, 2013, in the form PyTorch uses).

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
    check_settings(name, learning_rate=learning_rate, momentum=momentum, weight_decay=weight_decay)
    check_sgd(name, momentum, nesterov, dampening)
    if velocity is None and momentum != 0:
        raise ValueError(f"{name}: expected a velocity for momentum={momentum}, got None")
    step = 0 if step is None else as_integer(name, "step", step, 1, 2**62)
    figures = {
        "learning_rate": learning_rate,
        "momentum": momentum,
        "nesterov": bool(nesterov),
        "dampening": dampening,
        "weight_decay": weight_decay,
    }
    run_update(name, figures, step, n_threads, parameters, gradients, velocity=velocity)


def lion_update(
    parameters,
    gradients,
    moment,
    *,
    learning_rate,
    beta1=0.9,
    beta2=0.99,
    weight_decay=0.0,
    n_threads=None,
):
    """One step of Lion; updates `parameters` and `moment`.

    Parameters
    ----------
    parameters, moment : ndarray, shape (n,), float32 or float64
    gradients : ndarray, shape (n,), the same dtype
    learning_rate : float
        At least 0.
    beta1, beta2 : float
        From 0 to below 1.
    weight_decay : float
        λ: parameters are multiplied by 1 − rate·λ, apart from the gradient. At least 0.
    n_threads : int, optional

    Raises
    ------
    ValueError
        If shapes differ or a setting is out of range.
    TypeError
        If an argument is not a writable vector of the parameters' dtype.

    Notes
    -----
    ``p ← (1 − rate·λ)·p − rate·sign(β₁ m + (1 − β₁) g)``, ``m ← β₂ m + (1 − β₂) g``, with
    sign(0) = 0 and the sign of NaN NaN (Chen et al., Symbolic discovery of optimization
    algorithms, 2023).

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn import functional
    >>> parameters, moment = np.array([1.0, 2.0]), np.zeros(2)
    >>> functional.lion_update(parameters, np.array([-3.0, 0.0]), moment, learning_rate=0.25)
    >>> parameters.tolist()
    [1.25, 2.0]
    """
    name = "lion_update"
    check_settings(name, learning_rate=learning_rate, weight_decay=weight_decay)
    check_betas(name, beta1=beta1, beta2=beta2)
    figures = {
        "learning_rate": learning_rate,
        "beta1": beta1,
        "beta2": beta2,
        "weight_decay": weight_decay,
    }
    run_update(name, figures, 0, n_threads, parameters, gradients, moment=moment)


def run_update(name, figures, step, n_threads, parameters, gradients, **state):
    """Check the vectors and make the step; `state` is in the kernel's order, None where absent."""
    vectors = {"parameters": parameters, "gradients": gradients}
    present = {
        what: vector for what, vector in state.items() if vector is not None or what not in OPTIONAL
    }
    dtype = _check_vectors(name, vectors | present)
    first, second, third = (*state.values(), None, None)[:3]
    _update[dtype](
        name.removesuffix("_update"), parameters, np.ascontiguousarray(gradients), first, second,
        third, figures, step, resolve(n_threads),
    )  # fmt: skip


def check_settings(name, **settings):
    """Raise unless every setting is a finite number of at least 0."""
    for what, value in settings.items():
        if not 0 <= value < math.inf:
            raise ValueError(f"{name}: expected {what} to be at least 0, got {value}")


def check_betas(name, **settings):
    """Raise unless every setting is from 0 to below 1."""
    for what, value in settings.items():
        if not 0 <= value < 1:
            raise ValueError(f"{name}: expected {what} from 0 to below 1, got {value}")


def check_epsilon(name, epsilon):
    """Raise unless epsilon is a finite number above 0."""
    if not 0 < epsilon < math.inf:
        raise ValueError(f"{name}: expected epsilon above 0, got {epsilon}")


def check_sgd(name, momentum, nesterov, dampening):
    """Raise where these settings of gradient descent do not go together."""
    if not 0 <= dampening <= 1:
        raise ValueError(f"{name}: expected dampening from 0 to 1, got {dampening}")
    if nesterov and dampening != 0:
        raise ValueError(f"{name}: expected no dampening with nesterov=True, got {dampening}")


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
