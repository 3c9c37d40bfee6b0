"""Convolutional estimators: images as rows and as they are, their networks, what they learn."""

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

import fastnn as fn
from fastnn.sklearn import CNNClassifier, CNNRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = load_digits(return_X_y=True)
X = X / 16
QUICK = {"max_iter": 3, "random_state": 0}


def kinds(estimator):
    return [type(layer).__name__ for layer in estimator.network_.layers]


def test_rows_and_images_are_the_same():
    found = [
        CNNClassifier((4,), image_shape=(8, 8), **QUICK).fit(X[:200], Y[:200]),
        CNNClassifier((4,), image_shape=(8, 8, 1), **QUICK).fit(X[:200], Y[:200]),
        CNNClassifier((4,), **QUICK).fit(X[:200].reshape(-1, 8, 8), Y[:200]),
        CNNClassifier((4,), **QUICK).fit(X[:200].reshape(-1, 8, 8, 1), Y[:200]),
    ]
    for estimator in found:
        assert estimator.image_shape_ == (8, 8, 1) and estimator.n_features_in_ == 64
        np.testing.assert_array_equal(estimator.coefs_[0], found[0].coefs_[0])
        proba = estimator.predict_proba(X.reshape(-1, 8, 8))
        np.testing.assert_array_equal(proba, estimator.predict_proba(X))
    assert found[0].coefs_[0].shape == (3, 3, 1, 4)


def test_a_row_without_a_shape_is_a_signal():
    estimator = CNNClassifier((4, 5), 3, pool_size=[2, 1], **QUICK).fit(X[:100], Y[:100])
    assert estimator.image_shape_ == (64, 1)
    assert kinds(estimator) == ["Conv1D", "MaxPool1D", "Conv1D", "Flatten", "Dense", "Dense"]


def test_volumes_and_colours():
    x, y = np.random.default_rng(0).random((20, 4, 5, 6, 2)), np.arange(20) % 2
    estimator = CNNClassifier(3, (3, 1, 3), **QUICK).fit(x, y)
    assert kinds(estimator)[:2] == ["Conv3D", "MaxPool3D"]
    assert estimator.coefs_[0].shape == (3, 1, 3, 2, 3)
    assert estimator.predict(x.reshape(20, -1)).shape == (20,)


def test_the_network_is_what_the_parameters_say():
    how = {"hidden_layer_sizes": (7,), "activation": "tanh", "dropout": 0.3, "batch_norm": True}
    estimator = CNNClassifier((4, 6), [5, (3, 1)], image_shape=(8, 8), **how, **QUICK)
    estimator.fit(X[:100], Y[:100])
    block = ["Conv2D", "BatchNorm", "Activation", "MaxPool2D"]
    assert kinds(estimator) == [*block, *block, "Flatten", "Dense", "Dropout", "Dense"]
    sizes = [layer.size for layer in estimator.network_.layers if hasattr(layer, "filters")]
    assert sizes == [(5, 5), (3, 1)]
    assert [len(bias) for bias in estimator.intercepts_] == [7, 10]  # convolutions have none
    shapes = [estimator.transform_layer(X[:3], k).shape[1:] for k in range(3)]
    assert shapes == [(4, 4, 4), (2, 2, 6), (7,)]


def test_small_images_are_pooled_until_one_position_is_left():
    estimator = CNNClassifier((2, 3, 4), pool_size=3, image_shape=(4, 2), **QUICK)
    estimator.fit(X[:50, :8], Y[:50])
    shapes = [estimator.transform_layer(X[:3, :8], k).shape[1:] for k in range(3)]
    assert shapes == [(1, 1, 2), (1, 1, 3), (1, 1, 4)]


def test_digits_are_told_apart_in_a_pipeline():
    x, x_test, y, y_test = train_test_split(X, Y, random_state=0, stratify=Y)
    cnn = CNNClassifier((16, 32), image_shape=(8, 8), max_iter=12, random_state=0, dtype="float32")
    model = make_pipeline(MinMaxScaler(), cnn.set_params(learning_rate_init=0.003))
    assert model.fit(x, y).score(x_test, y_test) > 0.97
    net = model[-1].network_
    assert net.evaluate(x_test.reshape(-1, 8, 8, 1), y_test)["accuracy"] > 0.97


def test_where_a_spot_is_can_be_learnt():
    place = np.random.default_rng(0).integers(1, 9, (400, 2))
    x = np.zeros((400, 10, 10))
    x[np.arange(400), place[:, 0], place[:, 1]] = 1
    how = {"max_iter": 60, "learning_rate_init": 0.005, "random_state": 0}
    cnn = CNNRegressor(filters=(8,), **how).fit(x[:300], place[:300] / 10)
    assert cnn.score(x[300:], place[300:] / 10) > 0.95
    assert cnn.predict(x).shape == (400, 2)


def test_layers_of_ones_own_see_images():
    L = fn.layers
    layers = [L.Conv2D(4, 3, activation="relu"), L.GlobalAveragePool2D()]
    cnn = CNNClassifier(layers=layers, image_shape=(8, 8), **QUICK).fit(X[:100], Y[:100])
    assert kinds(cnn) == ["Conv2D", "GlobalAveragePool2D", "Dense"]
    layers = [L.Conv2D(4, 3, activation="relu")]
    cnn = CNNRegressor(layers=layers, image_shape=(8, 8), **QUICK).fit(X[:100], Y[:100])
    assert kinds(cnn) == ["Conv2D", "Flatten", "Dense"]
    assert cnn.network_.layers[0].regularizers["weight"].name == "shared_l2"


def test_validation_images_are_images_too():
    images = X.reshape(-1, 8, 8)
    cnn = CNNClassifier((4,), early_stopping=True, **QUICK)
    cnn.fit(images[:200], Y[:200], X_val=images[200:300], y_val=Y[200:300])
    assert cnn.best_validation_score_ == pytest.approx(cnn.score(images[200:300], Y[200:300]))
