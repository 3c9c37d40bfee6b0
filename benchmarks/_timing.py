"""What the benchmarks share: interleaved timings with their spread, the table, the JSON file.

Contenders take turns, a block of calls each, round after round, so that a slow moment of the
machine hits all of them. Before each block there is a pause, in which the worker threads of the
contender before stop spinning, and one call that is not timed, which warms caches and threads.
"""

import json
import platform
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import numpy as np


@dataclass(frozen=True)
class Timing:
    """Seconds a call took: the mean of each block of calls."""

    blocks: tuple

    @property
    def median(self):
        return median(self.blocks)

    @property
    def quartiles(self):
        """First and third quartile, between which half of the blocks lie."""
        if len(self.blocks) < 2:
            return self.blocks[0], self.blocks[0]
        first, _, third = quantiles(self.blocks, n=4, method="inclusive")
        return first, third

    @property
    def spread(self):
        """Distance of the quartiles as a part of the median."""
        first, third = self.quartiles
        return (third - first) / self.median

    def ratio(self, other):
        """How many times as long as `other`'s its blocks took, turn by turn: the median.

        Both had the same moment of the machine in a turn, slow or not.
        """
        return median(ours / theirs for ours, theirs in zip(self.blocks, other.blocks, strict=True))

    def record(self):
        """The timing as it goes into the JSON file."""
        return {"median_s": self.median, "quartiles_s": self.quartiles, "blocks": len(self.blocks)}


def interleave(calls, *, prepare=None, rounds=15, seconds=0.1, settle=0.06):
    """Time several functions against each other.

    Parameters
    ----------
    calls : dict of str to callable
        What to time; each takes no arguments.
    prepare : dict of str to callable, optional
        Called, untimed, before each block of the call of the same name, to set threads, say.
    rounds : int
        Blocks of each call.
    seconds : float
        Length of a block, about; a block has at least one call.
    settle : float
        Pause in seconds before each block; the threads of a BLAS spin for some 25 ms.

    Returns
    -------
    dict of str to Timing
    """
    prepare = prepare or {}
    repeats, blocks = {}, {name: [] for name in calls}
    for name, call in calls.items():
        prepare.get(name, _nothing)()
        call()
        repeats[name] = max(1, round(seconds / max(_clock(call, 3), 1e-9)))
    names = list(calls)
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            prepare.get(name, _nothing)()
            time.sleep(settle)
            calls[name]()
            blocks[name].append(_clock(calls[name], repeats[name]))
    return {name: Timing(tuple(times)) for name, times in blocks.items()}


def _nothing():
    pass


def _clock(call, repeats):
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats


def table(headings, rows):
    """Return rows of text and numbers as aligned lines; the first column is left-aligned."""
    cells = [[str(cell) for cell in row] for row in (headings, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(headings))]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0])]
            + [c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)]
        ).rstrip()
        for row in cells
    ]
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)


def machine():
    """What a figure depends on, apart from the build of fastnn."""
    return {
        "processor": _processor(),
        "system": platform.platform(),
        "python": sys.version.split()[0],
        "numpy": np.__version__,
        "date": time.strftime("%Y-%m-%d"),
    }


def _processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def write_json(path, record):
    """Write a benchmark's record, and say where."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1, default=str) + "\n")
    print(f"\nwritten to {path}")
