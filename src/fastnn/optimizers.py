"""Optimizers: how gradients change parameters. Their state is a few flat vectors.

gradients, with those of penalties --> clip_value --> clip_norm --> noise --> update
"""

import itertools

import numpy as np

from fastnn import functional
from fastnn.checks import lookup, number, positive
from fastnn.functional.update import check_settings


def at_least_0(who, what, value):
    """Return `value` as a finite float of at least 0."""
    return number(who, what, value, 0)


_VERSIONS = itertools.count(1)


class Preparation:
    """A setting of what happens to gradients before an update; None: nothing."""

    def __init__(self, check):
        self.check = check

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, optimizer, owner=None):
        if optimizer is None:
            return self
        return (optimizer._preparation or {}).get(self.name)

    def __set__(self, optimizer, value):
        settings = dict(optimizer._preparation or {})
        settings.pop(self.name, None)
        if value is not None:
            settings[self.name] = self.check(type(optimizer).__name__, self.name, value)
        optimizer._preparation = settings or None


class Optimizer:
    """Base class of optimizers; an object serves one network.

    Parameters
    ----------
    clip_value : float, optional
        Every gradient is brought into `[−clip_value, clip_value]`: `functional.clip_by_value`.
    clip_norm : float, optional
        Then all gradients together, as one vector, are shortened to a norm of at most this:
        `functional.clip_by_norm`. A NaN among them makes all NaN.
    gradient_noise : float, optional
        Then normal numbers of this standard deviation are added: `functional.gradient_noise`, with
        the network's seed and the number of the update.

    Attributes
    ----------
    steps : int
        Updates made so far.

    Notes
    -----
    The three may be assigned at any time, like the learning rate. Gradients that training leaves in
    `net.gradients` are those before all this. An `update` of your own begins with
    `gradients = self.prepared(gradients)`, or does without.

    Examples
    --------
    >>> import numpy as np, fastnn as fn
    >>> parameters = np.zeros(2)
    >>> fn.optimizers.SGD(1.0, clip_norm=2.5).update(parameters, np.array([3.0, -4.0]))
    >>> parameters.tolist()
    [-1.5, 2.0]
    """

    # A number that no other settings have, so that a program asks for `rule` anew only where they
    # changed; None: it asks each time, as a rule of your own may depend on anything.
    version = None

    def __init__(self, *, clip_value=None, clip_norm=None, gradient_noise=None):
        self._network = None
        self._state = None
        self.steps = 0
        self._preparation = None  # settings of what comes before the update, if anything does
        self.clip_value, self.clip_norm = clip_value, clip_norm
        self.gradient_noise = gradient_noise

    clip_value = Preparation(positive)
    clip_norm = Preparation(positive)
    gradient_noise = Preparation(at_least_0)

    def __setattr__(self, name, value):
        super().__setattr__(name, value)
        if self.version is not None and name != "steps":
            super().__setattr__("version", next(_VERSIONS))

    def __setstate__(self, state):
        self.__dict__.update(state)
        self.version = self.version  # renewed: a copy has vectors of its own

    def serve(self, network):
        """Bind the optimizer to a network, whose state it keeps from now on."""
        if self._network is not None and self._network is not network:
            raise ValueError(
                f"{type(self).__name__}: it serves another network already; make a new one for each"
            )
        self._network = network

    @property
    def state(self):
        """The flat vectors that are kept from update to update; none before the first."""
        return self._state or []

    def prepared(self, gradients):
        """Return gradients as the next update takes them: clipped, and with noise, if wished."""
        if self.clip_value is not None:
            gradients = functional.clip_by_value(gradients, self.clip_value)
        if self.clip_norm is not None:
            gradients = functional.clip_by_norm(gradients, self.clip_norm)
        if self.gradient_noise is not None:
            gradients = functional.gradient_noise(
                gradients, self.gradient_noise, seed=self._seed, step=self.steps
            )
        return gradients

    @property
    def _seed(self):
        return 0 if self._network is None else self._network.seed

    def update(self, parameters, gradients):
        """Change `parameters` in place.

        Parameters
        ----------
        parameters, gradients : ndarray, shape (P,)
            Flat vectors of one dtype.
        """
        raise NotImplementedError

    @property
    def compiled(self):
        """Whether programs may follow `rule`: a subclass may have changed `update` alone."""
        return "rule" in vars(type(self))

    def rule(self, parameters):
        """Return the update as compiled programs make it.

        Returns
        -------
        tuple (name, vectors, figures, preparation)
            The operation of `fastnn.functional`, less "_update"; its state; its settings; and
            those of what comes before it, or None.
        """
        raise NotImplementedError

    def _preparing(self):
        """What is asked for before the update, and where that stands."""
        return {**self._preparation, "seed": self._seed, "steps": self.steps}

    def _vectors(self, count, parameters):
        """The optimizer's `count` state vectors, zeros at first."""
        if self._state is None:
            self._state = [np.zeros_like(parameters) for _ in range(count)]
        for vector in self._state:
            if vector.shape != parameters.shape or vector.dtype != parameters.dtype:
                raise ValueError(
                    f"{type(self).__name__}: its state is for {vector.size} parameters of "
                    f"{vector.dtype}, got {parameters.size} of {parameters.dtype}"
                )
        return self._state


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if wished.

    Parameters
    ----------
    learning_rate : float
    momentum : float
        From 0 up to, without, 1.
    nesterov : bool
        Look ahead by the momentum.
    clip_value, clip_norm, gradient_noise : float, optional
        See `Optimizer`.

    Notes
    -----
    ``v ← momentum · v + g``; ``p ← p − learning_rate · v``, with Nesterov
    ``p ← p − learning_rate · (g + momentum · v)``.

    Examples
    --------
    >>> import numpy as np, fastnn as fn
    >>> parameters = np.array([1.0, 2.0])
    >>> fn.optimizers.SGD(0.5).update(parameters, np.array([2.0, 0.0]))
    >>> parameters.tolist()
    [0.0, 2.0]
    """

    def __init__(
        self,
        learning_rate=0.01,
        momentum=0.0,
        nesterov=False,
        *,
        clip_value=None,
        clip_norm=None,
        gradient_noise=None,
    ):
        super().__init__(clip_value=clip_value, clip_norm=clip_norm, gradient_noise=gradient_noise)
        self.learning_rate = number("SGD", "learning_rate", learning_rate, 0)
        self.momentum = number("SGD", "momentum", momentum, 0, below=1)
        self.nesterov = bool(nesterov)
        if self.nesterov and self.momentum == 0:
            raise ValueError("SGD: expected a momentum above 0 with nesterov=True, got 0")
        self.version = 0 if type(self) is SGD else None  # from now on, see __setattr__

    def rule(self, parameters):
        rate, momentum = self.learning_rate, self.momentum
        check_settings("SGD", learning_rate=rate, momentum=momentum)
        vectors = self._vectors(1, parameters) if momentum else []
        figures = {"learning_rate": rate, "momentum": momentum, "nesterov": self.nesterov}
        return "sgd", vectors, figures, self._preparation and self._preparing()

    def update(self, parameters, gradients):
        gradients = self.prepared(gradients)
        self.steps += 1
        (velocity,) = self._vectors(1, parameters) if self.momentum else (None,)
        functional.sgd_update(
            parameters,
            gradients,
            velocity,
            learning_rate=self.learning_rate,
            momentum=self.momentum,
            nesterov=self.nesterov,
        )


class Adam(Optimizer):
    """Adaptive moments (Kingma and Ba, 2015).

    Parameters
    ----------
    learning_rate : float
    beta1, beta2 : float
        How long the means of gradients and of their squares remember, below 1.
    epsilon : float
        Keeps the step finite where gradients vanish.
    clip_value, clip_norm, gradient_noise : float, optional
        See `Optimizer`.

    Notes
    -----
    ``m ← β₁ m + (1 − β₁) g``; ``v ← β₂ v + (1 − β₂) g²``;
    ``p ← p − learning_rate · m̂ / (√v̂ + ε)`` with ``m̂ = m / (1 − β₁ᵗ)``, ``v̂ = v / (1 − β₂ᵗ)``.

    Examples
    --------
    >>> import numpy as np, fastnn as fn
    >>> parameters = np.array([1.0, 2.0])
    >>> fn.optimizers.Adam(0.5).update(parameters, np.array([3.0, 0.0]))
    >>> parameters.round(6).tolist()
    [0.5, 2.0]
    """

    SETTINGS = ("learning_rate", "beta1", "beta2", "epsilon")

    def __init__(
        self,
        learning_rate=0.001,
        beta1=0.9,
        beta2=0.999,
        epsilon=1e-8,
        *,
        clip_value=None,
        clip_norm=None,
        gradient_noise=None,
    ):
        super().__init__(clip_value=clip_value, clip_norm=clip_norm, gradient_noise=gradient_noise)
        self.learning_rate = number("Adam", "learning_rate", learning_rate, 0)
        self.beta1 = number("Adam", "beta1", beta1, 0, below=1)
        self.beta2 = number("Adam", "beta2", beta2, 0, below=1)
        self.epsilon = number("Adam", "epsilon", epsilon, 0)
        self.version = 0 if type(self) is Adam else None

    def rule(self, parameters):
        check_settings("Adam", learning_rate=self.learning_rate)
        figures = {name: getattr(self, name) for name in Adam.SETTINGS}
        vectors = self._vectors(2, parameters)
        return "adam", vectors, figures, self._preparation and self._preparing()

    def update(self, parameters, gradients):
        gradients = self.prepared(gradients)
        first, second = self._vectors(2, parameters)
        self.steps += 1
        functional.adam_update(
            parameters,
            gradients,
            first,
            second,
            step=self.steps,
            learning_rate=self.learning_rate,
            beta1=self.beta1,
            beta2=self.beta2,
            epsilon=self.epsilon,
        )


OPTIMIZERS = {"sgd": SGD, "adam": Adam}


def get(optimizer):
    """Return a new optimizer of this name; an `Optimizer` is one already.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.optimizers.get("adam").learning_rate
    0.001
    """
    if isinstance(optimizer, Optimizer):
        return optimizer
    if isinstance(optimizer, type) and issubclass(optimizer, Optimizer):
        raise TypeError(f"expected an optimizer, got its class; write {optimizer.__name__}()")
    return lookup("optimizer", optimizer, OPTIMIZERS)()
