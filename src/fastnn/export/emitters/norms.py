"""Preprocessing and normalisation: affine maps of what is known, statistics of what is not."""

import math

import numpy as np

from fastnn import layers

from .registry import emits


def _affine(call, centre, scale, offset):
    """y = (x - centre) * scale + offset, with numbers for each channel, or for all."""
    arrays = zip(("centre", "scale", "offset"), (centre, scale, offset), strict=True)
    centre, factor, offset = (call.array(what, values, "wide") for what, values in arrays)
    call.write("affine_forward", call.x[0], call.size, centre, factor, offset, len(scale), call.y)


@emits(layers.Rescale, how="in_place")
def rescale(call):
    layer, dtype = call.layer, call.source.dtype
    offset = np.array([layer.offset], dtype) if layer.offset else None
    _affine(call, None, np.array([layer.scale], dtype), offset)


@emits(layers.Standardize, how="in_place")
def standardize(call):
    layer = call.layer
    if layer.mean is None:
        raise ValueError(
            f"export_c: {layer.label} knows no mean and spread yet; fit the network first"
        )
    _affine(call, layer.mean, 1 / layer.spread, None)


@emits(layers.BatchNorm, how="in_place")
def batch_norm(call):
    layer = call.layer
    scale = 1 / np.sqrt(layer.running_variance + layer.epsilon)
    if layer.scale is not None:
        scale = scale * layer.scale
    _affine(call, layer.running_mean, scale, layer.shift)


@emits(layers.LayerNorm, layers.GroupNorm, layers.InstanceNorm, how="in_place")
def group_norm(call):
    layer, shape = call.layer, call.x_shapes[0]
    if isinstance(layer, layers.LayerNorm):
        axes = len(shape) if layer.axes == "all" else layer.axes
        width = math.prod(shape[-axes:])
        sizes = call.size // width, 1, 1, width  # blocks, positions, groups and their width
    else:
        groups = layer.groups if isinstance(layer, layers.GroupNorm) else shape[-1]
        sizes = 1, math.prod(shape[:-1]), groups, shape[-1] // groups
    parameters = (call.array(what, getattr(layer, what)) for what in ("scale", "shift"))
    epsilon = repr(float(layer.epsilon))
    call.write("group_norm_forward", call.x[0], *sizes, epsilon, *parameters, call.y)
