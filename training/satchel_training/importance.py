"""Which inputs a model leans on: permutation importance on rows that it has not seen."""

from __future__ import annotations

import numpy as np
import pandas as pd

from satchel.spec import Importance
from satchel_training.evaluate import answer, scores, total_loss
from satchel_training.fit import Fitted
from satchel_training.tasks.task import Task


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
