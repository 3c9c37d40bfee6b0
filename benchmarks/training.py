"""Time training and inference against PyTorch and scikit-learn, and say what is reached.

    python -m pip install . && python -m pip install -r benchmarks/requirements.txt
    python benchmarks/training.py [--only TEXT] [--quick] [--threads N] [--output FILE.json]

A row compares fastnn on N threads with another library in the same run, interleaved, in the best
setting that a short probe finds: every number of threads up to N, and for PyTorch plain and
channels-last memory and both of its quick optimizers (torch.compile is not tried). Its figure is
theirs / ours: of the ratios of blocks that ran one after the other, the median. Rows of another
kind:

- AVX2: in a process that holds fastnn, ATen, oneDNN and MKL to it.
- epoch: `fit` from new weights, 20,000 samples, Adam; against scikit-learn's `MLPClassifier`.
- memory: the ratio of what training adds to the resident set (`_memory.py`).
- cost: percent that layers add to a step of the CIFAR net without them; at most as many as `must`.
- limit: percent of the peak of multiply-adds, a core's measured peak times N; taps that meet the
  padding do not count, nor does the first layer's input gradient, which nobody computes.

A gradient, or for inference the output, is checked against float64 before anything is timed, and
ends the run with an error if it is wrong. A library that is not installed is left out.
`FASTNN_ISA=avx2` in the environment holds fastnn alone to an instruction set, in every row.
"""

import argparse
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import fastnn as fn
from _architectures import DROPPED, NORMED, RESNET, SEPARABLE, SERIES
from _measures import KINDS, Options, Row
from _networks import CIFAR, LENET, MLP, TINY
from _peers import installed
from _timing import Timing, machine, table, write_json

# (kind, network, batch, must, aim, instruction set)
ROWS = (
    Row("step", LENET, 128, 5, 7),
    Row("step", LENET, 32, 6, 9),
    Row("step", TINY, 32, 12, 25),
    Row("step", MLP, 32, 1.8, 2.5),
    Row("step", MLP, 128, 1.3, 1.6),
    Row("step", CIFAR, 32, 1.2, 1.6),
    Row("step", CIFAR, 128, 1.25, 1.5),
    Row("step", LENET, 128, 3.2, 4, "avx2"),
    Row("step", CIFAR, 32, 1.1, 1.3, "avx2"),
    Row("predict", LENET, 128, 5, 6),
    Row("predict", CIFAR, 128, 1.1, 1.25),
    Row("predict", LENET, 1, 3, 8),
    Row("predict", CIFAR, 1, 1.2, 1.6),
    Row("epoch", MLP, 128, 4),
    Row("memory", CIFAR, 128, 4),
    Row("limit", LENET, 128, 45, 65),
    Row("limit", CIFAR, 128, 60, 75),
    *(Row("step", RESNET, batch, 1.2) for batch in (32, 128)),
    *(Row("step", SEPARABLE, batch, 1.5) for batch in (32, 128)),
    *(Row("step", SERIES, batch, 2) for batch in (32, 128)),
    *(Row("cost", NORMED, batch, 15) for batch in (32, 128)),
    *(Row("cost", DROPPED, batch, 3) for batch in (32, 128)),
)

# What holds every library of a process to an instruction set: fastnn, then PyTorch's own kernels,
# oneDNN and MKL (which obeys on Intel's processors only).
HOLD = {
    "avx2": {
        "FASTNN_ISA": "avx2",
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    }
}


def measure(rows, options):
    """Measure rows in this process, printing each as it comes; return their records."""
    records = []
    for row in rows:
        records.append(KINDS[row.kind].measure(row, options))
        show(records[-1])
    return records


def measure_held(isa, args):
    """Measure the rows of an instruction set in a process that is held to it."""
    if isa not in fn.build_info()["available_isas"]:
        print(f"\nthis processor has no {isa}: its rows are left out")
        return []
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "rows.json"
        command = [sys.executable, __file__, *sys.argv[1:], f"--held={isa}", f"--output={output}"]
        if subprocess.run(command, env=os.environ | HOLD[isa]).returncode:
            raise SystemExit(f"the rows of {isa} failed")
        return json.loads(output.read_text())


def check_held(isa):
    """Stop if this process is not held to the instruction set."""
    used = {fn.build_info()["isa"]}
    if installed("torch"):
        import torch

        used.add(torch.backends.cpu.get_cpu_capability().lower())
    if used != {isa}:
        raise SystemExit(f"expected every library to use {isa}, got {used}")


def import_times():
    """Seconds that `import` takes in a fresh interpreter, files cached."""
    code = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
    times = {}
    for module, repeats in (("numpy", 11), ("fastnn", 11), ("torch", 3), ("sklearn", 3)):
        if installed(module):
            command = [sys.executable, "-c", code.format(module)]
            runs = [subprocess.check_output(command, text=True) for _ in range(repeats + 1)]
            times[module] = Timing(tuple(map(float, runs[1:])))
    return times


def show(record):
    """Print a row's timings as a table, or its two amounts where nothing else was timed."""
    check = f" (within {record['error']:.1e} of float64)" if "error" in record else ""
    print(f"\n{record['name']}{check}")
    if "timings" not in record:
        print(f"fastnn {_amount(record, 'ours')}, {_against(record)} {_amount(record, 'theirs')}")
        return
    rows = [
        (
            ", ".join(t[key] for key in ("library", "setting") if key in t),
            f"{1e3 * t['median_s']:.3f}",
            f"{t['spread']:.0%}",
            f"{t['median_s'] / record['ours']:.2f}",
        )
        for t in record["timings"]
    ]
    print(table(("", "ms", "spread", "times fastnn"), rows), flush=True)


def summarise(records):
    """Print one table of all rows: both libraries, the figure, and what it reaches."""
    rows = [
        (
            record["name"],
            _amount(record, "ours"),
            _amount(record, "theirs"),
            _against(record),
            _factor(record, record["figure"]),
            _factor(record, record["must"]),
            _factor(record, record["aim"]),
            record["reached"],
        )
        for record in records
    ]
    headings = ("", "fastnn", "against", "", "figure", "must", "aim", "reached")
    print("\n" + table(headings, rows), flush=True)


def _against(record):
    return KINDS[record["kind"]].against


def _amount(record, whose):
    amount = record[whose]
    if amount is None:
        return "-"
    return f"{amount / 2**20:.1f} MiB" if record["kind"] == "memory" else f"{1e3 * amount:.3f} ms"


def _factor(record, value):
    if value is None:
        return ""
    return f"{value:.0f} %" if record["kind"] in ("limit", "cost") else f"{value:.2f} x"


def versions():
    """Return the versions of the other libraries, and say which are not installed."""
    found = {}
    for name in ("torch", "scikit-learn"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            print(f"{name} is not installed: left out")
    return found


def parse():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", help='rows whose name holds this text, or "import"')
    parser.add_argument("--threads", type=int, default=fn.get_num_threads(), help="up to how many")
    parser.add_argument("--rounds", type=int, default=15, help="blocks of calls that are timed")
    parser.add_argument("--seconds", type=float, default=0.1, help="length of a block")
    parser.add_argument("--quick", action="store_true", help="three rounds of short blocks")
    parser.add_argument("--output", default="benchmarks/results/training.json")
    parser.add_argument("--held", choices=HOLD, help=argparse.SUPPRESS)  # by `measure_held`
    args = parser.parse_args()
    if args.quick:
        args.rounds, args.seconds = 3, 0.02
    return args


def main():
    args = parse()
    options = Options(args.threads, args.rounds, args.seconds)
    chosen = [row for row in ROWS if args.only.lower() in row.name.lower()]
    if args.held:
        check_held(args.held)
        records = measure([row for row in chosen if row.isa == args.held], options)
        Path(args.output).write_text(json.dumps(records))
        return
    build, peers = fn.build_info(), versions()
    print(", ".join(f"{name} {value}" for name, value in {**build, **peers}.items()), flush=True)
    records = measure([row for row in chosen if row.isa is None], options)
    for isa in sorted({row.isa for row in chosen} - {None}):
        records += measure_held(isa, args)
    imports = import_times() if args.only.lower() in "import" else {}
    rows = [(f"import {m}", f"{t.median:.3f}", f"{t.spread:.0%}") for m, t in imports.items()]
    if rows:
        print("\n" + table(("", "seconds", "spread"), rows))
    names = [row.name for row in ROWS]
    records.sort(key=lambda record: names.index(record["name"]))
    if records:
        summarise(records)
    record = {
        "build": build,
        "machine": machine(),
        "peers": peers,
        "rows": records,
        "import": {module: timing.record() for module, timing in imports.items()},
    }
    write_json(args.output, record)


if __name__ == "__main__":
    main()
