"""The only place that decides how many threads run, and that touches OpenMP's own functions."""
import os

cdef extern from *:
    """
    #ifdef _OPENMP
    #include <omp.h>
    #include <pthread.h>
    #define FASTNN_OPENMP 1
    /* GNU OpenMP's workers do not survive a fork and the child would wait for them for ever: give
     * them up before forking, in parent and child they are born again at the next call. */
    static void fastnn_before_fork(void) { omp_pause_resource_all(omp_pause_hard); }
    static int fastnn_survive_fork(void) { return pthread_atfork(fastnn_before_fork, NULL, NULL); }
    #else
    #define FASTNN_OPENMP 0
    static int fastnn_survive_fork(void) { return 0; }
    #endif
    """
    const bint FASTNN_OPENMP
    int fastnn_survive_fork() nogil

cdef extern from *:
    """
    /* What a thread of Python has asked for itself; 0: nothing. */
    static _Thread_local int fastnn_own_threads = 0;
    """
    int fastnn_own_threads

# One parallel call costs about 2.3 µs on two threads: below this many multiply-adds a core is done
# sooner alone.
cdef double SMALL_WORK = 400_000.0
cdef int MOST_THREADS = 1024
cdef int _num_threads = 1


def _positive(name, text):
    """Return the positive integer in the environment variable `name`, or None if it is not set."""
    if text is None or not text.strip():
        return None
    first = text.split(",")[0].strip()
    if not first.isdigit() or int(first) < 1:
        raise ImportError(f"{name}={text!r} is not a number of threads: expected an integer >= 1")
    return min(int(first), MOST_THREADS)


def _cgroup_cpus():
    """Return the CPUs that this process's control group allows (quota / period), or None."""
    try:
        with open("/sys/fs/cgroup/cpu.max") as file:
            quota, period = file.read().split()[:2]
        if quota == "max":
            return None
        return max(1, int(quota) // int(period))
    except (OSError, ValueError):
        pass
    try:
        with open("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") as file:
            allowed = int(file.read())
        with open("/sys/fs/cgroup/cpu/cpu.cfs_period_us") as file:
            each = int(file.read())
        return max(1, allowed // each) if allowed > 0 else None
    except (OSError, ValueError):
        return None


def default_num_threads():
    """Return the threads to use: FASTNN_NUM_THREADS, OMP_NUM_THREADS, or the CPUs allowed."""
    if not FASTNN_OPENMP:
        return 1
    for name in ("FASTNN_NUM_THREADS", "OMP_NUM_THREADS"):
        wanted = _positive(name, os.environ.get(name))
        if wanted is not None:
            return wanted
    try:
        cpus = len(os.sched_getaffinity(0))
    except AttributeError:
        cpus = os.cpu_count() or 1
    return min(cpus, _cgroup_cpus() or cpus, MOST_THREADS)


def has_openmp():
    """Say whether this build can run more than one thread."""
    return bool(FASTNN_OPENMP)


def set_num_threads(n):
    """Use `n` threads from now on; a call may still ask for its own number."""
    global _num_threads
    _num_threads = resolve(n)


def get_num_threads():
    """Return the number of threads that calls use."""
    return default_threads()


def set_own_threads(n):
    """Let calls from this thread of Python use `n` threads, None: as many as the others'.

    Returns what held before.
    """
    global fastnn_own_threads
    before = fastnn_own_threads or None
    fastnn_own_threads = 0 if n is None else resolve(n)
    return before


def set_small_work(double multiply_adds):
    """Run less work than this on one thread; returns what held before. Tests set 0."""
    global SMALL_WORK
    before = SMALL_WORK
    SMALL_WORK = multiply_adds
    return before


cdef int default_threads() noexcept nogil:
    return fastnn_own_threads or _num_threads


cdef double small_work() noexcept nogil:
    return SMALL_WORK


def resolve(n_threads):
    """Return the number of threads for a call that asks for `n_threads` (None: the default)."""
    if n_threads is None:
        return default_threads()
    if isinstance(n_threads, bool) or not hasattr(n_threads, "__index__"):
        raise TypeError(f"n_threads: expected an integer >= 1, got {n_threads!r}")
    wanted = n_threads.__index__()
    if wanted < 1 or wanted > MOST_THREADS:
        raise ValueError(f"n_threads: expected 1 to {MOST_THREADS}, got {wanted}")
    return wanted if FASTNN_OPENMP else 1


cdef int team(int n_threads, ptrdiff_t tasks, double multiply_adds) noexcept nogil:
    """Threads for `tasks` independent tasks that make `multiply_adds` between them."""
    if multiply_adds < SMALL_WORK or tasks < 2:
        return 1
    return n_threads if n_threads < tasks else <int>tasks


_num_threads = default_num_threads()
fastnn_survive_fork()
