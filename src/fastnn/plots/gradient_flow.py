"""GradientFlowDisplay: what a diagnosis says of a network, layer by layer, as a picture."""

import numpy as np

from fastnn.checks import real_array
from fastnn.diagnosing import diagnose
from fastnn.findings import EXPLODED, HALF, TENTH, VANISHED

from .seeing import network_of, samples_of, targets_of
from .style import (
    COLOURS,
    DARK,
    LIGHT,
    Canvas,
    check_matplotlib,
    finish,
    is_laid_out,
    is_several,
    open_sides,
    wrapped,
)

FINDINGS = 4  # sentences below the panels
PER_INCH = 2.2  # layers beside each other
PER_INCH_OF_TEXT = 15.0  # letters
LINE = 0.15  # inches
MARGINS = 1.7  # inches left and right of the panels


class GradientFlowDisplay:
    """Gradient and activations by layer: vanishing, exploding, saturated, dead.

    Three panels above each other, layers from the input (left) to the output: the size of the
    gradient that enters each, between the bounds at which it counts as vanished or exploded; the
    spread of what each makes; and how much of that is saturated or dead. Layers with a verdict are
    marked by a ring, and the findings stand below in words.

    Parameters
    ----------
    layers : list of str
    gradient : array_like, shape (layers,)
        Size of the loss's gradient with respect to what enters each layer's activation. NaN: not
        differentiated.
    spread : array_like, shape (layers,)
        Standard deviation of each layer's outputs.
    saturated, dead : array_like, shape (layers,), optional
        Shares from 0 to 1 of outputs that are saturated, of units that are dead. NaN: neither can
        be.
    slope : float, optional
        Size of the gradient at the loss.
    verdicts : list of tuple of str, optional
        What is wrong with each layer.
    findings : list of str
        In words, the gravest first.
    loss, samples : float and int, optional
        For the title.

    Attributes
    ----------
    layers, gradient, spread, saturated, dead, slope, verdicts, findings, loss, samples
        As given, as arrays where they are numbers of layers.
    ax_ : Axes
        The first panel.
    axes_ : ndarray of Axes
        The three panels.
    figure_ : Figure

    Examples
    --------
    >>> import fastnn as fn
    >>> hidden = [fn.layers.Dense(8, activation="sigmoid") for _ in range(8)]
    >>> net = fn.Sequential([*hidden, fn.layers.Dense(2)], input_shape=(4,))
    >>> x = [[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]]
    >>> display = fn.plots.GradientFlowDisplay.from_estimator(net, x, [0, 1])
    >>> display.verdicts[0]
    ('vanishing',)
    >>> display.figure_.savefig("flow.png")
    """

    def __init__(
        self,
        layers,
        gradient,
        spread,
        *,
        saturated=None,
        dead=None,
        slope=None,
        verdicts=None,
        findings=(),
        loss=None,
        samples=None,
    ):
        self.layers, n = list(layers), len(layers)
        self.gradient, self.spread = self._figures("gradient", gradient), None
        self.spread = self._figures("spread", spread)
        self.saturated, self.dead = (
            np.full(n, np.nan) if share is None else self._figures(name, share)
            for name, share in (("saturated", saturated), ("dead", dead))
        )
        self.verdicts = [()] * n if verdicts is None else [tuple(words) for words in verdicts]
        if not n or len(self.verdicts) != n:
            raise ValueError(
                f"GradientFlowDisplay: expected verdicts for each of at least one layer, got "
                f"{len(self.verdicts)} of {n} layers"
            )
        self.slope, self.findings = slope, list(findings)
        self.loss, self.samples = loss, samples

    def _figures(self, name, values):
        values = real_array("GradientFlowDisplay", name, values).astype(np.float64)
        if values.shape != (len(self.layers),):
            raise ValueError(
                f"GradientFlowDisplay: expected {name} of {len(self.layers)} layers, got shape "
                f"{values.shape}"
            )
        return values

    @classmethod
    def from_estimator(
        cls, estimator, X, y, *, loss=None, optimizer=None, layers=None, ax=None, **kwargs
    ):
        """Diagnose a network on some samples, and draw what is found.

        Parameters
        ----------
        estimator : Sequential, Model, or an estimator with one in `network_`
        X, y, loss, optimizer
            As for `fastnn.diagnose`. Of an estimator whose network knows no loss of its own, cross
            entropy for classes, and for numbers half the squared error.
        layers : {"all"}, optional
            Draw all layers. By default those that have weights, or activations that may saturate
            or die.
        ax : Axes, Figure or array of three Axes, optional
            Where to draw; one Axes is split.
        **kwargs
            For `plot`.

        Returns
        -------
        GradientFlowDisplay
        """
        who = f"{cls.__name__}.from_estimator"
        check_matplotlib(who)
        net = network_of(who, estimator)
        X = samples_of(net, estimator, X)
        if net is not estimator:
            y, loss = targets_of(who, net, estimator, y, loss)
        diagnosis = diagnose(net, X, y, loss, optimizer=optimizer)
        return cls.from_diagnosis(diagnosis, layers=layers, ax=ax, **kwargs)

    @classmethod
    def from_diagnosis(cls, diagnosis, *, layers=None, ax=None, **kwargs):
        """Draw what `fastnn.diagnose` found.

        Parameters
        ----------
        diagnosis : Diagnosis
        layers, ax, **kwargs
            As for `from_estimator`.

        Returns
        -------
        GradientFlowDisplay
        """
        if layers not in (None, "all"):
            raise ValueError(f'{cls.__name__}: expected layers None or "all", got {layers!r}')
        chosen = [
            i
            for i, (row, words) in enumerate(zip(diagnosis.rows, diagnosis.verdicts, strict=True))
            if layers
            or row.parameters
            or words
            or row.saturated is not None
            or row.dead is not None
        ] or range(len(diagnosis.rows))
        rows = [diagnosis.rows[i] for i in chosen]
        figures = {
            name: [np.nan if getattr(row, name) is None else getattr(row, name) for row in rows]
            for name in ("delta", "spread", "saturated", "dead")
        }
        display = cls(
            [row.layer for row in rows],
            figures.pop("delta"),
            **figures,
            slope=diagnosis.slope,
            verdicts=[diagnosis.verdicts[i] for i in chosen],
            findings=diagnosis.findings,
            loss=diagnosis.loss,
            samples=diagnosis.samples,
        )
        return display.plot(ax=ax, **kwargs)

    def plot(self, ax=None):
        """Draw the panels.

        Parameters
        ----------
        ax
            As for `from_estimator`. Of three Axes the findings are left out; the verdicts stand.

        Returns
        -------
        GradientFlowDisplay
            The display itself.
        """
        who, several = f"{type(self).__name__}.plot", is_several(ax)
        width = min(16.0, max(6.8, len(self.layers) / PER_INCH))
        if several:
            canvas = Canvas(who, ax, 3)
        else:
            lines = 1 + self._words(width).count("\n") if self.findings else 0
            heights = [2.3, 1.5, 1.5, 0.1 + LINE * lines + (0 if is_laid_out(ax) else 1.2)]
            how = {"size": (width, sum(heights) / 4), "more": (0, 1.7), "gaps": (0, 0.25)}
            canvas = Canvas(who, ax, 4, heights=heights, **how)
            below = canvas.axes[3]
            below.set_axis_off()
            words = {"va": "bottom", "size": "small", "transform": below.transAxes}
            below.text(0, 0, self._words(canvas.width), **words, in_layout=False)
            canvas.axes = canvas.axes[:3]
        flow, spread, shares = canvas.axes
        self._draw_gradient(flow)
        self._draw_sizes(spread, self.spread, "spread of outputs\n(standard deviation)")
        self._draw_shares(shares)
        for panel in canvas.axes:
            panel.set_xlim(-0.6, len(self.layers) - 0.4)
            panel.set_xticks(range(len(self.layers)))
            panel.tick_params(axis="x", labelbottom=panel is shares)
            open_sides(panel)
        together = sum(len(name) + 2 for name in self.layers) / PER_INCH_OF_TEXT
        how = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
        how = how if together > 0.7 * canvas.width else {}
        shares.set_xticks(range(len(self.layers)), self.layers, fontsize="small", **how)
        shares.set_xlabel("layer, from the input to the output")
        canvas.title(self._title())
        return finish(self, canvas)

    def _title(self):
        wrong = dict.fromkeys(word for words in self.verdicts for word in words)
        counts = {word: sum(word in words for words in self.verdicts) for word in wrong}
        text = ", ".join(f"{word} in {count}" for word, count in counts.items())
        text = f"{text} of {len(self.layers)} layers" if text else "no layer stands out"
        if self.loss is None:
            return text[0].upper() + text[1:]
        return f"Loss {self.loss:.4g} of {self.samples} samples: {text}"

    def _words(self, width):
        """The findings, in lines that go into a picture of this many inches."""
        words = [f"• {text}" for text in self.findings[:FINDINGS]]
        if (more := len(self.findings) - FINDINGS) > 0:
            words.append(f"• and {more} more")
        return "\n".join(wrapped(text, max(2.0, width - MARGINS), 8.3) for text in words)

    def _draw_gradient(self, panel):
        bounds = []
        if self.slope and np.isfinite(self.slope):
            bounds = [(self.slope, "at the loss", ":")]
            ends = (VANISHED, "vanished\nbelow", "--"), (EXPLODED, "exploded\nabove", "-.")
            bounds += [
                (factor * self.slope, name, dashes)
                for factor, name, dashes in ends
                if _is_near(self.gradient, factor * self.slope, self.slope)
            ]
        for bound in bounds:
            _draw_bound(panel, *bound)
        heights = [height for height, _, _ in bounds]
        self._draw_sizes(panel, self.gradient, "size of the gradient\n(norm, of a sample)", heights)
        before = ()
        for i, words in enumerate(self.verdicts):
            height = self.gradient[i] if 0 < self.gradient[i] < np.inf else None
            if words and height is not None:
                how = {"markersize": 11, "markerfacecolor": "none", "color": COLOURS[1]}
                panel.plot(i, height, "o", **how)
            if words and words != before:  # once for layers in a row
                place = (i, 0.16) if height is None else (i, height)
                how = {"xycoords": ("data", "axes fraction")} if height is None else {}
                how |= {"textcoords": "offset points", "ha": "center", "size": "small"}
                panel.annotate("\n".join(words), place, (0, 9), color=DARK, **how)
            before = words

    def _draw_sizes(self, panel, values, name, more=()):
        """Positive numbers on a scale of powers of ten; what has no place there, as words."""
        places, known = np.arange(len(values)), np.isfinite(values) & (values > 0)
        panel.plot(places, np.where(known, values, np.nan), "-o", color=COLOURS[0], markersize=5)
        panel.set_yscale("log")
        panel.tick_params(axis="y", which="minor", labelleft=False)
        seen = [*values[known], *more] or [1.0]
        ratio = max(seen) / min(seen)
        room = max(3 * ratio**0.08, 12 / ratio**0.5)  # two powers of ten at least
        panel.set_ylim(min(seen) / room, max(seen) * room)
        panel.set_ylabel(name, fontsize="small")
        for i in np.flatnonzero((values == 0) | np.isinf(values)):
            how = {"xycoords": ("data", "axes fraction"), "ha": "center"}
            panel.annotate("0" if values[i] == 0 else "∞", (i, 0.04), **how)

    def _draw_shares(self, panel):
        kinds = ("saturated", "///", COLOURS[4], HALF), ("dead", "xxx", COLOURS[5], TENTH)
        kinds = [kind for kind in kinds if np.isfinite(getattr(self, kind[0])).any()]
        width = 0.7 / max(1, len(kinds))
        for i, (name, hatch, colour, bound) in enumerate(kinds):
            share, shift = getattr(self, name), width * (i - (len(kinds) - 1) / 2)
            known = np.flatnonzero(np.isfinite(share))
            how = {"color": colour, "edgecolor": DARK, "hatch": hatch, "linewidth": 0.8}
            panel.bar(known + shift, 100 * share[known], width, label=name, **how)
            _draw_bound(panel, 100 * bound, f"{name}\nabove", "--")
        panel.set_ylim(0, 100)
        panel.set_ylabel("share of outputs (%),\ndead: of units", fontsize="small")
        if kinds:
            panel.legend(frameon=False, fontsize="small", loc="lower left",
                         bbox_to_anchor=(1, 0.7), borderaxespad=0)  # fmt: skip
        else:
            text = "no activation that saturates or dies"
            panel.text(0.5, 0.5, text, ha="center", transform=panel.transAxes, size="small")


def _draw_bound(panel, height, name, dashes):
    """A line across a panel, with its name at the right."""
    panel.axhline(height, color=LIGHT, linewidth=1, linestyle=dashes, zorder=0)
    how = {"xycoords": ("axes fraction", "data"), "va": "center", "size": "x-small"}
    panel.annotate(name, (1.01, height), **how, annotation_clip=False)


def _is_near(values, bound, slope):
    """Whether a bound is worth its place: a figure comes within a thousand times of it."""
    values = values[np.isfinite(values) & (values > 0)]
    near = values < 1000 * bound if bound < slope else values > bound / 1000
    return bool(near.any())
