"""Whether a model keeps its promises: fields that are monotonic move every answer one way."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from satchel.errors import BundleError
from satchel.predictor import Predictor
from satchel.spec import Distribution, Feature, Number, Regression, Segment, Sweep

STEPS, MOST_WHOLE = 25, 50
# A logit of 64 is known to 4e-6 in float32, of which a quarter reaches a probability; a sum of
# a few such logits is off by a few times that.
ROUNDING = 4e-6


class DirectionError(BundleError):
    """A field moves an answer the wrong way."""


def sweep(predictor: Predictor, columns: Mapping[str, NDArray[Any]]) -> tuple[Sweep, ...]:
    """Move each monotonic field of all records through its values, all else equal.

    Parameters
    ----------
    predictor : Predictor
    columns : mapping of str to ndarray, shape (rows,)
        The records, by field.

    Raises
    ------
    DirectionError
        Where a probability, or a score without one, moves the wrong way by more than rounding
        explains.
    """
    return tuple(
        _swept(predictor, feature, columns)
        for feature in predictor.spec.inputs.features
        if feature.monotonic
    )


def _swept(predictor: Predictor, feature: Feature, columns: Mapping[str, NDArray[Any]]) -> Sweep:
    values = values_of(feature)
    if feature.monotonic == "decreasing":
        values = values[::-1]
    rows = len(next(iter(columns.values())))
    answers, worst = 0, 0.0
    before: NDArray[np.float64] | None = None
    for value in values:
        moved = np.full(rows, value, object if isinstance(value, str) else np.float64)
        after = _answers(predictor, {**columns, feature.name: moved})
        if before is not None:
            fallen = (before - after).max(axis=1)
            answers, worst = answers + rows, max(worst, float(fallen.max()))
            if worst > ROUNDING:
                row = int(fallen.argmax())
                raise DirectionError(
                    f"{predictor.name}: {feature.name} = {value} gives record {row} a worse "
                    f"answer by {worst:.2g} than the value before, and the task says that it is "
                    f"{feature.monotonic}"
                )
        before = after
    return Sweep(feature=feature.name, answers=answers, worst=worst)


def values_of(feature: Feature) -> Sequence[str] | Sequence[float]:
    """Return the values that a field goes through, rising."""
    if not isinstance(feature, Number):
        return feature.values
    seen = feature.seen or (0.0, 1.0)
    margin = 0.25 * (seen[1] - seen[0])
    low, high = (
        beyond if limit is None else limit
        for limit, beyond in zip(feature.limits, (seen[0] - margin, seen[1] + margin), strict=True)
    )
    if feature.integer and high - low <= MOST_WHOLE:
        return [float(number) for number in range(math.ceil(low), math.floor(high) + 1)]
    values = np.linspace(low, high, STEPS)
    return sorted({float(np.round(value) if feature.integer else value) for value in values})


def _answers(predictor: Predictor, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """Return what may not fall, one column each: probabilities, or scores without any."""
    many = predictor.predict_many(columns)
    found: list[Any] = []
    for output in predictor.spec.outputs:
        answers = many.outputs[output.name]
        if isinstance(output, Distribution):
            found.append(answers.reach)
        elif isinstance(output, Regression):
            found.append(np.asarray(answers.value)[:, None])
        elif not isinstance(output, Segment) and answers.probability is not None:
            found.append(answers.probability[:, None])
    return np.concatenate(found, axis=1)
