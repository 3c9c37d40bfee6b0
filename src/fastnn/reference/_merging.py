"""What every merge of several arrays does with them, in plain loops."""

from ._arrays import as_array, as_floats, as_result, check_shape


def as_inputs(operation, xs, count=None):
    """A list of arrays from the inputs of a merge, `count` of them if that is told."""
    if not isinstance(xs, (list, tuple)):
        raise TypeError(f"{operation}: expected a list of arrays, got {type(xs).__name__}")
    if len(xs) != (count or len(xs)) or len(xs) == 0:
        raise ValueError(f"{operation}: expected {count or 'some'} arrays, got {len(xs)}")
    return [as_array(operation, f"xs[{i}]", x) for i, x in enumerate(xs)]


def as_equal_inputs(operation, xs, count=None):
    """The same of inputs that have one shape."""
    arrays = as_inputs(operation, xs, count)
    for i, array in enumerate(arrays):
        check_shape(operation, f"xs[{i}]", array, arrays[0].shape)
    return arrays


def wanted_of(operation, wanted, count):
    """Whether the gradient of each of `count` inputs is wanted: all, if `wanted` is None."""
    if wanted is None:
        return [True] * count
    if not isinstance(wanted, (list, tuple)) or len(wanted) != count:
        raise ValueError(f"{operation}: expected {count} of wanted, got {wanted!r}")
    return wanted


def merge_forward(operation, xs, function, count=None):
    """`function` of the list of numbers at each place of several arrays."""
    arrays = as_equal_inputs(operation, xs, count)
    places = zip(*(as_floats(array, -1) for array in arrays), strict=True)
    return as_result([function(values) for values in places], arrays[0].shape, *arrays)


def merge_backward(operation, dy, xs, wanted, function, count=None):
    """For each input i, `function(d, values, i)` of dy and the inputs' numbers at each place."""
    arrays, dy = as_equal_inputs(operation, xs, count), as_array(operation, "dy", dy)
    check_shape(operation, "dy", dy, arrays[0].shape)
    columns, cotangents = [as_floats(array, -1) for array in arrays], as_floats(dy, -1)
    dxs = []
    for i, want in enumerate(wanted_of(operation, wanted, len(arrays))):
        places = zip(cotangents, zip(*columns, strict=True), strict=True)
        dx = [function(d, values, i) for d, values in places] if want else None
        dxs.append(as_result(dx, dy.shape, dy, *arrays) if want else None)
    return dxs
