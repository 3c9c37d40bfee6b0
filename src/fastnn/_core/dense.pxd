from fastnn._core.kernels cimport fastnn_run, real
from fastnn._core.tiles cimport Tiling

# Tiles of outputs, of which as many as have LANES outputs together are packed into one panel of
# weights, and tiles of inputs, which the input gradient takes from all panels.
cdef struct DenseTiles:
    ptrdiff_t inputs
    Tiling tiling, turned       # of outputs, of inputs
    ptrdiff_t together, panels  # tiles a panel, and how many of those
    ptrdiff_t panel_size        # of one, in elements

cdef DenseTiles make_dense_tiles(ptrdiff_t inputs, ptrdiff_t outputs, ptrdiff_t chunks,
                                 const real* which) noexcept nogil
cdef ptrdiff_t first_output(const DenseTiles* plan, ptrdiff_t index) noexcept nogil
cdef void dense_pack_panel(const DenseTiles* plan, const real* weight, ptrdiff_t index,
                           real* panel) noexcept nogil
cdef void dense_forward_panel(
    const DenseTiles* plan, ptrdiff_t index, const real* x, ptrdiff_t x_step, const real* panel,
    const real* bias, bint relu, real* y, ptrdiff_t y_step, ptrdiff_t first,
    ptrdiff_t end) noexcept nogil
cdef void dense_list_runs(const DenseTiles* plan, fastnn_run* runs) noexcept nogil
cdef void dense_backward_input_tile(
    const DenseTiles* plan, ptrdiff_t index, const real* dy, ptrdiff_t dy_step, const real* panels,
    const fastnn_run* runs, const real* positive, real* dx, ptrdiff_t dx_step, ptrdiff_t first,
    ptrdiff_t end) noexcept nogil


cdef inline ptrdiff_t dense_parts(const Tiling* tiling, ptrdiff_t tasks, ptrdiff_t chunks,
                                  int threads) noexcept nogil:
    """Into how many parts the batch is cut where panels or tiles alone are few."""
    if tasks >= 2 * threads:
        return 1
    return min(<ptrdiff_t>threads, (chunks + tiling.positions - 1) // tiling.positions)
