"""Rule: what the optimizers have in common whose updates programs make, and their settings."""

from fastnn.checks import number
from fastnn.functional.update import run_update
from fastnn.optimizer import Optimizer, Setting, at_least_0
from fastnn.schedule import Schedule
from fastnn.upkeep import decaying_parts


def below_1(who, what, value):
    """Return `value` as a float from 0 to below 1."""
    return number(who, what, value, 0, below=1)


def truth(who, what, value):
    """Return `value` as a bool."""
    return bool(value)


def rate_of(who, what, value):
    """Return a learning rate: a schedule as it is, or a finite float of at least 0."""
    return value if isinstance(value, Schedule) else number(who, what, value, 0)


class Rule(Optimizer):
    """An optimizer whose update is an operation of `fastnn.functional`, made by programs too.

    Parameters
    ----------
    learning_rate : float or Schedule
        See `fastnn.schedules`.
    weight_decay : float
        How strongly parameters are drawn to 0; how is in each optimizer's formula, as λ.
    decay_biases : bool
        False: only weights of connections decay, not biases, nor scales, shifts and slopes of
        normalisations and activations. An `update` of vectors that are no network's knows no
        such difference.
    clip_value, clip_norm, gradient_noise : float, optional
        See `Optimizer`.
    """

    learning_rate = Setting(rate_of)
    weight_decay = Setting(at_least_0)
    decay_biases = Setting(truth)

    def __init__(self, learning_rate, weight_decay=0.0, decay_biases=True, **common):
        super().__init__(**common)
        self.learning_rate = learning_rate
        self.weight_decay, self.decay_biases = weight_decay, decay_biases
        self.version = 0 if "operation" in vars(type(self)) else None  # see __setattr__

    def _figures(self):
        """The settings that the operation has beside the common ones, as its kernel calls them."""
        raise NotImplementedError

    def rule(self, parameters):
        state = self.begin(parameters)
        figures = {
            "learning_rate": self.rate,
            "scheduled": isinstance(self.learning_rate, Schedule),
            "weight_decay": self.weight_decay,
            "decay_biases": self.decay_biases,
            **self._figures(),
        }
        vectors = [state.get(name) for name in self.slots]
        return self.operation, vectors, figures, self._preparation and self._preparing()

    def update(self, parameters, gradients):
        operation, vectors, figures, _ = self.rule(parameters)
        gradients = self.prepared(gradients)
        self.steps += 1
        parts = [(slice(None), True)]
        network = self._network
        if self.weight_decay and not self.decay_biases and network is not None:
            parts = decaying_parts(network)
        for part, decays in parts:
            state = [None if vector is None else vector[part] for vector in vectors]
            figures["weight_decay"] = self.weight_decay if decays else 0.0
            run_update(
                f"{operation}_update", figures, self.steps, None, parameters[part],
                gradients[part], **dict(zip(self.slots, state, strict=True)),
            )  # fmt: skip

    def config(self):
        """Return the settings as `fastnn.optimizers.from_config` takes them: plain, for JSON.

        Examples
        --------
        >>> import fastnn as fn
        >>> fn.optimizers.SGD(0.5, momentum=0.9).config()["momentum"]
        0.9
        """
        settings = {}
        for kind in reversed(type(self).__mro__):
            for name, value in vars(kind).items():
                if isinstance(value, Setting):
                    settings[name] = getattr(self, name)
        if isinstance(self.learning_rate, Schedule):
            settings["learning_rate"] = self.learning_rate.config()
        return {"name": self.operation, **settings}
