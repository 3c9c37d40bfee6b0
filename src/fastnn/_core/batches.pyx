"""Batch after batch of a network, by one team of threads and without the interpreter's lock.

    for each batch
        for each phase (step.pyx)
            threads take tasks until there are none left, and wait for each other

Several batches may make one update, a group; a run comes to its end between groups only.
"""
from cython.parallel cimport parallel, threadid
from libc.string cimport memset
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

from fastnn._core.kernels cimport enter_fast_mode, leave_fast_mode
from fastnn._core.network cimport Group, end_of_batch
from fastnn._core.output cimport all_right, total_loss, start_batch
from fastnn._core.rule cimport NO_UPDATE
from fastnn._core.step cimport list_phases, run_task, tasks_of_owner
from fastnn._core.threads cimport barrier, next_task
from fastnn._core.upkeep cimport total_penalty


cdef double now() noexcept nogil:
    cdef timespec time
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec + 1e-9 * time.tv_nsec


cdef void begin_group(Run* run) noexcept nogil:
    """Let the next samples make an update."""
    cdef Group* group = &run.net.group
    cdef ptrdiff_t left = run.stop - run.net.first
    group.first = run.net.first
    group.stop = run.stop
    if group.ends == NULL and (left + group.size - 1) // group.size > group.batches:
        group.stop = group.first + group.size * group.batches


cdef void begin(Run* run, const real* which) noexcept nogil:
    """Make the next batch ready, if there is one, time for it, and the last one was sound."""
    cdef Network* net = run.net
    cdef Group* group = &net.group
    if group.part == 0:
        if net.first >= run.stop or (run.done and (net.unsound or now() > run.deadline)):
            run.finished = True
            return
        begin_group(run)
    net.samples = end_of_batch(group, group.part) - net.first
    group.closes = net.first + net.samples == group.stop
    start_batch(net, which)
    run.phases = list_phases(net, run.phase, which)
    memset(run.taken, 0, run.phases * net.threads * sizeof(Taken))


cdef void end(Run* run, const real* which) noexcept nogil:
    cdef Figures* figures = &run.figures[run.done]
    cdef Group* group = &run.net.group
    if group.part == 0:
        figures.weight = run.net.head[0].weight
        figures.penalty = total_penalty(run.net, which)
        figures.loss, figures.right = 0, 0
    figures.loss += total_loss(run.net, which)
    figures.right += all_right(run.net, which)
    run.net.first += run.net.samples
    if not (group.closes or run.net.unsound):
        group.part += 1
        return
    group.part = 0
    if run.net.unsound:
        run.net.update.steps -= 1
    else:
        run.updates += 1
        run.net.steps[0] += run.net.update.rule.kernel != NO_UPDATE
    run.done += 1


cdef void work(Run* run, int thread, const real* which) noexcept nogil:
    """What each thread of the team does."""
    cdef ptrdiff_t task, tasks
    cdef int p, turn, owner, threads = run.net.threads
    while not run.finished:
        for p in range(run.phases):
            for turn in range(threads):
                owner = (thread + turn) % threads
                tasks = tasks_of_owner(run.net, &run.phase[p], owner, which)
                task = next_task(&run.taken[p * threads + owner].tasks, threads)
                while task < tasks:
                    run_task(run.net, &run.phase[p], task, owner, thread, which)
                    task = next_task(&run.taken[p * threads + owner].tasks, threads)
            barrier()
        if thread == 0:
            end(run, which)
            begin(run, which)
        barrier()


cdef void run_batches(Run* run, const real* which) noexcept nogil:
    cdef int threads = run.net.threads
    cdef unsigned long long mode
    mode = enter_fast_mode()
    begin(run, which)
    if threads == 1:  # no team, whose beginning and end take as long as a small layer
        work(run, 0, which)
    leave_fast_mode(mode)
    if threads == 1:
        return
    with parallel(num_threads=threads):
        mode = enter_fast_mode()
        work(run, threadid(), which)
        leave_fast_mode(mode)
