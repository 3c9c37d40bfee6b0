"""Lists of arrays that are views into a network: what is assigned to them is copied in."""

import numpy as np


class Weights(list):
    """Arrays of a network, one a layer.

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn.sklearn.weights import Weights
    >>> array = np.zeros(2)
    >>> Weights("coefs_", [array])[0] = [1, 2]
    >>> array.tolist()
    [1.0, 2.0]
    """

    def __init__(self, what, arrays):
        super().__init__(arrays)
        self.what = what

    def __setitem__(self, index, values):
        if not isinstance(index, slice):
            index = slice(index, index + 1 or None)
            values = [values]
        arrays = self[index]
        if len(values) != len(arrays):
            raise ValueError(f"{self.what}: expected {len(arrays)} arrays, got {len(values)}")
        values = [np.asarray(value) for value in values]
        for array, value in zip(arrays, values, strict=True):
            if value.shape != array.shape:
                raise ValueError(
                    f"{self.what}: expected an array of shape {array.shape}, got {value.shape}"
                )
        for array, value in zip(arrays, values, strict=True):
            array[...] = value

    def __reduce__(self):
        return list, (list(self),)
