"""Global, adaptive and Lp pools in the case table (see operations.py)."""

import math

import numpy as np

import tolerances
from fastnn import functional, reference
from operations import Case, cotangent, draw
from tolerances import DOT


class GlobalPool(Case):
    def __init__(self, *shape, keep_dims=False):
        super().__init__(shape, "keep_dims" if keep_dims else "")
        self.shape, self.settings = shape, {"keep_dims": keep_dims}

    def draw_operands(self, rng, kind):
        samples, *spatial, channels = self.shape
        axes = [1] * len(spatial) * self.settings["keep_dims"]
        return {
            "x": draw(rng, kind, *self.shape),
            "dy": cotangent(rng, kind, samples, *axes, channels),
        }


class GlobalMaxPool(GlobalPool):
    def forward(self, module, x, **options):
        return module.global_max_pool_forward(x, **self.settings, **options)

    def backward(self, module, dy, x, argmax):
        return module.global_max_pool_backward(dy, argmax, x.shape)

    def run(self, module, operands, **options):
        x, dy = operands.values()
        y, argmax = self.forward(module, x, **options)
        dx = module.global_max_pool_backward(dy, argmax, self.shape, **options)
        return {"y": y, "argmax": argmax, "dx": dx}

    def limits(self, kind):
        return 0.0


class GlobalAveragePool(GlobalPool):
    exact = False  # a mean is rounded

    def forward(self, module, x, **options):
        return (module.global_average_pool_forward(x, **self.settings, **options),)

    def backward(self, module, dy, x):
        return module.global_average_pool_backward(dy, x.shape)

    def run(self, module, operands, **options):
        x, dy = operands.values()
        return {
            "y": self.forward(module, x, **options)[0],
            "dx": module.global_average_pool_backward(dy, self.shape, **options),
        }

    def limits(self, kind):
        return DOT[kind] + tolerances.PRODUCT


class AdaptiveAveragePool(Case):
    exact = False

    def __init__(self, samples, spatial, channels, output_size):
        super().__init__(samples, spatial, channels, "to", output_size)
        self.shape, self.output_size = (samples, *spatial, channels), output_size
        sizes = (output_size,) * len(spatial) if isinstance(output_size, int) else output_size
        self.output_shape = (*sizes, channels)

    def draw_operands(self, rng, kind):
        return {
            "x": draw(rng, kind, *self.shape),
            "dy": cotangent(rng, kind, self.shape[0], *self.output_shape),
        }

    def forward(self, module, x, **options):
        return (module.adaptive_average_pool_forward(x, self.output_size, **options),)

    def backward(self, module, dy, x):
        return module.adaptive_average_pool_backward(dy, x.shape)

    def run(self, module, operands, **options):
        x, dy = operands.values()
        return {
            "y": self.forward(module, x, **options)[0],
            "dx": module.adaptive_average_pool_backward(dy, self.shape, **options),
        }

    def limits(self, kind):
        return DOT[kind] + tolerances.PRODUCT


class LpPool(Case):
    """Norms; `y`, which the way back starts from, is an operand."""

    activations = ("x", "dy", "y")

    def __init__(self, samples, spatial, channels, size, **settings):
        super().__init__(samples, spatial, channels, size, settings)
        self.shape, self.size, self.settings = (samples, *spatial, channels), size, settings
        self.p = settings.get("p", 2)
        self.exact = self.p == 1

    def draw_operands(self, rng, kind):
        x = draw(rng, kind, *self.shape)
        y = self.forward(functional, x)[0].astype(np.float32).astype(np.float64)
        return {"x": x, "dy": cotangent(rng, kind, *y.shape), "y": y}

    def forward(self, module, x, **options):
        y = module.lp_pool_forward(x, self.size, **self.settings, **options)
        return y, y

    def backward(self, module, dy, x, y):
        return module.lp_pool_backward(dy, x, y, self.size, **self.settings)

    def run(self, module, operands, **options):
        x, dy, y = operands.values()
        how = self.settings | options
        return {
            "y": self.forward(module, x, **options)[0],
            "dx": module.lp_pool_backward(dy, x, y, self.size, **how),
        }

    def magnitudes(self, operands, expected):
        # Σ |dy| over the windows of an input: no |x| / y is above 1, but for the rounding of y
        ones = {name: np.ones_like(operands[name]) for name in ("x", "y")}
        how = self.settings | {"p": 1}
        dy = np.abs(operands["dy"])
        return expected | {"dx": reference.lp_pool_backward(dy, *ones.values(), self.size, **how)}

    def limits(self, kind):
        """Half an eps a rounding: those of powers, p times those of their base, and of the root."""
        sums = DOT[kind]
        if self.p == 1:
            return {"y": sums, "dx": sums}
        if self.p == 2:
            return {"y": sums + tolerances.PRODUCT, "dx": sums + tolerances.PRODUCT}
        # an error of a logarithm is one of its exponential: of the sum's, at most log size
        root = math.log(math.prod(np.broadcast_to(self.size, len(self.shape) - 2))) / self.p
        exponential = tolerances.EXPONENTIAL_ULP + tolerances.PRODUCT
        return {
            "y": sums + 2 * exponential + tolerances.LOGARITHM_ULP * root,
            "dx": sums + exponential + self.p,
        }


GLOBAL_POOLS = [
    kind(*shape, **how)
    for kind in (GlobalMaxPool, GlobalAveragePool)
    for shape, how in [
        ((1, 1, 1), {}),
        ((3, 7, 2), {}),
        ((17, 16, 1), {"keep_dims": True}),
        ((2, 6, 8, 3), {}),
        ((33, 3, 5, 17), {}),
        ((16, 4, 4, 16), {"keep_dims": True}),
        ((2, 17, 16, 5), {}),  # of more taps than a byte tells
        ((1, 130, 131, 1), {}),  # of 17,030: more than 128 chains
        ((2, 4, 5, 6, 2), {}),
        ((2, 2, 3, 2, 4), {"keep_dims": True}),
    ]
]

ADAPTIVE_POOLS = [
    # samples, spatial, channels, output
    AdaptiveAveragePool(3, (7,), 2, 7),
    AdaptiveAveragePool(17, (7,), 1, 3),  # windows overlap
    AdaptiveAveragePool(2, (12,), 5, 4),
    AdaptiveAveragePool(2, (3,), 2, 7),  # more windows than pixels
    AdaptiveAveragePool(2, (1,), 2, 5),
    AdaptiveAveragePool(2, (6, 8), 3, 1),
    AdaptiveAveragePool(33, (7, 9), 2, (3, 4)),
    AdaptiveAveragePool(2, (5, 4), 17, (2, 9)),
    AdaptiveAveragePool(2, (10, 10), 1, 7),
    AdaptiveAveragePool(1, (130, 131), 1, 1),
    AdaptiveAveragePool(1, (1, 2), 1, (130, 131)),
    AdaptiveAveragePool(2, (4, 5, 6), 2, (3, 2, 4)),
    AdaptiveAveragePool(2, (2, 7, 3), 3, (5, 1, 2)),
]

LP_POOLS = [
    LpPool(samples, spatial, channels, size, p=p, **how)
    for p in (1, 2, 1.25, 3, 8.5)
    for samples, spatial, channels, size, how in [
        (3, (7,), 2, 2, {}),
        (17, (9,), 1, 3, {"stride": 2, "padding": 1}),
        (2, (6, 8), 3, 2, {}),
        (2, (8, 9), 3, 2, {"stride": 3}),  # windows with gaps between them
        (2, (7, 7), 17, 3, {"stride": 2, "padding": ((2, 1), (0, 2)), "ceil_mode": True}),
        (33, (3, 3), 2, (3, 3), {"padding": "same", "stride": 1}),
        (2, (18, 17), 2, (17, 16), {"stride": (2, 1), "padding": (8, 3)}),
        (2, (5, 4, 5), 2, (2, 3, 2), {"stride": (2, 1, 3), "padding": (1, 1, 0)}),
    ]
] + [
    LpPool(1, (130, 131), 1, (130, 131), p=2),  # of 17,030: more than 128 chains
    LpPool(1, (130, 131), 1, (130, 131), p=2.5),
]
MORE_POOLS = GLOBAL_POOLS + ADAPTIVE_POOLS + LP_POOLS

LARGE_POOLS = [
    GlobalMaxPool(163, 32, 31, 5),
    GlobalAveragePool(163, 32, 31, 5),
    AdaptiveAveragePool(163, (32, 31), 5, (7, 9)),
    LpPool(163, (32, 31), 5, 3, stride=2, padding=1),
    LpPool(163, (16, 15), 5, 3, p=3, stride=2),
]
