"""Where every value of a network stands in an exported file.

Values are numbered: the network's inputs, then what each step makes. Outputs of the network are
made in their places in `y`; all other values share the places of one work array by the times at
which they are needed, so that a network in a row goes to and fro between two of them.
"""

from typing import NamedTuple


class Step(NamedTuple):
    """What a step reads and makes, and how."""

    x: tuple[int, ...]
    y: int
    how: str  # "view": what it reads, in another shape; "in_place": may overwrite it; or "new"


class Place(NamedTuple):
    """Where a value stands: in "x", "y" or "work", from which element on."""

    array: str
    start: int


class _Storage:
    """What values that stand in one place need: their size, and from when until when."""

    def __init__(self, value, made, size):
        self.values, self.made, self.size, self.place = [value], made, size, None


class Buffers:
    """Places of all values.

    Parameters
    ----------
    steps : list of Step
    sizes : list of int
        Of every value.
    inputs : int
        How many values are given.
    outputs : sequence of int
        The values that are asked for.

    Attributes
    ----------
    places : dict of int to Place
    copies : list of (int, Place)
        Outputs that are made elsewhere, as another output or an input has the same numbers.
    work : int
        Size of the work array.
    """

    def __init__(self, steps, sizes, inputs, outputs):
        self._last = dict.fromkeys(range(len(sizes)), -1)  # the step that reads a value last
        for i, step in enumerate(steps):
            self._last |= dict.fromkeys(step.x, i)
        self._last |= dict.fromkeys(outputs, len(steps))
        storages, start = {}, 0
        for value in range(inputs):
            storages[value] = _Storage(value, -1, sizes[value])
            storages[value].place = Place("x", start)
            start += sizes[value]
        made = []
        for i, step in enumerate(steps):
            storage = self._shared(step, i, sizes, storages)
            if storage is None:
                storage = _Storage(step.y, i, sizes[step.y])
                made.append(storage)
            else:
                storage.values.append(step.y)
            storages[step.y] = storage
        self.copies, start = [], 0
        for value in outputs:
            place, start = Place("y", start), start + sizes[value]
            if storages[value].place is None:
                storages[value].place = place
            else:
                self.copies.append((value, place))
        self.work = self._put([storage for storage in made if storage.place is None])
        self.places = {value: storage.place for value, storage in storages.items()}

    def _dies(self, storage):
        return max(self._last[value] for value in storage.values)

    def _shared(self, step, i, sizes, storages):
        """The storage of something that a step reads and may stand in, or None."""
        if step.how == "view":
            return storages[step.x[0]]
        if step.how == "in_place":
            for value in step.x:
                storage = storages[value]
                free = storage.place is None and self._dies(storage) == i
                if free and storage.size == sizes[step.y]:
                    return storage
        return None

    def _put(self, storages):
        """Give each the first gap among those that live at the same time, the largest first."""
        placed, end = [], 0
        for storage in sorted(storages, key=lambda storage: -storage.size):
            dies = self._dies(storage)
            start = 0
            for first, last, other in sorted(placed, key=lambda entry: entry[2].place.start):
                if first <= dies and storage.made <= last:
                    if other.place.start - start >= storage.size:
                        break
                    start = max(start, other.place.start + other.size)
            storage.place = Place("work", start)
            placed.append((storage.made, dies, storage))
            end = max(end, start + storage.size)
        return end
