"""Layer, group and instance normalisation: a sample's groups to mean 0 and variance 1."""

import math

from ._arrays import as_array, as_floats, as_integer, as_result, check_shape, positive, total


def layer_norm_forward(x, scale=None, shift=None, *, axes=1, epsilon=1e-5):
    """Normalise the last axes of every sample by their own mean and variance.

    Parameters
    ----------
    x : array_like, shape (N, ..., C)
    scale, shift : array_like, shape of the normalised axes, optional
        1 and 0 where they are not given.
    axes : int or "all"
        How many of the last axes are normalised together, with a scale and a shift for each of
        their elements; "all" are those of a sample.
    epsilon : float
        More than 0: numbers that are all equal give `shift`.

    Returns
    -------
    y : ndarray, shape of x

    Raises
    ------
    ValueError
        If the shapes do not go together, there are fewer axes, or `epsilon` is not more than 0.

    Notes
    -----
    With mean and variance (divided by their count) over the last axes:
    ``y = (x − mean) / √(variance + epsilon) · scale + shift``. Ba, Kiros, Hinton: Layer
    normalization, 2016.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.layer_norm_forward([[1, 3], [5, 5]]).round(3).tolist()
    [[-1.0, 1.0], [0.0, 0.0]]
    """
    name = "layer_norm_forward"
    x = _samples(name, x, 1)
    return _normalize(name, x, scale, shift, epsilon, _layers(name, x, axes))


def layer_norm_backward(dy, x, scale=None, *, axes=1, epsilon=1e-5):
    """Gradients of layer normalisation.

    Parameters
    ----------
    dy, x : array_like, the same shape (N, ..., C)
        Gradient with respect to the output, and the input of the forward pass.
    scale : array_like, shape of the normalised axes, optional
    axes : int or "all"
        How many of the last axes are normalised together, with a scale and a shift for each of
        their elements; "all" are those of a sample.
    epsilon : float
        That of the forward pass.

    Returns
    -------
    dx : ndarray, shape of dy
    dscale, dshift : ndarray, shape of the normalised axes

    Raises
    ------
    ValueError
        If the shapes do not go together, there are fewer axes, or `epsilon` is not more than 0.

    Notes
    -----
    With ``n = (x − mean) / √(variance + epsilon)``, ``d = dy · scale`` and means over what is
    normalised together: ``dx = (d − mean d − n · mean(d n)) / √(variance + epsilon)``; ``dscale = Σ
    dy n`` and ``dshift = Σ dy`` over all that share them.

    Examples
    --------
    >>> from fastnn import reference
    >>> dx, dscale, dshift = reference.layer_norm_backward([[1, 2]], [[1, 3]])
    >>> bool(abs(dx).max() < 1e-5), dscale.round(3).tolist(), dshift.tolist()
    (True, [-1.0, 2.0], [1.0, 2.0])
    """
    name = "layer_norm_backward"
    x = _samples(name, x, 1)
    return _gradients(name, dy, x, scale, epsilon, _layers(name, x, axes))


def group_norm_forward(x, groups, scale=None, shift=None, *, epsilon=1e-5):
    """Normalise groups of channels of every sample by their own mean and variance.

    Parameters
    ----------
    x : array_like, shape (N, ..., C)
    groups : int
        How many groups the channels are divided into, each of consecutive ones.
    scale, shift : array_like, shape (C,), optional
        1 and 0 where they are not given.
    epsilon : float
        More than 0: numbers that are all equal give `shift`.

    Returns
    -------
    y : ndarray, shape of x

    Raises
    ------
    ValueError
        If the shapes do not go together, `groups` does not divide the channels, or `epsilon` is
        not more than 0.

    Notes
    -----
    With mean and variance (divided by their count) over all positions and a group's channels:
    ``y = (x − mean) / √(variance + epsilon) · scale + shift``. Wu, He: Group normalization,
    2018.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.group_norm_forward([[1, 3, 5, 5]], 2).round(3).tolist()
    [[-1.0, 1.0, 0.0, 0.0]]
    """
    name = "group_norm_forward"
    x = _samples(name, x, 1)
    return _normalize(name, x, scale, shift, epsilon, _groups(name, x, groups))


def group_norm_backward(dy, x, groups, scale=None, *, epsilon=1e-5):
    """Gradients of group normalisation.

    Parameters
    ----------
    dy, x : array_like, the same shape (N, ..., C)
        Gradient with respect to the output, and the input of the forward pass.
    groups : int
        How many groups the channels are divided into, each of consecutive ones.
    scale : array_like, shape (C,), optional
    epsilon : float
        That of the forward pass.

    Returns
    -------
    dx : ndarray, shape of dy
    dscale, dshift : ndarray, shape (C,)

    Raises
    ------
    ValueError
        If the shapes do not go together, `groups` does not divide the channels, or `epsilon` is
        not more than 0.

    Notes
    -----
    With ``n = (x − mean) / √(variance + epsilon)``, ``d = dy · scale`` and means over what is
    normalised together: ``dx = (d − mean d − n · mean(d n)) / √(variance + epsilon)``; ``dscale = Σ
    dy n`` and ``dshift = Σ dy`` over all that share them.

    Examples
    --------
    >>> from fastnn import reference
    >>> dx, dscale, dshift = reference.group_norm_backward([[1, 2]], [[1, 3]], 1)
    >>> bool(abs(dx).max() < 1e-5), dscale.round(3).tolist(), dshift.tolist()
    (True, [-1.0, 2.0], [1.0, 2.0])
    """
    name = "group_norm_backward"
    x = _samples(name, x, 1)
    return _gradients(name, dy, x, scale, epsilon, _groups(name, x, groups))


def instance_norm_forward(x, scale=None, shift=None, *, epsilon=1e-5):
    """Normalise every channel of every sample by its own mean and variance.

    Parameters
    ----------
    x : array_like, shape (N, *spatial, C)
    scale, shift : array_like, shape (C,), optional
        1 and 0 where they are not given.
    epsilon : float
        More than 0: numbers that are all equal give `shift`.

    Returns
    -------
    y : ndarray, shape of x

    Raises
    ------
    ValueError
        If the shapes do not go together, there is no spatial axis (a mean would be of one number),
        or `epsilon` is not more than 0.

    Notes
    -----
    With mean and variance (divided by their count) over a channel's positions:
    ``y = (x − mean) / √(variance + epsilon) · scale + shift``. Ulyanov, Vedaldi, Lempitsky:
    Instance normalization, 2016.

    Examples
    --------
    >>> from fastnn import reference
    >>> reference.instance_norm_forward([[[1, 5], [3, 5]]]).round(3).tolist()
    [[[-1.0, 0.0], [1.0, 0.0]]]
    """
    name = "instance_norm_forward"
    x = _samples(name, x, 2)
    return _normalize(name, x, scale, shift, epsilon, _groups(name, x, x.shape[-1]))


def instance_norm_backward(dy, x, scale=None, *, epsilon=1e-5):
    """Gradients of instance normalisation.

    Parameters
    ----------
    dy, x : array_like, the same shape (N, *spatial, C)
        Gradient with respect to the output, and the input of the forward pass.
    scale : array_like, shape (C,), optional
    epsilon : float
        That of the forward pass.

    Returns
    -------
    dx : ndarray, shape of dy
    dscale, dshift : ndarray, shape (C,)

    Raises
    ------
    ValueError
        If the shapes do not go together, there is no spatial axis (a mean would be of one number),
        or `epsilon` is not more than 0.

    Notes
    -----
    With ``n = (x − mean) / √(variance + epsilon)``, ``d = dy · scale`` and means over what is
    normalised together: ``dx = (d − mean d − n · mean(d n)) / √(variance + epsilon)``; ``dscale = Σ
    dy n`` and ``dshift = Σ dy`` over all that share them.

    Examples
    --------
    >>> from fastnn import reference
    >>> dx, dscale, dshift = reference.instance_norm_backward([[[1], [2]]], [[[1], [3]]])
    >>> bool(abs(dx).max() < 1e-5), dscale.round(3).tolist(), dshift.tolist()
    (True, [1.0], [3.0])
    """
    name = "instance_norm_backward"
    x = _samples(name, x, 2)
    return _gradients(name, dy, x, scale, epsilon, _groups(name, x, x.shape[-1]))


def _samples(operation, x, least):
    """`x` as an array: samples of at least so many axes, none of them empty."""
    x = as_array(operation, "x", x)
    if x.ndim < least + 1 or 0 in x.shape[1:]:
        form = "(N, ..., C)" if least == 1 else "(N, *spatial, C)"
        raise ValueError(f"{operation}: expected x of shape {form}, got shape {x.shape}")
    return x


def _layers(operation, x, axes):
    """The parameters' shape; for each element of a sample its group and its parameter."""
    rank = x.ndim - 1
    count = rank if axes == "all" else as_integer(operation, "axes", axes, 1)
    if count > rank:
        raise ValueError(f"{operation}: expected axes from 1 to {rank}, got {axes}")
    shape, features = x.shape[-count:], math.prod(x.shape[1:])
    size = math.prod(shape)
    return shape, [i // size for i in range(features)], [i % size for i in range(features)]


def _groups(operation, x, groups):
    """The same where channels of all positions are normalised in groups."""
    channels, groups = x.shape[-1], as_integer(operation, "groups", groups, 1)
    if channels % groups:
        raise ValueError(
            f"{operation}: expected groups that divide the {channels} channels, got {groups}"
        )
    parameters = [i % channels for i in range(math.prod(x.shape[1:]))]
    return x.shape[-1:], [c // (channels // groups) for c in parameters], parameters


def _normals(sample, groups, epsilon):
    """The numbers of a sample, normalised by groups, and the root that each was divided by."""
    members = [[] for _ in range(max(groups) + 1)]
    for value, group in zip(sample, groups, strict=True):
        members[group].append(value)
    means, roots = [], []
    for values in members:
        mean = total(values) / len(values)
        squares = [(value - mean) * (value - mean) for value in values]
        means.append(mean)
        roots.append(math.sqrt(total(squares) / len(squares) + epsilon))
    normals = [(v - means[g]) / roots[g] for v, g in zip(sample, groups, strict=True)]
    return normals, [roots[g] for g in groups]


def _normalize(operation, x, scale, shift, epsilon, plan):
    shape, groups, parameters = plan
    epsilon = positive(operation, "epsilon", epsilon)
    scale = _array(operation, "scale", scale, shape)
    shift = _array(operation, "shift", shift, shape)
    scales, shifts = _numbers(scale, shape, 1.0), _numbers(shift, shape, 0.0)
    y = []
    for sample in as_floats(x, len(x), len(groups)):
        normals, _ = _normals(sample, groups, epsilon)
        y.append([n * scales[p] + shifts[p] for n, p in zip(normals, parameters, strict=True)])
    return as_result(y, x.shape, x, scale, shift)


def _gradients(operation, dy, x, scale, epsilon, plan):
    shape, groups, parameters = plan
    epsilon = positive(operation, "epsilon", epsilon)
    dy, scale = as_array(operation, "dy", dy), _array(operation, "scale", scale, shape)
    check_shape(operation, "dy", dy, x.shape)
    scales, dx = _numbers(scale, shape, 1.0), []
    dscale, dshift = _numbers(None, shape, 0.0), _numbers(None, shape, 0.0)
    features = len(groups)
    for ds, sample in zip(
        as_floats(dy, len(x), features), as_floats(x, len(x), features), strict=True
    ):
        normals, roots = _normals(sample, groups, epsilon)
        means, products = [0.0] * (max(groups) + 1), [0.0] * (max(groups) + 1)
        size = features // len(means)
        for i, (d, normal) in enumerate(zip(ds, normals, strict=True)):
            # forward: y = n · scale + shift
            dscale[parameters[i]] += d * normal
            dshift[parameters[i]] += d
            means[groups[i]] += d * scales[parameters[i]] / size
            products[groups[i]] += d * scales[parameters[i]] * normal / size
        for i, (d, normal) in enumerate(zip(ds, normals, strict=True)):
            # a move of x moves its group's mean and variance too
            rest = d * scales[parameters[i]] - means[groups[i]] - normal * products[groups[i]]
            dx.append(rest / roots[i])
    operands = dy, x, scale
    return (
        as_result(dx, x.shape, *operands),
        as_result(dscale, shape, *operands),
        as_result(dshift, shape, *operands),
    )


def _array(operation, what, value, shape):
    """`scale` or `shift` as an array, or None."""
    if value is None:
        return None
    value = as_array(operation, what, value)
    check_shape(operation, what, value, shape)
    return value


def _numbers(parameter, shape, default):
    """A parameter's numbers in a row; `default` for each if there is none."""
    return [default] * math.prod(shape) if parameter is None else as_floats(parameter, -1)
