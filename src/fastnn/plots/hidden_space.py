"""HiddenSpaceDisplay: data as a layer sees them."""

import numpy as np

from fastnn.checks import check_no_nan, integer, real_array
from fastnn.tracing import place_of

from .images import NUMBERS
from .seeing import find_place, last_hidden, network_of, outputs_at, samples_of
from .style import COLOURS, MARKERS, Canvas, check_matplotlib, finish, open_sides

SAMPLES = 1000
CLASSES = 20  # whole numbers with more different ones are no labels
INSIDE = 4  # so many classes are named inside of the axes
A_COLUMN = 16  # and so many below each other


class HiddenSpaceDisplay:
    """Samples as points, at the place where a layer puts them.

    Classes differ in colour and marker. Targets that are numbers become colours.

    Parameters
    ----------
    points : array_like, shape (N, 2) or (N, 1)
        One coordinate is drawn over the number of the sample's class.
    y : array_like, shape (N,), optional
        Labels, or numbers.
    axes : list of str, optional
        What the coordinates are.
    layer : str, optional
        For the title.
    variance_ratio : array_like, shape (2,), optional
        The share of the variance that each coordinate shows, if they are components.
    components, mean : array_like, optional
        Of the projection: ``points = (h - mean) @ components.T`` for outputs h of the layer.

    Attributes
    ----------
    points, y, axes, layer, variance_ratio, components, mean
        As given.
    ax_ : Axes
    axes_ : ndarray of Axes
        The one panel.
    figure_ : Figure

    Notes
    -----
    The projection is that of principal components (Pearson 1901): with the singular value
    decomposition ``H - mean = U S Vᵀ`` of the outputs, points are ``U S``, of the two largest
    singular values, and show ``s_i² / Σ s²`` of the variance. The largest entry of a component is
    positive.

    Examples
    --------
    >>> import fastnn as fn
    >>> layers = [fn.layers.Dense(2, activation="tanh"), fn.layers.Dense(1)]
    >>> net = fn.Sequential(layers, input_shape=(2,))
    >>> x, y = [[1, 1], [-1, -1], [1, -1], [-1, 1]], ["same", "same", "other", "other"]
    >>> display = fn.plots.HiddenSpaceDisplay.from_estimator(net, x, y)
    >>> display.points.shape, display.ax_.get_xlabel()
    ((4, 2), 'unit 0')
    >>> display.figure_.savefig("hidden.png")
    """

    def __init__(
        self,
        points,
        y=None,
        *,
        axes=None,
        layer=None,
        variance_ratio=None,
        components=None,
        mean=None,
    ):
        who = "HiddenSpaceDisplay"
        self.points = real_array(who, "points", points)
        if self.points.ndim != 2 or self.points.shape[1] not in (1, 2):
            raise ValueError(
                f"{who}: expected points of shape (N, 2) or (N, 1), got {self.points.shape}"
            )
        self.y = None if y is None else np.asarray(y)
        if self.y is not None and self.y.shape == (len(self.points), 1):
            self.y = self.y[:, 0]
        if self.y is not None and self.y.shape != (len(self.points),):
            raise ValueError(
                f"{who}: expected a y for each of {len(self.points)} points, got y of shape "
                f"{self.y.shape}"
            )
        count = self.points.shape[1]
        self.axes = [f"coordinate {i}" for i in range(count)] if axes is None else list(axes)
        if len(self.axes) != count:
            raise ValueError(f"{who}: expected {count} axes, got {len(self.axes)}")
        self.layer, self.components, self.mean = layer, components, mean
        self.variance_ratio = None if variance_ratio is None else np.asarray(variance_ratio)

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y=None,
        *,
        layer=None,
        units=None,
        max_samples=SAMPLES,
        ax=None,
        **kwargs,
    ):
        """Run samples up to a layer, and draw them there.

        Parameters
        ----------
        estimator : Sequential, Model, or an estimator with one in `network_`
        X : array_like, shape (N, *input_shape)
        y : array_like, shape (N,), optional
            Labels, or numbers.
        layer : int, str or Layer, optional
            A layer's place, name or class, or itself. By default the last hidden one, whose output
            the last layer with weights reads.
        units : tuple (i, j), optional
            Which units of the layer's output, as a flat vector, are the axes. By default both of
            two; of more, the two principal components.
        max_samples : int
            Of more, as many are taken, at equal distances.
        ax : Axes, optional
        **kwargs
            For `plot`.

        Returns
        -------
        HiddenSpaceDisplay

        Raises
        ------
        ValueError, IndexError
            If the samples do not fit the network, or there is no such layer or unit.
        """
        who = f"{cls.__name__}.from_estimator"
        check_matplotlib(who)
        net = network_of(who, estimator)
        X = samples_of(net, estimator, X)
        if len(X) == 0:
            raise ValueError(f"{who}: expected at least one sample, got X of shape {X.shape}")
        if y is not None:
            y = np.asarray(y)
            if y.shape[:1] != (len(X),):
                raise ValueError(
                    f"{who}: expected a y for every X, got X of shape {X.shape} and y of shape "
                    f"{y.shape}"
                )
        most = integer(who, "max_samples", max_samples)
        if len(X) > most:
            rows = np.arange(most) * len(X) // most
            X, y = X[rows], None if y is None else y[rows]
        place = last_hidden(net) if layer is None else find_place(who, net, layer)
        (hidden,) = outputs_at(net, X, [place])
        hidden = hidden.reshape(len(hidden), -1)
        points, how = _placed(who, hidden, units)
        return cls(points, y, layer=place_of(net, place), **how).plot(ax=ax, **kwargs)

    def plot(self, ax=None, *, cmap=NUMBERS, legend=True, **kwargs):
        """Draw the points.

        Parameters
        ----------
        ax : Axes, optional
        cmap : str or Colormap
            Of targets that are numbers.
        legend : bool
            Whether to name the classes.
        **kwargs
            For matplotlib's `scatter`: ``s``, ``alpha``, ...

        Returns
        -------
        HiddenSpaceDisplay
            The display itself.
        """
        who = f"{type(self).__name__}.plot"
        canvas = Canvas(who, ax, 1, size=(5.8, 4.4))
        panel, how = canvas.axes[0], {"s": 32, "alpha": 0.8} | kwargs
        classes = None if self.y is None else _classes(self.y)
        number = np.zeros(len(self.points)) if classes is None else np.searchsorted(classes, self.y)
        x, height = self.points[:, 0], self.points[:, -1]
        if len(self.axes) == 1:  # spread a little, so that equal points are seen
            height = number + 0.3 * np.sin(7.0 * np.arange(len(x)))
            panel.set_yticks(*([[]] if classes is None else [range(len(classes)), classes]))
        if self.y is None:
            panel.scatter(x, height, color=COLOURS[0], **how)
        elif classes is None:
            drawn = panel.scatter(x, height, c=self.y.astype(np.float64), cmap=cmap, **how)
            canvas.figure.colorbar(drawn, ax=panel).set_label("target")
        else:
            self._draw_classes(panel, x, height, number, classes, how)
            if legend:
                outside = ax is None and len(classes) > INSIDE
                where = {"loc": "upper left", "bbox_to_anchor": (1, 1)} if outside else {}
                where["ncols"] = -(-len(classes) // A_COLUMN)
                panel.legend(title="class", frameon=not outside, fontsize="small", **where)
        panel.set_xlabel(self._name(0))
        beside = "" if classes is None else "class"
        panel.set_ylabel(self._name(1) if len(self.axes) > 1 else beside)
        open_sides(panel)
        canvas.title(self._title())
        return finish(self, canvas)

    def _draw_classes(self, panel, x, height, number, classes, how):
        for i, label in enumerate(classes):
            mine, colour = number == i, COLOURS[i % len(COLOURS)]
            look = {"marker": MARKERS[i % len(MARKERS)], "label": str(label)}
            look |= {"edgecolor": colour, "linewidth": 1.1}
            look["facecolor"] = colour if i % 2 == 0 else "none"  # every second one is hollow
            panel.scatter(x[mine], height[mine], **look | how)

    def _name(self, i):
        if self.variance_ratio is None:
            return self.axes[i]
        return f"{self.axes[i]} ({100 * self.variance_ratio[i]:.3g} % of the variance)"

    def _title(self):
        text = f"{len(self.points)} samples"
        if self.layer is not None:
            text += f" as {self.layer} puts them"
        if self.variance_ratio is not None:
            of = f" of {len(self.components[0])}" if self.components is not None else ""
            shares = 100 * self.variance_ratio.sum()
            text += f": 2{of} dimensions, with {shares:.3g} % of the variance"
        return text


def principal_components(hidden):
    """Project samples on the two axes along which they vary most.

    Parameters
    ----------
    hidden : ndarray, shape (N, features)
        At least two features.

    Returns
    -------
    points : ndarray, shape (N, 2)
    variance_ratio : ndarray, shape (2,)
        The share of the variance along each.
    components : ndarray, shape (2, features)
    mean : ndarray, shape (features,)

    Examples
    --------
    >>> import numpy as np
    >>> from fastnn.plots.hidden_space import principal_components
    >>> points, ratio, _, _ = principal_components(np.array([[3.0, 4.0, 0.0], [-3.0, -4.0, 0.0]]))
    >>> points[:, 0].round(6).tolist(), ratio.round(6).tolist()
    ([5.0, -5.0], [1.0, 0.0])
    """
    hidden = np.asarray(hidden, np.float64)
    mean = hidden.mean(axis=0)
    _, sizes, axes = np.linalg.svd(hidden - mean, full_matrices=False)
    components = np.zeros((2, hidden.shape[1]))
    components[: len(axes)] = axes[:2]
    largest = np.abs(components).argmax(axis=1)
    components *= np.where(components[[0, 1], largest] < 0, -1.0, 1.0)[:, None]
    squares = np.zeros(2)
    squares[: len(sizes)] = sizes[:2] ** 2
    total = (sizes**2).sum()
    return (hidden - mean) @ components.T, squares / (total or 1.0), components, mean


def _placed(who, hidden, units):
    """Points, and what their axes are."""
    count = hidden.shape[1]
    if units is None and count <= 2:
        units = range(count)
    if units is not None:
        units = [integer(who, "every unit", unit, 0) for unit in units]
        if len(units) not in (1, 2) or max(units) >= count:
            raise IndexError(
                f"{who}: expected units (i, j) from 0 to {count - 1}, got {tuple(units)}"
            )
        return hidden[:, units], {"axes": [f"unit {unit}" for unit in units]}
    check_no_nan(who, "the layer's output", hidden, "fn.diagnose says where they arise")
    points, ratio, components, mean = principal_components(hidden)
    names = ["principal component 1", "principal component 2"]
    how = {"axes": names, "variance_ratio": ratio, "components": components, "mean": mean}
    return points, how


def _classes(y):
    """The labels, sorted; None of numbers that are no labels."""
    classes = np.unique(y)
    if y.dtype.kind in "fiu" and (len(classes) > CLASSES or (classes != np.floor(classes)).any()):
        return None
    return classes
