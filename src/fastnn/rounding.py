"""Rounding: how far a compiled result may be from the exact one, operation by operation.

Errors are counted in eps of the dtype in which an operation computes, times a magnitude: what the
roundings on the way are relative to. No chain of additions is longer than 128 terms, so that a sum
of products `Σ ab` of any length is off by at most 32 eps of `Σ|a||b|`, whatever its data are. What
follows from that for everything else is here.

    sums of products, pools of means   32 Σ|a||b|, and 2 for a factor
    Winograd's convolution             38 of a bound of all that it adds up: 16 max|x| Σ|w|
    activations, forward               6 |y|; softmax: y (13 + half of the distances from the
                                       largest); its logarithm: 12 (1 + |y|)
    activations, backward              4 |dy| times the largest slope, at least 2
    normalisation                      34 and 66, of outputs and gradients for which every sum has
                                       its numbers positive
    choices, copies, products          0; one eps for each factor; 6 for normal random numbers
"""

import math

import numpy as np

from fastnn import functional, reference

ANY = 32.0  # eps of Σ|a||b| by which a sum of any data may be off
PRODUCT = 2.0  # up to four roundings, one after the other
FUNCTION = 6.0  # of an activation
SLOPE = 4.0  # of its derivative
NORMAL = 6.0  # of a normal random number, and the sum or product with it
WINOGRAD = 6.0  # half an eps for each addition of its transforms
TRANSFORMS = 16.0  # each number is in 4 · 4 sums of products of transformed ones, at most

SUMS = ("dense_", "conv_", "conv_transpose_", "local_conv_")
MEANS = ("average_pool_", "adaptive_average_pool_", "global_average_pool_", "up_sample_")
GATHERS = ("max_pool_", "global_max_pool_", "pad_", "crop_")  # back, what was copied is added up
EXACT = ("relu_", "relu6_", "sign_", "permute_", "concatenate_", "maximum_", "minimum_")
EXACT += ("add_backward", "subtract_backward", "gaussian_noise_backward")


def magnitudes(name, arguments, how, results):
    """Return how many eps each result of an operation may be off by, all multiplied out.

    Parameters
    ----------
    name : str
        Of `fastnn.functional`.
    arguments : list
        Its operands and settings, those by position; arrays in float64.
    how : dict
        Its settings by keyword.
    results : list of ndarray
        The exact results.

    Returns
    -------
    list of ndarray or float
        For every result.
    """
    forward = name.endswith("_forward")
    if name.startswith(EXACT) or (forward and name.startswith(GATHERS)):
        return [0.0] * len(results)
    for family, rule in _RULES.items():
        if name.startswith(family):
            return rule(name, arguments, how, results)
    if forward:
        return [FUNCTION * np.abs(results[0])]
    numbers = [value for value in how.values() if not isinstance(value, str)]
    return [SLOPE * max(2.0, *map(abs, [0.0, *numbers])) * np.abs(arguments[0])]


def _absolute(arguments):
    return [
        np.abs(a) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a for a in arguments
    ]


def _sums(name, arguments, how, results):
    """The compiled operation on absolute values, no more than what its operands allow at all.

    It is the one that is being checked: were it wrong by as much as would hide its own error, it
    would be beyond the second bound.
    """
    a, b, *rest = _absolute(arguments)
    how = dict(how)
    winograd = how.pop("algorithm", "direct") == "winograd"
    for fused in ("activation", "relu_output", "out"):
        how.pop(fused, None)
    if winograd and a.size:
        return [_winograd(name, a, b, rest)]
    sums = getattr(functional, name)(a, b, *rest, **how)
    sums = sums if isinstance(sums, tuple) else (sums,)
    bias = rest[0] if name.endswith("_forward") and rest and rest[0] is not None else np.zeros(1)
    largest = np.max(a, initial=0) * b.sum() + np.max(bias, initial=0)
    bounds = (largest, b.sum())  # the second is that of a bias's gradient
    return [ANY * np.fmin(s, bound) for s, bound in zip(sums, bounds, strict=False)]


def _winograd(name, a, weight, rest):
    if name.endswith("_forward"):
        bias = 0.0 if not rest or rest[0] is None else rest[0]
        total = weight.sum(axis=(1, 2, 3))
    else:
        bias, total = 0.0, weight.sum(axis=(0, 1, 2))
    return (ANY + WINOGRAD) * (TRANSFORMS * a.max() * total + bias)


def _linear(name, arguments, how, results):
    exact = getattr(reference, name)(*_absolute(arguments), **how)
    return [(ANY + PRODUCT) * exact]


def _softmax(name, arguments, how, results):
    if name.endswith("_forward"):
        (x,), (y,) = arguments, results
        # errors of the distances from the largest are relative errors of their exponentials
        distances = np.max(x, axis=-1, keepdims=True, initial=-np.inf) - x
        below = np.sum(y * distances, axis=-1, keepdims=True)
        return [y * (13 + (distances + below) / 2)]
    dy, y = arguments
    total = np.sum(np.abs(dy) * y, axis=-1, keepdims=True)
    return [(ANY + PRODUCT) * y * (np.abs(dy) + total)]


def _log_softmax(name, arguments, how, results):
    if name.endswith("_forward"):
        return [2 * FUNCTION * (1 + np.abs(results[0]))]
    dy, y = arguments
    total = np.sum(np.abs(dy), axis=-1, keepdims=True)
    return [(ANY + PRODUCT) * (np.abs(dy) + np.exp(y) * total)]


def _merge(name, arguments, how, results):
    count = len(arguments[0] if name.endswith("_forward") else arguments[1])
    if name.startswith("multiply"):
        return [0.0 if result is None else count * np.abs(result) for result in results]
    if name.endswith("_backward"):  # of a mean
        return [0.0 if result is None else PRODUCT * np.abs(result) for result in results]
    total = sum(map(np.abs, arguments[0]))
    return [(ANY + PRODUCT) * total / (count if name.startswith("average") else 1)]


def _prelu(name, arguments, how, results):
    if not name.endswith("weights"):
        return [PRODUCT * np.abs(results[0])]
    x, dy, shape = arguments
    left = np.where(x > 0, x, -np.abs(x))
    return [ANY * np.abs(reference.prelu_backward_weights(left, np.abs(dy), shape))]


def _noise(name, arguments, how, results):
    x, y = np.abs(arguments[0]), results[0]
    if "gaussian" not in name:
        return [PRODUCT * np.abs(y)]
    return [NORMAL * (x + np.abs(y - arguments[0]))]


def _lp_pool(name, arguments, how, results):
    """Half an eps a rounding: those of powers, p times those of their base, and of the root."""
    p, rank = how.get("p", 2), results[0].ndim - 2
    power = 0.0 if p in (1, 2) else 2 * PRODUCT + p
    if name.endswith("_forward"):
        size = np.broadcast_to(arguments[1], rank)
        root = math.log(math.prod(size.tolist())) / p if power else 0.0
        return [(ANY + PRODUCT + 2 * power + root) * np.abs(results[0])]
    dy, x, y, size = arguments
    # Σ|dy| over the windows of an input: no |x| / y is above 1
    ones = np.ones_like(x), np.ones_like(y)
    added = reference.lp_pool_backward(np.abs(dy), *ones, size, **(how | {"p": 1}))
    return [(ANY + PRODUCT + power) * added]


def _norm(name, arguments, how, results):
    """A mean is off by what the sum of its deviations is, a root by half as much as a variance."""
    forward = not name.endswith("_backward")
    dy, arguments = (None, arguments) if forward else (np.abs(arguments[0]), arguments[1:])
    x, *arguments = arguments
    split, together, own, statistics, weights = _grouped(name, x, arguments, how)
    values = x.reshape(split)
    if statistics is None:
        mean = values.mean(together, keepdims=True)
        variance = ((values - mean) ** 2).mean(together, keepdims=True)
    else:
        mean, variance = statistics
    root = np.sqrt(variance + how.get("epsilon", 1e-5))
    normal = (1 + np.abs(values - mean) / root).reshape(x.shape)
    root = np.broadcast_to(root, split).reshape(x.shape)
    scale, shift = [0.0 if w is None else np.abs(w) for w in (*weights, None, None)[:2]]
    scale = 1.0 if np.ndim(scale) == 0 else scale
    if forward:
        statistics_of_batch = [0.0] * (len(results) - 1)
        return [(ANY + PRODUCT) * (scale * normal + shift), *statistics_of_batch]

    def average(numbers):
        if together is None or how.get("training") is False:
            return 0.0
        means = numbers.reshape(split).mean(together, keepdims=True)
        return np.broadcast_to(means, split).reshape(x.shape)

    d = scale * dy
    dx = (d + average(d) + normal * average(d * normal)) / root
    shared = tuple(range(x.ndim - own))
    sums = [(dy * normal).sum(shared), dy.sum(shared)]
    return [(2 * ANY + PRODUCT) * magnitude for magnitude in (dx, *sums)]


def _grouped(name, x, arguments, how):
    """What is normalised together: x's shape with those axes, and these; how many axes a scale has.

    Then mean and variance, if they are given, and scale and shift.
    """
    split, last = x.shape, tuple(range(1, x.ndim - 1))
    if name.startswith("batch_norm"):
        given = not name.endswith("_forward")
        statistics, weights = (arguments[:2], arguments[2:]) if given else (None, arguments)
        return split, tuple(range(x.ndim - 1)), 1, statistics, weights
    if name.startswith("layer_norm"):
        axes = how.get("axes", 1)
        axes = x.ndim - 1 if axes == "all" else axes
        return split, tuple(range(x.ndim - axes, x.ndim)), axes, None, arguments
    if name.startswith("group_norm"):
        groups, *weights = arguments
        channels = x.shape[-1] // groups
        split = (len(x), math.prod(x.shape[1:-1]), groups, channels)
        return split, (1, 3), 1, None, weights
    return split, last, 1, None, arguments


_RULES = (
    dict.fromkeys(SUMS, _sums)
    | dict.fromkeys((*MEANS, *GATHERS), _linear)
    | dict.fromkeys(("add_", "subtract_", "multiply_", "average_"), _merge)
    | dict.fromkeys(("dropout_", "spatial_dropout_", "gaussian_"), _noise)
    | dict.fromkeys(("batch_norm_", "layer_norm_", "group_norm_", "instance_norm_"), _norm)
    | {"softmax_": _softmax, "log_softmax_": _log_softmax, "prelu_": _prelu, "lp_pool_": _lp_pool}
)


OF_LOSS = 64.0  # eps of what a sample with a wrong output adds to a loss, or to its gradient


def loss_magnitudes(loss, y, target, value, gradient):
    """Return how many eps a loss and its gradient may be off by, multiplied out.

    Of a documented scale, not of each number: 64 eps of a gradient and of what a sample weighs,
    `(1 + |t|)` of the largest target, and `(1 + gamma)²` of focal losses; as many eps more as
    logits are apart where there is a softmax, whose exponentials are of distances.
    """
    labels, y = target.dtype.kind == "i", np.where(np.isfinite(y), y, 0.0)
    value = value if math.isfinite(value) else 0.0
    largest = 1.0 if labels else float(np.abs(target).sum(axis=-1).max(initial=0))
    classes = getattr(loss, "class_weight", None)
    share = max(classes) if classes else 1.0
    if loss.reduction == "mean":
        share /= max(loss.total_weight(target, None, y.shape), 1e-300)
    share *= (1 + largest) * (1 + getattr(loss, "gamma", 0.0)) ** 2
    far = 1.0
    if loss.activation == "softmax":
        far += np.ptp(y, axis=-1).max(initial=0) / OF_LOSS
    values = OF_LOSS * far * (abs(value) + len(y) * share * (1 + np.abs(y).max(initial=0)))
    return values, OF_LOSS * far * (np.abs(gradient) + share)
