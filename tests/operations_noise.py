"""Noise in the case table (see operations.py)."""

import math

import numpy as np

import tolerances
from fastnn import reference
from operations import Case, cotangent, draw

KEY = {"seed": 2**40 + 3, "layer": 5, "step": 7}


class Noise(Case):
    """Dropout and its like; `strength` is a rate or a standard deviation."""

    def __init__(self, function, *shape, strength=0.5, first_row=0):
        super().__init__(function, shape, f"strength={strength}", f"first_row={first_row}")
        self.function, self.shape, self.strength = function, shape, strength
        self.first_row = first_row
        # 1 / (1 − rate) is a power of two
        self.exact = "gaussian" not in function and strength in (0, 0.5, 0.75)

    def draw_operands(self, rng, kind):
        return {"x": draw(rng, kind, *self.shape), "dy": cotangent(rng, kind, *self.shape)}

    def run(self, module, operands, **options):
        x, dy = operands.values()
        forward = getattr(module, f"{self.function}_forward")
        backward = getattr(module, f"{self.function}_backward")
        key = KEY | {"first_row": self.first_row} | options
        y = forward(x, self.strength, **key)
        if self.function == "gaussian_noise":
            return {"y": y, "dx": backward(dy, **options)}
        return {"y": y, "dx": backward(dy, self.strength, **key)}

    def run_part(self, module, operands, part, **options):
        whole = self.first_row
        try:
            self.first_row += part.start
            return super().run_part(module, operands, part, **options)
        finally:
            self.first_row = whole

    def magnitudes(self, operands, expected):
        if "gaussian" not in self.function:
            return expected
        stddev = self.strength
        if self.function == "gaussian_dropout":
            stddev = math.sqrt(stddev / (1 - stddev))
        key = KEY | {"first_row": self.first_row}
        noise = reference.gaussian_noise_forward(np.zeros(self.shape), stddev, **key)
        x, dy = (np.abs(value) for value in operands.values())
        if self.function == "gaussian_noise":
            return {"y": x + np.abs(noise), "dx": dy}
        return {"y": x * (1 + np.abs(noise)), "dx": dy * (1 + np.abs(noise))}

    def limits(self, kind):
        if self.exact:
            return 0.0
        if "gaussian" not in self.function:
            return tolerances.PRODUCT
        normal = tolerances.NORMAL_ULP + tolerances.PRODUCT
        return {"y": normal, "dx": 0.0 if self.function == "gaussian_noise" else normal}


NOISES = [
    *(
        Noise(function, *shape)
        for function in ("dropout", "gaussian_noise", "gaussian_dropout")
        for shape in [(1,), (17, 3), (16, 16), (3, 5, 2, 3), (33, 31), (2, 300)]
    ),
    *(
        Noise("spatial_dropout", *shape)
        for shape in [(1, 1), (17, 3), (3, 5, 2, 3), (19, 4, 33), (2, 3, 300), (2, 140, 1)]
    ),
    *(
        Noise(function, 19, 4, 5, strength=strength)
        for function in ("dropout", "spatial_dropout", "gaussian_noise", "gaussian_dropout")
        for strength in (0, 0.3, 0.75, 0.999)
    ),
    Noise("gaussian_noise", 17, 3, strength=1e6),
    *(
        Noise(function, 19, 2, 3, first_row=2**32 - 19)  # the last rows there are
        for function in ("dropout", "spatial_dropout", "gaussian_noise", "gaussian_dropout")
    ),
]

LARGE_NOISES = [
    Noise("dropout", 307, 331, strength=0.3),
    Noise("dropout", 3, 33100),  # fewer packs than threads
    Noise("spatial_dropout", 333, 20, 19),
    Noise("spatial_dropout", 333, 5, 150, strength=0.3),
    Noise("gaussian_noise", 77, 331),
    Noise("gaussian_dropout", 3, 9001),
]

SIZES = range(1, 34)  # more than two packs
EDGES = {
    "dropout, samples": [Noise("dropout", n, 3) for n in SIZES],
    "dropout, elements": [Noise("dropout", 3, n) for n in (*SIZES, 63, 65, 127, 128, 129)],
    "spatial dropout, samples": [Noise("spatial_dropout", n, 2, 3) for n in SIZES],
    "spatial dropout, channels": [Noise("spatial_dropout", 3, 2, n) for n in SIZES],
    "spatial dropout, positions": [Noise("spatial_dropout", 3, n, 2) for n in SIZES],
}
