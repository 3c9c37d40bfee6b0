"""A whole network as one program: many training steps, or batches of inference, in a single call.

Results depend on the network, the data and the batch size alone, never on the number of threads.
"""
from cpython.buffer cimport (
    PyBUF_FORMAT, PyBUF_STRIDES, PyBuffer_IsContiguous, PyBuffer_Release, PyObject_GetBuffer)
from cpython.pythread cimport (
    NOWAIT_LOCK, WAIT_LOCK, PyThread_acquire_lock, PyThread_allocate_lock, PyThread_free_lock,
    PyThread_release_lock, PyThread_type_lock)
from libc.stdint cimport int64_t
from libc.stdlib cimport free, malloc
from libc.string cimport strcmp

from fastnn._core.arena cimport plan_arena
from fastnn._core.batches cimport Figures, Run, Taken, now, run_batches
from fastnn._core.feed cimport FLOAT32, FLOAT64
from fastnn._core.kernels cimport CHAIN
from fastnn._core.loss cimport all_within, of_classes
from fastnn._core.memory cimport give, take
from fastnn._core.network cimport (
    Group, Head, Network, Update, address, free_network, make_heads, make_inputs, make_operations,
    make_values, set_arrays, set_update)
from fastnn._core.step cimport Phase, most_phases
from fastnn._core.threads cimport default_threads, small_work

import numpy as np

MOST_AXES = 8
cdef ptrdiff_t AHEAD = 256                  # steps whose rates are asked for at once, at least
cdef object LABELS = np.dtype(np.int64)


cdef class Program:
    """A network's operations in C, and the memory that they need; see fastnn/compiling.py."""
    cdef Network net
    cdef bint double_precision
    cdef ptrdiff_t planned, room            # samples that the arena is for; its bytes
    cdef int asked_threads
    cdef bint has_sums                      # whether it has room for those of many batches
    cdef double small_work
    cdef ptrdiff_t shape[8], label_shape[8]  # (MOST_AXES,) of a sample of x and of labels
    cdef int rank, label_rank               # of the first input, and of labels of the first output
    cdef object parameters, arrays          # what C points into
    cdef object array_type, real_dtype
    cdef PyThread_type_lock lock
    cdef object version                     # of the settings that net.update was made from
    cdef bint scheduled                     # whether they have a schedule of rates
    cdef object rates, schedule_version     # of steps ahead, by its version
    cdef ptrdiff_t n_rates

    def __cinit__(self, list instructions, list values, list outputs, list input_shapes,
                  list output_shapes, list preprocessing, parameters, gradients, steps, losses,
                  bint training):
        cdef int i
        self.array_type = type(parameters)
        self.real_dtype = parameters.dtype
        self.rank = len(input_shapes[0])
        self.label_rank = len(output_shapes[0]) - 1
        if max(map(len, input_shapes + output_shapes)) > MOST_AXES:
            raise ValueError(f"expected at most {MOST_AXES} axes, got {input_shapes}")
        for i in range(self.rank):
            self.shape[i] = input_shapes[0][i]
        for i in range(self.label_rank):
            self.label_shape[i] = output_shapes[0][i]
        self.parameters = parameters
        self.arrays = (instructions, preprocessing, gradients, steps, losses)
        self.lock = PyThread_allocate_lock()
        if self.lock == NULL:
            raise MemoryError("no memory for a program's lock")
        self.planned = -1
        self.double_precision = parameters.dtype.char == "d"
        self.net.training = training
        self.net.size = parameters.size
        self.net.parameters = address(parameters)
        self.net.gradients = address(gradients)
        self.net.steps = <int64_t*>address(steps)
        make_values(&self.net, values)
        if self.double_precision:
            make_operations(&self.net, instructions, <const double*>NULL)
        else:
            make_operations(&self.net, instructions, <const float*>NULL)
        make_inputs(&self.net, input_shapes, preprocessing)
        make_heads(&self.net, outputs, losses)
        set_update(&self.net.update, None)

    def __dealloc__(self):
        free_network(&self.net)
        give(self.net.arena)
        if self.lock != NULL:
            PyThread_free_lock(self.lock)

    cdef void hold(self) noexcept:
        """Wait until no other thread runs the program; then `PyThread_release_lock`."""
        if not PyThread_acquire_lock(self.lock, NOWAIT_LOCK):
            with nogil:
                PyThread_acquire_lock(self.lock, WAIT_LOCK)

    def plan(self, ptrdiff_t samples, int n_threads):
        """Return the bytes that batches of so many samples take."""
        cdef ptrdiff_t size
        self.hold()
        size = self.place(samples, n_threads)
        self.planned = -1
        PyThread_release_lock(self.lock)
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
        cdef bint sums = self.net.group.batches > CHAIN
        if (samples == self.planned and n_threads == self.asked_threads
                and small_work() == self.small_work and sums <= self.has_sums):
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
        self.asked_threads = n_threads
        self.has_sums = sums
        self.small_work = small_work()
        return True

    def run(self, tuple data, ptrdiff_t first, ptrdiff_t stop, ptrdiff_t batch, *,
            optimizer=None, bint counts_right=False, outputs=None, augment=None,
            ptrdiff_t accumulate=1, ends=None, ptrdiff_t row=0, bint penalised=True,
            double seconds=1e9):
        """Run batches until `stop`, a loss that is not finite, or until the seconds are over.

        `data` is (arrays, targets, weight, order): an array for each input, one for each output,
        which holds labels if it is of integers, and what each sample counts; targets, weight and
        order may be None. An optimizer's `rule` is followed after each update, and its steps are
        counted, also if a signal has come meanwhile. An update takes the gradients of `accumulate`
        batches, added up; or, once, of all, which end where `ends` says. Noise counts rows from
        `row` on. Without `penalised` gradients lack those of penalties. Rows go to the arrays
        `outputs`. Images are changed first as an `AugmentPlan` says. Returns a list of (loss,
        weight, right decisions, penalty), one for each update done.
        """
        cdef ptrdiff_t i, updates = 1
        cdef Figures* figures
        cdef Group* group = &self.net.group
        batch = max(<ptrdiff_t>1, min(batch, stop - first))
        if ends is None:
            updates = ((stop - first + batch - 1) // batch + accumulate - 1) // accumulate
        figures = <Figures*>malloc(updates * sizeof(Figures))
        x, targets, weight, order = data
        if figures == NULL:
            raise MemoryError(f"no memory for the figures of {updates} updates")
        try:
            self.hold()
            try:
                self.follow(optimizer, updates)
                group.batches = accumulate if ends is None else len(ends)
                group.ends = <const int64_t*>address(ends)
                group.row = row
                group.penalised = penalised
                self.net.weight = address(weight)
                self.net.order = <const int64_t*>address(order)
                set_arrays(&self.net, x, targets, outputs, augment)
                self.net.counts_right = counts_right
                updates = self.make_batches(first, stop, batch, optimizer, seconds, figures)
            finally:
                PyThread_release_lock(self.lock)
            return [(figures[i].loss, figures[i].weight, figures[i].right, figures[i].penalty)
                    for i in range(updates)]
        finally:
            free(figures)

    def step(self, x, labels, optimizer):
        """One training step on plain arrays: of the network's dtype, contiguous, labels int64.

        Returns the loss, or None for anything else, or a NaN: `run` has all that then matters. A
        step leaves the caches of the interpreter cold, so what runs between steps shall be short.
        """
        cdef Py_buffer given, wanted
        cdef Figures figures
        cdef bint sound = False
        if not (isinstance(x, self.array_type) and isinstance(labels, self.array_type)
                and x.dtype is self.real_dtype and labels.dtype is LABELS):
            return None
        self.hold()
        try:
            PyObject_GetBuffer(x, &given, PyBUF_FORMAT | PyBUF_STRIDES)
            try:
                PyObject_GetBuffer(labels, &wanted, PyBUF_FORMAT | PyBUF_STRIDES)
                try:
                    if self.admits(&given, &wanted):
                        self.follow(optimizer, 1)
                        self.net.weight = NULL
                        self.net.order = self.net.feed.order = self.net.head.target.order = NULL
                        self.net.feed.source = FLOAT64 if self.double_precision else FLOAT32
                        self.net.feed.x = given.buf
                        self.net.feed.augment = NULL
                        self.net.head.target.labels = <const int64_t*>wanted.buf
                        self.net.head.target.rows = self.net.head.outputs = NULL
                        self.net.counts_right = False
                        self.net.group.batches, self.net.group.ends = 1, NULL
                        self.net.group.row, self.net.group.penalised = 0, True
                        self.make_batches(0, given.shape[0], given.shape[0], optimizer, 0, &figures)
                        figures.loss += figures.penalty
                        sound = figures.loss == figures.loss
                finally:
                    PyBuffer_Release(&wanted)
            finally:
                PyBuffer_Release(&given)
        finally:
            PyThread_release_lock(self.lock)
        return figures.loss if sound else None

    cdef bint follow(self, optimizer, ptrdiff_t batches) except False:
        """Make an optimizer's rule the network's, or none; asks for it if it may have changed."""
        version = None if optimizer is None else optimizer.version
        if version is None or version != self.version:
            rule = None if optimizer is None else optimizer.rule(self.parameters)
            set_update(&self.net.update, rule)
            self.scheduled = rule is not None and rule[2].get("scheduled", False)
            self.rates = None
            self.version = None if optimizer is None else optimizer.version
        self.net.update.steps = 0 if optimizer is None else optimizer.steps
        if self.scheduled:
            self.look_ahead(optimizer, batches)
        return True

    cdef bint look_ahead(self, optimizer, ptrdiff_t batches) except False:
        """Have the rates of so many steps ready, and of some more."""
        cdef Update* update = &self.net.update
        version = optimizer.learning_rate.version
        if (self.rates is None or version != self.schedule_version
                or update.steps < update.rates_from
                or update.steps + batches > update.rates_from + self.n_rates):
            self.rates = optimizer.rates(max(batches, AHEAD))
            self.n_rates = len(self.rates)
            self.schedule_version = version
            update.rates = <const double*>address(self.rates)
            update.rates_from = update.steps
        return True

    cdef bint admits(self, const Py_buffer* x, const Py_buffer* labels) noexcept:
        """Whether these are a batch and its labels, as `step` wants them."""
        cdef ptrdiff_t n, i
        cdef const char* real_format = b"d" if self.double_precision else b"f"
        cdef const Head* head = self.net.head
        if (self.net.n_inputs > 1 or self.net.n_heads > 1
                or not of_classes(&head.loss) or not self.net.training
                or x.ndim != self.rank + 1 or labels.ndim != self.label_rank + 1
                or strcmp(x.format, real_format) or strcmp(labels.format, b"l")
                or not (PyBuffer_IsContiguous(x, b"C") and PyBuffer_IsContiguous(labels, b"C"))):
            return False
        n = x.shape[0]
        if n == 0 or labels.shape[0] != n:
            return False
        for i in range(self.rank):
            if x.shape[1 + i] != self.shape[i]:
                return False
        for i in range(self.label_rank):
            if labels.shape[1 + i] != self.label_shape[i]:
                return False
        return all_within(<const int64_t*>labels.buf, n * head.loss.positions,
                          head.loss.channels)

    cdef ptrdiff_t make_batches(self, ptrdiff_t first, ptrdiff_t stop, ptrdiff_t batch, optimizer,
                                double seconds, Figures* figures) except -1:
        """Run batches of what `net.feed` holds; returns for how many updates there was time."""
        cdef Run run
        self.make_room(min(batch, stop - first), default_threads())
        self.net.first = first
        self.net.group.size = batch
        self.net.group.part = 0
        run.net = &self.net
        run.stop = stop
        run.done = run.updates = 0
        run.finished = False
        run.deadline = now() + seconds
        run.figures = figures
        run.phase = <Phase*>malloc(most_phases(&self.net) * sizeof(Phase))
        run.taken = <Taken*>malloc(most_phases(&self.net) * self.net.threads * sizeof(Taken))
        try:
            if run.phase == NULL or run.taken == NULL:
                raise MemoryError(f"no memory for the phases of {self.net.n} operations")
            with nogil:
                if self.double_precision:
                    run_batches(&run, <const double*>NULL)
                else:
                    run_batches(&run, <const float*>NULL)
        finally:
            free(run.phase)
            free(run.taken)
        if optimizer is not None:
            # not by an assignment, whose Python code a signal that has come would stop
            vars(optimizer)["steps"] += run.updates
        return run.done
