"""Optimizer updates as cases, see operations.py."""

import numpy as np

import tolerances
from fastnn import reference
from operations import Case, cotangent, draw

STATE = {
    # in the operation's order; those in OPTIONAL are given where a case names them
    "sgd": ("velocity",),
    "rmsprop": ("squares", "velocity", "means"),
    "adagrad": ("squares",),
    "adadelta": ("squares", "changes"),
    "adam": ("first_moment", "second_moment", "largest"),
    "adamw": ("first_moment", "second_moment", "largest"),
    "lion": ("moment",),
}
OPTIONAL = ("velocity", "means", "largest")
POSITIVE = ("squares", "changes", "second_moment", "largest")  # means of squares
NUMBERS = {"learning_rate": 0.25, "epsilon": 2.0**-20, "alpha": 0.875, "rho": 0.875}
NUMBERS |= {"beta1": 0.875, "beta2": 0.96875, "step": 3}
TAKES = {
    "sgd": ("learning_rate",),
    "rmsprop": ("learning_rate", "alpha", "epsilon"),
    "adagrad": ("learning_rate", "epsilon", "step"),
    "adadelta": ("learning_rate", "rho", "epsilon"),
    "adam": ("learning_rate", "beta1", "beta2", "epsilon", "step"),
    "adamw": ("learning_rate", "beta1", "beta2", "epsilon", "step"),
    "lion": ("learning_rate", "beta1", "beta2"),
}


class Update(Case):
    """A step of the rule, with those of the optional vectors that are named."""

    activations = ()
    exact = False

    def __init__(self, rule, size, *given, **settings):
        super().__init__(rule, size, *given, settings or "")
        self.rule, self.shape, self.given = rule, (size,), given
        self.settings = {name: NUMBERS[name] for name in TAKES[rule]} | settings
        self.state = STATE[rule]

    def draw_operands(self, rng, kind):
        drawn = {
            name: draw(rng, "positive" if name in POSITIVE else kind, *self.shape)
            for name in ("parameters", *self.state)
            if name not in OPTIONAL or name in self.given
        }
        if "means" in drawn:  # whose squares are no more than the mean of squares
            drawn["squares"] += np.ceil(4 * drawn["means"] ** 2)
        drawn["gradients"] = cotangent(rng, kind, *self.shape)
        return {name: drawn.get(name) for name in ("parameters", "gradients", *self.state)}

    def run(self, module, operands, **options):
        copies = [None if value is None else value.copy() for value in operands.values()]
        getattr(module, f"{self.rule}_update")(*copies, **self.settings, **options)
        results = dict(zip(operands, copies, strict=True))
        del results["gradients"]
        return {name: value for name, value in results.items() if value is not None}

    def magnitudes(self, operands, expected):
        """Of all that is added, with one sign; quotients by the divisors that there are.

        A divisor's error, relative to it, is as many times as large as these make its square.
        """
        absolute = {name: None if v is None else np.abs(v) for name, v in operands.items()}
        found = self.run(reference, absolute)
        p = absolute["parameters"]
        rate, epsilon = self.settings["learning_rate"], self.settings.get("epsilon")
        g = absolute["gradients"] + self.settings.get("weight_decay", 0.0) * p
        if self.rule in ("sgd", "lion"):
            return found | {"parameters": 2 * p - found["parameters"]}
        if self.rule in ("adam", "adamw"):
            moment = "largest" if "largest" in expected else "second_moment"
            beta1, beta2, step = (self.settings[name] for name in ("beta1", "beta2", "step"))
            root = np.sqrt(expected[moment] / (1 - beta2**step)) + epsilon
            change = found["first_moment"] / (1 - beta1**step) / root
            change *= found["second_moment"] / expected["second_moment"]
            return found | {"parameters": p + rate * change}
        spread = expected["squares"]
        if "means" in expected:
            spread = spread - expected["means"] ** 2
        worse = found["squares"] / spread
        if self.rule == "adadelta":
            root = np.sqrt(operands["changes"] + epsilon) / np.sqrt(spread + epsilon)
            change = g * root * worse
            found["changes"] = found["changes"] + change * change
        else:
            change = g / (np.sqrt(spread) + epsilon) * worse
        if "velocity" in expected:
            change = found["velocity"] = (
                self.settings.get("momentum", 0.0) * absolute["velocity"] + change
            )
        return found | {"parameters": p + rate * change}

    def limits(self, kind):
        if kind == "integer" and self.rule in ("sgd", "lion"):
            return 0.0
        names = ("parameters", *self.state)
        return dict.fromkeys(names, tolerances.ADAPTIVE) | {"changes": 2 * tolerances.ADAPTIVE}


UPDATES = [
    Update("sgd", 37, weight_decay=0.125),
    Update("sgd", 37, "velocity", momentum=0.5, dampening=0.25),
    Update("sgd", 37, "velocity", momentum=0.5, dampening=0.25, step=1),
    Update("sgd", 17, "velocity", momentum=0.5, dampening=1, step=2, weight_decay=0.5),
    Update("sgd", 33, "velocity", momentum=0.5, nesterov=True, weight_decay=0.125),
    *(
        Update("rmsprop", size, *given, **how, **decay)
        for size, decay in [(37, {}), (17, {"weight_decay": 0.0625})]
        for given, how in [
            ((), {}),
            (("velocity",), {"momentum": 0.5}),
            (("means",), {}),
            (("velocity", "means"), {"momentum": 0.5}),
        ]
    ),
    Update("rmsprop", 5, "velocity", alpha=0),  # a velocity that has no momentum
    Update("adagrad", 37),
    Update("adagrad", 1, step=1, epsilon=1e-10),
    Update("adagrad", 33, step=1000, rate_decay=0.5, weight_decay=0.0625),
    Update("adadelta", 37),
    Update("adadelta", 17, rho=0.0, weight_decay=0.0625),
    Update("adam", 37, weight_decay=0.0625),
    Update("adam", 37, "largest"),
    Update("adam", 17, "largest", step=1, weight_decay=0.0625),
    Update("adamw", 37),
    Update("adamw", 1, weight_decay=0.0),
    Update("adamw", 33, "largest", weight_decay=0.5),
    Update("lion", 37),
    Update("lion", 15, weight_decay=0.5),
    Update("lion", 16, beta1=0.0),
]
LARGE_UPDATES = [
    Update("sgd", 100_003, "velocity", momentum=0.5, dampening=0.25, weight_decay=0.125),
    Update("rmsprop", 100_003, "velocity", "means", momentum=0.5),
    Update("adagrad", 100_003, weight_decay=0.0625),
    Update("adadelta", 100_003),
    Update("adam", 100_003, "largest", weight_decay=0.0625),
    Update("adamw", 100_003),
    Update("lion", 100_003, weight_decay=0.5),
]
