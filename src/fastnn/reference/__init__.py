"""Every operation of :mod:`fastnn.functional` in plain Python loops, to check results against.

The names and parameters are those of `fastnn.functional` (without `n_threads`). The loops read like
the equations they implement, compute in float64, and use NumPy arrays as containers only. They
share nothing with the compiled code. They are slow: use them on small arrays.

Arrays are channels last, `(N, *spatial, C)`; weights are output first, `(out, in)` and
`(out, *kernel, in / groups)`. A result is float64 if any operand is float64, else float32.
"""

from .adam import adam_update, adamw_update
from .adaptive_pool import (
    adaptive_average_pool_backward,
    adaptive_average_pool_forward,
)
from .adaptive_update import adadelta_update, adagrad_update, rmsprop_update
from .augment import augment_images, mix_samples
from .batch_norm import batch_norm_backward, batch_norm_forward, batch_norm_inference
from .concatenate import concatenate_backward, concatenate_forward
from .constraint import (
    constrain_max_abs,
    constrain_max_norm,
    constrain_non_negative,
    constrain_unit_norm,
)
from .conv import conv_backward_input, conv_backward_weights, conv_forward
from .conv_transpose import (
    conv_transpose_backward_input,
    conv_transpose_backward_weights,
    conv_transpose_forward,
)
from .dense import dense_backward_input, dense_backward_weights, dense_forward
from .entropies import binary_cross_entropy, binary_focal, cross_entropy, focal, kl_divergence
from .exponential import (
    elu_backward,
    elu_forward,
    selu_backward,
    selu_forward,
    softplus_backward,
    softplus_forward,
    softsign_backward,
    softsign_forward,
)
from .extrema import maximum_backward, maximum_forward, minimum_backward, minimum_forward
from .gates import (
    gelu_backward,
    gelu_forward,
    mish_backward,
    mish_forward,
    silu_backward,
    silu_forward,
)
from .global_pool import (
    global_average_pool_backward,
    global_average_pool_forward,
    global_max_pool_backward,
    global_max_pool_forward,
)
from .gradients import clip_by_norm, clip_by_value, gradient_noise
from .group_norm import (
    group_norm_backward,
    group_norm_forward,
    instance_norm_backward,
    instance_norm_forward,
    layer_norm_backward,
    layer_norm_forward,
)
from .local_conv import (
    local_conv_backward_input,
    local_conv_backward_weights,
    local_conv_forward,
)
from .losses import (
    half_squared_error,
    huber,
    mean_absolute_error,
    mean_squared_error,
    poisson,
    squared_error,
)
from .lp_pool import (
    lp_pool_backward,
    lp_pool_forward,
)
from .margins import hinge, multiclass_hinge, perceptron
from .merge import (
    add_backward,
    add_forward,
    average_backward,
    average_forward,
    multiply_backward,
    multiply_forward,
    subtract_backward,
    subtract_forward,
)
from .noise import (
    dropout_backward,
    dropout_forward,
    gaussian_dropout_backward,
    gaussian_dropout_forward,
    gaussian_noise_backward,
    gaussian_noise_forward,
    spatial_dropout_backward,
    spatial_dropout_forward,
)
from .pad import crop_backward, crop_forward, pad_backward, pad_forward
from .penalty import l1_l2_penalty
from .permute import permute_backward, permute_forward
from .piecewise import (
    hard_sigmoid_backward,
    hard_sigmoid_forward,
    hard_swish_backward,
    hard_swish_forward,
    leaky_relu_backward,
    leaky_relu_forward,
    relu6_backward,
    relu6_forward,
)
from .pointwise import (
    relu_backward,
    relu_forward,
    sigmoid_backward,
    sigmoid_forward,
    sign_backward,
    sign_forward,
    tanh_backward,
    tanh_forward,
)
from .pool import (
    average_pool_backward,
    average_pool_forward,
    max_pool_backward,
    max_pool_forward,
)
from .prelu import prelu_backward_input, prelu_backward_weights, prelu_forward
from .random import random_normal, random_uint32, random_uniform
from .softmax import log_softmax_backward, log_softmax_forward, softmax_backward, softmax_forward
from .up_sample import up_sample_backward, up_sample_forward
from .update import lion_update, sgd_update

__all__ = [
    "adadelta_update",
    "adagrad_update",
    "adam_update",
    "adamw_update",
    "adaptive_average_pool_backward",
    "adaptive_average_pool_forward",
    "add_backward",
    "add_forward",
    "augment_images",
    "average_backward",
    "average_forward",
    "average_pool_backward",
    "average_pool_forward",
    "batch_norm_backward",
    "batch_norm_forward",
    "batch_norm_inference",
    "binary_cross_entropy",
    "binary_focal",
    "clip_by_norm",
    "clip_by_value",
    "concatenate_backward",
    "concatenate_forward",
    "constrain_max_abs",
    "constrain_max_norm",
    "constrain_non_negative",
    "constrain_unit_norm",
    "conv_backward_input",
    "conv_backward_weights",
    "conv_forward",
    "conv_transpose_backward_input",
    "conv_transpose_backward_weights",
    "conv_transpose_forward",
    "crop_backward",
    "crop_forward",
    "cross_entropy",
    "dense_backward_input",
    "dense_backward_weights",
    "dense_forward",
    "dropout_backward",
    "dropout_forward",
    "elu_backward",
    "elu_forward",
    "focal",
    "gaussian_dropout_backward",
    "gaussian_dropout_forward",
    "gaussian_noise_backward",
    "gaussian_noise_forward",
    "gelu_backward",
    "gelu_forward",
    "global_average_pool_backward",
    "global_average_pool_forward",
    "global_max_pool_backward",
    "global_max_pool_forward",
    "gradient_noise",
    "group_norm_backward",
    "group_norm_forward",
    "half_squared_error",
    "hard_sigmoid_backward",
    "hard_sigmoid_forward",
    "hard_swish_backward",
    "hard_swish_forward",
    "hinge",
    "huber",
    "instance_norm_backward",
    "instance_norm_forward",
    "kl_divergence",
    "l1_l2_penalty",
    "layer_norm_backward",
    "layer_norm_forward",
    "leaky_relu_backward",
    "leaky_relu_forward",
    "lion_update",
    "local_conv_backward_input",
    "local_conv_backward_weights",
    "local_conv_forward",
    "log_softmax_backward",
    "log_softmax_forward",
    "lp_pool_backward",
    "lp_pool_forward",
    "max_pool_backward",
    "max_pool_forward",
    "maximum_backward",
    "maximum_forward",
    "mean_absolute_error",
    "mean_squared_error",
    "minimum_backward",
    "minimum_forward",
    "mish_backward",
    "mish_forward",
    "mix_samples",
    "multiclass_hinge",
    "multiply_backward",
    "multiply_forward",
    "pad_backward",
    "pad_forward",
    "perceptron",
    "permute_backward",
    "permute_forward",
    "poisson",
    "prelu_backward_input",
    "prelu_backward_weights",
    "prelu_forward",
    "random_normal",
    "random_uint32",
    "random_uniform",
    "relu6_backward",
    "relu6_forward",
    "relu_backward",
    "relu_forward",
    "rmsprop_update",
    "selu_backward",
    "selu_forward",
    "sgd_update",
    "sigmoid_backward",
    "sigmoid_forward",
    "sign_backward",
    "sign_forward",
    "silu_backward",
    "silu_forward",
    "softmax_backward",
    "softmax_forward",
    "softplus_backward",
    "softplus_forward",
    "softsign_backward",
    "softsign_forward",
    "spatial_dropout_backward",
    "spatial_dropout_forward",
    "squared_error",
    "subtract_backward",
    "subtract_forward",
    "tanh_backward",
    "tanh_forward",
    "up_sample_backward",
    "up_sample_forward",
]
