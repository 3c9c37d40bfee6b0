"""Diagnose: what flows through a network, layer by layer, and what stands in its way.

    x, y --some samples, in batches--> Trace --figures of every place--> Diagnosis

The figures come from `fastnn.measuring`, what they say in words from `fastnn.findings`, and the
first NaN or infinity of a step from `fastnn.unsound`.
"""

import copy
import html
from dataclasses import dataclass, fields

import numpy as np

from fastnn import losses, optimizers
from fastnn.feeds import learn_preprocessing
from fastnn.findings import findings, verdicts
from fastnn.labels import Data
from fastnn.measuring import Figures, Row
from fastnn.unsound import Unsound, first_unsound

__all__ = ["Diagnosis", "Row", "Unsound", "diagnose", "first_unsound"]


@dataclass(frozen=True)
class Diagnosis:
    """What `fastnn.diagnose` found: prints as a table with the findings below it.

    Attributes
    ----------
    rows : list of Row
        In the order of the forward pass.
    findings : list of str
        In words, the gravest first; none if nothing is wrong.
    loss : float
        The objective, penalties included.
    samples : int
        How many were looked at.
    slope : float
        Size of the gradient at the loss, which those of the layers are compared with.
    verdicts : list of tuple of str
        What is wrong in each layer: "vanishing", "exploding", "saturated", "dead"; or, if there are
        any, "NaN" and "infinite" alone.
    """

    rows: list
    findings: list
    loss: float
    samples: int
    slope: float
    verdicts: list

    def _cells(self):
        """The table: a row of headings, and the layers'."""
        titles = {"output_shape": "output", "weight_norm": "weights", "update": "update/weights"}
        titles |= {"weight_gradient": "their gradient", "not_a_number": "NaN"}
        left = ("call", "parameters", "trainable")
        shown = [field.name for field in fields(Row) if field.name not in left]
        empty = {"not_a_number", "infinite", "saturated", "dead"}
        shown = [
            name
            for name in shown
            if name not in empty or any(getattr(row, name) not in (None, 0) for row in self.rows)
        ]
        yield [titles.get(name, name) for name in shown]
        for row in self.rows:
            yield [_text(name, getattr(row, name)) for name in shown]

    def _head(self):
        return f"loss {self.loss:.6g} of {self.samples} samples"

    def __str__(self):
        cells = list(self._cells())
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            "  ".join(
                f"{text:<{width}}" if i < 2 else f"{text:>{width}}"
                for i, (text, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in cells
        ]
        rule = "-" * max(map(len, lines))
        words = [f"- {text}" for text in self.findings] or ["Nothing stands out."]
        return "\n".join([self._head(), lines[0], rule, *lines[1:], rule, *words])

    __repr__ = __str__

    def _repr_html_(self):
        head, *rows = (list(map(html.escape, row)) for row in self._cells())
        top = "".join(f"<th>{text}</th>" for text in head)
        body = "".join(f"<tr>{''.join(f'<td>{text}</td>' for text in row)}</tr>" for row in rows)
        words = "".join(f"<li>{html.escape(text)}</li>" for text in self.findings)
        words = f"<ul>{words}</ul>" if words else "<p>Nothing stands out.</p>"
        table = f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
        return f"<p>{html.escape(self._head())}</p>{table}{words}"


def _text(name, value):
    if value is None:
        return ""
    if name == "output_shape":
        return f"({', '.join(map(str, ('N', *value)))})"
    if name in ("saturated", "dead"):
        return f"{100 * value:.0f} %"
    return value if isinstance(value, str) else f"{value:.3g}"


def diagnose(net, x, y, loss=None, *, optimizer=None):
    """Look at activations, gradients and updates, layer by layer, in one pass of training.

    The network is left as it was: parameters, gradients, running statistics, steps and noise.

    Parameters
    ----------
    net : Sequential or Model
    x, y
        Samples and their labels or targets, as for `fit`. Of more than 2,048 as many are taken, at
        equal distances, in batches of 128: a loss that is a sum is that of a batch.
    loss : str or Loss, optional
        That of the last `fit` by default, at first "cross_entropy".
    optimizer : str or Optimizer, optional
        Whose next update is compared with the parameters: that of the last `fit` by default.
        Without any, the gradient itself is, as SGD with a learning rate of 1 would make it.

    Returns
    -------
    Diagnosis

    Raises
    ------
    ValueError
        If the data do not fit the network or the loss, or there are none.

    Notes
    -----
    A finding is made of these:

    - the first NaN or infinity: of the input, a layer's parameters or output, the loss, a gradient
    - inputs whose root mean square is not between 1/10 and 4: weights are drawn for 1; above, a
      third of sigmoids would be saturated from the start
    - `delta` of a trained layer below 2⁻¹⁰ of the gradient at the loss, or above 2¹⁰ of it, or 0:
      five sigmoids in a row leave 4⁻⁵ = 2⁻¹⁰ of a gradient where they are steepest
    - more than half of the outputs saturated, but for an activation that the loss includes
    - a tenth of the units dead, of at least 8 samples: a unit that is 0 for half of all inputs is
      0 for 8 of them in one case out of 256
    - with an optimizer, updates above 1/10 of the parameters, or below an eps of them, which are
      rounded away

    Examples
    --------
    >>> import fastnn as fn
    >>> net = fn.Sequential([fn.layers.Dense(1, "sigmoid", bias=False)], input_shape=(1,))
    >>> net.parameters = [5.0]
    >>> diagnosis = fn.diagnose(net, [[-1.0]], [[1.0]], "half_squared_error")
    >>> diagnosis.rows[0].saturated
    1.0
    >>> print(diagnosis.findings[0])  # doctest: +ELLIPSIS
    Dense: 100 % of its outputs are near the ends of sigmoid, where ...
    """
    who = "diagnose"
    x = net.check(x)
    loss = (net.loss or losses.cross_entropy) if loss is None else losses.get(loss)
    if len(x) == 0:
        raise ValueError(f"{who}: expected at least one sample, got x of shape {x.shape}")
    optimizer = net.optimizer if optimizer is None else optimizers.get(optimizer)
    net, optimizer = copy.deepcopy((net, optimizer))  # they may know each other
    if optimizer is not None:
        optimizer.serve(net)
    data = Data(who, net, loss, x, y, classes=net.classes_, learn=True)
    learn_preprocessing(net, x)
    with np.errstate(all="ignore"):
        figures = Figures(net, loss, optimizer).take(x, data.target)
        rows = figures.rows()
        words, marks = findings(figures, rows), verdicts(figures, rows)
    return Diagnosis(rows, words, figures.total, figures.samples, figures.slope.size, marks)
