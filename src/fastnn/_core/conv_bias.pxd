from fastnn._core.kernels cimport real

cdef ptrdiff_t add_bias_sums(const real* dy, ptrdiff_t positions, ptrdiff_t filters,
                             ptrdiff_t blocks, real* sums, real* dbias) noexcept nogil
