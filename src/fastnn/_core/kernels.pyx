"""The only module linked with csrc: it fills the kernel table when it is imported."""
import os

cimport cython


def _choose():
    name = os.environ.get("FASTNN_ISA", "").strip().lower()
    cdef bytes encoded = name.encode()
    cdef const char* why = fastnn_fill_table(&table, encoded)
    if why != NULL:
        raise ImportError(f"FASTNN_ISA={name!r} {why.decode()}")


_choose()


def isa():
    """Return the name of the instruction set in use: ``"generic"``, ``"avx2"`` or ``"avx512"``."""
    return table.isa.decode()


def available_isas():
    """Return the names of the instruction sets of this CPU and this build, narrowest first."""
    return [name for name in ("generic", "avx2", "avx512") if fastnn_has_isa(name.encode())]


def peak_multiply_adds(ptrdiff_t rounds, double_precision=False):
    """Run the peak kernel and return the number of multiply-adds that it made."""
    cdef float singles[64]
    cdef double doubles[64]
    cdef ptrdiff_t made
    cdef bint double_kernel = double_precision
    with cython.nogil:
        if double_kernel:
            made = table.f64.peak(rounds, doubles)
        else:
            made = table.f32.peak(rounds, singles)
    return made * rounds
