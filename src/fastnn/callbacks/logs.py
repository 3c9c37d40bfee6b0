"""Callbacks that write figures down: CSVLog, LearningRateLog, TensorBoard."""

import csv
import os

from fastnn.checks import extra


class CSVLog:
    """Write the figures of every epoch to a file of comma-separated values, at once.

    Parameters
    ----------
    path : path-like
    append : bool
        Whether to go on in a file that is there, which shall have the same columns, rather than
        replace it.

    Raises
    ------
    ValueError
        If the columns of the file that is there are others.

    Examples
    --------
    >>> import pathlib, tempfile, fastnn as fn
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "log.csv"
    >>> net = fn.Sequential([fn.layers.Dense(2)], input_shape=(1,))
    >>> how = {"callbacks": [fn.callbacks.CSVLog(path)], "verbose": 0}
    >>> history = net.fit([[0.0], [1.0]], [0, 1], epochs=2, **how)
    >>> path.read_text().splitlines()[0]
    'epoch,loss,accuracy,seconds,samples_per_second'
    """

    def __init__(self, path, *, append=False):
        self.path, self.append = os.fspath(path), bool(append)
        self._file = None

    def on_train_begin(self, net, logs):
        """Open the file."""
        self._columns, self._written = None, []
        if self.append and os.path.exists(self.path):
            with open(self.path, newline="") as file:
                self._columns = next(csv.reader(file), None)
        self._file = open(self.path, "a" if self.append else "w", newline="")  # noqa: SIM115
        self._rows = csv.writer(self._file, lineterminator="\n")

    def on_epoch_end(self, net, logs):
        """Write a row."""
        if self._columns is None:
            self._columns = list(logs)
            self._rows.writerow(self._columns)
        if self._columns != list(logs):
            raise ValueError(
                f"CSVLog: expected the columns {', '.join(self._columns)} of {self.path}, "
                f"got {', '.join(logs)}"
            )
        self._written.append(list(logs.values()))
        self._rows.writerow(self._written[-1])
        self._file.flush()

    def state(self):
        """What a checkpoint keeps: the rows so far."""
        return {"columns": self._columns, "rows": self._written}, {}

    def restore(self, net, about, arrays):
        """Write the rows of before, unless they are in the file already."""
        self._columns, self._written = about["columns"], about["rows"]
        if not self.append and self._written:
            self._rows.writerows([self._columns, *self._written])
            self._file.flush()

    def on_train_end(self, net, logs):
        """Close the file."""
        if self._file is not None:
            self._file.close()
        self._file = None


class LearningRateLog:
    """Add the optimizer's learning rate to the figures of every epoch.

    Examples
    --------
    >>> import fastnn as fn
    >>> net = fn.Sequential([fn.layers.Dense(2)], input_shape=(1,))
    >>> rates = fn.callbacks.LearningRateLog()
    >>> how = {"optimizer": fn.optimizers.SGD(0.1), "callbacks": [rates], "verbose": 0}
    >>> net.fit([[0.0], [1.0]], [0, 1], epochs=2, **how)["learning_rate"]
    [0.1, 0.1]
    """

    def on_epoch_end(self, net, logs):
        """Add it."""
        logs["learning_rate"] = float(net.optimizer.rate)


class TensorBoard:
    """Write figures for TensorBoard: those of training and of validation as two runs of a folder.

    Needs tensorboardX, a small package that only writes: ``pip install 'fastnn[tensorboard]'``.

    Parameters
    ----------
    folder : path-like
        Gets `train` and `validation`. A second `fit` writes to the same two, its epochs counted
        from its `initial_epoch`.
    """

    def __init__(self, folder):
        self.folder = os.fspath(folder)
        self._writer_of = extra("TensorBoard", "tensorboardX", "tensorboard").SummaryWriter
        self._writers = {}

    def on_epoch_end(self, net, logs):
        """Write a point of every curve."""
        for name, value in logs.items():
            if name != "epoch":
                run = "validation" if name.startswith("val_") else "train"
                writer = self._writer(run)
                writer.add_scalar(name.removeprefix("val_"), value, logs["epoch"])
        for writer in self._writers.values():
            writer.flush()

    def on_train_end(self, net, logs):
        """Close the files."""
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def _writer(self, run):
        if run not in self._writers:
            self._writers[run] = self._writer_of(os.path.join(self.folder, run))
        return self._writers[run]
