"""Batches of samples, one row each, to lane packs and back."""
from cython.parallel cimport parallel, prange

from fastnn._core.kernels cimport (
    LANES, enter_fast_mode, lanes_to_rows, leave_fast_mode, real, rows_to_lanes)
from fastnn._core.memory cimport give, take
from fastnn._core.threads cimport team

# Moving a number costs about as much as this many multiply-adds.
cdef double MOVE = 16


cdef class AlignedMemory:
    """Bytes that start on a cache line, behind the buffer protocol (NumPy itself aligns to 16)."""
    cdef void* start
    cdef Py_ssize_t size
    cdef Py_ssize_t stride

    def __cinit__(self, Py_ssize_t size):
        self.size = size
        self.stride = 1
        self.start = take(size)
        if self.start == NULL:
            raise MemoryError(f"no memory for {size} bytes")

    def __dealloc__(self):
        give(self.start)

    def __getbuffer__(self, Py_buffer* buffer, int flags):
        buffer.buf = self.start
        buffer.obj = self
        buffer.len = self.size
        buffer.itemsize = 1
        buffer.format = NULL
        buffer.ndim = 1
        buffer.shape = &self.size
        buffer.strides = &self.stride
        buffer.suboffsets = NULL
        buffer.readonly = 0
        buffer.internal = NULL


cdef void pack_chunk(
        const real* rows,           # IN   (samples, features)
        ptrdiff_t features, ptrdiff_t samples,
        bint zero,                  #      empty lanes: zeros, else copies of the last sample
        real* packs) noexcept nogil:        # OUT  (features, LANES), overwritten
    cdef const real* row[16]
    cdef ptrdiff_t lane, feature
    for lane in range(LANES):
        row[lane] = rows + min(lane, samples - 1) * features
    rows_to_lanes(row, features, packs, LANES)
    if zero and samples < LANES:
        for feature in range(features):
            for lane in range(samples, LANES):
                packs[feature * LANES + lane] = 0


cdef void unpack_chunk(
        const real* packs,          # IN   (features, LANES)
        ptrdiff_t features, ptrdiff_t samples,
        real* rows) noexcept nogil:         # OUT  (samples, features), overwritten
    cdef real* row[16]
    cdef ptrdiff_t lane
    for lane in range(samples):
        row[lane] = rows + lane * features
    lanes_to_rows(packs, features, samples, row)


def pack(
        const real[:, ::1] rows,        # IN   (N, features)
        real[:, ::1] packs,             # OUT  (chunks, features·LANES), overwritten
        bint zero, int n_threads):
    cdef ptrdiff_t samples = rows.shape[0], features = rows.shape[1], chunk
    cdef ptrdiff_t chunks = packs.shape[0]
    cdef int threads = team(n_threads, chunks, MOVE * samples * features)
    cdef unsigned long long mode
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for chunk in prange(chunks, schedule="static"):
            pack_chunk(&rows[chunk * LANES, 0], features,
                       min(<ptrdiff_t>LANES, samples - chunk * LANES), zero, &packs[chunk, 0])
        leave_fast_mode(mode)


def unpack(
        const real[:, ::1] packs,       # IN   (chunks, features·LANES)
        real[:, ::1] rows,              # OUT  (N, features), overwritten
        int n_threads):
    cdef ptrdiff_t samples = rows.shape[0], features = rows.shape[1], chunk
    cdef ptrdiff_t chunks = packs.shape[0]
    cdef int threads = team(n_threads, chunks, MOVE * samples * features)
    cdef unsigned long long mode
    with nogil, parallel(num_threads=threads):
        mode = enter_fast_mode()
        for chunk in prange(chunks, schedule="static"):
            unpack_chunk(&packs[chunk, 0], features,
                         min(<ptrdiff_t>LANES, samples - chunk * LANES), &rows[chunk * LANES, 0])
        leave_fast_mode(mode)
