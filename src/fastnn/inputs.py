"""Inputs: the samples of a network that has several inputs, an array each."""

from fastnn.checks import check_no_nan, check_samples, real_array, text_of


class Inputs:
    """Arrays with the same number of samples, which are taken together.

    Attributes
    ----------
    arrays : tuple of ndarray
    """

    def __init__(self, arrays):
        self.arrays = tuple(arrays)

    @classmethod
    def checked(cls, who, arrays, shapes, what="x"):
        """Return a list of array-likes as arrays of samples of these shapes."""
        if not isinstance(arrays, (list, tuple)) or len(arrays) != len(shapes):
            got = f"{len(arrays)}" if isinstance(arrays, (list, tuple)) else repr(type(arrays))
            raise ValueError(
                f"{who}: expected {what} as a list of {len(shapes)} arrays, of samples of "
                f"{' and '.join(map(text_of, shapes))}; got {got}"
            )
        found = [real_array(who, f"{what}[{i}]", array) for i, array in enumerate(arrays)]
        for i, (array, shape) in enumerate(zip(found, shapes, strict=True)):
            check_samples(who, f"{what}[{i}]", shape, array.shape)
        counts = [len(array) for array in found]
        if len(set(counts)) > 1:
            raise ValueError(
                f"{who}: expected as many samples in each array of {what}, "
                f"got {' and '.join(map(str, counts))}"
            )
        return cls(found)

    def __len__(self):
        return len(self.arrays[0])

    def __getitem__(self, rows):
        return Inputs(array[rows] for array in self.arrays)

    @property
    def shape(self):
        """The shapes of all arrays."""
        return tuple(array.shape for array in self.arrays)


def check_inputs(who, x):
    """Raise if samples hold a NaN: an array, or `Inputs`."""
    arrays = x.arrays if isinstance(x, Inputs) else (x,)
    for i, array in enumerate(arrays):
        check_no_nan(who, f"x[{i}]" if len(arrays) > 1 else "x", array)
