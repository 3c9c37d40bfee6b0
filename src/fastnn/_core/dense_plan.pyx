"""A program's dense layer over one chunk: all panels, or all tiles of its inputs."""
from fastnn._core.dense cimport (
    dense_backward_input_tile, dense_forward_panel, dense_list_runs)
from fastnn._core.dense_weights cimport dense_scratch
from fastnn._core.kernels cimport MAX_OUTPUTS, fastnn_run
from fastnn._core.memory cimport elements


cdef ptrdiff_t dense_plan_scratch(const DensePlan* plan, const real* which) noexcept nogil:
    """What any pass needs beside its operands, in elements."""
    # a tile's rows of the weight gradient and their biases; again, where layers share weights
    cdef ptrdiff_t rows = 2 * (plan.gradient.features + 1) * MAX_OUTPUTS
    return max(dense_scratch(&plan.gradient) + rows,
               elements(plan.panels.panels, sizeof(fastnn_run), which))


cdef void dense_forward_chunk(
        const DensePlan* plan,
        const real* packed,         # IN   panels of weights
        const real* bias,           # IN   (outputs,), or NULL
        bint relu,
        const real* x,              # IN   (inputs, LANES)
        real* y) noexcept nogil:    # OUT  (outputs, LANES)
    cdef ptrdiff_t index
    for index in range(plan.panels.panels):
        dense_forward_panel(&plan.panels, index, x, 0, packed + index * plan.panels.panel_size,
                            bias, relu, y, 0, 0, 1)


cdef void dense_backward_input_chunk(
        const DensePlan* plan,
        const real* packed,         # IN   panels of weights
        const real* positive,       # IN   like dx, which is 0 where this is not positive; or NULL
        const real* dy,             # IN   (outputs, LANES)
        real* dx,                   # OUT  (inputs, LANES)
        real* scratch) noexcept nogil:
    cdef fastnn_run* runs = <fastnn_run*>scratch
    cdef ptrdiff_t index
    dense_list_runs(&plan.panels, runs)
    for index in range(plan.panels.turned.tiles):
        dense_backward_input_tile(&plan.panels, index, dy, 0, packed, runs, positive, dx, 0, 0, 1)
