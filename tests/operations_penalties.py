"""Penalties, clipping, noise and constraints in the case table (see operations.py)."""

import numpy as np

import tolerances
from fastnn import reference
from operations import Case, draw
from tolerances import DOT


class Penalty(Case):
    """The elastic net of weights."""

    activations = ()
    doubles = ("loss",)

    def __init__(self, *shape, **factors):
        super().__init__(shape, *(f"{name}={value}" for name, value in factors.items()))
        self.shape, self.factors = shape, factors

    def draw_operands(self, rng, kind):
        return {"weight": draw(rng, kind, *self.shape)}

    def run(self, module, operands, **options):
        how = self.factors | options
        penalty, gradient = module.l1_l2_penalty(operands["weight"], **how)
        return {"loss": np.array(penalty), "gradient": gradient}

    def magnitudes(self, operands, expected):
        l1, l2 = self.factors.get("l1", 0), self.factors.get("l2", 0)
        return expected | {"gradient": l1 + 2 * l2 * np.abs(operands["weight"])}

    def limits(self, kind):
        if kind == "integer":
            return 0.0
        # equal terms round alike
        loss = DOT["constant"] if kind == "constant" else tolerances.LOSS
        return {"loss": loss, "gradient": tolerances.PRODUCT}


class Change(Case):
    """What maps an array to one of its shape: `function`, with the numbers that it takes."""

    activations = ()

    def __init__(self, function, *shape, **settings):
        super().__init__(function, shape, *(f"{name}={v}" for name, v in settings.items()))
        self.function, self.shape, self.settings = function, shape, settings
        self.exact = function in ("clip_by_value", "constrain_max_abs", "constrain_non_negative")

    def draw_operands(self, rng, kind):
        return {"weight": draw(rng, kind, *self.shape)}

    def run(self, module, operands, **options):
        how = self.settings | options
        return {"result": getattr(module, self.function)(operands["weight"], **how)}

    def magnitudes(self, operands, expected):
        if self.function != "gradient_noise":
            return expected
        noise = reference.gradient_noise(0 * operands["weight"], **self.settings)
        return {"result": np.abs(operands["weight"]) + np.abs(noise)}

    def limits(self, kind):
        if self.exact:
            return 0.0  # picks numbers, and the limits are floats
        if self.function == "gradient_noise":
            return tolerances.NORMAL_ULP + tolerances.PRODUCT
        # a root halves the error of its sum of squares
        return tolerances.PRODUCT + DOT[kind] / 2


ROWS = [(1, 1), (5, 3), (17, 2, 3, 3), (3, 2048), (2, 2049), (2, 5000), (33, 31)]
PENALTIES = [
    *(
        Penalty(*shape, **factors)
        for shape in [(1,), (37, 5), (16, 128), (3, 3, 3, 77), (2049,), (4099, 2)]
        for factors in [{"l1": 0.25}, {"l2": 0.5}, {"l1": 0.25, "l2": 0.125}]
    ),
    Penalty(7, 3),
    *(
        Change("clip_by_value", *shape, limit=limit)
        for shape in [(1,), (37, 5), (2049,)]
        for limit in (0.5, 2)
    ),
    *(
        Change("clip_by_norm", *shape, limit=limit)
        for shape in [(1,), (37, 5), (2048,), (2049,), (4099, 2)]
        for limit in (1.5, 1000)
    ),
    *(
        Change("gradient_noise", *shape, spread=spread, seed=3, step=step)
        for shape, spread, step in [((1,), 0.5, 0), ((37, 5), 0.25, 2**32 - 1), ((1027,), 2.0, 7)]
    ),
    Change("gradient_noise", 5, spread=0.0, seed=2**64 - 1, step=0),
    *(Change("constrain_max_abs", *shape, limit=1.25) for shape in [(5,), (37, 5), (2, 3000)]),
    *(Change("constrain_non_negative", *shape) for shape in [(5,), (37, 5), (2, 3000)]),
    *(Change("constrain_max_norm", *shape, limit=2.5) for shape in [(5,), *ROWS]),
    *(Change("constrain_unit_norm", *shape) for shape in [(5,), *ROWS]),
]
LARGE_PENALTIES = [
    Penalty(307, 331, l1=0.25, l2=0.125),
    Change("clip_by_value", 307, 331, limit=0.5),
    Change("clip_by_norm", 307, 331, limit=0.5),
    Change("gradient_noise", 307, 331, spread=0.5, seed=3, step=1),
    Change("constrain_max_norm", 307, 331, limit=0.5),
    Change("constrain_unit_norm", 307, 331),
    Change("constrain_non_negative", 307, 331),
]
