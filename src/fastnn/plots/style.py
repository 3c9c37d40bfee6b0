"""What the displays share: colours, markers, and where panels go; for what is in them `images`.

Matplotlib is imported when a picture is drawn, pyplot only where no axes are given: then a figure
is made as scikit-learn makes it, such that `plt.show()` and notebooks show it.
"""

import textwrap

import numpy as np

from fastnn.checks import extra

# Okabe and Ito's colours, which people with any kind of colour vision tell apart; their yellow is
# too faint on white. Seven, and ten markers: the first 70 pairs differ.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "X", "D", "v", "P", "*", "<", ">")
DARK, LIGHT = "black", "0.45"


def check_matplotlib(who):
    """Raise if matplotlib is missing, before anything is computed for a picture."""
    extra(who, "matplotlib", "plots")


def new_figure(who, size):
    """Return a figure of pyplot's."""
    check_matplotlib(who)
    return extra(who, "matplotlib.pyplot", "plots").figure(figsize=size, layout="constrained")


class Canvas:
    """Panels in rows: `axes`, in `figure`.

    Parameters
    ----------
    who : str
    ax : None, Figure, Axes, or array of Axes
        Nothing makes a new figure. One Axes is split where there are several panels. Of several
        there is one a panel.
    count, columns : int
        Of panels.
    size : tuple (width, height)
        Of a panel of a new figure, in inches.
    more : tuple (width, height)
        Inches of a new figure beside its panels: for a bar of colours, names of axes, the title.
    gaps : tuple (between columns, between rows)
        As shares of a panel, where the figure leaves no room by itself.
    heights : list of float, optional
        Of the rows, in relation to each other.
    """

    def __init__(
        self,
        who,
        ax,
        count,
        *,
        columns=1,
        size=(3.2, 2.4),
        more=(0.0, 0.0),
        gaps=(0.4, 0.7),
        heights=None,
    ):
        rows, self._above = -(-count // columns), None
        if is_several(ax):
            self.axes = np.ravel(np.asarray(ax, object))
            wrong = [type(axes).__name__ for axes in self.axes if not _is_axes(axes)]
            if wrong:
                raise TypeError(f"{who}: expected ax of Axes, got {wrong[0]}")
            if len(self.axes) != count:
                raise ValueError(
                    f"{who}: expected ax as a Figure, one Axes, or {count} Axes, a panel each; "
                    f"got {len(self.axes)}"
                )
            self.figure = self.axes[0].figure
            return
        if _is_axes(ax) and count == 1:
            self.axes, self.figure = np.array([ax], object), ax.figure
            return
        if ax is None:
            ax = new_figure(who, (columns * size[0] + more[0], rows * size[1] + more[1]))
            ax.get_layout_engine().set(w_pad=0.09)  # inches: more than between tiles
        self.figure, self._above = (ax.figure if _is_axes(ax) else ax), ax
        how = {"height_ratios": heights}
        if not is_laid_out(ax):
            how |= {"wspace": gaps[0], "hspace": gaps[1]}
        if hasattr(ax, "add_gridspec"):
            grid = ax.add_gridspec(rows, columns, **how)
        elif _is_axes(ax):
            ax.set_axis_off()
            grid = _inner_grid(ax, rows, columns, how)
        else:
            raise TypeError(
                f"{who}: expected ax as Axes or a Figure of matplotlib, got {type(ax).__name__}"
            )
        panels = [self.figure.add_subplot(grid[i // columns, i % columns]) for i in range(count)]
        self.axes = np.array(panels, object)
        if count == 1 and not _is_axes(ax):  # whose own title it is
            self._above = None

    @property
    def width(self):
        """Inches for all panels beside each other."""
        box = (self._above if _is_axes(self._above) else self.figure).bbox
        if self._above is None:
            box = self.axes[0].bbox
        return box.width / self.figure.dpi

    def title(self, text):
        """Write above all panels."""
        text = wrapped(text, self.width)
        if self._above is None:
            below = self.axes[0].get_title()
            self.axes[0].set_title(f"{text}\n{below}" if below else text, fontsize="medium")
        elif _is_axes(self._above):
            lines = text.count("\n") + 1
            self._above.set_title(text, fontsize="medium", pad=20 if lines == 1 else 24)
        else:
            self._above.suptitle(text, fontsize="medium")


def is_several(ax):
    """Whether these are several axes."""
    return isinstance(ax, (list, tuple, np.ndarray))


def is_laid_out(ax):
    """Whether matplotlib makes room for labels in this figure: it does in a new one."""
    figure = ax.figure if _is_axes(ax) else ax
    engine = getattr(figure, "get_layout_engine", lambda: None)()
    return ax is None or engine is not None


def _is_axes(ax):
    return hasattr(ax, "get_subplotspec") and hasattr(ax, "imshow")


def _inner_grid(ax, rows, columns, how):
    """A grid in the place of these axes."""
    if (place := ax.get_subplotspec()) is not None:
        return place.subgridspec(rows, columns, **how)
    box = ax.get_position()  # axes that were placed by hand
    edges = {"left": box.x0, "right": box.x1, "bottom": box.y0, "top": box.y1}
    return ax.figure.add_gridspec(rows, columns, **edges, **how)


def wrapped(text, inches, size=10):
    """Break lines of text of this size, in points, where they would be wider."""
    return textwrap.fill(text, max(20, int(inches * 72 / (0.56 * size))))


def finish(display, canvas):
    """Tell a display where it was drawn; return it."""
    display.figure_, display.axes_, display.ax_ = canvas.figure, canvas.axes, canvas.axes[0]
    return display


def open_sides(ax):
    """Leave a panel its left and lower edge."""
    ax.spines[["top", "right"]].set_visible(False)
