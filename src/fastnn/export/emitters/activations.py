"""Activations: number by number, and softmax over the last axis."""

from fastnn import layers

from .registry import emits


@emits(
    layers.Activation,
    layers.ELU,
    layers.GELU,
    layers.HardSigmoid,
    layers.HardSwish,
    layers.LeakyReLU,
    layers.LogSoftmax,
    layers.Mish,
    layers.ReLU6,
    layers.SELU,
    layers.SiLU,
    layers.Softmax,
    layers.Softplus,
    layers.Softsign,
    how="in_place",
)
def activation(call):
    layer = call.layer
    function, options = layer.function, list(layer.options.values())
    if function == "linear":
        if call.x[0] != call.y:
            call.write("copy", call.x[0], call.size, call.y)
        return
    if function in ("softmax", "log_softmax"):
        rows = call.size // call.channels
        call.write(f"{function}_forward", call.x[0], rows, call.channels, call.y)
        return
    if function == "gelu":
        function, options = "gelu" if options == ["none"] else "gelu_tanh", []
    options = map(call.number, options)
    call.write(f"{function}_forward", call.x[0], call.size, *options, call.y)


@emits(layers.PReLU, how="in_place")
def prelu(call):
    slope = call.layer.slope
    slopes = call.array("slope", slope)
    call.write("prelu_forward", call.x[0], call.size, slopes, slope.size, call.y)
