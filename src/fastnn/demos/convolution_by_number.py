"""Convolution by number: each step of the sliding window, and how many steps there are.

The filter lies on a window of the image; what lies on each other is multiplied, and the products
are added. Stride, padding and the filter's size decide how many windows there are, and what is
never read. Change X, FILTER or SIZES and run it again.
"""

import numpy as np

import fastnn as fn
from fastnn.demos._cells import cells, outline
from fastnn.demos._shared import BLUE, GREY, VERMILION, figure, main

X = [[2, 3, -1, 2], [4, 1, 0, 1], [-2, 1, 3, 2], [-1, -2, 0, 5]]
FILTER = [[1, 0, 1], [-1, 0, -1], [1, 0, 1]]
PADDED = {"input_shape": (9, 6), "size": 5, "stride": 3, "padding": 4}
UNREAD = {"input_shape": (100, 100), "size": 5, "stride": 2, "padding": 0}


def output_shape(input_shape, size, stride, padding):
    """Ask a layer how many rows and columns it puts out."""
    layer = fn.layers.Conv2D(1, size, stride=stride, padding=padding)
    return layer.build((*input_shape, 1)).output_shape[:2]


def unread(input_shape, size, stride, padding):
    """Return the rows and columns whose gradient is 0 whatever the output's is."""
    layer = fn.layers.Conv2D(1, size, stride=stride, padding=padding)
    layer.build((*input_shape, 1), "float64")
    layer.weight = np.ones((1, size, size, 1))
    y = layer.forward(np.zeros((1, *input_shape, 1)))
    reads = layer.backward(np.ones_like(y))[0, ..., 0]  # by how many windows each pixel is read
    return np.flatnonzero(~reads.any(axis=1)), np.flatnonzero(~reads.any(axis=0))


def compute():
    x, weight = np.array(X, float), np.array(FILTER, float)
    y = fn.functional.conv_forward(x[np.newaxis, ..., np.newaxis], weight[np.newaxis, ..., None])
    y = y[0, ..., 0]  # of the first sample, its first channel
    products = np.empty((*y.shape, *weight.shape))
    for row, column in np.ndindex(y.shape):  # what the compiled loops do, one window at a time
        window = x[row : row + len(weight), column : column + weight.shape[1]]
        products[row, column] = window * weight
    return {
        "x": x,
        "products": products,
        "y": y,
        "padded": output_shape(**PADDED),
        "large": output_shape(**UNREAD),
        "unread": unread(**UNREAD),
    }


def describe(results):
    y, products = results["y"], results["products"]
    steps = [
        f"  z[{row},{column}] = {total(products[row, column]):<37} = {y[row, column]:2g}"
        for row, column in np.ndindex(y.shape)
    ]
    height, width = PADDED["input_shape"]
    size, stride, padding = PADDED["size"], PADDED["stride"], PADDED["padding"]
    rows, columns = results["padded"]
    large = results["large"]
    rows_lost, columns_lost = (", ".join(map(str, lost)) or "none" for lost in results["unread"])
    n, k, s = UNREAD["input_shape"][0], UNREAD["size"], UNREAD["stride"]
    return [
        f"A {len(FILTER)} x {len(FILTER[0])} filter has {y.shape[0]} x {y.shape[1]} places on a"
        f" {len(X)} x {len(X[0])} image (stride 1, no padding).",
        "Each step multiplies what lies on each other and adds, row by row:",
        *steps,
        "(The filter is not turned around: it is a cross-correlation, in all libraries.)",
        "",
        "How many steps: floor((input + padding on both sides - filter) / stride) + 1.",
        f"  {height} x {width} image, {size} x {size} filter, padding {padding}, stride {stride}:"
        f" {rows} x {columns}, for",
        f"  ({height} + {2 * padding} - {size}) / {stride} + 1 = {rows} and"
        f" ({width} + {2 * padding} - {size}) / {stride} + 1 = {columns}.",
        f"  {n} x {n} image, {k} x {k} filter, no padding, stride {s}:"
        f" {large[0]} x {large[1]}, for",
        f"  ({n} - {k}) / {s} = {(n - k) / s:g} is rounded down.",
        f"Rounding down has a price: the last window begins at {s * (large[0] - 1)}, ends at"
        f" {s * (large[0] - 1) + k - 1}.",
        f"Rows in no window: {rows_lost}; columns: {columns_lost}. Their gradient is exactly 0.",
    ]


def total(products):
    """Write a sum of products, but for those with a 0 of the filter."""
    first, *more = products[np.array(FILTER) != 0]
    return f"{first:g}" + "".join(f" {'-' if p < 0 else '+'} {abs(p):g}" for p in more)


def draw(results):
    picture, panels = figure(2, 4, width=3.9, height=3.9)
    x, y, products = results["x"], results["y"], results["products"]
    *steps, weights, output, padded, end = panels
    for panel, (row, column) in zip(steps, np.ndindex(y.shape), strict=True):
        texts = [[f"{number:g}" for number in line] for line in x]
        for (r, c), weight in np.ndenumerate(FILTER):
            texts[row + r][column + c] += f"\n× {weight:g}" if weight >= 0 else f"\n× ({weight:g})"
        cells(panel, x, "", texts=texts)
        terms = f"{total(products[row, column])} = {y[row, column]:g}"
        panel.set_title(f"output [{row}, {column}]\n{terms}", fontsize=11)
        outline(panel, row, column, *np.shape(FILTER))
    cells(weights, FILTER, "filter")
    cells(output, y, "output")
    output.set(xlabel="column of the output", ylabel="row of the output")
    draw_padded(padded, results["padded"])
    draw_end(end, results["large"][1], results["unread"][1])
    return picture


def draw_padded(panel, shape):
    """Draw image and padding, a dot in the middle of each window, the first and last in frames."""
    (height, width), size = PADDED["input_shape"], PADDED["size"]
    stride, padding = PADDED["stride"], PADDED["padding"]
    entire = height + 2 * padding, width + 2 * padding
    outline(panel, -padding, -padding, *entire, hatch="//", edgecolor=GREY, linewidth=1)
    outline(panel, 0, 0, height, width, fill=True, facecolor="white", edgecolor="black")
    corners = [(stride * r - padding, stride * c - padding) for r, c in np.ndindex(shape)]
    for row, column in corners:
        panel.plot(column + size // 2, row + size // 2, "o", color=BLUE)
    for row, column in (corners[0], corners[-1]):
        outline(panel, row, column, size, size)
    panel.set(xlim=(-padding - 1, width + padding), ylim=(height + padding, -padding - 1))
    panel.set(xticks=range(-padding, entire[1] - padding, 2))
    panel.set(aspect="equal", xlabel="column (pixel; hatched: padding)", ylabel="row (pixel)")
    panel.set_title(
        f"{height} x {width} image, {shape[0]} x {shape[1]} windows\n(dots: their middles)",
        fontsize=11,
    )


def draw_end(panel, windows, unread):
    """Draw which columns the last windows read."""
    (_, width), size, stride = UNREAD["input_shape"], UNREAD["size"], UNREAD["stride"]
    last = np.arange(windows)[-4:]
    how = {"color": "white", "edgecolor": BLUE, "linewidth": 2}
    panel.barh(last, size, left=stride * last - 0.5, height=0.6, **how)
    for window in last:
        read = stride * window, stride * window + size - 1
        panel.text(np.mean(read), window, f"{read[0]} to {read[1]}", ha="center", va="center")
    for column in unread:
        panel.axvspan(
            column - 0.5, column + 0.5, hatch="xx", facecolor="white", edgecolor=VERMILION
        )
    panel.set(xlim=(stride * last[0] - 1, width - 0.5), yticks=last)
    panel.set(xlabel=f"column (pixel, of {width}; crossed: never read)")
    panel.set_ylabel("column of the output")
    panel.set_title(f"the last of {windows} windows\n(from column to column)", fontsize=11)


if __name__ == "__main__":
    main(__name__)
