"""What a layer's parameters are drawn to and held to: its regularizers and constraints."""

from fastnn import constraints, regularizers


def hold(layer, **given):
    """Give a layer a regularizer and a constraint, or None, for each of these parameters.

    Returns
    -------
    dict
        The same as arguments that `config` may return.
    """
    layer.regularizers, layer.constraints, arguments = {}, {}, {}
    for name, (regularizer, constraint) in given.items():
        if regularizer is not None:
            regularizer = layer.regularizers[name] = regularizers.get(regularizer)
        if constraint is not None:
            constraint = layer.constraints[name] = constraints.get(constraint)
            if constraint.of_rows and name != "weight":
                raise ValueError(
                    f"{type(layer).__name__}: expected {name}_constraint to be about each number, "
                    f"got {constraint!r}; use MaxAbs or NonNegative"
                )
        arguments[f"{name}_regularizer"] = regularizer and regularizer.settings
        arguments[f"{name}_constraint"] = constraint and constraint.settings
    return arguments
