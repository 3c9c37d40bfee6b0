"""Joint: the loss of a network with several outputs."""

from dataclasses import dataclass
from typing import ClassVar

from fastnn.checks import number
from fastnn.inputs import Inputs
from fastnn.loss import Loss, times


@dataclass(frozen=True)
class Joint(Loss):
    """A loss for each output of a network, added up: `Σ weight · loss`.

    Parameters
    ----------
    losses : sequence of str or Loss
        In the order of the network's outputs.
    weights : sequence of float, optional
        At least 0; all 1 by default.

    Raises
    ------
    ValueError
        If there are not as many weights as losses, or a loss is itself joint or a sum.

    Notes
    -----
    Targets come as a list, an array an output; labels are class numbers from 0. Every loss is the
    mean over the samples' weights, as it is alone.

    Examples
    --------
    >>> import fastnn as fn
    >>> x = fn.Input((2,))
    >>> net = fn.Model(x, [fn.layers.Dense(3)(x), fn.layers.Dense(1)(x)])
    >>> loss = fn.losses.Joint(["cross_entropy", "mean_squared_error"], weights=[1.0, 0.5])
    >>> trainer = fn.Trainer(net, loss, "adam")
    >>> trainer.step([[1.0, 2.0]], [[0], [0.5]]) > 0
    True
    """

    name: ClassVar[str] = "joint"
    losses: tuple = ()
    weights: tuple = ()

    def __init__(self, losses, weights=None):
        from fastnn import losses as named  # which needs this module

        if isinstance(losses, (str, Loss)):
            raise TypeError(f"joint: expected a list of losses, got {losses!r}")
        found = tuple(named.get(loss) for loss in losses)
        weights = (1.0,) * len(found) if weights is None else tuple(weights)
        if not found or len(weights) != len(found) or any(isinstance(f, Joint) for f in found):
            raise ValueError(
                f"joint: expected losses, and as many weights; got {len(found)} losses "
                f"({', '.join(f.name for f in found)}) and {len(weights)} weights"
            )
        if adding := [loss.name for loss in found if loss.reduction != "mean"]:
            raise ValueError(
                f'joint: expected losses with reduction="mean", got a sum: {", ".join(adding)}; '
                f"scale them by weights"
            )
        object.__setattr__(self, "losses", found)
        object.__setattr__(
            self, "weights", tuple(number("joint", "every weight", w, 0) for w in weights)
        )
        object.__setattr__(self, "reduction", "mean")

    @property
    def options(self):
        parts = [{"name": loss.name, **loss.options} for loss in self.losses]
        return {"losses": parts, "weights": list(self.weights)}

    def __call__(self, outputs, target, sample_weight=None):
        """Return the loss of a batch and its gradients with respect to each of `outputs`."""
        return self.of_outputs(outputs, target, sample_weight)

    def of_outputs(self, outputs, target, sample_weight, shares=None):
        target = target.arrays if isinstance(target, Inputs) else target
        shares = (1.0,) * len(self.losses) if shares is None else shares
        total, gradients = 0.0, []
        parts = zip(self.losses, self.weights, shares, outputs, target, strict=True)
        for loss, weight, share, y, t in parts:
            value, gradient = loss(y, t, sample_weight)
            total += weight * share * value
            gradients.append(times(gradient, weight * share))
        return total, gradients

    def total_weight(self, target, weight, outputs):
        return self.losses[0].total_weight(target.arrays[0], weight, outputs)

    def total_weights(self, target, weight, outputs):
        parts = zip(self.losses, target.arrays, outputs, strict=True)
        return [loss.total_weight(own, weight, shape) for loss, own, shape in parts]

    def route(self, net):
        self._check(net)
        ends = zip(self.losses, net.route.outputs, strict=True)
        return net.route.without([v for loss, end in ends for v in loss.fused(net.route, end)])

    def settings(self, output_shapes):
        parts = zip(self.losses, output_shapes, self.weights, strict=True)
        return [(loss.settings([shape])[0][0], weight) for loss, shape, weight in parts]

    def targets(self, target, n, net):
        self._check(net)
        target = target.arrays if isinstance(target, Inputs) else target
        if not isinstance(target, (list, tuple)) or len(target) != len(self.losses):
            raise ValueError(f"joint: expected a list of {len(self.losses)} targets, one an output")
        parts = zip(self.losses, target, net.output_shapes, strict=True)
        return Inputs(loss.target(t, (n, *shape), net.dtype) for loss, t, shape in parts)

    def _check(self, net):
        if len(net.outputs) != len(self.losses):
            raise ValueError(
                f"joint: {len(self.losses)} losses for a network with {len(net.outputs)} outputs"
            )
