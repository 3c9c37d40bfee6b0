"""Resampling: every position of y is a weighted sum of a few positions of x, channel by channel.

Which ones, each of three axes says by itself (resampling.py), and weights of axes are multiplied:

    y[t0, t1, t2] = Σ factor[k0]·factor[k1]·factor[k2] · x[source[k0], source[k1], source[k2]]
                    over start[t] ≤ k < start[t + 1] of each axis

Padding, cropping and enlarging are such sums, and so are their gradients, with the lists turned.
"""
from fastnn._core.kernels cimport real

cdef struct Line:
    ptrdiff_t targets, sources
    const ptrdiff_t* start      # (targets + 1,)
    const ptrdiff_t* source     # (start[targets],)
    const void* factor          # likewise, real

cdef struct Resampling:
    Line axis[3]
    ptrdiff_t channels
    ptrdiff_t rows              # the most rows of x that a row of y takes from
    double nothing              # what a target without sources holds

# A program's: what makes y of x, and in training what makes dx of dy.
cdef struct ResamplePlan:
    Resampling resampling, turned

cdef ptrdiff_t make_resample_plan(ResamplePlan* plan, dict settings, bint training,
                                  const real* which) except -1
cdef ptrdiff_t resample_plan_scratch(const ResamplePlan* plan, const real* which) noexcept nogil
cdef void resample_rows(const Resampling* plan, const real* x, real* y, ptrdiff_t part,
                        ptrdiff_t parts, real* scratch) noexcept nogil

cdef bint make_resampling(Resampling* plan, tuple lines, ptrdiff_t channels, double nothing,
                          const real* which) except False
cdef ptrdiff_t resample_scratch(const Resampling* plan, const real* which) noexcept nogil
cdef void resample_chunk(const Resampling* plan, const real* x, real* y, ptrdiff_t first_row,
                         ptrdiff_t end_row, real* scratch) noexcept nogil
