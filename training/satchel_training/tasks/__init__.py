"""The tasks: one module per data set."""

from __future__ import annotations

from satchel import DataError
from satchel_training.tasks.course_outcome import COURSE_OUTCOME
from satchel_training.tasks.exam_factors import EXAM_FACTORS
from satchel_training.tasks.exam_scores import EXAM_SCORES, FOLLOWUP
from satchel_training.tasks.secondary import SECONDARY
from satchel_training.tasks.study_hours import STUDY_HOURS
from satchel_training.tasks.task import Task

TASKS: dict[str, Task] = {
    task.name: task
    for task in (*SECONDARY, EXAM_FACTORS, STUDY_HOURS, EXAM_SCORES, FOLLOWUP, COURSE_OUTCOME)
}


def find_task(name: str) -> Task:
    """Return the task called `name`.

    Raises
    ------
    DataError
        Where there is none.
    """
    if name not in TASKS:
        raise DataError(f"there is no task {name!r}; there are: {', '.join(TASKS)}")
    return TASKS[name]
