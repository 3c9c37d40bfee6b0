"""Findings: what a diagnosis says in words, and what usually helps."""

import numpy as np

from fastnn.measuring import DYING

HALF = 0.5  # more than that of a layer's outputs is saturated
TENTH = 0.1  # that of its units are dead
ENOUGH = 8  # samples: a unit that is 0 for half of all inputs is 0 for these once in 256 times
VANISHED = 2.0**-10  # what five sigmoids at their steepest, 1/4 each, leave of a gradient
EXPLODED = 2.0**10
FAST = 0.1  # an update changes a tenth of the weights
# Root mean squares of the input for which weights drawn for 1 will do: above, a third of sigmoids
# would be saturated from the start (|z| > 4.36), below, weights learn ten times as slowly.
INPUTS = 0.1, 4.0
SHOWN = 4  # layers in a sentence

HELPS = {
    "the input": "look through the data",
    "the loss": "lower the learning rate, clip gradients (clip_norm), scale the targets",
    "the penalties": "lower the factors of the regularizers",
    "its output": "smaller initial weights, scaled inputs, a lower learning rate, normalisation",
}


def findings(figures, rows):
    """Return sentences about the figures of a network, the gravest first."""
    unsound = _about_unsound(figures.unsound)
    if unsound:  # all else follows from it
        return unsound + _about_inputs(figures.inputs)
    return [
        *_about_inputs(figures.inputs),
        *_about_gradients(figures, rows),
        *_about_units(figures, rows),
        *_about_updates(figures, rows),
    ]


def verdicts(figures, rows):
    """Return what is wrong in each layer, a tuple of words for each row."""
    slope, words = figures.slope.size, []
    for row, place in zip(rows, figures.places, strict=True):
        if figures.unsound is not None:  # all else follows from it
            found = {"NaN": row.not_a_number, "infinite": row.infinite}
        else:
            found = {
                "vanishing": slope and _vanishes(row, slope),
                "exploding": slope and _explodes(row, slope),
                "saturated": _is_saturated(row, place),
                "dead": _is_dying(row, figures),
            }
        words.append(tuple(word for word, holds in found.items() if holds))
    return words


def _vanishes(row, slope):
    return _learns(row) and row.delta < VANISHED * slope


def _explodes(row, slope):
    return _learns(row) and row.delta > EXPLODED * slope


def _learns(row):
    return row.parameters and row.trainable and row.delta is not None


def _is_saturated(row, place):
    return row.saturated is not None and row.saturated > HALF and not place.in_loss


def _is_dying(row, figures):
    return row.dead is not None and row.dead >= TENTH and figures.samples >= ENOUGH


def _about_unsound(unsound):
    if unsound is None:
        return []
    if unsound.layer and not unsound.what.startswith(("its output", "the gradient")):
        helps = "start again from sound weights, with a lower learning rate or clip_norm"
    else:
        helps = HELPS.get(unsound.what, "lower the learning rate, clip gradients (clip_norm)")
    return [f"{unsound.kind} arises, {unsound}; what usually helps: {helps}."]


def _about_inputs(sizes):
    words = []
    for i, size in enumerate(sizes):
        if np.isfinite(size) and not INPUTS[0] <= size <= INPUTS[1] and size > 0:
            which = f"input {i}" if len(sizes) > 1 else "the input"
            words.append(
                f"The root mean square of {which} is {size:.3g}, and weights are drawn for about "
                f"1: begin the network with Rescale or Standardize."
            )
    return words


def _about_gradients(figures, rows):
    slope = figures.slope.size
    if not slope:
        return ["The loss has no gradient: every sample is fitted, or no output counts."]
    words = []
    gone = [row for row in rows if _vanishes(row, slope)]
    if gone:
        least = min(gone, key=lambda row: row.delta)
        words.append(
            f"The gradient vanishes on its way back: its size is {slope:.3g} at the loss and "
            f"{least.delta:.3g} in {least.layer}; it is below 1/1024 in {_names(gone)}. "
            f"What usually helps: {_against_vanishing(figures)}."
        )
    large = [row for row in rows if _explodes(row, slope)]
    if large:
        most = max(large, key=lambda row: row.delta)
        words.append(
            f"The gradient explodes on its way back: its size is {slope:.3g} at the loss and "
            f"{most.delta:.3g} in {most.layer}; it is above 1024 times as large in "
            f"{_names(large)}. What usually helps: smaller initial weights (the defaults keep "
            f"sizes), normalisation (BatchNorm, LayerNorm), an optimizer with clip_norm."
        )
    return words


def _against_vanishing(figures):
    inside = {place.function for place in figures.places if not place.in_loss}
    if "sigmoid" in inside:
        why = "ReLU or tanh instead of sigmoid, which passes a quarter at most, "
    elif inside & {"tanh", "softsign"}:
        why = "ReLU instead of tanh, "
    elif inside & {*DYING}:
        why = "weights by he_normal, LeakyReLU instead of ReLU, "
    else:
        why = "larger initial weights (the defaults keep sizes), "
    return f"{why}normalisation (BatchNorm), shortcuts (Add), fewer layers"


def _about_units(figures, rows):
    ends = set(figures.net.outputs)
    inputs, words = len(figures.net.input_shapes), []
    for row, place in zip(rows, figures.places, strict=True):
        if _is_saturated(row, place):
            helps = "smaller weights, scaled inputs, normalisation (BatchNorm)"
            fused = {"sigmoid": "binary_cross_entropy", "softmax": "cross_entropy"}
            if inputs + row.call in ends and place.function in fused:
                helps = (
                    f'loss="{fused[place.function]}", which includes the {place.function} and '
                    f"whose gradient is y − t however steep it is"
                )
            words.append(
                f"{row.layer}: {100 * row.saturated:.0f} % of its outputs are near the ends of "
                f"{place.function}, where its slope is less than a twentieth of the largest, and "
                f"little gradient passes. What usually helps: {helps}."
            )
    dying = [row for row in rows if _is_dying(row, figures)]
    if dying:
        shares = [f"{100 * row.dead:.0f} % of {row.layer}" for row in dying]
        words.append(
            f"Units are dead, 0 for all {figures.samples} samples, so that they learn nothing: "
            f"{_names(shares)}. What usually helps: a lower learning rate, a small positive "
            f"initial bias, LeakyReLU, normalisation."
        )
    return words


def _about_updates(figures, rows):
    if figures.optimizer is None:
        return []
    moved = [row for row in rows if row.update is not None and row.trainable and row.delta]
    fast = [row for row in moved if row.update > FAST]
    lost = [row for row in moved if row.update < np.finfo(figures.net.dtype).eps]
    words = []
    if fast:
        most = max(fast, key=lambda row: row.update)
        words.append(
            f"Updates are large: the next one changes {most.layer} by {100 * most.update:.3g} % of "
            f"its weights; by more than a tenth in {_names(fast)}. What usually helps: a lower "
            f"learning rate, clip_norm."
        )
    if lost:
        words.append(
            f"Updates are lost in rounding: less than an eps of the weights in {_names(lost)}. "
            f"What usually helps: a higher learning rate, or dtype float64."
        )
    return words


def _names(rows):
    names = [getattr(row, "layer", row) for row in rows]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
