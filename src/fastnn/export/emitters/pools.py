"""Pooling of every kind."""

from fastnn import layers

from .registry import emits


@emits(
    layers.MaxPool1D,
    layers.MaxPool2D,
    layers.MaxPool3D,
    layers.GlobalMaxPool1D,
    layers.GlobalMaxPool2D,
    layers.GlobalMaxPool3D,
)
def max_pool(call):
    window = call.window(call.layer._window(call.x_shapes[0]).sizes)
    call.write("max_pool_forward", call.x[0], window, call.channels, call.y)


@emits(
    layers.AveragePool1D,
    layers.AveragePool2D,
    layers.AveragePool3D,
    layers.GlobalAveragePool1D,
    layers.GlobalAveragePool2D,
    layers.GlobalAveragePool3D,
)
def average_pool(call):
    window = call.layer._window(call.x_shapes[0])
    counts = call.layer.config().get("count_include_pad", False)
    after = call.axes(window.after, 0) if counts else "NULL"
    call.write(
        "average_pool_forward", call.x[0], call.window(window.sizes), call.channels, after, call.y
    )


@emits(layers.AdaptiveAveragePool1D, layers.AdaptiveAveragePool2D, layers.AdaptiveAveragePool3D)
def adaptive_average_pool(call):
    sizes = call.axes(call.x_shapes[0][:-1]), call.axes(call.layer.output_size)
    call.write("adaptive_average_pool_forward", call.x[0], *sizes, call.channels, call.y)


@emits(layers.LpPool1D, layers.LpPool2D, layers.LpPool3D)
def lp_pool(call):
    window = call.window(call.layer._window(call.x_shapes[0]).sizes)
    power = call.number(call.layer.p)
    call.write("lp_pool_forward", call.x[0], window, call.channels, power, call.y)
