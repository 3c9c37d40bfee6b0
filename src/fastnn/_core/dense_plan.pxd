"""A program's dense layer: tiles and panels of weights, and how its weight gradient is taken."""
from fastnn._core.dense cimport DenseTiles
from fastnn._core.dense_weights cimport DenseGradient
from fastnn._core.kernels cimport real

cdef struct DensePlan:
    DenseTiles panels           # of both passes, for the batch at hand
    bint packs_late             # by layer: each panel is made by the task that reads it
    DenseGradient gradient
    const unsigned char* mask   # (outputs, inputs), or NULL: 0 where there shall be no weight

cdef ptrdiff_t dense_plan_scratch(const DensePlan* plan, const real* which) noexcept nogil
cdef void dense_forward_chunk(const DensePlan* plan, const real* packed, const real* bias,
                              bint relu, const real* x, real* y) noexcept nogil
cdef void dense_backward_input_chunk(const DensePlan* plan, const real* packed,
                                     const real* positive, const real* dy, real* dx,
                                     real* scratch) noexcept nogil
