"""The compiled half of fastnn.

GNU OpenMP reads how long a waiting thread spins before it sleeps when it is loaded, with the first
module here: 12 ms by default, in which it may hold the very processor that the thread it waits for
needs, where other programs run as well. A fifth of a millisecond covers the time between two steps.
"""

import os

_SPIN, _OWN = "GOMP_SPINCOUNT", "5000"

if not {_SPIN, "OMP_WAIT_POLICY"} & os.environ.keys():
    os.environ[_SPIN] = _OWN
    from fastnn._core import threads as _threads  # noqa: F401

    del os.environ[_SPIN]  # child processes decide for themselves
