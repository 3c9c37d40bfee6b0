"""The way of all operations that are sums along axes: padding, cropping, enlarging."""

from fastnn._core import resample as core
from fastnn.resampling import check_size, lines_of

from ._operands import (
    answer,
    both,
    check_shape,
    common_dtype,
    empty_packs,
    packed,
    resolve,
)

_resample = both(core.resample)


def resample_packs(x, kind, axes, threads, *, backward=False, nothing=0.0):
    """Return packs through lines of `kind`, given the arguments of each axis."""
    lines = lines_of(kind, axes, x.dtype, backward)
    output = [len(line.start) - 1 for line in lines[3 - len(axes) :]]
    y = empty_packs(len(x), (*output, x.shape[-1]), x.dtype)
    _resample[x.dtype](x.rows, y.rows, lines, nothing, x.shape[-1], threads)
    return y


def resample_forward(name, x, kind, axes, output, n_threads, nothing=0.0):
    """Return what a checked operand becomes, in kind; `output` is its spatial size."""
    check_size(name, (*output, x.shape[-1]))
    dtype, threads = common_dtype(x), resolve(n_threads)
    x_packs = packed(x, dtype, n_threads=threads)
    return answer(resample_packs(x_packs, kind, axes, threads, nothing=nothing), x, threads)


def resample_backward(name, dy, input_shape, kind, axes, output, n_threads):
    """Return the input's gradient, in kind, for the gradient of an output of this size."""
    check_shape(name, "dy", dy, (input_shape[0], *output, input_shape[-1]))
    dtype, threads = common_dtype(dy), resolve(n_threads)
    dy_packs = packed(dy, dtype, "zero", threads)
    return answer(resample_packs(dy_packs, kind, axes, threads, backward=True), dy, threads)
