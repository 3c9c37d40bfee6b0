"""Optimizers against their formulas."""

import numpy as np
import pytest

import fastnn as fn

SGD, Adam = fn.optimizers.SGD, fn.optimizers.Adam


def sgd(p, gradients, rate, momentum=0.0, nesterov=False):
    v = np.zeros_like(p)
    for g in gradients:
        v = momentum * v + g
        p = p - rate * (g + momentum * v if nesterov else v)
    return p


def adam(p, gradients, rate, beta1=0.9, beta2=0.999, epsilon=1e-8):
    m, v = np.zeros_like(p), np.zeros_like(p)
    for step, g in enumerate(gradients, 1):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        p = p - rate * (m / (1 - beta1**step)) / (np.sqrt(v / (1 - beta2**step)) + epsilon)
    return p


OPTIMIZERS = [
    (SGD, sgd, {}),
    (SGD, sgd, {"momentum": 0.9}),
    (SGD, sgd, {"momentum": 0.9, "nesterov": True}),
    (Adam, adam, {}),
    (Adam, adam, {"beta1": 0.5, "beta2": 0.9, "epsilon": 1e-3}),
]


@pytest.mark.parametrize(("kind", "formula", "settings"), OPTIMIZERS)
def test_optimizers_follow_their_formulas(kind, formula, settings):
    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=100), rng.normal(size=(5, 100))
    parameters, optimizer = start.copy(), kind(0.1, **settings)
    for gradient in gradients:
        optimizer.update(parameters, gradient)
    np.testing.assert_allclose(parameters, formula(start, gradients, 0.1, **settings), rtol=1e-11)


def test_the_learning_rate_may_change():
    parameters, optimizer = np.zeros(1), SGD(1.0)
    optimizer.update(parameters, np.ones(1))
    optimizer.learning_rate = 0.5
    optimizer.update(parameters, np.ones(1))
    assert parameters.tolist() == [-1.5]
