"""Verify: a user's own network, compiled, against the same network in plain Python loops.

some rows --Trace--> what every layer read and made, there and back
                       |  the same numbers
                       v
                     twin of the layer --> what it should have made, and how far off it may be

some rows --Trainer--> the loss and the gradients of all parameters, by the program that trains
"""

import math
import time

import numpy as np

from fastnn import losses, optimizers, reference
from fastnn.checks import integer
from fastnn.feeds import learn_preprocessing
from fastnn.inputs import Inputs, check_inputs
from fastnn.joint import Joint
from fastnn.labels import Data
from fastnn.layers import BatchNorm
from fastnn.rounding import ANY, loss_magnitudes
from fastnn.tracing import Trace, place_of, plain, scratch
from fastnn.trainer import Trainer
from fastnn.twin import Plain, exactly, is_ours, run_twin
from fastnn.verification import Check, Verification
from fastnn.verifying_data import expected_seconds, random_batch

__all__ = ["Check", "Verification", "verify"]

MORE = 40  # samples of which training and predictions are compared with the layers: some packs
PENALTY = 4.0


def verify(net, x=None, y=None, *, loss=None, rows=4, progress=None):
    """Check a network against `fastnn.reference`: every layer, its gradients, and training.

    Parameters
    ----------
    net : Sequential or Model
        It is left as it was.
    x, y : optional
        Samples and their labels or targets, as for `fit`, of which the first are taken; by default
        random ones.
    loss : str or Loss, optional
        That of the last `fit` by default; of a network that was not trained "cross_entropy" if
        there is a `y`, else half squared errors.
    rows : int
        How many samples. The reference takes some tenths of a microsecond for a multiply-add, there
        and back: a second for a sample of a network of three million.
    progress : callable, optional
        Is told, in words, how long it will take, and then what comes next: `progress=print`.

    Returns
    -------
    Verification

    Raises
    ------
    ValueError
        If the data do not fit, or the network's input shape is not known and there are none.

    Notes
    -----
    Every layer's twin runs in float64 on just what the layer itself has read, forward and backward,
    so that its tolerance is that of one operation: 32 eps of `Σ|a||b|` for a sum of products, a few
    eps of the result for others (`fastnn.rounding` has all of them; Winograd's convolutions may be
    off by more, 38 eps of 16 max|x| Σ|w|). In float64 it is more than twice that, as the reference
    rounds too. As each layer reads what the one before it has made,
    the network is right where they all are. `Trainer.loss_and_gradients` is held to the same
    gradients; and it, of up to 40 samples, and `predict` to the very bits that the layers give one
    by one. Noise is that of the
    next step, in both. Ctrl-C ends it at any time.

    Examples
    --------
    >>> import fastnn as fn
    >>> net = fn.Sequential([fn.layers.Dense(2, "tanh"), fn.layers.Dense(1)], input_shape=(3,))
    >>> verification = fn.verify(net)
    >>> verification.ok, len(verification.rows)
    (True, 19)
    >>> verification.rows[0].layer, verification.rows[0].what
    ('Dense (layer 0)', 'output')
    """
    who, started = "verify", time.perf_counter()
    rows = integer(who, "rows", rows)
    if x is None:
        if y is not None:
            raise ValueError(f"{who}: expected x with y, got y alone")
        if not net.built:
            raise ValueError(f"{who}: the network's input shape is not known; give x")
    else:
        x = net.check(x)
    if loss is None:
        loss = net.loss or (losses.half_squared_error if y is None else losses.cross_entropy)
        if y is None and net.loss is None and len(net.outputs) > 1:
            loss = Joint([loss] * len(net.outputs))
    loss, net = losses.get(loss), scratch(net)
    if x is not None:
        learn_preprocessing(net, x)
    x, target = _batch(who, net, loss, x, y, max(rows, MORE))
    check_inputs(who, x)
    rows = min(rows, len(x))
    tell = progress if progress is not None else lambda text: None
    seconds = expected_seconds(net, rows)
    seconds = f"{seconds:.0f}" if seconds >= 10 else f"{max(seconds, 0.1):.1g}"
    tell(f"verify: {rows} samples, about {seconds} s in plain Python")
    with np.errstate(all="ignore"):
        checks = _Checks(net, loss, x, target, rows, tell)
    return Verification(checks.rows, checks.unverified, rows, time.perf_counter() - started)


def _batch(who, net, loss, x, y, rows):
    """The samples and targets that are compared."""
    random_x, random_y = random_batch(net, loss, rows if x is None else min(rows, len(x)))
    if x is None:
        learn_preprocessing(net, random_x)
        x = random_x
    if len(x) == 0:
        raise ValueError(f"{who}: expected at least one sample, got x of shape {x.shape}")
    if y is None:
        return x[:rows], loss.targets(random_y, min(rows, len(x)), net)
    data = Data(who, net, loss, x, y, classes=net.classes_, learn=True)
    return x[:rows], data.target[:rows]


class _Checks:
    """Runs both sides and compares."""

    def __init__(self, net, loss, x, target, rows, tell):
        self.net, self.loss, self.rows, self.unverified = net, loss, [], []
        self.epsilon = np.finfo(net.dtype).eps
        self.tiny = np.finfo(net.dtype).tiny
        self.gradients = {}  # of parameters: the reference's, and how many eps they may be off by
        trained, more, predicting = scratch(net), scratch(net), scratch(net)
        self.trace = trace = Trace(net, loss, x[:rows], target[:rows])
        for number, visit in enumerate(trace.visits):
            self.chains = _chains(net, visit)
            tell(f"verify: {place_of(net, visit.call)}, {number + 1} of {len(trace.visits)}")
            self._layer(visit)
        self.chains = max(_chains(net, visit) for visit in trace.visits)
        tell("verify: loss and training")
        exact_loss = self._loss(target[:rows])
        self._training(trained, x[:rows], target[:rows], exact_loss)
        self._more(more, x, target)
        self._predictions(predicting, x)

    def _add(self, layer, what, result, exact, magnitude):
        """Compare a result with the exact one."""
        result = np.asarray(result, np.float64)
        allowed = self.chains * self.epsilon * np.asarray(magnitude, np.float64)
        allowed = np.where(allowed > 0, allowed + self.tiny, 0.0)
        equal = (result == exact) | (np.isnan(result) & np.isnan(exact))
        error = np.where(equal, 0.0, np.abs(result - exact))
        # x / 0 is infinity, and what is NaN on one side alone is beyond any tolerance
        ratio = np.where(equal, 0.0, np.nan_to_num(error / allowed, nan=math.inf, posinf=math.inf))
        worst = float(np.max(ratio, initial=0.0))
        self.rows.append(Check(layer, what, result.size, float(np.max(error, initial=0.0)), worst))

    def _layer(self, visit):
        """Compare what an operation of a layer made, there and back, with its twin's."""
        stage, name = visit.stage, place_of(self.net, visit.call)
        if stage is not visit.layer:
            name += f", {getattr(stage, 'function', 'padding')}"
        try:
            twin, y, dxs = run_twin(visit)
        except Exception:
            if is_ours(stage):
                raise
            twin = None
        if twin is None or not isinstance(y, Plain):
            if name not in self.unverified:
                self.unverified.append(name)
            self.gradients |= {(stage, parameter): None for parameter in stage.parameters or ()}
            return
        self._add(name, "output", plain(visit.y), y.array, y.magnitude)
        if isinstance(stage, BatchNorm):
            self._add_inference(name, visit, twin)
        for i, (dx, exact) in enumerate(zip(visit.dxs, dxs, strict=True)):
            which = f" {i}" if len(dxs) > 1 else ""
            what = f"gradient of its input{which}"
            self._add(name, what, plain(dx), exact.array, exact.magnitude)
        for parameter, result in visit.gradients.items():
            exact = twin.gradients[parameter]
            array = np.asarray(exact) if stage.trainable else np.zeros(exact.shape)
            magnitude = np.broadcast_to(exact.magnitude * stage.trainable, exact.shape)
            self._add(name, f"gradient of its {parameter}", result, array, magnitude)
            before = self.gradients.get((stage, parameter), (0.0, 0.0))
            if before is not None:
                self.gradients[stage, parameter] = before[0] + array, before[1] + magnitude

    def _add_inference(self, name, visit, twin):
        y = visit.stage._forward(visit.xs[0], False)
        twin.running_mean = visit.stage.running_mean.copy()
        twin.running_variance = visit.stage.running_variance.copy()
        exact = twin._forward(exactly(visit.xs[0]), False)
        self._add(name, "output, in inference", plain(y), exact.array, exact.magnitude)

    def _loss(self, target):
        """Compare the loss of the layers' outputs; return the reference's, and its tolerance."""
        joint, trace = isinstance(self.loss, Joint), self.trace
        parts = self.loss.losses if joint else (self.loss,)
        factors = self.loss.weights if joint else (1.0,)
        targets = target.arrays if isinstance(target, Inputs) else (target,)
        if own := [part.name for part in parts if not losses.compiled(part)]:
            self.unverified += own
            return None
        total, allowed = 0.0, 0.0
        for i, (part, factor, t) in enumerate(zip(parts, factors, targets, strict=True)):
            y = plain(trace.outputs[i]).astype(np.float64)
            t = t if t.dtype.kind == "i" else t.astype(np.float64)
            value, gradient = getattr(reference, part.name)(y, t, **part.options)
            values, slopes = loss_magnitudes(part, y, t, value, gradient)
            total, allowed = total + factor * value, allowed + factor * values
            which = f" of output {i}" if len(parts) > 1 else ""
            slope = plain(trace.slopes[i])
            self._add("loss", f"gradient{which}", slope, factor * gradient, factor * slopes)
        self._add("loss", "value", trace.data_loss, total, allowed)
        return total, allowed

    def _training(self, net, x, target, exact_loss):
        """Compare what the program of training gives."""
        trainer = Trainer(net, self.loss, optimizers.SGD())
        value = trainer.loss_and_gradients(_given(x), target)
        penalties = 0.0
        for index, (layer, own) in enumerate(zip(net.layers, self.net.layers, strict=True)):
            call = next(i for i, call in enumerate(net.calls) if call.layer == index)
            for name, weight in layer.parameters.items():
                exact, magnitude = self.gradients.get((own, name)) or (None, None)
                if name in layer.regularizers:
                    factors = layer.regularizers[name].factors
                    penalty, slope = reference.l1_l2_penalty(weight.astype(np.float64), **factors)
                    penalties += penalty
                    if exact is not None and layer.trainable:
                        exact, magnitude = exact + slope, magnitude + PENALTY * np.abs(slope)
                if exact is not None:
                    what = f"gradient of its {name}, in training"
                    self._add(place_of(net, call), what, layer.gradients[name], exact, magnitude)
        if exact_loss is not None:
            exact, allowed = exact_loss
            allowed += PENALTY * penalties
            self._add("loss", "value, in training", value, exact + penalties, allowed)

    def _more(self, net, x, target):
        """Compare the gradients of more samples with those of the layers: the same bits."""
        trace = Trace(scratch(net), self.loss, x, target)
        Trainer(net, self.loss, optimizers.SGD()).loss_and_gradients(_given(x), target)
        what = f"as layer by layer, {len(x)} samples"
        self._add("training", what, net.gradients, trace.net.gradients, 0.0)

    def _predictions(self, net, x):
        """Compare predictions with what the layers give one after the other: the same bits."""
        results = net.predict(_given(x))
        results = results if isinstance(results, list) else [results]
        exact = net.run(net.enter(x), net.unfused, False, keep=False)
        for i, (result, y) in enumerate(zip(results, exact, strict=True)):
            which = f" of output {i}" if len(exact) > 1 else ""
            self._add(
                f"predictions{which}", f"as layer by layer, {len(x)} samples", result, plain(y), 0
            )


def _given(x):
    """Samples as the network's user gives them."""
    return list(x.arrays) if isinstance(x, Inputs) else x


def _chains(net, visit):
    """How many times as far off it may be because the reference itself rounds.

    In float64, that is: its sums are plain chains of up to as many terms as there are numbers, each
    addition half an eps, beside the 32 of Σ|a||b|.
    """
    if net.dtype != np.float64:
        return 1.0
    longest = max(math.prod(values.shape) for values in (*visit.xs, visit.y))
    return 2.0 + longest / (2 * ANY)
