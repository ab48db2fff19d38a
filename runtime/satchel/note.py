"""Remarks on a record that could be read, and when they are reason to doubt its prediction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from satchel.errors import Problem
from satchel.frozen import frozen

NoteKind = Literal["imputed", "blank", "essential", "clipped", "outside", "beyond", "ignored"]
DOUBTED = ("outside", "clipped", "essential")
MISSING = ("imputed", "blank", "essential")
MOST_IMPUTED, LEAST_IMPUTED = 1 / 3, 2


@frozen()
class Note:
    """Something done to, or remarkable in, a value of a record.

    Attributes
    ----------
    kind : str
        ``imputed``: was missing; ``blank``: was missing, which the model was trained for;
        ``essential``: was missing, and much of the answer rests on it;
        ``clipped``: brought to a bound; ``outside``: beyond the range seen in training;
        ``beyond``: so, too, but on the side of a field that is monotonic, and within its limits;
        ``ignored``: known to the task, not used by this model.
    """

    __module__ = "satchel"

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

        self._closed: set[int] = set()

    def add(self, row: int, problems: Sequence[Problem], notes: Sequence[Note]) -> None:
        """Add what was found in one row."""
        if row in self._closed:
            return
        if problems:
            self.problems.setdefault(row, []).extend(problems)
        if notes:
            self.notes.setdefault(row, []).extend(notes)

    def refuse(self, row: int, problem: Problem) -> None:
        """Refuse a row as a whole: what else would be found in it is beside the point."""
        self.problems[row] = [problem]
        self._closed.add(row)


def doubts(notes: Sequence[Note], fields: int) -> tuple[str, ...]:
    """Return the reasons for doubt in a prediction; empty where there is none.

    A value outside the range of the training data is one, unless the model promises which way
    the field moves its answer; so is an essential field that was missing, and so are imputed
    values where they are more than a third of all fields, and at least two. Fields left blank are
    none where the model was trained for that: its answer is as wide as it must be.

    Parameters
    ----------
    notes : sequence of Note
        Of the record.
    fields : int
        Number of fields, required and optional, that the model reads.
    """
    found = [note.message for note in notes if note.kind in DOUBTED]
    imputed = sum(note.kind == "imputed" for note in notes)
    if imputed >= LEAST_IMPUTED and imputed > MOST_IMPUTED * fields:
        found.append(f"{imputed} of {fields} fields were not given")
    return tuple(found)
