"""What this build is and what it runs on."""

from fastnn._core import kernels, threads
from fastnn.packs import LANES

__version__ = "0.1.0"


def build_info():
    """Say which build of fastnn this is and how it runs.

    Returns
    -------
    info : dict
        ``version``, ``isa`` (the instruction set in use), ``available_isas``, ``lanes``, ``openmp``
        (whether it can use more than one thread) and ``threads`` (how many it uses).

    Examples
    --------
    >>> import fastnn as fn
    >>> fn.build_info()["lanes"]
    16
    """
    return {
        "version": __version__,
        "isa": kernels.isa(),
        "available_isas": kernels.available_isas(),
        "lanes": LANES,
        "openmp": threads.has_openmp(),
        "threads": threads.get_num_threads(),
    }
