"""Losses at their limits, and as objects: settings, fit, decisions, saving."""

import numpy as np
import pytest

import fastnn as fn
from fastnn import functional, losses

L, INFINITY, NAN = fn.layers, np.inf, np.nan
DTYPES = ["float32", "float64"]
HUGE = 1e4


def of(loss, y, target, dtype="float64", **how):
    """A loss, and its gradient as a list."""
    loss, gradient = getattr(functional, loss)(np.array(y, dtype), target, **how)
    assert gradient.dtype == dtype
    return loss, gradient.tolist()


LIMITS = [
    # loss, y, target, expected loss and gradient
    ("cross_entropy", [[HUGE, -HUGE]], [1], 2e4, [[1, -1]]),
    ("cross_entropy", [[HUGE, -HUGE]], [0], 0, [[0, 0]]),
    ("cross_entropy", [[0, -INFINITY]], [0], 0, [[0, 0]]),
    ("cross_entropy", [[0, -INFINITY]], [1], INFINITY, [[1, -1]]),
    ("focal", [[HUGE, -HUGE]], [1], 2e4, [[1, -1]]),
    ("focal", [[HUGE, -HUGE]], [0], 0, [[0, 0]]),
    ("focal", [[HUGE, -HUGE]], np.array([[0.5, 0.5]]), 1e4, [[0.5, -0.5]]),
    ("focal", [[0, -INFINITY]], [0], 0, [[0, 0]]),
    ("focal", [[0, -INFINITY]], [1], INFINITY, [[1, -1]]),
    ("kl_divergence", [[HUGE, -HUGE]], np.array([[0.0, 1.0]]), 2e4, [[1, -1]]),
    ("kl_divergence", [[HUGE, -HUGE]], np.array([[1.0, 0.0]]), 0, [[0, 0]]),
    ("kl_divergence", [[0, -INFINITY]], np.array([[1.0, 0.0]]), 0, [[0, 0]]),
    ("multiclass_hinge", [[HUGE, -HUGE]], [1], (1 + 2e4) / 2, [[0.5, -0.5]]),
    ("multiclass_hinge", [[HUGE, -INFINITY]], [0], 0, [[0, 0]]),
    ("binary_cross_entropy", [[HUGE], [-HUGE]], [0, 1], 1e4, [[0.5], [-0.5]]),
    ("binary_focal", [[HUGE], [-HUGE]], [0, 1], 1e4, [[0.5], [-0.5]]),
    ("binary_focal", [[HUGE], [-HUGE]], [1, 0], 0, [[0], [0]]),
    ("binary_focal", [[INFINITY], [-INFINITY]], [1, 0], 0, [[0], [0]]),
    ("binary_focal", [[INFINITY], [-INFINITY]], [0, 1], INFINITY, [[0.5], [-0.5]]),
    ("hinge", [[HUGE], [-HUGE]], [1, 1], (1 + 1e4) / 2, [[0], [-0.5]]),
    ("hinge", [[1], [-1]], [1, -1], 0, [[0], [0]]),  # at the kink
    ("perceptron", [[HUGE], [-HUGE]], [1, 1], 1e4 / 2, [[0], [-0.5]]),
    ("perceptron", [[0], [0]], [1, -1], 0, [[-0.5], [0.5]]),  # at the kink
    ("mean_absolute_error", [[HUGE], [1]], [0, 1], 5e3, [[0.5], [0]]),
    ("huber", [[HUGE], [-INFINITY]], [0, 0], INFINITY, [[0.5], [-0.5]]),
    ("poisson", [[-HUGE], [-INFINITY]], [2, 0], 1e4, [[-1], [0]]),
    ("poisson", [[HUGE]], [1], INFINITY, [[INFINITY]]),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("loss", "y", "target", "expected", "gradient"), LIMITS)
def test_losses_reach_their_limits(loss, y, target, expected, gradient, dtype):
    if isinstance(target, np.ndarray):
        target = target.astype(dtype)
    assert of(loss, y, target, dtype) == (expected, gradient)


@pytest.mark.parametrize("loss", ["cross_entropy", "focal", "kl_divergence"])
def test_a_row_of_impossible_classes_makes_nan(loss):
    target = np.array([[1.0, 0.0]]) if loss == "kl_divergence" else [0]
    value, gradient = of(loss, [[-INFINITY, -INFINITY]], target)
    assert np.isnan(value) and np.isnan(gradient).any()


def test_logarithms_of_0_stay_out_of_poisson():
    assert of("poisson", [[0.0]], [0], log_input=False) == (0, [[1]])
    loss, gradient = of("poisson", [[0.0]], [2], log_input=False)
    assert np.isfinite(loss) and np.isfinite(gradient).all()
    assert np.isnan(of("poisson", [[-1.0]], [2], log_input=False)[0])


@pytest.mark.parametrize("name", losses.LOSSES)
def test_nan_shows_in_every_loss(name):
    loss = losses.LOSSES[name]
    if isinstance(loss, losses.ClassLoss):
        target = [0] if loss.takes_labels else [[1.0, 0.0]]
        assert np.isnan(loss([[NAN, 0.0]], target)[0])
        assert np.isnan(loss([[0.0, NAN]], target)[0])
    else:
        assert np.isnan(loss([[NAN, 0.0]], [[1, 0] if loss.decides else [1, 2]])[0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["cross_entropy", "focal", "multiclass_hinge"])
def test_ignored_samples_count_in_neither_sum(name, dtype):
    rng = np.random.default_rng(1)
    y, labels = rng.normal(size=(37, 4)).astype(dtype), rng.integers(0, 4, 37)
    ignored = rng.random(37) < 0.4
    given = np.where(ignored, 7, labels)
    y[ignored] = NAN  # nor do their outputs
    weight = rng.random(37).astype(dtype)
    function = getattr(functional, name)
    loss, gradient = function(y, given, ignore_label=7, sample_weight=weight)
    expected = function(y[~ignored], labels[~ignored], sample_weight=weight[~ignored])
    assert loss == pytest.approx(expected[0], rel=1e-14)
    assert not gradient[ignored].any()
    np.testing.assert_allclose(gradient[~ignored], expected[1], rtol=1e-6 if dtype == "float32"
                               else 1e-14)  # fmt: skip
    everything = function(y, np.full(37, -1), ignore_label=-1)
    assert everything[0] == 0 and not everything[1].any()


def test_ignored_pixels_count_in_neither_sum():
    rng = np.random.default_rng(1)
    y, labels = rng.normal(size=(5, 3, 4, 6)), rng.integers(0, 6, (5, 3, 4))
    given = np.where(rng.random(labels.shape) < 0.5, -100, labels)
    kept = given != -100
    loss, gradient = functional.cross_entropy(y, given, ignore_label=-100)
    expected = functional.cross_entropy(y[kept], given[kept])
    assert loss == pytest.approx(expected[0], rel=1e-14)
    np.testing.assert_allclose(gradient[kept], expected[1], rtol=1e-13)
    assert not gradient[~kept].any()


def test_an_ignored_label_may_be_the_number_of_a_class():
    y = np.random.default_rng(1).normal(size=(9, 3))
    labels = np.arange(9) % 3
    loss, _ = functional.cross_entropy(y, labels, ignore_label=0)
    assert loss == pytest.approx(functional.cross_entropy(y[labels > 0], labels[labels > 0])[0])
    net = fn.Sequential([L.Dense(3)], input_shape=(3,), dtype="float64")
    trainer = fn.Trainer(net, losses.CrossEntropy(ignore_label=0))
    for _ in range(2):  # the second goes the short way
        assert trainer.step(y, np.zeros(9, int)) == 0


@pytest.mark.parametrize("name", ["cross_entropy", "focal", "multiclass_hinge"])
def test_class_weights_are_sample_weights_by_label(name):
    rng = np.random.default_rng(1)
    y, labels, factors = rng.normal(size=(20, 3)), rng.integers(0, 3, 20), np.array([0.5, 2, 3])
    function = getattr(functional, name)
    loss, gradient = function(y, labels, class_weight=factors)
    expected = function(y, labels, sample_weight=factors[labels])
    assert loss == pytest.approx(expected[0], rel=1e-14)
    np.testing.assert_allclose(gradient, expected[1], rtol=1e-13)


@pytest.mark.parametrize("name", [name for name in losses.LOSSES if name != "kl_divergence"])
def test_one_output_compares_with_a_vector_and_never_broadcasts(name):
    loss, y = losses.LOSSES[name], np.array([[0.5], [-0.5], [2.0]])
    if isinstance(loss, losses.ClassLoss):
        return
    column, vector = loss(y, [[1], [0], [1]]), loss(y, [1, 0, 1])
    assert column[0] == vector[0] and column[1].shape == vector[1].shape == (3, 1)
    np.testing.assert_array_equal(column[1], vector[1])
    with pytest.raises(ValueError, match="target of shape"):
        loss(y, np.ones((1, 3)))


def separable(classes, labels, seed=0):
    rng = np.random.default_rng(seed)
    index = rng.integers(0, classes, 120)
    x = rng.normal(0, 0.3, (120, 2)) + 3 * np.stack([np.cos(2 * index), np.sin(2 * index)], 1)
    return x, np.array(labels)[index]


@pytest.mark.parametrize("labels", [[-1, 1], [0, 1], ["no", "yes"]], ids=str)
@pytest.mark.parametrize("loss", ["hinge", "perceptron", "binary_focal", "binary_cross_entropy"])
def test_fit_learns_two_classes_with_one_output(loss, labels):
    x, y = separable(2, labels)
    net = fn.Sequential([L.Dense(1)], input_shape=(2,))
    how = {"optimizer": fn.optimizers.SGD(0.2), "epochs": 30, "verbose": 0}
    history = net.fit(x, y, loss=loss, class_weight={labels[0]: 2, labels[1]: 1}, **how)
    scores = net.evaluate(x, y)
    assert scores["accuracy"] == 1 and history["accuracy"][-1] == 1
    np.testing.assert_array_equal(net.predict_classes(x), y)
    np.testing.assert_array_equal(net.classes_, np.unique(labels))


@pytest.mark.parametrize("labels", [[1, 2, 3], ["a", "b", "c"]], ids=str)
@pytest.mark.parametrize("loss", ["multiclass_hinge", "focal", losses.CrossEntropy(0.1)])
def test_fit_learns_classes(loss, labels):
    x, y = separable(3, labels)
    net = fn.Sequential([L.Dense(3)], input_shape=(2,))
    how = {"optimizer": fn.optimizers.Adam(0.1), "epochs": 30, "verbose": 0}
    net.fit(x, y, loss=loss, class_weight="balanced", **how)
    assert net.evaluate(x, y)["accuracy"] == 1
    np.testing.assert_array_equal(net.predict_classes(x), y)


def test_fit_leaves_ignored_labels_out_of_classes_accuracy_and_metrics():
    def seen(true, predicted):
        assert set(true) | set(predicted) <= {3, 4, 5}
        return len(true)

    x, y = separable(3, [3, 4, 5])
    holes = np.arange(120) % 4 == 1
    given = np.where(holes, -1, y)
    net = fn.Sequential([L.Dense(3)], input_shape=(2,))
    loss = losses.CrossEntropy(ignore_label=-1)
    how = {"optimizer": fn.optimizers.Adam(0.1), "epochs": 30, "verbose": 0}
    net.fit(x, given, loss=loss, class_weight="balanced", metrics=["accuracy", seen], **how)
    np.testing.assert_array_equal(net.classes_, [3, 4, 5])
    assert net.evaluate(x, given, metrics=["accuracy", seen]) == {
        "loss": pytest.approx(net.evaluate(x[~holes], y[~holes])["loss"], rel=1e-5),
        "accuracy": 1,
        "seen": 90,
    }
    with pytest.raises(ValueError, match=r"fit: label 7 at index 1 is none of the network's"):
        net.fit(x, np.where(holes, 7, y), verbose=0)
    other = fn.Sequential([L.Dense(2)], input_shape=(2,))
    with pytest.raises(ValueError, match="ignore_label 1 is also the number of the class 3"):
        other.fit(x[:4], [1, 2, 3, 2], loss=losses.CrossEntropy(ignore_label=1), verbose=0)


def test_fit_takes_labels_of_pixels_of_which_some_are_ignored():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, (20, 4, 4))
    x = np.stack([y, 1 - y], -1) + rng.normal(0, 0.1, (20, 4, 4, 2))
    given = np.where(rng.random(y.shape) < 0.3, 255, y)
    net = fn.Sequential([L.Conv2D(2, 1)], input_shape=(4, 4, 2))
    loss = losses.Focal(ignore_label=255)
    net.fit(x, given, loss=loss, optimizer=fn.optimizers.Adam(0.1), epochs=30, verbose=0)
    assert net.evaluate(x, given)["accuracy"] == 1
    np.testing.assert_array_equal(net.predict_classes(x), y)


def test_a_sum_over_batches_is_the_sum_over_all():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 3)), rng.normal(size=50)
    net = fn.Sequential([L.Dense(1)], input_shape=(3,), dtype="float64")
    whole = net.evaluate(x, y, loss=losses.SquaredError(reduction="sum"))["loss"]
    parts = net.evaluate(x, y, loss=losses.SquaredError(reduction="sum"), batch_size=7)["loss"]
    assert whole == pytest.approx(50 * net.evaluate(x, y, loss="squared_error")["loss"], rel=1e-13)
    assert parts == pytest.approx(whole, rel=1e-13)


@pytest.mark.parametrize("step", ["compiled", "staged"])
@pytest.mark.parametrize(
    "loss",
    [
        losses.CrossEntropy(0.1, class_weight=[1, 0, 2], ignore_label=-1),
        losses.Focal(1.5, class_weight=[1, 0, 2], ignore_label=-1, reduction="sum"),
        losses.MulticlassHinge(ignore_label=-1),
    ],
    ids=repr,
)
def test_programs_give_the_bytes_of_stages(loss, step):
    class Own(type(loss)):  # of which the program knows nothing
        pass

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(45, 5, 4, 2)), rng.integers(-1, 3, (45, 5, 4))
    weight = rng.random(45)
    found = []
    for one in (loss, Own(**loss.options)):
        net = fn.Sequential([L.Conv2D(3, 1)], input_shape=(5, 4, 2))
        trainer = fn.Trainer(net, one)
        value = trainer.loss_and_gradients(x, y, weight if step == "staged" else None)
        scores = net.evaluate(x, y, loss=one, batch_size=20)
        found.append((value, net.gradients.tobytes(), scores))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "loss",
    [
        losses.Huber(np.float32(0.5)),
        losses.Poisson(log_input=False),
        losses.CrossEntropy(
            0.1, class_weight=np.array([1, 2]), ignore_label=np.int8(-1), reduction="sum"
        ),
        losses.BinaryFocal(1),
    ],
    ids=repr,
)
def test_a_saved_network_keeps_its_losss_settings(loss, tmp_path):
    net = fn.Sequential([L.Dense(2)], input_shape=(3,))
    net.loss = loss
    net.save(tmp_path / "net.safetensors")
    assert fn.load(tmp_path / "net.safetensors").loss == loss


ERRORS = [
    (lambda: losses.Huber(0), ValueError, "huber: expected delta greater than 0, got 0"),
    (lambda: losses.Huber("1"), TypeError, "huber: expected a number for delta"),
    (lambda: losses.Focal(-1), ValueError, "focal: expected gamma at least 0"),
    (lambda: losses.CrossEntropy(2), ValueError, "label_smoothing from 0 to 1, got 2"),
    (lambda: losses.CrossEntropy(class_weight=[1, -1]), ValueError, "got -1 at index 1"),
    (lambda: losses.CrossEntropy(ignore_label=0.5), TypeError, "ignore_label must be an integer"),
    (lambda: losses.SquaredError(reduction="none"), ValueError, '"mean" or "sum", got \'none\''),
    (lambda: losses.get("hubber"), ValueError, "did you mean 'huber'"),
    (lambda: losses.get("kl"), ValueError, "did you mean 'kl_divergence'"),
    (lambda: losses.get(losses.Huber), TypeError, r"got its class; write Huber\(\)"),
    (lambda: step("hinge", 1, [1, 2]), ValueError, "hinge: .*got 2 at index 1"),
    (lambda: step("poisson", 1, [1, -2]), ValueError, "poisson: .*got -2 at index 1"),
    (lambda: step("kl_divergence", 3, [0, 1]), ValueError, r"target of shape \(2, 3\)"),
    (lambda: step("kl_divergence", 2, [[0, 1], [-1, 0]]), ValueError, r"got -1 at index \(1, 0\)"),
    (lambda: step("multiclass_hinge", 1, [0, 1]), ValueError, "use hinge for one output"),
    (lambda: step("focal", 1, [0, 1]), ValueError, "use binary_focal for one output"),
    (
        lambda: step("multiclass_hinge", 2, [[0, 1], [1, 0]]),
        ValueError,
        r"expected labels of shape \(2,\), got \(2, 2\)",
    ),
    (
        lambda: step(losses.CrossEntropy(class_weight=[1, 2]), 3, [0, 1]),
        ValueError,
        r"class_weight of shape \(3,\), got shape \(2,\)",
    ),
    (
        lambda: step(losses.CrossEntropy(class_weight=[1, 2]), 2, [[0, 1], [1, 0]]),
        ValueError,
        "class_weight is for labels, got a target of rows",
    ),
]


def step(loss, units, y):
    net = fn.Sequential([L.Dense(units)], input_shape=(4,))
    fn.Trainer(net, loss).step(np.ones((len(y), 4)), y)


@pytest.mark.parametrize(("call", "error", "message"), ERRORS, ids=[m for *_, m in ERRORS])
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_scores_have_no_probabilities():
    net = fn.Sequential([L.Dense(1)], input_shape=(2,))
    net.fit([[0.0, 1.0], [1.0, 0.0]], ["a", "b"], loss="hinge", verbose=0)
    with pytest.raises(ValueError, match="trained with hinge has no probabilities; use predict"):
        net.predict_proba([[0.0, 1.0]])
