"""Cases 4.4 and 4.5: saturated units, vanishing and exploding gradients, by `fn.diagnose`."""

import numpy as np
import pytest

import fastnn as fn
from fastnn.diagnosing import first_unsound

L = fn.layers


def slope(function, a):
    """h' of the output a."""
    return {"sigmoid": a * (1 - a), "tanh": 1 - a * a, "relu": float(a > 0)}[function]


def stack(functions, weights, dtype="float64"):
    """One unit a layer, without bias."""
    layers = [L.Dense(1, function, bias=False) for function in functions]
    net = fn.Sequential(layers, input_shape=(1,), dtype=dtype)
    net.parameters = weights
    return net


def by_hand(functions, weights, x, t):
    """|∂ℓ/∂z| of every layer, for binary cross-entropy: (a − t), then σ'(z) w for each further."""
    a = [x]
    for function, w in zip(functions, weights, strict=True):
        z = w * a[-1]
        h = {"sigmoid": lambda z: 1 / (1 + np.exp(-z)), "tanh": np.tanh}
        a.append(h.get(function, lambda z: max(z, 0.0))(z))
    delta = [a[-1] - t]
    for i in range(len(functions) - 2, -1, -1):
        delta.insert(0, delta[0] * weights[i + 1] * slope(functions[i], a[i + 1]))
    return np.abs(delta)


# loss, |∂ℓ/∂z| at x = −1, whether the unit's saturation stands in the way
NOT_GATE = [("squared_error", 0.0132071244, True), ("binary_cross_entropy", 0.9933071491, False)]


@pytest.mark.parametrize("loss, delta, stuck", NOT_GATE)
def test_a_saturated_unit(loss, delta, stuck):
    net = stack(["sigmoid"], [5.0])
    diagnosis = fn.diagnose(net, [[-1.0]], [[1.0]], loss)
    (row,) = diagnosis.rows
    assert row.mean == pytest.approx(0.0066928509, abs=1e-10)
    assert row.delta == pytest.approx(delta, abs=1e-10)
    assert row.saturated == 1.0
    assert any("ends of sigmoid" in text for text in diagnosis.findings) is stuck
    if stuck:
        assert 'loss="binary_cross_entropy"' in diagnosis.findings[0]


def test_cross_entropy_escapes_from_saturation_and_the_squared_loss_crawls():
    weights = []
    for loss, _, _ in NOT_GATE:
        net = stack(["sigmoid"], [5.0])
        optimizer = fn.optimizers.SGD(1.0)
        net.fit([[-1.0], [1.0]], [1, 0], loss=loss, optimizer=optimizer, epochs=10, verbose=0)
        weights.append(net.parameters[0])
    assert weights[0] > 4.5
    assert weights[1] < -1
    assert net.predict([[-1.0]])[0, 0] > 0.7


@pytest.mark.parametrize("function", ["sigmoid", "tanh", "relu"])
def test_the_gradient_of_every_layer_by_hand(function):
    functions, weights = [function] * 5 + ["sigmoid"], [0.7, 1.3, -0.4, -1.1, 0.9, 2.0]
    diagnosis = fn.diagnose(stack(functions, weights), [[1.5]], [1], "binary_cross_entropy")
    deltas = [row.delta for row in diagnosis.rows]
    np.testing.assert_allclose(deltas, by_hand(functions, weights, 1.5, 1), rtol=1e-12)


def test_deep_stacks_side_by_side():
    deltas, findings = {}, {}
    for function in ("sigmoid", "tanh", "relu"):
        net = stack([function] * 11 + ["sigmoid"], [1.0] * 12)
        diagnosis = fn.diagnose(net, [[1.0]], [0], "binary_cross_entropy")
        deltas[function] = np.array([row.delta for row in diagnosis.rows])
        findings[function] = " ".join(diagnosis.findings)
    sigmoid, tanh, relu = deltas.values()
    assert (sigmoid[:-1] <= sigmoid[1:] / 4).all()
    assert sigmoid[0] < 2.0**-22 * sigmoid[-1]
    assert "vanishes" in findings["sigmoid"]
    assert "instead of sigmoid" in findings["sigmoid"]
    assert (tanh[:-1] < tanh[1:]).all()
    assert tanh[0] > 2.0**-10 * tanh[-1]
    assert (relu == relu[-1]).all()
    assert findings["tanh"] == findings["relu"] == ""


def test_large_weights_explode():
    functions, weights = ["relu"] * 8 + ["sigmoid"], [8.0] * 8 + [1e-8]
    diagnosis = fn.diagnose(stack(functions, weights), [[1.0]], [0], "binary_cross_entropy")
    deltas = [row.delta for row in diagnosis.rows]
    np.testing.assert_allclose(deltas, by_hand(functions, weights, 1.0, 0), rtol=1e-12)
    np.testing.assert_allclose(np.divide(deltas[:-2], deltas[1:-1]), 8.0)
    net = stack(["relu"] * 5, [8.0] * 5)  # 8⁴ is more than 2¹⁰
    diagnosis = fn.diagnose(net, [[1.0]], [[0.0]], "squared_error")
    assert diagnosis.rows[0].delta == pytest.approx(8**4 * diagnosis.rows[-1].delta)
    assert "explodes" in diagnosis.findings[0]
    assert "in Dense (layer 0)" in diagnosis.findings[0]
    assert "explodes" not in str(
        fn.diagnose(stack(["relu"] * 4, [8.0] * 4), [[1.0]], [[0.0]], "squared_error")
    )


def test_the_layer_in_which_numbers_overflow_is_named():
    net = stack(["relu"] * 6, [1e10] * 6, "float32")  # 10⁴⁰ is beyond float32
    found = first_unsound(net, [[0.0], [1.0]], [[0.0], [0.0]], "squared_error")
    assert str(found) == "first in Dense (layer 3): infinity in its output, sample 1"
    (finding,) = fn.diagnose(net, [[0.0], [1.0]], [[0.0], [0.0]], "squared_error").findings
    assert str(found) in finding
