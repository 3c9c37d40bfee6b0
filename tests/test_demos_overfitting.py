"""Demos of units that start alike and of overfitting: what their texts say is so."""

import functools
import re

import numpy as np
import pytest

import fastnn as fn
from fastnn import demos

WAYS = [
    "early stopping",
    "L1 penalty",
    "L2 penalty",
    "dropout",
    "augmentation",
    "bagging",
    "more data",
]


@functools.cache
def shown(name):
    """A demo's results, and its text."""
    module = demos.load(name)
    results = module.compute()
    return results, "\n".join(module.describe(results))


# --- symmetry ----------------------------------------------------------------------------------


def test_units_that_start_alike_stay_alike():
    results, text = shown("symmetry")
    course = results["alike"]["course"]
    assert course.shape == (101, 4, 2)
    for unit in range(1, 4):
        assert course[:, unit].tobytes() == course[:, 0].tobytes()
    assert (course[1:] != course[:-1]).all()  # and all of them move, in every epoch
    assert results["alike"]["kinds"] == 1
    moved = np.abs(course[-1] - course[0]).max()
    assert moved > 1 and f"went\nup to {moved:.1f} far" in text


def test_units_that_start_alike_are_worth_one():
    results, text = shown("symmetry")
    alike = results["alike"]
    assert alike["beside_one"] < 1e-14  # of outputs from 0 to 1, sums of four terms
    assert 0.7 < alike["accuracy"] < 0.8  # three blobs of four
    assert f"{alike['accuracy']:.1%}" in text
    assert results["different"]["beside_one"] > 0.5  # not so where they differ


def test_units_that_start_differently_find_places_of_their_own():
    results, text = shown("symmetry")
    different = results["different"]
    assert different["kinds"] == 4 and different["accuracy"] > 0.99
    assert different["loss"] < 0.1 * results["alike"]["loss"]
    assert f"{different['accuracy']:.1%}" in text


@pytest.mark.parametrize("optimizer", ["SGD", "Momentum", "Adam"])
def test_the_optimizer_does_not_matter(optimizer, monkeypatch):
    made = {
        "SGD": lambda: fn.optimizers.SGD(0.1),
        "Momentum": lambda: fn.optimizers.SGD(0.1, momentum=0.9),
        "Adam": lambda: fn.optimizers.Adam(0.1),
    }
    module = demos.load("symmetry")
    monkeypatch.setattr(module, "EPOCHS", 5)
    monkeypatch.setattr(module, "optimizer", made[optimizer])
    assert module.train(0.0)["kinds"] == 1


@pytest.mark.parametrize(("spread", "free"), [(0.05, True), (0.01, False)])
def test_how_different_starts_must_be(spread, free):
    assert (demos.load("symmetry").train(spread)["accuracy"] > 0.95) is free


def test_the_picture_of_symmetry():
    pytest.importorskip("matplotlib")
    results = shown("symmetry")[0]
    alike, different, one, four = demos.load("symmetry").draw(results).axes
    for panel, name in ((alike, "alike"), (different, "different")):
        drawn = np.array([line.get_ydata() for line in panel.lines])
        assert drawn.T.tolist() == results[name]["course"][..., 0].tolist()
        markers = {line.get_marker() for line in panel.lines}
        sizes = {line.get_markersize() for line in panel.lines}
        assert len(markers) == len(sizes) == 4
    for panel, name in ((one, "alike"), (four, "different")):
        assert f"{results[name]['accuracy']:.1%} right" in panel.get_title()


# --- overfitting -------------------------------------------------------------------------------


def test_a_network_learns_noise_by_heart():
    results, text = shown("overfitting")
    none = results["scores"]["none"]
    assert none["training"] > 0.98 and none["gap"] > 0.3
    assert f"Plain training ends with {none['training']:.0%} of its labels right" in text


def test_a_fifth_of_the_labels_is_drawn():
    parts = demos.load("overfitting").data()
    images, labels = parts["validation"]
    assert images is parts["true"][0] and len(images) == 359
    right = np.mean(labels == parts["true"][1])
    assert right == shown("overfitting")[0]["right"] == pytest.approx(0.82, abs=0.03)
    assert f"who knows all digits has {right:.0%}" in shown("overfitting")[1]
    assert len(parts["train"][0]) == len(parts["stop"][0]) == 150
    assert len(parts["more"][0]) == 1438 - 150
    seen = [{image.tobytes() for image in parts[name][0]} for name in ("more", "stop", "true")]
    assert sum(map(len, seen)) == len(set().union(*seen)) == 1797  # no digit is in two parts


def test_there_are_seven_ways():
    assert [*shown("overfitting")[0]["scores"]] == ["none", *WAYS]


@pytest.mark.parametrize("way", WAYS)
def test_it_narrows_the_gap(way):
    scores = shown("overfitting")[0]["scores"]
    one, none = scores[way], scores["none"]
    assert one["gap"] < 0.9 * none["gap"]
    assert one["validation"] > none["validation"] + 0.02
    assert one["true"] > none["true"] + 0.02  # and not by learning less


def test_the_table_says_what_was_found():
    results, text = shown("overfitting")
    for way, one in results["scores"].items():
        (row,) = re.findall(rf"^  {way} +(\d+)% +(\d+)% +(\d+) +(\d+)%$", text, re.MULTILINE)
        found = one["training"], one["validation"], one["gap"], one["true"]
        assert [int(number) for number in row] == [round(100 * number) for number in found]
        assert one["gap"] == pytest.approx(one["training"] - one["validation"], abs=0.02)


def test_validation_is_best_early_and_early_stopping_is_there():
    results, text = shown("overfitting")
    course = np.array(results["course"]["val_accuracy"])
    best = int(course.argmax()) + 1
    assert len(course) == 100 and 5 < best < 30
    assert course[-20:].max() < course.max() - 0.03
    assert abs(results["kept"] - best) < 10
    assert f"best after epoch {best} ({course.max():.0%})" in text
    assert f"stopping keeps epoch {results['kept']:.0f}." in text


def test_the_picture_of_overfitting():
    pytest.importorskip("matplotlib")
    results = shown("overfitting")[0]
    left, right = demos.load("overfitting").draw(results).axes
    drawn = {line.get_label(): np.array(line.get_xdata()) for line in right.lines}
    for part, label in (("training",) * 2, ("validation",) * 2, ("true", "the same, true labels")):
        expected = [100 * one[part] for one in results["scores"].values()]
        assert drawn[label].tolist() == expected
    assert [text.get_text() for text in right.get_yticklabels()] == ["none", *WAYS]
    gaps = [f"{100 * one['gap']:.0f}" for one in results["scores"].values()]
    assert [text.get_text() for text in right.texts] == [*gaps, "gap (points)"]
    course = next(line for line in left.lines if line.get_label() == "validation")
    assert (
        course.get_ydata().tolist() == (100 * np.array(results["course"]["val_accuracy"])).tolist()
    )
