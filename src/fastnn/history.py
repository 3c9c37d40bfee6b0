"""History: the figures of a training run."""


class History(dict):
    """The figures of a training run: a list for each, with an entry an epoch."""

    def append(self, figures):
        """Add the figures of an epoch."""
        for name, value in figures.items():
            self.setdefault(name, []).append(value)
