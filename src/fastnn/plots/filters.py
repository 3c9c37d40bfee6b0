"""FilterDisplay: the weights of a layer, a panel a filter."""

import math

from fastnn.checks import integer, one_of, real_array
from fastnn.layers import Dense
from fastnn.layers.conv import _Conv
from fastnn.layers.conv_transpose import _ConvTranspose
from fastnn.layers.noise import Noise
from fastnn.layers.pad import Pad
from fastnn.layers.preprocess import Preprocess
from fastnn.tracing import place_of

from .images import (
    NUMBERS,
    TILES,
    columns_of,
    draw_stems,
    image_size,
    label_pixels,
    limits,
    mosaic,
    no_ticks,
    shown,
    tiles_a_row,
    times,
)
from .seeing import behind, check_built, find_place, image_read, layer_at, network_of
from .style import Canvas, check_matplotlib, finish


class FilterDisplay:
    """The filters of a convolution, or what each unit of a dense layer looks for.

    Filters of one channel are images; of three that see colours, colours (grey is 0); of other
    numbers, a tile a channel. In one dimension they are stems, or rows of an image, a channel each;
    in three, one slice of the depth is seen.

    Parameters
    ----------
    filters : array_like, shape (filters, *kernel, channels) or (units, features)
        As in a layer's `weight`. Two axes stand for a series of one channel.
    layer : str
        What the title calls the layer.
    rgb : bool, optional
        Whether channels are red, green and blue; by default if they are three, of an image.

    Attributes
    ----------
    filters : ndarray, shape (filters, *kernel, channels)
    layer, rgb
        As given.
    ax_ : Axes
        The first panel.
    axes_ : ndarray of Axes
        A panel a filter.
    figure_ : Figure

    Examples
    --------
    >>> import fastnn as fn
    >>> net = fn.Sequential([fn.layers.Conv2D(6, 5)], input_shape=(28, 28, 1))
    >>> display = fn.plots.FilterDisplay.from_estimator(net)
    >>> display.filters.shape, len(display.axes_)
    ((6, 5, 5, 1), 6)
    >>> display.figure_.savefig("filters.png")
    """

    def __init__(self, filters, *, layer="filters", rgb=None):
        filters = real_array("FilterDisplay", "filters", filters)
        if not 2 <= filters.ndim <= 5 or not filters.size:
            raise ValueError(
                f"FilterDisplay: expected filters of shape (filters, *kernel, channels), of one to "
                f"three axes of the kernel, got shape {filters.shape}"
            )
        self.filters = filters[..., None] if filters.ndim == 2 else filters
        self.layer = layer
        coloured = self.filters.shape[-1] == 3 and self.filters.ndim >= 4
        if rgb and not coloured:
            raise ValueError(
                f"FilterDisplay: rgb needs images of three channels, got filters of shape "
                f"{self.filters.shape}"
            )
        self.rgb = coloured if rgb is None else bool(rgb)

    @classmethod
    def from_estimator(
        cls, estimator, X=None, y=None, *, layer=None, image_shape=None, ax=None, **kwargs
    ):
        """Draw the filters of a layer.

        Parameters
        ----------
        estimator : Sequential, Model, or an estimator with one in `network_`
        X, y
            Not used: the weights are known.
        layer : int, str or Layer, optional
            A convolution or dense layer: its place, name or class, or itself. By default the first
            there is.
        image_shape : tuple of int, optional
            What the features of a dense layer are: (height, width), or (height, width, channels).
            Where it reads what a Flatten makes of images, that is known.
        ax : Axes, Figure or array of Axes, optional
            Where to draw; one Axes is split where there are several panels.
        **kwargs
            For `plot`.

        Returns
        -------
        FilterDisplay

        Raises
        ------
        TypeError
            If there is no network in what is given.
        ValueError, IndexError
            If there is no such layer, it has no filters, or they are no such images.
        """
        who = f"{cls.__name__}.from_estimator"
        check_matplotlib(who)
        net = network_of(who, estimator)
        check_built(who, net)
        place = _first(who, net) if layer is None else find_place(who, net, layer)
        name, found = place_of(net, place), layer_at(net, place)
        if not _has_filters(found):
            raise ValueError(
                f"{who}: expected a convolution or a dense layer, got {name}; "
                f"there are {', '.join(_all_with_filters(net)) or 'none'}"
            )
        filters = found.weight.copy()
        if isinstance(found, Dense):
            shape = image_read(net, place) if image_shape is None else image_shape
            filters = _as_images(who, filters, shape)
        elif image_shape is not None:
            raise ValueError(f"{who}: image_shape is for dense layers, got {name}")
        three = filters.shape[-1] == 3 and filters.ndim >= 4
        display = cls(filters, layer=name, rgb=three and _sees_colours(net, place))
        return display.plot(ax=ax, **kwargs)

    def plot(
        self, ax=None, *, max_panels=32, columns=None, depth=None, scale="layer", cmap=NUMBERS
    ):
        """Draw the filters.

        Parameters
        ----------
        ax
            As for `from_estimator`.
        max_panels : int
            How many filters are drawn; the title says how many there are.
        columns : int, optional
            Panels in a row.
        depth : int, optional
            Which slice of filters over volumes, from 0; the middle one by default.
        scale : {"layer", "filter"}
            Whether colours mean the same in all panels, or every filter uses them all.
        cmap : str or Colormap
            Of filters in one colour. That of the default is 0 where it is grey, less where it is
            blue and darker, more where it is yellow and brighter.

        Returns
        -------
        FilterDisplay
            The display itself.
        """
        who = f"{type(self).__name__}.plot"
        most = min(len(self.filters), integer(who, "max_panels", max_panels))
        one_of(who, "scale", scale, ("layer", "filter"))
        filters, note = self._slice(who, depth)
        filters = filters[:most]
        if columns is None:
            wide = filters.ndim == 3 or (filters.shape[-1] == 3 and not self.rgb)
            columns = columns_of(most, 4 if wide else 8)
        columns = min(most, integer(who, "columns", columns))
        if filters.ndim > 3:
            images, how = self._images(filters, scale, cmap)
            size = image_size(images[0].shape, columns, 1.0 if filters.shape[-1] <= 3 else 1.5)
            room = {"size": size, "more": (0.9, 0.8), "gaps": (0.15, 0.35)}
            canvas = Canvas(who, ax, most, columns=columns, **room)
            self._draw_images(canvas, images, how, columns)
        elif filters.shape[-1] > 1:
            images, how = [filter.T for filter in filters], {"cmap": cmap, "aspect": "auto"}
            how = [how | _ends(filters if scale == "layer" else filter) for filter in filters]
            canvas = Canvas(who, ax, most, columns=columns, size=(2.6, 1.8), more=(0.9, 0.6))
            self._draw_images(canvas, images, how, columns, "tap", "channel")
        else:
            canvas = Canvas(who, ax, most, columns=columns, size=(2.6, 1.7), more=(0.3, 0.5))
            self._draw_stems(canvas, filters[..., 0], scale, columns)
        if (
            scale == "layer"
            and filters.ndim + filters.shape[-1] > 4
            and not self._coloured(filters)
        ):
            bar = canvas.figure.colorbar(canvas.axes[0].images[0], ax=list(canvas.axes))
            bar.set_label("weight")
        canvas.title(self._title(most, scale, filters, note))
        return finish(self, canvas)

    def _coloured(self, filters):
        return self.rgb and filters.ndim == 4

    def _slice(self, who, depth):
        """Of volumes, one slice, and what the title says of it."""
        if self.filters.ndim < 5:
            if depth is not None:
                raise ValueError(
                    f"{who}: depth is for filters over volumes, got {self.filters.shape}"
                )
            return self.filters, ""
        count = self.filters.shape[1]
        depth = count // 2 if depth is None else integer(who, "depth", depth, 0, count - 1)
        return self.filters[:, depth], f", slice {depth + 1} of {count} of the depth"

    def _images(self, filters, scale, cmap):
        """An image a filter, and how each is drawn."""
        if self._coloured(filters):
            ends = [limits(filters if scale == "layer" else filter)[1] for filter in filters]
            images = [0.5 + filter / (2 * end) for filter, end in zip(filters, ends, strict=True)]
            return images, [{}] * len(filters)
        how = {"cmap": cmap}
        how = [how | _ends(filters if scale == "layer" else filter) for filter in filters]
        height, width, channels = filters.shape[1:]
        if channels == 1:
            return list(filters[..., 0]), how
        row = tiles_a_row(min(channels, TILES), height, width, 1.0)
        return [mosaic(filter[..., :TILES], row) for filter in filters], how

    def _draw_images(self, canvas, images, how, columns, across="column", down="row"):
        tiled = self.filters.ndim > 3 and self.filters.shape[-1] > 1 and not self.rgb
        for i, (panel, image, style) in enumerate(zip(canvas.axes, images, how, strict=True)):
            panel.imshow(image, interpolation="nearest", **style)
            panel.set_title(str(i) if len(images) > 1 else "", fontsize="small", pad=3)
            lower_left = i == (len(images) - 1) // columns * columns
            if tiled or not lower_left:
                no_ticks(panel, frame=not tiled)
            if tiled and lower_left:
                panel.set_xlabel("a tile a channel", fontsize="small")
            elif lower_left:
                label_pixels(panel, across, down)

    def _draw_stems(self, canvas, filters, scale, columns):
        last = (len(filters) - 1) // columns * columns
        for i, (panel, weights) in enumerate(zip(canvas.axes, filters, strict=True)):
            draw_stems(panel, weights)
            end = 1.1 * limits(filters if scale == "layer" else weights)[1]
            panel.set_ylim(-end, end)
            panel.set_title(str(i) if len(filters) > 1 else "", fontsize="small", pad=3)
            if i % columns and scale == "layer":
                panel.set_yticklabels([])
            if i % columns == 0:
                panel.set_ylabel("weight", fontsize="small")
            if i >= last:
                panel.set_xlabel("input", fontsize="small")

    def _title(self, most, scale, filters, note):
        kernel, channels = self.filters.shape[1:-1], self.filters.shape[-1]
        text = f"{self.layer}: {shown(len(self.filters), most, 'filter')} of {times(kernel)}"
        text += " weights" if self.filters.ndim == 3 and channels == 1 else ""
        if self._coloured(filters):
            end = f"±{limits(filters)[1]:.3g}" if scale == "layer" else "each one's largest"
            text += f", in red, green and blue; grey is 0, colours reach {end}"
        elif channels > 1:
            tiles = filters.ndim > 3
            text += f", {shown(channels, TILES if tiles else channels, 'channel')}"
        if scale == "filter" and not self._coloured(filters):
            text += ", each on a scale of its own"
        return text + note


def _has_filters(layer):
    return isinstance(layer, (_Conv, _ConvTranspose, Dense))


def _all_with_filters(net):
    places = range(len(net.calls))
    return [place_of(net, place) for place in places if _has_filters(layer_at(net, place))]


def _first(who, net):
    """The first place of a layer with filters."""
    for place in range(len(net.calls)):
        if _has_filters(layer_at(net, place)):
            return place
    raise ValueError(f"{who}: the network has no convolution and no dense layer")


def _sees_colours(net, place):
    """Whether three channels of a filter are those of the input's images."""
    layer = layer_at(net, place)
    if isinstance(layer, Dense):
        return image_read(net, place) in net.input_shapes
    return layer.groups == 1 and behind(net, place, (Noise, Preprocess, Pad)) is None


def _as_images(who, weight, shape):
    """The rows of a dense weight as images; without a shape, as series of one channel."""
    if shape is None:
        return weight[..., None]
    shape = tuple(integer(who, "every size of image_shape", size) for size in shape)
    if len(shape) == 2:
        shape = (*shape, 1)
    if not 2 <= len(shape) <= 4 or math.prod(shape) != weight.shape[1]:
        raise ValueError(
            f"{who}: expected an image_shape of {weight.shape[1]} numbers, got {shape} of "
            f"{math.prod(shape)}"
        )
    return weight.reshape(len(weight), *shape)


def _ends(values):
    """Colours of weights: as far below 0 as above."""
    return {"vmin": -limits(values)[1], "vmax": limits(values)[1]}
