"""Every operation's arithmetic as GFLOP/s and percent of this machine's multiply-add peak.

    python benchmarks/kernels.py [--dtype float64] [--quick] [--output FILE.json]
    FASTNN_ISA=avx2 python benchmarks/kernels.py

Operations run on lane packs, as they do in a network. The peak is measured first and between the
operations, with the same instruction set, on one core. A multiply-add counts as two operations,
and only those that exist count: taps that meet the padding are not work. Each operation is checked
against another path to the same numbers before it is timed.
"""

import argparse
import math
import sys
from functools import partial
from itertools import product
from statistics import median

import numpy as np

import fastnn as fn
from _networks import Conv
from _timing import interleave, machine, table, write_json
from fastnn import functional, geometry, reference
from fastnn._core import kernels, random
from fastnn.packs import pack

PEAK_ROUNDS = 20_000

# (input, filters, kernel, padding, batch)
CONVOLUTIONS = [
    ((28, 28, 1), 6, 5, "valid", 64),
    ((12, 12, 6), 16, 5, "valid", 64),
    ((32, 32, 32), 32, 3, "same", 32),
    ((16, 16, 64), 64, 3, "same", 32),
    ((8, 8, 128), 128, 3, "same", 32),
]
# (input, filters, stride, batch) of 3x3 convolutions with as many groups as channels
DEPTHWISE = [
    ((32, 32, 64), 64, 1, 32),
    ((32, 32, 64), 64, 2, 32),
    ((16, 16, 64), 128, 1, 32),
    ((8, 8, 128), 128, 1, 32),
]
DENSE = [(784, 512, 128), (512, 10, 128)]


def integers(*shape):
    """Small integers as float64: every sum of their products is exact."""
    values = np.arange(math.prod(shape), dtype=np.int64) * 2654435761 % 7 - 3
    return values.reshape(shape).astype(np.float64)


def close(what, got, expected):
    if not np.array_equal(np.asarray(got, np.float64), expected):
        sys.exit(f"{what}: wrong result, not timed")


def convolution(shape, filters, size, padding, samples, dtype):
    """Yield (name, call, multiply-adds) of the three passes, each checked in float64 first."""
    channels, spatial = shape[-1], shape[:-1]
    window = geometry.window("conv", spatial, size, 1, padding)
    x, weight = integers(4, *shape), integers(filters, *window.size, channels)
    dy, how = integers(4, *window.output, filters), {"padding": padding}
    y = functional.conv_forward(x, weight, **how)
    close("conv_forward", y, shifted_products(x, weight, window))
    # <y, dy> = <x, dx> = <w, dw>: the three passes are adjoint
    product_ = float((y * dy).sum())
    dx = functional.conv_backward_input(dy, weight, x.shape, **how)
    dweight, _ = functional.conv_backward_weights(x, dy, window.size, **how)
    close("conv_backward_input", (x * dx).sum(), product_)
    close("conv_backward_weights", (weight * dweight).sum(), product_)

    x = pack(np.resize(x, (samples, *shape)), dtype)
    dy = pack(np.resize(dy, (samples, *window.output, filters)), dtype)
    weight = weight.astype(dtype)
    work = Conv(filters, size, padding).multiply_adds(shape) * samples
    name = f"conv {size}x{size} {channels}->{filters} on {spatial[0]}x{spatial[1]}"
    yield f"{name} forward", lambda: functional.conv_forward(x, weight, **how), work
    yield (
        f"{name} input gradient",
        lambda: functional.conv_backward_input(dy, weight, x.shape, **how),
        work,
    )
    yield (
        f"{name} weight gradient",
        lambda: functional.conv_backward_weights(x, dy, window.size, **how),
        work,
    )


def shifted_products(x, weight, window):
    """A convolution of stride 1 as a sum over taps of shifted matrix products."""
    padded = np.pad(x, [(0, 0), *zip(window.before, window.after, strict=True), (0, 0)])
    height, width = window.output
    return sum(
        padded[:, i : i + height, j : j + width] @ weight[:, i, j].T
        for i, j in product(*map(range, window.size))
    )


def depthwise(shape, filters, stride, samples, dtype):
    """Yield (name, call, multiply-adds, copy) of the three passes, each checked in float64 first.

    `copy` moves as many numbers as a pass has to read and write.
    """
    channels, multiplier = shape[-1], filters // shape[-1]
    window = geometry.window("conv", shape[:-1], 3, stride, 1)
    x, weight = integers(4, *shape), integers(filters, 3, 3, 1)
    dy, how = integers(4, *window.output, filters), {"padding": 1, "stride": stride}
    how["groups"] = channels
    y, padded = np.zeros(dy.shape), np.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)])
    dweight = np.zeros(weight.shape)
    for i, j in product(range(3), range(3)):
        rows, columns = (slice(k, k + stride * (n - 1) + 1, stride)
                         for k, n in zip((i, j), window.output, strict=True))  # fmt: skip
        read = np.repeat(padded[:, rows, columns], multiplier, axis=-1)
        y += read * weight[:, i, j, 0]
        dweight[:, i, j, 0] = (read * dy).sum((0, 1, 2))
    close("conv_forward", functional.conv_forward(x, weight, **how), y)
    close("conv_backward_weights", functional.conv_backward_weights(x, dy, 3, **how)[0], dweight)
    dx = functional.conv_backward_input(dy, weight, x.shape, **how)
    close("conv_backward_input", (x * dx).sum(), (y * dy).sum())  # <y, dy> = <x, dx>

    x = pack(np.resize(x, (samples, *shape)), dtype)
    dy = pack(np.resize(dy, (samples, *window.output, filters)), dtype)
    weight = weight.astype(dtype)
    work = math.prod(map(sum, geometry.inside(window))) * filters * samples
    half = np.ones((x.data.size + dy.data.size) // 2, dtype)
    target = np.zeros_like(half)
    calls = {
        "forward": lambda: functional.conv_forward(x, weight, **how),
        "input gradient": lambda: functional.conv_backward_input(dy, weight, x.shape, **how),
        "weight gradient": lambda: functional.conv_backward_weights(x, dy, 3, **how),
    }
    name = f"depthwise 3x3 {channels}->{filters} on {shape[0]}x{shape[1]}, stride {stride}"
    for which, call in calls.items():
        yield f"{name} {which}", call, work, lambda: np.copyto(target, half), 2 * half.nbytes


def dense(inputs, outputs, samples, dtype):
    """Yield (name, call, multiply-adds) of the three passes, each checked in float64 first."""
    x, weight, dy = integers(samples, inputs), integers(outputs, inputs), integers(samples, outputs)
    close("dense_forward", functional.dense_forward(x, weight), x @ weight.T)
    close("dense_backward_input", functional.dense_backward_input(dy, weight), dy @ weight)
    close("dense_backward_weights", functional.dense_backward_weights(x, dy)[0], dy.T @ x)
    weight = weight.astype(dtype)
    x, dy = pack(x, dtype), pack(dy, dtype)
    work, name = inputs * outputs * samples, f"dense {inputs}->{outputs}, batch {samples}"
    yield f"{name} forward", lambda: functional.dense_forward(x, weight), work
    yield f"{name} input gradient", lambda: functional.dense_backward_input(dy, weight), work
    yield f"{name} weight gradient", lambda: functional.dense_backward_weights(x, dy), work


def agree(name, *operands, **options):
    """Compare an operation with its reference twin, which rounds otherwise."""
    got, expected = (
        getattr(module, name)(*operands, **options) for module in (functional, reference)
    )
    if isinstance(got, tuple):
        got, expected = got[0], expected[0]
    if not np.allclose(got, expected, rtol=1e-5, atol=1e-6):
        sys.exit(f"{name}: wrong result, not timed")


def elementwise(dtype):
    """Yield (name, call, elements) of operations that move and map numbers."""
    x = pack(np.random.default_rng(0).normal(size=(128, 24, 24, 6)), dtype)
    plain, few = x.unpack(), x.unpack()[:2, :4, :4]
    y, argmax = functional.max_pool_forward(x, 2)

    def forward(name, *how, **options):
        agree(name, few, *how, **options)
        return partial(getattr(functional, name), x, *how, **options)

    def backward(name, **options):
        agree(name, few, few, **options)
        return partial(getattr(functional, name), x, x, **options)

    for name in ("relu", "sigmoid", "tanh"):
        yield f"{name} forward", forward(f"{name}_forward"), x.data.size
    for name in ("leaky_relu", "elu", "softplus", "silu", "mish", "gelu", "gelu by tanh"):
        function, _, tanh = name.partition(" by ")
        options = {"approximate": tanh} if tanh else {}
        yield f"{name} forward", forward(f"{function}_forward", **options), x.data.size
        if function != "softplus":  # which goes back from y, and y is not negative
            yield f"{name} backward", backward(f"{function}_backward", **options), x.data.size
    yield "log-softmax forward", forward("log_softmax_forward"), x.data.size
    yield "softmax forward", forward("softmax_forward"), x.data.size
    yield "max pool 2x2 forward", forward("max_pool_forward", 2), x.data.size
    agree("max_pool_backward", *functional.max_pool_forward(few, 2), few.shape)
    unpool = partial(functional.max_pool_backward, y, argmax, x.shape)
    yield "max pool 2x2 backward", unpool, x.data.size
    yield "average pool 2x2 forward", forward("average_pool_forward", 2), x.data.size
    yield from random_numbers(1 << 18, dtype)
    close("pack", pack(plain).unpack(), plain)
    yield "pack", lambda: pack(plain), x.data.size
    yield "unpack", lambda: x.unpack(), x.data.size


def random_numbers(n, dtype):
    """Yield (name, call, numbers) of random numbers of every kind, written where memory is."""
    how = {"seed": 1, "dtype": dtype}
    close("random_uniform", *(twin.random_uniform(99, **how) for twin in (functional, reference)))
    agree("random_normal", 99, **how)
    agree("random_uint32", 99, seed=1)
    words, numbers, origin = np.zeros(n, np.uint32), np.zeros(n, dtype), (1, 0, 0, 0, 0)
    bits, threads = np.zeros((-(-n // 512), 16), np.uint32), fn.get_num_threads
    yield "random words", lambda: random.fill_uint32(words, *origin, threads()), n
    yield "random uniform", lambda: random.fill_uniform(numbers, *origin, threads()), n
    yield "random normal", lambda: random.fill_normal(numbers, *origin, threads()), n
    yield "random bits", lambda: random.fill_bits(bits, *origin, n // 16, 0.5, threads()), n


def measure(name, call, work, dtype, options, copy=None, moved=0):
    """Time a call on one thread and on all, and the peak in between; return the row's figures.

    So is a copy of what the call has to move, where that may be what limits it.
    """
    threads = fn.get_num_threads()

    def peak():
        kernels.peak_multiply_adds(PEAK_ROUNDS, dtype == "float64")

    def alone():
        fn.set_num_threads(1)

    def together():
        fn.set_num_threads(threads)

    calls, prepare = {"peak": peak, "one": call}, {"peak": alone, "one": alone}
    if copy:
        calls["copy"], prepare["copy"] = copy, alone
    if threads > 1:
        calls["all"], prepare["all"] = call, together
    timings = interleave(calls, prepare=prepare, settle=0.002, **options)
    together()
    record = {"name": name, "work": work, "one": timings["one"].record()}
    record["seconds"] = timings["one"].median
    record["spread"] = timings["one"].spread
    record["peak"] = kernels.peak_multiply_adds(1, dtype == "float64") * PEAK_ROUNDS
    record["peak"] /= timings["peak"].median
    if copy:
        record["gigabytes"] = 1e-9 * moved / record["seconds"]
        record["copy"] = timings["copy"].ratio(timings["one"])
    record["speedup"] = timings["one"].ratio(timings["all"]) if threads > 1 else 1.0
    return record


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--quick", action="store_true", help="fewer, shorter rounds")
    parser.add_argument("--only", default="", help="operations whose name holds this text")
    parser.add_argument("--output", default="benchmarks/results/kernels.json")
    arguments = parser.parse_args()
    dtype = arguments.dtype
    options = {"rounds": 5, "seconds": 0.02} if arguments.quick else {"rounds": 15, "seconds": 0.05}

    products = [case for shape in CONVOLUTIONS for case in convolution(*shape, dtype)]
    products += [case for shape in DENSE for case in dense(*shape, dtype)]
    chosen = [measure(*case, dtype, options) for case in products if arguments.only in case[0]]
    for row in DEPTHWISE:
        for name, call, work, *copy in depthwise(*row, dtype):
            if arguments.only in name:
                chosen.append(measure(name, call, work, dtype, options, *copy))
    others = [
        measure(*case, dtype, options) for case in elementwise(dtype) if arguments.only in case[0]
    ]
    info, threads = fn.build_info(), fn.get_num_threads()
    peak = 2e-9 * median(record["peak"] for record in [*chosen, *others])
    print(f"{info['isa']}, {dtype}: multiply-add peak of one core {peak:.1f} GFLOP/s\n")
    for record in chosen:
        record["gflops"] = 2e-9 * record["work"] / record["seconds"]
        # of the peak that the core gave in the same rounds: its clock changes by the minute
        record["percent"] = 100 * record["gflops"] / (2e-9 * record["peak"])
    rows = [
        (r["name"], f"{1e3 * r['seconds']:.3f}", f"{100 * r['spread']:.0f} %", f"{r['gflops']:.1f}",
         f"{r['percent']:.0f} %", f"{r['speedup']:.2f}")
        for r in chosen
    ]  # fmt: skip
    by = f"x on {threads} threads"
    print(table(("one core", "ms", "spread", "GFLOP/s", "of peak", by), rows))
    rows = [
        (r["name"], f"{r['gigabytes']:.1f}", f"{100 * r['copy']:.0f} %")
        for r in chosen if "copy" in r
    ]  # fmt: skip
    if rows:
        print("\n" + table(("one core", "GB/s", "of copying"), rows))
    rows = [
        (r["name"], f"{1e3 * r['seconds']:.3f}", f"{100 * r['spread']:.0f} %",
         f"{1e9 * r['seconds'] / r['work']:.3f}", f"{r['speedup']:.2f}")
        for r in others
    ]  # fmt: skip
    print("\n" + table(("one core", "ms", "spread", "ns an element", by), rows))
    record = {"machine": machine(), "build": info, "dtype": dtype, "peak_gflops": peak}
    write_json(arguments.output, {**record, "products": chosen, "others": others})


if __name__ == "__main__":
    main()
