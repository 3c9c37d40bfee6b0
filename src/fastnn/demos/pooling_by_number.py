"""Pooling by number: maxima, means, and where their gradients go.

Windows of SIZE x SIZE, side by side, each give one number: their largest, or their mean. Going
back, the gradient of a maximum goes to the one element that was chosen; that of a mean to all.
"""

import numpy as np

import fastnn as fn
from fastnn.demos._cells import cells, outline
from fastnn.demos._shared import figure, main

X = [[2, 3, -1, 2], [4, 1, 0, 1], [-2, 1, 3, 2], [-1, -2, 0, 5]]
DY = [[10, 20], [30, 40]]  # the gradient of the loss by each output
SIZE = 2


def compute():
    x = np.array(X, float)[np.newaxis, ..., np.newaxis]  # (samples, rows, columns, channels)
    dy = np.array(DY, float)[np.newaxis, ..., np.newaxis]
    maxima, positions = fn.functional.max_pool_forward(x, SIZE)
    means = fn.functional.average_pool_forward(x, SIZE)
    results = {
        "x": x,
        "dy": dy,
        "maxima": maxima,
        "positions": positions,
        "means": means,
        "dx_max": fn.functional.max_pool_backward(dy, positions, x.shape),
        "dx_mean": fn.functional.average_pool_backward(dy, x.shape, SIZE),
    }
    return {name: array[0, ..., 0] for name, array in results.items()}


def describe(results):
    x, dy, maxima, positions = (results[name] for name in ("x", "dy", "maxima", "positions"))
    means, dx_max, dx_mean = results["means"], results["dx_max"], results["dx_mean"]
    window = ", ".join(f"{number:g}" for number in x[:SIZE, :SIZE].ravel())
    n = SIZE**2
    return [
        f"X is {x.shape[0]} x {x.shape[1]}; windows of {SIZE} x {SIZE} with stride {SIZE}"
        f" leave {maxima.shape[0]} x {maxima.shape[1]}.",
        f"The first holds {window}: its maximum is {maxima[0, 0]:g}, at flat position"
        f" {positions[0, 0]}",
        f"(counted row by row from 0); its mean is {means[0, 0]:g}.",
        "",
        "maxima, row by row      " + "".join(f"{number:6g}" for number in maxima.ravel()),
        "their flat positions    " + "".join(f"{number:6d}" for number in positions.ravel()),
        "means, row by row       " + "".join(f"{number:6g}" for number in means.ravel()),
        "gradient that comes in  " + "".join(f"{number:6g}" for number in dy.ravel()),
        "",
        "Backward, maximum: a small change of another element changes nothing, so the",
        f"whole gradient goes to the position remembered from the way forward: {dy[0, 0]:g} to",
        f"position {positions[0, 0]}, and so on. {np.sum(dx_max == 0)} of the {x.size} elements"
        " get 0.",
        f"Backward, mean: each element counts for 1/{n}, so each gets 1/{n} of the gradient:",
        f"{dy[0, 0]:g}/{n} = {dx_mean[0, 0]:g} in the first window. Nobody gets 0.",
        f"Either way nothing is lost: what went in, {dy.sum():g}, comes out, {dx_max.sum():g}"
        f" and {dx_mean.sum():g}.",
    ]


def draw(results):
    picture, panels = figure(2, 3, width=3.8, height=3.8)
    entire, largest, mean, incoming, to_largest, to_all = panels
    where = [
        [f"{y:g}\n(from {k})" for y, k in zip(*row, strict=True)]
        for row in zip(results["maxima"], results["positions"], strict=True)
    ]
    limits = -8, 8  # of numbers; gradients are as pale at 65
    cells(entire, results["x"], "X (bold frames: maxima)", limits=limits)
    cells(largest, results["maxima"], "maxima (from flat position)", limits=limits, texts=where)
    cells(mean, results["means"], "means", limits=limits)
    cells(incoming, results["dy"], "gradient of the outputs", limits=(-65, 65))
    cells(to_largest, results["dx_max"], "gradient of X, maximum: to one", limits=(-65, 65))
    cells(to_all, results["dx_mean"], "gradient of X, mean: to all alike", limits=(-65, 65))
    width = results["x"].shape[1]
    for panel in entire, to_largest:
        for position in results["positions"].ravel():
            outline(panel, *divmod(position, width), 1, 1)
    for panel in entire, to_largest, to_all:
        for row, column in np.ndindex(results["maxima"].shape):
            dashes = {"edgecolor": "black", "linewidth": 1.5, "linestyle": "--", "zorder": 0.9}
            outline(panel, row * SIZE, column * SIZE, SIZE, SIZE, **dashes)
    for panel in largest, mean, incoming:
        panel.set(xlabel="column of the output", ylabel="row of the output")
    return picture


if __name__ == "__main__":
    main(__name__)
