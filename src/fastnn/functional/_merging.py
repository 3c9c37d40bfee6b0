"""What every merge of several arrays does with them."""

from fastnn._core import merge as core

from ._elementwise import elements, empty_of
from ._operands import Packs, both, check_shape, common_dtype, operand, packed, resolve

MOST_INPUTS = 128 * 128  # chains of sums are of 128 inputs, and there are at most so many chains

_forward = both(core.merge_forward)
_backward = both(core.merge_backward)


def inputs(name, xs, count=None):
    """Return the inputs of a merge checked: a list of packs and arrays, `count` if that is told."""
    if not isinstance(xs, (list, tuple)):
        raise TypeError(f"{name}: expected xs as a list of arrays, got {type(xs).__name__}")
    if count is not None and len(xs) != count:
        raise ValueError(f"{name}: expected {count} arrays in xs, got {len(xs)}")
    if not 1 <= len(xs) <= MOST_INPUTS:
        raise ValueError(f"{name}: expected 1 to {MOST_INPUTS} arrays in xs, got {len(xs)}")
    return [operand(name, f"xs[{i}]", x) for i, x in enumerate(xs)]


def like_kind(value, like, dtype):
    """Return an operand as packs if `like` is packs, else as an array."""
    if isinstance(like, Packs):
        return packed(value, dtype)
    return value.unpack() if isinstance(value, Packs) else value


def chosen(name, wanted, count):
    """Return whether each input's gradient is wanted: all, if `wanted` is None."""
    if wanted is None:
        return (True,) * count
    if not isinstance(wanted, (list, tuple)) or len(wanted) != count:
        raise ValueError(
            f"{name}: expected wanted with one bool for each of {count} inputs, got {wanted!r}"
        )
    return tuple(map(bool, wanted))


def merge_forward(name, function, xs, n_threads, count=None):
    """Return what this function makes of several arrays of one shape."""
    xs = _equal(name, xs, count)
    dtype, threads = common_dtype(*xs), resolve(n_threads)
    y, flat = empty_of(xs[0], dtype)
    if 0 not in y.shape:
        parts = [elements(like_kind(x, y, dtype), dtype) for x in xs]
        _forward[dtype](core.FUNCTIONS[function], parts, flat, threads)
    return y


def merge_backward(name, function, dy, xs, wanted, n_threads, count=None):
    """Return the gradients of those inputs for which it is wanted, None for the others."""
    xs, dy = _equal(name, xs, count), operand(name, "dy", dy)
    check_shape(name, "dy", dy, xs[0].shape)
    wanted = chosen(name, wanted, len(xs))
    dtype, threads = common_dtype(dy, *xs), resolve(n_threads)
    gradients = [empty_of(dy, dtype) if want else (None, None) for want in wanted]
    if 0 not in dy.shape:
        used = xs if function in core.FROM_INPUTS else []
        parts = [elements(like_kind(x, dy, dtype), dtype) for x in used]
        flat = [numbers for _, numbers in gradients]
        _backward[dtype](core.FUNCTIONS[function], parts, elements(dy, dtype), flat, threads)
    return [dx for dx, _ in gradients]


def _equal(name, xs, count):
    xs = inputs(name, xs, count)
    for i, x in enumerate(xs):
        if x.shape != xs[0].shape:
            raise ValueError(
                f"{name}: expected xs of equal shapes, got {tuple(xs[0].shape)} for xs[0] and "
                f"{tuple(x.shape)} for xs[{i}]; nothing is broadcast"
            )
    return xs
