"""Estimates a spec's numbers from training rows; fits a model on what the encoder makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from satchel import DataError
from satchel.decode.decoder import decode_output
from satchel.encode.columns import derive
from satchel.encode.encoder import Encoder
from satchel.prediction import Answers
from satchel.spec import (
    Category,
    CategoryBins,
    Classes,
    Column,
    Distribution,
    Feature,
    Inputs,
    Missing,
    Number,
    NumberBins,
    OneHot,
    Ordinal,
    Output,
    Reference,
    Regression,
    Score,
    Segment,
    Standard,
)
from satchel.spec.rules import endpoints
from satchel_training.models import MONOTONE, Estimator, load_builder
from satchel_training.segments import fit_segments
from satchel_training.tasks.task import Task

BINS = 10
MOST_SCORES, STEPS = 60, 21  # of a distribution
OUTLIER_RANGES = 1.5  # interquartile ranges beyond the quartiles


@dataclass(frozen=True)
class Fitted:
    """A model with the numbers that encode its inputs and decode its outputs.

    Attributes
    ----------
    inputs : Inputs
    outputs : tuple of Output
    heads : dict
        From the name of an output to the estimator that answers it.
    """

    inputs: Inputs
    outputs: tuple[Output, ...]
    heads: Mapping[str, Estimator]

    def raw(self, frame: pd.DataFrame) -> dict[str, NDArray[Any]]:
        """Return what the graph would give for rows of the data set, by the name of the output."""
        X = encode(self.inputs, frame)
        return {
            output.name: raw_output(output, self.heads[output.name], X).astype(
                np.int64 if isinstance(output, Segment) else np.float32
            )
            for output in self.outputs
        }

    def predict(self, frame: pd.DataFrame) -> dict[str, Answers]:
        """Return the decoded answers for rows of the data set, by the runtime's own code."""
        raw = self.raw(frame)
        return {output.name: decode_output(output, raw[output.name]) for output in self.outputs}


def fit(
    task: Task,
    train: pd.DataFrame,
    model: str,
    hyperparameters: Mapping[str, Any],
    seed: int,
    verbose: bool = False,
) -> Fitted:
    """Fit `model` to the rows `train`, one estimator for each output of the task.

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
        Where a target is constant.
    """
    inputs = fit_inputs(task, train, model in MONOTONE)
    outputs = tuple(fit_output(task, output, train, model in MONOTONE) for output in task.outputs)
    X = encode(inputs, train)
    heads: dict[str, Estimator] = {}
    for output in outputs:
        if isinstance(output, Segment):
            prototypes = list(zip(*task.segmented_by.values(), strict=True))
            heads[output.name] = fit_segments(inputs, list(task.segmented_by), prototypes, X)
            continue
        build = load_builder(model).build
        estimator = build(model, output, hyperparameters, seed, verbose, inputs)
        estimator.fit(X, target_of(output, train[task.target(output)]))
        heads[output.name] = estimator
    return Fitted(inputs, outputs, heads)


def raw_output(output: Output, estimator: Any, X: NDArray[np.float32]) -> NDArray[Any]:
    """Return what the graph shall give for `output`, from its estimator and in its precision.

    Returns
    -------
    ndarray
        Of shape (rows, 1) for a score, (rows, labels) for classes, (rows, scores - 1) for a
        distribution; int64 of shape (rows,) for segments.
    """
    if isinstance(output, Segment):
        return np.asarray(estimator.predict(X), np.int64)
    if isinstance(output, Classes | Distribution):
        return np.asarray(estimator.predict_proba(X))
    return np.asarray(estimator.predict(X)).reshape(-1, 1)


def target_of(output: Output, column: pd.Series) -> NDArray[Any]:
    """Return the target that an estimator is fitted to.

    Returns
    -------
    ndarray
        Scaled scores or codes of labels, shape (rows,); for a distribution whether each score but
        the first is reached, shape (rows, scores - 1).
    """
    if isinstance(output, Classes):
        return np.array([output.labels.index(label) for label in column])
    assert isinstance(output, Score)  # segments have no target
    y: NDArray[np.float64] = column.to_numpy(np.float64)
    if isinstance(output, Distribution):
        return (y[:, None] >= np.array(output.scores[1:])).astype(np.float64)
    return (np.clip(y, *endpoints(output.limits)) - output.mean) / output.scale


def encode(inputs: Inputs, frame: pd.DataFrame) -> NDArray[np.float32]:
    """Return the float32 matrix of shape (rows, columns) for rows of a data set."""
    columns = {feature.name: frame[feature.name].to_numpy() for feature in inputs.features}
    encoded = Encoder(inputs).encode_many(columns)
    if encoded.problems:
        row, problems = next(iter(encoded.problems.items()))
        raise DataError(f"row {row}: {problems[0]}")
    return encoded.matrix


def fit_inputs(task: Task, train: pd.DataFrame, monotone: bool = False) -> Inputs:
    """Estimate imputed values, bounds, ranges, means and scales from the training rows.

    A monotone model promises the task's directions, and is told which values are missing.
    """
    features: list[Feature] = []
    columns: list[Column] = []
    numbers: dict[str, NDArray[np.float64]] = {}
    for name in task.features:
        feature = task.dataset.field(name)
        present = train[name].dropna()
        if present.empty:
            raise DataError(f"{name} has no value in any training row")
        if isinstance(feature, Number):
            feature = _fit_number(task, feature, present.to_numpy(np.float64))
            filled = train[name].fillna(feature.imputed).to_numpy(np.float64)
            numbers[name] = np.clip(filled, *endpoints(feature.clip))
            columns.append(_standard(name, numbers[name]))
        else:
            imputed = str(present.value_counts().sort_index(kind="stable").idxmax())
            feature = replace(feature, imputed=imputed, required=_is_required(task, feature))
            columns.extend(_category_columns(feature, train[name].fillna(imputed)))
        if monotone:
            feature = replace(feature, monotonic=task.monotonic.get(name, ""))
            columns.append(Missing(source=name))
        features.append(feature)
    for derived in task.derived:
        numbers[derived.name] = derive(derived, [numbers[n] for n in derived.inputs], np.sqrt)
        columns.append(_standard(derived.name, numbers[derived.name]))
    return Inputs(
        features=tuple(features),
        derived=task.derived,
        columns=tuple(columns),
        ignored=task.ignored,
    )


def _fit_number(task: Task, feature: Number, values: NDArray[np.float64]) -> Number:
    low, high = task.clip.get(feature.name, feature.clip)
    if feature.name in task.clip_outliers:
        first, third = np.quantile(values, [0.25, 0.75])
        beyond = OUTLIER_RANGES * (third - first)
        low = float(first - beyond) if low is None else max(low, float(first - beyond))
        high = float(third + beyond) if high is None else min(high, float(third + beyond))
    imputed = float(np.mean(values) if task.imputation == "mean" else np.median(values))
    if feature.integer and task.imputation == "median":
        imputed = float(round(imputed))
    return replace(
        feature,
        imputed=float(np.clip(imputed, *endpoints((low, high)))),
        clip=(low, high),
        seen=(float(values.min()), float(values.max())),
        required=_is_required(task, feature),
    )


def _is_required(task: Task, feature: Feature) -> bool:
    return not feature.sensitive if task.required is None else feature.name in task.required


def _standard(name: str, values: NDArray[np.float64]) -> Standard:
    # Not by std() == 0: rounding leaves a constant column a tiny spread.
    scale = float(values.std()) if np.ptp(values) else 1.0
    return Standard(source=name, mean=float(values.mean()), scale=scale)


def _category_columns(feature: Category, values: pd.Series) -> Sequence[Column]:
    if not feature.ordered:
        return [OneHot(source=feature.name, value=value) for value in feature.values]
    positions = values.map(feature.values.index).to_numpy(np.float64)
    spread = _standard(feature.name, positions)
    return [Ordinal(source=feature.name, mean=spread.mean, scale=spread.scale)]


def fit_output(task: Task, output: Output, train: pd.DataFrame, monotone: bool = False) -> Output:
    """Estimate what scales a target; of classes, see that each is there often enough.

    Of a monotone model a score becomes a distribution: over the scores that occur in the
    training rows where these are few, over their quantiles where they are many.

    Raises
    ------
    DataError
        Where the target is constant, missing in some rows, or a class has fewer than two rows.
    """
    if isinstance(output, Segment):
        return output
    column = train[task.target(output)]
    require_target(column)
    if isinstance(output, Distribution):
        return output
    if isinstance(output, Score):
        column = column.clip(*output.limits)
    if column.nunique() <= 1:
        raise DataError(f"{column.name} is the same in all {len(column)} training rows")
    if isinstance(output, Classes):
        counts = {label: int((column == label).sum()) for label in output.labels}
        rare = [label for label, count in counts.items() if count < 2]
        if rare:
            raise DataError(
                f"{column.name} is {rare[0]!r} in {counts[rare[0]]} training rows: a class needs "
                "at least two"
            )
        return output
    assert isinstance(output, Regression)  # as a task declares its scores
    y = column.to_numpy(np.float64)
    if monotone:
        return _distribution(output, y)
    if task.min_max:
        return replace(output, mean=float(y.min()), scale=float(np.ptp(y)))
    return replace(output, mean=float(y.mean()), scale=float(y.std()))


def _distribution(output: Regression, y: NDArray[np.float64]) -> Distribution:
    scores, whole = np.unique(y), True
    if len(scores) > MOST_SCORES:
        whole = False
        # Quantiles, where the rows are; and even steps, since the mean depends on the tails.
        even = np.linspace(0, 1, STEPS)
        steps = np.concatenate([np.quantile(y, even), y.min() + even * np.ptp(y)])
        scores = np.unique(steps.round(output.decimals or 0))
    return Distribution(
        name=output.name,
        label=output.label,
        scores=tuple(scores.tolist()),
        whole=whole,
        unit=output.unit,
        limits=output.limits,
        decimals=output.decimals,
        pass_at=output.pass_at,
        pass_labels=output.pass_labels,
    )


def require_target(column: pd.Series) -> None:
    """Refuse a target that is missing in some rows.

    Raises
    ------
    DataError
    """
    if column.isna().any():
        raise DataError(
            f"{column.name} is missing in {int(column.isna().sum())} of {len(column)} rows: "
            "leave out rows without it"
        )


def fit_reference(inputs: Inputs, train: pd.DataFrame) -> Reference:
    """Bin each feature of the training rows: numbers by their deciles, categories as they are."""
    bins: list[NumberBins | CategoryBins] = []
    for feature in inputs.features:
        column = train[feature.name]
        present = column.dropna()
        missing = float(column.isna().mean())
        if isinstance(feature, Category):
            bins.append(category_bins(feature.name, present, feature.values, missing))
        else:
            bins.append(number_bins(feature.name, present.to_numpy(np.float64), missing))
    return Reference(bins=tuple(bins), rows=len(train))


def number_bins(name: str, values: NDArray[np.float64], missing: float = 0.0) -> NumberBins:
    """Return the shares of numbers, shape (rows,), between their deciles."""
    edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1]))
    counts = np.bincount(np.searchsorted(edges, values, "right"), minlength=len(edges) + 1)
    return NumberBins(
        feature=name,
        edges=tuple(edges.tolist()),
        shares=tuple((counts / len(values)).tolist()),
        missing=missing,
    )


def category_bins(
    name: str, present: pd.Series, values: Sequence[str], missing: float = 0.0
) -> CategoryBins:
    """Return the shares of categories, in the order of `values`."""
    counts = present.value_counts()
    shares = tuple(float(counts.get(value, 0)) / len(present) for value in values)
    return CategoryBins(feature=name, shares=shares, missing=missing)
