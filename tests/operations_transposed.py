"""Transposed convolutions in the case table (see operations.py)."""

from operations import Conv


class ConvTranspose(Conv):
    """A transposed convolution: rows read like those of `Conv`."""

    operation = "conv_transpose"


TRANSPOSED = [
    # samples, spatial, channels, filters, kernel
    ConvTranspose(2, (1,), 1, 1, (1,)),
    ConvTranspose(3, (5,), 2, 3, (3,), bias=False),
    ConvTranspose(2, (5,), 3, 2, (2,), stride=3),  # outputs that no input reaches
    ConvTranspose(2, (4,), 2, 3, (4,), stride=2, padding=((3, 1),), relu=True),
    ConvTranspose(17, (5,), 2, 3, (3,), dilation=3, padding=2, output_padding=2),
    ConvTranspose(2, (3,), 1, 2, (2,), dilation=4, stride=2, output_padding=3),
    ConvTranspose(2, (6,), 4, 6, (3,), groups=2, stride=3, output_padding=1),
    ConvTranspose(2, (7,), 2, 2, (5,), padding="same", stride=2),
    ConvTranspose(2, (4,), 2, 2, (2,), padding="same", stride=3),
    ConvTranspose(2, (3,), 1, 1, (6,), padding=3),  # padding beyond the windows' middle
    ConvTranspose(1, (41,), 420, 2, (40,)),  # 16,800 terms: forward
    ConvTranspose(1, (1,), 2, 420, (40,)),  # input gradient
    ConvTranspose(17, (1030,), 1, 2, (1,)),  # weight gradient
    ConvTranspose(17, (1030,), 1, 16, (1,)),
    ConvTranspose(2, (5, 6), 3, 4, (3, 2)),
    ConvTranspose(19, (3, 4), 3, 7, (3, 2), relu=True, padding="same", stride=(1, 2)),
    ConvTranspose(33, (2, 3), 2, 1, (3, 3), stride=2, padding=1, output_padding=1),
    ConvTranspose(2, (3, 4), 3, 2, (3, 2), stride=(2, 3), padding=(1, 0), output_padding=(0, 2)),
    ConvTranspose(2, (5, 4), 2, 5, (3, 3), dilation=(1, 2), padding=((1, 2), (0, 3)), stride=2),
    ConvTranspose(2, (4, 5), 6, 9, (2, 3), groups=3, dilation=2, padding=2, stride=2),
    ConvTranspose(2, (4, 5), 5, 5, (3, 3), groups=5, stride=2, padding=1),  # depthwise
    ConvTranspose(2, (4, 3), 3, 9, (2, 2), groups=3),
    # 16 or more filters a group: the weight gradient goes another way
    ConvTranspose(2, (4, 3), 3, 15, (3, 3), padding=1),
    ConvTranspose(2, (4, 3), 2, 16, (3, 3), stride=2),
    ConvTranspose(3, (4, 5), 7, 33, (3, 2), stride=(2, 1), padding=((2, 0), (0, 1))),
    ConvTranspose(2, (3, 4), 4, 34, (2, 2), groups=2, dilation=(2, 3), stride=(1, 2)),
    ConvTranspose(2, (3, 4), 17, 18, (3, 3), padding=1),
    ConvTranspose(2, (2, 3, 2), 2, 3, (2, 1, 3), stride=(3, 2, 2)),
    ConvTranspose(2, (3, 2, 3), 2, 4, (2, 3, 2), stride=(1, 2, 1), padding=(1, 0, 1), groups=2),
    ConvTranspose(17, (2, 3, 2), 3, 3, (3, 3, 3), groups=3, padding="same", stride=2),
    ConvTranspose(2, (2, 3, 3), 2, 17, (2, 3, 2), padding=((1, 0), (0, 2), (1, 1)), stride=2),
]

LARGE_TRANSPOSED = [
    ConvTranspose(51, (9, 10), 2, 6, (5, 5)),
    ConvTranspose(5, (15, 16), 3, 7, (4, 4), padding=1, stride=2),  # one pack: shared by rows
    ConvTranspose(83, (6, 7), 13, 17, (3, 3), padding=1, stride=2, output_padding=1),
    ConvTranspose(50, (13, 12), 6, 34, (2, 2), groups=2, stride=2),
    ConvTranspose(1100, (20,), 4, 6, (3,)),  # more packs than gradient slots
]
