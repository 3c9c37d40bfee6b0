"""A row of `training.py`: what is compared, what must be reached, and how each kind is measured."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import fastnn as fn
from _architectures import PLAIN
from _memory import rises
from _networks import Network, check_gradient, check_outputs
from _peers import (
    epoch_contenders,
    fastnn_step,
    predict_contenders,
    step_contenders,
)
from _timing import interleave
from fastnn._core import kernels

PEAK_ROUNDS = 20_000


class Options(NamedTuple):
    """How long to measure, and on how many threads."""

    threads: int
    rounds: int
    seconds: float


@dataclass(frozen=True)
class Row:
    """A network and a batch in one of `KINDS`; `must` and `aim` are factors, or percent."""

    kind: str
    network: Network
    batch: int
    must: float
    aim: float | None = None
    isa: str | None = None  # None: what fastnn and the peers choose themselves

    @property
    def name(self):
        name = f"{KINDS[self.kind].says} {self.network.name}, batch {self.batch}"
        return f"{name}, {self.isa.upper()}" if self.isa else name

    def record(self, figure, **details):
        """Return the row with its figure, as it goes into the tables and the JSON file."""
        return {
            "name": self.name,
            "kind": self.kind,
            "network": self.network.name,
            "batch": self.batch,
            "isa": self.isa or fn.build_info()["isa"],
            "must": self.must,
            "aim": self.aim,
            "figure": figure,
            "reached": self.reached(figure),
            **details,
        }

    def reached(self, figure):
        """Say which of the two factors the figure reaches."""
        if figure is None:
            return "not measured"
        if KINDS[self.kind].at_most:
            return "must" if figure <= self.must else "MISSED"
        if self.aim is not None and figure >= self.aim:
            return "aim"
        return "must" if figure >= self.must else "MISSED"


def contest(row, options):
    """Time fastnn on all its threads against the best setting of the other library."""
    kind = KINDS[row.kind]
    error = kind.check(row.network, row.batch)
    ours, theirs = kind.contenders(row.network, row.batch, options.threads)
    contenders = [*ours, *best(theirs, options)]
    timings = _timings(contenders, options.rounds, options.seconds)
    step = timings[contenders[0].name]
    against = [timings[c.name] for c in contenders[len(ours) :]]
    return row.record(
        min((other.ratio(step) for other in against), default=None),
        error=error,
        ours=step.median,
        theirs=min((other.median for other in against), default=None),
        timings=[
            {"library": c.library, "setting": c.setting, "spread": t.spread, **t.record()}
            for c, t in zip(contenders, timings.values(), strict=True)
        ],
    )


def best(contenders, options):
    """Return the two fastest of a library's contenders, by a short probe: noise may swap them."""
    if len(contenders) < 3:
        return contenders
    timings = _timings(contenders, min(5, options.rounds), options.seconds / 2)
    return sorted(contenders, key=lambda contender: min(timings[contender.name].blocks))[:2]


def _timings(contenders, rounds, seconds):
    return interleave(
        {c.name: c.call for c in contenders},
        prepare={c.name: c.prepare for c in contenders},
        rounds=rounds,
        seconds=seconds,
    )


def memory(row, options):
    """Compare what training adds to the resident set, in the leaner of PyTorch's memory formats."""
    found = {
        library: rises(row.network, row.batch, options.threads, library)
        for library in ("fastnn", "PyTorch")
    }
    ours, theirs = (min(settings.values(), default=None) for settings in found.values())
    figure = theirs / ours if ours and theirs else None
    return row.record(figure, ours=ours, theirs=theirs, bytes=found)


def limit(row, options):
    """Compare a step with the time that its multiply-adds would take at the threads' peak."""
    error = check_gradient(row.network, row.batch)
    timings = interleave(
        {
            "peak": lambda: kernels.peak_multiply_adds(PEAK_ROUNDS, False),
            "step": fastnn_step(row.network, row.network.data(row.batch)),
        },
        prepare={"step": lambda: fn.set_num_threads(options.threads)},
        rounds=options.rounds,
        seconds=options.seconds,
        settle=0.01,
    )
    peak, step = timings["peak"], timings["step"]
    core = PEAK_ROUNDS * kernels.peak_multiply_adds(1, False) / peak.median
    ideal = row.batch * row.network.multiply_adds() / (core * options.threads)
    return row.record(
        100 * ideal / peak.median * peak.ratio(step),
        error=error,
        ours=step.median,
        theirs=ideal,
        peak_gflops_per_core=2e-9 * core,
        blocks={name: timing.record() for name, timing in timings.items()},
    )


def cost(row, options):
    """Return how many percent longer a step takes than that of the CIFAR net without the layers."""
    error = check_gradient(row.network, row.batch)
    steps = {
        network.name: fastnn_step(network, network.data(row.batch))
        for network in (row.network, PLAIN)
    }
    prepare = dict.fromkeys(steps, lambda: fn.set_num_threads(options.threads))
    timings = interleave(
        steps, prepare=prepare, rounds=2 * options.rounds, seconds=options.seconds, settle=0.01
    )
    ours, plain = timings.values()
    return row.record(
        100 * (ours.ratio(plain) - 1),
        error=error,
        ours=ours.median,
        theirs=plain.median,
        blocks={name: timing.record() for name, timing in timings.items()},
    )


class Kind(NamedTuple):
    says: str
    measure: Callable
    against: str  # what the figure compares fastnn with
    check: Callable | None = None
    contenders: Callable | None = None
    at_most: bool = False  # whether the figure shall be small


KINDS = {
    "step": Kind("train", contest, "PyTorch", check_gradient, step_contenders),
    "predict": Kind("predict", contest, "PyTorch", check_outputs, predict_contenders),
    "epoch": Kind("epoch of", contest, "scikit-learn", check_gradient, epoch_contenders),
    "memory": Kind("memory", memory, "PyTorch"),
    "limit": Kind("limit", limit, "peak"),
    "cost": Kind("cost in", cost, "without", at_most=True),
}
