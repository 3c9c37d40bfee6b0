"""The parts of an exported file as they come together: functions, arrays, lines of `predict`."""

import functools
import pathlib
import re

import numpy as np

FUNCTIONS = pathlib.Path(__file__).with_name("functions")
LARGEST = 2**31 - 1  # of the sizes and indices, which are ints
NUMBERS_A_LINE = 6
KINDS = {"wide": np.float64, "int": np.int64}
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


@functools.lru_cache(maxsize=1)
def functions():
    """The texts of all functions that files may need, by name."""
    return {path.stem: path.read_text() for path in sorted(FUNCTIONS.glob("*.c"))}


def literals(values, suffix=""):
    """Numbers of an array as C writes them: with the fewest digits that tell them apart."""
    special = {"nan": "NAN", "inf": "INFINITY", "-inf": "-INFINITY"}
    return [special.get(text) or text + suffix for text in map(str, values.ravel())]


def safe(text):
    """A user's text as a comment may hold it."""
    return re.sub(r"[^A-Za-z0-9_ .,:()+-]", "_", text)


class Source:
    """A file of C in the making.

    Parameters
    ----------
    dtype : numpy.dtype
        Of the network: what `real` stands for.
    """

    def __init__(self, dtype):
        self.dtype = np.dtype(dtype)
        self.arrays, self.used, self.lines, self.largest = {}, {}, [], 0

    def use(self, name):
        """Have a function, and all that it calls, in the file, those that are called first."""
        if name in self.used:
            return
        text = COMMENT.sub("", functions()[name])
        called = re.findall(r"\b(?:struct (\w+)|(\w+)\()", text)
        for other in dict.fromkeys(struct or function for struct, function in called):
            if other != name and other in functions():
                self.use(other)
        self.used[name] = functions()[name].rstrip()

    def count(self, numbers):
        """Raise if there are so many of something that a C int could not count them."""
        if numbers > LARGEST:
            raise ValueError(
                f"export_c: the network needs an array of {numbers} numbers; "
                f"expected at most {LARGEST}"
            )
        self.largest = max(self.largest, numbers)
        return numbers

    def array(self, name, values, kind="real"):
        """Have a constant array of numbers of a kind, real, wide or int, in the file."""
        if name not in self.arrays:
            values = np.asarray(values, self.dtype if kind == "real" else KINDS[kind])
            suffix = "f" if kind == "real" and self.dtype == np.float32 else ""
            texts = literals(values, suffix)
            lines = (
                ", ".join(texts[first : first + NUMBERS_A_LINE])
                for first in range(0, len(texts), NUMBERS_A_LINE)
            )
            shape = " x ".join(map(str, values.shape))
            head = f"static const {kind} {name}[{self.count(values.size)}] = {{ /* {shape} */\n    "
            self.arrays[name] = head + ",\n    ".join(lines) + "};"
        return name

    def window(self, name, sizes):
        """Have a `struct window` in the file; `sizes` are those of `geometry.Window`."""
        self.use("window")
        axes = [sizes[first : first + 3] for first in range(0, 18, 3)]
        for inputs, outputs, size, stride, dilation, before in zip(*axes, strict=True):
            self.count((outputs - 1) * stride + (size - 1) * dilation + 1)
            self.count(inputs + before)
        entries = ", ".join(f"{{{', '.join(map(str, entry))}}}" for entry in axes)
        self.arrays[name] = f"static const struct window {name} = {{{entries}}};"
        return f"&{name}"
