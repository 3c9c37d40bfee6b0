"""Training on every instruction set of this CPU, each in a process of its own.

AVX2 and AVX-512 give the same bytes. The generic build has no fused multiply-add: in float64 it is
as near to them as to the reference.
"""

import sys

import numpy as np
import pytest

import fastnn as fn
from isas import FUSED, ISAS, results_by_isa
from networks import DTYPES, LENET, MANY_TERMS, SGD, Adam, L, Network, image, volume
from tolerances import TRAINING, assert_within

STEPS = [77, 37, 5, 77, 37]  # samples of each
NETWORKS = [
    LENET,
    MANY_TERMS,
    image(
        "everything",
        L.Activation("tanh"),
        L.AveragePool2D(3, stride=2, padding=1, ceil_mode=True),
        L.Conv2D(18, 3, padding="same", activation="sigmoid"),
        L.Conv2D(20, 3, stride=2, padding=1, groups=2, activation="relu"),
        L.MaxPool2D(2, stride=1),
        L.Softmax(),
        optimizer=lambda: SGD(0.05, momentum=0.9, nesterov=True),
    ),
    image(
        "upkeep",
        L.Conv2D(20, 3, weight_constraint=fn.constraints.MaxNorm(0.5), weight_regularizer="l1_l2"),
        L.PReLU(slope_regularizer="l1", slope_constraint="non_negative"),
        optimizer=lambda: Adam(clip_value=0.1, clip_norm=0.5, gradient_noise=0.01),
    ),
    image("AdamW", optimizer=lambda: fn.optimizers.AdamW(fn.schedules.Cosine(0.01, 9))),
    image("Lion", optimizer=lambda: fn.optimizers.Lion(0.001, weight_decay=0.1)),
    image("RMSprop", optimizer=lambda: fn.optimizers.RMSprop(0.001, momentum=0.5, centered=True)),
    image("Adadelta", optimizer=lambda: fn.optimizers.Adadelta(weight_decay=0.1)),
    image("Adagrad", optimizer=lambda: fn.optimizers.Adagrad(weight_decay=0.1)),
    volume("numbers", L.Conv3D(4, 2), loss="mean_squared_error", target="numbers", optimizer=Adam),
    Network(
        "shares of two",
        (40, 3),
        [L.Standardize(), L.Conv1D(16, 5, dilation=2, activation="tanh"), L.MaxPool1D(3, stride=2)],
        ending=[L.Flatten(), L.Dense(2, "sigmoid")],
        loss="binary_cross_entropy",
        target="numbers",
    ),
]


def train_all(path):
    """Save what training gives: what the processes started below do."""
    arrays = {"isa": np.array(fn.build_info()["isa"])}
    for network in NETWORKS:
        for dtype in DTYPES:
            trainer = network.trainer(dtype)
            batches = [network.batch(n, key) for key, n in enumerate(STEPS)]
            found = {
                "losses": np.array([trainer.step(*batch) for batch in batches]),
                "gradients": (trainer.loss_and_gradients(*batches[0]), trainer.net.gradients)[1],
                "parameters": trainer.net.parameters,
                "predict": trainer.net.predict(batches[0][0]),
            }
            arrays |= {f"{network} {dtype} {name}": array for name, array in found.items()}
    np.savez(path, **arrays)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What training gives on every instruction set, by its name."""
    return results_by_isa(__file__, tmp_path_factory.mktemp("isa"))


@pytest.mark.skipif(len(FUSED) < 2, reason="needs a CPU with AVX-512")
@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_instruction_sets_with_fused_multiply_add_train_to_the_same_bytes(results, network):
    names = [name for name in results["avx2"] if name.startswith(f"{network} ")]
    assert len(names) == 8
    different = [n for n in names if results["avx512"][n].tobytes() != results["avx2"][n].tobytes()]
    assert not different


@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_every_instruction_set_trains_to_nearly_the_same_numbers(results, network):
    for isa in ISAS[1:]:
        for name, expected in results["generic"].items():
            if name.startswith(f"{network} float64 "):
                allowed = TRAINING * np.max(np.abs(expected))
                assert_within(results[isa][name], expected, allowed, f"{isa} {name}")


@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_training_depends_on_no_memory_that_nobody_wrote(results, network):
    # in this process nobody fills the memory
    expected = results[fn.build_info()["isa"]]
    trainer = network.trainer()
    losses = [trainer.step(*network.batch(n, key)) for key, n in enumerate(STEPS)]
    assert losses == expected[f"{network} float32 losses"].tolist()
    parameters = expected[f"{network} float32 parameters"]
    assert trainer.net.parameters.tobytes() == parameters.tobytes()


if __name__ == "__main__":
    train_all(sys.argv[1])
