from libc.stddef cimport size_t

cdef void* take(size_t size) noexcept
cdef void give(void* memory) noexcept
