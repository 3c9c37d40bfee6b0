"""BatchNorm: normalisation by the statistics of a batch, or by those of the batches seen so far."""

import numpy as np

from fastnn._core.batch_norm_driver import batch_norm_track
from fastnn.checks import number

from .norm import Normalization


class BatchNorm(Normalization):
    """Normalise every channel over the batch and its positions.

    In training by mean and variance of the batch, which also move the running statistics; otherwise
    by these, and the layer is then a fixed affine map of each channel.

    Parameters
    ----------
    momentum : float
        How far a batch moves the running statistics, from 0 to 1:
        ``running ← (1 - momentum) · running + momentum · batch``.
    epsilon : float
        Added to variances; more than 0.
    scale, shift : bool
        Whether the layer learns a factor and a summand for each channel.
    name, input_shape
        See `Layer`.

    Attributes
    ----------
    scale, shift : ndarray, shape (channels,), or None
    running_mean, running_variance : ndarray, shape (channels,), float64, or None
        At first 0 and 1; None before the layer is built. They are no parameters, but saved and
        copied with the layer. The variance is the unbiased one, divided by M - 1 of M numbers.

    Notes
    -----
    ``y = (x - mean) / √(variance + epsilon) · scale + shift``. Within a batch the variance is
    divided by M. A batch with one number a channel, as a last one of a single sample may be, has
    the variance 0 and gives `y = shift`; it moves the running mean, and leaves the running variance
    alone, as there is no unbiased one. A channel with a NaN or an infinity in a batch leaves both
    alone, and so does a batch of 0 samples. Ioffe, Szegedy: Batch normalization, 2015.

    Examples
    --------
    >>> import fastnn as fn
    >>> layer = fn.layers.BatchNorm()
    >>> layer.forward([[1.0, 5.0], [3.0, 5.0]], training=True).round(3).tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    >>> layer.running_mean.round(3).tolist(), layer.running_variance.round(3).tolist()
    ([0.2, 0.5], [1.1, 0.9])
    """

    def __init__(
        self,
        momentum=0.1,
        epsilon=1e-5,
        *,
        scale=True,
        shift=True,
        name=None,
        input_shape=None,
    ):
        self.momentum = number("BatchNorm", "momentum", momentum, 0.0)
        if self.momentum > 1:
            raise ValueError(f"BatchNorm: expected momentum from 0 to 1, got {momentum!r}")
        super().__init__(epsilon, scale, shift, name, input_shape, momentum=momentum)
        self.running_mean = self.running_variance = None

    def _plan(self, input_shape):
        if len(input_shape) == 0:
            raise ValueError(f"{self.label}: expected samples with channels, got single numbers")
        return input_shape, self._shapes(input_shape[-1:])

    def attach(self, parameters, gradients, dtype):
        super().attach(parameters, gradients, dtype)
        if self.running_mean is None:
            self.running_mean = np.zeros(self.input_shape[-1])
            self.running_variance = np.ones(self.input_shape[-1])

    def _forward(self, x, training, relu_follows=False):
        how = {"epsilon": self.epsilon, "activation": "relu" if relu_follows else None}
        if not training:
            # copies: what backward is told are the statistics that y came from
            mean, variance = self.running_mean.copy(), self.running_variance.copy()
            self._saved = x, mean, variance, False
            return self.operations.batch_norm_inference(
                x, mean, variance, self.scale, self.shift, **how
            )
        y, mean, variance = self.operations.batch_norm_forward(x, self.scale, self.shift, **how)
        self._saved = x, mean, variance, True
        count = np.prod(x.shape[:-1], dtype=np.float64)
        if count:
            batch_norm_track(
                mean, variance, self.running_mean, self.running_variance, count, self.momentum
            )
        return y

    def _backward(self, dy, input_gradient):
        x, mean, variance, training = self._saved
        dx, *gradients = self.operations.batch_norm_backward(
            dy, x, mean, variance, self.scale, epsilon=self.epsilon, training=training
        )
        self._store(*gradients)
        return dx if input_gradient else None

    def _instruction(self, input_shape):
        return {
            "kind": "batch_norm",
            "channels": input_shape[-1],
            "epsilon": self.epsilon,
            "momentum": self.momentum,
            "running_mean": self.running_mean,
            "running_variance": self.running_variance,
        }

    def state(self):
        if self.running_mean is None:
            return {}
        return {
            "running_mean": self.running_mean.copy(),
            "running_variance": self.running_variance.copy(),
        }

    def check_state(self, shapes):
        expected = ("running_mean", "running_variance") if self.input_shape else ()
        if set(shapes) != set(expected):
            raise ValueError(
                f"{self.label}: expected {' and '.join(expected) or 'no arrays'}, "
                f"got {', '.join(shapes) or 'none'}"
            )
        for name in expected:
            if shapes[name] != self.input_shape[-1:]:
                raise ValueError(
                    f"{self.label}: expected {name} of shape {self.input_shape[-1:]}, "
                    f"got {shapes[name]}"
                )

    def restore(self, state):
        super().restore(state)
        for name, array in state.items():
            getattr(self, name)[...] = array
