"""What layers of channels-last images share: checks of axes, and windows over them."""

from fastnn import geometry
from fastnn.checks import batch_of

AXES = {1: "(N, length, channels)", 2: "(N, height, width, channels)"}
AXES[3] = "(N, depth, height, width, channels)"
MANY_CHANNELS = 4  # images have fewer pixels than that along an axis only where axes are mixed up


def padding_of(who, padding, rank):
    """Return `padding` checked, as a name or a pair `(before, after)` for every axis."""
    ones = (1,) * rank
    pairs = geometry.padding_pairs(who, padding, ones, ones, ones)
    return padding if isinstance(padding, str) else pairs


def check_axes(layer, input_shape):
    """Return the spatial sizes of samples `(*spatial, channels)` of a layer's rank, or of any."""
    rank = layer.rank
    if rank is None and 2 <= len(input_shape) <= 4:
        return input_shape[:-1]
    if rank is None or len(input_shape) != rank + 1:
        mend = ""
        if len(input_shape) == (rank or 1):
            mend = "; add a channel axis: x[..., None]"
            if rank and input_shape[-1] <= MANY_CHANNELS:
                mend += ", or to a single image a batch axis: x[None]"
        raise ValueError(
            f"{layer.label}: expected input of shape {AXES.get(rank, '(N, *spatial, channels)')}, "
            f"got {batch_of(input_shape)}{mend}"
        )
    return input_shape[:-1]


def output_sizes(layer, input_shape, **how):
    """Return the spatial sizes of a layer's output, for samples `(*spatial, channels)`."""
    spatial = check_axes(layer, input_shape)
    try:
        return geometry.window(layer.label, spatial, layer.size, layer.stride, **how).output
    except ValueError as error:
        if input_shape[0] <= MANY_CHANNELS < min(input_shape[1:]):
            mend = "if these are images with channels first: np.moveaxis(x, 1, -1)"
            raise ValueError(f"{error}; {mend}") from None
        raise
