"""Layer: what every layer has in common.

A layer is three small methods: `_plan` says which shapes it has, `_forward` and `_backward` each
name one operation of `fastnn.functional` and work on lane packs. Around them this class checks,
packs and unpacks, so that any layer works alone on plain arrays:

    forward:   x --check, pack--> _forward --> (activation) --unpack--> y
    backward:  dx <--unpack-- _backward <-- (activation) <--pack, check-- dy

A network calls `_forward` and `_backward` itself, on packs, without the checks.
"""

from types import MappingProxyType

import numpy as np

from fastnn import functional, initializers
from fastnn.checks import (
    batch_of,
    check_count,
    check_samples,
    integer,
    real_array,
    real_dtype,
)
from fastnn.packs import Packs, pack

from .node import apply


class Parameter:
    """An array of a layer: reading gives the array itself, assigning copies into it."""

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, layer, owner=None):
        if layer is None:
            return self
        if layer.parameters is None:
            raise AttributeError(
                f"{layer.label}: no {self.name} before the input's shape is known; "
                f"call build(input_shape) or forward(x) first"
            )
        return layer.parameters.get(self.name)

    def __set__(self, layer, value):
        array = self.__get__(layer)
        if array is None:
            raise AttributeError(f"{layer.label}: it was made without {self.name}")
        value = real_array(layer.label, self.name, value)
        if value.shape != array.shape:
            raise ValueError(
                f"{layer.label}: expected {self.name} of shape {array.shape}, got {value.shape}"
            )
        array[...] = value


class Layer:
    """Base class of all layers.

    Parameters
    ----------
    name : str, optional
        What summaries and messages call the layer; its class by default.
    input_shape : tuple of int, optional
        Shape of one sample; taken from the first data where it is not given.
    **arguments
        The constructor's other arguments, as `config` shall return them.

    Attributes
    ----------
    parameters, gradients : dict of str to ndarray, or None
        The layer's arrays and the gradients of its last backward pass, by name; None before the
        layer is built. In a network they are views into its flat vectors.
    input_shape, output_shape : tuple of int or None
        Shapes of one sample.
    trainable : bool
        Whether training changes the layer's parameters. What is assigned counts from the next call
        on; while it is False the parameters' gradients are 0.
    dtype : numpy.dtype or None
        What the layer computes in, whatever it is fed.

    Examples
    --------
    >>> import fastnn as fn
    >>> class Negate(fn.layers.Layer):
    ...     def _forward(self, x, training):
    ...         self._saved = x
    ...         return fn.packs.Packs(-x.data, x.n)
    >>> Negate().forward([[1.0, -2.0]]).tolist()
    [[-1.0, 2.0]]
    """

    def __init__(self, name=None, input_shape=None, **arguments):
        if name is not None and not isinstance(name, str):
            raise TypeError(f"{type(self).__name__}: expected name to be text, got {name!r}")
        self.label = name or type(self).__name__
        self.given_shape = None if input_shape is None else self._sizes(input_shape)
        self.parameters = self.gradients = self.dtype = None
        self.input_shape = self.output_shape = None
        self.parameter_shapes = {}
        self.joined = False  # to a network
        self.called_with = None  # shapes of what it reads in a graph
        self._saved = None  # what backward needs of the last forward
        self._arguments = arguments | {"name": name, "input_shape": self.given_shape}

    # --- what a layer implements ---------------------------------------------------------------

    # Whose operations `_forward` and `_backward` name: `self.operations.dense_forward(…)`. A layer
    # that checks another one (`fastnn.verify`) is a copy of it with those of the reference here,
    # which have the same names and parameters.
    operations = functional

    merges = False  # whether it reads several values: see Merge
    activation = None  # a layer that follows the operation, see WeightedLayer
    initial_values = MappingProxyType({})  # parameter's name -> initializer
    regularizers = constraints = MappingProxyType({})  # likewise, see terms.py
    connections = ("weight",)  # parameters that decay also with decay_biases=False, see Optimizer

    def _plan(self, input_shape):
        """Return the output's shape and a dict of the parameters' shapes."""
        return input_shape, {}

    def _forward(self, x, training):
        """Return the output packs and keep in `_saved` what backward needs."""
        raise NotImplementedError

    def _backward(self, dy, input_gradient):
        """Store the parameters' gradients; return the input's, or None if it is not wanted."""
        raise NotImplementedError

    # How a compiled program does the same: a method that takes the input's shape and returns the
    # settings of an operation of `_core/operation.pyx`, {} if there is nothing to do. Without it
    # the network runs stage by stage.
    _instruction = None

    # --- what everyone calls -------------------------------------------------------------------

    _trainable = True
    switched = 0  # how often any layer was frozen or thawed: for those who remember which ones are

    @property
    def trainable(self):
        return self._trainable

    @trainable.setter
    def trainable(self, value):
        if not isinstance(value, (bool, np.bool_)):
            raise TypeError(f"{self.label}: expected trainable to be True or False, got {value!r}")
        self._trainable = bool(value)
        Layer.switched += 1

    @property
    def built(self):
        """Whether the layer knows its shapes and has its arrays."""
        return self.parameters is not None

    @property
    def title(self):
        """What tables call the layer: its name, and its class if that says more."""
        kind = type(self).__name__
        return kind if self.label == kind else f"{self.label} ({kind})"

    @property
    def stages(self):
        """The operations of the layer, in order: itself and its activation, if it has one."""
        return (self,) if self.activation is None else (self, self.activation)

    def build(self, input_shape=None, dtype="float32", *, seed=0, index=0):
        """Make the layer's arrays.

        Parameters
        ----------
        input_shape : tuple of int, optional
            Shape of one sample; the constructor's by default.
        dtype : {"float32", "float64"}
            What the layer shall compute in.
        seed, index : int
            Key of its random numbers: the seed, and the layer's place in its network.

        Returns
        -------
        Layer
            The layer itself.

        Examples
        --------
        >>> import fastnn as fn
        >>> fn.layers.Dense(3).build((5,)).weight.shape
        (3, 5)
        """
        if self.built:
            raise ValueError(f"{self.label}: it is built already, for {batch_of(self.input_shape)}")
        dtype = real_dtype(self.label, dtype)
        self.plan(input_shape)
        parameters = {
            name: np.array(self.initial(name, seed, index), dtype) for name in self.parameter_shapes
        }
        self.attach(parameters, {name: np.zeros_like(a) for name, a in parameters.items()}, dtype)
        return self

    def plan(self, input_shape=None):
        """Work out the shapes for this input; nothing is allocated. Return the output's shape."""
        if input_shape is None:
            if self.given_shape is None:
                raise ValueError(f"{self.label}: expected input_shape, the shape of one sample")
            input_shape = self.given_shape
        input_shape = self._sizes(input_shape)
        known = self.input_shape if self.built else self.given_shape
        if known is not None:
            check_samples(self.label, "x", known, ("N", *input_shape))
        output_shape, parameter_shapes = self._plan(input_shape)
        for what, shape in (parameter_shapes | {"an output": output_shape}).items():
            check_count(self.label, what, shape)
        self.input_shape, self.output_shape = input_shape, tuple(output_shape)
        self.parameter_shapes = parameter_shapes
        return self.output_shape

    def rows(self, name):
        """How many outputs a parameter's weights lead to: rows of it, as constraints see them."""
        return self.parameter_shapes[name][0]

    def initial(self, name, seed, index):
        """Return the first value of a parameter of the layer at this place of a network."""
        stream = 2 * index + list(self.parameter_shapes).index(name)
        shape = self.parameter_shapes[name]
        return initializers.draw(
            self.label, self.initial_values[name], shape, seed=seed, stream=stream
        )

    def attach(self, parameters, gradients, dtype):
        """Make these arrays the layer's own."""
        self.parameters, self.gradients, self.dtype = parameters, gradients, np.dtype(dtype)

    def __call__(self, x):
        """Return the node that the layer makes of another one; see `fastnn.Model`.

        Parameters
        ----------
        x : Node
            Of merging layers a list of them.

        Examples
        --------
        >>> import fastnn as fn
        >>> fn.layers.Dense(3)(fn.Input((5,)))
        <Dense: (N, 3)>
        """
        return apply(self, x)

    def forward(self, x, training=False):
        """Compute the layer's output.

        Parameters
        ----------
        x : array_like, shape (N, *input_shape), or Packs
            The layer builds itself on its first data: in float64 if `x` is float64, else float32.
        training : bool
            Whether this is a pass of training, for layers that behave differently then.

        Returns
        -------
        ndarray or Packs, shape (N, *output_shape)
            Of the kind of `x`.

        Examples
        --------
        >>> import fastnn as fn
        >>> fn.layers.Activation("relu").forward([[-1.0, 2.0]]).tolist()
        [[0.0, 2.0]]
        """
        packed = isinstance(x, Packs)
        x = self._admit(x)
        if not packed:
            x = pack(x, self.dtype)
        elif x.dtype != self.dtype:
            x = pack(x.unpack(), self.dtype)
        for stage in self.stages:
            x = stage._forward(x, training)
        return x if packed else x.unpack()

    def backward(self, dy, input_gradient=True):
        """Fill `gradients` and compute the input's gradient, for the last forward pass.

        Parameters
        ----------
        dy : array_like, shape (N, *output_shape), or Packs
            Gradient of the loss with respect to the output.
        input_gradient : bool
            Whether the input's gradient is wanted.

        Returns
        -------
        ndarray or Packs, shape (N, *input_shape), or None
            Gradient with respect to the input, of the kind of `dy`; None if it is not wanted.

        Raises
        ------
        RuntimeError
            If there was no forward pass of this layer.

        Examples
        --------
        >>> import fastnn as fn
        >>> relu = fn.layers.Activation("relu")
        >>> y = relu.forward([[-1.0, 2.0]])
        >>> relu.backward([[3.0, 3.0]]).tolist()
        [[0.0, 3.0]]
        """
        if self._saved is None:
            raise RuntimeError(f"{self.label}: backward needs a forward pass first: forward(x)")
        packed = isinstance(dy, Packs)
        if not packed:
            dy = real_array(self.label, "dy", dy)
        check_samples(self.label, "dy", self.output_shape, dy.shape)
        if not packed:
            dy = pack(dy, self.dtype, empty="zero")
        stages = self.stages
        for i in reversed(range(len(stages))):
            wanted = input_gradient or any(stage.parameters for stage in stages[:i])
            dy = stages[i]._backward(dy, wanted)
            if not wanted:
                break
        self.clear_if_frozen()
        if not wanted:
            return None
        return dy if packed else dy.unpack()

    def clear_if_frozen(self):
        """Set the gradients to 0 if the layer is not trainable."""
        if not self.trainable:
            for gradient in (self.gradients or {}).values():
                gradient[...] = 0

    def config(self):
        """Return the constructor's arguments, such that JSON can hold them.

        `type(layer)(**layer.config())` makes the layer anew, without its arrays. An initializer
        that is a function is left out.

        Examples
        --------
        >>> import fastnn as fn
        >>> fn.layers.Rescale(0.5).config()
        {'scale': 0.5, 'offset': 0.0}
        """
        return {
            name: value
            for name, value in self._arguments.items()
            if value is not None and not callable(value)
        }

    def state(self):
        """Return arrays that are not parameters but belong to a saved layer, by name."""
        return {}

    def check_state(self, shapes):
        """Raise unless these are shapes, by name, of arrays that `restore` takes; none is made."""
        if shapes:
            raise ValueError(f"{self.label}: unexpected arrays {', '.join(shapes)}")

    def restore(self, state):
        """Take back what `state` returned."""
        self.check_state({name: np.shape(array) for name, array in state.items()})

    # --- helpers -------------------------------------------------------------------------------

    def _admit(self, x):
        """Return `x` checked, as an array or packs, after building the layer if need be."""
        if not isinstance(x, Packs):
            x = real_array(self.label, "x", x)
        if len(x.shape) == 0:
            raise ValueError(f"{self.label}: expected a batch of samples, got a single number")
        if not self.built:
            double = x.dtype.kind == "f" and x.dtype.itemsize >= 8
            self.build(x.shape[1:], "float64" if double else "float32")
        check_samples(self.label, "x", self.input_shape, x.shape)
        return x

    def _sizes(self, shape):
        shape = (shape,) if np.ndim(shape) == 0 else shape
        return tuple(integer(self.label, "every size of input_shape", size) for size in shape)

    def __getstate__(self):
        return self.__dict__ | {"_saved": None, "joined": False}

    def __repr__(self):
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.config().items())
        return f"{type(self).__name__}({arguments})"
