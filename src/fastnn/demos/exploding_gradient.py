"""Exploding gradients: weights a little too large in every layer end in NaN.

What makes gradients vanish, one factor a layer, makes them explode where the factor is above 1. One
large step then makes the weights larger still, until numbers overflow.
"""

import textwrap

import numpy as np

import fastnn as fn
from fastnn.demos._shared import BLUE, GREEN, ORANGE, VERMILION, figure, main

DEPTH, UNITS, SAMPLES, STEPS, RATE = 10, 32, 256, 200, 0.005
GAINS = {0.8: (":", "v", ORANGE), 1.0: ("-", "o", BLUE), 1.25: ("--", "s", VERMILION)}
CLIP = 1.0  # largest norm of a gradient
CHAIN = 8.0  # weight of the example by hand


def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(SAMPLES, 8))
    return x, np.sin(x[:, 0]) + 0.5 * x[:, 1] * x[:, 2]


def network(gain):
    """Return layers of ReLUs whose weights are `gain` times those of He, N(0, 2 / inputs)."""
    he = fn.initializers.VarianceScaling(2 * gain**2)
    layers = [fn.layers.Dense(UNITS, "relu", weight_initializer=he) for _ in range(DEPTH)]
    return fn.Sequential([*layers, fn.layers.Dense(1)], input_shape=(8,), seed=0)


def chain():
    """Return the size of the gradient by layer: one ReLU a layer, all weights 8."""
    net = fn.Sequential(
        [fn.layers.Dense(1, "relu", bias=False) for _ in range(9)], input_shape=(1,)
    )
    net.parameters = [CHAIN] * 9
    return [row.delta for row in fn.diagnose(net, [[1.0]], [[0.0]], "squared_error").rows]


def deltas(gain):
    """Return the size of the gradient by layer, before training."""
    diagnosis = fn.diagnose(network(gain), *data(), "mean_squared_error")
    return [row.delta for row in diagnosis.rows][:DEPTH]


class Losses(list):
    """A callback that keeps the loss of each step, also where training ends before its time."""

    def on_epoch_end(self, net, logs):
        self.append(logs["loss"])


def train(gain, clip_norm=None):
    """Return the loss by step, and the error if it was no number in the end."""
    x, y = data()
    losses, error = Losses(), None
    sgd = fn.optimizers.SGD(RATE, clip_norm=clip_norm)
    try:
        network(gain).fit(
            x, y, loss="mean_squared_error", optimizer=sgd, callbacks=[losses],
            epochs=STEPS, batch_size=SAMPLES, shuffle=False, verbose=0,  # a step an epoch
        )  # fmt: skip
    except fn.NonFiniteLossError as caught:
        error = caught
    return list(losses), error


def compute():
    healthy, _ = train(1.0)
    broken, error = train(1.25)
    clipped, _ = train(1.25, CLIP)
    return {
        "chain": chain(),
        "deltas": {gain: deltas(gain) for gain in GAINS},
        "losses": {"healthy": healthy, "broken": broken, "clipped": clipped},
        "step": error.step,
        "loss": error.loss,
        "where": error.where,
        "said": str(error),
    }


def describe(results):
    one, losses, by_gain = results["chain"], results["losses"], results["deltas"]
    healthy, broken, clipped = (losses[name] for name in ("healthy", "broken", "clipped"))
    rows = [
        f"  gain {gain:4}: {d[0]:6.2f} in the first layer, {d[-1]:5.2f} in the last,"
        f" {(d[0] / d[-1]) ** (1 / (DEPTH - 1)):.2f} a layer"
        for gain, d in by_gain.items()
    ]
    said = textwrap.wrap(results["said"].partition(" Usual")[0], 76)
    grown = one[0] / one[-1]
    course = ", ".join(f"{loss:.3g}" for loss in [*broken, results["loss"]])
    return [
        f"One ReLU a layer, all weights {CHAIN:.0f}: on its way back through 8 layers the",
        f"gradient grows by 8 a layer, {grown:,.0f} times in all. In {DEPTH} layers of",
        f"{UNITS} ReLUs less will do. He's weights, N(0, 2/inputs), keep its size; a gain on",
        "them is about what it is multiplied by in each layer:",
        *rows,
        "",
        f"Training by SGD. With gain 1 the loss falls from {healthy[0]:.2f} to {healthy[-1]:.2f}.",
        f"With gain 1.25 it is {course}: a large gradient",
        "makes a large step to larger weights with a larger gradient. fit ends:",
        *(f"  {line}" for line in said),
        f"With clip_norm={CLIP:g}, gradients of that length at most, the same network comes",
        f"from {clipped[0]:.2f} down to {clipped[-1]:.2f}, in {STEPS} steps. Gain 1 needs none.",
    ]


def draw(results):
    picture, (sizes, course) = figure(1, 2, width=4.8, height=4)
    for gain, (dash, marker, colour) in GAINS.items():
        label = f"gain {gain:g}" + " (He)" * (gain == 1)
        layers = range(1, DEPTH + 1)
        sizes.semilogy(
            layers, results["deltas"][gain], dash, marker=marker, color=colour, label=label
        )
    sizes.set(xlabel="layer (1 is next to the input)", ylabel="size of the gradient |∂ℓ/∂z|")
    sizes.set(title="Before training", xticks=layers)
    sizes.legend(frameon=False)

    losses = results["losses"]
    how = {"markevery": 20, "markersize": 5}
    course.semilogy(losses["healthy"], "-", marker="o", color=BLUE, label="gain 1 (He)", **how)
    course.semilogy(losses["broken"], "--", marker="s", color=VERMILION, label="gain 1.25")
    course.semilogy(
        losses["clipped"], "-.", marker="d", color=GREEN, label="gain 1.25, clip_norm=1", **how
    )
    note = f"{losses['broken'][-1]:.1e}, then {results['loss']} at step {results['step']}"
    course.annotate(note, (5, 3e4))
    course.set(ylim=(0.1, 1e5), xlabel="step", ylabel="mean squared error", title="Training by SGD")
    course.legend(frameon=False, loc="upper right", bbox_to_anchor=(1, 0.9))
    return picture


if __name__ == "__main__":
    main(__name__)
