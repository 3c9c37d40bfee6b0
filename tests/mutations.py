"""Model files that are nearly right: what the fuzz test of the loader reads."""

import copy
import json
import random
import struct

import numpy as np
from safetensors.numpy import load, save

import fastnn as fn
import graphs

L = fn.layers


def sequential():
    layers = [
        L.Standardize(),
        L.Conv1D(4, 3, padding="same", padding_mode="edge", activation="relu"),
        L.BatchNorm(scale=False, shift=False),
        L.MaxPool1D(2, dilation=2, stride=1, padding=1),
        L.PReLU("none", slope_regularizer="l2", slope_constraint="max_abs"),
        L.Dropout(0.25),
        L.Flatten(),
        L.Dense(5, "tanh", mask=np.ones((5, 32)), weight_initializer=0.1),
        L.LayerNorm(),
        L.Dense(3, name="logits"),
    ]
    net = fn.Sequential(layers, input_shape=(8, 2), seed=5)
    x = np.random.default_rng(0).normal(3, 2, (30, 8, 2))
    loss = fn.losses.CrossEntropy(0.125, class_weight=(1, 2, 3))
    net.fit(x, np.resize(["ant", "bee", "cat"], 30), loss=loss, verbose=0)
    return net


def images():
    layers = [
        L.Rescale(0.5, 1.0),
        L.Pad(1, value=0.5),
        L.LocallyConnected2D(2, 2, stride=2),
        L.ConvTranspose2D(4, 3, stride=2, output_padding=1, groups=2),
        L.GroupNorm(2),
        L.UpSample2D(2, mode="linear"),
        L.Crop2D(1),
        L.AveragePool2D(3, ceil_mode=True, count_include_pad=True),
        L.LpPool2D(2, p=1.5),
        L.Permute((2, 0, 1)),
        L.Reshape((-1, 2)),
        L.AdaptiveAveragePool1D(3),
        L.ELU(0.5),
        L.GlobalMaxPool1D(),
        L.Dense(1),
    ]
    net = fn.Sequential(layers, input_shape=(6, 6, 2), dtype="float64")
    net.fit(np.ones((4, 6, 6, 2)), [-1, 1, 1, -1], loss="binary_cross_entropy", verbose=0)
    return net


def joint():
    net = graphs.two_inputs()
    x, y = graphs.samples(net, 4)
    net.fit(x, y, loss=graphs.loss_of(net), verbose=0)
    return net


KINDS = [sequential, images, joint, graphs.merged, graphs.shared]

VALUES = [
    *(0, 1, -1, 2, 3, 7, 100, 65_535, 10**6, 2**31 - 1, 2**31, 2**40, 10**12, 2**63, 10**30),
    *(0.5, -0.5, 1.0, 1e-300, 1e300, float("nan"), float("inf"), -float("inf")),
    *("", "12", "relu", "softmax", "same", "valid", "reflect", "circular", "all", "joint", "U9"),
    *("float64", "int8", "O", "<U1000000000", "__class__", "__init__", "os.system", "x" * 5000),
    *(None, True, False, [], {}, [0], [1, 2], [[]], [[1, 2]], [None], {"name": "l2"}, [2**31 - 1]),
    *([1] * 40, [10**5] * 6, {"layer": "Dense", "units": 10**12}, {"layer": "Flatten"}),
]


def nodes(value):
    """Yield every list and dict of a JSON value with the keys of what it holds."""
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for key, entry in entries:
        yield value, key
        if isinstance(entry, (list, dict)):
            yield from nodes(entry)


MOST_ENTRIES = 12_000  # of a list that is lengthened
MOST_PLACES = 2000  # in a description that is to be changed once more


class Mutator:
    """Makes wrong files of right ones.

    Parameters
    ----------
    folder : path
    kinds : list of callable
        Make networks.
    """

    def __init__(self, folder, kinds):
        self.files = []
        for number, kind in enumerate(kinds):
            kind().save(folder / f"whole{number}")
            content = (folder / f"whole{number}").read_bytes()
            (size,) = struct.unpack("<Q", content[:8])
            text = json.loads(content[8 : 8 + size])["__metadata__"]["fastnn"]
            self.files.append((content, json.loads(text), load(content)))

    def mutant(self, seed):
        """The bytes of a file that is one of the right ones, with a few changes."""
        rng = random.Random(seed)
        content, description, tensors = rng.choice(self.files)
        if rng.random() < 0.3:
            return self._bytes(rng, bytearray(content))
        description, tensors = copy.deepcopy(description), dict(tensors)
        for _ in range(rng.choice([1, 1, 1, 2, 4])):
            if rng.random() < 0.85:
                self._edit(rng, description)
            else:
                self._swap(rng, tensors)
        text = json.dumps(description)
        if rng.random() < 0.02:
            text = rng.choice(["[" * 10**5, "{", "null", "1" * 5000, '"' + "a" * 10**6, "[]"])
        return save(tensors, {"fastnn": text})

    def _bytes(self, rng, content):
        header = 8 + struct.unpack("<Q", content[:8])[0]
        kind = rng.randrange(6)
        if kind == 0:
            return bytes(content[: rng.randrange(len(content))])
        if kind == 1:
            return bytes(content + rng.randbytes(rng.choice([1, 8, 1000])))
        if kind == 2:
            length = rng.choice([0, 1, header, header - 9, 2**31, 2**40, 2**63, 2**64 - 1])
            return struct.pack("<Q", length) + bytes(content[8:])
        end = header if kind < 5 else len(content)
        for _ in range(rng.choice([1, 1, 2, 5, 50])):
            place = rng.randrange(end)
            content[place] = rng.choice([rng.randrange(256), ord(rng.choice('0123456789-,:"[]{}'))])
        return bytes(content)

    def _edit(self, rng, description):
        places = list(nodes(description))
        if not 0 < len(places) < MOST_PLACES:
            return
        holder, key = rng.choice(places)
        kind = rng.randrange(6)
        if kind == 0:
            del holder[key]
        elif kind == 1 and isinstance(holder, list):
            holder *= rng.choice([2, 3, 100, MOST_ENTRIES // max(1, len(holder))])
            del holder[MOST_ENTRIES:]
        elif kind == 2:
            other, place = rng.choice(places)
            holder[key] = copy.deepcopy(other[place])
        elif kind == 3 and isinstance(holder, dict) and "layer" in holder:
            holder["layer"] = rng.choice(list(fn.layers.REGISTRY))
        elif kind == 4 and isinstance(holder, dict):
            holder[rng.choice(["name", "input_shape", "bias", "mask", "colour", "trainable"])] = (
                copy.deepcopy(rng.choice(VALUES))
            )
        else:
            holder[key] = copy.deepcopy(rng.choice(VALUES))

    def _swap(self, rng, tensors):
        name = rng.choice(list(tensors))
        array = tensors.pop(name)
        kind = rng.randrange(5)
        if kind == 0:
            tensors[rng.choice(["", ".", "0", "9.weight", "-1.bias", "x" * 5000])] = array
        elif kind == 1:
            tensors[name] = array[..., :-1].copy()
        elif kind == 2:
            types = ["float16", "float64", "int8", "bool", "uint64"]
            with np.errstate(invalid="ignore"):
                tensors[name] = array.astype(rng.choice(types))
        elif kind == 3:
            tensors[name] = array.reshape(-1)
        else:
            other = rng.choice([name, *tensors])
            tensors[other] = np.full_like(
                array, rng.choice([0, 1, np.nan if array.dtype.kind == "f" else 1])
            )
