"""What watches a training run.

A callback is any object with some of the methods below; each is called with the network and a dict
of what is known at that moment:

    on_train_begin(net, logs)   epochs, initial_epoch, batches (an epoch), samples
    on_epoch_begin(net, logs)   epoch, counted from 0
    on_batch_begin(net, logs)   epoch, batch, counted from 0
    on_batch_end(net, logs)     epoch, batch, loss
    on_progress(net, logs)      epoch, batches, samples, loss, accuracy: of the epoch so far
    on_check(net, logs)         the same, other metrics, and val_…
    on_epoch_end(net, logs)     epoch, loss, accuracy, val_…, seconds, samples_per_second
    on_resumable(net, logs)     epoch, batches: where a checkpoint would have training go on
    on_train_end(net, logs)     what the last epoch ended with

Programs make many steps a call. `on_progress` is called where they come back, every 0.1 s or at the
end of an epoch, and costs next to nothing; while somebody has `on_batch_begin` or `on_batch_end`,
every batch is a call of its own. A callback with a number `every` has its `on_check` called after
so many batches, counted over the whole `fit`: the validation data are evaluated for it.

With gradient accumulation a batch here is all that make one update; the loss is their mean.

To end training, raise `StopTraining("why")` from any of these but the last. All callbacks still
hear of that moment. If it comes within an epoch, this one ends there, and its figures are those of
the batches so far; `history.stopped` says why. Callbacks are called in their order. What one writes
into the logs of `on_epoch_end` the others behind it see, and the history keeps.

>>> import fastnn as fn
>>> class GoodEnough:
...     def on_epoch_end(self, net, logs):
...         if logs["loss"] < 0.5:
...             raise fn.callbacks.StopTraining("good enough")
>>> net = fn.Sequential([fn.layers.Dense(2)], input_shape=(1,))
>>> history = net.fit([[0.0], [1.0]], [0, 1], epochs=5000, callbacks=[GoodEnough()], verbose=0)
>>> history.stopped, len(history["loss"]) < 5000
('good enough', True)
"""

from fastnn.callbacks.averaging import WeightAverage
from fastnn.callbacks.hooks import HOOKS, Callbacks, StopTraining
from fastnn.callbacks.logs import CSVLog, LearningRateLog, TensorBoard
from fastnn.callbacks.progress import Progress, ProgressLine
from fastnn.callbacks.stopping import EarlyStopping, TimeBudget

__all__ = [
    "HOOKS",
    "CSVLog",
    "Callbacks",
    "Checkpoint",
    "EarlyStopping",
    "LearningRateLog",
    "Progress",
    "ProgressLine",
    "StopTraining",
    "TensorBoard",
    "TimeBudget",
    "WeightAverage",
]


def __getattr__(name):
    if name != "Checkpoint":
        raise AttributeError(f"module 'fastnn.callbacks' has no attribute {name!r}")
    from fastnn.checkpoints import Checkpoint  # which needs more of the package than others do

    globals()[name] = Checkpoint
    return Checkpoint
