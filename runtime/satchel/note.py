"""Remarks on a record that could be read."""

from __future__ import annotations

from typing import Literal

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
