"""Saturation: a unit that is sure and wrong hardly learns by the squared loss.

A NOT gate of one sigmoid unit a = 1 / (1 + exp(-w x)), for x = -1 and 1, that shall be 1 and 0. It
starts at the wrong end, w = 5. The cross-entropy leads it out at once, the squared loss does not.
"""

import numpy as np

import fastnn as fn
from fastnn.demos._shared import BLUE, VERMILION, figure, main

START, RATE, STEPS = 5.0, 1.0, 120
X, Y = np.array([[-1.0], [1.0]]), np.array([[1.0], [0.0]])
LOSSES = {"squared loss": "squared_error", "cross-entropy": "binary_cross_entropy"}


def unit(weight):
    """Return a sigmoid unit of one input with this weight, without bias."""
    net = fn.Sequential(
        [fn.layers.Dense(1, "sigmoid", bias=False)], input_shape=(1,), dtype="float64"
    )
    net.parameters = [weight]
    return net


def delta(weight, loss):
    """Return ∂ℓ/∂z at x = -1: z is -w there, so that it is -∂ℓ/∂w."""
    net = unit(weight)
    fn.Trainer(net, loss=loss).loss_and_gradients(X[:1], Y[:1])
    return -float(net.gradients[0])


def train(loss):
    """Return the weight before each step of gradient descent, and after the last."""
    net, weights = unit(START), [START]
    trainer = fn.Trainer(net, loss=loss, optimizer=fn.optimizers.SGD(RATE))
    for _ in range(STEPS):
        trainer.step(X, Y)
        weights.append(float(net.parameters[0]))
    return weights


def compute():
    return {
        "a": float(unit(START).predict(X)[0, 0]),
        "deltas": {name: delta(START, loss) for name, loss in LOSSES.items()},
        "weights": {name: train(loss) for name, loss in LOSSES.items()},
    }


def steps_to_right(weights):
    """Return after how many steps the gate is right: w < 0."""
    return int(np.argmax(np.array(weights) < 0))


def describe(results):
    a, weights = results["a"], results["weights"]
    rows = [
        f"  {name:<16}{results['deltas'][name]:13.10f}{path[1]:12.4f}{path[10]:11.4f}"
        f"{steps_to_right(path):9d}"
        for name, path in weights.items()
    ]
    slope = a * (1 - a)
    slow, fast = map(steps_to_right, weights.values())
    return [
        "A sigmoid unit, a = s(w x), shall be a NOT gate, 1 for x = -1 and 0 for x = 1.",
        f"It starts at the wrong end: w = {START:.0f}, and at x = -1 it says a = {a:.10f}.",
        "",
        "                  dl/dz at x = -1   w after 1  after 10   w < 0 after",
        *rows,
        "",
        "With z = w x, the squared loss (a - y)^2 has dl/dz = 2 (a - y) a (1 - a). The",
        f"unit is wrong by {1 - a:.4f}, but a (1 - a), the slope of the sigmoid, is {slope:.4f}",
        "there: it is saturated, and what it has wrong does not come through.",
        "Cross-entropy, -(y log a + (1 - y) log(1 - a)), has just dl/dz = a - y: the",
        "slope cancels, and the worse the answer, the larger the step.",
        f"It takes {fast} steps. The squared loss takes {slow}, and crawls for most of them: its",
        "curve in the picture is flat where the unit is most wrong.",
        "Hence the rule: sigmoid and softmax outputs are trained on cross-entropy.",
    ]


def draw(results):
    picture, (loss, slope, course) = figure(1, 3, width=4.2, height=3.8)
    w = np.linspace(-6, 6, 241)
    a = 1 / (1 + np.exp(w))  # at x = -1, where y = 1
    curves = {
        "squared loss": ((a - 1) ** 2, 2 * (1 - a) * a * (1 - a), "-", "o", VERMILION),
        "cross-entropy": (-np.log(a), 1 - a, "--", "s", BLUE),
    }
    for name, (value, size, dash, marker, colour) in curves.items():
        start = {"marker": marker, "markevery": [int(np.argmin(abs(w - START)))], "markersize": 8}
        how = {"color": colour, "linestyle": dash, "label": name}
        loss.plot(w, value, **how, **start)
        slope.plot(w, size, **how, **start)
        course.plot(results["weights"][name], **how, marker=marker, markevery=10, markersize=5)
    loss.set(title="Loss at x = -1 (marked: the start)", ylabel="loss (cross-entropy in nats)")
    slope.set(title="Size of its gradient |∂ℓ/∂z|", ylabel="|∂ℓ/∂z|")
    for panel in (loss, slope):
        panel.set(xlabel="weight w (right below 0, wrong above)")
    course.axhline(0, color="black", linewidth=0.8)
    course.set(title="Gradient descent, η = 1", xlabel="step", ylabel="weight w")
    course.annotate("right below 0", (STEPS, 0), (0, 4), textcoords="offset points", ha="right")
    loss.legend(frameon=False)
    return picture


if __name__ == "__main__":
    main(__name__)
