"""Networks as people use them: Network, and Sequential, whose layers stand in a row."""

import math

import numpy as np

from fastnn import functional
from fastnn.checks import integer
from fastnn.graph import Call, Graph
from fastnn.layers.activation import Activation
from fastnn.running import Samples

BATCH = 1024  # samples at once where the user does not choose: memory stays bounded


class Network(Graph):
    """What every network does; see `Sequential` and `Model`.

    Attributes
    ----------
    classes_ : ndarray or None
        The labels of classification, sorted, in the order of the outputs; known after `fit`.
    loss : Loss or None
        The loss of the last `fit`.
    epochs, steps : int
        How often `fit` went through the data, and updates made so far; saved with the network,
        since the next epoch's order and the next step's noise depend on them.
    """

    def __init__(self, layers, calls, outputs, input_shapes=None, *, dtype="float32", seed=0):
        super().__init__(layers, calls, outputs, input_shapes, dtype=dtype, seed=seed)
        self.classes_ = self.loss = self.optimizer = None
        self.epochs = 0  # trained so far, over all fits

    # --- predicting ----------------------------------------------------------------------------

    def predict(self, x, batch_size=BATCH):
        """Compute the network's outputs: logits, or probabilities where it ends in them.

        Parameters
        ----------
        x : array_like, shape (N, *input_shape)
        batch_size : int
            Samples at once; it bounds the memory and does not change the result.

        Returns
        -------
        ndarray, shape (N, *output_shape), or a list of them
            One for each of the network's outputs.
        """
        x = self.check(x)
        batch_size = integer(self.who, "batch_size", batch_size)
        y = self.empty_outputs(len(x))
        runner, first = self.runner(), 0
        samples = Samples(runner.source(x))
        while first < len(x):
            first += batch_size * len(runner.run(samples, first, len(x), batch_size, outputs=y))
        return y if len(y) > 1 else y[0]

    def empty_outputs(self, n):
        """Return arrays for the outputs of n samples, not filled."""
        return [np.empty((n, *shape), self.dtype) for shape in self.output_shapes]

    def predict_proba(self, x, batch_size=BATCH):
        """Compute probabilities.

        Returns
        -------
        ndarray, shape (N, ..., K)
            In the order of `classes_`; K is 2 for a network with one output. For labels that do
            not exclude each other, the probability of each.
        """
        activation = self._probabilities()
        y = self.predict(x, batch_size)
        if getattr(self._ending(), "function", None) != activation:
            y = getattr(functional, f"{activation}_forward")(y)
        return np.concatenate([1 - y, y], axis=-1) if y.shape[-1] == 1 else y

    def predict_classes(self, x, batch_size=BATCH):
        """Predict labels, as they were given to `fit`.

        Returns
        -------
        ndarray
            The most probable of `classes_`, or that of the highest score, shape (N, ...), or its
            number where the network was not trained on labels. For labels that do not exclude
            each other, 0 or 1 for each.
        """
        if self.loss is not None and self.loss.decides and self.loss.activation is None:
            decided = self.loss.decided(self.predict(x, batch_size), logits=True)
            if self.loss.decides == "largest":
                return self.decode(decided)
            return self.decode(decided[..., 0]) if self.output_shape[-1] == 1 else decided
        probabilities = self.predict_proba(x, batch_size)
        if self._probabilities() == "sigmoid" and self.output_shape[-1] > 1:
            return (probabilities > 0.5).astype(np.int64)
        return self.decode(probabilities.argmax(axis=-1))

    def decode(self, index):
        """Return the labels of these class numbers."""
        return index if self.classes_ is None else self.classes_[index]

    def _ending(self):
        """The stage that makes the network's one output."""
        if len(self.outputs) > 1:
            raise ValueError(f"{self.who}: it has {len(self.outputs)} outputs; use predict")
        return self.route.making(self.route.outputs[0])

    def _probabilities(self):
        """The activation that makes probabilities of the network's logits."""
        ending = self._ending()
        if isinstance(ending, Activation) and ending.function in ("softmax", "sigmoid"):
            return ending.function
        if isinstance(ending, Activation) and ending.function == "log_softmax":
            return "softmax"  # of logarithms of probabilities: these probabilities
        if self.loss is None:
            return "sigmoid" if self.output_shape[-1:] == (1,) else "softmax"
        if self.loss.activation is None:
            raise ValueError(
                f"{self.who}: a network trained with {self.loss.name} has no probabilities; "
                f"use predict"
            )
        return self.loss.activation

    # --- training, saving: elsewhere -----------------------------------------------------------

    def fit(
        self,
        x,
        y=None,
        *,
        loss=None,
        optimizer=None,
        epochs=1,
        batch_size=32,
        validation_data=None,
        validation_split=None,
        metrics=None,
        callbacks=(),
        sample_weight=None,
        class_weight=None,
        shuffle=True,
        initial_epoch=0,
        resume=None,
        verbose=1,
        augment=None,
        gradient_accumulation_steps=1,
    ):
        """Train the network; a second call goes on from where the first ended.

        Parameters
        ----------
        x : array_like, shape (N, *input_shape), or batches
            Batches bring their y, and are one update each: a sequence of `(x, y)` or
            `(x, y, sample_weight)`, a function that returns an iterator over them, or
            `fastnn.data.Batches`. Then `y` is not given, and `batch_size` plays no part.
        y : array_like
            For losses of classes labels of any kind, (N,), or shares of classes, (N, classes); for
            labels that do not exclude each other 0 or 1 for each, (N, labels), with a loss of two
            classes; else numbers of the shape of the output.
        loss : str or Loss
            See `fastnn.losses`; that of the last call, at first "cross_entropy".
        optimizer : str or Optimizer
            See `fastnn.optimizers`; that of the last call, at first "adam". The name of the
            optimizer of the last call stands for that one, which goes on.
        epochs, batch_size : int
            How often to go through the data, and how many samples an update takes.
        validation_data : tuple (x, y) or (x, y, sample_weight), optional
            Evaluated after every epoch.
        validation_split : float, optional
            A share of the samples to evaluate after every epoch, and not to train on. The seed
            decides which: the same samples and seed are split alike in every call. Of labels (N,)
            both parts get the same share of each class. Weights of classes do not count in it.
        metrics : list, optional
            By name ("accuracy", "top_5", "precision", "recall", "f1", "auc"; "mae", "rmse", "r2"),
            with settings (see `fastnn.metrics`), or functions `(y_true, y_pred)` of labels, or of
            outputs where there are no labels. By default accuracy, for classification.
        callbacks : list
            See `fastnn.callbacks`.
        sample_weight : array_like, shape (N,), optional
            The loss is `Σ w ℓ / Σ w`.
        class_weight : dict or "balanced", optional
            Factors of the samples' weights by label; "balanced" gives every class the same sum.
        shuffle : bool
            Whether every epoch takes the samples in a new order, which the seed decides.
        initial_epoch : int
            The number of the first epoch, from 0, for callbacks and progress: the epochs that are
            run are `initial_epoch` to `epochs - 1`.
        resume : path-like, optional
            A file of `fastnn.callbacks.Checkpoint`. Training goes on from there, and ends with the
            same bits as if it had never been broken, if data and arguments are the same.
        verbose : int
            0 shows nothing; 1 a bar on a terminal (with rich), a line that changes in a notebook,
            else a plain line an epoch; 2 always plain lines.
        augment : list of changes, or Changes, optional
            What happens to images at random, in every epoch anew; see `fastnn.augment`.
        gradient_accumulation_steps : int
            How many batches make one update, by the gradient of the mean loss over all their
            samples; the last of an epoch takes what there is. Steps, schedules, checkpoints,
            `on_batch_end` and all else that counts batches then count updates. But for rounding,
            and batch normalisation, whose statistics are those of each batch, an update is that of
            one batch with all the samples; noise is the same.

        Returns
        -------
        History
            A list for every figure, an entry an epoch: `history["loss"]`.

        Raises
        ------
        NonFiniteLossError
            If the loss of a batch is NaN or infinite. That batch makes no update, nor does any
            behind it; one before it that made parameters NaN or infinite is taken back.

        Examples
        --------
        >>> import fastnn as fn
        >>> x, y = [[0.0], [1.0]] * 8, ["no", "yes"] * 8
        >>> net = fn.Sequential([fn.layers.Dense(2)], input_shape=(1,))
        >>> history = net.fit(x, y, optimizer=fn.optimizers.SGD(1.0), epochs=30, verbose=0)
        >>> net.predict_classes([[0.0], [1.0]]).tolist()
        ['no', 'yes']
        """
        from fastnn.training import fit

        return fit(
            self,
            x,
            y,
            loss=loss,
            optimizer=optimizer,
            epochs=epochs,
            batch_size=batch_size,
            validation_data=validation_data,
            validation_split=validation_split,
            metrics=metrics,
            callbacks=callbacks,
            sample_weight=sample_weight,
            class_weight=class_weight,
            shuffle=shuffle,
            initial_epoch=initial_epoch,
            resume=resume,
            verbose=verbose,
            augment=augment,
            gradient_accumulation_steps=gradient_accumulation_steps,
        )

    def evaluate(self, x, y, *, loss=None, metrics=None, sample_weight=None, batch_size=BATCH):
        """Compute the loss, and for classification the accuracy.

        Parameters
        ----------
        x, y, sample_weight, metrics
            As for `fit`. Weights count in the loss only; metrics with weights are functions of
            `fastnn.metrics`.
        loss : str or Loss, optional
            That of the last `fit` by default.

        Returns
        -------
        dict
            `{"loss": …, "accuracy": …}`.
        """
        from fastnn.training import evaluate

        return evaluate(
            self,
            x,
            y,
            loss=loss,
            metrics=metrics,
            sample_weight=sample_weight,
            batch_size=batch_size,
        )

    def save(self, path, *, keep_previous=False):
        """Write the network to a safetensors file; see `fastnn.load`.

        The file is complete on the disk before it takes its place.

        Parameters
        ----------
        path : path-like
        keep_previous : bool
            Keep the file that was there, as ``path + ".previous"``.
        """
        from fastnn.saving import save

        save(self, path, keep_previous=keep_previous)

    def export_c(self, path, *, name="model"):
        """Write the network as one file of C99 that needs nothing else; see `fastnn.export_c`."""
        from fastnn.export import export_c

        export_c(self, path, name=name)

    def summary(self, batch_size=None):
        """Print a table of the layers, their output shapes and numbers of parameters.

        How many of these are trainable is said too, where some are frozen.

        Parameters
        ----------
        batch_size : int, optional
            Print also how much memory training with batches of this size takes at its peak, beside
            the data: parameters, two vectors of the optimizer's, and what the program needs for
            activations, gradients and packed weights, on as many threads as are set. Nothing is
            said of networks with layers that run stage by stage, or that have yet to learn how to
            standardize.

        Examples
        --------
        >>> import fastnn as fn
        >>> net = fn.Sequential([fn.layers.Dense(2)], input_shape=(3,))
        >>> net.summary(batch_size=16)  # doctest: +ELLIPSIS
        layer  output shape  parameters
        -------------------------------
        Dense  (N, 2)                 8
        -------------------------------
        total  float32                8
        training in batches of 16: up to ... MiB
        """
        print(self)
        if batch_size is None:
            return
        batch_size = integer(self.who, "batch_size", batch_size)
        self._check_built("memory to tell")
        if any(layer.mean is None for layer in self.learns):
            return
        runner = self.runner(training=True)
        if runner.bytes is not None:
            total = runner.bytes(batch_size) + 3 * self.parameters.nbytes
            print(f"training in batches of {batch_size}: up to {total / 2**20:.1f} MiB")

    def _rows(self):
        """Rows of the summary: its head, the layers, and the sum."""
        yield "layer", "output shape", "parameters"
        for layer in self.layers:
            count = sum(map(math.prod, layer.parameter_shapes.values()))
            shape = ("N", *layer.output_shape) if self.built else ("N", "?")
            yield (
                layer.title,
                f"({', '.join(map(str, shape))})",
                f"{count:,}" if self.built else "?",
            )
        total = f"{self.parameters.size:,}" if self.built else "not built yet"
        yield "total", str(self.dtype), total

    def _trainable(self):
        """How many parameters training changes."""
        trained = (layer.parameters.values() for layer in self.layers if layer.trainable)
        return sum(array.size for arrays in trained for array in arrays)

    def __str__(self):
        rows, below = list(self._rows()), 1
        right = rows[0].index("parameters")
        if self.built and (trainable := self._trainable()) < self.parameters.size:
            row = dict.fromkeys(range(len(rows[0])), "")
            row |= {rows[-1].index("total"): "trainable", right: f"{trainable:,}"}
            rows.append(tuple(row.values()))
            below = 2
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(
                f"{text:>{width}}" if i == right else f"{text:<{width}}"
                for i, (text, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        ]
        rule = "-" * max(map(len, lines))
        return "\n".join([lines[0], rule, *lines[1:-below], rule, *lines[-below:]])


class Sequential(Network):
    """A network of layers in a row.

    Parameters
    ----------
    layers : list of Layer
        A layer joins one network only: its arrays move into the network's flat vectors.
    input_shape : tuple of int, optional
        Shape of one sample. Without it the network is built on its first data.
    dtype : {"float32", "float64"}
        What the network computes in, whatever it is fed.
    seed : int or None
        Decides initial weights, and in training the order of samples and all noise. None draws one,
        which `net.seed` holds, so that the run can be repeated.

    Examples
    --------
    >>> import fastnn as fn
    >>> net = fn.Sequential([fn.layers.Dense(2, "tanh"), fn.layers.Dense(1)], input_shape=(3,))
    >>> net.parameters.shape, net.predict([[1.0, 2.0, 3.0]]).shape
    ((11,), (1, 1))
    """

    def __init__(self, layers, input_shape=None, *, dtype="float32", seed=0):
        layers = tuple(layers) if isinstance(layers, (list, tuple)) else (layers,)
        calls = [Call(i, (i,)) for i in range(len(layers))]
        if input_shape is None and layers:
            input_shape = getattr(layers[0], "given_shape", None)
        shapes = None if input_shape is None else (input_shape,)
        super().__init__(layers, calls, (len(layers),), shapes, dtype=dtype, seed=seed)

    def build(self, input_shape):
        """Make the network's arrays for samples of this shape."""
        if self.built:
            raise ValueError(f"{self.who}: it is built already, for samples of {self.input_shape}")
        self._plan((input_shape,))
        self._join()
        return self

    def __repr__(self):
        layers = ", ".join(map(repr, self.layers))
        return f"Sequential([{layers}], input_shape={self.input_shape}, seed={self.seed})"
