"""Symmetry: hidden units that start alike stay alike for ever.

Four hidden units with the same weights have the same outputs and so the same gradients: after each
update they are the same again, and count as one. Different starts set them free. Change SPREAD,
how different they are: 0.05 sets them free as well, 0.01 not within 100 epochs, and 0 never.
"""

import numpy as np

import fastnn as fn
from fastnn.demos._shared import BLUE, GREEN, ORANGE, PURPLE, SKY, figure, main

UNITS, EPOCHS = 4, 100
SPREAD = 0.5
AXIS = np.linspace(-2.6, 2.6, 261)


def data():
    """Draw four blobs, those in opposite corners of one class."""
    rng = np.random.default_rng(0)
    corners = rng.choice([-1.0, 1.0], (400, 2))
    return corners + rng.normal(0, 0.3, (400, 2)), (corners.prod(axis=1) > 0).astype(int)


def network(units):
    layers = [fn.layers.Dense(units, "tanh"), fn.layers.Dense(1, "sigmoid")]
    return fn.Sequential(layers, input_shape=(2,), dtype="float64", seed=0)


def optimizer():
    return fn.optimizers.Adam(0.03)


def fused(net):
    """Return a network with one hidden unit in place of units that are alike."""
    one = network(1)
    (hidden, output), (unit, last) = net.layers, one.layers
    unit.weight, unit.bias = hidden.weight[:1], hidden.bias[:1]
    last.weight, last.bias = output.weight.sum(axis=1, keepdims=True), output.bias
    return one


def train(spread):
    """Train from starts that differ by this much; return what happened."""
    net = network(UNITS)
    hidden, output = net.layers
    rng = np.random.default_rng(3)
    hidden.weight = [0.8, -0.3] + spread * rng.normal(size=(UNITS, 2))  # into each unit
    output.weight = 0.5 + spread * rng.normal(size=(1, UNITS))  # out of each unit
    (x, y), update = data(), optimizer()
    course, losses = [hidden.weight.copy()], []
    for _ in range(EPOCHS):
        how = {"loss": "binary_cross_entropy", "batch_size": 50, "verbose": 0}
        losses += net.fit(x, y, optimizer=update, epochs=1, **how)["loss"]
        course.append(hidden.weight.copy())
    units = np.column_stack([hidden.weight, hidden.bias, output.weight[0]])
    plane = np.stack(np.meshgrid(AXIS, AXIS), axis=-1).reshape(-1, 2)
    return {
        "course": np.array(course),  # (epochs + 1, units, inputs)
        "loss": losses[-1],
        "accuracy": net.evaluate(x, y)["accuracy"],
        "kinds": len(np.unique(units, axis=0)),  # which are the same bits
        "beside_one": np.abs(net.predict(plane) - fused(net).predict(plane)).max(),
        "plane": net.predict(plane).reshape(len(AXIS), len(AXIS)),
    }


def compute():
    return {"alike": train(0.0), "different": train(SPREAD)}


def describe(results):
    alike, free = results["alike"], results["different"]
    beside = f"{alike['beside_one']:.0e}"
    moved = np.abs(alike["course"][-1] - alike["course"][0]).max()
    rows = [
        f"  {name:<10}{one['kinds']:17d}{one['loss']:14.3f}{one['accuracy']:13.1%}"
        for name, one in results.items()
    ]
    return [
        f"{UNITS} tanh units and a sigmoid output learn four blobs in a square, those in",
        f"opposite corners of one class, twice, for {EPOCHS} epochs each:",
        "",
        "  starts     kinds of units     last loss     accuracy",
        *rows,
        "",
        "Units with equal weights in and out have equal outputs a, so equal",
        "dL/dz = w_out * dL/dy * (1 - a^2) and equal gradients dL/dw = dL/dz * x. Every",
        "update moves them alike, be it by SGD, momentum or Adam: their weights went",
        f"up to {moved:.1f} far, and still are the same to the last bit. They count as one: a",
        f"network with a single hidden unit gives the same outputs (to {beside}). A",
        "single unit draws one line, and a line has three of the four blobs right at",
        f"most: {alike['accuracy']:.1%}.",
        "",
        "From starts that differ come gradients that differ, and each unit finds a",
        f"place of its own: {free['accuracy']:.1%}. That is why initial weights are drawn at",
        "random. Biases may all be 0: the weights are enough to tell the units apart.",
    ]


def draw(results):
    picture, panels = figure(2, 2, width=4.6, height=3.8)
    looks = (("o", BLUE), ("s", ORANGE), ("^", GREEN), ("v", PURPLE))
    for panel, (name, one) in zip(panels[:2], results.items(), strict=True):
        for unit, (marker, colour) in enumerate(looks):
            weights = one["course"][:, unit, 0]
            size = 13 - 3 * unit  # that all are seen where they are in one place
            how = {"markersize": size, "markevery": (4 * unit if one["kinds"] > 1 else 0, 20)}
            label = f"unit {unit + 1}"
            panel.plot(weights, marker=marker, color=colour, label=label, mec="black", **how)
        panel.set(title=f"starts {name}", xlabel="epoch", ylabel="weight of x₁ into the unit")
        panel.legend()
    x, y = data()
    for panel, (name, one) in zip(panels[2:], results.items(), strict=True):
        how = {"levels": [0, 0.5, 1], "colors": ["white", SKY], "alpha": 0.35}
        panel.contourf(AXIS, AXIS, one["plane"], hatches=["", "//"], **how)
        panel.contour(AXIS, AXIS, one["plane"], levels=[0.5], colors="black")
        for value, marker, colour in ((0, "s", BLUE), (1, "o", ORANGE)):
            style = {"mec": "black", "mew": 0.5, "markersize": 4, "label": f"class {value}"}
            panel.plot(*x[y == value].T, marker, color=colour, **style)
        panel.set(title=f"starts {name}: {one['accuracy']:.1%} right (hatched: 1)", aspect="equal")
        panel.set(xlabel="input x₁", ylabel="input x₂")
        panel.legend(loc="upper center", ncols=2, frameon=False)
    return picture


if __name__ == "__main__":
    main(__name__)
