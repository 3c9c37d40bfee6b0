"""Text with separators: a header, a column of labels, and columns of numbers."""

import csv
import gzip
import itertools
import os

import numpy as np

from .dataset import Dataset
from .problems import Explained, check_bytes, damaged, file_size

TARGETS = "label", "target", "class", "y"
SEPARATORS = ",;\t|"
NOTHING = ("", "na", "n/a", "nan", "null", "none", "?")  # cells without a value, in small letters
LONGEST_LINE = 2**24
ROWS = 8192  # read at once


def load_table(path, max_bytes, target=None):
    """Read a CSV file, which may be packed by gzip."""
    with open(path, "rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        if not packed:
            return _read(path, file, file_size(file), max_bytes, target)
        with damaged("a damaged gzip file"), gzip.GzipFile(fileobj=file) as stream:
            return _read(path, stream, None, max_bytes, target)


def _read(path, file, size, max_bytes, target):
    lines = _lines(file)
    first = next(lines, "")
    separator = max(SEPARATORS, key=first.count)
    table = csv.reader(itertools.chain([first], lines), delimiter=separator, strict=True)
    try:
        names = _header(next(table, []))
        column = _target_column(names, target)
        if len(names) == (column is not None):
            raise Explained(
                "expected columns of numbers beside the labels, got one column in all; "
                f"separators may be {' '.join(SEPARATORS.replace(chr(9), ''))} and tabs"
            )
        blocks, words, held = [], [], 0
        for rows, numbers in _blocks(table, len(names)):
            cells = list(zip(*rows, strict=True))
            labels = () if column is None else cells.pop(column)
            names_left = [name for i, name in enumerate(names) if i != column]
            blocks.append(_numbers(cells, names_left, len(rows), numbers))
            words.extend(_labels(labels, names[column or 0], numbers))
            held += blocks[-1].nbytes + sum(map(len, labels)) + 64 * len(labels)
            check_bytes("the table", held, max_bytes)
    except csv.Error as error:
        raise Explained(f"line {table.line_num}: {error}") from None
    if not blocks:
        raise Explained("no rows below the header")
    x = np.concatenate(blocks)
    y = None if column is None else _as_labels(words)
    names = tuple(name for i, name in enumerate(names) if i != column)
    return Dataset(x, y, names, source=os.fspath(path))


def _lines(file):
    """The lines of a file as text, one by one: an error says which is none."""
    for number in itertools.count(1):
        line = file.readline(LONGEST_LINE)
        if not line:
            return
        if len(line) == LONGEST_LINE:
            raise Explained(f"line {number} has more than {LONGEST_LINE:,} bytes")
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise Explained(
                f"line {number}: byte {line[error.start]:#04x} is no UTF-8 text; save it as UTF-8"
            ) from None
        if "\0" in text:
            raise Explained(f"line {number} holds a zero byte, which text does not")
        yield text


def _header(cells):
    """The names of the columns, checked."""
    names = [cell.strip() for cell in cells]
    if not any(names):
        raise Explained("line 1: expected a header, the names of the columns")
    if all(map(_is_number, names)) and names != [str(i) for i in range(len(names))]:
        raise Explained(f"line 1: expected a header, got numbers ({', '.join(names[:4])}, …)")
    for i, name in enumerate(names):
        if not name:
            raise Explained(f"line 1: column {i + 1} has no name; if it counts rows, leave it out")
        if name in names[:i]:
            raise Explained(f"line 1: two columns are called {name!r}")
    return names


def _target_column(names, target):
    """Which column holds the labels; None for none."""
    if target is False:
        return None
    if target is not None:
        if target not in names:
            some = ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
            raise Explained(f"no column {target!r}; there are {some}")
        return names.index(target)
    found = [i for i, name in enumerate(names) if name.lower() in TARGETS]
    if len(found) > 1:
        called = " and ".join(names[i] for i in found)
        raise Explained(f"the columns {called} may all hold the labels; say which by target=")
    return found[0] if found else len(names) - 1


def _blocks(table, columns):
    """Rows of as many cells as there are columns, with the numbers of their lines; some at once."""
    rows, numbers = [], []
    for row in table:
        if len(row) != columns:
            if not row:  # an empty line
                continue
            raise Explained(
                f"line {table.line_num}: expected {columns} cells, as in the header, got {len(row)}"
            )
        rows.append(row)
        numbers.append(table.line_num)
        if len(rows) == ROWS:
            yield rows, numbers
            rows, numbers = [], []
    if rows:
        yield rows, numbers


def _numbers(cells, names, n, lines):
    """Columns of text as an array of numbers (rows, columns)."""
    block = np.empty((n, len(cells)))
    for i, column in enumerate(cells):
        try:
            block[:, i] = np.fromiter(map(float, column), np.float64, n)
        except ValueError:
            sound = False
        else:
            sound = not np.isnan(block[:, i]).any() and "_" not in "".join(column)
        if not sound:
            raise _wrong_cell(column, names[i], lines)
    return block


def _wrong_cell(column, name, lines):
    """The error that says which cell of a column is no number."""
    for cell, line in zip(column, lines, strict=True):
        if cell.strip().lower() in NOTHING:
            return Explained(f"line {line}, column {name!r}: a missing value ({cell!r})")
        if not _is_number(cell):
            return Explained(
                f"line {line}, column {name!r}: expected a number, got {cell[:40]!r}; only the "
                f"target may be text"
            )
    raise AssertionError("no such cell")


def _is_number(text):
    try:
        return "_" not in text and float(text) == float(text)
    except ValueError:
        return False


def _labels(labels, name, lines):
    for label, line in zip(labels, lines, strict=False):
        if not label.strip():
            raise Explained(f"line {line}, column {name!r}: a missing label")
    return labels


def _as_labels(words):
    """Labels as integers if all are, else as floats, else as text."""
    for dtype, convert in ((np.int64, int), (np.float64, float)):
        try:
            y = np.fromiter(map(convert, words), dtype, len(words))
        except (ValueError, OverflowError):
            continue
        if not (dtype is np.float64 and np.isnan(y).any()) and "_" not in "".join(words):
            return y
    return np.array(words, np.str_)
