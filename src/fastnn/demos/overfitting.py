"""Overfitting: a network learns noise by heart, and seven ways against it.

A few digits, a fifth of whose labels are drawn at random. What a network gets right of these in
training it has learnt by heart; the gap between its accuracy in training and in validation shows
it. Change TRAIN, NOISE, or how hard each of the `ways` works.
"""

import numpy as np

import fastnn as fn
from fastnn.demos._shared import BLUE, GREY, ORANGE, figure, main

TRAIN, NOISE, EPOCHS, SEEDS = 150, 0.2, 100, 5


def noisy(y, rng):
    """Draw a share of the labels anew, of which a tenth are right by chance."""
    return np.where(rng.random(len(y)) < NOISE, rng.integers(0, 10, len(y)), y)


def data():
    """Return digits by what they are for; all labels are noisy, but the last."""
    x, y, x_new, y_new = fn.datasets.digits_split()
    rng = np.random.default_rng(0)
    order = rng.permutation(len(x))
    x, y = x[order], noisy(y[order], rng)
    few, stop, rest = slice(TRAIN), slice(TRAIN, 2 * TRAIN), slice(2 * TRAIN, None)
    more = np.concatenate([x[few], x[rest]]), np.concatenate([y[few], y[rest]])
    return {
        "train": (x[few], y[few]),
        "stop": (x[stop], y[stop]),
        "more": more,
        "validation": (x_new, noisy(y_new, rng)),
        "true": (x_new, y_new),
    }


def network(seed, penalty=None, drop=None):
    """Return 64 ReLU units, with a penalty on weights, or some inputs and units dropped."""
    hidden = fn.layers.Dense(64, "relu", weight_regularizer=penalty)
    output = fn.layers.Dense(10, weight_regularizer=penalty)
    layers = [hidden, output]
    if drop is not None:
        layers = [fn.layers.Dropout(drop[0]), hidden, fn.layers.Dropout(drop[1]), output]
    start = [fn.layers.Rescale(1 / 16), fn.layers.Flatten()]
    return fn.Sequential([*start, *layers], input_shape=(8, 8, 1), seed=seed)


def ways(digits):
    """Return of each way how networks are made from a seed, and what `fit` is told."""
    stop = fn.callbacks.EarlyStopping(patience=16, every=5)  # a check every 5 updates
    moves = [fn.augment.Rotate(15), fn.augment.Translate(1 / 8)]  # by 15 degrees, by one pixel
    return {
        "none": (network, {}),
        "early stopping": (network, {"validation_data": digits["stop"], "callbacks": [stop]}),
        "L1 penalty": (lambda seed: network(seed, fn.regularizers.L1(4e-3)), {}),
        "L2 penalty": (lambda seed: network(seed, fn.regularizers.L2(1e-2)), {}),
        "dropout": (lambda seed: network(seed, drop=(0.2, 0.5)), {}),
        "augmentation": (network, {"augment": moves}),
        "bagging": (lambda seed: fn.Ensemble(8, network, seed=seed), {}),
        "more data": (network, {}),
    }


def fit(net, data, **how):
    adam = fn.optimizers.Adam(3e-3)
    return net.fit(*data, optimizer=adam, epochs=EPOCHS, batch_size=16, verbose=0, **how)


def compute():
    digits, scores, kept = data(), {}, []
    for way, (make, how) in ways(digits).items():
        known = digits["more" if way == "more data" else "train"]
        found = []
        for seed in range(SEEDS):
            net = make(seed)
            fit(net, known, **how)
            if how.get("callbacks"):
                kept.append(how["callbacks"][0].best_epoch + 1)
            parts = known, digits["validation"], digits["true"]
            found.append([net.evaluate(*part)["accuracy"] for part in parts])
        training, validation, true = np.median(found, axis=0)
        gap = np.median([one[0] - one[1] for one in found])
        scores[way] = {"training": training, "validation": validation, "gap": gap, "true": true}
    course = fit(network(0), digits["train"], validation_data=digits["validation"])
    return {
        "scores": scores,
        "course": {name: course[name] for name in ("accuracy", "val_accuracy")},
        "kept": np.median(kept),  # epochs, of early stopping
        "right": np.mean(digits["validation"][1] == digits["true"][1]),
    }


def describe(results):
    scores, course = results["scores"], results["course"]["val_accuracy"]
    best = int(np.argmax(course))
    table = [
        f"  {way:<15}{one['training']:10.0%}{one['validation']:12.0%}{100 * one['gap']:14.0f}"
        f"{one['true']:14.0%}"
        for way, one in scores.items()
    ]
    plain, right, kept = scores["none"]["training"], results["right"], results["kept"]
    return [
        f"{TRAIN} digits to train on. A fifth of the labels is drawn at random, in validation",
        f"too: who knows all digits has {right:.0%} of those right. Medians of {SEEDS} starts; the",
        "last column is validation with the labels that are true:",
        "",
        "  against it       training  validation  gap (points)   true labels",
        *table,
        "",
        f"Plain training ends with {plain:.0%} of its labels right, wrong ones too: by heart.",
        f"In validation one start is best after epoch {best + 1} ({course[best]:.0%}), and ends"
        f" with {course[-1]:.0%}. Early",
        f"stopping keeps epoch {kept:.0f}. L1 and L2 make weights cost more than noise is worth;",
        "dropout lets no unit rely on another; augmentation repeats no image; bagging",
        "averages networks that learnt different noise; more data is too much for",
        "learning by heart. Each narrows the gap and has more true labels right.",
    ]


def draw(results):
    picture, (left, right) = figure(1, 2, width=5.8, height=4.6)
    course = {name: 100 * np.array(figures) for name, figures in results["course"].items()}
    epochs, best = np.arange(1, EPOCHS + 1), int(np.argmax(course["val_accuracy"]))
    left.plot(epochs, course["accuracy"], "-", color=ORANGE, label="training")
    left.plot(epochs, course["val_accuracy"], "--", color=BLUE, label="validation")
    highest = course["val_accuracy"][best]
    left.plot(epochs[best], highest, "*", color=BLUE, markersize=15, label="validation at its best")
    left.axhline(100 * results["right"], color=GREY, linestyle=":", label="labels that are right")
    left.set_title("Nothing is done against it: one start", pad=16)
    left.set(xlabel="epoch", ylabel="accuracy (%)")
    left.legend(loc="lower right")

    places = range(len(results["scores"]))
    figures = [100 * np.array(list(one.values())) for one in results["scores"].values()]
    training, validation, gap, true = np.transpose(figures)
    style = {"linestyle": "none", "markeredgecolor": "black", "markersize": 9}
    right.hlines(places, validation, training, color="black", linewidth=1, zorder=1)
    right.plot(validation, places, marker="s", color=BLUE, label="validation", **style)
    right.plot(true, places, marker="D", color="white", label="the same, true labels", **style)
    right.plot(training, places, marker="o", color=ORANGE, label="training", **style)
    for place in places:
        right.text(103, place, f"{gap[place]:.0f}", ha="center", va="center")
    right.text(103, -0.7, "gap (points)", ha="center")
    right.set_title(f"Seven ways against it: medians of {SEEDS} starts", pad=16)
    right.set(
        xlabel="accuracy (%)", ylabel="what is done", yticks=places, yticklabels=results["scores"]
    )
    right.set(xlim=(None, 105), xticks=range(70, 101, 10), ylim=(len(places) + 0.3, -0.6))
    right.legend(loc="lower center", ncols=3, frameon=False)
    return picture


if __name__ == "__main__":
    main(__name__)
