"""Random changes of images: what they do, on what they depend, and how `fit` meets them."""

import copy
import sys

import numpy as np
import pytest

import fastnn as fn
from fastnn import functional
from fastnn._core import augment as core
from fastnn.mixing import MixUp as Mixing
from fastnn.running import Compiled, Staged
from isas import FUSED, results_by_isa

A, L = fn.augment, fn.layers
DTYPES = ["float32", "float64"]
SHAPES = [(3, 1, 1, 1), (4, 5, 5, 3), (6, 4, 7, 1), (3, 8, 3, 2)]
EVERYTHING = [
    A.Rotate(20),
    A.Flip(vertical=True),
    A.Zoom(0.2, keep_ratio=False, probability=0.5),
    A.Shear(10),
    A.Translate((0.25, 1)),
    A.Contrast(0.5),
    A.Noise(0.1),
    A.Brightness(0.25),
    A.CutOut((2, 3), value=7.0, probability=0.75),
]


def images(*shape, seed=1):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def changed(x, *changes, **how):
    return functional.augment_images(x, list(changes), **{"seed": 3, **how})


# --- what they do ---------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "change",
    [
        ("rotate", 1, 0, 0),
        ("rotate", 1, 360, 360),
        ("shear", 1, 0, 0),
        ("zoom", 1, 1, 1),
        ("translate", 1, 0, 0),
        ("flip", 1, 0, 0),
        ("flip", 0, 1, 1),
        ("crop", 1, 0, 0),
        ("brightness", 1, 0, 0),
        ("contrast", 1, 1, 1),
        ("noise", 1, 0),
        ("cut_out", 0, 3, 3, 1),
    ],
    ids=str,
)
def test_a_change_by_nothing_changes_no_bit(change, shape, dtype):
    x = np.random.default_rng(1).standard_normal(shape).astype(dtype)
    assert changed(x, change).tobytes() == x.tobytes()
    assert changed(x, change, fill=0.5).tobytes() == x.tobytes()


@pytest.mark.parametrize("turns", [-3, -2, -1, 0, 1, 2, 3, 4])
@pytest.mark.parametrize("size", [1, 2, 5, 8])
def test_quarter_turns_are_those_of_numpy(size, turns):
    x = images(4, size, size, 3)
    y = changed(x, ("rotate", 1, 90 * turns, 90 * turns), fill=0.5)
    np.testing.assert_array_equal(y, np.rot90(x, turns, axes=(1, 2)))


def test_a_small_angle_turns_counterclockwise():
    x = np.zeros((1, 9, 9, 1))
    x[0, 4, 7] = 1  # right of the middle
    y = changed(x, ("rotate", 1, 30, 30))[0, ..., 0]
    row, column = (np.average(places, weights=y) for places in np.indices((9, 9)))
    np.testing.assert_allclose([row, column], [4 - 3 / 2, 4 + 3 * 3**0.5 / 2], atol=0.05)


@pytest.mark.parametrize("axis", [0, 1])
def test_flips_mirror_half_of_the_images_along_their_axis(axis):
    x = images(400, 3, 4, 2)
    y = changed(x, ("flip", 1, 0.5 * (axis == 0), 0.5 * (axis == 1)))
    mirrored = np.flip(x, 1 + axis)
    same, other = ((y == z).all(axis=(1, 2, 3)) for z in (x, mirrored))
    assert (same | other).all()
    assert 150 < np.count_nonzero(other) < 250
    np.testing.assert_array_equal(changed(x, ("flip", 1, axis == 0, axis == 1)), mirrored)


@pytest.mark.parametrize("fill", [None, 0.5])
def test_crops_are_windows_of_the_padded_image_each_as_often(fill):
    x, padding = images(900, 3, 4, 2), ((0, 0), (1, 1), (2, 2), (0, 0))
    how = {"mode": "edge"} if fill is None else {"constant_values": fill}
    padded = np.pad(x.astype(float), padding, **how)
    y = changed(x, ("crop", 1, 1, 2), fill=fill)
    found = np.zeros((3, 5))
    for image, source in zip(y, padded, strict=True):
        windows = np.lib.stride_tricks.sliding_window_view(source, (3, 4), (0, 1))
        same = (windows == np.moveaxis(image, -1, 0)).all(axis=(2, 3, 4))
        assert same.any()
        found += same / same.sum()
    assert (found > 30).all()  # of 60 on average
    assert (found < 90).all()


def test_a_zoom_enlarges_around_the_middle_and_what_is_seen_beyond_is_the_fill():
    x = np.arange(9.0).reshape(1, 3, 3, 1) + 1
    larger = changed(x, ("zoom", 1, 2, 2))[0, ..., 0]
    np.testing.assert_array_equal(larger, [[3, 3.5, 4], [4.5, 5, 5.5], [6, 6.5, 7]])
    smaller = changed(x, ("zoom", 1, 0.5, 0.5), fill=0.25)[0, ..., 0]
    np.testing.assert_array_equal(smaller, [[0.25] * 3, [0.25, 5, 0.25], [0.25] * 3])
    halfway = changed(x, ("zoom", 1, 2 / 3, 2 / 3), fill=0)[0, 1, :, 0]
    np.testing.assert_allclose(halfway, [4 / 2, 5, 6 / 2], rtol=1e-12)


@pytest.mark.parametrize("how", [{}, {"fill": 1e3}, {"limits": (0, 255)}])
def test_changed_images_keep_their_bounds(how):
    x = images(20, 9, 10, 3)
    y = changed(x, ("rotate", 1, -180, 180), ("stretch", 1, 0.3, 3), **how)
    assert y.min() > -1e-3
    assert y.max() < (1000.1 if "fill" in how else 255.1)
    loud = changed(x, ("brightness", 1, -200, 200), ("noise", 1, 99), **how)
    if "limits" in how:
        free = changed(x, ("brightness", 1, -200, 200), ("noise", 1, 99))
        np.testing.assert_array_equal(loud, np.clip(free, 0, 255))
    else:
        assert loud.min() < -20
        assert loud.max() > 275


def test_numbers_are_drawn_evenly_between_their_ends():
    x = np.zeros((2000, 1, 1, 1))
    term = changed(x, ("brightness", 1, -1, 3)).ravel()
    assert -1 <= term.min() < -0.98
    assert 2.98 < term.max() < 3
    assert abs(term.mean() - 1) < 0.08
    happened = changed(x, ("brightness", 0.3, 1, 1)).ravel()
    assert abs(happened.mean() - 0.3) < 0.04
    noise = changed(np.zeros((50, 9, 9, 1)), ("noise", 1, 2.0))
    assert abs(noise.mean()) < 0.1
    assert abs(noise.std() - 2) < 0.1
    hole = changed(np.zeros((500, 5, 6, 1)), ("cut_out", 1, 1, 1, 1.0))
    assert (hole.sum(axis=(1, 2, 3)) == 1).all()
    assert (hole.sum(axis=0) > 4).all()  # of 16.7 on average


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_moved_with_whole_pixels(special):
    x = np.zeros((1, 4, 5, 1))
    x[0, 1, 2] = special
    np.testing.assert_array_equal(changed(x, ("flip", 1, 1, 1)), x[:, ::-1, ::-1])
    limited = changed(x, ("flip", 1, 1, 1), limits=(-1, 1))[0, 2, 2, 0]
    np.testing.assert_array_equal(limited, np.clip(special, -1, 1))


def test_whatever_is_drawn_no_pixel_outside_is_read():
    x = images(3, 4, 5, 3)
    for change in [("translate", 1, 2**31 - 1, 2**31 - 1), ("zoom", 1, 2.0**-20, 2.0**-20)]:
        far = changed(x, *[change] * 40, fill=0.5)  # of which 40 may make infinities
        assert np.isfinite(far).all()
        assert set(changed(x, *[change] * 40).ravel()) <= set(x.ravel())


# --- on what they depend --------------------------------------------------------------------------


def test_an_image_depends_on_seed_epoch_and_sample_alone():
    x = images(9, 8, 7, 3)
    same = np.repeat(x[:1], 9, axis=0)
    y = A.apply(same, EVERYTHING, seed=5, epoch=2)
    assert len(np.unique(y.reshape(9, -1), axis=0)) == 9
    np.testing.assert_array_equal(A.apply(same[:4], EVERYTHING, seed=5, epoch=2), y[:4])
    backwards = A.apply(same[:3], EVERYTHING, seed=5, epoch=2, samples=[8, 2, 2])
    np.testing.assert_array_equal(backwards, y[[8, 2, 2]])
    for key in ({"seed": 6, "epoch": 2}, {"seed": 5, "epoch": 3}):
        other = A.apply(same, EVERYTHING, **key)
        assert all((a != b).any() for a, b in zip(other, y, strict=True))


def test_a_change_draws_by_its_place_in_the_list():
    x = images(30, 5, 6, 1)
    flipped = A.apply(x, [A.Flip(), A.RandomCrop(0)])
    np.testing.assert_array_equal(A.apply(x, [A.Flip()]), flipped)
    assert (A.apply(x, [A.RandomCrop(0), A.Flip()]) != flipped).any()


def test_amounts_are_shares_of_the_limits():
    x = images(6, 4, 4, 1)
    for change in ([A.Brightness((0.1, 0.1))], [A.Noise(0.1)]):
        bytes_, numbers = A.apply(x, change), A.apply(x.astype("float32"), change)
        told = A.apply(x.astype("float32"), A.Changes(change, limits=(0, 255)))
        units = A.apply(x / 255, A.Changes(change, limits=(0, 1)))
        np.testing.assert_array_equal(bytes_, told)
        np.testing.assert_allclose(units * 255, bytes_, atol=1e-3)
        assert np.abs(numbers - x).max() < 1  # in units of the data
        assert np.abs(bytes_ - x).max() > 10


def test_images_may_have_any_layout_and_are_not_modified():
    x = images(5, 6, 7, 3).astype("float32")
    y = changed(x, *[("rotate", 1, -9, 9), ("noise", 1, 1)])
    for layout in (
        np.asfortranarray(x),
        np.repeat(x, 2, -1)[..., ::2],
        x.astype(">f4"),
        x.tolist(),
    ):
        given = copy.deepcopy(layout)
        got = changed(layout, *[("rotate", 1, -9, 9), ("noise", 1, 1)])
        assert got.dtype == ("float64" if isinstance(layout, list) else "float32")
        np.testing.assert_allclose(got, y, rtol=1e-5, atol=1e-3)
        np.testing.assert_array_equal(layout, given)
    assert changed(np.zeros((0, 6, 7, 3)), ("flip", 1, 1, 1)).shape == (0, 6, 7, 3)


# --- fit ------------------------------------------------------------------------------------------


class Slow(L.Activation):
    """A layer without an instruction: the network runs stage by stage."""

    _instruction = None


def network(dtype="float32", *, staged=False, dense=8, before=(), seed=7):
    first = Slow("tanh") if staged else L.Activation("tanh")
    layers = [*before, L.Rescale(1 / 255, -0.5), L.Conv2D(4, 3), first, L.MaxPool2D(2)]
    layers += [L.Flatten(), L.Dense(dense, "relu"), L.Dense(3)]
    return fn.Sequential(layers, input_shape=(9, 8, 3), dtype=dtype, seed=seed)


def samples(n=70, dtype=np.uint8):
    y = np.random.default_rng(2).integers(0, 3, n)
    return images(n, 9, 8, 3).astype(dtype), y


HOW = {"optimizer": "sgd", "batch_size": 17, "epochs": 2, "verbose": 0}


def trained(net, augment=EVERYTHING, data=None, **how):
    net.fit(*(data or samples()), augment=augment, **(HOW | how))
    return net.parameters.copy()


@pytest.fixture(autouse=True)
def restore_num_threads():
    before = fn.get_num_threads()
    yield
    fn.set_num_threads(before)


@pytest.mark.parametrize("source", [np.uint8, np.float32, np.float64, np.int64])
@pytest.mark.parametrize("dtype", DTYPES)
def test_fit_sees_what_apply_shows(dtype, source):
    data, net = samples(dtype=source), network(dtype)
    limited = A.Changes(EVERYTHING, fill=3, limits=None if source == np.uint8 else (0, 255))
    seen = network(dtype)
    for epoch in range(3):
        x = data[0] if source == np.uint8 else data[0].astype(dtype)
        if dtype == "float64":  # uint8 too is computed in the network's dtype
            x = x.astype(dtype)
            limited = A.Changes(EVERYTHING, fill=3, limits=(0, 255))
        x = A.apply(x, limited, seed=7, epoch=epoch)
        trained(net, limited, data, epochs=1)
        trained(seen, None, (x, data[1]), epochs=1)
        assert net.parameters.tobytes() == seen.parameters.tobytes()


@pytest.mark.parametrize("source", DTYPES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_that_need_no_preprocessing_are_changed_too(dtype, source):
    x, y = images(40, 5, 4, 1).astype(source) / 256, np.arange(40) % 3
    seen = A.apply(x.astype(dtype), EVERYTHING, seed=7)
    found = []
    for given, augment in ((x, EVERYTHING), (seen, None), (x, None)):
        layers = [L.Flatten(), L.Dense(3)]
        net = fn.Sequential(layers, input_shape=(5, 4, 1), dtype=dtype, seed=7)
        found.append(trained(net, augment, (given, y), epochs=1).tobytes())
    assert found[0] == found[1] != found[2]


@pytest.mark.usefixtures("threads_for_all_work")
@pytest.mark.parametrize("dense", [8, 2000])  # chunk by chunk, layer by layer
@pytest.mark.parametrize("n_threads", [2, 3, 7])
def test_training_does_not_depend_on_the_number_of_threads(n_threads, dense):
    fn.set_num_threads(1)
    one = trained(network(dense=dense), [*EVERYTHING, A.MixUp()])
    fn.set_num_threads(n_threads)
    assert trained(network(dense=dense), [*EVERYTHING, A.MixUp()]).tobytes() == one.tobytes()


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("before", [(), (L.Standardize,)])
@pytest.mark.parametrize("source", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("dtype", DTYPES)
def test_stage_by_stage_gives_the_bits_of_a_program(dtype, source, before, shuffle):
    nets = [
        network(dtype, staged=staged, before=[layer() for layer in before])
        for staged in (False, True)
    ]
    data = samples(dtype=source)
    for net in nets:
        trained(net, [*EVERYTHING, A.MixUp(0.4)], data, shuffle=shuffle)
    assert [type(net.runner(net.loss, training=True)) for net in nets] == [Compiled, Staged]
    assert nets[0].parameters.tobytes() == nets[1].parameters.tobytes()


def test_steps_may_be_grouped_in_any_way():
    class Watch:
        def on_batch_end(self, net, logs):
            pass

    expected = trained(network())
    assert trained(network(), callbacks=[Watch()]).tobytes() == expected.tobytes()


def test_batches_of_any_size_see_the_same_images():
    """The loss of a network that does not learn is the mean over what it saw."""
    losses = []
    for batch_size in (1, 5, 16, 70):
        net = network("float64")
        still = fn.optimizers.SGD(0.0)
        augment = [*EVERYTHING, A.MixUp()]
        history = net.fit(
            *samples(), augment=augment, optimizer=still, batch_size=batch_size, verbose=0
        )
        losses.append(history["loss"][0])
    np.testing.assert_allclose(losses, losses[0], rtol=1e-13)
    assert losses[0] != pytest.approx(
        network("float64").evaluate(*samples(), loss="cross_entropy")["loss"]
    )


def test_training_goes_on_from_a_saved_network_as_if_it_had_not_stopped(tmp_path):
    whole, half = network(), network()
    augment = [*EVERYTHING, A.MixUp()]
    expected = trained(whole, augment, epochs=4)
    trained(half, augment, epochs=2)
    half.save(tmp_path / "half.safetensors")
    again = fn.load(tmp_path / "half.safetensors")
    assert trained(again, augment, epochs=2).tobytes() == expected.tobytes()


def test_only_fit_changes_images():
    data, net = samples(), network()
    trained(net)
    plain = copy.deepcopy(net)
    assert net.predict(data[0]).tobytes() == plain.predict(data[0]).tobytes()
    still = fn.optimizers.SGD(0.0)
    trainer, batch = fn.Trainer(net, optimizer=still), (data[0].astype("float32"), data[1])
    losses = [trainer.step(*batch), trainer.step(*batch)]
    net.fit(*data, augment=EVERYTHING, optimizer=still, verbose=0)
    losses += [trainer.step(*batch), trainer.step(*batch)]
    assert len(set(losses)) == 1
    before = net.evaluate(*data)
    history = net.fit(
        *data,
        augment=[A.Noise(9)],
        optimizer=fn.optimizers.SGD(0.0),
        validation_data=data,
        verbose=0,
    )
    assert history["val_loss"][0] == before["loss"]
    assert history["loss"][0] != before["loss"]


def test_images_augmented_are_learnt_to_be_the_same():
    """Of images that are mirrored in half of the cases a network learns both."""
    x = np.zeros((64, 6, 6, 1), np.uint8)
    y = np.arange(64) % 2
    x[y == 0, :3, 0] = 255
    x[y == 1, 3:, 0] = 255
    found = {}
    for augment in (None, [A.Flip()]):
        net = fn.Sequential([L.Rescale(1 / 255), L.Flatten(), L.Dense(2)], input_shape=(6, 6, 1))
        net.fit(x, y, augment=augment, optimizer=fn.optimizers.SGD(1.0), epochs=20, verbose=0)
        found[augment is None] = net.evaluate(x[:, :, ::-1], y)["loss"]
    assert found[False] < 0.2 * found[True]


# --- MixUp ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.05, 0.2, 1, 4])
def test_shares_of_mixup_have_the_moments_of_their_beta_distribution(alpha):
    partner, share = Mixing(alpha).draw(20_000, 3, core.STREAM, 5)
    assert share.min() >= 0
    assert share.max() <= 1
    assert abs(share.mean() - 0.5) < 0.02
    assert abs(share.var() - 1 / (4 * (2 * alpha + 1))) < 0.005
    assert partner.min() == 0 < partner.max() < 20_000
    assert abs(partner.mean() / 20_000 - 0.5) < 0.02
    again = Mixing(alpha).draw(20_000, 3, core.STREAM, 6)
    assert (again[1] != share).mean() > 0.5


@pytest.mark.parametrize("loss", ["cross_entropy", "mean_squared_error"])
@pytest.mark.parametrize("changes", [[], [A.Rotate(20), A.Flip()]], ids=str)
def test_mixup_mixes_images_and_targets_in_the_same_shares(changes, loss):
    x, y = samples()
    net, seen = network(), network()
    if loss == "mean_squared_error":
        y = np.random.default_rng(3).standard_normal((len(x), 3)).astype("float32")
    trained(net, [*changes, A.MixUp(0.5)], (x, y), epochs=1, loss=loss)
    partner, share = Mixing(0.5).draw(len(x), 7, core.STREAM + len(changes), 0)
    images = A.apply(x, changes, seed=7)
    mixed = functional.mix_samples(images, images[partner], share)
    rows = np.eye(3, dtype="float32")[y] if loss == "cross_entropy" else y
    rows = functional.mix_samples(rows, rows[partner], share)
    trained(seen, None, (mixed, rows), epochs=1, loss=loss)
    assert net.parameters.tobytes() == seen.parameters.tobytes()


def test_mixup_is_for_samples_of_any_shape_and_counts_the_larger_share():
    x = np.random.default_rng(1).standard_normal((200, 5))
    y = np.where(x[:, 0] > 0, "yes", "no")
    net = fn.Sequential([L.Dense(2)], input_shape=(5,))
    history = net.fit(
        x, y, augment=[A.MixUp(0.2)], epochs=20, optimizer=fn.optimizers.SGD(0.5), verbose=0
    )
    assert net.classes_.tolist() == ["no", "yes"]
    assert 0.5 < history["accuracy"][-1] <= 1
    assert net.evaluate(x, y)["accuracy"] > 0.8


# --- errors ---------------------------------------------------------------------------------------

X = np.zeros((2, 4, 4, 1))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: A.Rotate(-5), ValueError, "Rotate: expected degrees at least 0, got -5"),
        (lambda: A.Rotate(400), ValueError, "Rotate: .*at least -360 and at most 360, got -400"),
        (lambda: A.Rotate((9, -9)), ValueError, r"degrees from low to high, got \(9, -9\)"),
        (lambda: A.Rotate("ten"), TypeError, "expected a number for degrees, got 'ten'"),
        (lambda: A.Shear(90), ValueError, "Shear: .*at most 89"),
        (lambda: A.Zoom(1.0), ValueError, "Zoom: expected amount at least"),
        (lambda: A.Zoom((1, 2, 3)), ValueError, r"as a number or \(low, high\)"),
        (lambda: A.Translate(1.5), ValueError, "Translate: expected distance from 0 to 1, got 1.5"),
        (lambda: A.Translate(-1), ValueError, "Translate: distance must be from 0"),
        (lambda: A.Translate((1, 2, 3)), ValueError, r"number or \(vertical, horizontal\)"),
        (lambda: A.RandomCrop(1.5), TypeError, "padding must be an integer, got 1.5"),
        (lambda: A.Contrast(2), ValueError, "Contrast: expected amount at least 0, got -1 to 3"),
        (lambda: A.Noise(-1), ValueError, "Noise: expected stddev at least 0, got -1"),
        (lambda: A.Brightness(np.nan), ValueError, "Brightness: expected amount"),
        (lambda: A.CutOut(0), ValueError, "CutOut: size must be from 1"),
        (lambda: A.Flip(probability=2), ValueError, "Flip: expected probability from 0 to 1"),
        (lambda: A.MixUp(0), ValueError, "MixUp: expected alpha more than 0, got 0"),
        (lambda: A.Changes(["flip"]), TypeError, "Changes: expected a list of changes"),
        (lambda: A.Changes([A.MixUp(), A.MixUp()]), ValueError, "one MixUp at most"),
        (lambda: A.Changes([], limits=(1, 1)), ValueError, "limits from low to high"),
        (lambda: A.Changes([], fill="mirror"), TypeError, "expected a number for fill"),
        (lambda: A.apply(X, [A.MixUp()]), ValueError, "apply: MixUp changes targets too"),
        (lambda: A.apply(X[0], [A.Flip()]), ValueError, r"got shape \(4, 4, 1\); add a channel"),
        (lambda: changed(X[0, 0], ("flip", 1, 1, 1)), ValueError, r"images, of shape \(N, H, W"),
        (lambda: changed(X, ("spin", 1, 1, 1)), ValueError, "with a name of rotate"),
        (lambda: changed(X, ("flip", 1, 1)), ValueError, "expected 2 numbers for flip"),
        (lambda: changed(X, ("flip", 1, 2, 0)), ValueError, "expected flip from 0 to 1, got 2"),
        (lambda: changed(X, ("crop", 1, 0.5, 0)), ValueError, "whole pixels for crop, got 0.5"),
        (lambda: changed(X, ("rotate", 1, 2, 1)), ValueError, "rotate from low to high"),
        (lambda: changed(X, ("noise", 1.5, 1)), ValueError, "probability of noise from 0 to 1"),
        (lambda: changed(X, samples=[1]), ValueError, r"expected samples of shape \(2\)"),
        (lambda: changed(X, samples=[0, -1]), ValueError, "samples of at least 0, got -1"),
        (lambda: changed(X, samples=[0.5, 1]), TypeError, "samples of integers"),
        (lambda: changed(X, seed=-1), ValueError, "seed must be from 0"),
        (lambda: changed(X, epoch=-1), ValueError, "epoch must be from 0"),
        (lambda: changed(X, limits=3), ValueError, r"limits \(low, high\), got 3"),
        (lambda: functional.mix_samples(X, X, [1]), ValueError, "expected share of shape"),
        (lambda: functional.mix_samples(X, X, [1, 2]), ValueError, "every share from 0 to 1"),
        (lambda: functional.mix_samples(X, X[:1], [1, 1]), ValueError, "expected other of shape"),
    ],
)
def test_errors_say_what_was_expected_and_what_came(make, error, message):
    with pytest.raises(error, match=message):
        make()


def fitting(net, augment, y=None, **how):
    x = np.zeros((4, *net.input_shape))
    return lambda: net.fit(x, [0, 1, 0, 1] if y is None else y, augment=augment, verbose=0, **how)


def dense(outputs=2):
    return fn.Sequential([L.Dense(outputs)], input_shape=(3,))


def two_inputs():
    a, b = fn.Input((4, 4, 1)), fn.Input((4, 4, 1))
    return fn.Model([a, b], L.Dense(2)(L.Flatten()(L.Add()([a, b]))))


@pytest.mark.parametrize(
    ("fit", "message"),
    [
        (fitting(dense(), [A.Flip()]), r"fit: expected x of images, .* got shape \(4, 3\)"),
        (lambda: two_inputs().fit([X, X], [0, 1], augment=[A.Flip()]), "with one input, got 2"),
        (
            fitting(dense(), [A.MixUp()], loss="multiclass_hinge"),
            "MixUp is for losses that take shares of classes, or numbers, got multiclass_hinge",
        ),
        (fitting(dense(1), [A.MixUp()], loss="hinge"), "MixUp is for losses .* got hinge"),
        (
            fitting(
                dense(), [A.MixUp()], [0, 1, -1, 1], loss=fn.losses.CrossEntropy(ignore_label=-1)
            ),
            "fit: MixUp cannot mix labels that are ignored",
        ),
    ],
)
def test_fit_says_what_it_cannot_augment(fit, message):
    with pytest.raises(ValueError, match=message):
        fit()


def test_a_refused_fit_leaves_the_network_as_it_was():
    net = dense()
    before = net.parameters.copy(), net.epochs, net.classes_
    with pytest.raises(ValueError, match="images"):
        fitting(net, [A.Flip()])()
    assert (net.epochs, net.classes_) == before[1:]
    np.testing.assert_array_equal(net.parameters, before[0])


# --- instruction sets -----------------------------------------------------------------------------


def compute(path):
    """Save what training gives: what the processes started below do."""
    arrays = {"isa": np.array(fn.build_info()["isa"])}
    for dtype in DTYPES:
        arrays[dtype] = trained(network(dtype), [*EVERYTHING, A.MixUp()])
    arrays["images"] = A.apply(samples()[0], EVERYTHING[:6])
    np.savez(path, **arrays)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return results_by_isa(__file__, tmp_path_factory.mktemp("isa"))


@pytest.mark.skipif(len(FUSED) < 2, reason="needs a CPU with AVX-512")
def test_instruction_sets_with_fused_multiply_add_train_to_the_same_bytes(results):
    for name in (*DTYPES, "images"):
        assert results["avx512"][name].tobytes() == results["avx2"][name].tobytes()


def test_maps_and_colours_are_the_same_on_every_instruction_set(results):
    assert len({found["images"].tobytes() for found in results.values()}) == 1


if __name__ == "__main__":
    compute(sys.argv[1])
