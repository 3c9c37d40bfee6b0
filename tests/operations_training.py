"""Losses and optimizer updates as cases, see operations.py."""

import numpy as np

import tolerances
from fastnn import reference
from operations import Case, cotangent, draw
from tolerances import DOT

CLASS_WEIGHT = (0.5, 2.0, 0.0, 1.0, 3.0)
IGNORED = -100
WEIGHED = {"class_weight": CLASS_WEIGHT, "ignore_label": IGNORED}
SEES_LOGITS = (
    "cross_entropy", "binary_cross_entropy", "focal", "binary_focal", "kl_divergence",
)  # fmt: skip
OF_SOFTMAX = ("cross_entropy", "focal", "kl_divergence")


class Loss(Case):
    """A loss and its gradient.

    `form` of the target: labels, of which some are `ignored`; one_hot, rows; numbers, counts,
    signs or bits.
    """

    def __init__(self, function, shape, form, weighted=False, **settings):
        told = ["weighted"] * weighted + [f"{name}={value}" for name, value in settings.items()]
        super().__init__(function, shape, form, *(told or [""]))
        self.function, self.shape, self.form = function, shape, form
        self.weighted, self.settings = weighted, settings
        self.first = "logits" if function in SEES_LOGITS else "y"
        self.labels = form in ("labels", "ignored")
        self.activations = (self.first,) if self.labels else (self.first, "target")
        self.exact = False
        self.doubles = () if function in OF_SOFTMAX else ("loss",)

    def draw_operands(self, rng, kind):
        samples, *_, classes = self.shape
        labels = rng.integers(0, classes, self.shape[:-1])
        targets = {
            "labels": labels,
            "one_hot": np.eye(classes)[labels],
            "rows": np.abs(draw(rng, kind, *self.shape)),
            "numbers": cotangent(rng, kind, *self.shape),
        }
        if self.function in ("binary_cross_entropy", "binary_focal"):
            targets["numbers"] = draw(rng, "positive", *self.shape)
        weight = rng.integers(0, 4, samples).astype(np.float64)
        weight[:1] = 2  # never all 0
        targets |= {
            "ignored": np.where(rng.random(labels.shape) < 0.3, IGNORED, labels),
            "counts": rng.integers(0, 4, self.shape).astype(np.float64),
            "signs": rng.choice([-1.0, 1.0], self.shape),
            "bits": rng.integers(0, 2, self.shape).astype(np.float64),
        }
        values = draw(rng, kind, *self.shape)
        if not self.settings.get("log_input", True):
            values = (np.abs(values) + 1).astype(np.float32).astype(np.float64)
        return {
            self.first: values,
            "target": targets[self.form],
            "sample_weight": weight if self.weighted else None,
        }

    def run(self, module, operands, **options):
        values, target, weight = operands.values()
        function = getattr(module, self.function)
        how = self.settings | options
        loss, gradient = function(values, target, sample_weight=weight, **how)
        return {"loss": np.array(loss), "gradient": gradient}

    def shares(self, operands):
        """What every position counts, of the shape (N, *spatial, 1)."""
        values, target, weight = operands.values()
        weight = np.ones(len(values)) if weight is None else weight
        weight = weight.reshape(-1, *[1] * (values.ndim - 1)) * np.ones((*values.shape[:-1], 1))
        if self.labels:
            factors = np.array(self.settings.get("class_weight", np.ones(values.shape[-1])))
            counted = target != self.settings.get("ignore_label", values.shape[-1])
            weight *= (factors[np.where(counted, target, 0)] * counted)[..., None]
        if self.settings.get("reduction") == "sum":
            return weight
        of_elements = self.function not in (*OF_SOFTMAX, "multiclass_hinge")
        total = weight.reshape(len(values), -1)[:, 0] if of_elements else weight
        return weight / max(total.sum(), 1e-300)

    def magnitudes(self, operands, expected):
        values, target, _ = operands.values()
        share = self.shares(operands)
        if self.function in OF_SOFTMAX:
            return self.softmax_magnitudes(values, target, share, expected)
        if self.function == "binary_cross_entropy":
            y = reference.sigmoid_forward(values)
            loss = np.sum(share * (1 + np.abs(values) * (1 + target)))
            return {"loss": loss, "gradient": share * (y + target)}
        if self.function == "poisson":
            y, t = np.abs(values), np.abs(target)
            if self.settings.get("log_input", True):
                loss, gradient = np.exp(y) + t * y, np.exp(values) + t
            else:
                loss, gradient = y + t * (1 + np.log(y)), 1 + t / y
            return {"loss": np.sum(share * loss), "gradient": share * gradient}
        if self.function == "binary_focal":
            gamma = self.settings.get("gamma", 2.0)
            y = reference.sigmoid_forward(values)
            costs = target * (1 + np.abs(values)) + (1 - target) * (1 + np.abs(values))
            factor = (1 + gamma) ** 2 * share * costs
            return {"loss": np.sum(factor), "gradient": factor * np.maximum(y, 1 - y)}
        if self.function == "multiclass_hinge":
            own = np.abs(values).max(axis=-1, keepdims=True)
            loss = np.sum(share * (self.settings.get("margin", 1.0) + 2 * own))
            return {"loss": loss, "gradient": expected["gradient"]}
        if self.function in ("hinge", "perceptron"):
            return expected | {"loss": np.sum(share * (1 + np.abs(values)))}
        return expected

    def softmax_magnitudes(self, values, target, share, expected):
        """Of a loss Σ cost(t, log y), whose gradient is y Σ p − p with the pulls p of the classes.

        Errors of log y are those of y, relative to it; they are multiplied by the slopes of costs
        and pulls. With q = 1 − y and u = −log y, focal costs t q^γ u have slopes of at most
        t (q^γ + γ y q^(γ − 1) u), their pulls p of at most
        t γ y q^(γ − 1) (3 + u + |γ − 1| y u / q).
        """
        classes, smoothing = values.shape[-1], self.settings.get("label_smoothing", 0.0)
        if self.labels:
            target = np.eye(classes)[np.where(target == IGNORED, 0, target)]
        total = target.sum(axis=-1, keepdims=True)
        target = (1 - smoothing) * target + smoothing * total / classes
        y = reference.softmax_forward(values)
        errors = tolerances.softmax_errors(values, y)
        gamma = self.settings.get("gamma", 2.0) if self.function == "focal" else 0.0
        u = -np.log(np.maximum(y, 1e-300))
        q = np.maximum(-np.expm1(-u), 1e-300)
        cost = target * (q**gamma + gamma * y * q ** (gamma - 1) * u)
        slope = target * gamma * y * q ** (gamma - 1) * (3 + u + abs(gamma - 1) * y * u / q)
        pull = cost + slope
        loss = expected["loss"] + (
            np.sum(share * target * np.abs(np.log(np.where(target == 0, 1, target))))
            if self.function == "kl_divergence"
            else 0.0
        )
        pulls, moved = (np.sum(v, axis=-1, keepdims=True) for v in (pull, slope * errors))
        gradient = (y * pulls + pull) * (errors + tolerances.PRODUCT)
        gradient += y * moved + slope * errors
        return {
            "loss": tolerances.LOSS * 2 * abs(loss) + np.sum(share * cost * errors),
            "gradient": share * gradient,
        }

    def limits(self, kind):
        if self.function in OF_SOFTMAX:
            return 1.0
        if self.function in ("binary_cross_entropy", "poisson"):
            gradient = tolerances.EXPONENTIAL_ULP + tolerances.PRODUCT
            return {"loss": tolerances.LOSS, "gradient": gradient}
        # equal terms round alike, in the reference's sums too
        loss = DOT["constant"] if kind == "constant" else tolerances.LOSS
        return {"loss": loss, "gradient": tolerances.PRODUCT}


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
