"""Padding, cropping, enlarging and permuting in the case table (see operations.py): their rows too.

They copy, or add up a few neighbours: forward, all but linear enlargements are exact on any data.
"""

import numpy as np

import tolerances
from fastnn import functional, layers
from operations import Case, Conv, cotangent, draw
from tolerances import DOT

RANKS = {1: "1D", 2: "2D", 3: "3D"}


class Resampling(Case):
    """Operations of the spatial axes; `setting` is what the layer's constructor takes first."""

    rounds = False  # forward

    def __init__(self, samples, spatial, channels, setting, **options):
        super().__init__(samples, spatial, channels, setting, options or "")
        self.shape, self.setting, self.options = (samples, *spatial, channels), setting, options

    def draw_operands(self, rng, kind):
        (one,) = self.forward(functional, np.zeros((1, *self.shape[1:])))
        return {
            "x": draw(rng, kind, *self.shape),
            "dy": cotangent(rng, kind, self.shape[0], *one.shape[1:]),
        }

    def forward(self, module, x, **options):
        """y, as a tuple."""
        operation = getattr(module, f"{self.operation}_forward")
        return (operation(x, self.setting, **self.options, **options),)

    def backward(self, module, dy, shape, **options):
        operation = getattr(module, f"{self.operation}_backward")
        how = {name: value for name, value in self.options.items() if name != "value"}
        return operation(dy, shape, self.setting, **how, **options)

    def run(self, module, operands, **options):
        x, dy = operands.values()
        dx = self.backward(module, dy, self.shape, **options)
        return {"y": self.forward(module, x, **options)[0], "dx": dx}

    def layer(self):
        """The layer that makes this operation."""
        kind = getattr(layers, self.layer_name + RANKS[len(self.shape) - 2])
        return kind(self.setting, **self.options)

    def limits(self, kind):
        return {"y": 0.0, "dx": DOT[kind]}


class Pad(Resampling):
    operation = "pad"

    def layer(self):
        return layers.Pad(self.setting, **self.options)


class Crop(Resampling):
    operation, layer_name = "crop", "Crop"


class UpSample(Resampling):
    operation, layer_name = "up_sample", "UpSample"

    def __init__(self, *row, **options):
        super().__init__(*row, **options)
        scales = {self.setting} if isinstance(self.setting, int) else set(self.setting)
        self.rounds = self.options.get("mode") == "linear"
        # an odd scale has thirds or fifths as factors
        self.exact = not self.rounds or scales <= {1, 2, 4, 8}

    def limits(self, kind):
        sums = DOT[kind] + (0.0 if self.exact and kind == "integer" else tolerances.PRODUCT)
        return {"y": sums if self.rounds else 0.0, "dx": sums if self.rounds else DOT[kind]}


class Permute(Resampling):
    def __init__(self, samples, shape, axes):
        Case.__init__(self, samples, shape, axes)
        self.shape, self.setting, self.options = (samples, *shape), axes, {}

    def forward(self, module, x, **options):
        return (module.permute_forward(x, self.setting, **options),)

    def backward(self, module, dy, shape, **options):
        return module.permute_backward(dy, self.setting, **options)

    def layer(self):
        return layers.Permute(self.setting)

    def limits(self, kind):
        return 0.0


PAD_MODES = ("reflect", "edge", "circular")

PADS = [
    # samples, spatial, channels, padding
    Pad(2, (1,), 1, 0),
    Pad(17, (3,), 2, 2, value=-2.5),
    Pad(2, (2, 3), 1, 5, value=7.0),
    Pad(3, (4, 3, 2), 2, ((1, 0), (0, 2), (2, 1)), mode="zeros"),
    Pad(2, (5,), 3, ((0, 140),), mode="edge"),  # chains of more than 128 terms
    Pad(1, (1, 1), 1, (9, 8), mode="replicate"),  # two axes of them
    Pad(2, (1, 1), 2, 1, mode="circular"),
    *(
        Pad(samples, spatial, channels, padding, mode=mode)
        for mode in PAD_MODES
        for samples, spatial, channels, padding in [
            (3, (5,), 2, 4),  # as much as can be reflected
            (17, (4,), 1, ((3, 0),)),
            (2, (4, 5), 17, ((1, 2), (3, 0))),
            (33, (2, 2), 3, 1),
            (2, (3, 4, 5), 2, ((2, 1), (0, 3), (4, 4))),
        ]
    ),
]

CROPS = [
    Crop(2, (1,), 1, 0),
    Crop(17, (9,), 3, ((2, 5),)),
    Crop(3, (7, 6), 2, (1, 2)),
    Crop(33, (5, 4), 1, ((4, 0), (0, 3))),
    Crop(2, (4, 5, 3), 17, ((1, 2), (0, 1), (1, 1))),
]

UP_SAMPLES = [
    # samples, spatial, channels, scale
    UpSample(2, (1,), 1, 1, mode="linear"),
    UpSample(1, (1, 1), 1, (130, 2)),  # chains of more than 128 terms
    *(
        UpSample(samples, spatial, channels, scale, mode=mode)
        for mode in ("nearest", "linear")
        for samples, spatial, channels, scale in [
            (3, (5,), 2, 2),
            (17, (4,), 1, 3),
            (2, (1,), 3, 5),
            (33, (3, 2), 2, 2),
            (2, (2, 5), 17, (4, 1)),
            (2, (3, 4), 3, (3, 2)),
            (2, (2, 3, 2), 2, 2),
            (3, (2, 1, 3), 1, (1, 4, 3)),
            (1, (3,), 1, 70),  # 140 terms of a gradient
        ]
    ),
]

PERMUTES = [
    # samples, shape of one, axes
    Permute(5, (3,), (0,)),
    Permute(17, (4, 3), (1, 0)),
    Permute(33, (2, 3, 4), (2, 0, 1)),
    Permute(3, (2, 3, 4), (1, 0, 2)),
    Permute(3, (2, 3, 4), (0, 2, 1)),
    Permute(2, (5, 1, 3, 2), (-1, 1, 0, 2)),
    Permute(2, (2, 3, 2, 3, 2), (3, 4, 0, 1, 2)),
    Permute(1, (2, 1, 2, 3, 2, 1, 2, 2), (7, 5, 3, 1, 6, 4, 2, 0)),
]

CONV_PADDED = [
    # samples, spatial, channels, filters, kernel
    *(
        Conv(*row, padding_mode=mode, **settings)
        for mode in PAD_MODES
        for *row, settings in [
            (3, (7,), 2, 3, (3,), {"padding": "same"}),
            (17, (5,), 1, 2, (4,), {"padding": ((4, 1),), "stride": 2}),
            (2, (5, 6), 3, 4, (3, 3), {"padding": 1, "relu": True}),
            (2, (6, 5), 4, 6, (2, 3), {"padding": ((3, 0), (1, 4)), "groups": 2, "dilation": 2}),
            (2, (5, 6), 17, 3, (3, 2), {"padding": "same", "stride": (1, 2)}),
            (2, (3, 4, 3), 2, 3, (2, 3, 3), {"padding": ((0, 2), (3, 1), 1)}),
        ]
    ),
    Conv(2, (5, 4), 2, 3, (3, 3), padding="valid", padding_mode="reflect"),
    Conv(2, (2, 3), 2, 3, (5, 5), padding=7, padding_mode="replicate", bias=False),
]

RESAMPLINGS = PADS + CROPS + UP_SAMPLES + PERMUTES

LARGE_RESAMPLINGS = [
    Pad(83, (30, 29), 5, ((3, 2), (0, 4)), mode="reflect"),
    Pad(5, (90, 89), 7, 4, mode="circular"),  # one pack: rows are shared out
    Crop(163, (32, 31), 5, 3),
    UpSample(83, (15, 14), 5, 2),
    UpSample(83, (15, 14), 5, (2, 3), mode="linear"),
    UpSample(5, (45, 46), 7, 2, mode="linear"),
    Permute(163, (20, 21, 7), (2, 0, 1)),
    Permute(5, (70, 60, 9), (1, 2, 0)),
    Conv(50, (20, 19), 6, 6, (3, 3), padding="same", padding_mode="circular"),
]

SIZES = range(1, 34)
EDGES = {
    "pad, samples": [Pad(n, (3,), 2, 2, mode="reflect") for n in SIZES],
    "pad, channels": [Pad(2, (3, 2), n, 1, mode="edge") for n in SIZES],
    "pad, width": [Pad(2, (2, n), 2, (1, n), mode="circular") for n in SIZES],
    "crop, width": [Crop(2, (2, n + 1), 2, ((0, 1), (n // 2, n // 2))) for n in SIZES],
    "up-sample, samples": [UpSample(n, (3,), 2, 2, mode="linear") for n in SIZES],
    "up-sample, channels": [UpSample(2, (2, 3), n, 2, mode="linear") for n in SIZES],
    "up-sample, width": [UpSample(2, (2, n), 2, 2) for n in SIZES],
    "permute, samples": [Permute(n, (2, 3), (1, 0)) for n in SIZES],
    "permute, width": [Permute(2, (2, n, 3), (1, 0, 2)) for n in SIZES],
    "conv of padded, width": [
        Conv(2, (3, n), 2, 3, (3, 3), padding=1, padding_mode="circular") for n in SIZES
    ],
}
