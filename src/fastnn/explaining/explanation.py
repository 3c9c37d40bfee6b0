"""Explanation: the numbers of a pass there and back, and their formulas, as text and as HTML."""

import html
from dataclasses import dataclass, field


@dataclass(frozen=True, eq=False)
class LayerNumbers:
    """What a layer computes of the sample in its place, there and back.

    Attributes
    ----------
    name : str
        What messages call the layer.
    x, dx : list of ndarray
        What it reads, an entry an input, and the gradients of the loss with respect to it.
    z, a : ndarray
        Its output before the activation, and behind it; the same where there is no activation. Of
        a layer that is an activation, `z` is what it reads.
    delta, da : ndarray or None
        Gradients with respect to `z` and `a`. Where the loss includes the activation there is no
        `da`, as `delta` comes from the loss.
    gradients, penalty_gradients : dict of str to ndarray
        Gradients of the parameters by name, all that training sees, and how much of it comes from
        penalties. A layer at several places of a `Model` has a share at each, and the penalty's
        gradient at the first.
    """

    name: str
    x: list
    z: object
    a: object
    delta: object
    da: object
    dx: list
    gradients: dict
    penalty_gradients: dict


@dataclass(frozen=True)
class Section:
    """A part of the table: a heading, and blocks below it."""

    title: str
    blocks: list


@dataclass(frozen=True, eq=False)
class Explanation:
    """What `fastnn.explain` returns: prints as a table; in a notebook it is one of HTML.

    Attributes
    ----------
    input, output, target : ndarray, or list of them for several inputs or outputs
        Of the sample, without a batch axis; the target as the loss compares it.
    layers : list of LayerNumbers
        In the order of the forward pass.
    z, a, delta, dweight, dbias : list of ndarray or None
        Those of each layer; None where it has none.
    data_loss, penalty, loss : float
        The loss of the sample, that of large weights, and their sum, which training minimises.
    gradients : ndarray, shape (P,)
        Of all parameters, in the order of `net.parameters`.
    digits : int
    """

    input: object
    output: object
    target: object
    layers: list
    data_loss: float
    penalty: float
    gradients: object
    notation: object = field(repr=False)
    forward: list = field(repr=False)  # of sections
    backward: list = field(repr=False)
    head: str = field(repr=False)

    @property
    def loss(self):
        return self.data_loss + self.penalty

    @property
    def digits(self):
        return self.notation.digits

    @property
    def z(self):
        return [layer.z for layer in self.layers]

    @property
    def a(self):
        return [layer.a for layer in self.layers]

    @property
    def delta(self):
        return [layer.delta for layer in self.layers]

    @property
    def dweight(self):
        return [layer.gradients.get("weight") for layer in self.layers]

    @property
    def dbias(self):
        return [layer.gradients.get("bias") for layer in self.layers]

    def _parts(self):
        return ("forward", self.forward), ("backward", self.backward)

    def __str__(self):
        lines = [self.head]
        for title, sections in self._parts():
            lines += ["", title, "-" * len(title)]
            for section in sections:
                lines.append(section.title)
                for block in section.blocks:
                    lines += block.lines(self.notation)
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self):
        parts = [f"<p>{html.escape(self.head)}</p>"]
        for title, sections in self._parts():
            parts.append(f"<h4>{html.escape(title)}</h4><table><tbody>")
            for section in sections:
                parts.append(f'<tr><th colspan="4">{html.escape(section.title)}</th></tr>')
                for block in section.blocks:
                    parts += self._html_rows(block)
            parts.append("</tbody></table>")
        return "".join(parts)

    def _html_rows(self, block):
        yield f'<tr><td colspan="4"><i>{html.escape(block.formula)}</i></td></tr>'
        for name, text, value, note in block.rows(self.notation):
            name, text, value, note = map(html.escape, (name, text, value, note))
            yield (
                f"<tr><td>{name}</td><td>{text}</td><td><pre>{value}</pre></td><td>{note}</td></tr>"
            )
