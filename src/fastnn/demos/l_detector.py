"""L detector: a filter and a ReLU that find the corner of a black L.

The filter answers 1 exactly at a black L (white at the upper right, black at the other three), and
0 elsewhere. Draw another IMAGE, or try FILTER = [[1, -1], [-1, -1]], which finds mirrored Ls.
"""

import numpy as np

import fastnn as fn
from fastnn.demos._cells import cells, outline
from fastnn.demos._shared import figure, main

IMAGE = """
#####################
#.####...####.##...##
#.####.######.###.###
#.####..#####.###.###
#.####.######.###.###
#...##...##...###.###
#####################
"""  # a pixel is black (0) at a dot, white (1) at a hash
LETTERS = {"L": slice(0, 5), "E": slice(5, 10), "J": slice(10, 14), "T": slice(14, 20)}  # columns
FILTER = [[-1, 1], [-1, -1]]


def compute():
    image = np.array([[pixel == "#" for pixel in line] for line in IMAGE.split()], float)
    layer = fn.layers.Conv2D(1, 2, bias=False).build((*image.shape, 1), "float64")
    layer.weight = np.reshape(FILTER, (1, 2, 2, 1))  # (filters, rows, columns, channels)
    z = layer.forward(image[np.newaxis, ..., np.newaxis])  # (samples, rows, columns, channels)
    answers = fn.functional.relu_forward(z)
    black, white = image == 0, image == 1
    corners = black[:-1, :-1] & white[:-1, 1:] & black[1:, :-1] & black[1:, 1:]  # by the rule
    return {"image": image, "z": z[0, ..., 0], "answers": answers[0, ..., 0], "corners": corners}


def describe(results):
    z, answers, corners = results["z"], results["answers"], results["corners"]
    found = {letter: np.sum(answers[:, columns] == 1) for letter, columns in LETTERS.items()}
    return [
        "The letters L, E, J and T, black (0) on white (1). A window of 2 x 2 pixels",
        f"slides over them and gives a = ReLU(z), z = sum of filter * pixels, {z.size} times:",
        "",
        f"    filter  {FILTER[0][0]:2g}  {FILTER[0][1]:2g}",
        f"            {FILTER[1][0]:2g}  {FILTER[1][1]:2g}      no bias",
        "",
        "Only the pixel at the upper right adds to z, and each other white one takes 1",
        f"away. So z is {z.max():g} only where that pixel is white and the other three are black:",
        f"at a black L. Elsewhere it is 0 or less, down to {z.min():g}, and the ReLU makes it 0.",
        "",
        f"Seen: a is 1 at {np.sum(answers == 1)} places,"
        f" {'exactly' if (answers == corners).all() else 'not'} the {corners.sum()}"
        " of that rule, and 0 elsewhere:",
        f"    {found['L']} in the L   its corner",
        f"    {found['E']} in the E   where its middle and its lower arm leave the stem",
        f"    {found['J']} in the J   its corner is a mirrored L",
        f"    {found['T']} in the T   its corners hang from the bar, upside down",
        "A filter is a picture of what it looks for: +1 where white is wanted, -1 where",
        "black is.",
    ]


def draw(results):
    picture, (seen, sums, answer) = figure(3, 1, width=8, height=3.1)
    image, answers = results["image"], results["answers"]
    cells(
        seen, image, "image (framed: windows where a is 1)", colours="gray", limits=(0, 1), size=8
    )
    for row, column in np.argwhere(answers > 0):
        outline(seen, row, column, 2, 2)
    cells(sums, results["z"], f"z, with filter {FILTER}", limits=(-4, 4), size=8)
    cells(answer, answers, "a = ReLU(z)", colours="gray_r", limits=(0, 1), size=8)
    for panel in sums, answer:
        panel.set(xlabel="left column of the window (pixel)", ylabel="its upper row (pixel)")
        rows, columns = image.shape
        panel.set(xlim=(-1, columns - 1), ylim=(rows - 1, -1))  # each in the middle of its window
    return picture


if __name__ == "__main__":
    main(__name__)
