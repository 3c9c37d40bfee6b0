"""Ensembles: what each network sees, how they decide together, and their files."""

import json

import numpy as np
import pytest

import fastnn as fn
from fastnn import metrics
from fastnn.splitting import Bootstrap, split

L = fn.layers


def data(n=60, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 4))
    return x, (x[:, 0] + rng.normal(size=n) > 0).astype(int) + (classes > 2) * (x[:, 1] > 0.5)


def make(units=3, **how):
    def network(seed):
        layers = [L.Standardize(), L.Dense(8, "tanh"), L.Dense(units)]
        return fn.Sequential(layers, input_shape=(4,), dtype="float64", seed=seed)

    return network


HOW = {"epochs": 3, "batch_size": 8, "verbose": 0}


def trained(k=3, units=3, loss="cross_entropy", labels="abc", **settings):
    x, y = data(classes=3 if units == 3 else 2)
    ensemble = fn.Ensemble(k, make(units), **settings)
    ensemble.fit(x, np.array(list(labels))[y], loss=loss, **HOW)
    return ensemble, x, np.array(list(labels))[y]


@pytest.mark.parametrize("bootstrap", [True, False])
@pytest.mark.parametrize("share", [None, 0.25])
def test_every_network_is_trained_on_what_it_drew(bootstrap, share):
    x, y = data()
    ensemble = fn.Ensemble(3, make(), seed=4, bootstrap=bootstrap)
    sgd = fn.optimizers.SGD(0.1, momentum=0.9)
    histories = ensemble.fit(x, y, optimizer=sgd, validation_split=share, **HOW)
    seeds = fn.functional.random_uint32(3, seed=4, stream=2**32 - 18).tolist()
    assert [network.seed for network in ensemble.networks] == seeds
    rows, rest = (np.arange(60), None) if share is None else split("fit", 60, share, 4, y)
    for member, (network, history) in enumerate(zip(ensemble.networks, histories, strict=True)):
        drawn = Bootstrap(4, member).draw(rows) if bootstrap else rows
        assert (len(set(drawn)) < len(rows)) == bootstrap
        alone = make()(seeds[member])
        validation = None if share is None else (x[rest], y[rest])
        optimizer = fn.optimizers.SGD(0.1, momentum=0.9)
        how = HOW | {"optimizer": optimizer, "validation_data": validation}
        expected = alone.fit(x[drawn], y[drawn], **how)
        np.testing.assert_array_equal(network.parameters, alone.parameters)
        assert history | {"seconds": 0} == expected | {"seconds": 0}


def test_all_networks_know_all_classes():
    x, _ = data()
    names = np.array(["rare", "often"])[(np.arange(60) > 0).astype(int)]
    ensemble = fn.Ensemble(8, make(2))
    ensemble.fit(x, names, **HOW)
    drawn = [0 in Bootstrap(0, member).draw(np.arange(60)) for member in range(8)]
    assert not all(drawn)  # some never see the rare one
    assert all(net.classes_.tolist() == ["often", "rare"] for net in ensemble.networks)
    assert ensemble.classes_.tolist() == ["often", "rare"]


CASES = [(3, "cross_entropy", "abc"), (2, "cross_entropy", "ny"), (1, "binary_cross_entropy", "ny")]


@pytest.mark.parametrize(("units", "loss", "labels"), CASES)
def test_the_mean_of_probabilities_decides(units, loss, labels):
    ensemble, x, y = trained(3, units, loss, labels)
    expected = np.mean([net.predict_proba(x) for net in ensemble.networks], axis=0)
    np.testing.assert_allclose(ensemble.predict_proba(x), expected, rtol=1e-14)
    predicted = np.array(list(labels))[expected.argmax(axis=-1)]
    np.testing.assert_array_equal(ensemble.predict_classes(x), predicted)
    outputs = np.mean([net.predict(x) for net in ensemble.networks], axis=0)
    np.testing.assert_allclose(ensemble.predict(x), outputs, rtol=1e-14)
    got = ensemble.evaluate(x, y, metrics=["accuracy", "f1"])
    assert got["accuracy"] == np.mean(predicted == y)
    assert got["f1"] == metrics.f1(y, predicted)
    index = np.searchsorted(list(labels), y)
    surprise = -np.log(expected[np.arange(len(x)), index]).mean()
    assert got["loss"] == pytest.approx(surprise, rel=1e-12)
    assert ensemble.evaluate(x, y).keys() == {"loss", "accuracy"}


@pytest.mark.parametrize(("units", "loss", "labels"), CASES)
@pytest.mark.parametrize("k", [3, 4])
def test_a_majority_decides(units, loss, labels, k):
    ensemble, x, y = trained(k, units, loss, labels, vote="majority")
    votes = np.array([net.predict_classes(x) for net in ensemble.networks])
    counts = np.array([(votes == label).sum(axis=0) for label in labels]).T
    np.testing.assert_allclose(ensemble.predict_proba(x), counts / k, rtol=1e-15)
    mean = np.mean([net.predict_proba(x) for net in ensemble.networks], axis=0)
    best = np.lexsort((mean, counts), axis=-1)[:, -1]
    predicted = ensemble.predict_classes(x)
    np.testing.assert_array_equal(predicted, np.array(list(labels))[best])
    assert ensemble.evaluate(x, y)["accuracy"] == np.mean(predicted == y)
    even = counts.max(axis=1) * 2 == k
    assert even.any() == (k == 4)  # where the means decided
    assert len(np.unique(counts.max(axis=1))) > 1


def test_an_even_vote_is_decided_by_the_mean():
    ensemble = fn.Ensemble(2, lambda seed: straight(seed), vote="majority")
    for bias, net in zip([(0.0, 3.0), (1.0, 0.0)], ensemble.networks, strict=True):
        net.layers[0].bias = bias
    assert ensemble.predict_proba([[0.0]]).tolist() == [[0.5, 0.5]]
    assert ensemble.predict_classes([[0.0]]).tolist() == [1]


def straight(seed, units=2, activation=None):
    layers = [L.Dense(units, activation, weight_initializer="zeros")]
    return fn.Sequential(layers, input_shape=(1,), dtype="float64", seed=seed)


@pytest.mark.parametrize("vote", ["mean", "majority"])
@pytest.mark.parametrize("units", [1, 3])
def test_networks_without_probabilities_decide_by_their_outputs(vote, units):
    loss = "hinge" if units == 1 else "multiclass_hinge"
    ensemble, x, y = trained(3, units, loss, "ny" if units == 1 else "abc", vote=vote)
    predicted = ensemble.predict_classes(x)
    if vote == "majority":
        votes = np.array([net.predict_classes(x) for net in ensemble.networks])
        most = np.max([(votes == label).sum(axis=0) for label in ensemble.classes_], axis=0)
        np.testing.assert_array_equal((votes == predicted).sum(axis=0), most)
    else:
        mean = ensemble.predict(x)
        index = (mean[:, 0] > 0).astype(int) if units == 1 else mean.argmax(axis=1)
        np.testing.assert_array_equal(predicted, ensemble.classes_[index])
    got = ensemble.evaluate(x, y)
    assert got["accuracy"] == np.mean(predicted == y)
    with pytest.raises(ValueError, match="has no probabilities; use predict"):
        ensemble.predict_proba(x)


@pytest.mark.parametrize("vote", ["mean", "majority"])
def test_labels_that_do_not_exclude_each_other(vote):
    x, _ = data()
    y = (x[:, :3] > 0).astype(int)
    ensemble = fn.Ensemble(3, make(3), vote=vote)
    ensemble.fit(x, y, loss="binary_cross_entropy", optimizer=fn.optimizers.Adam(0.05), **HOW)
    each = np.array([net.predict_proba(x) for net in ensemble.networks])
    share = each.mean(axis=0) if vote == "mean" else (each > 0.5).mean(axis=0)
    np.testing.assert_allclose(ensemble.predict_proba(x), share, rtol=1e-14)
    np.testing.assert_array_equal(ensemble.predict_classes(x), (share > 0.5).astype(int))
    assert ensemble.evaluate(x, y)["accuracy"] == np.mean((share > 0.5) == y)


def test_numbers_are_averaged():
    x, _ = data()
    ensemble = fn.Ensemble(4, make(1))
    ensemble.fit(x, x[:, 0], loss="mean_squared_error", **HOW)
    mean = np.mean([net.predict(x) for net in ensemble.networks], axis=0)
    got = ensemble.evaluate(x, x[:, 0], metrics=["r2"])
    assert got["loss"] == pytest.approx(np.mean((mean[:, 0] - x[:, 0]) ** 2), rel=1e-12)
    assert got["r2"] == pytest.approx(metrics.r2(x[:, 0], mean), rel=1e-12)


def test_a_second_fit_goes_on():
    x, y = data()
    one, other = fn.Ensemble(2, make()), fn.Ensemble(2, make())
    for _ in range(2):
        one.fit(x, y, **HOW)
    other.fit(x, y, **HOW | {"epochs": 6})
    for a, b in zip(one.networks, other.networks, strict=True):
        np.testing.assert_array_equal(a.parameters, b.parameters)


@pytest.mark.parametrize("vote", ["mean", "majority"])
def test_a_saved_ensemble_is_the_same(tmp_path, vote):
    ensemble, x, y = trained(3, vote=vote, seed=9)
    ensemble.save(tmp_path / "bag")
    twin = fn.Ensemble.load(tmp_path / "bag")
    assert (twin.vote, twin.seed, len(twin.networks)) == (vote, 9, 3)
    np.testing.assert_array_equal(twin.predict_proba(x), ensemble.predict_proba(x))
    assert twin.evaluate(x, y) == ensemble.evaluate(x, y)
    ensemble.fit(x, y, optimizer="sgd", **HOW)
    twin.fit(x, y, optimizer="sgd", **HOW)
    np.testing.assert_array_equal(twin.predict(x), ensemble.predict(x))


def described(folder, **changes):
    fn.Ensemble(1, make()).save(folder)
    path = folder / "ensemble.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return fn.Ensemble.load(folder)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"version": 2}, ValueError, "cannot read the ensemble in .*expected version 1, got 2"),
        ({"k": 2}, FileNotFoundError, "1.safetensors"),
        ({"k": "2"}, ValueError, "cannot read the ensemble"),
        ({"vote": "none"}, ValueError, "got 'none'"),
    ],
)
def test_a_damaged_description_is_refused(tmp_path, changes, error, message):
    with pytest.raises(error, match=message):
        described(tmp_path, **changes)


def several(seed):
    x = fn.Input((4,))
    return fn.Model(x, [L.Dense(1)(x), L.Dense(1)(x)], seed=seed)


ONE = straight(0)
ERRORS = [
    (lambda: fn.Ensemble(0, make()), ValueError, "Ensemble: k .* got 0"),
    (lambda: fn.Ensemble(2, make(), vote="most"), ValueError, "got 'most'"),
    (lambda: fn.Ensemble(2, lambda seed: ONE), TypeError, "a new network of make_network"),
    (lambda: fn.Ensemble(2, lambda seed: None), TypeError, "make_network, got None"),
    (lambda: fn.Ensemble(2, several), ValueError, "networks with one output, got 2"),
    (lambda: fn.Ensemble(2, make()).evaluate(*data()), ValueError, "was not trained; give a loss"),
    (lambda: fn.Ensemble(2, make()).fit(*data(), bootstrap=1), TypeError, "argument of Ensemble"),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS, ids=[m for *_, m in ERRORS])
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
