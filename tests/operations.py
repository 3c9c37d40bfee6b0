"""How the operations of the case table are called: operands, results, and how far off these may be.

A case runs forward and backward passes through `fastnn.functional` or `fastnn.reference`. Its
operands come in four kinds: "integer" (sums are exact in float32), and three that strain rounding:
"zero_mean", "positive" and "constant" (0.1). They are float32 numbers, whatever dtype holds them.
"""

import zlib
from functools import cache

import numpy as np

import tolerances
from fastnn import functional, geometry, reference
from tolerances import DOT, EPSILON, TINY

# results that are of the whole batch, not one for each sample; and those always in float64
OF_THE_BATCH = ("dweight", "dbias", "loss", "mean", "variance")
DOUBLE = ("loss", "mean", "variance")
KINDS = ("integer", "zero_mean", "positive", "constant")
REAL_KINDS = KINDS[1:]


def draw(rng, kind, *shape):
    """Numbers of this kind."""
    if kind == "integer":
        return rng.integers(-4, 5, shape).astype(np.float64)
    if kind == "zero_mean":
        values = rng.standard_normal(shape)
    elif kind == "positive":
        values = rng.random(shape)
    else:
        values = np.full(shape, 0.1)
    return values.astype(np.float32).astype(np.float64)


def cotangent(rng, kind, *shape):
    """A gradient to propagate: among integers never 0, never 1."""
    if kind == "integer":
        return rng.choice([-3.0, -2.0, 2.0, 3.0], shape)
    return draw(rng, kind, *shape)


class Case:
    """One row of the table."""

    activations = ("x", "dy")  # operands that may also come in lane packs
    exact = True  # on integer data
    doubles = ()  # results computed in float64, whatever the operands are

    def __init__(self, *name):
        self.name = " ".join(map(str, (type(self).__name__.lower(), *name)))

    def __repr__(self):
        return self.name

    def operands(self, kind="integer", dtype="float64"):
        """Operands by name, always the same."""
        rng = np.random.default_rng(zlib.crc32(f"{self.name} {kind}".encode()))
        return {
            name: value if value is None or value.dtype.kind == "i" else value.astype(dtype)
            for name, value in self.draw_operands(rng, kind).items()
        }

    def run(self, module, operands, **options):
        """Results by name."""
        raise NotImplementedError

    def run_part(self, module, operands, part, **options):
        """Results for a slice of the samples."""
        parameters, whole = ("weight", "bias", "mean", "variance"), self.shape
        chosen = {
            name: value if value is None or name in parameters else value[part]
            for name, value in operands.items()
        }
        try:
            self.shape = (len(range(whole[0])[part]), *whole[1:])
            return self.run(module, chosen, **options)
        finally:
            self.shape = whole

    def magnitudes(self, operands, expected):
        """What an eps is multiplied by, for every result: Σ|a||b| of a linear operation."""
        absolute = {name: None if v is None else np.abs(v) for name, v in operands.items()}
        if all(v is None or np.array_equal(v, operands[name]) for name, v in absolute.items()):
            return expected
        return self.run(reference, absolute)

    def limits(self, kind):
        """How many such eps are allowed, for every result or for all of them."""
        return DOT[kind] if self.exact or kind != "integer" else tolerances.PRODUCT


@cache
def expected_results(case, kind):
    """The reference's results, in float64."""
    return case.run(reference, case.operands(kind))


@cache
def allowed_errors(case, kind, dtype):
    """How far each compiled result may be from the expected one; 0: it must be equal."""
    limits, expected = case.limits(kind), expected_results(case, kind)
    if limits == 0:
        return dict.fromkeys(expected, 0.0)
    magnitudes = case.magnitudes(case.operands(kind), expected)
    allowed = {}
    for name in expected:
        limit = limits[name] if isinstance(limits, dict) else limits
        epsilon = EPSILON["float64" if name in case.doubles else dtype]
        smallest = TINY[dtype] if limit else 0.0
        allowed[name] = limit * epsilon * np.abs(magnitudes[name]) + smallest
    return allowed


class Dense(Case):
    def __init__(self, samples, inputs, outputs, bias=True, relu=False):
        told = ["" if bias else "no bias"] + ["between ReLUs"] * relu
        super().__init__(samples, f"{inputs}-{outputs}", *told)
        self.shape = samples, inputs, outputs
        self.bias, self.relu = bias, relu

    def draw_operands(self, rng, kind):
        samples, inputs, outputs = self.shape
        return {
            "x": draw(rng, kind, samples, inputs),
            "weight": draw(rng, kind, outputs, inputs),
            "bias": draw(rng, kind, outputs) if self.bias else None,
            "dy": cotangent(rng, kind, samples, outputs),
        }

    def run(self, module, operands, **options):
        x, weight, bias, dy = operands.values()
        dweight, dbias = module.dense_backward_weights(x, dy, **options)
        activation, relu_output = ("relu", x) if self.relu else (None, None)
        return {
            "y": module.dense_forward(x, weight, bias, activation=activation, **options),
            "dx": module.dense_backward_input(dy, weight, relu_output=relu_output, **options),
            "dweight": dweight,
            "dbias": dbias,
        }


class Conv(Case):
    operation = "conv"

    def __init__(
        self, samples, spatial, channels, filters, kernel, bias=True, relu=False, **settings
    ):
        told = [f"{name}={value}" for name, value in settings.items()] + ["between ReLUs"] * relu
        super().__init__(samples, spatial, f"{channels}-{filters}", kernel, *told)
        self.shape = (samples, *spatial, channels)
        self.weight_shape = (filters, *kernel, channels // settings.get("groups", 1))
        self.settings, self.bias, self.relu = settings, bias, relu

    def draw_operands(self, rng, kind):
        filters = self.weight_shape[0]
        forward = getattr(functional, f"{self.operation}_forward")
        one = forward(np.zeros((1, *self.shape[1:])), np.zeros(self.weight_shape), **self.settings)
        return {
            "x": draw(rng, kind, *self.shape),
            "weight": draw(rng, kind, *self.weight_shape),
            "bias": draw(rng, kind, filters) if self.bias else None,
            "dy": cotangent(rng, kind, self.shape[0], *one.shape[1:]),
        }

    def run(self, module, operands, **options):
        x, weight, bias, dy = operands.values()
        how = self.settings | options
        forward, backward_input, backward_weights = (
            getattr(module, f"{self.operation}_{which}")
            for which in ("forward", "backward_input", "backward_weights")
        )
        dweight, dbias = backward_weights(x, dy, self.weight_shape[1:-1], **how)
        activation, relu_output = ("relu", x) if self.relu else (None, None)
        return {
            "y": forward(x, weight, bias, activation=activation, **how),
            "dx": backward_input(dy, weight, self.shape, relu_output=relu_output, **how),
            "dweight": dweight,
            "dbias": dbias,
        }


class Winograd(Conv):
    """A convolution by Winograd's algorithm, whose weight gradient is made directly."""

    def __init__(self, samples, spatial, channels, filters, **settings):
        super().__init__(samples, spatial, channels, filters, (3, 3), **settings)

    def run(self, module, operands, **options):
        x, weight, bias, dy = operands.values()
        how = self.settings | options
        dweight, dbias = module.conv_backward_weights(x, dy, 3, **how)
        activation, relu_output = ("relu", x) if self.relu else (None, None)
        how["algorithm"] = "winograd"
        return {
            "y": module.conv_forward(x, weight, bias, activation=activation, **how),
            "dx": module.conv_backward_input(
                dy, weight, self.shape, relu_output=relu_output, **how
            ),
            "dweight": dweight,
            "dbias": dbias,
        }

    def magnitudes(self, operands, expected):
        x, weight, bias, dy = operands.values()
        before = geometry.window("", x.shape[1:3], (3, 3), **self.settings).before
        y = tolerances.winograd_magnitudes(x, weight, before, dy.shape[1:3])
        turned = np.swapaxes(weight[:, ::-1, ::-1], 0, -1)
        before = [2 - start for start in before]
        return {
            "y": y + (0 if bias is None else np.abs(bias)),
            "dx": tolerances.winograd_magnitudes(dy, turned, before, x.shape[1:3]),
            **dict(
                zip(
                    ("dweight", "dbias"),
                    reference.conv_backward_weights(np.abs(x), np.abs(dy), 3, **self.settings),
                    strict=True,
                )
            ),
        }

    def limits(self, kind):
        if kind == "integer":
            return 0.0
        sums = DOT[kind] + tolerances.WINOGRAD
        return {"y": sums, "dx": sums, "dweight": DOT[kind], "dbias": DOT[kind]}


class Pool(Case):
    def __init__(self, samples, spatial, channels, size, **settings):
        super().__init__(samples, spatial, channels, size, settings or "")
        self.shape, self.size, self.settings = (samples, *spatial, channels), size, settings

    def draw_operands(self, rng, kind):
        one = self.forward(functional, np.zeros((1, *self.shape[1:])))[0]
        return {
            "x": draw(rng, kind, *self.shape),
            "dy": cotangent(rng, kind, self.shape[0], *one.shape[1:]),
        }


class MaxPool(Pool):
    def forward(self, module, x, **options):
        return module.max_pool_forward(x, self.size, **self.settings, **options)

    def run(self, module, operands, **options):
        x, dy = operands.values()
        y, argmax = self.forward(module, x, **options)
        dx = module.max_pool_backward(dy, argmax, self.shape, **options)
        return {"y": y, "argmax": argmax, "dx": dx}

    def magnitudes(self, operands, expected):
        # the positions must stay where x itself is largest
        dx = reference.max_pool_backward(np.abs(operands["dy"]), expected["argmax"], self.shape)
        return expected | {"dx": dx}

    def limits(self, kind):
        return {"y": 0.0, "argmax": 0.0, "dx": DOT[kind]}


class AveragePool(Pool):
    exact = False  # a mean of three is rounded

    def forward(self, module, x, **options):
        return (module.average_pool_forward(x, self.size, **self.settings, **options),)

    def run(self, module, operands, **options):
        x, dy = operands.values()
        how = self.settings | options
        return {
            "y": self.forward(module, x, **options)[0],
            "dx": module.average_pool_backward(dy, self.shape, self.size, **how),
        }

    def limits(self, kind):
        # the mean's factor and its product are two more roundings
        return DOT[kind] + tolerances.PRODUCT
