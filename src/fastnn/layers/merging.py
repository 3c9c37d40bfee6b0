"""Merge: what layers of several inputs have in common."""

import math

from fastnn.checks import batch_of, check_count, check_samples, real_array, real_dtype
from fastnn.packs import Packs, pack

from .base import Layer


class Merge(Layer):
    """Base class of layers that take a list of inputs.

    They have no parameters. Where other layers have a shape, an array or a gradient of the input,
    these have a tuple or list of them.

    Parameters
    ----------
    name : str, optional
        What summaries and messages call the layer; its class by default.

    Attributes
    ----------
    function : str
        Of `fastnn.functional`, which has its `…_forward` and `…_backward`.
    input_shape : tuple of tuple of int, or None
        Shapes of one sample of each input.

    Raises
    ------
    ValueError
        By `plan`, `build` and `forward`, if there are fewer than two inputs or their shapes do
        not go together.
    """

    merges = True
    function = None
    expected = "equal shapes"  # how messages say what `_merged` asks for
    most_inputs = 128 * 128

    def __init__(self, *, name=None):
        super().__init__(name)
        del self._arguments["input_shape"]  # it has several

    # --- what a merge implements ---------------------------------------------------------------

    def _merged(self, shapes):
        """Return the output's shape, or None if these inputs do not go together."""
        return shapes[0] if all(shape == shapes[0] for shape in shapes) else None

    @property
    def _how(self):
        """The options of its function."""
        return {}

    def _instruction(self, *input_shapes):
        return {
            "kind": "merge",
            "function": self.function,
            "inputs": len(input_shapes),
            "size": math.prod(input_shapes[0]),
        }

    # --- what everyone calls -------------------------------------------------------------------

    def plan(self, *input_shapes):
        """Work out the shapes for inputs of these; nothing is allocated. Return the output's."""
        shapes = tuple(map(self._sizes, input_shapes))
        self._check_number(shapes, batch_of)
        output_shape = self._merged(shapes)
        if output_shape is None:
            raise ValueError(
                f"{self.label}: expected inputs of {self.expected}, got "
                f"{' and '.join(map(batch_of, shapes))}"
            )
        if self.built and shapes != self.input_shape:
            known, got = (" and ".join(map(batch_of, each)) for each in (self.input_shape, shapes))
            raise ValueError(f"{self.label}: expected inputs of {known}, got {got}")
        check_count(self.label, "an output", output_shape)
        self.input_shape, self.output_shape = shapes, output_shape
        return output_shape

    def build(self, input_shape, dtype="float32", *, seed=0, index=0):
        """Get to know the inputs' shapes.

        Parameters
        ----------
        input_shape : sequence of tuple of int
            Shapes of one sample of each input.
        dtype : {"float32", "float64"}
            What the layer shall compute in.
        seed, index : int
            As for other layers; there is nothing random here.

        Returns
        -------
        Merge
            The layer itself.

        Examples
        --------
        >>> import fastnn as fn
        >>> fn.layers.Concatenate().build([(2, 3), (2, 5)]).output_shape
        (2, 8)
        """
        if self.built:
            raise ValueError(f"{self.label}: it is built already, for {self.input_shape}")
        dtype = real_dtype(self.label, dtype)
        self.plan(*input_shape)
        self.attach({}, {}, dtype)
        return self

    def forward(self, x, training=False):
        """Compute the layer's output.

        Parameters
        ----------
        x : list of array_like or Packs, shapes (N, *input_shape[i])
            The layer builds itself on its first data: in float64 if any of them is float64, else
            float32.
        training : bool
            Whether this is a pass of training; merges do the same in both.

        Returns
        -------
        ndarray or Packs, shape (N, *output_shape)
            Of the kind of the first input.

        Examples
        --------
        >>> import fastnn as fn
        >>> fn.layers.Add().forward([[[1.0, 2.0]], [[10.0, 20.0]]]).tolist()
        [[11.0, 22.0]]
        """
        xs = self._admit(x)
        packed = isinstance(xs[0], Packs)
        y = self._forward([self._packed(each) for each in xs], training)
        return y if packed else y.unpack()

    def backward(self, dy, wanted=None):
        """Compute the gradients of the inputs of the last forward pass.

        Parameters
        ----------
        dy : array_like, shape (N, *output_shape), or Packs
            Gradient of the loss with respect to the output.
        wanted : sequence of bool, optional
            Which inputs' gradients to compute; all by default.

        Returns
        -------
        list of ndarray or Packs, shapes (N, *input_shape[i])
            Of the kind of `dy`; None in place of those that are not wanted.

        Raises
        ------
        RuntimeError
            If there was no forward pass of this layer.

        Examples
        --------
        >>> import fastnn as fn
        >>> layer = fn.layers.Subtract()
        >>> y = layer.forward([[[1.0, 2.0]], [[10.0, 20.0]]])
        >>> [dx.tolist() for dx in layer.backward([[3.0, 5.0]])]
        [[[3.0, 5.0]], [[-3.0, -5.0]]]
        """
        if self._saved is None:
            raise RuntimeError(f"{self.label}: backward needs a forward pass first: forward(xs)")
        packed = isinstance(dy, Packs)
        if not packed:
            dy = real_array(self.label, "dy", dy)
        check_samples(self.label, "dy", self.output_shape, dy.shape)
        if not packed:
            dy = pack(dy, self.dtype, empty="zero")
        dxs = self._backward(dy, wanted)
        return [dx if packed or dx is None else dx.unpack() for dx in dxs]

    # --- what networks call --------------------------------------------------------------------

    def _forward(self, xs, training):
        self._saved = xs
        return getattr(self.operations, f"{self.function}_forward")(xs, **self._how)

    def _backward(self, dy, wanted):
        backward = getattr(self.operations, f"{self.function}_backward")
        return backward(dy, self._saved, **self._how, wanted=wanted)

    # --- helpers -------------------------------------------------------------------------------

    def _check_number(self, shapes, text):
        """Raise unless the layer takes as many inputs; `text` makes one of a shape."""
        if not 2 <= len(shapes) <= self.most_inputs:
            got = " and ".join(map(text, shapes))
            number = "two" if self.most_inputs == 2 else f"2 to {self.most_inputs}"
            raise ValueError(f"{self.label}: expected {number} inputs, got {len(shapes)}: {got}")

    def _admit(self, xs):
        """Return the inputs checked, as arrays or packs, after building the layer if need be."""
        if not isinstance(xs, (list, tuple)):
            raise TypeError(f"{self.label}: expected a list of inputs, got {type(xs).__name__}")
        xs = [
            x if isinstance(x, Packs) else real_array(self.label, f"x[{i}]", x)
            for i, x in enumerate(xs)
        ]
        shapes = [tuple(x.shape) for x in xs]
        self._check_number(shapes, str)
        if any(len(shape) == 0 or shape[0] != shapes[0][0] for shape in shapes):
            raise ValueError(
                f"{self.label}: expected inputs of equally many samples, got shapes "
                f"{' and '.join(map(str, shapes))}"
            )
        if not self.built:
            double = any(x.dtype.kind == "f" and x.dtype.itemsize >= 8 for x in xs)
            self.build([shape[1:] for shape in shapes], "float64" if double else "float32")
        self.plan(*(shape[1:] for shape in shapes))
        return xs

    def _packed(self, x):
        if isinstance(x, Packs):
            return x if x.dtype == self.dtype else pack(x.unpack(), self.dtype)
        return pack(x, self.dtype)
