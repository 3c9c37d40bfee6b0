"""Losses: how they and their gradients are written, of one sample."""

import math
from typing import NamedTuple

import numpy as np

from fastnn import functional, losses
from fastnn.loss import ClassLoss

from .notation import ELEMENTS, Block, each, total

ONE = 1e-12  # how far a sum of shares may be from 1 by rounding alone


class Formula(NamedTuple):
    """A loss that adds up what each output costs: in letters, and of a number and its target.

    `whole` is what stands around the sum, with `{}` for the sum and `{k}` for how many there are.
    """

    letters: str
    term: object
    slope_letters: str
    slope: object
    whole: str = "{}"


def _squared(n, y, t, **options):
    return f"({n.difference(y, t)})²"


def _side(t):
    return 1.0 if t > 0 else -1.0


def _huber(n, y, t, delta):
    error = n.number(abs(y - t))
    if abs(y - t) <= delta:
        return f"{error}²/2"
    return f"{n.number(delta)}·({error} - {n.number(delta)}/2)"


def _poisson(n, y, t, log_input, epsilon):
    if log_input:
        return f"(exp({n.number(y)}) - {n.product(t, y)})"
    return f"({n.number(y)} - {n.number(t)}·log({n.number(y + epsilon)}))"


def _poisson_slope(n, y, t, log_input, epsilon):
    if log_input:
        return f"exp({n.number(y)}) - {n.factor(t)}"
    return f"1 - {n.number(t)}/{n.factor(y + epsilon)}"


def _hinge(n, y, t, begin="1 - "):
    return f"max(0, {begin}{n.factor(_side(t))}·{n.factor(y)})"


FORMULAS = {
    "half_squared_error": Formula(
        "½ Σ (ŷ - t)²", _squared, "ŷ - t", lambda n, y, t: n.difference(y, t), "½·{}"
    ),
    "squared_error": Formula(
        "Σ (ŷ - t)²", _squared, "2 (ŷ - t)", lambda n, y, t: f"2·({n.difference(y, t)})"
    ),
    "mean_squared_error": Formula(
        "Σ (ŷ - t)²/K, of K outputs",
        _squared,
        "2 (ŷ - t)/K",
        lambda n, y, t: f"2·({n.difference(y, t)})/{{k}}",
        "{}/{k}",
    ),
    "mean_absolute_error": Formula(
        "Σ |ŷ - t|/K, of K outputs",
        lambda n, y, t: f"|{n.difference(y, t)}|",
        "sign(ŷ - t)/K",
        lambda n, y, t: f"sign({n.difference(y, t)})/{{k}}",
        "{}/{k}",
    ),
    "huber": Formula(
        "Σ (e²/2 where |e| ≤ delta, else delta·(|e| - delta/2)), e = ŷ - t",
        _huber,
        "max(-delta, min(ŷ - t, delta))",
        lambda n, y, t, delta: (
            f"max({n.number(-delta)}, min({n.difference(y, t)}, {n.number(delta)}))"
        ),
    ),
    "poisson": Formula("Σ (exp(ŷ) - t ŷ)", _poisson, "exp(ŷ) - t", _poisson_slope),
    "hinge": Formula(
        "Σ max(0, 1 - t ŷ), t = ±1",
        _hinge,
        "(-t where t ŷ < 1, else 0)",
        lambda n, y, t: n.number(-_side(t)) if _side(t) * y < 1 else "0",
    ),
    "perceptron": Formula(
        "Σ max(0, -t ŷ), t = ±1",
        lambda n, y, t: _hinge(n, y, -t, ""),
        "(-t where t ŷ ≤ 0, else 0)",
        lambda n, y, t: n.number(-_side(t)) if _side(t) * y <= 0 else "0",
    ),
    "binary_cross_entropy": Formula(
        "-Σ (t log y + (1 - t) log(1 - y))",
        lambda n, y, t: _costs(n, ((t, n.number(y)), (1 - t, f"1 - {n.factor(y)}"))),
        "y - t",
        lambda n, y, t: n.difference(y, t),
        "-{}",
    ),
}
# by words alone, and of classes
WORDS = {
    "binary_focal": (
        "-Σ (t (1 - y)^γ log y + (1 - t) y^γ log(1 - y))",
        "t (1 - y)^γ (γ y log y + y - 1) - (1 - t) y^γ (γ (1 - y) log(1 - y) - y)",
    ),
    "focal": (
        "-Σ t (1 - y)^γ log y",
        "y Σ p - p, p = t (1 - y)^(γ - 1) (1 - y - γ y log y)",
    ),
    "multiclass_hinge": (
        "Σ max(0, margin - ŷ[t] + ŷ)/C, over the other classes",
        "1/C where that is positive; of the label, less so many",
    ),
    "cross_entropy": ("-Σ t log y", "y - t"),
    "kl_divergence": ("Σ t (log t - log y)", "y - t"),
}


def includes(loss):
    """Return whether a loss sees logits, and includes what makes shares of them."""
    return bool(loss.activation) and losses.compiled(loss)


def say(loss, y, target, value, gradient, notation, label=None, included=None):
    """Return the blocks of a loss, forward and back.

    Parameters
    ----------
    loss : Loss
    y : ndarray
        The outputs that it sees, of one sample.
    target : ndarray
        What it compares them with: labels, or an array of the shape of `y`.
    value, gradient : float, ndarray
    notation : Notation
    label : optional
        What the user calls the target's class.
    included : str, optional
        The layer whose activation the loss includes.
    """
    seen, symbol = y, "∂ŷ"
    t = np.asarray(_row(loss, y, target), np.float64)
    if includes(loss):
        symbol, how = "δ", "exp(z)/Σ exp(z)" if loss.activation == "softmax" else "1/(1 + exp(-z))"
        seen = np.asarray(getattr(functional, f"{loss.activation}_forward")(y[None])[0], np.float64)
        what = f"y = {loss.activation}(z) = {how}, which the loss includes"
        if included is not None:
            what += f"; z of {included}"
        blocks = [Block("y", what, seen, _shares(loss, y, notation))]
    else:
        blocks = [Block("ŷ", "ŷ, the output", y)]
    blocks.append(Block("t", f"t, {_target_words(loss, target, label)}", t))
    letters, slopes = _letters(loss, t)
    written, back = _written(loss, seen, t, notation)
    after = _after(loss, y)
    blocks.append(Block("ℓ", f"ℓ = {letters}{after}", value, written and [written]))
    return blocks, [Block(symbol, f"{symbol} = {slopes}{after}", gradient, back)]


def _costs(n, parts):
    """Terms of a cross-entropy: shares, and what stands in the logarithm; shares of 0 are none."""
    terms = [
        f"log({inner})" if share == 1 else f"{n.number(share)}·log({inner})"
        for share, inner in parts
        if share != 0
    ]
    return total(terms)


def _row(loss, y, target):
    """The target as numbers of the shape of the outputs."""
    if _is_label(target, y):
        target = (target[..., None] == np.arange(y.shape[-1])).astype(np.float64)
    if smoothing := loss.options.get("label_smoothing", 0.0):
        spread = target.sum(axis=-1, keepdims=True) / y.shape[-1]
        target = (1 - smoothing) * target + smoothing * spread
    if loss.name in ("hinge", "perceptron") and losses.compiled(loss):
        target = np.where(target > 0, 1.0, -1.0)
    return target


def _is_label(target, y):
    return target.dtype == np.int64 and target.shape == y.shape[:-1]


def _target_words(loss, target, label):
    of_label = "" if label is None else f" of the label {label!r}"
    words = f"1 for the class{of_label}" if target.dtype == np.int64 else f"the target{of_label}"
    if smoothing := loss.options.get("label_smoothing", 0.0):
        words += f", smoothed: (1 - ε) t + ε Σt/C, ε = {smoothing:g}"
    return words


def _shares(loss, z, n):
    if loss.activation == "sigmoid":
        return each(lambda value: f"1/(1 + exp({n.number(-value)}))", z)
    if z.size != z.shape[-1] or z.size > ELEMENTS:
        return None
    parts = " + ".join(f"exp({n.number(value)})" for value in z.ravel())
    return each(lambda value: f"exp({n.number(value)})/({parts})", z)


def _letters(loss, t):
    if not losses.compiled(loss):
        return f"{loss.name}(ŷ, t)", f"the derivatives of {loss.name}"
    if loss.name == "poisson" and not loss.log_input:
        return "Σ (ŷ - t log(ŷ + ε))", "1 - t/(ŷ + ε)"
    if loss.name in FORMULAS:
        formula = FORMULAS[loss.name]
        return formula.letters, formula.slope_letters
    letters, slope = WORDS[loss.name]
    if slope == "y - t" and np.any(np.abs(t.sum(axis=-1) - 1.0) > ONE):
        slope = "y Σt - t"
    return letters, slope


def _after(loss, y):
    """What a mean over positions, or weights of classes, add to a formula."""
    words = ""
    if not isinstance(loss, ClassLoss):
        return words
    if loss.options.get("class_weight") is not None:
        words += ", with the weights of classes"
    if (ignored := loss.options.get("ignore_label")) is not None:
        words += f", 0 for the label {ignored}"
    if (positions := math.prod(y.shape[:-1])) > 1:
        how = "the mean over" if loss.reduction == "mean" else "over all"
        words += f", {how} {positions} positions"
    return words


def _written(loss, y, t, n):
    """The loss with numbers, and its gradient for each output; None where it is long."""
    if not losses.compiled(loss) or not 0 < y.size <= ELEMENTS:
        return None, None
    if loss.name in FORMULAS:
        return _of_elements(loss, FORMULAS[loss.name], y, t, n)
    weighs = any(loss.options.get(name) is not None for name in ("class_weight", "ignore_label"))
    if loss.name not in ("cross_entropy", "kl_divergence") or y.size != y.shape[-1] or weighs:
        return None, None
    return _of_classes(loss, y.ravel(), t.ravel(), n)


def _of_elements(loss, formula, y, t, n):
    options = {name: value for name, value in loss.options.items() if name != "reduction"}
    added = total(each(lambda y, t: formula.term(n, y, t, **options), y, t))
    if formula.whole != "{}" and (y.size > 1 or (formula.whole[0] == "-" and " + " in added)):
        added = f"({added})"
    slopes = each(lambda y, t: formula.slope(n, y, t, **options), y, t)
    return formula.whole.format(added, k=y.size), [slope.format(k=y.size) for slope in slopes]


def _of_classes(loss, y, t, n):
    def slope(y, t):
        return n.difference(y, t) if one else f"{n.product(y, t_sum)} - {n.factor(t)}"

    t_sum = t.sum()
    one = abs(t_sum - 1.0) <= ONE
    back = [slope(*pair) for pair in zip(y, t, strict=True)]
    if loss.name == "kl_divergence":
        terms = [
            f"{n.number(t_i)}·(log({n.number(t_i)}) - log({n.number(y_i)}))"
            for y_i, t_i in zip(y, t, strict=True)
            if t_i != 0
        ]
        return total(terms), back
    costs = _costs(n, [(t_i, n.number(y_i)) for y_i, t_i in zip(y, t, strict=True)])
    return f"-({costs})" if " + " in costs else f"-{costs}", back
