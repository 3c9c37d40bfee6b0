"""What the borders of the layer API ask of what comes in: real arrays, known names, sane numbers.

Every message says who complains, what was expected, what came, and the usual mend.
"""

import difflib
import importlib
import math

import numpy as np

from fastnn.columns import column_array, frame_array, is_frame, is_series
from fastnn.geometry import as_integer

# More elements than this (terabytes) are a mistake in a size, never a wish.
LARGEST_ARRAY = 2**40
LARGEST_SIZE = 2**31 - 1
LONGEST_NAME = 64  # of which a misspelt name may remind

MENDS = {
    "c": "take its real part or np.abs of it",
    "O": "convert columns of objects with .astype(float)",
    "U": "turn text into numbers first",
    "S": "turn text into numbers first",
    "M": "turn dates into numbers first",
    "m": "turn time spans into numbers first",
}


def real_array(who, what, value):
    """Return `value` as an array of real numbers, without a copy where it is one already."""
    if hasattr(value, "toarray"):
        raise TypeError(
            f"{who}: expected {what} as a dense array, got a sparse {type(value).__name__}; "
            f"convert it with {what}.toarray()"
        )
    if type(value) is not np.ndarray and is_frame(value):
        return frame_array(who, what, value)
    if type(value) is not np.ndarray and is_series(value):
        return column_array(who, what, value)
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(
            f"{who}: expected {what} with rows of equal shape ({error}); pad or crop them"
        ) from None
    if array.dtype.kind not in "biuf":
        mend = MENDS.get(array.dtype.kind, "convert it to numbers")
        raise TypeError(f"{who}: expected {what} of real numbers, got dtype {array.dtype}; {mend}")
    return array


def real_dtype(who, dtype):
    """Return `dtype` as float32 or float64."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = None
    if found not in (np.float32, np.float64):
        raise ValueError(f'{who}: expected dtype "float32" or "float64", got {dtype!r}')
    return found


def check_samples(who, what, expected, shape):
    """Raise unless `shape` is that of a batch of samples of the shape `expected`."""
    got = tuple(shape[1:])
    if len(shape) > 0 and got == expected:
        return
    mend = ""
    if tuple(shape) == expected:
        mend = f"; give a single sample a batch axis: {what}[None]"
    elif len(shape) > 0 and expected[-1:] == (1,) and got == expected[:-1]:
        axis = "a channel axis" if len(expected) > 1 else "a feature axis"
        mend = f"; add {axis}: {what}[..., None]"
    elif len(expected) > 1 and got == (expected[-1], *expected[:-1]):
        mend = f"; images are channels last: np.moveaxis({what}, 1, -1)"
    elif len(got) > 1 and len(expected) == 1 and math.prod(got) == expected[0]:
        mend = f"; flatten a sample's features: {what}.reshape(len({what}), -1)"
    elif len(expected) > 1 and math.prod(got) == math.prod(expected):
        mend = f"; reshape it: {what}.reshape{text_of((-1, *expected))}"
    raise ValueError(
        f"{who}: expected {what} of shape {batch_of(expected)}, got shape {text_of(shape)}{mend}"
    )


def text_of(shape):
    """Return a shape as text; its sizes may be names."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def batch_of(shape):
    """Return the shape of a batch of such samples as text: `(N, 28, 28, 1)`."""
    return text_of(("N", *shape))


def check_count(who, what, shape):
    """Raise if an array of this shape could not be anything but a mistake."""
    if math.prod(shape) > LARGEST_ARRAY:
        raise ValueError(
            f"{who}: {what} of shape {tuple(shape)} would hold {math.prod(shape)} numbers; "
            f"expected at most {LARGEST_ARRAY}"
        )


def integer(who, what, value, minimum=1, maximum=LARGEST_SIZE):
    """Return `value` as a Python integer between `minimum` and `maximum`."""
    return as_integer(who, what, value, minimum, maximum)


def number(who, what, value, minimum=-math.inf, below=math.inf):
    """Return `value` as a finite float, at least `minimum` and less than `below`."""
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError
        converted = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{who}: expected a number for {what}, got {value!r}") from None
    if not (math.isfinite(converted) and minimum <= converted < below):
        bounds = [f"at least {minimum:g}"] if minimum > -math.inf else []
        bounds += [f"less than {below:g}"] if below < math.inf else []
        raise ValueError(
            f"{who}: expected {what} {' and '.join(bounds) or 'to be finite'}, got {value!r}"
        )
    return converted


def positive(who, what, value):
    """Return `value` as a finite float that is more than 0."""
    converted = number(who, what, value)
    if converted <= 0:
        raise ValueError(f"{who}: expected {what} more than 0, got {value!r}")
    return converted


def one_of(who, what, value, known):
    """Return `value`, which shall be one of these names."""
    if value not in known:
        names = " or ".join(f'"{name}"' for name in known)
        raise ValueError(f"{who}: expected {what} {names}, got {value!r}")
    return value


def lookup(what, name, table):
    """Return `table[name]`, or raise with the name that was probably meant."""
    if not isinstance(name, str):
        raise TypeError(f"expected the name of {what}, one of {', '.join(table)}; got {name!r}")
    if name not in table:
        lower = name[:LONGEST_NAME].lower()
        close = difflib.get_close_matches(lower, table, n=1)
        close += [known for known in table if lower and known.startswith(lower)]
        meant = f"did you mean {close[0]!r}? " if close else ""
        raise ValueError(f"unknown {what} {name!r}: {meant}Known are {', '.join(table)}")
    return table[name]


def check_no_nan(who, what, array, mend=None):
    """Raise if `array` holds a NaN, saying how many and where the first one is."""
    if array.dtype.kind != "f":
        return
    rows = max(1, 2**20 // max(1, math.prod(array.shape[1:])))
    count, first = 0, None
    for start in range(0, len(array), rows):  # piecewise: the mask stays small
        part = array[start : start + rows]
        if part.size == 0 or not np.isnan(part.min()):  # which a NaN is, if there is one
            continue
        mask = np.isnan(part)
        found = int(np.count_nonzero(mask))
        if found and first is None:
            sample, *rest = np.argwhere(mask)[0].tolist()
            first = (start + sample, *rest)
        count += found
    if count:
        raise ValueError(
            f"{who}: {what} holds {count} NaN, the first at index {first}; "
            f"{mend or f'drop such samples or fill them with np.nan_to_num({what})'}"
        )


def extra(who, module, name):
    """Import and return a package that only an extra of fastnn brings."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise ImportError(
            f"{who}: it needs {package} ({error}); pip install 'fastnn[{name}]'"
        ) from error
