"""Estimates a spec's numbers from training rows; fits a model on what the encoder makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satchel import DataError
from satchel.decoder import decode_output
from satchel.encoder import Encoder
from satchel.prediction import Answers
from satchel.spec import (
    Category,
    CategoryBins,
    Column,
    Feature,
    Inputs,
    Number,
    NumberBins,
    OneHot,
    Reference,
    Regression,
    Standard,
)
from satchel_training.models import Estimator, load_builder
from satchel_training.tasks import Task

BINS = 10


@dataclass(frozen=True)
class Fitted:
    """A model with the numbers that encode its inputs and decode its output."""

    inputs: Inputs
    output: Regression
    estimator: Estimator

    def predict(self, frame: pd.DataFrame) -> Answers:
        """Return the decoded answers for rows of the data set, by the runtime's own code."""
        raw = self.estimator.predict(encode(self.inputs, frame))
        return decode_output(self.output, np.asarray(raw, np.float32).reshape(-1, 1))


def fit(
    task: Task,
    train: pd.DataFrame,
    model: str,
    hyperparameters: Mapping[str, Any],
    seed: int,
    verbose: bool = False,
) -> Fitted:
    """Fit `model` to the rows `train`.

    Parameters
    ----------
    task : Task
    train : DataFrame
        Rows of the task's data set.
    model : str
        Name of the algorithm.
    hyperparameters : mapping
        Arguments of its builder.
    seed : int
        Seed of all that is random in it.
    verbose : bool
        Whether to show progress on a terminal.

    Raises
    ------
    DataError
        Where the target is constant.
    """
    inputs = fit_inputs(task, train)
    output = fit_output(task, train)
    y = (train[task.target].to_numpy(np.float64) - output.mean) / output.scale
    pass_at = None if output.pass_at is None else (output.pass_at - output.mean) / output.scale
    estimator = load_builder(model).build(model, hyperparameters, seed, pass_at, verbose)
    estimator.fit(encode(inputs, train), y)
    return Fitted(inputs, output, estimator)


def encode(inputs: Inputs, frame: pd.DataFrame) -> NDArray[np.float32]:
    """Return the float32 matrix of shape (rows, columns) for rows of a data set."""
    columns = {feature.name: frame[feature.name].to_numpy() for feature in inputs.features}
    encoded = Encoder(inputs).encode_columns(columns)
    if encoded.problems:
        row, problems = next(iter(encoded.problems.items()))
        raise DataError(f"row {row}: {problems[0]}")
    return encoded.matrix


def fit_inputs(task: Task, train: pd.DataFrame) -> Inputs:
    """Estimate imputed values (median, mode), ranges, means, scales from the training rows."""
    features: list[Feature] = []
    columns: list[Column] = []
    for name in task.features:
        feature = task.dataset.field(name)
        present = train[name].dropna()
        if present.empty:
            raise DataError(f"{name} has no value in any training row")
        if isinstance(feature, Number):
            feature = _fit_number(feature, present.to_numpy(np.float64))
            filled = train[name].fillna(feature.imputed).to_numpy(np.float64)
            # Not by std() == 0: rounding leaves a constant column a tiny spread.
            scale = float(filled.std()) if np.ptp(filled) else 1.0
            columns.append(Standard(source=name, mean=float(filled.mean()), scale=scale))
        else:
            imputed = present.value_counts().sort_index(kind="stable").idxmax()
            feature = replace(feature, imputed=str(imputed), required=not feature.sensitive)
            columns.extend(OneHot(source=name, value=value) for value in feature.values)
        features.append(feature)
    return Inputs(features=tuple(features), columns=tuple(columns), ignored=task.ignored)


def _fit_number(feature: Number, values: NDArray[np.float64]) -> Number:
    imputed = float(np.median(values))
    return replace(
        feature,
        imputed=float(round(imputed)) if feature.integer else imputed,
        seen=(float(values.min()), float(values.max())),
        required=not feature.sensitive,
    )


def fit_output(task: Task, train: pd.DataFrame) -> Regression:
    """Estimate the mean and standard deviation that scale the target."""
    y = train[task.target].to_numpy(np.float64)
    if len(y) == 0 or np.ptp(y) == 0:
        raise DataError(f"{task.target} is the same in all {len(y)} training rows")
    return replace(task.output, mean=float(y.mean()), scale=float(y.std()))


def fit_reference(inputs: Inputs, train: pd.DataFrame) -> Reference:
    """Bin each feature of the training rows: numbers by their deciles, categories as they are."""
    bins: list[NumberBins | CategoryBins] = []
    for feature in inputs.features:
        column = train[feature.name]
        present = column.dropna()
        missing = float(column.isna().mean())
        if isinstance(feature, Category):
            counts = present.value_counts()
            shares = tuple(float(counts.get(v, 0)) / len(present) for v in feature.values)
            bins.append(CategoryBins(feature=feature.name, shares=shares, missing=missing))
            continue
        values = present.to_numpy(np.float64)
        edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1]))
        counts = np.bincount(np.searchsorted(edges, values, "right"), minlength=len(edges) + 1)
        bins.append(
            NumberBins(
                feature=feature.name,
                edges=tuple(edges.tolist()),
                shares=tuple((counts / len(values)).tolist()),
                missing=missing,
            )
        )
    return Reference(bins=tuple(bins))
