"""Pictures of what a network learns, as scikit-learn's displays: one line to make, one to save.

A display holds the numbers of a picture; `plot` draws them, as often as you like:

    display = fn.plots.FilterDisplay.from_estimator(net)
    display.figure_.savefig("filters.png")

`from_estimator` takes a network, or an estimator that keeps one in its attribute `network_`. The
pictures need matplotlib: ``pip install 'fastnn[plots]'``. They can be read without seeing colours,
and in black and white: classes and curves differ in markers and dashes, bars in hatches, and
colours of numbers grow brighter with the number.
"""

from .activations import ActivationDisplay
from .filters import FilterDisplay
from .gradient_flow import GradientFlowDisplay
from .hidden_space import HiddenSpaceDisplay
from .training_history import TrainingHistoryDisplay

__all__ = [
    "ActivationDisplay",
    "FilterDisplay",
    "GradientFlowDisplay",
    "HiddenSpaceDisplay",
    "TrainingHistoryDisplay",
]
