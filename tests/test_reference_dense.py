"""The reference's dense layers against exact sums, differences and a network by number."""

import math

import numpy as np
import pytest

from fastnn import reference
from network_231 import ALPHA, BETA, ROWS


def integers(rng, *shape):
    return rng.integers(-4, 5, shape).astype(np.float64)


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize(("inputs", "outputs"), [(1, 1), (1, 5), (7, 1), (6, 4)])
def test_dense_agrees_with_exact_sums(samples, inputs, outputs):
    rng = np.random.default_rng(samples + 10 * inputs + 100 * outputs)
    x, weight = integers(rng, samples, inputs) / 8, integers(rng, outputs, inputs) / 4
    bias, dy = integers(rng, outputs), integers(rng, samples, outputs)

    y = [[math.fsum([*(w * v), b]) for w, b in zip(weight, bias, strict=True)] for v in x]
    np.testing.assert_array_equal(reference.dense_forward(x, weight, bias), y)
    np.testing.assert_array_equal(reference.dense_forward(x, weight), np.array(y) - bias)

    dx = [[math.fsum(d * column) for column in weight.T] for d in dy]
    np.testing.assert_array_equal(reference.dense_backward_input(dy, weight), dx)

    dweight, dbias = reference.dense_backward_weights(x, dy)
    np.testing.assert_array_equal(dweight, [[math.fsum(d * v) for v in x.T] for d in dy.T])
    np.testing.assert_array_equal(dbias, [math.fsum(d) for d in dy.T])


def test_dense_gradients_are_exact_differences():
    rng = np.random.default_rng(0)
    x, weight, bias, dy = (integers(rng, *shape) for shape in ((3, 4), (5, 4), (5,), (3, 5)))
    gradients = [reference.dense_backward_input(dy, weight)]
    gradients += reference.dense_backward_weights(x, dy)
    for operand, gradient in zip((x, weight, bias), gradients, strict=True):
        before = np.sum(dy * reference.dense_forward(x, weight, bias))
        for index in np.ndindex(operand.shape):
            operand[index] += 1.0
            after = np.sum(dy * reference.dense_forward(x, weight, bias))
            operand[index] -= 1.0
            assert after - before == gradient[index]


def two_three_one(x, target):
    """Forward and backward of the whole network, operation by operation."""
    a = reference.dense_forward(x, ALPHA[:, 1:], ALPHA[:, 0])
    z = reference.tanh_forward(a)
    y = reference.dense_forward(z, BETA[:, 1:], BETA[:, 0])
    loss, dy = reference.half_squared_error(y, target)
    dbeta, dbeta0 = reference.dense_backward_weights(z, dy)
    da = reference.tanh_backward(reference.dense_backward_input(dy, BETA[:, 1:]), z)
    dalpha, dalpha0 = reference.dense_backward_weights(x, da)
    return a, y, loss, da, np.c_[dbeta0, dbeta], np.c_[dalpha0, dalpha]


@pytest.mark.parametrize(("x", "a", "y", "loss", "da", "dbeta"), ROWS)
def test_two_three_one_network_by_number(x, a, y, loss, da, dbeta):
    got = two_three_one(np.array([x], float), [3.0])
    assert got[0].tolist() == [a]
    assert got[1].item() == pytest.approx(y, rel=1e-14)
    assert got[2] == pytest.approx(loss, rel=1e-13)
    np.testing.assert_allclose(got[3], [da], rtol=1e-7)
    np.testing.assert_allclose(got[4], [dbeta], rtol=1e-7)
    np.testing.assert_allclose(got[5], got[3].T * [1, *x], rtol=1e-15)


def test_a_batch_gives_the_mean_of_its_samples():
    batch = two_three_one(np.array([case[0] for case in ROWS], float), [3.0] * 3)
    singles = [two_three_one(np.array([case[0]], float), [3.0]) for case in ROWS]
    for result in (2, 4, 5):
        mean = np.mean([single[result] for single in singles], axis=0)
        np.testing.assert_allclose(batch[result], mean, rtol=1e-14)
