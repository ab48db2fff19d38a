"""The monotonic network of PyTorch: distributions whose directions hold by construction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from satchel import DataError
from satchel.progress import progress
from satchel.spec import (
    Category,
    Classes,
    Column,
    Inputs,
    MinMax,
    Missing,
    Number,
    OneHot,
    Ordinal,
    Output,
    Standard,
)

WEIGHTS, ARGUMENTS = "model.pt", "model.json"
UNLIKELY = 0.003  # nearest to 0 that the first guess of a probability comes
SEVERAL = 1 / 3  # of the fields are blank, where several are


@dataclass(frozen=True)
class Encoding:
    """What a monotonic network must know of the columns of its matrix.

    Attributes
    ----------
    signs : tuple of int
        One per column: 1 where no answer may fall as it rises, -1 where none may rise, 0 where
        either may happen; scikit-learn calls it `monotonic_cst`.
    used : tuple of bool
        One per column: whether the network reads it at all.
    blanks : tuple of dict
        One per field: from the place of each of its columns to its cell where the field is missing.
    """

    signs: tuple[int, ...]
    used: tuple[bool, ...]
    blanks: tuple[dict[int, float], ...]

    @classmethod
    def of(cls, inputs: Inputs) -> Encoding:
        """Return what `inputs` say; derived numbers are not read, since many fields move them."""
        features = {feature.name: feature for feature in inputs.features}
        signs, used = [], []
        blanks: dict[str, dict[int, float]] = {}
        for place, column in enumerate(inputs.columns):
            feature = features.get(column.source)
            used.append(feature is not None)
            sign = 0
            if feature is not None:
                blanks.setdefault(feature.name, {})[place] = _blank(column, feature)
                if not isinstance(column, Missing):
                    sign = {"increasing": 1, "decreasing": -1, "": 0}[feature.monotonic]
                    if isinstance(column, OneHot) and sign:
                        # Of two values: the second's column rises, the first's falls.
                        assert isinstance(feature, Category)
                        sign *= 1 if column.value == feature.values[-1] else -1
            signs.append(sign)
        return cls(tuple(signs), tuple(used), tuple(blanks.values()))


def _blank(column: Column, feature: Number | Category) -> float:
    """Return the cell of a column where its field is missing."""
    if isinstance(column, Missing):
        return 1.0
    if isinstance(column, OneHot):
        return float(column.value == feature.imputed)
    value = float(feature.imputed or 0.0) if isinstance(feature, Number) else 0.0
    if isinstance(column, Ordinal) and isinstance(feature, Category):
        value = float(feature.values.index(feature.imputed or ""))
    if isinstance(column, MinMax):
        return (value - column.minimum) / (column.maximum - column.minimum)
    assert isinstance(column, Standard | Ordinal)
    return (value - column.mean) / column.scale


class MonotonicMLP:
    """The mean of some partially monotonic networks, for the probabilities of reaching scores.

    Each member is ``sigmoid(c + x W + tanh(x U + b) V)``, one column for each score but the first.
    Weights of columns with a sign are kept on that side of 0, and those of `V` above it, so no
    probability can move the wrong way (Sill 1998; Runje and Shankaranarayana 2023); members are
    averaged before the sigmoid, which keeps that. What columns of `W` and `V` have in common is
    shrunk less than that by which they differ, so that neighbouring scores learn from each other.
    The loss is the mean log loss over all scores, by full batches of Adam.

    Each epoch shows every row as it is, and once more with fields blank at random, so that the
    answer for a student with something missing is that of students of whom it is not known.

    Parameters
    ----------
    encoding : Encoding
    classes : bool
        Whether the target is the code of one of two classes, shape (rows,).
    hidden, members : int
    decay : float
        Of `U`, squared.
    common_decay, decay_apart, hidden_decay, hidden_decay_apart : float
        Of the mean of `W` over the scores, of what is apart from it; the same of `V`.
    learning_rate : float
        The largest, of one cycle (Smith and Topin 2019).
    epochs : int
    blanked : float
        Weight of the rows with fields blank, beside 1 for the rows as they are.
    seed : int
    verbose : bool

    Attributes
    ----------
    weights_ : dict of str to Tensor
        ``U``, ``b``, ``V``, ``W`` and ``c`` of all members together.
    history_ : list of dict
        Per epoch: the loss.
    """

    def __init__(
        self,
        encoding: Encoding,
        classes: bool = False,
        hidden: int = 16,
        members: int = 4,
        decay: float = 3e-2,
        common_decay: float = 1e-4,
        decay_apart: float = 3e-3,
        hidden_decay: float = 1e-2,
        hidden_decay_apart: float = 1e-2,
        learning_rate: float = 0.06,
        epochs: int = 300,
        blanked: float = 1.0,
        seed: int = 0,
        verbose: bool = False,
    ) -> None:
        self.encoding = encoding
        self.classes = classes
        self.hidden = hidden
        self.members = members
        self.decay = decay
        self.common_decay = common_decay
        self.decay_apart = decay_apart
        self.hidden_decay = hidden_decay
        self.hidden_decay_apart = hidden_decay_apart
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.blanked = blanked
        self.seed = seed
        self.verbose = verbose

    def fit(self, X: NDArray[np.float32], y: NDArray[Any]) -> MonotonicMLP:
        """Fit to a matrix of shape (rows, columns).

        `y` tells whether each score but the first is reached, shape (rows, scores - 1), or is the
        code of two classes, shape (rows,).
        """
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # so that sums run in one order everywhere
        try:
            reached = y.reshape(len(y), -1).astype(np.float32)
            self._fit(torch.from_numpy(X), torch.from_numpy(reached))
        finally:
            torch.set_num_threads(threads)
        return self

    def predict_proba(self, X: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability of each score or more, or of each class, one column each."""
        with torch.no_grad():
            reach: NDArray[np.float32] = self._reach(torch.from_numpy(X), self.weights_).numpy()
        return np.concatenate([1 - reach, reach], axis=1) if self.classes else reach

    def rescale(self, scale: float, shift: float) -> None:
        """Make of each probability that of ``scale * logit + shift``."""
        for name in ("V", "W", "c"):
            self.weights_[name] = self.weights_[name] * scale
        self.weights_["c"] = self.weights_["c"] + shift

    def _reach(self, X: Tensor, weights: Mapping[str, Tensor]) -> Tensor:
        hidden = torch.tanh(X @ weights["U"] + weights["b"])
        return torch.sigmoid(hidden @ weights["V"] + X @ weights["W"] + weights["c"])

    def _fit(self, X: Tensor, y: Tensor) -> None:
        generator = torch.Generator().manual_seed(self.seed)
        columns, scores, members = X.shape[1], y.shape[1], self.members

        def drawn(*shape: int, scale: float) -> Tensor:
            return torch.randn(members, *shape, generator=generator) * scale

        share = y.mean(0).clamp(UNLIKELY, 1 - UNLIKELY)
        made = {
            "U": drawn(columns, self.hidden, scale=0.3),
            "b": drawn(1, self.hidden, scale=1.0),
            "V": drawn(self.hidden, scores, scale=0.05).abs(),
            "W": drawn(columns, scores, scale=0.05),
            "c": torch.logit(share).expand(members, 1, scores).clone(),
        }
        self._constrain(made)
        for tensor in made.values():
            tensor.requires_grad_()
        optimizer = torch.optim.Adam(made.values(), lr=self.learning_rate)
        scheduler = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.learning_rate, total_steps=self.epochs
        )
        self.history_: list[dict[str, float]] = []
        epochs = range(self.epochs)
        for _ in progress(epochs, "training", "epochs", len(epochs)) if self.verbose else epochs:
            optimizer.zero_grad()
            loss = self._loss(made, X, y)
            total = loss + self._penalty(made)
            if self.blanked:
                total = total + self.blanked * self._loss(made, self._blanked(X, generator), y)
            total.backward()
            optimizer.step()
            scheduler.step()
            with torch.no_grad():
                self._constrain(made)
            self.history_.append({"train_loss": float(loss.detach()) / members})
        self.weights_ = _averaged({name: tensor.detach() for name, tensor in made.items()})

    def _loss(self, made: Mapping[str, Tensor], X: Tensor, y: Tensor) -> Tensor:
        """Return the mean log loss, of all members added."""
        z = torch.tanh(X @ made["U"] + made["b"]) @ made["V"] + X @ made["W"] + made["c"]
        loss = torch.nn.functional.binary_cross_entropy_with_logits
        return self.members * loss(z, y.expand(self.members, *y.shape))

    def _penalty(self, made: Mapping[str, Tensor]) -> Tensor:
        scores = made["W"].shape[2]
        total = self.decay * made["U"].square().sum() / scores
        for name, common, apart in (
            ("W", self.common_decay, self.decay_apart),
            ("V", self.hidden_decay, self.hidden_decay_apart),
        ):
            mean = made[name].mean(2, keepdim=True)
            total = total + common * mean.square().sum()
            total = total + apart * (made[name] - mean).square().sum() / scores
        return total

    def _constrain(self, made: Mapping[str, Tensor]) -> None:
        """Bring weights on the wrong side of 0 to 0, and those of columns that are not read."""
        signs = torch.tensor(self.encoding.signs, dtype=torch.float32)[:, None]
        used = torch.tensor(self.encoding.used, dtype=torch.float32)[:, None]
        for name in ("U", "W"):
            weights = made[name]
            kept = torch.where(signs == 0, weights, signs * torch.relu(signs * weights))
            weights.copy_(kept * used)
        made["V"].copy_(torch.relu(made["V"]))

    def _blanked(self, X: Tensor, generator: torch.Generator) -> Tensor:
        """Return rows with fields blank at random: half of them with one, half with more."""
        blanks = self.encoding.blanks
        rows, fields = len(X), len(blanks)
        several = torch.rand(rows, fields, generator=generator) < SEVERAL
        one = torch.randint(fields, (rows, 1), generator=generator) == torch.arange(fields)
        chosen = torch.where(torch.rand(rows, 1, generator=generator) < 0.5, one, several)
        places = [place for blank in blanks for place in blank]
        field = [i for i, blank in enumerate(blanks) for _ in blank]
        cells = torch.tensor([cell for blank in blanks for cell in blank.values()])
        blanked = X.clone()
        blanked[:, places] = torch.where(chosen[:, field], cells, X[:, places])
        return blanked


def _averaged(made: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights of one network whose logits are the mean of its members'."""
    members = len(made["U"])
    return {
        "U": torch.cat(list(made["U"]), dim=1),
        "b": torch.cat(list(made["b"]), dim=1),
        "V": torch.cat(list(made["V"] / members), dim=0),
        "W": made["W"].mean(0),
        "c": made["c"].mean(0),
    }


def build(
    model: str,
    output: Output,
    hyperparameters: Mapping[str, Any],
    seed: int,
    verbose: bool,
    inputs: Inputs | None = None,
) -> MonotonicMLP:
    """Return the network for a distribution, or for two classes."""
    assert inputs is not None  # `fit` gives them
    classes = isinstance(output, Classes)
    if isinstance(output, Classes) and output.labels[1:] != (output.positive,):
        raise DataError(f"{model} answers two classes, the second of them the positive one")
    return MonotonicMLP(
        Encoding.of(inputs), classes=classes, **hyperparameters, seed=seed, verbose=verbose
    )


def suggest(model: str, trial: Any) -> dict[str, Any]:
    """Return hyperparameters drawn by an optuna trial."""
    decays = ("decay", "common_decay", "decay_apart", "hidden_decay", "hidden_decay_apart")
    found = {name: trial.suggest_float(name, 1e-5, 0.3, log=True) for name in decays}
    return {name: float(f"{value:.2g}") for name, value in found.items()} | {
        "hidden": trial.suggest_categorical("hidden", [8, 16, 32])
    }


def save(estimator: Any, folder: Path) -> None:
    """Save the weights, and what the network was made with."""
    torch.save(estimator.weights_, folder / WEIGHTS)
    plain = {
        name: value
        for name, value in vars(estimator).items()
        if name not in ("encoding", "verbose") and not name.endswith("_")
    }
    encoding = asdict(estimator.encoding)
    encoding["blanks"] = [list(blank.items()) for blank in encoding["blanks"]]
    (folder / ARGUMENTS).write_text(json.dumps(plain | {"encoding": encoding}), "utf-8")


def load(model: str, folder: Path) -> MonotonicMLP:
    """Load what `save` has saved."""
    arguments = json.loads((folder / ARGUMENTS).read_text("utf-8"))
    plain = arguments.pop("encoding")
    encoding = Encoding(
        tuple(plain["signs"]),
        tuple(plain["used"]),
        tuple({int(place): cell for place, cell in blank} for blank in plain["blanks"]),
    )
    network = MonotonicMLP(encoding, **arguments)
    network.weights_ = torch.load(folder / WEIGHTS, weights_only=True)
    return network


def versions() -> dict[str, str]:
    """Return the version of PyTorch."""
    return {"torch": torch.__version__}
