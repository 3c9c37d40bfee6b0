"""Lanes of a last chunk that hold no sample: what they hold counts in no sum over the batch."""

import numpy as np
import pytest

from fastnn import graph
from fastnn.packs import LANES, Packs, pack
from networks import TABLE


@pytest.mark.parametrize("network", TABLE, ids=repr)
def test_gradients_are_zero_in_lanes_without_a_sample(network, monkeypatch):
    real, found = graph._backward, []

    def watched(*args):
        dxs = real(*args)
        found.extend(dx for dx in dxs if isinstance(dx, Packs))
        return dxs

    monkeypatch.setattr(graph, "_backward", watched)
    net, n = network.build(), LANES + 5
    ys = net.run(net.enter(net.check(network.x(n))), net.route, True)
    dys = [pack(np.cos(y.unpack()), net.dtype, empty="zero") for y in ys]
    net.run_back(dys, input_gradient=True)
    assert any(dx.data[:-1].any() for dx in found)
    for dx in found:
        assert not dx.data[-1, ..., 5:].any()
