"""Whether arrays hold numbers alone."""

import numpy as np

from fastnn._core import finite as core
from fastnn._core.threads import get_num_threads


def all_finite(array):
    """Return whether no number is NaN or infinite, of an array of any shape and real dtype.

    Reads contiguous floats once, at the speed of memory, and allocates nothing.
    """
    if array.dtype.kind != "f":
        return True
    flags = array.flags
    if array.dtype.char not in "fd" or not (array.dtype.isnative and flags.aligned and flags.forc):
        return bool(np.isfinite(array).all())
    return core.all_finite(array.ravel(order="K"), get_num_threads())
