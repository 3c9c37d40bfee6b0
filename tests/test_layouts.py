"""Inputs of any layout give the same bits and are never changed; results depend on nothing else."""

import numpy as np
import pytest

from cases import (
    ACTIVATIONS,
    BATCH_NORMS,
    LAYERS,
    LOSSES,
    MERGES,
    NOISES,
    NORMS,
    PRELUS,
    SMALL,
)
from fastnn import functional, packs, reference
from operations import (
    OF_THE_BATCH,
    Conv,
    Dense,
    MaxPool,
    allowed_errors,
    draw,
    expected_results,
)
from operations_merge import EDGES as MERGE_EDGES
from operations_merge import ELEMENTWISE, Concatenate, Merge
from operations_noise import EDGES as NOISE_EDGES
from operations_noise import Noise
from operations_norm import EDGES as NORM_EDGES
from operations_norm import BatchNorm, GroupNorm, LayerNorm
from operations_pointwise import Pointwise, Prelu, Softmax
from operations_resampling import EDGES as RESAMPLING_EDGES
from operations_resampling import Pad, Permute, UpSample
from operations_training import Loss
from operations_transposed import ConvTranspose
from tolerances import assert_within

LAYOUTS = {
    "Fortran-ordered": np.asfortranarray,
    "negatively strided": lambda a: a[::-1].copy()[::-1],
    "strided": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "read-only": lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape),
    "byte-swapped": lambda a: a.astype(a.dtype.newbyteorder()),
    "unaligned": lambda a: np.frombuffer(b"\0" + a.tobytes(), a.dtype, offset=1).reshape(a.shape),
    "lists": lambda a: a.tolist(),
    "float64": lambda a: a.astype("float64"),
    "float16": lambda a: a.astype("float16"),
    "int8": lambda a: a.astype("int8"),
    "int64": lambda a: a.astype("int64"),
}
KEEPS_LABELS = list(LAYOUTS)[:7]
BY_SAMPLES = [c for c in SMALL if "x" in c.activations and c not in BATCH_NORMS]
FUNCTIONS = [case for case in SMALL if case.activations]  # updates work in place
SOME = [
    Dense(17, 7, 33),
    Conv(3, (5, 6), 3, 4, (3, 2), stride=(2, 1), padding=1),
    Conv(2, (5, 6), 17, 3, (2, 2)),
    Conv(5, (7,), 1, 2, (3,)),
    ConvTranspose(3, (4, 3), 3, 4, (3, 2), stride=2, padding=1, output_padding=1),
    ConvTranspose(2, (3, 4), 3, 17, (2, 2)),
    MaxPool(3, (6, 5), 2, 2, padding=1),
    Pointwise("relu", 7, 3),
    Pointwise("gelu", 7, 3),
    Prelu(7, 3, slopes=(3,)),
    Softmax(5, 3),
    Pad(5, (3, 4), 2, ((1, 2), (0, 3)), mode="reflect"),
    UpSample(5, (3, 2), 2, 2, mode="linear"),
    Permute(5, (3, 4, 2), (2, 0, 1)),
    BatchNorm(7, 3),
    LayerNorm(7, 3),
    GroupNorm(7, 4, groups=2),
    Merge("multiply", 3, 7, 3),
    Merge("minimum", 2, 7, 3),
    Concatenate((1, 3), 7, None),
    Noise("dropout", 7, 3),
    Noise("spatial_dropout", 7, 4, 3),
    Noise("gaussian_noise", 7, 3),
    Noise("gaussian_dropout", 7, 3),
    Loss("cross_entropy", (19, 3), "labels", weighted=True),
    Loss("squared_error", (19, 3), "numbers"),
]


def assert_same(results, expected, label=""):
    for name in expected:
        np.testing.assert_array_equal(results[name], expected[name], err_msg=f"{label} {name}")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("case", SOME, ids=repr)
def test_operands_may_have_any_layout(case, layout):
    dtype = "float64" if layout in ("float64", "lists") else "float32"
    changed, plain = {}, {}
    for name, value in case.operands("integer", "float32").items():
        labels = value is None or value.dtype.kind == "i"
        same = value is None or (labels and layout not in KEEPS_LABELS)
        changed[name] = value if same else LAYOUTS[layout](value)
        plain[name] = value if labels else np.array(changed[name], dtype, order="C")
    results, expected = case.run(functional, changed), case.run(functional, plain)
    assert_same(results, expected, layout)
    assert all(results[name].dtype == expected[name].dtype for name in expected)


def test_booleans_count_as_zero_and_one():
    x = np.random.default_rng(1).integers(0, 2, (5, 7))
    weight = np.arange(21.0, dtype="float32").reshape(3, 7)
    y = functional.dense_forward(x.astype(bool), weight)
    np.testing.assert_array_equal(y, functional.dense_forward(x, weight))
    assert y.dtype == np.float32


@pytest.mark.parametrize("case", FUNCTIONS, ids=repr)
def test_operands_are_never_changed(case):
    for dtype in ("float32", "float64"):
        operands, before = case.operands("integer", dtype), case.operands("integer", dtype)
        case.run(functional, operands)
        for name, value in operands.items():
            if value is not None:
                np.testing.assert_array_equal(value, before[name])


def test_one_array_may_be_several_operands():
    a = draw(np.random.default_rng(1), "integer", 6, 6)
    for name in ("dense_backward_weights", "dense_backward_input", "dense_forward"):
        results, expected = getattr(functional, name)(a, a), getattr(functional, name)(a, a.copy())
        for result, value in zip(results, expected, strict=True):
            np.testing.assert_array_equal(result, value)
    for name in ("relu", "sigmoid", "tanh", "softmax", "log_softmax", "elu", "gelu", "mish"):
        backward = getattr(functional, f"{name}_backward")
        np.testing.assert_array_equal(backward(a, a), backward(a, a.copy()))
    for name in (*ELEMENTWISE, "concatenate"):
        forward = getattr(functional, f"{name}_forward")
        backward = getattr(functional, f"{name}_backward")
        y, expected = forward([a, a]), forward([a, a.copy()])
        np.testing.assert_array_equal(y, expected)
        results, expected = backward(y, [a, a]), backward(y, [a, a.copy()])
        np.testing.assert_array_equal(results, expected)
        assert not np.shares_memory(*results)
    image = a.reshape(1, 6, 6)
    assert_same(
        dict(enumerate(functional.conv_backward_weights(image, image, 3, padding=1))),
        dict(enumerate(reference.conv_backward_weights(image, image, 3, padding=1))),
    )
    assert functional.squared_error(a, a)[0] == 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", FUNCTIONS, ids=repr)
def test_packs_go_in_and_come_out_with_the_same_numbers(case, dtype):
    operands = case.operands("zero_mean", dtype)
    expected = case.run(functional, operands)
    packed = {
        name: packs.pack(value, empty="zero" if name == "dy" else "copy")
        if name in case.activations
        else value
        for name, value in operands.items()
    }
    for name, result in case.run(functional, packed).items():
        whole = name in OF_THE_BATCH
        assert isinstance(result, packs.Packs) is not whole
        plain = result if whole else result.unpack()
        assert plain.shape == expected[name].shape
        assert plain.dtype == expected[name].dtype
        np.testing.assert_array_equal(plain, expected[name], err_msg=name)


@pytest.mark.parametrize("size", [3, 17], ids=["bytes", "wide"])
@pytest.mark.parametrize("taken", ["float32", "float64"])
def test_an_argmax_in_packs_serves_gradients_of_either_dtype(taken, size):
    case = MaxPool(18, (20, 19), 2, size, stride=1)
    operands = case.operands("integer")
    expected = expected_results(case, "integer")["dx"]
    _, argmax = case.forward(functional, packs.pack(operands["x"], taken))
    for dtype in ("float32", "float64"):
        dx = functional.max_pool_backward(operands["dy"].astype(dtype), argmax, case.shape)
        np.testing.assert_array_equal(dx, expected.astype(dtype), strict=True)


@pytest.mark.parametrize("case", LOSSES, ids=repr)
def test_lanes_without_a_sample_count_in_no_loss_and_get_no_gradient(case):
    operands = case.operands("zero_mean", "float32")
    expected = case.run(functional, operands)
    packed = packs.pack(operands[case.first])
    empty = (-1, ..., slice(case.shape[0] % packs.LANES, None))
    packed.data[empty] = np.nan
    results = case.run(functional, operands | {case.first: packed})
    assert results["loss"] == expected["loss"]
    np.testing.assert_array_equal(results["gradient"].unpack(), expected["gradient"])
    assert not np.any(results["gradient"].data[empty])


@pytest.mark.parametrize("slopes", [(1,), (3,), (5, 3)])
def test_lanes_without_a_sample_count_in_no_gradient_of_slopes(slopes):
    rng = np.random.default_rng(1)
    x, dy = draw(rng, "zero_mean", 19, 5, 3), draw(rng, "zero_mean", 19, 5, 3)
    expected = functional.prelu_backward_weights(x, dy, slopes)
    for name, empty in (("x", -np.inf), ("x", np.nan), ("dy", 1e30)):
        packed = {"x": packs.pack(x), "dy": packs.pack(dy, empty="zero")}
        packed[name].data[-1, ..., 3:] = empty
        dslope = functional.prelu_backward_weights(packed["x"], packed["dy"], slopes)
        np.testing.assert_array_equal(dslope, expected)


@pytest.mark.parametrize(
    "case",
    LAYERS + ACTIVATIONS + PRELUS + NOISES + BATCH_NORMS + NORMS + MERGES + LOSSES,
    ids=repr,
)
def test_a_batch_of_none_gives_empty_results_and_zero_gradients(case):
    operands, none = case.operands(), slice(0, 0)
    results = case.run_part(functional, operands, none)
    for name, expected in case.run_part(reference, operands, none).items():
        assert results[name].shape == expected.shape
        np.testing.assert_array_equal(results[name], expected)
        assert not np.any(results[name])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "case",
    LAYERS + ACTIVATIONS + PRELUS + NOISES + BATCH_NORMS + NORMS + MERGES + LOSSES,
    ids=repr,
)
def test_results_do_not_depend_on_what_their_memory_held(case, dtype, monkeypatch):
    expected = case.run(functional, case.operands("integer", dtype))
    plain = np.empty

    def dirty(shape, dtype=float, **how):
        memory = plain(shape, dtype, **how)
        memory.reshape(-1).view(np.uint8)[...] = 0xFF  # NaN in every floating-point type
        return memory

    operands = case.operands("integer", dtype)
    monkeypatch.setattr(np, "empty", dirty)
    results = case.run(functional, operands)
    monkeypatch.undo()
    assert_same(results, expected)


@pytest.mark.parametrize("case", BY_SAMPLES, ids=repr)
def test_a_sample_does_not_depend_on_the_rest_of_its_batch(case):
    operands = case.operands("zero_mean", "float32")
    whole = case.run(functional, operands)
    for i in {0, len(operands["x"]) // 2, len(operands["x"]) - 1}:
        alone = case.run_part(functional, operands, slice(i, i + 1))
        for name, result in alone.items():
            if name not in OF_THE_BATCH:
                np.testing.assert_array_equal(result[0], whole[name][i], err_msg=name)


SIZES = range(1, 2 * packs.LANES + 2)  # more than two packs, and than any tile
EDGES = {
    "dense, samples": [Dense(n, 3, 2) for n in SIZES],
    "dense, inputs": [Dense(3, n, 2) for n in SIZES],
    "dense, outputs": [Dense(3, 2, n) for n in SIZES],
    "conv, samples": [Conv(n, (3,), 2, 3, (2,)) for n in SIZES],
    "conv, channels": [Conv(2, (4, 3), n, 3, (2, 2)) for n in SIZES],
    "conv, filters": [Conv(2, (4, 3), 2, n, (2, 2)) for n in SIZES],
    "conv, filters of many channels": [Conv(2, (3,), 16, n, (2,)) for n in SIZES],
    "conv, width": [Conv(2, (2, n), 2, 3, (1, 1)) for n in SIZES],
    "conv, width with borders": [Conv(2, (2, n), 2, 3, (2, 3), padding="same") for n in SIZES],
    "conv, width with stride": [Conv(2, (2, n), 2, 3, (1, 3), padding=1, stride=2) for n in SIZES],
    "conv, width of many channels": [Conv(2, (n,), 17, 2, (3,), padding=1) for n in SIZES],
    "conv, groups": [Conv(2, (4,), n, 2 * n, (2,), groups=n) for n in SIZES],
    "conv, channels of 2 groups": [Conv(2, (4, 3), 2 * n, 4, (2, 2), groups=2) for n in SIZES],
    "conv, filters of 2 groups": [Conv(2, (4, 3), 4, 2 * n, (2, 2), groups=2) for n in SIZES],
    "depthwise, samples": [Conv(n, (2, 3), 3, 3, (2, 2), groups=3) for n in SIZES],
    "depthwise, width": [Conv(2, (3, n), 3, 3, (3, 3), groups=3, padding=1) for n in SIZES],
    "depthwise, taps": [Conv(2, (n + 1,), 2, 2, (n,), groups=2) for n in SIZES],
    "conv, taps": [Conv(2, (n + 1,), 2, 2, (n,)) for n in SIZES],
    "conv, rows": [Conv(2, (n + 1, 2), 1, 2, (2, 2)) for n in SIZES],
    "transposed, samples": [ConvTranspose(n, (3,), 2, 3, (2,), stride=2) for n in SIZES],
    "transposed, channels": [ConvTranspose(2, (2, 3), n, 3, (2, 2), stride=2) for n in SIZES],
    "transposed, filters": [ConvTranspose(2, (2, 3), 2, n, (2, 2), stride=2) for n in SIZES],
    "transposed, width": [ConvTranspose(2, (2, n), 2, 3, (1, 3), stride=2) for n in SIZES],
    "transposed, groups": [ConvTranspose(2, (4,), n, 2 * n, (2,), groups=n) for n in SIZES],
    "transposed, taps": [ConvTranspose(2, (2,), 2, 2, (n,), padding=n // 2) for n in SIZES],
    "max pool, width": [MaxPool(2, (2, n + 1), 3, 2, stride=1) for n in SIZES],
    "max pool, channels": [MaxPool(2, (4,), n, 2) for n in SIZES],
    "relu, length": [Pointwise("relu", n) for n in SIZES],
    "sign, length": [Pointwise("sign", n) for n in SIZES],
    "relu6, length": [Pointwise("relu6", n) for n in SIZES],
    "prelu, samples": [Prelu(n, 2, 3, slopes=(3,)) for n in SIZES],
    "prelu, channels": [Prelu(3, 2, n, slopes=(n,)) for n in SIZES],
    "prelu, channels of one slope": [Prelu(3, 2, n, slopes=(1,)) for n in SIZES],
    "prelu, positions": [Prelu(3, n, 2, slopes=(n, 2)) for n in SIZES],
    **MERGE_EDGES,
    **NOISE_EDGES,
    **RESAMPLING_EDGES,
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("edge", EDGES)
def test_every_size_around_the_edges_of_tiles_is_exact(edge, dtype):
    for case in EDGES[edge]:
        results = case.run(functional, case.operands("integer", dtype))
        assert_same(results, expected_results(case, "integer"), case)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("edge", NORM_EDGES)
def test_every_size_around_the_edges_is_normalised_like_the_reference(edge, dtype):
    for case in NORM_EDGES[edge]:
        results = case.run(functional, case.operands("integer", dtype))
        allowed = allowed_errors(case, "integer", dtype)
        for name, expected in expected_results(case, "integer").items():
            assert_within(results[name], expected, allowed[name], f"{case}: {name}")
