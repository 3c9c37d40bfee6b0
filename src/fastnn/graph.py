"""Graph: layers and how they are joined, with all their parameters in one flat vector.

    x --check--> preprocessing, on the plain batch --pack--> steps, on lane packs --unpack--> y

A step is an operation of a layer, or the activation behind it, in its place (`fastnn.route`).
Whatever trains the network (`fastnn.training`) runs these same few methods: `enter`, `run`,
`run_back`.
"""

import copy
import math
import os
from collections import Counter
from typing import NamedTuple

import numpy as np

from fastnn import functional
from fastnn.checks import check_samples, integer, real_array, real_dtype
from fastnn.inputs import Inputs
from fastnn.layers.base import Layer
from fastnn.layers.noise import Noise
from fastnn.layers.preprocess import Preprocess, Standardize
from fastnn.packs import pack
from fastnn.route import Route, Step, pool_before_relu


class Call(NamedTuple):
    """A layer in its place: which of the network's layers, and the values that it reads.

    Values are numbered: the network's inputs, then what each call makes.
    """

    layer: int
    x: tuple[int, ...]


class Graph:
    """The half of a network that computes: its arrays, forward and backward."""

    def __init__(self, layers, calls, outputs, input_shapes=None, *, dtype="float32", seed=0):
        self.layers, self.calls, self.outputs = tuple(layers), tuple(calls), tuple(outputs)
        self.who = type(self).__name__
        self._check_layers()
        self.dtype = real_dtype(self.who, dtype)
        if seed is None:
            seed = int.from_bytes(os.urandom(8), "little")
        self.seed = integer(self.who, "seed", seed, 0, 2**64 - 1)
        self.input_shapes = self._kept = None
        self._parameters = self._gradients = None
        self._steps = np.zeros(1, np.int64)  # an array, which programs count in
        if input_shapes is not None:
            self._plan(input_shapes)
            self._join()
        for layer in self.layers:
            layer.joined = True

    # --- building ------------------------------------------------------------------------------

    @property
    def built(self):
        """Whether the network knows its shapes and has its arrays."""
        return self._parameters is not None

    @property
    def input_shape(self):
        """Shape of a sample; of several inputs, a tuple of shapes. None before it is known."""
        return _one_or_all(self.input_shapes)

    @property
    def output_shape(self):
        """Shape of an output; of several outputs, a tuple of shapes. None before it is known."""
        return _one_or_all(self.output_shapes) if self.built else None

    def _plan(self, input_shapes):
        """Work out every layer's shapes."""
        shapes = list(input_shapes)
        for layer, x in self.calls:
            shapes.append(self.layers[layer].plan(*(shapes[value] for value in x)))
        inputs = len(input_shapes)
        if not self.calls or self.calls[0].x != (0,) or self.layers[0].merges:
            self.input_shapes = tuple(input_shapes)
        else:  # whose shape the first layer may have been told as a number
            self.input_shapes = (self.layers[0].input_shape, *shapes[1:inputs])
        self.output_shapes = tuple(shapes[value] for value in self.outputs)

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
        self._lay_route()
        self.learns = [layer for layer in self.layers if isinstance(layer, Standardize)]
        self._kept, self._runners, self._learnt = None, {}, []

    def _lay_route(self):
        """Find what preprocesses each input, and the steps behind."""
        count = len(self.input_shapes)
        readers = {value: [] for value in range(count + len(self.calls))}
        for index, call in enumerate(self.calls):
            for value in call.x:
                readers[value].append(index)
        places = Counter(call.layer for call in self.calls)
        self.heads, number, done = [], {}, set()
        for place in range(count):
            head, value = [], place
            while len(readers[value]) == 1 and value not in self.outputs:
                index = readers[value][0]
                place_of = self.calls[index].layer
                layer = self.layers[place_of]
                if not isinstance(layer, Preprocess) or places[place_of] > 1:
                    break
                head.append(layer)
                done.add(index)
                value = count + index
            self.heads.append(tuple(head))
            number[value] = place
        steps, following = [], count
        for index, (layer, x) in enumerate(self.calls):
            if index in done:
                continue
            x = tuple(number[value] for value in x)
            for stage in self.layers[layer].stages:
                steps.append(Step(stage, x, following, index))
                x = (following,)
                following += 1
            number[count + index] = x[0]
        self.unfused = Route(steps, count, [number[v] for v in self.outputs])  # layer by layer
        self.route = pool_before_relu(self.unfused)

    @property
    def stages(self):
        """The operations of all layers and the activations behind them, in order."""
        return tuple(step.stage for step in self.route.steps)

    def __copy__(self):
        return copy.deepcopy(self)  # layers belong to one network

    def __getstate__(self):
        derived = ("_parameters", "_gradients", "heads", "route", "unfused", "places")
        derived += ("learns", "_kept", "_runners", "_learnt")
        return {name: value for name, value in self.__dict__.items() if name not in derived}

    def __setstate__(self, state):
        self.__dict__.update(state, _parameters=None, _gradients=None)
        self._steps = self._steps.copy()  # which may have been mapped from a file
        if self.input_shapes is not None:
            self._join()

    @property
    def parameters(self):
        """All parameters as one vector; every layer's weight and bias are views into it."""
        self._check_built("parameters")
        return self._parameters

    @parameters.setter
    def parameters(self, values):
        values = real_array(self.who, "parameters", values)
        if values.shape != self.parameters.shape:
            raise ValueError(
                f"{self.who}: expected parameters of shape {self.parameters.shape}, "
                f"got {values.shape}"
            )
        self.parameters[...] = values

    @property
    def gradients(self):
        """The gradients of all parameters as one vector."""
        self._check_built("gradients")
        return self._gradients

    @property
    def steps(self):
        """Updates made so far, over all fits: a step's random numbers are those of this count.

        Whoever makes updates without `Trainer.step` or `fit` counts them here.
        """
        return int(self._steps[0])

    @steps.setter
    def steps(self, value):
        self._steps[0] = integer(self.who, "steps", value, 0, 2**62)

    def _check_built(self, what):
        if not self.built:
            raise AttributeError(
                f"{self.who}: no {what} before the input's shape is known; "
                f"give input_shape or fit first"
            )

    # --- running -------------------------------------------------------------------------------

    def runner(self, loss=None, training=False):
        """Return what runs batches, up to their loss if there is one; see `fastnn.running`."""
        learnt = [layer.version for layer in self.learns]
        if learnt != self._learnt:
            self._learnt = learnt
            self._runners.clear()
        frozen = tuple(not layer.trainable for layer in self.layers) if training else None
        key = loss, training, frozen
        if key not in self._runners:
            from fastnn.running import make_runner

            route = self.route if loss is None else loss.route(self)
            self._runners[key] = make_runner(self, route, loss, training)
        return self._runners[key]

    def check(self, x):
        """Return `x` as an array of samples of the network, building it on its first data.

        Of several inputs, as `Inputs`.
        """
        if self.built and len(self.input_shapes) > 1:
            return Inputs.checked(self.who, x, self.input_shapes)
        x = real_array(self.who, "x", x)
        if x.ndim == 0:
            raise ValueError(f"{self.who}: expected a batch of samples, got a single number")
        if not self.built:
            self.build(x.shape[1:])
        check_samples(self.who, "x", self.input_shape, x.shape)
        return x

    def enter(self, x):
        """Preprocess a plain batch and pack it: a list, with an entry an input."""
        arrays = x.arrays if isinstance(x, Inputs) else (x,)
        packs = []
        for array, head in zip(arrays, self.heads, strict=True):
            for layer in head:
                array = layer.apply(array)
            packs.append(pack(array, self.dtype))
        return packs

    def run(self, xs, route, training, keep=True, row=0):
        """Run the steps of a route on packs; with `keep`, each keeps what its backward needs.

        Noise counts rows from `row` on.
        """
        values, kept = dict(enumerate(xs)), []
        for i, (step, fused) in enumerate(zip(route.steps, route.fused, strict=True)):
            stage, args = step.stage, [values[value] for value in step.x]
            if isinstance(stage, Noise):
                stage.seed, stage.index, stage.steps = self.seed, step.call, self.steps
                stage.row = row
            if fused.forward is None:
                stage._saved = y = args[0]
            else:
                y = stage._forward(args if stage.merges else args[0], training, **fused.forward)
            kept.append(stage._saved)
            if not keep:
                stage._saved = None
            for value in step.x:
                if route.last_reader[value] == i and value not in route.outputs:
                    values.pop(value, None)
            values[step.y] = y
        self._kept = (route, kept) if keep else None
        return [values[value] for value in route.outputs]

    def run_back(self, dys, input_gradient=False):
        """Run the steps of the last `run` backwards; without inputs' gradients, only where needed.

        Returns the gradients of the inputs that have one, by number.
        """
        route, kept = self._kept
        wanted = route.differentiated(input_gradient)
        gradients, seen = {}, set()
        for value, dy in zip(route.outputs, dys, strict=True):
            _add(gradients, value, dy)
        for i in range(len(route.steps) - 1, -1, -1):
            step, fused = route.steps[i], route.fused[i].backward
            if step.y not in wanted:
                continue
            dy = gradients.pop(step.y)
            flags = tuple(value in wanted for value in step.x)
            if fused is None:
                dxs = [dy]
            else:
                step.stage._saved = kept[i]
                dxs = _backward(step.stage, dy, flags, fused, step.stage in seen)
                seen.add(step.stage)
            for value, flag, dx in zip(step.x, flags, dxs, strict=True):
                if flag:
                    _add(gradients, value, dx)
        for step in route.steps:
            step.stage.clear_if_frozen()
        return gradients

    def read_by(self, layer, x):
        """Return what a layer reads, at its first place, of a plain batch of samples."""
        values = list(x.arrays) if isinstance(x, Inputs) else [x]
        for index, read in self.calls:
            args = [values[value] for value in read]
            if self.layers[index] is layer:
                return args[0]
            reader = self.layers[index]
            values.append(reader.forward(args if reader.merges else args[0]))
        raise ValueError(f"{self.who}: it has no layer {layer}")

    def forget(self):
        """Let go of what the last forward pass kept."""
        for stage in self.stages:
            stage._saved = None
        self._kept = None

    def forward(self, x, training=False):
        """Compute the network's output, remembering what `backward` needs.

        Parameters
        ----------
        x : array_like, shape (N, *input_shape), or a list of them
            One for each of the network's inputs.
        training : bool
            Whether this is a pass of training, for layers that behave differently then.

        Returns
        -------
        ndarray, shape (N, *output_shape), or a list of them
            One for each of the network's outputs.
        """
        x = self.enter(self.check(x))
        y = [packs.unpack() for packs in self.run(x, self.route, training)]
        return y if len(y) > 1 else y[0]

    def backward(self, dy, input_gradient=True):
        """Fill `gradients` for the last `forward`.

        Parameters
        ----------
        dy : array_like, shape (N, *output_shape), or a list of them
            Gradient of the loss with respect to each output.
        input_gradient : bool
            Whether the inputs' gradients are wanted.

        Returns
        -------
        ndarray, shape (N, *input_shape), or a list of them, or None
            The gradient with respect to each input; None if it is not wanted.
        """
        if not self.built or self._kept is None or self._kept[0] is not self.route:
            raise RuntimeError(f"{self.who}: backward needs a forward pass first: forward(x)")
        if len(self.outputs) == 1:
            dy = real_array(self.who, "dy", dy)
            check_samples(self.who, "dy", self.output_shape, dy.shape)
            dys = [dy]
        else:
            dys = Inputs.checked(self.who, dy, self.output_shapes, "dy").arrays
        packed = [pack(array, self.dtype, empty="zero") for array in dys]
        gradients = self.run_back(packed, input_gradient)
        if not input_gradient:
            return None
        dxs = []
        for place, head in enumerate(self.heads):
            dx = gradients[place]
            for layer in reversed(head):
                dx = layer._backward(dx, True)
            dxs.append(dx.unpack())
        return dxs if len(dxs) > 1 else dxs[0]

    def _check_layers(self):
        if not self.layers:
            raise ValueError(f"{self.who}: expected at least one layer, got none")
        seen = set()
        for index, layer in enumerate(self.layers):
            if isinstance(layer, type) and issubclass(layer, Layer):
                name = layer.__name__
                raise TypeError(
                    f"{self.who}: expected layers, got the class {name}; write {name}(…)"
                )
            if not isinstance(layer, Layer):
                raise TypeError(f"{self.who}: expected layers, got {layer!r} at index {index}")
            if layer.joined or id(layer) in seen:
                raise ValueError(
                    f"{self.who}: the layer {layer.label} at index {index} is in a network "
                    f"already; make a new one for each place"
                )
            seen.add(id(layer))


def _one_or_all(shapes):
    return shapes[0] if shapes is not None and len(shapes) == 1 else shapes


def _add(gradients, value, dy):
    """Gradients of a value that is read more than once add up, the last reader's first."""
    if value in gradients:
        dy = functional.add_forward([gradients[value], dy])
    gradients[value] = dy


def _backward(stage, dy, flags, fused, again):
    """The gradients of what a stage reads; those of its parameters add up over its places."""
    before = {}
    if again and stage.gradients:
        before = {name: array.copy() for name, array in stage.gradients.items()}
    wanted = flags if stage.merges else any(flags)
    dxs = stage._backward(dy, wanted, **fused)
    for name, array in before.items():
        stage.gradients[name] += array
    return dxs if stage.merges else [dxs]
