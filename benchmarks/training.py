"""Time one training step: fastnn against PyTorch and scikit-learn, in the same run.

    python -m pip install . && python -m pip install -r benchmarks/requirements.txt
    python benchmarks/training.py

Each library runs in its best setting, which a short probe finds: every number of threads up to
ours, and for PyTorch plain and channels-last memory and both of its quick optimizers
(torch.compile is not tried). A library that is not installed is left out. The gradient is checked
against float64 before anything is timed. `FASTNN_ISA=avx2` in the environment times another
instruction set.
"""

import argparse
import importlib.metadata
import importlib.util
import subprocess
import sys

import fastnn as fn
from _peers import (
    NETWORKS,
    fastnn_contender,
    gradient_error,
    sklearn_contenders,
    torch_contenders,
)
from _timing import Timing, interleave, machine, table, write_json

GRADIENT_TOLERANCE = 1e-4  # an error in a kernel is far larger, float32's rounding far smaller


def best(contenders):
    """Return the two fastest of a library's contenders, by a short probe: noise may swap them."""
    if len(contenders) < 3:
        return contenders
    named = {c.setting: c for c in contenders}
    timings = interleave(
        {name: c.step for name, c in named.items()},
        prepare={name: c.prepare for name, c in named.items()},
        rounds=5,
        seconds=0.05,
    )
    return [named[name] for name in sorted(named, key=lambda name: min(timings[name].blocks))[:2]]


def measure(network, threads, rounds, seconds):
    """Check, probe and time one network; return a record for each library and setting."""
    error = gradient_error(network)
    if not error < GRADIENT_TOLERANCE:
        raise SystemExit(f"{network.name}: the gradient is off by {error:.2g}; nothing is timed")
    contenders = [fastnn_contender(network, n) for n in sorted({threads, 1}, reverse=True)]
    contenders += best(torch_contenders(network, threads))
    contenders += best(sklearn_contenders(network, threads))
    timings = interleave(
        {f"{c.library}, {c.setting}": c.step for c in contenders},
        prepare={f"{c.library}, {c.setting}": c.prepare for c in contenders},
        rounds=rounds,
        seconds=seconds,
    )
    ours = next(iter(timings.values())).median
    return [
        {
            "network": network.name,
            "batch": network.batch,
            "library": contender.library,
            "setting": contender.setting,
            "gradient_error": float(error),
            "samples_per_second": network.batch / timing.median,
            "times_fastnn": timing.median / ours,
            "spread": timing.spread,
            **timing.record(),
        }
        for contender, timing in zip(contenders, timings.values(), strict=True)
    ]


def import_times():
    """Seconds that `import` takes in a fresh interpreter, files cached."""
    code = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
    times = {}
    for module, repeats in (("numpy", 11), ("fastnn", 11), ("torch", 3), ("sklearn", 3)):
        if importlib.util.find_spec(module) is not None:
            command = [sys.executable, "-c", code.format(module)]
            runs = [subprocess.check_output(command, text=True) for _ in range(repeats + 1)]
            times[module] = Timing(tuple(map(float, runs[1:])))
    return times


def show(records):
    """Print a network's records as a table."""
    rows = [
        (
            f"{r['library']}, {r['setting']}",
            f"{r['median_s'] * 1e3:.3f}",
            f"{r['spread']:.0%}",
            f"{r['samples_per_second']:,.0f}",
            f"{r['times_fastnn']:.2f}",
        )
        for r in records
    ]
    print(f"\n{records[0]['network']}, batch of {records[0]['batch']}", end="")
    print(f" (gradient within {records[0]['gradient_error']:.1e} of float64)")
    print(table(("", "ms/step", "spread", "samples/s", "times fastnn"), rows), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, default=fn.get_num_threads(), help="up to how many")
    parser.add_argument("--rounds", type=int, default=15, help="blocks of steps that are timed")
    parser.add_argument("--seconds", type=float, default=0.1, help="length of a block")
    parser.add_argument("--output", default="benchmarks/results/training.json")
    args = parser.parse_args()

    peers = {}
    for name in ("torch", "scikit-learn"):
        try:
            peers[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            print(f"{name} is not installed: left out")
    build = fn.build_info()
    print(", ".join(f"{name} {value}" for name, value in {**build, **peers}.items()))

    results = []
    for network in NETWORKS:
        records = measure(network, args.threads, args.rounds, args.seconds)
        show(records)
        results += records
    imports = import_times()
    rows = [(f"import {m}", f"{t.median:.3f}", f"{t.spread:.0%}") for m, t in imports.items()]
    print("\n" + table(("", "seconds", "spread"), rows))
    record = {
        "build": build,
        "machine": machine(),
        "peers": peers,
        "training": results,
        "import": {module: timing.record() for module, timing in imports.items()},
    }
    write_json(args.output, record)


if __name__ == "__main__":
    main()
