"""Random configurations against PyTorch: the checks of test_pytorch_live.py on seeds that
Hypothesis draws, which looks for a smaller one where it finds a difference."""

import pytest

pytest.importorskip("torch")

from hypothesis import given, settings
from hypothesis import strategies as st

import test_pytorch_live as live
from fastnn import functional

CHECKS = [
    live.test_dense_agrees_with_pytorch,
    live.test_convolution_agrees_with_pytorch,
    live.test_transposed_convolution_agrees_with_pytorch,
    live.test_max_pool_agrees_with_pytorch,
    live.test_average_pool_agrees_with_pytorch,
    live.test_locally_connected_layers_agree_with_pytorch,
    live.test_adaptive_and_global_average_pools_agree_with_pytorch,
    live.test_global_max_pool_agrees_with_pytorch,
    live.test_lp_pool_agrees_with_pytorch,
]


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(CHECKS), st.sampled_from(["float32", "float64"]), st.integers(100, 2**31))
def test_random_configurations_agree_with_pytorch(check, dtype, seed):
    check(functional, dtype, seed)
