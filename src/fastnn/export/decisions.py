"""Classes in an exported file: how outputs decide for one, and the labels."""

import math
from typing import NamedTuple


class Decision(NamedTuple):
    """What `predict_classes` makes of a sample's outputs."""

    function: str  # of `functions/`, that writes the number of a class for each position
    positions: int
    threshold: float = 0.0
    labels: tuple = ()  # as text, in the order of the numbers; () if the numbers are all there is

    def sizes(self, macro):
        """Return the lines that define how many there are of what."""
        lines = [f"#define {macro}_DECISIONS {self.positions}"]
        if self.function == "classes_threshold":
            lines.append(f"#define {macro}_THRESHOLD {self.threshold}")
        if self.labels:
            lines.append(f"#define {macro}_LABELS {len(self.labels)}")
        return lines

    def prototypes(self, name):
        """Return the lines that declare what other files may use."""
        lines = [f"void {name}_classes(const real *y, int *classes);"]
        if self.labels:
            lines.append(f"extern const char *const {name}_labels[{name.upper()}_LABELS];")
        return lines

    def tables(self, name):
        """Return the table of labels, if there are any."""
        if not self.labels:
            return []
        head = f"const char *const {name}_labels[{name.upper()}_LABELS] = {{\n    "
        return [head + ",\n    ".join(map(text_literal, self.labels)) + "};"]


def decision_of(net):
    """Return a network's `Decision`, or None if it tells no classes apart."""
    if len(net.outputs) > 1 or not net.output_shape:
        return None
    *positions, outputs = net.output_shape
    labels = () if net.classes_ is None else tuple(map(str, net.classes_.tolist()))
    largest = Decision("classes_largest", math.prod(positions), labels=labels)
    each = Decision("classes_threshold", math.prod(net.output_shape))
    if net.loss is not None and not net.loss.decides:
        return None
    if net.loss is not None and net.loss.activation is None:  # it decides by scores
        if net.loss.decides == "largest":
            return largest
    else:
        probabilities = net._probabilities()
        if probabilities == "softmax" and outputs > 1:
            return largest
        if getattr(net._ending(), "function", None) == probabilities:
            each = each._replace(threshold=0.5)
    return each._replace(labels=labels) if outputs == 1 else each


def text_literal(text):
    """Return a text as C writes it: UTF-8, what is not plain ASCII in octal."""
    escaped = []
    for byte in text.encode("utf-8", "surrogatepass"):
        character = chr(byte)
        plain = 32 <= byte < 127 and character not in '"\\?'  # ?: for trigraphs
        escaped.append(character if plain else f"\\{byte:03o}")
    return f'"{"".join(escaped)}"'
