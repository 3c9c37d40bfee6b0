"""The case table: operations × shapes. Every test of the compiled operations goes through it.

Small cases and losses run in the reference too. Large ones make more than 400,000 multiply-adds, so
that threads really share the work; numbers of samples are no multiples of packs or of threads.
"""

from operations import AveragePool, Conv, Dense, MaxPool, Winograd
from operations_augment import AUGMENTS, LARGE_AUGMENTS
from operations_grouped import GROUPED, LARGE_GROUPED
from operations_local import LARGE_LOCAL, LOCAL
from operations_merge import LARGE_MERGES, MERGES
from operations_noise import LARGE_NOISES, NOISES
from operations_norm import BATCH_NORMS, LARGE_NORMS, NORMS
from operations_penalties import LARGE_PENALTIES, PENALTIES
from operations_pointwise import LogSoftmax, Pointwise, Prelu, Softmax
from operations_pools import LARGE_POOLS, MORE_POOLS
from operations_resampling import CONV_PADDED, LARGE_RESAMPLINGS, RESAMPLINGS
from operations_training import IGNORED, WEIGHED, Adam, Loss, Sgd
from operations_transposed import LARGE_TRANSPOSED, TRANSPOSED
from operations_updates import LARGE_UPDATES
from operations_updates import UPDATES as MORE_UPDATES

DENSE = [
    # samples, inputs, outputs
    Dense(1, 1, 1),
    Dense(5, 3, 2, bias=False),
    Dense(16, 16, 16),
    Dense(17, 7, 33),
    Dense(33, 33, 5),
    Dense(37, 19, 23, relu=True),
    Dense(50, 15, 14),
    Dense(2, 130, 3),  # chains of more than 128 terms
    Dense(2, 3, 130),
    Dense(150, 2, 3),
    Dense(1, 16600, 2),  # and more than 128 chains
    Dense(1, 33000, 1),  # twice
    Dense(1, 2, 16600),
    Dense(16600, 1, 2),
]

CONV_1D = [
    # samples, spatial, channels, filters, kernel
    Conv(2, (5,), 1, 1, (1,)),
    Conv(2, (5,), 1, 1, (5,), bias=False),
    Conv(3, (7,), 3, 2, (3,), stride=2),
    Conv(2, (11,), 2, 3, (2,), stride=3),  # some inputs are never read
    Conv(2, (9,), 2, 3, (3,), dilation=3, padding=2),
    Conv(2, (9,), 2, 3, (4,), dilation=2, stride=4, padding=((3, 1),)),
    Conv(17, (8,), 4, 6, (3,), groups=2, padding=((2, 0),), stride=3),
    Conv(1, (1,), 1, 1, (2,), padding=5),
    Conv(1, (41,), 420, 2, (40,)),  # 16,800 terms: forward
    Conv(1, (1,), 2, 420, (40,), padding=39),  # input gradient
    Conv(17, (1030,), 1, 2, (1,)),  # weight gradient
    Conv(17, (1030,), 16, 1, (1,)),
    Conv(2, (20,), 17, 3, (3,), dilation=2, padding="same"),
    Conv(3, (12,), 32, 4, (3,), groups=2, stride=2, padding=((1, 2),)),
]

CONV_2D = [
    Conv(3, (9, 10), 1, 6, (5, 5)),
    Conv(2, (6, 7), 6, 16, (3, 3)),
    Conv(19, (5, 6), 3, 7, (3, 2), relu=True, padding="same", stride=(1, 2)),
    Conv(17, (4, 3), 2, 3, (2, 2)),
    Conv(33, (3, 3), 1, 2, (3, 3), padding="same"),
    Conv(2, (7, 8), 3, 2, (3, 2), stride=(2, 3), padding=(1, 0)),
    Conv(2, (7, 8), 2, 2, (3, 3), dilation=(1, 2), padding=((1, 2), (0, 3))),
    Conv(2, (8, 7), 2, 5, (4, 3), stride=2, padding="same"),
    Conv(2, (9, 6), 1, 1, (5, 5), padding=4, stride=3),
    Conv(2, (2, 2), 1, 1, (2, 2), padding=5),  # whole windows of padding
    Conv(2, (9, 8), 3, 4, (2, 2), stride=3),  # rows and columns never read
    Conv(2, (5, 6), 7, 13, (1, 1)),
    Conv(2, (5, 6), 5, 3, (1, 1), stride=2, padding=1),
    Conv(2, (7, 7), 4, 4, (3, 3), groups=4, stride=2),  # depthwise
    Conv(2, (5, 5), 6, 12, (3, 3), groups=6, padding=1),
    Conv(2, (5, 7), 6, 9, (2, 3), groups=3, dilation=2, padding=2, stride=2),
    # 16 or more channels a group: the weight gradient goes another way
    Conv(2, (5, 6), 15, 3, (3, 3), padding=1),
    Conv(2, (5, 6), 16, 3, (3, 3), padding=1),  # chains of 144 terms
    Conv(17, (3, 4), 17, 2, (2, 2), padding=((0, 1), (1, 0))),
    Conv(3, (5, 6), 33, 7, (3, 2), stride=(2, 1), padding=((2, 0), (0, 3))),
    Conv(2, (5, 6), 32, 4, (3, 3), groups=2, padding=1),
    Conv(2, (7, 8), 16, 2, (3, 3), dilation=2, padding=((1, 2), (3, 0)), stride=2),
    Conv(2, (7, 5), 34, 2, (2, 2), groups=2, dilation=(2, 3), stride=(1, 2)),
    Conv(1, (34, 33), 16, 1, (1, 1)),  # more positions than a sample-major tile's terms
    Conv(2, (12, 70), 1, 1, (2, 3)),  # rows longer than a lane-major block
    Conv(2, (12, 40), 5, 2, (2, 3)),  # and where blocks are smaller
    *(Conv(2, (4, width + 2), 3, 5, (3, 3)) for width in range(1, 10)),
]

CONV_3D = [
    Conv(2, (4, 3, 5), 2, 2, (2, 2, 3)),
    Conv(2, (4, 5, 4), 2, 4, (2, 3, 2), stride=(1, 2, 1), padding=(1, 0, 1), groups=2),
    Conv(2, (5, 4, 5), 1, 2, (2, 2, 2), dilation=(2, 1, 3), padding=((0, 1), (1, 0), (2, 1))),
    Conv(17, (3, 3, 3), 3, 3, (3, 3, 3), groups=3, padding="same"),
    Conv(2, (3, 4, 4), 16, 2, (2, 3, 2), padding=((1, 0), (0, 2), (1, 1)), stride=(1, 1, 2)),
    Conv(2, (5, 5, 5), 2, 3, (2, 1, 3), stride=(3, 2, 2)),
]

WINOGRAD = [
    # samples, spatial, channels, filters
    Winograd(2, (4, 4), 32, 32),
    Winograd(2, (3, 3), 32, 32, bias=False),  # one output
    Winograd(1, (1, 1), 32, 32, padding=1),
    Winograd(17, (3, 4), 32, 33, padding="same"),
    Winograd(2, (5, 4), 33, 32, padding="same", relu=True),
    Winograd(2, (3, 8), 32, 34, padding=((2, 0), (0, 1))),
    Winograd(1, (2, 3), 35, 37, padding=((0, 3), (4, 1))),  # whole windows of padding
    Winograd(1, (3, 3), 130, 32, padding=1),  # chains of more than 128 terms
    Winograd(1, (3, 3), 32, 130, padding=1),
    Winograd(1, (11, 10), 32, 32, padding=1),  # more tiles than a block
]

POOL_SHAPES = [
    # samples, spatial, channels, size
    (3, (7,), 2, 2, {}),
    (17, (9,), 1, 3, {"stride": 2, "padding": 1}),
    (2, (8,), 5, 2, {"stride": 3, "ceil_mode": True}),
    (2, (6, 8), 3, 2, {}),
    (2, (8, 9), 3, 2, {"stride": 3}),  # windows with gaps between them
    (2, (10, 9), 2, 3, {"padding": 1}),
    (2, (6, 8), 4, (3, 2), {"stride": (2, 1), "padding": (1, 0)}),
    (2, (7, 7), 17, 3, {"stride": 2, "padding": ((2, 1), (0, 2)), "ceil_mode": True}),
    (33, (3, 3), 2, (3, 3), {"padding": "same", "stride": 1}),
    (2, (5, 6), 1, 4, {"stride": 1, "padding": 3}),
    (1, (12, 13), 2, (12, 13), {}),  # a window of 156
    (2, (18, 17), 1, 16, {"stride": 1}),  # of 256: the number of a tap fills a byte
    (2, (300,), 1, 257, {"stride": 20}),  # of 257: and does not fit
    (2, (18, 17), 2, (17, 16), {"stride": (2, 1), "padding": (8, 3)}),
    (1, (64, 64), 1, 64, {}),
    (1, (130, 131), 1, (130, 131), {}),  # of 17,030: more than 128 chains
    (2, (4, 5, 6), 2, 2, {}),
    (2, (5, 4, 5), 2, (2, 3, 2), {"stride": (2, 1, 3), "padding": (1, 1, 0), "ceil_mode": True}),
]
POOLS = [
    *(MaxPool(*row, **how) for *row, how in POOL_SHAPES),
    MaxPool(2, (9, 8), 3, 2, stride=1, dilation=3),
    MaxPool(2, (9, 8), 3, (2, 3), stride=2, dilation=(3, 2), padding=((1, 2), (0, 1))),
    *(AveragePool(*row, **how) for *row, how in POOL_SHAPES),
    *(AveragePool(*row, **how, count_include_pad=True) for *row, how in POOL_SHAPES if how),
    AveragePool(1, (2,), 1, 200, stride=1, padding=199),  # 200 windows over an input
]

ACTIVATIONS = [
    *(
        Pointwise(function, *shape)
        for function in ("relu", "sigmoid", "tanh", "sign")
        for shape in [(1,), (7, 3), (16, 16), (3, 5, 2, 3)]
    ),
    *(
        Pointwise(function, *shape, **options)
        for function, options in [
            ("leaky_relu", {}),
            ("leaky_relu", {"slope": 0.25}),
            ("leaky_relu", {"slope": 0}),
            ("relu6", {}),
            ("hard_sigmoid", {}),
            ("hard_swish", {}),
            ("elu", {}),
            ("elu", {"alpha": 2.5}),
            ("elu", {"alpha": -0.5}),
            ("selu", {}),
            ("softplus", {}),
            ("softplus", {"beta": 3.5}),
            ("softplus", {"beta": 0.125}),
            ("softsign", {}),
            ("gelu", {}),
            ("gelu", {"approximate": "tanh"}),
            ("silu", {}),
            ("mish", {}),
        ]
        for shape in [(1,), (17, 3), (3, 5, 2, 3)]
    ),
    LogSoftmax(1, 1),
    LogSoftmax(5, 3),
    LogSoftmax(17, 10),
    LogSoftmax(2, 3, 4, 5),
    LogSoftmax(2, 300),
    Softmax(1, 1),
    Softmax(5, 3),
    Softmax(17, 10),
    Softmax(2, 3, 4, 5),
    Softmax(2, 300),
]

PRELUS = [
    Prelu(1, 1, slopes=(1,)),
    Prelu(17, 5, slopes=(5,)),
    Prelu(33, 5, slopes=(1,)),
    Prelu(16, 16, slopes=(16,)),
    Prelu(3, 4, 5, 7, slopes=(7,)),
    Prelu(19, 4, 5, 3, slopes=(1,)),
    Prelu(19, 4, 5, 3, slopes=(4, 5, 3)),
    Prelu(2, 130, 2, slopes=(2,)),  # chains of more than 128 terms
    Prelu(2, 3, 130, slopes=(1,)),
    Prelu(1, 16600, 1, slopes=(1,)),  # and more than 128 chains
    Prelu(2, 16600, slopes=(1,)),
    Prelu(16600, 1, slopes=(1,)),
]

LOSSES = [
    Loss("cross_entropy", (1, 2), "labels"),
    Loss("cross_entropy", (19, 10), "labels"),
    Loss("cross_entropy", (19, 3), "labels", weighted=True),
    Loss("cross_entropy", (5, 4, 3, 3), "labels", weighted=True),
    Loss("cross_entropy", (17, 4), "one_hot"),
    Loss("cross_entropy", (17, 4), "rows", weighted=True),
    Loss("cross_entropy", (2, 7, 200), "rows"),
    *(
        Loss(function, shape, "numbers", weighted)
        for function in (
            "binary_cross_entropy",
            "half_squared_error",
            "squared_error",
            "mean_squared_error",
            "mean_absolute_error",
            "huber",
            "binary_focal",
        )
        for shape, weighted in [((1, 1), False), ((19, 3), True), ((33, 2, 4, 3), False)]
    ),
    *(
        Loss(function, shape, form, weighted)
        for function, form in (
            ("poisson", "counts"),
            ("hinge", "signs"),
            ("hinge", "bits"),
            ("perceptron", "signs"),
        )
        for shape, weighted in [((1, 1), False), ((19, 3), True), ((33, 2, 4, 3), False)]
    ),
    Loss("huber", (19, 3), "numbers", delta=0.25),
    Loss("poisson", (19, 3), "counts", True, log_input=False, epsilon=0.5),
    Loss("huber", (2, 300), "numbers", True, reduction="sum"),
    Loss("binary_focal", (19, 3), "bits", True, gamma=0.5),
    Loss("binary_focal", (19, 3), "bits", gamma=0),
    Loss("squared_error", (19, 3), "numbers", True, reduction="sum"),
    *(
        Loss(function, shape, form, weighted, **settings)
        for function in ("cross_entropy", "focal", "multiclass_hinge")
        for shape, form, weighted, settings in [
            ((1, 2), "labels", False, {}),
            ((19, 5), "ignored", True, WEIGHED),
            ((17, 4, 3, 5), "ignored", False, WEIGHED),
            ((3, 7, 200), "ignored", True, {"ignore_label": IGNORED}),
            ((5, 4, 3, 3), "labels", True, {"reduction": "sum"}),
            ((19, 5), "ignored", True, {**WEIGHED, "reduction": "sum"}),
        ]
        if function != "cross_entropy" or settings
    ),
    Loss("cross_entropy", (19, 10), "labels", label_smoothing=0.125),
    Loss("cross_entropy", (7, 3, 5), "ignored", True, label_smoothing=0.125, **WEIGHED),
    Loss("cross_entropy", (17, 4), "rows", True, label_smoothing=0.125),
    Loss("focal", (17, 4), "one_hot", gamma=0.5),
    Loss("focal", (17, 4), "rows", True, gamma=3),
    Loss("focal", (2, 7, 200), "rows"),
    Loss("focal", (19, 4), "labels", gamma=0),
    Loss("multiclass_hinge", (19, 4), "labels", True, margin=0.25),
    Loss("kl_divergence", (17, 4), "rows", True),
    Loss("kl_divergence", (19, 4), "one_hot"),
    Loss("kl_divergence", (2, 7, 200), "rows", reduction="sum"),
]

UPDATES = [
    Sgd(1),
    Sgd(37),
    Sgd(37, momentum=0.5),
    Sgd(37, momentum=0.5, nesterov=True),
    Adam(37, 1),
    Adam(37, 1, beta1=0.9, beta2=0.999),
    Adam(37, 2, epsilon=0.5),
    Adam(37, 5, learning_rate=1e-3),
    *MORE_UPDATES,
]

LAYERS = DENSE + CONV_1D + CONV_2D + CONV_3D + CONV_PADDED + WINOGRAD + TRANSPOSED + GROUPED
LAYERS += POOLS + RESAMPLINGS + MORE_POOLS + LOCAL
SMALL = LAYERS + ACTIVATIONS + PRELUS + NOISES + BATCH_NORMS + NORMS + MERGES
SMALL += LOSSES + UPDATES + PENALTIES + AUGMENTS

LARGE_LOSSES = [
    Loss("focal", (307, 10, 5), "ignored", True, **WEIGHED),
    Loss("cross_entropy", (307, 10, 5), "ignored", True, label_smoothing=0.125, **WEIGHED),
    Loss("multiclass_hinge", (307, 70), "labels"),
    Loss("kl_divergence", (307, 70), "rows"),
    Loss("huber", (307, 70), "numbers", True),
    Loss("cross_entropy", (307, 10, 7), "labels", weighted=True),
    Loss("cross_entropy", (307, 70), "rows"),
    Loss("binary_cross_entropy", (307, 70), "numbers"),
    Loss("mean_squared_error", (307, 70), "numbers", weighted=True),
]
LARGE_BATCHES = [
    Dense(77, 131, 67),
    Dense(3, 2000, 150),  # fewer packs than threads
    Dense(9000, 50, 3),
    Conv(51, (9, 10), 2, 6, (5, 5)),
    Conv(5, (30, 31), 3, 7, (3, 3), padding="same", stride=2),  # one pack: rows are shared out
    Conv(83, (6, 7), 17, 13, (3, 3), padding=1),
    Conv(50, (13, 12), 34, 6, (2, 2), groups=2, stride=2),
    Conv(50, (20, 19), 6, 6, (3, 3), groups=6, dilation=2),
    Conv(35, (70,), 4, 9, (6,), padding=((4, 1),)),
    Conv(1100, (20,), 4, 6, (3,)),  # more packs than gradient slots
    Conv(35, (5, 6, 7), 3, 5, (2, 3, 2), padding=1),
    Winograd(35, (7, 5), 32, 47, padding="same"),
    Winograd(5, (23, 22), 33, 32),  # one pack: rows are shared out, also those of a tile
    MaxPool(163, (32, 31), 5, 3, stride=2, padding=1),
    AveragePool(163, (32, 31), 5, 3, stride=2, padding=1),
    Pointwise("relu", 307, 331),
    Pointwise("sigmoid", 307, 331),
    Pointwise("tanh", 307, 331),
    Pointwise("sign", 307, 331),
    *(
        Pointwise(function, 307, 331)
        for function in ("leaky_relu", "elu", "gelu", "silu", "mish", "softplus", "hard_swish")
    ),
    Pointwise("gelu", 307, 331, approximate="tanh"),
    Softmax(803, 97),
    LogSoftmax(803, 97),
    Prelu(1100, 20, 19, slopes=(19,)),  # more packs than gradient slots
    Prelu(333, 20, 19, slopes=(1,)),
    Prelu(333, 20, 19, slopes=(20, 19)),
    *LARGE_MERGES,
    *LARGE_NOISES,
    Sgd(100_003, momentum=0.5, nesterov=True),
    Adam(100_003, 3),
    *LARGE_UPDATES,
    *LARGE_RESAMPLINGS,
    *LARGE_POOLS,
    *LARGE_LOCAL,
]
LARGE = LARGE_BATCHES + LARGE_TRANSPOSED + LARGE_GROUPED + LARGE_NORMS + LARGE_LOSSES
LARGE += LARGE_PENALTIES + LARGE_AUGMENTS
