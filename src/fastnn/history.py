"""History: the figures of a training run."""

import csv

from fastnn.checks import extra


class History(dict):
    """The figures of a training run: a list for each, with an entry an epoch.

    Attributes
    ----------
    stopped : str or None
        Why a callback ended training before its time.
    initial_epoch : int
        The number of the first epoch.

    Examples
    --------
    >>> import fastnn as fn
    >>> net = fn.Sequential([fn.layers.Dense(2)], input_shape=(1,))
    >>> history = net.fit([[0.0], [1.0]], [0, 1], epochs=3, verbose=0)
    >>> {name: len(figures) for name, figures in history.items()}
    {'loss': 3, 'accuracy': 3, 'seconds': 3}
    """

    def __init__(self, *figures, initial_epoch=0, **more):
        super().__init__(*figures, **more)
        self.stopped, self.initial_epoch = None, initial_epoch

    def append(self, figures):
        """Add the figures of an epoch."""
        for name, value in figures.items():
            self.setdefault(name, []).append(value)

    @property
    def epochs(self):
        """The numbers of the epochs, from `initial_epoch`."""
        longest = max(map(len, self.values()), default=0)
        return list(range(self.initial_epoch, self.initial_epoch + longest))

    def to_csv(self, path):
        """Write a table: a row an epoch, a column a figure, the first the number of the epoch.

        Parameters
        ----------
        path : path-like

        Examples
        --------
        >>> import pathlib, tempfile, fastnn as fn
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "history.csv"
        >>> fn.History(loss=[0.5, 0.25], accuracy=[0.75, 1.0]).to_csv(path)
        >>> print(path.read_text().strip())
        epoch,loss,accuracy
        0,0.5,0.75
        1,0.25,1.0
        """
        with open(path, "w", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(["epoch", *self])
            rows.writerows(zip(self.epochs, *self.values(), strict=True))

    def plot(self, path=None):
        """Draw the curves of training and validation, a panel a figure.

        Needs matplotlib: ``pip install 'fastnn[plots]'``. The figure is none of pyplot's; for one
        that is, or for axes of your own, there is `fastnn.plots.TrainingHistoryDisplay`.

        Parameters
        ----------
        path : path-like, optional
            Where to write the picture; its ending says in which format.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from_extra = extra("History.plot", "matplotlib.figure", "plots")
        from fastnn.plots import TrainingHistoryDisplay

        figure = from_extra.Figure(layout="constrained")
        display = TrainingHistoryDisplay.from_history(self, ax=figure)
        grid = display.ax_.get_gridspec()
        figure.set_size_inches(4.2 * grid.ncols, 3.2 * grid.nrows)
        if path is not None:
            figure.savefig(path, dpi=150)
        return figure
