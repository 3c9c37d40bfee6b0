"""scikit-learn's own checks of estimators, every one of them, in several settings."""

import pytest

pytest.importorskip("sklearn")
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import parametrize_with_checks

from fastnn.sklearn import CNNClassifier, CNNRegressor, MLPClassifier, MLPRegressor

# scikit-learn checks its MLP with max_iter=100 too, and lets it warn that this is little
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore::sklearn.exceptions.DataConversionWarning",
)
SETTINGS = [{}, {"early_stopping": True}, {"dtype": "float64"}]
MLPS = [kind(max_iter=100, **how) for kind in (MLPClassifier, MLPRegressor) for how in SETTINGS]
SMALL = {"filters": (4,), "hidden_layer_sizes": (10,), "learning_rate_init": 0.01}
CNNS = [
    kind(max_iter=100, **SMALL, **how) for kind in (CNNClassifier, CNNRegressor) for how in SETTINGS
]


@parametrize_with_checks([*MLPS, *CNNS])
def test_check(estimator, check):
    check(estimator)
