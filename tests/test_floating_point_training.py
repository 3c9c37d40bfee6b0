"""No call of a network or a trainer changes its caller's floating-point mode, or depends on it."""

import ctypes
import platform
import signal
import threading

import numpy as np
import pytest

import fastnn as fn
from networks import SGD, L, Network, image

THREADS = [1, 2, 3]
SAMPLES = 77
MACHINE = platform.machine()
LIBC = ctypes.CDLL(None)
# the words of the C library's fenv_t that hold a mode, and the bits of them that do
MODE_WORDS = {"x86_64": {0: 0xFFFF, 7: 0xFFC0}, "aarch64": {0: 0xFFFFFFFF}}
FLUSH = {"x86_64": (7, 0x8040), "aarch64": (0, 1 << 24)}  # word, bits
UPWARD = {"x86_64": 0x800, "aarch64": 0x400000}  # of fesetround


@pytest.fixture(autouse=True)
def restore_num_threads():
    before = fn.get_num_threads()
    yield
    fn.set_num_threads(before)


knows_the_machine = pytest.mark.skipif(MACHINE not in MODE_WORDS, reason="needs x86_64 or aarch64")


def environment():
    words = (ctypes.c_uint32 * 16)()
    assert LIBC.fegetenv(words) == 0
    return words


def mode():
    """How this thread rounds, what it flushes and traps; not what has happened in it."""
    words = environment()
    return LIBC.fegetround(), *(words[at] & bits for at, bits in MODE_WORDS[MACHINE].items())


def as_usual():
    """Round to nearest, flush nothing: whatever this thread did before."""
    words, (at, bits) = environment(), FLUSH[MACHINE]
    words[at] &= ~bits
    assert LIBC.fesetenv(words) == 0
    assert LIBC.fesetround(0) == 0


def flushing():
    as_usual()
    words, (at, bits) = environment(), FLUSH[MACHINE]
    words[at] |= bits
    assert LIBC.fesetenv(words) == 0


def rounding_up():
    as_usual()
    assert LIBC.fesetround(UPWARD[MACHINE]) == 0


MODES = [as_usual, flushing, rounding_up]
NETWORK = image("mode", L.Activation("relu"), L.MaxPool2D(2))
OTHERS = [
    Network("mode, dense", (130,), [L.Standardize(), L.Dense(90, "tanh"), L.Rescale(0.5)]),
    Network("mode, numbers", (130,), [L.Dense(90)], loss="squared_error", target="numbers"),
]


class Stop(Exception):
    """What a callback raises."""


def stop(y_true, y_pred):
    """A metric that raises."""
    raise Stop


class Raise:
    """A callback that raises this error at this moment."""

    def __init__(self, error, hook):
        setattr(self, hook, self.stop)
        self.error = error

    def stop(self, net, logs):
        raise self.error


class Calls:
    """All that one calls of a network, each with the error that it ends in."""

    def __init__(self, network=NETWORK):
        self.trainer = network.trainer()
        self.net = self.trainer.net
        self.x, self.y, self.weight = network.batch(SAMPLES)
        self.with_nan = np.where(np.arange(self.x.size).reshape(self.x.shape) == 99, np.nan, self.x)
        self.table = {
            "step": (self.step, None),
            "loss_and_gradients": (lambda: self.trainer.loss_and_gradients(self.x, self.y), None),
            "predict": (lambda: self.net.predict(self.x), None),
            "forward, backward": (self.forward_and_backward, None),
            "fit": (self.fit, None),
            "evaluate": (lambda: self.net.evaluate(self.x, self.y, loss=network.loss), None),
            "step, wrong shape": (lambda: self.step(x=self.x[:, :-1]), ValueError),
            "step, text": (lambda: self.step(x=np.full(self.x.shape, "a")), TypeError),
            "step, targets too few": (lambda: self.step(y=self.y[1:]), ValueError),
            "step, NaN": (lambda: self.step(x=self.with_nan), ValueError),
            "step, weights below 0": (lambda: self.step(weight=-self.weight), ValueError),
            "predict, wrong shape": (lambda: self.net.predict(self.x[..., None]), ValueError),
            "backward, wrong shape": (self.wrong_backward, ValueError),
            "fit, NaN": (lambda: self.fit(x=self.with_nan), ValueError),
            "fit, stopped in a batch": (lambda: self.stopped(Stop(), "on_batch_end"), Stop),
            "fit, stopped in an epoch": (lambda: self.stopped(Stop(), "on_epoch_end"), Stop),
            "fit, Ctrl-C in a batch": (
                lambda: self.stopped(KeyboardInterrupt(), "on_batch_end"),
                KeyboardInterrupt,
            ),
            "fit, metric raises": (
                lambda: self.fit(metrics=[lambda t, p: 1 / 0]),
                ZeroDivisionError,
            ),
        }

    def step(self, x=None, y=None, weight=None):
        x, y = (self.x if x is None else x), (self.y if y is None else y)
        self.trainer.step(x, y, self.weight if weight is None else weight)

    def fit(self, x=None, **how):
        how = {"loss": self.trainer.loss, "batch_size": 37, "verbose": 0} | how
        self.net.fit(self.x if x is None else x, self.y, optimizer=SGD(1e-3), **how)

    def stopped(self, error, hook):
        self.fit(callbacks=[Raise(error, hook)])

    def forward_and_backward(self):
        self.net.backward(self.net.forward(self.x, training=True))

    def wrong_backward(self):
        self.net.forward(self.x)
        self.net.backward(self.x)

    def call(self, name):
        """Make a call and see it end as it should."""
        function, error = self.table[name]
        if error is None:
            function()
        else:
            with pytest.raises(error):
                function()


def in_a_thread(function):
    """The result of a function in a thread of its own, whose mode is its own too."""
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    assert found, "the thread raised"
    return found[0]


@knows_the_machine
@pytest.mark.parametrize("n_threads", THREADS)
@pytest.mark.parametrize("enter", MODES)
@pytest.mark.parametrize("network", [NETWORK, *OTHERS], ids=repr)
def test_no_call_changes_its_callers_mode(network, enter, n_threads):
    def changed():
        enter()
        before = mode()
        found = []
        for name in calls.table:
            calls.call(name)
            if mode() != before:
                found.append(name)
        return found, before

    fn.set_num_threads(n_threads)
    calls = Calls(network)
    found, before = in_a_thread(changed)
    assert not found
    as_usual()
    usual = mode()
    assert (before == usual) == (enter is as_usual)
    for name in calls.table:  # in the main thread
        calls.call(name)
        assert mode() == usual, name


@knows_the_machine
@pytest.mark.parametrize("enter", MODES)
def test_callbacks_and_metrics_run_in_the_callers_mode(enter):
    class Look:
        def __getattr__(self, hook):
            if not hook.startswith("on_"):
                raise AttributeError(hook)
            return lambda net, logs: seen.append(mode())

    def metric(y_true, y_pred):
        seen.append(mode())
        return 0.0

    def fit():
        enter()
        calls.fit(metrics=[metric], callbacks=[Look()], validation_data=(calls.x, calls.y))
        return mode()

    calls, seen = Calls(), []
    fn.set_num_threads(2)
    before = in_a_thread(fit)
    # train, epoch: begin and end; three batches: begin, end, progress, resumable; two metrics
    assert len(seen) == 18
    assert set(seen) == {before}


@knows_the_machine
def test_an_interrupted_fit_leaves_the_callers_mode():
    as_usual()
    calls, before = Calls(), mode()
    previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            calls.fit(epochs=10**6)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert mode() == before


@knows_the_machine
@pytest.mark.parametrize("n_threads", THREADS)
@pytest.mark.parametrize("modes", [(as_usual, flushing), (flushing, as_usual)])
def test_results_do_not_depend_on_whether_the_caller_flushes(modes, n_threads):
    def train():
        results = []
        for enter in modes:  # the workers keep the first mode
            enter()
            trainer = NETWORK.trainer()
            trainer.net.parameters *= 1e-12  # activations and gradients become subnormal
            losses = [trainer.step(x * 1e-30, y) for x, y, _ in batches]
            results.append((losses, trainer.net.parameters.tobytes()))
        return results

    batches = [NETWORK.batch(SAMPLES, key) for key in range(3)]
    fn.set_num_threads(n_threads)
    first, second = in_a_thread(train)
    assert first == second
