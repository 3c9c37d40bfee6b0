"""Numbers at the edge: what is finite there, and what is a NaN that the docs announce."""

import numpy as np
import pytest

import fastnn as fn
from fastnn import functional

L = fn.layers
DTYPES = ["float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["cross_entropy", "focal", "kl_divergence"])
def test_losses_of_large_logits_are_finite(name, dtype):
    logits = np.array([[1e4, -1e4, 0], [-1e4, -1e4, 1e4]], dtype)
    target = np.array([[0, 1, 0], [1, 0, 0]], dtype)
    loss, gradient = getattr(functional, name)(logits, target)
    assert np.isfinite(loss)
    assert np.isfinite(gradient).all()
    assert loss == pytest.approx(2e4, rel=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["binary_cross_entropy", "binary_focal"])
def test_losses_of_large_single_logits_are_finite(name, dtype):
    logits, target = np.array([[1e4], [-1e4]], dtype), np.array([[0], [1]], dtype)
    loss, gradient = getattr(functional, name)(logits, target)
    assert loss == pytest.approx(1e4, rel=1e-6)
    np.testing.assert_allclose(gradient, [[0.5], [-0.5]])


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_class_that_is_impossible_has_no_part(dtype):
    logits = np.array([[-np.inf, 0.0, 0.0]], dtype)
    assert functional.softmax_forward(logits).tolist() == [[0, 0.5, 0.5]]
    loss, gradient = functional.cross_entropy(logits, [1])
    assert loss == pytest.approx(np.log(2), rel=1e-6)
    assert gradient.tolist() == [[0, -0.5, 0.5]]
    assert functional.cross_entropy(logits, [0])[0] == np.inf  # log 0


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_row_of_impossible_classes_is_nan_as_announced(dtype):
    y = functional.softmax_forward(np.array([[-np.inf, -np.inf], [0, 0]], dtype))
    assert np.isnan(y[0]).all()
    assert y[1].tolist() == [0.5, 0.5]


@pytest.mark.parametrize("dtype", DTYPES)
def test_channels_that_do_not_vary_are_normalised_to_zero(dtype):
    x = np.full((7, 3), 1e4, dtype)
    for training in (True, False):
        net = fn.Sequential([L.BatchNorm(), L.Dense(2)], input_shape=(3,), dtype=dtype)
        if training:
            assert not functional.batch_norm_forward(x)[0].any()
        else:
            net.layers[0].running_variance[:] = 0
        trainer = fn.Trainer(net, "cross_entropy", "sgd")
        assert np.isfinite(trainer.step(x, [0, 1, 0, 1, 0, 1, 0]))
        assert np.isfinite(net.predict(x)).all()
        assert np.isfinite(net.parameters).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("samples", [1, 17])
def test_a_batch_norm_of_one_sample_trains(dtype, samples):
    net = fn.Sequential([L.Dense(3), L.BatchNorm(), L.Dense(2)], input_shape=(2,), dtype=dtype)
    trainer = fn.Trainer(net, "cross_entropy", "adam")
    x = np.random.default_rng(0).normal(size=(samples, 2))
    for _ in range(3):
        assert np.isfinite(trainer.step(x[:samples], np.zeros(samples, int)))
    assert np.isfinite(net.parameters).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_adam_does_not_move_where_the_gradient_is_zero(dtype):
    parameters = np.array([1.0, 2.0], dtype)
    adam = fn.optimizers.Adam(0.5)
    for _ in range(3):
        adam.update(parameters, np.zeros(2, dtype))
    assert parameters.tolist() == [1, 2]


@pytest.mark.parametrize("dtype", DTYPES)
def test_networks_step_on_large_logits(dtype):
    net = fn.Sequential([L.Dense(3)], input_shape=(1,), dtype=dtype)
    net.layers[0].weight = [[1e4], [-1e4], [0.0]]
    trainer = fn.Trainer(net, "cross_entropy", "sgd")
    assert trainer.step(np.ones((20, 1), dtype), np.ones(20, int)) == pytest.approx(2e4, rel=1e-6)
    assert np.isfinite(net.parameters).all()
