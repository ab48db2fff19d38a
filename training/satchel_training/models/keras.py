"""Models of TensorFlow, built with Keras."""

from __future__ import annotations

import math
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from satchel.decode.decoder import decode_output
from satchel.measure.metrics import accuracy_score
from satchel.progress import progress
from satchel.spec import Inputs, Regression

# TensorFlow reads it while it is imported, and tells much about itself otherwise.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import tensorflow as tf
from keras import layers

FILE = "model.keras"
ROWS_PER_CALL = 2048


class KerasRegressor(ABC):
    """A network for one scaled target.

    Mini-batches, Adam, a learning rate that halves after each epoch without a lower validation
    loss, and early stopping: the weights of the epoch with the lowest validation loss are kept.
    All that is random is drawn from one generator of its own, so that neither Keras's nor
    numpy's global state is touched.

    Parameters
    ----------
    output : satchel.spec.Regression or None
        What the scaled target means, for the accuracies kept with the losses.
    learning_rate : float
        In the first epoch.
    batch_size, epochs, patience : int
        `patience` is in epochs without a lower validation loss.
    validation : float
        Share of the rows that are set aside for validation.
    seed : int
        Seed of weights, dropout, mini-batches and the validation part.
    verbose : bool
        Whether to show the epochs on a terminal.

    Attributes
    ----------
    module_ : keras.Model
        From (batch, columns) to (batch, 1).
    history_ : list of dict
        Per epoch: the learning rate, and of the training and the validation part the loss, the
        pass accuracy where there is a pass mark, the share of scores that are exactly right
        where scores are whole numbers.
    """

    loss: ClassVar[str]

    def __init__(
        self,
        output: Regression | None = None,
        *,
        learning_rate: float,
        batch_size: int,
        epochs: int,
        patience: int,
        validation: float = 0.15,
        seed: int = 0,
        verbose: bool = False,
    ) -> None:
        self.output = output
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.epochs = epochs
        self.patience = patience
        self.validation = validation
        self.seed = seed
        self.verbose = verbose

    @abstractmethod
    def make_module(self, columns: int, draw_seed: Callable[[], int]) -> keras.Model:
        """Return the network for so many columns, with fresh weights."""

    def fit(self, X: NDArray[np.float32], y: NDArray[np.float64]) -> KerasRegressor:
        """Fit to a matrix of shape (rows, columns) and a target of shape (rows,)."""
        # It cannot be taken back; from here on TensorFlow refuses to draw without a seed.
        tf.config.experimental.enable_op_determinism()
        generator = np.random.default_rng(self.seed)
        order = generator.permutation(len(X)).astype(np.int32)
        held_out = max(1, round(self.validation * len(X)))
        valid, train = order[:held_out], order[held_out:]
        self.module_ = self.make_module(X.shape[1], lambda: int(generator.integers(2**31)))
        optimizer = keras.optimizers.Adam(self.learning_rate)
        optimizer.build(self.module_.trainable_variables)
        run_epoch = self._make_epoch(optimizer, X, y)
        self.history_: list[dict[str, float]] = []
        rate = self.learning_rate
        best, best_loss, stalled = self.module_.get_weights(), math.inf, 0
        epochs = range(self.epochs)
        for _ in progress(epochs, "training", "epochs", len(epochs)) if self.verbose else epochs:
            optimizer.learning_rate = rate
            run_epoch(tf.constant(generator.permutation(train)))
            record = {"learning_rate": rate}
            record |= self._measure(X[train], y[train], "train_")
            record |= self._measure(X[valid], y[valid], "valid_")
            self.history_.append(record)
            if record["valid_loss"] < best_loss:
                best, best_loss, stalled = self.module_.get_weights(), record["valid_loss"], 0
            else:
                stalled, rate = stalled + 1, rate / 2
            if stalled >= self.patience:
                break
        self.module_.set_weights(best)
        return self

    def predict(self, X: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the scaled target of shape (rows,)."""
        parts = [
            self.module_(X[start : start + ROWS_PER_CALL], training=False).numpy()
            for start in range(0, len(X), ROWS_PER_CALL)
        ]
        output: NDArray[np.float32] = np.concatenate(parts)
        return output[:, 0]

    def _make_epoch(
        self, optimizer: keras.optimizers.Optimizer, X: NDArray[np.float32], y: NDArray[np.float64]
    ) -> Callable[[tf.Tensor], None]:
        """Return what trains on all mini-batches of rows in the given order."""
        module, loss_function = self.module_, keras.losses.get(self.loss)
        matrix, target = tf.constant(X), tf.constant(y[:, None], tf.float32)

        def run_epoch(order: tf.Tensor) -> None:
            for start in tf.range(0, len(order), self.batch_size):
                rows = order[start : start + self.batch_size]
                with tf.GradientTape() as tape:
                    output = module(tf.gather(matrix, rows), training=True)
                    loss = tf.reduce_mean(loss_function(tf.gather(target, rows), output))
                gradients = tape.gradient(loss, module.trainable_variables)
                optimizer.apply(gradients, module.trainable_variables)

        # The loop over mini-batches is part of the graph: so small a step costs less than a call.
        signature = [tf.TensorSpec((None,), tf.int32)]
        compiled: Callable[[tf.Tensor], None] = tf.function(run_epoch, input_signature=signature)
        return compiled

    def _measure(
        self, X: NDArray[np.float32], y: NDArray[np.float64], prefix: str
    ) -> dict[str, float]:
        raw = self.predict(X)
        loss = keras.losses.get(self.loss)(y.astype(np.float32), raw)
        record = {f"{prefix}loss": float(loss)}
        if self.output is None:
            return record
        found, true = (decode_output(self.output, scores.reshape(-1, 1)) for scores in (raw, y))
        if self.output.pass_at is not None:
            record[f"{prefix}pass_accuracy"] = accuracy_score(
                np.asarray(true.label), np.asarray(found.label)
            )
        if self.output.decimals == 0:
            record[f"{prefix}accuracy"] = accuracy_score(
                np.asarray(true.value), np.asarray(found.value)
            )
        return record


class CNNRegressor(KerasRegressor):
    """A convolutional network beside a linear model of the same inputs, trained together.

    The encoded row is read as a sequence. Each block is a convolution, batch normalisation and
    max pooling; what they find is averaged over the sequence and goes through a dense layer with
    dropout. Convolutions see neighbours alone and the average forgets where something was, so
    the inputs also lead straight to the score, as in wide and deep learning (Cheng et al. 2016).
    The loss is the absolute error: a few scores that are far off then do not move the others.

    Parameters
    ----------
    output : satchel.spec.Regression or None
    filters : sequence of int
        Of the convolution in each block.
    kernel_size, hidden : int
        Width of the convolutions; size of the dense layer.
    dropout : float
        After the dense layer.
    **arguments
        As of `KerasRegressor`.
    """

    loss = "mean_absolute_error"

    def __init__(
        self,
        output: Regression | None = None,
        *,
        filters: Sequence[int],
        kernel_size: int = 3,
        hidden: int = 64,
        dropout: float = 0.5,
        learning_rate: float = 5e-3,
        batch_size: int = 128,
        epochs: int = 30,
        patience: int = 8,
        **arguments: Any,
    ) -> None:
        super().__init__(
            output,
            learning_rate=learning_rate,
            batch_size=batch_size,
            epochs=epochs,
            patience=patience,
            **arguments,
        )
        self.filters = tuple(filters)
        self.kernel_size = kernel_size
        self.hidden = hidden
        self.dropout = dropout

    def make_module(self, columns: int, draw_seed: Callable[[], int]) -> keras.Model:
        """Return the network for so many columns, with fresh weights."""
        row = keras.Input((columns,))
        x = layers.Reshape((columns, 1))(row)
        for filters in self.filters:
            x = layers.Conv1D(
                filters,
                self.kernel_size,
                padding="same",
                use_bias=False,  # the normalisation takes it away again
                kernel_initializer=keras.initializers.HeUniform(draw_seed()),
            )(x)
            # Its running averages must have settled after the first of few epochs.
            x = layers.BatchNormalization(momentum=0.9)(x)
            x = layers.ReLU()(x)
            x = layers.MaxPooling1D(2, padding="same")(x)
        x = layers.GlobalAveragePooling1D()(x)
        x = _dense(self.hidden, draw_seed, activation="relu")(x)
        x = layers.Dropout(self.dropout, seed=draw_seed())(x)
        # Both start at no contribution, for noise is hard to unlearn under an absolute error.
        deep = layers.Dense(1, kernel_initializer="zeros", use_bias=False, name="deep")(x)
        wide = layers.Dense(1, kernel_initializer="zeros", name="wide")(row)
        return keras.Model(row, layers.Add()([deep, wide]))


class ANNRegressor(KerasRegressor):
    """A multilayer perceptron with ReLU, trained on the squared error.

    Parameters
    ----------
    output : satchel.spec.Regression or None
    hidden : sequence of int
        Sizes of the hidden layers.
    **arguments
        As of `KerasRegressor`.
    """

    loss = "mean_squared_error"

    def __init__(
        self,
        output: Regression | None = None,
        *,
        hidden: Sequence[int] = (64, 32),
        learning_rate: float = 1e-3,
        batch_size: int = 32,
        epochs: int = 50,
        patience: int = 8,
        validation: float = 0.2,
        **arguments: Any,
    ) -> None:
        super().__init__(
            output,
            learning_rate=learning_rate,
            batch_size=batch_size,
            epochs=epochs,
            patience=patience,
            validation=validation,
            **arguments,
        )
        self.hidden = tuple(hidden)

    def make_module(self, columns: int, draw_seed: Callable[[], int]) -> keras.Model:
        """Return the network for so many columns, with fresh weights."""
        row = x = keras.Input((columns,))
        for size in self.hidden:
            x = _dense(size, draw_seed, activation="relu")(x)
        return keras.Model(row, _dense(1, draw_seed)(x))


def _dense(size: int, draw_seed: Callable[[], int], **arguments: Any) -> layers.Dense:
    initializer = keras.initializers.GlorotUniform(draw_seed())
    return layers.Dense(size, kernel_initializer=initializer, **arguments)


ESTIMATORS: Mapping[str, Callable[..., KerasRegressor]] = {
    "cnn-large": partial(CNNRegressor, filters=(128, 256, 512)),
    "cnn-small": partial(CNNRegressor, filters=(64, 128, 256)),
    "ann": ANNRegressor,
}


def build(
    model: str,
    output: Regression,
    hyperparameters: Mapping[str, Any],
    seed: int,
    verbose: bool,
    inputs: Inputs | None = None,
) -> KerasRegressor:
    """Return the estimator called `model`."""
    return ESTIMATORS[model](output, **hyperparameters, seed=seed, verbose=verbose)


def suggest(model: str, trial: Any) -> dict[str, Any]:
    """Return hyperparameters drawn by an optuna trial."""
    found = {"learning_rate": _round(trial.suggest_float("learning_rate", 5e-4, 1e-2, log=True))}
    if model == "ann":
        return {**found, "batch_size": trial.suggest_categorical("batch_size", [32, 64, 128])}
    return {
        **found,
        "dropout": _round(trial.suggest_float("dropout", 0.2, 0.8)),
        "batch_size": trial.suggest_categorical("batch_size", [64, 128, 256]),
    }


def _round(number: float) -> float:
    return float(f"{number:.3g}")


def save(estimator: KerasRegressor, folder: Path) -> None:
    """Save the network, its weights and how it is built, in Keras's own format."""
    estimator.module_.save(folder / FILE)


def load(model: str, folder: Path) -> KerasRegressor:
    """Load what `save` has saved."""
    estimator = ESTIMATORS[model]()
    estimator.module_ = keras.models.load_model(folder / FILE, compile=False)
    return estimator


def versions() -> dict[str, str]:
    """Return the versions of TensorFlow and Keras."""
    return {"tensorflow": str(tf.__version__), "keras": str(keras.__version__)}
