"""Remarks on a record that could be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from satchel.errors import Problem
from satchel.record import record

NoteKind = Literal["imputed", "clipped", "outside", "ignored"]


@record()
class Note:
    """Something done to, or remarkable in, a value of a record.

    Attributes
    ----------
    kind : str
        ``imputed``: was missing; ``clipped``: brought to a bound; ``outside``: beyond the
        range seen in training; ``ignored``: known to the task, not used by this model.
    """

    kind: NoteKind
    field: str
    message: str

    def __str__(self) -> str:
        return self.message


class Found:
    """What was found in many records.

    Attributes
    ----------
    problems : dict
        From the number of a row to all that is wrong with it.
    notes : dict
        From the number of a row to its notes.
    """

    def __init__(self) -> None:
        self.problems: dict[int, list[Problem]] = {}
        self.notes: dict[int, list[Note]] = {}

    def add(self, row: int, problems: Sequence[Problem], notes: Sequence[Note]) -> None:
        """Add what was found in one row."""
        if problems:
            self.problems.setdefault(row, []).extend(problems)
        if notes:
            self.notes.setdefault(row, []).extend(notes)
