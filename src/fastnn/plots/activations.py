"""ActivationDisplay: what layers make of one input, channel by channel."""

import numpy as np

from fastnn.checks import integer, real_array
from fastnn.inputs import Inputs
from fastnn.layers import Rescale
from fastnn.layers.noise import Noise
from fastnn.layers.shape import _Reshape
from fastnn.tracing import place_of

from .images import (
    NUMBERS,
    TILES,
    UNITS,
    columns_of,
    draw_tiles,
    draw_units,
    image_size,
    label_pixels,
    limits,
    no_ticks,
    shown,
    times,
)
from .seeing import find_place, layer_at, network_of, outputs_at, samples_of
from .style import DARK, LIGHT, Canvas, check_matplotlib, finish, open_sides

LAYERS = 12


class ActivationDisplay:
    """What each channel or unit does with one input, of a layer or of all of them.

    Of one layer there is a panel a channel, or one with all units; of several, a panel a layer, in
    which the channels stand side by side. The larger a number, the brighter it is; where there are
    numbers below 0, 0 is grey. Of volumes the middle slice is seen.

    Parameters
    ----------
    activations : list of array_like, shape (*spatial, channels) or (units,)
        What each layer made of the input.
    names : list of str, optional
        What the titles call the layers.
    what : str, optional
        The input, for the title.

    Attributes
    ----------
    activations : list of ndarray
    names : list of str
    what
        As given.
    ax_ : Axes
        The first panel.
    axes_ : ndarray of Axes
        The panels.
    figure_ : Figure

    Examples
    --------
    >>> import numpy as np, fastnn as fn
    >>> layers = [fn.layers.Conv2D(6, 3, activation="relu"), fn.layers.Flatten()]
    >>> net = fn.Sequential([*layers, fn.layers.Dense(2)], input_shape=(8, 8, 1))
    >>> x = np.eye(8)[None, ..., None]
    >>> display = fn.plots.ActivationDisplay.from_estimator(net, x, layer="Conv2D")
    >>> display.activations[0].shape, len(display.axes_)
    ((6, 6, 6), 6)
    >>> display.figure_.savefig("activations.png")
    """

    def __init__(self, activations, *, names=None, what=None):
        who = "ActivationDisplay"
        if not isinstance(activations, (list, tuple)) or np.ndim(activations[:1]) < 2:
            activations = [activations]
        self.activations = [real_array(who, "activations", array) for array in activations]
        for array in self.activations:
            if not 1 <= array.ndim <= 4 or not array.size:
                raise ValueError(
                    f"{who}: expected activations of one input, of shape (*spatial, channels) with "
                    f"up to three spatial axes, got shape {array.shape}"
                )
        count = len(self.activations)
        self.names = [f"layer {i}" for i in range(count)] if names is None else list(names)
        if len(self.names) != count:
            raise ValueError(f"{who}: expected {count} names, got {len(self.names)}")
        self.what = what

    @classmethod
    def from_estimator(
        cls, estimator, X, y=None, *, layer=None, sample=0, ax=None, max_layers=LAYERS, **kwargs
    ):
        """Run a network on one of these samples, and draw what its layers make of it.

        Parameters
        ----------
        estimator : Sequential, Model, or an estimator with one in `network_`
        X : array_like, shape (N, *input_shape)
        y : array_like, shape (N,), optional
            Labels, of which the title names the sample's.
        layer : int, str or Layer, optional
            A layer's place, name or class, or itself. By default all, behind the input, but for
            those that change the shape or the scale only, or nothing.
        sample : int
            Which of the samples.
        ax : Axes, Figure or array of Axes, optional
            Where to draw; one Axes is split where there are several panels.
        max_layers : int
            If there are more, as many are taken, at equal distances.
        **kwargs
            For `plot`.

        Returns
        -------
        ActivationDisplay

        Raises
        ------
        ValueError, IndexError
            If the samples do not fit the network, or there is no such layer or sample.
        """
        who = f"{cls.__name__}.from_estimator"
        check_matplotlib(who)
        net = network_of(who, estimator)
        X = samples_of(net, estimator, X)
        sample = integer(who, "sample", sample, -(2**31))
        if not -len(X) <= sample < len(X):
            raise IndexError(f"{who}: expected a sample from 0 to {len(X) - 1}, got {sample}")
        sample %= len(X)
        what = f"sample {sample}"
        if y is not None:
            if np.shape(y)[:1] != (len(X),):
                raise ValueError(
                    f"{who}: expected a y for every X, got X of shape {X.shape} and y of shape "
                    f"{np.shape(y)}"
                )
            what += f" (label {np.asarray(y)[sample]})"
        x, shown_inputs = X[sample : sample + 1], []
        if layer is None:
            places = _all_places(net)
            shown_inputs = list(x.arrays) if isinstance(x, Inputs) else [x]
        else:
            places = [find_place(who, net, layer)]
        most = integer(who, "max_layers", max_layers)
        total = len(places)
        if total > most:
            places = [places[i] for i in np.linspace(0, total - 1, most).round().astype(int)]
            what += f", {most} of {total} layers"
        arrays = [*shown_inputs, *outputs_at(net, x, places)]
        names = ["input"] * len(shown_inputs) + [place_of(net, place) for place in places]
        display = cls([array[0] for array in arrays], names=names, what=what)
        return display.plot(ax=ax, **kwargs)

    def plot(self, ax=None, *, max_panels=32, columns=None, cmap=NUMBERS):
        """Draw the activations.

        Parameters
        ----------
        ax
            As for `from_estimator`.
        max_panels : int
            How many channels of a single layer are drawn.
        columns : int, optional
            Panels in a row.
        cmap : str or Colormap

        Returns
        -------
        ActivationDisplay
            The display itself.
        """
        who = f"{type(self).__name__}.plot"
        most = integer(who, "max_panels", max_panels)
        columns = None if columns is None else integer(who, "columns", columns)
        if len(self.activations) > 1:
            canvas = self._draw_all(who, ax, columns or 1, cmap)
        elif self.activations[0].ndim == 1:
            canvas = Canvas(who, ax, 1, size=(6.4, 2.8))
            draw_units(canvas.axes[0], self.activations[0])
            canvas.title(self._title(shown(self.activations[0].size, UNITS, "unit")))
        else:
            canvas = self._draw_channels(who, ax, most, columns, cmap)
        return finish(self, canvas)

    def _title(self, text):
        of = "" if not self.what else f"{self.what[0].upper()}{self.what[1:]}, "
        return f"{of}{self.names[0]}: {text}"

    def _draw_channels(self, who, ax, most, columns, cmap):
        """One layer, a panel a channel."""
        values, note = _slice(self.activations[0])
        count, series = values.shape[-1], values.ndim == 2
        most = min(most, count)
        columns = min(most, columns or columns_of(most, 4 if series else 8))
        size = (2.6, 1.7) if series else image_size(values.shape, columns)
        gaps = (0.2, 0.5) if series else (0.15, 0.35)
        how = {"columns": columns, "size": size, "more": (0.9, 0.8), "gaps": gaps}
        canvas = Canvas(who, ax, most, **how)
        low, high = limits(values[..., :most])
        for i, panel in enumerate(canvas.axes):
            if series:
                panel.plot(values[:, i], color=DARK, linewidth=1.2)
                panel.axhline(0, color=LIGHT, linewidth=0.8)
                panel.set_ylim(1.08 * low - 0.04 * high, 1.08 * high)
                open_sides(panel)
            else:
                image = panel.imshow(
                    values[..., i], cmap=cmap, vmin=low, vmax=high, interpolation="nearest"
                )
            name = f"{i}{'' if values[..., i].any() else ' (all 0)'}"
            panel.set_title(name if most > 1 else "", fontsize="small", pad=3)
            _label(panel, i == (most - 1) // columns * columns, series)
        if not series:
            canvas.figure.colorbar(image, ax=list(canvas.axes)).set_label("activation")
        silent = sum(not values[..., i].any() for i in range(count))
        silent = f"; {silent} of them 0 everywhere" if silent else ""
        size = times(self.activations[0].shape[:-1])
        canvas.title(self._title(f"{shown(count, most, 'channel')} of {size}{silent}{note}"))
        return canvas

    def _draw_all(self, who, ax, columns, cmap):
        """A panel a layer."""
        canvas = Canvas(
            who, ax, len(self.activations), columns=columns, size=(7.2, 1.75), gaps=(0.2, 1.1)
        )
        for panel, name, values in zip(canvas.axes, self.names, self.activations, strict=True):
            if values.ndim == 1:
                text = shown(values.size, UNITS, "unit")
                draw_units(panel, values)
            else:
                size = times(values.shape[:-1])
                values, note = _slice(values)
                text = f"{shown(values.shape[-1], TILES, 'channel')} of {size}{note}"
                text += draw_tiles(panel, values[..., :TILES], name == "input", cmap)
            panel.set_title(f"{name}: {text}", fontsize="small", loc="left", pad=3)
        if self.what:
            canvas.title(self.what[0].upper() + self.what[1:])
        return canvas


def _all_places(net):
    """The places that make other pictures than they read."""
    still = (_Reshape, Noise, Rescale)
    return [place for place in range(len(net.calls)) if not isinstance(layer_at(net, place), still)]


def _slice(values):
    """Of volumes the middle slice, and what a title says of it."""
    if values.ndim < 4:
        return values, ""
    depth = len(values) // 2
    return values[depth], f", slice {depth + 1} of {len(values)} of the depth"


def _label(panel, lower_left, series):
    """Name the axes of one panel, and leave the others without numbers."""
    if lower_left and series:
        label_pixels(panel, "position", "activation")
        panel.yaxis.get_major_locator().set_params(integer=False)
    elif lower_left:
        label_pixels(panel)
    elif series:
        panel.set_xticklabels([])
        panel.set_yticklabels([])
    else:
        no_ticks(panel)
