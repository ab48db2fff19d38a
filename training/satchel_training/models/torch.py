"""Models of PyTorch."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from satchel.progress import progress
from satchel.spec import Inputs, Output, Regression

WEIGHTS, ARGUMENTS = "model.pt", "model.json"
ACTIVATIONS = {"relu": nn.ReLU, "elu": nn.ELU, "tanh": nn.Tanh}
HIDDEN = ("32", "64", "128", "32-16", "64-32", "128-64")


class MLPRegressor:
    """A multilayer perceptron for one scaled target.

    Mini-batches, dropout after each hidden layer, AdamW with weight decay, a learning rate that
    halves when the validation loss stalls, and early stopping: the weights of the epoch with
    the lowest validation loss are kept.

    Parameters
    ----------
    hidden : sequence of int
        Sizes of the hidden layers.
    activation : str
        ``relu``, ``elu`` or ``tanh``.
    dropout, weight_decay, learning_rate : float
    batch_size, epochs, patience : int
        `patience` is in epochs without a lower validation loss.
    validation : float
        Share of the rows that are set aside for validation.
    seed : int
        Seed of weights, dropout, mini-batches and the validation part.
    pass_at : float or None
        Pass mark on the scaled target, for the accuracy kept with the losses.
    verbose : bool
        Whether to show the epochs on a terminal.

    Attributes
    ----------
    module_ : torch.nn.Sequential
        From (batch, columns) to (batch, 1).
    history_ : list of dict
        Per epoch: loss and pass accuracy of the training and the validation part.
    """

    def __init__(
        self,
        hidden: Sequence[int] = (64, 32),
        activation: str = "relu",
        dropout: float = 0.2,
        weight_decay: float = 1e-3,
        learning_rate: float = 3e-3,
        batch_size: int = 32,
        epochs: int = 300,
        patience: int = 30,
        validation: float = 0.15,
        seed: int = 0,
        pass_at: float | None = None,
        verbose: bool = False,
    ) -> None:
        self.hidden = tuple(hidden)
        self.activation = activation
        self.dropout = dropout
        self.weight_decay = weight_decay
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.epochs = epochs
        self.patience = patience
        self.validation = validation
        self.seed = seed
        self.pass_at = pass_at
        self.verbose = verbose

    def fit(self, X: NDArray[np.float32], y: NDArray[np.float64]) -> MLPRegressor:
        """Fit to a matrix of shape (rows, columns) and a target of shape (rows,)."""
        threads = torch.get_num_threads()
        # One thread: the layers are small, and the sums then run in one order everywhere.
        torch.set_num_threads(1)
        try:
            with torch.random.fork_rng():
                torch.manual_seed(self.seed)
                self._fit(torch.from_numpy(X), torch.from_numpy(y.astype(np.float32)[:, None]))
        finally:
            torch.set_num_threads(threads)
        return self

    def predict(self, X: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the scaled target of shape (rows,)."""
        self.module_.eval()
        with torch.no_grad():
            output: NDArray[np.float32] = self.module_(torch.from_numpy(X)).numpy()
        return output[:, 0]

    def _fit(self, X: Tensor, y: Tensor) -> None:
        order = torch.randperm(len(X))
        held_out = max(1, round(self.validation * len(X)))
        valid, train = order[:held_out], order[held_out:]
        self.module_ = self.make_module(X.shape[1])
        loss_function = nn.MSELoss()
        optimizer = torch.optim.AdamW(
            self.module_.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay
        )
        scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer, factor=0.5, patience=max(1, self.patience // 3)
        )
        self.history_: list[dict[str, float]] = []
        best, best_loss, stalled = copy.deepcopy(self.module_.state_dict()), float("inf"), 0
        epochs = range(self.epochs)
        for _ in progress(epochs, "training", "epochs", len(epochs)) if self.verbose else epochs:
            self.module_.train()
            for batch in train[torch.randperm(len(train))].split(self.batch_size):
                optimizer.zero_grad()
                loss = loss_function(self.module_(X[batch]), y[batch])
                loss.backward()
                optimizer.step()
            record = self._measure(X, y, train, "train_") | self._measure(X, y, valid, "valid_")
            self.history_.append(record)
            scheduler.step(record["valid_loss"])
            if record["valid_loss"] < best_loss:
                best, best_loss, stalled = (
                    copy.deepcopy(self.module_.state_dict()),
                    record["valid_loss"],
                    0,
                )
            elif (stalled := stalled + 1) >= self.patience:
                break
        self.module_.load_state_dict(best)
        self.module_.eval()

    def _measure(self, X: Tensor, y: Tensor, rows: Tensor, prefix: str) -> dict[str, float]:
        self.module_.eval()
        with torch.no_grad():
            output = self.module_(X[rows])
        record = {f"{prefix}loss": float(nn.functional.mse_loss(output, y[rows]))}
        if self.pass_at is not None:
            right = (output >= self.pass_at) == (y[rows] >= self.pass_at)
            record[f"{prefix}pass_accuracy"] = float(right.float().mean())
        return record

    def make_module(self, columns: int) -> nn.Sequential:
        """Return the network for so many columns, with fresh weights."""
        layers: list[nn.Module] = []
        for size in self.hidden:
            layers += [nn.Linear(columns, size), ACTIVATIONS[self.activation]()]
            layers += [nn.Dropout(self.dropout)]
            columns = size
        return nn.Sequential(*layers, nn.Linear(columns, 1))


def build(
    model: str,
    output: Output,
    hyperparameters: Mapping[str, Any],
    seed: int,
    verbose: bool,
    inputs: Inputs | None = None,
) -> MLPRegressor:
    """Return the estimator called `model`."""
    assert isinstance(output, Regression)  # no task of classes names a model of this module
    pass_at = None if output.pass_at is None else (output.pass_at - output.mean) / output.scale
    return {"mlp": MLPRegressor}[model](
        **hyperparameters, seed=seed, pass_at=pass_at, verbose=verbose
    )


def suggest(model: str, trial: Any) -> dict[str, Any]:
    """Return hyperparameters drawn by an optuna trial."""
    hidden = trial.suggest_categorical("hidden", HIDDEN)
    return {
        "hidden": [int(size) for size in hidden.split("-")],
        "activation": trial.suggest_categorical("activation", list(ACTIVATIONS)),
        "dropout": round(trial.suggest_float("dropout", 0.0, 0.6), 3),
        "weight_decay": float(f"{trial.suggest_float('weight_decay', 1e-4, 1.0, log=True):.3g}"),
        "learning_rate": float(f"{trial.suggest_float('learning_rate', 5e-4, 1e-2, log=True):.3g}"),
        "batch_size": trial.suggest_categorical("batch_size", [16, 32, 64]),
    }


def save(estimator: MLPRegressor, folder: Path) -> None:
    """Save the ``state_dict``, and beside it what builds the network for it."""
    torch.save(estimator.module_.state_dict(), folder / WEIGHTS)
    arguments = {
        "columns": estimator.module_[0].in_features,
        "hidden": estimator.hidden,
        "activation": estimator.activation,
        "dropout": estimator.dropout,
    }
    (folder / ARGUMENTS).write_text(json.dumps(arguments, indent=2) + "\n", "utf-8")


def load(model: str, folder: Path) -> MLPRegressor:
    """Load what `save` has saved."""
    arguments = json.loads((folder / ARGUMENTS).read_text("utf-8"))
    columns = arguments.pop("columns")
    estimator = {"mlp": MLPRegressor}[model](**arguments)
    estimator.module_ = estimator.make_module(columns)
    estimator.module_.load_state_dict(torch.load(folder / WEIGHTS, weights_only=True))
    return estimator


def versions() -> dict[str, str]:
    """Return the version of PyTorch."""
    return {"torch": str(torch.__version__)}
