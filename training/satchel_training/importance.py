"""Which inputs a model leans on: permutation importance on rows that it has not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from satchel.spec import Importance, Inputs
from satchel_training.evaluate import answer, scores, total_loss
from satchel_training.fit import Fitted
from satchel_training.tasks.task import Task

MUCH = 0.1  # of all importance, from which on an answer without a field is doubted


def with_essential(
    inputs: Inputs, importance: Sequence[Importance], instead: Mapping[str, str]
) -> Inputs:
    """Return `inputs` with the fields marked that much of an answer rests on.

    Parameters
    ----------
    inputs : Inputs
    importance : sequence of Importance
    instead : mapping
        From a field to the task that answers without it.
    """
    total = sum(max(one.value, 0.0) for one in importance)
    much = {one.feature for one in importance if one.value > MUCH * total}
    return replace(
        inputs,
        features=tuple(
            replace(feature, essential=True, instead=instead.get(feature.name, ""))
            if feature.name in much
            else feature
            for feature in inputs.features
        ),
    )


def permutation_importance(
    task: Task,
    fitted: Fitted,
    train: pd.DataFrame,
    rows: pd.DataFrame,
    shuffles: int,
    rng: np.random.Generator,
) -> tuple[Importance, ...]:
    """Return by how much the loss grows when one input is shuffled (Breiman 2001).

    A raw input is shuffled with all that is computed from it, so numbers that repeat each other
    after that count as one.

    Parameters
    ----------
    task : Task
        Its measure is the loss.
    fitted : Fitted
    train, rows : DataFrame
        The rows it was fitted to, and those that it has not seen.
    shuffles : int
        Of each input; their spread is kept beside their mean.
    rng : Generator

    Returns
    -------
    tuple of Importance
        In the order of the task's features.
    """

    def loss(frame: pd.DataFrame) -> float:
        return total_loss(task, scores(task, answer(task, fitted, train, frame))[0])

    whole = loss(rows)
    found = []
    for name in task.features:
        column = rows[name].to_numpy()
        grown = [
            loss(rows.assign(**{name: rng.permutation(column)})) - whole for _ in range(shuffles)
        ]
        found.append(
            Importance(feature=name, value=float(np.mean(grown)), spread=float(np.std(grown)))
        )
    return tuple(found)
