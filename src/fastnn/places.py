"""Places: which values of a network's program are the same memory, and which are read often."""

from fastnn._core.pointwise import FROM_INPUT

IN_PLACE = "pointwise", "affine", "batch_norm", "noise"  # y may take the place of x
FROM_OUTPUT = "pointwise", "softmax", "lp_pool"  # whose way back needs y, unless it is FROM_INPUT


class Places:
    """The numbers that a program gives to values.

    There are more than in the route where several read one value, and fewer where an operation may
    write over what it reads.

    Attributes
    ----------
    values : list of tuple (size, the value whose memory it is)
    instructions : list of dict
        With the values that operations read, `x` and all of them in `several`, and make, `y`; and a
        "fan" behind each value whose readers' gradients are to be summed.
    outputs : list of int
    """

    def __init__(self, instructions, outputs, inputs, summed, training):
        self.values, self.instructions, self._number = [], [], {}
        self._summed, self._training, self._kept = summed, training, set()
        self._readers = {}  # by value: (instruction, which of its inputs), outputs behind all
        last = len(instructions)
        for i, reads in enumerate([*(entry["reads"] for entry in instructions), outputs]):
            for k, value in enumerate(reads):
                self._readers.setdefault(value, []).append((i, k))
        for value, size in enumerate(inputs):
            self._make(value, self._add(size))
        for i, instruction in enumerate(instructions):
            reads = [self._read(value, i, k) for k, value in enumerate(instruction["reads"])]
            self.instructions.append(instruction | {"x": reads[0], "several": reads})
            self._write(instruction, reads[0])
        self.outputs = [self._read(value, last, k) for k, value in enumerate(outputs)]

    def _add(self, size, alias=None):
        self.values.append((size, len(self.values) if alias is None else alias))
        return len(self.values) - 1

    def _read(self, value, i, k):
        number = self._number[value]
        return number[i, k] if isinstance(number, dict) else number

    def _write(self, instruction, x):
        """Find a place for what an instruction makes of the value numbered x."""
        number = x
        kind = instruction["kind"]
        from_input = instruction.get("function") in FROM_INPUT or kind == "batch_norm"
        if instruction["forward"]:
            # the way back needs an output, or an input: nothing is written there
            needed = self._training and (x in self._kept or from_input)
            if kind not in IN_PLACE or needed or not self._is_alone(x):
                number = self._add(instruction["outputs"])
        if kind in FROM_OUTPUT and not from_input:
            self._kept.add(number)
        self.instructions[-1]["y"] = number
        self._make(instruction["y"], number)

    def _is_alone(self, x):
        """Whether nothing else has a value's memory, or reads it."""
        readers = [len(self._readers.get(v, ())) for v, n in self._number.items() if n == x]
        return self.values[x][1] == x and max(readers) == 1

    def _make(self, value, number):
        """Note a value's number; give each reader a copy in name, if their gradients are summed."""
        readers = self._readers.get(value, [])
        self._number[value] = number
        if not self._training or value not in self._summed or len(readers) < 2:
            return
        size, alias = self.values[number]
        self._number[value] = copies = {reader: self._add(size, alias) for reader in readers}
        # on the way back outputs come first, then the last reader; its inputs as it reads them
        turns = sorted(readers, key=lambda reader: (-reader[0], reader[1]))
        self.instructions.append(
            {
                "kind": "fan",
                "backward": True,
                "input_gradient": True,
                "x": number,
                "y": number,
                "several": [copies[reader] for reader in turns],
                "wanted": [True] * len(turns),
                "sizes": [size] * len(turns),
                "inputs": size,
                "outputs": size,
            }
        )
