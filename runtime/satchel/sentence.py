"""A sentence that knows its pattern and what stands in it, so that it can be said again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self


class Sentence(str):
    """An English sentence; a plain `str` to whoever does not ask for more.

    Parameters
    ----------
    pattern : str
        The sentence, with its places in braces as `str.format` has them. It is what translations
        are looked up by.
    at_command_line : str
        What follows it for a person at the command line, such as an option that helps.
    **parts : object
        What stands in the places: values, other sentences, or lists of them, with commas between.
        Without any, the pattern is the sentence.
    """

    pattern: str
    parts: Mapping[str, object]

    def __new__(cls, pattern: str, at_command_line: str = "", /, **parts: object) -> Self:
        """Fill the pattern."""
        self = super().__new__(cls, filled(pattern, parts) + at_command_line)
        self.pattern, self.parts = pattern, parts
        return self


def filled(pattern: str, parts: Mapping[str, object]) -> str:
    """Return a pattern, in any language, with its parts in their places."""
    if not parts:
        return pattern
    joined = {
        name: ", ".join(map(str, part)) if isinstance(part, list) else part
        for name, part in parts.items()
    }
    return pattern.format(**joined)
