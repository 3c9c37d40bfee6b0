"""Ensemble: networks trained on samples drawn with replacement, which decide together."""

import copy
import json
import os

import numpy as np

from fastnn import functional, losses
from fastnn.checks import integer, one_of
from fastnn.labels import Data
from fastnn.network import BATCH, Network
from fastnn.optimizers import Optimizer
from fastnn.saving import load
from fastnn.splitting import Bootstrap
from fastnn.tally import Tally
from fastnn.training import fit

SEEDS_STREAM = 2**32 - 18  # of random numbers; _core/random.pyx lists the others
DESCRIPTION, VERSION = "ensemble.json", 1


class Ensemble:
    """Networks of one kind, each trained on a bootstrap sample: bagging.

    Parameters
    ----------
    k : int
        How many networks.
    make_network : callable
        `make_network(seed)` returns a new network with this seed.
    vote : {"mean", "majority"}
        How they decide for classes: by the mean of their probabilities, or each with one vote.
    bootstrap : bool
        Whether every network has a sample of its own: as many draws with replacement as there are
        samples. Otherwise all have the data as they are, and differ in their seeds.
    seed : int
        Decides the networks' seeds, what each draws, and what `validation_split` sets aside.

    Attributes
    ----------
    networks : list of Network
    classes_ : ndarray or None
        The labels of classification, the same for all networks; known after `fit`.

    Notes
    -----
    Breiman: Bagging predictors, 1996. Nothing is copied: networks read the rows that they drew.

    Examples
    --------
    >>> import fastnn as fn
    >>> x, y = [[0.0], [1.0]] * 20, ["no", "yes"] * 20
    >>> def make(seed):
    ...     return fn.Sequential([fn.layers.Dense(2)], input_shape=(1,), seed=seed)
    >>> ensemble = fn.Ensemble(3, make)
    >>> histories = ensemble.fit(x, y, optimizer=fn.optimizers.SGD(1.0), epochs=20, verbose=0)
    >>> ensemble.predict_classes([[0.0], [1.0]]).tolist()
    ['no', 'yes']
    """

    def __init__(self, k, make_network, *, vote="mean", bootstrap=True, seed=0):
        k = integer("Ensemble", "k", k)
        self.vote = one_of("Ensemble", "vote", vote, ("mean", "majority"))
        self.bootstrap = bool(bootstrap)
        self.seed = integer("Ensemble", "seed", seed, 0, 2**64 - 1)
        seeds = functional.random_uint32(k, seed=self.seed, stream=SEEDS_STREAM)
        self.networks = []
        for network_seed in seeds.tolist():
            network = make_network(network_seed)
            if not isinstance(network, Network) or network in self.networks:
                raise TypeError(
                    f"Ensemble: expected a new network of make_network, got {network!r}"
                )
            if len(network.outputs) > 1:
                raise ValueError(
                    f"Ensemble: expected networks with one output, got {len(network.outputs)}"
                )
            self.networks.append(network)

    @property
    def classes_(self):
        """The labels, sorted, in the order of probabilities."""
        return self.networks[0].classes_

    @property
    def loss(self):
        """The loss of the last `fit`."""
        return self.networks[0].loss

    def fit(self, x, y, *, optimizer=None, validation_split=None, **how):
        """Train all networks, one after the other.

        Parameters
        ----------
        x, y, **how
            As for `Sequential.fit`. Callbacks begin anew with every network.
        optimizer : str or Optimizer
            Every network gets a copy of its own.
        validation_split : float, optional
            The same samples are set aside for all networks, and none draws them.

        Returns
        -------
        list of History
            One for each network.
        """
        if how.get("bootstrap") is not None:
            raise TypeError("Ensemble: bootstrap is an argument of Ensemble, not of fit")
        histories = []
        for member, network in enumerate(self.networks):
            own = copy.deepcopy(optimizer) if isinstance(optimizer, Optimizer) else optimizer
            draw = Bootstrap(self.seed, member if self.bootstrap else None)
            how |= {"optimizer": own, "validation_split": validation_split, "bootstrap": draw}
            histories.append(fit(network, x, y, **how))
        return histories

    def predict(self, x, batch_size=BATCH):
        """Compute the mean of all networks' outputs.

        Returns
        -------
        ndarray, shape (N, *output_shape)
        """
        each = np.array([network.predict(x, batch_size) for network in self.networks], np.float64)
        return each.mean(axis=0).astype(self.networks[0].dtype)

    def predict_proba(self, x, batch_size=BATCH):
        """Compute the mean of all networks' probabilities, or the shares of their votes.

        Returns
        -------
        ndarray, shape (N, ..., K)
            In the order of `classes_`; K is 2 for networks with one output. For labels that do not
            exclude each other, the probability of each.
        """
        each = np.array([net.predict_proba(x, batch_size) for net in self.networks], np.float64)
        return each.mean(axis=0) if self.vote == "mean" else self._shares(each, 0.5)

    def predict_classes(self, x, batch_size=BATCH):
        """Predict labels, as they were given to `fit`.

        Returns
        -------
        ndarray
            The label with the highest mean probability, or with the most votes; of equal votes that
            of the higher mean. For labels that do not exclude each other, 0 or 1 for each. Networks
            without probabilities decide by their outputs.
        """
        scores = self._scores(x, batch_size)
        if scores.shape[-1] == 1:
            return self.networks[0].decode((scores[..., 0] > 0).astype(np.int64))
        if self._excludes():
            return self.networks[0].decode(scores.argmax(axis=-1))
        return (scores > 0).astype(np.int64)

    def evaluate(self, x, y, *, loss=None, metrics=None, sample_weight=None, batch_size=BATCH):
        """Compute the loss, without penalties, and the metrics of what the networks say together.

        Parameters
        ----------
        x, y, loss, metrics, sample_weight, batch_size
            As for `Sequential.evaluate`. The loss is that of `predict_proba`, or of the mean of the
            outputs where it does not see logits; metrics are those of `predict_classes`, and of the
            scores that decide.

        Returns
        -------
        dict
            `{"loss": …, "accuracy": …}`.
        """
        who, net = "evaluate", self.networks[0]
        if loss is None and self.loss is None:
            raise ValueError(f"{who}: the ensemble was not trained; give a loss")
        loss = self.loss if loss is None else losses.get(loss)
        x = net.check(x)
        data = Data(who, net, loss, x, y, sample_weight, classes=net.classes_)
        if len(x) == 0:
            return {"loss": 0.0}
        if loss.activation is None:
            outputs = self.predict(x, batch_size)
        else:
            outputs = self._logits(self.predict_proba(x, batch_size))
        value, _ = loss(outputs, data.target, sample_weight=data.weight)
        tally = Tally(net, loss, metrics, count=False)
        if tally.metrics and loss.decides:
            outputs = self._scores(x, batch_size)
        return {"loss": value} | tally.measured(data.target, outputs)

    def save(self, folder):
        """Write the networks to a folder, a safetensors file each; see `Ensemble.load`."""
        os.makedirs(folder, exist_ok=True)
        for member, network in enumerate(self.networks):
            network.save(os.path.join(folder, f"{member}.safetensors"))
        description = {
            "version": VERSION,
            "k": len(self.networks),
            "vote": self.vote,
            "bootstrap": self.bootstrap,
            "seed": self.seed,
        }
        with open(os.path.join(folder, DESCRIPTION), "w") as file:
            json.dump(description, file)

    @classmethod
    def load(cls, folder):
        """Read an ensemble that `save` wrote.

        Examples
        --------
        >>> import tempfile, fastnn as fn
        >>> def make(seed):
        ...     return fn.Sequential([fn.layers.Dense(1)], input_shape=(1,), seed=seed)
        >>> ensemble, folder = fn.Ensemble(2, make), tempfile.mkdtemp()
        >>> ensemble.save(folder)
        >>> bool(fn.Ensemble.load(folder).predict([[1.0]]) == ensemble.predict([[1.0]]))
        True
        """
        try:
            with open(os.path.join(folder, DESCRIPTION)) as file:
                description = json.load(file)
            if description["version"] != VERSION:
                raise ValueError(f"expected version {VERSION}, got {description['version']}")
            files = [f"{member}.safetensors" for member in range(description["k"])]
            how = {name: description[name] for name in ("vote", "bootstrap", "seed")}
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"load: cannot read the ensemble in {folder}: {error}") from error
        networks = iter([load(os.path.join(folder, name)) for name in files])
        return cls(len(files), lambda seed: next(networks), **how)

    def _scores(self, x, batch_size):
        """What decides, of the shape of an output: the largest, or whether it is more than 0."""
        loss, one = self.loss, self.networks[0].output_shape[-1] == 1
        if loss is not None and loss.decides and loss.activation is None:
            each, even = [net.predict(x, batch_size) for net in self.networks], 0.0
            each = [np.concatenate([-y, y], axis=-1) for y in each] if one else each
        else:
            each, even = [net.predict_proba(x, batch_size) for net in self.networks], 0.5
        each = np.array(each, np.float64)
        scores = mean = each.mean(axis=0)
        if self.vote == "majority":
            scores = self._shares(each, even)
        if not one and not self._excludes():
            return scores - (even if self.vote == "mean" else 0.5)
        if self.vote == "majority":  # a vote is more than any difference of the means
            low, high = mean.min(axis=-1, keepdims=True), mean.max(axis=-1, keepdims=True)
            apart = np.maximum(high - low, np.finfo(float).tiny)
            scores = scores + (mean - low) / apart / (2 * len(self.networks))
        return scores[..., 1:] - scores[..., :1] if one else scores

    def _excludes(self):
        """Whether classes exclude each other."""
        net, loss = self.networks[0], self.loss
        if net.output_shape[-1] == 1:
            return True
        if loss is not None and loss.decides:
            return loss.decides == "largest"
        return net._probabilities() == "softmax"

    def _shares(self, each, even):
        """The share of the networks that decide for each class."""
        if not self._excludes():
            return (each > even).mean(axis=0)
        return (each.argmax(axis=-1)[..., None] == np.arange(each.shape[-1])).mean(axis=0)

    def _logits(self, probabilities):
        """Outputs that make these probabilities, such as losses see; finite."""
        net, tiny = self.networks[0], np.finfo(self.networks[0].dtype).tiny
        if net._probabilities() == "softmax":
            return np.log(np.maximum(probabilities, tiny)).astype(net.dtype)
        if net.output_shape[-1] == 1:
            probabilities = probabilities[..., 1:]
        one, other = np.maximum(probabilities, tiny), np.maximum(1 - probabilities, tiny)
        return (np.log(one) - np.log(other)).astype(net.dtype)
