"""Losses and optimizer updates as cases, see operations.py."""

import math

import numpy as np

import tolerances
from fastnn import reference
from operations import Case, cotangent, draw


class Loss(Case):
    """A loss and its gradient; `form` of the target: labels, one_hot, rows, or numbers."""

    def __init__(self, function, shape, form, weighted=False):
        super().__init__(function, shape, form, "weighted" if weighted else "")
        self.function, self.shape, self.form, self.weighted = function, shape, form, weighted
        self.first = "logits" if "entropy" in function else "y"
        self.activations = (self.first,) if form == "labels" else (self.first, "target")
        self.exact = False
        self.doubles = () if function == "cross_entropy" else ("loss",)

    def draw_operands(self, rng, kind):
        samples, *_, classes = self.shape
        labels = rng.integers(0, classes, self.shape[:-1])
        targets = {
            "labels": labels,
            "one_hot": np.eye(classes)[labels],
            "rows": np.abs(draw(rng, kind, *self.shape)),
            "numbers": cotangent(rng, kind, *self.shape),
        }
        if self.function == "binary_cross_entropy":
            targets["numbers"] = draw(rng, "positive", *self.shape)
        weight = rng.integers(0, 4, samples).astype(np.float64)
        weight[:1] = 2  # never all 0
        return {
            self.first: draw(rng, kind, *self.shape),
            "target": targets[self.form],
            "sample_weight": weight if self.weighted else None,
        }

    def run(self, module, operands, **options):
        values, target, weight = operands.values()
        function = getattr(module, self.function)
        loss, gradient = function(values, target, sample_weight=weight, **options)
        return {"loss": np.array(loss), "gradient": gradient}

    def magnitudes(self, operands, expected):
        values, target, weight = operands.values()
        if "entropy" not in self.function:
            return expected
        weight = np.ones(len(values)) if weight is None else weight
        share = (weight / weight.sum()).reshape(-1, *[1] * (values.ndim - 1))
        if self.function == "binary_cross_entropy":
            y = reference.sigmoid_forward(values)
            loss = np.sum(share * (1 + np.abs(values) * (1 + target)))
            return {"loss": loss, "gradient": share * (y + target)}
        share = share / math.prod(values.shape[1:-1])
        if self.form == "labels":
            target = np.eye(values.shape[-1])[target]
        total = target.sum(axis=-1, keepdims=True)
        y = reference.softmax_forward(values)
        errors = tolerances.softmax_errors(values, y)
        return {
            "loss": tolerances.LOSS * expected["loss"] + np.sum(share * target * errors),
            "gradient": share * (y * total + target) * (errors + tolerances.PRODUCT),
        }

    def limits(self, kind):
        if self.function == "cross_entropy":
            return 1.0
        if self.function == "binary_cross_entropy":
            gradient = tolerances.EXPONENTIAL_ULP + tolerances.PRODUCT
            return {"loss": tolerances.LOSS, "gradient": gradient}
        return {"loss": tolerances.LOSS, "gradient": tolerances.PRODUCT}


class Sgd(Case):
    activations = ()

    def __init__(self, size, momentum=0.0, nesterov=False):
        super().__init__(size, momentum, "nesterov" if nesterov else "")
        self.shape, self.momentum, self.nesterov = (size,), momentum, nesterov

    def draw_operands(self, rng, kind):
        return {
            "parameters": draw(rng, kind, *self.shape),
            "gradients": cotangent(rng, kind, *self.shape),
            "velocity": draw(rng, kind, *self.shape) if self.momentum else None,
        }

    def run(self, module, operands, **options):
        copies = (None if value is None else value.copy() for value in operands.values())
        parameters, gradients, velocity = copies
        module.sgd_update(
            parameters, gradients, velocity, learning_rate=0.5, momentum=self.momentum,
            nesterov=self.nesterov, **options,
        )  # fmt: skip
        results = {"parameters": parameters}
        return results if velocity is None else results | {"velocity": velocity}

    def magnitudes(self, operands, expected):
        absolute = {name: None if v is None else np.abs(v) for name, v in operands.items()}
        absolute["parameters"] = -absolute["parameters"]  # p − rate·v then adds
        return self.run(reference, absolute)

    def limits(self, kind):
        return 0.0 if kind == "integer" else tolerances.UPDATE


class Adam(Case):
    activations = ()
    exact = False
    settings = {"learning_rate": 0.25, "beta1": 0.875, "beta2": 0.96875, "epsilon": 1e-8}  # noqa: RUF012

    def __init__(self, size, step, **settings):
        super().__init__(size, step, settings or "")
        self.shape, self.step, self.settings = (size,), step, self.settings | settings

    def draw_operands(self, rng, kind):
        first = self.step == 1
        return {
            "parameters": draw(rng, kind, *self.shape),
            "gradients": cotangent(rng, kind, *self.shape),
            "first_moment": 0 * draw(rng, kind, *self.shape)
            if first
            else draw(rng, kind, *self.shape),
            "second_moment": (not first) * draw(rng, "positive", *self.shape),
        }

    def run(self, module, operands, **options):
        parameters, gradients, first, second = (value.copy() for value in operands.values())
        module.adam_update(
            parameters, gradients, first, second, step=self.step, **self.settings, **options
        )
        return {"parameters": parameters, "first_moment": first, "second_moment": second}

    def magnitudes(self, operands, expected):
        absolute = {name: np.abs(value) for name, value in operands.items()}
        absolute["parameters"] = -absolute["parameters"]
        return self.run(reference, absolute)

    def limits(self, kind):
        return tolerances.UPDATE
