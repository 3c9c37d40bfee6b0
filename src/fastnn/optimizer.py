"""Optimizer: what every optimizer has in common. Its state is a few flat vectors.

gradients, with those of penalties --> clip_value --> clip_norm --> noise --> update
"""

import itertools

import numpy as np

from fastnn import functional
from fastnn.checks import number, positive
from fastnn.geometry import as_integer
from fastnn.schedule import Schedule


def at_least_0(who, what, value):
    """Return `value` as a finite float of at least 0."""
    return number(who, what, value, 0)


_VERSIONS = itertools.count(1)


class Setting:
    """A setting that may be assigned at any time, and is checked then."""

    def __init__(self, check):
        self.check = check

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, optimizer, owner=None):
        return self if optimizer is None else vars(optimizer)[self.name]

    def __set__(self, optimizer, value):
        vars(optimizer)[self.name] = self.check(type(optimizer).__name__, self.name, value)


class Preparation(Setting):
    """A setting of what happens to gradients before an update; None: nothing."""

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
    epochs : int
        Epochs finished so far, as `fit` counts them; see `end_epoch`.

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
    slots = ()  # names of all state vectors that there may be, in the order of the update's kernel
    learning_rate = None  # where a subclass has none

    def __init__(self, *, clip_value=None, clip_norm=None, gradient_noise=None):
        self._network = None
        self._state = None
        self.steps = self.epochs = 0
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
        if self._state is not None:  # which may have been mapped from a file
            self._state = {name: vector.copy() for name, vector in self._state.items()}
        self.version = self.version  # renewed: a copy has vectors of its own

    def serve(self, network):
        """Bind the optimizer to a network, whose state it keeps from now on."""
        if self._network is not None and self._network is not network:
            raise ValueError(
                f"{type(self).__name__}: it serves another network already; make a new one for each"
            )
        self._network = network

    # --- state ---------------------------------------------------------------------------------

    @property
    def state(self):
        """The flat vectors that are kept from update to update; none before the first."""
        return list(self.named_state.values())

    @property
    def named_state(self):
        """The same vectors by name."""
        return self._state or {}

    def restore(self, steps, vectors, *, epochs=0):
        """Go on from a state that was stored: the next update is as it would have been.

        Parameters
        ----------
        steps, epochs : int
            As the attributes were.
        vectors : dict of str to ndarray, or list of ndarray
            As `named_state` or `state` was; they are copied. Empty: no update was made.

        Raises
        ------
        ValueError
            If they are not the vectors that the optimizer keeps with its settings.

        Examples
        --------
        >>> import numpy as np, fastnn as fn
        >>> one, two = fn.optimizers.Adam(), fn.optimizers.Adam()
        >>> parameters = np.ones(3)
        >>> one.update(parameters, np.array([1.0, 2.0, 3.0]))
        >>> two.restore(one.steps, one.named_state)
        >>> [bool((a == b).all()) for a, b in zip(one.state, two.state)]
        [True, True]
        """
        who = type(self).__name__
        names = [name for name in self.slots if name in self._needed()]
        if not isinstance(vectors, dict):
            vectors = list(vectors)
            if vectors and len(vectors) != len(names):
                raise ValueError(f"{who}: expected {len(names)} vectors, got {len(vectors)}")
            vectors = dict(zip(names, vectors, strict=False))
        if vectors and not set(names) <= set(vectors) <= set(self.slots):
            raise ValueError(f"{who}: expected the vectors {names}, got {list(vectors)}")
        vectors = {name: np.array(vector) for name, vector in vectors.items()}
        network = self._network
        for name, vector in vectors.items():
            like = network.parameters if network is not None else next(iter(vectors.values()))
            if vector.ndim != 1 or vector.shape != like.shape or vector.dtype != like.dtype:
                raise ValueError(
                    f"{who}: expected {name} of shape {like.shape} and {like.dtype}, got shape "
                    f"{vector.shape} and {vector.dtype}"
                )
        self._state = {name: vectors[name] for name in self.slots if name in vectors} or None
        self.steps = as_integer(who, "steps", steps, 0, 2**62)
        self.epochs = as_integer(who, "epochs", epochs, 0, 2**62)

    def schedule_state(self):
        """What the schedule of the learning rate has come to, for JSON; None if there is none."""
        schedule = self.learning_rate
        return schedule.state if isinstance(schedule, Schedule) else None

    def restore_schedule(self, state):
        """Let the schedule go on from a state."""
        if state is not None and isinstance(self.learning_rate, Schedule):
            self.learning_rate.restore(state)

    def _needed(self):
        """Those of the slots that the present settings need."""
        return self.slots

    def _initial(self, name, parameters):
        """What a state vector holds before the first update."""
        return np.zeros(parameters.shape, parameters.dtype)

    def begin(self, parameters):
        """Make the state of parameters, a vector (P,), if there is none; return it by name."""
        needed = self._needed()
        if self._state is None and needed:
            self._state = {}
        for name in needed:
            if name not in self._state:
                self._state[name] = self._initial(name, parameters)
        for vector in self.state:
            if vector.shape != parameters.shape or vector.dtype != parameters.dtype:
                raise ValueError(
                    f"{type(self).__name__}: its state is for {vector.size} parameters of "
                    f"{vector.dtype}, got {parameters.size} of {parameters.dtype}"
                )
        return {name: self._state[name] for name in needed}

    # --- learning rates ------------------------------------------------------------------------

    @property
    def rate(self):
        """The learning rate of the next update."""
        schedule = self.learning_rate
        if not isinstance(schedule, Schedule):
            return schedule
        return schedule.checked(self.epochs if schedule.per == "epoch" else self.steps)

    def rates(self, count):
        """Return the learning rates of the next `count` updates, if no epoch ends meanwhile."""
        schedule, first = self.learning_rate, self.steps
        if isinstance(schedule, Schedule) and schedule.per == "step":
            return np.array([schedule.checked(step) for step in range(first, first + count)])
        return np.full(count, self.rate)

    def plan(self, epochs, batches):
        """Tell a schedule that was not told its length: these epochs of so many batches follow.

        Batches are None where nobody knows how many there will be.
        """
        schedule = self.learning_rate
        if isinstance(schedule, Schedule) and (batches is not None or schedule.per == "epoch"):
            per_epoch = schedule.per == "epoch"
            length = epochs if per_epoch else epochs * batches
            schedule.plan(self.epochs if per_epoch else self.steps, length)

    def end_epoch(self, figures=None):
        """Count an epoch; a schedule that watches one of its figures sees it. `fit` calls this.

        Parameters
        ----------
        figures : dict, optional
            Of the epoch: loss, val_loss, accuracy, …
        """
        self.epochs += 1
        schedule = self.learning_rate
        if isinstance(schedule, Schedule):
            schedule.watch(figures or {})

    # --- updates -------------------------------------------------------------------------------

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
        return not {"rule", "operation"}.isdisjoint(vars(type(self)))

    def rule(self, parameters):
        """Return the update as compiled programs make it.

        Returns
        -------
        tuple (name, vectors, figures, preparation)
            The operation of `fastnn.functional`, less "_update"; its state, in the order of
            csrc/table.inc.h, None where there is none; its settings; and those of what comes
            before it, or None.
        """
        raise NotImplementedError

    def _preparing(self):
        """What is asked for before the update, and where that stands."""
        return {**self._preparation, "seed": self._seed, "steps": self.steps}
