"""Logistic regression is one sigmoid unit, trained on the binary cross-entropy.

The classical way to fit it, Newton's method, and plain gradient descent of the unit end at the same
weights: the loss has one minimum. (Without a line that separates the classes, that is: with one,
larger weights are better weights, and there is no minimum.)
"""

import numpy as np

import fastnn as fn
from fastnn.demos._shared import BLACK, BLUE, ORANGE, VERMILION, figure, main

SAMPLES, EPOCHS, RATE = 300, 300, 1.0


def data():
    """Two classes, y = 0 and 1, whose clouds overlap."""
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, SAMPLES)
    return rng.normal(size=(SAMPLES, 2)) + 1.6 * y[:, None] * [1.0, -0.6], y


def newton(x, y, rounds=20):
    """Fit by Newton's method: w ← w - H⁻¹ g. Returns the weights, with the bias last, and loss."""
    x1 = np.column_stack([x, np.ones(len(x))])
    w = np.zeros(x1.shape[1])
    for _ in range(rounds):
        p = 1 / (1 + np.exp(-x1 @ w))
        gradient, hessian = x1.T @ (p - y), (x1.T * (p * (1 - p))) @ x1
        w -= np.linalg.solve(hessian, gradient)
    p = 1 / (1 + np.exp(-x1 @ w))
    return w, float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))


def compute():
    x, y = data()
    layer = fn.layers.Dense(1, "sigmoid")
    net = fn.Sequential([layer], input_shape=(2,), dtype="float64", seed=0)
    history = net.fit(
        x, y, loss="binary_cross_entropy", optimizer=fn.optimizers.SGD(RATE),
        epochs=EPOCHS, batch_size=SAMPLES, verbose=0,
    )  # fmt: skip
    best, best_loss = newton(x, y)
    return {
        "x": x,
        "y": y,
        "weights": np.append(layer.weight[0], layer.bias),
        "loss": net.evaluate(x, y)["loss"],
        "accuracy": net.evaluate(x, y)["accuracy"],
        "losses": history["loss"],
        "newton_weights": best,
        "newton_loss": best_loss,
    }


def describe(results):
    losses, best = results["losses"], results["newton_loss"]
    apart, right = abs(results["loss"] - best), results["accuracy"]
    near = next(epoch for epoch, loss in enumerate(losses) if loss < best + 1e-4)
    ours, theirs = (
        "  ".join(f"{w:9.6f}" for w in results[name]) for name in ("weights", "newton_weights")
    )
    return [
        "A Dense layer of one sigmoid unit says p = 1 / (1 + exp(-(w x + b))). With the",
        "loss -(y log p + (1 - y) log(1 - p)), it is logistic regression, whose gradient",
        "at w x + b is just p - y: how wrong it is.",
        "",
        f"{len(results['y'])} samples of two classes that overlap, so that no line separates them:",
        "                           w1         w2          b          loss",
        f"  Newton's method   {theirs}  {best:.10f}",
        f"  the unit, {EPOCHS}     {ours}  {results['loss']:.10f}",
        "  steps of SGD",
        "",
        f"The losses differ by {apart:.0e}. The loss has one minimum, which both",
        f"find; gradient descent is within 0.0001 of it after {near} steps, and it works for",
        "networks of any depth, where Newton's method would need a matrix of P x P",
        f"numbers for P weights. {right:.1%} of the samples are on their side of the line",
        "p = 1/2; what the lines p = 0.1 and 0.9 enclose is where the unit is not sure.",
    ]


def draw(results):
    picture, (plane, curve) = figure(1, 2, width=4.8, height=4.2)
    x, y = results["x"], results["y"]
    w1, w2, b = results["weights"]
    across = np.array([x[:, 0].min() - 0.3, x[:, 0].max() + 0.3])
    for p, dash in ((0.1, ":"), (0.5, "-"), (0.9, "--")):
        z = np.log(p / (1 - p))  # w x + b there
        plane.plot(across, (z - b - w1 * across) / w2, dash, color=BLACK, label=f"p = {p}")
    for value, marker, colour in ((0, "s", BLUE), (1, "o", ORANGE)):
        how = {"color": colour, "markeredgecolor": "black", "markersize": 5, "alpha": 0.8}
        plane.plot(*x[y == value].T, marker, label=f"class {value}", **how)
    plane.set(xlabel="feature x₁", ylabel="feature x₂", title="Data, and what the unit says")
    plane.set(xlim=across, ylim=(x[:, 1].min() - 0.3, x[:, 1].max() + 1.8))
    plane.legend(frameon=False, ncols=2, loc="upper left")
    gap = np.array(results["losses"]) - results["newton_loss"]
    curve.semilogy(range(len(gap)), gap, color=VERMILION)
    curve.axhline(1e-4, color="black", linestyle=":", linewidth=1)
    curve.annotate("0.0001", (len(gap), 1e-4), (0, 3), textcoords="offset points", ha="right")
    curve.set(xlabel="steps of gradient descent", ylabel="loss above the minimum (nats a sample)")
    curve.set(title=f"Towards Newton's loss, {results['newton_loss']:.4f}")
    return picture


if __name__ == "__main__":
    main(__name__)
