"""fn.plots: the numbers that each display holds, what it draws of them, and where."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import fastnn as fn
from fastnn.findings import VANISHED
from fastnn.plots import (
    ActivationDisplay,
    FilterDisplay,
    GradientFlowDisplay,
    HiddenSpaceDisplay,
    TrainingHistoryDisplay,
)
from fastnn.plots.hidden_space import principal_components
from fastnn.plots.images import limits, mosaic, tiles_a_row
from fastnn.tracing import place_of
from graphs import shared, two_inputs

pytest.importorskip("matplotlib")
L = fn.layers


@pytest.fixture
def pictures():
    from matplotlib import pyplot

    return pyplot


def title(display):
    """What stands above all panels, or the only one."""
    if len(display.axes_) == 1:
        return display.ax_.get_title()
    return display.figure_.texts[0].get_text()


def drawn(display):
    """Draw it to the end, as `savefig` does."""
    figure = display.figure_
    while not hasattr(figure, "canvas") or figure.canvas is None:
        figure = figure.figure
    figure.canvas.draw()
    return display


def images(n=12, channels=1, size=8):
    rng = np.random.default_rng(3)
    return rng.random((n, size, size, channels)).astype(np.float32)


def convolutional(channels=1, **how):
    layers = [
        L.Rescale(0.5),
        L.Conv2D(6, 3, activation="relu", name="edges"),
        L.MaxPool2D(2),
        L.BatchNorm(),
        L.Flatten(),
        L.Dropout(0.5),
        L.Dense(7, activation="tanh"),
        L.Dense(3),
    ]
    return fn.Sequential(layers, input_shape=(8, 8, channels), seed=1, **how)


def by_hand(net, x, place):
    """What the layer at this place of layers in a row makes, one layer after the other."""
    for layer in net.layers[: place + 1]:
        x = layer.forward(x)
    return x


# --- histories ----------------------------------------------------------------------------------


HISTORY = {"loss": [3.0, 2.0, 1.5], "val_loss": [3.5, 2.5, 2.7], "accuracy": [0.1, 0.5, 0.6]}


def test_a_history_has_a_panel_a_figure():
    history = fn.History(HISTORY, seconds=[1.0, 1.0, 1.0], initial_epoch=4)
    display = drawn(TrainingHistoryDisplay.from_history(history))
    assert [panel.get_ylabel() for panel in display.axes_] == ["loss", "accuracy"]
    assert {panel.get_xlabel() for panel in display.axes_} == {"epoch"}
    assert display.epochs == [5, 6, 7]
    one, other = display.ax_.get_lines()
    assert one.get_xdata().tolist() == [5, 6, 7]
    assert (one.get_ydata().tolist(), other.get_ydata().tolist()) == (
        HISTORY["loss"],
        HISTORY["val_loss"],
    )
    assert (one.get_linestyle(), one.get_marker()) != (other.get_linestyle(), other.get_marker())
    assert [line.get_label() for line in (one, other)] == ["training", "validation"]


def test_figures_are_chosen_by_name(pictures):
    _, ax = pictures.subplots()
    display = TrainingHistoryDisplay(HISTORY).plot(ax, names=["loss"], log=True)
    assert display.ax_ is ax and display.axes_.tolist() == [ax]
    assert ax.get_yscale() == "log"
    alone = TrainingHistoryDisplay({"val_loss": [1.0]}).plot()
    assert alone.ax_.get_ylabel() == "val loss"


def test_the_history_of_an_estimator_and_history_plot_are_the_same_picture(tmp_path):
    history = fn.History(HISTORY)
    display = TrainingHistoryDisplay.from_estimator(SimpleNamespace(history_=history))
    figure = history.plot(tmp_path / "curves.png")
    assert [panel.get_ylabel() for panel in figure.axes] == ["loss", "accuracy"]
    for mine, other in zip(display.axes_, figure.axes, strict=True):
        for a, b in zip(mine.get_lines(), other.get_lines(), strict=True):
            assert a.get_xydata().tolist() == b.get_xydata().tolist()
    assert figure.get_size_inches().tolist() == [8.4, 3.2]


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: TrainingHistoryDisplay({}).plot(), ValueError, "figures of an epoch at least"),
        (
            lambda: TrainingHistoryDisplay(HISTORY).plot(names=["f1"]),
            ValueError,
            "no figure 'f1', there are loss, val_loss, accuracy",
        ),
        (
            lambda: TrainingHistoryDisplay(HISTORY | {"f1": [1.0]}),
            ValueError,
            "3 entries for 3 epochs, got 1 of f1",
        ),
        (lambda: TrainingHistoryDisplay(HISTORY, [1, 2]), ValueError, "got 2 epochs"),
        (
            lambda: TrainingHistoryDisplay.from_estimator(convolutional()),
            TypeError,
            r"from_history\(net.fit",
        ),
    ],
)
def test_histories_that_cannot_be_drawn(make, error, text):
    with pytest.raises(error, match=text):
        make()


# --- filters ------------------------------------------------------------------------------------


def test_filters_are_the_weights_of_the_first_layer_that_has_some():
    net = convolutional()
    display = drawn(FilterDisplay.from_estimator(net))
    weight = net.layers[1].weight
    assert (display.filters == weight).all() and display.filters is not weight
    assert len(display.axes_) == 6
    for i, panel in enumerate(display.axes_):
        shown = panel.images[0]
        assert (shown.get_array() == weight[i, ..., 0]).all()
        assert panel.get_title() == str(i)
        # 0 is in the middle of the colours, the same in all panels
        assert shown.get_clim() == (-np.abs(weight).max(), np.abs(weight).max())
    text = title(display)
    assert text == "Conv2D 'edges': 6 filters of 3 × 3"
    lower_left = display.axes_[0]
    assert (lower_left.get_xlabel(), lower_left.get_ylabel()) == ("column", "row")
    assert display.figure_.axes[-1].get_ylabel() == "weight"


def test_filters_on_scales_of_their_own():
    net = convolutional()
    display = FilterDisplay.from_estimator(net, scale="filter")
    ends = [panel.images[0].get_clim()[1] for panel in display.axes_]
    assert ends == np.abs(net.layers[1].weight).max(axis=(1, 2, 3)).tolist()


@pytest.mark.parametrize("layer", ["edges", 1, -7, "Conv2D", "Conv2D 'edges'"])
def test_layers_are_found_by_name_class_and_place(layer):
    net = convolutional()
    for given in (layer, net.layers[1]):
        assert FilterDisplay.from_estimator(net, layer=given).layer == "Conv2D 'edges'"


def test_colours_are_shown_where_three_channels_are_an_images():
    net = convolutional(3)
    weight, display = net.layers[1].weight, drawn(FilterDisplay.from_estimator(net))
    assert display.rgb
    end = np.abs(weight).max()
    for panel, filter in zip(display.axes_, weight, strict=True):
        np.testing.assert_allclose(panel.images[0].get_array(), 0.5 + filter / (2 * end), 1e-6)
    assert "red, green and blue" in title(display)
    deeper = fn.Sequential([L.Conv2D(3, 1), L.Conv2D(2, 3)], input_shape=(8, 8, 3))
    assert FilterDisplay.from_estimator(deeper, layer=0).rgb
    assert not FilterDisplay.from_estimator(deeper, layer=1).rgb
    assert not FilterDisplay(weight, rgb=False).rgb and FilterDisplay(weight).rgb
    with pytest.raises(ValueError, match="rgb needs images of three channels"):
        FilterDisplay(weight[..., :2], rgb=True)


def test_many_channels_are_tiles():
    weight = np.arange(2 * 3 * 3 * 5.0).reshape(2, 3, 3, 5)
    display = drawn(FilterDisplay(weight).plot())
    whole = np.ma.filled(display.ax_.images[0].get_array(), np.nan)
    row = tiles_a_row(5, 3, 3, 1.0)
    np.testing.assert_array_equal(whole, mosaic(weight[0], row))
    # every pixel is 4 wide, tiles are one apart
    assert whole[0, 0] == weight[0, 0, 0, 0] and whole[11, 11] == weight[0, 2, 2, 0]
    assert np.isnan(whole[12]).all() and whole[0, 13] == weight[0, 0, 0, 1]
    assert "5 channels" in title(display)


def test_the_title_says_of_how_many():
    display = FilterDisplay(np.ones((128, 3, 3, 70))).plot(max_panels=20)
    assert len(display.axes_) == 20
    assert "20 of 128 filters of 3 × 3, 64 of 70 channels" in title(display)


def test_filters_of_one_and_three_dimensions():
    series = FilterDisplay(np.ones((4, 5, 1))).plot()
    assert series.ax_.get_ylabel() == "weight" and series.axes_[-1].get_xlabel() == "input"
    wide = FilterDisplay(np.arange(40.0).reshape(4, 5, 2)).plot()
    assert (wide.ax_.images[0].get_array() == wide.filters[0].T).all()
    assert (wide.ax_.get_xlabel(), wide.ax_.get_ylabel()) == ("tap", "channel")
    volume = np.arange(2 * 5 * 3 * 3.0).reshape(2, 5, 3, 3, 1)
    display = drawn(FilterDisplay(volume).plot())
    assert (display.axes_[1].images[0].get_array() == volume[1, 2, ..., 0]).all()
    assert title(display).endswith("slice 3 of 5 of the depth")
    other = FilterDisplay(volume).plot(depth=4)
    assert (other.axes_[1].images[0].get_array() == volume[1, 4, ..., 0]).all()
    with pytest.raises(ValueError, match="depth"):
        FilterDisplay(volume).plot(depth=5)
    with pytest.raises(ValueError, match="depth is for filters over volumes"):
        FilterDisplay(volume[:, 0]).plot(depth=0)


def test_units_of_dense_layers_are_images_where_they_read_some():
    layers = [L.Flatten(), L.Dropout(0.2), L.Dense(4), L.Dense(2)]
    net = fn.Sequential(layers, input_shape=(5, 7, 3))
    display = FilterDisplay.from_estimator(net)
    assert (display.filters == net.layers[2].weight.reshape(4, 5, 7, 3)).all() and display.rgb
    assert FilterDisplay.from_estimator(net, layer=-1).filters.shape == (2, 4, 1)
    inner = FilterDisplay.from_estimator(convolutional(), layer=6)
    assert inner.filters.shape == (7, 3, 3, 6) and not inner.rgb
    flat = fn.Sequential([L.Dense(4)], input_shape=(35,))
    assert FilterDisplay.from_estimator(flat, image_shape=(5, 7)).filters.shape == (4, 5, 7, 1)
    with pytest.raises(ValueError, match=r"image_shape of 35 numbers, got \(6, 6, 1\) of 36"):
        FilterDisplay.from_estimator(flat, image_shape=(6, 6))
    with pytest.raises(ValueError, match="image_shape is for dense layers"):
        FilterDisplay.from_estimator(convolutional(), image_shape=(3, 3))


@pytest.mark.parametrize(
    ("layer", "error", "text"),
    [
        ("edge", ValueError, "no layer 'edge': did you mean 'edges'.*Rescale, Conv2D 'edges'"),
        (8, IndexError, "from 0 to 7, got 8"),
        (-9, IndexError, "from 0 to 7, got -9"),
        ("Dense", ValueError, "may be any of layers 6, 7; give a number"),
        (2, ValueError, "got MaxPool2D; there are Conv2D 'edges', Dense"),
        (1.5, TypeError, "number or a name, got 1.5"),
        (L.Dense(2, name="strange"), ValueError, "strange is no layer of this network"),
    ],
)
def test_wrong_layers_are_told_by_those_that_there_are(layer, error, text):
    with pytest.raises(error, match=text):
        FilterDisplay.from_estimator(convolutional(), layer=layer)


# --- activations --------------------------------------------------------------------------------


@pytest.mark.parametrize("place", range(8))
def test_activations_are_those_of_a_forward_pass(place):
    net, x = convolutional(), images()
    net.forward(x, training=True)  # running statistics that are not 0 and 1
    display = drawn(
        ActivationDisplay.from_estimator(net, x, np.arange(12) % 3, layer=place, sample=5)
    )
    (values,) = display.activations
    np.testing.assert_array_equal(values, by_hand(net, x, place)[5])
    if place == 1:
        end = values.max()
        for channel, panel in enumerate(display.axes_):
            assert (panel.images[0].get_array() == values[..., channel]).all()
            assert panel.images[0].get_clim() == (0.0, end)  # a ReLU's: no colour for less
    if values.ndim == 1:
        assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("unit", "activation")
    above = title(display).replace("\n", " ")
    assert above.startswith(f"Sample 5 (label 2), {place_of(net, place)}: ")


def test_of_all_layers_there_is_a_panel_each_behind_the_input():
    net, x = convolutional(), images()
    display = drawn(ActivationDisplay.from_estimator(net, x, list("abcdefghijkl"), sample=-10))
    places = [1, 2, 3, 6, 7]  # the others change the shape or the scale only, or nothing
    assert display.names == ["input", *(place_of(net, place) for place in places)]
    np.testing.assert_array_equal(display.activations[0], x[2])
    for values, place in zip(display.activations[1:], places, strict=True):
        np.testing.assert_array_equal(values, by_hand(net, x, place)[2])
    assert len(display.axes_) == 6
    assert title(display) == "Sample 2 (label c)"
    assert "Conv2D 'edges': 6 channels of 6 × 6" in display.axes_[1].get_title(loc="left")


def test_networks_are_left_as_they_were():
    net, x = convolutional(), images()
    dy = np.ones((len(x), 3))
    net.forward(x)
    ActivationDisplay.from_estimator(net, x)
    HiddenSpaceDisplay.from_estimator(net, x)
    net.backward(dy)  # the pass before is remembered
    gradients = net.gradients.copy()
    net.forward(x)
    net.backward(dy)
    assert (net.gradients == gradients).all()


@pytest.mark.parametrize("make", [two_inputs, shared])
def test_graphs_are_seen_through(make):
    net, rng = make(), np.random.default_rng(0)
    x = [rng.random((5, *shape)).astype(np.float32) for shape in net.input_shapes]
    x = x if len(x) > 1 else x[0]
    display = ActivationDisplay.from_estimator(net, x, sample=1)
    outputs = net.predict(x)
    for y, end in zip(
        outputs if isinstance(outputs, list) else [outputs], net.outputs, strict=True
    ):
        place = end - len(net.input_shapes)
        one = ActivationDisplay.from_estimator(net, x, layer=place, sample=1)
        np.testing.assert_array_equal(one.activations[0], y[1])
        assert place_of(net, place) in display.names
    assert display.names.count("input") == len(net.input_shapes)


def test_silent_channels_and_limits_are_said():
    values = np.zeros((4, 4, 40))
    values[..., ::2] = 1.0
    display = ActivationDisplay(values, names=["seen"]).plot(max_panels=8)
    assert len(display.axes_) == 8
    assert display.axes_[1].get_title() == "1 (all 0)"
    text = title(display)
    assert text == "seen: 8 of 40 channels of 4 × 4; 20 of them 0 everywhere"
    assert "512 of 600 units" in title(ActivationDisplay(np.ones(600)).plot())
    deep = fn.Sequential([L.Dense(2) for _ in range(9)], input_shape=(2,))
    display = ActivationDisplay.from_estimator(deep, [[1.0, 2.0]], max_layers=4)
    assert display.names[1:] == [f"Dense (layer {i})" for i in (0, 3, 5, 8)]
    assert title(display) == "Sample 0, 4 of 9 layers"


def test_series_volumes_and_colours_are_drawn():
    rng = np.random.default_rng(0)
    series = fn.Sequential([L.Conv1D(3, 2), L.Flatten(), L.Dense(2)], input_shape=(9, 1))
    assert len(drawn(ActivationDisplay.from_estimator(series, rng.random((1, 9, 1)))).axes_) == 3
    one = drawn(ActivationDisplay.from_estimator(series, rng.random((1, 9, 1)), layer=0))
    for channel, panel in enumerate(one.axes_):
        assert (panel.get_lines()[0].get_ydata() == one.activations[0][:, channel]).all()
    assert (one.ax_.get_xlabel(), one.ax_.get_ylabel()) == ("position", "activation")
    volume = fn.Sequential([L.Conv3D(2, 2), L.Conv3D(2, 2)], input_shape=(6, 5, 5, 3))
    x = rng.random((1, 6, 5, 5, 3))
    assert len(drawn(ActivationDisplay.from_estimator(volume, x)).axes_) == 3
    one = drawn(ActivationDisplay.from_estimator(volume, x, layer=0))
    assert (one.ax_.images[0].get_array() == one.activations[0][2, ..., 0]).all()
    assert "slice 3 of 5" in title(one)
    colours = ActivationDisplay([x[0, 0], x[0, 0]], names=["input", "other"]).plot()
    assert colours.ax_.images[0].get_array().shape == (5, 5, 3)
    assert colours.axes_[1].images[0].get_array().ndim == 2


def test_activations_that_cannot_be_drawn():
    net = convolutional()
    with pytest.raises(IndexError, match="sample from 0 to 11, got 12"):
        ActivationDisplay.from_estimator(net, images(), sample=12)
    with pytest.raises(ValueError, match=r"expected x of shape \(N, 8, 8, 1\), got shape \(8, 8"):
        ActivationDisplay.from_estimator(net, images()[0])
    with pytest.raises(ValueError, match="a y for every X"):
        ActivationDisplay.from_estimator(net, images(), [1, 2])
    with pytest.raises(ValueError, match="expected 1 names, got 2"):
        ActivationDisplay(np.ones(3), names=["a", "b"])
    with pytest.raises(ValueError, match="up to three spatial axes"):
        ActivationDisplay(np.ones((2, 2, 2, 2, 2)))


# --- gradients ----------------------------------------------------------------------------------


def vanishing():
    hidden = [L.Dense(8, activation="sigmoid") for _ in range(9)]
    return fn.Sequential([*hidden, L.Dense(2)], input_shape=(4,))


def test_the_flow_of_gradients_is_that_of_diagnose():
    rng, net = np.random.default_rng(0), vanishing()
    x, y = rng.normal(size=(30, 4)), np.array(["a", "b"] * 15)
    diagnosis = fn.diagnose(net, x, y)
    display = drawn(GradientFlowDisplay.from_estimator(net, x, y))
    assert display.layers == [row.layer for row in diagnosis.rows]
    assert display.gradient.tolist() == [row.delta for row in diagnosis.rows]
    assert display.spread.tolist() == [row.spread for row in diagnosis.rows]
    assert display.saturated[:-1].tolist() == [row.saturated for row in diagnosis.rows[:-1]]
    assert np.isnan(display.saturated[-1]) and np.isnan(display.dead).all()
    assert (display.findings, display.loss) == (diagnosis.findings, diagnosis.loss)
    # the verdicts in words and in the picture are of the same layers
    gone = [row.layer for row in diagnosis.rows if row.delta < VANISHED * diagnosis.slope]
    marked = [layer for layer, words in zip(display.layers, display.verdicts, strict=True) if words]
    assert marked == gone and gone
    assert f"below 1/1024 in {gone[0]}" in " ".join(diagnosis.findings)
    flow, spread, _ = display.axes_
    curve = max(flow.get_lines(), key=lambda line: len(line.get_xdata()))
    assert curve.get_ydata().tolist() == display.gradient.tolist()
    assert spread.get_lines()[0].get_ydata().tolist() == display.spread.tolist()
    heights = [line.get_ydata()[0] for line in flow.get_lines() if line.get_linestyle() == "--"]
    assert heights == [VANISHED * diagnosis.slope]
    texts = [text.get_text() for text in flow.texts]
    assert texts.count("vanishing") == 1  # once for layers in a row
    assert title(display).endswith(f"vanishing in {len(gone)} of 10 layers")
    below = [text.get_text() for panel in display.figure_.axes for text in panel.texts]
    assert any("vanishes on its way back" in text for text in below)


def test_axes_of_the_flow_are_labelled():
    net, x = convolutional(), images()
    display = GradientFlowDisplay.from_estimator(net, x, np.arange(12) % 3)
    assert all(panel.get_ylabel() for panel in display.axes_)
    assert display.axes_[-1].get_xlabel().startswith("layer")
    ticks = [text.get_text() for text in display.axes_[-1].get_xticklabels()]
    assert ticks == display.layers == ["Conv2D 'edges'", "BatchNorm", *display.layers[2:]]
    every = GradientFlowDisplay.from_estimator(net, x, np.arange(12) % 3, layers="all")
    assert len(every.layers) == 8


def test_saturated_and_dead_shares_are_hatched_bars():
    net = fn.Sequential([L.Dense(8, "relu"), L.Dense(4, "tanh"), L.Dense(2)], input_shape=(4,))
    net.layers[0].bias[:2], net.layers[1].weight[...] = -1e6, 100.0
    x = np.random.default_rng(0).normal(size=(40, 4))
    display = drawn(GradientFlowDisplay.from_estimator(net, x, np.arange(40) % 2))
    bars = {bar.get_label(): bar.patches for bar in display.axes_[2].containers}
    assert [bar.get_height() for bar in bars["dead"]] == [100 * display.dead[0]]
    assert [bar.get_height() for bar in bars["saturated"]] == [100 * display.saturated[1]]
    assert display.dead[0] >= 0.25 and display.saturated[1] > 0.5
    assert bars["dead"][0].get_hatch() != bars["saturated"][0].get_hatch()
    assert "dead" in display.verdicts[0] and "saturated" in display.verdicts[1]


def test_verdicts_are_those_of_the_findings():
    x, y = np.random.default_rng(0).normal(size=(40, 4)), np.arange(40) % 2
    net = fn.Sequential([L.Dense(8) for _ in range(4)] + [L.Dense(2)], input_shape=(4,))
    for layer in net.layers[1:]:
        layer.weight *= 30
    diagnosis = fn.diagnose(net, x, y)
    assert any("explodes" in text for text in diagnosis.findings)
    assert "exploding" in diagnosis.verdicts[0] and diagnosis.verdicts[-1] == ()
    net.layers[2].weight[0, 0] = np.nan
    diagnosis = fn.diagnose(net, x, y)
    assert diagnosis.verdicts == [(), (), ("NaN",), ("NaN",), ("NaN",)]
    display = drawn(GradientFlowDisplay.from_diagnosis(diagnosis))
    assert "NaN in 3 of 5 layers" in title(display)
    with pytest.raises(ValueError, match='layers None or "all"'):
        GradientFlowDisplay.from_diagnosis(diagnosis, layers=[1])


def test_a_flow_is_drawn_of_arrays():
    how = {"verdicts": [("vanishing",), ()], "slope": 1.0, "findings": ["It vanishes."] * 6}
    display = drawn(GradientFlowDisplay(["a", "b"], [0.0, 1.0], [1.0, np.inf], **how).plot())
    assert title(display) == "Vanishing in 1 of 2 layers"
    assert "0" in [text.get_text() for text in display.ax_.texts]
    assert "∞" in [text.get_text() for text in display.axes_[1].texts]
    assert "no activation that saturates" in display.axes_[2].texts[0].get_text()
    assert title(drawn(GradientFlowDisplay(["a"], [1.0], [1.0]).plot())) == "No layer stands out"
    with pytest.raises(ValueError, match=r"gradient of 2 layers, got shape \(1,\)"):
        GradientFlowDisplay(["a", "b"], [1.0], [1.0, 1.0])
    with pytest.raises(ValueError, match="verdicts for each"):
        GradientFlowDisplay(["a"], [1.0], [1.0], verdicts=[])


# --- hidden spaces ------------------------------------------------------------------------------


def test_the_hidden_space_is_the_network_cut_at_a_layer():
    net, x = convolutional(), images(40)
    for place in (1, 6):
        hidden = by_hand(net, x, place).reshape(40, -1).astype(np.float64)
        display = HiddenSpaceDisplay.from_estimator(net, x, layer=place)
        expected = (hidden - hidden.mean(axis=0)) @ display.components.T
        np.testing.assert_allclose(display.points, expected, atol=1e-10)
        # the components are those of the covariance's largest eigenvalues
        values = np.linalg.eigvalsh(np.cov(hidden.T))[::-1]
        np.testing.assert_allclose(display.variance_ratio, values[:2] / values.sum(), atol=1e-10)
        np.testing.assert_allclose(np.var(display.points, axis=0, ddof=1), values[:2], rtol=1e-8)
        np.testing.assert_allclose(display.components @ display.components.T, np.eye(2), atol=1e-9)
        share = f"with {100 * display.variance_ratio.sum():.3g} % of the variance"
        assert title(display).replace("\n", " ").endswith(share)
        assert f"({100 * display.variance_ratio[0]:.3g} % of" in display.ax_.get_xlabel()
        assert f"({100 * display.variance_ratio[1]:.3g} % of" in display.ax_.get_ylabel()


def test_the_default_is_the_last_hidden_layer():
    net, x = convolutional(), images()
    display = HiddenSpaceDisplay.from_estimator(net, x)
    assert display.layer == place_of(net, 6)
    assert (
        display.points.tolist()
        == HiddenSpaceDisplay.from_estimator(net, x, layer=6).points.tolist()
    )
    layers = [L.Rescale(2.0), L.Dense(2)]
    assert HiddenSpaceDisplay.from_estimator(fn.Sequential(layers), [[1.0, 2.0]]).layer == "Dense"
    layers = [L.Dense(3), L.Activation("relu"), L.Dropout(0.5), L.Dense(2)]
    assert HiddenSpaceDisplay.from_estimator(fn.Sequential(layers), [[1.0]]).layer == "Activation"


def test_two_units_are_seen_directly():
    net = fn.Sequential([L.Dense(2, "tanh"), L.Dense(5), L.Dense(1)], input_shape=(3,))
    x = np.random.default_rng(0).normal(size=(20, 3))
    display = drawn(HiddenSpaceDisplay.from_estimator(net, x, layer=0))
    np.testing.assert_array_equal(display.points, net.layers[0].forward(x))
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("unit 0", "unit 1")
    assert display.variance_ratio is None
    chosen = HiddenSpaceDisplay.from_estimator(net, x, layer=1, units=(4, 2))
    np.testing.assert_array_equal(chosen.points, by_hand(net, x, 1)[:, [4, 2]])
    assert (chosen.ax_.get_xlabel(), chosen.ax_.get_ylabel()) == ("unit 4", "unit 2")
    one = drawn(HiddenSpaceDisplay.from_estimator(net, x, np.arange(20) % 2, layer=-1))
    assert one.points.shape == (20, 1) and one.ax_.get_ylabel() == "class"
    assert drawn(HiddenSpaceDisplay.from_estimator(net, x, layer=-1)).ax_.get_ylabel() == ""
    with pytest.raises(IndexError, match=r"units \(i, j\) from 0 to 4, got \(1, 5\)"):
        HiddenSpaceDisplay.from_estimator(net, x, layer=1, units=(1, 5))


def test_classes_differ_in_colour_and_marker():
    points = np.random.default_rng(0).normal(size=(60, 2))
    y = np.array(list("abcdefghijkl"))[np.arange(60) % 12]
    display = drawn(HiddenSpaceDisplay(points, y).plot())
    groups = display.ax_.collections
    assert [group.get_label() for group in groups] == list("abcdefghijkl")
    for i, group in enumerate(groups):
        np.testing.assert_array_equal(group.get_offsets(), points[i::12])
    looks = [
        (group.get_edgecolor().tobytes(), group.get_paths()[0].vertices.tobytes())
        for group in groups
    ]
    assert len(set(looks)) == 12
    assert len({marker for _, marker in looks[:10]}) == 10  # enough without colours
    assert len({colour for colour, _ in looks}) == 7


def test_targets_that_are_numbers_are_colours():
    points, y = np.zeros((30, 2)), np.linspace(0, 1, 30)
    display = drawn(HiddenSpaceDisplay(points, y).plot())
    assert display.ax_.collections[0].get_array().tolist() == y.tolist()
    assert display.figure_.axes[-1].get_ylabel() == "target"
    whole = HiddenSpaceDisplay(points, np.arange(30) % 3).plot()
    assert len(whole.ax_.collections) == 3


def test_many_samples_are_thinned_out():
    net = fn.Sequential([L.Dense(2), L.Dense(1)], input_shape=(1,))
    x = np.arange(3000.0)[:, None]
    display = HiddenSpaceDisplay.from_estimator(net, x, np.arange(3000.0), max_samples=300)
    assert display.y.tolist() == list(range(0, 3000, 10))
    np.testing.assert_array_equal(display.points, net.layers[0].forward(x)[::10])
    all_of_them = HiddenSpaceDisplay.from_estimator(net, x, max_samples=3000)
    np.testing.assert_array_equal(all_of_them.points, net.layers[0].forward(x))


def test_components_of_few_samples_and_of_none_that_vary():
    points, ratio, components, mean = principal_components(np.ones((1, 4)))
    assert points.tolist() == [[0, 0]] and ratio.tolist() == [0, 0]
    assert components.shape == (2, 4) and mean.tolist() == [1] * 4
    rows = np.random.default_rng(0).normal(size=(9, 4))
    _, _, one, _ = principal_components(rows)
    _, _, other, _ = principal_components(-rows)
    np.testing.assert_allclose(one, other, atol=1e-12)  # the sign is settled


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: HiddenSpaceDisplay(np.ones((3, 3))), r"shape \(N, 2\) or \(N, 1\), got \(3, 3\)"),
        (lambda: HiddenSpaceDisplay(np.ones((3, 2)), [1]), "a y for each of 3 points"),
        (lambda: HiddenSpaceDisplay(np.ones((3, 2)), axes=["a"]), "expected 2 axes, got 1"),
        (
            lambda: HiddenSpaceDisplay.from_estimator(convolutional(), images()[:0]),
            "at least one sample",
        ),
        (
            lambda: HiddenSpaceDisplay.from_estimator(convolutional(), images(), [1]),
            "a y for every X",
        ),
        (
            lambda: HiddenSpaceDisplay.from_estimator(convolutional(), images() * np.nan),
            "NaN.*fn.diagnose",
        ),
    ],
)
def test_hidden_spaces_that_cannot_be_drawn(make, text):
    with pytest.raises(ValueError, match=text):
        make()


# --- what all displays share --------------------------------------------------------------------


def displays():
    """How many panels each display has, and a way to draw it."""
    net, x, y = convolutional(), images(), np.arange(12) % 3
    yield 2, lambda ax: TrainingHistoryDisplay(HISTORY).plot(ax)
    yield 6, lambda ax: FilterDisplay.from_estimator(net, ax=ax)
    yield 6, lambda ax: ActivationDisplay.from_estimator(net, x, layer=1, ax=ax)
    yield 6, lambda ax: ActivationDisplay.from_estimator(net, x, ax=ax)
    yield 3, lambda ax: GradientFlowDisplay.from_estimator(net, x, y, ax=ax)
    yield 1, lambda ax: HiddenSpaceDisplay.from_estimator(net, x, y, ax=ax)


KINDS = range(6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layout", [None, "constrained"])
def test_what_is_given_is_drawn_on_and_pyplot_left_alone(kind, layout, monkeypatch):
    from matplotlib.figure import Figure

    count, draw = list(displays())[kind]
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    figure = Figure(figsize=(9, 9), layout=layout)
    display = drawn(draw(figure))
    assert display.figure_ is figure and len(display.axes_) == count
    assert all(panel.figure is figure for panel in display.axes_)

    figure = Figure(figsize=(9, 9), layout=layout)
    left, right = figure.subplots(1, 2)
    display = drawn(draw(left))
    assert display.figure_ is figure and len(display.axes_) == count
    whole, panels = left.get_position(), [panel.get_position() for panel in display.axes_]
    assert all(panel.x1 <= right.get_position().x0 for panel in panels)
    assert all(whole.y0 - 1e-9 <= panel.y0 for panel in panels) or layout
    assert (display.ax_ is left) == (count == 1)

    figure = Figure(figsize=(9, 9), layout=layout)
    axes = figure.subplots(1, count, squeeze=False)
    display = drawn(draw(axes))
    assert display.axes_.tolist() == axes.ravel().tolist()
    assert display.ax_ is axes[0, 0]
    assert all(panel.has_data() for panel in axes.ravel())

    by_hand = Figure(figsize=(9, 9)).add_axes((0.1, 0.1, 0.8, 0.8))
    assert len(drawn(draw(by_hand)).axes_) == count

    part = Figure(figsize=(9, 9), layout=layout).subfigures(1, 2)[1]
    assert drawn(draw(part)).figure_ is part


@pytest.mark.parametrize("kind", KINDS)
def test_without_axes_pyplot_shows_a_new_figure(kind, pictures, tmp_path):
    _, draw = list(displays())[kind]
    display = draw(None)
    assert pictures.get_fignums() == [display.figure_.number]
    display.figure_.savefig(tmp_path / "x.png")
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    again = display.plot()
    assert again is display and len(pictures.get_fignums()) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_places_that_are_no_axes_are_refused(kind, pictures):
    count, draw = list(displays())[kind]
    _, axes = pictures.subplots(1, count + 1)
    with pytest.raises(ValueError, match=f"{count} Axes, a panel each; got {count + 1}"):
        draw(axes)
    with pytest.raises(TypeError, match="Axes or a Figure of matplotlib, got str"):
        draw("here")
    with pytest.raises(TypeError, match="expected ax of Axes, got int"):
        draw([1] * count)


class Fitted:
    """An estimator whose network knows classes by number, and whose samples are rows."""

    def __init__(self, net):
        self.network_, self.classes_ = net, np.array(["cat", "dog", "owl"])

    def fit(self):
        raise NotImplementedError


def test_estimators_show_the_network_that_they_keep():
    net, x = convolutional(), images()
    estimator, rows = Fitted(net), x.reshape(12, -1)
    y = estimator.classes_[np.arange(12) % 3]
    assert (FilterDisplay.from_estimator(estimator).filters == net.layers[1].weight).all()
    assert (
        ActivationDisplay.from_estimator(estimator, rows, y, layer=1).activations[0]
        == ActivationDisplay.from_estimator(net, x, layer=1).activations[0]
    ).all()
    mine = HiddenSpaceDisplay.from_estimator(estimator, rows, y)
    assert (mine.points == HiddenSpaceDisplay.from_estimator(net, x).points).all()
    # two of the three classes only: they keep their numbers
    two = np.flatnonzero(np.arange(12) % 3)
    flow = GradientFlowDisplay.from_estimator(estimator, rows[two], y[two])
    net.classes_ = np.arange(3)
    expected = fn.diagnose(net, x[two], two % 3)
    assert flow.loss == expected.loss
    net.classes_ = None
    with pytest.raises(ValueError, match="'bee' is none of the estimator's classes"):
        GradientFlowDisplay.from_estimator(estimator, rows[:1], ["bee"])


def test_the_loss_of_an_estimator_follows_from_what_it_predicts():
    x, t = np.random.default_rng(0).normal(size=(2, 20, 1))
    net = fn.Sequential([L.Dense(1)], input_shape=(1,))
    flow = GradientFlowDisplay.from_estimator(SimpleNamespace(network_=net), x, t[:, 0])
    assert flow.loss == fn.diagnose(net, x, t, "half_squared_error").loss
    two = SimpleNamespace(network_=net, classes_=np.array(["no", "yes"]))
    flow = GradientFlowDisplay.from_estimator(two, x, two.classes_[np.arange(20) % 2])
    assert flow.loss == fn.diagnose(net, x, np.arange(20) % 2, "binary_cross_entropy").loss


@pytest.mark.parametrize("draw", [FilterDisplay, ActivationDisplay, HiddenSpaceDisplay])
def test_what_has_no_network_is_named(draw):
    pipeline = SimpleNamespace(steps=[], named_steps={}, fit=None)
    for given, text in [
        (pipeline, "of a pipeline give the last step"),
        (SimpleNamespace(fit=None), "got SimpleNamespace; fit it first"),
        (3, "attribute network_; got int"),
    ]:
        with pytest.raises(TypeError, match=text):
            draw.from_estimator(given, images())
    with pytest.raises(ValueError, match="no weights before its input's shape is known"):
        FilterDisplay.from_estimator(fn.Sequential([L.Dense(2)]))


@pytest.mark.parametrize("kind", KINDS)
def test_without_matplotlib_the_extra_is_named(kind, monkeypatch):
    _, draw = list(displays())[kind]
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"Display\.\w+: it needs matplotlib.*'fastnn\[plots\]'"):
        draw(None)


def test_matplotlib_is_imported_when_it_is_used():
    program = "import sys, fastnn as fn; fn.plots.FilterDisplay; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
    assert fn.plots.__all__ == sorted(fn.plots.__all__) and "plots" in dir(fn)


def test_scales_of_colours_are_centred_on_0_where_there_are_signs():
    assert limits(np.array([1.0, 3.0])) == (0.0, 3.0)
    assert limits(np.array([-1.0, 3.0])) == (-3.0, 3.0)
    assert limits(np.array([-4.0, np.nan, np.inf])) == (-4.0, 4.0)
    assert limits(np.zeros(2)) == (0.0, 1.0)


def test_tiles_fill_their_rows():
    assert tiles_a_row(16, 8, 8, 5.0) == 8 and tiles_a_row(3, 5, 5, 1.0) == 3
    assert tiles_a_row(1, 100, 1, 1.0) == 1 and tiles_a_row(2, 1, 100, 1.0) == 1
    for count in range(1, 70):
        assert 1 <= tiles_a_row(count, 7, 9, 2.0) <= count
