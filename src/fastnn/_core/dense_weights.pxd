from fastnn._core.kernels cimport real
from fastnn._core.tiles cimport Tiling

# Terms are samples, lanes are input features; a task takes one tile of outputs, so that it writes
# rows of dweight from end to end.
cdef struct DenseGradient:
    ptrdiff_t features, outputs
    ptrdiff_t packs             # of features
    Tiling tiling               # of the outputs
    bint whole_rows             # of dy: not cut into panels

cdef DenseGradient make_dense_gradient(ptrdiff_t features, ptrdiff_t outputs,
                                       const real* which) noexcept nogil
cdef ptrdiff_t dense_scratch(const DenseGradient* plan) noexcept nogil
cdef ptrdiff_t dense_x_size(const DenseGradient* plan, ptrdiff_t samples) noexcept nogil
cdef ptrdiff_t dense_panels_size(const DenseGradient* plan, ptrdiff_t samples) noexcept nogil
cdef void dense_take_rows(
    const DenseGradient* plan, const real*const* rows, ptrdiff_t chunk, ptrdiff_t samples,
    real* x_panels) noexcept nogil
cdef void dense_turn_chunk(
    const DenseGradient* plan, const real* x, const real* dy, ptrdiff_t chunk, ptrdiff_t samples,
    real* scratch, real* x_panels, real* panels) noexcept nogil
cdef void dense_backward_weights_tile(
    const DenseGradient* plan, ptrdiff_t index, const real* x_panels, const real* panels,
    ptrdiff_t samples, real* scratch, real* dweight, real* dbias) noexcept nogil
