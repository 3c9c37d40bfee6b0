"""Images and lines in a panel: of weights, and of what layers make."""

import math

import numpy as np

from .style import DARK, LIGHT, open_sides

# Dark blue over grey to bright yellow: of signed numbers, centred on 0, it is a diverging map whose
# two ends differ in grey too, which blue and red of equal darkness do not.
NUMBERS = "cividis"
UNITS = 512  # at most, of a layer without images
TILES = 64  # at most, of many images in one panel
WIDE = 5.0  # how many times as wide as high a panel with tiles is


def no_ticks(ax, frame=True):
    """Take the numbers from a panel's edges, or the edges as well."""
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(frame)


def label_pixels(ax, across="column", down="row"):
    """Name the axes of an image, with few numbers."""
    ax.tick_params(labelsize="small")
    for axis, name in ((ax.xaxis, across), (ax.yaxis, down)):
        axis.set_label_text(name, fontsize="small")
        axis.get_major_locator().set_params(integer=True, nbins=4)


def columns_of(count, most):
    """How many panels stand in a row: as many in each, if they can."""
    return -(-count // -(-count // most))


def image_size(shape, columns, least=1.0):
    """Inches of a panel with an image of this shape, and its title."""
    width = max(least, min(2.6, 9.0 / columns))
    return width, width * min(2.0, max(0.4, shape[0] / shape[1])) + 0.25


def limits(values):
    """Return the ends of a scale of colours: from 0, or as far below 0 as above it."""
    values = values[np.isfinite(values)]
    most = float(np.abs(values).max(initial=0.0)) or 1.0
    return (-most if (values < 0).any() else 0.0), most


def mosaic(images, columns):
    """Lay images (H, W, count) side by side in one, with a gap that has no colour."""
    fine = max(1, 12 // min(images.shape[:2]))  # so that the gap can be narrower than a pixel
    images = images.repeat(fine, axis=0).repeat(fine, axis=1)
    height, width, count = images.shape
    rows, gap = -(-count // columns), max(1, min(height, width) // 12)
    whole = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), np.nan)
    for i in range(count):
        y, x = i // columns * (height + gap), i % columns * (width + gap)
        whole[y : y + height, x : x + width] = images[..., i]
    return whole


def tiles_a_row(count, height, width, shape):
    """How many of these images stand in a row, for a mosaic about `shape` times as wide as high.

    Some more or fewer, if that fills the last row.
    """
    best = math.sqrt(count * shape * height / width)

    def cost(row):
        empty = -count % row / count
        return round(abs(math.log(row / best)) + 1.5 * empty, 6), -row

    return min(range(1, count + 1), key=cost)


def shown(count, most, what):
    """Say how many there are, and how many are seen: "32 of 128 filters"."""
    return f"{most} of {count} {what}s" if count > most else f"{count} {what}{'s' * (count != 1)}"


def times(sizes):
    """Return sizes as text: "5 × 5"."""
    return " × ".join(map(str, sizes))


def draw_stems(panel, values):
    """A line a number, from 0."""
    places = np.arange(len(values))
    panel.axhline(0, color=LIGHT, linewidth=0.8)
    panel.vlines(places, 0, values, color=DARK, linewidth=1.4 if len(values) <= 128 else 0.8)
    if len(values) <= 32:
        panel.plot(places, values, "o", color=DARK, markersize=3.5)
    panel.tick_params(labelsize="small")
    panel.xaxis.get_major_locator().set_params(integer=True, nbins=6)
    open_sides(panel)


def draw_units(panel, values):
    """What units without a place make of an input."""
    draw_stems(panel, values[:UNITS])
    panel.set_xlabel("unit", fontsize="small")
    panel.set_ylabel("activation", fontsize="small")


def draw_tiles(panel, values, is_input, cmap):
    """All channels of a layer side by side; say what the colours mean."""
    if values.ndim == 2:
        return _draw_series(panel, values, cmap)
    panel.set_anchor("W")
    low, high = limits(values)
    if is_input and values.shape[-1] == 3:
        low, high = values.min(), values.max()
        panel.imshow((values - low) / ((high - low) or 1.0), interpolation="nearest")
        label_pixels(panel)
        return ", in colours"
    row = tiles_a_row(values.shape[-1], *values.shape[:2], WIDE)
    tiles = values[..., 0] if values.shape[-1] == 1 else mosaic(values, row)
    panel.imshow(tiles, cmap=cmap, vmin=low, vmax=high, interpolation="nearest")
    if values.shape[-1] == 1:
        label_pixels(panel)
    else:
        no_ticks(panel, frame=False)
        panel.set_xlabel(f"a tile a channel, {row} in a row", fontsize="x-small")
    return _meaning(low, high)


def _draw_series(panel, values, cmap):
    """The channels of a series as rows of an image, or the only one as a line."""
    low, high = limits(values)
    if values.shape[1] == 1:
        panel.plot(values[:, 0], color=DARK, linewidth=1.2)
        open_sides(panel)
        label_pixels(panel, "position", "value")
        panel.yaxis.get_major_locator().set_params(integer=False)
        return ""
    how = {"cmap": cmap, "vmin": low, "vmax": high, "interpolation": "nearest"}
    panel.imshow(values.T, aspect="auto", **how)
    label_pixels(panel, "position", "channel")
    return _meaning(low, high)


def _meaning(low, high):
    return f", from {low:.3g} (dark) to {high:.3g} (bright)"
