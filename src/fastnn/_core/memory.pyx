"""Memory for activations and scratch, on cache lines, kept for the next call.

Every step of training asks for the same blocks again. Given back to the system between calls they
would cost a page fault for each 4 KiB at the next touch, up to a tenth of a small network's step.
So blocks that were given back wait here, a bounded number of them; the interpreter's lock guards
the list.
"""
from libc.stdlib cimport free

cdef extern from *:
    """
    #include <stdlib.h>
    #include <sys/mman.h>
    /* Large blocks in large pages, where the system has them: a processor keeps the places of 2048
     * pages or so at hand, of 4 KiB each that is 8 MiB. */
    static int fastnn_allocate(void **memory, size_t size) {
        const size_t page = 2 << 20;
        const int large = size >= 2 * page;
        if (posix_memalign(memory, large ? page : 64, size)) return 0;
    #ifdef MADV_HUGEPAGE
        if (large) madvise(*memory, size, MADV_HUGEPAGE);
    #endif
        return 1;
    }
    """
    bint allocate "fastnn_allocate"(void** memory, size_t size) noexcept nogil

cdef enum:
    LINE = 64                           # a cache line: in front of a block it holds the size
    MOST_BLOCKS = 64                    # kept at once

cdef size_t MOST_BYTES = 256 << 20      # kept at once
cdef void* kept[64]
cdef int n_kept = 0
cdef size_t kept_bytes = 0


cdef inline size_t* size_of(void* memory) noexcept:
    return <size_t*>(<char*>memory - LINE)


cdef void* remove(int index) noexcept:
    """Take block `index` off the list; the others keep their order, the oldest first."""
    global n_kept, kept_bytes
    cdef void* memory = kept[index]
    cdef int i
    n_kept -= 1
    kept_bytes -= size_of(memory)[0]
    for i in range(index, n_kept):
        kept[i] = kept[i + 1]
    return memory


cdef void* take(size_t size) noexcept:
    """`size` bytes that start on a cache line, or NULL; to be given back by `give`."""
    cdef void* memory = NULL
    cdef size_t have
    cdef int i
    for i in range(n_kept - 1, -1, -1):
        have = size_of(kept[i])[0]
        if size <= have <= size + size // 4 + LINE:
            return remove(i)
    if not allocate(&memory, size + 2 * LINE):
        return NULL
    memory = <char*>memory + LINE
    size_of(memory)[0] = size
    return memory


cdef void give(void* memory) noexcept:
    """Give back what `take` returned; NULL is nothing."""
    global n_kept, kept_bytes
    cdef size_t size
    if memory == NULL:
        return
    size = size_of(memory)[0]
    if size > MOST_BYTES:
        free(size_of(memory))
        return
    while n_kept == MOST_BLOCKS or (n_kept and kept_bytes + size > MOST_BYTES):
        free(size_of(remove(0)))
    kept[n_kept] = memory
    n_kept += 1
    kept_bytes += size
