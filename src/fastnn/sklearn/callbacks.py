"""scikit-learn's callbacks, where the installed version has them (1.9 and newer)."""

import copy

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # an older version: nobody can set callbacks

    class CallbackSupportMixin:
        """Nothing."""

    def with_callbacks(method):
        """Return the method as it is."""
        return method


__all__ = ["CallbackSupportMixin", "Tasks", "with_callbacks"]


class Tasks:
    """The task of a fit and those of its iterations, of which callbacks hear, if there are any."""

    def __init__(self, estimator, iterations, x, y, sample_weight):
        self.estimator, self.context, self._iteration = estimator, None, None
        heard = "_skl_callbacks" in vars(estimator) or "_parent_callback_ctx" in vars(estimator)
        if heard and hasattr(estimator, "_init_callback_context"):
            self.context = estimator._init_callback_context(max_subtasks=iterations)
        metadata = {} if sample_weight is None else {"sample_weight": sample_weight}
        self._about = {"estimator": estimator, "X": x, "y": y, "metadata": metadata}

    def begin(self):
        """The fit begins."""
        if self.context is not None:
            self.context.call_on_fit_task_begin(**self._about)

    def begin_iteration(self):
        """An iteration begins."""
        if self.context is not None:
            self._iteration = self.context.subcontext(task_name="iteration")
            self._iteration.call_on_fit_task_begin(**self._about)

    def end_iteration(self):
        """An iteration has ended; return whether a callback wants no more of them."""
        if self.context is None:
            return False
        return self._iteration.call_on_fit_task_end(
            **self._about, reconstruction_attributes=self._fitted
        )

    def end(self):
        """The fit has ended."""
        if self.context is not None:
            self.context.call_on_fit_task_end(**self._about, reconstruction_attributes=self._fitted)

    def _fitted(self):
        """What makes a copy of the estimator one that can predict, and that training leaves be."""
        return {"network_": copy.deepcopy(self.estimator.network_)}
