"""Layers alone: shapes, results against the reference, arrays, configurations."""

import copy
import inspect
import json
import math
import pickle

import numpy as np
import pytest

import fastnn as fn
from fastnn import initializers, reference
from fastnn._core.pointwise import FROM_INPUT
from fastnn.layers import REGISTRY
from fastnn.layers.activation import ACTIVATIONS
from fastnn.packs import Packs, pack

L = fn.layers
IMAGE = (6, 7, 4)


def how(layer, *names):
    """The layer's own settings, as arguments of the reference's operations."""
    config = layer.config()
    return {name: config[name] for name in ("stride", "padding", *names)}


def dense_reference(layer, x, dy):
    return (
        reference.dense_forward(x, layer.weight, layer.bias),
        reference.dense_backward_input(dy, layer.weight),
        reference.dense_backward_weights(x, dy),
    )


def conv_reference(layer, x, dy):
    settings = how(layer, "dilation", "groups", "padding_mode")
    return (
        reference.conv_forward(x, layer.weight, layer.bias, **settings),
        reference.conv_backward_input(dy, layer.weight, x.shape, **settings),
        reference.conv_backward_weights(x, dy, layer.size, **settings),
    )


def conv_transpose_reference(layer, x, dy):
    settings = how(layer, "output_padding", "dilation", "groups")
    return (
        reference.conv_transpose_forward(x, layer.weight, layer.bias, **settings),
        reference.conv_transpose_backward_input(dy, layer.weight, x.shape, **settings),
        reference.conv_transpose_backward_weights(x, dy, layer.size, **settings),
    )


def max_pool_reference(layer, x, dy):
    settings = how(layer, "dilation", "ceil_mode")
    y, argmax = reference.max_pool_forward(x, layer.size, **settings)
    return y, reference.max_pool_backward(dy, argmax, x.shape), ()


def average_pool_reference(layer, x, dy):
    settings = how(layer, "ceil_mode", "count_include_pad")
    y = reference.average_pool_forward(x, layer.size, **settings)
    return y, reference.average_pool_backward(dy, x.shape, layer.size, **settings), ()


def global_max_pool_reference(layer, x, dy):
    y, argmax = reference.global_max_pool_forward(x, keep_dims=layer.keep_dims)
    return y, reference.global_max_pool_backward(dy, argmax, x.shape), ()


def global_average_pool_reference(layer, x, dy):
    y = reference.global_average_pool_forward(x, keep_dims=layer.keep_dims)
    return y, reference.global_average_pool_backward(dy, x.shape), ()


def adaptive_pool_reference(layer, x, dy):
    y = reference.adaptive_average_pool_forward(x, layer.output_size)
    return y, reference.adaptive_average_pool_backward(dy, x.shape), ()


def lp_pool_reference(layer, x, dy):
    settings = how(layer, "p", "ceil_mode")
    y = reference.lp_pool_forward(x, layer.size, **settings)
    return y, reference.lp_pool_backward(dy, x, y, layer.size, **settings), ()


def activation_reference(layer, x, dy):
    y = getattr(reference, f"{layer.function}_forward")(x, **layer.options)
    kept = x if layer.function in FROM_INPUT else y
    return y, getattr(reference, f"{layer.function}_backward")(dy, kept, **layer.options), ()


def prelu_reference(layer, x, dy):
    dslope = reference.prelu_backward_weights(x, dy, layer.slope.shape)
    return (
        reference.prelu_forward(x, layer.slope),
        reference.prelu_backward_input(dy, x, layer.slope),
        (dslope,),
    )


def norm_reference(layer, x, dy):
    name = {"LayerNorm": "layer_norm", "GroupNorm": "group_norm", "InstanceNorm": "instance_norm"}
    name, how = name[type(layer).__name__], {"epsilon": layer.epsilon}
    if isinstance(layer, L.LayerNorm):
        how["axes"] = layer.axes
    given = (layer.groups,) if isinstance(layer, L.GroupNorm) else ()
    backward = getattr(reference, f"{name}_backward")
    dx, *gradients = backward(dy, x, *given, layer.scale, **how)
    y = getattr(reference, f"{name}_forward")(x, *given, layer.scale, layer.shift, **how)
    return y, dx, gradients


def batch_norm_reference(layer, x, dy):
    statistics, how = (layer.running_mean, layer.running_variance), {"epsilon": layer.epsilon}
    dx, *gradients = reference.batch_norm_backward(
        dy, x, *statistics, layer.scale, training=False, **how
    )
    y = reference.batch_norm_inference(x, *statistics, layer.scale, layer.shift, **how)
    return y, dx, gradients


def flatten_reference(layer, x, dy):
    return x.reshape(len(x), -1), dy.reshape(x.shape), ()


def reshape_reference(layer, x, dy):
    return x.reshape(len(x), *layer.shape), dy.reshape(x.shape), ()


def pad_reference(layer, x, dy):
    y = reference.pad_forward(x, layer.padding, mode=layer.mode, value=layer.value)
    return y, reference.pad_backward(dy, x.shape, layer.padding, mode=layer.mode), ()


def crop_reference(layer, x, dy):
    y = reference.crop_forward(x, layer.cropping)
    return y, reference.crop_backward(dy, x.shape, layer.cropping), ()


def up_sample_reference(layer, x, dy):
    settings = layer.config()
    y = reference.up_sample_forward(x, **settings)
    return y, reference.up_sample_backward(dy, x.shape, **settings), ()


def permute_reference(layer, x, dy):
    y = reference.permute_forward(x, layer.axes)
    return y, reference.permute_backward(dy, layer.axes), ()


def rescale_reference(layer, x, dy):
    return x * layer.scale + layer.offset, dy * layer.scale, ()


def local_conv_reference(layer, x, dy):
    settings = how(layer, "dilation")
    return (
        reference.local_conv_forward(x, layer.weight, layer.bias, **settings),
        reference.local_conv_backward_input(dy, layer.weight, x.shape, **settings),
        reference.local_conv_backward_weights(x, dy, layer.size, **settings),
    )


def noise_reference(layer, x, dy):
    return x, dy, ()  # in inference


CASES = [  # layer, shape of a sample, shape of its output, reference
    (lambda: L.Dense(5), (7,), (5,), dense_reference),
    (lambda: L.Dense(1, bias=False), (3,), (1,), dense_reference),
    (lambda: L.Conv1D(3, 2, stride=2), (9, 2), (4, 3), conv_reference),
    (lambda: L.Conv2D(6, 3), IMAGE, (4, 5, 6), conv_reference),
    (lambda: L.Conv2D(2, (3, 2), padding="same", stride=(2, 1)), IMAGE, (3, 7, 2), conv_reference),
    (lambda: L.Conv2D(4, 2, groups=2, dilation=(2, 1)), IMAGE, (4, 6, 4), conv_reference),
    (lambda: L.Conv2D(3, 3, padding=((2, 0), (0, 1))), IMAGE, (6, 6, 3), conv_reference),
    (lambda: L.Conv2D(3, 3, padding=(2, 1), bias=False), IMAGE, (8, 7, 3), conv_reference),
    (lambda: L.Conv2D(32, 3, algorithm="winograd"), (4, 5, 32), (2, 3, 32), conv_reference),
    (lambda: L.Conv3D(2, 2, padding=1), (2, 3, 4, 2), (3, 4, 5, 2), conv_reference),
    (lambda: L.ConvTranspose1D(3, 2, stride=3), (4, 2), (11, 3), conv_transpose_reference),
    (lambda: L.ConvTranspose2D(6, 3), IMAGE, (8, 9, 6), conv_transpose_reference),
    (
        lambda: L.ConvTranspose2D(2, (3, 2), padding="same", stride=(2, 3)),
        IMAGE,
        (12, 21, 2),
        conv_transpose_reference,
    ),
    (
        lambda: L.ConvTranspose2D(4, 3, stride=2, padding=(1, 0), output_padding=1, groups=2),
        IMAGE,
        (12, 16, 4),
        conv_transpose_reference,
    ),
    (
        lambda: L.ConvTranspose2D(3, 3, padding=((2, 0), (0, 1)), dilation=2, bias=False),
        IMAGE,
        (8, 10, 3),
        conv_transpose_reference,
    ),
    (
        lambda: L.ConvTranspose3D(2, 2, stride=(1, 2, 1), padding=1),
        (2, 3, 4, 2),
        (1, 4, 3, 2),
        conv_transpose_reference,
    ),
    *(
        (make, shape, output_shape, conv_reference)
        for mode in ("reflect", "edge", "circular")
        for make, shape, output_shape in [
            (
                lambda mode=mode: L.Conv1D(3, 4, padding=((1, 2),), padding_mode=mode),
                (7, 2),
                (7, 3),
            ),
            (
                lambda mode=mode: L.Conv2D(
                    2, 3, padding="same", stride=(2, 1), groups=2, padding_mode=mode
                ),
                IMAGE,
                (3, 7, 2),
            ),
            (
                lambda mode=mode: L.Conv3D(2, 2, padding=(1, 0, 2), padding_mode=mode),
                (2, 3, 4, 2),
                (3, 2, 7, 2),
            ),
        ]
    ),
    (lambda: L.Conv2D(3, 3, padding_mode="replicate"), IMAGE, (4, 5, 3), conv_reference),
    (lambda: L.Pad(2, value=1.5), (5, 2), (9, 2), pad_reference),
    (lambda: L.Pad(((1, 2), (0, 3)), "reflect"), IMAGE, (9, 10, 4), pad_reference),
    (lambda: L.Pad((1, 0, 2), "circular"), (2, 3, 4, 2), (4, 3, 8, 2), pad_reference),
    (lambda: L.ZeroPad1D(((2, 0),)), (5, 2), (7, 2), pad_reference),
    (lambda: L.ZeroPad2D((1, 2)), IMAGE, (8, 11, 4), pad_reference),
    (lambda: L.ZeroPad3D(1), (2, 3, 4, 2), (4, 5, 6, 2), pad_reference),
    (lambda: L.Crop1D(2), (5, 2), (1, 2), crop_reference),
    (lambda: L.Crop2D(((1, 2), (0, 3))), IMAGE, (3, 4, 4), crop_reference),
    (lambda: L.Crop3D((0, 1, 1)), (2, 3, 4, 2), (2, 1, 2, 2), crop_reference),
    (lambda: L.UpSample1D(3, mode="linear"), (5, 2), (15, 2), up_sample_reference),
    (lambda: L.UpSample2D((2, 1)), IMAGE, (12, 7, 4), up_sample_reference),
    (lambda: L.UpSample2D(2, mode="linear"), IMAGE, (12, 14, 4), up_sample_reference),
    (lambda: L.UpSample3D((1, 3, 2)), (2, 3, 4, 2), (2, 9, 8, 2), up_sample_reference),
    (lambda: L.Permute((2, 0, 1)), IMAGE, (4, 6, 7), permute_reference),
    (lambda: L.Permute((-1, 0)), (5, 3), (3, 5), permute_reference),
    (lambda: L.LocallyConnected1D(3, 2, stride=2), (9, 2), (4, 3), local_conv_reference),
    (lambda: L.LocallyConnected2D(6, 3, bias=False), IMAGE, (4, 5, 6), local_conv_reference),
    (
        lambda: L.LocallyConnected2D(2, (3, 2), padding="same", stride=(2, 1)),
        IMAGE,
        (3, 7, 2),
        local_conv_reference,
    ),
    (lambda: L.MaxPool1D(3, padding=1), (8, 2), (3, 2), max_pool_reference),
    (lambda: L.MaxPool2D(2), IMAGE, (3, 3, 4), max_pool_reference),
    (lambda: L.MaxPool2D(2, stride=1, dilation=2), IMAGE, (4, 5, 4), max_pool_reference),
    (lambda: L.MaxPool2D(2, ceil_mode=True), IMAGE, (3, 4, 4), max_pool_reference),
    (lambda: L.MaxPool3D((1, 2, 2)), (2, 4, 5, 2), (2, 2, 2, 2), max_pool_reference),
    (lambda: L.AveragePool1D(3, stride=2), (8, 2), (3, 2), average_pool_reference),
    (lambda: L.AveragePool2D((2, 3)), IMAGE, (3, 2, 4), average_pool_reference),
    (lambda: L.AveragePool2D(3, stride=2, padding=1), IMAGE, (3, 4, 4), average_pool_reference),
    (
        lambda: L.AveragePool2D(3, stride=2, padding=1, ceil_mode=True, count_include_pad=True),
        IMAGE,
        (4, 4, 4),
        average_pool_reference,
    ),
    (lambda: L.AveragePool3D(2), (2, 4, 5, 2), (1, 2, 2, 2), average_pool_reference),
    (lambda: L.GlobalMaxPool1D(), (8, 2), (2,), global_max_pool_reference),
    (lambda: L.GlobalMaxPool2D(), IMAGE, (4,), global_max_pool_reference),
    (
        lambda: L.GlobalMaxPool3D(keep_dims=True),
        (2, 3, 4, 2),
        (1, 1, 1, 2),
        global_max_pool_reference,
    ),
    (lambda: L.GlobalAveragePool1D(keep_dims=True), (8, 2), (1, 2), global_average_pool_reference),
    (lambda: L.GlobalAveragePool2D(), IMAGE, (4,), global_average_pool_reference),
    (lambda: L.GlobalAveragePool3D(), (2, 3, 4, 2), (2,), global_average_pool_reference),
    (lambda: L.AdaptiveAveragePool1D(3), (8, 2), (3, 2), adaptive_pool_reference),
    (lambda: L.AdaptiveAveragePool2D((4, 9)), IMAGE, (4, 9, 4), adaptive_pool_reference),
    (lambda: L.AdaptiveAveragePool3D(2), (2, 3, 5, 2), (2, 2, 2, 2), adaptive_pool_reference),
    (lambda: L.LpPool1D(3, stride=2, p=1), (8, 2), (3, 2), lp_pool_reference),
    (lambda: L.LpPool2D(2, ceil_mode=True), IMAGE, (3, 4, 4), lp_pool_reference),
    (lambda: L.LpPool2D(3, p=2.5, stride=2, padding=1), IMAGE, (3, 4, 4), lp_pool_reference),
    (lambda: L.LpPool3D((1, 2, 2)), (2, 4, 5, 2), (2, 2, 2, 2), lp_pool_reference),
    (lambda: L.Activation("relu"), IMAGE, IMAGE, activation_reference),
    (lambda: L.Activation("sigmoid"), (5,), (5,), activation_reference),
    (lambda: L.Activation("tanh"), (5,), (5,), activation_reference),
    (lambda: L.Activation("sign"), (5,), (5,), activation_reference),
    (lambda: L.Softmax(), IMAGE, IMAGE, activation_reference),
    (lambda: L.LogSoftmax(), IMAGE, IMAGE, activation_reference),
    (lambda: L.Activation("gelu"), IMAGE, IMAGE, activation_reference),
    (lambda: L.LeakyReLU(0.2), IMAGE, IMAGE, activation_reference),
    (lambda: L.ReLU6(), (5,), (5,), activation_reference),
    (lambda: L.ELU(1.5), (5,), (5,), activation_reference),
    (lambda: L.SELU(), (5,), (5,), activation_reference),
    (lambda: L.GELU(), (5,), (5,), activation_reference),
    (lambda: L.GELU(approximate="tanh"), IMAGE, IMAGE, activation_reference),
    (lambda: L.SiLU(), (5,), (5,), activation_reference),
    (lambda: L.Mish(), (5,), (5,), activation_reference),
    (lambda: L.Softplus(2.0), (5,), (5,), activation_reference),
    (lambda: L.Softsign(), (5,), (5,), activation_reference),
    (lambda: L.HardSigmoid(), (5,), (5,), activation_reference),
    (lambda: L.HardSwish(), IMAGE, IMAGE, activation_reference),
    (lambda: L.PReLU(), IMAGE, IMAGE, prelu_reference),
    (lambda: L.PReLU("all", slope_initializer=-0.5), IMAGE, IMAGE, prelu_reference),
    (lambda: L.PReLU("none", slope_initializer="uniform"), (3, 2), (3, 2), prelu_reference),
    (lambda: L.LayerNorm(), IMAGE, IMAGE, norm_reference),
    (lambda: L.LayerNorm(2, epsilon=0.1), IMAGE, IMAGE, norm_reference),
    (lambda: L.LayerNorm("all"), IMAGE, IMAGE, norm_reference),
    (lambda: L.GroupNorm(2), IMAGE, IMAGE, norm_reference),
    (lambda: L.GroupNorm(3, scale=False, shift=False), (6,), (6,), norm_reference),
    (lambda: L.InstanceNorm(epsilon=0.1), IMAGE, IMAGE, norm_reference),
    (lambda: L.BatchNorm(), IMAGE, IMAGE, batch_norm_reference),
    (lambda: L.BatchNorm(0.5, 0.1, scale=False, shift=False), (6,), (6,), batch_norm_reference),
    (lambda: L.Flatten(), IMAGE, (168,), flatten_reference),
    (lambda: L.Dropout(0.5), IMAGE, IMAGE, noise_reference),
    (lambda: L.SpatialDropout(0.25), IMAGE, IMAGE, noise_reference),
    (lambda: L.GaussianNoise(2.0), (5,), (5,), noise_reference),
    (lambda: L.GaussianDropout(0.5), (5,), (5,), noise_reference),
    (lambda: L.Reshape((3, -1, 7)), IMAGE, (3, 8, 7), reshape_reference),
    (lambda: L.Reshape(168), IMAGE, (168,), reshape_reference),
    (lambda: L.Rescale(0.5, -1.0), IMAGE, IMAGE, rescale_reference),
]
cases = pytest.mark.parametrize(
    ("make", "shape", "output_shape", "expected"), CASES, ids=[repr(case[0]()) for case in CASES]
)


def batch(shape, n=3, seed=0):
    return np.random.default_rng(seed).normal(size=(n, *shape))


def close(got, expected):
    np.testing.assert_allclose(got, expected, rtol=1e-11, atol=1e-11)


@cases
def test_forward_and_backward_are_the_references(make, shape, output_shape, expected):
    layer, x, dy = make(), batch(shape), batch(output_shape, seed=1)
    y = layer.forward(x)
    dx = layer.backward(dy)
    expected_y, expected_dx, expected_gradients = expected(layer, x, dy)
    assert layer.output_shape == output_shape
    close(y, expected_y)
    close(dx, expected_dx)
    for got, gradient in zip(layer.gradients.values(), expected_gradients, strict=False):
        close(got, gradient)


@cases
def test_packs_in_packs_out_with_the_same_bits(make, shape, output_shape, expected):
    plain, packed = make().build(shape, "float64"), make().build(shape, "float64")
    x, dy = batch(shape, 18), batch(output_shape, 18, seed=1)
    y, dx = plain.forward(x), plain.backward(dy)
    packed_y = packed.forward(pack(x))
    packed_dx = packed.backward(pack(dy, empty="zero"))
    assert isinstance(packed_y, Packs)
    np.testing.assert_array_equal(packed_y.unpack(), y)
    np.testing.assert_array_equal(packed_dx.unpack(), dx)
    for name, gradient in plain.gradients.items():
        np.testing.assert_array_equal(packed.gradients[name], gradient)


@cases
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_layer_computes_in_its_own_dtype(make, shape, output_shape, expected, dtype):
    layer = make().build(shape, dtype)
    for given in ("float32", "float64", "int8", "float16", ">f8"):
        x = np.clip(batch(shape) * 10, 0, 100).astype(given)
        assert layer.forward(x).dtype == dtype
        assert layer.backward(batch(output_shape).astype(given)).dtype == dtype
    assert layer.forward(pack(batch(shape))).dtype == dtype


@cases
def test_an_empty_batch_is_legal(make, shape, output_shape, expected):
    layer = make()
    assert layer.forward(np.zeros((0, *shape))).shape == (0, *output_shape)
    assert layer.backward(np.zeros((0, *output_shape))).shape == (0, *shape)
    assert not any(gradient.any() for gradient in layer.gradients.values())


@cases
def test_the_input_gradient_can_be_left_out(make, shape, output_shape, expected):
    layer, dy = make(), batch(output_shape, seed=1)
    layer.forward(batch(shape))
    layer.backward(dy)
    gradients = {name: array.copy() for name, array in layer.gradients.items()}
    for array in layer.gradients.values():
        array.fill(np.nan)
    assert layer.backward(dy, input_gradient=False) is None
    for name, array in gradients.items():
        np.testing.assert_array_equal(layer.gradients[name], array)


@cases
def test_inputs_are_not_changed_in_any_layout(make, shape, output_shape, expected):
    layer, x = make(), batch(shape, 5)
    y = layer.forward(x)
    for view in (np.asfortranarray(x), x[::-1], x.astype(">f8"), np.repeat(x, 2, axis=0)[::2]):
        view.flags.writeable = False
        before = view.copy()
        got = layer.forward(view)
        np.testing.assert_array_equal(view, before)
        np.testing.assert_array_equal(got, y[::-1] if view.strides[0] < 0 else y)


@cases
def test_config_makes_the_layer_anew(make, shape, output_shape, expected):
    layer = make()
    config = json.loads(json.dumps(layer.config()))
    twin = type(layer)(**config)
    assert twin.config() == layer.config()
    x = batch(shape)
    np.testing.assert_array_equal(twin.forward(x), layer.forward(x))


@pytest.mark.parametrize("kind", REGISTRY.values(), ids=REGISTRY)
def test_config_knows_every_argument_of_the_constructor(kind):
    example = {"units": 1, "filters": 1, "size": 1, "function": "relu", "scale": 1, "groups": 1}
    example |= {"padding": 1, "cropping": 1, "shape": 1, "axes": (0,), "output_size": 1}
    example |= {"rate": 0.5, "stddev": 1.0}
    if kind is L.LayerNorm:  # not the axes of Permute
        del example["axes"]
    parameters = inspect.signature(kind).parameters
    layer = kind(**{name: value for name, value in example.items() if name in parameters})
    assert set(layer._arguments) == set(parameters)


def test_every_public_layer_can_be_saved():
    assert set(REGISTRY) == set(fn.layers.__all__) - {"Layer"}


@pytest.mark.parametrize("function", ACTIVATIONS)
@pytest.mark.parametrize("kind", [L.Dense, lambda *a, **k: L.Conv1D(a[0], 1, **k)])
def test_a_fused_activation_is_the_activation_that_follows(kind, function):
    fused, plain, activation = kind(4, activation=function), kind(4), L.Activation(function)
    shape = (5,) if kind is L.Dense else (3, 5)
    fused.build(shape, "float64")
    plain.build(shape, "float64")
    plain.weight = fused.weight
    x = batch(shape)
    y = fused.forward(x)
    np.testing.assert_array_equal(y, activation.forward(plain.forward(x)))
    dy = batch(y.shape[1:], seed=1)
    dx = plain.backward(activation.backward(dy))
    np.testing.assert_array_equal(fused.backward(dy), dx)
    np.testing.assert_array_equal(fused.gradients["weight"], plain.gradients["weight"])


@pytest.mark.parametrize(
    ("first", "dtype"),
    [
        (np.float64, "float64"),
        (">f8", "float64"),
        (np.float32, "float32"),
        (np.int64, "float32"),
        (bool, "float32"),
    ],
)
def test_first_data_decide_the_dtype(first, dtype):
    layer = L.Dense(2)
    layer.forward(np.ones((1, 3), first))
    assert layer.dtype == layer.weight.dtype == dtype


def test_assignment_copies_in():
    layer = L.Dense(2).build((3,))
    weight, given = layer.weight, np.arange(6).reshape(2, 3)
    layer.weight = given
    layer.bias = [5, 6]
    assert layer.weight is weight
    assert layer.weight.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert layer.parameters["bias"].tolist() == [5, 6]
    given[0, 0] = 9
    assert layer.weight[0, 0] == 0


def test_a_layer_without_bias_has_none():
    layer = L.Dense(2, bias=False).build((3,))
    assert layer.bias is None
    assert list(layer.parameters) == list(layer.gradients) == ["weight"]


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))]
)
def test_copies_have_their_own_arrays(duplicate):
    layer = L.Dense(2, "tanh").build((3,), "float64")
    twin, x = duplicate(layer), batch((3,))
    np.testing.assert_array_equal(twin.forward(x), layer.forward(x))
    twin.weight = np.zeros((2, 3))
    assert layer.weight.any()


def test_the_seed_and_the_place_decide_the_first_weights():
    def weight(**key):
        return L.Dense(4).build((5,), "float64", **key).weight.tolist()

    assert weight(seed=1, index=2) == weight(seed=1, index=2)
    assert len({str(weight(seed=s, index=i)) for s in range(3) for i in range(3)}) == 9


INITIALIZERS = [  # name or object, mean and standard deviation for a weight (200, 3, 100)
    ("zeros", 0, 0),
    ("ones", 1, 0),
    (0.25, 0.25, 0),
    (initializers.constant(-2), -2, 0),
    ("normal", 0, 0.05),
    (initializers.normal(2.0, mean=1.0), 1, 2),
    ("uniform", 0, 0.1 / math.sqrt(12)),
    (initializers.uniform(1, 3), 2, 2 / math.sqrt(12)),
    ("lecun_normal", 0, math.sqrt(1 / 300)),
    ("he_normal", 0, math.sqrt(2 / 300)),
    ("glorot_normal", 0, math.sqrt(2 / (300 + 600))),
    ("glorot_uniform", 0, math.sqrt(2 / (300 + 600))),
]


@pytest.mark.parametrize(("initializer", "mean", "spread"), INITIALIZERS)
def test_initializers(initializer, mean, spread):
    layer = L.Conv1D(200, 3, weight_initializer=initializer).build((9, 100), "float64", seed=5)
    n = layer.weight.size
    assert abs(layer.weight.mean() - mean) <= 5 * spread / math.sqrt(n)
    assert abs(layer.weight.std() - spread) <= 5 * spread / math.sqrt(n)


def test_an_initializer_may_be_any_function():
    layer = L.Dense(2, weight_initializer=lambda shape, **key: np.full(shape, 3)).build((2,))
    assert layer.weight.tolist() == [[3, 3], [3, 3]]
    assert "weight_initializer" not in layer.config()


def test_standardize_learns_a_mean_and_a_spread_for_each_channel():
    x = np.random.default_rng(0).normal(size=(3000, 2, 2, 3)) * [1, 5, 0] + [1e6, 0, 0.1]
    layer = L.Standardize()
    layer.learn(x)
    flat = x.reshape(-1, 3)
    np.testing.assert_allclose(layer.mean, flat.mean(axis=0), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(layer.spread[:2], flat.std(axis=0)[:2], rtol=1e-9)
    y = layer.forward(x).reshape(-1, 3)
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-8)
    np.testing.assert_allclose(y.std(axis=0), [1, 1, 0], atol=1e-8)


def test_standardize_loses_nothing_of_float64_data_in_a_float32_layer():
    x = 1e9 + np.array([[0.0], [1.0], [2.0], [3.0]])
    layer = L.Standardize().build((1,), "float32")
    layer.learn(x)
    assert layer.forward(x).dtype == np.float32
    np.testing.assert_allclose(np.diff(layer.forward(x), axis=0), 1 / np.std([0, 1, 2, 3]), 1e-6)
