"""Locally connected layers in the case table (see operations.py)."""

from fastnn import geometry
from operations import Case, cotangent, draw


class LocalConv(Case):
    def __init__(
        self, samples, spatial, channels, filters, kernel, bias=True, relu=False, **settings
    ):
        told = [f"{name}={value}" for name, value in settings.items()] + ["between ReLUs"] * relu
        super().__init__(samples, spatial, f"{channels}-{filters}", kernel, *told)
        self.shape, self.kernel = (samples, *spatial, channels), kernel
        output = geometry.window("", spatial, kernel, **settings).output
        self.weight_shape = (*output, filters, *kernel, channels)
        self.output_shape = (*output, filters)
        self.settings, self.bias, self.relu = settings, bias, relu

    def draw_operands(self, rng, kind):
        return {
            "x": draw(rng, kind, *self.shape),
            "weight": draw(rng, kind, *self.weight_shape),
            "bias": draw(rng, kind, *self.output_shape) if self.bias else None,
            "dy": cotangent(rng, kind, self.shape[0], *self.output_shape),
        }

    def run(self, module, operands, **options):
        x, weight, bias, dy = operands.values()
        how = self.settings | options
        dweight, dbias = module.local_conv_backward_weights(x, dy, self.kernel, **how)
        activation, relu_output = ("relu", x) if self.relu else (None, None)
        return {
            "y": module.local_conv_forward(x, weight, bias, activation=activation, **how),
            "dx": module.local_conv_backward_input(
                dy, weight, self.shape, relu_output=relu_output, **how
            ),
            "dweight": dweight,
            "dbias": dbias,
        }


LOCAL = [
    # samples, spatial, channels, filters, kernel
    LocalConv(1, (1,), 1, 1, (1,)),
    LocalConv(2, (5,), 1, 1, (5,), bias=False),
    LocalConv(3, (7,), 3, 2, (3,), stride=2),
    LocalConv(2, (11,), 2, 3, (2,), stride=3),  # some inputs are never read
    LocalConv(2, (9,), 2, 3, (4,), dilation=2, stride=4, padding=((3, 1),)),
    LocalConv(17, (8,), 4, 6, (3,), padding=((2, 0),)),
    LocalConv(1, (1,), 1, 1, (2,), padding=5),  # whole windows of padding
    LocalConv(2, (3,), 2, 33, (2,)),
    LocalConv(16, (3,), 16, 16, (2,)),
    LocalConv(2, (4,), 33, 17, (3,), padding=1),
    LocalConv(33, (4,), 15, 3, (2,)),
    LocalConv(150, (2,), 1, 2, (1,)),  # chains of more than 128 terms: weight gradient
    LocalConv(1, (3,), 70, 2, (2,)),  # forward
    LocalConv(1, (3,), 1, 70, (2,)),  # input gradient
    LocalConv(1, (2,), 8400, 1, (2,), padding=1),  # and more than 128 chains
    LocalConv(1, (2,), 1, 8400, (2,), padding=1),
    LocalConv(16600, (1,), 1, 1, (1,)),
    LocalConv(3, (5, 6), 1, 6, (3, 3)),
    LocalConv(19, (5, 6), 3, 7, (3, 2), relu=True, padding="same", stride=(1, 2)),
    LocalConv(2, (7, 8), 2, 2, (3, 3), dilation=(1, 2), padding=((1, 2), (0, 3))),
    LocalConv(2, (4, 5), 5, 3, (1, 1), stride=2, padding=1),
    LocalConv(3, (4, 4), 17, 5, (3, 3), padding=1),
    LocalConv(2, (3, 3), 2, 2, (2, 2), padding=3, stride=2),
    LocalConv(2, (4, 3, 4), 2, 3, (2, 2, 3), padding=(1, 0, 1), stride=(2, 1, 1)),
]
LARGE_LOCAL = [
    LocalConv(51, (9, 10), 2, 6, (5, 5)),
    LocalConv(5, (20, 21), 3, 7, (3, 3), padding="same", stride=2),
    LocalConv(83, (6, 7), 17, 13, (3, 3), padding=1),
    LocalConv(1100, (3,), 4, 16, (2,)),  # fewer positions than threads
]
SPECIAL_LOCAL = [
    LocalConv(5, (6, 5), 2, 3, (3, 2), stride=(2, 1)),
    LocalConv(5, (4, 4), 17, 3, (2, 3)),
]
PADDED_LOCAL = [
    LocalConv(5, (3, 3), 1, 1, (3, 3), padding=1),
    LocalConv(5, (6, 5), 2, 3, (3, 2), stride=(2, 1), padding=1),
]
