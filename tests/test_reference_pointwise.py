"""The reference's activations, losses and updates against SciPy, differences and closed forms."""

import math

import numpy as np
import pytest
from scipy import special

from fastnn import reference

X = np.array([[-800.0, -30.5, -1.25, -0.5], [-0.0, 0.0, 1e-9, 0.75], [2.5, 20.0, 36.5, 800.0]])
ACTIVATIONS = {
    "relu": lambda x: np.where(x > 0, x, 0.0),
    "sigmoid": special.expit,
    "tanh": np.tanh,
    "softmax": lambda x: special.softmax(x, axis=-1),
    "sign": np.sign,
}


def integers(seed, *shape):
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(np.float64)


def central_differences(function, x, step=1e-5):
    """Gradient of a scalar function of an array, element by element."""
    gradient = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[index] += step
        below[index] -= step
        gradient[index] = (function(above) - function(below)) / (2 * step)
    return gradient


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("shape", [(12,), (3, 4), (2, 3, 2), (1, 2, 2, 3)])
def test_activation_agrees_with_scipy(name, shape):
    x = X.reshape(shape)
    y = getattr(reference, f"{name}_forward")(x)
    np.testing.assert_allclose(y, ACTIVATIONS[name](x), rtol=4e-16, atol=0)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_gradient_agrees_with_central_differences(name):
    forward = getattr(reference, f"{name}_forward")
    x, dy = (integers(1, 4, 5) + 0.25) / 2, integers(2, 4, 5)
    dx = getattr(reference, f"{name}_backward")(dy, forward(x))
    expected = central_differences(lambda x: np.sum(dy * forward(x)), x)
    np.testing.assert_allclose(dx, expected, rtol=1e-8, atol=1e-8)


def test_relu_has_derivative_0_at_0():
    assert reference.relu_backward([5.0], reference.relu_forward([0.0])).tolist() == [0.0]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_nan_stays_nan(name):
    y = getattr(reference, f"{name}_forward")([[np.nan, 1.0]])
    assert np.isnan(y[0, 0])


@pytest.mark.parametrize(
    ("name", "expected"),
    [("relu", [0, np.inf]), ("sigmoid", [0, 1]), ("tanh", [-1, 1]), ("sign", [-1, 1])],
)
def test_activation_of_infinity(name, expected):
    assert getattr(reference, f"{name}_forward")([-np.inf, np.inf]).tolist() == expected


LOGITS = (integers(3, 5, 4) + 0.25) / 2
SPATIAL = (integers(4, 3, 2, 2, 4) + 0.25) / 2
LABELS = np.array([0, 3, 1, 1, 2])
SPATIAL_LABELS = np.random.default_rng(5).integers(0, 4, (3, 2, 2))
ROWS = np.abs(integers(6, 5, 4)) / 2
BITS = np.array([[0, 1, 1, 0], [1, 1, 0, 0.25], [0, 0, 0, 1], [0.5, 1, 0, 1], [1, 0, 0, 0]])
WEIGHTS = np.array([1.0, 0.0, 2.5, 3.0, 0.5])


def sample_cross_entropy(z, t):
    """One number a sample: the mean over positions of -sum t log softmax(z)."""
    t = np.eye(z.shape[-1])[t] if t.shape != z.shape else t
    return -(t * special.log_softmax(z, -1)).sum(-1).reshape(len(z), -1).mean(-1)


LOSSES = [
    # name, output, target, sample weight, one number a sample
    ("cross_entropy", LOGITS, LABELS, None, sample_cross_entropy),
    ("cross_entropy", LOGITS, LABELS, WEIGHTS, sample_cross_entropy),
    ("cross_entropy", LOGITS, np.eye(4)[LABELS], WEIGHTS, sample_cross_entropy),
    ("cross_entropy", LOGITS, ROWS, WEIGHTS, sample_cross_entropy),
    ("cross_entropy", SPATIAL, SPATIAL_LABELS, WEIGHTS[2:], sample_cross_entropy),
    ("cross_entropy", SPATIAL, np.abs(integers(7, 3, 2, 2, 4)), None, sample_cross_entropy),
    (
        "binary_cross_entropy",
        LOGITS,
        BITS,
        WEIGHTS,
        lambda z, t: -(t * special.log_expit(z) + (1 - t) * special.log_expit(-z)).sum(-1),
    ),
    ("half_squared_error", LOGITS, ROWS, WEIGHTS, lambda y, t: ((y - t) ** 2).sum(-1) / 2),
    ("squared_error", LOGITS, ROWS, None, lambda y, t: ((y - t) ** 2).sum(-1)),
    ("mean_squared_error", LOGITS, ROWS, WEIGHTS, lambda y, t: ((y - t) ** 2).mean(-1)),
    (
        "mean_squared_error",
        SPATIAL,
        SPATIAL[::-1],
        None,
        lambda y, t: ((y - t) ** 2).mean((1, 2, 3)),
    ),
]


@pytest.mark.parametrize(("name", "output", "target", "weight", "per_sample"), LOSSES)
def test_loss_agrees_with_scipy_and_central_differences(name, output, target, weight, per_sample):
    function = getattr(reference, name)
    loss, gradient = function(output, target, sample_weight=weight)
    assert type(loss) is float
    assert loss == pytest.approx(np.average(per_sample(output, target), weights=weight), rel=1e-14)
    expected = central_differences(
        lambda output: function(output, target, sample_weight=weight)[0], output
    )
    np.testing.assert_allclose(gradient, expected, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize(("name", "output", "target", "weight", "per_sample"), LOSSES)
def test_weights_that_sum_to_0_give_loss_and_gradient_0(name, output, target, weight, per_sample):
    loss, gradient = getattr(reference, name)(output, target, sample_weight=np.zeros(len(output)))
    assert loss == 0.0
    assert not gradient.any()


@pytest.mark.parametrize("name", ["cross_entropy", "binary_cross_entropy"])
def test_fused_gradient_equals_the_long_way(name):
    loss_to_output = {
        "cross_entropy": ("softmax", ROWS, lambda y, t: -t / y),
        "binary_cross_entropy": ("sigmoid", BITS, lambda y, t: (y - t) / (y * (1 - y))),
    }
    activation, target, derivative = loss_to_output[name]
    y = getattr(reference, f"{activation}_forward")(LOGITS)
    long_way = getattr(reference, f"{activation}_backward")(derivative(y, target), y) / len(y)
    _, fused = getattr(reference, name)(LOGITS, target)
    np.testing.assert_allclose(fused, long_way, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(
    "name", ["binary_cross_entropy", "half_squared_error", "squared_error", "mean_squared_error"]
)
def test_targets_n_and_n_by_1_mean_the_same(name):
    y, target = integers(1, 5, 1), np.array([0.0, 1, 1, 0, 1])
    expected_loss, expected = getattr(reference, name)(y, target[:, None])
    for output, targets in ((y, target), (y[:, 0], target), (y[:, 0], target[:, None])):
        loss, gradient = getattr(reference, name)(output, targets)
        assert loss == expected_loss
        np.testing.assert_array_equal(gradient, expected.reshape(output.shape), strict=True)


def test_large_logits_lose_nothing():
    assert reference.cross_entropy([[1000.0, 0.0]], [1])[0] == 1000.0
    assert reference.cross_entropy([[1000.0, 0.0]], [0])[0] == 0.0
    assert reference.binary_cross_entropy([[-1000.0]], [[1.0]])[0] == 1000.0


def test_a_saturated_unit_by_number():
    """One sigmoid unit with w = 5 at x = -1 and target 1."""
    a = reference.sigmoid_forward([[-5.0]])
    assert a.item() == pytest.approx(0.0066928509, abs=1e-10)
    _, da = reference.squared_error(a, [1.0])
    assert reference.sigmoid_backward(da, a).item() == pytest.approx(-0.0132071244, abs=1e-10)
    _, dz = reference.binary_cross_entropy([[-5.0]], [1.0])
    assert dz.item() == pytest.approx(-0.9933071491, abs=1e-10)


GRADIENTS = integers(8, 6, 5) / 4


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.5, False), (0.5, True)])
def test_sgd_agrees_with_the_unrolled_sum(momentum, nesterov, dtype):
    """Powers of two throughout: every number is exact in both dtypes."""
    parameters, velocity = np.ones(5, dtype), np.zeros(5, dtype)
    expected = np.ones(5)
    for t, gradients in enumerate(GRADIENTS.astype(dtype)):
        result = reference.sgd_update(
            parameters,
            gradients,
            velocity,
            learning_rate=0.25,
            momentum=momentum,
            nesterov=nesterov,
        )
        total = sum(momentum ** (t - i) * GRADIENTS[i] for i in range(t + 1))
        expected -= 0.25 * (GRADIENTS[t] + momentum * total if nesterov else total)
        assert result is None
        np.testing.assert_array_equal(parameters, expected)
        np.testing.assert_array_equal(velocity, total)


def test_sgd_without_momentum_needs_no_velocity():
    parameters = np.array([1.0, 2.0])
    reference.sgd_update(parameters, np.array([4.0, -8.0]), None, learning_rate=0.5)
    assert parameters.tolist() == [-1.0, 6.0]


def test_adam_agrees_with_the_unrolled_sums():
    parameters, m, v = np.ones(5), np.zeros(5), np.zeros(5)
    expected, beta1, beta2 = np.ones(5), 0.8, 0.95
    for step in range(1, len(GRADIENTS) + 1):
        reference.adam_update(
            parameters,
            GRADIENTS[step - 1],
            m,
            v,
            step=step,
            learning_rate=0.1,
            beta1=beta1,
            beta2=beta2,
            epsilon=1e-3,
        )
        ages = np.arange(step)[::-1, None]
        mean = np.average(GRADIENTS[:step], axis=0, weights=(beta1**ages)[:, 0])
        square = np.average(GRADIENTS[:step] ** 2, axis=0, weights=(beta2**ages)[:, 0])
        expected -= 0.1 * mean / (np.sqrt(square) + 1e-3)
        np.testing.assert_allclose(parameters, expected, rtol=1e-13)
        np.testing.assert_allclose(m, mean * (1 - beta1**step), rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(v, square * (1 - beta2**step), rtol=1e-12, atol=1e-15)


def test_the_first_step_of_adam_is_the_learning_rate():
    parameters, moments = np.zeros(3), np.zeros((2, 3))
    gradients = np.array([1e-3, -5.0, 700.0])
    reference.adam_update(parameters, gradients, *moments, step=1, learning_rate=0.125)
    np.testing.assert_allclose(parameters, [-0.125, 0.125, -0.125], rtol=1e-4)
    assert math.isclose(moments[0][1], -0.5)


def test_updates_work_on_strided_views():
    whole = np.zeros(6)
    reference.sgd_update(whole[::2], np.ones(6)[::2], None, learning_rate=1.0)
    assert whole.tolist() == [-1, 0, -1, 0, -1, 0]
