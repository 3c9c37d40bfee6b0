"""Memory that training takes: each library trains in a process of its own, which reports it.

The rise is the largest resident set during training less the resident set just before the network
is made, when the library is loaded and the data are in memory. A step of a small network goes
before both, so that what a library loads or starts at its first step does not count.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import fastnn as fn
from _networks import CIFAR, LENET, MLP, TINY
from _peers import fastnn_step, installed, memory_formats, torch_data, torch_step

NETWORKS = {network.name: network for network in (LENET, TINY, MLP, CIFAR)}
STEPS = 3
CLEAR, STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")


def rises(network, batch, threads, library):
    """Return {setting: bytes} of a library, each measured in a new process.

    Empty where it cannot be measured: off Linux, or without the library.
    """
    is_torch = library == "PyTorch"
    if not CLEAR.exists() or (is_torch and not installed("torch")):
        return {}
    settings = memory_formats(network) if is_torch else ("lane packs",)
    return {setting: _rise(network, batch, threads, library, setting) for setting in settings}


def _rise(network, batch, threads, library, setting):
    command = [sys.executable, __file__, network.name, str(batch), str(threads), library, setting]
    return int(subprocess.check_output(command, text=True))


def _resident(field):
    """Return VmRSS (now) or VmHWM (the most since it was cleared), in bytes."""
    lines = STATUS.read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(field))


def _measure(network, batch, threads, library, setting):
    """Train a few steps in this process; return the rise in bytes."""
    if library == "PyTorch":
        import torch

        torch.set_num_threads(threads)
        torch_step(TINY, torch_data(TINY, 32, "plain"), "plain", "fused")()
        make, how = torch_step, (setting, "fused")
        data = torch_data(network, batch, setting)
    else:
        fn.set_num_threads(threads)
        fastnn_step(TINY, TINY.data(32))()
        make, how = fastnn_step, ()
        data = network.data(batch)
    CLEAR.write_text("5")  # VmHWM counts from here
    before = _resident("VmRSS")
    step = make(network, data, *how)
    for _ in range(STEPS):
        step()
    return _resident("VmHWM") - before


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("batch", type=int)
    parser.add_argument("threads", type=int)
    parser.add_argument("library", choices=["fastnn", "PyTorch"])
    parser.add_argument("setting")
    args = parser.parse_args()
    network = NETWORKS[args.network]
    print(_measure(network, args.batch, args.threads, args.library, args.setting))


if __name__ == "__main__":
    main()
