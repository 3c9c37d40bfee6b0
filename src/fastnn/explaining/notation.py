"""How numbers, sums and products are written, and where it is worth while to write them out."""

import textwrap

import numpy as np

# What is written out element by element, number by number: more is not followed by hand.
ELEMENTS = 32  # of an array
TERMS = 16  # of a sum
WIDTH = 100  # of a line of arrays
FORMULA = 64  # likewise, of formulas


class Notation:
    """Numbers with so many significant digits.

    Parameters
    ----------
    digits : int
    """

    def __init__(self, digits):
        self.digits = digits

    def number(self, value):
        """A number by itself, or at the beginning of a product: ``-0.5``."""
        text = f"{float(value):.{self.digits}g}"
        return "0" if text == "-0" else text

    def factor(self, value):
        """A number behind a sign of multiplication or subtraction: ``(-0.5)``."""
        text = self.number(value)
        return f"({text})" if text.startswith("-") else text

    def product(self, *values):
        first, *others = values
        return "·".join([self.number(first), *map(self.factor, others)])

    def difference(self, left, right):
        return f"{self.number(left)} - {self.factor(right)}"

    def products(self, pairs):
        """A sum of products; ``0`` if there are none."""
        return total([self.product(*pair) for pair in pairs])

    def array(self, values, prefix=""):
        """An array as NumPy writes it."""
        values = np.asarray(values)
        if values.ndim == 0:
            return self.number(values)
        return np.array2string(
            values,
            max_line_width=WIDTH,
            separator=", ",
            prefix=prefix,
            threshold=values.size + 1,
            formatter={"all": self.number},
        )


def total(terms):
    """A sum of terms, each as it is written by itself; ``0`` if there are none."""
    text = ""
    for term in terms:
        if text and term.startswith("-"):
            text += f" - {term[1:]}"
        else:
            text += f" + {term}" if text else term
    return text or "0"


def spelled(shape, terms, write):
    """Return what `write` makes of the terms of each element of an array, or None if it is long.

    Parameters
    ----------
    shape : tuple of int
    terms : dict of tuple to list, or None
        By index; an element that is missing has none.
    write : callable
        ``write(index, terms)`` returns text.
    """
    if terms is None or np.prod(shape, dtype=np.int64) > ELEMENTS:
        return None
    if max(map(len, terms.values()), default=0) > TERMS:
        return None
    return [write(index, terms.get(index, [])) for index in np.ndindex(*shape)]


def each(write, *arrays):
    """Return what `write` makes of the elements of arrays of one shape, or None if it is long."""
    if arrays[0].size > ELEMENTS:
        return None
    return [write(*values) for values in zip(*(array.ravel() for array in arrays), strict=True)]


def element(symbol, index):
    """The name of an element; indices count from 1, as in formulas: ``z1``, ``W[2,1]``."""
    if not index:
        return symbol
    places = ",".join(str(i + 1) for i in index)
    return f"{symbol}[{places}]" if len(index) > 1 or not symbol[-1].isalpha() else symbol + places


class Block:
    """A quantity: its formula, and its numbers.

    Parameters
    ----------
    symbol : str
        ``z``.
    formula : str
        ``z = W x + b``.
    values : ndarray or float, optional
        Without it the formula says all.
    written : list of str, optional
        The formula with the numbers of each element, where they are few.
    notes : list of str, optional
        What is to be said of each element, behind its number.
    """

    def __init__(self, symbol, formula, values=None, written=None, notes=None):
        self.symbol, self.formula = symbol, formula
        self.values = None if values is None else np.asarray(values, np.float64)
        self.written, self.notes = written, notes

    def rows(self, notation, indent=0):
        """Yield a name, the formula with numbers, the value and a note, for every element.

        Of arrays with many elements there is one row, of the whole array, or one of each plane. The
        lines of these begin so far from the left, and behind the name.
        """
        if self.values is None:
            return
        if self.values.size > ELEMENTS or (self.written is None and self.values.ndim):
            yield from self._arrays(notation, indent)
            return
        numbers = [notation.number(value) for value in self.values.ravel()]
        written, notes = self.written or numbers, self.notes or [""] * len(numbers)
        if written == numbers:  # which need not be said twice
            written = [""] * len(numbers)
        indices = np.ndindex(*self.values.shape)
        for index, *row in zip(indices, written, numbers, notes, strict=True):
            yield element(self.symbol, index), *row

    def _arrays(self, notation, indent):
        """Rows of whole arrays: of images a row a channel, of their weights one a filter too."""
        values, kept = self.values, {3: (0, 1), 4: (1, 2)}.get(self.values.ndim)
        if kept is None:
            yield self.symbol, "", notation.array(values, _before(self.symbol, indent)), ""
            return
        sizes = [1 if axis in kept else size for axis, size in enumerate(values.shape)]
        for index in np.ndindex(*sizes):
            places = [":" if axis in kept else str(i + 1) for axis, i in enumerate(index)]
            plane = tuple(slice(None) if axis in kept else i for axis, i in enumerate(index))
            name = f"{self.symbol}[{','.join(places)}]"
            yield name, "", notation.array(values[plane], _before(name, indent)), ""

    def lines(self, notation):
        """Yield the quantity as lines of text, the rows' columns one below the other."""
        yield f"  {self.formula}"
        rows = [
            (name, textwrap.wrap(text, FORMULA, break_long_words=False) or [""], value, note)
            for name, text, value, note in self.rows(notation, indent=4)
        ]
        names = max((len(name) for name, *_ in rows), default=0)
        width = max((len(line) for _, lines, *_ in rows for line in lines), default=0)
        for name, lines, value, note in rows:
            head = f"    {name:<{names}} = "
            for line in lines[:-1]:
                yield head + line
                head = " " * len(head)
            last = f"{lines[-1]:<{width}} = " if width else ""
            yield f"{head}{last}{value}  {note}".rstrip()


def _before(name, indent):
    """What stands before an array, as long as it is; nothing where it has a column of its own."""
    return " " * indent + f"{name} = " if indent else ""
