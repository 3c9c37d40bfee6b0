"""Merges in the case table (see operations.py)."""

import numpy as np

import tolerances
from operations import Case, cotangent, draw
from tolerances import DOT

ELEMENTWISE = ("add", "subtract", "multiply", "average", "maximum", "minimum")


class Merge(Case):
    """A merge of several inputs: x, x1, x2 …, whose gradients are dx, dx1, dx2 …"""

    def __init__(self, function, inputs, *shape):
        super().__init__(function, f"of {inputs}", shape)
        self.function, self.how = function, {}
        self.shape, self.shapes = shape, [shape] * inputs
        self.exact = function != "average"  # the mean of three is rounded

    @property
    def names(self):
        return ["x", *(f"x{i}" for i in range(1, len(self.shapes)))]

    @property
    def activations(self):
        return ("dy", *self.names)

    def draw_operands(self, rng, kind):
        xs = [draw(rng, kind, *shape) for shape in self.shapes]
        return dict(zip(self.names, xs, strict=True)) | {"dy": cotangent(rng, kind, *self.shape)}

    def run(self, module, operands, **options):
        xs, how = [operands[name] for name in self.names], self.how | options
        dxs = getattr(module, f"{self.function}_backward")(operands["dy"], xs, **how)
        gradients = {f"d{name}": dx for name, dx in zip(self.names, dxs, strict=True)}
        return {"y": getattr(module, f"{self.function}_forward")(xs, **how)} | gradients

    def magnitudes(self, operands, expected):
        if self.function != "subtract":
            return super().magnitudes(operands, expected)
        return expected | {"y": np.abs(operands["x"]) + np.abs(operands["x1"])}

    def limits(self, kind):
        if self.function in ("maximum", "minimum", "concatenate"):
            return 0.0
        if self.function == "multiply":  # of up to five
            return 0.0 if kind == "integer" else tolerances.PRODUCT
        mean = tolerances.PRODUCT if self.function == "average" else 0.0
        return {"y": DOT[kind] + mean} | {f"d{name}": mean for name in self.names}


class Concatenate(Merge):
    """Side by side: inputs of these sizes along an axis, for which None stands in the shape."""

    exact = True

    def __init__(self, sizes, *shape, axis=-1):
        Case.__init__(self, sizes, shape, f"axis {axis}")
        self.function, self.how = "concatenate", {"axis": axis}
        self.shape, *self.shapes = (
            tuple(size if other is None else other for other in shape)
            for size in (sum(sizes), *sizes)
        )


MERGES = [
    *(
        Merge(function, inputs, *shape)
        for function in ELEMENTWISE
        for inputs, *shape in [(1, 5, 3), (2, 1, 1), (2, 33, 5), (2, 3, 5, 2, 3), (3, 17)]
        if inputs == 2 or function != "subtract"
    ),
    Merge("multiply", 5, 17, 3),
    Merge("maximum", 5, 17, 3),
    Merge("minimum", 5, 17, 3),
    Merge("add", 130, 2, 3),  # chains of more than 128 terms
    Merge("average", 300, 1, 2),
    # sizes along the axis, the shape
    Concatenate((3,), 5, None),
    Concatenate((1, 2), 17, None),
    Concatenate((7, 16, 1, 9), 2, 3, None),
    Concatenate((2, 0, 3), 5, 4, None),  # one of them empty
    Concatenate((2, 3), 17, None, 5, axis=1),
    Concatenate((1, 4, 2), 3, 2, None, 3, axis=-2),
    Concatenate((2, 1), 18, None, 2, 3, 2, axis=-4),
]

LARGE_MERGES = [
    *(Merge(function, 2, 307, 331) for function in ELEMENTWISE),
    Merge("add", 5, 307, 331),
    Concatenate((5, 17, 3), 163, 20, 9, None),
    Concatenate((5, 17, 3), 163, None, 9, 20, axis=1),
]

SIZES = range(1, 34)  # more than two packs
LENGTHS = [*SIZES, *range(63, 98), *range(127, 131)]  # and than four vectors side by side
EDGES = {
    "add, length": [Merge("add", 2, n) for n in LENGTHS],
    "multiply, length": [Merge("multiply", 3, n) for n in LENGTHS],
    "maximum, length": [Merge("maximum", 3, n) for n in LENGTHS],
    "add, inputs": [Merge("add", n, 3) for n in (*SIZES, 127, 128, 129, 255, 256, 257)],
    "minimum, inputs": [Merge("minimum", n, 3) for n in SIZES],
    "concatenate, samples": [Concatenate((2, 3), n, None) for n in SIZES],
    "concatenate, channels": [Concatenate((2, n, 1), 2, 3, None) for n in SIZES],
    "concatenate, rows": [Concatenate((n, 2), 2, None, 3, axis=1) for n in SIZES],
}

A, D = np.ones((5, 4)), np.ones((5, 3))
X, Y = np.ones((2, 6, 6, 4)), np.ones((2, 4, 4, 3))

# operation, arguments, keyword arguments, exception, pattern: see test_functional_errors.py
# fmt: off
MERGE_ERRORS = [
    ("add_forward", ([],), {}, ValueError, r"1 to 16384 arrays in xs, got 0"),
    ("add_forward", (A,), {}, TypeError, r"xs as a list of arrays, got ndarray"),
    ("add_forward", ([A, D],), {}, ValueError,
     r"\(5, 4\) for xs\[0\].*\(5, 3\) for xs\[1\]; nothing"),
    ("add_forward", ([A, A, A[:1]],), {}, ValueError,
     r"\(5, 4\) for xs\[0\].*\(1, 4\) for xs\[2\]"),
    ("multiply_forward", ([A, A[:, :1]],), {}, ValueError, r"\(5, 4\).*\(5, 1\) for xs\[1\]"),
    ("average_forward", ([A, 1.0],), {}, ValueError, r"\(5, 4\).*\(\) for xs\[1\]"),
    ("add_forward", ([A, A * 1j],), {}, TypeError, r"xs\[1\] of real numbers.*complex128"),
    ("subtract_forward", ([A],), {}, ValueError, r"2 arrays in xs, got 1"),
    ("subtract_forward", ([A, A, A],), {}, ValueError, r"2 arrays in xs, got 3"),
    ("subtract_backward", (A, [A]), {}, ValueError, r"2 arrays in xs, got 1"),
    ("maximum_backward", (D, [A, A]), {}, ValueError, r"dy of shape \(5, 4\), got shape \(5, 3\)"),
    ("minimum_backward", (A, [A, A[1:]]), {}, ValueError, r"\(5, 4\).*\(4, 4\) for xs\[1\]"),
    ("add_backward", (A, [A, A]), {"wanted": [True]}, ValueError,
     r"each of 2 inputs, got \[True\]"),
    ("add_backward", (A, [A, A]), {"wanted": True}, ValueError, r"each of 2 inputs, got True"),
    ("concatenate_forward", ([],), {}, ValueError, r"1 to 16384 arrays in xs, got 0"),
    ("concatenate_forward", (X,), {}, TypeError, r"xs as a list of arrays, got ndarray"),
    ("concatenate_forward", ([A, D], 0), {}, ValueError, r"axis of the sample.*got 0.*\(5, 4\)"),
    ("concatenate_forward", ([A, D], -2), {}, ValueError, r"axis of the sample.*got -2"),
    ("concatenate_forward", ([A, D], 2), {}, ValueError, r"axis of the sample.*got 2"),
    ("concatenate_forward", ([A[0], D[0]],), {}, ValueError, r"axis of the sample.*\(4,\)"),
    ("concatenate_forward", ([A, D], 1.0), {}, TypeError, r"axis must be an integer, got 1\.0"),
    ("concatenate_forward", ([A, D[1:]],), {}, ValueError,
     r"but for axis 1, got \(5, 4\).*\(4, 3\)"),
    ("concatenate_forward", ([A, X],), {}, ValueError,
     r"but for axis 1, got \(5, 4\).*\(2, 6, 6, 4"),
    ("concatenate_forward", ([X, Y],), {}, ValueError,
     r"but for axis 3.*\(2, 4, 4, 3\) for xs\[1\]"),
    ("concatenate_backward", (A, [A, D]), {}, ValueError, r"dy of shape \(5, 7\).*\(5, 4\)"),
    ("concatenate_backward", (A, [A]), {"wanted": ()}, ValueError, r"each of 1 inputs, got \(\)"),
]
# fmt: on
