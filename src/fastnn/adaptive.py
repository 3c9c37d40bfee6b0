"""Optimizers with a rate for every parameter: `fastnn.optimizers` holds them all."""

import numpy as np

from fastnn.checks import positive
from fastnn.optimizer import Setting, at_least_0
from fastnn.rule import Rule, below_1, truth


class RMSprop(Rule):
    """Gradients divided by their recent size (Tieleman and Hinton, 2012).

    Parameters
    ----------
    learning_rate : float or Schedule
    alpha : float
        How long the mean of squares remembers, from 0 up to, without, 1.
    momentum : float
        From 0 up to, without, 1.
    centered : bool
        Divide by the spread of recent gradients around their mean instead (Graves, 2013).
    epsilon : float
        Keeps the step finite where gradients vanish.
    **common
        `weight_decay`, `decay_biases`, `clip_value`, `clip_norm`, `gradient_noise`: see `Rule` and
        `Optimizer`.

    Notes
    -----
    ``g ← g + λ p``; ``s ← α s + (1 − α) g²``; ``u = g / (√s + ε)``, centered
    ``g / (√max(s − a², 0) + ε)`` with ``a ← α a + (1 − α) g``; ``p ← p − learning_rate · u``, or
    with momentum ``v ← momentum · v + u``; ``p ← p − learning_rate · v``.

    Examples
    --------
    >>> import numpy as np, fastnn as fn
    >>> parameters = np.array([1.0, 2.0])
    >>> fn.optimizers.RMSprop(0.25, alpha=0.75).update(parameters, np.array([3.0, 0.0]))
    >>> parameters.round(6).tolist()
    [0.5, 2.0]
    """

    operation = "rmsprop"
    slots = ("squares", "velocity", "means")

    alpha = Setting(below_1)
    momentum = Setting(below_1)
    centered = Setting(truth)
    epsilon = Setting(positive)

    def __init__(
        self, learning_rate=0.01, alpha=0.99, momentum=0.0, centered=False, epsilon=1e-8, **common
    ):
        super().__init__(learning_rate, **common)
        self.alpha, self.momentum = alpha, momentum
        self.centered, self.epsilon = centered, epsilon

    def _needed(self):
        wanted = {"velocity": self.momentum, "means": self.centered}
        return [name for name in self.slots if wanted.get(name, True)]

    def _figures(self):
        return {"beta2": self.alpha, "momentum": self.momentum, "epsilon": self.epsilon}


class Adagrad(Rule):
    """Gradients divided by the size of all before (Duchi et al., 2011).

    Parameters
    ----------
    learning_rate : float or Schedule
    rate_decay : float
        The rate of update t is learning_rate / (1 + (t − 1) · rate_decay).
    initial_accumulator : float
        What the sum of squares starts from.
    epsilon : float
        Keeps the step finite where gradients vanish.
    **common
        `weight_decay`, `decay_biases`, `clip_value`, `clip_norm`, `gradient_noise`: see `Rule` and
        `Optimizer`.

    Notes
    -----
    ``g ← g + λ p``; ``s ← s + g²``; ``p ← p − rate · g / (√s + ε)``.

    Examples
    --------
    >>> import numpy as np, fastnn as fn
    >>> parameters = np.array([1.0, 2.0])
    >>> adagrad = fn.optimizers.Adagrad(0.5, initial_accumulator=16.0)
    >>> adagrad.update(parameters, np.array([3.0, 0.0]))
    >>> parameters.round(6).tolist()
    [0.7, 2.0]
    """

    operation = "adagrad"
    slots = ("squares",)

    rate_decay = Setting(at_least_0)
    initial_accumulator = Setting(at_least_0)
    epsilon = Setting(positive)

    def __init__(
        self,
        learning_rate=0.01,
        rate_decay=0.0,
        initial_accumulator=0.0,
        epsilon=1e-10,
        **common,
    ):
        super().__init__(learning_rate, **common)
        self.rate_decay, self.initial_accumulator = rate_decay, initial_accumulator
        self.epsilon = epsilon

    def _initial(self, name, parameters):
        return np.full_like(parameters, self.initial_accumulator)

    def _figures(self):
        return {"rate_decay": self.rate_decay, "epsilon": self.epsilon}


class Adadelta(Rule):
    """Steps as large as recent ones, by gradients as large as recent ones (Zeiler, 2012).

    Parameters
    ----------
    learning_rate : float or Schedule
        A factor of the step; the method means it to be 1.
    rho : float
        How long the means of squares remember, from 0 up to, without, 1.
    epsilon : float
        Lets steps begin, and keeps them finite where gradients vanish.
    **common
        `weight_decay`, `decay_biases`, `clip_value`, `clip_norm`, `gradient_noise`: see `Rule` and
        `Optimizer`.

    Notes
    -----
    ``g ← g + λ p``; ``s ← ρ s + (1 − ρ) g²``; ``u = g · √(c + ε) / √(s + ε)``;
    ``c ← ρ c + (1 − ρ) u²``; ``p ← p − learning_rate · u``.

    Examples
    --------
    >>> import numpy as np, fastnn as fn
    >>> parameters = np.array([1.0, 2.0])
    >>> adadelta = fn.optimizers.Adadelta(rho=0.5, epsilon=0.5)
    >>> adadelta.update(parameters, np.array([1.0, 0.0]))
    >>> parameters.round(3).tolist()
    [0.293, 2.0]
    """

    operation = "adadelta"
    slots = ("squares", "changes")

    rho = Setting(below_1)
    epsilon = Setting(positive)

    def __init__(self, learning_rate=1.0, rho=0.9, epsilon=1e-6, **common):
        super().__init__(learning_rate, **common)
        self.rho, self.epsilon = rho, epsilon

    def _figures(self):
        return {"beta2": self.rho, "epsilon": self.epsilon}


class Adam(Rule):
    """Adaptive moments (Kingma and Ba, 2015).

    Parameters
    ----------
    learning_rate : float or Schedule
    beta1, beta2 : float
        How long the means of gradients and of their squares remember, below 1.
    epsilon : float
        Keeps the step finite where gradients vanish.
    amsgrad : bool
        Divide by the largest mean of squares so far (Reddi et al., 2018).
    **common
        `weight_decay`, `decay_biases`, `clip_value`, `clip_norm`, `gradient_noise`: see `Rule` and
        `Optimizer`.

    Notes
    -----
    ``g ← g + λ p``; ``m ← β₁ m + (1 − β₁) g``; ``v ← β₂ v + (1 − β₂) g²``;
    ``p ← p − learning_rate · m̂ / (√v̂ + ε)`` with ``m̂ = m / (1 − β₁ᵗ)``, ``v̂ = v / (1 − β₂ᵗ)``.

    Examples
    --------
    >>> import numpy as np, fastnn as fn
    >>> parameters = np.array([1.0, 2.0])
    >>> fn.optimizers.Adam(0.5).update(parameters, np.array([3.0, 0.0]))
    >>> parameters.round(6).tolist()
    [0.5, 2.0]
    """

    operation = "adam"
    slots = ("first_moment", "second_moment", "largest")

    beta1 = Setting(below_1)
    beta2 = Setting(below_1)
    epsilon = Setting(at_least_0)
    amsgrad = Setting(truth)

    def __init__(
        self, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, amsgrad=False, **common
    ):
        super().__init__(learning_rate, **common)
        self.beta1, self.beta2 = beta1, beta2
        self.epsilon, self.amsgrad = epsilon, amsgrad

    def _needed(self):
        return self.slots if self.amsgrad else self.slots[:2]

    def _figures(self):
        return {"beta1": self.beta1, "beta2": self.beta2, "epsilon": self.epsilon}


class AdamW(Adam):
    """Adam with weights that decay apart from gradients (Loshchilov and Hutter, 2019).

    Parameters
    ----------
    learning_rate, beta1, beta2, epsilon, amsgrad
        As for `Adam`.
    weight_decay : float
        λ: in every update parameters are multiplied by 1 − learning_rate · λ first.
    **common
        `decay_biases`, `clip_value`, `clip_norm`, `gradient_noise`: see `Rule` and `Optimizer`.

    Examples
    --------
    >>> import numpy as np, fastnn as fn
    >>> parameters = np.array([1.0, 2.0])
    >>> adamw = fn.optimizers.AdamW(0.5, weight_decay=0.25)
    >>> adamw.update(parameters, np.array([3.0, 0.0]))
    >>> parameters.round(6).tolist()
    [0.375, 1.75]
    """

    operation = "adamw"

    def __init__(
        self,
        learning_rate=0.001,
        beta1=0.9,
        beta2=0.999,
        epsilon=1e-8,
        amsgrad=False,
        *,
        weight_decay=0.01,
        **common,
    ):
        super().__init__(
            learning_rate, beta1, beta2, epsilon, amsgrad, weight_decay=weight_decay, **common
        )
