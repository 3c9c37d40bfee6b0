"""Convolutions with groups of few channels in the case table (see operations.py)."""

from operations import Conv
from operations_transposed import ConvTranspose

GROUPED = [
    # samples, spatial, channels, filters, kernel
    Conv(2, (5,), 2, 2, (1,), groups=2),
    Conv(3, (9,), 3, 3, (3,), groups=3, padding="same", bias=False),
    Conv(17, (19,), 2, 4, (4,), groups=2, stride=3, padding=((2, 0),)),
    Conv(2, (40,), 3, 3, (3,), groups=3, dilation=5, padding=4),
    Conv(1, (1,), 3, 3, (2,), groups=3, padding=5),  # whole windows of padding
    Conv(1, (7, 8), 2, 2, (11, 12), groups=2, padding=(5, 6)),  # 132 taps: no longer one chain
    Conv(2, (300,), 2, 2, (128,), groups=2),  # 128 taps: one chain still
    Conv(2, (5, 37), 2, 2, (3, 3), groups=2, padding=1),
    Conv(33, (4, 5), 5, 5, (3, 3), groups=5, padding=1, relu=True),
    Conv(2, (7, 8), 4, 4, (3, 3), groups=4, stride=2, padding="same"),
    Conv(2, (8, 7), 3, 3, (2, 2), groups=3, stride=3),  # rows and columns never read
    Conv(2, (7, 9), 3, 9, (3, 3), groups=3, padding=1, stride=(1, 2)),  # filters of a channel: 3
    Conv(2, (5, 6), 3, 12, (2, 3), groups=3, relu=True),  # 4
    Conv(2, (5, 6), 13, 39, (3, 3), groups=13, padding=1),  # 3, and more than wait for a row's taps
    Conv(2, (3, 11), 70, 70, (3, 3), groups=70),  # one row of 3x3 windows; more than wait for them
    Conv(2, (4, 6), 25, 75, (3, 3), groups=25, relu=True),  # two rows; and 3 filters of a channel
    Conv(2, (2, 5, 6), 3, 3, (1, 3, 3), groups=3),
    Conv(2, (5, 6), 2, 10, (3, 3), groups=2, padding=1),  # 5
    Conv(2, (5, 6), 6, 6, (3, 3), groups=3, padding=((1, 0), (2, 1))),  # 2 of 2 channels
    Conv(2, (5, 6), 12, 8, (3, 2), groups=4, stride=(2, 1), padding=1),  # 2 of 3
    Conv(2, (5, 6), 30, 8, (2, 2), groups=2, dilation=2, padding=1),  # 4 of 15
    Conv(2, (5, 6), 32, 8, (2, 2), groups=2, padding=1),  # 4 of 16: sample-major gradients
    Conv(2, (5, 6), 30, 4, (3, 3), groups=2, padding=1),  # 135 terms
    Conv(2, (7, 7), 2, 2, (5, 5), groups=2, padding=2),  # 25 taps
    Conv(1, (150, 3), 2, 2, (2, 2), groups=2),  # 149 rows: more than a chain
    Conv(1, (16500, 1), 2, 2, (1, 1), groups=2),  # and than a chain of chains
    Conv(2, (4, 3, 5), 3, 3, (2, 2, 3), groups=3, padding=((1, 0), (0, 1), (1, 1))),
    Conv(17, (3, 4, 5), 2, 4, (3, 3, 3), groups=2, padding="same", stride=(1, 2, 1)),
    ConvTranspose(2, (4, 19), 3, 3, (3, 3), groups=3),
    ConvTranspose(2, (4, 5), 3, 9, (3, 3), groups=3, stride=2, padding=1, output_padding=1),
    ConvTranspose(2, (4, 5), 9, 3, (3, 2), groups=3, stride=(1, 3), relu=True),
    ConvTranspose(2, (4, 5), 6, 6, (2, 3), groups=3, dilation=2, padding=2),
    ConvTranspose(17, (150, 2), 2, 2, (2, 2), groups=2),
]

LARGE_GROUPED = [
    Conv(67, (14, 13), 24, 24, (3, 3), groups=24, padding=1),
    Conv(67, (14, 13), 12, 24, (3, 3), groups=12, padding=1, stride=2),
    Conv(5, (34, 31), 16, 16, (3, 3), groups=16, padding="same"),  # one pack: shared by rows
    Conv(83, (13, 12), 16, 8, (2, 2), groups=4, stride=2),
    Conv(1100, (20,), 8, 8, (3,), groups=8, padding=1),  # more packs than gradient slots
    ConvTranspose(67, (7, 9), 12, 12, (3, 3), groups=12, stride=2, padding=1),
]
