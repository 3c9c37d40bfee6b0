"""Random configurations of the compiled operations against PyTorch, where it is installed.

PyTorch computes in float64, from the inputs as the operation got them. Dot products may differ by
the bound on their rounding, `TERMS * eps * sum |a| |b|`; PyTorch computes that sum too, from
absolute values.
"""

import importlib

import numpy as np
import pytest

torch = pytest.importorskip("torch")
F = torch.nn.functional

CONV = (F.conv1d, F.conv2d, F.conv3d)
CONV_TRANSPOSE = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)
MAX_POOL = (F.max_pool1d, F.max_pool2d, F.max_pool3d)
AVERAGE_POOL = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)
ADAPTIVE_MAX = (F.adaptive_max_pool1d, F.adaptive_max_pool2d, F.adaptive_max_pool3d)
ADAPTIVE_AVERAGE = (F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d)
LP_POOL = (F.lp_pool1d, F.lp_pool2d, F.lp_pool3d)
TERMS = 8
CONFIGURATIONS = 36  # of each kind, in each dtype


@pytest.fixture(scope="module")
def functional():
    return importlib.import_module("fastnn.functional")


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    return request.param


def reals(rng, dtype, *shape):
    return rng.standard_normal(shape).astype(dtype)


def cotangent(rng, dtype, *shape):
    return rng.integers(-4, 5, shape).astype(dtype)


def leaf(array):
    return torch.tensor(np.ascontiguousarray(array), dtype=torch.float64).requires_grad_()


def channels_first(array):
    return leaf(np.moveaxis(array, -1, 1))


def channels_last(tensor):
    array = tensor.detach().numpy()
    return np.moveaxis(array, 1, -1) if array.ndim > 1 else array


def check(result, expected, magnitude, dtype, label):
    """`result` has the dtype asked for and differs from `expected` by rounding alone."""
    assert result.dtype == dtype, label
    assert result.shape == expected.shape, label
    excess = np.abs(result - expected) - TERMS * np.finfo(dtype).eps * magnitude
    assert np.max(excess, initial=0.0) <= 0, f"{label}: off by {np.max(excess)} too much"


def forward_and_gradients(operation, operands, dy):
    """PyTorch's output and gradients as float64 arrays, channels first."""
    y = operation(*operands)
    return [y, *torch.autograd.grad(y, operands, dy)]


def with_magnitudes(operation, operands, dy):
    """The same twice: of the operands, and of their absolute values."""
    absolute = [leaf(operand.detach().abs().numpy()) for operand in operands]
    return zip(
        forward_and_gradients(operation, operands, dy),
        forward_and_gradients(operation, absolute, dy.abs()),
        strict=True,
    )


@pytest.mark.parametrize("seed", range(CONFIGURATIONS))
def test_dense_agrees_with_pytorch(functional, dtype, seed):
    rng = np.random.default_rng(seed)
    samples, inputs, outputs = (int(size) for size in rng.integers(1, 40, 3))
    x, weight = reals(rng, dtype, samples, inputs), reals(rng, dtype, outputs, inputs)
    bias, dy = reals(rng, dtype, outputs), cotangent(rng, dtype, samples, outputs)
    dweight, dbias = functional.dense_backward_weights(x, dy)
    results = {
        "y": functional.dense_forward(x, weight, bias),
        "dx": functional.dense_backward_input(dy, weight),
        "dweight": dweight,
        "dbias": dbias,
    }
    expected = with_magnitudes(F.linear, [leaf(x), leaf(weight), leaf(bias)], leaf(dy).detach())
    for (label, result), pair in zip(results.items(), expected, strict=True):
        check(result, *(tensor.detach().numpy() for tensor in pair), dtype, label)


def random_conv(rng):
    """Rank, samples, spatial sizes, channels, filters, kernel and options that fit together."""
    rank = int(rng.integers(1, 4))
    kernel = rng.integers(1, (6, 5, 4)[rank - 1], rank)
    dilation = rng.integers(1, 4, rank)
    padding = rng.integers(0, 4, (rank, 2))
    extent = dilation * (kernel - 1) + 1
    smallest = np.maximum(extent - padding.sum(1), 1)
    spatial = smallest + rng.integers(0, (24, 9, 5)[rank - 1], rank)
    groups = int(rng.choice([1, 1, 1, 2, 3]))
    options = {
        "stride": tuple(rng.integers(1, 4, rank).tolist()),
        "padding": tuple(map(tuple, padding.tolist())),
        "dilation": tuple(dilation.tolist()),
        "groups": groups,
    }
    channels, filters = (groups * int(count) for count in rng.integers(1, 9, 2))
    samples = int(rng.choice([1, 2, 3, 15, 16, 17, 20]))
    return rank, (samples, *spatial.tolist(), channels), (filters, *kernel.tolist()), options


def pytorch_conv(rank, options):
    """A convolution of PyTorch that takes a pair of paddings per axis."""
    options = dict(options)
    pad = [amount for pair in reversed(options.pop("padding")) for amount in pair]
    return lambda x, weight, bias: CONV[rank - 1](F.pad(x, pad), weight, bias, **options)


@pytest.mark.parametrize("seed", range(CONFIGURATIONS))
def test_convolution_agrees_with_pytorch(functional, dtype, seed):
    rng = np.random.default_rng(1000 + seed)
    rank, shape, (filters, *kernel), options = random_conv(rng)
    x = reals(rng, dtype, *shape)
    weight = reals(rng, dtype, filters, *kernel, shape[-1] // options["groups"])
    bias = reals(rng, dtype, filters)
    y = functional.conv_forward(x, weight, bias, **options)
    dy = cotangent(rng, dtype, *y.shape)
    dx = functional.conv_backward_input(dy, weight, x.shape, **options)
    dweight, dbias = functional.conv_backward_weights(x, dy, tuple(kernel), **options)

    operands = [channels_first(x), channels_first(weight), leaf(bias)]
    expected = with_magnitudes(pytorch_conv(rank, options), operands, channels_first(dy).detach())
    for result, pair, label in zip(
        (y, dx, dweight, dbias), expected, ("y", "dx", "dweight", "dbias"), strict=True
    ):
        check(result, *map(channels_last, pair), dtype, f"{label} of {shape}, {options}")


PAD_MODES = {"constant": "constant", "reflect": "reflect", "edge": "replicate"}
PAD_MODES["circular"] = "circular"


def random_padding(rng, mode):
    """A shape, and amounts that the mode allows for it."""
    spatial = rng.integers(1, (24, 9, 5)[int(rng.integers(3))], int(rng.integers(1, 4)))
    largest = {"reflect": spatial - 1, "circular": spatial}.get(mode, spatial + 3)
    padding = tuple((int(rng.integers(n + 1)), int(rng.integers(n + 1))) for n in largest)
    samples, channels = int(rng.choice([1, 3, 16, 17, 20])), int(rng.integers(1, 20))
    return (samples, *spatial.tolist(), channels), padding


def pytorch_pad(padding, mode):
    pad = [amount for pair in reversed(padding) for amount in pair]
    return lambda x: F.pad(x, pad, PAD_MODES[mode])


@pytest.mark.parametrize("seed", range(CONFIGURATIONS // 4))
@pytest.mark.parametrize("mode", PAD_MODES)
def test_padding_agrees_with_pytorch(functional, dtype, mode, seed):
    rng = np.random.default_rng(6000 + seed)
    shape, padding = random_padding(rng, mode)
    x = reals(rng, dtype, *shape)
    y = functional.pad_forward(x, padding, mode=mode)
    dy = cotangent(rng, dtype, *y.shape)
    dx = functional.pad_backward(dy, x.shape, padding, mode=mode)
    tensor = channels_first(x)
    expected, gradient = map(
        channels_last,
        forward_and_gradients(pytorch_pad(padding, mode), [tensor], channels_first(dy).detach()),
    )
    np.testing.assert_array_equal(y, expected.astype(dtype), strict=True)
    # sums of integers
    np.testing.assert_array_equal(dx, gradient.astype(dtype), strict=True)


@pytest.mark.parametrize("seed", range(CONFIGURATIONS // 4))
@pytest.mark.parametrize("mode", ["reflect", "edge", "circular"])
def test_convolution_of_padded_inputs_agrees_with_pytorch(functional, dtype, mode, seed):
    rng = np.random.default_rng(7000 + seed)
    shape, padding = random_padding(rng, mode)
    rank = len(shape) - 2
    kernel = tuple(
        int(rng.integers(1, min(n + sum(pair), 4) + 1))
        for n, pair in zip(shape[1:-1], padding, strict=True)
    )
    options = {"stride": tuple(rng.integers(1, 4, rank).tolist())}
    x, weight = reals(rng, dtype, *shape), reals(rng, dtype, 5, *kernel, shape[-1])
    how = options | {"padding": padding, "padding_mode": mode}
    y = functional.conv_forward(x, weight, **how)
    dy = cotangent(rng, dtype, *y.shape)
    dx = functional.conv_backward_input(dy, weight, x.shape, **how)
    dweight, _ = functional.conv_backward_weights(x, dy, kernel, **how)

    def pytorch(x, weight):
        return CONV[rank - 1](pytorch_pad(padding, mode)(x), weight, **options)

    operands = [channels_first(x), channels_first(weight)]
    expected = with_magnitudes(pytorch, operands, channels_first(dy).detach())
    for result, pair, label in zip((y, dx, dweight), expected, ("y", "dx", "dweight"), strict=True):
        check(result, *map(channels_last, pair), dtype, f"{label} of {shape}, {how}")


@pytest.mark.parametrize("seed", range(CONFIGURATIONS // 4))
@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_up_sampling_agrees_with_pytorch(functional, dtype, mode, seed):
    rng = np.random.default_rng(8000 + seed)
    rank = int(rng.integers(1, 4))
    spatial, scale = (tuple(rng.integers(1, 6, rank).tolist()) for _ in range(2))
    shape = (int(rng.choice([1, 3, 16, 17, 20])), *spatial, int(rng.integers(1, 20)))
    x = reals(rng, dtype, *shape)
    y = functional.up_sample_forward(x, scale, mode=mode)
    dy = cotangent(rng, dtype, *y.shape)
    dx = functional.up_sample_backward(dy, x.shape, scale, mode=mode)
    names = {"nearest": ("nearest",) * 3, "linear": ("linear", "bilinear", "trilinear")}
    how = {"align_corners": False} if mode == "linear" else {}

    def pytorch(x):
        return F.interpolate(x, scale_factor=scale, mode=names[mode][rank - 1], **how)

    expected = with_magnitudes(pytorch, [channels_first(x)], channels_first(dy).detach())
    for result, pair, given, label in zip((y, dx), expected, (x, dy), ("y", "dx"), strict=True):
        tensor, magnitude = map(channels_last, pair)
        # PyTorch rounds places: its factors err by 1.5 eps, also those that should be 0
        magnitude = magnitude + (mode == "linear") * np.abs(given).max()
        check(result, tensor, magnitude, dtype, f"{label} of {shape}, {scale}")


def random_transposed(rng):
    """The same of a transposed convolution, its input and its weight."""
    rank = int(rng.integers(1, 4))
    kernel, stride, dilation = (rng.integers(1, most, rank) for most in ((6, 5, 4)[rank - 1], 4, 4))
    spatial = rng.integers(1, (20, 7, 5)[rank - 1], rank)
    most = np.minimum(((spatial - 1) * stride + dilation * (kernel - 1)) // 2, 3)
    groups = int(rng.choice([1, 1, 1, 2, 3]))
    options = {
        "stride": tuple(stride.tolist()),
        "padding": tuple(rng.integers(0, most + 1).tolist()),
        "output_padding": tuple(rng.integers(0, np.maximum(stride, dilation)).tolist()),
        "dilation": tuple(dilation.tolist()),
        "groups": groups,
    }
    channels = groups * int(rng.integers(1, 9))
    filters = groups * int(rng.choice([1, 2, 5, 8, 17]))
    samples = int(rng.choice([1, 2, 3, 15, 16, 17, 20]))
    shape = samples, *spatial.tolist(), channels
    return rank, shape, (filters, *kernel.tolist(), channels // groups), options


@pytest.mark.parametrize("seed", range(CONFIGURATIONS))
def test_transposed_convolution_agrees_with_pytorch(functional, dtype, seed):
    rng = np.random.default_rng(1500 + seed)
    rank, shape, weight_shape, options = random_transposed(rng)
    x, weight = reals(rng, dtype, *shape), reals(rng, dtype, *weight_shape)
    bias = reals(rng, dtype, weight_shape[0])
    y = functional.conv_transpose_forward(x, weight, bias, **options)
    dy = cotangent(rng, dtype, *y.shape)
    dx = functional.conv_transpose_backward_input(dy, weight, x.shape, **options)
    dweight, dbias = functional.conv_transpose_backward_weights(
        x, dy, weight_shape[1:-1], **options
    )

    def pytorch(x, weight, bias):
        # (in / groups, out / groups, *kernel) of every group, one after the other
        weight = torch.cat(torch.movedim(weight, -1, 0).chunk(options["groups"], dim=1))
        return CONV_TRANSPOSE[rank - 1](x, weight, bias, **options)

    operands = [channels_first(x), leaf(weight), leaf(bias)]
    expected = with_magnitudes(pytorch, operands, channels_first(dy).detach())
    for result, pair, label in zip(
        (y, dx, dweight, dbias), expected, ("y", "dx", "dweight", "dbias"), strict=True
    ):
        convert = channels_last if label in ("y", "dx") else lambda tensor: tensor.detach().numpy()
        check(result, *map(convert, pair), dtype, label)


def random_pool(rng):
    """Rank, shape, size and options that PyTorch allows: padding up to half the window."""
    rank = int(rng.integers(1, 4))
    size = rng.integers(1, 5, rank)
    padding = [int(rng.integers(0, k // 2 + 1)) for k in size]
    spatial = size + rng.integers(0, (24, 9, 5)[rank - 1], rank)
    options = {
        "stride": tuple(rng.integers(1, 5, rank).tolist()),
        "padding": tuple(padding),
        "ceil_mode": bool(rng.integers(2)),
    }
    samples = int(rng.choice([1, 2, 3, 15, 16, 17, 20]))
    return rank, (samples, *spatial.tolist(), int(rng.integers(1, 6))), size, options


@pytest.mark.parametrize("seed", range(CONFIGURATIONS))
def test_max_pool_agrees_with_pytorch(functional, dtype, seed):
    rng = np.random.default_rng(2000 + seed)
    rank, shape, size, options = random_pool(rng)
    options["dilation"] = tuple(
        int(rng.integers(1, max((n - 1) // max(k - 1, 1), 1) + 1)) if n > k else 1
        for n, k in zip(shape[1:-1], size, strict=True)
    )
    size = tuple(size.tolist())
    x = rng.integers(-9, 10, shape).astype(dtype)  # ties abound
    y, argmax = functional.max_pool_forward(x, size, **options)
    dy = cotangent(rng, dtype, *y.shape)
    dx = functional.max_pool_backward(dy, argmax, x.shape)

    tensor = channels_first(x)
    pooled, indices = MAX_POOL[rank - 1](tensor, size, **options, return_indices=True)
    (gradient,) = torch.autograd.grad(pooled, [tensor], channels_first(dy))
    np.testing.assert_array_equal(y, channels_last(pooled))
    np.testing.assert_array_equal(argmax, channels_last(indices))
    np.testing.assert_array_equal(dx, channels_last(gradient))
    assert (y.dtype, argmax.dtype, dx.dtype) == (dtype, np.int64, dtype)


@pytest.mark.parametrize("seed", range(CONFIGURATIONS))
def test_average_pool_agrees_with_pytorch(functional, dtype, seed):
    rng = np.random.default_rng(3000 + seed)
    rank, shape, size, options = random_pool(rng)
    options["count_include_pad"] = bool(rng.integers(2))
    size = tuple(size.tolist())
    x = reals(rng, dtype, *shape)
    y = functional.average_pool_forward(x, size, **options)
    dy = cotangent(rng, dtype, *y.shape)
    dx = functional.average_pool_backward(dy, x.shape, size, **options)

    expected = with_magnitudes(
        lambda x: AVERAGE_POOL[rank - 1](x, size, **options),
        [channels_first(x)],
        channels_first(dy).detach(),
    )
    for result, pair, label in zip((y, dx), expected, ("y", "dx"), strict=True):
        check(result, *map(channels_last, pair), dtype, f"{label} of {shape}, {size}, {options}")


def pytorch_local_conv(kernel, options):
    """A locally connected layer of images: windows unfolded, each multiplied with its filters."""

    def operation(x, weight, bias):
        # x (N, C, H, W), weight (*output, filters, C, *kernel), bias (*output, filters)
        (top, bottom), (left, right) = options["padding"]
        x = F.pad(x, [left, right, top, bottom])
        windows = F.unfold(x, kernel, stride=options["stride"], dilation=options["dilation"])
        filters = weight.flatten(0, 1).flatten(2)
        y = torch.einsum("ntp,pft->nfp", windows, filters) + bias.flatten(0, 1).T
        return y.unflatten(2, bias.shape[:2])

    return operation


@pytest.mark.parametrize("seed", range(CONFIGURATIONS))
def test_locally_connected_layers_agree_with_pytorch(functional, dtype, seed):
    rng = np.random.default_rng(9000 + seed)
    kernel, dilation = rng.integers(1, 4, 2), rng.integers(1, 3, 2)
    padding = rng.integers(0, 3, (2, 2))
    smallest = np.maximum(dilation * (kernel - 1) + 1 - padding.sum(1), 1)
    spatial = smallest + rng.integers(0, 6, 2)
    samples = int(rng.choice([1, 2, 15, 16, 17, 20]))
    channels, filters = (int(count) for count in rng.integers(1, 20, 2))
    options = {
        "stride": tuple(rng.integers(1, 3, 2).tolist()),
        "padding": tuple(map(tuple, padding.tolist())),
        "dilation": tuple(dilation.tolist()),
    }
    shape, size = (samples, *spatial.tolist(), channels), tuple(kernel.tolist())
    x = reals(rng, dtype, *shape)
    one = functional.conv_forward(x, np.zeros((filters, *size, channels)), **options)
    places = one.shape[1:]
    weight, bias = reals(rng, dtype, *places, *size, channels), reals(rng, dtype, *places)
    y = functional.local_conv_forward(x, weight, bias, **options)
    dy = cotangent(rng, dtype, *y.shape)
    dx = functional.local_conv_backward_input(dy, weight, shape, **options)
    dweight, dbias = functional.local_conv_backward_weights(x, dy, size, **options)

    operands = [channels_first(x), leaf(np.moveaxis(weight, -1, 3)), leaf(bias)]
    expected = with_magnitudes(
        pytorch_local_conv(size, options), operands, channels_first(dy).detach()
    )
    (y_pair, dx_pair, dweight_pair, dbias_pair) = expected
    last = lambda tensor: np.moveaxis(tensor.detach().numpy(), 3, -1)  # noqa: E731
    for result, pair, label in (
        (y, map(channels_last, y_pair), "y"),
        (dx, map(channels_last, dx_pair), "dx"),
        (dweight, map(last, dweight_pair), "dweight"),
        (dbias, (tensor.detach().numpy() for tensor in dbias_pair), "dbias"),
    ):
        check(result, *pair, dtype, f"{label} of {shape}, {places}, {size}, {options}")


def random_images(rng, smallest=1):
    """Rank and shape of a batch of images."""
    rank = int(rng.integers(1, 4))
    spatial = rng.integers(smallest, (24, 12, 8)[rank - 1], rank).tolist()
    return rank, (int(rng.choice([1, 2, 15, 17])), *spatial, int(rng.integers(1, 6)))


@pytest.mark.parametrize("seed", range(CONFIGURATIONS))
def test_adaptive_and_global_average_pools_agree_with_pytorch(functional, dtype, seed):
    rng = np.random.default_rng(6000 + seed)
    rank, shape = random_images(rng)
    size = tuple(rng.integers(1, 12, rank).tolist()) if seed % 3 else (1,) * rank
    x = reals(rng, dtype, *shape)
    y = functional.adaptive_average_pool_forward(x, size)
    dy = cotangent(rng, dtype, *y.shape)
    results = [(y, functional.adaptive_average_pool_backward(dy, shape))]
    if set(size) == {1}:
        y = functional.global_average_pool_forward(x, keep_dims=True)
        results.append((y, functional.global_average_pool_backward(dy, shape)))
    for pair in results:
        expected = with_magnitudes(
            lambda x: ADAPTIVE_AVERAGE[rank - 1](x, size),
            [channels_first(x)],
            channels_first(dy).detach(),
        )
        for result, tensors, label in zip(pair, expected, ("y", "dx"), strict=True):
            check(result, *map(channels_last, tensors), dtype, f"{label} of {shape} to {size}")


@pytest.mark.parametrize("seed", range(CONFIGURATIONS))
def test_global_max_pool_agrees_with_pytorch(functional, dtype, seed):
    rng = np.random.default_rng(7000 + seed)
    rank, shape = random_images(rng)
    x = rng.integers(-9, 10, shape).astype(dtype)  # ties abound
    y, argmax = functional.global_max_pool_forward(x, keep_dims=True)
    dy = cotangent(rng, dtype, *y.shape)
    dx = functional.global_max_pool_backward(dy, argmax, shape)
    tensor = channels_first(x)
    expected, indices = ADAPTIVE_MAX[rank - 1](tensor, 1, return_indices=True)
    (expected_dx,) = torch.autograd.grad(expected, [tensor], channels_first(dy))
    np.testing.assert_array_equal(y, channels_last(expected))
    np.testing.assert_array_equal(argmax, channels_last(indices))
    np.testing.assert_array_equal(dx, channels_last(expected_dx))


@pytest.mark.parametrize("seed", range(CONFIGURATIONS))
def test_lp_pool_agrees_with_pytorch(functional, dtype, seed):
    rng = np.random.default_rng(8000 + seed)
    rank, shape = random_images(rng, smallest=4)
    p = float(rng.choice([1, 1.5, 2, 3, 5.5]))
    size = tuple(rng.integers(1, 5, rank).tolist())
    stride = tuple(rng.integers(1, 4, rank).tolist())
    x = np.abs(reals(rng, dtype, *shape)) + np.asarray(0.125, dtype)
    y = functional.lp_pool_forward(x, size, p=p, stride=stride)
    dy = cotangent(rng, dtype, *y.shape)
    dx = functional.lp_pool_backward(dy, x, y, size, p=p, stride=stride)
    tensor = channels_first(x)
    window = size if rank > 1 else size[0]
    expected = LP_POOL[rank - 1](tensor, p, window, stride=stride)
    gradients = [
        torch.autograd.grad(expected, [tensor], channels_first(d), retain_graph=True)[0]
        for d in (dy, np.abs(dy))
    ]
    # y has an error of some eps itself, which counts p times in powers of it
    limits = 1 + np.log(np.prod(size)) / TERMS, p + 1
    for result, pair, limit, label in zip(
        (y, dx), ((expected, expected), gradients), limits, ("y", "dx"), strict=True
    ):
        value, magnitude = map(channels_last, pair)
        check(result, value, limit * magnitude, dtype, f"{label} of {shape}, {size}, p={p}")


def pytorch_focal(z, t):
    log_p = F.log_softmax(z, 1).gather(1, t[:, None])
    return (-((1 - log_p.exp()) ** 2) * log_p).mean()


# Losses that PyTorch has, per output or per class; fastnn adds those of numbers over the outputs.
OF_CLASSES = {
    "cross_entropy": (F.cross_entropy, {}),
    "cross_entropy of smoothed labels": (
        lambda z, t: F.cross_entropy(z, t, label_smoothing=0.1),
        {"label_smoothing": 0.1},
    ),
    "multiclass_hinge": (F.multi_margin_loss, {}),
    "focal": (pytorch_focal, {}),
    "kl_divergence": (
        lambda z, t: F.kl_div(F.log_softmax(z, 1), t, reduction="batchmean"),
        {},
    ),
}
OF_NUMBERS = {
    "mean_absolute_error": (F.l1_loss, False, {}),
    "huber": (lambda y, t: F.huber_loss(y, t, delta=0.5), True, {"delta": 0.5}),
    "poisson": (F.poisson_nll_loss, True, {}),
    "hinge": (lambda y, t: F.hinge_embedding_loss(y * t, -torch.ones_like(y)), True, {}),
    "binary_cross_entropy": (F.binary_cross_entropy_with_logits, True, {}),
}


def labels_or_numbers(target):
    return torch.tensor(target) if target.dtype.kind == "i" else leaf(target).detach()


def check_loss(functional, name, y, target, expected, scale, dtype, options):
    loss, gradient = getattr(functional, name)(y, target, **options)
    tensor = leaf(y)
    wanted = expected(tensor, labels_or_numbers(target)) * scale
    (slope,) = torch.autograd.grad(wanted, [tensor])
    assert abs(loss - wanted.item()) <= 64 * np.finfo(dtype).eps * (1 + abs(wanted.item()))
    check(gradient, slope.numpy(), 8 * np.abs(slope.numpy()).max(), dtype, name)


@pytest.mark.parametrize("seed", range(CONFIGURATIONS // 4))
@pytest.mark.parametrize("name", OF_CLASSES)
def test_losses_of_classes_agree_with_pytorch(functional, dtype, name, seed):
    rng = np.random.default_rng(4000 + seed)
    samples, classes = (int(size) for size in rng.integers(2, 40, 2))
    y, labels = 3 * reals(rng, dtype, samples, classes), rng.integers(0, classes, samples)
    shares = rng.dirichlet(np.ones(classes), samples).astype(dtype).astype(np.float64)
    target = shares if name == "kl_divergence" else labels
    expected, options = OF_CLASSES[name]
    if target is shares:  # of the dtype that decides the result's
        target = target.astype(dtype)
    check_loss(functional, name.split()[0], y, target, expected, 1, dtype, options)


@pytest.mark.parametrize("seed", range(CONFIGURATIONS // 4))
@pytest.mark.parametrize("name", OF_NUMBERS)
def test_losses_of_numbers_agree_with_pytorch(functional, dtype, name, seed):
    rng = np.random.default_rng(5000 + seed)
    samples, outputs = (int(size) for size in rng.integers(1, 40, 2))
    y = reals(rng, dtype, samples, outputs)
    target = rng.integers(0, 2, y.shape).astype(dtype)
    if name == "hinge":
        target = 2 * target - 1
    expected, adds, options = OF_NUMBERS[name]
    check_loss(functional, name, y, target, expected, outputs if adds else 1, dtype, options)


ACTIVATIONS = [
    # function, PyTorch, options
    ("leaky_relu", lambda x: F.leaky_relu(x, 0.2), {"slope": 0.2}),
    ("relu6", F.relu6, {}),
    # the gradient of F.hardsigmoid has a sixth of float32
    ("hard_sigmoid", lambda x: F.relu6(x + 3) / 6, {}),
    ("hard_swish", F.hardswish, {}),
    ("elu", lambda x: F.elu(x, 1.5), {"alpha": 1.5}),
    ("selu", F.selu, {}),
    ("softplus", lambda x: F.softplus(x, 2, 1000), {"beta": 2}),
    ("softsign", F.softsign, {}),
    ("gelu", F.gelu, {}),
    ("gelu", lambda x: F.gelu(x, approximate="tanh"), {"approximate": "tanh"}),
    ("silu", F.silu, {}),
    ("mish", F.mish, {}),
    ("log_softmax", lambda x: F.log_softmax(x, -1), {}),
]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("name", "pytorch", "options"), ACTIVATIONS)
def test_activations_agree_with_pytorch(functional, dtype, name, pytorch, options, seed):
    rng = np.random.default_rng(4000 + seed)
    shape = tuple(int(size) for size in rng.integers(1, 40, 2))
    x, dy = (2 + seed) * reals(rng, dtype, *shape), cotangent(rng, dtype, *shape)
    tensor = leaf(x)
    expected = pytorch(tensor)
    (gradient,) = torch.autograd.grad(expected, [tensor], leaf(dy).detach())
    y = getattr(functional, f"{name}_forward")(x, **options)
    # an output of float32 is what the way back then starts from
    from_input = name in importlib.import_module("fastnn._core.pointwise").FROM_INPUT
    dx = getattr(functional, f"{name}_backward")(dy, x if from_input else y, **options)
    scale = np.abs(expected.detach().numpy()) + 0.1
    check(y, expected.detach().numpy(), scale, dtype, name)
    check(dx, gradient.numpy(), 4 * (np.abs(dy) + np.abs(dy).sum(-1, keepdims=True)), dtype, name)


MERGES = {  # of a list of tensors
    "add": sum,
    "multiply": lambda xs: torch.stack(xs).prod(0),
    "average": lambda xs: torch.stack(xs).mean(0),
    "maximum": lambda xs: torch.stack(xs).max(0).values,
    "minimum": lambda xs: torch.stack(xs).min(0).values,
    "concatenate": lambda xs: torch.cat(xs, 1),
}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", MERGES)
def test_merges_agree_with_pytorch(functional, dtype, name, seed):
    rng = np.random.default_rng(6000 + seed)
    samples, *sizes, channels = (int(size) for size in rng.integers(1, 20, 6))
    xs = [reals(rng, dtype, samples, sizes[0], channels) for _ in range(1 + seed)]
    options = {}
    if name == "concatenate":
        options = {"axis": 1}
        xs = [reals(rng, dtype, samples, size, channels) for size in sizes[:seed] or sizes]
    y = getattr(functional, f"{name}_forward")(xs, **options)
    dy = cotangent(rng, dtype, *y.shape)
    dxs = getattr(functional, f"{name}_backward")(dy, xs, **options)
    expected = with_magnitudes(lambda *xs: MERGES[name](xs), list(map(leaf, xs)), leaf(dy).detach())
    for result, (tensor, magnitude) in zip((y, *dxs), expected, strict=True):
        exact = name in ("maximum", "minimum", "concatenate")
        scale = np.zeros(result.shape) if exact else magnitude.detach().numpy()
        check(result, tensor.detach().numpy(), scale, dtype, f"{name} of {len(xs)}")


@pytest.mark.parametrize("seed", range(6))
def test_prelu_agrees_with_pytorch(functional, dtype, seed):
    rng = np.random.default_rng(5000 + seed)
    shape = tuple(int(size) for size in rng.integers(1, 20, 3))
    slope = reals(rng, dtype, shape[-1] if seed % 2 else 1)
    x, dy = reals(rng, dtype, *shape), cotangent(rng, dtype, *shape)
    results = (
        functional.prelu_forward(x, slope),
        functional.prelu_backward_input(dy, x, slope),
        functional.prelu_backward_weights(x, dy, slope.shape),
    )
    tensors = [channels_first(x), leaf(slope)]
    expected = forward_and_gradients(F.prelu, tensors, channels_first(dy).detach())
    largest = np.abs(dy * x).sum((0, 1)) + np.abs(dy * x).sum() * (len(slope) == 1)
    scales = np.abs(x) * 4, np.abs(dy) * 4, largest[: len(slope)]
    for result, tensor, scale in zip(results, expected, scales, strict=True):
        check(result, channels_last(tensor), scale, dtype, f"{shape}, {len(slope)} slopes")


def random_norm(rng, dtype, samples):
    """x, dy, scale and shift of images of channels in two, three or four groups."""
    groups = int(rng.integers(2, 5))
    shape = samples, *(int(n) for n in rng.integers(2, 9, 2)), groups * int(rng.integers(1, 5))
    offset = reals(rng, dtype, shape[-1]) * 4  # means beside spreads of 1
    scale, shift = reals(rng, dtype, shape[-1]), reals(rng, dtype, shape[-1])
    return groups, reals(rng, dtype, *shape) + offset, cotangent(rng, dtype, *shape), scale, shift


NORMS = {
    "layer_norm": lambda x, groups, scale, shift: F.layer_norm(
        x.movedim(1, -1), scale.shape, scale, shift
    ).movedim(-1, 1),
    "group_norm": F.group_norm,
    "instance_norm": lambda x, groups, *how: F.instance_norm(x, None, None, *how),
    "batch_norm": lambda x, groups, *how: F.batch_norm(x, None, None, *how, training=True),
}


@pytest.mark.parametrize("seed", range(CONFIGURATIONS // 3))
@pytest.mark.parametrize("name", NORMS)
def test_normalisation_agrees_with_pytorch(functional, dtype, name, seed):
    rng = np.random.default_rng(6000 + seed)
    samples = int(rng.choice([2, 3, 15, 16, 17, 20]))
    groups, x, dy, scale, shift = random_norm(rng, dtype, samples)
    given = [groups] if name == "group_norm" else []
    y = getattr(functional, f"{name}_forward")(x, *given, scale, shift)
    if name == "batch_norm":
        y, *given = y  # mean and variance
    results = y, *getattr(functional, f"{name}_backward")(dy, x, *given, scale)
    tensors = [channels_first(x), leaf(scale), leaf(shift)]
    expected = forward_and_gradients(
        lambda x, *how: NORMS[name](x, groups, *how), tensors, channels_first(dy).detach()
    )
    # normal numbers are at most `largest`; the gradient of a small spread is as large as its slope
    largest = np.abs((channels_last(expected[0]) - shift) / scale).max() + 1
    slope = np.abs(channels_last(expected[1])).max() + np.abs(dy).max() * np.abs(scale).max()
    counts = np.abs(dy).sum((0, 1, 2)) * largest
    scales = largest * np.abs(scale) + np.abs(shift), slope * largest, counts, counts
    for result, tensor, magnitude in zip(results, expected, scales, strict=True):
        check(result, channels_last(tensor), magnitude, dtype, f"{name} of {x.shape}")


@pytest.mark.parametrize("momentum", [0.0, 0.1, 1.0])
def test_batch_norm_layers_run_like_those_of_pytorch(momentum):
    layers = importlib.import_module("fastnn.layers")
    rng = np.random.default_rng(7)
    layer = layers.BatchNorm(momentum, 1e-3).build((5, 4, 3), "float64")
    other = torch.nn.BatchNorm2d(3, 1e-3, momentum, dtype=torch.float64)
    for n in (17, 1, 5):
        x, dy = rng.normal(3, 2, (n, 5, 4, 3)), rng.normal(size=(n, 5, 4, 3))
        for training in (True, False):
            other.train(training)
            tensor = channels_first(x)
            expected = other(tensor)
            (dx,) = torch.autograd.grad(expected, [tensor], channels_first(dy))
            y = layer.forward(x, training=training)
            np.testing.assert_allclose(y, channels_last(expected), rtol=0, atol=1e-12)
            np.testing.assert_allclose(layer.backward(dy), channels_last(dx), rtol=0, atol=1e-12)
        for got, wanted in (
            (layer.running_mean, other.running_mean),
            (layer.running_variance, other.running_var),
        ):
            np.testing.assert_allclose(got, wanted.numpy(), rtol=1e-13)


@pytest.mark.parametrize("seed", range(6))
def test_clipping_agrees_with_pytorch(functional, dtype, seed):
    rng = np.random.default_rng(6000 + seed)
    x = reals(rng, dtype, int(rng.integers(1, 5000)))
    norm, limit = np.linalg.norm(x.astype(float)), float(rng.choice([0.25, 1, 4])) * len(x) ** 0.5
    tensor = leaf(x)
    tensor.grad = tensor.detach().clone()
    total = torch.nn.utils.clip_grad_norm_([tensor], limit)
    assert total.item() == pytest.approx(norm, rel=1e-12)
    # PyTorch divides by norm + 1e-6
    wanted = tensor.grad.numpy() * ((norm + 1e-6) / norm if norm > limit else 1)
    check(functional.clip_by_norm(x, limit), wanted, np.abs(wanted), dtype, "norm")
    tensor.grad = tensor.detach().clone()
    torch.nn.utils.clip_grad_value_([tensor], 0.5)
    np.testing.assert_array_equal(functional.clip_by_value(x, 0.5), tensor.grad.numpy())


@pytest.mark.parametrize("seed", range(6))
def test_max_norm_agrees_with_pytorch(functional, dtype, seed):
    rng = np.random.default_rng(7000 + seed)
    x = reals(rng, dtype, *(int(size) for size in rng.integers(1, 30, 3)))
    limit = 0.75 * (x[0].size ** 0.5)
    norms = np.linalg.norm(x.reshape(len(x), -1).astype(float), axis=1).reshape(-1, 1, 1)
    wanted = torch.renorm(leaf(x).detach(), 2, 0, limit).numpy()
    wanted *= np.where(norms > limit, (norms + 1e-7) / norms, 1)  # PyTorch divides by norm + 1e-7
    check(functional.constrain_max_norm(x, limit), wanted, np.abs(wanted), dtype, "max norm")
    wanted = F.normalize(leaf(x).detach(), dim=(1, 2), eps=0).numpy()
    check(functional.constrain_unit_norm(x), wanted, np.abs(wanted), dtype, "unit norm")


@pytest.mark.parametrize("seed", range(6))
def test_penalties_agree_with_pytorch(functional, dtype, seed):
    rng = np.random.default_rng(8000 + seed)
    weight = reals(rng, dtype, *(int(size) for size in rng.integers(1, 70, 2)))
    l1, l2 = rng.random(2)
    tensor = leaf(weight)
    wanted = l1 * tensor.abs().sum() + l2 * tensor.square().sum()
    (slope,) = torch.autograd.grad(wanted, [tensor])
    penalty, gradient = functional.l1_l2_penalty(weight, l1=l1, l2=l2)
    assert penalty == pytest.approx(wanted.item(), rel=1e-13)
    check(gradient, slope.numpy(), l1 + 2 * l2 * np.abs(weight), dtype, "gradient")


def test_l2_with_sgd_is_pytorchs_weight_decay():
    fn = importlib.import_module("fastnn")
    rng = np.random.default_rng(9)
    x, y = rng.normal(size=(30, 7)), rng.normal(size=(30, 3))
    layer = fn.layers.Dense(3, weight_regularizer=fn.regularizers.L2(0.05), bias_regularizer="l2")
    net = fn.Sequential([layer], input_shape=(7,), dtype="float64")
    net.parameters = rng.normal(size=net.parameters.shape)
    weight, bias = leaf(layer.weight), leaf(layer.bias)
    groups = [{"params": [weight], "weight_decay": 0.1}, {"params": [bias], "weight_decay": 0.02}]
    theirs = torch.optim.SGD(groups, lr=0.1, momentum=0.9)
    trainer = fn.Trainer(net, "squared_error", fn.optimizers.SGD(0.1, momentum=0.9))
    for _ in range(5):
        theirs.zero_grad()
        loss = (F.linear(leaf(x), weight, bias) - leaf(y)).square().sum() / 30
        loss.backward()
        theirs.step()
        penalty = 0.05 * np.square(layer.weight).sum() + 0.01 * np.square(layer.bias).sum()
        assert trainer.step(x, y) == pytest.approx(loss.item() + penalty, rel=1e-12)
        np.testing.assert_allclose(layer.weight, weight.detach().numpy(), rtol=1e-11)
        np.testing.assert_allclose(layer.bias, bias.detach().numpy(), rtol=1e-11)


@pytest.mark.parametrize("rank", [0, 1, 2, 3])
@pytest.mark.parametrize("rate", [0.0, 0.25, 0.6])
def test_dropout_agrees_with_pytorch_where_both_keep_or_drop(functional, dtype, rate, rank):
    """Neither draws the other's numbers: what they make of an element must be the same."""
    name, drop = (
        ("dropout", F.dropout),
        *(("spatial_dropout", drop) for drop in (F.dropout1d, F.dropout2d, F.dropout3d)),
    )[rank]
    rng = np.random.default_rng(rank)
    x = reals(rng, dtype, 60, *(3, 2, 4)[:rank], 40)
    dy = rng.integers(1, 5, x.shape).astype(dtype)
    torch.manual_seed(rank)
    pair = forward_and_gradients(
        lambda x: drop(x, rate), [channels_first(x)], channels_first(dy).detach()
    )
    results = [
        getattr(functional, f"{name}_forward")(x, rate, seed=rank),
        getattr(functional, f"{name}_backward")(dy, rate, seed=rank),
    ]
    expected = [channels_last(tensor) for tensor in pair]
    dropped, torch_dropped = results[1] == 0, expected[1] == 0
    same = dropped == torch_dropped
    assert np.mean(same) == 1 if rate == 0 else 0 < np.mean(same) < 1
    for label, result, value in zip(("y", "dx"), results, expected, strict=True):
        check(result[same], value[same], np.abs(value[same]), dtype, label)
        assert np.all(result[dropped] == 0)
    drawn = dropped.reshape(60, -1, 40)[:, 0]
    assert abs(drawn.mean() - rate) <= 5 * np.sqrt(rate * (1 - rate) / drawn.size)
    torch_drawn = torch_dropped.reshape(60, -1, 40)[:, 0]
    errors = np.sqrt(2 * rate * (1 - rate) / drawn.size)
    assert abs(drawn.mean() - torch_drawn.mean()) <= 5 * errors
