from fastnn._core.kernels cimport real
from fastnn._core.tiles cimport Tiling

# Forward and input gradient: tiles of outputs, of which as many as have LANES outputs together are
# packed into one panel of weights.
cdef struct DenseTiles:
    ptrdiff_t terms             # inputs of the pass
    Tiling tiling               # of its outputs
    ptrdiff_t together, panels  # tiles a panel, and how many of those
    ptrdiff_t panel_size        # of one, in elements

cdef DenseTiles make_dense_tiles(ptrdiff_t terms, ptrdiff_t outputs, ptrdiff_t chunks,
                                 const real* which) noexcept nogil
cdef void dense_pack_panel(const DenseTiles* plan, const real* weight, bint backward,
                           ptrdiff_t index, real* panel) noexcept nogil
cdef void dense_pack_terms(
    const DenseTiles* plan, const real* weight, ptrdiff_t first, ptrdiff_t end,
    ptrdiff_t first_panel, ptrdiff_t end_panel, real* panels) noexcept nogil
cdef void dense_panel_chunks(
    const DenseTiles* plan, ptrdiff_t index, const real* x, ptrdiff_t x_step, const real* panel,
    const real* bias, bint relu, const real* positive, real* y, ptrdiff_t y_step, ptrdiff_t first,
    ptrdiff_t end) noexcept nogil

# Weight gradient: terms are samples, lanes are input features; a task takes one tile of outputs, so
# that it writes rows of dweight from end to end.
cdef struct DenseGradient:
    ptrdiff_t features, outputs
    ptrdiff_t packs, row        # of features; elements between samples' rows of x
    Tiling tiling               # of the outputs

cdef DenseGradient make_dense_gradient(ptrdiff_t features, ptrdiff_t outputs,
                                       const real* which) noexcept nogil
cdef ptrdiff_t dense_scratch(const DenseGradient* plan) noexcept nogil
cdef ptrdiff_t dense_panels_size(const DenseGradient* plan, ptrdiff_t samples) noexcept nogil
cdef void dense_turn_chunk(
    const DenseGradient* plan, const real* x, const real* dy, ptrdiff_t chunk, ptrdiff_t samples,
    real* scratch, real* x_rows, real* panels) noexcept nogil
cdef void dense_backward_weights_tile(
    const DenseGradient* plan, ptrdiff_t index, const real* x_rows, const real* panels,
    ptrdiff_t samples, real* scratch, real* dweight, real* dbias) noexcept nogil
