"""Parameter updates, in place on flat vectors: SGD and Lion."""

import numpy as np

from ._arrays import as_integer


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
):
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
    dampening : float
        Part of every gradient but the first that the velocity does without.
    weight_decay : float
        What is added to the gradient for every unit of a parameter.
    step : int, optional
        Number of this step, counted from 1.

    Raises
    ------
    TypeError
        If a vector is not an array of floats.
    ValueError
        If the shapes differ, an array is read-only, or a setting is out of range.

    Notes
    -----
    ``g = g + weight_decay p`` and ``v = momentum v + (1 - dampening) g``, in step 1 without
    dampening; then ``p = p - learning_rate v``, or with Nesterov's momentum
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
    check_vectors(operation, vectors)
    check_at_least_zero(
        operation, learning_rate=learning_rate, momentum=momentum, weight_decay=weight_decay
    )
    if not 0 <= dampening <= 1:
        raise ValueError(f"{operation}: expected dampening between 0 and 1, got {dampening}")
    if nesterov and dampening != 0:
        raise ValueError(f"{operation}: expected no dampening with Nesterov's, got {dampening}")
    if step is not None:
        step = as_integer(operation, "step", step, 1)

    p, g = parameters.tolist(), gradients.tolist()
    v = [0.0] * len(p) if velocity is None else velocity.tolist()
    fresh = 1.0 if step == 1 else 1.0 - dampening
    for i in range(len(p)):
        if weight_decay != 0:
            g[i] += weight_decay * p[i]
        v[i] = momentum * v[i] + (g[i] if velocity is None else fresh * g[i])
        p[i] -= learning_rate * (g[i] + momentum * v[i] if nesterov else v[i])
    parameters[:] = p
    if velocity is not None:
        velocity[:] = v


def lion_update(
    parameters, gradients, moment, *, learning_rate, beta1=0.9, beta2=0.99, weight_decay=0.0
):
    """One step of Lion, in place.

    Parameters
    ----------
    parameters : ndarray, shape (P,)
        Overwritten.
    gradients : ndarray, shape (P,)
    moment : ndarray, shape (P,)
        Overwritten; zeros before the first step.
    learning_rate : float
    beta1, beta2 : float
        What stays of the moment in the step's direction, and of the moment; at least 0 and below 1.
    weight_decay : float
        Parameters shrink by the learning rate times this part.

    Raises
    ------
    TypeError
        If a vector is not an array of floats.
    ValueError
        If the shapes differ, an array is read-only, or a setting is out of range.

    Notes
    -----
    ``p = p - learning_rate (sign(beta1 m + (1 - beta1) g) + weight_decay p)``, then
    ``m = beta2 m + (1 - beta2) g`` (Chen et al., Symbolic discovery of optimization algorithms,
    2023, algorithm 2). The sign of NaN is NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn import reference
    >>> parameters, moment = np.array([1.0]), np.array([0.0])
    >>> reference.lion_update(parameters, np.array([-3.0]), moment, learning_rate=0.25, beta2=0.5)
    >>> parameters.tolist(), moment.tolist()
    ([1.25], [-1.5])
    """
    operation = "lion_update"
    check_vectors(operation, {"parameters": parameters, "gradients": gradients, "moment": moment})
    check_at_least_zero(operation, learning_rate=learning_rate, weight_decay=weight_decay)
    check_below_one(operation, beta1=beta1, beta2=beta2)

    p, g, m = parameters.tolist(), gradients.tolist(), moment.tolist()
    for i in range(len(p)):
        direction = beta1 * m[i] + (1.0 - beta1) * g[i]
        sign = float((direction > 0) - (direction < 0))
        if direction != direction:
            sign = direction
        p[i] = p[i] * (1.0 - learning_rate * weight_decay) - learning_rate * sign
        m[i] = beta2 * m[i] + (1.0 - beta2) * g[i]
    parameters[:], moment[:] = p, m


def check_vectors(operation, vectors):
    """Raise unless all are vectors of floats of one length that may be written to."""
    for name, vector in vectors.items():
        if not isinstance(vector, np.ndarray) or vector.dtype.kind != "f":
            raise TypeError(f"{operation}: expected {name} to be an array of floats")
        if vector.ndim != 1 or vector.shape != vectors["parameters"].shape:
            raise ValueError(
                f"{operation}: expected vectors of one length, got {name} of shape {vector.shape}"
            )
        if name != "gradients" and not vector.flags.writeable:
            raise ValueError(f"{operation}: expected {name} to be writeable")


def check_at_least_zero(operation, **settings):
    """Raise where a setting is negative."""
    for name, value in settings.items():
        if not value >= 0:
            raise ValueError(f"{operation}: expected {name} of at least 0, got {value}")


def check_below_one(operation, **settings):
    """Raise where a setting is negative, or 1 or more."""
    check_at_least_zero(operation, **settings)
    if any(value >= 1 for value in settings.values()):
        names, values = ", ".join(settings), ", ".join(map(str, settings.values()))
        raise ValueError(f"{operation}: expected {names} below 1, got {values}")


def check_positive(operation, **settings):
    """Raise where a setting is not above 0."""
    for name, value in settings.items():
        if not value > 0:
            raise ValueError(f"{operation}: expected a positive {name}, got {value}")
