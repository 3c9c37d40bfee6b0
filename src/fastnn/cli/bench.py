"""`fastnn bench`: what this machine reaches, in some seconds.

Every figure is the median of short blocks, after one that does not count. The peak is that of
multiply-adds of one core, which kernels never wait for memory in; the others are shares of it.
"""

import json
import time
from statistics import median

import numpy as np

import fastnn as fn
from fastnn._core import kernels
from fastnn.cli.sources import count, set_threads
from fastnn.packs import pack

BLOCKS, BLOCK = 7, 0.04  # seconds
PEAK_ROUNDS = 100_000


def run(args):
    """Measure, and print as it comes, or all as JSON."""
    set_threads(args.threads)
    about, threads = fn.build_info(), fn.get_num_threads()
    say = (lambda text: None) if args.json else print
    try:
        fn.set_num_threads(1)
        peak = measure_peak()
        say(f"fastnn {about['version']}, {about['isa']}, {count(threads, 'thread')}")
        say(f"peak of one core  {peak:8.1f} GFLOP/s of float32 multiply-adds\n")
        say(f"{'one core':<44}{'ms':>9}{'GFLOP/s':>10}{'of peak':>9}")
        operations = []
        for name, call, multiply_adds in kernel_cases():
            seconds = seconds_of(call)
            rate = 2e-9 * multiply_adds / seconds
            operations.append({"name": name, "seconds": seconds, "gflops": rate})
            say(f"{name:<44}{1e3 * seconds:>9.3f}{rate:>10.1f}{rate / peak:>9.0%}")
    finally:
        fn.set_num_threads(threads)
    say(f"\n{count(threads, 'thread'):<44}{'ms':>9}{'samples/s':>19}")
    steps = []
    for name, net, size, rate in networks():
        for what, call in step_cases(net, size, rate):
            seconds = seconds_of(call)
            line = f"{what} {name}, batch {size}"
            steps.append({"name": line, "seconds": seconds, "samples_per_second": size / seconds})
            say(f"{line:<44}{1e3 * seconds:>9.3f}{size / seconds:>19,.0f}")
    if args.json:
        measured = {"peak_gflops": peak, "operations": operations, "steps": steps}
        print(json.dumps(about | measured))


def seconds_of(call):
    """Return how long a call takes: the median of blocks of calls."""
    calls, took = 1, 0.0
    while took < BLOCK:
        started = time.perf_counter()
        for _ in range(calls):
            call()
        took = time.perf_counter() - started
        if took < BLOCK:
            calls = max(calls + 1, int(calls * min(10.0, 1.2 * BLOCK / max(took, 1e-9))))
    blocks = []
    for _ in range(BLOCKS):
        started = time.perf_counter()
        for _ in range(calls):
            call()
        blocks.append((time.perf_counter() - started) / calls)
    return median(blocks)


def measure_peak():
    """Return the GFLOP/s of multiply-adds that one core reaches in float32."""
    each = kernels.peak_multiply_adds(1, False)
    seconds = seconds_of(lambda: kernels.peak_multiply_adds(PEAK_ROUNDS, False))
    return 2e-9 * each * PEAK_ROUNDS / seconds


def kernel_cases():
    """Yield names, calls and multiply-adds of operations on lane packs."""
    rng = np.random.default_rng(0)
    for n, side, channels in ((32, 32, 32), (32, 16, 64)):
        x = pack(rng.normal(size=(n, side, side, channels)).astype(np.float32), np.float32)
        weight = rng.normal(size=(channels, 3, 3, channels)).astype(np.float32)
        work, name = n * side**2 * 9 * channels**2, f"convolution 3x3 {channels} -> {channels}"
        name += f" on {side}x{side}"
        layer = fn.layers.Conv2D(channels, 3, padding="same").build((side, side, channels))
        layer.weight = weight
        dy = layer._forward(x, True)
        yield f"{name}, forward", lambda f=layer, x=x: f._forward(x, True), work
        yield f"{name}, backward", lambda f=layer, dy=dy: f._backward(dy, True), 2 * work
    x = pack(rng.normal(size=(128, 784)).astype(np.float32), np.float32)
    layer = fn.layers.Dense(512).build((784,))
    dy = layer._forward(x, True)
    yield "dense 784 -> 512, batch 128, forward", lambda: layer._forward(x, True), 128 * 784 * 512
    work = 2 * 128 * 784 * 512
    yield "dense 784 -> 512, batch 128, backward", lambda: layer._backward(dy, True), work


def networks():
    """Yield names, networks, batches and learning rates."""
    from fastnn.cli.models import build
    from fastnn.cli.presets import preset
    from fastnn.cli.tasks import Task

    task = Task("cross_entropy", 10, "10 classes")
    for name, shape, size in (
        ("mlp", (784,), 128),
        ("lenet", (28, 28, 1), 32),
        ("cnn", (32, 32, 3), 32),
    ):
        tables = [{"name": "Rescale", "scale": 1.0}, *preset(name, np.zeros((1, *shape)), task)[1:]]
        yield name, build(tables, [name] * len(tables), shape, task, 0), size, 1e-9


def step_cases(net, size, rate):
    """Yield what is done, and the call: a step of training, and predictions."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(size, *net.input_shape)).astype(np.float32)
    y = rng.integers(0, 10, size)
    trainer = fn.Trainer(net, "cross_entropy", fn.optimizers.SGD(rate, momentum=0.9))
    yield "train", lambda: trainer.step(x, y)
    yield "predict", lambda: net.predict(x)
