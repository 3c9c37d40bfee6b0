"""WeightAverage: a network that ends with the mean of what it was on the way."""

import numpy as np

from fastnn.checks import integer, number


class WeightAverage:
    """Keep an exponential moving average of the parameters, and let the network end with it.

    Parameters
    ----------
    decay : float
        What an update leaves of the average before it, below 1.
    every : int
        Take the parameters in after so many updates; the decay of these is made up for. With 1
        every batch is a call of the program by itself.
    use : bool
        Whether the network's parameters become the average when training ends.

    Attributes
    ----------
    parameters : ndarray, shape (P,), or None
        The average; None before the first.

    Notes
    -----
    ``a ← dᵏ a + (1 − dᵏ) p`` after every k-th batch, d the decay, from the first parameters p that
    it sees. Running statistics of layers stay those of training. A second `fit` begins anew.
    Polyak, Juditsky: Acceleration of stochastic approximation by averaging, 1992.

    Examples
    --------
    >>> import fastnn as fn
    >>> net = fn.Sequential([fn.layers.Dense(2)], input_shape=(1,))
    >>> average = fn.callbacks.WeightAverage(0.9, every=2)
    >>> _ = net.fit([[0.0], [1.0]] * 64, [0, 1] * 64, epochs=2, callbacks=[average], verbose=0)
    >>> bool((net.parameters == average.parameters).all())
    True
    """

    def __init__(self, decay=0.999, *, every=10, use=True):
        self.decay = number("WeightAverage", "decay", decay, 0, below=1)
        self.every, self.use = integer("WeightAverage", "every", every), bool(use)
        self.parameters = self._course = None

    def attach(self, course):
        """Learn which run this is."""
        self._course, self.parameters, self._taken = course, None, 0

    def on_resumable(self, net, logs):
        """Take the parameters in, if it is their turn."""
        batches = self._course.batches
        if batches % self.every or batches == self._taken:
            return
        self._taken = batches
        if self.parameters is None:
            self.parameters = net.parameters.copy()
            return
        share = net.dtype.type(1 - self.decay**self.every)
        self.parameters += share * (net.parameters - self.parameters)

    def on_train_end(self, net, logs):
        """Let the network have the average."""
        if self.use and self.parameters is not None:
            net.parameters[...] = self.parameters

    def state(self):
        """What a checkpoint keeps."""
        arrays = {} if self.parameters is None else {"parameters": self.parameters}
        return {"taken": self._taken}, arrays

    def restore(self, net, about, arrays):
        """Go on from there."""
        self._taken = integer("WeightAverage", "taken", about["taken"], 0)
        self.parameters = None
        if arrays:
            self.parameters = np.array(arrays["parameters"])
            if self.parameters.shape != net.parameters.shape or self.parameters.dtype != net.dtype:
                raise ValueError(
                    f"WeightAverage: expected {net.parameters.size} parameters of {net.dtype}, got "
                    f"shape {self.parameters.shape} and {self.parameters.dtype}"
                )
