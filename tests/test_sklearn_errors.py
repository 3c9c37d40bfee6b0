"""Bad input: one clear error with the numbers, before anything is trained."""

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn.datasets import load_iris

import fastnn as fn
from fastnn.sklearn import CNNClassifier, CNNRegressor, MLPClassifier, MLPRegressor

X, Y = load_iris(return_X_y=True)
IMAGES = np.zeros((10, 6, 5))

PARAMETERS = [
    ({"hidden_layer_sizes": (0,)}, ValueError, r"hidden_layer_sizes must be > 0, got \[0\]"),
    ({"hidden_layer_sizes": -3}, ValueError, r"must be > 0, got \[-3\]"),
    ({"hidden_layer_sizes": (2.5,)}, TypeError, r"hidden_layer_sizes as integers.*2\.5"),
    ({"hidden_layer_sizes": "many"}, TypeError, "hidden_layer_sizes as integers.*many"),
    ({"solver": "adagrad"}, ValueError, 'solver "adam" or "sgd" or "lbfgs", got \'adagrad\''),
    ({"activation": "rellu"}, ValueError, "unknown activation 'rellu': did you mean 'relu'"),
    ({"activation": ["relu", "tanh"]}, ValueError, "a list of 1, one for each.*got 2"),
    ({"activation": 3}, TypeError, "name of activation.*3"),
    ({"alpha": -1}, ValueError, "alpha as a number of at least 0, got -1"),
    ({"alpha": "little"}, TypeError, "alpha as a number.*little"),
    ({"alpha": np.nan}, ValueError, "alpha.*nan"),
    ({"batch_size": 0}, ValueError, "batch_size as an integer of at least 1, got 0"),
    ({"batch_size": "all"}, ValueError, "batch_size \"auto\", got 'all'"),
    ({"learning_rate": "cosine"}, ValueError, "learning_rate.*cosine"),
    ({"learning_rate_init": 0}, ValueError, "learning_rate_init as a number of more than 0, got 0"),
    ({"power_t": -0.5}, ValueError, r"power_t.*-0\.5"),
    ({"max_iter": 0}, ValueError, "max_iter as an integer of at least 1, got 0"),
    ({"max_iter": 2.0}, TypeError, r"max_iter.*2\.0"),
    ({"shuffle": "yes"}, TypeError, "shuffle to be True or False, got 'yes'"),
    ({"tol": -1}, ValueError, "tol.*-1"),
    ({"verbose": -1}, TypeError, "verbose.*-1"),
    ({"momentum": 1.5}, ValueError, r"momentum as a number from 0 to 1, got 1\.5"),
    ({"beta_1": 1}, ValueError, "beta_1 as a number from 0 to 1, which it may not be, got 1"),
    ({"epsilon": 0}, ValueError, "epsilon of more than 0|epsilon as a number of more than 0"),
    ({"validation_fraction": 1}, ValueError, "validation_fraction.*got 1"),
    ({"n_iter_no_change": 0}, ValueError, "n_iter_no_change.*got 0"),
    ({"max_fun": 0}, ValueError, "max_fun.*got 0"),
    ({"dropout": 1.0}, ValueError, r"dropout from 0 to below 1, got 1\.0"),
    ({"dropout": [0.1, 0.2, 0.3]}, ValueError, "dropout.*a list of 1.*got 3"),
    ({"dtype": "float16"}, ValueError, "dtype.*float16"),
    ({"n_threads": 0}, ValueError, "n_threads.*got 0"),
    ({"layers": ["dense"]}, TypeError, "layers as a list of layers of fastnn.*dense"),
    ({"random_state": "seed"}, ValueError, "seed"),
]


@pytest.mark.parametrize(("how", "error", "match"), PARAMETERS, ids=[str(p[0]) for p in PARAMETERS])
def test_a_parameter_that_cannot_be(how, error, match):
    estimator = MLPClassifier(**how)
    with pytest.raises(error, match=match):
        estimator.fit(X, Y)
    assert not hasattr(estimator, "network_")


CNN_PARAMETERS = [
    ({"image_shape": (8, 8)}, ValueError, r"\(8, 8\) stands for 8 × 8 × 1 = 64 columns.*with 4"),
    ({"image_shape": (2, 2, 2)}, ValueError, r"2 × 2 × 2 = 8 columns, got X with 4"),
    ({"image_shape": (2, -2)}, ValueError, r"image_shape as integers of at least 1, got -2"),
    ({"image_shape": (1, 1, 1, 1, 4)}, ValueError, "of 1 to 4 sizes"),
    ({"image_shape": "8x8"}, TypeError, "image_shape as integers"),
    ({"filters": 0}, ValueError, "filters as integers of at least 1, got 0"),
    ({"filters": ()}, ValueError, r"filters.*got \(\)"),
    ({"kernel_size": [3]}, ValueError, r"kernel_size.*a list of 2.*got 1: \[3\]"),
    ({"kernel_size": 2.5}, TypeError, r"kernel_size as integers.*2\.5"),
    ({"pool_size": -1}, ValueError, "pool_size.*-1"),
    ({"batch_norm": 1}, TypeError, "batch_norm to be True or False, got 1"),
]


@pytest.mark.parametrize(
    ("how", "error", "match"), CNN_PARAMETERS, ids=[str(p[0]) for p in CNN_PARAMETERS]
)
def test_a_parameter_of_a_cnn_that_cannot_be(how, error, match):
    with pytest.raises(error, match=match):
        CNNClassifier(**how).fit(X, Y)


def mlp(**how):
    return MLPClassifier(max_iter=1, early_stopping=True, n_iter_no_change=1, **how)


def parts():
    return MLPClassifier().partial_fit(X, Y, classes=[0, 1, 2])


USES = [
    ("unseen", lambda: parts().partial_fit(X[:3], [1, 7, 9]), r"2 labels.*\[7, 9\].*index 1.*0, 1"),
    ("no classes", lambda: MLPClassifier().partial_fit(X, Y), "classes must be passed on the"),
    ("lacking", lambda: MLPClassifier().partial_fit(X, Y, classes=[0, 1]), r"\[2\], the first at"),
    ("others", lambda: parts().partial_fit(X, Y, classes=[1, 2, 3]), r"\[1, 2, 3\].*\[0, 1, 2\]"),
    ("columns", lambda: parts().partial_fit(X[:, :3], Y), "3 features"),
    ("negative", lambda: mlp().fit(X, Y, np.where(Y == 1, -2.5, 1)), r"-2\.5 at index 50"),
    ("no weights", lambda: mlp().fit(X, Y, np.zeros(150)), "at least one non-zero.*150 zeros"),
    ("weights", lambda: mlp().fit(X, Y, np.ones(149)), r"\(150,\).*\(149,\)"),
    ("class", lambda: mlp(class_weight={7: 1}).fit(X, Y), "7"),
    ("class below", lambda: mlp(class_weight={1: -1}).fit(X, Y), "class_weight of 1.*-1"),
    ("balance", lambda: mlp(class_weight="even").fit(X, Y), "balanced.*even"),
    ("NaN", lambda: mlp().fit(np.where(X > 7, np.nan, X), Y), "NaN"),
    ("continuous", lambda: mlp().fit(X, X[:, 0]), "Unknown label type: continuous"),
    ("outputs", lambda: mlp().fit(X, np.c_[Y, Y]), r"one label a sample.*\(150, 2\)"),
    ("y_val", lambda: mlp().fit(X, Y, X_val=X), "X_val and y_val together"),
    ("val sizes", lambda: mlp().fit(X, Y, X_val=X, y_val=Y[:9]), "9 of 150"),
    ("val labels", lambda: mlp().fit(X, Y, X_val=X, y_val=Y + 1), r"\[3\]"),
    ("few", lambda: mlp().fit(X[:2], [0, 1]), "validation set is too small: [01] of 2"),
    ("nothing", lambda: mlp(validation_fraction=0.0).fit(X, Y), "validation_fraction above 0"),
    ("poisson", lambda: MLPRegressor("poisson").fit(X, Y - 1.0), "at least 0, got -1"),
    ("loss", lambda: MLPRegressor("huber").fit(X, Y), 'loss "squared_error" or "poisson".*huber'),
    ("targets", lambda: MLPRegressor().partial_fit(X, Y).partial_fit(X, X), "1 numbers.*got 4"),
    ("images", lambda: CNNRegressor(image_shape=(5, 6)).fit(IMAGES, Y[:10]), r"\(5, 6, 1\).*6, 5"),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("use", "match"), [u[1:] for u in USES], ids=[u[0] for u in USES])
def test_data_that_cannot_be(use, match):
    with pytest.raises(ValueError, match=match):
        use()


def test_weights_that_do_not_stay_finite():
    rows = 1e308 * np.random.default_rng(0).random((10, 2))
    with pytest.raises(ValueError, match="Solver produced non-finite parameter weights"):
        MLPRegressor().fit(rows, np.arange(10.0))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_warm_start_with_other_classes():
    estimator = MLPClassifier(2, warm_start=True, max_iter=2).fit(X, Y)
    with pytest.raises(ValueError, match=r"Previously got \[0 1 2\], `y` has \[0 1\]"):
        estimator.fit(X, np.minimum(Y, 1))
    with pytest.raises(ValueError, match="coefs_: expected 2 arrays, got 1"):
        estimator.coefs_ = [np.zeros((4, 2))]
    with pytest.raises(ValueError, match=r"shape \(4, 2\), got \(2, 4\)"):
        estimator.coefs_[0] = np.zeros((2, 4))


def test_batches_larger_than_the_data_are_told_of():
    with pytest.warns(UserWarning, match="batch_size=500 is more than the 150 samples"):
        MLPClassifier(batch_size=500, tol=1e9, n_iter_no_change=1).fit(X, Y)


def test_the_extra_is_named_where_scikit_learn_is_missing():
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "import fastnn as fn\n"
        "try:\n    fn.sklearn\nexcept ImportError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "fastnn.sklearn: it needs sklearn" in done.stdout, done.stderr
    assert "pip install 'fastnn[sklearn]'" in done.stdout


def test_fastnn_alone_imports_nothing_of_scikit_learn():
    code = "import fastnn, sys; fastnn.Sequential; print('sklearn' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"
    assert fn.sklearn.MLPClassifier is MLPClassifier
