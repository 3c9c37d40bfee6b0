"""Edge detector: a filter, a bias and a ReLU that find vertical edges.

The filter answers 1 exactly where a vertical edge from black to white stands, and 0 elsewhere.
Draw another IMAGE, or try FILTER = [[-1, -1], [1, 1]], which finds horizontal edges.
"""

import numpy as np

import fastnn as fn
from fastnn.demos._cells import cells, outline
from fastnn.demos._shared import figure, main

IMAGE = """
....##......
...####.....
..######..#.
.########.#.
..#....#..#.
..#.##.#....
..#.##.#..##
..######..##
............
"""  # a pixel is black (0) at a dot, white (1) at a hash
FILTER = [[-1, 1], [-1, 1]]
BIAS = -1


def compute():
    image = np.array([[pixel == "#" for pixel in line] for line in IMAGE.split()], float)
    layer = fn.layers.Conv2D(1, 2).build((*image.shape, 1), "float64")
    layer.weight = np.reshape(FILTER, (1, 2, 2, 1))  # (filters, rows, columns, channels)
    layer.bias = [BIAS]
    z = layer.forward(image[np.newaxis, ..., np.newaxis])  # (samples, rows, columns, channels)
    answers = fn.functional.relu_forward(z)
    black, white = image == 0, image == 1
    edges = black[:-1, :-1] & black[1:, :-1] & white[:-1, 1:] & white[1:, 1:]  # by the rule
    return {"image": image, "z": z[0, ..., 0], "answers": answers[0, ..., 0], "edges": edges}


def describe(results):
    z, answers, edges = results["z"], results["answers"], results["edges"]
    rows, columns = results["image"].shape
    return [
        "A window of 2 x 2 pixels slides over a black (0) and white (1) image. At each",
        f"of its {z.size} places it gives a = ReLU(z), z = sum of filter * pixels + bias:",
        "",
        f"    filter  {FILTER[0][0]:2g}  {FILTER[0][1]:2g}",
        f"            {FILTER[1][0]:2g}  {FILTER[1][1]:2g}      bias {BIAS:g}",
        "",
        "White pixels on the right add to the sum, white ones on the left take away.",
        f"Two on the right and none on the left give 2 - 1 = {z.max():g}, the largest z there",
        "is. One on the right gives 1 - 1 = 0, all four white give 2 - 2 - 1 = -1, and",
        f"the opposite edge, from white to black, gives -2 - 1 = {z.min():g}. The ReLU makes",
        "everything that is not positive 0.",
        "",
        f"Seen: a is 1 at {np.sum(answers == 1)} places and 0 at the other {np.sum(answers == 0)}:",
        f"{'exactly' if (answers == edges).all() else 'not'} where a vertical edge from black to"
        f" white stands ({edges.sum()} by that rule).",
        "The slanted roof has none: at most half an edge is in a window there.",
        f"An image of {rows} x {columns} has {z.shape[0]} x {z.shape[1]} such windows.",
    ]


def draw(results):
    picture, (seen, sums, answer) = figure(1, 3, width=5)
    image, answers = results["image"], results["answers"]
    cells(
        seen, image, "image (framed: windows where a is 1)", colours="gray", limits=(0, 1), size=8
    )
    for row, column in np.argwhere(answers > 0):
        outline(seen, row, column, 2, 2)
    cells(sums, results["z"], f"z, with filter {FILTER}, bias {BIAS}", limits=(-4, 4), size=8)
    cells(answer, answers, "a = ReLU(z)", colours="gray_r", limits=(0, 1), size=8)
    for panel in sums, answer:
        panel.set(xlabel="left column of the window (pixel)", ylabel="its upper row (pixel)")
        rows, columns = image.shape
        panel.set(xlim=(-1, columns - 1), ylim=(rows - 1, -1))  # each in the middle of its window
    return picture


if __name__ == "__main__":
    main(__name__)
