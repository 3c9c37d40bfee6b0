"""Four blobs like XOR: a line does not tell them apart, two hidden units do.

Blobs of points at (±1, ±1), those in opposite corners of one class. The hidden layer moves them to
where one line is enough; from some starts training finds how, from others it is caught halfway.
"""

import numpy as np

import fastnn as fn
from fastnn.demos._shared import BLUE, ORANGE, SKY, VERMILION, figure, main

SAMPLES, SPREAD, STARTS, EPOCHS = 400, 0.3, 10, 60
AXIS = np.linspace(-2.4, 2.4, 61)


def data():
    rng = np.random.default_rng(0)
    corners = rng.choice([-1.0, 1.0], (SAMPLES, 2))
    y = (corners.prod(axis=1) > 0).astype(int)
    return corners + rng.normal(0, SPREAD, (SAMPLES, 2)), y


def train(layers, seed):
    x, y = data()
    net = fn.Sequential(layers, input_shape=(2,), dtype="float64", seed=seed)
    net.fit(
        x, y, loss="binary_cross_entropy", optimizer=fn.optimizers.Adam(0.05),
        epochs=EPOCHS, batch_size=50, verbose=0,
    )  # fmt: skip
    return net


def line():
    """Train one unit: logistic regression."""
    return train([fn.layers.Dense(1, "sigmoid")], seed=0)


def hidden(seed):
    """Train two hidden units from this start."""
    return train([fn.layers.Dense(2, "tanh"), fn.layers.Dense(1, "sigmoid")], seed)


def blobs_right(net):
    """Return how many of the four blobs are nearly all on their side."""
    x, y = data()
    right, corner = net.predict_classes(x) == y, (x > 0) @ [1, 2]
    return sum(bool(right[corner == c].mean() > 0.9) for c in range(4))


def compute():
    x, y = data()
    single, starts = line(), [hidden(seed) for seed in range(STARTS)]
    scores = [net.evaluate(x, y) for net in starts]
    losses = [score["loss"] for score in scores]
    best = int(np.argmin(losses))
    first, last = starts[best].layers
    plane = np.stack(np.meshgrid(AXIS, AXIS), axis=-1).reshape(-1, 2)
    return {
        "x": x,
        "y": y,
        "line": single.evaluate(x, y),
        "line_plane": single.predict(plane).reshape(len(AXIS), -1),
        "losses": losses,
        "accuracies": [score["accuracy"] for score in scores],
        "blobs_right": [blobs_right(net) for net in starts],
        "best": best,
        "best_plane": starts[best].predict(plane).reshape(len(AXIS), -1),
        "seen": first.forward(x),
        "hidden": (first.weight.copy(), first.bias.copy()),
        "output": (last.weight[0].copy(), float(last.bias[0])),
    }


def describe(results):
    line, best, accuracies = results["line"], results["best"], results["accuracies"]
    losses, p = results["losses"], results["line_plane"]
    low, high = p.min(), p.max()
    caught = [a for a, blobs in zip(accuracies, results["blobs_right"], strict=True) if blobs == 3]
    worst, chance, share = int(np.argmax(losses)), np.log(2), np.mean(caught)
    return [
        f"{SAMPLES} points around (±1, ±1), spread {SPREAD}; opposite corners are of one class.",
        "",
        f"One unit, logistic regression, has {line['accuracy']:.1%} right. What its line",
        f"gains at one corner it loses at the next: its loss is {line['loss']:.4f}, a coin's",
        f"is ln 2 = {chance:.4f}, and p is from {low:.2f} to {high:.2f} in all of the picture.",
        "",
        f"Two tanh units and a sigmoid, trained from {STARTS} random starts:",
        f"  seed {best}, the lowest loss:  {losses[best]:.4f}, accuracy {accuracies[best]:.1%}",
        f"  seed {worst}, the highest loss: {losses[worst]:.4f}, accuracy {accuracies[worst]:.1%}",
        f"  median accuracy {np.median(accuracies):.1%}",
        f"{len(caught)} of the {STARTS} have three blobs right and one wrong, {share:.0%} in all:",
        "the loss has more than one valley, and descent ends in the one it is in. So",
        "one trains from several starts, and keeps the one of lowest loss.",
        "",
        "Each hidden unit is a line across the plane (dashed). Seen through both units",
        "one class lies in one corner, the other at two ends, and one line is enough.",
    ]


def points(panel, at, y):
    for value, marker, colour in ((0, "s", BLUE), (1, "o", ORANGE)):
        how = {"color": colour, "markeredgecolor": "black", "markeredgewidth": 0.5, "alpha": 0.8}
        panel.plot(*at[y == value].T, marker, markersize=4, label=f"class {value}", **how)


def regions(panel, p):
    """Hatch where p > 1/2."""
    how = {"levels": [0, 0.5, 1], "hatches": ["", "//"], "colors": ["white", SKY], "alpha": 0.35}
    panel.contourf(AXIS, AXIS, p, **how)
    panel.contour(AXIS, AXIS, p, levels=[0.5], colors="black", linewidths=1.5)


def draw(results):
    picture, panels = figure(2, 2, width=4.6, height=4.3)
    raw, single, seen, both = panels
    x, y = results["x"], results["y"]
    for panel in (raw, single, both):
        points(panel, x, y)
        panel.set(xlabel="feature x₁", ylabel="feature x₂", xlim=AXIS[[0, -1]], ylim=AXIS[[0, -1]])
    raw.set(title="Data")
    raw.legend(loc="upper center", frameon=False, ncols=2)
    regions(single, results["line_plane"])
    single.set(title=f"One unit: {results['line']['accuracy']:.1%} right (hatched: class 1)")

    points(seen, results["seen"], y)
    (w1, w2), b = results["output"]
    h = np.array([-1.15, 1.15])
    seen.plot(h, -(b + w1 * h) / w2, color="black")
    seen.set(xlim=h, ylim=h, title="The data seen through the hidden layer")
    seen.set(xlabel="output of hidden unit 1", ylabel="output of hidden unit 2")

    regions(both, results["best_plane"])
    for weight, bias, dash in zip(*results["hidden"], ("--", "-."), strict=True):
        both.plot(AXIS, -(bias + weight[0] * AXIS) / weight[1], dash, color=VERMILION, linewidth=3)
    right = results["accuracies"][results["best"]]
    both.set(title=f"Two hidden units (dashed): {right:.1%} right")
    return picture


if __name__ == "__main__":
    main(__name__)
