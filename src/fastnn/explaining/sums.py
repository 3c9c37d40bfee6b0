"""Layers that sum products: dense, convolutional, locally connected; and average pooling."""

import numpy as np

from fastnn import geometry
from fastnn.layers.conv import _Conv

from . import taps
from .notation import element, spelled, total


def dense(stage):
    """Return what is said of a Dense, forward and back."""
    layer = stage.layer
    back = "∂W = δ xᵀ" if layer.mask is None else "∂W = δ xᵀ ∘ mask"
    forward = "z = W x" if layer.bias is None else "z = W x + b"
    triples = taps.dense(layer)
    return _products(stage, triples, forward, back, "∂b = δ", "Wᵀ δ")


def conv(stage):
    """Return what is said of a convolution or a locally connected layer, forward and back."""
    layer, x_shape = stage.layer, stage.x.shape
    how = {name: layer._how[name] for name in ("stride", "padding", "dilation")}
    window = geometry.window(layer.label, x_shape[:-1], layer.size, **how)
    shares = isinstance(layer, _Conv)
    triples = (taps.conv if shares else taps.local_conv)(layer, x_shape, window)
    at = "" if shares else "p,"
    bias = "" if layer.bias is None else f" + b[{at}f]"
    forward = f"z[p,f] = Σ W[{at}f,k,c] x_p[k,c]{bias}, over k and c; x_p: the window at p"
    back = f"∂W[{at}f,k,c] = " + ("Σ δ[p,f] x_p[k,c], over p" if shares else "δ[p,f] x_p[k,c]")
    bias = "∂b[f] = Σ δ[p,f], over p" if shares else "∂b = δ"
    dx = f"Σ W[{at}f,k,c] δ[p,f], over the windows that hold it"
    return _products(stage, triples, forward + _window_words(window), back, bias, dx)


def conv_transpose(stage):
    """Return what is said of a transposed convolution, forward and back."""
    layer = stage.layer
    window = layer._window(stage.x.shape)
    triples = taps.conv_transpose(layer, stage.x.shape, window)
    bias = "" if layer.bias is None else " + b[f]"
    over = "over q and k with q·stride + k·dilation - before = p"
    return _products(
        stage,
        triples,
        f"z[p,f] = Σ W[f,k,c] x[q,c]{bias}, over c, and {over}{_window_words(window)}",
        f"∂W[f,k,c] = Σ x[q,c] δ[p,f], {over}",
        "∂b[f] = Σ δ[p,f], over p",
        f"Σ W[f,k,c] δ[p,f], over f, and {over.replace('q and k', 'p and k')}",
    )


def average_pool(stage, window, counts_padding=False):
    """Return what is said of average pooling, forward and back."""
    n, x = stage.notation, stage.x
    counts = geometry.covered(window) if counts_padding else geometry.inside(window)
    sizes = np.ones(())
    for axis in counts:
        sizes = np.multiply.outer(sizes, axis)
    # of global pooling the output may have lost its axes of one position
    sizes = np.broadcast_to(sizes[..., None], (*window.output, x.shape[-1])).reshape(stage.y.shape)
    pairs = _pool_pairs(stage, window)
    written = spelled(
        stage.y.shape,
        taps.gather(pairs),
        lambda o, inputs: f"({total([n.number(x[i]) for i in inputs])})/{n.number(sizes[o])}",
    )
    words = "the mean of each window" + _window_words(window)
    words += ", padding counted" if counts_padding else ""
    if stage.dx is None:
        return [stage.made(f"a = {words}", written)], []
    back = spelled(
        x.shape,
        taps.gather(pairs and [(i, o) for o, i in pairs]),
        lambda i, outputs: total(
            [f"{n.number(stage.dy[o])}/{n.number(sizes[o])}" for o in outputs]
        ),
    )
    right = "Σ ∂a/n, over the windows of n numbers that hold it"
    return [stage.made(f"a = {words}", written)], [stage.passed(right, back)]


def max_pool(stage, window):
    """Return what is said of max pooling, forward and back: also which numbers won."""
    n, x = stage.notation, stage.x
    pairs = _pool_pairs(stage, window)
    inputs = taps.gather(pairs)
    written = spelled(
        stage.y.shape,
        inputs,
        lambda o, places: f"max({', '.join(n.number(x[i]) for i in places)})",
    )
    words = "a = the largest of each window" + _window_words(window)
    winners = notes = None
    if written is not None:
        winners = {o: _winner(x, places) for o, places in inputs.items()}
        notes = [f"{element('x', i)} won" for _, i in sorted(winners.items())]
    forward = [stage.made(words, written, notes)]
    if stage.dx is None:
        return forward, []
    won = taps.gather(winners and [(i, o) for o, i in winners.items()])
    back = spelled(x.shape, won, lambda i, outputs: total([n.number(stage.dy[o]) for o in outputs]))
    notes = spelled(
        x.shape, won, lambda i, outputs: " and ".join(f"won {element('a', o)}" for o in outputs)
    )
    return forward, [stage.passed("Σ ∂a, over the windows that it won; else 0", back, notes)]


def _pool_pairs(stage, window):
    pairs = taps.pool(stage.x.shape, window)
    return pairs and [(o[-stage.y.ndim :], i) for o, i in pairs]


def _winner(x, places):
    """The first of the largest; a NaN wins over all."""
    best = places[0]
    for place in places[1:]:
        if x[place] > x[best] or (np.isnan(x[place]) and not np.isnan(x[best])):
            best = place
    return best


def _products(stage, triples, forward, weight, bias, dx):
    """Blocks of a layer with a weight and a bias, whose products are these; None of a large one."""
    n, layer, x, dy = stage.notation, stage.layer, stage.x, stage.dy
    given, b = layer.weight, layer.bias

    def by(key, value):
        return taps.gather(triples and [(key(*t), value(*t)) for t in triples])

    def add_bias(o, pairs):
        terms = [n.product(*pair) for pair in pairs]
        if b is not None:
            terms.append(n.number(b[o if b.shape == stage.y.shape else o[-1:]]))
        return total(terms)

    sums = by(lambda o, w, i: o, lambda o, w, i: (given[w], x[i]))
    made = [stage.made(forward, spelled(stage.y.shape, sums, add_bias))]
    write = lambda index, pairs: n.products(pairs)  # noqa: E731
    sums = by(lambda o, w, i: w, lambda o, w, i: (dy[o], x[i]))
    back = stage.parameter("weight", weight, spelled(given.shape, sums, write))
    if b is not None:
        outputs = [(o if b.shape == dy.shape else o[-1:], dy[o]) for o in np.ndindex(*dy.shape)]
        gradients = spelled(
            b.shape, taps.gather(outputs), lambda o, terms: total([n.number(d) for d in terms])
        )
        back += stage.parameter("bias", bias, gradients)
    sums = by(lambda o, w, i: i, lambda o, w, i: (given[w], dy[o]))
    back.append(stage.passed(dx, spelled(x.shape, sums, write)))
    return made, back


def _window_words(window):
    """What is to be said of a window that does not move by single steps inside the input."""
    words = ""
    for name, plain in (("stride", 1), ("dilation", 1)):
        values = getattr(window, name)
        if any(value not in (plain, 0) for value in values):
            words += f", {name} {_one_or_all(values)}"
    if any(window.before) or any(window.after):
        pairs = list(zip(window.before, window.after, strict=True))
        same = {size for pair in pairs for size in pair}
        words += f", padding {same.pop() if len(same) == 1 else pairs}"
    return words


def _one_or_all(values):
    return values[0] if len(set(values)) == 1 else values
