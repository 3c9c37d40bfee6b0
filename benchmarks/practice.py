"""Training as people do it: what `fit` adds to its steps, what changes of images cost, a recipe.

    fit           an epoch of LeNet-5 over 60,000 images in memory (uint8) against its bare steps
    augmentation  an epoch of the CIFAR net with random changes of its images against one without
    map           an epoch over a memory-mapped file against one over the same images in memory
    digits        `fastnn train digits`, the whole process
    recipe        one epoch over 60,000 MNIST-shaped images: conv 5×5 24, pool, conv 3×3 32, pool,
                  dense 256, 10; Adam with one cycle, batch 256; beside PyTorch's, if it is there

Contenders take turns, round after round; figures are medians. Two threads. Before `fit`,
`augmentation` and `map` are timed, both sides train some steps to the same bytes; what the two
libraries make of the recipe is not compared.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

import fastnn as fn

L, A = fn.layers, fn.augment
THREADS = 2


def images(count, size, channels):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (count, size, size, channels), dtype=np.uint8)
    return x, rng.integers(0, 10, count)


def lenet():
    return fn.Sequential(
        [
            L.Rescale(1 / 255),
            *(L.Conv2D(6, 5, activation="relu"), L.MaxPool2D(2)),
            *(L.Conv2D(16, 5, activation="relu"), L.MaxPool2D(2)),
            *(L.Flatten(), L.Dense(120, "relu"), L.Dense(84, "relu"), L.Dense(10)),
        ],
        input_shape=(28, 28, 1),
    )


def cifar():
    def convolution(filters):
        return L.Conv2D(filters, 3, padding="same", activation="relu")

    return fn.Sequential(
        [
            L.Rescale(1 / 255),
            *(convolution(32), convolution(32), L.MaxPool2D(2)),
            *(convolution(64), convolution(64), L.MaxPool2D(2)),
            *(L.Flatten(), L.Dense(256, "relu"), L.Dense(10)),
        ],
        input_shape=(32, 32, 3),
    )


def take_turns(calls, rounds):
    """Return the median seconds of each call, after one that does not count."""
    for call in calls.values():
        call()
    seconds = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - started)
    return {name: median(values) for name, values in seconds.items()}


def epoch(net, x, y, batch_size, **how):
    net.fit(x[:batch_size], y[:batch_size], optimizer="sgd", verbose=0)
    return lambda: net.fit(x, y, batch_size=batch_size, verbose=0, **how)


def steps(net, x, y, batch_size):
    trainer = fn.Trainer(net, optimizer="sgd")
    starts = range(0, len(x), batch_size)
    batches = [(x[i : i + batch_size], y[i : i + batch_size]) for i in starts]

    def run():
        for batch in batches:
            trainer.step(*batch)

    return run


def same(*nets):
    """Stop unless these networks have the same parameters."""
    first, *others = (net.parameters.tobytes() for net in nets)
    if any(other != first for other in others):
        raise SystemExit("what is to be compared does not train alike")


def trained(net, x, y, **how):
    net.fit(x, y, batch_size=128, optimizer="sgd", shuffle=False, verbose=0, **how)
    return net


def fit_and_steps():
    x, y = images(60_000, 28, 1)
    by_hand = lenet()
    steps(by_hand, x[:1000], y[:1000], 128)()
    same(trained(lenet(), x[:1000], y[:1000]), by_hand)
    yield "steps of LeNet-5, batch 128", steps(lenet(), x, y, 128)
    yield "fit, shuffled, with accuracy", epoch(lenet(), x, y, 128)


def augmentation():
    x, y = images(4096, 32, 3)
    yield "CIFAR net, batch 128", epoch(cifar(), x, y, 128)
    turned = [A.Rotate(10), A.Flip(), A.Brightness(0.1)]
    seen = A.apply(x[:300], turned, seed=0, epoch=0)
    same(trained(cifar(), x[:300], y[:300], augment=turned), trained(cifar(), seen, y[:300]))
    yield "turned, flipped, made brighter", epoch(cifar(), x, y, 128, augment=turned)
    every = [A.Rotate(10), A.Translate(0.1), A.Zoom(0.1), A.Flip(), A.Brightness(0.1)]
    every += [A.Contrast(0.1), A.Noise(0.02), A.CutOut(8), A.MixUp(0.2)]
    yield "nine changes", epoch(cifar(), x, y, 128, augment=every)


def mapped():
    x, y = images(60_000, 28, 1)
    path = Path(tempfile.mkdtemp()) / "x.npy"
    np.save(path, x)
    mapped_x = fn.data.load(path).x
    same(trained(lenet(), mapped_x[:1000], y[:1000]), trained(lenet(), x[:1000], y[:1000]))
    yield "LeNet-5, images in memory", epoch(lenet(), x, y, 128)
    yield "memory-mapped", epoch(lenet(), mapped_x, y, 128)


def digits():
    path = Path(tempfile.mkdtemp()) / "digits.safetensors"
    command = [sys.executable, "-m", "fastnn", "train", "digits", "--quiet"]
    command += ["--threads", str(THREADS), "--output", str(path)]

    def run():
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    yield "fastnn train digits, the process", run


def recipe():
    x, y = images(60_000, 28, 1)

    def ours():
        layers = [
            L.Rescale(1 / 255),
            *(L.Conv2D(24, 5, activation="relu"), L.MaxPool2D(2)),
            *(L.Conv2D(32, 3, activation="relu"), L.MaxPool2D(2)),
            *(L.Flatten(), L.Dense(256, "relu"), L.Dense(10)),
        ]
        net = fn.Sequential(layers, input_shape=(28, 28, 1))
        adam = fn.optimizers.Adam(fn.schedules.OneCycle(0.005))
        net.fit(x, y, optimizer=adam, batch_size=256, verbose=0)

    yield "fastnn", ours
    try:
        import torch
    except ImportError:
        return
    torch.set_num_threads(THREADS)
    for layout in ("plain", "channels_last"):
        yield f"PyTorch, {layout}", torch_recipe(x, y, layout)


def torch_recipe(x, y, layout):
    import torch
    from torch import nn

    memory = torch.channels_last if layout == "channels_last" else torch.contiguous_format
    data = torch.from_numpy(x).permute(0, 3, 1, 2).contiguous(memory_format=memory)
    labels = torch.from_numpy(y)

    def run():
        model = nn.Sequential(
            *(nn.Conv2d(1, 24, 5), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(24, 32, 3), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(800, 256), nn.ReLU(), nn.Linear(256, 10)),
        ).to(memory_format=memory)
        loss, adam = nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters(), fused=True)
        order = torch.randperm(len(data)).split(256)
        cycle = torch.optim.lr_scheduler.OneCycleLR(adam, 0.005, total_steps=len(order))
        for rows in order:
            adam.zero_grad()
            loss(model(data[rows].float() / 255), labels[rows]).backward()
            adam.step()
            cycle.step()

    return run


TOPICS = {
    "fit": fit_and_steps,
    "augmentation": augmentation,
    "map": mapped,
    "digits": digits,
    "recipe": recipe,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", choices=TOPICS, action="append", help="a topic; several times")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    fn.set_num_threads(THREADS)
    for topic in args.only or TOPICS:
        found = take_turns(dict(TOPICS[topic]()), args.rounds)
        first = next(iter(found.values()))
        print(f"\n{topic}")
        for name, seconds in found.items():
            print(f"  {name:34} {seconds:8.3f} s  {seconds / first:6.3f} of the first")


if __name__ == "__main__":
    main()
