"""Arrays as tables of cells with their numbers written in: what demos of images share."""

import numpy as np

from fastnn.demos._shared import VERMILION


def cells(panel, numbers, title, *, colours="PuOr", limits=None, texts=None, size=10):
    """Draw an array (rows, columns) as cells, each with its number, or with its text.

    Colours go from −limit to limit, so that white is 0, unless `limits` are given. What a colour
    says a number says as well: nothing is lost in black and white.
    """
    numbers = np.asarray(numbers, float)
    if limits is None:
        limit = 1.6 * np.abs(numbers).max() or 1.0  # no colour so dark that text is hard to read
        limits = -limit, limit
    image = panel.imshow(numbers, cmap=colours, vmin=limits[0], vmax=limits[1])
    for (row, column), number in np.ndenumerate(numbers):
        text = f"{number:g}" if texts is None else texts[row][column]
        dark = image.to_rgba(number)[:3] @ np.array([0.3, 0.59, 0.11]) < 0.5
        colour = "white" if dark else "black"
        panel.text(column, row, text, ha="center", va="center", color=colour, fontsize=size)
    rows, columns = numbers.shape
    how = {"color": "0.6", "linewidth": 0.6, "clip_on": False}
    panel.hlines(np.arange(rows + 1) - 0.5, -0.5, columns - 0.5, **how)
    panel.vlines(np.arange(columns + 1) - 0.5, -0.5, rows - 0.5, **how)
    panel.spines[:].set_visible(False)
    panel.set(xticks=range(columns), yticks=range(rows), title=title)
    panel.set(xlabel="column (pixel)", ylabel="row (pixel)")


def outline(panel, row, column, height, width, **how):
    """Draw a frame around cells, the upper left of which is given."""
    from matplotlib.patches import Rectangle

    how = {"edgecolor": VERMILION, "linewidth": 2.5, "fill": False, "clip_on": False} | how
    panel.add_patch(Rectangle((column - 0.5, row - 0.5), width, height, **how))
