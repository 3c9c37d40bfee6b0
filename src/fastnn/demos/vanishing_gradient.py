"""Vanishing gradients: each sigmoid on the way back takes at least three quarters.

On its way back through a layer, the gradient is multiplied by a weight and by the slope of the
activation. A sigmoid's slope is a quarter at most, so that the first of many layers learn nothing.
"""

import textwrap

import numpy as np

import fastnn as fn
from fastnn.demos._shared import BLUE, GREEN, VERMILION, figure, main

DEPTH = 12  # layers of one unit, all weights 1
WIDE, UNITS = 20, 64  # layers of many units, with the weights that networks start from
WEIGHTS, X, TARGET = [1.0, -2.0, 1.5, 2.0], 1.0, 1.0  # of the example by hand
LINES = {"relu": ("-", "o", BLUE), "tanh": ("--", "s", GREEN), "sigmoid": (":", "^", VERMILION)}


def chain(functions, weights):
    """Return a network of one unit a layer, and its layers."""
    layers = [fn.layers.Dense(1, function) for function in functions]
    net = fn.Sequential(layers, input_shape=(1,), dtype="float64")
    for layer, weight in zip(layers, weights, strict=True):
        layer.weight = [[weight]]
    return net, layers


def by_hand():
    """Return ∂ℓ/∂z² of four sigmoids in a row: (a⁴ - y) w⁴ σ'(z³) w³ σ'(z²)."""
    a = [X]
    for w in WEIGHTS:
        a.append(1 / (1 + np.exp(-w * a[-1])))
    _, _, w3, w4 = WEIGHTS
    return (a[4] - TARGET) * w4 * a[3] * (1 - a[3]) * w3 * a[2] * (1 - a[2])


def by_backward():
    """Return the same as the network has it: the gradient of the second layer's bias."""
    net, layers = chain(["sigmoid"] * 4, WEIGHTS)
    fn.Trainer(net, loss="binary_cross_entropy").loss_and_gradients([[X]], [[TARGET]])
    return float(layers[1].gradients["bias"][0])


def narrow(function):
    """Return |∂ℓ/∂z| by layer, one unit a layer."""
    net, _ = chain([function] * (DEPTH - 1) + ["sigmoid"], [1.0] * DEPTH)
    diagnosis = fn.diagnose(net, [[1.0]], [0], "binary_cross_entropy")
    return [row.delta for row in diagnosis.rows]


def wide(function):
    """Return the size of ∂ℓ/∂z by layer, and what `fn.diagnose` finds, of a new network."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(128, UNITS)), rng.integers(0, 2, 128)
    layers = [fn.layers.Dense(UNITS, function) for _ in range(WIDE - 1)]
    layers.append(fn.layers.Dense(1, "sigmoid"))
    net = fn.Sequential(layers, input_shape=(UNITS,), dtype="float64", seed=0)
    diagnosis = fn.diagnose(net, x, y, "binary_cross_entropy")
    return [row.delta for row in diagnosis.rows], diagnosis.findings


def compute():
    many = {function: wide(function) for function in LINES}
    return {
        "by_hand": float(by_hand()),
        "by_backward": by_backward(),
        "narrow": {function: narrow(function) for function in LINES},
        "wide": {function: deltas for function, (deltas, _) in many.items()},
        "finding": many["sigmoid"][1][0],
    }


def describe(results):
    rows = [
        f"  {function:<8}"
        + "".join(f"{results[kind][function][0]:16.1e}" for kind in ("narrow", "wide"))
        + f"{results['wide'][function][-1]:22.1e}"
        for function in LINES
    ]
    said = textwrap.wrap(results["finding"].partition(";")[0] + ".", 76)
    return [
        "Four sigmoids in a row, one unit each: with binary cross-entropy at the end,",
        "dl/dz2 = (a4 - y) w4 s'(z3) w3 s'(z2), and a factor w s'(z) more a layer.",
        f"  by that formula {results['by_hand']:.12f}, by backward {results['by_backward']:.12f}",
        "As s' = a (1 - a) is 1/4 at most, weights about 1 let at most a quarter pass.",
        "Size of the gradient where it arrives, |dl/dz|:",
        "",
        f"             first of {DEPTH}, w = 1   first of {WIDE} x {UNITS}"
        f"   last of {WIDE} x {UNITS}",
        *rows,
        "",
        "A ReLU has slope 1 where it is not 0: with weights of 1 nothing is lost. tanh",
        "has slope 1 at 0 and loses little. On the right are networks as training",
        "starts them (variance 2/64 of weights for ReLU, 1/64 for the others). Asked",
        "about that of sigmoids, fn.diagnose says:",
        *(f"  {line}" for line in said),
    ]


def draw(results):
    picture, (one, many) = figure(1, 2, width=4.8, height=4)
    for panel, kind in ((one, "narrow"), (many, "wide")):
        for function, (dash, marker, colour) in LINES.items():
            deltas = results[kind][function]
            layers = range(1, len(deltas) + 1)
            panel.semilogy(layers, deltas, dash, marker=marker, color=colour, label=function)
        panel.set(xlabel="layer (1 is next to the input)", ylabel="size of the gradient |∂ℓ/∂z|")
        panel.xaxis.get_major_locator().set_params(integer=True)
    bound = results["narrow"]["sigmoid"][-1] * 0.25 ** np.arange(DEPTH - 1, -1, -1)
    one.semilogy(range(1, DEPTH + 1), bound, color="black", linewidth=0.8, label="¼ a layer")
    one.set(title=f"One unit a layer, {DEPTH} layers, weights 1")
    many.set(title=f"{UNITS} units a layer, {WIDE} layers, new weights")
    one.legend(frameon=False)
    return picture


if __name__ == "__main__":
    main(__name__)
