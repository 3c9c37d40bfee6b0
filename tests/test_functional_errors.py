"""Bad calls: the exception, and the numbers and the mend in its message; nothing is computed.

Each row: operation, arguments, keyword arguments, exception, pattern. Where both implementations
refuse a call, the reference raises the same type.
"""

import tracemalloc

import numpy as np
import pytest

from fastnn import functional, packs, reference
from operations_merge import MERGE_ERRORS

HUGE, LEAST = 2**63 - 1, -(2**63)
X, W = np.ones((2, 6, 6, 4)), np.ones((3, 3, 3, 4))  # images and filters
Y = np.ones((2, 4, 4, 3))
A, V, D = np.ones((5, 4)), np.ones((3, 4)), np.ones((5, 3))  # dense: x, weight, dy
P, Q = np.ones((2, 3, 3, 4)), np.zeros((2, 3, 3, 4), int)  # pooled, argmax
RAGGED = [[1.0, 2.0], [3.0]]


class Sparse:
    """What a sparse matrix looks like."""

    shape, dtype = (5, 4), np.dtype("float64")

    def toarray(self):
        raise AssertionError("a sparse matrix was made dense without asking")


def index(*labels):
    return np.array(labels, np.int64)


def with_one(array, value):
    array = array.copy()
    array.reshape(-1)[7] = value
    return array


# fmt: off
DENSE = [
    ("dense_forward", (np.ones((5, 3)), V), {}, ValueError, r"\(N, 4\).*\(5, 3\)"),
    ("dense_forward", (np.ones(4), V), {}, ValueError, r"\(4,\).*x\[None\]"),
    ("dense_forward", (np.ones((5, 2, 2)), V), {}, ValueError,
     r"\(5, 2, 2\).*reshape\(len\(x\), -1"),
    ("dense_forward", (A, np.ones(4)), {}, ValueError, r"weight of shape \(out, in\).*\(4,\)"),
    ("dense_forward", (A, V, np.ones(4)), {}, ValueError, r"bias of shape \(3\).*\(4,\)"),
    ("dense_forward", (A, V, np.ones((3, 1))), {}, ValueError, r"bias.*\(3, 1\)"),
    ("dense_forward", (A + 1j, V), {}, TypeError, r"x of real numbers.*complex128.*real part"),
    ("dense_forward", (A.astype(object), V), {}, TypeError, r"object.*astype\(float\)"),
    ("dense_forward", (A.astype(str), V), {}, TypeError, r"<U.*text into numbers"),
    ("dense_forward", (A.astype("M8[s]"), V), {}, TypeError, r"datetime64.*dates into numbers"),
    ("dense_forward", (A, V * 1j), {}, TypeError, r"weight of real numbers.*complex128"),
    ("dense_forward", (A, V, np.ones(3, complex)), {}, TypeError, r"bias of real numbers"),
    ("dense_forward", (None, V), {}, TypeError, r"x of real numbers, got dtype object"),
    ("dense_forward", (Sparse(), V), {}, TypeError, r"dense array, got a sparse.*x\.toarray\(\)"),
    ("dense_forward", (RAGGED, V), {}, ValueError, r"rows of equal shape"),
    ("dense_backward_input", (np.ones((5, 4)), V), {}, ValueError, r"\(N, 3\).*\(5, 4\)"),
    ("dense_backward_input", (np.ones(3), V), {}, ValueError, r"\(3,\).*dy\[None\]"),
    ("dense_backward_weights", (A, np.ones((4, 3))), {}, ValueError,
     r"dy of shape \(5, any\).*\(4, 3"),
    ("dense_backward_weights", (np.ones(5), D), {}, ValueError, r"x of shape \(any, any\).*\(5,\)"),
    ("dense_backward_weights", (A, np.ones(5)), {}, (ValueError, IndexError),
     r"dy of shape.*\(5,\)"),
]

SPREAD = "conv_transpose_forward"
CONV = [
    ("conv_forward", (X[0], W), {}, ValueError, r"4 axes.*a single sample is x\[None\]"),
    ("conv_forward", (X, W), {"activation": "tanh"}, ValueError, r"None or \"relu\", got 'tanh'"),
    ("conv_backward_input", (np.ones((2, 4, 4, 3)), W, X.shape), {"relu_output": X[1:]},
     ValueError, r"relu_output of shape"),
    ("conv_forward", (np.ones((2, 6)), W), {}, ValueError,
     r"\(2, 6\).*channel axis: x\[\.\.\., None\]"),
    ("conv_forward", (np.ones((2,) * 6), W), {}, ValueError, r"one to three spatial axes"),
    ("conv_forward", (np.ones((2, 4, 6, 6)), W), {}, ValueError,
     r"\(3, 3, 3, 4\).*6 channels.*moveaxis"),
    ("conv_forward", (X, np.ones((3, 3, 4))), {}, ValueError, r"size must be.*2 axes.*\(3,\)"),
    ("conv_forward", (X, np.ones((3, 4))), {}, ValueError, r"weight of shape.*\(3, 4\)"),
    ("conv_forward", (X, np.ones((3, 3, 3, 5))), {}, ValueError,
     r"4 channels a group.*\(3, 3, 3, 5\)"),
    ("conv_forward", (X, W, np.ones(4)), {}, ValueError, r"bias of shape \(3\).*\(4,\)"),
    ("conv_forward", (X, W), {"stride": 0}, ValueError, r"stride must be from 1.*got 0"),
    ("conv_forward", (X, W), {"stride": (1, -2)}, ValueError, r"stride.*got -2"),
    ("conv_forward", (X, W), {"stride": (1, 1, 1)}, ValueError, r"stride.*2 axes, got \(1, 1, 1\)"),
    ("conv_forward", (X, W), {"stride": 1.5}, TypeError, r"stride must be an integer, got 1\.5"),
    ("conv_forward", (X, W), {"stride": "2"}, TypeError, r"stride must be an integer, got '2'"),
    ("conv_forward", (X, W), {"stride": None}, TypeError, r"stride must be an integer, got None"),
    ("conv_forward", (X, W), {"dilation": 0}, ValueError, r"dilation must be from 1.*got 0"),
    ("conv_forward", (X, W), {"dilation": HUGE}, ValueError, rf"dilation.*{HUGE}"),
    ("conv_forward", (X, W), {"dilation": 4}, ValueError, r"spans 9 .*input of size 6.*axis 0"),
    ("conv_forward", (X, W), {"padding": -1}, ValueError, r"padding must be from 0.*got -1"),
    ("conv_forward", (X, W), {"padding": ((0, 0), (0, -3))}, ValueError, r"padding.*got -3"),
    ("conv_forward", (X, W), {"padding": (1, 1, 1)}, ValueError, r"padding.*2 axes.*\(1, 1, 1\)"),
    ("conv_forward", (X, W), {"padding": "full"}, ValueError, r'"same", "valid" or numbers.*full'),
    ("conv_forward", (X, W), {"padding": 0.5}, TypeError, r"padding must be an integer, got 0\.5"),
    ("conv_forward", (X, W), {"groups": 0}, ValueError, r"groups must be from 1.*got 0"),
    ("conv_forward", (X, W), {"groups": 2}, ValueError, r"4 channels and 3 filters, got 2"),
    ("conv_forward", (X, W), {"groups": HUGE}, ValueError, rf"groups.*{HUGE}"),
    ("conv_forward", (X, W), {"algorithm": "fft"}, ValueError, r'"direct" or "winograd", got .fft'),
    ("conv_forward", (X, W), {"algorithm": "winograd"}, ValueError, r"least 32 .*4 channels.*3 f"),
    ("conv_backward_input", (Y, W, X.shape), {"algorithm": "winograd"}, ValueError,
     r"least 32 .*4 channels.*3 filters"),
    ("conv_forward", (np.ones((1, 6, 6, 32)), np.ones((32, 3, 3, 32))),
     {"algorithm": "winograd", "stride": (1, 2)}, ValueError, r"stride \(1, 2\)"),
    ("conv_forward", (X[:, :2], W), {}, ValueError, r"spans 3 does not fit an input of size 2"),
    ("conv_forward", (X[:, :0], W), {}, ValueError, r"does not fit an input of size 0"),
    ("conv_forward", (X + 1j, W), {}, TypeError, r"complex128"),
    ("conv_backward_input", (P, W, X.shape), {}, ValueError,
     r"dy of shape \(2, 4, 4, 3\).*\(2, 3, 3, 4"),
    ("conv_backward_input", (Y, W, (3, 6, 6, 4)), {}, ValueError, r"dy of shape \(3, 4, 4, 3\)"),
    ("conv_backward_input", (Y, W, (2, 7, 6, 4)), {}, ValueError, r"dy of shape \(2, 5, 4, 3\)"),
    ("conv_backward_input", (Y, W, (2, 6, 6, 5)), {}, ValueError, r"weight for 5 channels"),
    ("conv_backward_input", (Y, W, (6, 6)), {}, ValueError, r"input_shape.*\(6, 6\)"),
    ("conv_backward_input", (Y, W, (2, 6, -6, 4)), {}, ValueError, r"input_shape.*got -6"),
    ("conv_backward_input", (Y, W, (2, 6, 6.5, 4)), {}, TypeError, r"input_shape.*got 6\.5"),
    ("conv_backward_weights", (X, Y, 0), {}, ValueError, r"size must be from 1.*got 0"),
    ("conv_backward_weights", (X, Y, -3), {}, ValueError, r"size must be from 1.*got -3"),
    ("conv_backward_weights", (X, Y, HUGE), {}, ValueError, rf"size.*got {HUGE}"),
    ("conv_backward_weights", (X, Y, 2**31 - 1), {}, ValueError, r"spans 2147483647 does not fit"),
    ("conv_backward_weights", (X, Y, (3, 3, 3)), {}, ValueError, r"size.*2 axes, got \(3, 3, 3\)"),
    ("conv_backward_weights", (X, Y, 2), {}, ValueError,
     r"dy of shape \(2, 5, 5, any\).*\(2, 4, 4, 3\)"),
    ("conv_backward_weights", (X, Y[:1], 3), {}, ValueError,
     r"dy of shape \(2, 4, 4, any\).*\(1, 4"),
    (SPREAD, (X[0], W), {}, ValueError, r"4 axes.*a single sample is x\[None\]"),
    (SPREAD, (X, W), {"activation": "tanh"}, ValueError, r"None or \"relu\""),
    (SPREAD, (np.ones((2, 6)), W), {}, ValueError, r"\(2, 6\).*x\[\.\.\., None\]"),
    (SPREAD, (X, W, np.ones(4)), {}, ValueError, r"bias of shape \(3\).*\(4,\)"),
    (SPREAD, (X, W), {"stride": 0}, ValueError, r"stride must be from 1.*got 0"),
    (SPREAD, (X, W), {"dilation": 1.5}, TypeError, r"dilation.*integer, got 1\.5"),
    (SPREAD, (X, W), {"padding": 4}, ValueError,
     r"input of size 6 with stride 1.*spans 3.*padding \(4, 4\).*output of size 0.*axis 0"),
    (SPREAD, (X[:, :0], W), {}, ValueError, r"input of size 0"),
    (SPREAD, (X, W), {"padding": "full"}, ValueError, r'"same", "valid".*full'),
    (SPREAD, (X, W), {"output_padding": 1}, ValueError,
     r"output_padding must be smaller than the stride.*got 1 for stride 1 and dilation 1.*axis 0"),
    (SPREAD, (X, W), {"output_padding": -1}, ValueError, r"output_padding.*got -1"),
    (SPREAD, (X, W), {"padding": "same", "stride": 2, "output_padding": (0, 1)},
     ValueError, r'"same" says how large.*\(0, 1\)'),
    (SPREAD, (X, W), {"groups": 2}, ValueError, r"4 channels and 3 filters, got 2"),
    (SPREAD, (X, W[..., :3]), {}, ValueError, r"4 channels a group.*\(3, 3, 3, 3\)"),
    ("conv_transpose_backward_input", (Y, W, (2, 2, 3, 4)), {}, ValueError,
     r"dy of shape \(2, 4, 5"),
    ("conv_transpose_backward_input", (Y, W, (6, 6)), {}, ValueError, r"input_shape.*\(6, 6\)"),
    ("conv_transpose_backward_weights", (X, Y, 0), {}, ValueError, r"size must be from 1.*got 0"),
    ("conv_transpose_backward_weights", (X, Y, 2), {}, ValueError,
     r"dy of shape \(2, 7, 7, any\), got shape \(2, 4, 4, 3\)"),
    ("conv_transpose_backward_weights", (Y, np.ones((2, 6, 6, 4)), 3), {"groups": 3}, ValueError,
     r"3 channels and 4 filters, got 3"),
    ("conv_backward_weights", (X, Y, 3), {"groups": 3}, ValueError,
     r"4 channels and 3 filters, got 3"),
]

S = np.ones((2, 6, 4))  # series
RESAMPLING = [
    ("conv_forward", (X, W), {"padding_mode": "mirror"}, ValueError, r"padding_mode.*got 'mirror'"),
    ("conv_forward", (X, W), {"padding_mode": None}, ValueError, r"padding_mode.*got None"),
    ("conv_forward", (X, W), {"padding_mode": "reflect", "padding": (2, 6)}, ValueError,
     r"reflect padding must be less than.*\(6, 6\) for an input of size 6 \(axis 1"),
    ("conv_forward", (X, W), {"padding_mode": "circular", "padding": 7}, ValueError,
     r"circular padding must be at most.*\(7, 7\) for an input of size 6"),
    ("conv_backward_input", (Y, W, X.shape), {"padding_mode": "edge", "padding": 1}, ValueError,
     r"dy of shape \(2, 6, 6, 3\)"),
    ("conv_backward_weights", (X, Y, 3), {"padding_mode": "reflect", "padding": 6}, ValueError,
     r"reflect padding.*\(6, 6\)"),
    ("pad_forward", (A, 1), {}, ValueError, r"\(5, 4\).*channel axis: x\[\.\.\., None\]"),
    ("pad_forward", (S, -1), {}, ValueError, r"padding must be from 0.*got -1"),
    ("pad_forward", (S, 1.5), {}, TypeError, r"padding must be an integer, got 1\.5"),
    ("pad_forward", (S, "same"), {}, TypeError, r"padding must be numbers, got 'same'"),
    ("pad_forward", (S, (1, 2)), {}, ValueError, r"padding.*1 axes.*\(1, 2\)"),
    ("pad_forward", (S, 1), {"mode": "wrap"}, ValueError, r"mode must be one of.*got 'wrap'"),
    ("pad_forward", (S, 6), {"mode": "reflect"}, ValueError, r"less than.*\(6, 6\).*size 6"),
    ("pad_forward", (S, ((0, 7),)), {"mode": "circular"}, ValueError, r"at most.*\(0, 7\).*size 6"),
    ("pad_forward", (S, 1), {"value": 1, "mode": "zeros"}, ValueError, r"value=1.*mode 'zeros'"),
    ("pad_forward", (S, 1), {"value": "1"}, TypeError, r"number for value, got '1'"),
    ("pad_forward", (S[:, :0], 1), {}, ValueError, r"size 0 \(axis 0"),
    ("pad_backward", (S, (2, 5, 4), 1), {}, ValueError, r"dy of shape \(2, 7, 4\).*\(2, 6, 4\)"),
    ("pad_backward", (S, (2, 4), 1), {}, ValueError, r"input_shape.*\(2, 4\)"),
    ("crop_forward", (S, 3), {}, ValueError, r"at least one.*\(3, 3\).*size 6 \(axis 0"),
    ("crop_forward", (S, "valid"), {}, TypeError, r"cropping must be numbers"),
    ("crop_forward", (X, ((0, 1), (-1, 0))), {}, ValueError, r"cropping.*got -1"),
    ("crop_backward", (S, (2, 6, 4), 1), {}, ValueError, r"dy of shape \(2, 4, 4\)"),
    ("up_sample_forward", (S, 0), {}, ValueError, r"scale must be from 1.*got 0"),
    ("up_sample_forward", (S, 2.0), {}, TypeError, r"scale must be an integer, got 2\.0"),
    ("up_sample_forward", (X, (2, 2, 2)), {}, ValueError, r"scale.*2 axes, got \(2, 2, 2\)"),
    ("up_sample_forward", (X, 2), {"mode": "cubic"}, ValueError, r'"nearest" or "linear", got'),
    ("up_sample_forward", (S[:, :0], 2), {}, ValueError, r"size 0 and scale 2 \(axis 0"),
    ("up_sample_backward", (S, (2, 6, 4), 2), {}, ValueError, r"dy of shape \(2, 12, 4\)"),
    ("permute_forward", (X, (0, 1)), {}, ValueError, r"once, 0 … 2, got \(0, 1\)"),
    ("permute_forward", (X, (0, 1, 1)), {}, ValueError, r"once, 0 … 2, got \(0, 1, 1\)"),
    ("permute_forward", (X, (0, 1, 3)), {}, ValueError, r"from -3 to 2, got 3"),
    ("permute_forward", (X, 1), {}, TypeError, r"axes as a sequence of integers, got 1"),
    ("permute_forward", (np.ones((1,) * 10), range(9)), {}, ValueError, r"at most 8 axes, got 9"),
    ("permute_backward", (X, (0, 1.0, 2)), {}, TypeError, r"every axis.*got 1\.0"),
    ("permute_backward", (np.float64(1), ()), {}, ValueError, r"\(N, \.\.\.\).* single number"),
]

POOL = [
    ("max_pool_forward", (np.ones((2, 6)), 2), {}, ValueError, r"\(2, 6\).*x\[\.\.\., None\]"),
    ("max_pool_forward", (X, 0), {}, ValueError, r"size must be from 1.*got 0"),
    ("max_pool_forward", (X, HUGE), {}, ValueError, rf"size.*{HUGE}"),
    ("max_pool_forward", (X, 7), {}, ValueError, r"spans 7 does not fit an input of size 6"),
    ("max_pool_forward", (X, (2, 2, 2)), {}, ValueError, r"size.*2 axes"),
    ("max_pool_forward", (X, 2), {"stride": 0}, ValueError, r"stride.*got 0"),
    ("max_pool_forward", (X, 2), {"padding": 2}, ValueError,
     r"smaller than the window.*\(2, 2\).*spans 2"),
    ("max_pool_forward", (X, 2), {"padding": ((0, 0), (0, 2))}, ValueError, r"\(0, 2\).*axis 1"),
    ("max_pool_forward", (X, 2), {"padding": -1}, ValueError, r"padding.*got -1"),
    ("max_pool_forward", (X, 2), {"dilation": 0}, ValueError, r"dilation.*got 0"),
    ("max_pool_forward", (X[:, :2, :2], 2), {"dilation": 4, "padding": 3}, ValueError,
     r"nothing but padding"),
    ("max_pool_forward", (X.astype(complex), 2), {}, TypeError, r"complex128"),
    ("average_pool_forward", (X, 2), {"padding": 2}, ValueError, r"smaller than the window"),
    ("average_pool_forward", (X, -2), {}, ValueError, r"size.*got -2"),
    ("average_pool_forward", (X[..., :0, :], 2), {}, ValueError, r"input of size 0"),
    ("average_pool_backward", (P, X.shape, 3), {}, ValueError,
     r"dy of shape \(2, 2, 2, 4\).*\(2, 3, 3, 4"),
    ("average_pool_backward", (P, (3, 6, 6, 4), 2), {}, ValueError, r"dy of shape \(3, 3, 3, 4\)"),
    ("average_pool_backward", (P, (2, 6, 6, 5), 2), {}, ValueError, r"dy of shape \(2, 3, 3, 5\)"),
    ("average_pool_backward", (P, (2, 6, -6, 4), 2), {}, ValueError, r"input_shape.*got -6"),
    ("max_pool_backward", (P, with_one(Q, 36), X.shape), {}, IndexError, r"0 \.\.\. 35, got 36"),
    ("max_pool_backward", (P, with_one(Q, -1), X.shape), {}, IndexError, r"0 \.\.\. 35, got -1"),
    ("max_pool_backward", (P, with_one(Q, HUGE), X.shape), {}, IndexError, rf"got {HUGE}"),
    ("max_pool_backward", (P, with_one(Q, LEAST), X.shape), {}, IndexError, rf"got {LEAST}"),
    ("max_pool_backward", (P, with_one(Q, 2**32), X.shape), {}, IndexError, r"got 4294967296"),
    ("max_pool_backward", (P, Q.astype(float), X.shape), {}, TypeError,
     r"integers in argmax.*float64"),
    ("max_pool_backward", (P, Q[:1], X.shape), {}, ValueError, r"argmax of shape \(2, 3, 3, 4\)"),
    ("max_pool_backward", (P, Q, (3, 6, 6, 4)), {}, ValueError, r"dy of shape \(3, any, any, 4\)"),
    ("max_pool_backward", (P, Q, (2, 6, 6, 5)), {}, ValueError, r"dy of shape \(2, any, any, 5\)"),
    ("max_pool_backward", (P, Q, (2, 36, 4)), {}, ValueError, r"equally many axes|\(2, 36, 4\)"),
    ("max_pool_backward", (P, Q, (2, HUGE, 6, 4)), {}, ValueError, rf"{HUGE}"),
]

ACTIVATION = [
    ("leaky_relu_forward", (A, -0.1), {}, ValueError, r"slope at least 0, got -0\.1"),
    ("leaky_relu_backward", (A, A), {"slope": np.nan}, ValueError, r"slope at least 0, got nan"),
    ("leaky_relu_backward", (A, A[1:]), {}, ValueError, r"y of shape \(5, 4\).*\(4, 4\)"),
    ("elu_forward", (A, "one"), {}, TypeError, r"number for alpha, got 'one'"),
    ("elu_backward", (A, A, np.inf), {}, ValueError, r"alpha to be finite, got inf"),
    ("softplus_forward", (A, 0), {}, ValueError, r"beta more than 0, got 0"),
    ("softplus_backward", (A, A, -1.0), {}, ValueError, r"beta more than 0, got -1\.0"),
    ("gelu_forward", (A, "Tanh"), {}, ValueError, r'"none" or "tanh", got \'Tanh\''),
    ("gelu_backward", (A, A, True), {}, ValueError, r'"none" or "tanh", got True'),
    ("gelu_backward", (A, A[:, 1:]), {}, ValueError, r"x of shape \(5, 4\).*\(5, 3\)"),
    ("log_softmax_forward", (np.ones((5, 0)),), {}, ValueError, r"\(N, \.\.\., C\).*\(5, 0\)"),
    ("log_softmax_backward", (A, A[1:]), {}, ValueError, r"y of shape \(5, 4\).*\(4, 4\)"),
    ("prelu_forward", (A, np.ones(3)), {}, ValueError, r"slope of shape \(1,\), \(4,\).*\(3,\)"),
    ("prelu_forward", (A[0], [0.25]), {}, ValueError, r"\(N, \.\.\., C\), got shape \(4,\)"),
    ("prelu_forward", (X, np.ones((6, 4))), {}, ValueError, r"\(6, 6, 4\), got \(6, 4\)"),
    ("prelu_backward_input", (A, A[1:], [1]), {}, ValueError, r"dy of shape \(4, 4\).*\(5, 4\)"),
    ("prelu_backward_weights", (A, A, (5,)), {}, ValueError, r"slope of shape.*got \(5,\)"),
    ("prelu_backward_weights", (A, A, (-1,)), {}, ValueError, r"slope_shape.*got -1"),
    ("prelu_backward_weights", (A, A, (4.0,)), {}, TypeError, r"slope_shape.*got 4\.0"),
    ("relu_forward", ("text",), {}, TypeError, r"x of real numbers, got dtype <U4"),
    ("relu_backward", (D, A), {}, ValueError, r"y of shape \(5, 3\).*\(5, 4\)"),
    ("sigmoid_backward", (D, D[:1]), {}, ValueError, r"y of shape \(5, 3\).*\(1, 3\)"),
    ("tanh_backward", (D, D[:, 0]), {}, ValueError, r"y of shape \(5, 3\).*\(5,\)"),
    ("sign_backward", (D, A), {}, ValueError, r"y of shape"),
    ("softmax_forward", (np.ones((5, 0)),), {}, ValueError, r"\(N, \.\.\., C\).*\(5, 0\)"),
    ("softmax_forward", (np.float64(1),), {}, ValueError, r"\(N, \.\.\., C\)"),
    ("softmax_backward", (D, A), {}, ValueError, r"y of shape \(5, 3\).*\(5, 4\)"),
]

LABELS = index(0, 1, 2, 0, 1)
NORM = [
    ("batch_norm_forward", (A[0],), {}, ValueError, r"x of shape \(N, \.\.\., C\).*\(4,\)"),
    ("batch_norm_forward", (A, np.ones(5)), {}, ValueError, r"scale of shape \(4\).*\(5,\)"),
    ("batch_norm_forward", (A, None, np.ones((1, 4))), {}, ValueError, r"shift of shape.*\(1, 4\)"),
    ("batch_norm_forward", (A,), {"epsilon": 0}, ValueError, r"epsilon more than 0, got 0"),
    ("batch_norm_forward", (A,), {"epsilon": "1"}, TypeError, r"number for epsilon, got '1'"),
    ("batch_norm_forward", (A[:, :0],), {}, ValueError, r"got shape \(5, 0\)"),
    ("batch_norm_inference", (A, V, np.ones(4)), {}, ValueError, r"mean of shape \(4\).*\(3, 4\)"),
    ("batch_norm_inference", (A, A[0], 1.0), {}, ValueError, r"variance of shape \(4\).*\(\)"),
    ("batch_norm_inference", (A, np.ones(4), A[0] * 1j), {}, TypeError, r"variance.*complex128"),
    ("batch_norm_backward", (A[1:], A, A[0], A[0]), {}, ValueError, r"dy of shape \(5, 4\)"),
    ("batch_norm_backward", (A, A, A[0], A[0]), {"epsilon": -1}, ValueError, r"epsilon.*got -1"),
    ("layer_norm_forward", (A[0],), {}, ValueError, r"x of shape \(N, \.\.\., C\)"),
    ("layer_norm_forward", (A,), {"axes": 2}, ValueError, r"axes from 1 to 1.*got 2"),
    ("layer_norm_forward", (A,), {"axes": 0}, ValueError, r"axes.*got 0"),
    ("layer_norm_forward", (A,), {"axes": None}, TypeError, r"axes.*got None"),
    ("layer_norm_forward", (A,), {"axes": 1.5}, TypeError, r"axes.*got 1\.5"),
    ("layer_norm_forward", (X, A[0]), {"axes": 2}, ValueError, r"scale of shape \(6, 4\).*\(4,\)"),
    ("layer_norm_backward", (X[1:], X), {}, ValueError, r"dy of shape \(2, 6, 6, 4\)"),
    ("group_norm_forward", (A, 3), {}, ValueError, r"divide the 4 channels, got 3"),
    ("group_norm_forward", (A, 0), {}, ValueError, r"groups.*got 0"),
    ("group_norm_forward", (A, 2.0), {}, TypeError, r"groups.*got 2\.0"),
    ("group_norm_backward", (X, X, 2, np.ones(2)), {}, ValueError, r"scale of shape \(4\).*\(2,\)"),
    ("instance_norm_forward", (A,), {}, ValueError, r"\(N, \*spatial, C\), got shape \(5, 4\)"),
    ("instance_norm_backward", (X, X), {"epsilon": np.inf}, ValueError, r"epsilon.*got inf"),
]

LOSS = [
    *(
        ("cross_entropy", (D, with_label), {}, ValueError, rf"labels 0 \.\.\. 2, got {label}$")
        for label in (3, -1, HUGE, LEAST)
        for with_label in [np.where(np.arange(5) == 3, label, LABELS)]
    ),
    ("cross_entropy", (D, LABELS[:4]), {}, ValueError, r"labels of shape \(5\).*\(4,\)"),
    ("cross_entropy", (D, LABELS.astype(float)), {}, TypeError,
     r"integer labels.*float64.*astype\(int"),
    ("cross_entropy", (D, LABELS * np.nan), {}, TypeError, r"integer labels, got dtype float64"),
    ("cross_entropy", (D, list("abcab")), {}, TypeError, r"target of real numbers, got dtype <U1"),
    ("cross_entropy", (D, np.eye(5)), {}, ValueError, r"labels of shape \(5\), got shape \(5, 5\)"),
    ("cross_entropy", (D, -D), {}, ValueError, r"target row to be at least 0, got -1"),
    ("cross_entropy", (np.ones(5), LABELS), {}, ValueError,
     r"logits of shape \(N, \.\.\., C\).*\(5,\)"),
    ("cross_entropy", (np.ones((5, 0)), LABELS), {}, ValueError, r"logits.*\(5, 0\)"),
    ("cross_entropy", (Y, np.zeros((2, 4), int)), {}, ValueError, r"labels of shape \(2, 4, 4\)"),
    ("cross_entropy", (D, D), {"sample_weight": -np.ones(5)}, ValueError, r"at least 0, got -1"),
    ("cross_entropy", (D, D), {"sample_weight": np.ones(4)}, ValueError,
     r"sample_weight of shape \(5"),
    ("cross_entropy", (D, D), {"sample_weight": np.nan * np.ones(5)}, ValueError,
     r"at least 0, got nan"),
    ("binary_cross_entropy", (D, 2 * D), {}, ValueError, r"from 0 to 1, got 2\.0 at"),
    ("binary_cross_entropy", (D, np.nan * D), {}, ValueError, r"from 0 to 1, got nan at"),
    ("binary_cross_entropy", (D, A), {}, ValueError, r"target of shape \(5, 3\).*\(5, 4\)"),
    *(
        (name, (D, with_one(D, bad)), {}, ValueError, rf"at least 0, got {bad} at index \(2, 1\)")
        for name in ("cross_entropy", "focal", "kl_divergence", "poisson")
        for bad in (-1.0, np.nan, np.inf)
    ),
    *(
        (name, (D, with_one(D, bad)), {}, ValueError, rf"got {bad} at index \(2, 1\)")
        for name in ("hinge", "perceptron", "binary_focal")
        for bad in (-2.0, 0.5 if name != "binary_focal" else 1.5, np.nan)
    ),
    ("hinge", (np.ones(3), index(1, -1, 0)), {}, ValueError, r"-1 or 1, or .*0 or 1, got -1 at"),
    ("poisson", (np.ones(3), index(1, -1, 0)), {}, ValueError, r"got -1 at index 1$"),
    ("hinge", (np.ones((5, 1)), np.ones((1, 5))), {}, ValueError, r"\(5, 1\).*\(1, 5\)"),
    ("multiclass_hinge", (D, D), {}, ValueError, r"labels of shape \(5\), got shape \(5, 3\)"),
    ("multiclass_hinge", (D, LABELS + 1), {}, ValueError, r"labels 0 \.\.\. 2, got 3"),
    ("multiclass_hinge", (D, LABELS), {"margin": 0}, ValueError, r"margin greater than 0, got 0"),
    ("kl_divergence", (D, LABELS), {}, ValueError, r"target of shape \(5, 3\), got shape \(5,\)"),
    ("huber", (D, D), {"delta": 0.0}, ValueError, r"delta greater than 0, got 0\.0"),
    ("huber", (D, D), {"delta": np.nan}, ValueError, r"delta .*got nan"),
    ("huber", (D, D), {"reduction": "none"}, ValueError, r'"mean" or "sum", got \'none\''),
    ("cross_entropy", (D, D), {"reduction": "none"}, ValueError, r'"mean" or "sum", got'),
    ("focal", (D, LABELS), {"gamma": -1}, ValueError, r"gamma at least 0, got -1"),
    ("binary_focal", (D, D), {"gamma": np.inf}, ValueError, r"gamma at least 0, got inf"),
    ("cross_entropy", (D, LABELS), {"label_smoothing": 1.5}, ValueError, r"from 0 to 1, got 1\.5"),
    ("cross_entropy", (D, LABELS), {"label_smoothing": -1}, ValueError, r"label_smoothing.*got -1"),
    ("cross_entropy", (D, LABELS), {"class_weight": [1, 2]}, ValueError,
     r"class_weight of shape \(3,\), got shape \(2,\)"),
    ("focal", (D, LABELS), {"class_weight": [1, -2, 1]}, ValueError,
     r"class_weight finite and at least 0, got -2 at index 1"),
    ("cross_entropy", (D, D), {"class_weight": [1, 2, 3]}, ValueError, r"target of rows; use samp"),
    ("cross_entropy", (D, LABELS - 100), {"ignore_label": -100}, ValueError,
     r"labels 0 \.\.\. 2, got -99"),
    ("half_squared_error", (D, np.ones(5)), {}, ValueError, r"target of shape \(5, 3\).*\(5,\)"),
    ("squared_error", (np.ones((5, 1)), np.ones((1, 5))), {}, ValueError, r"\(5, 1\).*\(1, 5\)"),
    ("mean_squared_error", (np.float64(1), 1.0), {}, ValueError, r"single number"),
    ("mean_squared_error", (D, D), {"sample_weight": D}, ValueError, r"sample_weight.*\(5, 3\)"),
]

F = np.ones(3)
RATE = {"learning_rate": 0.1}
UPDATE = [
    ("sgd_update", (F.copy(), F, None), RATE | {"momentum": 0.9}, ValueError,
     r"velocity.*0\.9, got None"),
    ("sgd_update", (F.copy(), F[:2], None), RATE, ValueError, r"gradients of shape \(3\).*\(2,\)"),
    ("sgd_update", (F.copy(), F, None), {"learning_rate": -1}, ValueError,
     r"learning_rate.*got -1"),
    ("sgd_update", ([1.0], [1.0], None), RATE, TypeError,
     r"parameters as a float32 or float64 array"),
    ("sgd_update", (F.astype(int), F, None), RATE, TypeError,
     r"parameters as a float32 or float64"),
    ("adam_update", (F.copy(),) * 4, RATE | {"step": 0}, ValueError, r"step.*got 0"),
    ("adam_update", (F.copy(),) * 4, RATE | {"step": 1, "beta1": 1}, ValueError, r"beta1.*got 1"),
    ("sgd_update", (F.copy(), F, None), RATE | {"dampening": 2}, ValueError, r"from 0 to 1, got 2"),
    ("sgd_update", (F.copy(), F, F.copy()), RATE | {"nesterov": True, "dampening": 0.5},
     ValueError, r"no dampening with nesterov=True, got 0\.5"),
    ("sgd_update", (F.copy(), F, None), RATE | {"step": 0}, ValueError, r"step.*got 0"),
    ("rmsprop_update", (F.copy(), F, F.copy()), RATE | {"momentum": 0.9}, ValueError,
     r"velocity.*0\.9, got None"),
    ("rmsprop_update", (F.copy(), F, F.copy()), RATE | {"alpha": 1}, ValueError, r"alpha.*got 1"),
    ("rmsprop_update", (F.copy(), F, F.copy(), None, F[:2].copy()), RATE, ValueError,
     r"means of shape \(3\).*\(2,\)"),
    ("adagrad_update", (F.copy(), F, F.copy()), RATE | {"step": 1, "epsilon": 0}, ValueError,
     r"epsilon above 0, got 0"),
    ("adagrad_update", (F.copy(), F, F.copy()), RATE | {"step": 1, "rate_decay": -1}, ValueError,
     r"rate_decay.*got -1"),
    ("adadelta_update", (F.copy(), F, F.copy(), F.copy()), {"rho": -1}, ValueError, r"rho.*got -1"),
    ("adamw_update", (F.copy(),) * 4, RATE | {"step": 1, "weight_decay": -1}, ValueError,
     r"weight_decay.*got -1"),
    ("lion_update", (F.copy(), F, None), RATE, TypeError, r"moment"),
    ("lion_update", (F.copy(), F, F.copy()), RATE | {"beta2": 1}, ValueError, r"beta2.*got 1"),
    ("random_uint32", (-1,), {"seed": 0}, ValueError, r"n must be.*got -1"),
    ("random_uint32", (1,), {"seed": -1}, ValueError, r"seed must be.*got -1"),
    ("random_uniform", (1,), {"seed": 0, "dtype": "int8"}, ValueError, r"float32.*float64.*int8"),
]

SEED = {"seed": 0}
NOISE = [
    ("dropout_forward", (A, 1), SEED, ValueError, r"rate .*less than 1, got 1"),
    ("dropout_backward", (A, -0.5), SEED, ValueError, r"rate .*at least 0.*got -0\.5"),
    ("spatial_dropout_forward", (A, np.nan), SEED, ValueError, r"rate .*got nan"),
    ("gaussian_dropout_backward", (A, "half"), SEED, TypeError, r"number for rate, got 'half'"),
    ("gaussian_noise_forward", (A, -1), SEED, ValueError, r"stddev .*got -1"),
    ("gaussian_noise_forward", (A, np.inf), SEED, ValueError, r"stddev .*got inf"),
    ("dropout_forward", (A, 0.5), {"seed": -1}, ValueError, r"seed .*got -1"),
    ("dropout_forward", (A, 0.5), {"seed": 2**64}, ValueError, r"seed .*got 18446744073709551616"),
    ("dropout_forward", (A, 0.5), SEED | {"layer": 2**30}, ValueError, r"layer .*got 1073741824"),
    ("dropout_forward", (A, 0.5), SEED | {"step": 0.5}, TypeError, r"step .*integer, got 0\.5"),
    ("dropout_forward", (A, 0.5), SEED | {"first_row": 2**32 - 4}, ValueError,
     r"first_row .*got 4294967292"),
    ("spatial_dropout_forward", (F, 0.5), SEED, ValueError, r"x of shape \(N, \.\.\., C\).*\(3,\)"),
    ("spatial_dropout_backward", (F, 0.5), SEED, ValueError, r"dy of shape \(N, \.\.\., C\)"),
    ("dropout_forward", (3.0, 0.5), SEED, ValueError, r"single number"),
    ("gaussian_noise_backward", (A + 1j,), {}, TypeError, r"dy of real numbers"),
]

# what only the compiled operations refuse: threads, and numbers too large for their sizes
COMPILED = [
    ("conv_forward", (X, W), {"stride": HUGE}, ValueError, rf"stride must be from 1.*{HUGE}"),
    (SPREAD, (X, W), {"stride": 2**31 - 1}, ValueError, r"output of size \d+, not"),
    (SPREAD, (X, W), {"padding": HUGE}, ValueError, rf"from 0.*{HUGE}"),
    ("conv_forward", (X, W), {"padding": HUGE}, ValueError, rf"padding must be from 0.*{HUGE}"),
    ("conv_forward", (X, W), {"stride": True}, TypeError, r"stride must be an integer, got True"),
    ("conv_forward", (X[..., :0], W[..., :0]), {}, ValueError, r"\(2, 6, 6, 0\)"),
    ("max_pool_forward", (X, 2), {"stride": HUGE}, ValueError, rf"stride.*{HUGE}"),
    ("pad_forward", (S, HUGE), {}, ValueError, rf"padding must be from 0.*{HUGE}"),
    ("pad_forward", (S, 2**31 - 1), {}, ValueError, r"4294967300, 4.*at most 1099511627776"),
    ("pad_forward", (X, 2**30 - 9), {}, ValueError, r"would hold \d+ numbers"),
    ("up_sample_forward", (S, 2**31 - 1), {}, ValueError, r"size 6 and scale 2147483647"),
    ("dense_forward", (A, V), {"n_threads": 0}, ValueError, r"1 to 1024, got 0"),
    ("dense_forward", (A, V), {"n_threads": HUGE}, ValueError, rf"got {HUGE}"),
    ("dense_forward", (A, V), {"n_threads": 1.5}, TypeError, r"integer >= 1, got 1\.5"),
    ("dense_forward", (packs.pack(A[:, :3]), V), {}, ValueError, r"\(N, 4\).*\(5, 3\)"),
    ("relu_backward", (packs.pack(D), packs.pack(A)), {}, ValueError, r"y of shape \(5, 3\)"),
    ("add_forward", ([A] * 16385,), {}, ValueError, r"1 to 16384 arrays in xs, got 16385"),
    ("add_forward", (packs.pack(A),), {}, TypeError, r"xs as a list of arrays, got Packs"),
    ("add_forward", ([packs.pack(A), D],), {}, ValueError, r"\(5, 4\).*\(5, 3\) for xs\[1\]"),
    ("add_forward", ([A, A],), {"n_threads": 0}, ValueError, r"1 to 1024, got 0"),
    ("adadelta_update", (F.copy(), F, F.astype("f4"), F.copy()), {}, TypeError,
     r"squares of dtype float64, got float32"),
    ("sgd_update", (F[::2].copy()[::-1], F[:2], None), RATE, TypeError, r"writable, contiguous"),
]
# fmt: on
BOTH = DENSE + CONV + RESAMPLING + POOL + ACTIVATION + NORM + NOISE + MERGE_ERRORS
BOTH += LOSS + UPDATE


def label(row):
    return f"{row[0]} {row[4][:40]}" if isinstance(row, tuple) else None


@pytest.mark.parametrize("row", BOTH + COMPILED, ids=label)
def test_bad_calls_say_what_was_expected_and_what_came(row):
    name, arguments, options, exception, pattern = row
    with pytest.raises(exception, match=f"(?s)^({name}|n_threads): .*{pattern}") as caught:
        getattr(functional, name)(*arguments, **options)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("row", BOTH, ids=label)
def test_the_reference_refuses_the_same_calls(row):
    name, arguments, options, exception, _ = row
    with pytest.raises(exception):
        getattr(reference, name)(*arguments, **options)


@pytest.mark.parametrize("row", BOTH + COMPILED, ids=label)
def test_nothing_is_allocated_in_proportion_to_a_bad_number(row):
    name, arguments, options, exception, _ = row
    tracemalloc.start()
    try:
        with pytest.raises(exception):
            getattr(functional, name)(*arguments, **options)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
