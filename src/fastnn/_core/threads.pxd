# How many threads a call's work deserves of those it may use, and how many those are by default.
cdef int team(int n_threads, ptrdiff_t tasks, double multiply_adds) noexcept nogil

cdef int default_threads() noexcept nogil
cdef double small_work() noexcept nogil

cdef extern from *:
    """
    #ifndef FASTNN_TEAM
    #define FASTNN_TEAM
    #ifdef _OPENMP
    static inline void fastnn_barrier(void) { _Pragma("omp barrier") }
    #else
    static inline void fastnn_barrier(void) { }
    #endif
    static inline ptrdiff_t fastnn_next_task(ptrdiff_t *next, int threads) {
        /* alone, without the price of an atomic addition: small networks have many tasks */
        return threads == 1 ? (*next)++ : __atomic_fetch_add(next, 1, __ATOMIC_RELAXED);
    }
    #endif
    """
    # Inside a parallel region: wait for all of its threads.
    void barrier "fastnn_barrier"() noexcept nogil
    # Take the next of some numbered tasks, each of which one thread of so many gets.
    ptrdiff_t next_task "fastnn_next_task"(ptrdiff_t* next, int threads) noexcept nogil
