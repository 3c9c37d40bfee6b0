"""What goes wrong in networks and training is said at once: calls, exceptions and messages."""

import copy

import numpy as np
import pytest
import scipy.sparse

import fastnn as fn
from fastnn.layers import Conv2D, Dense, Flatten, LogSoftmax, PReLU, Softmax

SGD, Adam, Sequential = fn.optimizers.SGD, fn.optimizers.Adam, fn.Sequential
Trainer = fn.Trainer
HUGE = 2**63 - 1
NAN = float("nan")


def ones(*shape):
    return np.ones(shape)


def net(units=3, activation=None, features=4):
    return Sequential([Dense(units, activation)], input_shape=(features,))


def fit(y, units=3, x=None, activation=None, **how):
    x = ones(len(y), 4) if x is None else x
    return net(units, activation).fit(x, y, **({"verbose": 0} | how))


def step(y, units=3, loss="cross_entropy", weight=None):
    return Trainer(net(units), loss).step(ones(np.shape(y)[0], 4), y, weight)


def fitted(labels=("a", "b", "c")):
    trained = net(len(labels))
    trained.fit(ones(len(labels), 4), list(labels), verbose=0)
    return trained


def with_nan():
    x = ones(5, 4)
    x[2, 1] = x[3, 0] = NAN
    return x


def joined():
    layer = Dense(2)
    Sequential([layer])
    return layer


def served(kind):
    optimizer = kind()
    Trainer(net(), optimizer=optimizer)
    return optimizer


NETWORKS = [
    (lambda: Sequential([]), ValueError, "Sequential: expected at least one layer, got none"),
    (lambda: Sequential([Flatten]), TypeError, r"got the class Flatten; write Flatten\(…\)"),
    (lambda: Sequential(["relu"]), TypeError, "expected layers, got 'relu' at index 0"),
    (lambda: Sequential([joined()]), ValueError, "Dense at index 0 is in a network already"),
    (lambda: Sequential([joined()], input_shape=(2,)), ValueError, "in a network already"),
    (lambda: Sequential([Flatten()] * 2), ValueError, "Flatten at index 1 is in a network"),
    (lambda: Sequential([Dense(2)], dtype="int8"), ValueError, 'expected dtype "float32"'),
    (lambda: Sequential([Dense(2)], seed=-1), ValueError, "Sequential: seed .* got -1"),
    (lambda: Sequential([Dense(2)], seed=1.5), TypeError, "Sequential: seed must be an integer"),
    (lambda: net().build((4,)), ValueError, "built already"),
    (
        lambda: Sequential([Dense(2, input_shape=(3,))], input_shape=(4,)),
        ValueError,
        r"Dense: expected x of shape \(N, 3\), got shape \(N, 4\)",
    ),
    (
        lambda: Sequential([Dense(2).build((3,))], input_shape=(4,)),
        ValueError,
        r"Dense: expected x of shape \(N, 3\), got shape \(N, 4\)",
    ),
    (
        lambda: Sequential([Dense(2), Conv2D(1, 1)], input_shape=(4,)),
        ValueError,
        r"Conv2D: expected input of shape .*, got \(N, 2\)",
    ),
    (lambda: fn.losses.get("cross_entrpy"), ValueError, "did you mean 'cross_entropy'"),
    (lambda: fn.losses.get(np.mean), TypeError, "expected the name of loss"),
    (lambda: fn.optimizers.get("Adma"), ValueError, "did you mean 'adam'"),
    (lambda: fn.optimizers.get(SGD), TypeError, r"got its class; write SGD\(\)"),
    (lambda: Trainer(net(), optimizer=served(SGD)), ValueError, "SGD: it serves another network"),
    (lambda: Trainer(net(), optimizer=served(Adam)), ValueError, "Adam: it serves another network"),
    (
        lambda: two_sizes(SGD(0.1, 0.9)),
        ValueError,
        "SGD: its state is for 3 parameters of float64, got 4",
    ),
    (
        lambda: Trainer(net(3, "relu"), "cross_entropy"),
        ValueError,
        "cross_entropy: expected a network that ends in logits or softmax, got .* is relu",
    ),
    (lambda: Trainer(net(3, "sigmoid"), "cross_entropy"), ValueError, "activation is sigmoid"),
    (lambda: Trainer(net(3, "softmax"), "binary_cross_entropy"), ValueError, "is softmax"),
    (lambda: Trainer(net(3, "sigmoid"), "focal"), ValueError, "activation is sigmoid"),
    (lambda: Trainer(net(3, "gelu"), "kl_divergence"), ValueError, "activation is gelu"),
    (lambda: Trainer(net(3, "log_softmax"), "binary_focal"), ValueError, "is log_softmax"),
    (lambda: Trainer(net(3, "hard_sigmoid"), "binary_focal"), ValueError, "is hard_sigmoid"),
    *(
        (
            lambda loss=loss: Trainer(Sequential([PReLU()], input_shape=(3,)), loss),
            ValueError,
            f"{loss}: expected .* in logits .* got one whose last activation is prelu",
        )
        for loss in ("cross_entropy", "binary_cross_entropy", "focal", "kl_divergence")
    ),
    (
        lambda: Trainer(Sequential([LogSoftmax(), Flatten()], input_shape=(2, 2)), "focal"),
        ValueError,
        "log_softmax followed by Flatten",
    ),
    (
        lambda: Trainer(Sequential([Softmax(), Flatten()], input_shape=(2, 2)), "cross_entropy"),
        ValueError,
        "softmax followed by Flatten",
    ),
    (lambda: Trainer(net(), "mse"), ValueError, "unknown loss 'mse'"),
]


def two_sizes(optimizer):
    optimizer.update(ones(3), ones(3))
    optimizer.update(ones(4), ones(4))


STEPS = [
    (lambda: step([0, 3]), ValueError, "labels 0 … 2, got 3 at index 1; .*fit takes labels of any"),
    (lambda: step([0, -1]), ValueError, "labels 0 … 2, got -1 at index 1"),
    (lambda: step([0, -(2**63)]), ValueError, "got -9223372036854775808 at index 1"),
    (lambda: step([0, HUGE]), ValueError, "got 9223372036854775807 at index 1"),
    (lambda: step(np.array([0, 2**64 - 1], np.uint64)), ValueError, "got 18446744073709551615"),
    (lambda: step([0.0, 2.0**63]), ValueError, "labels 0 … 2"),
    (lambda: step([0.5, 1.0]), ValueError, "got 0.5 at index 0"),
    (lambda: step([0, NAN]), ValueError, r"target holds 1 NaN, the first at index \(1,\)"),
    (lambda: step([0, np.inf]), ValueError, "got inf"),
    (lambda: step(["a", "b"]), TypeError, "got text; the network's fit takes labels of any kind"),
    (lambda: step([1j, 0]), TypeError, "complex"),
    (lambda: step([0, None]), TypeError, "got objects"),
    (lambda: step(scipy.sparse.eye(3)), TypeError, r"target.toarray\(\)"),
    (lambda: step(ones(2, 2)), ValueError, r"labels of shape \(2,\) or rows of shape \(2, 3\)"),
    (lambda: step(-ones(2, 3)), ValueError, "cross_entropy: "),
    (lambda: step([0, 1], units=1), ValueError, "use binary_cross_entropy for one output"),
    (lambda: step([0, 2], 1, "binary_cross_entropy"), ValueError, "binary_cross_entropy: "),
    (lambda: step([0, 1], 3, "binary_cross_entropy"), ValueError, r"shape \(2, 3\), the network's"),
    (
        lambda: step([0, 1], 1, "squared_error", [1]),
        ValueError,
        r"\(2,\), one a sample, got \(1,\)",
    ),
    (lambda: step([0, 1], 1, "squared_error", [1, -1]), ValueError, "got -1.0 at index 1"),
    (lambda: step([0, 1], 1, "squared_error", [NAN, 1]), ValueError, "got nan at index 0"),
    (lambda: step([0, 1], 1, "squared_error", [1e300, 1]), ValueError, "got inf at index 0"),
    (
        lambda: step([0, 1], 1, "squared_error", ["a", "b"]),
        TypeError,
        "sample_weight of real numbers",
    ),
    (
        lambda: step(["a", "b"], 1, "half_squared_error"),
        TypeError,
        'expected numbers as target, got text; for classes use loss="cross_entropy"',
    ),
    (
        lambda: step([0, 1], 2, "squared_error"),
        ValueError,
        r"target of shape \(2, 2\), the network",
    ),
    (
        lambda: step(ones(2, 2), 1, "squared_error"),
        ValueError,
        r"target of shape \(2, 1\) or \(2,\), the network's output, got \(2, 2\)",
    ),
    (lambda: step([0, NAN], 1, "squared_error"), ValueError, "target holds 1 NaN"),
    (
        lambda: Trainer(net()).step(with_nan(), [0] * 5),
        ValueError,
        r"Trainer: x holds 2 NaN, the first at index \(2, 1\); drop .*np.nan_to_num\(x\)",
    ),
    (lambda: Trainer(net()).step(ones(2, 3), [0, 1]), ValueError, r"expected x of shape \(N, 4\)"),
    (lambda: Trainer(net()).step(ones(2, 4), [0]), ValueError, r"labels of shape \(2,\)"),
]

FITS = [
    (
        lambda: fit([0] * 5, x=with_nan()),
        ValueError,
        r"fit: x holds 2 NaN, the first at index \(2, 1\)",
    ),
    (lambda: fit([0, 1], x=ones(3, 4)), ValueError, r"a y for every x, .*\(3, 4\) and y .*\(2,\)"),
    (lambda: fit([]), ValueError, "fit: expected at least one sample"),
    (lambda: fit([0, 1], epochs=0), ValueError, "fit: epochs .* got 0"),
    (lambda: fit([0, 1], batch_size=0), ValueError, "fit: batch_size .* got 0"),
    (lambda: fit([0, 1], batch_size=2.0), TypeError, "fit: batch_size must be an integer"),
    (lambda: fit([0, 1], loss="crossentropy"), ValueError, "did you mean 'cross_entropy'"),
    (lambda: fit([0, 1], optimizer="sdg"), ValueError, "did you mean 'sgd'"),
    (lambda: fit([0, 1], optimizer=0.1), TypeError, "expected the name of optimizer"),
    (lambda: fit([0, 1], activation="relu"), ValueError, "last activation is relu"),
    (lambda: fit([0, 1], units=1), ValueError, "use binary_cross_entropy for one output"),
    (
        lambda: fit(list("abcd")),
        ValueError,
        "found 4 classes in y .'a', 'b', 'c', 'd'., but the network tells 3 apart",
    ),
    (lambda: fit(list("ab")), ValueError, "found 2 classes in y .*tells 3 apart"),
    (lambda: fit([0, 7]), ValueError, "found 2 classes in y"),
    (
        lambda: fit([0, 1, 2], units=1, loss="binary_cross_entropy"),
        ValueError,
        "found 3 classes in y .* tells 2 apart",
    ),
    (lambda: fit([0.5, 1, 2]), ValueError, 'got 0.5; for numbers use loss="mean_squared_error"'),
    (lambda: fit([0, 1, NAN]), ValueError, r"y holds 1 NaN, the first at index \(2,\)"),
    (lambda: fit(["a", None, "b"]), TypeError, "all text or all whole numbers, got dtype object"),
    (lambda: fit(np.array(["a", NAN, 1], object)), TypeError, "drop samples without a label"),
    (lambda: fit([1j, 0, 1]), TypeError, "labels that are all text or all whole numbers"),
    (
        lambda: fit(["a", "b"], units=1, loss="mean_squared_error"),
        TypeError,
        'got text; for classes use loss="cross_entropy"',
    ),
    (
        lambda: fit(scipy.sparse.eye(3, format="csr")[:, 0], x=ones(3, 4)),
        TypeError,
        r"y.toarray\(\)",
    ),
    (lambda: fit([0, 1, 2], sample_weight=[1, 2]), ValueError, r"fit: .*sample_weight of shape"),
    (lambda: fit([0, 1, 2], sample_weight=[1, 2, -1]), ValueError, "got -1.0 at index 2"),
    (lambda: fit([0, 1, 2], class_weight={7: 1}), ValueError, "class_weight: label 7 at index 0"),
    (
        lambda: fit([0, 1, 2], class_weight={"a": 1}),
        TypeError,
        "class_weight: expected labels like",
    ),
    (lambda: fit([0, 1, 2], class_weight="balance"), ValueError, "got 'balance'"),
    (lambda: fit([0, 1, 2], class_weight=2), TypeError, 'class_weight "balanced" or a dict, got 2'),
    (lambda: fit([0, 1, 2], class_weight={0: -1}), ValueError, "class_weight.*at least 0, got -1"),
    (
        lambda: fit(np.eye(3), class_weight="balanced"),
        ValueError,
        "class_weight is for labels of shape .N,., got y of shape .3, 3. with cross_entropy",
    ),
    (lambda: fit([0, 1, 2], callbacks=[print]), TypeError, "callbacks: expected objects with any"),
    (
        lambda: fit([0, 1, 2], metrics=["acuracy"]),
        ValueError,
        "metric 'acuracy': did you mean 'accuracy'",
    ),
    (
        lambda: fit(ones(2, 3), loss="squared_error", metrics=["accuracy"]),
        ValueError,
        "accuracy is for classification, squared_error has no classes",
    ),
    (lambda: fit([0, 1, 2], validation_data=ones(2, 4)), ValueError, r"expected \(x, y\) or"),
    (
        lambda: fit(list("abc"), validation_data=(ones(1, 4), ["d"])),
        ValueError,
        "validation_data: label 'd' at index 0 is none of the network's classes .'a', 'b', 'c'.",
    ),
    (
        lambda: fit([0, 1, 2], validation_data=(ones(1, 3), [0])),
        ValueError,
        r"expected x of shape \(N, 4\), got shape \(1, 3\)",
    ),
    (lambda: fitted().fit(ones(1, 4), ["d"]), ValueError, "fit: label 'd' at index 0 is none of"),
    (lambda: fitted().fit(ones(1, 4), [0]), TypeError, "expected labels like 'a', 'b', 'c', got 0"),
    (
        lambda: fitted().evaluate(ones(2, 4), ["a", "e"]),
        ValueError,
        "evaluate: label 'e' at index 1",
    ),
    (lambda: net().evaluate(ones(1, 4), [0]), ValueError, "was not trained; give a loss"),
    (
        lambda: regression().predict_proba(ones(1, 4)),
        ValueError,
        "trained with squared_error has no probabilities; use predict",
    ),
]


def regression():
    trained = net(1)
    trained.fit(ones(1, 4), [1.0], loss="squared_error", verbose=0)
    return trained


TABLE = [*NETWORKS, *STEPS, *FITS]


@pytest.mark.parametrize(("call", "error", "message"), TABLE, ids=[m for *_, m in TABLE])
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_bad_data_leave_the_parameters_alone():
    trained = net()
    before = trained.parameters.copy()
    trainer = Trainer(trained)
    for x, y in ((with_nan(), [0] * 5), (ones(2, 4), [0, 3]), (ones(2, 4), [0, NAN])):
        with pytest.raises(ValueError, match=r"NaN|labels"):
            trainer.step(x, y)
        with pytest.raises(ValueError, match=r"NaN|classes"):
            trained.fit(x, [0, 1, 2, 3, 0][: len(y)] if x.shape[0] == 5 else [0, 9], verbose=0)
    np.testing.assert_array_equal(trained.parameters, before)
    assert trained.classes_ is None


def test_an_optimizer_goes_with_a_copy_of_its_network():
    trained = fitted()
    twin = copy.deepcopy(trained)
    twin.fit(ones(1, 4), ["a"], verbose=0)
    assert twin.optimizer is not trained.optimizer
