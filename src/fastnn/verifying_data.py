"""What `fastnn.verify` needs beforehand: samples, targets, and how long it will take."""

import math
import time

import numpy as np

from fastnn import reference
from fastnn.inputs import Inputs
from fastnn.joint import Joint
from fastnn.layers.conv_transpose import _ConvTranspose
from fastnn.layers.local_conv import _LocallyConnected
from fastnn.loss import ClassLoss

PASSES = 3  # a layer's output, and the gradients of its input and of its weight
ELEMENT = 8  # multiply-adds that take as long as what is done to a number by itself


def random_batch(net, loss, n):
    """Return random samples and targets that go with a loss, always the same ones."""
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal((n, *shape)).astype(np.float32) for shape in net.input_shapes]
    x = Inputs(arrays) if len(arrays) > 1 else arrays[0]
    parts = loss.losses if isinstance(loss, Joint) else (loss,)
    targets = [
        _target(rng, part, n, shape) for part, shape in zip(parts, net.output_shapes, strict=False)
    ]
    return x, targets if isinstance(loss, Joint) else targets[0]


def _target(rng, loss, n, shape):
    if isinstance(loss, ClassLoss):
        if loss.takes_labels:
            return rng.integers(0, shape[-1], (n, *shape[:-1]))
        return rng.dirichlet(np.ones(shape[-1]), (n, *shape[:-1]))
    if loss.decides == "sign":
        return rng.choice([-1.0, 1.0] if loss.activation is None else [0.0, 1.0], (n, *shape))
    if loss.name == "poisson":
        return rng.integers(0, 4, (n, *shape)).astype(np.float64)
    return rng.standard_normal((n, *shape))


def expected_seconds(net, n):
    """Return about how many seconds the reference takes for n samples, by a measured sum."""
    return n * _work(net) * _seconds_each()


def _work(net):
    """Multiply-adds of a sample, there and back."""
    total = 0
    for index, _ in net.calls:
        layer = net.layers[index]
        numbers = math.prod(layer.output_shape)
        for weight in layer.parameters.values():
            if weight.ndim < 2 or isinstance(layer, _LocallyConnected):
                positions = 1
            elif isinstance(layer, _ConvTranspose):
                positions = math.prod(layer.input_shape[:-1])
            else:
                positions = math.prod(layer.output_shape[:-1])
            total += PASSES * positions * weight.size
        total += ELEMENT * numbers
    return total


def _seconds_each():
    """What one multiply-add takes: the median of three sums, as other programs may run."""
    x, weight, times = np.ones((2, 6, 6, 4)), np.ones((4, 3, 3, 4)), []
    for _ in range(3):
        started = time.perf_counter()
        y = reference.conv_forward(x, weight)
        reference.conv_backward_weights(x, y, 3)
        times.append(time.perf_counter() - started)
    return sorted(times)[1] / (2 * y.size * math.prod(weight.shape[1:]))
