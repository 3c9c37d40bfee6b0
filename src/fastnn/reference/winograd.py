"""Winograd's algorithm F(2x2, 3x3) for the sums of a convolution, from its equations.

Two by two outputs `Y` of a kernel `g` come from the four by four inputs `d` around them:

    Y = A' [sum over channels of (G g G') * (B' d B)] A

where `'` transposes and `*` multiplies place by place (S. Winograd, Arithmetic complexity of
computations, 1980; A. Lavin and S. Gray, Fast algorithms for convolutional neural networks, 2016).
"""

from ._arrays import zeros

B_TRANSPOSED = [
    [1, 0, -1, 0],
    [0, 1, 1, 0],
    [0, -1, 1, 0],
    [0, 1, 0, -1],
]
G = [
    [1, 0, 0],
    [0.5, 0.5, 0.5],
    [0.5, -0.5, 0.5],
    [0, 0, 1],
]
A_TRANSPOSED = [
    [1, 1, 1, 0],
    [0, 1, -1, -1],
]
LEAST_CHANNELS = 32


def goes_by_winograd(operation, algorithm, windows, groups, channels, outputs):
    """Whether the algorithm asked for is Winograd's; raise where it is not made for it."""
    if algorithm == "direct":
        return False
    if algorithm != "winograd":
        raise ValueError(
            f'{operation}: expected algorithm "direct" or "winograd", got {algorithm!r}'
        )
    settings = (windows.sizes, windows.strides, windows.dilations, groups)
    if settings != ((3, 3), (1, 1), (1, 1), 1) or min(channels, outputs) < LEAST_CHANNELS:
        raise ValueError(
            f'{operation}: expected, for algorithm "winograd", a 3x3 kernel, stride 1, dilation 1, '
            f"groups=1 and at least {LEAST_CHANNELS} channels and filters, got kernel "
            f"{windows.sizes}, stride {windows.strides}, dilation {windows.dilations}, "
            f"groups={groups}, {channels} channels and {outputs} filters"
        )
    return True


def winograd_sums(x, weight, before, sizes):
    """Every filter's sums over windows and channels, without bias: `y[n][row][column][f]`.

    `x[n][row][column][c]` and `weight[f][k][l][c]` are nested lists, `before` the rows and columns
    of zeros in front of x, and `sizes` those of y.
    """
    kernels = [
        [_transformed(G, _channel(kernel, c)) for c in range(len(kernel[0][0]))]
        for kernel in weight
    ]
    y = zeros(len(x), *sizes, len(weight))
    for image, result in zip(x, y, strict=True):
        for row in range(0, sizes[0], 2):
            for column in range(0, sizes[1], 2):
                tile = _four_by_four(image, row - before[0], column - before[1])
                data = [
                    _transformed(B_TRANSPOSED, _channel(tile, c)) for c in range(len(tile[0][0]))
                ]
                for f, kernel in enumerate(kernels):
                    products = [
                        [
                            sum(g[i][j] * d[i][j] for g, d in zip(kernel, data, strict=True))
                            for j in range(4)
                        ]
                        for i in range(4)
                    ]
                    outputs = _transformed(A_TRANSPOSED, products)
                    for i in range(min(2, sizes[0] - row)):
                        for j in range(min(2, sizes[1] - column)):
                            result[row + i][column + j][f] = outputs[i][j]
    return y


def _four_by_four(image, first_row, first_column):
    """Four by four pixels of an image; zeros where it has none."""
    nothing = [0.0] * len(image[0][0])
    return [
        [
            image[i][j] if 0 <= i < len(image) and 0 <= j < len(image[0]) else nothing
            for j in range(first_column, first_column + 4)
        ]
        for i in range(first_row, first_row + 4)
    ]


def _channel(pixels, c):
    return [[pixel[c] for pixel in row] for row in pixels]


def _transformed(matrix, values):
    """`matrix values matrix'`."""
    size = range(len(values))
    left = [[sum(row[k] * values[k][j] for k in size) for j in size] for row in matrix]
    return [[sum(line[k] * row[k] for k in size) for row in matrix] for line in left]
