"""Padding, cropping and enlarging."""

from fastnn import layers

from .registry import emits


@emits(layers.Pad, layers.ZeroPad1D, layers.ZeroPad2D, layers.ZeroPad3D)
def pad(call):
    layer, spatial = call.layer, call.x_shapes[0][:-1]
    axes, sizes = layer._axes(spatial)
    before = call.axes([before for _, before, *_ in axes], 0)
    source = f"pad_{layer.mode}"
    call.source.use(source)
    call.write(
        "pad_forward",
        call.x[0],
        call.axes(spatial),
        before,
        call.axes(sizes),
        call.channels,
        source,
        call.number(layer.value),
        call.y,
    )


@emits(layers.Crop1D, layers.Crop2D, layers.Crop3D)
def crop(call):
    spatial = call.x_shapes[0][:-1]
    axes, sizes = call.layer._axes(spatial)
    before = call.axes([before for _, before, _ in axes], 0)
    sizes = call.axes(spatial), before, call.axes(sizes)
    call.write("crop_forward", call.x[0], *sizes, call.channels, call.y)


@emits(layers.UpSample1D, layers.UpSample2D, layers.UpSample3D)
def up_sample(call):
    layer, spatial = call.layer, call.x_shapes[0][:-1]
    for size in call.y_shape[:-1]:
        call.source.count(2 * size)  # it counts in halves
    sizes = call.axes(spatial), call.axes(layer.scale)
    call.write(f"up_sample_{layer.mode}_forward", call.x[0], *sizes, call.channels, call.y)
