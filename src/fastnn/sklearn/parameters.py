"""What constructors were given, checked when `fit` begins, as scikit-learn wants it."""

import math
from numbers import Integral, Real
from types import SimpleNamespace

import numpy as np

from fastnn.checks import lookup, one_of
from fastnn.layers import Layer
from fastnn.layers.activation import ACTIVATIONS

SOLVERS = "adam", "sgd", "lbfgs"
RATES = "constant", "invscaling", "adaptive"
DTYPES = "auto", "float32", "float64"
# fastnn's names, and scikit-learn's where they differ; a linear layer has no activation
KNOWN = {name: name for name in ACTIVATIONS}
KNOWN |= {"linear": None, "identity": None, "logistic": "sigmoid"}


class Check:
    """Checks of one estimator's parameters, each by name."""

    def __init__(self, estimator):
        self.who, self.given = type(estimator).__name__, estimator.get_params(deep=False)

    def wrong(self, name, expected, kind=ValueError):
        """Return the error that says so."""
        return kind(f"{self.who}: expected {name} {expected}, got {self.given[name]!r}")

    def number(self, name, low, high=math.inf, *, low_in=True, high_in=True):
        """A real number between bounds, which may be its values or not."""
        value = self.given[name]
        bounds = f"from {low:g} to {high:g}" if high < math.inf else f"of at least {low:g}"
        if high == math.inf and not low_in:
            bounds = f"of more than {low:g}"
        elif not high_in:
            bounds += ", which it may not be"
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
            raise self.wrong(name, f"as a number {bounds}", TypeError)
        above = value >= low if low_in else value > low
        below = value <= high if high_in else value < high
        if not (above and below and math.isfinite(value)):
            raise self.wrong(name, f"as a number {bounds}")
        return float(value)

    def integer(self, name, low=1):
        """An integer of at least `low`."""
        value = self.given[name]
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
            raise self.wrong(name, f"as an integer of at least {low}", TypeError)
        if value < low:
            raise self.wrong(name, f"as an integer of at least {low}")
        return int(value)

    def flag(self, name):
        """True or False."""
        value = self.given[name]
        if not isinstance(value, (bool, np.bool_)):
            raise self.wrong(name, "to be True or False", TypeError)
        return bool(value)

    def choice(self, name, known):
        """One of these names."""
        if not isinstance(self.given[name], str):
            raise self.wrong(name, f"to be one of {', '.join(known)}", TypeError)
        return one_of(self.who, name, self.given[name], known)

    def verbose(self):
        value = self.given["verbose"]
        if not isinstance(value, (Integral, np.bool_)) or value < 0:
            raise self.wrong("verbose", "to be True, False or an integer of at least 0", TypeError)
        return int(value)

    def patience(self):
        if self.given["n_iter_no_change"] == math.inf:
            return math.inf
        return self.integer("n_iter_no_change")

    def batch_size(self):
        if isinstance(self.given["batch_size"], str):
            return self.choice("batch_size", ("auto",))
        return self.integer("batch_size")

    def n_threads(self):
        return None if self.given["n_threads"] is None else self.integer("n_threads")

    def hidden(self):
        """The sizes of hidden layers, as a list."""
        sizes = self.given["hidden_layer_sizes"]
        if isinstance(sizes, (str, bytes)) or not (np.iterable(sizes) or _is_integer(sizes)):
            raise self.wrong("hidden_layer_sizes", "as integers, one a layer", TypeError)
        sizes = list(sizes) if np.iterable(sizes) else [sizes]
        if not all(map(_is_integer, sizes)):
            raise self.wrong("hidden_layer_sizes", "as integers, one a layer", TypeError)
        if any(size <= 0 for size in sizes):
            raise ValueError(f"{self.who}: hidden_layer_sizes must be > 0, got {sizes}")
        return [int(size) for size in sizes]

    def each(self, name, layers, check):
        """One value for all of so many layers, or a list with one for each."""
        value = self.given[name]
        if not isinstance(value, (list, tuple)):
            return [check(value)] * layers
        if len(value) != layers:
            raise ValueError(
                f"{self.who}: expected {name} as one value, or a list of {layers}, one for each "
                f"hidden layer; got {len(value)}: {value!r}"
            )
        return [check(one) for one in value]

    def activations(self, layers):
        """The names of fastnn's activations, one for each of the hidden layers."""
        return self.each("activation", layers, lambda name: lookup("activation", name, KNOWN))

    def dropout(self, layers):
        """The share of units that each of the hidden layers loses."""

        def rate(value):
            if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
                raise self.wrong("dropout", "as numbers from 0 to below 1", TypeError)
            if not 0 <= value < 1:
                raise self.wrong("dropout", "from 0 to below 1")
            return float(value)

        return self.each("dropout", layers, rate)

    def layers(self):
        """A list of layers, which no network has yet, or None."""
        layers = self.given["layers"]
        if layers is None:
            return None
        if not isinstance(layers, (list, tuple)) or not all(isinstance(x, Layer) for x in layers):
            raise self.wrong("layers", "as a list of layers of fastnn", TypeError)
        return list(layers)


def _is_integer(value):
    return isinstance(value, Integral) and not isinstance(value, (bool, np.bool_))


def checked(estimator):
    """Return the settings that all estimators have, checked."""
    check = Check(estimator)
    hidden, layers = check.hidden(), check.layers()
    return SimpleNamespace(
        who=check.who,
        check=check,
        layers=layers,
        hidden=hidden,
        activations=check.activations(len(hidden)),
        dropout=check.dropout(len(hidden)),
        solver=check.choice("solver", SOLVERS),
        alpha=check.number("alpha", 0),
        batch_size=check.batch_size(),
        learning_rate=check.choice("learning_rate", RATES),
        learning_rate_init=check.number("learning_rate_init", 0, low_in=False),
        power_t=check.number("power_t", 0),
        max_iter=check.integer("max_iter"),
        shuffle=check.flag("shuffle"),
        tol=check.number("tol", 0),
        verbose=check.verbose(),
        warm_start=check.flag("warm_start"),
        momentum=check.number("momentum", 0, 1),
        nesterov=check.flag("nesterovs_momentum"),
        early_stopping=check.flag("early_stopping"),
        validation_fraction=check.number("validation_fraction", 0, 1, high_in=False),
        beta_1=check.number("beta_1", 0, 1, high_in=False),
        beta_2=check.number("beta_2", 0, 1, high_in=False),
        epsilon=check.number("epsilon", 0, low_in=False),
        patience=check.patience(),
        max_fun=check.integer("max_fun"),
        dtype=check.choice("dtype", DTYPES),
        n_threads=check.n_threads(),
    )


def keep(estimator, given):
    """Let an estimator have its constructor's arguments, as they are."""
    for name, value in given.items():
        if name not in ("self", "__class__"):
            setattr(estimator, name, value)
