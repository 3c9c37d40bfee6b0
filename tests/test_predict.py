"""A sample's prediction is the same bytes whatever else is in its batch, however it is asked."""

import numpy as np
import pytest

import fastnn as fn
from fastnn.layers.noise import Noise
from networks import DTYPES, LENET, MANY_TERMS, TABLE, VECTOR, L, Network, image, series

pytestmark = pytest.mark.usefixtures("threads_for_all_work")

SAMPLES = 33
BATCHES = [*range(1, 18), SAMPLES]
MORE = [
    LENET,
    MANY_TERMS,
    Network("one feature", (1,), [L.Dense(3, "tanh")]),
    Network(
        "no parameters", VECTOR, [L.Rescale(0.3), L.Activation("tanh"), L.Softmax()], ending=[]
    ),
    Network("1,153 terms", (7, 6, 130), [L.Conv2D(9, 3, padding="same", activation="relu")]),
    Network("16,600 terms", (16600,), [L.Dense(20, "tanh")]),
    image("same, 153 terms", L.Conv2D(17, 3, padding="same"), L.Conv2D(6, (3, 4), padding="same")),
    image("groups of 17", L.Conv2D(34, 2), L.Conv2D(4, 3, groups=2, padding="same", stride=2)),
    series("long kernel", L.Conv1D(4, 41, padding="same", dilation=2)),
]
NETWORKS = MORE + [network for network in TABLE if network not in MORE]


@pytest.fixture(autouse=True)
def one_thread():  # more are tested in test_determinism
    before = fn.get_num_threads()
    fn.set_num_threads(1)
    yield
    fn.set_num_threads(before)


DIFFERENT_IN_TRAINING = (L.BatchNorm, Noise)


def built(network, dtype):
    """A network whose biases are not zeros."""
    net = network.build(dtype)
    net.parameters += network.rng("bias").normal(0, 0.01, net.parameters.shape)
    return net


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_a_prediction_does_not_depend_on_the_rest_of_the_batch(network, dtype):
    net, x = built(network, dtype), network.x(SAMPLES)
    whole = net.predict(x)
    assert np.isfinite(whole).all()
    assert len(np.unique(whole, axis=0)) > 0.9 * SAMPLES
    for i in range(SAMPLES):
        assert net.predict(x[i : i + 1])[0].tobytes() == whole[i].tobytes(), i
    for i in (0, 15, SAMPLES - 1):
        assert net.predict(x[[i] * 5])[4].tobytes() == whole[i].tobytes(), i


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("network", MORE, ids=repr)
def test_predictions_do_not_depend_on_the_sizes_of_batches(network, dtype):
    net, x = built(network, dtype), network.x(SAMPLES)
    whole = net.predict(x).tobytes()
    for n in BATCHES:
        last = net.predict(x[-n:])
        assert whole.endswith(last.tobytes()), n
        assert len(last) == n
        assert net.predict(x, batch_size=n).tobytes() == whole, n
    assert net.predict(x[::-1])[::-1].tobytes() == whole
    assert net.predict(x[:0]).shape == (0, *network.output_shape)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_forward_gives_the_bytes_of_predict(network, dtype):
    net, x = built(network, dtype), network.x(SAMPLES)
    expected = net.predict(x).tobytes()
    assert net.forward(x).tobytes() == expected
    assert net.predict(x).tobytes() == expected
    if not any(isinstance(layer, DIFFERENT_IN_TRAINING) for layer in net.layers):
        assert net.forward(x, training=True).tobytes() == expected
        assert net.predict(x).tobytes() == expected


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
@pytest.mark.parametrize("network", MORE, ids=repr)
def test_a_sample_out_of_the_ordinary_changes_no_other(network, value):
    net, x = built(network, "float32"), network.x(SAMPLES)
    expected = net.predict(x)
    others = np.arange(SAMPLES) != 20
    x[20] = value
    assert net.predict(x)[others].tobytes() == expected[others].tobytes()


@pytest.mark.parametrize("network", MORE[:3], ids=repr)
def test_parameters_that_are_written_take_effect_at_the_next_call(network):
    net, x = built(network, "float32"), network.x(5)
    first, parameters = net.predict(x), net.parameters.copy()
    fresh = network.build()
    fresh.parameters[:] = 2 * parameters
    net.parameters *= 2
    assert net.predict(x).tobytes() == fresh.predict(x).tobytes() != first.tobytes()
    net.parameters = parameters
    assert net.predict(x).tobytes() == first.tobytes()


def test_a_trained_network_predicts_samples_one_by_one_as_together():
    for network in MORE[:2]:
        net, (x, y, _) = network.build(), network.batch(SAMPLES)
        net.fit(x, y, batch_size=10, verbose=0)
        whole = net.predict(x)
        assert [net.predict(x[i : i + 1]).tobytes() for i in range(SAMPLES)] == [
            row.tobytes() for row in whole
        ]
        for predict in (net.predict_proba, net.predict_classes):
            assert predict(x, batch_size=7).tobytes() == predict(x).tobytes()


def test_a_network_without_a_program_predicts_the_same_bytes():
    class Own(L.Dense):
        _instruction = None

    x, y = np.random.default_rng(0).normal(size=(SAMPLES, 3)), np.arange(SAMPLES) % 2
    one, other = (fn.Sequential([kind(2)], input_shape=(3,)) for kind in (L.Dense, Own))
    assert one.predict(x).tobytes() == other.predict(x).tobytes()
    assert one.evaluate(x, y, loss="cross_entropy") == other.evaluate(x, y, loss="cross_entropy")
