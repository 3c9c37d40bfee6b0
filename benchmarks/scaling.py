"""How the time of a training step grows, and what more cores would give.

    python -m pip install . && python -m pip install -r benchmarks/requirements.txt
    python benchmarks/scaling.py [--only TEXT] [--quick] [--threads N] [--output FILE.json]

Time against the batch, the width, the depth, the size of the images and the number of threads. A
slope is that of the least-squares line through the logarithms, of the time and, to compare, of the
multiply-adds: where time has the smaller one, larger is cheaper for its size. Then a step predicted
for more cores than this machine has (`_prediction.py` says how, and what it leaves out). All of it
is drawn in a PNG beside the JSON file. Every network and batch has its gradient checked against
float64 before it is timed.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np

import fastnn as fn
from _networks import CIFAR, LENET, Conv, Dense, Network, Pool, check_gradient
from _peers import fastnn_step
from _prediction import BARRIER, CORES, measure_costs, prediction_rows
from _timing import interleave, machine, table, write_json

QUICK_POINTS = 3  # of a sweep


class Point(NamedTuple):
    """What is timed at one place of the horizontal axis."""

    value: int
    network: Network
    batch: int
    threads: int | None = None  # None: as many as there are

    @property
    def multiply_adds(self):
        return self.batch * self.network.multiply_adds()


class Sweep(NamedTuple):
    over: str
    name: str
    points: list


def dense_network(width=256, depth=2):
    """`depth` hidden layers of `width` units, on 784 inputs."""
    return Network("dense", (784,), (*(Dense(width),) * depth, Dense(10)))


def conv_network(width=32, depth=2, image=32):
    """`depth` 3x3 convolutions of `width` filters on a square image, one pooling, ten outputs."""
    convolutions = (Conv(width, 3, "same"),) * depth
    return Network("convolutional", (image, image, 3), (*convolutions, Pool(2), Dense(10)))


def sweeps(threads):
    """Every sweep, in the order of the table and the plot."""
    batches, widths, depths, images = (
        [2**i for i in range(4, 12)],
        [2**i for i in range(3, 8)],
        [2**i for i in range(5)],
        [8, 12, 16, 24, 32, 48, 64],
    )
    return [
        Sweep("batch", LENET.name, [Point(n, LENET, n) for n in batches]),
        Sweep("batch", CIFAR.name, [Point(n, CIFAR, n) for n in batches if n <= 256]),
        Sweep("width", "dense", [Point(8 * n, dense_network(8 * n), 128) for n in widths]),
        Sweep("width", "convolutional", [Point(n, conv_network(n), 32) for n in widths]),
        Sweep("depth", "dense", [Point(n, dense_network(depth=n), 128) for n in depths]),
        Sweep("depth", "convolutional", [Point(n, conv_network(32, n, 16), 32) for n in depths]),
        Sweep("image size", "convolutional", [Point(n, conv_network(image=n), 32) for n in images]),
        *(
            Sweep("threads", net.name, [Point(n, net, 128, n) for n in range(1, threads + 1)])
            for net in (LENET, CIFAR)
        ),
    ]


def measure(sweep, threads, options):
    """Check and time a sweep, its points interleaved; return its record."""
    calls, prepare, errors = {}, {}, []
    for point in sweep.points:
        errors.append(check_gradient(point.network, point.batch))
        calls[point.value] = fastnn_step(point.network, point.network.data(point.batch))
        n = point.threads or threads
        prepare[point.value] = lambda n=n: fn.set_num_threads(n)
    timings = interleave(calls, prepare=prepare, settle=0.01, **options)
    points = [
        {
            "value": point.value,
            "batch": point.batch,
            "error": error,
            "multiply_adds": point.multiply_adds,
            "spread": timing.spread,
            **timing.record(),
        }
        for point, error, timing in zip(sweep.points, errors, timings.values(), strict=True)
    ]
    slopes = {what: slope(points, what) for what in ("median_s", "multiply_adds")}
    return {"over": sweep.over, "name": sweep.name, "slopes": slopes, "points": points}


def slope(points, what):
    """Return the exponent k of `what ~ value ** k`, by least squares; None for a single point."""
    if len(points) < 2:
        return None
    x, y = (np.log([point[key] for point in points]) for key in ("value", what))
    return float(np.polyfit(x, y, 1)[0])


def show(record):
    """Print a sweep as a table, and its slopes."""
    rows = [
        (
            str(p["value"]),
            f"{1e3 * p['median_s']:.3f}",
            f"{p['spread']:.0%}",
            f"{1e6 * p['median_s'] / p['batch']:.2f}",
            f"{2e-9 * p['multiply_adds'] / p['median_s']:.1f}",
            f"{p['error']:.0e}",
        )
        for p in record["points"]
    ]
    headings = (record["over"], "ms/step", "spread", "us/sample", "GFLOP/s", "gradient off by")
    print(f"\n{record['name']}: {record['over']}\n{table(headings, rows)}")
    time, work = record["slopes"].values()
    if time is not None:
        print(f"slope of time {time:.2f}, of multiply-adds {abs(work):.2f}", flush=True)


def predict(networks, threads, barrier, options):
    """Measure what the prediction rests on, print it, and return its record."""
    costs = [measure_costs(network, threads, options) for network in networks]
    print("\nMeasured on one core; and how well they predict a step on the threads that there are")
    rows = [cost.row(barrier) for cost in costs]
    print(table(("", *costs[0].HEADINGS), rows))
    rows = [row for cost in costs for row in prediction_rows(cost, barrier)]
    cells = [
        (f"{row['network']}, batch {row['batch']}", *(_cell(row, cores) for cores in CORES))
        for row in rows
    ]
    print(f"\nPredicted ms a step (times as fast as one core); a barrier {1e6 * barrier:.1f} us")
    print(table(("", *(f"{n} core{'s'[: n - 1]}" for n in CORES)), cells), flush=True)
    return {"barrier_s": barrier, "costs": [c.record() for c in costs], "steps": rows}


def _cell(row, cores):
    seconds = row["seconds"]
    return f"{1e3 * seconds[cores]:.2f} ({seconds[1] / seconds[cores]:.1f})"


def draw(records, prediction, path):
    """Draw a panel for each kind of sweep, and one for the prediction."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    kinds = list(dict.fromkeys(record["over"] for record in records))
    count = len(kinds) + bool(prediction)
    columns = min(3, count)
    rows = -(-count // columns)
    size = (4.2 * columns, 3.6 * rows)
    figure, axes = pyplot.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    for ax in axes.flat[count:]:
        ax.remove()
    for ax, kind in zip(axes.flat, kinds, strict=False):
        _draw_sweeps(ax, kind, [record for record in records if record["over"] == kind])
    if prediction:
        _draw_prediction(axes.flat[count - 1], prediction["steps"])
    for ax in axes.flat[:count]:
        ax.legend(fontsize="small")
        ax.grid(alpha=0.3, which="both")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
    print(f"\ndrawn in {path}")


def _draw_sweeps(ax, kind, records):
    """Draw medians, with the quartiles as a band."""
    for record in records:
        values, medians, quartiles = zip(
            *((p["value"], p["median_s"], p["quartiles_s"]) for p in record["points"]), strict=True
        )
        (line,) = ax.loglog(values, 1e3 * np.array(medians), "o-", ms=4, label=_label(record))
        ax.fill_between(values, *1e3 * np.array(quartiles).T, color=line.get_color(), alpha=0.2)
    ticks = sorted({point["value"] for record in records for point in record["points"]})
    ax.set_xticks(ticks, map(str, ticks))
    ax.set_xticks([], minor=True)
    ax.set(xlabel=kind, ylabel="ms a step")


def _label(record):
    time = record["slopes"]["median_s"]
    return record["name"] if time is None else f"{record['name']}, slope {time:.2f}"


def _draw_prediction(ax, steps):
    for row in steps:
        speedups = [row["seconds"][1] / row["seconds"][cores] for cores in CORES]
        ax.loglog(CORES, speedups, "o-", ms=4, label=f"{row['network']}, {row['batch']}")
    ax.loglog(CORES, CORES, "k:", label="as many times as cores")
    ax.set(xlabel="cores (predicted)", ylabel="times as fast as one core")
    ax.set_xticks(CORES, map(str, CORES))
    ax.set_xticks([], minor=True)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", help='sweeps over this (batch, ...), or "prediction"')
    parser.add_argument("--threads", type=int, default=fn.get_num_threads())
    parser.add_argument("--barrier", type=float, default=1e6 * BARRIER, help="microseconds")
    parser.add_argument("--quick", action="store_true", help="few points, short rounds")
    parser.add_argument("--output", default="benchmarks/results/scaling.json")
    return parser.parse_args()


def main():
    args = parse()
    options = {"rounds": 2, "seconds": 0.01} if args.quick else {"rounds": 11, "seconds": 0.05}
    build = fn.build_info()
    print(", ".join(f"{name} {value}" for name, value in build.items()), flush=True)
    records = []
    for sweep in sweeps(args.threads):
        if args.only.lower() not in sweep.over:
            continue
        if args.quick:
            sweep = sweep._replace(points=sweep.points[:QUICK_POINTS])
        records.append(measure(sweep, args.threads, options))
        show(records[-1])
    prediction = None
    if args.only.lower() in "prediction":
        prediction = predict((LENET, CIFAR), args.threads, 1e-6 * args.barrier, options)
    record = {"build": build, "machine": machine(), "threads": args.threads}
    write_json(args.output, {**record, "sweeps": records, "prediction": prediction})
    if records or prediction:
        draw(records, prediction, Path(args.output).with_suffix(".png"))


if __name__ == "__main__":
    main()
