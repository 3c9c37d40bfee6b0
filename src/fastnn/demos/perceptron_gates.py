"""Gates from single units, and XOR from two layers of them.

A unit with the sign as activation is a perceptron: sign(w x + b) is 1 on one side of a line and -1
on the other. Weights set by hand make NOT, AND and OR. No weights make XOR; two layers do.
"""

import numpy as np

import fastnn as fn
from fastnn.demos._shared import BLUE, ORANGE, SKY, VERMILION, figure, main

CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR = np.array([-1.0, 1.0, 1.0, -1.0])
GATES = {"NOT": ([-2.0], 1.0), "AND": ([2.0, 2.0], -3.0), "OR": ([2.0, 2.0], -1.0)}
HIDDEN = ([[2.0, 2.0], [-2.0, -2.0]], [-1.0, 3.0])  # OR, and not AND
OUTPUT = ([[1.0, 1.0]], [-1.0])  # AND, of two that are -1 or 1
CHOICES = 41  # of each weight of a unit that is searched for
BEHIND = {"color": "white", "alpha": 0.8, "pad": 1}  # words, on hatched ground


def network(*layers):
    """Return layers of perceptrons with these weights and biases."""
    units = [fn.layers.Dense(len(weight), "sign") for weight, _ in layers]
    net = fn.Sequential(units, input_shape=(len(layers[0][0][0]),), dtype="float64")
    for unit, (weight, bias) in zip(units, layers, strict=True):
        unit.weight, unit.bias = weight, bias
    return net


def gate(name):
    """Return the one unit that is this gate."""
    weight, bias = GATES[name]
    return network(([weight], [bias]))


def most_right(target):
    """Return how many corners one unit gets right at best, of many choices of w1, w2 and b."""
    choices = np.linspace(-4, 4, CHOICES)
    w1, w2, b = np.meshgrid(choices, choices, choices)
    right = sum(
        np.sign(w1 * x1 + w2 * x2 + b) == t for (x1, x2), t in zip(CORNERS, target, strict=True)
    )
    return int(right.max())


def compute():
    outputs = {"NOT": gate("NOT").predict([[0.0], [1.0]]).ravel()}
    outputs |= {name: gate(name).predict(CORNERS).ravel() for name in ("AND", "OR")}
    outputs["XOR"] = network(HIDDEN, OUTPUT).predict(CORNERS).ravel()
    targets = {"AND": outputs["AND"], "OR": outputs["OR"], "XOR": XOR}
    return {
        "outputs": outputs,
        "hidden": network(HIDDEN).predict(CORNERS),
        "most_right": {name: most_right(target) for name, target in targets.items()},
    }


def describe(results):
    outputs, hidden, most = results["outputs"], results["hidden"], results["most_right"]
    table = [
        f"{x1:4.0f} {x2:4.0f} {outputs['AND'][i]:6.0f} {outputs['OR'][i]:5.0f}"
        f" {hidden[i, 0]:9.0f} {hidden[i, 1]:7.0f} {outputs['XOR'][i]:7.0f}"
        for i, (x1, x2) in enumerate(CORNERS)
    ]
    off, on = outputs["NOT"]
    return [
        "A unit with the sign as activation cuts the plane of its inputs by a line:",
        "sign(w1 x1 + w2 x2 + b) is 1 on one side, -1 on the other. By hand:",
        f"  NOT  sign(-2 x + 1)          of 0: {off:.0f}, of 1: {on:.0f}",
        "  AND  sign(2 x1 + 2 x2 - 3)   the line keeps (1, 1) apart",
        "  OR   sign(2 x1 + 2 x2 - 1)   the line keeps (0, 0) apart",
        "",
        "  x1   x2    AND    OR   hidden 1      2     XOR",
        *table,
        "",
        f"Of {CHOICES**3:,} choices of w1, w2, b the best make AND right at {most['AND']} corners,",
        f"OR at {most['OR']}, XOR at {most['XOR']}: its two 1s ask for w1 + w2 + 2b > 0, its two",
        "-1s for w1 + w2 + 2b < 0. A first layer helps: hidden 1 is OR, 2 is NOT AND.",
        "In their plane (0, 1) and (1, 0) are one point, and one line is enough:",
        "XOR = sign(h1 + h2 - 1), the AND of both.",
    ]


def shade(panel, net, low, high):
    """Hatch where the network says 1."""
    axis = np.linspace(low, high, 301)
    plane = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    y = net.predict(plane).reshape(301, 301)
    how = {"levels": [-2, 0, 2], "hatches": ["", "//"]}
    panel.contourf(axis, axis, y, colors=["white", SKY], alpha=0.35, **how)
    panel.contour(axis, axis, y, levels=[0], colors="black", linewidths=1.2)


def corners(panel, points, y):
    """Draw what shall be 1 as discs, what shall be -1 as squares."""
    for value, marker, colour in ((1, "o", ORANGE), (-1, "s", BLUE)):
        at = points[np.asarray(y) == value]
        how = {"color": colour, "markeredgecolor": "black", "markersize": 11, "zorder": 3}
        panel.plot(*at.T, marker, label=f"shall be {value}", **how)


def draw(results):
    picture, panels = figure(2, 3, width=3.7, height=3.5)
    negate, both, either, split, seen, unit = panels
    outputs, hidden = results["outputs"], results["hidden"]

    x = np.linspace(-0.5, 1.5, 400)
    negate.plot(x, gate("NOT").predict(x[:, None]), color="black", linewidth=1.2)
    corners(negate, np.array([[0.0, 1.0], [1.0, -1.0]]), outputs["NOT"])
    negate.set(title="NOT: sign(-2x + 1)", xlabel="input x", ylabel="output y")
    negate.set(xticks=[0, 1], yticks=[-1, 1])
    negate.legend(frameon=False)
    for panel, name, rule in ((both, "AND", "- 3"), (either, "OR", "- 1")):
        shade(panel, gate(name), -0.5, 1.5)
        corners(panel, CORNERS, outputs[name])
        panel.set(title=f"{name}: sign(2x₁ + 2x₂ {rule})")
        panel.text(1.45, 1.35, "output 1", ha="right", bbox=BEHIND)
    shade(split, network(HIDDEN, OUTPUT), -0.5, 1.5)
    corners(split, CORNERS, outputs["XOR"])
    split.set(title="XOR: two lines, from two hidden units")
    for panel in (both, either, split):
        panel.set(xlabel="input x₁", ylabel="input x₂", xticks=[0, 1], yticks=[0, 1])
    shade(seen, network(OUTPUT), -1.6, 1.6)
    corners(seen, hidden, outputs["XOR"])
    for (h1, h2), text in zip(hidden[[0, 1, 3]], ("(0,0)", "(0,1), (1,0)", "(1,1)"), strict=True):
        how = {"ha": "center", "bbox": BEHIND, "textcoords": "offset points"}
        seen.annotate(text, (h1, h2), (0, -19), **how)
    seen.set(title="XOR seen by the output unit", xlabel="hidden 1 (OR)")
    seen.set(ylabel="hidden 2 (NOT AND)", xticks=[-1, 1], yticks=[-1, 1])

    most = results["most_right"]
    bars = unit.bar(list(most), list(most.values()), color=[SKY, SKY, VERMILION], edgecolor="black")
    bars[2].set_hatch("xx")
    unit.bar_label(bars)
    unit.set(title="One unit at its best", xlabel="gate", ylabel="corners right, of 4")
    unit.set(yticks=range(5), ylim=(0, 4.5))
    return picture


if __name__ == "__main__":
    main(__name__)
