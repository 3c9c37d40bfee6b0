"""Stage: an operation of a layer with the numbers of its pass, and what blocks are made of it."""

import numpy as np

from fastnn.tracing import plain

from .notation import Block

SYMBOLS = {"weight": "W", "bias": "b", "scale": "scale", "shift": "shift", "slope": "slope"}


class Stage:
    """An operation in its place: what it read and made, of one sample.

    Parameters
    ----------
    visit : fastnn.tracing.Visit
    notation : Notation
    names : tuple of str
        What its input and output are called, and the gradients of these: ``x, z, ∂x, δ``.

    Attributes
    ----------
    layer : Layer
    xs, dxs : list of ndarray
    x, y, dy, dx : ndarray or None
        No gradients of what the loss includes.
    gradients : dict of str to ndarray
    """

    def __init__(self, visit, notation, names=("x", "a", "∂x", "∂a")):
        self.layer, self.notation = visit.stage, notation
        self.names = self.x_name, self.y_name, self.dx_name, self.dy_name = names
        self.xs = [sample(x) for x in visit.xs]
        self.x, self.y, self.dy = self.xs[0], sample(visit.y), sample(visit.dy)
        self.dxs = [sample(dx) for dx in visit.dxs]
        self.dx = self.dxs[0] if self.dxs else None
        self.gradients = visit.gradients

    def made(self, formula, written=None, notes=None):
        """The block of its output."""
        return Block(self.y_name, formula, self.y, written, notes)

    def passed(self, right, written=None, notes=None):
        """The block of its input's gradient, by the right side of the formula."""
        return Block(self.dx_name, f"{self.dx_name} = {right}", self.dx, written, notes)

    def parameter(self, name, formula, written):
        """The blocks, one or none, of a parameter's gradient."""
        if name not in self.gradients:
            return []
        symbol = f"∂{SYMBOLS.get(name, name)}"
        if not self.layer.trainable:
            formula, written = f"{symbol} = 0, as the layer is frozen", None
        return [Block(symbol, formula, self.gradients[name], written)]


def sample(values):
    """Return the one sample of a batch, in lane packs or not, in float64; None stays."""
    return None if values is None else np.asarray(plain(values), np.float64)[0]
