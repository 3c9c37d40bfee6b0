"""Optimizer updates with a rate for every parameter, in place."""

from fastnn.geometry import as_integer

from .update import check_betas, check_epsilon, check_settings, run_update


def rmsprop_update(
    parameters,
    gradients,
    squares,
    velocity=None,
    means=None,
    *,
    learning_rate,
    alpha=0.99,
    momentum=0.0,
    epsilon=1e-8,
    weight_decay=0.0,
    n_threads=None,
):
    """One step of RMSprop; updates `parameters` and the other vectors.

    Parameters
    ----------
    parameters, squares : ndarray, shape (n,), float32 or float64
    gradients : ndarray, shape (n,), the same dtype
    velocity : ndarray, shape (n,), the same dtype, or None
        May be None if `momentum` is 0.
    means : ndarray, shape (n,), the same dtype, or None
        For centered RMSprop: the mean gradient, so that gradients are divided by their spread.
    learning_rate, momentum : float
        At least 0.
    alpha : float
        How much of the means stays, from 0 to below 1.
    epsilon : float
        Above 0.
    weight_decay : float
        λ: gradients get λ·parameters added. At least 0.
    n_threads : int, optional

    Raises
    ------
    ValueError
        If shapes differ, a setting is out of range, or momentum has no velocity.
    TypeError
        If an argument is not a writable vector of the parameters' dtype.

    Notes
    -----
    ``g ← g + λ p``; ``s ← α s + (1 − α) g²``, centered also ``a ← α a + (1 − α) g``;
    ``u = g / (√s + ε)``, centered ``g / (√max(s − a², 0) + ε)``; ``p ← p − rate·u``, or with
    momentum ``v ← momentum·v + u``, ``p ← p − rate·v`` (Tieleman and Hinton, Lecture 6.5, 2012;
    centered: Graves, Generating sequences with recurrent neural networks, 2013; in the form
    PyTorch uses).

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn import functional
    >>> parameters, squares = np.array([1.0]), np.zeros(1)
    >>> functional.rmsprop_update(
    ...     parameters, np.array([3.0]), squares, learning_rate=0.25, alpha=0.75
    ... )
    >>> parameters.round(6).tolist()
    [0.5]
    """
    name = "rmsprop_update"
    check_settings(name, learning_rate=learning_rate, momentum=momentum, weight_decay=weight_decay)
    check_betas(name, alpha=alpha)
    check_epsilon(name, epsilon)
    if velocity is None and momentum != 0:
        raise ValueError(f"{name}: expected a velocity for momentum={momentum}, got None")
    figures = {
        "learning_rate": learning_rate,
        "beta2": alpha,
        "momentum": momentum,
        "epsilon": epsilon,
        "weight_decay": weight_decay,
    }
    run_update(
        name, figures, 0, n_threads, parameters, gradients,
        squares=squares, velocity=velocity, means=means,
    )  # fmt: skip


def adagrad_update(
    parameters,
    gradients,
    squares,
    *,
    step,
    learning_rate,
    rate_decay=0.0,
    epsilon=1e-10,
    weight_decay=0.0,
    n_threads=None,
):
    """One step of Adagrad; updates `parameters` and `squares`.

    Parameters
    ----------
    parameters, squares : ndarray, shape (n,), float32 or float64
    gradients : ndarray, shape (n,), the same dtype
    step : int
        The number of this step, from 1.
    learning_rate, rate_decay : float
        At least 0. The rate of step t is learning_rate / (1 + (t − 1)·rate_decay).
    epsilon : float
        Above 0.
    weight_decay : float
        λ: gradients get λ·parameters added. At least 0.
    n_threads : int, optional

    Raises
    ------
    ValueError
        If shapes differ or a setting is out of range.
    TypeError
        If an argument is not a writable vector of the parameters' dtype.

    Notes
    -----
    ``g ← g + λ p``, ``s ← s + g²``, ``p ← p − rate·g / (√s + ε)`` (Duchi et al., Adaptive
    subgradient methods for online learning and stochastic optimization, 2011).

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn import functional
    >>> parameters, squares = np.array([1.0]), np.array([16.0])
    >>> functional.adagrad_update(parameters, np.array([3.0]), squares, step=1, learning_rate=0.5)
    >>> parameters.round(6).tolist(), squares.tolist()
    ([0.7], [25.0])
    """
    name = "adagrad_update"
    step = as_integer(name, "step", step, 1, 2**62)
    check_settings(
        name, learning_rate=learning_rate, rate_decay=rate_decay, weight_decay=weight_decay
    )
    check_epsilon(name, epsilon)
    figures = {
        "learning_rate": learning_rate,
        "rate_decay": rate_decay,
        "epsilon": epsilon,
        "weight_decay": weight_decay,
    }
    run_update(name, figures, step, n_threads, parameters, gradients, squares=squares)


def adadelta_update(
    parameters,
    gradients,
    squares,
    changes,
    *,
    learning_rate=1.0,
    rho=0.9,
    epsilon=1e-6,
    weight_decay=0.0,
    n_threads=None,
):
    """One step of Adadelta; updates `parameters`, `squares` and `changes`.

    Parameters
    ----------
    parameters, squares, changes : ndarray, shape (n,), float32 or float64
    gradients : ndarray, shape (n,), the same dtype
    learning_rate : float
        At least 0.
    rho : float
        How much of the means stays, from 0 to below 1.
    epsilon : float
        Above 0.
    weight_decay : float
        λ: gradients get λ·parameters added. At least 0.
    n_threads : int, optional

    Raises
    ------
    ValueError
        If shapes differ or a setting is out of range.
    TypeError
        If an argument is not a writable vector of the parameters' dtype.

    Notes
    -----
    ``g ← g + λ p``, ``s ← ρ s + (1 − ρ) g²``, ``u = g·√(c + ε) / √(s + ε)``,
    ``c ← ρ c + (1 − ρ) u²``, ``p ← p − rate·u`` (Zeiler, ADADELTA: an adaptive learning rate
    method, 2012).

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn import functional
    >>> parameters, squares, changes = np.array([1.0]), np.array([3.0]), np.array([0.75])
    >>> functional.adadelta_update(
    ...     parameters, np.array([3.0]), squares, changes, rho=0.5, epsilon=0.25
    ... )
    >>> parameters.round(6).tolist(), squares.tolist(), changes.round(3).tolist()
    ([-0.2], [6.0], [1.095])
    """
    name = "adadelta_update"
    check_settings(name, learning_rate=learning_rate, weight_decay=weight_decay)
    check_betas(name, rho=rho)
    check_epsilon(name, epsilon)
    figures = {
        "learning_rate": learning_rate,
        "beta2": rho,
        "epsilon": epsilon,
        "weight_decay": weight_decay,
    }
    run_update(name, figures, 0, n_threads, parameters, gradients, squares=squares, changes=changes)
