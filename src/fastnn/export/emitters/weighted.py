"""Dense, convolutional and locally connected layers."""

import numpy as np

from fastnn import geometry, layers

from .registry import emits


def _parameters(call):
    """The names of weight and bias."""
    layer = call.layer
    return call.array("weight", layer.weight), call.array("bias", layer.bias)


@emits(layers.Dense)
def dense(call):
    layer = call.layer
    weight = layer.weight if layer.mask is None else np.where(layer.mask, layer.weight, 0)
    weight, bias = call.array("weight", weight), call.array("bias", layer.bias)
    call.write("dense_forward", call.x[0], call.channels, weight, bias, layer.units, call.y)


@emits(
    layers.Conv1D,
    layers.Conv2D,
    layers.Conv3D,
    layers.ConvTranspose1D,
    layers.ConvTranspose2D,
    layers.ConvTranspose3D,
)
def convolution(call):
    what = call.layer._instruction(call.x_shapes[0])
    function = "conv_transpose_forward" if what["transposed"] else "conv_forward"
    sizes = what["channels"], what["filters"], what["groups"]
    window = call.window(what["window"])
    call.write(function, call.x[0], window, *sizes, *_parameters(call), call.y)


@emits(layers.LocallyConnected1D, layers.LocallyConnected2D)
def locally_connected(call):
    layer = call.layer
    window = geometry.window(
        layer.label, call.x_shapes[0][:-1], layer.size, layer.stride, layer.padding, layer.dilation
    )
    sizes = call.channels, layer.filters
    window = call.window(window.sizes)
    call.write("local_conv_forward", call.x[0], window, *sizes, *_parameters(call), call.y)
