"""Overfitting: what narrows the gap between training and validation on a small noisy set."""

import functools
import statistics

import numpy as np
import pytest

import fastnn as fn
from fastnn.datasets import digits_split

L = fn.layers
SEEDS = range(5)
pytestmark = pytest.mark.usefixtures("one_thread")


@functools.cache
def parts():
    """Digits to train on and to stop by, 150 each, a fifth of their labels drawn; test digits."""
    x, y, x_test, y_test = digits_split()
    rng = np.random.default_rng(0)
    rows = rng.permutation(len(x))[:300]
    y = np.where(rng.random(300) < 0.2, rng.integers(0, 10, 300), y[rows])
    return (x[rows[:150]], y[:150]), (x[rows[150:]], y[150:]), (x_test, y_test)


def network(seed, regularizer=None, dropout=()):
    layers = [
        L.Rescale(1 / 16),
        L.Flatten(),
        L.Dense(64, activation="relu", weight_regularizer=regularizer),
        *dropout,
        L.Dense(10, weight_regularizer=regularizer),
    ]
    return fn.Sequential(layers, input_shape=(8, 8, 1), seed=seed)


def stopping():
    """Checked every 5 steps, twice an epoch."""
    return {
        "validation_data": parts()[1],
        "callbacks": [fn.callbacks.EarlyStopping(patience=16, every=5)],
    }


REMEDIES = {  # a network of a seed, and how it is trained
    "nothing": (network, dict),
    "early stopping": (network, stopping),
    "L1": (lambda seed: network(seed, fn.regularizers.L1(2e-3)), dict),
    "L2": (lambda seed: network(seed, fn.regularizers.L2(1e-2)), dict),
    "dropout": (lambda seed: network(seed, dropout=[L.Dropout(0.5)]), dict),
    "bagging": (lambda seed: fn.Ensemble(6, network, seed=seed), dict),
}


@functools.cache
def accuracies(remedy):
    """Medians over the seeds: of the gap, and of the accuracy on test digits."""
    make, how = REMEDIES[remedy]
    training, _, test = parts()
    gaps, scores = [], []
    for seed in SEEDS:
        net = make(seed)
        adam = fn.optimizers.Adam(3e-3)
        net.fit(*training, optimizer=adam, epochs=50, batch_size=16, verbose=0, **how())
        scores.append(net.evaluate(*test)["accuracy"])
        gaps.append(net.evaluate(*training)["accuracy"] - scores[-1])
    return statistics.median(gaps), statistics.median(scores)


def test_a_network_learns_noise_by_heart():
    gap, score = accuracies("nothing")
    assert gap > 0.12
    assert score < 0.85


@pytest.mark.parametrize("remedy", list(REMEDIES)[1:])
def test_it_narrows_the_gap(remedy):
    gap, score = accuracies(remedy)
    plain_gap, plain_score = accuracies("nothing")
    assert gap < 0.8 * plain_gap
    assert score > plain_score  # and not by learning less
