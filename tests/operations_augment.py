"""Changes of images in the case table (see operations.py)."""

import numpy as np

import tolerances
from operations import Case, draw

KEY = {"seed": 2**40 + 3, "epoch": 7}


class Augment(Case):
    """Changes `(name, probability, *numbers)` of images of a shape (N, H, W, C)."""

    activations = ()  # images come as arrays

    def __init__(self, shape, *changes, exact=False, first=0, **settings):
        told = [" ".join(map(str, change)) for change in changes]
        super().__init__(shape, *told, settings or "", f"first={first}")
        self.shape, self.changes, self.settings, self.first = shape, changes, settings, first
        self.exact = exact  # whole pixels are moved

    def draw_operands(self, rng, kind):
        return {"x": draw(rng, kind, *self.shape)}

    def run(self, module, operands, **options):
        x, samples = operands["x"], np.arange(self.first, self.first + self.shape[0])
        how = KEY | self.settings | options
        return {"y": module.augment_images(x, list(self.changes), samples=samples, **how)}

    def run_part(self, module, operands, part, **options):
        first = self.first
        try:
            self.first += part.start
            return super().run_part(module, operands, part, **options)
        finally:
            self.first = first

    def magnitudes(self, operands, expected):
        """The largest number there may be on the way."""
        largest = max(np.abs(operands["x"]).max(initial=0), abs(self.settings.get("fill", 0)))
        for name, _, *numbers in self.changes:
            if name == "brightness":
                largest += max(map(abs, numbers))
            elif name == "contrast":  # y = x · factor + (1 − factor) · mean
                largest *= 1 + 2 * numbers[1]
            elif name == "noise":
                largest += 9 * numbers[0]
        return {"y": np.full(expected["y"].shape, largest)}

    def limits(self, kind):
        if self.exact:
            return 0.0
        # integers are float64 too, which shows roundings of places
        return tolerances.UPDATE + (kind == "integer") * tolerances.PLACE * sum(self.shape[1:3])


class Mix(Case):
    """Samples mixed with others."""

    activations = ()

    def __init__(self, *shape):
        super().__init__(shape)
        self.shape = shape

    def draw_operands(self, rng, kind):
        share = rng.integers(0, 9, self.shape[0]) / 8 if kind == "integer" else rng.random
        return {
            "x": draw(rng, kind, *self.shape),
            "other": draw(rng, kind, *self.shape),
            "share": share if kind == "integer" else share(self.shape[0]),
        }

    def run(self, module, operands, **options):
        # shares are float64 and shall not make the result so
        share = operands["share"].tolist()
        return {"y": module.mix_samples(operands["x"], operands["other"], share, **options)}

    def magnitudes(self, operands, expected):
        share = operands["share"].reshape(-1, *[1] * (len(self.shape) - 1))
        x, other = np.abs(operands["x"]), np.abs(operands["other"])
        return {"y": share * x + (1 - share) * other}

    def limits(self, kind):
        return tolerances.PRODUCT if kind != "integer" else 0.0


TURN, TILT = ("rotate", 1, -30, 30), ("shear", 0.75, -20, 20)
ZOOM, STRETCH = ("zoom", 1, 0.5, 2), ("stretch", 0.75, 0.5, 1.5)
MOVE, FLIP, CROP = ("translate", 1, 1.5, 2.25), ("flip", 1, 0.5, 0.5), ("crop", 1, 2, 1)
LIGHT, CONTRAST = ("brightness", 1, -1, 0.5), ("contrast", 0.75, 0.5, 1.5)
NOISE, HOLE = ("noise", 0.75, 0.25), ("cut_out", 0.75, 2, 3, 0.5)
MOVES = [(FLIP,), (CROP,), (HOLE,), (FLIP, CROP, HOLE)]
MAPS = [(TURN,), (TILT,), (ZOOM,), (STRETCH,), (MOVE,), (TURN, MOVE), (MOVE, TURN)]
MAPS += [(STRETCH, TURN, CROP, TILT, FLIP, ZOOM), (("rotate", 1, 180, 180),)]
COLOURS = [(LIGHT,), (CONTRAST,), (NOISE,), (NOISE, CONTRAST, LIGHT), (LIGHT, CONTRAST, NOISE)]
ALL = (NOISE, TURN, HOLE, CONTRAST, FLIP, LIGHT, ZOOM)
AUGMENTS = [
    *(
        Augment((5, 6, 7, 3), *changes, exact=True, **settings)
        for changes in MOVES
        for settings in ({}, {"fill": 0.5})
    ),
    *(
        Augment((5, 6, 7, 3), *changes, **settings)
        for changes in MAPS
        for settings in ({}, {"fill": 0.5})
    ),
    *(Augment((5, 4, 5, 2), *changes) for changes in COLOURS),
    *(
        Augment(shape, *ALL, **settings)
        for shape in [(2, 1, 1, 1), (3, 1, 7, 1), (3, 7, 1, 3), (17, 5, 5, 1), (3, 8, 3, 5)]
        for settings in ({}, {"fill": 0.5}, {"limits": (-0.5, 0.75)})
    ),
    Augment((3, 5, 4, 3), first=2),  # nothing
    Augment((3, 5, 4, 3), *ALL, first=2**32 - 3),  # the last samples there are
    Augment((3, 40, 33, 3), TURN, LIGHT),
    Mix(1, 1),
    Mix(17, 3),
    Mix(5, 4, 3, 2),
]
LARGE_AUGMENTS = [
    Augment((53, 32, 33, 3), *ALL),
    Augment((53, 32, 33, 3), CROP, FLIP, exact=True),
    Mix(307, 1331),
]
