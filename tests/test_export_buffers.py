"""Places of values in exported files: nothing that is still needed is written over."""

import numpy as np
import pytest

from fastnn.export.buffers import Buffers, Step


def drawn(seed):
    """Steps of a random graph, its values' sizes, how many are given, and which come out."""
    rng = np.random.default_rng(seed)
    inputs = int(rng.integers(1, 4))
    sizes, steps = rng.integers(1, 40, inputs).tolist(), []
    for _ in range(rng.integers(1, 25)):
        recent = max(0, len(sizes) - int(rng.integers(1, 8)))
        x = rng.integers(recent, len(sizes), rng.choice([1, 1, 1, 2, 3])).tolist()
        how = str(rng.choice(["new", "in_place", "view"]))
        x = x[:1] if how == "view" else x
        same = how == "view" or (how == "in_place" and rng.random() < 0.8)
        if same:
            x = [value for value in x if sizes[value] == sizes[x[0]]]
        steps.append(Step(tuple(x), len(sizes), how))
        sizes.append(sizes[x[0]] if same else int(rng.integers(1, 40)))
    read = {value for step in steps for value in step.x}
    outputs = [value for value in range(len(sizes)) if value not in read]
    outputs += rng.integers(0, len(sizes), rng.integers(0, 3)).tolist()
    return steps, sizes, inputs, outputs


def cells(memory, place, size):
    found = memory[place.array][place.start : place.start + size]
    assert len(found) == size
    return found


@pytest.mark.parametrize("seed", range(200))
def test_every_step_finds_what_it_reads_and_every_output_comes_out(seed):
    steps, sizes, inputs, outputs = drawn(seed)
    buffers = Buffers(steps, sizes, inputs, outputs)
    ends = np.cumsum([0, *(sizes[value] for value in outputs)])
    memory = {
        "x": np.full(sum(sizes[:inputs]), -1),
        "y": np.full(ends[-1], -1),
        "work": np.full(buffers.work, -1),
    }
    content = list(range(len(sizes)))  # of a view: what it is a view of
    for value in range(inputs):
        cells(memory, buffers.places[value], sizes[value])[:] = value
    given = memory["x"].copy()
    for step in steps:
        for value in step.x:
            assert (cells(memory, buffers.places[value], sizes[value]) == content[value]).all()
        if step.how == "view":
            content[step.y] = content[step.x[0]]
            assert buffers.places[step.y] == buffers.places[step.x[0]]
        else:
            cells(memory, buffers.places[step.y], sizes[step.y])[:] = step.y
    for value, place in buffers.copies:
        source = cells(memory, buffers.places[value], sizes[value])
        cells(memory, place, sizes[value])[:] = source
    for value, start, end in zip(outputs, ends, ends[1:], strict=False):
        assert (memory["y"][start:end] == content[value]).all()
    np.testing.assert_array_equal(memory["x"], given)


def test_a_row_of_steps_goes_to_and_fro_between_two_places():
    sizes = [9, 30, 20, 30, 10, 5]
    steps = [Step((i,), i + 1, "new") for i in range(5)]
    buffers = Buffers(steps, sizes, 1, [5])
    assert buffers.work == 50
    assert buffers.places[1].start == buffers.places[3].start
    assert buffers.places[5] == ("y", 0)


def test_what_may_overwrite_its_input_does():
    steps = [Step((0,), 1, "new"), *(Step((i,), i + 1, "in_place") for i in range(1, 5))]
    assert Buffers([*steps, Step((5,), 6, "new")], [7] * 7, 1, [6]).work == 7
    assert Buffers(steps, [7] * 6, 1, [5]).work == 0  # all in y
    assert Buffers([Step((0,), 1, "in_place"), Step((1,), 2, "new")], [7] * 3, 1, [2]).work == 7
