"""A whole network as one program: many training steps, or batches of inference, in a single call.

    with one team of threads, without the interpreter's lock
        for each batch
            for each phase (step.pyx)
                threads take tasks until there are none left, and wait for each other

Results depend on the network, the data and the batch size alone, never on the number of threads.
"""
from cpython.buffer cimport PyBUF_ANY_CONTIGUOUS, PyBuffer_Release, PyObject_GetBuffer
from cython.parallel cimport parallel, threadid
from libc.stdint cimport int64_t
from libc.stdlib cimport calloc, free, malloc
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

from fastnn._core.arena cimport plan_arena
from fastnn._core.feed cimport FLOAT32, FLOAT64, UINT8, Affine
from fastnn._core.kernels cimport LANES, enter_fast_mode, leave_fast_mode, real
from fastnn._core.memory cimport give, take
from fastnn._core.network cimport (
    ADAM, BINARY, CROSS_ENTROPY, NO_LOSS, NO_UPDATE, SGD, SQUARED, Buffer, Network)
from fastnn._core.operation cimport Operation, free_operation, make_affine, make_operation
from fastnn._core.output cimport all_right, mean_loss, start_batch
from fastnn._core.single cimport Layout, layout_after
from fastnn._core.step cimport Phase, list_phases, run_task
from fastnn._core.threads cimport barrier, next_task

import threading

_SOURCES = {"f": FLOAT32, "d": FLOAT64, "B": UINT8}         # by dtype.char
LOSSES = {"cross_entropy": CROSS_ENTROPY, "binary_cross_entropy": BINARY,
          "half_squared_error": SQUARED, "squared_error": SQUARED, "mean_squared_error": SQUARED}
_RULES = {"sgd": SGD, "adam": ADAM}

# What a batch gave.
cdef struct Figures:
    double loss, weight
    ptrdiff_t right

# A run over samples first … stop of the order, as its threads share it.
cdef struct Run:
    Network* net
    Phase* phase
    int phases
    ptrdiff_t stop, batch
    double deadline             # no batch starts after it
    Figures* figures            # of each batch
    ptrdiff_t done              # batches
    bint finished


cdef double now() noexcept nogil:
    cdef timespec time
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec + 1e-9 * time.tv_nsec


cdef void begin(Run* run, const real* which) noexcept nogil:
    """Make the next batch ready, if there is one and time for it."""
    cdef Network* net = run.net
    if net.first >= run.stop or (run.done and now() > run.deadline):
        run.finished = True
        return
    net.samples = min(run.batch, run.stop - net.first)
    start_batch(net, which)
    run.phases = list_phases(net, run.phase, which)


cdef void end(Run* run, const real* which) noexcept nogil:
    cdef Figures* figures = &run.figures[run.done]
    figures.loss = mean_loss(run.net, which)
    figures.weight = run.net.weight
    figures.right = all_right(run.net, which)
    run.net.first += run.net.samples
    run.done += 1


cdef void work(Run* run, int thread, const real* which) noexcept nogil:
    """What each thread of the team does."""
    cdef Phase* phase
    cdef ptrdiff_t task
    cdef int p
    while not run.finished:
        for p in range(run.phases):
            phase = &run.phase[p]
            task = next_task(&phase.next)
            while task < phase.tasks:
                run_task(run.net, phase, task, thread, which)
                task = next_task(&phase.next)
            barrier()
        if thread == 0:
            end(run, which)
            begin(run, which)
        barrier()


cdef void run_all(Run* run, const real* which) noexcept nogil:
    cdef int threads = run.net.threads
    cdef unsigned long long mode
    begin(run, which)
    with parallel(num_threads=threads):
        mode = enter_fast_mode()
        work(run, threadid(), which)
        leave_fast_mode(mode)


cdef void* address(object array) except? NULL:
    """Where a contiguous array's numbers stand; None is nowhere."""
    cdef Py_buffer buffer
    if array is None:
        return NULL
    PyObject_GetBuffer(array, &buffer, PyBUF_ANY_CONTIGUOUS)
    PyBuffer_Release(&buffer)
    return buffer.buf


cdef class Program:
    """A network's operations in C, and the memory that they need; see fastnn/program.py."""
    cdef Network net
    cdef Affine* affine
    cdef bint double_precision
    cdef ptrdiff_t planned, room            # samples that the arena is for; its bytes
    cdef int planned_threads
    cdef object parameters, arrays, lock    # what C points into

    def __cinit__(self, list instructions, list sizes, ptrdiff_t channels, list preprocessing,
                  parameters, gradients, loss, bint training):
        cdef int i
        self.parameters = parameters
        self.arrays = (instructions, preprocessing, gradients)
        self.lock = threading.Lock()
        self.planned = -1
        self.double_precision = parameters.dtype.char == "d"
        self.net.training = training
        self.net.n = len(instructions)
        self.net.op = <Operation*>calloc(self.net.n + 1, sizeof(Operation))
        self.net.n_values = len(sizes)
        self.net.value = <Buffer*>calloc(self.net.n_values, sizeof(Buffer))
        self.net.layout = <Layout*>calloc(self.net.n_values, sizeof(Layout))
        self.affine = <Affine*>calloc(len(preprocessing) + 1, sizeof(Affine))
        if (self.net.op == NULL or self.net.value == NULL or self.net.layout == NULL
                or self.affine == NULL):
            raise MemoryError(f"no memory for a program of {self.net.n} operations")
        self.net.parameters = address(parameters)
        self.net.gradients = address(gradients)
        for i in range(self.net.n_values):
            self.net.value[i].size = sizes[i] * LANES
        for i in range(self.net.n):
            if self.double_precision:
                make_operation(&self.net.op[i], instructions[i], training, <const double*>NULL)
            else:
                make_operation(&self.net.op[i], instructions[i], training, <const float*>NULL)
        self.net.layout[0] = Layout(sizes[0] // channels, channels)
        for i in range(self.net.n):
            self.net.layout[self.net.op[i].y] = layout_after(&self.net.op[i],
                                                             self.net.layout[self.net.op[i].x])
        for i in range(len(preprocessing)):
            make_affine(&self.affine[i], preprocessing[i])
        self.net.feed.affine = self.affine
        self.net.feed.n_affine = len(preprocessing)
        self.net.feed.features = sizes[0]
        if self.net.n:
            self.net.last = self.net.op[self.net.n - 1].y
            self.net.last_gradient = self.net.op[self.net.n - 1].dy
        self.net.feed.outputs = sizes[self.net.last]
        if loss is not None:
            self.net.loss.kind = LOSSES[loss["name"]]
            self.net.loss.scale = loss["scale"]
            self.net.loss.channels = loss["channels"]
            self.net.loss.positions = self.net.feed.outputs // self.net.loss.channels
            self.net.feed.positions = self.net.loss.positions

    def __dealloc__(self):
        cdef int i
        if self.net.op != NULL:
            for i in range(self.net.n):
                free_operation(&self.net.op[i])
        free(self.net.op)
        free(self.net.value)
        free(self.net.layout)
        free(self.affine)
        give(self.net.arena)

    def plan(self, ptrdiff_t samples, int n_threads):
        """Return the bytes that batches of so many samples take."""
        cdef ptrdiff_t size
        with self.lock:
            size = self.place(samples, n_threads)
            self.planned = -1
        return size

    cdef ptrdiff_t place(self, ptrdiff_t samples, int n_threads) noexcept:
        if self.double_precision:
            plan_arena(&self.net, n_threads, samples, <const double*>NULL)
            return self.net.arena_size * sizeof(double)
        plan_arena(&self.net, n_threads, samples, <const float*>NULL)
        return self.net.arena_size * sizeof(float)

    cdef bint make_room(self, ptrdiff_t samples, int n_threads) except False:
        """Place everything; memory that is there already is kept if it is enough."""
        cdef ptrdiff_t size
        if samples == self.planned and n_threads == self.planned_threads:
            return True
        self.planned = -1
        size = self.place(samples, n_threads)
        if size > self.room:
            give(self.net.arena)
            self.room = 0
            self.net.arena = take(size)
            if self.net.arena == NULL:
                raise MemoryError(f"no memory for batches of {samples} samples: {size} bytes")
            self.room = size
        self.planned = samples
        self.planned_threads = n_threads
        return True

    cdef void set_update(self, tuple update) except *:
        self.net.update.rule = NO_UPDATE
        if update is None:
            return
        rule, vectors, figures = update
        self.net.update.first = address(vectors[0]) if vectors else NULL
        self.net.update.second = address(vectors[1]) if len(vectors) > 1 else NULL
        self.net.update.rate = figures["learning_rate"]
        if rule == "sgd":
            self.net.update.momentum = figures["momentum"]
            self.net.update.nesterov = figures["nesterov"]
        else:
            self.net.update.beta1 = figures["beta1"]
            self.net.update.beta2 = figures["beta2"]
            self.net.update.epsilon = figures["epsilon"]
            self.net.update.steps = figures["steps"]
        self.net.update.rule = _RULES[rule]

    def run(self, tuple data, ptrdiff_t first, ptrdiff_t stop, ptrdiff_t batch, int n_threads, *,
            optimizer=None, bint counts_right=False, outputs=None, double seconds=1e9):
        """Run batches until `stop`, or until the seconds are over.

        `data` is (x, labels, target, weight, order); what is None is not there. An optimizer's
        `rule` is followed after each batch, and its steps are counted, also if a signal has come
        meanwhile. Rows of outputs go to `outputs`. Returns a list of (loss, weight, right
        decisions), one for each batch done.
        """
        cdef Run run
        cdef ptrdiff_t batches, i
        x, labels, target, weight, order = data
        run.phase = NULL
        run.figures = NULL
        with self.lock:
            try:
                batches = (stop - first + batch - 1) // batch
                self.make_room(min(batch, stop - first), n_threads)
                self.set_update(None if optimizer is None else optimizer.rule(self.parameters))
                self.net.feed.source = _SOURCES[x.dtype.char]
                self.net.feed.x = address(x)
                self.net.feed.labels = <const int64_t*>address(labels)
                self.net.feed.target = address(target)
                self.net.feed.weight = address(weight)
                self.net.feed.order = <const int64_t*>address(order)
                self.net.outputs = address(outputs)
                self.net.loss.counts_right = counts_right
                self.net.first = first
                run.net = &self.net
                run.stop = stop
                run.batch = batch
                run.done = 0
                run.finished = False
                run.deadline = now() + seconds
                run.phase = <Phase*>malloc((3 * self.net.n + 6) * sizeof(Phase))
                run.figures = <Figures*>malloc(batches * sizeof(Figures))
                if run.phase == NULL or run.figures == NULL:
                    raise MemoryError(f"no memory for the figures of {batches} batches")
                with nogil:
                    if self.double_precision:
                        run_all(&run, <const double*>NULL)
                    else:
                        run_all(&run, <const float*>NULL)
                if optimizer is not None:
                    optimizer.steps += run.done
                return [(run.figures[i].loss, run.figures[i].weight, run.figures[i].right)
                        for i in range(run.done)]
            finally:
                free(run.phase)
                free(run.figures)
