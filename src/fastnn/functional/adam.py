"""Optimizer updates of Adam and AdamW, in place."""

from fastnn.geometry import as_integer

from .update import check_betas, check_epsilon, check_settings, run_update


def adam_update(
    parameters,
    gradients,
    first_moment,
    second_moment,
    largest=None,
    *,
    step,
    learning_rate,
    beta1=0.9,
    beta2=0.999,
    epsilon=1e-8,
    weight_decay=0.0,
    n_threads=None,
):
    """One step of Adam; updates `parameters` and the moments.

    Parameters
    ----------
    parameters, first_moment, second_moment : ndarray, shape (n,), float32 or float64
    gradients : ndarray, shape (n,), the same dtype
    largest : ndarray, shape (n,), the same dtype, or None
        For AMSGrad: the largest second moment so far takes the second moment's place.
    step : int
        The number of this step, from 1.
    learning_rate : float
        At least 0.
    beta1, beta2 : float
        From 0 to below 1.
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
    ``g ← g + λ p``, ``m ← β₁ m + (1 − β₁) g``, ``v ← β₂ v + (1 − β₂) g²``,
    ``p ← p − rate · m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + ε)``
    (Kingma and Ba, Adam: a method for stochastic optimization, 2015; AMSGrad: Reddi et al., On the
    convergence of Adam and beyond, 2018, in the form PyTorch uses).

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn import functional
    >>> parameters, m, v = np.array([1.0]), np.zeros(1), np.zeros(1)
    >>> functional.adam_update(parameters, np.array([3.0]), m, v, step=1, learning_rate=0.5)
    >>> parameters.round(6).tolist()
    [0.5]
    """
    _adam(
        "adam_update", parameters, gradients, first_moment, second_moment, largest, step,
        learning_rate, beta1, beta2, epsilon, weight_decay, n_threads,
    )  # fmt: skip


def adamw_update(
    parameters,
    gradients,
    first_moment,
    second_moment,
    largest=None,
    *,
    step,
    learning_rate,
    beta1=0.9,
    beta2=0.999,
    epsilon=1e-8,
    weight_decay=0.01,
    n_threads=None,
):
    """One step of AdamW: Adam with weights that decay apart from gradients; updates them all.

    Parameters
    ----------
    parameters, first_moment, second_moment : ndarray, shape (n,), float32 or float64
    gradients : ndarray, shape (n,), the same dtype
    largest : ndarray, shape (n,), the same dtype, or None
        For AMSGrad: the largest second moment so far takes the second moment's place.
    step : int
        The number of this step, from 1.
    learning_rate : float
        At least 0.
    beta1, beta2 : float
        From 0 to below 1.
    epsilon : float
        Above 0.
    weight_decay : float
        λ: parameters are multiplied by 1 − rate·λ first. At least 0.
    n_threads : int, optional

    Raises
    ------
    ValueError
        If shapes differ or a setting is out of range.
    TypeError
        If an argument is not a writable vector of the parameters' dtype.

    Notes
    -----
    ``p ← (1 − rate·λ) p``, then `adam_update` of the gradients as they are (Loshchilov and Hutter,
    Decoupled weight decay regularization, 2019).

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn import functional
    >>> parameters, m, v = np.array([1.0]), np.zeros(1), np.zeros(1)
    >>> functional.adamw_update(parameters, np.array([3.0]), m, v, step=1, learning_rate=0.5)
    >>> parameters.round(6).tolist()
    [0.495]
    """
    _adam(
        "adamw_update", parameters, gradients, first_moment, second_moment, largest, step,
        learning_rate, beta1, beta2, epsilon, weight_decay, n_threads,
    )  # fmt: skip


def _adam(
    name, parameters, gradients, first_moment, second_moment, largest, step, learning_rate, beta1,
    beta2, epsilon, weight_decay, n_threads,
):  # fmt: skip
    step = as_integer(name, "step", step, 1, 2**62)
    check_settings(name, learning_rate=learning_rate, weight_decay=weight_decay)
    check_betas(name, beta1=beta1, beta2=beta2)
    check_epsilon(name, epsilon)
    figures = {
        "learning_rate": learning_rate,
        "beta1": beta1,
        "beta2": beta2,
        "epsilon": epsilon,
        "weight_decay": weight_decay,
    }
    run_update(
        name, figures, step, n_threads, parameters, gradients,
        first_moment=first_moment, second_moment=second_moment, largest=largest,
    )  # fmt: skip
