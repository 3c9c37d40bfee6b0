"""Stateless operations on arrays, compiled: the fast twin of :mod:`fastnn.reference`.

Every operation takes its activations (``x``, ``dy``, ``y``, ``logits``, ``argmax``) as anything
NumPy can view, shape ``(N, *features)`` with channels last, or as :class:`~fastnn.packs.Packs`, and
answers in kind. Arguments are checked here, before any memory is touched, and never modified (the
optimizer updates say what they change). Results are float64 if any operand is float64, else
float32; statistics of batch normalisation are float64 and do not count. ``n_threads`` is the number
of threads of one call (None: :func:`fastnn.get_num_threads`); the result's bits do not depend on
it. A batch of 0 samples is legal: empty results, zero weight gradients.

Merges (``add_…``, ``maximum_…``, ``concatenate_…`` and so on) take a list of activations instead,
answer in the kind of the first, and give a list of gradients.

Subnormal numbers count as zero. NaN and infinities propagate as in NumPy; max pooling picks the
first NaN of a window, a maximum or minimum of several arrays the first NaN of these. A way back
starts from the output y where that tells the slope, else from x. Activations of NaN, infinities and
−0, and their slopes there (as in PyTorch, but for ReLU's and ReLU6's zero of −0 and slope at NaN,
softsign's slope at infinities, and GELU of ∞, which are −0, 1, NaN and NaN there):

============  ====  ====  =====  ====  =========  =====  =====  =====  ======
activation    NaN   ∞     −∞     −0    slope at:  NaN    ∞      −∞     −0
============  ====  ====  =====  ====  =========  =====  =====  =====  ======
relu          NaN   ∞     0      0                0      1      0      0
leaky_relu    NaN   ∞     −∞     −0               slope  1      slope  slope
prelu         NaN   ∞     −∞     −0               slope  1      slope  slope
relu6         NaN   6     0      0                0      0      0      0
hard_sigmoid  NaN   1     0      1/2              0      0      0      1/6
hard_swish    NaN   ∞     NaN    −0               NaN    1      0      1/2
elu           NaN   ∞     −α     −0               NaN    1      0      α
selu          NaN   ∞     −λα    −0               NaN    λ      0      λα
softplus      NaN   ∞     0      log 2            NaN    1      0      1/2
softsign      NaN   NaN   NaN    −0               NaN    0      0      1
gelu          NaN   ∞     NaN    −0               NaN    NaN    NaN    1/2
silu          NaN   ∞     NaN    −0               NaN    NaN    NaN    1/2
mish          NaN   ∞     NaN    −0               NaN    NaN    NaN    3/5
sigmoid       NaN   1     0      1/2              NaN    0      0      1/4
tanh          NaN   1     −1     −0               NaN    0      0      1
============  ====  ====  =====  ====  =========  =====  =====  =====  ======

What the other operations make of NaN and infinities:

===============================  ===================================================================
operation                        rule
===============================  ===================================================================
dense, conv, conv_transpose,     sums of products: 0 · ∞ and ∞ − ∞ are NaN; padding is no term, and
local_conv                       a masked weight is 0
max_pool, global_max_pool        the first NaN of a window, else the first of the largest
average pools                    sums, then a product
lp_pool                          NaN where a window holds one, else ∞ where it holds an infinity
softmax, log_softmax             NaN in every class of a row with NaN or ∞; −∞ is a class of
                                 probability 0, unless all are −∞
batch, layer, group and          NaN for all that share a mean with a NaN or an infinity, and for no
instance norm                    others; running statistics are not moved by one
dropout, spatial_dropout         0 where dropped, whatever was there
gaussian noise and dropout       sums and products
pad, crop, permute, up_sample    moved as they are; a linear factor of 0 is no term
add, subtract, multiply, average sums and products; concatenate moves
maximum, minimum                 the first NaN, else the first of the largest or smallest
augment_images                   sums of products; whole pixels are moved as they are
losses                           as their formulas; log 0 is −∞, and a target of 0 makes it no term
clip_by_value, constraints       NaN stays; clip_by_norm makes all NaN if one is
===============================  ===================================================================
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
