from fastnn._core.kernels cimport real

cdef void pack_chunk(const real* rows, ptrdiff_t features, ptrdiff_t samples, bint zero,
                     real* packs) noexcept nogil
cdef void unpack_chunk(const real* packs, ptrdiff_t features, ptrdiff_t samples,
                       real* rows) noexcept nogil
