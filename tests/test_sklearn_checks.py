"""scikit-learn's own checks of estimators, every one of them, in several settings."""

import pytest

pytest.importorskip("sklearn")
from sklearn.utils.estimator_checks import parametrize_with_checks

from fastnn.sklearn import CNNClassifier, CNNRegressor, MLPClassifier, MLPRegressor

# some checks fit on very few samples, or give y as a column: that is what the warnings say
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore::sklearn.exceptions.DataConversionWarning",
)
KINDS = MLPClassifier, MLPRegressor, CNNClassifier, CNNRegressor
SETTINGS = {}, {"early_stopping": True}, {"dtype": "float64"}


@parametrize_with_checks([kind(**how) for kind in KINDS for how in SETTINGS])
def test_check(estimator, check):
    check(estimator)
