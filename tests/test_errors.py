"""What goes wrong with layers and data is said at once: calls, exceptions and messages."""

import numpy as np
import pytest
import scipy.sparse

import fastnn as fn
from fastnn import initializers
from fastnn.layers import (
    Activation,
    AveragePool2D,
    Conv1D,
    Conv2D,
    Conv3D,
    ConvTranspose2D,
    Dense,
    Flatten,
    MaxPool1D,
    MaxPool2D,
    MaxPool3D,
    Rescale,
    Softmax,
    Standardize,
)

SGD, Adam, Sequential = fn.optimizers.SGD, fn.optimizers.Adam, fn.Sequential
HUGE = 2**63 - 1
NAN = float("nan")


def ones(*shape):
    return np.ones(shape)


def image_net():
    return Sequential([Conv2D(2, 3), Flatten(), Dense(3)], input_shape=(8, 8, 1))


def net(units=3, activation=None, features=4):
    return Sequential([Dense(units, activation)], input_shape=(features,))


CONSTRUCTORS = [
    (lambda: Dense(0), ValueError, "Dense: units must be from 1 to .*, got 0"),
    (lambda: Dense(-3), ValueError, "Dense: units .* got -3"),
    (lambda: Dense(HUGE), ValueError, f"Dense: units .* got {HUGE}"),
    (lambda: Dense(2.5), TypeError, "Dense: units must be an integer, got 2.5"),
    (lambda: Dense("8"), TypeError, "Dense: units must be an integer, got '8'"),
    (lambda: Dense(True), TypeError, "Dense: units must be an integer, got True"),
    (lambda: Dense(2, "rleu"), ValueError, "unknown activation 'rleu': did you mean 'relu'"),
    (lambda: Dense(2, "ReLU"), ValueError, "did you mean 'relu'"),
    (lambda: Dense(2, np.tanh), TypeError, "expected the name of activation, one of linear, relu"),
    (lambda: Dense(2, name=3), TypeError, "Dense: expected name to be text, got 3"),
    (lambda: Dense(2, input_shape=(0,)), ValueError, "Dense: every size of input_shape .* got 0"),
    (lambda: Dense(2, input_shape=(-1,)), ValueError, "Dense: .*input_shape .* got -1"),
    (lambda: Activation("softmaks"), ValueError, "did you mean 'softmax'"),
    (lambda: Activation("xyzzy"), ValueError, "unknown activation 'xyzzy': Known are linear, relu"),
    (lambda: Activation("prelu"), ValueError, "unknown activation 'prelu': did you mean 'relu'"),
    (lambda: fn.layers.LeakyReLU(-1), ValueError, "LeakyReLU: expected slope at least 0, got -1"),
    (lambda: fn.layers.ELU("a"), TypeError, "ELU: expected a number for alpha, got 'a'"),
    (lambda: fn.layers.Softplus(0), ValueError, "Softplus: expected beta more than 0, got 0"),
    (lambda: fn.layers.GELU("erf"), ValueError, "GELU: expected approximate .* got 'erf'"),
    (lambda: fn.layers.PReLU("channel"), ValueError, "PReLU: expected share .* got 'channel'"),
    (lambda: fn.layers.PReLU().build(()), ValueError, "PReLU: expected samples with channels"),
    (lambda: fn.layers.Dropout(1), ValueError, "Dropout: expected rate .* less than 1, got 1"),
    (lambda: fn.layers.Dropout(-0.1), ValueError, "Dropout: expected rate at least 0 .* got -0.1"),
    (lambda: fn.layers.Dropout(NAN), ValueError, "Dropout: expected rate .* got nan"),
    (lambda: fn.layers.Dropout("a"), TypeError, "Dropout: expected a number for rate, got 'a'"),
    (lambda: fn.layers.SpatialDropout(2), ValueError, "SpatialDropout: expected rate .* got 2"),
    (
        lambda: fn.layers.SpatialDropout(0.5).build((5,)),
        ValueError,
        r"SpatialDropout: expected samples of shape \(\*spatial, channels\), got \(5,\)",
    ),
    (lambda: fn.layers.GaussianDropout(1.5), ValueError, "GaussianDropout: .* rate .* got 1.5"),
    (lambda: fn.layers.GaussianNoise(-1), ValueError, "GaussianNoise: .* stddev .* got -1"),
    (lambda: fn.layers.BatchNorm(-0.1), ValueError, "BatchNorm: expected momentum .* got -0.1"),
    (lambda: fn.layers.BatchNorm(1.5), ValueError, "BatchNorm: expected momentum .* got 1.5"),
    (lambda: fn.layers.BatchNorm("a"), TypeError, "BatchNorm: expected a number for momentum"),
    (lambda: fn.layers.BatchNorm(epsilon=0), ValueError, "BatchNorm: expected epsilon .* got 0"),
    (lambda: fn.layers.BatchNorm().build(()), ValueError, "BatchNorm: expected samples with chan"),
    (lambda: fn.layers.LayerNorm(0), ValueError, "LayerNorm: axes must be .* got 0"),
    (lambda: fn.layers.LayerNorm("last"), TypeError, "LayerNorm: axes must be .* got 'last'"),
    (lambda: fn.layers.LayerNorm(3).build((4, 5)), ValueError, "at least 3 axes.* got .*4, 5"),
    (lambda: fn.layers.LayerNorm("all").build(()), ValueError, "at least 1 axes, got shape"),
    (lambda: fn.layers.GroupNorm(0), ValueError, "GroupNorm: groups must be .* got 0"),
    (lambda: fn.layers.GroupNorm(3).build((5, 4)), ValueError, "3 groups divide, got 4 channels"),
    (lambda: fn.layers.GroupNorm(1).build(()), ValueError, "1 groups divide, got single numbers"),
    (lambda: fn.layers.InstanceNorm().build((4,)), ValueError, r"\(\*spatial, channels\).*LayerN"),
    (lambda: Conv2D(0, 3), ValueError, "Conv2D: filters .* got 0"),
    (lambda: Conv2D(HUGE, 3), ValueError, f"Conv2D: filters .* got {HUGE}"),
    (lambda: Conv2D(4, 0), ValueError, "Conv2D: size .* got 0"),
    (lambda: Conv2D(4, (3, -1)), ValueError, "Conv2D: size .* got -1"),
    (lambda: Conv2D(4, HUGE), ValueError, f"Conv2D: size .* got {HUGE}"),
    (lambda: Conv2D(4, (3, 3, 3)), ValueError, "Conv2D: size .* 2 axes, got"),
    (lambda: ConvTranspose2D(4, 3, output_padding=-1), ValueError, "output_padding .* got -1"),
    (lambda: ConvTranspose2D(4, 3, groups=3), ValueError, "groups that divide 4 filters"),
    (lambda: ConvTranspose2D(4, 3, stride=2.5), TypeError, "ConvTranspose2D: stride .* got 2.5"),
    (lambda: ConvTranspose2D(4, 3, padding="full"), ValueError, 'padding must be "same".*full'),
    (lambda: ConvTranspose2D(4, 3, output_padding=1).build((5, 5, 2)), ValueError, "got 1 for str"),
    (lambda: ConvTranspose2D(4, 3, padding=2).build((2, 9, 2)), ValueError, "output of size 0"),
    (lambda: ConvTranspose2D(4, 3, groups=2).build((5, 5, 3)), ValueError, "divide 3 input chann"),
    (lambda: ConvTranspose2D(4, 3).build((5, 5)), ValueError, "add a channel axis"),
    (lambda: Conv2D(4, 1.5), TypeError, "Conv2D: size must be an integer, got 1.5"),
    (lambda: Conv2D(4, 3, stride=0), ValueError, "Conv2D: stride .* got 0"),
    (lambda: Conv2D(4, 3, stride=HUGE), ValueError, f"Conv2D: stride .* got {HUGE}"),
    (lambda: Conv2D(4, 3, dilation=-2), ValueError, "Conv2D: dilation .* got -2"),
    (lambda: Conv2D(4, 3, dilation=(1, HUGE)), ValueError, f"Conv2D: dilation .* got {HUGE}"),
    (lambda: Conv2D(4, 3, padding=-1), ValueError, "Conv2D: padding .* got -1"),
    (lambda: Conv2D(4, 3, padding=HUGE), ValueError, f"Conv2D: padding .* got {HUGE}"),
    (lambda: Conv2D(4, 3, padding=((0, 0), (0, -1))), ValueError, "Conv2D: padding .* got -1"),
    (lambda: Conv2D(4, 3, padding=(1, 1, 1)), ValueError, "Conv2D: padding .* 2 axes"),
    (lambda: Conv2D(4, 3, padding="full"), ValueError, 'padding must be "same", "valid"'),
    (lambda: Conv2D(4, 3, padding_mode="mirror"), ValueError, "Conv2D: padding_mode .* 'mirror'"),
    (lambda: Conv2D(4, 3, padding_mode="constant"), ValueError, "padding_mode .* 'constant'"),
    (lambda: fn.layers.Pad(-1), ValueError, "Pad: padding must be from 0 .* got -1"),
    (lambda: fn.layers.Pad("same"), TypeError, "Pad: padding must be numbers, got 'same'"),
    (lambda: fn.layers.Pad(1, "mirror"), ValueError, "Pad: mode must be one of .* got 'mirror'"),
    (lambda: fn.layers.Pad(1, "edge", value=2), ValueError, 'value=2 .*"constant", got .*edge'),
    (lambda: fn.layers.Pad(1, value="a"), TypeError, "Pad: expected a number for value, got 'a'"),
    (lambda: fn.layers.ZeroPad2D((1, 2, 3)), ValueError, r"ZeroPad2D: .* 2 axes.*\(1, 2, 3\)"),
    (lambda: fn.layers.Crop1D(1.5), TypeError, "Crop1D: cropping must be an integer, got 1.5"),
    (lambda: fn.layers.UpSample2D(0), ValueError, "UpSample2D: scale must be from 1 .* got 0"),
    (lambda: fn.layers.UpSample2D((2, 2, 2)), ValueError, "UpSample2D: scale .* 2 axes"),
    (lambda: fn.layers.UpSample2D(2, mode="cubic"), ValueError, "UpSample2D: mode .* got 'cubic'"),
    (
        lambda: fn.layers.Reshape((2, -1, -1)),
        ValueError,
        "Reshape: expected at most one size of -1",
    ),
    (lambda: fn.layers.Reshape((2, 0)), ValueError, "Reshape: every size of shape .* got 0"),
    (lambda: fn.layers.Permute((0, 0)), ValueError, r"Permute: .* once, 0 … 1, got \(0, 0\)"),
    (lambda: fn.layers.Permute((0, 2)), ValueError, "Permute: every axis .* from -2 to 1, got 2"),
    (lambda: fn.layers.Permute(1), TypeError, "Permute: expected axes as a sequence .* got 1"),
    (lambda: Conv2D(4, 3, algorithm="fft"), ValueError, "Conv2D: algorithm must be .* got 'fft'"),
    (lambda: Conv2D(31, 3, algorithm="winograd"), ValueError, "Conv2D: .*least 32.* 31 filters"),
    (lambda: Conv2D(32, 5, algorithm="winograd"), ValueError, r"Conv2D: .*got size \(5, 5\)"),
    (lambda: Conv1D(32, 3, algorithm="winograd"), ValueError, r"Conv1D: .*got size \(3,\)"),
    (lambda: Conv2D(32, 3, stride=2, algorithm="winograd"), ValueError, r"stride \(2, 2\)"),
    (lambda: Conv2D(32, 3, dilation=(1, 2), algorithm="winograd"), ValueError, r"dilation \(1, 2"),
    (lambda: Conv2D(64, 3, groups=2, algorithm="winograd"), ValueError, "groups=2"),
    (lambda: Conv2D(4, 3, groups=3), ValueError, "groups that divide 4 filters, got groups=3"),
    (lambda: Conv2D(4, 3, groups=0), ValueError, "Conv2D: groups .* got 0"),
    (lambda: Conv1D(4, (3, 3)), ValueError, "Conv1D: size"),
    (lambda: Conv3D(4, (3, 3)), ValueError, "Conv3D: size"),
    (lambda: MaxPool2D(0), ValueError, "MaxPool2D: size .* got 0"),
    (lambda: MaxPool2D(HUGE), ValueError, f"MaxPool2D: size .* got {HUGE}"),
    (lambda: MaxPool2D(2, stride=-1), ValueError, "MaxPool2D: stride .* got -1"),
    (lambda: MaxPool2D(2, dilation=0), ValueError, "MaxPool2D: dilation .* got 0"),
    (lambda: MaxPool2D(2, padding=-1), ValueError, "MaxPool2D: padding .* got -1"),
    (lambda: AveragePool2D((2, 0)), ValueError, "AveragePool2D: size .* got 0"),
    (lambda: Rescale(NAN), ValueError, "Rescale: expected scale to be finite, got nan"),
    (lambda: Rescale("1/255"), TypeError, "Rescale: expected a number for scale, got '1/255'"),
    (lambda: SGD(-0.1), ValueError, "SGD: expected learning_rate at least 0, got -0.1"),
    (lambda: SGD(NAN), ValueError, "SGD: expected learning_rate at least 0, got nan"),
    (lambda: SGD("fast"), TypeError, "SGD: expected a number for learning_rate, got 'fast'"),
    (lambda: SGD(0.1, 1.0), ValueError, "momentum at least 0 and less than 1, got 1.0"),
    (lambda: SGD(0.1, nesterov=True), ValueError, "momentum above 0 with nesterov=True"),
    (lambda: Adam(beta1=1), ValueError, "Adam: expected beta1 at least 0 and less than 1, got 1"),
    (lambda: Adam(beta2=-1), ValueError, "Adam: expected beta2"),
    (lambda: Adam(epsilon=-1), ValueError, "Adam: expected epsilon at least 0"),
    (lambda: initializers.uniform(1, 0), ValueError, "uniform: expected low <= high"),
    (lambda: initializers.normal(-1), ValueError, "normal: expected spread at least 0, got -1"),
    (lambda: initializers.get("he_norm"), ValueError, "did you mean 'he_normal'"),
]

BUILDING = [
    (lambda: Dense(2).weight, AttributeError, "Dense: no weight before the input's shape"),
    (lambda: Dense(2).build(), ValueError, "Dense: expected input_shape"),
    (lambda: Dense(2).build((3,)).build((3,)), ValueError, "built already"),
    (lambda: Dense(2).build((3,), "float16"), ValueError, "float32.*float64.*got 'float16'"),
    (lambda: Dense(2).build((3,), "floaty"), ValueError, "got 'floaty'"),
    (lambda: Dense(2).build((4, 3)), ValueError, r"\(N, features\), got \(N, 4, 3\); put Flatten"),
    (lambda: Dense(2).build(()), ValueError, r"got \(N,\); add a feature axis: x\[:, None\]"),
    (lambda: Dense(2).build((2**40,)), ValueError, "Dense: every size of input_shape"),
    (lambda: Dense(2**30).build((2**30,)), ValueError, "Dense: weight of shape .* would hold"),
    (
        lambda: Conv3D(2, 2, padding=2**19).build((2**20, 2**20, 2**20, 1)),
        ValueError,
        "Conv3D: an output of shape .* would hold",
    ),
    (
        lambda: Dense(2, weight_initializer=lambda shape, **key: ones(3)).build((2,)),
        ValueError,
        r"Dense: expected an initializer that returns shape \(2, 2\), got \(3,\)",
    ),
    (lambda: Dense(2, weight_initializer="he").build((2,)), ValueError, "did you mean 'he_normal'"),
    (
        lambda: Conv2D(2, 3).build((28, 28)),
        ValueError,
        r"Conv2D: expected input of shape \(N, height, width, channels\), "
        r"got \(N, 28, 28\); add a channel axis: x\[..., None\]",
    ),
    (
        lambda: Conv2D(2, 3).build((28, 1)),
        ValueError,
        r"add a channel axis: x\[..., None\], or to a single image a batch axis: x\[None\]",
    ),
    (lambda: Conv1D(2, 3).build((9,)), ValueError, r"\(N, length, channels\), got \(N, 9\)"),
    (lambda: Conv3D(2, 3).build((9, 9)), ValueError, r"\(N, depth, height, width, channels\)"),
    (
        lambda: Conv2D(2, 5).build((3, 32, 32)),
        ValueError,
        r"Conv2D: .*does not fit.* of size 3 .*channels first: np.moveaxis\(x, 1, -1\)",
    ),
    (
        lambda: Conv2D(32, 3, algorithm="winograd").build((8, 8, 31)),
        ValueError,
        'Conv2D: .*at least 32 channels and filters; got .*31 channels.*algorithm="direct"',
    ),
    (lambda: Conv2D(2, 9).build((8, 8, 1)), ValueError, "spans 9 does not fit an input of size 8"),
    (
        lambda: Conv2D(2, 3, dilation=5).build((8, 8, 1)),
        ValueError,
        "spans 11 does not fit an input of size 8",
    ),
    (
        lambda: Conv2D(4, 3, groups=2).build((8, 8, 3)),
        ValueError,
        "groups that divide 3 input channels, got groups=2",
    ),
    (
        lambda: Conv2D(2, 9, padding="same", padding_mode="reflect").build((4, 9, 1)),
        ValueError,
        r"Conv2D: reflect padding must be less than .* padding \(4, 4\) .* size 4 \(axis 0\)",
    ),
    (
        lambda: Conv1D(2, 2, padding=6, padding_mode="circular").build((5, 1)),
        ValueError,
        r"Conv1D: circular padding must be at most .* padding \(6, 6\) .* size 5 \(axis 0\)",
    ),
    (lambda: fn.layers.Pad(1).build((5,)), ValueError, r"Pad: .*add a channel axis: x\[..., None"),
    (lambda: fn.layers.Pad((1, 2)).build((5, 1)), ValueError, "Pad: padding .* 1 axes"),
    (
        lambda: fn.layers.Crop2D(2).build((5, 4, 1)),
        ValueError,
        r"at least one.*\(2, 2\).*4 \(axis 1",
    ),
    (lambda: fn.layers.UpSample1D(2**20).build((2**20, 1)), ValueError, "UpSample1D: .*2147483647"),
    (lambda: fn.layers.UpSample2D(2).build((5, 5)), ValueError, "UpSample2D: .*add a channel axis"),
    (lambda: fn.layers.Reshape((3, -1)).build((4, 4)), ValueError, r"\(3, -1\), got 16 features"),
    (lambda: fn.layers.Reshape((3, 5)).build((4, 4)), ValueError, r"\(3, 5\), got 16 features"),
    (lambda: fn.layers.Permute((1, 0)).build((4, 4, 2)), ValueError, "once, 0 … 2, got"),
    (lambda: MaxPool2D(9).build((8, 8, 1)), ValueError, "MaxPool2D: .*does not fit"),
    (
        lambda: MaxPool2D(2, padding=2).build((8, 8, 1)),
        ValueError,
        "padding must be smaller than the window",
    ),
    (lambda: MaxPool1D(2).build((8,)), ValueError, "MaxPool1D: .*add a channel axis"),
    (lambda: MaxPool3D(2).build((8, 8, 1)), ValueError, "MaxPool3D: .*add a channel axis"),
    (lambda: Standardize().build(()), ValueError, "Standardize: expected a feature axis"),
]

ARRAYS = [
    (lambda: Dense(2).forward(3.0), ValueError, "batch of samples, got a single number"),
    (lambda: Dense(2).forward([[1j]]), TypeError, "complex128; take its real part"),
    (lambda: Dense(2).forward([["1"]]), TypeError, "<U1; turn text into numbers"),
    (lambda: Dense(2).forward([[None]]), TypeError, r"object; convert .* \.astype\(float\)"),
    (lambda: Dense(2).forward([[1, 2], [3]]), ValueError, "rows of equal shape"),
    (lambda: Dense(2).forward(np.array(["2020"], "M8[Y]")), TypeError, "turn dates into numbers"),
    (
        lambda: Dense(2).forward(scipy.sparse.eye(3, format="csr")),
        TypeError,
        r"Dense: expected x as a dense array, got a sparse csr_\w+; convert it with x.toarray\(\)",
    ),
    (
        lambda: Dense(2).build((3,)).forward(ones(5, 4)),
        ValueError,
        r"Dense: expected x of shape \(N, 3\), got shape \(5, 4\)",
    ),
    (lambda: Dense(2).build((3,)).forward(ones(3)), ValueError, r"single sample .*: x\[None\]"),
    (
        lambda: Dense(2).build((1,)).forward(ones(5)),
        ValueError,
        r"add a feature axis: x\[..., None\]",
    ),
    (
        lambda: Dense(2).build((6,)).forward(ones(5, 2, 3)),
        ValueError,
        r"flatten a sample's features: x.reshape\(len\(x\), -1\)",
    ),
    (lambda: image_net().predict(ones(5, 8, 8)), ValueError, r"add a channel axis: x\[..., None\]"),
    (
        lambda: image_net().predict(ones(5, 1, 8, 8)),
        ValueError,
        r"images are channels last: np.moveaxis\(x, 1, -1\)",
    ),
    (lambda: image_net().predict(ones(8, 8, 1)), ValueError, r"batch axis: x\[None\]"),
    (
        lambda: image_net().predict(ones(5, 64)),
        ValueError,
        r"expected x of shape \(N, 8, 8, 1\), got shape \(5, 64\); "
        r"reshape it: x.reshape\(-1, 8, 8, 1\)",
    ),
    (lambda: image_net().predict(ones(5, 9, 9, 1)), ValueError, r"got shape \(5, 9, 9, 1\)$"),
    (lambda: image_net().predict(7), ValueError, "got a single number"),
    (lambda: net().predict(scipy.sparse.eye(4)), TypeError, r"x.toarray\(\)"),
    (lambda: net().predict([["a"] * 4]), TypeError, "Sequential: .*turn text into numbers"),
    (lambda: net().predict(np.array([[None] * 4])), TypeError, "Sequential: .*object"),
    (lambda: net().predict(ones(2, 4), batch_size=0), ValueError, "batch_size .* got 0"),
    (lambda: setattr(Dense(2).build((3,)), "weight", ones(3, 2)), ValueError, "weight of shape"),
    (lambda: setattr(Dense(2).build((3,)), "bias", 1.0), ValueError, r"\(2,\), got \(\)"),
    (lambda: setattr(Dense(2).build((3,)), "bias", ["a", "b"]), TypeError, "turn text"),
    (lambda: setattr(Dense(2), "weight", ones(2, 3)), AttributeError, "no weight before"),
    (
        lambda: setattr(Dense(2, bias=False).build((3,)), "bias", ones(2)),
        AttributeError,
        "Dense: it was made without bias",
    ),
    (lambda: setattr(net(), "parameters", ones(3)), ValueError, r"shape \(15,\), got \(3,\)"),
    (lambda: Sequential([Dense(2)]).parameters, AttributeError, "no parameters before"),
    (lambda: Sequential([Dense(2)]).gradients, AttributeError, "no gradients before"),
    (lambda: Standardize().forward(ones(2, 3)), ValueError, "not known yet; fit the network"),
    (lambda: Standardize().learn(ones(0, 3)), ValueError, "at least one sample"),
    (lambda: Standardize().learn([[NAN], [1]]), ValueError, r"1 NaN, the first at index \(0, 0\)"),
]


def backward(layer, x, dy):
    layer.forward(x)
    return layer.backward(dy)


BACKWARD = [
    (lambda: Dense(2).backward(ones(1, 2)), RuntimeError, r"Dense: backward needs .*forward\(x\)"),
    (lambda: Softmax().backward(ones(1, 2)), RuntimeError, "Softmax: backward needs"),
    (lambda: net().backward(ones(1, 3)), RuntimeError, "Sequential: backward needs a forward"),
    (lambda: Sequential([Dense(2)]).backward(ones(1, 2)), RuntimeError, "backward needs a forward"),
    (lambda: backward(Dense(2), ones(3, 4), ones(3, 4)), ValueError, r"dy of shape \(N, 2\)"),
    (lambda: backward(Dense(2), ones(3, 4), ones(2, 2)), ValueError, "3|2"),
    (lambda: backward(MaxPool1D(2), ones(3, 4, 1), ones(2, 2, 1)), ValueError, "3|2"),
    (lambda: backward(Activation("tanh"), ones(3, 4), ones(2, 4)), ValueError, "3|2"),
    (lambda: backward(Dense(2), ones(3, 4), [["a", "b"]] * 3), TypeError, "Dense: expected dy"),
    (lambda: backward(net(), ones(3, 4), ones(3, 2)), ValueError, r"dy of shape \(N, 3\)"),
]

TABLE = [*CONSTRUCTORS, *BUILDING, *ARRAYS, *BACKWARD]


@pytest.mark.parametrize(("call", "error", "message"), TABLE, ids=[m for *_, m in TABLE])
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_failed_build_leaves_the_network_unbuilt():
    network = Sequential([Conv2D(2, 3), Flatten(), Dense(3)])
    with pytest.raises(ValueError, match="add a channel axis"):
        network.predict(ones(5, 8, 8))
    assert not network.built
    assert network.predict(ones(5, 8, 8, 1)).shape == (5, 3)


def test_a_failing_initializer_leaves_the_network_unbuilt():
    def fail(shape, **key):
        raise ZeroDivisionError

    layers = [Dense(2), Dense(2, weight_initializer=fail)]
    network = Sequential(layers)
    with pytest.raises(ZeroDivisionError):
        network.predict(ones(5, 3))
    assert not network.built
    assert not layers[0].built
