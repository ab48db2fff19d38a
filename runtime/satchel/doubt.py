"""When a prediction should not be relied on: the record is far from what training saw."""

from __future__ import annotations

from collections.abc import Sequence

from satchel.note import Note

FAR = ("outside", "clipped")
MOST_IMPUTED, LEAST_IMPUTED = 1 / 3, 2


def doubts(notes: Sequence[Note], fields: int) -> tuple[str, ...]:
    """Return the reasons for doubt in a prediction; empty where there is none.

    A value outside the range of the training data is one, and so are imputed values where they
    are more than a third of all fields, and at least two.

    Parameters
    ----------
    notes : sequence of Note
        Of the record.
    fields : int
        Number of fields, required and optional, that the model reads.
    """
    found = [note.message for note in notes if note.kind in FAR]
    imputed = sum(note.kind == "imputed" for note in notes)
    if imputed >= LEAST_IMPUTED and imputed > MOST_IMPUTED * fields:
        found.append(f"{imputed} of {fields} fields were not given")
    return tuple(found)
