"""What can go wrong, and what every message then says: the field, the value, the remedy.

SatchelError
├── BundleError         a bundle is missing, damaged, unsafe, or made for another version
│   └── SpecError       the contract inside it does not hold together
├── RecordError         a record cannot be read; carries one Problem per field
├── TableError          a file cannot be read as a table, or written
└── DataError           training data that no model should be fitted to
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from satchel.frozen import frozen
from satchel.sentence import Sentence

LISTED_PROBLEMS = 20


class SatchelError(Exception):
    """Base class of every error that satchel raises on purpose.

    Parameters
    ----------
    pattern, at_command_line : str
    **parts : object
        As of a `Sentence`, which the error's one argument is.
    """

    __module__ = "satchel"

    def __init__(self, pattern: str = "", at_command_line: str = "", /, **parts: object) -> None:
        is_one = isinstance(pattern, Sentence)
        super().__init__(pattern if is_one else Sentence(pattern, at_command_line, **parts))

    @property
    def sentence(self) -> Sentence:
        """What is wrong, and what to do."""
        found: Sentence = self.args[0]
        return found


class BundleError(SatchelError):
    """A bundle is missing, damaged, unsafe, or made for another version of satchel."""

    __module__ = "satchel"


class SpecError(BundleError, ValueError):
    """A spec does not hold together: a wrong type, an unknown name, a number out of place."""

    __module__ = "satchel"


class TableError(SatchelError, ValueError):
    """A file cannot be read as a table of records, or an answer cannot be written."""

    __module__ = "satchel"


class DataError(SatchelError, ValueError):
    """Training data are missing, malformed, or too few to learn from."""

    __module__ = "satchel"


@frozen()
class Problem:
    """One thing wrong with one field of a record.

    Attributes
    ----------
    field : str
        Name of the field; empty where the record as a whole is meant.
    message : str
        What is wrong, with the value, and what is allowed.
    code : str
        Which kind of wrong it is, for programs and translations: ``required``, ``blank``,
        ``not-a-number``, ``not-whole``, ``out-of-bounds``, ``too-large``, ``not-a-value``,
        ``date``, ``time``, ``formula-error``, ``unknown-field``; in tables
        ``letter-grade``, ``word``, ``percentage``, ``total``, ``thousands``,
        ``decimal-mark`` too. Empty for any other.
    value : str
        The value that is wrong, in a short printable form; empty where there is none.
    """

    __module__ = "satchel"

    field: str
    message: str
    code: str = ""
    value: str = ""

    def __str__(self) -> str:
        return self.message


class RecordError(SatchelError, ValueError):
    """A record cannot be read.

    Parameters
    ----------
    problems : sequence of Problem
        All that is wrong with the record, so that it can be mended in one go.
    """

    __module__ = "satchel"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        lines = [str(problem) for problem in self.problems[:LISTED_PROBLEMS]]
        if len(self.problems) > LISTED_PROBLEMS:
            lines.append(f"and {len(self.problems) - LISTED_PROBLEMS} more")
        super().__init__("; ".join(lines))

    def __reduce__(self) -> tuple[type[RecordError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)

    def as_dict(self) -> dict[str, Any]:
        """Return the problems as plain Python, ready for JSON."""
        return {"problems": [_plain(problem) for problem in self.problems]}


def _plain(problem: Problem) -> dict[str, str]:
    plain = {"field": problem.field, "message": problem.message}
    more = {"code": problem.code, "value": problem.value}
    return plain | {key: text for key, text in more.items() if text}
