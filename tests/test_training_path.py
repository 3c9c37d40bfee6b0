"""The cases again, inside networks that a Trainer runs: loss and gradients equal the reference's.

The layer of a case stands between a convolution of one pixel, whose gradient needs the layer's
input gradient, and a dense layer. The data are small integers and the weights of the samples add up
to a power of two, so that nothing is rounded; a mean of three, a softmax or a tanh is.
"""

import numpy as np
import pytest

import fastnn as fn
from cases import CONV_1D, CONV_2D, CONV_3D, DENSE, GROUPED, POOLS, TRANSPOSED, WINOGRAD
from fastnn import losses, reference
from fastnn._core.pointwise import FROM_INPUT
from fastnn.layers.activation import ACTIVATIONS
from operations import AveragePool, Conv, Winograd
from operations_resampling import CONV_PADDED, RESAMPLINGS, Resampling
from operations_transposed import ConvTranspose
from tolerances import TRAINING

SAMPLES, TOTAL = 19, 32  # one pack and a bit; the sum of the samples' weights
LARGEST = 15_000  # products of a sample: the reference is slow

RANKS = {1: "1D", 2: "2D", 3: "3D"}


def small(case):
    work = np.prod(case.shape[1:]) * np.prod(getattr(case, "weight_shape", (1,))[:-1])
    return work <= LARGEST


def trains(case):
    """Whether it can stand between layers of images, and rounds nothing."""
    return 3 <= len(case.shape) <= 5 and case.exact


IMAGES = CONV_1D + CONV_2D + CONV_3D + TRANSPOSED + GROUPED + POOLS
IMAGES = [case for case in IMAGES if small(case)]
IMAGES += WINOGRAD[:4]  # as small as they come
IMAGES += [case for case in CONV_PADDED if small(case)]
IMAGES += [case for case in RESAMPLINGS if trains(case)]
BOTH = ["float32", "float64"]


def layer_of(case):
    """The layer that makes a case's operation."""
    if isinstance(case, Resampling):
        return case.layer()
    rank = RANKS[len(case.shape) - 2]
    if isinstance(case, Conv):
        filters, *size, _ = case.weight_shape
        settings = {"bias": case.bias, **case.settings}
        if isinstance(case, Winograd):
            settings["algorithm"] = "winograd"
        kind = "ConvTranspose" if isinstance(case, ConvTranspose) else "Conv"
        return getattr(fn.layers, f"{kind}{rank}")(filters, tuple(size), **settings)
    return getattr(fn.layers, type(case).__name__ + rank)(case.size, **case.settings)


def network(case, dtype):
    before = getattr(fn.layers, "Conv" + RANKS[len(case.shape) - 2])(case.shape[-1], 1)
    layers = [before, layer_of(case), fn.layers.Flatten(), fn.layers.Dense(2)]
    return fn.Sequential(layers, input_shape=case.shape[1:], dtype=dtype)


class Step:
    """Numbers for one training step, and its loss and gradients by the reference."""

    def __init__(self, net, forward_and_backward):
        rng = np.random.default_rng(net.parameters.size)
        self.weights = rng.multinomial(TOTAL - SAMPLES, np.ones(SAMPLES) / SAMPLES) + 1
        self.x = rng.integers(-1, 2, (SAMPLES, *net.input_shape)).astype(float)
        net.parameters = rng.integers(-1, 2, net.parameters.shape)
        off = rng.choice([-2.0, -1.0, 1.0, 2.0], (SAMPLES, *net.output_shape))
        # outputs that are off by 32, 64 have gradients dy of ± weight, ± 2 weight
        dy = off * self.weights.reshape(-1, *[1] * (off.ndim - 1))
        y, self.gradients = forward_and_backward(net, self.x, dy)
        self.target = y - TOTAL * off
        self.loss = np.sum(self.weights / TOTAL * np.sum((TOTAL * off) ** 2, axis=1) / 2)

    def run(self, net):
        trainer = fn.Trainer(net, "half_squared_error")
        return trainer.loss_and_gradients(self.x, self.target, sample_weight=self.weights)


def through_reference(case, net, x, dy):
    """Output and flat gradients of the network of a case."""
    first, middle, _, last = net.layers
    a = reference.conv_forward(x, first.weight.astype(float), first.bias.astype(float))
    weighted = isinstance(case, Conv)
    if weighted:
        forward, backward_input, backward_weights = (
            getattr(reference, f"{case.operation}_{which}")
            for which in ("forward", "backward_input", "backward_weights")
        )
        bias = None if middle.bias is None else middle.bias.astype(float)
        b = forward(a, middle.weight.astype(float), bias, **case.settings)
    else:
        b, *argmax = case.forward(reference, a)
    flat, weight = b.reshape(len(x), -1), last.weight.astype(float)
    y = reference.dense_forward(flat, weight, last.bias.astype(float))
    gradients = list(reference.dense_backward_weights(flat, dy))
    db = reference.dense_backward_input(dy, weight).reshape(b.shape)
    if weighted:
        size = middle.weight.shape[1:-1]
        dweight, dbias = backward_weights(a, db, size, **case.settings)
        gradients = [dweight, *([dbias] if case.bias else []), *gradients]
        da = backward_input(db, middle.weight.astype(float), a.shape, **case.settings)
    elif isinstance(case, Resampling):
        da = case.backward(reference, db, a.shape)
    elif isinstance(case, AveragePool):
        da = reference.average_pool_backward(db, a.shape, case.size, **case.settings)
    else:
        da = reference.max_pool_backward(db, argmax[0], a.shape)
    ones = (1,) * (x.ndim - 2)
    gradients = [*reference.conv_backward_weights(x, da, ones), *gradients]
    return y, np.concatenate([gradient.ravel() for gradient in gradients])


def assert_close(result, expected):
    allowed = TRAINING * np.max(np.abs(expected), initial=0)
    np.testing.assert_allclose(result, expected, rtol=0, atol=allowed)


@pytest.mark.parametrize("dtype", BOTH)
@pytest.mark.parametrize("case", [c for c in IMAGES if not isinstance(c, AveragePool)], ids=repr)
def test_loss_and_gradients_of_a_step_equal_the_references(case, dtype):
    net = network(case, dtype)
    step = Step(net, lambda *given: through_reference(case, *given))
    assert step.run(net) == step.loss
    np.testing.assert_array_equal(net.gradients, step.gradients)
    assert np.any(step.gradients)


@pytest.mark.parametrize("case", [c for c in IMAGES if isinstance(c, AveragePool)], ids=repr)
def test_gradients_of_a_step_through_means_are_the_references(case):
    net = network(case, "float64")
    step = Step(net, lambda *given: through_reference(case, *given))
    assert_close(step.run(net), step.loss)
    assert_close(net.gradients, step.gradients)


def dense_through_reference(net, x, dy):
    *hidden, last = net.layers
    inputs = [x]
    for layer in hidden:
        weight, bias = layer.weight.astype(float), layer.bias.astype(float)
        inputs.append(reference.relu_forward(reference.dense_forward(inputs[-1], weight, bias)))
    weight, bias = last.weight.astype(float), last.bias.astype(float)
    y, gradients = reference.dense_forward(inputs[-1], weight, bias), []
    for layer, a in zip(reversed(net.layers), reversed(inputs), strict=True):
        gradients = [*reference.dense_backward_weights(a, dy), *gradients]
        # forward: a = relu(…), but for the input of the first layer
        dy = reference.relu_backward(reference.dense_backward_input(dy, layer.weight), a)
    return y, np.concatenate([gradient.ravel() for gradient in gradients])


@pytest.mark.parametrize("dtype", BOTH)
@pytest.mark.parametrize("case", [c for c in DENSE if max(c.shape) < 1000], ids=repr)
def test_dense_networks_with_relu_step_like_the_reference(case, dtype):
    _, inputs, outputs = case.shape
    layers = [
        fn.layers.Dense(outputs, activation="relu"),
        fn.layers.Dense(7, activation="relu"),
        fn.layers.Dense(3),
    ]
    net = fn.Sequential(layers, input_shape=(inputs,), dtype=dtype)
    step = Step(net, dense_through_reference)
    assert step.run(net) == step.loss
    np.testing.assert_array_equal(net.gradients, step.gradients)


@pytest.mark.parametrize("units", [5, 900])  # chunk by chunk, layer by layer
@pytest.mark.parametrize("features", [3, 16, 531])
def test_dense_layers_behind_a_relu_of_the_input_see_what_it_made(features, units):
    layers = [fn.layers.Activation("relu"), fn.layers.Dense(units)]
    net = fn.Sequential(layers, input_shape=(features,))

    def behind_relu(net, x, dy):
        a, (_, dense) = np.maximum(x, 0), net.layers
        y = reference.dense_forward(a, dense.weight.astype(float), dense.bias.astype(float))
        gradients = reference.dense_backward_weights(a, dy)
        return y, np.concatenate([gradient.ravel() for gradient in gradients])

    step = Step(net, behind_relu)
    assert step.run(net) == step.loss
    np.testing.assert_array_equal(net.gradients, step.gradients)


WEIGHED = {"class_weight": (0.5, 2.0, 0.0, 1.0), "ignore_label": -1}
ENDINGS = [
    # last activation, loss, what its gradient is taken of, targets
    (None, "cross_entropy", "labels"),
    ("softmax", "cross_entropy", "labels"),
    ("softmax", "cross_entropy", "rows"),
    (None, "binary_cross_entropy", "shares"),
    ("sigmoid", "binary_cross_entropy", "shares"),
    ("softmax", "squared_error", "rows"),
    ("sigmoid", "half_squared_error", "rows"),
    ("tanh", "mean_squared_error", "rows"),
    ("relu", "squared_error", "rows"),
    (None, losses.CrossEntropy(0.125), "labels"),
    ("softmax", losses.CrossEntropy(0.125), "rows"),
    ("softmax", losses.CrossEntropy(**WEIGHED), "ignored"),
    (None, losses.CrossEntropy(0.125, reduction="sum", **WEIGHED), "ignored"),
    ("softmax", "focal", "labels"),
    (None, losses.Focal(0.5), "rows"),
    (None, losses.Focal(3, **WEIGHED), "ignored"),
    ("softmax", "kl_divergence", "rows"),
    (None, "multiclass_hinge", "labels"),
    ("tanh", losses.MulticlassHinge(0.5, reduction="sum", **WEIGHED), "ignored"),
    ("sigmoid", "binary_focal", "shares"),
    (None, losses.BinaryFocal(0.5, reduction="sum"), "shares"),
    (None, "hinge", "signs"),
    ("tanh", "hinge", "bits"),
    (None, "perceptron", "signs"),
    (None, "mean_absolute_error", "rows"),
    (None, "huber", "rows"),
    ("relu", losses.Huber(0.25, reduction="sum"), "rows"),
    (None, "poisson", "counts"),
    ("sigmoid", losses.Poisson(log_input=False, epsilon=0.5), "counts"),
    (None, losses.SquaredError(reduction="sum"), "rows"),
    ("log_softmax", "cross_entropy", "labels"),
    ("log_softmax", "cross_entropy", "rows"),
    ("log_softmax", "squared_error", "rows"),
    ("gelu", "squared_error", "rows"),
    ("log_softmax", losses.CrossEntropy(0.125, **WEIGHED), "ignored"),
    ("log_softmax", losses.Focal(3), "labels"),
    ("log_softmax", "kl_divergence", "rows"),
    ("log_softmax", "multiclass_hinge", "labels"),
    ("softplus", losses.Poisson(log_input=False), "counts"),
]
FUSED = {"softmax": ("softmax", "log_softmax"), "sigmoid": ("sigmoid",)}


def activate(name, z):
    """An activation by the reference, and the numbers that its way back starts from."""
    y = getattr(reference, f"{name}_forward")(z)
    return y, z if name in FROM_INPUT else y


@pytest.mark.parametrize("hidden", [name for name in ACTIVATIONS if name != "linear"])
@pytest.mark.parametrize(("ending", "loss", "target"), ENDINGS)
def test_every_activation_and_loss_steps_like_the_reference(hidden, ending, loss, target):
    rng = np.random.default_rng(1)
    first, last = fn.layers.Dense(5, activation=hidden), fn.layers.Dense(4, activation=ending)
    net = fn.Sequential([first, last], input_shape=(3,), dtype="float64")
    net.parameters = rng.normal(size=net.parameters.shape)
    x, weights = rng.normal(size=(SAMPLES, 3)), rng.random(SAMPLES)
    targets = {
        "labels": rng.integers(0, 4, SAMPLES),
        "shares": rng.random((SAMPLES, 4)),
        "rows": 2 * rng.random((SAMPLES, 4)),
        "ignored": rng.integers(-1, 4, SAMPLES),
        "signs": rng.choice([-1, 1], (SAMPLES, 4)),
        "bits": rng.integers(0, 2, (SAMPLES, 4)),
        "counts": rng.integers(0, 4, (SAMPLES, 4)),
    }
    loss = losses.get(loss)
    result = fn.Trainer(net, loss).loss_and_gradients(x, targets[target], sample_weight=weights)

    a, kept_a = activate(hidden, reference.dense_forward(x, first.weight, first.bias))
    z = reference.dense_forward(a, last.weight, last.bias)
    separate = ending is not None and ending not in FUSED.get(loss.activation, ())
    y, kept_y = activate(ending, z) if separate else (z, None)
    operation = getattr(reference, loss.name)
    expected, dz = operation(y, targets[target], sample_weight=weights, **loss.options)
    if separate:
        dz = getattr(reference, f"{ending}_backward")(dz, kept_y)
    da = reference.dense_backward_input(dz, last.weight)
    da = getattr(reference, f"{hidden}_backward")(da, kept_a)
    gradients = [
        *reference.dense_backward_weights(x, da),
        *reference.dense_backward_weights(a, dz),
    ]
    assert_close(result, expected)
    assert_close(net.gradients, np.concatenate([gradient.ravel() for gradient in gradients]))
