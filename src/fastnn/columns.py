"""Data frames and series, of pandas, polars or alike, as arrays of numbers.

They are known by what they can do: neither library is imported. What is missing in them is an error
here, where the column still has a name.
"""

import numbers

import numpy as np

HOLDS = {"M": "dates", "m": "time spans", "c": "complex numbers", "U": "text", "S": "text"}
MISSING = "NAType", "NaTType"  # classes of the values that stand for none in pandas, beside None


def is_frame(value):
    """Whether this is a table with named columns."""
    if type(value).__name__ == "LazyFrame":  # which warns who asks for its columns
        return True
    return hasattr(value, "columns") and hasattr(value, "dtypes")


def is_series(value):
    """Whether this is a single column: a series, an index, an array of a data frame's library."""
    return hasattr(value, "to_numpy") and hasattr(value, "dtype")


def is_missing(value):
    """Whether this stands for no value: None, NaN, NA or NaT."""
    if value is None or type(value).__name__ in MISSING:
        return True
    return isinstance(value, (float, np.floating)) and value != value


def frame_array(who, what, frame):
    """Return a frame of numbers as an array (rows, columns) of the type that holds them all.

    Raises
    ------
    TypeError
        If a column holds anything but numbers.
    ValueError
        If a value is missing.

    Examples
    --------
    >>> from fastnn.columns import frame_array
    >>> class Frame(dict):
    ...     columns = dtypes = ("height", "adult")
    >>> frame_array("fit", "x", Frame(height=[1.5, 2.0], adult=[False, True])).tolist()
    [[1.5, 0.0], [2.0, 1.0]]
    """
    if type(frame).__name__ == "LazyFrame":
        raise TypeError(f"{who}: expected {what} in memory, got a LazyFrame; use {what}.collect()")
    if hasattr(frame, "items"):
        named = list(frame.items())
    else:
        named = [(column.name, column) for column in frame.iter_columns()]
    if not named:
        raise ValueError(f"{who}: expected {what} with columns, got a frame without any")
    columns = [column_array(who, f"column {name!r} of {what}", column) for name, column in named]
    for (name, _), column in zip(named, columns, strict=True):
        if column.ndim != 1:
            raise TypeError(f"{who}: column {name!r} of {what} holds arrays, not numbers")
    array = np.empty((len(columns[0]), len(columns)), np.result_type(*{c.dtype for c in columns}))
    for i, column in enumerate(columns):
        array[:, i] = column
    return array


def column_array(who, what, column):
    """Return a column of numbers, or of arrays of them, as an array (rows, ...): `frame_array`."""
    array = np.asarray(column)
    if array.dtype.kind == "O" and array.ndim == 1:
        array = _of_objects(who, what, array.tolist())
    if array.dtype.kind not in "biuf":
        got = HOLDS.get(array.dtype.kind, f"{array.dtype}")
        raise TypeError(f"{who}: {what} holds {got}, not numbers; turn it into numbers first")
    if array.dtype.kind == "f" and array.size and np.isnan(array.min()):
        raise missing(who, what, np.argwhere(np.isnan(array))[:, 0].tolist())
    return array


def _of_objects(who, what, values):
    """Numbers that stand in a column of objects: of nullable types, Decimals."""
    if rows := [row for row, value in enumerate(values) if is_missing(value)]:
        raise missing(who, what, rows)
    for row, value in enumerate(values):
        if not isinstance(value, (numbers.Number, np.bool_)) or isinstance(value, complex):
            got = "text" if isinstance(value, str) else f"objects of type {type(value).__name__}"
            raise TypeError(
                f"{who}: {what} holds {got}, not numbers ({value!r} in row {row}); turn it into "
                f"numbers first"
            )
    array = np.array(values)
    return array if array.dtype.kind in "biuf" else array.astype(np.float64)


def missing(who, what, rows):
    """Return the error that says that values are missing in these rows, counted from 0."""
    return ValueError(
        f"{who}: {what} holds {len(rows)} missing value{'s' if len(rows) > 1 else ''}, the first "
        f"in row {rows[0]}; drop such rows or fill them"
    )
