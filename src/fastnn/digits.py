"""The network that `fastnn train digits` trains, its training and its table of results."""

import time

import numpy as np

import fastnn as fn
from fastnn.datasets import digits_split

__all__ = ["class_table", "digits_network", "train_digits"]


def digits_network(seed=0):
    """Return the network of `fastnn train digits`, untrained.

    Parameters
    ----------
    seed : int
        Seed of the initial weights and of the order of the training samples.

    Returns
    -------
    Sequential
        Takes raw pixels, `(N, 8, 8, 1)` from 0 to 16; gives 10 logits. 71,754 parameters.

    Examples
    --------
    >>> from fastnn.digits import digits_network
    >>> digits_network(seed=1).parameters.shape
    (71754,)
    """
    layers = fn.layers
    return fn.Sequential(
        [
            layers.Rescale(1 / 16),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPool2D(2),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10),
        ],
        input_shape=(8, 8, 1),
        seed=seed,
    )


def train_digits(*, epochs=15, batch_size=32, seed=0, callbacks=()):
    """Train the digits network on the training part of the digits.

    Parameters
    ----------
    epochs, batch_size, seed : int
        As in `Sequential.fit`.
    callbacks : sequence
        Passed to `Sequential.fit`.

    Returns
    -------
    net : Sequential
        The trained network.
    seconds : float
        Wall-clock time of the training.

    Examples
    --------
    >>> from fastnn.digits import train_digits
    >>> net, seconds = train_digits(epochs=1)
    >>> net.classes_.tolist()
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    x, y, _, _ = digits_split()
    net = digits_network(seed)
    start = time.perf_counter()
    net.fit(
        x,
        y,
        loss="cross_entropy",
        optimizer=fn.optimizers.Adam(2e-3),
        epochs=epochs,
        batch_size=batch_size,
        callbacks=list(callbacks),
        verbose=0,
    )
    return net, time.perf_counter() - start


def class_table(y, predicted):
    """Return precision, recall and number of samples of each class, as lines of text.

    Parameters
    ----------
    y, predicted : array_like, (N,)
        True and predicted labels.

    Returns
    -------
    str
        A heading and one line a class, classes in ascending order. Precision is a dash where a
        class was never predicted, recall where it never occurs.

    Examples
    --------
    >>> from fastnn.digits import class_table
    >>> print(class_table([0, 0, 1, 1], [0, 0, 0, 1]))
    class  precision  recall  samples
        0      0.667   1.000        2
        1      1.000   0.500        2
    """
    y, predicted = np.asarray(y), np.asarray(predicted)
    labels = np.union1d(y, predicted).tolist()
    width = max(5, *(len(str(label)) for label in labels)) if labels else 5
    lines = [f"{'class':>{width}}  precision  recall  samples"]
    for label in labels:
        hits = np.sum((y == label) & (predicted == label))
        precision = _ratio(hits, np.sum(predicted == label))
        recall = _ratio(hits, np.sum(y == label))
        lines.append(f"{label!s:>{width}}  {precision:>9}  {recall:>6}  {np.sum(y == label):>7}")
    return "\n".join(lines)


def _ratio(part, whole):
    return f"{part / whole:.3f}" if whole else "-"
