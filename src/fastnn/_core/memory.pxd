from libc.stddef cimport size_t

cdef extern from "<stdlib.h>" nogil:
    int posix_memalign(void**, size_t, size_t)


cdef inline void* aligned(size_t size) noexcept nogil:
    """`size` bytes that start on a cache line, or NULL; free with libc's free."""
    cdef void* memory = NULL
    if posix_memalign(&memory, 64, size + 64):
        return NULL
    return memory
