"""Activations: how `a = h(z)` and `δ = ∂a h'(z)` are written, function by function."""

from typing import NamedTuple

import numpy as np

from fastnn import functional
from fastnn._core.pointwise import FROM_INPUT

from .notation import each, total

LAMBDA, ALPHA = 1.0507009873554805, 1.6732632423543772  # of SELU


class Formula(NamedTuple):
    """A function of an element: in letters, and of a number; then its derivative likewise.

    What is to be written of a number is a function of the notation, z, a and the function's option,
    if it has one. Without a derivative in short form, `h'(z)` is said, and the number is.
    """

    letters: str
    written: object
    slope_letters: str = "h'(z)"
    slope: object = None


FORMULAS = {
    "linear": Formula("z", lambda n, z, a: n.number(z), "1", lambda n, z, a: "1"),
    "relu": Formula(
        "max(z, 0)",
        lambda n, z, a: f"max({n.number(z)}, 0)",
        "[z > 0]",
        lambda n, z, a: "1" if z > 0 else "0",
    ),
    "sigmoid": Formula(
        "1/(1 + exp(-z))",
        lambda n, z, a: f"1/(1 + exp({n.number(-z)}))",
        "a ∘ (1 - a)",
        lambda n, z, a: f"{n.factor(a)}·(1 - {n.factor(a)})",
    ),
    "tanh": Formula(
        "tanh(z)",
        lambda n, z, a: f"tanh({n.number(z)})",
        "(1 - a²)",
        lambda n, z, a: f"(1 - {n.factor(a)}²)",
    ),
    "sign": Formula("sign(z)", lambda n, z, a: f"sign({n.number(z)})", "0", lambda n, z, a: "0"),
    "leaky_relu": Formula(
        "(z where z > 0, else slope·z)",
        lambda n, z, a, slope: n.number(z) if z > 0 else n.product(slope, z),
        "(1 where z > 0, else slope)",
        lambda n, z, a, slope: "1" if z > 0 else n.factor(slope),
    ),
    "relu6": Formula(
        "min(max(z, 0), 6)",
        lambda n, z, a: f"min(max({n.number(z)}, 0), 6)",
        "[0 < z < 6]",
        lambda n, z, a: "1" if 0 < z < 6 else "0",
    ),
    "elu": Formula(
        "(z where z > 0, else alpha·(exp(z) - 1))",
        lambda n, z, a, alpha: (
            n.number(z) if z > 0 else f"{n.number(alpha)}·(exp({n.number(z)}) - 1)"
        ),
        "(1 where z > 0, else alpha·exp(z))",
        lambda n, z, a, alpha: "1" if z > 0 else f"{n.factor(alpha)}·exp({n.number(z)})",
    ),
    "selu": Formula(
        "λ (z where z > 0, else α (exp(z) - 1))",
        lambda n, z, a: (
            n.product(LAMBDA, z)
            if z > 0
            else f"{n.product(LAMBDA, ALPHA)}·(exp({n.number(z)}) - 1)"
        ),
        "λ (1 where z > 0, else α exp(z))",
        lambda n, z, a: (
            n.number(LAMBDA) if z > 0 else f"{n.product(LAMBDA, ALPHA)}·exp({n.number(z)})"
        ),
    ),
    "gelu": Formula(
        "z Φ(z)",
        lambda n, z, a, approximate: (
            f"{n.number(z)}·Φ({n.number(z)})" if approximate == "none" else n.number(a)
        ),
    ),
    "silu": Formula(
        "z σ(z)",
        lambda n, z, a: f"{n.number(z)}·σ({n.number(z)})",
        "σ(z) (1 + z (1 - σ(z)))",
        lambda n, z, a: (
            f"σ({n.number(z)})·(1 + {n.factor(z)}·(1 - σ({n.number(z)})))"
        ),
    ),
    "mish": Formula(
        "z tanh(log(1 + exp(z)))",
        lambda n, z, a: f"{n.number(z)}·tanh(log(1 + exp({n.number(z)})))",
    ),
    "softplus": Formula(
        "log(1 + exp(beta·z))/beta",
        lambda n, z, a, beta: f"log(1 + exp({n.product(beta, z)}))/{n.number(beta)}",
        "σ(beta·z)",
        lambda n, z, a, beta: f"σ({n.product(beta, z)})",
    ),
    "softsign": Formula(
        "z/(1 + |z|)",
        lambda n, z, a: f"{n.number(z)}/(1 + {n.number(abs(z))})",
        "1/(1 + |z|)²",
        lambda n, z, a: f"1/(1 + {n.number(abs(z))})²",
    ),
    "hard_sigmoid": Formula(
        "min(max(z + 3, 0), 6)/6",
        lambda n, z, a: f"min(max({n.number(z)} + 3, 0), 6)/6",
        "[-3 < z < 3]/6",
        lambda n, z, a: "1/6" if -3 < z < 3 else "0",
    ),
    "hard_swish": Formula(
        "z min(max(z + 3, 0), 6)/6",
        lambda n, z, a: f"{n.number(z)}·min(max({n.number(z)} + 3, 0), 6)/6",
        "(z/3 + 1/2 where |z| < 3, else [z > 0])",
        lambda n, z, a: (
            f"({n.number(z)}/3 + 1/2)" if -3 < z < 3 else "1" if z > 0 else "0"
        ),
    ),
}  # fmt: skip


def activation(stage):
    """Return what is said of an activation, forward and back."""
    function = stage.layer.function
    if function in ("softmax", "log_softmax"):
        return _softmax(stage, logarithm=function == "log_softmax")
    n, z, a = stage.notation, stage.x, stage.y
    formula, options = FORMULAS[function], tuple(stage.layer.options.values())
    letters = "z Φ(z), Φ by tanh" if options == ("tanh",) else formula.letters
    written = each(lambda z, a: formula.written(n, z, a, *options), z, a)
    forward = [stage.made(f"a = {letters}", written)]
    if stage.dx is None:
        return forward, []
    slope = formula.slope
    if slope is not None:
        factors = each(lambda z, a: slope(n, z, a, *options), z, a)
    else:
        factors = each(n.factor, _slopes(function, z, a, stage.layer.options))
    written = factors and [
        f"{n.number(da)}·{factor}" for da, factor in zip(stage.dy.ravel(), factors, strict=True)
    ]
    return forward, [stage.passed(f"∂a ∘ {formula.slope_letters}", written)]


def prelu(stage):
    """Return what is said of a PReLU, forward and back."""
    n, z = stage.notation, stage.x
    slopes = np.broadcast_to(stage.layer.slope, z.shape)
    written = each(lambda z, s: n.number(z) if z > 0 else n.product(s, z), z, slopes)
    forward = [stage.made("a = z where z > 0, else slope·z", written)]
    if stage.dx is None:
        return forward, []
    written = each(lambda d, z, s: n.product(d, 1 if z > 0 else s), stage.dy, z, slopes)
    return forward, [
        stage.passed("∂a ∘ (1 where z > 0, else slope)", written),
        *stage.parameter("slope", "∂slope = Σ ∂a z, over all z ≤ 0 that share it", None),
    ]


def _slopes(function, z, a, options):
    backward = getattr(functional, f"{function}_backward")
    kept = z if function in FROM_INPUT else a
    return np.asarray(backward(np.ones_like(z), kept, **options))


def _softmax(stage, logarithm):
    n, z, a, da = stage.notation, stage.x, stage.y, stage.dy
    made = "a = z - log Σ exp(z)" if logarithm else "a = exp(z)/Σ exp(z)"
    passed = "∂a - exp(a) Σ ∂a" if logarithm else "a ∘ (∂a - s), s = Σ ∂a a"
    back = stage.dx is not None
    if z.size != z.shape[-1]:  # a softmax at every position
        return [stage.made(made)], [stage.passed(passed)] if back else []
    exponentials = total([f"exp({n.number(value)})" for value in z.ravel()])

    def write(z):
        if logarithm:
            return f"{n.number(z)} - log({exponentials})"
        return f"exp({n.number(z)})/({exponentials})"

    forward = [stage.made(made, each(write, z))]
    if not back:
        return forward, []
    added = da.sum() if logarithm else (da * a).sum()

    def write_back(d, a):
        if logarithm:
            return f"{n.number(d)} - exp({n.number(a)})·{n.factor(added)}"
        return f"{n.number(a)}·({n.difference(d, added)})"

    return forward, [stage.passed(passed, each(write_back, da, a))]
