"""TrainingHistoryDisplay: the curves of training and validation."""

from .style import COLOURS, Canvas, check_matplotlib, finish, open_sides

UNITS = {"seconds": "seconds an epoch", "learning_rate": "learning rate"}


class TrainingHistoryDisplay:
    """Curves of training and validation, a panel a figure.

    Parameters
    ----------
    figures : dict of str to list of float
        What was measured, an entry an epoch; "val_loss" is the validation's curve beside "loss".
    epochs : list of int, optional
        Numbers of the epochs; from 1 by default.

    Attributes
    ----------
    figures, epochs
        As given.
    ax_ : Axes
        The first panel.
    axes_ : ndarray of Axes
        A panel a figure.
    figure_ : Figure

    Examples
    --------
    >>> import fastnn as fn
    >>> history = fn.History(loss=[0.9, 0.5, 0.4], val_loss=[1.0, 0.7, 0.8])
    >>> display = fn.plots.TrainingHistoryDisplay.from_history(history)
    >>> display.ax_.get_xlabel(), display.ax_.get_ylabel()
    ('epoch', 'loss')
    >>> display.figure_.savefig("curves.png")
    """

    def __init__(self, figures, epochs=None):
        self.figures = dict(figures)
        longest = max(map(len, self.figures.values()), default=0)
        self.epochs = list(range(1, longest + 1) if epochs is None else epochs)
        wrong = {name: len(curve) for name, curve in self.figures.items() if len(curve) != longest}
        if wrong or len(self.epochs) != longest:
            got = ", ".join(f"{n} of {name}" for name, n in wrong.items())
            raise ValueError(
                f"TrainingHistoryDisplay: expected {longest} entries for {longest} epochs, got "
                f"{got or f'{len(self.epochs)} epochs'}"
            )

    @classmethod
    def from_history(cls, history, *, names=None, ax=None, **kwargs):
        """Draw what `fit` returned.

        Parameters
        ----------
        history : History or dict of str to list of float
        names : list of str, optional
            Which figures; by default all but the seconds.
        ax : Axes, Figure or array of Axes, optional
            Where to draw; one Axes is split where there are several panels.
        **kwargs
            For `plot`.

        Returns
        -------
        TrainingHistoryDisplay

        Raises
        ------
        ValueError
            If there are no figures, or none of such a name.
        """
        check_matplotlib(f"{cls.__name__}.from_history")
        first = getattr(history, "initial_epoch", 0) + 1  # as progress counts them
        longest = max(map(len, history.values()), default=0)
        display = cls(history, range(first, first + longest))
        return display.plot(ax=ax, names=names, **kwargs)

    @classmethod
    def from_estimator(cls, estimator, X=None, y=None, *, names=None, ax=None, **kwargs):
        """Draw the history of a fitted estimator, which is in its attribute `history_`.

        Parameters
        ----------
        estimator : object
        X, y
            Not used: the history is known.
        names, ax, **kwargs
            As for `from_history`.

        Returns
        -------
        TrainingHistoryDisplay
        """
        history = getattr(estimator, "history_", None)
        if history is None:
            raise TypeError(
                f"{cls.__name__}.from_estimator: expected an estimator with a history_, got "
                f"{type(estimator).__name__}; of a network's own training give what fit returned: "
                f"{cls.__name__}.from_history(net.fit(...))"
            )
        return cls.from_history(history, names=names, ax=ax, **kwargs)

    def plot(self, ax=None, *, names=None, log=False):
        """Draw the curves.

        Parameters
        ----------
        ax, names
            As for `from_history`.
        log : bool
            Whether losses stand on a scale of powers of ten.

        Returns
        -------
        TrainingHistoryDisplay
            The display itself.
        """
        who = f"{type(self).__name__}.plot"
        names = self._names(who) if names is None else list(names)
        if not names or not self.epochs:
            raise ValueError(f"{who}: expected figures of an epoch at least, got none")
        for name in names:
            if name not in self.figures:
                raise ValueError(f"{who}: no figure {name!r}, there are {', '.join(self.figures)}")
        columns = 2 if len(names) == 4 else min(len(names), 3)
        canvas = Canvas(who, ax, len(names), columns=columns, size=(4.2, 3.2))
        for name, panel in zip(names, canvas.axes, strict=True):
            self._draw(panel, name)
            if log and "loss" in name:
                panel.set_yscale("log")
        return finish(self, canvas)

    def _names(self, who):
        """Figures that get a panel of their own."""
        beside = {f"val_{name}" for name in self.figures}
        return [name for name in self.figures if name != "seconds" and name not in beside]

    def _draw(self, panel, name):
        few = max(1, len(self.epochs) // 10)  # markers, so that long curves stay lines
        how = {"markevery": few, "markersize": 5}
        panel.plot(self.epochs, self.figures[name], "-o", color=COLOURS[0], label="training", **how)
        if (other := self.figures.get(f"val_{name}")) is not None:
            how |= {"color": COLOURS[1], "markerfacecolor": "white", "label": "validation"}
            panel.plot(self.epochs, other, "--s", **how)
            panel.legend(frameon=False)
        panel.set_xlabel("epoch")
        panel.set_ylabel(UNITS.get(name, name.replace("_", " ")))
        panel.xaxis.get_major_locator().set_params(integer=True)
        open_sides(panel)
