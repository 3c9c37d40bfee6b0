"""Chain: layers in a row, with all their parameters in one flat vector.

    x --check--> preprocessing, on the plain batch --pack--> stages, on lane packs --unpack--> y

A stage is an operation of a layer or the activation that follows it. Whatever trains the network
(`fastnn.training`) runs these same few methods: `enter`, `run`, `run_back`.
"""

import copy
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from fastnn.checks import check_samples, integer, real_array, real_dtype
from fastnn.layers.activation import Activation
from fastnn.layers.base import Layer
from fastnn.layers.pool import MaxPool
from fastnn.layers.preprocess import Preprocess, Standardize
from fastnn.layers.shape import Flatten
from fastnn.layers.weighted import WeightedLayer
from fastnn.packs import pack

WHO = "Sequential"  # the class that users know


class Chain:
    """The half of `Sequential` that computes: its arrays, forward and backward."""

    def __init__(self, layers, input_shape=None, *, dtype="float32", seed=0):
        self.layers = tuple(layers) if isinstance(layers, (list, tuple)) else (layers,)
        _check_layers(self.layers)
        self.dtype = real_dtype(WHO, dtype)
        self.seed = integer(WHO, "seed", seed, 0, 2**64 - 1)
        self.input_shape = self.output_shape = None
        self._parameters = self._gradients = None
        if input_shape is None:
            input_shape = self.layers[0].given_shape
        if input_shape is not None:
            self.build(input_shape)
        for layer in self.layers:
            layer.joined = True

    # --- building ------------------------------------------------------------------------------

    @property
    def built(self):
        """Whether the network knows its shapes and has its arrays."""
        return self._parameters is not None

    def build(self, input_shape):
        """Make the network's arrays for samples of this shape."""
        if self.built:
            raise ValueError(f"{WHO}: it is built already, for samples of {self.input_shape}")
        shape = input_shape
        for layer in self.layers:
            shape = layer.plan(shape)
        self._join()
        return self

    def _join(self):
        """Move every layer's arrays into one vector, and make those that do not exist yet."""
        sizes = [math.prod(s) for layer in self.layers for s in layer.parameter_shapes.values()]
        parameters, gradients = np.zeros((2, sum(sizes)), self.dtype)
        views, start = [], 0
        self.places = {}
        for index, layer in enumerate(self.layers):
            views.append(({}, {}))
            self.places[layer] = start
            for name, shape in layer.parameter_shapes.items():
                place = slice(start, start + math.prod(shape))
                start = place.stop
                for view, vector in zip(views[-1], (parameters, gradients), strict=True):
                    view[name] = vector[place].reshape(shape)
                views[-1][0][name][...] = (
                    layer.parameters[name] if layer.built else layer.initial(name, self.seed, index)
                )
        for layer, (own, own_gradients) in zip(self.layers, views, strict=True):
            layer.attach(own, own_gradients, self.dtype)
            layer.joined = True
        self._parameters, self._gradients = parameters, gradients
        self.input_shape = self.layers[0].input_shape
        self.output_shape = self.layers[-1].output_shape
        self._ran = False
        heads = [isinstance(layer, Preprocess) for layer in self.layers]
        count = (*heads, False).index(False)
        self.head = self.layers[:count]
        self.stages = pool_before_relu(
            [stage for layer in self.layers[count:] for stage in layer.stages]
        )
        self.fused = fuse_relus(self.stages)
        self.learns = [layer for layer in self.layers if isinstance(layer, Standardize)]
        self._runners, self._learnt = {}, []

    def __copy__(self):
        return copy.deepcopy(self)  # layers belong to one network

    def __getstate__(self):
        derived = ("_parameters", "_gradients", "head", "stages", "fused", "places")
        derived += ("learns", "_runners", "_learnt")
        return {name: value for name, value in self.__dict__.items() if name not in derived}

    def __setstate__(self, state):
        self.__dict__.update(state, _parameters=None, _gradients=None)
        if self.input_shape is not None:
            self._join()

    @property
    def parameters(self):
        """All parameters as one vector; every layer's weight and bias are views into it."""
        self._check_built("parameters")
        return self._parameters

    @parameters.setter
    def parameters(self, values):
        values = real_array(WHO, "parameters", values)
        if values.shape != self.parameters.shape:
            raise ValueError(
                f"{WHO}: expected parameters of shape {self.parameters.shape}, got {values.shape}"
            )
        self.parameters[...] = values

    @property
    def gradients(self):
        """The gradients of all parameters as one vector."""
        self._check_built("gradients")
        return self._gradients

    def _check_built(self, what):
        if not self.built:
            raise AttributeError(
                f"{WHO}: no {what} before the input's shape is known; give input_shape or fit first"
            )

    # --- running -------------------------------------------------------------------------------

    def runner(self, stages, loss=None, training=False):
        """Return what runs batches through these stages; see `fastnn.running`."""
        learnt = [layer.version for layer in self.learns]
        if learnt != self._learnt:
            self._learnt = learnt
            self._runners.clear()
        key = len(stages), loss, training
        if key not in self._runners:
            from fastnn.running import make_runner

            self._runners[key] = make_runner(self, stages, loss, training)
        return self._runners[key]

    def check(self, x):
        """Return `x` as an array of samples of the network, building it on its first data."""
        x = real_array(WHO, "x", x)
        if x.ndim == 0:
            raise ValueError(f"{WHO}: expected a batch of samples, got a single number")
        if not self.built:
            self.build(x.shape[1:])
        check_samples(WHO, "x", self.input_shape, x.shape)
        return x

    def enter(self, x):
        """Preprocess a plain batch and pack it."""
        for layer in self.head:
            x = layer.apply(x)
        return pack(x, self.dtype)

    def run(self, x, stages, training):
        """Run these stages on packs, each keeping what its backward needs."""
        for stage, fused in zip(stages, self.fused, strict=False):
            if fused.forward is None:
                stage._saved = x
            else:
                x = stage._forward(x, training, **fused.forward)
        self._ran = stages is self.stages
        return x

    def run_back(self, dy, stages, input_gradient=False):
        """Run these stages backwards; without the input's gradient, no further than needed."""
        first = 0
        if not input_gradient:
            first = next((i for i, stage in enumerate(stages) if stage.parameters), len(stages))
        for i in range(len(stages) - 1, first - 1, -1):
            fused = self.fused[i].backward
            if fused is not None:
                dy = stages[i]._backward(dy, input_gradient or i > first, **fused)
        return dy

    def infer(self, x, stages):
        """Run these stages on a plain batch, keeping nothing."""
        x = self.enter(x)
        for stage, fused in zip(stages, self.fused, strict=False):
            if fused.forward is not None:
                x = stage._forward(x, False, **fused.forward)
            stage._saved = None
        self._ran = False
        return x

    def forget(self):
        """Let go of what the last forward pass kept."""
        for stage in self.stages:
            stage._saved = None
        self._ran = False

    def forward(self, x, training=False):
        """Compute the network's output, remembering what `backward` needs.

        Parameters
        ----------
        x : array_like, shape (N, *input_shape)
        training : bool
            Whether this is a pass of training, for layers that behave differently then.

        Returns
        -------
        ndarray, shape (N, *output_shape)
        """
        x = self.enter(self.check(x))
        return self.run(x, self.stages, training).unpack()

    def backward(self, dy, input_gradient=True):
        """Fill `gradients` for the last `forward`.

        Parameters
        ----------
        dy : array_like, shape (N, *output_shape)
            Gradient of the loss with respect to the output.
        input_gradient : bool
            Whether the input's gradient is wanted.

        Returns
        -------
        ndarray, shape (N, *input_shape), or None
            The gradient with respect to the input; None if it is not wanted.
        """
        if not self.built or not self._ran:
            raise RuntimeError(f"{WHO}: backward needs a forward pass first: forward(x)")
        dy = real_array(WHO, "dy", dy)
        check_samples(WHO, "dy", self.output_shape, dy.shape)
        dx = self.run_back(pack(dy, self.dtype, empty="zero"), self.stages, input_gradient)
        if not input_gradient:
            return None
        for layer in reversed(self.head):
            dx = layer._backward(dx, True)
        return dx.unpack()


def pool_before_relu(stages):
    """Swap each ReLU with a max pooling right behind it: the same bits from a fraction of the work.

    The largest of a window is picked by the same comparisons before and after a ReLU, and where
    it is not positive no gradient passes either way. The ReLU then has only pooled elements to map.
    """
    stages = list(stages)
    for i in range(len(stages) - 1):
        if _is_relu(stages[i]) and isinstance(stages[i + 1], MaxPool):
            stages[i], stages[i + 1] = stages[i + 1], stages[i]
    return tuple(stages)


NOTHING = MappingProxyType({})


class Fused(NamedTuple):
    """What a stage's passes are told; None: another stage's pass does its work."""

    forward: Mapping | None = NOTHING
    backward: Mapping | None = NOTHING


def fuse_relus(stages):
    """Let the sums before and after a ReLU do its work where they are stored: the same bits.

    Forward, the weighted stage before it (pooling may stand between) keeps what is positive;
    backward, the weighted stage after it (flattening may stand between) drops gradients where its
    own input, the ReLU's output, is not positive.
    """
    fused = [Fused() for _ in stages]
    for i, stage in enumerate(stages):
        if not _is_relu(stage):
            continue
        before, after = i - 1, i + 1
        while before >= 0 and isinstance(stages[before], MaxPool | Flatten):
            before -= 1
        if before >= 0 and isinstance(stages[before], WeightedLayer):
            fused[before] = fused[before]._replace(forward={"relu_follows": True})
            fused[i] = fused[i]._replace(forward=None)
        while after < len(stages) and isinstance(stages[after], Flatten):
            after += 1
        if after < len(stages) and isinstance(stages[after], WeightedLayer):
            fused[after] = fused[after]._replace(backward={"relu_precedes": True})
            fused[i] = fused[i]._replace(backward=None)
    return fused


def _is_relu(stage):
    return isinstance(stage, Activation) and stage.function == "relu"


def _check_layers(layers):
    if not layers:
        raise ValueError(f"{WHO}: expected at least one layer, got none")
    for index, layer in enumerate(layers):
        if isinstance(layer, type) and issubclass(layer, Layer):
            name = layer.__name__
            raise TypeError(f"{WHO}: expected layers, got the class {name}; write {name}(…)")
        if not isinstance(layer, Layer):
            raise TypeError(f"{WHO}: expected layers, got {layer!r} at index {index}")
        if layer.joined or any(layer is other for other in layers[:index]):
            raise ValueError(
                f"{WHO}: the layer {layer.label} at index {index} is in a network already; "
                f"make a new one for each place"
            )
