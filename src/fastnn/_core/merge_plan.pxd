"""A program's merge: how several values become one, and what each is to know of its gradient."""
from fastnn._core.kernels cimport real

cdef struct MergePlan:
    int function                # one of Merging; −1: concatenation
    ptrdiff_t outer             # concatenation: rows, of so many numbers of a sample
    ptrdiff_t whole
    ptrdiff_t channels          # of the result: its last axis

# The values that an operation reads, or that copy the one it reads: see FAN.
cdef struct Several:
    int n
    int* value
    bint* wanted                # whether a gradient is
    ptrdiff_t* size             # numbers of a sample; concatenation: of its part of a row
    ptrdiff_t* gradient         # where it stands

cdef bint make_several(Several* several, list values, list wanted, list sizes) except False
cdef void free_several(Several* several) noexcept nogil
cdef bint make_merge_plan(MergePlan* plan, dict settings) except False
cdef ptrdiff_t merge_plan_scratch(const Several* several, const real* which) noexcept nogil
cdef bint merge_needs_inputs(const MergePlan* plan) noexcept nogil
cdef bint merge_passes_gradient(const MergePlan* plan, int k) noexcept nogil
cdef void merge_values(
    const MergePlan* plan, const Several* several, ptrdiff_t first, ptrdiff_t end, ptrdiff_t lanes,
    const real*const* x, real* y) noexcept nogil
cdef void merge_gradients(
    const MergePlan* plan, const Several* several, ptrdiff_t n, const real*const* x,
    const real* dy, real*const* dx) noexcept nogil
