"""Activations in the case table (see operations.py)."""

import numpy as np

import tolerances
from fastnn import reference
from operations import Case, cotangent, draw
from tolerances import DOT


class Pointwise(Case):
    """Activations: what the backward pass starts from, y or x, is an operand."""

    exact_functions = ("relu", "sign", "relu6")
    outputs = {  # numbers that `y` may be, of those that go back from it  # noqa: RUF012
        "relu": lambda z: np.maximum(z, 0),
        "leaky_relu": lambda z: z,
        "relu6": lambda z: np.clip(2 * z, 0, 6),
        "sign": np.sign,
        "sigmoid": lambda z: np.abs(z) % 1,
        "hard_sigmoid": lambda z: np.clip(z / 4, 0, 1),
        "softplus": np.abs,
        "tanh": lambda z: 2 * (np.abs(z) % 1) - 1,
    }

    def __init__(self, function, *shape, **options):
        told = [f"{name}={value}" for name, value in options.items()]
        super().__init__(function, shape, *told)
        self.function, self.shape, self.options = function, shape, options
        self.exact = function in self.exact_functions
        self.from_output = function in self.outputs
        self.activations = ("x", "dy", "y") if self.from_output else ("x", "dy")

    def draw_operands(self, rng, kind):
        operands = {"x": draw(rng, kind, *self.shape), "dy": cotangent(rng, kind, *self.shape)}
        if self.from_output:
            kind = "positive" if self.function in ("sigmoid", "tanh") else kind
            operands["y"] = self.outputs[self.function](draw(rng, kind, *self.shape))
        return operands

    def run(self, module, operands, **options):
        x, dy = operands["x"], operands["dy"]
        how = self.options | options
        kept = operands["y"] if self.from_output else x
        return {
            "y": getattr(module, f"{self.function}_forward")(x, **how),
            "dx": getattr(module, f"{self.function}_backward")(dy, kept, **how),
        }

    def magnitudes(self, operands, expected):
        # slopes of all these functions are sums of two terms of at most this size
        largest = max(2.0, *map(abs, self.numbers))
        if self.function == "sigmoid":
            y = operands["y"]
            return {"y": expected["y"], "dx": operands["dy"] * y * (1 - y)}
        return {"y": expected["y"], "dx": largest * operands["dy"]}

    @property
    def numbers(self):
        return [value for value in self.options.values() if not isinstance(value, str)] or [0.0]

    def limits(self, kind):
        if self.exact:
            return 0.0
        return {"y": tolerances.ACTIVATION_ULP, "dx": tolerances.PRODUCT}


class Prelu(Case):
    """PReLU; `weight` are its slopes, of which there is one, one a channel or one a feature."""

    def __init__(self, *shape, slopes):
        super().__init__(shape, f"slopes {slopes}")
        self.shape, self.slopes = shape, slopes

    def draw_operands(self, rng, kind):
        return {
            "x": draw(rng, kind, *self.shape) - (0.75 if kind == "positive" else 0),
            "weight": draw(rng, kind, *self.slopes),
            "dy": cotangent(rng, kind, *self.shape),
        }

    def run(self, module, operands, **options):
        x, weight, dy = operands.values()
        return {
            "y": module.prelu_forward(x, weight, **options),
            "dx": module.prelu_backward_input(dy, x, weight, **options),
            "dweight": module.prelu_backward_weights(x, dy, self.slopes, **options),
        }

    def magnitudes(self, operands, expected):
        x, _, dy = operands.values()
        left = np.where(x > 0, x, -np.abs(x))
        dweight = reference.prelu_backward_weights(left, np.abs(dy), self.slopes)
        return expected | {"dweight": dweight}


class Softmax(Pointwise):
    def __init__(self, *shape):
        super().__init__("softmax", *shape)
        self.activations, self.from_output = ("x", "dy", "y"), True

    def draw_operands(self, rng, kind):
        y = draw(rng, "positive", *self.shape)
        return {
            "x": draw(rng, kind, *self.shape),
            "dy": cotangent(rng, kind, *self.shape),
            "y": (y / y.sum(-1, keepdims=True)).astype(np.float32).astype(np.float64),
        }

    def magnitudes(self, operands, expected):
        _, dy, y = operands.values()
        total = np.sum(np.abs(dy) * y, axis=-1, keepdims=True)
        errors = tolerances.softmax_errors(operands["x"], expected["y"])
        return {"y": expected["y"] * errors, "dx": y * (np.abs(dy) + total)}

    def limits(self, kind):
        return {"y": 1.0, "dx": DOT["zero_mean"] + tolerances.PRODUCT}


class LogSoftmax(Softmax):
    def __init__(self, *shape):
        super().__init__(*shape)
        self.function = "log_softmax"

    def draw_operands(self, rng, kind):
        operands = super().draw_operands(rng, kind)
        with np.errstate(divide="ignore"):
            y = np.maximum(np.log(operands["y"]), -80)
        return operands | {"y": y.astype(np.float32).astype(np.float64)}

    def magnitudes(self, operands, expected):
        _, dy, y = operands.values()
        total = np.sum(np.abs(dy), axis=-1, keepdims=True)
        return {"y": expected["y"], "dx": np.abs(dy) + np.exp(y) * total}

    def limits(self, kind):
        # the sum below the logarithm, its terms, the logarithm and two differences
        return {"y": DOT["zero_mean"] + 4.0, "dx": DOT["positive"] + tolerances.PRODUCT}
