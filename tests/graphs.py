"""Networks that are no straight line, for the tests of graphs."""

import numpy as np

import fastnn as fn

L = fn.layers


def forked(**how):
    """A value that four layers read, one of them an output."""
    x = fn.Input((5, 6, 2))
    stem = L.Activation("tanh")(L.Conv2D(3, 2)(x))
    left = L.Flatten()(L.MaxPool2D(2)(stem))
    right = L.Flatten()(L.Activation("relu")(stem))
    return fn.Model(x, [L.Dense(3)(left), L.Dense(2, "tanh")(right), L.Flatten()(stem)], **how)


def two_inputs(**how):
    """Two inputs, one of them preprocessed, and three outputs; a value is read and comes out."""
    a, image = fn.Input((6,)), fn.Input((4, 4, 2), name="image")
    hidden = L.Dense(7, "tanh")(a)
    seen = L.Flatten()(L.Conv2D(3, 2, activation="relu")(L.Rescale(0.5)(image)))
    outputs = [L.Dense(3)(hidden), L.Dense(2, "sigmoid")(L.Dense(7)(seen)), hidden]
    return fn.Model([a, image], outputs, **how)


def residual(**how):
    """Sums of a value and of what two layers make of it; every batch is normalised."""
    x = fn.Input((6, 6, 3))
    hidden = L.Conv2D(5, 3, padding="same")(x)
    for _ in range(2):
        branch = L.BatchNorm()(L.Conv2D(5, 3, padding="same")(hidden))
        branch = L.Conv2D(5, 3, padding="same")(L.Activation("relu")(branch))
        hidden = L.Activation("relu")(L.Add()([hidden, L.BatchNorm()(branch)]))
    return fn.Model(x, L.Dense(4)(L.Flatten()(hidden)), **how)


def merged(**how):
    """Every way to merge, of values that other layers read too."""
    x = fn.Input((4, 5, 3))
    a, b = L.Conv2D(6, 2)(x), L.Conv2D(6, 2, activation="tanh")(x)
    c = L.Activation("tanh")(a)
    parts = [L.Add()([a, b, c]), L.Subtract()([a, b]), L.Multiply()([a, b, c])]
    parts += [L.Average()([c, b]), L.Maximum()([a, b]), L.Minimum()([b, a, c])]
    together = L.Concatenate()(parts)
    twice = L.Conv2D(3, 2)(L.Concatenate(1)([together, together]))
    flat = L.Concatenate()([L.Flatten()(twice), L.Flatten()(L.Add()([x, x]))])
    return fn.Model(x, L.Dense(4)(flat), **how)


def shared(**how):
    """Layers at several places, of which one reads what it has made."""
    x = fn.Input((5, 5, 2))
    conv, norm = L.Conv2D(2, 3, padding="same", activation="tanh"), L.BatchNorm()
    slopes, group = L.PReLU(), L.GroupNorm(2)
    once = slopes(norm(conv(x)))
    twice = group(slopes(norm(conv(once))))
    dense = L.Dense(40, "tanh")
    flat = [dense(L.Flatten()(value)) for value in (once, twice, group(conv(twice)))]
    head = L.Dense(4)
    return fn.Model(x, L.Add()([head(value) for value in flat]), **how)


def rectified(**how):
    """A convolution that a ReLU and others read, and a ReLU that is read by a convolution last."""
    x = fn.Input((5, 6, 2))
    stem = L.Conv2D(3, 2)(x)
    relu = L.Activation("relu")(stem)
    parts = [L.AveragePool2D(2)(relu), L.Add()([stem, relu]), L.Conv2D(4, 2)(relu)]
    return fn.Model(x, L.Dense(4)(L.Concatenate()([L.Flatten()(part) for part in parts])), **how)


def samples(net, n, seed=0):
    rng = np.random.default_rng(seed)
    x = [rng.integers(-8, 9, (n, *shape)).astype(np.float32) for shape in net.input_shapes]
    y = [rng.integers(0, net.output_shapes[0][-1], n)]
    y += [rng.random((n, *shape)) for shape in net.output_shapes[1:]]
    return (x if len(x) > 1 else x[0]), (y if len(y) > 1 else y[0])


def loss_of(net):
    """Cross-entropy of the first output; others are compared with numbers."""
    others = ["mean_squared_error", "half_squared_error"]
    weights = [1.0, 0.5, 2.0][: len(net.outputs)]
    parts = ["cross_entropy", *others[: len(weights) - 1]]
    return fn.losses.Joint(parts, weights) if len(parts) > 1 else fn.losses.get(parts[0])


NETWORKS = [forked, two_inputs, residual, merged, shared, rectified]
