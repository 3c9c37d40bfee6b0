"""What a training step would take on more cores than this machine has, by a simple model.

    step = fixed + chunks of the busiest core * chunk
                 + (slots * slot + update) / cores + BARRIERS * barrier * log2(cores)

A batch is cut into chunks of 16 samples; `slots = min(chunks, 64)` sums of gradients share the
chunks out evenly, and a core works on whole slots: 8 chunks keep no more than 8 cores busy.
Measured on one core: `fixed`, what is not shared out (Python, checks), as a step of 16 samples
through the same layers with one channel each; `slot`, adding one gradient to another from memory,
by NumPy; `update`, by SGD with momentum; and from a step of 16 chunks the rest, `chunk`, forward
and backward of 16 samples. `barrier` is an estimate: 0.3 us were measured on two cores of a socket.

Left out: the bandwidth of memory and the last cache, which cores share; the clock, which falls when
all cores compute; other sockets' memory; what is shared out finer than chunks (dense layers with
many weights sum over the batch without slots); what runs on one core because it is small. Most of
this makes predictions too good; they tell where chunks are too few, or too little is shared out.
"""

import math
from dataclasses import asdict, dataclass, replace
from itertools import pairwise

import numpy as np

import fastnn as fn
from _networks import Conv, Dense, Network, check_gradient, fastnn_network, fastnn_trainer
from _peers import fastnn_step
from _timing import interleave

CORES = (1, 8, 32, 128)
BATCHES = (128, 1024, 8192)
CHUNK, MOST_SLOTS = 16, 64
CHUNKS = 16  # of the batch that is timed
BARRIERS = 4  # a step's, chunk by chunk: pack, chunks, finish, end
BARRIER = 1e-6
SLOT_MEMORY = 2**27  # bytes of slots that are added when that is timed: beyond an L2 cache


@dataclass(frozen=True)
class Costs:
    """Seconds on one core that a network's step is made of, and a check of them."""

    network: str
    fixed: float
    chunk: float
    slot: float
    update: float
    threads: int
    measured: float  # a step of `CHUNKS` chunks on these threads

    HEADINGS = ("fixed", "a chunk", "a slot", "update", "predicted", "measured")

    def step(self, batch, cores, barrier):
        """Predict the seconds of a step."""
        chunks = math.ceil(batch / CHUNK)
        slots = min(chunks, MOST_SLOTS)
        shared = (slots * self.slot + self.update) / cores
        waiting = BARRIERS * barrier * math.log2(cores)
        return self.fixed + _busiest(chunks, slots, cores) * self.chunk + shared + waiting

    def predicted(self, barrier):
        """Predict the step that was measured on all threads."""
        return self.step(CHUNKS * CHUNK, self.threads, barrier)

    def row(self, barrier):
        """Return the name and milliseconds of `HEADINGS`."""
        seconds = (self.fixed, self.chunk, self.slot, self.update, self.predicted(barrier))
        return (self.network, *(f"{1e3 * s:.3f} ms" for s in (*seconds, self.measured)))

    def record(self):
        return asdict(self)


def _busiest(chunks, slots, cores):
    """Chunks of the core that has most: slots are shared out to cores, chunks to slots."""
    cores = min(cores, slots)
    shares = [-(-slots * core // cores) for core in range(cores + 1)]
    return max(end - first for first, end in pairwise(slot * chunks // slots for slot in shares))


def measure_costs(network, threads, options):
    """Time a network's step on one core and on all threads, and its parts."""
    batch, skeleton = CHUNKS * CHUNK, _skeleton(network)
    check_gradient(network, batch)
    check_gradient(skeleton, CHUNK)
    net = fastnn_network(network)
    trainer = fastnn_trainer(net)
    slots = np.zeros((_slots_in_memory(net.gradients.nbytes), net.gradients.size), net.dtype)
    step = fastnn_step(network, network.data(batch))
    calls = {
        "step": step,
        "all threads": step,
        "fixed": fastnn_step(skeleton, skeleton.data(CHUNK)),
        "slots": lambda: _add_slots(slots),
        "update": lambda: trainer.optimizer.update(net.parameters, net.gradients),
    }
    prepare = {name: lambda: fn.set_num_threads(1) for name in calls}
    prepare["all threads"] = lambda: fn.set_num_threads(threads)
    timings = interleave(calls, prepare=prepare, settle=0.01, **options)
    one, measured, fixed, slot, update = (timing.median for timing in timings.values())
    slot /= len(slots) - 1
    chunk = (one - fixed - update) / CHUNKS - slot
    return Costs(network.name, fixed, chunk, slot, update, threads, measured)


def _skeleton(network):
    """The same layers with one channel or unit each, but for the last."""
    *layers, last = network.layers
    thin = {Conv: {"filters": 1}, Dense: {"units": 1}}
    layers = [replace(layer, **thin.get(type(layer), {})) for layer in layers]
    return Network(f"{network.name} skeleton", (*network.input_shape[:-1], 1), (*layers, last))


def _slots_in_memory(nbytes):
    return min(MOST_SLOTS, max(2, SLOT_MEMORY // nbytes))


def _add_slots(slots):
    total, *others = slots
    for other in others:
        np.add(total, other, out=total)


def prediction_rows(costs, barrier):
    """Predict the step of every batch on every number of cores."""
    return [
        {
            "network": costs.network,
            "batch": batch,
            "seconds": {cores: costs.step(batch, cores, barrier) for cores in CORES},
        }
        for batch in BATCHES
    ]
