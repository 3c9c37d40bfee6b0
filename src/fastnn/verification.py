"""What `fastnn.verify` found, as a table."""

import html
from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """A result of the compiled network beside the reference's.

    Attributes
    ----------
    layer : str
        The layer's class, and its name or its place; "loss" and "predictions" stand for themselves.
    what : str
        "output", "gradient of its input", "gradient of its weight" (or another parameter), of the
        layer alone; the last also with ", in training": by the program that trains.
    size : int
        How many numbers were compared.
    error : float
        Largest difference.
    ratio : float
        The largest share of its tolerance that a number is off by; more than 1 is wrong.
    """

    layer: str
    what: str
    size: int
    error: float
    ratio: float

    @property
    def wrong(self):
        """Whether a number is off by more than its tolerance, or NaN where it should not be."""
        return not self.ratio <= 1


@dataclass(frozen=True)
class Verification:
    """What `fastnn.verify` found: prints as a table.

    Attributes
    ----------
    rows : list of Check
    unverified : list of str
        Layers and losses of your own, which have no reference.
    samples : int
    seconds : float
        How long it took.
    """

    rows: list
    unverified: list
    samples: int
    seconds: float

    @property
    def wrong(self):
        """The rows that are beyond their tolerance, in order: the first is where to look."""
        return [row for row in self.rows if row.wrong]

    @property
    def ok(self):
        """Whether none is."""
        return not self.wrong

    def _cells(self):
        yield "layer", "what", "numbers", "largest error", "of tolerance", ""
        for row in self.rows:
            mark = "WRONG" if row.wrong else ""
            error, ratio = f"{row.error:.3g}", f"{row.ratio:.3g}"
            yield row.layer, row.what, f"{row.size:,}", error, ratio, mark

    def _words(self):
        words = [f"{name}: not verified, it is your own" for name in self.unverified]
        if self.ok:
            most = max(self.rows, key=lambda row: row.ratio)
            nearest = f"the nearest to it {most.layer}: {most.what}, {100 * most.ratio:.2g} %"
            words.append(f"All within tolerance, on {self.samples} samples; {nearest}.")
        else:
            first = self.wrong[0]
            words.append(f"{len(self.wrong)} wrong, first {first.layer}: {first.what}.")
        return words

    def __str__(self):
        cells = list(self._cells())
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            "  ".join(
                f"{text:>{width}}" if 2 <= i < 5 else f"{text:<{width}}"
                for i, (text, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in cells
        ]
        rule = "-" * max(map(len, lines))
        return "\n".join([lines[0], rule, *lines[1:], rule, *self._words()])

    __repr__ = __str__

    def _repr_html_(self):
        rows = ("".join(f"<td>{html.escape(text)}</td>" for text in row) for row in self._cells())
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        words = "".join(f"<p>{html.escape(text)}</p>" for text in self._words())
        return f"<table>{body}</table>{words}"
