"""Parameter updates, in place on flat vectors."""

import math

import numpy as np

from ._arrays import as_integer


def sgd_update(parameters, gradients, velocity, *, learning_rate, momentum=0.0, nesterov=False):
    """One step of gradient descent, with momentum if asked, in place.

    Parameters
    ----------
    parameters : ndarray, shape (P,)
        Overwritten.
    gradients : ndarray, shape (P,)
    velocity : ndarray, shape (P,), or None
        Overwritten; zeros before the first step. May be None without momentum.
    learning_rate : float
    momentum : float
    nesterov : bool
        Step along the gradient as it will be after the velocity has been applied.

    Raises
    ------
    TypeError
        If a vector is not an array of floats.
    ValueError
        If the shapes differ, an array is read-only, or a setting is out of range.

    Notes
    -----
    ``v = momentum v + g``, then ``p = p - learning_rate v``, or with Nesterov's momentum
    ``p = p - learning_rate (g + momentum v)`` (Sutskever et al., On the importance of
    initialization and momentum in deep learning, 2013, in the form PyTorch uses).

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn import reference
    >>> parameters, velocity = np.array([1.0]), np.array([4.0])
    >>> gradients = np.array([2.0])
    >>> reference.sgd_update(parameters, gradients, velocity, learning_rate=0.5, momentum=0.5)
    >>> parameters.tolist(), velocity.tolist()
    ([-1.0], [4.0])
    """
    operation = "sgd_update"
    vectors = {"parameters": parameters, "gradients": gradients}
    if velocity is not None:
        vectors["velocity"] = velocity
    elif momentum != 0:
        raise ValueError(f"{operation}: expected a velocity with momentum {momentum}, got None")
    _check_vectors(operation, vectors)
    _check_at_least_zero(operation, learning_rate=learning_rate, momentum=momentum)

    p, g = parameters.tolist(), gradients.tolist()
    v = [0.0] * len(p) if velocity is None else velocity.tolist()
    for i in range(len(p)):
        v[i] = momentum * v[i] + g[i]
        p[i] -= learning_rate * (g[i] + momentum * v[i] if nesterov else v[i])
    parameters[:] = p
    if velocity is not None:
        velocity[:] = v


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
):
    """One step of Adam, in place.

    Parameters
    ----------
    parameters : ndarray, shape (P,)
        Overwritten.
    gradients : ndarray, shape (P,)
    first_moment, second_moment : ndarray, shape (P,)
        Overwritten; zeros before the first step.
    step : int
        Number of this step, counted from 1.
    learning_rate, epsilon : float
    beta1, beta2 : float
        Decay of the moments, at least 0 and below 1.

    Raises
    ------
    TypeError
        If a vector is not an array of floats.
    ValueError
        If the shapes differ, an array is read-only, or a setting is out of range.

    Notes
    -----
    ``m = beta1 m + (1 - beta1) g`` and ``v = beta2 v + (1 - beta2) g^2``, then
    ``p = p - learning_rate m' / (sqrt(v') + epsilon)`` with ``m' = m / (1 - beta1^step)`` and
    ``v' = v / (1 - beta2^step)`` (Kingma and Ba, Adam, 2015, algorithm 1).

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn import reference
    >>> parameters, moments = np.array([1.0]), np.zeros((2, 1))
    >>> reference.adam_update(parameters, np.array([3.0]), *moments, step=1, learning_rate=0.25)
    >>> parameters.round(6).tolist()
    [0.75]
    """
    operation = "adam_update"
    vectors = {
        "parameters": parameters,
        "gradients": gradients,
        "first_moment": first_moment,
        "second_moment": second_moment,
    }
    _check_vectors(operation, vectors)
    _check_at_least_zero(operation, learning_rate=learning_rate, beta1=beta1, beta2=beta2)
    step = as_integer(operation, "step", step, 1)
    if beta1 >= 1 or beta2 >= 1:
        raise ValueError(f"{operation}: expected beta1, beta2 below 1, got {beta1}, {beta2}")
    if not epsilon > 0:
        raise ValueError(f"{operation}: expected a positive epsilon, got {epsilon}")

    p, g, m, v = (vector.tolist() for vector in vectors.values())
    for i in range(len(p)):
        m[i] = beta1 * m[i] + (1.0 - beta1) * g[i]
        v[i] = beta2 * v[i] + (1.0 - beta2) * g[i] * g[i]
        corrected_m = m[i] / (1.0 - beta1**step)
        corrected_v = v[i] / (1.0 - beta2**step)
        p[i] -= learning_rate * corrected_m / (math.sqrt(corrected_v) + epsilon)
    parameters[:], first_moment[:], second_moment[:] = p, m, v


def _check_vectors(operation, vectors):
    for name, vector in vectors.items():
        if not isinstance(vector, np.ndarray) or vector.dtype.kind != "f":
            raise TypeError(f"{operation}: expected {name} to be an array of floats")
        if vector.ndim != 1 or vector.shape != vectors["parameters"].shape:
            raise ValueError(
                f"{operation}: expected vectors of one length, got {name} of shape {vector.shape}"
            )
        if name != "gradients" and not vector.flags.writeable:
            raise ValueError(f"{operation}: expected {name} to be writeable")


def _check_at_least_zero(operation, **settings):
    for name, value in settings.items():
        if not value >= 0:
            raise ValueError(f"{operation}: expected {name} of at least 0, got {value}")
