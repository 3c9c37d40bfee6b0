"""Demos of convolution and pooling: what their texts and pictures say is so."""

import functools
import itertools

import numpy as np
import pytest

from fastnn import demos

X = [[2, 3, -1, 2], [4, 1, 0, 1], [-2, 1, 3, 2], [-1, -2, 0, 5]]


@functools.cache
def shown(name):
    """A demo's results, and its text."""
    module = demos.load(name)
    results = module.compute()
    return results, "\n".join(module.describe(results))


@functools.cache
def panels(name):
    pytest.importorskip("matplotlib")
    return demos.load(name).draw(shown(name)[0]).axes


def written(panel, shape):
    """What is written into the cells of a panel."""
    texts = {text.get_position(): text.get_text() for text in panel.texts}
    return [[texts[column, row] for column in range(shape[1])] for row in range(shape[0])]


def numbers(array):
    return [[f"{number:g}" for number in row] for row in array]


def frames(panel):
    """Row, column, height and width in cells of the frames that are drawn in a panel."""
    corners = [(patch.get_y() + 0.5, patch.get_x() + 0.5) for patch in panel.patches]
    sizes = [(patch.get_height(), patch.get_width()) for patch in panel.patches]
    return [tuple(map(int, (*at, *size))) for at, size in zip(corners, sizes, strict=True)]


# --- edges and Ls ------------------------------------------------------------------------------

WINDOWS = {  # what is found: the window, row by row
    "edge-detector": ".#.#",
    "l-detector": ".#..",
}
OTHERS = {  # other filters that the docstrings name, and what they find
    "edge-detector": ([[-1, -1], [1, 1]], "..##"),
    "l-detector": ([[1, -1], [-1, -1]], "#..."),
}


def places(name, wanted):
    """Upper left corners of the windows of an image, in dots and hashes, that look like this."""
    lines = demos.load(name).IMAGE.split()
    corners = itertools.product(range(len(lines) - 1), range(len(lines[0]) - 1))
    return [(r, c) for r, c in corners if lines[r][c : c + 2] + lines[r + 1][c : c + 2] == wanted]


@pytest.mark.parametrize("name", WINDOWS)
def test_a_detector_answers_1_there_and_0_elsewhere(name):
    results, text = shown(name)
    found = places(name, WINDOWS[name])
    assert len(found) >= 3
    assert {*results["answers"].ravel().tolist()} == {0, 1}
    assert [*map(tuple, np.argwhere(results["answers"] == 1).tolist())] == found
    assert f"a is 1 at {len(found)} places" in text
    assert "exactly" in text
    assert results["z"].max() == 1 and results["z"].min() == -3


@pytest.mark.parametrize("name", WINDOWS)
def test_a_detector_finds_what_its_filter_shows(name, monkeypatch):
    module, (weights, wanted) = demos.load(name), OTHERS[name]
    monkeypatch.setattr(module, "FILTER", weights)
    results = module.compute()
    found = places(name, wanted)
    assert found and [*map(tuple, np.argwhere(results["answers"] == 1).tolist())] == found
    assert "exactly" not in "\n".join(module.describe(results))  # its rule is that of the other


def test_each_kind_of_window_has_the_z_that_the_text_says():
    results, text = shown("edge-detector")
    for window, z in ((".#.#", 1), ("...#", 0), ("####", -1), ("#.#.", -3)):
        found = places("edge-detector", window)
        assert found and {results["z"][place] for place in found} == {z}
    for sentence in ("give 2 - 1 = 1,", "1 - 1 = 0", "2 - 2 - 1 = -1", "gives -2 - 1 = -3"):
        assert sentence in text
    assert "An image of 9 x 12 has 8 x 11 such windows" in text
    assert not results["answers"][:3, :9].any()  # the roof


def test_letters_have_as_many_ls_as_the_text_says():
    results, text = shown("l-detector")
    columns = np.array([c for _, c in places("l-detector", ".#..")])
    counts = [int(np.sum(columns // 5 == letter)) for letter in range(4)]
    assert counts == [1, 2, 0, 0]
    for letter, count in zip("LEJT", counts, strict=True):
        assert f"    {count} in the {letter}   " in text
    assert not results["answers"][results["z"] <= 0].any()


@pytest.mark.parametrize("name", WINDOWS)
def test_the_picture_of_a_detector(name):
    results = shown(name)[0]
    for panel, part in zip(panels(name), ("image", "z", "answers"), strict=True):
        assert written(panel, results[part].shape) == numbers(results[part])
    assert frames(panels(name)[0]) == [(*at, 2, 2) for at in places(name, WINDOWS[name])]


# --- convolution -------------------------------------------------------------------------------


def test_convolution_by_number():
    results, text = shown("convolution-by-number")
    assert results["x"].tolist() == X
    assert results["y"].tolist() == [[-2, 6], [2, 2]]
    assert results["products"].sum(axis=(2, 3)).tolist() == [[-2, 6], [2, 2]]
    steps = [line.split("=") for line in text.splitlines() if line.startswith("  z[")]
    assert [place.strip() for place, _, _ in steps] == ["z[0,0]", "z[0,1]", "z[1,0]", "z[1,1]"]
    assert [int(total) for _, _, total in steps] == [-2, 6, 2, 2]
    for _, terms, total in steps:
        signed = terms.replace("- ", "-").replace("+ ", "").split()
        assert len(signed) == 6 and sum(map(int, signed)) == int(total)


def test_sizes_by_number():
    results, text = shown("convolution-by-number")
    assert tuple(results["padded"]) == (5, 4) and tuple(results["large"]) == (48, 48)
    assert "9 x 6 image, 5 x 5 filter, padding 4, stride 3: 5 x 4" in text
    assert "100 x 100 image, 5 x 5 filter, no padding, stride 2: 48 x 48" in text
    assert (9 + 8 - 5) / 3 + 1 == 5 and (6 + 8 - 5) / 3 + 1 == 4 and (100 - 5) / 2 == 47.5
    for sum_ in ("(9 + 8 - 5) / 3 + 1 = 5", "(6 + 8 - 5) / 3 + 1 = 4", "(100 - 5) / 2 = 47.5"):
        assert sum_ in text


def test_the_last_row_and_column_are_never_read():
    results, text = shown("convolution-by-number")
    assert [lost.tolist() for lost in results["unread"]] == [[99], [99]]
    assert "begins at 94, ends at 98" in text
    assert "Rows in no window: 99; columns: 99." in text


def test_an_image_that_is_read_throughout_has_no_such_rows(monkeypatch):
    module = demos.load("convolution-by-number")
    monkeypatch.setitem(module.UNREAD, "input_shape", (99, 99))
    results = module.compute()
    assert "Rows in no window: none; columns: none." in "\n".join(module.describe(results))


def test_the_picture_of_convolution():
    *steps, weights, output, padded, end = panels("convolution-by-number")
    assert [frames(panel) for panel in steps] == [[(r, c, 3, 3)] for r in (0, 1) for c in (0, 1)]
    first = [["2\n× 1", "3\n× 0", "-1\n× 1", "2"], ["4\n× (-1)", "1\n× 0", "0\n× (-1)", "1"]]
    assert written(steps[0], (2, 4)) == first
    titles = [panel.get_title() for panel in steps]
    assert titles[0] == "output [0, 0]\n2 - 1 - 4 + 0 - 2 + 3 = -2"
    assert [int(title.split("= ")[1]) for title in titles] == [-2, 6, 2, 2]
    assert written(weights, (3, 3)) == numbers([[1, 0, 1], [-1, 0, -1], [1, 0, 1]])
    assert written(output, (2, 2)) == numbers([[-2, 6], [2, 2]])
    image = [(-4, -4, 17, 14), (0, 0, 9, 6)]
    assert frames(padded) == [
        *image,
        (-4, -4, 5, 5),
        (8, 5, 5, 5),
    ]  # the last ends with the padding
    middles = [tuple(np.ravel(line.get_data()).tolist()) for line in padded.lines]
    assert middles == [(3 * c - 2, 3 * r - 2) for r in range(5) for c in range(4)]
    assert [text.get_text() for text in end.texts][-1] == "94 to 98"
    assert frames(end)[-1][1::2] == (99, 1)  # crossed out


# --- pooling -----------------------------------------------------------------------------------


def test_pooling_by_number():
    results, text = shown("pooling-by-number")
    assert results["x"].tolist() == X
    assert results["maxima"].tolist() == [[4, 2], [1, 5]]
    assert results["positions"].tolist() == [[4, 3], [9, 15]]
    assert results["means"].tolist() == [[2.5, 0.5], [-1, 2.5]]
    table = {line[:24].strip(): line[24:].split() for line in text.splitlines()}
    assert table["maxima, row by row"] == ["4", "2", "1", "5"]
    assert table["their flat positions"] == ["4", "3", "9", "15"]
    assert table["means, row by row"] == ["2.5", "0.5", "-1", "2.5"]
    assert table["gradient that comes in"] == ["10", "20", "30", "40"]
    assert "The first holds 2, 3, 4, 1: its maximum is 4, at flat position 4" in text


def test_gradients_of_pooling_by_number():
    results, text = shown("pooling-by-number")
    expected = np.zeros(16)
    expected[[4, 3, 9, 15]] = [10, 20, 30, 40]
    assert results["dx_max"].ravel().tolist() == expected.tolist()
    assert results["dx_mean"].tolist() == np.kron([[2.5, 5], [7.5, 10]], np.ones((2, 2))).tolist()
    assert "12 of the 16 elements get 0" in text
    assert "10/4 = 2.5" in text
    assert "what went in, 100, comes out, 100 and 100." in text


def test_the_picture_of_pooling():
    results = shown("pooling-by-number")[0]
    entire, largest, mean, incoming, to_largest, to_all = panels("pooling-by-number")
    assert written(entire, (4, 4)) == numbers(X)
    assert written(largest, (2, 2)) == [
        ["4\n(from 4)", "2\n(from 3)"],
        ["1\n(from 9)", "5\n(from 15)"],
    ]
    assert written(mean, (2, 2)) == numbers(results["means"])
    assert written(incoming, (2, 2)) == numbers([[10, 20], [30, 40]])
    assert written(to_largest, (4, 4)) == numbers(results["dx_max"])
    assert written(to_all, (4, 4)) == numbers(results["dx_mean"])
    maxima = [(1, 0, 1, 1), (0, 3, 1, 1), (2, 1, 1, 1), (3, 3, 1, 1)]
    windows = [(r, c, 2, 2) for r in (0, 2) for c in (0, 2)]
    assert frames(entire) == frames(to_largest) == maxima + windows
    assert frames(to_all) == windows
