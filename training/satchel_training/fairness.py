"""How a model treats the groups of a task's sensitive fields."""

from __future__ import annotations

import pandas as pd

from satchel.measure.fairness import fairness
from satchel.spec import Category, Disparity, Fairness, Feature, Group
from satchel_training.evaluate import HeldOut
from satchel_training.tasks.task import Task

BLANK = "not given"


def measure_fairness(
    task: Task, protocol: str, rows: pd.DataFrame, answered: HeldOut
) -> Fairness | None:
    """Return the figures of each group, used by the model or not; None without such fields.

    Parameters
    ----------
    task : Task
    protocol : str
        How the rows were answered.
    rows : DataFrame
        With all fields of the data set.
    answered : HeldOut
        What was answered for them.
    """
    sensitive = [f for f in task.dataset.fields if f.sensitive]
    if not sensitive:
        return None
    features = {field.name: _groups(field, rows[field.name]) for field in sensitive}
    groups: list[Group] = []
    disparities: list[Disparity] = []
    for output in task.scored:
        name = output.name
        found = fairness(output, answered.true[name], answered.answers[name], features)
        groups.extend(found[0])
        disparities.extend(found[1])
    return Fairness(protocol=protocol, groups=tuple(groups), disparities=tuple(disparities))


def _groups(field: Feature, column: pd.Series) -> pd.Series:
    """Return the group of each row, in words."""
    if isinstance(field, Category):
        words = dict(zip(field.values, field.value_labels or field.values, strict=True))
        return column.map(words).fillna(BLANK).to_numpy(object)
    return column.map(lambda value: BLANK if pd.isna(value) else f"{value:g}").to_numpy(object)
