"""What every operation of the reference promises: dtypes, layouts, empty batches, errors."""

import ast
import itertools
import pathlib

import numpy as np
import pytest

from fastnn import reference

X, W, B = np.ones((2, 3)), np.ones((4, 3)), np.ones(4)
SIGNAL, KERNEL = np.ones((2, 5, 3)), np.ones((4, 2, 3))
ARGMAX = np.zeros((2, 4, 3), np.int64)
VECTOR = np.ones(3)


def test_reference_imports_only_the_standard_library_and_numpy():
    allowed = {"fractions", "itertools", "math", "operator", "numpy"}
    for path in pathlib.Path(reference.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                assert {alias.name for alias in node.names} <= allowed, path.name
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 1, path.name


def test_every_public_name_is_exported_and_documented():
    for name in reference.__all__:
        assert ">>> from fastnn import reference" in getattr(reference, name).__doc__, name


# What an operation is called with: arrays, settings, and which of the arrays decide the dtype.
CALLS = [
    ("dense_forward", (X, W, B), {}),
    ("dense_backward_input", (np.ones((2, 4)), W), {}),
    ("dense_backward_weights", (X, np.ones((2, 4))), {}),
    ("conv_forward", (SIGNAL, KERNEL, B), {}),
    ("conv_backward_input", (np.ones((2, 4, 4)), KERNEL, (2, 5, 3)), {}),
    ("conv_backward_weights", (SIGNAL, np.ones((2, 4, 4)), 2), {}),
    ("max_pool_forward", (SIGNAL, 2), {"stride": 1}),
    ("max_pool_backward", (np.ones((2, 4, 3)), ARGMAX, (2, 5, 3)), {}),
    ("average_pool_forward", (SIGNAL, 2), {"stride": 1}),
    ("average_pool_backward", (np.ones((2, 4, 3)), (2, 5, 3), 2), {"stride": 1}),
    *[(f"{name}_forward", (X,), {}) for name in ("relu", "sigmoid", "tanh", "softmax", "sign")],
    *[(f"{name}_backward", (X, X), {}) for name in ("relu", "sigmoid", "tanh", "softmax", "sign")],
    ("cross_entropy", (X, np.zeros(2, int)), {}),
    ("cross_entropy", (X, X), {"sample_weight": np.ones(2)}),
    ("binary_cross_entropy", (X, X), {"sample_weight": np.ones(2)}),
    ("half_squared_error", (X, X), {}),
    ("squared_error", (X, X), {}),
    ("mean_squared_error", (X, X), {}),
    ("mean_absolute_error", (X, X), {}),
    ("huber", (X, X), {"delta": 0.5}),
    ("poisson", (X, X), {}),
    ("poisson", (X, X), {"log_input": False}),
    ("hinge", (X, np.ones((2, 3), int)), {}),
    ("perceptron", (X, np.ones((2, 3), int)), {"sample_weight": np.ones(2)}),
    ("binary_focal", (X, X), {"gamma": 1}),
    ("focal", (X, np.zeros(2, int)), {}),
    ("focal", (X, X), {"gamma": 1}),
    ("kl_divergence", (X, X), {}),
    ("multiclass_hinge", (X, np.zeros(2, int)), {"margin": 0.5}),
]
CALL_IDS = [f"{index}-{call[0]}" for index, call in enumerate(CALLS)]


def is_real(value):
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def convert(value, function):
    return function(value) if is_real(value) else value


def call(name, arguments, settings, function=lambda value: value):
    """The arrays that an operation returns, each real operand passed through `function`."""
    results = getattr(reference, name)(
        *[convert(value, function) for value in arguments],
        **{key: convert(value, function) for key, value in settings.items()},
    )
    results = results if isinstance(results, tuple) else (results,)
    return [np.asarray(result) for result in results if not isinstance(result, float)]


@pytest.mark.parametrize(("name", "arguments", "settings"), CALLS, ids=CALL_IDS)
def test_a_result_is_float64_if_any_operand_is(name, arguments, settings):
    def dtypes(*choices):
        choices = itertools.chain(choices, itertools.repeat(choices[-1]))
        results = call(name, arguments, settings, lambda value: value.astype(next(choices)))
        return {result.dtype for result in results if result.dtype != np.int64}

    assert dtypes(np.float64) == {np.dtype(np.float64)}
    for dtype in (np.float32, np.float16, np.int64, bool):
        assert dtypes(dtype) == {np.dtype(np.float32)}, dtype
    for position in range(sum(map(is_real, (*arguments, *settings.values())))):
        choices = [np.float32] * position + [np.float64, np.float32]
        assert dtypes(*choices) == {np.dtype(np.float64)}, position


@pytest.mark.parametrize(("name", "arguments", "settings"), CALLS, ids=CALL_IDS)
@pytest.mark.parametrize(
    "layout",
    [
        np.ndarray.tolist,
        np.asfortranarray,
        lambda value: value[::-1].copy()[::-1],
        lambda value: np.repeat(value, 2, axis=-1)[..., ::2],
    ],
    ids=["list", "fortran", "negative strides", "strided"],
)
def test_results_do_not_depend_on_memory_layout(name, arguments, settings, layout):
    rng = np.random.default_rng(1)

    def data(value):  # between 0 and 1, so that it suits every target
        return np.round(rng.random(value.shape), 2)

    arguments = [convert(value, data) for value in arguments]
    for value in arguments:
        if is_real(value):
            value.flags.writeable = False
    expected = call(name, arguments, settings)
    for result, wanted in zip(call(name, arguments, settings, layout), expected, strict=True):
        np.testing.assert_array_equal(result, wanted, strict=True)


def empty_batch(name, arguments):
    batched = {"x", "dy", "y", "logits", "target", "argmax"}
    names = getattr(reference, name).__code__.co_varnames
    for parameter, value in zip(names, arguments, strict=False):
        if parameter in batched:
            yield value[:0]
        elif parameter == "input_shape":
            yield (0, *value[1:])
        else:
            yield value


@pytest.mark.parametrize(("name", "arguments", "settings"), CALLS, ids=CALL_IDS)
def test_a_batch_of_0_gives_empty_outputs_and_zero_weight_gradients(name, arguments, settings):
    settings = {k: v[:0] if k == "sample_weight" else v for k, v in settings.items()}
    full = call(name, arguments, settings | {k: None for k in settings if k == "sample_weight"})
    empty = call(name, list(empty_batch(name, arguments)), settings)
    for result, like in zip(empty, full, strict=True):
        batched = not name.endswith("weights")
        assert result.shape == ((0, *like.shape[1:]) if batched else like.shape)
        assert not result.any()
        assert result.dtype == like.dtype
    if name.endswith(("entropy", "error")):
        loss, _ = getattr(reference, name)(*empty_batch(name, arguments), **settings)
        assert loss == 0.0


READ_ONLY = np.ones(3)
READ_ONLY.flags.writeable = False

ERRORS = [
    # name, arguments, settings, exception, part of the message
    ("dense_forward", (SIGNAL, W), {}, ValueError, "x with 2 axes"),
    ("dense_forward", (X, np.ones((4, 2))), {}, ValueError, "weight of shape"),
    ("dense_forward", (X, W, np.ones(3)), {}, ValueError, "bias of shape"),
    ("dense_forward", (X.astype(complex), W), {}, TypeError, "real numbers in x"),
    ("dense_forward", ([["a"]], W), {}, TypeError, "real numbers in x"),
    ("dense_backward_input", (X, W), {}, ValueError, "dy of shape"),
    ("dense_backward_weights", (X, np.ones((3, 4))), {}, ValueError, "dy of shape"),
    ("conv_forward", (X, KERNEL), {}, ValueError, "spatial axes"),
    ("conv_forward", (SIGNAL, W), {}, ValueError, "weight"),
    ("conv_forward", (SIGNAL, np.ones((4, 2, 2))), {}, ValueError, "weight of shape"),
    ("conv_forward", (SIGNAL, KERNEL), {"groups": 2}, ValueError, "groups to divide"),
    ("conv_forward", (SIGNAL, KERNEL), {"groups": 0}, ValueError, "groups of at least 1"),
    ("conv_forward", (SIGNAL, KERNEL), {"stride": 0}, ValueError, "stride of at least 1"),
    ("conv_forward", (SIGNAL, KERNEL), {"stride": 1.5}, TypeError, "integer stride"),
    ("conv_forward", (SIGNAL, KERNEL), {"stride": (1, 1)}, ValueError, "stride to be"),
    ("conv_forward", (SIGNAL, KERNEL), {"padding": -1}, ValueError, "padding of at least 0"),
    ("conv_forward", (SIGNAL, KERNEL), {"padding": "full"}, ValueError, '"same" or "valid"'),
    ("conv_forward", (SIGNAL, KERNEL), {"padding": (1, 2)}, ValueError, "padding to be"),
    ("conv_forward", (SIGNAL, KERNEL), {"dilation": 5}, ValueError, "does not fit"),
    ("conv_backward_input", (SIGNAL, KERNEL, (2, 5, 3)), {}, ValueError, "dy of shape"),
    ("conv_backward_input", (np.ones((2, 4, 4)), KERNEL, (2, 5)), {}, ValueError, "input_shape"),
    ("conv_backward_weights", (SIGNAL, np.ones((2, 3, 4)), 2), {}, ValueError, "dy of shape"),
    ("conv_backward_weights", (SIGNAL, np.ones((2, 3, 3, 4)), 2), {}, ValueError, "differ"),
    ("max_pool_forward", (SIGNAL, 6), {}, ValueError, "does not fit"),
    ("max_pool_forward", (SIGNAL, 2), {"padding": 2}, ValueError, "padding smaller"),
    ("max_pool_forward", (SIGNAL[:, :1], 2), {"padding": 1, "dilation": 2}, ValueError, "no elem"),
    ("max_pool_backward", (SIGNAL, ARGMAX, (2, 5, 3)), {}, ValueError, "argmax of shape"),
    ("max_pool_backward", (SIGNAL, SIGNAL, (2, 5, 3)), {}, TypeError, "integers in argmax"),
    ("max_pool_backward", (ARGMAX, ARGMAX + 5, (2, 5, 3)), {}, IndexError, "argmax in 0"),
    ("max_pool_backward", (ARGMAX, ARGMAX - 1, (2, 5, 3)), {}, IndexError, "argmax in 0"),
    ("max_pool_backward", (ARGMAX, ARGMAX, (3, 5, 3)), {}, ValueError, "dy of shape"),
    ("average_pool_forward", (SIGNAL, (2, 2)), {}, ValueError, "size to be"),
    ("average_pool_backward", (SIGNAL, (2, 5, 3), 2), {}, ValueError, "dy of shape"),
    ("softmax_forward", (np.ones((2, 0)),), {}, ValueError, "at least one"),
    ("softmax_backward", (X, W), {}, ValueError, "dy of shape"),
    ("relu_backward", (X, W), {}, ValueError, "dy of shape"),
    ("cross_entropy", (VECTOR, VECTOR), {}, ValueError, "logits"),
    ("cross_entropy", (X, [0, 3]), {}, ValueError, "labels 0 ... 2"),
    ("cross_entropy", (X, [0, -1]), {}, ValueError, "labels 0 ... 2"),
    ("cross_entropy", (X, [0.0, 1.0]), {}, TypeError, "integer labels"),
    ("cross_entropy", (X, [0, 1, 1]), {}, ValueError, "labels of shape"),
    ("cross_entropy", (X, -X), {}, ValueError, "at least 0"),
    ("cross_entropy", (X, [0, 1]), {"sample_weight": VECTOR}, ValueError, "sample_weight of"),
    ("cross_entropy", (X, [0, 1]), {"sample_weight": [1, -1]}, ValueError, "at least 0"),
    ("binary_cross_entropy", (X, X + 1), {}, ValueError, "between 0 and 1"),
    ("half_squared_error", (np.ones((3, 1)), np.ones((1, 3))), {}, ValueError, "target of shape"),
    ("squared_error", (np.ones((3, 2)), VECTOR), {}, ValueError, "target of shape"),
    ("mean_squared_error", (1.0, 1.0), {}, ValueError, "single number"),
    ("sgd_update", (VECTOR, VECTOR, None), {"learning_rate": 1, "momentum": 0.5}, ValueError, "ve"),
    ("sgd_update", (VECTOR, B, None), {"learning_rate": 1}, ValueError, "one length"),
    ("sgd_update", ([1.0], VECTOR, None), {"learning_rate": 1}, TypeError, "array of floats"),
    ("sgd_update", (READ_ONLY, VECTOR, None), {"learning_rate": 1}, ValueError, "writeable"),
    ("sgd_update", (VECTOR, VECTOR, None), {"learning_rate": -1}, ValueError, "learning_rate of"),
    ("adam_update", (VECTOR,) * 4, {"learning_rate": 1, "step": 0}, ValueError, "step of at"),
    ("adam_update", (VECTOR,) * 4, {"learning_rate": 1, "step": 1, "beta1": 1}, ValueError, "bet"),
    ("adam_update", (VECTOR,) * 4, {"learning_rate": 1, "step": 1, "epsilon": 0}, ValueError, "ep"),
    (
        "sgd_update",
        (VECTOR, VECTOR, None),
        {"learning_rate": 1, "dampening": 2},
        ValueError,
        "damp",
    ),
    ("rmsprop_update", (VECTOR,) * 3, {"learning_rate": 1, "momentum": 1}, ValueError, "velocity"),
    (
        "rmsprop_update",
        (VECTOR,) * 3,
        {"learning_rate": 1, "alpha": 1},
        ValueError,
        "alpha below 1",
    ),
    ("adagrad_update", (VECTOR,) * 3, {"learning_rate": 1, "step": 0}, ValueError, "step of at"),
    ("adadelta_update", (VECTOR,) * 4, {"epsilon": 0}, ValueError, "positive epsilon"),
    ("adamw_update", (VECTOR,) * 4, {"learning_rate": -1, "step": 1}, ValueError, "rate of at"),
    ("lion_update", (VECTOR,) * 3, {"learning_rate": 1, "beta1": 1}, ValueError, "beta1, beta2"),
    ("random_uint32", (-1,), {"seed": 0}, ValueError, "n of at least 0"),
    ("random_uint32", (1,), {"seed": 2**64}, ValueError, "seed below"),
    ("random_normal", (1,), {"seed": 0, "dtype": "int32"}, ValueError, "float32 or float64"),
]


@pytest.mark.parametrize(("name", "arguments", "settings", "exception", "message"), ERRORS)
def test_wrong_arguments_raise_and_name_the_operation(
    name, arguments, settings, exception, message
):
    with pytest.raises(exception, match=message) as caught:
        getattr(reference, name)(*arguments, **settings)
    assert str(caught.value).startswith(f"{name}: ")
