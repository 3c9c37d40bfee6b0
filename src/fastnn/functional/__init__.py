"""Stateless operations on arrays, compiled: the fast twin of :mod:`fastnn.reference`.

Every operation takes its activations (``x``, ``dy``, ``y``, ``logits``, ``argmax``) as anything
NumPy can view, shape ``(N, *features)`` with channels last, or as :class:`~fastnn.packs.Packs`, and
answers in kind. Arguments are checked here, before any memory is touched, and never modified (the
optimizer updates say what they change). Results are float64 if any operand is float64, else
float32. ``n_threads`` is the number of threads of one call (None: :func:`fastnn.get_num_threads`);
the result's bits do not depend on it. A batch of 0 samples is legal: empty results, zero weight
gradients.

Subnormal numbers count as zero. NaN and infinities propagate as in NumPy; max pooling picks the
first NaN of a window.
"""

from .conv import conv_backward_input, conv_backward_weights, conv_forward
from .dense import dense_backward_input, dense_backward_weights, dense_forward
from .entropies import binary_cross_entropy, binary_focal, cross_entropy, focal, kl_divergence
from .losses import (
    half_squared_error,
    huber,
    mean_absolute_error,
    mean_squared_error,
    poisson,
    squared_error,
)
from .margins import hinge, multiclass_hinge, perceptron
from .pointwise import (
    relu_backward,
    relu_forward,
    sigmoid_backward,
    sigmoid_forward,
    sign_backward,
    sign_forward,
    softmax_backward,
    softmax_forward,
    tanh_backward,
    tanh_forward,
)
from .pool import (
    average_pool_backward,
    average_pool_forward,
    max_pool_backward,
    max_pool_forward,
)
from .random import random_normal, random_uint32, random_uniform
from .update import adam_update, sgd_update

__all__ = [
    "adam_update",
    "average_pool_backward",
    "average_pool_forward",
    "binary_cross_entropy",
    "binary_focal",
    "conv_backward_input",
    "conv_backward_weights",
    "conv_forward",
    "cross_entropy",
    "dense_backward_input",
    "dense_backward_weights",
    "dense_forward",
    "focal",
    "half_squared_error",
    "hinge",
    "huber",
    "kl_divergence",
    "max_pool_backward",
    "max_pool_forward",
    "mean_absolute_error",
    "mean_squared_error",
    "multiclass_hinge",
    "perceptron",
    "poisson",
    "random_normal",
    "random_uint32",
    "random_uniform",
    "relu_backward",
    "relu_forward",
    "sgd_update",
    "sigmoid_backward",
    "sigmoid_forward",
    "sign_backward",
    "sign_forward",
    "softmax_backward",
    "softmax_forward",
    "squared_error",
    "tanh_backward",
    "tanh_forward",
]
