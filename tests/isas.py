"""The instruction sets of this CPU, and what a script computes on each, in a process of its own."""

import os
import subprocess
import sys

import numpy as np

import fastnn as fn

ISAS = fn.build_info()["available_isas"]
FUSED = [isa for isa in ISAS if isa != "generic"]


def results_by_isa(script, folder):
    """Return {isa: arrays}: what `python script path` saves as .npz, its `isa` among them."""
    found = {}
    # glibc then fills what it allocates: results depend on no memory that nobody wrote
    dirty = {"MALLOC_PERTURB_": "1", "FASTNN_NUM_THREADS": "1"}
    for isa in ISAS:
        environment = os.environ | dirty | {"FASTNN_ISA": isa}
        path = folder / f"{isa}.npz"
        subprocess.run([sys.executable, script, str(path)], env=environment, check=True)
        found[isa] = dict(np.load(path))
        assert found[isa]["isa"] == isa
    return found
