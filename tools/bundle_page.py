"""Writes what docs/bundle.md says of the spec's classes, from the classes themselves.

Run as ``python tools/bundle_page.py`` after a change of ``satchel.spec``; a test compares.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Union

from satchel import spec
from satchel.spec import Spec

PAGE = Path(__file__).parents[1] / "docs" / "bundle.md"
BEGIN, END = "<!-- classes: begin -->\n", "<!-- classes: end -->"
PLAIN = {str: "text", float: "number", int: "whole number", bool: "true or false"}
ENTRY = re.compile(r"^(\w+(?:, \w+)*) : ", re.MULTILINE)


def classes(kind: Any, found: dict[type, None] | None = None) -> dict[type, None]:
    """Return every dataclass that `kind` is made of, itself first, in order of appearance."""
    found = {} if found is None else found
    if dataclasses.is_dataclass(kind) and isinstance(kind, type) and kind not in found:
        found[kind] = None
        for hint in typing.get_type_hints(kind).values():
            classes(hint, found)
    for inner in typing.get_args(kind):
        classes(inner, found)
    return found


def described(hint: Any) -> str:
    """Return a type as people read it."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint is type(None):
        return "null"
    if origin is Literal:
        return " or ".join(f'`"{value}"`' for value in inner)
    if origin in (Union, types.UnionType):
        return " or ".join(map(described, inner))
    if origin is tuple and inner[-1] is Ellipsis:
        return f"list of {described(inner[0])}"
    if origin is tuple:
        return f"[{', '.join(map(described, inner))}]"
    if origin is Mapping:
        return f"object of {described(inner[1])}"
    return PLAIN[hint] if hint in PLAIN else f"[{hint.__name__}](#{hint.__name__.lower()})"


def meanings(kind: type) -> dict[str, str]:
    """Return what a class's docstring says of its attributes."""
    _, _, part = (inspect.getdoc(kind) or "").partition("Attributes\n----------\n")
    found = {}
    pieces = ENTRY.split(part)
    for names, text in zip(pieces[1::2], pieces[2::2], strict=True):
        # Behind the type stand the lines that are indented; prose about the whole class is not.
        lines = [line.strip() for line in text.splitlines()[1:] if line.startswith("    ")]
        found |= dict.fromkeys(names.split(", "), " ".join(lines))
    return found


def section(kind: type) -> Iterator[str]:
    """Yield the lines about one class."""
    text = re.split(r"\n\n(?:Attributes\n)", inspect.getdoc(kind) or "")[0]
    yield f"### {kind.__name__}\n"
    tag = getattr(kind, "kind", None)
    yield " ".join(text.split()).replace("``", "`") + (f' `"kind": "{tag}"`.' if tag else "") + "\n"
    hints, said = typing.get_type_hints(kind), meanings(kind)
    if (like := re.search(r"those of `(\w+)`", inspect.getdoc(kind) or "")) is not None:
        said = meanings(getattr(spec, like[1])) | said
    for field in dataclasses.fields(kind):
        line = f"- `{field.name}`: {described(hints[field.name])}"
        if field.default is not dataclasses.MISSING:
            line += ", optional"
            if field.default and isinstance(field.default, str | float | int):
                line += f" (`{json.dumps(field.default)}` without it)"
        meaning = said.get(field.name, "").replace("``", "`")
        yield line + (f". {meaning}" if meaning else "")
    yield ""


def page(text: str) -> str:
    """Return the page `text` with what the classes are now."""
    head, _, rest = text.partition(BEGIN)
    body = "\n".join(line for kind in classes(Spec) for line in section(kind))
    return f"{head}{BEGIN}\n{body}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
