"""Reads JSON of which nothing is lost: a name that stands twice in an object is an error."""

from __future__ import annotations

import json
from typing import Any

_LONGEST = 60  # letters of a name in a message


def loads(text: str, constants: bool = False) -> Any:
    """Return what a text of JSON holds.

    Parameters
    ----------
    text : str
    constants : bool
        Whether NaN and Infinity may stand there, which only Python writes.

    Raises
    ------
    ValueError
        Where it is no JSON (`json.JSONDecodeError`, with the place), or names something twice.
    RecursionError
        Where it is nested too deeply.
    """
    refuse = None if constants else _refuse_constant
    return json.loads(text, parse_constant=refuse, object_pairs_hook=_unrepeated)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON, write null where there is none")


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise ValueError(f"{name[:_LONGEST]!r} is named twice in one object")
            seen.add(name)
    return found
