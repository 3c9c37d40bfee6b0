"""What training does to parameters beside the gradient of the loss and an optimizer's rule.

gradients of the loss --> with those of penalties --> update of what is not frozen --> constraints

Compiled programs do the same inside; this is for networks that run stage by stage, and for
optimizers of the user's own.
"""

from itertools import zip_longest

import numpy as np

from fastnn._core.loss import weight_sum


class Upkeep:
    """A built network's penalties and constraints, and which of its parameters are frozen now."""

    def __init__(self, net):
        self.parameters, self.gradients = net.parameters, net.gradients
        self.steps = net._steps
        self.penalised, self.constrained, self.frozen = [], [], []
        self.masked = [layer for layer in net.layers if getattr(layer, "mask", None) is not None]
        for layer in net.layers:
            for name, weight in layer.parameters.items():
                if name in layer.regularizers:
                    gradient = layer.gradients[name]
                    regularizer = layer.regularizers[name]
                    self.penalised.append((regularizer, weight, gradient, layer.trainable))
                if name in layer.constraints and layer.trainable:
                    rows = weight.reshape(layer.rows(name), -1)  # a view
                    self.constrained.append((layer.constraints[name], rows))
            if layer.parameters and not layer.trainable:
                start = net.places[layer]
                size = sum(weight.size for weight in layer.parameters.values())
                self.frozen.append(slice(start, start + size))

    def clear(self):
        """Set the gradients of frozen parameters to 0."""
        for place in self.frozen:
            self.gradients[place] = 0

    def penalty(self, gradients, batch):
        """Return the sum of all penalties; if wished, add the gradients of those not frozen.

        `batch` is the sum of its samples' weights.
        """
        penalties = [
            regularizer.over(batch).add_to(gradient, weight)
            if gradients and trained
            else regularizer.over(batch)(weight)[0]
            for regularizer, weight, gradient, trained in self.penalised
        ]
        return weight_sum(np.array(penalties))

    def update(self, optimizer):
        """Let an optimizer change what is not frozen, hold it to its constraints, and count."""
        optimizer.begin(self.parameters)
        vectors = (self.parameters, *optimizer.state)
        kept = [[vector[place].copy() for place in self.frozen] for vector in vectors]
        optimizer.update(self.parameters, self.gradients)
        vectors = (self.parameters, *optimizer.state)
        begun = [0] * len(self.frozen)  # what a state that is new has held
        for vector, values in zip_longest(vectors, kept, fillvalue=begun):
            for place, value in zip(self.frozen, values, strict=True):
                vector[place] = value
        for layer in self.masked:
            layer.clear_masked(layer.weight)  # of noise in the gradient
        for constraint, rows in self.constrained:
            rows[...] = constraint(rows)
        self.steps += 1


def decaying_parts(net):
    """Return pairs of a part of the flat vectors, and whether it decays also where biases do not.

    Together they are all of a built network's parameters: see `Layer.connections`.
    """
    parts = []
    for layer in net.layers:
        start = net.places.get(layer, 0)
        for name, array in layer.parameters.items():
            parts.append((slice(start, start + array.size), name in layer.connections))
            start += array.size
    return parts
