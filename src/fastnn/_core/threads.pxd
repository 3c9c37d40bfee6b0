# How many threads a call may use, and how many its work deserves.
cdef int team(int n_threads, ptrdiff_t tasks, double multiply_adds) noexcept nogil
