"""Layers of several inputs: sums, products, extrema, and inputs side by side."""

import math

from fastnn.checks import integer

from .merging import Merge


class Add(Merge):
    """Sum of the inputs, which have one shape.

    Parameters
    ----------
    name : str, optional
        What summaries and messages call the layer.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.Add().forward([[[1.0, 2.0]], [[10.0, 20.0]]]).tolist()
    [[11.0, 22.0]]
    """

    function = "add"


class Subtract(Merge):
    """Difference of two inputs of one shape: the first less the second.

    Parameters
    ----------
    name : str, optional
        What summaries and messages call the layer.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.Subtract().forward([[[1.0, 2.0]], [[10.0, 20.0]]]).tolist()
    [[-9.0, -18.0]]
    """

    function = "subtract"
    most_inputs = 2


class Multiply(Merge):
    """Product of the inputs, which have one shape, number by number.

    Parameters
    ----------
    name : str, optional
        What summaries and messages call the layer.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.Multiply().forward([[[1.0, 2.0]], [[10.0, 20.0]]]).tolist()
    [[10.0, 40.0]]
    """

    function = "multiply"


class Average(Merge):
    """Mean of the inputs, which have one shape, number by number.

    Parameters
    ----------
    name : str, optional
        What summaries and messages call the layer.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.Average().forward([[[1.0, 2.0]], [[10.0, 20.0]]]).tolist()
    [[5.5, 11.0]]
    """

    function = "average"


class Maximum(Merge):
    """Largest number of the inputs, which have one shape, at each place.

    The gradient goes to the first of equals; a NaN wins over all.

    Parameters
    ----------
    name : str, optional
        What summaries and messages call the layer.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.Maximum().forward([[[1.0, 20.0]], [[10.0, 2.0]]]).tolist()
    [[10.0, 20.0]]
    """

    function = "maximum"


class Minimum(Merge):
    """Smallest number of the inputs, which have one shape, at each place.

    The gradient goes to the first of equals; a NaN wins over all.

    Parameters
    ----------
    name : str, optional
        What summaries and messages call the layer.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.Minimum().forward([[[1.0, 20.0]], [[10.0, 2.0]]]).tolist()
    [[1.0, 2.0]]
    """

    function = "minimum"


class Concatenate(Merge):
    """The inputs side by side along an axis; they have equal shapes but for its size.

    Parameters
    ----------
    axis : int
        Of arrays (N, …), counted as in NumPy; not that of the batch, which is 0.
    name : str, optional
        What summaries and messages call the layer.

    Raises
    ------
    ValueError
        If `axis` is 0.

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.layers.Concatenate().forward([[[1.0, 2.0]], [[10.0]]]).tolist()
    [[1.0, 2.0, 10.0]]
    """

    function = "concatenate"

    def __init__(self, axis=-1, *, name=None):
        super().__init__(name=name)
        self._arguments = {"axis": axis} | self._arguments
        self.axis = integer(self.label, "axis", axis, minimum=-64, maximum=64)
        if self.axis == 0:
            raise ValueError(f"{self.label}: expected an axis of the sample, got 0, the batch's")

    @property
    def expected(self):
        return f"equal shapes but for axis {self.axis}, which is not the batch's"

    @property
    def _how(self):
        return {"axis": self.axis}

    def _place(self, shape):
        """Which axis of a sample of this shape it is, from 0; negative: there is none."""
        return self.axis - 1 if self.axis > 0 else len(shape) + self.axis

    def _merged(self, shapes):
        first, place = shapes[0], self._place(shapes[0])
        if not 0 <= place < len(first):
            return None
        merged = [*first]
        merged[place] = sum(shape[place] if place < len(shape) else 0 for shape in shapes)
        for shape in shapes:
            if shape[:place] + shape[place + 1 :] != first[:place] + first[place + 1 :]:
                return None
        return tuple(merged)

    def _instruction(self, *input_shapes):
        place = self._place(input_shapes[0])
        return {
            "kind": "concatenate",
            "axis": self.axis,
            "outer": math.prod(input_shapes[0][:place]),
            "inners": [math.prod(shape[place:]) for shape in input_shapes],
        }
